//! Packing the weights of a model's blocks for inference.

use std::collections::HashMap;
use std::sync::Arc;

use burn::module::{Param, ParamId};
use burn::tensor::{Device, Tensor, TensorData};

use super::block::{Block, EncoderBlock};
use super::dit::Dit;
use super::kernels::linear::Packed;
use super::layers::Linear;
use super::packed::{PackedWeights, Slot};
use super::weight_dtype::WeightDtype;

impl Linear {
    /// A parameter that unpacks `packed` on demand.
    fn lazy(id: ParamId, packed: &Arc<Packed>, device: Device) -> Param<Tensor<2>> {
        let shape = packed.shape();
        let packed = packed.clone();
        let unpack = move |device: &Device, require_grad: bool| {
            let weight = Tensor::from_data(TensorData::new(packed.unpack(), shape), device);
            if require_grad { weight.require_grad() } else { weight }
        };
        Param::uninitialized(id, unpack, device, false, shape.into())
    }

    /// Puts the packed weights of this layer, if they are in `weights`, in the place of its own.
    fn install(&mut self, weights: &mut PackedWeights) {
        let Some(packed) = weights.remove(&self.weight.id) else { return };
        let bias: Vec<f32> = self.bias.val().into_data().convert::<f32>().iter::<f32>().collect();
        let packed = Arc::new(packed.with_bias(&bias));
        self.weight = Self::lazy(self.weight.id, &packed, self.bias.lazy_device());
        self.packed = Slot::new(packed);
    }

    /// Packs the layer's weights.
    fn pack(&mut self, dtype: WeightDtype) {
        let weight = self.weight.val();
        let [inputs, outputs] = weight.dims();
        let values: Vec<f32> = weight.into_data().convert::<f32>().iter::<f32>().collect();
        let packed = Packed::new(inputs, outputs, dtype, |output, input, to| {
            let column = values[input * outputs + output..].iter().step_by(outputs);
            to.iter_mut().zip(column).for_each(|(to, value)| *to = *value);
        });
        self.install(&mut [(self.weight.id, packed)].into());
    }
}

impl Dit {
    /// Packs the weights of the blocks for inference on the CPU, rounded to `dtype`; a model on another device stays
    /// as it is. The other layers, a hundredth of the arithmetic, stay as they are too.
    #[must_use]
    pub fn pack(mut self, dtype: WeightDtype) -> Self {
        if self.device() == Device::flex() && dtype.is_packed() {
            self.each_block_layer(|layer| layer.pack(dtype));
        }
        self
    }

    /// How the weights are packed, if they are.
    pub(crate) fn packed_dtype(&self) -> Option<WeightDtype> {
        self.clone().packed_weights().values().next().map(|packed| packed.dtype())
    }

    /// Bytes of the packed weights; 0 for a model that is not packed.
    pub fn packed_bytes(&self) -> usize {
        self.clone().packed_weights().values().map(|packed| packed.bytes()).sum()
    }

    /// Replaces parameters by their packed weights.
    pub(crate) fn install(&mut self, mut weights: PackedWeights) {
        self.each_block_layer(|layer| layer.install(&mut weights));
    }

    /// The packed weights by parameter.
    pub(crate) fn packed_weights(mut self) -> HashMap<ParamId, Arc<Packed>> {
        let mut found = HashMap::new();
        self.each_block_layer(|layer| {
            found.extend(layer.packed.packed().map(|packed| (layer.weight.id, packed)));
        });
        found
    }

    fn each_block_layer(&mut self, mut f: impl FnMut(&mut Linear)) {
        self.ref_motion_encoder.iter_mut().flat_map(EncoderBlock::layers).for_each(&mut f);
        self.blocks.iter_mut().flat_map(Block::layers).for_each(&mut f);
    }
}

#[cfg(test)]
mod tests {
    use burn::module::{Module, ModuleMapper};

    use super::*;
    use crate::model::DitConfig;

    fn model() -> Dit {
        let config = DitConfig { dim: 16, ffn_dim: 40, num_heads: 2, num_layers: 2, text_dim: 8, ..DitConfig::small() };
        Dit::new(&config, &Device::flex()).unwrap().init_weights(1, &Device::flex())
    }

    fn weight(dit: &Dit) -> &Param<Tensor<2>> {
        &dit.blocks[0].ffn.fc1.weight
    }

    struct Unchanged;

    impl ModuleMapper for Unchanged {}

    #[test]
    fn packed_weights_replace_the_parameters() {
        let [f32, bf16, int8] = [WeightDtype::F32, WeightDtype::Bf16, WeightDtype::Int8].map(|p| model().pack(p));
        assert!(!weight(&bf16).is_initialized() && !weight(&int8).is_initialized());
        assert_eq!(f32.packed_bytes() > 0, WeightDtype::F32.is_packed());
        assert!(int8.packed_bytes() < bf16.packed_bytes());
        assert_eq!(Module::num_params(&bf16), Module::num_params(&model()));
    }

    #[test]
    fn mapping_a_packed_model_gives_it_plain_weights_again() {
        let dit = model().pack(WeightDtype::Bf16).map(&mut Unchanged);
        assert_eq!(dit.packed_bytes(), 0);
        let got = weight(&dit).val().into_data();
        let want = weight(&model()).val().into_data();
        got.assert_approx_eq::<f32>(&want, burn::tensor::Tolerance::rel_abs(4e-3, 1e-6));
    }

    #[test]
    fn a_layer_takes_only_the_weights_of_its_own_parameter() {
        let mut dit = model();
        dit.install([(ParamId::new(), Packed::new(16, 40, WeightDtype::F32, |_, _, to| to.fill(0.0)))].into());
        assert_eq!(dit.packed_bytes(), 0);
    }

    #[cfg(feature = "train")]
    #[test]
    fn training_takes_the_weights_unpacked() {
        let dit = model().pack(WeightDtype::Bf16).train();
        assert_eq!(dit.packed_bytes(), 0);
        assert!(weight(&dit).val().device().is_autodiff());
    }
}

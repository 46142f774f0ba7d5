//! Weights packed for inference, in place of the parameters they were made of.
//!
//! A packed layer keeps one copy of its weights, in the order of the product. Its parameter is there still, without
//! numbers: whoever asks for them (training, moving to another device) gets them unpacked, and mapping the module drops
//! the packed copy, so that the two cannot differ.

use std::collections::HashMap;
use std::sync::Arc;

use burn::module::{
    Content, Devices, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor, Param, ParamId,
};
use burn::tensor::{Device, Tensor, TensorData};

use super::attention::Attention;
use super::block::{Block, EncoderBlock};
use super::dit::Dit;
use super::kernels::is_inference;
use super::kernels::linear::Packed;
pub use super::kernels::linear::Precision;
use super::layers::{Linear, Mlp};

/// Packed weights by the parameter that they stand for.
pub(crate) type PackedWeights = HashMap<ParamId, Packed>;

/// The packed weights of a layer, if it has been packed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slot(Option<Arc<Packed>>);

impl Slot {
    /// The packed weights, if the kernels can multiply `x` with them.
    pub(crate) fn usable<const D: usize>(&self, x: &Tensor<D>) -> Option<&Arc<Packed>> {
        self.0.as_ref().filter(|_| is_inference(x))
    }
}

impl Linear {
    /// A parameter that unpacks `packed` if anybody asks for its numbers.
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
        self.packed = Slot(Some(packed));
    }

    /// Packs the layer's weights.
    fn pack(&mut self, precision: Precision) {
        let weight = self.weight.val();
        let [inputs, outputs] = weight.dims();
        let values: Vec<f32> = weight.into_data().convert::<f32>().iter::<f32>().collect();
        let packed = Packed::new(inputs, outputs, precision, |output, input, to| {
            let column = values[input * outputs + output..].iter().step_by(outputs);
            to.iter_mut().zip(column).for_each(|(to, value)| *to = *value);
        });
        self.install(&mut [(self.weight.id, packed)].into());
    }
}

impl Dit {
    /// Packs the weights of the blocks for inference on the CPU, rounded to `precision`; a model on another device stays
    /// as it is. The other layers, a hundredth of the arithmetic, stay as they are too.
    #[must_use]
    pub fn pack(mut self, precision: Precision) -> Self {
        if self.device() == Device::flex() && (precision != Precision::F32 || Precision::packs_f32()) {
            self.each_block_layer(|layer| layer.pack(precision));
        }
        self
    }

    /// How the weights are packed, if they are.
    pub(crate) fn packed_precision(&self) -> Option<Precision> {
        self.clone().packed_weights().values().next().map(|packed| packed.precision())
    }

    /// Bytes of the packed weights; 0 for a model that is not packed.
    pub fn packed_bytes(&self) -> usize {
        self.clone().packed_weights().values().map(|packed| packed.bytes()).sum()
    }

    /// Puts packed weights in the place of the parameters that they stand for.
    pub(crate) fn install(&mut self, mut weights: PackedWeights) {
        self.each_block_layer(|layer| layer.install(&mut weights));
    }

    /// The packed weights by parameter.
    pub(crate) fn packed_weights(mut self) -> HashMap<ParamId, Arc<Packed>> {
        let mut found = HashMap::new();
        self.each_block_layer(|layer| {
            found.extend(layer.packed.0.clone().map(|packed| (layer.weight.id, packed)));
        });
        found
    }

    fn each_block_layer(&mut self, mut f: impl FnMut(&mut Linear)) {
        self.ref_motion_encoder.iter_mut().flat_map(EncoderBlock::layers).for_each(&mut f);
        self.blocks.iter_mut().flat_map(Block::layers).for_each(&mut f);
    }
}

impl Attention {
    fn layers(&mut self) -> [&mut Linear; 4] {
        [&mut self.q, &mut self.k, &mut self.v, &mut self.o]
    }
}

impl Mlp {
    fn layers(&mut self) -> [&mut Linear; 2] {
        [&mut self.fc1, &mut self.fc2]
    }
}

impl EncoderBlock {
    fn layers(&mut self) -> Vec<&mut Linear> {
        self.self_attn.layers().into_iter().chain(self.ffn.layers()).collect()
    }
}

impl Block {
    fn layers(&mut self) -> Vec<&mut Linear> {
        let attention = [Some(&mut self.self_attn), Some(&mut self.cross_attn), self.ref_motion_cross_attn.as_mut()];
        attention.into_iter().flatten().flat_map(Attention::layers).chain(self.ffn.layers()).collect()
    }
}

impl Module for Slot {
    fn collect_devices(&self, devices: Devices) -> Devices {
        devices
    }

    // Elsewhere the packed weights are of no use.
    fn fork(self, device: &Device) -> Self {
        self.to_device(device)
    }

    fn to_device(self, device: &Device) -> Self {
        if *device == Device::flex() { self } else { Self(None) }
    }

    fn visit<V: ModuleVisitor>(&self, _: &mut V) {}

    // The layer's parameter has been mapped just before, and may have new numbers.
    fn map<M: ModuleMapper>(self, _: &mut M) -> Self {
        Self(None)
    }

    fn train(self) -> Self {
        Self(None)
    }

    fn valid(&self) -> Self {
        self.clone()
    }

    fn materialize(self) -> Self {
        self
    }
}

impl ModuleDisplayDefault for Slot {
    fn content(&self, content: Content) -> Option<Content> {
        content.add_formatted(&if self.0.is_some() { "packed" } else { "plain" }).optional()
    }
}

impl ModuleDisplay for Slot {}

/// `layers[i].forward(x)`; packed layers of one shape are computed together.
pub(crate) fn project<const N: usize>(x: Tensor<3>, layers: [&Linear; N]) -> [Tensor<3>; N] {
    let packed = layers.map(|layer| layer.packed.usable(&x));
    match packed.iter().all(Option::is_some) {
        true => super::kernels::linear::linear(x, packed.map(|p| p.expect("all layers are packed"))),
        false => layers.map(|layer| layer.forward_block(x.clone())),
    }
}

#[cfg(test)]
mod tests {
    use burn::module::ParamId;

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
        let [f32, bf16, int8] = [Precision::F32, Precision::Bf16, Precision::Int8].map(|p| model().pack(p));
        assert!(!weight(&bf16).is_initialized() && !weight(&int8).is_initialized());
        assert_eq!(f32.packed_bytes() > 0, Precision::packs_f32());
        assert!(int8.packed_bytes() < bf16.packed_bytes());
        assert_eq!(Module::num_params(&bf16), Module::num_params(&model()));
    }

    #[test]
    fn mapping_a_packed_model_gives_it_plain_weights_again() {
        let dit = model().pack(Precision::Bf16).map(&mut Unchanged);
        assert_eq!(dit.packed_bytes(), 0);
        let got = weight(&dit).val().into_data();
        let want = weight(&model()).val().into_data();
        got.assert_approx_eq::<f32>(&want, burn::tensor::Tolerance::rel_abs(4e-3, 1e-6));
    }

    #[test]
    fn a_layer_takes_only_the_weights_of_its_own_parameter() {
        let mut dit = model();
        dit.install([(ParamId::new(), Packed::new(16, 40, Precision::F32, |_, _, to| to.fill(0.0)))].into());
        assert_eq!(dit.packed_bytes(), 0);
    }

    #[cfg(feature = "train")]
    #[test]
    fn training_takes_the_weights_unpacked() {
        let dit = model().pack(Precision::Bf16).train();
        assert_eq!(dit.packed_bytes(), 0);
        assert!(weight(&dit).val().device().is_autodiff());
    }
}

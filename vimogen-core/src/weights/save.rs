//! Saving as safetensors with checkpoint names and `[out, in]` Linear weights, readable by PyTorch.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use burn::module::{Module, Param, ParamId};
use burn::tensor::Tensor;
use half::bf16;

use super::eight_bits;
use super::load::transpose;
use super::mapping::{checkpoint_name, is_linear};
use crate::error::Result;
use crate::format::{DType, TensorInfo};
use crate::model::named::{self, Visit};
use crate::model::{Dit, Packed, WeightDtype};

impl WeightDtype {
    /// The type in a file of parameters that are not of 8 bits.
    pub(super) fn stored(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::Bf16 | Self::Int8 => DType::BF16,
        }
    }
}

/// Little-endian bytes of the values in bfloat16 or `f32`.
pub(super) fn encode(values: &[f32], dtype: DType) -> Vec<u8> {
    match dtype {
        DType::BF16 => values.iter().flat_map(|v| bf16::from_f32(*v).to_le_bytes()).collect(),
        _ => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
    }
}

/// One parameter, copied to the host when it is written.
pub struct StateEntry {
    info: TensorInfo,
    transpose: bool,
    values: Box<dyn Fn() -> Vec<f32>>,
}

impl StateEntry {
    /// The values as stored, last axis fastest.
    pub fn to_f32(&self) -> Vec<f32> {
        let values = (self.values)();
        // The shape is the stored one, so memory has the reverse.
        if self.transpose { transpose(&values, self.shape()[1], self.shape()[0]) } else { values }
    }

    /// The shape as stored.
    pub fn shape(&self) -> &[usize] {
        &self.info.shape
    }

    /// Type and shape as stored.
    pub fn info(&self) -> &TensorInfo {
        &self.info
    }
}

/// All parameters by checkpoint name, to be stored in `dtype` (bf16 for weights of 8 bits); LoRA adapters are merged into theirs.
pub fn state_dict(dit: &Dit, dtype: WeightDtype) -> BTreeMap<String, StateEntry> {
    let dit = dit.clone().materialize();
    let packed = dit.clone().packed_weights();
    let mut collector = Collector { dtype, entries: BTreeMap::new(), packed };
    named::visit(&dit, &mut collector);
    collector.entries
}

struct Collector {
    dtype: WeightDtype,
    entries: BTreeMap<String, StateEntry>,
    packed: HashMap<ParamId, Arc<Packed>>,
}

impl Visit for Collector {
    fn float<const D: usize>(&mut self, name: &str, param: &Param<Tensor<D>>) {
        let name = checkpoint_name(name);
        let mut shape = param.lazy_shape().as_slice().to_vec();
        let transpose = is_linear(&name, D);
        if transpose {
            shape.reverse();
        }
        // Reading creates weights that are not initialised yet; unpacked copies of packed weights are temporary.
        let (param, packed) = (param.clone(), self.packed.get(&param.id).cloned());
        let values = Box::new(move || {
            if let Some(packed) = &packed {
                return packed.unpack();
            }
            let data = param.val().to_data_as::<f32>();
            data.try_into_vec::<f32>().unwrap_or_else(|_| unreachable!("the data was converted to f32"))
        });
        let info = TensorInfo { dtype: self.dtype.stored(), shape };
        self.entries.insert(name, StateEntry { info, transpose, values });
    }
}

/// Writes the model's weights as one safetensors file, atomically and one tensor at a time.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if the folder does not exist, [`Error::Io`](crate::Error::Io);
/// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for weights that are not finite, in 8 bits.
pub fn save(dit: &Dit, path: impl AsRef<Path>, dtype: WeightDtype) -> Result<()> {
    let entries = state_dict(dit, dtype);
    let shapes: Vec<_> = entries.iter().map(|(name, entry)| (name.as_str(), entry.shape())).collect();
    let values: Vec<&StateEntry> = entries.values().collect();
    eight_bits::save(path.as_ref(), &shapes, dtype, |i, wanted| Ok(Cow::Owned(encode(&values[i].to_f32(), wanted))))
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::model::DitConfig;
    use crate::weights::{LoadOptions, load_file};

    #[test]
    fn a_packed_model_is_saved_as_it_was_rounded_and_stays_packed() {
        let config = DitConfig { dim: 16, ffn_dim: 40, num_heads: 2, num_layers: 2, text_dim: 8, ..DitConfig::small() };
        let dit = Dit::new(&config, &Device::flex()).unwrap().init_weights(1, &Device::flex());
        let plain = state_dict(&dit, WeightDtype::F32);
        for dtype in [WeightDtype::Bf16, WeightDtype::Int8] {
            let dit = dit.clone().pack(dtype);
            let saved = state_dict(&dit, WeightDtype::F32);
            assert_eq!(saved.keys().collect::<Vec<_>>(), plain.keys().collect::<Vec<_>>());
            for (name, entry) in &saved {
                let (got, want) = (entry.to_f32(), plain[name].to_f32());
                assert_eq!(entry.shape(), plain[name].shape());
                assert!(got.iter().zip(&want).all(|(a, b)| (a - b).abs() < 5e-3), "{name}");
            }
            assert!(!dit.blocks[0].ffn.fc1.weight.is_initialized(), "saving must not keep an unpacked copy");
        }
    }

    #[test]
    fn a_file_of_8_bits_is_close_to_the_model_and_a_quarter_of_its_size() {
        let config =
            DitConfig { dim: 128, ffn_dim: 256, num_heads: 2, num_layers: 1, text_dim: 8, ..DitConfig::small() };
        let dit = Dit::new(&config, &Device::flex()).unwrap().init_weights(1, &Device::flex());
        let folder = tempfile::tempdir().unwrap();
        let (small, large) = (folder.path().join("a.safetensors"), folder.path().join("b.safetensors"));
        save(&dit, &small, WeightDtype::Int8).unwrap();
        save(&dit, &large, WeightDtype::F32).unwrap();
        let size = |path| std::fs::metadata(path).unwrap().len();
        assert!(size(&small) * 10 < size(&large) * 3);
        let (read, _) = load_file(&small, &config, &LoadOptions::default(), &Device::flex()).unwrap();
        let (got, want) = (state_dict(&read, WeightDtype::F32), state_dict(&dit, WeightDtype::F32));
        for (name, entry) in &want {
            let (got, want) = (got[name].to_f32(), entry.to_f32());
            let largest = want.iter().fold(0.0f32, |m, v| m.max(v.abs()));
            assert!(got.iter().zip(&want).all(|(a, b)| (a - b).abs() <= largest / 250.0), "{name}");
        }
    }
}

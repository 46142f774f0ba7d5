//! Saving as safetensors with checkpoint names and `[out, in]` Linear weights, so that PyTorch reads them too.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use half::bf16;

use super::load::{WeightDtype, transpose};
use super::mapping::{checkpoint_name, is_linear};
use crate::error::Result;
use crate::format::{DType, TensorInfo, safetensors};
use crate::model::Dit;

/// Metadata by which readers know that Linear weights are `[out, in]`.
pub(super) const METADATA: [(&str, &str); 1] = [("format", "pt")];

impl WeightDtype {
    /// The type in a file.
    pub(super) fn stored(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::Bf16 => DType::BF16,
        }
    }

    /// Little-endian bytes of the numbers in this type.
    pub(super) fn encode(self, values: &[f32]) -> Vec<u8> {
        match self {
            Self::F32 => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Self::Bf16 => values.iter().flat_map(|v| bf16::from_f32(*v).to_le_bytes()).collect(),
        }
    }
}

/// One parameter, brought to the host only when it is written.
pub struct Entry {
    info: TensorInfo,
    transpose: bool,
    values: Box<dyn Fn() -> Vec<f32>>,
}

impl Entry {
    /// The values as stored, last axis fastest.
    pub fn to_f32(&self) -> Vec<f32> {
        let values = (self.values)();
        // The shape is as stored, so memory holds its reverse.
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

/// All parameters by checkpoint name, to be stored in `dtype`; LoRA adapters are merged into theirs.
pub fn state_dict(dit: &Dit, dtype: WeightDtype) -> BTreeMap<String, Entry> {
    let mut collector = Collector { dtype, path: vec![], entries: BTreeMap::new() };
    dit.clone().materialize().visit(&mut collector);
    collector.entries
}

struct Collector {
    dtype: WeightDtype,
    path: Vec<String>,
    entries: BTreeMap<String, Entry>,
}

impl ModuleVisitor for Collector {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = checkpoint_name(&self.path.join("."));
        let mut shape = param.lazy_shape().as_slice().to_vec();
        let transpose = is_linear(&name, D);
        if transpose {
            shape.reverse();
        }
        // Weights that have not been made yet are made when they are asked for.
        let param = param.clone();
        let values = Box::new(move || {
            let data = param.val().to_data_as::<f32>();
            data.try_into_vec::<f32>().unwrap_or_else(|_| unreachable!("the data was converted to f32"))
        });
        let info = TensorInfo { dtype: self.dtype.stored(), shape };
        self.entries.insert(name, Entry { info, transpose, values });
    }
}

/// Writes the model's weights as one safetensors file, atomically and one tensor at a time.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if the folder does not exist, [`Error::Io`](crate::Error::Io).
pub fn save(dit: &Dit, path: impl AsRef<Path>, dtype: WeightDtype) -> Result<()> {
    let entries = state_dict(dit, dtype);
    let infos: Vec<_> = entries.iter().map(|(name, entry)| (name.as_str(), entry.info.clone())).collect();
    let values: Vec<&Entry> = entries.values().collect();
    let bytes = |i: usize| Ok(Cow::Owned(dtype.encode(&values[i].to_f32())));
    safetensors::save_with(path, &infos, &METADATA, bytes)
}

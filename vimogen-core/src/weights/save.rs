//! Saving as safetensors with checkpoint names and `[out, in]` Linear weights, so that PyTorch reads them too.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use half::bf16;
use safetensors::{Dtype, View};

use super::load::{WeightDtype, transpose};
use super::mapping::{checkpoint_name, is_linear};
use crate::error::{Error, Result};
use crate::model::Dit;

/// One parameter, brought to the host only when it is written.
pub struct Entry {
    shape: Vec<usize>,
    dtype: WeightDtype,
    transpose: bool,
    values: Box<dyn Fn() -> Vec<f32>>,
}

impl Entry {
    /// The values as stored, last axis fastest.
    pub fn to_f32(&self) -> Vec<f32> {
        let values = (self.values)();
        // `shape` is as stored, so memory holds its reverse.
        if self.transpose { transpose(&values, self.shape[1], self.shape[0]) } else { values }
    }

    /// The shape as stored.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }
}

impl View for Entry {
    fn dtype(&self) -> Dtype {
        match self.dtype {
            WeightDtype::F32 => Dtype::F32,
            WeightDtype::Bf16 => Dtype::BF16,
        }
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let values = self.to_f32();
        Cow::Owned(match self.dtype {
            WeightDtype::F32 => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            WeightDtype::Bf16 => values.iter().flat_map(|v| bf16::from_f32(*v).to_le_bytes()).collect(),
        })
    }

    fn data_len(&self) -> usize {
        let n: usize = self.shape.iter().product();
        n * match self.dtype {
            WeightDtype::F32 => 4,
            WeightDtype::Bf16 => 2,
        }
    }
}

/// All parameters by checkpoint name.
pub fn state_dict(dit: &Dit, dtype: WeightDtype) -> BTreeMap<String, Entry> {
    let mut collector = Collector { dtype, path: vec![], entries: BTreeMap::new() };
    dit.visit(&mut collector);
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
        let tensor = param.val();
        let values = Box::new(move || {
            let data = tensor.to_data_as::<f32>();
            data.try_into_vec::<f32>().unwrap_or_else(|_| unreachable!("the data was converted to f32"))
        });
        self.entries.insert(name, Entry { shape, dtype: self.dtype, transpose, values });
    }
}

/// Writes the model's weights as one safetensors file, atomically.
///
/// # Errors
/// [`Error::Io`] if the file cannot be written.
pub fn save(dit: &Dit, path: impl AsRef<Path>, dtype: WeightDtype) -> Result<()> {
    let path = path.as_ref();
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let temporary = tempfile::NamedTempFile::new_in(folder).map_err(|e| Error::io("write", path, e))?;
    let entries = state_dict(dit, dtype);
    let metadata = Some([("format".to_string(), "pt".to_string())].into());
    safetensors::serialize_to_file(entries, metadata, temporary.path())
        .map_err(|e| Error::io("write", path, std::io::Error::other(e)))?;
    temporary.as_file().sync_all().map_err(|e| Error::io("write", path, e))?;
    temporary.persist(path).map_err(|e| Error::io("write", path, e.error))?;
    Ok(())
}

//! LoRA adapters in files: `<layer>.lora_A.weight` `[rank, in]` and `<layer>.lora_B.weight` `[out, rank]` as in PEFT and
//! diffusers. `B A` is added to the layer's weight; the factor `alpha / rank` is part of B.

use std::collections::BTreeSet;
use std::path::Path;
#[cfg(feature = "train")]
use std::{borrow::Cow, collections::BTreeMap};

use burn::module::Param;
use burn::tensor::{Device, FloatDType, Tensor, TensorData};

use super::file::open;
use super::load::transpose;
use super::mapping::checkpoint_name;
use crate::error::{Error, Result};
use crate::format::TensorSource;
#[cfg(feature = "train")]
use crate::format::{DType, TensorInfo, safetensors};
use crate::model::Dit;
#[cfg(feature = "train")]
use crate::model::named::Visit;
use crate::model::named::{self, Map};

/// Name of the adapters' file in a folder.
pub const ADAPTER_FILE: &str = "adapter.safetensors";
const A: &str = "lora_A.weight";
const B: &str = "lora_B.weight";

/// Writes the adapters of a model in training, without the rest of the model. `scale` is the factor on their products.
#[cfg(feature = "train")]
pub(crate) fn save_lora(dit: &Dit, scale: f64, path: impl AsRef<Path>) -> Result<()> {
    let mut adapters = Adapters { scale, found: BTreeMap::new() };
    named::visit(dit, &mut adapters);
    let info = |matrix: &Tensor<2>| TensorInfo { dtype: DType::F32, shape: matrix.dims().to_vec() };
    let infos: Vec<_> = adapters.found.iter().map(|(name, matrix)| (name.as_str(), info(matrix))).collect();
    let matrices: Vec<&Tensor<2>> = adapters.found.values().collect();
    let bytes = |i: usize| {
        let values = matrices[i].clone().try_into_vec_as::<f32>();
        let values = values.map_err(Error::internal)?;
        Ok(Cow::Owned(values.iter().flat_map(|v| v.to_le_bytes()).collect()))
    };
    safetensors::save_with(path, &infos, &super::mapping::METADATA, bytes)
}

/// Adds the adapters of a file, or of a folder's `adapter.safetensors`, to the weights of their layers. A packed model stays
/// packed.
///
/// # Errors
/// [`Error::Weights`] for unknown tensors, an incomplete pair or a wrong shape; [`Error::Format`] for a damaged file.
pub fn merge_lora(dit: Dit, path: impl AsRef<Path>) -> Result<Dit> {
    let path = path.as_ref();
    let source = if path.is_dir() { open(path.join(ADAPTER_FILE))? } else { open(path)? };
    let mut merge = Merge { source: source.as_ref(), left: source.names().into_iter().collect(), failed: None };
    let packed = dit.packed_dtype();
    let dit = named::map(dit, &mut merge);
    merge.failed.map_or(Ok(()), Err)?;
    let dit = if let Some(dtype) = packed { dit.pack(dtype) } else { dit };
    match merge.left.first() {
        None => Ok(dit),
        Some(name) => {
            let reason = format!("{name} and {} more belong to no Linear layer of this model", merge.left.len() - 1);
            Err(Error::Weights { reason })
        }
    }
}

/// The matrices of a file by name.
#[cfg(feature = "train")]
struct Adapters {
    scale: f64,
    found: BTreeMap<String, Tensor<2>>,
}

#[cfg(feature = "train")]
impl Visit for Adapters {
    fn float<const D: usize>(&mut self, name: &str, param: &Param<Tensor<D>>) {
        let path = checkpoint_name(name);
        let Some((layer, factor)) = path.rsplit_once(".weight.lora.") else { return };
        let (name, scale) = if factor == "a" { (A, 1.0) } else { (B, self.scale) };
        let shape = param.lazy_shape();
        let matrix = param.val().without_autodiff().cast(FloatDType::F32).reshape([shape[0], shape[1]]);
        self.found.insert(format!("{layer}.{name}"), (matrix * scale).transpose());
    }
}

/// Adds adapters while mapping the parameters.
struct Merge<'a> {
    source: &'a dyn TensorSource,
    /// Names not used yet.
    left: BTreeSet<String>,
    failed: Option<Error>,
}

impl Merge<'_> {
    /// A matrix of the file in our layout, the transpose `[columns, rows]`.
    fn matrix(&mut self, name: &str, shape: [Option<usize>; 2], device: &Device) -> Result<Tensor<2>> {
        if !self.left.remove(name) {
            return Err(Error::Weights { reason: format!("{name} is missing") });
        }
        let info = self.source.info(name)?;
        let fits = info.shape.len() == 2 && info.shape.iter().zip(shape).all(|(n, want)| want.is_none_or(|w| w == *n));
        if !fits || !info.dtype.is_float() {
            let reason = format!("{name} is {:?} of {:?}, expected floats of {shape:?}", info.dtype, info.shape);
            return Err(Error::Weights { reason });
        }
        let [rows, columns] = [info.shape[0], info.shape[1]];
        let values = info.dtype.to_f32(&self.source.bytes(name)?);
        if values.len() != rows * columns || values.iter().any(|v| !v.is_finite()) {
            return Err(Error::Weights { reason: format!("{name} is cut short or has numbers that are not finite") });
        }
        let data = TensorData::new(transpose(&values, rows, columns), [columns, rows]);
        Ok(Tensor::from_data(data, device))
    }

    fn sum<const D: usize>(&mut self, param: &Param<Tensor<D>>, layer: &str) -> Result<Tensor<D>> {
        let weight = param.val();
        let shape = param.lazy_shape();
        let (inputs, outputs, device) = (shape[0], shape[1], weight.device());
        let a = self.matrix(&format!("{layer}.{A}"), [None, Some(inputs)], &device)?;
        let rank = a.dims()[1];
        let b = self.matrix(&format!("{layer}.{B}"), [Some(outputs), Some(rank)], &device)?;
        let dtype = weight.dtype();
        let sum = weight.cast(FloatDType::F32) + a.matmul(b).reshape(shape);
        Ok(sum.cast(dtype))
    }
}

impl Map for Merge<'_> {
    fn float<const D: usize>(&mut self, name: &str, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = checkpoint_name(name);
        let in_file = |layer: &str| [A, B].iter().any(|part| self.left.contains(&format!("{layer}.{part}")));
        let layer = name.strip_suffix(".weight").filter(|layer| D == 2 && self.failed.is_none() && in_file(layer));
        let Some(layer) = layer else { return param };
        match self.sum(&param, layer) {
            Ok(sum) => Param::initialized(param.id, sum),
            Err(error) => {
                self.failed = Some(error);
                param
            }
        }
    }
}

//! Weight files of any kind.

use std::path::Path;

use burn::tensor::Device;

use super::eight_bits::Unpacked;
use super::load::{LoadOptions, load};
use super::report::Report;
use crate::error::{Error, Result};
use crate::format::safetensors::SafetensorsFile;
#[cfg(doc)]
use crate::format::torch::TorchFile;
use crate::format::{TensorSource, extension, open_tensors};
use crate::model::{Dit, DitConfig};

/// Opens a checkpoint by its extension: `.safetensors`, the `.safetensors.index.json` of several, or PyTorch's `.pt`,
/// `.pth`, `.bin`, `.ckpt`, `.tar`. Only the list of tensors is read.
///
/// # Errors
/// [`Error::InvalidArgument`] for other extensions; else as [`SafetensorsFile::open`] and [`TorchFile::open`].
pub fn open(path: impl AsRef<Path>) -> Result<Box<dyn TensorSource>> {
    let path = path.as_ref();
    match extension(path).as_str() {
        "npz" => Err(Error::invalid("weights", format!("{path:?} is an array file; save the weights as safetensors"))),
        "safetensors" | "json" => {
            Ok(Box::new(Unpacked::new(SafetensorsFile::open(path)?).map_err(|e| e.with_path(path))?))
        }
        _ => open_tensors(path),
    }
}

/// Creates a model and loads its weights from a file; see [`open`] and [`load`].
///
/// # Errors
/// As [`open`], [`Dit::new`] and [`load`].
pub fn load_file(
    path: impl AsRef<Path>,
    config: &DitConfig,
    options: &LoadOptions,
    device: &Device,
) -> Result<(Dit, Report)> {
    load(Dit::new(config, device)?, open(path)?.as_ref(), options, device)
}

//! Weight files of any kind.

use std::path::Path;

use burn::tensor::Device;

use super::load::{LoadOptions, load};
use super::report::Report;
use crate::error::{Error, Result};
use crate::format::safetensors::SafetensorsFile;
use crate::format::torch::TorchFile;
use crate::format::{TensorSource, extension};
use crate::model::{Dit, DitConfig};

/// Opens a checkpoint by its extension: `.safetensors`, the `.safetensors.index.json` of several, or PyTorch's `.pt`,
/// `.pth`, `.bin`, `.ckpt`, `.tar`. Nothing is read but the list of tensors.
///
/// # Errors
/// [`Error::InvalidArgument`] for other extensions; else as [`SafetensorsFile::open`] and [`TorchFile::open`].
pub fn open(path: impl AsRef<Path>) -> Result<Box<dyn TensorSource>> {
    let path = path.as_ref();
    match extension(path).as_str() {
        "safetensors" | "json" => Ok(Box::new(SafetensorsFile::open(path)?)),
        "pt" | "pth" | "bin" | "ckpt" | "tar" => Ok(Box::new(TorchFile::open(path)?)),
        _ => {
            let known = ".safetensors, .safetensors.index.json, .pt, .pth, .bin, .ckpt or .tar";
            Err(Error::invalid("weights", format!("{path:?} is none of {known}")))
        }
    }
}

/// Makes a model and loads its weights from a file; see [`open`] and [`load`].
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

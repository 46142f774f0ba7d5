//! Encoded texts on disk: the rows that a text encoder makes of a prompt.

use std::path::Path;

use ndarray::Array2;

use super::tensor::{TensorInfo, TensorSource};
use super::{extension, npy, open_tensors};
use crate::error::{Error, Result};

/// Maximum number of rows of an encoded text; the release cuts prompts at 512.
pub const MAX_ROWS: usize = 4096;
const MAX_WIDTH: usize = 1 << 15;
/// Names of the tensor, the first that a file has. A PyTorch file that is a single tensor has the empty name.
const NAMES: [&str; 4] = ["", "prompt_embeds", "context", "null_context"];

/// Reads an encoded text from `.npy` or a file of tensors ([`open_tensors`]), such as `.pt` with a single tensor, or with
/// the tensor `prompt_embeds` or `context`.
///
/// # Shapes
/// - in the file: floats `[rows, text_dim]` or `[1, rows, text_dim]`
/// - output: `[rows, text_dim]`
///
/// # Errors
/// [`Error::NotFound`], [`Error::Io`], [`Error::InvalidArgument`] for another extension, [`Error::Format`] for damaged or
/// hostile files, [`Error::Shape`].
pub fn load(path: impl AsRef<Path>) -> Result<Array2<f32>> {
    let path = path.as_ref();
    if extension(path) == "npy" {
        let tensor = npy::load(path)?;
        return rows(tensor.info(), || Ok(tensor.to_f32())).map_err(|e| e.with_path(path));
    }
    from_source(&*open_tensors(path)?).map_err(|e| e.with_path(path))
}

/// Reads the encoded text of an open file; see [`load`].
///
/// # Errors
/// [`Error::Format`] if no tensor has a known name, [`Error::Shape`], those of [`TensorSource::bytes`].
pub fn from_source(source: &dyn TensorSource) -> Result<Array2<f32>> {
    let names = source.names();
    let name = NAMES.into_iter().find(|name| names.iter().any(|n| n == name)).ok_or_else(|| {
        let shown = &names[..names.len().min(8)];
        let reason = format!("it has neither a single tensor nor one named prompt_embeds or context, only {shown:?}");
        Error::format("encoded text", reason)
    })?;
    rows(&source.info(name)?, || source.read_f32(name))
}

/// Checks the shape before reading: a hostile file may declare any size.
fn rows(info: &TensorInfo, read: impl FnOnce() -> Result<Vec<f32>>) -> Result<Array2<f32>> {
    let wrong = || Error::shape("encoded text", format!("floats (1 to {MAX_ROWS}, text_dim)"), &info.shape);
    match info.shape[..] {
        [rows @ 1..=MAX_ROWS, width @ 1..=MAX_WIDTH] | [1, rows @ 1..=MAX_ROWS, width @ 1..=MAX_WIDTH]
            if info.dtype.is_float() =>
        {
            Array2::from_shape_vec((rows, width), read()?).map_err(|_| wrong())
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::torch::{self, Tree};
    use crate::format::{RawTensor, safetensors};

    #[test]
    fn rows_are_read_by_every_name_and_extension_and_others_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let want = Array2::from_shape_fn((3, 4), |(i, j)| (i * 4 + j) as f32);
        let flat = RawTensor::from_f32(want.view().into_dyn());
        let batch = RawTensor::from_f32(want.view().insert_axis(ndarray::Axis(0)).into_dyn());
        for (case, tensor) in [("flat", &flat), ("batch", &batch)] {
            let path = |name: &str| at(&format!("{case}-{name}"));
            torch::save(path("plain.pt"), &Tree::Tensor(tensor)).unwrap();
            torch::save(path("a.pth"), &Tree::Dict(vec![("prompt_embeds", Tree::Tensor(tensor))])).unwrap();
            torch::save(path("b.pt"), &Tree::Dict(vec![("context", Tree::Tensor(tensor))])).unwrap();
            npy::save(path("c.npy"), tensor).unwrap();
            safetensors::save(path("d.safetensors"), &[("null_context", tensor)], &[]).unwrap();
            for name in ["plain.pt", "a.pth", "b.pt", "c.npy", "d.safetensors"] {
                assert_eq!(load(path(name)).unwrap(), want, "{case} {name}");
            }
        }
        torch::save(at("other.pt"), &Tree::Dict(vec![("motion", Tree::Tensor(&flat))])).unwrap();
        assert!(load(at("other.pt")).unwrap_err().to_string().contains("prompt_embeds"));
        npy::save_f32(at("flat.npy"), ndarray::arr1(&[1.0f32]).view().into_dyn()).unwrap();
        npy::save_f32(at("two.npy"), ndarray::Array3::<f32>::zeros((2, 3, 4)).view().into_dyn()).unwrap();
        npy::save_f32(at("none.npy"), Array2::<f32>::zeros((0, 4)).view().into_dyn()).unwrap();
        for name in ["flat.npy", "two.npy", "none.npy"] {
            assert!(matches!(load(at(name)), Err(Error::Shape { .. })), "{name}");
        }
        assert!(matches!(load(at("none.pt")), Err(Error::NotFound { .. })));
        assert!(matches!(load(at("a.txt")), Err(Error::InvalidArgument { .. })));
    }
}

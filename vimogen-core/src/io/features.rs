//! Files of features alone: `.npy` and PyTorch's `.pt`, as the release writes them.

use std::path::Path;

use ndarray::{Array2, s};

use crate::error::{Error, Result};
use crate::format::torch::{self, Scalar, TorchFile, Tree};
use crate::format::{RawTensor, TensorInfo, TensorSource, npy};
use crate::motion::Motion;
use crate::motion::layout::{FEATURES, FPS};

/// Columns of the release's sample clips, whose first 276 are this representation.
const WIDE_FEATURES: usize = 426;
/// Maximum number of frames of a clip.
pub(super) const MAX_FRAMES: usize = 1 << 20;
/// Names under which dicts and archives hold the features.
const KEYS: [&str; 2] = ["features", "motion"];

/// Reads a `.npy` array `(T, 276)`; its rate is 20.
pub(super) fn load_npy(path: &Path) -> Result<Motion> {
    from_tensor(&npy::load(path)?, None)
}

/// Writes a `.npy` array `(T, 276)`.
///
/// # Errors
/// [`Error::InvalidArgument`] for a rate other than 20, for which the format has no place; [`Error::Io`].
pub(super) fn save_npy(path: &Path, motion: &Motion) -> Result<()> {
    if motion.fps() != FPS {
        let reason = format!("npy has no place for {} fps; save as npz, or resample to {FPS}", motion.fps());
        return Err(Error::invalid("fps", reason));
    }
    npy::save_f32(path, motion.features().into_dyn())
}

/// Reads a PyTorch file: a tensor, or a dict with `features` or `motion`, and `fps` if the rate is not 20.
pub(super) fn load_torch(path: &Path) -> Result<Motion> {
    let file = TorchFile::open(path)?;
    let fps = match file.scalar("fps") {
        Some(Scalar::Float(fps)) => Some(*fps as f32),
        Some(Scalar::Int(fps)) => Some(*fps as f32),
        _ => None,
    };
    let key = if has(&file, "") { Some("") } else { key(&file) };
    let key = key.ok_or_else(|| {
        let names = file.names();
        let reason = format!("it has no array named motion or features, only {:?}", &names[..names.len().min(8)]);
        Error::format("motion", reason)
    })?;
    from_source(&file, key, fps)
}

/// Writes a PyTorch file: a tensor as the release does, or a dict of `motion` and `fps` if the rate is not 20.
pub(super) fn save_torch(path: &Path, motion: &Motion) -> Result<()> {
    let features = RawTensor::from_f32(motion.features().into_dyn());
    if motion.fps() == FPS {
        return torch::save(path, &Tree::Tensor(&features));
    }
    torch::save(path, &Tree::Dict(vec![("motion", Tree::Tensor(&features)), ("fps", Tree::Float(motion.fps().into()))]))
}

/// Whether the file has an array of this name.
pub(super) fn has(file: &dyn TensorSource, name: &str) -> bool {
    file.names().iter().any(|n| n == name)
}

/// The name under which a file holds features.
pub(super) fn key(file: &dyn TensorSource) -> Option<&'static str> {
    KEYS.into_iter().find(|key| has(file, key))
}

/// A clip from an array of features.
///
/// # Shapes
/// - array: `[frames, 276]`, or `[frames, 426]` as in the release's samples, of which the first 276 are kept
pub(super) fn from_source(file: &dyn TensorSource, key: &str, fps: Option<f32>) -> Result<Motion> {
    // Before reading: a hostile file may declare any size.
    check_shape(&file.info(key)?)?;
    from_tensor(&file.read(key)?, fps)
}

fn check_shape(info: &TensorInfo) -> Result<()> {
    match info.shape[..] {
        [1..=MAX_FRAMES, FEATURES | WIDE_FEATURES] if info.dtype.is_float() => Ok(()),
        _ => Err(Error::shape("motion", "floats (T, 276), or (T, 426) as in the release's samples", &info.shape)),
    }
}

fn from_tensor(tensor: &RawTensor, fps: Option<f32>) -> Result<Motion> {
    check_shape(tensor.info())?;
    let all = Array2::from_shape_vec((tensor.shape()[0], tensor.shape()[1]), tensor.to_f32())
        .map_err(|_| Error::shape("motion", "(T, 276)", tensor.shape()))?;
    Motion::from_features(all.slice(s![.., ..FEATURES]).to_owned(), fps.unwrap_or(FPS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_wide_layout_of_the_release_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        for (width, fits) in [(276, true), (426, true), (277, false), (275, false), (0, false)] {
            npy::save_f32(&path, Array2::<f32>::zeros((3, width)).view().into_dyn()).unwrap();
            assert_eq!(Motion::load(&path).is_ok(), fits, "{width}");
        }
        npy::save_f32(&path, Array2::<f32>::from_elem((3, 276), f32::NAN).view().into_dyn()).unwrap();
        assert!(matches!(Motion::load(&path), Err(Error::NonFinite { .. })));
    }
}

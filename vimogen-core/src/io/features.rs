//! Files of features alone: `.npy` and PyTorch's `.pt`, as the release writes them.

use std::path::Path;

use ndarray::{Array2, s};

use crate::error::{Error, Result};
use crate::format::torch::{self, Tree};
use crate::format::tree::Value;
use crate::format::{RawTensor, TensorInfo, npy};
use crate::motion::layout::{FEATURES, FPS};
use crate::motion::{FEATURES_KIND, Motion, MotionMeta, MotionSource, UpAxis};

/// Columns of the release's sample clips, whose first 276 are this representation.
const WIDE_FEATURES: usize = 426;
/// Maximum number of frames of a clip.
pub(super) const MAX_FRAMES: usize = 1 << 20;
/// Names under which dicts and archives hold the features.
const KEYS: [&str; 2] = ["features", "motion"];

/// The clip of a tree that is an array of features, or a dict with `features` or `motion`, and `fps` if the rate is not 20;
/// `None` for other dicts.
///
/// # Shapes
/// - array: `[frames, 276]`, or `[frames, 426]` as in the release's samples, of which the first 276 are kept
pub(super) fn of_tree(tree: &Value<'_>, given: Option<f32>) -> Result<Option<Motion>> {
    let named = KEYS.into_iter().find_map(|key| tree.get(key).and_then(Value::array));
    let Some(array) = tree.array().or(named) else { return Ok(None) };
    // Before reading: a hostile file may declare any size.
    check_shape(array.info())?;
    let tensor = array.read()?;
    let all = Array2::from_shape_vec((tensor.shape()[0], tensor.shape()[1]), tensor.to_f32())
        .map_err(|_| Error::shape("motion", "(T, 276)", tensor.shape()))?;
    let stored = tree.get("fps").and_then(Value::number).map(|fps| fps as f32);
    let motion = Motion::from_features(all.slice(s![.., ..FEATURES]).to_owned(), given.or(stored).unwrap_or(FPS))?;
    let rate = match (given, stored) {
        (Some(_), _) => "given".into(),
        (None, Some(_)) => "file".into(),
        (None, None) => format!("the features, which have {FPS} unless said"),
    };
    let kind = FEATURES_KIND.into();
    let meta = tree.get("meta").and_then(Value::text).and_then(MotionMeta::from_json);
    let motion = match meta {
        Some(meta) => motion.with_meta(meta),
        None => motion,
    };
    Ok(Some(motion.with_source(MotionSource { kind, up: Some(UpAxis::Z), rate, ..MotionSource::default() })))
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

/// Writes a PyTorch file: a tensor as the release does, or a dict of `motion` and `fps` if the rate is not 20.
pub(super) fn save_torch(path: &Path, motion: &Motion) -> Result<()> {
    let features = RawTensor::from_f32(motion.features().into_dyn());
    if motion.fps() == FPS {
        return torch::save(path, &Tree::Tensor(&features));
    }
    torch::save(path, &Tree::Dict(vec![("motion", Tree::Tensor(&features)), ("fps", Tree::Float(motion.fps().into()))]))
}

fn check_shape(info: &TensorInfo) -> Result<()> {
    match info.shape[..] {
        [1..=MAX_FRAMES, FEATURES | WIDE_FEATURES] if info.dtype.is_float() => Ok(()),
        _ => Err(Error::shape("motion", "floats (T, 276), or (T, 426) as in the release's samples", &info.shape)),
    }
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

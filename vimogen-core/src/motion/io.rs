//! Clips from files and back: `.pt`, `.npy`, `.npz`.

use std::path::Path;

use ndarray::{Array2, arr0, s};

use super::clip::Motion;
use super::layout::{FEATURES, FPS};
use crate::error::{Error, Result};
use crate::format::npz::NpzFile;
use crate::format::torch::{Scalar, TorchFile, Tree};
use crate::format::{RawTensor, TensorInfo, TensorSource, extension, npy, npz, torch};

/// Numbers per frame of the release's sample clips, whose first 276 are this representation.
const WIDE_FEATURES: usize = 426;
/// Longest clip that is read.
const MAX_FRAMES: usize = 1 << 20;
/// Names under which dicts and archives hold the features.
const KEYS: [&str; 2] = ["features", "motion"];

impl Motion {
    /// Reads a clip from `.pt` (a tensor, or a dict with `motion` or `features`), `.npy` or `.npz` (`features` or
    /// `motion`). Of 426 columns, as in the release's samples, the first 276 are kept.
    ///
    /// The rate is the file's `fps` if it has one, else 20; see [`Motion::with_fps`].
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Io`], [`Error::InvalidArgument`] for another extension, [`Error::Format`] for
    /// damaged or hostile files, and those of [`Motion::from_features`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        match extension(path).as_str() {
            "npy" => from_tensor(&npy::load(path)?, None),
            "npz" => from_npz(&NpzFile::open(path)?),
            "pt" | "pth" => from_torch(&TorchFile::open(path)?),
            other => Err(unknown_extension(other, path)),
        }
        .map_err(|e| e.with_path(path))
    }

    /// Writes the clip as `.pt` (a tensor as the release does; a dict of `motion` and `fps` at other rates than 20),
    /// `.npy` or `.npz` (`features` and `fps`).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for another extension, or a rate other than 20 in `.npy`, which cannot hold one;
    /// [`Error::NotFound`] if the folder does not exist, [`Error::Io`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let features = RawTensor::from_f32(self.features().into_dyn());
        let standard = self.fps() == FPS;
        match extension(path).as_str() {
            "npy" if standard => npy::save(path, &features),
            "npy" => {
                let reason = format!("npy has no place for {} fps; save as npz, or resample to {FPS}", self.fps());
                Err(Error::invalid("fps", reason))
            }
            "npz" => {
                let fps = RawTensor::from_f32(arr0(self.fps()).view().into_dyn());
                npz::save(path, &[("features", &features), ("fps", &fps)])
            }
            "pt" | "pth" if standard => torch::save(path, &Tree::Tensor(&features)),
            "pt" | "pth" => {
                let entries = vec![("motion", Tree::Tensor(&features)), ("fps", Tree::Float(self.fps().into()))];
                torch::save(path, &Tree::Dict(entries))
            }
            other => Err(unknown_extension(other, path)),
        }
    }
}

fn unknown_extension(extension: &str, path: &Path) -> Error {
    Error::invalid("file extension", format!("{extension:?} is none of pt, npy, npz, path: {path:?}"))
}

fn from_npz(file: &NpzFile) -> Result<Motion> {
    let fps = match file.names().iter().any(|n| n == "fps") {
        true => Some(single(&file.read("fps")?)?),
        false => None,
    };
    from_source(file, &KEYS, fps)
}

fn single(fps: &RawTensor) -> Result<f32> {
    match fps.info().checked_len() {
        Some(1) => Ok(fps.to_f32()[0]),
        _ => Err(Error::shape("fps", "a single number", fps.shape())),
    }
}

fn from_torch(file: &TorchFile) -> Result<Motion> {
    let fps = match file.scalar("fps") {
        Some(Scalar::Float(fps)) => Some(*fps as f32),
        Some(Scalar::Int(fps)) => Some(*fps as f32),
        _ => None,
    };
    from_source(file, &["", KEYS[0], KEYS[1]], fps)
}

/// The first of `keys` that the file has.
fn from_source(file: &dyn TensorSource, keys: &[&str], fps: Option<f32>) -> Result<Motion> {
    let names = file.names();
    let key = keys.iter().find(|key| names.iter().any(|n| n == *key)).ok_or_else(|| {
        Error::format(
            "motion",
            format!("it has no array named motion or features, only {:?}", &names[..names.len().min(8)]),
        )
    })?;
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

    fn clip(fps: f32) -> Motion {
        let features = Array2::from_shape_fn((7, FEATURES), |(t, c)| ((t * 31 + c) as f32).sin());
        Motion::from_features(features, fps).unwrap()
    }

    #[test]
    fn clips_come_back_as_they_were_saved() {
        let folder = tempfile::tempdir().unwrap();
        for (name, fps) in [("a.pt", 20.0), ("b.pt", 16.0), ("c.npy", 20.0), ("d.npz", 16.0), ("E.NPZ", 20.0)] {
            let path = folder.path().join(name);
            clip(fps).save(&path).unwrap();
            assert_eq!(Motion::load(&path).unwrap(), clip(fps), "{name}");
        }
    }

    #[test]
    fn what_a_format_cannot_hold_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        assert!(clip(16.0).save(at("a.npy")).unwrap_err().to_string().contains("npz"));
        assert!(clip(20.0).save(at("a.bvh")).is_err());
        assert!(matches!(Motion::load(at("none.pt")), Err(Error::NotFound { .. })));
        assert!(matches!(Motion::load(at("a.mp3")), Err(Error::InvalidArgument { .. })));
    }

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

//! Files of motions as a model is trained on them: features, at one frame rate, in canonical placement.

use std::path::Path;

use ndarray::Array2;

use crate::error::Result;
use crate::motion::Motion;
use crate::motion::layout::FPS;

/// Features of a motion file of any format, and what its reader doubts.
///
/// Files of features are taken as they are. Other clips are placed as references are ([`Motion::canonical`]), since models
/// are trained on such clips. The rate of all is that of the representation, 20 frames per second.
pub(super) fn load(path: &Path) -> Result<(Array2<f32>, Vec<String>)> {
    let motion = Motion::load(path)?;
    let source = motion.source().cloned();
    placed(motion, source.as_ref().is_some_and(|source| !source.holds_features()))
        .map(|motion| (motion.into_features(), source.map_or_else(Vec::new, |source| source.warnings)))
        .map_err(|e| e.with_path(path))
}

fn placed(motion: Motion, foreign: bool) -> Result<Motion> {
    let motion = if motion.fps() == FPS { motion } else { motion.resample(FPS)? };
    if foreign { motion.canonical() } else { Ok(motion) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip() -> Motion {
        let still = crate::motion::codec::SmplMotion::zeros(41);
        let mut smpl = still;
        smpl.joints = ndarray::Array3::from_shape_fn((41, 22, 3), |(t, j, c)| match c {
            0 => 3.0 + 0.1 * [0.0, 1.0, -1.0][j % 3],
            1 => 0.02 * t as f32,
            _ => 0.08 * j as f32,
        });
        Motion::from_features(crate::motion::codec::encode(&smpl).unwrap(), 40.0).unwrap()
    }

    #[test]
    fn features_are_taken_as_they_are_and_other_rates_are_resampled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        let slow = clip().with_fps(FPS).unwrap();
        slow.save(&path).unwrap();
        assert_eq!(load(&path).unwrap().0, slow.features());
        clip().save(&path).unwrap();
        let (rows, warnings) = load(&path).unwrap();
        assert_eq!(rows, clip().resample(FPS).unwrap().features());
        assert!(warnings.is_empty());
    }

    #[test]
    fn clips_of_other_programs_start_at_the_origin() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bvh");
        clip().save(&path).unwrap();
        let motion = Motion::from_features(load(&path).unwrap().0, FPS).unwrap();
        let root = motion.root_positions();
        assert!((20..=21).contains(&motion.len()), "{} frames", motion.len());
        assert!(root[[0, 0]].abs() < 1e-4 && root[[0, 1]].abs() < 1e-4, "{root}");
    }
}

//! Scores of bodies in the pose dimensions.

use std::path::Path;

use ndarray::{ArrayView3, Ix3};

use super::clip::{MAX_FRAMES, PoseClip, PoseOrigin, check_size, read};
use crate::body::BodyModel;
use crate::error::{Error, Result};
use crate::format::torch::TorchFile;
use crate::format::{TensorSource as _, npy};
use crate::mbench::nrdf::{Nrdf, PoseRows};
use crate::mbench::penetration::body_penetration;
use crate::mbench::smplify::Smplify;
use crate::motion::layout::JOINTS;
use crate::motion::{FileFormat, Motion};
use crate::progress::ignore;

/// Opens clips, fitting bodies where necessary, and scores them.
#[derive(Debug, Clone)]
pub struct PoseScorer {
    body: BodyModel,
    smplify: Smplify,
    nrdf: Option<Nrdf>,
    rows: PoseRows,
    always_fit: bool,
}

impl PoseScorer {
    /// Scores on a body, fitted with the priors of a folder (see [`Smplify::from_folder`]) or the built-in ones.
    ///
    /// # Errors
    /// Those of reading the priors.
    pub fn new(body: BodyModel, priors: Option<&Path>) -> Result<Self> {
        let smplify = Smplify::from_folder(&body, priors)?;
        Ok(Self { body, smplify, nrdf: None, rows: PoseRows::default(), always_fit: false })
    }

    /// Sets the network of `Pose_Quality`.
    pub fn with_nrdf(mut self, nrdf: Nrdf, rows: PoseRows) -> Self {
        (self.nrdf, self.rows) = (Some(nrdf), rows);
        self
    }

    /// Fits bodies to all motions, as the release does, even if their features hold rotations.
    pub fn with_always_fit(mut self, always: bool) -> Self {
        self.always_fit = always;
        self
    }

    /// Fits joints `(T, 22, 3)`, metres, y up.
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::NonFinite`], [`Error::TooLarge`] as [`PoseClip::new`].
    pub fn fit(&self, joints: ArrayView3<'_, f32>) -> Result<PoseClip> {
        check_size(&self.body, joints.dim().0)?;
        let pose = self.smplify.fit(joints, &mut ignore)?.pose;
        let origin = if self.smplify.is_builtin() { PoseOrigin::FittedBuiltin } else { PoseOrigin::Fitted };
        PoseClip::new(&self.body, pose, joints.to_owned(), origin)
    }

    /// Opens a file: a `.pt` with a fitted body; joints `(T, 22, 3)` in a `.npy` or under the key `joints` of a `.pt`, which are
    /// fitted; or a motion that [`Motion::load`] reads, whose rotations are used.
    ///
    /// # Errors
    /// Those of reading the file, which name it, and of fitting.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<PoseClip> {
        self.open_with(path, |path| Motion::load(path))
    }

    /// [`PoseScorer::open`] with another reader of motions.
    ///
    /// # Errors
    /// As [`PoseScorer::open`].
    pub fn open_with(&self, path: impl AsRef<Path>, read: impl FnOnce(&Path) -> Result<Motion>) -> Result<PoseClip> {
        let path = path.as_ref();
        self.read(path, read).map_err(|e| e.with_path(path))
    }

    fn read(&self, path: &Path, read_motion: impl FnOnce(&Path) -> Result<Motion>) -> Result<PoseClip> {
        let format = FileFormat::to_read(path)?;
        if format == FileFormat::Torch {
            if let Some(clip) = PoseClip::load(path)? {
                return Ok(clip);
            }
            let file = TorchFile::open(path)?;
            if file.info("joints").is_ok() && file.info("motion").is_err() {
                return self.fit(read(&file, "joints", [MAX_FRAMES, JOINTS, 3])?.view());
            }
        }
        if format == FileFormat::Npy {
            let array = npy::load(path)?.to_array_f32();
            if let Ok(joints) = array.into_dimensionality::<Ix3>() {
                return self.fit(joints.view());
            }
        }
        let motion = read_motion(path)?;
        if self.always_fit { self.fit(motion.mbench_joints().view()) } else { PoseClip::of_motion(&self.body, &motion) }
    }

    /// `Body_Penetration` of a clip; see [`body_penetration`].
    ///
    /// # Errors
    /// [`Error::Shape`] for a clip of another body.
    pub fn body_penetration(&self, clip: &PoseClip) -> Result<f64> {
        if clip.vertices.dim().1 != self.body.num_vertices() {
            let expected =
                format!("(T, {}, 3), the vertices of the body; give the body of the file", self.body.num_vertices());
            return Err(Error::shape("vertices", expected, clip.vertices.shape()));
        }
        body_penetration(clip.vertices.view(), self.body.faces())
    }

    /// `Pose_Quality` of a clip; see [`Nrdf::pose_quality`]. `None` without the network.
    ///
    /// # Errors
    /// [`Error::NonFinite`], [`Error::Shape`].
    pub fn pose_quality(&self, clip: &PoseClip) -> Result<Option<f64>> {
        self.nrdf.as_ref().map(|nrdf| nrdf.pose_quality(clip.pose.view(), self.rows)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Array3, s};

    use super::*;
    use crate::body::{BodyParams, motion_joints};
    use crate::format::RawTensor;
    use crate::format::torch::{self, Tree};

    /// A motion of the neutral body whose features agree with each other.
    fn motion() -> Motion {
        use crate::motion::codec::{SmplMotion, encode};
        let frames = 7;
        let orient =
            Array2::from_shape_fn((frames, 3), |(t, c)| 0.2 * (t as f32 * 0.5 + c as f32).sin() + [1.2, 0.4, 0.2][c]);
        let body_pose = Array2::from_shape_fn((frames, 63), |(t, c)| 0.15 * (t as f32 * 0.4 + c as f32 * 1.1).sin());
        let transl = Array2::from_shape_fn((frames, 3), |(t, c)| [0.1, 0.2, 0.9][c] * (1.0 + 0.1 * t as f32));
        let mut clip = SmplMotion { global_orient: orient, body_pose, transl, joints: Array3::zeros((frames, 22, 3)) };
        let body = BodyModel::neutral();
        clip.joints = motion_joints(body.joints(&body.params(&clip).unwrap()).unwrap().view());
        Motion::from_features(encode(&clip).unwrap(), 20.0).unwrap()
    }

    #[test]
    fn what_the_features_hold_stands_on_the_joints_that_they_hold() {
        let (body, motion) = (BodyModel::neutral(), motion());
        let clip = PoseClip::of_motion(body, &motion).unwrap();
        let pose = clip.pose.slice(s![.., ..22, ..]).to_owned().into_shape_with_order((6, 66)).unwrap();
        let none = Array2::zeros((0, 0));
        let params = BodyParams { pose, transl: Array2::zeros((6, 3)), betas: none.clone(), expression: none };
        let joints = body.joints(&params).unwrap();
        for t in 0..6 {
            for j in 0..JOINTS {
                let arm = |a: &Array3<f32>| &a.slice(s![t, j, ..]) - &a.slice(s![t, 0, ..]);
                let off = &arm(&joints) - &arm(&clip.joints);
                assert!(off.iter().all(|d| d.abs() < 2e-3), "frame {t} joint {j}: {off}");
            }
        }
        assert_eq!(clip.origin.name(), "features");
    }

    #[test]
    fn fitting_finds_nearly_the_poses_that_the_features_hold() {
        let scorer = PoseScorer::new(BodyModel::neutral().clone(), None).unwrap().with_always_fit(true);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        motion().save(&path).unwrap();
        let fitted = scorer.open(&path).unwrap();
        let taken = scorer.clone().with_always_fit(false).open(&path).unwrap();
        assert_eq!((fitted.origin, taken.origin), (PoseOrigin::FittedBuiltin, PoseOrigin::Features));
        let apart = (&fitted.vertices - &taken.vertices).mapv(f32::abs).mean().unwrap();
        assert!(apart < 0.03, "{apart}");
        assert_eq!(scorer.body_penetration(&fitted).unwrap(), scorer.body_penetration(&fitted).unwrap());
        assert!(scorer.pose_quality(&fitted).unwrap().is_none());
    }

    #[test]
    fn a_clip_comes_back_from_its_file_and_joints_are_fitted() {
        let scorer = PoseScorer::new(BodyModel::neutral().clone(), None).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let joints = motion().mbench_joints();
        npy::save_f32(at("1.npy"), joints.view().into_dyn()).unwrap();
        let clip = scorer.open(at("1.npy")).unwrap();
        clip.save(at("1.pt")).unwrap();
        assert_eq!(scorer.open(at("1.pt")).unwrap(), clip);
        let raw = RawTensor::from_f32(joints.view().into_dyn());
        torch::save(at("2.pt"), &Tree::Dict(vec![("joints", Tree::Tensor(&raw))])).unwrap();
        assert_eq!(scorer.open(at("2.pt")).unwrap(), clip);
    }

    #[test]
    fn clips_of_another_body_and_broken_files_are_errors() {
        let scorer = PoseScorer::new(BodyModel::neutral().clone(), None).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pt");
        let mut clip = PoseClip::of_motion(BodyModel::neutral(), &motion()).unwrap();
        clip.vertices = Array3::zeros((6, 12, 3));
        assert!(scorer.body_penetration(&clip).unwrap_err().to_string().contains("body"));
        clip.vertices = Array3::zeros((5, 12, 3));
        clip.save(&path).unwrap();
        assert!(matches!(scorer.open(&path), Err(Error::Shape { .. })));
        std::fs::write(&path, b"no torch").unwrap();
        assert!(scorer.open(&path).is_err());
        let body = BodyModel::neutral();
        let long = scorer.fit(Array3::zeros((1 << 16, 22, 3)).view());
        assert!(matches!(long, Err(Error::TooLarge { .. })));
        let wrong = PoseClip::new(body, Array3::zeros((2, 22, 3)), Array3::zeros((2, 22, 3)), PoseOrigin::File);
        assert!(matches!(wrong, Err(Error::Shape { .. })));
    }
}

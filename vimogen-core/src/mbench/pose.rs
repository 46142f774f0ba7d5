//! MBench's two pose dimensions, on bodies that were fitted or that a motion already holds.

use std::path::Path;

use ndarray::{Array2, Array3, ArrayView2, ArrayView3, Axis, Ix3, s};

use super::nrdf::{Nrdf, PoseRows};
use super::penetration::body_penetration;
use super::smplify::{SMPL_JOINTS, Smplify};
use crate::body::{BodyModel, BodyParams};
use crate::declare::named_enum;
use crate::error::{Error, Result};
use crate::format::torch::{self, Scalar, TorchFile, Tree};
use crate::format::{RawTensor, TensorSource, npy};
use crate::motion::layout::JOINTS;
use crate::motion::rotation::axis_angle_from_matrix;
use crate::motion::rotation::rows::matrix_from_axis_angle;
use crate::motion::{FileFormat, Motion, axes};
use crate::progress::ignore;

/// Longest clip and largest body that is read.
const MAX_FRAMES: usize = 1 << 16;
const MAX_VERTICES: usize = 1 << 18;
/// Most bytes that the vertices of a clip may have: 13,000 frames of SMPL.
const MAX_CLIP_BYTES: u64 = 1 << 30;

named_enum! {
    /// Origin of the poses of a clip, which reports give next to a score.
    pub enum PoseOrigin("origin", default File) {
        /// A file whose writer did not say.
        File = "file",
        /// The rotations in the features of a motion: nothing was fitted.
        Features = "features",
        /// SMPLify with the published priors.
        Fitted = "fitted",
        /// SMPLify with a built-in prior or start, in the absence of the published files.
        FittedBuiltin = "fitted-builtin",
    }
}

/// A clip as MBench's pose dimensions read it; all axes y up, metres.
#[derive(Debug, Clone, PartialEq)]
pub struct PoseClip {
    /// Axis-angle vectors of SMPL's 24 joints, `(T, 24, 3)`, radians.
    pub pose: Array3<f32>,
    /// The joints that were asked for, `(T, 22, 3)`.
    pub joints: Array3<f32>,
    /// The body of mean shape in these poses, `(T, V, 3)`; its root starts at the body's own and moves as the joints' root.
    pub vertices: Array3<f32>,
    /// Where the poses come from.
    pub origin: PoseOrigin,
}

impl PoseClip {
    /// Puts a body of mean shape into poses, as the release does before it writes its files.
    ///
    /// # Shapes
    /// - pose: `[frames, 24, 3]`, axis-angle, radians; of the neutral body the hands are left out, and all joints of
    ///   SMPL-X beyond the 22 are at rest
    /// - joints: `[frames, 22, 3]`, metres
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::NonFinite`]; [`Error::TooLarge`] for clips whose vertices take more than 1 GiB.
    pub fn new(body: &BodyModel, pose: Array3<f32>, joints: Array3<f32>, origin: PoseOrigin) -> Result<Self> {
        let frames = pose.dim().0;
        if pose.dim().1 != SMPL_JOINTS || pose.dim().2 != 3 || frames == 0 {
            return Err(Error::shape("pose", "(T, 24, 3) with T >= 1", pose.shape()));
        }
        if joints.dim() != (frames, JOINTS, 3) {
            return Err(Error::shape("joints", format!("({frames}, 22, 3)"), joints.shape()));
        }
        check_size(body, frames)?;
        let roots = joints.index_axis(Axis(1), 0);
        let transl = &roots - &roots.index_axis(Axis(0), 0);
        let rotations = match body.num_joints() {
            SMPL_JOINTS => SMPL_JOINTS,
            _ => JOINTS,
        };
        let mut all = Array2::zeros((frames, 3 * body.num_joints()));
        for (t, frame) in pose.outer_iter().enumerate() {
            let used = frame.slice(s![..rotations, ..]);
            all.slice_mut(s![t, ..3 * rotations]).iter_mut().zip(used).for_each(|(to, from)| *to = *from);
        }
        let none = Array2::zeros((0, 0));
        let params = BodyParams { pose: all, transl, betas: none.clone(), expression: none };
        Ok(Self { vertices: body.forward(&params)?.vertices, pose, joints, origin })
    }

    /// The rotations that a motion's features hold, hands at rest: the fast way, without fitting.
    ///
    /// # Errors
    /// As [`PoseClip::new`].
    pub fn of_motion(body: &BodyModel, motion: &Motion) -> Result<Self> {
        let smpl = motion.smpl();
        let mut pose = Array3::zeros((smpl.len(), SMPL_JOINTS, 3));
        for (t, mut frame) in pose.outer_iter_mut().enumerate() {
            let orient = upright(smpl.global_orient.row(t).to_vec());
            frame.row_mut(0).iter_mut().zip(orient).for_each(|(to, from)| *to = from);
            let local = frame.slice_mut(s![1..JOINTS, ..]);
            local.into_iter().zip(smpl.body_pose.row(t)).for_each(|(to, from)| *to = *from);
        }
        Self::new(body, pose, motion.mbench_joints(), PoseOrigin::Features)
    }

    /// Writes `pose`, `joints`, `vertices` and the text `origin` as a `.pt` file that PyTorch reads.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the folder does not exist, [`Error::Io`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let raw = |array: &Array3<f32>| RawTensor::from_f32(array.view().into_dyn());
        let (pose, joints, vertices) = (raw(&self.pose), raw(&self.joints), raw(&self.vertices));
        let entries = [("pose", &pose), ("joints", &joints), ("vertices", &vertices)];
        let mut dict: Vec<(&str, Tree<'_>)> = entries.map(|(name, tensor)| (name, Tree::Tensor(tensor))).into();
        dict.push(("origin", Tree::Text(self.origin.name())));
        torch::save(path, &Tree::Dict(dict))
    }

    /// Reads a `.pt` file of [`PoseClip::save`] or of the release; `None` if it has no `pose`.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Io`], [`Error::Format`]; [`Error::Shape`] for arrays that do not belong together.
    pub fn load(path: impl AsRef<Path>) -> Result<Option<Self>> {
        let file = TorchFile::open(path)?;
        if file.info("pose").is_err() {
            return Ok(None);
        }
        let pose = read(&file, "pose", [MAX_FRAMES, SMPL_JOINTS, 3])?;
        let joints = read(&file, "joints", [MAX_FRAMES, SMPL_JOINTS, 3])?;
        let vertices = read(&file, "vertices", [MAX_FRAMES, MAX_VERTICES, 3])?;
        if joints.dim().0 != pose.dim().0 || vertices.dim().0 != pose.dim().0 {
            return Err(Error::shape("vertices", format!("{} frames, as pose", pose.dim().0), vertices.shape()));
        }
        let origin = match file.scalar("origin") {
            Some(Scalar::Text(text)) => text.parse().unwrap_or_default(),
            _ => PoseOrigin::File,
        };
        Ok(Some(Self { pose, joints, vertices, origin }))
    }
}

/// Before a body is fitted and posed: a small file of joints can ask for many vertices.
fn check_size(body: &BodyModel, frames: usize) -> Result<()> {
    let needed = frames as u64 * body.num_vertices() as u64 * 12;
    match needed <= MAX_CLIP_BYTES {
        true => Ok(()),
        false => Err(Error::TooLarge { what: format!("a body in {frames} frames"), needed, limit: MAX_CLIP_BYTES }),
    }
}

/// An array of three axes whose sizes are at most these.
fn read(file: &TorchFile, name: &str, most: [usize; 3]) -> Result<Array3<f32>> {
    let shape = file.info(name)?.shape;
    // Before reading: a hostile file may declare any size.
    if shape.len() != 3 || shape.iter().zip(most).any(|(d, most)| !(1..=most).contains(d)) {
        return Err(Error::shape(name, format!("three axes, each from 1 to {most:?}"), &shape));
    }
    let array = file.read(name)?.to_array_f32().into_dimensionality::<Ix3>();
    array.map_err(|e| Error::Internal { reason: e.to_string() })
}

/// An orientation in the axes of MBench's joints, y up.
fn upright(orient: Vec<f32>) -> [f32; 3] {
    axis_angle_from_matrix(axes::SWAP * matrix_from_axis_angle(glam::Vec3::from_slice(&orient))).to_array()
}

/// Makes clips ready for the pose dimensions and scores them.
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

    /// Measures `Pose_Quality` too, which needs the network.
    pub fn with_nrdf(mut self, nrdf: Nrdf, rows: PoseRows) -> Self {
        (self.nrdf, self.rows) = (Some(nrdf), rows);
        self
    }

    /// Fits motions whose features already hold rotations, as the release does.
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

    /// The clip of a file: a `.pt` that has a fitted body, joints `(T, 22, 3)` in `.npy` or under the key `joints` of a
    /// `.pt`, which are fitted, or a motion that [`Motion::load`] reads, whose rotations are taken.
    ///
    /// # Errors
    /// Those of reading the file, which name it, and of fitting.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<PoseClip> {
        let path = path.as_ref();
        self.read(path).map_err(|e| e.with_path(path))
    }

    fn read(&self, path: &Path) -> Result<PoseClip> {
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
        let motion = Motion::load(path)?;
        match self.always_fit {
            true => self.fit(motion.mbench_joints().view()),
            false => PoseClip::of_motion(&self.body, &motion),
        }
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
        body_penetration(clip.vertices.view(), self.faces())
    }

    /// `Pose_Quality` of a clip; see [`Nrdf::pose_quality`]. `None` without the network.
    ///
    /// # Errors
    /// [`Error::NonFinite`], [`Error::Shape`].
    pub fn pose_quality(&self, clip: &PoseClip) -> Result<Option<f64>> {
        self.nrdf.as_ref().map(|nrdf| nrdf.pose_quality(clip.pose.view(), self.rows)).transpose()
    }

    fn faces(&self) -> ArrayView2<'_, u32> {
        self.body.faces()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::motion_joints;

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
        let clip = PoseClip::of_motion(&body, &motion).unwrap();
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
        let wrong = PoseClip::new(&body, Array3::zeros((2, 22, 3)), Array3::zeros((2, 22, 3)), PoseOrigin::File);
        assert!(matches!(wrong, Err(Error::Shape { .. })));
    }
}

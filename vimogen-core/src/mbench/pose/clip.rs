//! A clip of body poses, and its file.

use std::path::Path;

use ndarray::{Array2, Array3, Axis, Ix3, s};

use crate::body::{BodyModel, BodyParams};
use crate::declare::named_enum;
use crate::error::{Error, Result};
use crate::format::torch::{self, Scalar, TorchFile, Tree};
use crate::format::{RawTensor, TensorSource as _};
use crate::mbench::smplify::SMPL_JOINTS;
use crate::motion::layout::JOINTS;
use crate::motion::rotation::axis_angle_from_matrix;
use crate::motion::rotation::rows::matrix_from_axis_angle_by_quaternion;
use crate::motion::{Motion, axes};

/// Maximum number of frames and of vertices in a file.
pub(super) const MAX_FRAMES: usize = 1 << 16;
const MAX_VERTICES: usize = 1 << 18;
/// Maximum size of the vertices of a clip, bytes: 13,000 frames of SMPL.
const MAX_CLIP_BYTES: u64 = 1 << 30;

named_enum! {
    /// Origin of the poses of a clip, which reports give next to a score.
    pub enum PoseOrigin("origin", default File) {
        /// A file without a statement of origin.
        File = "file",
        /// Rotations of the motion's features, without fitting.
        Features = "features",
        /// SMPLify with the published priors.
        Fitted = "fitted",
        /// SMPLify with the built-in priors.
        FittedBuiltin = "fitted-builtin",
    }
}

/// Poses, joints and vertices of a clip, the input of the pose dimensions; y up, metres.
#[derive(Debug, Clone, PartialEq)]
pub struct PoseClip {
    /// Axis-angle vectors of SMPL's 24 joints, `(T, 24, 3)`, radians.
    pub pose: Array3<f32>,
    /// The joints of the motion, `(T, 22, 3)`.
    pub joints: Array3<f32>,
    /// Vertices of the body of mean shape in these poses, `(T, V, 3)`. The root starts at the body's own root and moves with that
    /// of `joints`.
    pub vertices: Array3<f32>,
    /// Origin of the poses.
    pub origin: PoseOrigin,
}

impl PoseClip {
    /// Poses a body of mean shape, as the release does before it writes its files.
    ///
    /// # Shapes
    /// - pose: `[frames, 24, 3]`, axis-angle, radians; the neutral body has no hands, and the joints of SMPL-X
    ///   beyond the first 22 stay at rest
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

    /// The rotations of a motion's features, hands at rest, without fitting.
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

/// Checks the size before fitting and posing: a small file of joints can produce many vertices.
pub(super) fn check_size(body: &BodyModel, frames: usize) -> Result<()> {
    let needed = frames as u64 * body.num_vertices() as u64 * 12;
    if needed <= MAX_CLIP_BYTES {
        Ok(())
    } else {
        Err(Error::TooLarge { what: format!("a body in {frames} frames"), needed, limit: MAX_CLIP_BYTES })
    }
}

/// Reads an array of three axes with these maximum sizes.
pub(super) fn read(file: &TorchFile, name: &str, most: [usize; 3]) -> Result<Array3<f32>> {
    let shape = file.info(name)?.shape;
    // Before reading: a hostile file may declare any size.
    if shape.len() != 3 || shape.iter().zip(most).any(|(d, most)| !(1..=most).contains(d)) {
        return Err(Error::shape(name, format!("three axes, each from 1 to {most:?}"), &shape));
    }
    let array = file.read(name)?.to_array_f32().into_dimensionality::<Ix3>();
    array.map_err(Error::internal)
}

/// An orientation in the axes of MBench's joints, y up.
fn upright(orient: Vec<f32>) -> [f32; 3] {
    axis_angle_from_matrix(axes::SWAP * matrix_from_axis_angle_by_quaternion(glam::Vec3::from_slice(&orient)))
        .to_array()
}

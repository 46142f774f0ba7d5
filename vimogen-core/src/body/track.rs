//! A clip as poses of one skeleton: the form in which clips are edited.

use glam::Vec3;

use super::{Binding, SMPLX_ROOT, plant};
use crate::error::Result;
use crate::motion::codec::{DecodeMode, SmplMotion, decode, encode, vec3, write_at};
use crate::motion::layout::JOINTS;
use crate::motion::{Motion, Pose, Skeleton};

/// A clip as poses of one skeleton. There is one pose more than the clip has frames: a step leads to the next pose, also
/// from the last frame.
#[derive(Debug, Clone)]
pub(crate) struct Track {
    /// Bones of all poses, each with its mean direction and length of the clip.
    pub skeleton: Skeleton,
    /// At least two.
    pub poses: Vec<Pose>,
    /// Frames per second.
    pub fps: f32,
    /// Pelvis minus SMPL's `transl`, metres.
    root: Vec3,
}

impl Track {
    /// Keeps the rotations of a clip and the summed steps of its root.
    ///
    /// # Errors
    /// Those of [`decode`].
    pub fn of(motion: &Motion) -> Result<Self> {
        Ok(Self::with_places(motion)?.0)
    }

    /// [`Track::of`], and the joint positions of the clip, of every pose.
    pub(super) fn with_places(motion: &Motion) -> Result<(Self, Vec<[Vec3; JOINTS]>)> {
        let smpl = decode(motion.features(), DecodeMode::EqualLength)?;
        // The body pose of the last frame is repeated while its joints are not, so the bones are fitted without it.
        let skeleton = Skeleton::fit_offsets(&smpl, motion.len()).as_f32();
        let poses = (0..smpl.len()).map(|t| smpl.pose(t)).collect();
        let roots = (0..motion.len()).map(|t| smpl.joint(t, 0) - vec3(smpl.transl.row(t), 0));
        let root = roots.sum::<Vec3>() / motion.len() as f32;
        let places = (0..smpl.len()).map(|t| std::array::from_fn(|j| smpl.joint(t, j))).collect();
        Ok((Self { skeleton, poses, fps: motion.fps(), root }, places))
    }

    /// Poses of the given skeleton.
    pub fn new(skeleton: Skeleton, poses: Vec<Pose>, fps: f32) -> Self {
        Self { skeleton, poses, fps, root: SMPLX_ROOT }
    }

    /// Joint positions of every pose by forward kinematics.
    pub fn joints(&self) -> Vec<[Vec3; JOINTS]> {
        self.poses.iter().map(|pose| self.skeleton.fk(pose.root, pose.rotations).1).collect()
    }

    /// Keeps standing feet in place and above the ground. `weight` of a pose, from 0 to 1, limits the change.
    pub fn lock_feet(&mut self, weight: impl Fn(usize) -> f32) {
        plant(&self.skeleton, &mut self.poses, self.fps, None, &|t| Binding::all(1.0 - weight(t)));
    }

    /// The clip, whose joints are those of forward kinematics.
    ///
    /// # Errors
    /// [`Error::NonFinite`](crate::Error::NonFinite) for poses that are not finite.
    pub fn to_motion(&self) -> Result<Motion> {
        let mut smpl = SmplMotion::zeros(self.poses.len());
        for (t, pose) in self.poses.iter().enumerate() {
            write_at(smpl.transl.row_mut(t), 0, &(pose.root - self.root).to_array());
            smpl.set_rotations(t, &pose.rotations);
            smpl.set_joints(t, &self.skeleton.fk(pose.root, pose.rotations).1);
        }
        Motion::from_features(encode(&smpl)?, self.fps)
    }
}

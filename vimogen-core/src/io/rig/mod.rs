//! Skeletons of other programs as clips: joints by name or by place, other axes, units and rest poses.
//!
//! A reader of a format gives a [`Rig`]; [`retarget::to_motion`] turns it into a [`Motion`](crate::Motion).

mod figure;
pub(in crate::io) mod gate;
mod heap;
pub(in crate::io) mod names;
pub(in crate::io) mod retarget;
pub(in crate::io) mod stance;
mod subject;
mod unit;
pub(in crate::io) mod up;
mod world;

use glam::{DMat3, DVec3};

use crate::motion::MotionSource;
use crate::motion::layout::JOINTS;

/// A skeleton with its motion, in the axes and the unit of its file.
pub(in crate::io) trait Rig: Sync {
    /// Format, for messages: `"BVH"`.
    fn format(&self) -> &'static str;

    /// The joints, parents before their children.
    fn joints(&self) -> &[RigJoint];

    /// Number of frames, at least one.
    fn frames(&self) -> usize;

    /// Frames per second; `None` if the file does not say.
    fn fps(&self) -> Option<f64>;

    /// Writes the world rotation and position of each joint in a frame; `out` has one place per joint.
    fn world(&self, frame: usize, out: &mut [(DMat3, DVec3)]);

    /// The reader's report: persons, warnings, and where the file says so unit and up axis; `rate` if the rate of
    /// [`Rig::fps`] is not the file's.
    fn found(&self) -> MotionSource {
        MotionSource::default()
    }

    /// The joint of the file for each of ours, if the file itself says (VRM).
    fn known_joints(&self) -> Option<[Option<usize>; JOINTS]> {
        None
    }
}

/// A joint of a [`Rig`].
#[derive(Debug, Clone, PartialEq)]
pub(in crate::io) struct RigJoint {
    /// Name as in the file.
    pub name: String,
    /// Index of the parent, which comes before; a root has none.
    pub parent: Option<usize>,
    /// World rotation and position in the pose to which the file's rotations are relative; the rotation is the identity
    /// in BVH.
    pub rest: (DMat3, DVec3),
    /// End of the bone at rest, if the file says (End Site of BVH), in world axes relative to the joint.
    pub end: Option<DVec3>,
}

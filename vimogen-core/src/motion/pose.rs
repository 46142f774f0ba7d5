//! The pose of one moment.

use glam::{Quat, Vec3};

use super::layout::JOINTS;

/// The pose of one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pose {
    /// Position of the pelvis in the world, metres, z up.
    pub root: Vec3,
    /// Unit quaternions. Those of joints 1 to 21 are relative to their parents; the pelvis' takes the rest pose (SMPL's: x
    /// to the person's left, y up, z forward) to the world.
    pub rotations: [Quat; JOINTS],
}

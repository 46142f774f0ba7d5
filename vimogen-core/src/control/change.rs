//! Differences between poses.

use glam::{Quat, Vec3};

use crate::motion::Pose;
use crate::motion::layout::JOINTS;

/// Rotation vectors, in the axes of the parents, from `from` to `to`, then the difference of the roots.
pub(super) fn difference(to: &Pose, from: &Pose) -> [Vec3; JOINTS + 1] {
    std::array::from_fn(|j| {
        if j == JOINTS {
            return to.root - from.root;
        }
        turn_between(to.rotations[j], from.rotations[j])
    })
}

pub(super) fn turn_between(to: Quat, from: Quat) -> Vec3 {
    let turn = to * from.inverse();
    (if turn.w < 0.0 { -turn } else { turn }).to_scaled_axis()
}

/// A rotation after a change given as a rotation vector.
pub(super) fn turned(change: Vec3, rotation: Quat) -> Quat {
    (Quat::from_scaled_axis(change) * rotation).normalize()
}

//! Offsets that fade out smoothly, known as inertialisation: a clip continues another at the same pose and velocity, and
//! reaches its own poses after the blend.
//!
//! The quintic in `s = t / T` with value, velocity and acceleration `(x, v, 0)` at 0 and `(0, 0, 0)` at 1 is
//! `x (1 - 10 s^3 + 15 s^4 - 6 s^5) + v T (s - 6 s^3 + 8 s^4 - 3 s^5)`.

use std::ops::{Add, Mul};

use glam::{Quat, Vec3};

use crate::motion::Pose;
use crate::motion::layout::JOINTS;

/// The weight of the offset at the share `s` of the blend.
fn value(s: f32) -> f32 {
    1.0 - s * s * s * (10.0 - s * (15.0 - 6.0 * s))
}

/// The quintic of an offset `x` with velocity `v` per frame, `t` frames into a blend of `frames`.
fn quintic<V: Copy + Mul<f32, Output = V> + Add<Output = V>>(x: V, v: V, t: f32, frames: f32) -> V {
    let s = (t / frames).min(1.0);
    let velocity = s * (1.0 - s * s * (6.0 - s * (8.0 - 3.0 * s)));
    x * value(s) + v * (frames * velocity)
}

/// Distance covered `t` frames into a blend by a velocity that fades from `v` per frame to zero.
fn drift(v: Vec3, t: f32, frames: f32) -> Vec3 {
    let s = (t / frames).min(1.0);
    let s4 = s * s * s * s;
    v * (frames * (s - s4 * (2.5 - s * (3.0 - s))))
}

/// Rotation vector from `b` to `a`, in the axes of the parent, at most half a turn long.
fn difference(a: Quat, b: Quat) -> Vec3 {
    let q = a * b.inverse();
    (if q.w < 0.0 { -q } else { q }).to_scaled_axis()
}

/// The rest of one movement while another takes over.
pub(super) struct Decay {
    rotations: [(Vec3, Vec3); JOINTS],
    height: (f32, f32),
    /// Difference of level velocity, metres per frame.
    level: Vec3,
    frames: f32,
}

impl Decay {
    /// From `before`, the last two poses of the movement that ends, to `after`, the first two poses of the one that takes
    /// over: both second poses of `before` and first of `after` are the same moment, at the same place on the ground.
    pub(super) fn new(before: [&Pose; 2], after: [&Pose; 2], frames: f32) -> Self {
        let rotations = std::array::from_fn(|j| {
            let turn = |poses: [&Pose; 2]| difference(poses[1].rotations[j], poses[0].rotations[j]);
            (difference(before[1].rotations[j], after[0].rotations[j]), turn(before) - turn(after))
        });
        let step = |poses: [&Pose; 2]| poses[1].root - poses[0].root;
        let change = step(before) - step(after);
        let height = (before[1].root.z - after[0].root.z, change.z);
        Self { rotations, height, level: change.with_z(0.0), frames: frames.max(1.0) }
    }

    /// The pose of the movement that takes over, `t` frames after the seam.
    pub(super) fn apply(&self, pose: &Pose, t: usize) -> Pose {
        let t = t as f32;
        let lift = quintic(self.height.0, self.height.1, t, self.frames);
        let rotations = std::array::from_fn(|j| {
            let (offset, velocity) = self.rotations[j];
            let offset = quintic(offset, velocity, t, self.frames);
            (Quat::from_scaled_axis(offset) * pose.rotations[j]).normalize()
        });
        Pose { root: pose.root + drift(self.level, t, self.frames) + Vec3::Z * lift, rotations }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pose(x: f32) -> Pose {
        Pose { root: Vec3::new(x, 0.0, 1.0 + 0.1 * x), rotations: [Quat::from_rotation_x(x); JOINTS] }
    }

    #[test]
    fn a_decay_starts_at_the_pose_and_velocity_of_the_one_and_ends_in_the_other() {
        let (moving, still) = ([pose(0.0), pose(0.1)], pose(0.1));
        let decay = Decay::new([&moving[0], &moving[1]], [&still, &still], 200.0);
        assert!(decay.apply(&still, 0).root.abs_diff_eq(moving[1].root, 1e-6));
        let first = decay.apply(&still, 1);
        assert!((first.root.x - 0.2).abs() < 1e-3, "{}", first.root.x);
        assert!(first.rotations[3].angle_between(Quat::from_rotation_x(0.2)) < 2e-3);
        let end = decay.apply(&still, 200);
        assert!(end.rotations[3].angle_between(still.rotations[3]) < 1e-3 && (end.root.z - still.root.z).abs() < 1e-5);
        // A level velocity fades and does not run back: half of what it would have covered.
        assert!((end.root.x - 0.1 - 0.1 * 200.0 / 2.0).abs() < 1e-3, "{}", end.root.x);
        assert_eq!(decay.apply(&still, 300).root, end.root);
    }
}

//! The skeleton of the neutral body: this project's own round proportions of an adult of about 1.70 m.

use glam::{Mat3, Vec3};

use crate::motion::layout::JOINTS;
use crate::motion::{Skeleton, axes};

/// The neutral skeleton.
pub const NEUTRAL: Skeleton = Skeleton::new(REST_OFFSETS);

/// Offset of each joint from its parent in the rest pose, metres; the pelvis sits at the origin.
pub const REST_OFFSETS: [Vec3; JOINTS] = [
    Vec3::ZERO,
    Vec3::new(0.085, -0.080, 0.000),
    Vec3::new(-0.085, -0.080, 0.000),
    Vec3::new(0.000, 0.110, -0.010),
    Vec3::new(0.000, -0.400, 0.000),
    Vec3::new(0.000, -0.400, 0.000),
    Vec3::new(0.000, 0.130, 0.000),
    Vec3::new(0.000, -0.405, 0.000),
    Vec3::new(0.000, -0.405, 0.000),
    Vec3::new(0.000, 0.060, 0.005),
    Vec3::new(0.015, -0.055, 0.130),
    Vec3::new(-0.015, -0.055, 0.130),
    Vec3::new(0.000, 0.210, -0.015),
    Vec3::new(0.070, 0.115, -0.010),
    Vec3::new(-0.070, 0.115, -0.010),
    Vec3::new(0.000, 0.095, 0.050),
    Vec3::new(0.105, 0.035, -0.010),
    Vec3::new(-0.105, 0.035, -0.010),
    Vec3::new(0.265, 0.000, 0.000),
    Vec3::new(-0.265, 0.000, 0.000),
    Vec3::new(0.250, 0.000, 0.000),
    Vec3::new(-0.250, 0.000, 0.000),
];

/// Hip to knee, metres.
pub const THIGH: f32 = 0.400;
/// Knee to ankle, metres.
pub const SHIN: f32 = 0.405;

/// Rotation from the axes of the rest pose (x left, y up, z forward) to the world of a person who faces +y (x right, y
/// forward, z up).
pub const REST_TO_WORLD: Mat3 = axes::SWAP;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::motion::skeleton::joint;

    fn standing() -> [Vec3; JOINTS] {
        let mut local = [Mat3::IDENTITY; JOINTS];
        local[joint::PELVIS] = REST_TO_WORLD;
        NEUTRAL.fk(Vec3::new(0.0, 0.0, 0.965), local).1
    }

    #[test]
    fn the_rest_pose_faces_plus_y_with_the_right_side_at_plus_x() {
        let joints = standing();
        let across = joints[joint::RIGHT_HIP] - joints[joint::LEFT_HIP];
        assert!(across.x > 0.1 && across.y.abs() < 1e-6);
        assert!(joints[joint::RIGHT_FOOT].y > joints[joint::RIGHT_ANKLE].y + 0.1);
        assert!(joints[joint::HEAD].z > 1.5 && joints[joint::HEAD].z < 1.7);
    }

    #[test]
    fn left_and_right_mirror_each_other() {
        let joints = standing();
        for (left, right) in [(1, 2), (4, 5), (7, 8), (10, 11), (13, 14), (16, 17), (18, 19), (20, 21)] {
            assert_eq!(joints[left] * Vec3::new(-1.0, 1.0, 1.0), joints[right]);
        }
    }

    #[test]
    fn a_bent_knee_takes_the_ankle_backwards() {
        let mut local = [Mat3::IDENTITY; JOINTS];
        local[joint::PELVIS] = REST_TO_WORLD;
        local[joint::LEFT_KNEE] = Mat3::from_rotation_x(1.0);
        let bent = NEUTRAL.fk(Vec3::new(0.0, 0.0, 0.965), local).1;
        assert!(bent[joint::LEFT_ANKLE].y < standing()[joint::LEFT_ANKLE].y - 0.3);
    }
}

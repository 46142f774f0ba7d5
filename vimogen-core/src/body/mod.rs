//! Bodies: the built-in neutral skeleton and its mesh, so that motion can be made and looked at without a licensed body
//! model; SMPL and SMPL-X from the user's files ([`BodyModel`]).
//!
//! The proportions are this project's own round numbers for an adult of about 1.70 m. Axes of the rest pose are
//! SMPL's (x to the person's left, y up, z forward, arms out to the sides), so that local rotations mean the same on
//! this skeleton and on a SMPL body.

mod consistent;
mod feet;
pub mod hmr;
mod model;
mod neutral;
mod reconcile;
mod surface;

use glam::{Mat3, Vec3};

pub use consistent::{Residual, consistent, residual};
pub use model::{BodyGradient, BodyKind, BodyModel, BodyParams, Posed, motion_joints};
pub use reconcile::Reconcile;

pub use crate::motion::canonical::SMPLX_ROOT;
use crate::motion::layout::{BODY_JOINTS, JOINTS};
use crate::motion::skeleton::PARENTS;

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

/// Takes rest-pose axes (x left, y up, z forward) to the world of a person facing +y (x right, y forward, z up).
pub const REST_TO_WORLD: Mat3 =
    Mat3::from_cols(Vec3::new(-1.0, 0.0, 0.0), Vec3::new(0.0, 0.0, 1.0), Vec3::new(0.0, 1.0, 0.0));

/// Global joint orientations and positions of the neutral skeleton.
///
/// `pelvis` is the root position (metres, z up), `orient` the root orientation from rest axes to the world, `local`
/// the rotations of joints 1..22 relative to their parents.
pub fn forward(pelvis: Vec3, orient: Mat3, local: &[Mat3; BODY_JOINTS]) -> ([Mat3; JOINTS], [Vec3; JOINTS]) {
    let mut global = [orient; JOINTS];
    let mut joints = [pelvis; JOINTS];
    for (child, parent) in PARENTS.iter().enumerate() {
        if let Some(parent) = *parent {
            joints[child] = joints[parent] + global[parent] * REST_OFFSETS[child];
            global[child] = global[parent] * local[child - 1];
        }
    }
    (global, joints)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::motion::skeleton::joint;

    fn standing() -> [Vec3; JOINTS] {
        forward(Vec3::new(0.0, 0.0, 0.965), REST_TO_WORLD, &[Mat3::IDENTITY; BODY_JOINTS]).1
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
    fn rotating_a_joint_moves_only_what_hangs_on_it() {
        let mut local = [Mat3::IDENTITY; BODY_JOINTS];
        local[joint::LEFT_KNEE - 1] = Mat3::from_rotation_x(1.0);
        let (rest, bent) = (standing(), forward(Vec3::new(0.0, 0.0, 0.965), REST_TO_WORLD, &local).1);
        for j in 0..JOINTS {
            let moved = rest[j].distance(bent[j]) > 1e-4;
            assert_eq!(moved, j == joint::LEFT_ANKLE || j == joint::LEFT_FOOT, "joint {j}");
        }
        assert!(bent[joint::LEFT_ANKLE].y < rest[joint::LEFT_ANKLE].y, "a bent knee takes the ankle backwards");
    }
}

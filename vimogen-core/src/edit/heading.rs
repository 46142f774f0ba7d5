//! Heading of a body and rigid moves on the ground.

use glam::{Quat, Vec2, Vec3};

use crate::body::Track;
use crate::motion::Pose;
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::joint::{LEFT_HIP, LEFT_SHOULDER, RIGHT_HIP, RIGHT_SHOULDER};

/// Direction that a body faces, radians from +x towards +y: level and square to the line through hips and shoulders.
/// `None` if that line is upright.
pub(crate) fn heading(joints: &[Vec3; JOINTS]) -> Option<f32> {
    let across = (joints[RIGHT_HIP] - joints[LEFT_HIP]) + (joints[RIGHT_SHOULDER] - joints[LEFT_SHOULDER]);
    let across = across.truncate();
    (across.length() > 1e-3).then(|| across.perp().to_angle())
}

/// A turn about the vertical and a shift.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Move {
    turn: Quat,
    shift: Vec3,
}

impl Move {
    /// No move.
    pub(crate) const IDENTITY: Self = Self { turn: Quat::IDENTITY, shift: Vec3::ZERO };

    /// The move back.
    pub(crate) fn inverse(self) -> Self {
        let turn = self.turn.inverse();
        Self { turn, shift: -(turn * self.shift) }
    }

    /// A turn by `angle` radians, counterclockwise from above, about the vertical through `centre`.
    pub(crate) fn about(angle: f32, centre: Vec2) -> Self {
        let (turn, centre) = (Quat::from_rotation_z(angle), centre.extend(0.0));
        Self { turn, shift: centre - turn * centre }
    }

    /// The same move with a further shift.
    pub(crate) fn then_shift(self, shift: Vec3) -> Self {
        Self { shift: self.shift + shift, ..self }
    }

    /// The angle of the turn, radians, counterclockwise from above.
    pub(crate) fn angle(&self) -> f32 {
        (self.turn * Vec3::X).truncate().to_angle()
    }

    /// This move, then `next`.
    pub(crate) fn then(self, next: &Self) -> Self {
        Self { turn: (next.turn * self.turn).normalize(), shift: next.point(self.shift) }
    }

    pub(crate) fn point(&self, point: Vec3) -> Vec3 {
        self.turn * point + self.shift
    }

    pub(crate) fn pose(&self, pose: &Pose) -> Pose {
        let mut rotations = pose.rotations;
        rotations[0] = (self.turn * rotations[0]).normalize();
        Pose { root: self.point(pose.root), rotations }
    }

    /// Moves all poses.
    pub(crate) fn apply(&self, track: &mut Track) {
        track.poses.iter_mut().for_each(|pose| *pose = self.pose(pose));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::{NEUTRAL, REST_TO_WORLD};

    #[test]
    fn the_rest_pose_faces_forward_and_turns_to_the_left() {
        let mut rotations = [Quat::IDENTITY; JOINTS];
        rotations[0] = Quat::from_mat3(&REST_TO_WORLD);
        let pose = Pose { root: Vec3::Z, rotations };
        let facing = |pose: &Pose| heading(&NEUTRAL.fk(pose.root, pose.rotations).1).unwrap();
        assert!((facing(&pose) - std::f32::consts::FRAC_PI_2).abs() < 1e-5);
        let left = Move::about(0.5, Vec2::new(1.0, 2.0)).then_shift(Vec3::X);
        assert!((facing(&left.pose(&pose)) - std::f32::consts::FRAC_PI_2 - 0.5).abs() < 1e-5);
        assert!(left.point(Vec3::new(1.0, 2.0, 3.0)).abs_diff_eq(Vec3::new(2.0, 2.0, 3.0), 1e-6));
        let both = left.then(&Move::about(1.0, Vec2::ZERO));
        assert!(both.point(Vec3::Y).abs_diff_eq(Move::about(1.0, Vec2::ZERO).point(left.point(Vec3::Y)), 1e-6));
        assert!(left.inverse().point(left.point(Vec3::X)).abs_diff_eq(Vec3::X, 1e-6));
    }
}

//! The figure of the player and the renderer: a mannequin of rounded cones around the 22 joints.
//!
//! Heels, toes, hands and the head are not joints of the skeleton; their points are derived from the joints. Proportions are this
//! library's own.

use glam::Vec3;

use crate::motion::layout::JOINTS;
use crate::motion::skeleton::joint::{
    HEAD, LEFT_ANKLE, LEFT_COLLAR, LEFT_ELBOW, LEFT_FOOT, LEFT_HIP, LEFT_KNEE, LEFT_SHOULDER, LEFT_WRIST, NECK, PELVIS,
    RIGHT_ANKLE, RIGHT_COLLAR, RIGHT_ELBOW, RIGHT_FOOT, RIGHT_HIP, RIGHT_KNEE, RIGHT_SHOULDER, RIGHT_WRIST, SPINE1,
    SPINE2,
};

/// Points of the figure: the 22 joints in their order, then the points below.
pub const POINTS: usize = JOINTS + 8;
/// Left heel, then the right one.
pub const HEELS: [usize; 2] = [22, 23];
/// Left toe tip, then the right one.
pub const TOES: [usize; 2] = [24, 25];
/// Left finger tips, then the right ones.
pub const HANDS: [usize; 2] = [26, 27];
/// Centre of the skull.
pub const SKULL: usize = 28;
/// Centre of the lower face, in front of the skull: it shows the direction of the head.
pub const FACE: usize = 29;

/// Leg length, hip to knee to ankle, of a body of [`scale`] 1, metres.
const LEG: f32 = 0.8;

/// Side of the body of a part, which determines its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Trunk, neck and head.
    Middle,
    /// The body's own left.
    Left,
    /// The body's own right.
    Right,
}

/// A cone with round ends between two points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// Index of the first point.
    pub from: usize,
    /// Index of the second point.
    pub to: usize,
    /// Radius at the first point, metres, for a body of [`scale`] 1.
    pub from_radius: f32,
    /// Radius at the second point.
    pub to_radius: f32,
    /// Side of the body.
    pub side: Side,
}

const fn part(side: Side, from: usize, to: usize, from_radius: f32, to_radius: f32) -> Part {
    Part { from, to, from_radius, to_radius, side }
}

/// All parts of the figure.
#[rustfmt::skip]
pub const PARTS: [Part; 28] = {
    use Side::{Left, Middle, Right};
    [
        part(Middle, LEFT_HIP, RIGHT_HIP, 0.099, 0.099),
        part(Middle, PELVIS, SPINE1, 0.110, 0.108),
        part(Middle, SPINE1, SPINE2, 0.108, 0.112),
        part(Middle, SPINE2, LEFT_COLLAR, 0.106, 0.092),
        part(Middle, SPINE2, RIGHT_COLLAR, 0.106, 0.092),
        part(Middle, SPINE2, NECK, 0.112, 0.060),
        part(Middle, NECK, HEAD, 0.056, 0.052),
        part(Middle, FACE, SKULL, 0.074, 0.098),
        part(Left, LEFT_COLLAR, LEFT_SHOULDER, 0.074, 0.062),
        part(Left, LEFT_SHOULDER, LEFT_ELBOW, 0.060, 0.043),
        part(Left, LEFT_ELBOW, LEFT_WRIST, 0.043, 0.029),
        part(Left, LEFT_WRIST, HANDS[0], 0.030, 0.026),
        part(Right, RIGHT_COLLAR, RIGHT_SHOULDER, 0.074, 0.062),
        part(Right, RIGHT_SHOULDER, RIGHT_ELBOW, 0.060, 0.043),
        part(Right, RIGHT_ELBOW, RIGHT_WRIST, 0.043, 0.029),
        part(Right, RIGHT_WRIST, HANDS[1], 0.030, 0.026),
        part(Left, LEFT_HIP, LEFT_KNEE, 0.087, 0.058),
        part(Left, LEFT_KNEE, LEFT_ANKLE, 0.058, 0.038),
        part(Left, LEFT_ANKLE, HEELS[0], 0.038, 0.034),
        part(Left, LEFT_ANKLE, LEFT_FOOT, 0.038, 0.034),
        part(Left, HEELS[0], LEFT_FOOT, 0.034, 0.034),
        part(Left, LEFT_FOOT, TOES[0], 0.034, 0.026),
        part(Right, RIGHT_HIP, RIGHT_KNEE, 0.087, 0.058),
        part(Right, RIGHT_KNEE, RIGHT_ANKLE, 0.058, 0.038),
        part(Right, RIGHT_ANKLE, HEELS[1], 0.038, 0.034),
        part(Right, RIGHT_ANKLE, RIGHT_FOOT, 0.038, 0.034),
        part(Right, HEELS[1], RIGHT_FOOT, 0.034, 0.034),
        part(Right, RIGHT_FOOT, TOES[1], 0.034, 0.026),
    ]
};

/// One frame of joints.
pub type Joints = [Vec3; JOINTS];

/// Size of the body by its mean leg length, the factor on the radii of [`PARTS`].
///
/// Between 0.05 and 20, and 1 for a body without legs.
pub fn scale(joints: &Joints) -> f32 {
    let leg = |hip: usize, knee: usize, ankle: usize| {
        (joints[knee] - joints[hip]).length() + (joints[ankle] - joints[knee]).length()
    };
    let mean = 0.5 * (leg(LEFT_HIP, LEFT_KNEE, LEFT_ANKLE) + leg(RIGHT_HIP, RIGHT_KNEE, RIGHT_ANKLE));
    if mean > 0.0 { (mean / LEG).clamp(0.05, 20.0) } else { 1.0 }
}

/// All points of the figure for one frame; `scale` as from [`scale`].
pub fn points(joints: &Joints, scale: f32) -> [Vec3; POINTS] {
    let mut all = [Vec3::ZERO; POINTS];
    all[..JOINTS].copy_from_slice(joints);
    let feet = [(LEFT_KNEE, LEFT_ANKLE, LEFT_FOOT), (RIGHT_KNEE, RIGHT_ANKLE, RIGHT_FOOT)];
    let arms = [(LEFT_ELBOW, LEFT_WRIST), (RIGHT_ELBOW, RIGHT_WRIST)];
    for side in 0..2 {
        let (knee, ankle, foot) = feet[side];
        let sole = direction(joints, ankle, foot);
        let shin = direction(joints, knee, ankle);
        // Down from the ankle, at right angles to the line from ankle to ball.
        let down = (shin - sole * shin.dot(sole)).normalize_or_zero();
        all[HEELS[side]] = joints[ankle] + down * (0.058 * scale);
        let along = (joints[foot] - all[HEELS[side]]).normalize_or_zero();
        all[TOES[side]] = joints[foot] + along * (0.055 * scale);
        let (elbow, wrist) = arms[side];
        all[HANDS[side]] = joints[wrist] + direction(joints, elbow, wrist) * (0.105 * scale);
    }
    let up = direction(joints, NECK, HEAD);
    // The direction of the chest: up the spine x towards the right shoulder.
    let chest = direction(joints, SPINE1, NECK).cross(direction(joints, LEFT_SHOULDER, RIGHT_SHOULDER));
    let front = (chest - up * chest.dot(up)).normalize_or_zero();
    all[SKULL] = joints[HEAD] + up * (0.105 * scale) + front * (0.004 * scale);
    all[FACE] = joints[HEAD] + up * (0.052 * scale) + front * (0.046 * scale);
    all
}

/// Unit vector from one joint to another, or zero if they coincide.
fn direction(joints: &Joints, from: usize, to: usize) -> Vec3 {
    (joints[to] - joints[from]).normalize_or_zero()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A standing body with its arms down, z up, facing +y.
    fn standing() -> Joints {
        let mut joints = [Vec3::ZERO; JOINTS];
        let mut set = |index: usize, x: f32, y: f32, z: f32| joints[index] = Vec3::new(x, y, z);
        set(PELVIS, 0.0, 0.0, 0.95);
        set(SPINE1, 0.0, 0.0, 1.05);
        set(SPINE2, 0.0, 0.0, 1.18);
        set(NECK, 0.0, 0.0, 1.42);
        set(HEAD, 0.0, 0.02, 1.5);
        for (right, x) in [(0, -1.0), (1, 1.0)] {
            set(LEFT_HIP + right, 0.07 * x, 0.0, 0.86);
            set(LEFT_KNEE + right, 0.08 * x, 0.0, 0.46);
            set(LEFT_ANKLE + right, 0.08 * x, 0.0, 0.07);
            set(LEFT_FOOT + right, 0.08 * x, 0.12, 0.02);
            set(LEFT_COLLAR + right, 0.07 * x, 0.0, 1.34);
            set(LEFT_SHOULDER + right, 0.18 * x, 0.0, 1.37);
            set(LEFT_ELBOW + right, 0.2 * x, 0.0, 1.1);
            set(LEFT_WRIST + right, 0.21 * x, 0.0, 0.85);
        }
        joints
    }

    #[test]
    fn added_points_are_where_a_standing_body_has_them() {
        let joints = standing();
        let all = points(&joints, scale(&joints));
        assert_eq!(all[..JOINTS], joints);
        for side in 0..2 {
            assert!(all[HEELS[side]].y < -0.01 && all[HEELS[side]].z < 0.04, "heels are behind and below the ankles");
            assert!(all[TOES[side]].y > 0.15, "toes point forwards");
            assert!(all[HANDS[side]].z < 0.78, "hands go on downwards");
        }
        assert!(all[SKULL].z > 1.58 && all[FACE].y > all[SKULL].y + 0.02, "the face looks forwards");
    }

    #[test]
    fn a_larger_body_gets_larger_parts_and_a_point_body_stays_finite() {
        let joints = standing();
        let twice = joints.map(|p| p * 2.0);
        assert!((scale(&twice) / scale(&joints) - 2.0).abs() < 1e-6);
        let point = [Vec3::ONE; JOINTS];
        assert_eq!(scale(&point), 1.0);
        assert!(points(&point, 1.0).iter().all(|p| p.is_finite()));
    }

    #[test]
    fn every_part_joins_two_points_and_sides_mirror() {
        for p in PARTS {
            assert!(p.from < POINTS && p.to < POINTS && p.from != p.to);
        }
        let radii = |side: Side| PARTS.iter().filter(move |p| p.side == side).map(|p| (p.from_radius, p.to_radius));
        assert!(radii(Side::Left).eq(radii(Side::Right)));
    }
}

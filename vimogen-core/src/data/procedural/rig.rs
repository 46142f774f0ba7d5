//! The rig: a few dozen controls of a body, solved to joint rotations and positions.
//!
//! Controls are angles in radians, positions in metres, z up. Legs are placed by their toes and solved by two-bone
//! inverse kinematics, so a toe that does not move in the controls does not move in the world.

use glam::{Mat3, Quat, Vec2, Vec3};

use super::curve::mix;
use crate::body::{NEUTRAL, REST_OFFSETS, REST_TO_WORLD, SHIN, THIGH};
use crate::motion::layout::{BODY_JOINTS, JOINTS};
use crate::motion::skeleton::joint;

/// Index of the left limb in pairs.
pub const LEFT: usize = 0;
/// Index of the right limb in pairs.
pub const RIGHT: usize = 1;
/// Height of the toe joint (ball of the foot) of a flat foot.
#[cfg(test)]
pub const TOE_HEIGHT: f32 = 0.025;
/// Height of the ankle joint of a flat foot.
pub const ANKLE_HEIGHT: f32 = 0.080;
/// Height of the pelvis of a standing body, knees a little bent.
pub const STAND: f32 = 0.958;
/// Maximum hip-to-ankle distance: a leg is never quite straight.
pub const REACH: f32 = 0.998 * (THIGH + SHIN);

/// An arm, relative to the collar: hanging at all zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arm {
    /// Upper arm forward and up.
    pub flex: f32,
    /// Upper arm sideways, away from the body.
    pub abd: f32,
    /// Upper arm about its own axis, inwards.
    pub twist: f32,
    /// Elbow.
    pub bend: f32,
}

impl Arm {
    /// From degrees.
    pub const fn deg(flex: f32, abd: f32, twist: f32, bend: f32) -> Self {
        const K: f32 = std::f32::consts::PI / 180.0;
        Self { flex: flex * K, abd: abd * K, twist: twist * K, bend: bend * K }
    }

    /// Hanging loosely.
    pub const HANG: Self = Self::deg(0.0, 9.0, 15.0, 14.0);

    /// Share `w` of the way to `other`.
    pub fn toward(self, other: Self, w: f32) -> Self {
        Self {
            flex: mix(self.flex, other.flex, w),
            abd: mix(self.abd, other.abd, w),
            twist: mix(self.twist, other.twist, w),
            bend: mix(self.bend, other.bend, w),
        }
    }

    /// Local rotations of collar, shoulder and elbow; `side` is +1 for the left arm, -1 for the right.
    fn solve(self, side: f32) -> [Mat3; 3] {
        // The collar follows a rising arm, as shoulder blades do.
        let down = (self.abd.cos() * self.flex.cos()).clamp(-1.0, 1.0);
        let lift = 0.05 * (1.0 - down) * (1.0 - down);
        let collar = Mat3::from_rotation_z(side * lift);
        let shoulder = Mat3::from_rotation_x(-self.flex)
            * Mat3::from_rotation_z(side * self.abd)
            * Mat3::from_rotation_y(-side * self.twist)
            * Mat3::from_rotation_z(-side * std::f32::consts::FRAC_PI_2);
        [collar, shoulder, Mat3::from_rotation_y(-side * self.bend.max(0.0))]
    }
}

/// A leg that hangs free, relative to the pelvis.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FreeLeg {
    /// Thigh forward and up.
    pub flex: f32,
    /// Thigh sideways, away from the body.
    pub abd: f32,
    /// Knee.
    pub knee: f32,
    /// Toes down.
    pub ankle: f32,
}

impl FreeLeg {
    /// From degrees.
    pub fn deg(flex: f32, abd: f32, knee: f32, ankle: f32) -> Self {
        let [flex, abd, knee, ankle] = [flex, abd, knee, ankle].map(f32::to_radians);
        Self { flex, abd, knee, ankle }
    }

    /// Share `w` of the way to `other`.
    pub fn toward(self, other: Self, w: f32) -> Self {
        Self {
            flex: mix(self.flex, other.flex, w),
            abd: mix(self.abd, other.abd, w),
            knee: mix(self.knee, other.knee, w),
            ankle: mix(self.ankle, other.ankle, w),
        }
    }
}

/// A foot in the world and, blended in by `free`, a leg that hangs free.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Leg {
    /// Toe joint.
    pub toe: Vec3,
    /// Heading of the foot, counter-clockwise from +y.
    pub yaw: f32,
    /// Heel up, about the toe.
    pub pitch: f32,
    /// Share of [`Leg::swing`] in the pose, 0 to 1.
    pub free: f32,
    /// The leg when it hangs free.
    pub swing: FreeLeg,
}

/// Place and heading of a flat foot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Print {
    /// Ankle, seen from above.
    pub ankle: Vec2,
    /// Heading of the foot, counter-clockwise from +y.
    pub yaw: f32,
}

impl Print {
    /// The foot of a standing body at `root`, heading `yaw`.
    pub fn home(foot: usize, root: Vec2, yaw: f32) -> Self {
        let side = if foot == LEFT { -1.0 } else { 1.0 };
        let ankle = root + Vec2::from_angle(yaw).rotate(Vec2::new(side * 0.1, -0.015));
        Self { ankle, yaw: yaw - side * 0.14 }
    }

    /// The leg with its foot on this print.
    pub fn leg(self, foot: usize) -> Leg {
        let offset = foot_frame(self.yaw, 0.0) * REST_OFFSETS[joint::LEFT_FOOT + foot];
        let toe = self.ankle.extend(ANKLE_HEIGHT) + offset;
        Leg { toe, yaw: self.yaw, pitch: 0.0, free: 0.0, swing: FreeLeg::default() }
    }
}

/// Global orientation of a foot.
fn foot_frame(yaw: f32, pitch: f32) -> Mat3 {
    Mat3::from_rotation_z(yaw) * REST_TO_WORLD * Mat3::from_rotation_x(pitch)
}

impl Leg {
    /// The ankle of this foot.
    pub fn ankle(&self, foot: usize) -> Vec3 {
        self.toe - foot_frame(self.yaw, self.pitch) * REST_OFFSETS[joint::LEFT_FOOT + foot]
    }

    fn mirrored(self) -> Self {
        Self { toe: self.toe * MIRROR, yaw: -self.yaw, ..self }
    }
}

const MIRROR: Vec3 = Vec3::new(-1.0, 1.0, 1.0);
/// Angles `[forward, left, right]` in the mirror.
const MIRROR_ANGLES: Vec3 = Vec3::new(1.0, -1.0, -1.0);

/// All controls of a body in one frame. Torso angles are `[pitch forward, yaw left, lean right]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pose {
    /// Pelvis position.
    pub pelvis: Vec3,
    /// Heading, counter-clockwise from +y.
    pub yaw: f32,
    /// Pelvis relative to the heading.
    pub tilt: Vec3,
    /// Chest relative to the pelvis.
    pub spine: Vec3,
    /// Head relative to the chest.
    pub head: Vec3,
    /// Left and right arm.
    pub arms: [Arm; 2],
    /// Left and right leg.
    pub legs: [Leg; 2],
}

impl Default for Pose {
    fn default() -> Self {
        Self {
            pelvis: Vec3::new(0.0, 0.0, STAND),
            yaw: 0.0,
            tilt: Vec3::ZERO,
            spine: Vec3::new(0.03, 0.0, 0.0),
            head: Vec3::ZERO,
            arms: [Arm::HANG; 2],
            legs: [LEFT, RIGHT].map(|foot| Print::home(foot, Vec2::ZERO, 0.0).leg(foot)),
        }
    }
}

/// A solved frame.
#[derive(Debug, Clone)]
pub struct Solved {
    /// Root orientation.
    pub orient: Mat3,
    /// Rotations of joints 1..22 relative to their parents.
    pub local: [Mat3; BODY_JOINTS],
    /// Joint positions.
    pub joints: [Vec3; JOINTS],
}

impl Pose {
    /// Moves both arms the share `w` of the way to `arm`.
    pub fn swing_arms(&mut self, arm: Arm, w: f32) {
        self.arms = self.arms.map(|own| own.toward(arm, w));
    }

    /// The same pose seen in a mirror that swaps left and right (x becomes -x).
    pub fn mirrored(&self) -> Self {
        Self {
            pelvis: self.pelvis * MIRROR,
            yaw: -self.yaw,
            tilt: self.tilt * MIRROR_ANGLES,
            spine: self.spine * MIRROR_ANGLES,
            head: self.head * MIRROR_ANGLES,
            arms: [self.arms[RIGHT], self.arms[LEFT]],
            legs: [self.legs[RIGHT].mirrored(), self.legs[LEFT].mirrored()],
        }
    }

    /// The same pose turned by `yaw` about the origin, then moved by `by`.
    pub fn moved(&self, by: Vec2, yaw: f32) -> Self {
        let turn = Mat3::from_rotation_z(yaw);
        let place = |p: Vec3| turn * p + by.extend(0.0);
        let mut out = *self;
        out.pelvis = place(self.pelvis);
        out.yaw += yaw;
        for leg in &mut out.legs {
            leg.toe = place(leg.toe);
            leg.yaw += yaw;
        }
        out
    }

    fn orient(&self) -> Mat3 {
        Mat3::from_rotation_z(self.yaw) * REST_TO_WORLD * euler(self.tilt)
    }

    /// How much too high the pelvis is for both feet to be reached, metres; 0 if it is not.
    pub fn overreach(&self) -> f32 {
        let orient = self.orient();
        let need = |foot: usize| {
            let leg = &self.legs[foot];
            let hip = self.pelvis + orient * REST_OFFSETS[joint::LEFT_HIP + foot];
            let ankle = leg.ankle(foot);
            let level = (hip - ankle).truncate().length_squared();
            let highest = ankle.z + (REACH * REACH - level).max(0.0).sqrt();
            (hip.z - highest) * (1.0 - leg.free)
        };
        need(LEFT).max(need(RIGHT)).max(0.0)
    }

    /// Joint rotations and positions.
    pub fn solve(&self) -> Solved {
        let orient = self.orient();
        let mut local = [Mat3::IDENTITY; BODY_JOINTS];
        for j in [joint::SPINE1, joint::SPINE2, joint::SPINE3] {
            local[j - 1] = euler(self.spine / 3.0);
        }
        local[joint::NECK - 1] = euler(0.8 * self.head);
        local[joint::HEAD - 1] = euler(0.2 * self.head);
        for (limb, side) in [(LEFT, 1.0), (RIGHT, -1.0)] {
            let [collar, shoulder, elbow] = self.arms[limb].solve(side);
            local[joint::LEFT_COLLAR + limb - 1] = collar;
            local[joint::LEFT_SHOULDER + limb - 1] = shoulder;
            local[joint::LEFT_ELBOW + limb - 1] = elbow;
            let [hip, knee, ankle, toes] = self.solve_leg(limb, side, orient);
            local[joint::LEFT_HIP + limb - 1] = hip;
            local[joint::LEFT_KNEE + limb - 1] = knee;
            local[joint::LEFT_ANKLE + limb - 1] = ankle;
            local[joint::LEFT_FOOT + limb - 1] = toes;
        }
        let rotations = std::array::from_fn(|j| if j == joint::PELVIS { orient } else { local[j - 1] });
        let (_, joints) = NEUTRAL.fk(self.pelvis, rotations);
        Solved { orient, local, joints }
    }

    /// Local rotations of hip, knee, ankle and toes.
    fn solve_leg(&self, foot: usize, side: f32, orient: Mat3) -> [Mat3; 4] {
        let leg = &self.legs[foot];
        let toes = Mat3::from_rotation_x(-0.7 * leg.pitch.max(0.0) * (1.0 - leg.free));
        let (hip, knee, ankle) = self.reach(foot, orient);
        if leg.free <= 0.0 {
            return [hip, Mat3::from_rotation_x(knee), ankle, toes];
        }
        let free = leg.swing;
        let free_hip = Mat3::from_rotation_z(side * free.abd) * Mat3::from_rotation_x(-free.flex);
        let w = leg.free.min(1.0);
        [
            blend(hip, free_hip, w),
            Mat3::from_rotation_x(mix(knee, free.knee, w)),
            blend(ankle, Mat3::from_rotation_x(free.ankle), w),
            toes,
        ]
    }

    /// Two-bone inverse kinematics: hip rotation, knee angle, ankle rotation.
    fn reach(&self, foot: usize, orient: Mat3) -> (Mat3, f32, Mat3) {
        let leg = &self.legs[foot];
        let hip = self.pelvis + orient * REST_OFFSETS[joint::LEFT_HIP + foot];
        let to_ankle = leg.ankle(foot) - hip;
        let distance = to_ankle.length().clamp(0.25, REACH);
        let down = to_ankle.normalize_or(Vec3::NEG_Z);
        // The knee hinge points to the person's left, halfway between the headings of pelvis and foot.
        let heading = 0.5 * (self.yaw + self.tilt.y + leg.yaw);
        let left = Mat3::from_rotation_z(heading) * Vec3::NEG_X;
        let hinge = (left - down * down.dot(left)).normalize_or(left);
        let ahead = down.cross(hinge);
        let cosine = |a: f32, b: f32, c: f32| ((a * a + b * b - c * c) / (2.0 * a * b)).clamp(-1.0, 1.0);
        let at_hip = cosine(THIGH, distance, SHIN).acos();
        let knee = std::f32::consts::PI - cosine(THIGH, SHIN, distance).acos();
        let thigh = down * at_hip.cos() + ahead * at_hip.sin();
        let up = -thigh;
        let thigh_frame = Mat3::from_cols(hinge, up, hinge.cross(up));
        let shin_frame = thigh_frame * Mat3::from_rotation_x(knee);
        (orient.transpose() * thigh_frame, knee, shin_frame.transpose() * foot_frame(leg.yaw, leg.pitch))
    }
}

/// Rotation of angles `[pitch forward, yaw left, lean right]` in rest axes.
pub(super) fn euler(a: Vec3) -> Mat3 {
    Mat3::from_rotation_y(a.y) * Mat3::from_rotation_z(a.z) * Mat3::from_rotation_x(a.x)
}

fn blend(a: Mat3, b: Mat3, w: f32) -> Mat3 {
    Mat3::from_quat(Quat::from_mat3(&a).slerp(Quat::from_mat3(&b), w))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_pose_stands_on_flat_feet() {
        let joints = Pose::default().solve().joints;
        for foot in [LEFT, RIGHT] {
            assert!((joints[joint::LEFT_FOOT + foot].z - TOE_HEIGHT).abs() < 1e-5);
            assert!((joints[joint::LEFT_ANKLE + foot].z - ANKLE_HEIGHT).abs() < 1e-5);
        }
        assert!(joints[joint::LEFT_WRIST].z < 0.95 && joints[joint::LEFT_WRIST].x < -0.15);
    }

    #[test]
    fn a_mirrored_pose_has_mirrored_joints() {
        let mut pose =
            Pose { yaw: 0.3, tilt: Vec3::new(0.1, 0.2, 0.1), head: Vec3::new(0.1, 0.4, 0.2), ..Pose::default() };
        pose.arms[RIGHT] = Arm::deg(60.0, 30.0, 20.0, 50.0);
        pose.legs[LEFT].free = 0.6;
        pose.legs[LEFT].swing = FreeLeg::deg(50.0, 10.0, 60.0, 10.0);
        let (a, b) = (pose.solve().joints, pose.mirrored().solve().joints);
        for (i, j) in [(0, 0), (1, 2), (4, 5), (7, 8), (10, 11), (15, 15), (18, 19), (20, 21), (21, 20)] {
            assert!((a[i] * MIRROR).distance(b[j]) < 1e-4, "joint {i}");
        }
    }

    #[test]
    fn toes_are_where_they_were_asked_to_be() {
        let mut pose = Pose { pelvis: Vec3::new(0.05, 0.1, 0.8), ..Pose::default() };
        pose.legs[RIGHT].toe += Vec3::new(0.1, 0.2, 0.1);
        pose.legs[RIGHT].pitch = 0.5;
        let joints = pose.solve().joints;
        for foot in [LEFT, RIGHT] {
            assert!(joints[joint::LEFT_FOOT + foot].distance(pose.legs[foot].toe) < 1e-4);
        }
    }
}

//! A figure: the controls of [`Pose`] with hands that reach for places, and wrists.

use glam::{Mat3, Vec2, Vec3};

use crate::body::{NEUTRAL, REST_TO_WORLD};
use crate::data::procedural::curve::mix;
use crate::data::procedural::rig::{Arm, FreeLeg, LEFT, Leg, Pose, RIGHT, Solved, euler};
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::joint;

/// A place that a hand is drawn to.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Grip {
    /// The wrist: x to the right, y ahead, z up; in the world, or from between the shoulders.
    pub at: Vec3,
    /// 0: the arm follows its own angles; 1: the wrist is at the place, if the arm is long enough.
    pub pull: f32,
}

/// Number of controls.
pub const CONTROLS: usize = 63;
const UPPER: f32 = 0.265;
const FORE: f32 = 0.25;
/// The middle of the shoulders below the neck's joint.
const SHOULDERS_BELOW_NECK: f32 = 0.06;
/// Shares of lower, middle and upper spine in the bend of the trunk, as real clips show it.
const SPINE: [f32; 3] = [0.62, 0.13, 0.25];
/// Shares of neck and head.
const NECK: [f32; 2] = [0.5, 0.5];

/// Controls of a body in one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// Body, legs, and arms by angles.
    pub pose: Pose,
    /// Places in the world for the wrists.
    pub world: [Grip; 2],
    /// Places for the wrists in front of the body, from between the shoulders.
    pub body: [Grip; 2],
    /// Elbows that are drawn to a place: raised outwards, radians.
    pub elbow: [f32; 2],
    /// Wrists: bent towards the palm, and turned inwards, radians.
    pub wrist: [Vec2; 2],
}

impl Default for Figure {
    fn default() -> Self {
        Self::of(Pose::default())
    }
}

impl Figure {
    /// A figure whose arms follow their angles.
    pub fn of(pose: Pose) -> Self {
        Self { pose, world: [Grip::default(); 2], body: [Grip::default(); 2], elbow: [0.0; 2], wrist: [Vec2::ZERO; 2] }
    }

    /// Draws a wrist to a place in front of the body.
    pub fn hand(&mut self, arm: usize, x: f32, y: f32, z: f32) {
        self.body[arm] = Grip { at: Vec3::new(x, y, z), pull: 1.0 };
        self.world[arm].pull = 0.0;
    }

    /// Draws both wrists to places that mirror each other; `x` outwards from the middle.
    pub fn hands(&mut self, x: f32, y: f32, z: f32) {
        self.hand(LEFT, -x, y, z);
        self.hand(RIGHT, x, y, z);
    }

    /// Draws a wrist to a place in the world.
    pub fn touch(&mut self, arm: usize, x: f32, y: f32, z: f32) {
        self.world[arm] = Grip { at: Vec3::new(x, y, z), pull: 1.0 };
        self.body[arm].pull = 0.0;
    }

    /// Lets an arm follow its angles.
    pub fn release(&mut self, arm: usize) {
        self.world[arm].pull = 0.0;
        self.body[arm].pull = 0.0;
    }

    /// Sets both arms to angles, in degrees: forward, aside, turned inwards, bend.
    pub fn both(&mut self, flex: f32, abd: f32, twist: f32, bend: f32) {
        for arm in [LEFT, RIGHT] {
            self.arm(arm, flex, abd, twist, bend);
        }
    }

    /// Sets an arm to angles, in degrees.
    pub fn arm(&mut self, arm: usize, flex: f32, abd: f32, twist: f32, bend: f32) {
        self.pose.arms[arm] = Arm::deg(flex, abd, twist, bend);
        self.release(arm);
    }

    /// Lifts a leg: thigh forward, thigh aside, knee, toes down, in degrees.
    pub fn leg(&mut self, foot: usize, flex: f32, abd: f32, knee: f32, ankle: f32) {
        self.pose.legs[foot].free = 1.0;
        self.pose.legs[foot].swing = FreeLeg::deg(flex, abd, knee, ankle);
    }

    /// Trunk relative to the pelvis, in degrees: forward, to the left, to the right side.
    pub fn spine(&mut self, pitch: f32, yaw: f32, lean: f32) {
        self.pose.spine = Vec3::new(pitch, yaw, lean) * TO_RADIANS;
    }

    /// Pelvis relative to the heading, in degrees.
    pub fn tilt(&mut self, pitch: f32, yaw: f32, lean: f32) {
        self.pose.tilt = Vec3::new(pitch, yaw, lean) * TO_RADIANS;
    }

    /// Head relative to the trunk, in degrees.
    pub fn head(&mut self, pitch: f32, yaw: f32, lean: f32) {
        self.pose.head = Vec3::new(pitch, yaw, lean) * TO_RADIANS;
    }

    /// Lets the body rest on the floor with its lowest part.
    pub fn rest(&mut self) {
        // Standing feet do not follow the pelvis, and arms that reach do so in their own way.
        for _ in 0..3 {
            let lowest = clearance(&self.solve().joints, &self.pose);
            self.pose.pelvis.z -= lowest;
        }
    }

    /// The same figure seen in a mirror that swaps left and right.
    pub fn mirrored(&self) -> Self {
        let flip = |g: [Grip; 2]| [g[RIGHT], g[LEFT]].map(|g| Grip { at: g.at * Vec3::new(-1.0, 1.0, 1.0), ..g });
        Self {
            pose: self.pose.mirrored(),
            world: flip(self.world),
            body: flip(self.body),
            elbow: [self.elbow[RIGHT], self.elbow[LEFT]],
            wrist: [self.wrist[RIGHT], self.wrist[LEFT]],
        }
    }

    /// The same figure turned by `yaw` about the origin, then moved by `by`.
    pub fn moved(&self, by: Vec2, yaw: f32) -> Self {
        let turn = Mat3::from_rotation_z(yaw);
        let place = |g: Grip| Grip { at: turn * g.at + by.extend(0.0), ..g };
        Self { pose: self.pose.moved(by, yaw), world: self.world.map(place), ..*self }
    }

    /// All controls in a row.
    pub fn to_array(self) -> [f32; CONTROLS] {
        let mut out = [0.0; CONTROLS];
        let mut slots = out.iter_mut();
        let mut put = |values: &[f32]| values.iter().for_each(|v| *slots.next().expect("as many as CONTROLS") = *v);
        let p = &self.pose;
        [p.pelvis, p.tilt, p.spine, p.head].iter().for_each(|v| put(&v.to_array()));
        put(&[p.yaw]);
        p.arms.iter().for_each(|a| put(&[a.flex, a.abd, a.twist, a.bend]));
        for l in &p.legs {
            put(&l.toe.to_array());
            put(&[l.yaw, l.pitch, l.free, l.swing.flex, l.swing.abd, l.swing.knee, l.swing.ankle]);
        }
        for g in self.world.iter().chain(&self.body) {
            put(&g.at.to_array());
            put(&[g.pull]);
        }
        put(&self.elbow);
        self.wrist.iter().for_each(|w| put(&w.to_array()));
        out
    }

    /// The figure of a row of controls.
    pub fn from_array(row: [f32; CONTROLS]) -> Self {
        let mut values = row.into_iter();
        let mut next = || values.next().expect("as many as CONTROLS");
        let mut v = || Vec3::new(next(), next(), next());
        let [pelvis, tilt, spine, head] = std::array::from_fn(|_| v());
        let yaw = next();
        let arms = std::array::from_fn(|_| Arm { flex: next(), abd: next(), twist: next(), bend: next() });
        let legs = std::array::from_fn(|_| Leg {
            toe: Vec3::new(next(), next(), next()),
            yaw: next(),
            pitch: next(),
            free: next(),
            swing: FreeLeg { flex: next(), abd: next(), knee: next(), ankle: next() },
        });
        let mut grip = || Grip { at: Vec3::new(next(), next(), next()), pull: next() };
        let (world, body) = ([grip(), grip()], [grip(), grip()]);
        let elbow = [next(), next()];
        let wrist = [Vec2::new(next(), next()), Vec2::new(next(), next())];
        Self { pose: Pose { pelvis, yaw, tilt, spine, head, arms, legs }, world, body, elbow, wrist }
    }

    /// Share `w` of the way to `other`.
    pub fn toward(self, other: Self, w: f32) -> Self {
        let (a, b) = (self.to_array(), other.to_array());
        Self::from_array(std::array::from_fn(|i| mix(a[i], b[i], w)))
    }

    /// Joint rotations and positions.
    pub fn solve(&self) -> Solved {
        let mut solved = self.pose.solve();
        for (share, j) in SPINE.into_iter().zip([joint::SPINE1, joint::SPINE2, joint::SPINE3]) {
            solved.local[j - 1] = euler(share * self.pose.spine);
        }
        solved.local[joint::NECK - 1] = euler(NECK[0] * self.pose.head);
        solved.local[joint::HEAD - 1] = euler(NECK[1] * self.pose.head);
        for (arm, side) in [(LEFT, 1.0), (RIGHT, -1.0)] {
            let wrist = self.wrist[arm];
            solved.local[joint::LEFT_WRIST + arm - 1] =
                Mat3::from_rotation_x(wrist.y) * Mat3::from_rotation_z(-side * wrist.x);
        }
        let (mut turned, mut joints) = chain(&self.pose, &solved);
        for arm in [LEFT, RIGHT] {
            if self.world[arm].pull + self.body[arm].pull > 0.0 {
                self.reach(arm, &turned, &joints, &mut solved);
                (turned, joints) = chain(&self.pose, &solved);
            }
        }
        solved.joints = joints;
        solved
    }

    /// Places of the wrist, as far as they draw the arm.
    fn wanted(&self, arm: usize, turned: &[Mat3; JOINTS], joints: &[Vec3; JOINTS]) -> Vec3 {
        let chest = turned[joint::SPINE3];
        let origin = joints[joint::NECK] - chest * Vec3::Y * SHOULDERS_BELOW_NECK;
        let ahead = chest * (REST_TO_WORLD.transpose() * self.body[arm].at);
        let own = joints[joint::LEFT_WRIST + arm];
        own.lerp(origin + ahead, self.body[arm].pull.clamp(0.0, 1.0))
            .lerp(self.world[arm].at, self.world[arm].pull.clamp(0.0, 1.0))
    }

    /// Two-bone inverse kinematics of an arm.
    fn reach(&self, arm: usize, turned: &[Mat3; JOINTS], joints: &[Vec3; JOINTS], solved: &mut Solved) {
        let side = if arm == LEFT { 1.0 } else { -1.0 };
        let (shoulder, chest) = (joints[joint::LEFT_SHOULDER + arm], turned[joint::SPINE3]);
        let own_elbow = joints[joint::LEFT_ELBOW + arm];
        let to = self.wanted(arm, turned, joints) - shoulder;
        let pull = self.world[arm].pull.max(self.body[arm].pull).clamp(0.0, 1.0);
        let distance = to.length().clamp(0.1, 0.998 * (UPPER + FORE));
        let along = to.normalize_or(Vec3::NEG_Z);
        // Elbows point down, outwards and a little back, raised by the control.
        let swing = Mat3::from_rotation_z(side * self.elbow[arm]);
        let usual = chest * (swing * Vec3::new(0.35 * side, -1.0, -0.35));
        let own = own_elbow - shoulder;
        let own = own - along * own.dot(along);
        let pole = own.normalize_or_zero().lerp(usual.normalize_or_zero(), pull);
        let pole = (pole - along * pole.dot(along)).normalize_or(chest * Vec3::NEG_Z);
        let cosine = ((UPPER * UPPER + distance * distance - FORE * FORE) / (2.0 * UPPER * distance)).clamp(-1.0, 1.0);
        let upper = along * cosine + pole * (1.0 - cosine * cosine).sqrt();
        let fore = (along * distance - upper * UPPER).normalize_or(along);
        // The forearm bends away from the elbow's side; the bone lies along x.
        let inner = (fore - upper * fore.dot(upper)).normalize_or(-pole);
        let x = upper * side;
        let frame = Mat3::from_cols(x, inner.cross(x), inner);
        let bend = upper.dot(fore).clamp(-1.0, 1.0).acos();
        let collar = turned[joint::LEFT_COLLAR + arm];
        solved.local[joint::LEFT_SHOULDER + arm - 1] = collar.transpose() * frame;
        solved.local[joint::LEFT_ELBOW + arm - 1] = Mat3::from_rotation_y(-side * bend);
    }
}

const TO_RADIANS: f32 = std::f32::consts::PI / 180.0;

fn chain(pose: &Pose, solved: &Solved) -> ([Mat3; JOINTS], [Vec3; JOINTS]) {
    let rotations = std::array::from_fn(|j| if j == joint::PELVIS { solved.orient } else { solved.local[j - 1] });
    NEUTRAL.fk(pose.pelvis, rotations)
}

/// Half the thickness of the body at each joint, metres.
const THICKNESS: [f32; JOINTS] = [
    0.105, 0.085, 0.085, 0.10, 0.055, 0.055, 0.10, 0.05, 0.05, 0.10, 0.02, 0.02, 0.06, 0.07, 0.07, 0.10, 0.07, 0.07,
    0.045, 0.045, 0.035, 0.035,
];

/// Distance of the lowest part of the body, apart from standing feet and arms, from the floor; negative below it.
pub fn clearance(joints: &[Vec3; JOINTS], pose: &Pose) -> f32 {
    let stands = |j: usize| {
        let of = |first: usize| (first..first + 2).contains(&j).then(|| pose.legs[j - first].free < 0.05);
        of(joint::LEFT_ANKLE).or_else(|| of(joint::LEFT_FOOT)).unwrap_or(false)
    };
    let counts = |j: usize| !stands(j) && !(joint::LEFT_ELBOW..=joint::RIGHT_WRIST).contains(&j);
    let heights = joints.iter().zip(THICKNESS).enumerate().filter(|(j, _)| counts(*j)).map(|(_, (p, r))| p.z - r);
    heights.fold(f32::MAX, f32::min)
}

/// How far the body is below the floor, metres.
pub fn sunk(joints: &[Vec3; JOINTS], pose: &Pose) -> f32 {
    (-clearance(joints, pose)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::REST_OFFSETS;

    #[test]
    fn a_figure_is_its_row_of_controls() {
        let row = std::array::from_fn(|i| i as f32 * 0.01);
        assert_eq!(Figure::from_array(row).to_array(), row);
    }

    #[test]
    fn hands_are_where_they_were_drawn_to_and_bones_keep_their_length() {
        let mut figure = Figure::default();
        figure.touch(RIGHT, 0.25, 0.3, 1.2);
        figure.hand(LEFT, -0.1, 0.25, 0.1);
        figure.spine(20.0, 15.0, 5.0);
        let solved = figure.solve();
        assert!(solved.joints[joint::RIGHT_WRIST].distance(Vec3::new(0.25, 0.3, 1.2)) < 1e-3);
        for arm in [LEFT, RIGHT] {
            let fore = solved.joints[joint::LEFT_WRIST + arm].distance(solved.joints[joint::LEFT_ELBOW + arm]);
            assert!((fore - REST_OFFSETS[joint::LEFT_WRIST].length()).abs() < 1e-4);
        }
        let mirror = figure.mirrored().solve().joints;
        let there = solved.joints[joint::LEFT_WRIST] * Vec3::new(-1.0, 1.0, 1.0);
        assert!(mirror[joint::RIGHT_WRIST].distance(there) < 1e-3);
    }
}

//! How well a robot follows a clip.

use glam::DVec3;

use super::aim::Aims;
use super::model::{JointKind, Model, Posed, turn_of};
use super::rig::{Rig, missing};
use super::solve::log;
use crate::character::fit::LIMBS;
use crate::character::report::{BoneAngle, bone_angle};
use crate::motion::Motion;
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::JOINT_NAMES;
use crate::motion::skeleton::joint::{
    LEFT_ANKLE, LEFT_ELBOW, LEFT_KNEE, LEFT_WRIST, PELVIS, RIGHT_ANKLE, RIGHT_ELBOW, RIGHT_KNEE, RIGHT_WRIST,
};

/// Joints whose places are compared.
const COMPARED: [usize; 9] =
    [PELVIS, LEFT_KNEE, RIGHT_KNEE, LEFT_ANKLE, RIGHT_ANKLE, LEFT_ELBOW, RIGHT_ELBOW, LEFT_WRIST, RIGHT_WRIST];

/// How well a robot follows a clip. Metres and radians of the robot.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct RobotReport {
    /// Number of frames.
    pub frames: usize,
    /// Frames per second.
    pub fps: f32,
    /// Pairs of our joint and the robot's body.
    pub bodies: Vec<(String, String)>,
    /// Our joints that the robot does not have.
    pub missing: Vec<String>,
    /// The robot's metres per metre of the clip: the ratio of the lengths of the legs, by which steps are scaled.
    pub scale: f32,
    /// The same ratio of the arms.
    pub arm_scale: f32,
    /// Number of joint values, over all frames, beyond their range.
    pub violations: usize,
    /// Joint values that are at an end of their range, as a share of all, from 0 to 1.
    pub at_limits: f32,
    /// Highest speed of a joint, radians or metres per second, without the root.
    pub max_velocity: f32,
    /// The joint of that speed; empty for a clip of one frame.
    pub fastest: String,
    /// Joint values that change at the limit of speed, as a share of all.
    pub at_speed: f32,
    /// Mean distance of pelvis, knees, ankles, elbows and wrists from where the clip has them at the robot's size.
    pub mean_error: f32,
    /// Maximum of that distance.
    pub max_error: f32,
    /// Mean distance of each of these joints.
    pub errors: Vec<(String, f32)>,
    /// Angles between the limbs and those of the clip.
    pub angles: Vec<BoneAngle>,
    /// Farthest that the ball of a standing foot moves over the ground from the middle of its stand.
    pub slide: f32,
    /// Number of stands of feet.
    pub stands: usize,
    /// Maximum depth of a solid below the ground.
    pub penetration: f32,
    /// Maximum height of the sole of a standing foot above the ground.
    pub float: f32,
    /// Doubts, one sentence each.
    pub warnings: Vec<String>,
}

/// Measurements of a robot's frames.
pub(super) struct Measured<'a> {
    model: &'a Model,
    rig: &'a Rig,
    aims: &'a Aims,
    speed: f64,
    fps: f64,
    last: Option<Vec<f64>>,
    violations: usize,
    at_limits: usize,
    at_speed: usize,
    values: usize,
    fastest: (f64, Option<usize>),
    errors: [Vec<f64>; COMPARED.len()],
    angles: Vec<Vec<f64>>,
    balls: [Vec<DVec3>; 2],
    penetration: f64,
    float: f64,
}

impl<'a> Measured<'a> {
    pub(super) fn new(model: &'a Model, rig: &'a Rig, aims: &'a Aims, speed: f64) -> Self {
        Self {
            model,
            rig,
            aims,
            speed,
            fps: 0.0,
            last: None,
            violations: 0,
            at_limits: 0,
            at_speed: 0,
            values: 0,
            fastest: (0.0, None),
            errors: Default::default(),
            angles: vec![Vec::new(); LIMBS.len()],
            balls: Default::default(),
            penetration: 0.0,
            float: 0.0,
        }
    }

    /// Frames per second, by which steps become speeds.
    pub(super) fn at(mut self, fps: f32) -> Self {
        self.fps = f64::from(fps);
        self
    }

    /// Adds a frame.
    pub(super) fn frame(&mut self, t: usize, row: &[f64], posed: &Posed) {
        self.joints(row);
        let aim = &self.aims.frames[t];
        let at = |joint: usize| self.rig.points[joint].map(|(body, point)| posed.point(body, point));
        for (joint, errors) in COMPARED.into_iter().zip(&mut self.errors) {
            errors.extend(at(joint).map(|place| place.distance(aim.places[joint])));
        }
        for ((joint, end), angles) in LIMBS.into_iter().zip(&mut self.angles) {
            let bone = at(joint).zip(at(end)).map(|(from, to)| to - from);
            angles.extend(bone.map(|bone| bone.angle_between(aim.places[end] - aim.places[joint]).to_degrees()));
        }
        for side in 0..2 {
            self.balls[side].extend(self.aims.balls[side].map(|(body, point)| posed.point(body, point)));
            let height = self.rig.sole(posed, side);
            if aim.stands[side] && height.is_finite() {
                self.float = self.float.max(height);
            }
            self.penetration = self.penetration.max(-height);
        }
        self.penetration = self.penetration.max(-self.rig.low(self.model, posed));
        self.last = Some(row.to_vec());
    }

    /// Ranges and speeds.
    fn joints(&mut self, row: &[f64]) {
        for (j, joint) in self.model.joints.iter().enumerate() {
            let value = match joint.kind {
                JointKind::Free => continue,
                JointKind::Ball => log(turn_of(&row[joint.at..])).length(),
                JointKind::Slide | JointKind::Hinge => row[joint.at],
            };
            self.values += 1;
            if let Some([low, high]) = joint.range {
                self.violations += usize::from(value < low || value > high);
                let near = |end: f64| (value - end).abs() < 1e-5;
                self.at_limits += usize::from(near(high) || (near(low) && joint.kind != JointKind::Ball));
            }
            let Some(last) = &self.last else { continue };
            let step = match joint.kind {
                JointKind::Ball => log(turn_of(&last[joint.at..]).inverse() * turn_of(&row[joint.at..])).length(),
                _ => (row[joint.at] - last[joint.at]).abs(),
            };
            let speed = step * self.fps;
            self.at_speed += usize::from(speed > 0.999 * self.speed);
            if speed > self.fastest.0 {
                self.fastest = (speed, Some(j));
            }
        }
    }

    pub(super) fn report(self, motion: &Motion) -> RobotReport {
        let named = |joint: usize| {
            Some((JOINT_NAMES[joint].to_string(), self.model.bodies[self.rig.bodies[joint]?].name.clone()))
        };
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
        let all: Vec<f64> = self.errors.iter().flatten().copied().collect();
        let errors = COMPARED.into_iter().zip(&self.errors).filter(|(_, errors)| !errors.is_empty());
        let angles = LIMBS.iter().zip(&self.angles).filter(|(_, angles)| !angles.is_empty());
        let share = |count: usize| count as f32 / self.values.max(1) as f32;
        RobotReport {
            frames: motion.len(),
            fps: motion.fps(),
            bodies: (0..JOINTS).filter_map(named).collect(),
            missing: missing(&self.rig.points, &self.rig.bodies),
            scale: self.aims.scale as f32,
            arm_scale: (self.rig.arm / self.aims.arm) as f32,
            violations: self.violations,
            at_limits: share(self.at_limits),
            max_velocity: self.fastest.0 as f32,
            fastest: self.fastest.1.map(|joint| self.model.joints[joint].name.clone()).unwrap_or_default(),
            at_speed: share(self.at_speed),
            mean_error: mean(&all) as f32,
            max_error: all.iter().copied().fold(0.0, f64::max) as f32,
            errors: errors.map(|(joint, errors)| (JOINT_NAMES[joint].into(), mean(errors) as f32)).collect(),
            angles: angles.map(|((joint, _), angles)| bone_angle(*joint, angles)).collect(),
            slide: self.slide() as f32,
            stands: self.aims.stood.stands.iter().map(Vec::len).sum(),
            penetration: self.penetration as f32,
            float: self.float as f32,
            warnings: self.rig.doubts.clone(),
        }
    }

    /// Maximum distance of a standing ball from the middle of its stand, over the ground.
    fn slide(&self) -> f64 {
        let mut slide = 0.0f64;
        for (stands, path) in self.aims.stood.stands.iter().zip(&self.balls) {
            for path in stands.iter().filter_map(|(first, last)| path.get(*first..=*last)) {
                let middle = path.iter().sum::<DVec3>() / path.len() as f64;
                slide = path.iter().map(|place| (*place - middle).truncate().length()).fold(slide, f64::max);
            }
        }
        slide
    }
}

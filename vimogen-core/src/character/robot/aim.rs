//! Where the bodies of a robot should be in each frame of a clip.

use glam::{DQuat, DVec3};

use super::model::Model;
use super::rig::{Rig, UP};
use super::solve::Task;
use crate::body::Track;
use crate::character::feet::{self, Stood};
use crate::character::fit::Fit;
use crate::character::perform::Stage;
use crate::error::Result;
use crate::motion::Pose;
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::joint::{
    HEAD, LEFT_ANKLE, LEFT_ELBOW, LEFT_FOOT, LEFT_KNEE, LEFT_WRIST, PELVIS, RIGHT_ANKLE, RIGHT_WRIST, SPINE3,
};

/// Weights per square metre of the places of our joints.
const PLACES: [(usize, f64); 6] =
    [(PELVIS, 2.0), (LEFT_KNEE, 1.0), (LEFT_ANKLE, 10.0), (LEFT_FOOT, 20.0), (LEFT_ELBOW, 1.0), (LEFT_WRIST, 2.0)];
/// Weights per square radian of the rotations of our joints.
const TURNS: [(usize, f64); 5] = [(PELVIS, 0.3), (SPINE3, 0.5), (LEFT_ANKLE, 0.5), (LEFT_WRIST, 0.01), (HEAD, 0.05)];
/// How much more a foot weighs that stands.
const STANDS: f64 = 10.0;

/// Places and rotations of our joints on the robot, z up, the ground at height 0. Rotations are those of the bodies.
#[derive(Debug, Clone)]
pub(super) struct Aim {
    pub places: [DVec3; JOINTS],
    pub turns: [DQuat; JOINTS],
    /// Whether each foot stands.
    pub stands: [bool; 2],
}

/// A clip on a robot.
#[derive(Debug)]
pub(super) struct Aims {
    pub frames: Vec<Aim>,
    pub stood: Stood,
    /// The robot's metres per metre of the clip.
    pub scale: f64,
    /// Length of the clip's arm from shoulder to wrist, metres.
    pub arm: f64,
    /// Points of the feet that stay when they stand: the body, and a point of it.
    pub balls: [Option<(usize, DVec3)>; 2],
}

impl Aims {
    pub(super) fn new(model: &Model, rig: &Rig, track: &Track, plant: bool) -> Result<Self> {
        let armature = &rig.armature;
        let fit = Fit::new(armature, armature.at_rest(|_| true), &track.skeleton)?;
        let stood = feet::stand(&fit, &track.skeleton, &track.poses, track.fps, plant);
        let stage = Stage::new(armature, &fit, &stood)?;
        let up = DQuat::from_mat3(&UP);
        let aim = |(t, pose): (usize, &Pose)| {
            let (turns, places) = (stage.turns(pose), stage.places(pose));
            Aim {
                places: places.map(|place| UP.transpose() * (place - DVec3::Y * fit.ground)),
                turns: std::array::from_fn(|j| (up.inverse() * turns[j] * up * rig.rest[j]).normalize()),
                stands: [0, 1].map(|foot| stood.stands[foot].iter().any(|(first, last)| (*first..=*last).contains(&t))),
            }
        };
        let frames = stood.poses.iter().enumerate().map(aim).collect();
        let ball = |side: usize| {
            rig.points[LEFT_FOOT + side].or_else(|| {
                let (body, ankle) = rig.points[LEFT_ANKLE + side]?;
                let bone = fit.turns[LEFT_ANKLE + side] * fit.skeleton.offsets[LEFT_FOOT + side].as_dvec3() * fit.scale;
                Some((body, ankle + rig.rest[LEFT_ANKLE + side].inverse() * (UP.transpose() * bone)))
            })
        };
        let offsets = &track.skeleton.offsets;
        let arm = f64::from(offsets[LEFT_ELBOW].length() + offsets[LEFT_WRIST].length());
        let balls = [ball(0), ball(1)];
        debug_assert!(balls.iter().flatten().all(|(body, _)| *body < model.bodies.len()));
        Ok(Self { frames, scale: fit.scale, arm, balls, stood })
    }

    /// The tasks of a frame.
    pub(super) fn tasks(&self, model: &Model, rig: &Rig, frame: usize) -> Vec<Task> {
        let aim = &self.frames[frame];
        let mut tasks = Vec::with_capacity(24);
        let sides = |joint: usize| if matches!(joint, PELVIS | SPINE3 | HEAD) { 1 } else { 2 };
        for (joint, weight) in PLACES {
            for side in 0..sides(joint) {
                let ball = self.balls[side].filter(|_| turns_apart(model, rig, LEFT_ANKLE + side));
                let at = if joint == LEFT_FOOT { ball } else { rig.points[joint + side] };
                let foot = matches!(joint, LEFT_ANKLE | LEFT_FOOT);
                let weight = if foot && aim.stands[side] { weight * STANDS } else { weight };
                if let Some((body, point)) = at {
                    tasks.push(Task { body, point, place: Some((aim.places[joint + side], weight)), turn: None });
                }
            }
        }
        for (joint, weight) in TURNS {
            for side in 0..sides(joint) {
                if let Some(body) = rig.bodies[joint + side].filter(|_| turns_apart(model, rig, joint + side)) {
                    let turn = Some((aim.turns[joint + side], weight));
                    tasks.push(Task { body, point: DVec3::ZERO, place: None, turn });
                }
            }
        }
        tasks
    }
}

/// Whether the body of a joint can turn against the limb or the chest that it hangs on. A head that is part of the chest would
/// turn the chest, a foot that is part of the shin the leg.
fn turns_apart(model: &Model, rig: &Rig, joint: usize) -> bool {
    let above = match joint {
        HEAD => SPINE3,
        LEFT_ANKLE | RIGHT_ANKLE => joint - LEFT_ANKLE + LEFT_KNEE,
        LEFT_WRIST | RIGHT_WRIST => joint - LEFT_WRIST + LEFT_ELBOW,
        _ => return true,
    };
    let pair = rig.bodies[above].zip(rig.bodies[joint]);
    pair.is_some_and(|(above, body)| !model.joints_down(above, body).is_empty())
}

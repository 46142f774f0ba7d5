mod hero;
mod hostile;
mod limbs;
mod playback;
mod whole;

use glam::{Quat, Vec3};

use crate::Motion;
use crate::body::{NEUTRAL, REST_TO_WORLD, SHIN, THIGH, body_low};
use crate::motion::Pose;
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::joint::*;

/// Frames of two steps, and the share of them in which a foot stands.
const ROUND: usize = 24;
const STANCE: f32 = 0.6;
/// Length of two steps, and height of the hip joints above the ankles, metres.
const STRIDE: f32 = 0.7;
const HIGH: f32 = 0.74;

/// A person who walks, swings the arms, turns the trunk and twists a forearm. Feet stand where they stand.
pub fn walk(frames: usize) -> Motion {
    let mut still = Pose { root: Vec3::ZERO, rotations: [Quat::IDENTITY; JOINTS] };
    still.rotations[PELVIS] = Quat::from_mat3(&REST_TO_WORLD);
    let ankle = NEUTRAL.fk(still.root, still.rotations).1[LEFT_ANKLE].z - body_low(&NEUTRAL, &still);
    let poses: Vec<Pose> = (0..frames).map(|t| step(still, t as f32 / ROUND as f32, ankle)).collect();
    Motion::from_poses(&poses, 20.0).unwrap()
}

/// The pose after some rounds of two steps.
fn step(still: Pose, round: f32, ankle: f32) -> Pose {
    let phase = std::f32::consts::TAU * round;
    let mut rotations = still.rotations;
    for (side, sign) in [(0, 1.0f32), (1, -1.0)] {
        let (ahead, lift) = foot(round + 0.5 * side as f32);
        let (down, far) = (HIGH - lift, (HIGH - lift).hypot(ahead));
        let angle = |a: f32, b: f32, c: f32| ((a * a + b * b - c * c) / (2.0 * a * b)).clamp(-1.0, 1.0).acos();
        let thigh = ahead.atan2(down) + angle(THIGH, far, SHIN);
        let knee = std::f32::consts::PI - angle(THIGH, SHIN, far);
        rotations[LEFT_HIP + side] = Quat::from_rotation_x(-thigh);
        rotations[LEFT_KNEE + side] = Quat::from_rotation_x(knee);
        rotations[LEFT_ANKLE + side] = Quat::from_rotation_x(thigh - knee);
        rotations[LEFT_SHOULDER + side] =
            Quat::from_rotation_x(0.5 * sign * phase.sin()) * Quat::from_rotation_z(-sign * 1.2);
        rotations[LEFT_ELBOW + side] = Quat::from_rotation_y(-sign * 0.5);
        rotations[LEFT_WRIST + side] = Quat::from_rotation_x(0.9 * phase.sin());
    }
    for spine in [SPINE1, SPINE2, SPINE3] {
        rotations[spine] = Quat::from_rotation_y(-0.08 * phase.sin()) * Quat::from_rotation_x(0.06);
    }
    rotations[NECK] = Quat::from_rotation_x(-0.1);
    rotations[HEAD] = Quat::from_rotation_y(0.3 * (0.5 * phase).sin());
    let hips = -NEUTRAL.offsets[LEFT_HIP].y;
    Pose { root: Vec3::new(0.3, STRIDE * round, ankle + HIGH + hips), rotations }
}

/// How far a foot is ahead of its hip and above the ground.
fn foot(round: f32) -> (f32, f32) {
    let part = round.rem_euclid(1.0);
    let reach = 0.5 * STANCE * STRIDE;
    if part < STANCE {
        return (reach - STRIDE * part, 0.0);
    }
    let swing = (part - STANCE) / (1.0 - STANCE);
    (reach * -(std::f32::consts::PI * swing).cos(), 0.1 * (std::f32::consts::PI * swing).sin())
}

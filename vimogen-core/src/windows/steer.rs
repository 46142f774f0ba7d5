//! Turning a walk towards a heading while it goes on.

use std::f32::consts::{FRAC_PI_2, PI, TAU};

use glam::{Quat, Vec2};

use super::frames::Frame;
use crate::edit::heading::heading;

/// Maximum turn, radians per second.
const RATE: f32 = 1.9;
/// Maximum change of the turn, radians per second squared.
const CHANGE: f32 = 7.0;
/// Share of the error that is turned away per second.
const GAIN: f32 = 2.5;
/// Speed from which on a body turns at the full rate, metres per second: who stands still does not spin on the spot.
const WALKING: f32 = 0.5;
/// Half of the time over which heading and speed of the body are averaged, seconds.
const AVERAGE: f32 = 0.3;
/// Distance at which a target is reached, metres.
pub(crate) const REACHED: f32 = 0.4;

/// Where a body is to go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Aim {
    /// Radians from +x, counterclockwise.
    Heading(f32),
    /// A place on the ground, metres.
    Place(Vec2),
}

impl Aim {
    /// A heading in degrees to the left of +y.
    pub(crate) fn degrees(left: f32) -> Self {
        Self::Heading(left.to_radians() + FRAC_PI_2)
    }

    /// The heading that leads there from a place; none where it is reached.
    fn from(&self, place: Vec2) -> Option<f32> {
        match self {
            Self::Heading(angle) => Some(*angle),
            Self::Place(target) => (target.distance(place) > REACHED).then(|| (*target - place).to_angle()),
        }
    }
}

/// Turns all frames but the first towards the aim: each step is turned, so that the path bends, and the body with it.
pub(crate) fn steer(frames: &mut [Frame], aim: &Aim, fps: f32) {
    let (facing, speed) = averages(frames, fps);
    let before: Vec<Frame> = frames.to_vec();
    let (mut turned, mut rate) = (0.0f32, 0.0f32);
    for t in 1..frames.len() {
        let place = frames[t - 1].pose.root.truncate();
        let error = aim.from(place).map_or(0.0, |angle| wrapped(angle - facing[t] - turned));
        let most = RATE * (speed[t] / WALKING).min(1.0);
        let wanted = (GAIN * error).clamp(-most, most);
        rate += (wanted - rate).clamp(-CHANGE / fps, CHANGE / fps);
        turned += rate / fps;
        let turn = Quat::from_rotation_z(turned);
        let (was, is) = (before[t].pose.root, before[t - 1].pose.root);
        let step = turn * (was - is).with_z(0.0);
        let root = (frames[t - 1].pose.root + step).with_z(was.z);
        let frame = &mut frames[t];
        frame.joints = before[t].joints.map(|joint| root + turn * (joint - was));
        frame.pose.rotations[0] = (turn * frame.pose.rotations[0]).normalize();
        frame.pose.root = root;
    }
}

/// Mean heading, radians without jumps, and speed around each frame.
fn averages(frames: &[Frame], fps: f32) -> (Vec<f32>, Vec<f32>) {
    let reach = (AVERAGE * fps).round().max(1.0) as usize;
    let faces: Vec<Vec2> =
        frames.iter().map(|frame| heading(&frame.joints).map_or(Vec2::ZERO, Vec2::from_angle)).collect();
    let range = |t: usize| t.saturating_sub(reach)..(t + reach + 1).min(frames.len());
    let mut last = 0.0;
    let facing = (0..frames.len()).map(|t| {
        let mean = range(t).map(|i| faces[i]).sum::<Vec2>();
        if mean.length() > 1e-3 {
            last += wrapped(mean.to_angle() - last);
        }
        last
    });
    let facing = facing.collect();
    let speed = |t: usize| {
        let range = range(t);
        let (from, to) = (frames[range.start].pose.root, frames[range.end - 1].pose.root);
        (to - from).truncate().length() * fps / (range.len() - 1).max(1) as f32
    };
    (facing, (0..frames.len()).map(speed).collect())
}

/// The angle within half a turn.
fn wrapped(angle: f32) -> f32 {
    (angle + PI).rem_euclid(TAU) - PI
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::tests::strides;

    fn walk() -> Vec<Frame> {
        strides(160).into_iter().map(Frame::of_pose).collect()
    }

    #[test]
    fn a_walk_turns_to_its_heading_and_keeps_its_pace() {
        let mut frames = walk();
        steer(&mut frames, &Aim::degrees(90.0), 20.0);
        let facing = heading(&frames[150].joints).unwrap();
        assert!(wrapped(facing - PI).abs() < 0.1, "{facing}");
        let step = |t: usize| frames[t].pose.root.distance(frames[t - 1].pose.root);
        assert!((1..160).all(|t| (step(t) - 0.05).abs() < 1e-3));
        assert!(frames[159].pose.root.x < -3.0, "{}", frames[159].pose.root);
        assert_eq!(frames[0], walk()[0]);
        for t in 2..160 {
            let turn = |t: usize| frames[t].pose.rotations[0].angle_between(frames[t - 1].pose.rotations[0]);
            assert!((turn(t) - turn(t - 1)).abs() < CHANGE / 400.0 + 1e-3 && turn(t) < RATE / 20.0 + 1e-3, "frame {t}");
        }
    }

    #[test]
    fn a_target_is_walked_to_and_who_stands_does_not_turn() {
        let mut frames = walk();
        let target = Vec2::new(3.0, 2.0);
        steer(&mut frames, &Aim::Place(target), 20.0);
        let nearest = frames.iter().map(|f| f.pose.root.truncate().distance(target)).fold(f32::INFINITY, f32::min);
        assert!(nearest < REACHED, "{nearest}");
        let mut still = vec![walk()[0]; 60];
        steer(&mut still, &Aim::degrees(180.0), 20.0);
        let there = walk()[0].pose;
        let stays = |frame: &Frame| {
            frame.pose.root.distance(there.root) + frame.pose.rotations[0].angle_between(there.rotations[0]) < 2e-3
        };
        assert!(still.iter().all(stays));
    }
}

//! From an action to a clip: parts in order or at once, then the rig, frame by frame.

use glam::{Mat3, Vec3};

use super::curve::ease;
use super::families::{Setting, perform};
use super::rig::{LEFT, Pose, RIGHT};
use super::spec::{ActionSpec, Part, Side};
use crate::body::SMPLX_ROOT;
use crate::declare::defaults;
use crate::motion::codec::SmplMotion;
use crate::motion::layout::FPS;
use crate::motion::rotation::axis_angle_from_matrix;

defaults! {
    /// Differences of one execution from the usual one.
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct Variation {
        /// Size of the movement, about 1.
        amp: f32 = 1.0;
        /// Speed of movements without a beat, about 1.
        tempo: f32 = 1.0;
        /// Radians by which the arms hang further from the body.
        arms: f32 = 0.0;
        /// Radians by which the chest leans forward.
        lean: f32 = 0.0;
    }
}

/// The clip of `action`, `frames` frames at 20 per second; memory and time grow with `frames`.
///
/// Sequences need about 90 frames to be shown whole.
pub fn clip(action: &ActionSpec, frames: usize, variation: Variation) -> SmplMotion {
    let mut poses = controls(action, frames, variation);
    for (t, pose) in poses.iter_mut().enumerate() {
        breathe(pose, t as f32 / FPS, variation);
    }
    lower_pelvis(&mut poses);
    solve(&poses)
}

fn controls(action: &ActionSpec, frames: usize, variation: Variation) -> Vec<Pose> {
    let length = frames as f32 / FPS;
    let setting = Setting { length, end: None, amp: variation.amp, tempo: variation.tempo };
    match action {
        ActionSpec::One(part) => track(part, &setting, frames),
        ActionSpec::Then(a, b) => {
            let split = frames / 2;
            let first = Setting { end: Some(split.saturating_sub(1) as f32 / FPS), ..setting };
            let mut poses = track(a, &first, split);
            let last = poses.last().copied().unwrap_or_default();
            let at = last.pelvis.truncate();
            let rest = Setting { length: length - split as f32 / FPS, ..setting };
            poses.extend(track(b, &rest, frames - split).iter().map(|p| p.moved(at, last.yaw)));
            poses
        }
        ActionSpec::While(legs, arms) => {
            let mut poses = track(legs, &setting, frames);
            for (pose, gesture) in poses.iter_mut().zip(track(arms, &setting, frames)) {
                overlay(pose, &gesture, arms);
            }
            poses
        }
    }
}

fn track(part: &Part, setting: &Setting, frames: usize) -> Vec<Pose> {
    let at = perform(part, setting);
    (0..frames).map(|t| at(t as f32 / FPS)).collect()
}

/// Arms of `gesture` over the arms of `pose`, taken over as the gesture begins.
fn overlay(pose: &mut Pose, gesture: &Pose, part: &Part) {
    let idle = Pose::default();
    for arm in [LEFT, RIGHT] {
        let wanted = match part.side {
            Some(Side::Left) => arm == LEFT,
            Some(Side::Right) => arm == RIGHT,
            _ => true,
        };
        if wanted {
            let moved = (gesture.arms[arm].flex - idle.arms[arm].flex).abs()
                + (gesture.arms[arm].abd - idle.arms[arm].abd).abs();
            let w = ease(moved / 0.6);
            pose.arms[arm] = pose.arms[arm].toward(gesture.arms[arm], w);
        }
    }
}

/// The small movements of a standing body, all 0 in the first frame.
fn breathe(pose: &mut Pose, t: f32, variation: Variation) {
    let slow = (std::f32::consts::TAU * t / 4.0).sin();
    pose.spine.x += variation.lean + 0.010 * slow;
    pose.head.x += 0.008 * slow;
    pose.head.y += 0.010 * slow;
    for arm in &mut pose.arms {
        let hanging = arm.abd.cos().max(0.0) * arm.flex.cos().max(0.0);
        arm.abd += (variation.arms + 0.008 * slow) * hanging;
    }
}

/// Lowers the pelvis where a planted foot would be out of reach, smoothly: at least as much as needed in each frame.
pub(super) fn lower_pelvis(poses: &mut [Pose]) {
    const RADIUS: usize = 3;
    let need: Vec<f32> = poses.iter().map(Pose::overreach).collect();
    let window = |x: &[f32], t: usize| t.saturating_sub(RADIUS)..(t + RADIUS + 1).min(x.len());
    let most: Vec<f32> = (0..need.len()).map(|t| need[window(&need, t)].iter().copied().fold(0.0, f32::max)).collect();
    for (t, pose) in poses.iter_mut().enumerate() {
        let range = window(&most, t);
        let weight = |i: usize| (RADIUS + 1 - i.abs_diff(t)) as f32;
        let total: f32 = range.clone().map(weight).sum();
        pose.pelvis.z -= range.map(|i| weight(i) * most[i]).sum::<f32>() / total;
    }
}

fn solve(poses: &[Pose]) -> SmplMotion {
    let mut out = SmplMotion::zeros(poses.len());
    for (t, pose) in poses.iter().enumerate() {
        let solved = pose.solve();
        let rotation = |m: &Mat3| axis_angle_from_matrix(*m);
        write(out.global_orient.row_mut(t).as_slice_mut(), &[rotation(&solved.orient)]);
        write(out.body_pose.row_mut(t).as_slice_mut(), &solved.local.each_ref().map(rotation));
        write(out.transl.row_mut(t).as_slice_mut(), &[solved.joints[0] - SMPLX_ROOT]);
        write(out.joints.index_axis_mut(ndarray::Axis(0), t).as_slice_mut(), &solved.joints);
    }
    out
}

pub(super) fn write(row: Option<&mut [f32]>, values: &[Vec3]) {
    for (slot, v) in row.into_iter().flat_map(|r| r.chunks_exact_mut(3)).zip(values) {
        slot.copy_from_slice(&v.to_array());
    }
}

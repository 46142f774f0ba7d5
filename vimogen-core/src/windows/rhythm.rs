//! When the next window of a stream starts, so that its steps fall in with those of the window before.

use glam::{Quat, Vec3};

use super::frames::Frame;
use crate::edit::heading::heading;
use crate::motion::layout::JOINTS;

/// Weight of a frame less between two windows, metres: a later start is taken unless an earlier one fits better.
const LOST_FRAME: f32 = 0.001;

/// The number of frames after which `frames` are most like what they were around `at`: a period of the movement, or as many
/// as possible if it has none.
///
/// A model begins all its clips alike, so that windows that start a period apart are in step by themselves.
pub(crate) fn period(frames: &[Frame], at: usize, reach: usize, shortest: usize) -> usize {
    let shapes: Vec<[Vec3; JOINTS]> = frames.iter().map(shape).collect();
    let longest = frames.len().saturating_sub(at + reach);
    let apart = |shift: usize| {
        let distance = |t: usize| (0..JOINTS).map(|j| shapes[t][j].distance(shapes[t + shift][j])).sum::<f32>();
        (at..at + reach).map(distance).sum::<f32>() / (reach * JOINTS) as f32
    };
    let cost = |shift: usize| apart(shift) + LOST_FRAME * (longest - shift) as f32;
    (shortest.min(longest)..=longest).min_by(|a, b| cost(*a).total_cmp(&cost(*b))).unwrap_or(longest)
}

/// Joints relative to the pelvis, in the axes of the heading.
fn shape(frame: &Frame) -> [Vec3; JOINTS] {
    let axes = Quat::from_rotation_z(-heading(&frame.joints).unwrap_or_default());
    frame.joints.map(|joint| axes * (joint - frame.joints[0]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::tests::strides;

    #[test]
    fn a_walk_has_the_period_of_its_stride_and_a_still_body_the_longest() {
        let walk: Vec<Frame> = strides(60).into_iter().map(Frame::of_pose).collect();
        assert_eq!(period(&walk, 20, 10, 12), 24);
        assert_eq!(period(&vec![walk[3]; 60], 20, 10, 12), 30);
        assert_eq!(period(&walk[..25], 20, 10, 12), 0);
    }
}

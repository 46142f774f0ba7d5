//! The best moments to leave one movement and to enter another.

use std::ops::Range;

use glam::{Quat, Vec3};

use super::heading::heading;
use crate::body::Track;
use crate::motion::layout::JOINTS;

/// Weight of a difference in velocity, seconds: 1 m/s counts as much as this many metres.
const VELOCITY: f32 = 0.15;
/// Weight of a frame that is left out, metres: a cut is moved only if that helps.
const LOST_FRAME: f32 = 0.002;

/// Poses of a clip that can be compared with those of another wherever they are.
pub(super) struct Shapes {
    /// Joints relative to the pelvis on the ground, in the axes of the heading; the pelvis keeps its height.
    places: Vec<[Vec3; JOINTS]>,
    /// Steps of the joints in the same axes, metres per second.
    velocities: Vec<[Vec3; JOINTS]>,
}

impl Shapes {
    pub(super) fn of(track: &Track) -> Self {
        let joints = track.joints();
        let axes: Vec<Quat> = joints.iter().map(|p| Quat::from_rotation_z(-heading(p).unwrap_or_default())).collect();
        let place = |t: usize| joints[t].map(|p| axes[t] * (p - joints[t][0].with_z(0.0)));
        let velocity = |t: usize| {
            let next = (t + 1).min(joints.len() - 1);
            std::array::from_fn(|j| axes[t] * (joints[next][j] - joints[t][j]) * track.fps)
        };
        let frames = 0..joints.len();
        Self { places: frames.clone().map(place).collect(), velocities: frames.map(velocity).collect() }
    }

    /// Root of the mean squared distance of the joints, with velocities.
    fn distance(&self, t: usize, other: &Self, u: usize) -> f32 {
        let sum =
            |a: &[Vec3; JOINTS], b: &[Vec3; JOINTS]| a.iter().zip(b).map(|(a, b)| a.distance_squared(*b)).sum::<f32>();
        let places = sum(&self.places[t], &other.places[u]);
        let velocities = sum(&self.velocities[t], &other.velocities[u]);
        ((places + VELOCITY * VELOCITY * velocities) / JOINTS as f32).sqrt()
    }
}

/// The frames at which `first` is left and `second` is entered: those of the ranges that look most alike.
pub(super) fn best(first: &Shapes, leave: Range<usize>, second: &Shapes, enter: Range<usize>) -> (usize, usize) {
    let (last, start) = (leave.end - 1, enter.start);
    let cost = |(t, u): (usize, usize)| first.distance(t, second, u) + LOST_FRAME * ((last - t) + (u - start)) as f32;
    let pairs = leave.flat_map(|t| enter.clone().map(move |u| (t, u)));
    pairs.min_by(|a, b| cost(*a).total_cmp(&cost(*b))).unwrap_or((last, start))
}

#[cfg(test)]
mod tests {
    use super::super::tests::stroll;
    use super::*;

    #[test]
    fn a_walk_is_entered_in_step() {
        // A stride takes 24 frames: 30 frames in, the walk is where it was after 6.
        let track = Track::of(&stroll(60)).unwrap();
        let shapes = Shapes::of(&track);
        assert_eq!(best(&shapes, 30..31, &shapes, 0..12), (30, 6));
        assert_eq!(best(&shapes, 20..31, &shapes, 0..1), (24, 0));
        // Of equal ones that which keeps most frames.
        assert_eq!(best(&shapes, 24..49, &shapes, 0..1), (48, 0));
    }
}

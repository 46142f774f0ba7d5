//! Foot contact and runs of frames.

use glam::Vec3;
use ndarray::ArrayView3;

use super::frames::{Frames, UpAxis};
use crate::error::Result;
use crate::motion::skeleton::joint::{LEFT_FOOT, RIGHT_FOOT};

/// Joints of the feet, left first.
pub const FEET: [usize; 2] = [LEFT_FOOT, RIGHT_FOOT];
/// Speed below which a foot is in contact, metres per frame.
const CONTACT_SPEED: f32 = 0.01;
/// Height below which a foot is in contact, metres.
const CONTACT_HEIGHT: f32 = 0.02;

/// Whether the left and the right foot touch the ground, frame by frame: slower than 0.01 m per frame or lower than
/// 0.02 m. The speed is that of the step to the next frame; the last frame repeats the step before it.
///
/// # Shapes
/// - joints: `[frames, 22, 3]`, metres
/// - output: one pair (left, right) per frame; empty for a single frame, which has no step
///
/// # Errors
/// [`crate::Error::Shape`] unless `joints` is `(T, 22, 3)` with `T >= 1`; [`crate::Error::NonFinite`].
pub fn foot_contact(joints: ArrayView3<'_, f32>, up_axis: UpAxis) -> Result<Vec<[bool; 2]>> {
    Ok(contacts(&Frames::new(joints)?, up_axis))
}

/// [`foot_contact`] on checked frames.
pub(super) fn contacts(frames: &Frames<'_>, up_axis: UpAxis) -> Vec<[bool; 2]> {
    if frames.len() < 2 {
        return Vec::new();
    }
    let touches = |t: usize, foot: usize| {
        frames.step(t, foot).length() < CONTACT_SPEED || up_axis.height(frames.at(t, foot)) < CONTACT_HEIGHT
    };
    (0..frames.len()).map(|t| FEET.map(|foot| touches(t, foot))).collect()
}

/// The maximal runs of frames in which `states` equals `value`, as closed index ranges `(first, last)`.
pub fn runs(states: impl IntoIterator<Item = bool>, value: bool) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (t, _) in states.into_iter().enumerate().filter(|(_, state)| *state == value) {
        match found.last_mut() {
            Some((_, last)) if *last + 1 == t => *last = t,
            _ => found.push((t, t)),
        }
    }
    found
}

/// The overlaps of two lists of runs, in the order of `a`, then `b`.
///
/// Overlaps of a single frame are dropped, as in the release (`first < last`).
pub fn overlaps(a: &[(usize, usize)], b: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let overlap = |x: &(usize, usize), y: &(usize, usize)| (x.0.max(y.0), x.1.min(y.1));
    a.iter().flat_map(|x| b.iter().map(move |y| overlap(x, y))).filter(|(first, last)| first < last).collect()
}

/// Horizontal length of a step: without the coordinate of the up axis.
pub(super) fn horizontal(step: Vec3, up_axis: UpAxis) -> f32 {
    let [x, y, z] = step.to_array();
    let (a, b) = match up_axis {
        UpAxis::X => (y, z),
        UpAxis::Y => (x, z),
        UpAxis::Z => (x, y),
    };
    (a * a + b * b).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_closed_ranges_and_cover_every_matching_frame() {
        let states = [true, true, false, true, false, false, true];
        assert_eq!(runs(states, true), [(0, 1), (3, 3), (6, 6)]);
        assert_eq!(runs(states, false), [(2, 2), (4, 5)]);
        assert_eq!(runs([], true), []);
    }

    #[test]
    fn overlaps_of_one_frame_are_dropped() {
        assert_eq!(overlaps(&[(0, 5)], &[(5, 9)]), []);
        assert_eq!(overlaps(&[(0, 5), (7, 9)], &[(4, 8)]), [(4, 5), (7, 8)]);
    }
}

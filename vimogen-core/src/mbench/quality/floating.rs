//! Foot floating: feet whose movement does not carry the body.

use glam::Vec3;

use crate::error::{Error, Result};
use crate::mbench::contact::{FEET, overlaps, runs};
use crate::mbench::frames::Frames;
use crate::motion::skeleton::joint::PELVIS;

/// Minimum root speed of a moving body, metres per frame.
const ROOT_MOVES: f32 = 0.001;
/// Foot and root speeds below this are noise, metres per frame.
const NOISE: f32 = 1.2e-4;
/// A foot in contact whose speed relative to the root is below this share of the root's is carried along.
const CARRIED: f32 = 0.6;
/// A foot in contact whose speed relative to the root is above this share of the root's flails.
const FLAILING: f32 = 1.75;
/// A foot in the air below this share is carried along with the body.
const CARRIED_IN_AIR: f32 = 0.4;
/// Minimum length of a flight, frames.
const MIN_FLIGHT: usize = 4;
/// Maximum turns of the left foot within one flight; more are a zigzag.
const MAX_TURNS: usize = 2;
/// Added to norms before dividing by them.
const NORM_EPS: f32 = 1e-6;

/// [`Dimension::FootFloating`](crate::mbench::dimension::Dimension::FootFloating), from the contacts of each frame.
pub(super) fn floating(frames: &Frames<'_>, contact: &[[bool; 2]]) -> Result<f32> {
    if frames.len() < 2 {
        return Err(Error::invalid("joints", "one frame has no motion, foot floating needs at least 2 frames"));
    }
    let speeds: Vec<Speeds> = (0..frames.len()).map(|t| Speeds::at(frames, t)).collect();
    let flights = [0, 1].map(|foot| runs(contact.iter().map(|c| c[foot]), false));
    let standing = contact.iter().zip(&speeds).filter(|(c, s)| floats_on_ground(**c, s)).count();
    let flying: usize = (0..2).map(|foot| carried_in_air(&flights[foot], &speeds, foot)).sum();
    let zigzag = zigzag_frames(frames, &flights);
    Ok(((standing as f64 + 0.5 * flying as f64 + zigzag as f64) / frames.len() as f64) as f32)
}

/// Speeds of one frame, metres per frame.
struct Speeds {
    root: f32,
    feet: [f32; 2],
    /// Speed of each foot relative to the root, as a share of the root's.
    relative: [f32; 2],
}

impl Speeds {
    fn at(frames: &Frames<'_>, t: usize) -> Self {
        let t = t.min(frames.len() - 2);
        let root = frames.step(t, PELVIS).length();
        // The foot is taken relative to the root before the difference, as the release does.
        let seen_from_root = |t: usize, foot: usize| frames.at(t, foot) - frames.at(t, PELVIS);
        Self {
            root,
            feet: FEET.map(|foot| frames.step(t, foot).length()),
            relative: FEET
                .map(|foot| (seen_from_root(t + 1, foot) - seen_from_root(t, foot)).length() / (root + NORM_EPS)),
        }
    }

    /// Whether a foot in contact moves unlike a standing foot.
    fn suspicious(&self, foot: usize) -> bool {
        let flails = self.relative[foot] > FLAILING && self.root > NOISE;
        (self.relative[foot] < CARRIED || flails) && self.feet[foot] > NOISE
    }
}

/// Whether there is contact, and every foot in contact is suspicious, while the root moves.
fn floats_on_ground(contact: [bool; 2], speeds: &Speeds) -> bool {
    let touching = contact[0] || contact[1];
    let all_suspicious = (0..2).all(|foot| !contact[foot] || speeds.suspicious(foot));
    speeds.root >= ROOT_MOVES && touching && all_suspicious
}

/// Frames of the foot's flights in which it is carried along; flights in which the root mostly rests are skipped.
fn carried_in_air(flights: &[(usize, usize)], speeds: &[Speeds], foot: usize) -> usize {
    flights
        .iter()
        .map(|&(first, last)| &speeds[first..=last])
        .filter(|run| run.len() >= MIN_FLIGHT)
        .filter(|run| 2 * run.iter().filter(|s| s.root < ROOT_MOVES).count() <= run.len())
        .map(|run| run.iter().filter(|s| s.relative[foot] < CARRIED_IN_AIR).count())
        .sum()
}

/// Frames of the flights of both feet in which the left foot zigzags.
fn zigzag_frames(frames: &Frames<'_>, flights: &[Vec<(usize, usize)>; 2]) -> usize {
    let left = |t: usize| frames.at(t, FEET[0]);
    overlaps(&flights[0], &flights[1])
        .into_iter()
        .filter(|(first, last)| last - first + 1 >= MIN_FLIGHT)
        .filter(|&(first, last)| {
            let whole = left(last) - left(first);
            let angles = (first + 1..=last).map(|t| angle_between(left(t) - left(first), whole).to_degrees());
            count_peaks(angles) > MAX_TURNS
        })
        .map(|(first, last)| last - first + 1)
        .sum()
}

/// Angle between two vectors in radians, as the release computes it: 1e-6 is added to each norm, so parallel vectors do
/// not give exactly 0 and a zero vector is at right angles to all.
pub fn angle_between(a: Vec3, b: Vec3) -> f32 {
    let unit = |v: Vec3| v / (v.length() + NORM_EPS);
    unit(a).dot(unit(b)).clamp(-1.0, 1.0).acos()
}

/// Number of strict local maxima inside the sequence; a flat top counts once (`scipy.signal.find_peaks`).
fn count_peaks(values: impl IntoIterator<Item = f32>) -> usize {
    let (mut count, mut rising) = (0, false);
    let mut previous: Option<f32> = None;
    for value in values {
        if let Some(before) = previous {
            if value > before {
                rising = true;
            } else if value < before {
                count += usize::from(rising);
                rising = false;
            } else if value != before {
                // NaN on either side ends a top without counting it.
                rising = false;
            }
        }
        previous = Some(value);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_are_interior_strict_and_flat_tops_count_once() {
        assert_eq!(count_peaks([0.0, 1.0, 0.0, 2.0, 2.0, 1.0, 3.0]), 2);
        assert_eq!(count_peaks([3.0, 2.0, 1.0]), 0);
        assert_eq!(count_peaks([0.0, 1.0, 1.0, 2.0]), 0);
        assert_eq!(count_peaks([0.0, 1.0, f32::NAN, 0.0]), 0);
        assert_eq!(count_peaks([]), 0);
    }
}

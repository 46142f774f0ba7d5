//! When a foot stands.

use glam::Vec3;

/// Maximum speed of a standing foot, metres per second.
const SLOW: f32 = 0.35;
/// The same as a share of the body's speed, if that is more: feet slide along with a body that is moved faster than it
/// walks, and a foot in the air is faster than the body.
const SHARE: f32 = 0.5;
/// Weight of upward and downward speed: a foot that hops is near the ground all the time, and never level for long.
const UPWARD: f32 = 1.5;
/// Maximum height of a standing foot's sole above the ground, metres.
const NEAR: f32 = 0.05;
/// Minimum duration of a stand, seconds.
const SHORTEST: f32 = 0.15;

/// First and last frame of each stand of a foot.
///
/// `path` is that of the ball of the foot, `heights` those of its sole above the ground, `body` the speed of the body in
/// metres per second.
pub(super) fn stands(path: &[Vec3], heights: &[f32], body: &[f32], fps: f32) -> Vec<(usize, usize)> {
    let speed = |t: usize| {
        let (before, after) = (t.saturating_sub(1), (t + 1).min(path.len() - 1));
        let step = path[after] - path[before];
        (step * Vec3::new(1.0, 1.0, UPWARD)).length() * fps / (after - before).max(1) as f32
    };
    let stands = |t: &usize| speed(*t) < SLOW.max(SHARE * body[*t]) && heights[*t] < NEAR;
    let mut found: Vec<(usize, usize)> = Vec::new();
    for t in (0..path.len()).filter(stands) {
        match found.last_mut() {
            // A single frame that is too fast does not end a stand.
            Some((_, last)) if *last + 2 >= t => *last = t,
            _ => found.push((t, t)),
        }
    }
    found.retain(|(first, last)| (last - first + 1) as f32 >= SHORTEST * fps);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foot_that_hops_low_stands_between_its_hops_only() {
        // Hops of 5 cm, two a second, each in the air for 0.2 s.
        let height = |t: usize| [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.03, 0.05, 0.05, 0.03][t % 10];
        let path: Vec<Vec3> = (0..60).map(|t| Vec3::new(0.0, 0.0, height(t))).collect();
        let heights: Vec<f32> = path.iter().map(|place| place.z).collect();
        let found = stands(&path, &heights, &[0.0; 60], 20.0);
        assert_eq!(found.len(), 6, "{found:?}");
        assert!(found.iter().all(|(first, last)| (*first..=*last).all(|t| heights[t] < 0.05)), "{found:?}");
    }
}

//! Foot locking: the joint behind the toes of a foot on the ground is kept in place by inverse kinematics of the leg.

use glam::Vec3;

use super::limb::Limb;
use crate::motion::skeleton::joint::{LEFT_FOOT, RIGHT_FOOT};
use crate::motion::{Pose, Skeleton, floor_of};

/// Each leg with the ball of its foot.
const LEGS: [(Limb, usize); 2] = [(Limb::LEFT_LEG, LEFT_FOOT), (Limb::RIGHT_LEG, RIGHT_FOOT)];
/// Maximum speed of a standing foot, metres per second; it is also lower than [`NEAR`].
const SLOW: f32 = 0.35;
/// Maximum height of a standing foot above the ground, metres.
const NEAR: f32 = 0.07;
/// Minimum duration of a stand, seconds.
const SHORTEST: f32 = 0.15;
/// Time over which a leg goes from its own path to a stand, seconds.
const EASE: f32 = 0.2;
/// Maximum pull on a foot, metres: farther away it was not a stand.
const LONGEST_PULL: f32 = 0.25;

/// Changes the legs so that standing feet stand and no foot is below the ground; `weight` of a pose, from 0 to 1, limits
/// the change.
pub(super) fn lock(skeleton: &Skeleton, poses: &mut [Pose], fps: f32, weight: impl Fn(usize) -> f32) {
    let places: Vec<_> = poses.iter().map(|pose| skeleton.fk(pose.root, pose.rotations).1).collect();
    let lowest = places.iter().flat_map(|p| LEGS.map(|(_, foot)| p[foot].z)).fold(f32::INFINITY, f32::min);
    let floor = floor_of(lowest, 1.0);
    for (leg, foot) in LEGS {
        let path: Vec<Vec3> = places.iter().map(|p| p[foot]).collect();
        let pulls = pulls(&path, floor, lowest, fps);
        for (t, (pose, pull)) in poses.iter_mut().zip(pulls).enumerate() {
            let pull = pull * weight(t);
            if pull.length_squared() > 1e-10 {
                leg.pull(skeleton, pose, pull);
            }
        }
    }
}

/// Displacement of the foot in each frame.
fn pulls(path: &[Vec3], floor: f32, lowest: f32, fps: f32) -> Vec<Vec3> {
    let stands = stands(path, lowest.max(floor), fps);
    let ease = (EASE * fps).max(1.0);
    let mut sums = vec![(Vec3::ZERO, 0.0f32); path.len()];
    for (first, last) in &stands {
        let (first, last) = (*first, *last);
        let place = path[first..=last].iter().sum::<Vec3>() / (last - first + 1) as f32;
        let place = place.with_z(place.z.max(floor));
        for (t, (sum, weights)) in sums.iter_mut().enumerate() {
            let away = first.saturating_sub(t).max(t.saturating_sub(last)) as f32 / ease;
            let within_other = away > 0.0 && stands.iter().any(|(first, last)| (first..=last).contains(&&t));
            if away < 1.0 && !within_other {
                // Beyond its ends a stand pulls as much as in its first or last frame, and less and less.
                let weight = 0.5 + 0.5 * (std::f32::consts::PI * away).cos();
                *sum += (place - path[t.clamp(first, last)]).clamp_length_max(LONGEST_PULL) * weight;
                *weights += weight;
            }
        }
    }
    let pull = |(t, (sum, weights)): (usize, (Vec3, f32))| {
        // Between two stands that are near each other both pull: their weighted mean, not their sum.
        let pull = sum / weights.max(1.0);
        pull + Vec3::Z * (floor - (path[t] + pull).z).max(0.0)
    };
    sums.into_iter().enumerate().map(pull).collect()
}

/// First and last frames of the stands of a foot.
fn stands(path: &[Vec3], ground: f32, fps: f32) -> Vec<(usize, usize)> {
    let speed = |t: usize| {
        let (before, after) = (t.saturating_sub(1), (t + 1).min(path.len() - 1));
        let step = path[after] - path[before];
        step.length() * fps / (after - before).max(1) as f32
    };
    let mut found: Vec<(usize, usize)> = Vec::new();
    for t in (0..path.len()).filter(|t| speed(*t) < SLOW && path[*t].z < ground + NEAR) {
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
    use ndarray::s;

    use super::*;
    use crate::body::refit::tests::march;
    use crate::motion::Motion;
    use crate::motion::joint::LEFT_KNEE;

    /// The farthest that a foot moves within any stand of the left foot of the march, metres.
    fn slide(motion: &Motion) -> f32 {
        // While sin < 0 the left foot stands; the ends of the stand are left to easing.
        let joints = motion.joints();
        let stand = joints.slice(s![14..23, LEFT_FOOT, ..]);
        let spread = |c: usize| {
            let column = stand.column(c);
            let fold = |f: fn(f32, f32) -> f32| column.iter().copied().reduce(f).unwrap();
            fold(f32::max) - fold(f32::min)
        };
        spread(0).max(spread(1))
    }

    #[test]
    fn a_standing_foot_no_longer_slides_and_nothing_jumps() {
        let clip = march(48, 0.015);
        let locked = clip.refit(true).unwrap();
        assert!(slide(&clip) > 0.015, "{}", slide(&clip));
        assert!(slide(&locked) < 0.002, "{}", slide(&locked));
        assert!(locked.kinematic_error().max < 1e-3);
        let steps = |m: &Motion| {
            let joints = m.joints();
            (1..m.len()).map(|t| (joints[[t, LEFT_KNEE, 2]] - joints[[t - 1, LEFT_KNEE, 2]]).abs()).fold(0.0, f32::max)
        };
        assert!(steps(&locked) < steps(&clip) + 0.02, "{} {}", steps(&locked), steps(&clip));
        // Arms and trunk do not move.
        let trunk = [0, 3, 6, 9, 12, 15, 20, 21];
        let (a, b) = (locked.joints(), clip.joints());
        assert!(
            trunk.iter().all(|j| (&a.slice(s![.., *j, ..]) - &b.slice(s![.., *j, ..])).iter().all(|d| d.abs() < 1e-4))
        );
    }

    #[test]
    fn a_foot_below_the_ground_is_lifted_onto_it() {
        let clip = march(48, 0.0);
        let mut features = clip.features().to_owned();
        let lowest = clip.joints().slice(s![.., LEFT_FOOT, 2]).iter().copied().fold(f32::INFINITY, f32::min);
        for start in [crate::motion::layout::POSITIONS.start, crate::motion::layout::TRANSL.start] {
            let end = if start == crate::motion::layout::TRANSL.start { start + 3 } else { start + 66 };
            for column in (start + 2..end).step_by(3) {
                features.column_mut(column).mapv_inplace(|z| z - lowest - 0.03);
            }
        }
        let sunk = Motion::from_features(features, 20.0).unwrap();
        let low = |m: &Motion| m.joints().slice(s![.., LEFT_FOOT, 2]).iter().copied().fold(f32::INFINITY, f32::min);
        assert!(low(&sunk) < -0.02);
        assert!(low(&sunk.refit(true).unwrap()) > -0.004, "{}", low(&sunk.refit(true).unwrap()));
    }

    #[test]
    fn a_stand_soon_after_another_does_not_pull_at_it() {
        // Two stands half a metre apart, with 3 frames between them; each drifts by a millimetre per frame.
        let x = |t: usize| if t < 10 { 0.001 * t as f32 } else { 0.5 + 0.001 * t as f32 };
        let path: Vec<Vec3> = (0..22).filter(|t| !(10..12).contains(t)).map(|t| Vec3::new(x(t), 0.0, 0.02)).collect();
        let pulled: Vec<f32> = path.iter().zip(pulls(&path, 0.0, 0.02, 20.0)).map(|(p, pull)| (*p + pull).x).collect();
        for stand in [1..9, 11..20] {
            let places = &pulled[stand];
            assert!(places.iter().all(|x| (x - places[0]).abs() < 1e-6), "{places:?}");
        }
    }

    #[test]
    fn a_foot_in_the_air_is_left_alone() {
        let path: Vec<Vec3> = (0..20).map(|t| Vec3::new(0.0, 0.1 * t as f32, 0.3)).collect();
        assert!(pulls(&path, 0.0, 0.0, 20.0).iter().all(|p| *p == Vec3::ZERO));
    }
}

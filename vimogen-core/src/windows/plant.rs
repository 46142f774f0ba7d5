//! Feet that stay where they stand, frame after frame: what was shown already is never changed.

use glam::Vec3;

use crate::body::Limb;
use crate::motion::skeleton::joint::{LEFT_FOOT, RIGHT_FOOT};
use crate::motion::{Pose, Skeleton};

/// Each leg with the ball of its foot.
const LEGS: [(Limb, usize); 2] = [(Limb::LEFT_LEG, LEFT_FOOT), (Limb::RIGHT_LEG, RIGHT_FOOT)];
/// Maximum speed of a standing foot, metres per second.
const SLOW: f32 = 0.4;
/// Maximum height of a standing foot above the lowest one, metres.
const NEAR: f32 = 0.07;
/// Share of the pull that is left after a second in the air: a foot returns to its own path within about 0.2 s.
const LEFT: f32 = 1e-4;
/// Maximum pull on a foot, metres; farther away it takes a new stand.
const LONGEST: f32 = 0.2;

/// Keeps standing feet in place from frame `from` on; frames up to it stay as they are.
pub(crate) fn plant(skeleton: &Skeleton, poses: &mut [Pose], from: usize, fps: f32) {
    let places: Vec<_> = poses.iter().map(|pose| skeleton.fk(pose.root, pose.rotations).1).collect();
    let ground = places.iter().flat_map(|p| LEGS.map(|(_, foot)| p[foot].z)).fold(f32::INFINITY, f32::min);
    let fade = LEFT.powf(1.0 / fps);
    for (leg, foot) in LEGS {
        let path: Vec<Vec3> = places.iter().map(|p| p[foot]).collect();
        let mut stand: Option<Vec3> = None;
        let mut pull = Vec3::ZERO;
        for t in from..poses.len() {
            let free = path[t];
            if stands(&path, t, ground, fps) {
                // A stand begins where the foot is shown, so that nothing jumps.
                let place = *stand.get_or_insert(free + pull);
                pull = (place - free).with_z(0.0);
                if pull.length() > LONGEST {
                    (stand, pull) = (None, pull.clamp_length_max(LONGEST));
                }
            } else {
                stand = None;
                pull *= fade;
            }
            if t > from && pull.length_squared() > 1e-10 {
                leg.pull(skeleton, &mut poses[t], pull);
            }
        }
    }
}

fn stands(path: &[Vec3], t: usize, ground: f32, fps: f32) -> bool {
    let (before, after) = (t.saturating_sub(1), (t + 1).min(path.len() - 1));
    let speed = path[after].distance(path[before]) * fps / (after - before).max(1) as f32;
    speed < SLOW && path[t].z < ground + NEAR
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::NEUTRAL;
    use crate::edit::tests::strides;

    /// Maximum step of a foot on the ground of the free poses, metres.
    fn slide(free: &[Pose], poses: &[Pose]) -> f32 {
        let path = |poses: &[Pose]| -> Vec<Vec3> {
            poses.iter().map(|pose| NEUTRAL.fk(pose.root, pose.rotations).1[LEFT_FOOT]).collect()
        };
        let (free, shown) = (path(free), path(poses));
        let ground = free.iter().map(|p| p.z).fold(f32::INFINITY, f32::min);
        let standing = (1..free.len() - 1).filter(|t| [t - 1, *t].iter().all(|t| stands(&free, *t, ground, 20.0)));
        standing.map(|t| (shown[t] - shown[t - 1]).truncate().length()).fold(0.0, f32::max)
    }

    #[test]
    fn a_standing_foot_stays_and_earlier_frames_do_not_change() {
        // Standing on the spot while the body drifts.
        let mut free = vec![strides(1)[0]; 40];
        free.iter_mut().enumerate().for_each(|(t, pose)| pose.root.x += 0.004 * t as f32);
        let mut poses = free.clone();
        plant(&NEUTRAL, &mut poses, 10, 20.0);
        assert!(slide(&free, &free) > 0.003);
        assert!(slide(&free[10..], &poses[10..]) < 1e-3, "{}", slide(&free[10..], &poses[10..]));
        assert_eq!(poses[..=10], free[..=10]);
        let walk = strides(80);
        let mut planted = walk.clone();
        plant(&NEUTRAL, &mut planted, 0, 20.0);
        let steps = |poses: &[Pose]| {
            let feet: Vec<_> = poses.iter().map(|pose| NEUTRAL.fk(pose.root, pose.rotations).1[LEFT_FOOT]).collect();
            feet.windows(2).map(|p| p[0].distance(p[1])).fold(0.0, f32::max)
        };
        assert!(steps(&planted) < steps(&walk) + 0.06, "{} {}", steps(&planted), steps(&walk));
    }
}

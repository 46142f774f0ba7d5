//! Rotations that follow joint positions.
//!
//! The positions of a generated clip are smoother than its rotations. Each bone is turned the shortest way to where the
//! positions have it, on one skeleton; the twist about a bone, of which positions say nothing, stays that of the rotations.

use glam::{Mat3, Quat, Vec3};

use crate::motion::layout::JOINTS;
use crate::motion::skeleton::PARENTS;
use crate::motion::{Pose, Skeleton};

/// Rounds of turning a joint of several bones.
const ROUNDS: usize = 4;

/// The pose of `skeleton` whose bones point as those between `places`, with the rotations of `pose` where these say nothing.
pub(super) fn follow(skeleton: &Skeleton, pose: &Pose, places: &[Vec3; JOINTS]) -> Pose {
    let (mut turns, _) = skeleton.fk(pose.root, pose.rotations);
    for (j, turn) in turns.iter_mut().enumerate() {
        let bones: Vec<(Vec3, Vec3)> = (0..JOINTS)
            .filter(|child| PARENTS[*child] == Some(j))
            .map(|child| (skeleton.offsets[child], places[child] - places[j]))
            .collect();
        *turn = match &bones[..] {
            [] => *turn,
            [(offset, bone)] => shortest(*turn * *offset, *bone) * *turn,
            _ => (0..ROUNDS).fold(*turn, |turn, _| nearer(turn, &bones) * turn),
        }
        .normalize();
    }
    let mut out = Pose { root: places[0], ..*pose };
    for (j, rotation) in out.rotations.iter_mut().enumerate() {
        // An end has no bone of its own and keeps its rotation against the bone above.
        let end = !PARENTS.contains(&Some(j));
        if !end {
            *rotation = PARENTS[j].map_or(turns[j], |parent| turns[parent].inverse() * turns[j]).normalize();
        }
    }
    out
}

fn shortest(from: Vec3, to: Vec3) -> Quat {
    match (from.try_normalize(), to.try_normalize()) {
        (Some(from), Some(to)) => Quat::from_rotation_arc(from, to),
        _ => Quat::IDENTITY,
    }
}

/// The turn that brings several bones nearer to their directions: one Gauss-Newton step.
fn nearer(turn: Quat, bones: &[(Vec3, Vec3)]) -> Quat {
    let (mut matrix, mut right) = (Mat3::ZERO, Vec3::ZERO);
    for (offset, bone) in bones {
        let (now, length) = (turn * *offset, offset.length());
        let Some(want) = bone.try_normalize().map(|bone| bone * length) else { continue };
        let outer = Mat3::from_cols(now * now.x, now * now.y, now * now.z);
        matrix += Mat3::from_diagonal(Vec3::splat(now.length_squared())) - outer;
        right += now.cross(want);
    }
    // Bones in one line say nothing of the turn about it.
    let matrix = matrix + Mat3::from_diagonal(Vec3::splat(1e-7));
    let step = matrix.inverse() * right;
    if step.is_finite() { Quat::from_scaled_axis(step.clamp_length_max(1.0)) } else { Quat::IDENTITY }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::NEUTRAL;

    #[test]
    fn bones_point_where_the_positions_have_them() {
        let wave = |k: f32| Vec3::new(k.sin(), (1.7 * k).cos(), (2.3 * k).sin());
        let pose = |size: f32| Pose {
            root: Vec3::Z,
            rotations: std::array::from_fn(|j| Quat::from_scaled_axis(wave(j as f32) * size)),
        };
        let (truth, noisy) = (pose(0.4), pose(0.5));
        let (_, places) = NEUTRAL.fk(truth.root, truth.rotations);
        let got = follow(&NEUTRAL, &noisy, &places);
        let (_, ours) = NEUTRAL.fk(got.root, got.rotations);
        for j in 0..JOINTS {
            assert!(ours[j].distance(places[j]) < 1e-4, "joint {j}: {}", ours[j].distance(places[j]));
        }
        assert_eq!(got.rotations[21], noisy.rotations[21]);
        let none = follow(&NEUTRAL, &noisy, &[Vec3::ZERO; JOINTS]);
        assert!(none.rotations.iter().all(|q| q.is_finite()));
    }
}

//! Bones that spread the twist of a limb along it.

use glam::{DQuat, DVec3};

use super::armature::{Armature, Placed};
use super::fit::LIMBS;
use super::role::Role;
use crate::motion::skeleton::PARENTS;
use crate::motion::skeleton::joint::{LEFT_HIP, LEFT_SHOULDER, RIGHT_HIP, RIGHT_SHOULDER};

/// Parts of names of bones that twist.
const NAMES: [&str; 2] = ["twist", "roll"];
/// Share of a bone's length below which a twist bone is at its start and says nothing by its place.
const START: f64 = 0.05;

/// The twist of a limb's bone against its neighbour: of a thigh or an upper arm against the trunk, of a shin or a forearm
/// that of the foot or the hand.
#[derive(Debug, Clone)]
pub(super) struct Twist {
    pub joint: usize,
    /// The joint that the bone is twisted against, above or below.
    neighbour: usize,
    /// Direction of the bone at rest, in the world.
    axis: DVec3,
    /// In the last frame, radians. It goes on beyond half a turn.
    angle: f64,
}

impl Twist {
    fn is_upper(joint: usize) -> bool {
        [LEFT_HIP, RIGHT_HIP, LEFT_SHOULDER, RIGHT_SHOULDER].contains(&joint)
    }

    /// Measures the bone at rest.
    pub(super) fn settle(&mut self, armature: &Armature, rest: &[Placed]) {
        let end = LIMBS.iter().find(|(joint, _)| *joint == self.joint).and_then(|(_, end)| armature.map[*end]);
        let bone = armature.map[self.joint].zip(end).map(|(from, to)| rest[to].place() - rest[from].place());
        self.axis = bone.unwrap_or_default().normalize_or_zero();
    }

    /// Follows the turns of our joints from rest in the next frame.
    pub(super) fn follow(&mut self, turns: &[DQuat]) {
        let (own, other) = (turns[self.joint], turns[self.neighbour]);
        let between = if Self::is_upper(self.joint) { other.inverse() * own } else { own.inverse() * other };
        let angle = 2.0 * between.xyz().dot(self.axis).atan2(between.w);
        let rounds = ((self.angle - angle) / std::f64::consts::TAU).round();
        self.angle = angle + rounds * std::f64::consts::TAU;
    }

    /// The bone's own turn, further about the bone by a share of the twist.
    pub(super) fn turn(&self, turns: &[DQuat], share: f64) -> DQuat {
        turns[self.joint] * DQuat::from_scaled_axis(self.axis * self.angle * share)
    }
}

/// Gives their roles to joints within the bones of the limbs and to twist bones next to them.
pub(super) fn find(armature: &Armature, of: &mut [Option<Role>]) -> Vec<Twist> {
    let mut twists = Vec::new();
    let present = armature.at_rest(|_| true);
    for (joint, end) in LIMBS {
        let Some((from, to)) = armature.map[joint].zip(armature.map[end]) else { continue };
        let upper = Twist::is_upper(joint);
        let within: Vec<usize> = armature.path_down(from, to).into_iter().filter(|node| *node != to).collect();
        let leaves = leaves(armature, from, to);
        if within.is_empty() && leaves.is_empty() {
            continue;
        }
        let neighbour = if upper { above(armature, joint) } else { end };
        let number = twists.len();
        twists.push(Twist { joint, neighbour, axis: DVec3::ZERO, angle: 0.0 });
        // Of an upper bone the last part has all of the twist, of a lower bone the first has none.
        let role = |share: f64| Some(Role::Twist(number, if upper { share - 1.0 } else { share }));
        let parts = (within.len() + 1) as f64;
        for (k, node) in std::iter::once(from).chain(within).enumerate() {
            let share = (k as f64 + if upper { 1.0 } else { 0.0 }) / parts;
            if parts > 1.0 && armature.nodes[node].rest.is_some() {
                of[node] = role(share);
            }
        }
        let bone = present[to].place() - present[from].place();
        for (k, leaf) in leaves.iter().enumerate() {
            let along = (present[*leaf].place() - present[from].place()).dot(bone) / bone.length_squared();
            let usual = (k + 1) as f64 / (leaves.len() + 1) as f64;
            let share = if along.is_finite() && along > START { along.min(1.0) } else { usual };
            of[*leaf] = role(share);
        }
    }
    twists
}

/// The joint above a limb that the character has.
fn above(armature: &Armature, joint: usize) -> usize {
    let mut parents = std::iter::successors(PARENTS[joint], |joint| PARENTS[*joint]);
    parents.find(|joint| armature.map[*joint].is_some()).unwrap_or(0)
}

/// Joints that hang on a bone and twist by name, but do not lead to its end.
fn leaves(armature: &Armature, from: usize, to: usize) -> Vec<usize> {
    let twists = |name: &str| {
        let name = name.to_lowercase();
        NAMES.iter().any(|part| name.contains(part))
    };
    let hangs = |node: usize| {
        let mut path = armature.path_up(node).skip(1);
        path.find(|above| !twists(&armature.nodes[*above].name)) == Some(from)
    };
    (0..armature.nodes.len())
        .filter(|node| armature.nodes[*node].rest.is_some() && twists(&armature.nodes[*node].name))
        .filter(|node| hangs(*node) && !armature.is_below(to, *node))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::motion::skeleton::joint::{LEFT_ELBOW, RIGHT_ELBOW};

    #[test]
    fn a_twist_goes_on_beyond_half_a_turn() {
        let mut twist = Twist { joint: LEFT_ELBOW, neighbour: LEFT_ELBOW + 2, axis: DVec3::X, angle: 0.0 };
        let mut turns = vec![DQuat::IDENTITY; 22];
        for step in 0..=20 {
            turns[LEFT_ELBOW + 2] = DQuat::from_rotation_x(0.2 * f64::from(step));
            twist.follow(&turns);
            assert!((twist.angle - 0.2 * f64::from(step)).abs() < 1e-9, "{step}: {}", twist.angle);
        }
        assert!(twist.turn(&turns, 0.5).angle_between(DQuat::from_rotation_x(2.0)) < 1e-6);
        assert!(!Twist::is_upper(RIGHT_ELBOW));
    }
}

//! Which turn each node of a character has: that of one of our joints, or one between two of them.

use super::armature::Armature;
use super::role::Role;
use super::twist::{self, Twist};
use crate::motion::skeleton::joint::{
    HEAD, LEFT_FOOT, LEFT_HIP, LEFT_SHOULDER, NECK, PELVIS, RIGHT_HIP, RIGHT_SHOULDER, SPINE1, SPINE2, SPINE3,
};

/// The trunk from the pelvis to the chest, which bends in equal parts between these joints.
const TRUNK: [usize; 4] = [PELVIS, SPINE1, SPINE2, SPINE3];

/// The roles of all nodes.
#[derive(Debug)]
pub(super) struct Roles {
    /// Of each node; a node without one stays at rest.
    pub of: Vec<Option<Role>>,
    /// Nodes that belong to the pelvis and do not hang on it.
    pub hang: Vec<usize>,
    pub twists: Vec<Twist>,
}

impl Roles {
    pub(super) fn new(armature: &Armature) -> Self {
        let mut of = vec![None; armature.nodes.len()];
        for (joint, node) in armature.map.iter().enumerate() {
            if let Some(node) = node.filter(|_| !TRUNK[1..].contains(&joint) && joint != NECK) {
                of[node] = Some(Role::Joint(joint));
            }
        }
        for side in 0..2 {
            armature.toes(side).into_iter().for_each(|toe| of[toe] = Some(Role::Joint(LEFT_FOOT + side)));
        }
        let trunk = trunk(armature);
        for (i, node) in trunk.iter().enumerate() {
            of[*node] = Some(along(&TRUNK, (i + 1) as f64 / trunk.len() as f64));
        }
        let neck = neck(armature);
        for (i, node) in neck.iter().enumerate() {
            of[*node] = Some(along(&[SPINE3, NECK], (i + 1) as f64 / neck.len() as f64));
        }
        let twists = twist::find(armature, &mut of);
        let hang = hang(armature, trunk.first().copied());
        Self { of, hang, twists }
    }

    pub(super) fn moves(&self, node: usize) -> bool {
        self.of[node].is_some()
    }
}

/// The role at a share of the way along some joints.
fn along(joints: &[usize], share: f64) -> Role {
    let place = share * (joints.len() - 1) as f64;
    let from = (place.floor() as usize).min(joints.len() - 2);
    match place - from as f64 {
        0.0 => Role::Joint(joints[from]),
        1.0 => Role::Joint(joints[from + 1]),
        share => Role::Between(joints[from], joints[from + 1], share),
    }
}

/// The lowest node that all of some joints hang on.
fn meeting(armature: &Armature, joints: &[usize]) -> Option<usize> {
    let nodes: Vec<usize> = joints.iter().filter_map(|joint| armature.map[*joint]).collect();
    let first = *nodes.first()?;
    armature.path_up(first).find(|above| nodes.iter().all(|node| armature.is_below(*node, *above)))
}

/// The chest: the node that both arms and the neck, or the head, hang on.
fn chest(armature: &Armature) -> Option<usize> {
    let up = if armature.map[NECK].is_some() { NECK } else { HEAD };
    meeting(armature, &[LEFT_SHOULDER, RIGHT_SHOULDER, up])
}

/// The joints above the pelvis up to the chest.
fn trunk(armature: &Armature) -> Vec<usize> {
    let Some((pelvis, chest)) = armature.map[PELVIS].zip(chest(armature)) else { return Vec::new() };
    let top = armature.path_up(chest).find(|above| armature.is_below(pelvis, *above));
    let mut path = top.map_or(Vec::new(), |top| armature.path_down(top, chest));
    path.retain(|node| armature.nodes[*node].rest.is_some());
    path
}

/// The joints above the chest up to the last below the head.
fn neck(armature: &Armature) -> Vec<usize> {
    let Some(chest) = chest(armature) else { return Vec::new() };
    let end = armature.map[HEAD].or(armature.map[NECK]);
    let mut path = end.map_or(Vec::new(), |end| armature.path_down(chest, end));
    path.retain(|node| armature.nodes[*node].rest.is_some() && Some(*node) != armature.map[HEAD]);
    path
}

/// Thighs and the first joint of the trunk that do not hang on the pelvis.
fn hang(armature: &Armature, trunk: Option<usize>) -> Vec<usize> {
    let Some(pelvis) = armature.map[PELVIS] else { return Vec::new() };
    let nodes = [armature.map[LEFT_HIP], armature.map[RIGHT_HIP], trunk].into_iter().flatten();
    nodes.filter(|node| !armature.is_below(*node, pelvis)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spines_of_any_number_of_joints_share_the_bend_and_end_with_the_chest() {
        let roles = |n: usize| -> Vec<Role> { (1..=n).map(|i| along(&TRUNK, i as f64 / n as f64)).collect() };
        assert_eq!(roles(1), [Role::Joint(SPINE3)]);
        assert_eq!(roles(2), [Role::Between(SPINE1, SPINE2, 0.5), Role::Joint(SPINE3)]);
        assert_eq!(roles(3), [Role::Joint(SPINE1), Role::Joint(SPINE2), Role::Joint(SPINE3)]);
        assert!(matches!(roles(5)[0], Role::Between(PELVIS, SPINE1, share) if (share - 0.6).abs() < 1e-9));
        assert_eq!(roles(5)[4], Role::Joint(SPINE3));
    }
}

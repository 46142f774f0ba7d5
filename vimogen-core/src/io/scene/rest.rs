//! Rest places of joints that no mesh is bound to.

use glam::{DAffine3, DMat3, DVec3};

use super::tree::{Tree, inverse};

/// Warning for a file without a bind pose.
pub(in crate::io) const PRESENT: &str = "no mesh is bound to the skeleton, so the present pose of its nodes is taken for the \
     rest pose; export it together with its mesh if limbs come out bent";

/// Places of all joints from those of some: a parent is where its children's are, others keep their present place
/// relative to their parent, and without any place at all the present one is taken.
pub(in crate::io) fn fill(tree: &Tree, joints: &[usize], mut rest: Vec<Option<DAffine3>>) -> Vec<DAffine3> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); tree.parents.len()];
    for node in joints.iter().rev() {
        if rest[*node].is_none() {
            rest[*node] = above(tree, &children[*node], &rest);
        }
        if let Some(parent) = tree.parents[*node] {
            children[parent].push(*node);
        }
    }
    for node in joints {
        let parent = tree.parents[*node].and_then(|parent| rest[parent]);
        rest[*node] = rest[*node].or_else(|| parent.map(|parent| parent * tree.locals[*node]));
    }
    joints.iter().map(|node| rest[*node].unwrap_or(tree.world[*node])).collect()
}

/// The place of a node from the places of its children, whose offsets do not turn with them: three children span the
/// axes of the node; of fewer the first one's present rotation is trusted.
fn above(tree: &Tree, children: &[usize], rest: &[Option<DAffine3>]) -> Option<DAffine3> {
    let known = || children.iter().filter_map(|child| Some((tree.locals[*child].translation, rest[*child]?)));
    let (offset, first) = known().next()?;
    let arms: Vec<(DVec3, DVec3)> =
        known().skip(1).map(|(o, place)| (o - offset, place.translation - first.translation)).collect();
    let frame = |a: DVec3, b: DVec3| {
        let across = a.cross(b).try_normalize()?;
        let along = a.try_normalize()?;
        (a.angle_between(b).sin() > 0.05).then_some(DMat3::from_cols(along, across, along.cross(across)))
    };
    let pair = arms.iter().skip(1).find_map(|(own, bound)| {
        let (own_first, bound_first) = arms[0];
        let turn = frame(bound_first, *bound)? * frame(own_first, *own)?.transpose();
        Some(turn * DMat3::from_diagonal(DVec3::splat(bound_first.length() / own_first.length())))
    });
    let child = children.iter().find(|child| rest[**child].is_some())?;
    match pair {
        Some(matrix3) => Some(DAffine3 { matrix3, translation: first.translation - matrix3 * offset }),
        None => inverse(&tree.locals[*child]).map(|up| first * up),
    }
}

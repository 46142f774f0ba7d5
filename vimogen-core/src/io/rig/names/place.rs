//! Joints that names do not tell, by their place between those that are known.

use super::Map;
use super::tree::Tree;
use crate::motion::skeleton::joint::{
    HEAD, LEFT_ANKLE, LEFT_COLLAR, LEFT_FOOT, LEFT_SHOULDER, NECK, PELVIS, SPINE1, SPINE2, SPINE3,
};

/// Fills in neck, collars, feet and spine where `map` lacks them.
pub(super) fn fill(tree: &Tree<'_>, map: &mut Map) {
    neck(tree, map);
    for side in 0..2 {
        collar(tree, map, side);
        foot(tree, map, side);
    }
    spine(tree, map);
}

/// The chest: the last joint that neck (or head) and both shoulders hang on.
fn chest(tree: &Tree<'_>, map: &Map) -> Option<usize> {
    let shoulders = tree.meeting(map[LEFT_SHOULDER]?, map[LEFT_SHOULDER + 1]?)?;
    map[NECK].or(map[HEAD]).map_or(Some(shoulders), |neck| tree.meeting(shoulders, neck))
}

/// The first joint between chest and head.
fn neck(tree: &Tree<'_>, map: &mut Map) {
    if let (None, Some(head), Some(chest)) = (map[NECK], map[HEAD], chest(tree, map)) {
        map[NECK] = tree.path_down(chest, head).first().copied().filter(|neck| *neck != head);
    }
}

/// The first joint between chest and shoulder.
fn collar(tree: &Tree<'_>, map: &mut Map, side: usize) {
    let shoulder = map[LEFT_SHOULDER + side];
    if let (None, Some(shoulder), Some(chest)) = (map[LEFT_COLLAR + side], shoulder, chest(tree, map)) {
        map[LEFT_COLLAR + side] = tree.path_down(chest, shoulder).first().copied().filter(|collar| *collar != shoulder);
    }
}

/// The only joint below the ankle.
fn foot(tree: &Tree<'_>, map: &mut Map, side: usize) {
    if let (None, Some(ankle)) = (map[LEFT_FOOT + side], map[LEFT_ANKLE + side])
        && let [foot] = tree.children[ankle].as_slice()
    {
        map[LEFT_FOOT + side] = Some(*foot);
    }
}

/// The joints between pelvis and neck: the first, the middle and the last if there are more. A joint in the place of its
/// parent, as CMU's first, has no bone below it.
fn spine(tree: &Tree<'_>, map: &mut Map) {
    let top = map[NECK].and_then(|neck| tree.joints[neck].parent).or_else(|| chest(tree, map));
    let (Some(pelvis), Some(top)) = (map[PELVIS], top) else { return };
    let Some(meeting) = tree.meeting(top, pelvis) else { return };
    let mut chain = tree.path_down(meeting, top);
    // Where channels hold all offsets, no joint has a length at rest.
    if chain.iter().any(|joint| tree.length(*joint) > 0.0) {
        chain.retain(|joint| tree.length(*joint) > 0.0);
    }
    let found = match chain.as_slice() {
        [] => [None; 3],
        [only] => [None, None, Some(*only)],
        [first, last] => [Some(*first), None, Some(*last)],
        [first, .., last] => [Some(*first), Some(chain[chain.len() / 2]), Some(*last)],
    };
    for (joint, found) in [SPINE1, SPINE2, SPINE3].into_iter().zip(found) {
        map[joint] = map[joint].or(found);
    }
}

//! Which joint of a file is which of ours: by the set of names, by the shape of the skeleton, or as the caller says.

mod human;
mod place;
mod recognise;
mod shape;
mod spelling;
mod table;
mod tree;

use std::collections::BTreeMap;

use super::Rig;
use crate::error::{Error, Result};
use crate::io::LoadOptions;
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::JOINT_NAMES;
use crate::motion::skeleton::joint::{
    LEFT_ANKLE, LEFT_ELBOW, LEFT_HIP, LEFT_KNEE, LEFT_SHOULDER, PELVIS, RIGHT_ANKLE, RIGHT_ELBOW, RIGHT_HIP,
    RIGHT_KNEE, RIGHT_SHOULDER,
};
use table::Evidence;
use tree::Tree;

/// Required joints.
const NEEDED: [usize; 11] = [
    PELVIS,
    LEFT_HIP,
    RIGHT_HIP,
    LEFT_KNEE,
    RIGHT_KNEE,
    LEFT_ANKLE,
    RIGHT_ANKLE,
    LEFT_SHOULDER,
    RIGHT_SHOULDER,
    LEFT_ELBOW,
    RIGHT_ELBOW,
];

/// The joints of a file that were recognised.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::io) struct Found {
    /// How they were recognised, for people: `"joint names of Mixamo"`.
    pub how: String,
    /// The joint of the file for each of ours.
    pub map: Map,
    /// Doubts, one sentence each.
    pub warnings: Vec<String>,
}

/// The joint of the file for each of ours, where it has one: always pelvis, hips, knees, ankles, shoulders and elbows.
pub(in crate::io) type Map = [Option<usize>; JOINTS];

/// Recognises the joints of `rig`: `options.names` above all, then names of known rigs, then the shape of the skeleton.
///
/// # Errors
/// [`Error::Format`] for other skeletons than a human's, with the reason and the joints; [`Error::InvalidArgument`] for `names` that
/// the file or we do not have.
pub(in crate::io) fn find(rig: &dyn Rig, options: &LoadOptions<'_>) -> Result<Found> {
    let tree = Tree::new(rig.joints());
    if let Some(names) = options.names.filter(|names| !names.is_empty()) {
        return with_given(&tree, rig, names);
    }
    if let Some(found) = known(&tree, rig) {
        return Ok(found);
    }
    let found = recognise(&tree, rig)?;
    if human::has_four_legs(&tree, rig, &found.map) {
        let reason = format!("it is an animal on four legs, not a human; it has {}", human::listed(&tree));
        return Err(Error::format(rig.format(), reason));
    }
    Ok(found)
}

/// As the file itself says.
fn known(tree: &Tree<'_>, rig: &dyn Rig) -> Option<Found> {
    let mut map = rig.known_joints().filter(|map| missing(map).is_empty())?;
    place::fill(tree, &mut map);
    Some(Found { how: "joints as VRM names them".into(), map, warnings: Vec::new() })
}

/// By names of known rigs, then by shape.
fn recognise(tree: &Tree<'_>, rig: &dyn Rig) -> Result<Found> {
    let best = recognise::best_row(tree);
    let mut map = best.map;
    if missing(&map).is_empty() {
        place::fill(tree, &mut map);
        let title = best.row.title;
        let unsure = format!("joint names of {title} are known from hearsay only; `names` sets them if they are wrong");
        let warnings = if best.row.evidence == Evidence::Memory { vec![unsure] } else { Vec::new() };
        return Ok(Found { how: format!("joint names of {title}"), map, warnings });
    }
    let Some((mut map, sure)) = shape::by_shape(tree, rig) else { return Err(refused(tree, rig, &best)) };
    place::fill(tree, &mut map);
    let doubt = if sure { "" } else { "; which side is left is not sure" };
    let warning = format!("the joints were found by their place in the skeleton{doubt}; `names` sets them");
    Ok(Found { how: "joints by their place in the skeleton".into(), map, warnings: vec![warning] })
}

/// Why the joints were not recognised, and what helps.
fn refused(tree: &Tree<'_>, rig: &dyn Rig, best: &recognise::Match) -> Error {
    let mut reason = format!("it has {}", human::what_it_is(tree));
    let missing = missing(&best.map);
    if missing.len() * 2 < NEEDED.len() {
        reason += &format!("; by the joint names of {} it lacks {}", best.row.title, named(&missing));
    }
    let help = "`names` says which of our joints is which of the file's";
    Error::format(rig.format(), format!("{reason}. It has {}. {help}", human::listed(tree)))
}

/// The joints as the caller says; those that are not given as recognised, if they are.
fn with_given(tree: &Tree<'_>, rig: &dyn Rig, names: &BTreeMap<String, String>) -> Result<Found> {
    let recognised = known(tree, rig).map_or_else(|| recognise(tree, rig), Ok);
    let (mut map, how) = match &recognised {
        Ok(found) => (found.map, format!("{}, {} as given", found.how, names.len())),
        Err(_) => ([None; JOINTS], "joints as given".into()),
    };
    let theirs = tree.names();
    for (ours, name) in names {
        let joint = JOINT_NAMES.iter().position(|joint| joint == ours);
        let unknown = || Error::invalid("names", format!("{ours:?} is none of ours: {}", JOINT_NAMES.join(", ")));
        let absent =
            || Error::invalid("names", format!("the file has no joint {name:?}; it has {}", human::listed(tree)));
        map[joint.ok_or_else(unknown)?] = Some(recognise::joint_named(&theirs, name).ok_or_else(absent)?);
    }
    let missing = missing(&map);
    if !missing.is_empty() {
        let reason =
            format!("{} are neither given nor recognised; the file has {}", named(&missing), human::listed(tree));
        return Err(Error::invalid("names", reason));
    }
    place::fill(tree, &mut map);
    Ok(Found { how, map, warnings: Vec::new() })
}

/// Required joints that `map` lacks.
fn missing(map: &Map) -> Vec<usize> {
    NEEDED.into_iter().filter(|joint| map[*joint].is_none()).collect()
}

fn named(joints: &[usize]) -> String {
    joints.iter().map(|joint| JOINT_NAMES[*joint]).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;

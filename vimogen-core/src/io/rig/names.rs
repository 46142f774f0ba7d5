//! Which joint of a file is which of ours.

use super::{Rig, RigJoint};
use crate::error::{Error, Result};
use crate::io::LoadOptions;
use crate::io::bvh::MIXAMO_NAMES;
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::JOINT_NAMES;
use crate::motion::skeleton::joint::{
    LEFT_ANKLE, LEFT_ELBOW, LEFT_HIP, LEFT_KNEE, LEFT_SHOULDER, NECK, PELVIS, RIGHT_ANKLE, RIGHT_ELBOW, RIGHT_HIP,
    RIGHT_KNEE, RIGHT_SHOULDER, SPINE1, SPINE2, SPINE3,
};

/// Required joints.
const NEEDED: [usize; 12] = [
    PELVIS,
    LEFT_HIP,
    RIGHT_HIP,
    LEFT_KNEE,
    RIGHT_KNEE,
    LEFT_ANKLE,
    RIGHT_ANKLE,
    NECK,
    LEFT_SHOULDER,
    RIGHT_SHOULDER,
    LEFT_ELBOW,
    RIGHT_ELBOW,
];

/// The joints of a file that were recognised.
pub(in crate::io) struct Found {
    /// How they were recognised, for people: `"joint names of Mixamo"`.
    pub how: String,
    /// The joint of the file for each of ours.
    pub map: Map,
    /// Doubts, one sentence each.
    pub warnings: Vec<String>,
}

/// The joint of the file for each of ours, where it has one.
pub(in crate::io) type Map = [Option<usize>; JOINTS];

/// A name without prefix, case and separators.
fn plain(name: &str) -> String {
    let name = name.rsplit(':').next().unwrap_or(name);
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Recognises the joints of `rig` by their names.
///
/// # Errors
/// [`Error::Format`] naming the joints that are missing.
pub(in crate::io) fn find(rig: &dyn Rig, _options: &LoadOptions<'_>) -> Result<Found> {
    let joints = rig.joints();
    let names: Vec<String> = joints.iter().map(|j| plain(&j.name)).collect();
    let find = |wanted: &[&str; JOINTS]| -> Map {
        std::array::from_fn(|j| names.iter().position(|name| *name == plain(wanted[j])))
    };
    let count = |map: &Map| NEEDED.iter().filter(|j| map[**j].is_some()).count();
    let [smpl, mixamo] = [find(&JOINT_NAMES), find(&MIXAMO_NAMES)];
    let is_smpl = count(&smpl) >= count(&mixamo);
    let (mut map, wanted, name) = if is_smpl { (smpl, JOINT_NAMES, "SMPL") } else { (mixamo, MIXAMO_NAMES, "Mixamo") };
    let missing: Vec<&str> = NEEDED.iter().filter(|j| map[**j].is_none()).map(|j| wanted[*j]).collect();
    if !missing.is_empty() {
        let reason = format!("it has no joint named {}; names of SMPL and of Mixamo are known", missing.join(", "));
        return Err(Error::format(rig.format(), reason));
    }
    spine(joints, &mut map);
    Ok(Found { how: format!("joint names of {name}"), map, warnings: Vec::new() })
}

/// The spine by its place: the joints between pelvis and neck, the first, the middle and the last if there are more.
fn spine(joints: &[RigJoint], map: &mut Map) {
    let mut chain = Vec::new();
    let mut at = map[NECK].and_then(|neck| joints[neck].parent);
    while let Some(joint) = at.filter(|joint| Some(*joint) != map[PELVIS]) {
        chain.push(joint);
        at = joints[joint].parent;
    }
    chain.reverse();
    let last = chain.len().checked_sub(1);
    map[SPINE1] = chain.first().copied().filter(|_| chain.len() >= 2);
    map[SPINE2] = chain.get(chain.len() / 2).copied().filter(|_| chain.len() >= 3);
    map[SPINE3] = last.map(|last| chain[last]);
}

//! VRM animation: the bones of a humanoid in glTF, for avatars of any proportions.
//!
//! The nodes are in the rest pose, a T on y = 0 with identity rotations, from which a player carries the rotations over to an
//! avatar. Hips positions are scaled by the player with the height of the avatar's hips. Keys are linear, the only kind that
//! players agree on.

use std::path::Path;

use glam::{Quat, Vec3};
use serde_json::{Map, Value, json};

use super::build::{Builder, Glb};
use super::humanoid::BONES;
use super::write::{Tracks, asset};
use crate::body::BodyModel;
use crate::declare::named_enum;
use crate::error::Result;
use crate::format::write_atomic;
use crate::io::joint_names::JointNames;
use crate::io::skinned::Skinned;
use crate::motion::Motion;
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::joint;

named_enum! {
    /// Bones of a VRM animation.
    pub enum HumanBones("bones", default All) {
        /// All that the motion has: 22.
        All = "all",
        /// Those that every avatar has: 15. The bend of the whole spine is in one bone; otherwise avatars without chest or
        /// neck lose a part of it.
        Required = "required",
    }
}

/// Bones that an avatar may lack.
const OPTIONAL: [usize; 7] = [
    joint::SPINE2,
    joint::SPINE3,
    joint::LEFT_FOOT,
    joint::RIGHT_FOOT,
    joint::NECK,
    joint::LEFT_COLLAR,
    joint::RIGHT_COLLAR,
];

/// Writes the clip as a `.vrma` file.
///
/// # Errors
/// Those of [`vrma_to_bytes`], [`Error::NotFound`](crate::Error::NotFound) if the folder does not exist,
/// [`Error::Io`](crate::Error::Io).
pub fn save_vrma(path: impl AsRef<Path>, motion: &Motion, bones: HumanBones) -> Result<()> {
    let file = animation(motion, bones)?;
    write_atomic(path, |w| file.write(w))
}

/// The bytes of the file.
///
/// # Errors
/// [`Error::NonFinite`](crate::Error::NonFinite) for a clip whose decoded values overflow,
/// [`Error::TooLarge`](crate::Error::TooLarge) beyond the 4 GiB of the format.
pub fn vrma_to_bytes(motion: &Motion, bones: HumanBones) -> Result<Vec<u8>> {
    animation(motion, bones)?.into_bytes()
}

fn animation(motion: &Motion, bones: HumanBones) -> Result<Glb> {
    let clip = Skinned::new(motion, BodyModel::neutral(), JointNames::Smpl)?;
    let kept: Vec<usize> = (0..JOINTS).filter(|j| bones == HumanBones::All || !OPTIONAL.contains(j)).collect();
    let parents: Vec<Option<usize>> = kept.iter().map(|j| parent(&clip, &kept, *j)).collect();
    let mut file = Builder::default();
    let mut tracks = Tracks::new(&mut file, motion);
    tracks.add(&mut file, 0, "translation", &held(clip.roots().iter().map(|p| p.to_array()).collect()));
    for (node, turns) in turns(&clip, &kept, &parents).into_iter().enumerate() {
        tracks.add(&mut file, node, "rotation", &held(turns.iter().map(|turn| turn.to_array()).collect()));
    }
    let named: Map<String, Value> =
        kept.iter().enumerate().map(|(node, j)| (BONES[*j].to_string(), json!({"node": node}))).collect();
    let document = json!({
        "asset": asset(motion),
        "extensionsUsed": ["VRMC_vrm_animation"],
        "extensions": {"VRMC_vrm_animation": {"specVersion": "1.0", "humanoid": {"humanBones": named}}},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": nodes(&clip, &kept, &parents),
        "animations": [tracks.into_animation()],
    });
    Glb::new(document, file)
}

/// A clip of one frame has its pose twice: players apply no animation without a duration.
fn held<const N: usize>(mut keys: Vec<[f32; N]>) -> Vec<[f32; N]> {
    if let [only] = keys[..] {
        keys.push(only);
    }
    keys
}

/// Node of the next kept joint above.
fn parent(clip: &Skinned<'_>, kept: &[usize], joint: usize) -> Option<usize> {
    let above = std::iter::successors(clip.parent(joint), |j| clip.parent(*j));
    above.filter_map(|j| kept.iter().position(|k| *k == j)).next()
}

fn nodes(clip: &Skinned<'_>, kept: &[usize], parents: &[Option<usize>]) -> Vec<Value> {
    let node = |node: usize| {
        let above = parents[node].map_or(Vec3::ZERO, |parent| clip.rest[kept[parent]]);
        let mut value = json!({"name": BONES[kept[node]], "translation": (clip.rest[kept[node]] - above).to_array()});
        let children: Vec<usize> = (0..kept.len()).filter(|child| parents[*child] == Some(node)).collect();
        if !children.is_empty() {
            value["children"] = json!(children);
        }
        value
    };
    (0..kept.len()).map(node).collect()
}

/// Rotations of the kept joints relative to the kept joints above. The only bone of a spine turns as its upper end does.
fn turns(clip: &Skinned<'_>, kept: &[usize], parents: &[Option<usize>]) -> Vec<Vec<Quat>> {
    let local: Vec<Vec<Quat>> = (0..JOINTS).map(|j| clip.turns(j)).collect();
    let whole = kept.contains(&joint::SPINE3);
    let global = |j: usize, t: usize| {
        let end = if j == joint::SPINE1 && !whole { joint::SPINE3 } else { j };
        let chain = std::iter::successors(Some(end), |j| clip.parent(*j));
        chain.fold(Quat::IDENTITY, |turn, j| local[j][t] * turn)
    };
    let turn = |node: usize, t: usize| {
        let above = parents[node].map_or(Quat::IDENTITY, |parent| global(kept[parent], t));
        (above.inverse() * global(kept[node], t)).normalize()
    };
    let continued = |turns: Vec<Quat>| {
        let mut before = Quat::IDENTITY;
        let near = |turn: Quat| {
            before = if turn.dot(before) < 0.0 { -turn } else { turn };
            before
        };
        turns.into_iter().map(near).collect()
    };
    (0..kept.len()).map(|node| continued((0..clip.motion.len()).map(|t| turn(node, t)).collect())).collect()
}

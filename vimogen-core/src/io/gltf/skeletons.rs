//! The skeletons of a glTF file: bodies with their skins.

use super::container::bad;
use super::humanoid::Humanoid;
use super::json::Document;
use crate::error::Result;
use crate::io::scene::bodies::{Body, MAX_JOINTS, bodies, moved_trees};
use crate::io::scene::tree::Tree;

/// The nodes of one body.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Skeleton {
    /// Name of its skin, or of its first joint.
    pub name: String,
    /// The joints, parents before their children.
    pub joints: Vec<usize>,
    /// Its skins, that with the most joints first.
    pub skins: Vec<usize>,
}

/// All skeletons, in the order of the skins. Without skins, bodies are VRM's bones or the trees with animated nodes.
pub(super) fn skeletons(document: &Document, tree: &Tree, human: Option<&Humanoid>) -> Result<Vec<Skeleton>> {
    let moved = moved(document, tree);
    let mut sets: Vec<Vec<usize>> = Vec::new();
    for (index, skin) in document.skins.0.iter().enumerate() {
        let joints: Vec<usize> = skin.joints.0.iter().map(|node| *node as usize).collect();
        if joints.iter().any(|node| *node >= tree.parents.len()) {
            return Err(bad(format!("skin {index} has a joint that is no node")));
        }
        sets.push(joints);
    }
    sets.extend(human.map(|human| human.nodes().collect()));
    if sets.is_empty() {
        sets = moved_trees(tree, &moved);
    }
    bodies(&sets, tree, &moved).into_iter().map(|body| skeleton(document, body)).collect()
}

fn skeleton(document: &Document, body: Body) -> Result<Skeleton> {
    if body.joints.len() > MAX_JOINTS {
        return Err(bad(format!("a skeleton has over {MAX_JOINTS} joints")));
    }
    let skins = &document.skins.0;
    let mut own: Vec<usize> = body.sets.into_iter().filter(|set| *set < skins.len()).collect();
    let names = own.iter().map(|skin| &skins[*skin].name);
    let root = body.joints.first().map(|node| &document.nodes.0[*node].name);
    let name = names.chain(root).find(|name| !name.is_empty()).cloned().unwrap_or_default();
    own.sort_by_key(|skin| usize::MAX - skins[*skin].joints.0.len());
    Ok(Skeleton { name, joints: body.joints, skins: own })
}

/// Whether a channel moves each node.
fn moved(document: &Document, tree: &Tree) -> Vec<bool> {
    let mut moved = vec![false; tree.parents.len()];
    for channel in document.animations.0.iter().flat_map(|animation| &animation.channels) {
        if let Some(place) = channel.target.node.and_then(|node| moved.get_mut(node as usize)) {
            *place = true;
        }
    }
    moved
}

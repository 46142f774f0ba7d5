//! The skeletons of a glTF file: which nodes are joints of one body.

use super::container::bad;
use super::humanoid::Humanoid;
use super::json::Document;
use super::nodes::Tree;
use crate::error::Result;

/// Maximum number of joints of a body.
const MAX_JOINTS: usize = 4096;

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

/// All skeletons, in the order of the skins. Skins that share joints, or whose joints hang on each other's, are one
/// body with several meshes. Without skins, bodies are the trees with animated nodes.
pub(super) fn skeletons(document: &Document, tree: &Tree, human: Option<&Humanoid>) -> Result<Vec<Skeleton>> {
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
        sets = animated(document, tree);
    }
    let owners = owners(&sets, tree, &moved(document, tree));
    let mut all: Vec<Skeleton> = Vec::new();
    let mut places: Vec<Option<usize>> = vec![None; sets.len()];
    for node in &tree.order {
        let Some(owner) = owners[*node] else { continue };
        let place = *places[owner].get_or_insert_with(|| {
            all.push(Skeleton { name: String::new(), joints: Vec::new(), skins: Vec::new() });
            all.len() - 1
        });
        all[place].joints.push(*node);
    }
    for (index, skin) in document.skins.0.iter().enumerate() {
        let place = skin.joints.0.first().and_then(|node| places[owners[*node as usize]?]);
        if let Some(place) = place {
            all[place].skins.push(index);
        }
    }
    for skeleton in &mut all {
        if skeleton.joints.len() > MAX_JOINTS {
            return Err(bad(format!("a skeleton has over {MAX_JOINTS} joints")));
        }
        let skins = &document.skins.0;
        let names = skeleton.skins.iter().map(|skin| &skins[*skin].name);
        let root = &document.nodes.0[skeleton.joints[0]].name;
        skeleton.name = names.chain([root]).find(|name| !name.is_empty()).cloned().unwrap_or_default();
        skeleton.skins.sort_by_key(|skin| usize::MAX - skins[*skin].joints.0.len());
    }
    all.sort_by_key(|skeleton| skeleton.skins.iter().min().copied().unwrap_or(usize::MAX));
    Ok(all)
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

/// The animated nodes of each tree.
fn animated(document: &Document, tree: &Tree) -> Vec<Vec<usize>> {
    let moved = moved(document, tree);
    let mut roots = vec![0; tree.parents.len()];
    let mut sets = vec![Vec::new(); tree.parents.len()];
    for node in &tree.order {
        roots[*node] = tree.parents[*node].map_or(*node, |parent| roots[parent]);
        if moved[*node] {
            sets[roots[*node]].push(*node);
        }
    }
    sets.retain(|set| !set.is_empty());
    sets
}

/// For each node that is a joint the number of its body: the first of the sets that make it up. Nodes below a joint
/// are joints too, unless they carry a mesh (ends of bones, bones without weights), and so are animated nodes that join
/// several (hips without weights).
fn owners(sets: &[Vec<usize>], tree: &Tree, moved: &[bool]) -> Vec<Option<usize>> {
    let mut groups: Vec<usize> = (0..sets.len()).collect();
    let mut owner: Vec<Option<usize>> = vec![None; tree.parents.len()];
    for (set, nodes) in sets.iter().enumerate() {
        for node in nodes {
            match owner[*node] {
                Some(other) => join(&mut groups, other, set),
                None => owner[*node] = Some(set),
            }
        }
    }
    let mut below: Vec<Option<usize>> = owner.clone();
    for node in tree.order.iter().rev() {
        let Some((parent, set)) = tree.parents[*node].zip(below[*node]) else { continue };
        match below[parent] {
            None => below[parent] = Some(set),
            Some(other) if owner[parent].is_none() && moved[parent] && !tree.carries[parent] => {
                join(&mut groups, other, set);
                owner[parent] = Some(set);
            }
            Some(_) => {}
        }
    }
    let mut above: Vec<Option<usize>> = vec![None; tree.parents.len()];
    for node in &tree.order {
        let inherited = tree.parents[*node].and_then(|parent| above[parent]);
        if let (Some(own), Some(inherited)) = (owner[*node], inherited) {
            join(&mut groups, own, inherited);
        }
        above[*node] = owner[*node].or(inherited);
    }
    for node in &tree.order {
        let parent = tree.parents[*node].and_then(|parent| owner[parent]);
        owner[*node] = owner[*node].or(parent.filter(|_| !tree.carries[*node])).map(|set| root(&groups, set));
    }
    owner
}

fn root(groups: &[usize], mut set: usize) -> usize {
    while groups[set] != set {
        set = groups[set];
    }
    set
}

fn join(groups: &mut [usize], a: usize, b: usize) {
    let (a, b) = (root(groups, a), root(groups, b));
    groups[a.max(b)] = a.min(b);
}

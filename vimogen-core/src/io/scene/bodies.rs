//! Which nodes are the joints of one body.

use super::tree::Tree;

/// Maximum number of joints of a body.
pub(in crate::io) const MAX_JOINTS: usize = 4096;

/// The nodes of one body.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::io) struct Body {
    /// The joints, parents before their children.
    pub joints: Vec<usize>,
    /// The sets that make it up, in their order.
    pub sets: Vec<usize>,
}

/// Bodies from sets of joints, such as skins, in the order of the sets. Sets that share joints, or whose joints hang on
/// each other's, are one body.
pub(in crate::io) fn bodies(sets: &[Vec<usize>], tree: &Tree, moved: &[bool]) -> Vec<Body> {
    let owners = owners(sets, tree, moved);
    let mut places: Vec<Option<usize>> = vec![None; sets.len()];
    let mut all: Vec<Body> = Vec::new();
    for (set, nodes) in sets.iter().enumerate() {
        let Some(owner) = nodes.first().and_then(|node| owners[*node]) else { continue };
        let place = *places[owner].get_or_insert(all.len());
        if place == all.len() {
            all.push(Body { joints: Vec::new(), sets: Vec::new() });
        }
        all[place].sets.push(set);
    }
    for node in &tree.order {
        if let Some(place) = owners[*node].and_then(|owner| places[owner]) {
            all[place].joints.push(*node);
        }
    }
    all
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

/// The moved nodes of each tree, as sets for files without skins.
pub(in crate::io) fn moved_trees(tree: &Tree, moved: &[bool]) -> Vec<Vec<usize>> {
    let mut roots = vec![0; tree.parents.len()];
    let mut sets = vec![Vec::new(); tree.parents.len()];
    for node in &tree.order {
        roots[*node] = tree.parents[*node].map_or(*node, |parent| roots[parent]);
        if moved[*node] {
            sets[roots[*node]].push(*node);
        }
    }
    sets.retain(|set: &Vec<usize>| !set.is_empty());
    sets
}

//! The rest pose of a skeleton: where its joints were when the mesh was bound to them.
//!
//! The present place of a node is not its rest pose: exporters write a frame of the animation there as well. Inverse bind
//! matrices lead from the mesh to the joint, and the mesh may be in other axes and units than the nodes (an Armature
//! scaled by 0.01 and turned by 90 degrees above a mesh in centimetres, for one).

use glam::{DAffine3, DMat3, DMat4, DVec3};

use super::accessor::Accessors;
use super::container::bad;
use super::json::{Document, Skin};
use super::skeletons::Skeleton;
use crate::error::Result;
use crate::io::scene::rest::fill;
use crate::io::scene::tree::{Tree, inverse, rotation};

/// Joints that are compared to find the axes of the mesh.
const COMPARED: usize = 512;
/// Meshes of a body whose bind poses are looked at, those with the most joints.
const SKINS: usize = 64;
/// Parents above a skeleton whose axes may be those of the mesh.
const ABOVE: usize = 16;

/// Transforms of the skeleton's joints to the world at rest.
pub(super) fn rest(
    document: &Document,
    tree: &Tree,
    skeleton: &Skeleton,
    accessors: &Accessors<'_>,
) -> Result<Vec<DAffine3>> {
    let mut rest: Vec<Option<DAffine3>> = vec![None; tree.parents.len()];
    for skin in skeleton.skins.iter().take(SKINS) {
        for (node, place) in bound(document, tree, *skin, accessors)? {
            rest[node].get_or_insert(place);
        }
    }
    Ok(fill(tree, &skeleton.joints, rest))
}

/// Joints and places of a skin, in the axes and the unit of the nodes.
fn bound(document: &Document, tree: &Tree, index: usize, accessors: &Accessors<'_>) -> Result<Vec<(usize, DAffine3)>> {
    let skin = &document.skins.0[index];
    let Some(matrices) = skin.inverse_bind_matrices else { return Ok(Vec::new()) };
    let matrices = accessors.rows(matrices)?;
    if matrices.width != 16 || matrices.len() < skin.joints.0.len() {
        return Err(bad(format!("skin {index} has inverse bind matrices for fewer than its joints")));
    }
    let place = |n: usize| {
        let matrix = DAffine3::from_mat4(DMat4::from_cols_array(&matrices.row::<16>(n)));
        inverse(&matrix)
    };
    let joints = skin.joints.0.iter().enumerate();
    let mut bound: Vec<(usize, DAffine3)> =
        joints.filter_map(|(n, node)| place(n).map(|place| (*node as usize, place))).collect();
    // Identities say nothing.
    let first = bound.first().map(|(_, place)| *place);
    if bound.len() > 1 && bound.iter().all(|(_, place)| Some(*place) == first) {
        return Ok(Vec::new());
    }
    let mesh = mesh_to_world(document, tree, index, skin, &bound);
    bound.iter_mut().for_each(|(_, place)| *place = mesh * *place);
    Ok(bound)
}

/// From the axes and the unit of the mesh to those of the nodes: the world, a parent of the skeleton or the node of the
/// mesh, whichever agrees best with the nodes' present rotations; the scale is that of the bones' lengths.
fn mesh_to_world(document: &Document, tree: &Tree, index: usize, skin: &Skin, bound: &[(usize, DAffine3)]) -> DAffine3 {
    let Some(top) = skin.joints.0.first().map(|node| *node as usize) else { return DAffine3::IDENTITY };
    let nodes = document.nodes.0.iter();
    let mesh = nodes.enumerate().find(|(_, node)| node.skin.is_some_and(|skin| skin as usize == index));
    let mut is_joint = vec![false; tree.parents.len()];
    skin.joints.0.iter().for_each(|node| is_joint[*node as usize] = true);
    let above = tree.above(top).filter(|node| !is_joint[*node]).take(ABOVE);
    let candidates = [DAffine3::IDENTITY].into_iter();
    let candidates = candidates.chain(above.chain(mesh.map(|(node, _)| node)).map(|node| tree.world[node]));
    let now_and_bound: Vec<(DMat3, DMat3)> = bound
        .iter()
        .take(COMPARED)
        .filter_map(|(node, place)| Some((rotation(tree.world[*node].matrix3)?, rotation(place.matrix3)?)))
        .collect();
    let distance = |turn: DMat3| -> f64 { now_and_bound.iter().map(|(now, bound)| angle(*now, turn * *bound)).sum() };
    let mut best = (f64::INFINITY, DAffine3::IDENTITY, DMat3::IDENTITY);
    for candidate in candidates {
        let Some(turn) = rotation(candidate.matrix3) else { continue };
        let distance = distance(turn);
        // The first of equals.
        if distance < best.0 - 1e-6 {
            best = (distance, candidate, turn);
        }
    }
    let (_, candidate, turn) = best;
    let scale = scale(tree, bound);
    let own = candidate.matrix3.determinant().abs().cbrt();
    // The bones' own lengths are animated at times; a factor near the candidate's is the candidate's.
    let scale = if (scale / own - 1.0).abs() < 0.05 { own } else { scale };
    DAffine3 { matrix3: turn * DMat3::from_diagonal(DVec3::splat(scale)), translation: candidate.translation }
}

/// Median of the bones' present lengths by those at rest.
fn scale(tree: &Tree, bound: &[(usize, DAffine3)]) -> f64 {
    let mut places: Vec<Option<DVec3>> = vec![None; tree.parents.len()];
    for (node, place) in bound {
        places[*node] = Some(place.translation);
    }
    let ratio = |(node, place): &(usize, DAffine3)| {
        let parent = tree.parents[*node]?;
        let bone = (place.translation - places[parent]?).length();
        let now = (tree.world[*node].translation - tree.world[parent].translation).length();
        (bone > 1e-9 && now > 1e-9).then_some(now / bone)
    };
    let mut ratios: Vec<f64> = bound.iter().filter_map(ratio).filter(|ratio| ratio.is_finite()).collect();
    ratios.sort_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).copied().unwrap_or(1.0)
}

fn angle(a: DMat3, b: DMat3) -> f64 {
    let turn = a.transpose() * b;
    let trace = turn.x_axis.x + turn.y_axis.y + turn.z_axis.z;
    (0.5 * (trace - 1.0)).clamp(-1.0, 1.0).acos()
}

//! The tree of nodes, and where they are.

use glam::{DAffine3, DMat3, DMat4, DQuat, DVec3};

use super::container::bad;
use super::json::Node;
use crate::error::Result;

/// Translation, rotation and scale of a node relative to its parent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Local {
    pub translation: DVec3,
    pub rotation: DQuat,
    pub scale: DVec3,
}

impl Local {
    /// As the node says; a matrix is taken apart.
    fn of(node: &Node) -> Self {
        if let Some(matrix) = node.matrix {
            let (scale, rotation, translation) = DMat4::from_cols_array(&matrix).to_scale_rotation_translation();
            return Self { translation, rotation: unit(rotation), scale };
        }
        Self {
            translation: node.translation.map_or(DVec3::ZERO, DVec3::from_array),
            rotation: unit(node.rotation.map_or(DQuat::IDENTITY, DQuat::from_array)),
            scale: node.scale.map_or(DVec3::ONE, DVec3::from_array),
        }
    }

    pub(super) fn affine(&self) -> DAffine3 {
        DAffine3::from_scale_rotation_translation(self.scale, self.rotation, self.translation)
    }
}

/// A unit quaternion; the identity for one without direction.
pub(super) fn unit(q: DQuat) -> DQuat {
    let length = q.length();
    if length.is_finite() && length > 1e-12 { q / length } else { DQuat::IDENTITY }
}

/// Parents, order and present transforms of all nodes.
#[derive(Debug)]
pub(super) struct Tree {
    pub parents: Vec<Option<usize>>,
    /// All nodes, parents before their children.
    pub order: Vec<usize>,
    pub locals: Vec<Local>,
    /// Transforms to the world as the nodes say, without animation.
    pub world: Vec<DAffine3>,
    /// Whether a node carries a mesh or a camera.
    pub carries: Vec<bool>,
}

impl Tree {
    pub(super) fn new(nodes: &[Node]) -> Result<Self> {
        let parents = parents(nodes)?;
        let mut order: Vec<usize> = (0..nodes.len()).filter(|n| parents[*n].is_none()).collect();
        let mut next = 0;
        while let Some(node) = order.get(next) {
            order.extend(nodes[*node].children.iter().map(|child| *child as usize));
            next += 1;
        }
        if order.len() < nodes.len() {
            return Err(bad("its nodes are children of each other in a circle"));
        }
        let locals: Vec<Local> = nodes.iter().map(Local::of).collect();
        let mut world = vec![DAffine3::IDENTITY; nodes.len()];
        for node in &order {
            let own = locals[*node].affine();
            world[*node] = parents[*node].map_or(own, |parent| world[parent] * own);
        }
        let carries = nodes.iter().map(|node| node.mesh.is_some() || node.camera.is_some()).collect();
        Ok(Self { parents, order, locals, world, carries })
    }

    /// The parents of a node, nearest first.
    pub(super) fn above(&self, node: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.parents[node], |node| self.parents[*node])
    }
}

fn parents(nodes: &[Node]) -> Result<Vec<Option<usize>>> {
    let mut parents = vec![None; nodes.len()];
    for (node, this) in nodes.iter().enumerate() {
        for child in &this.children {
            let place = parents.get_mut(*child as usize);
            let place = place.ok_or_else(|| bad(format!("there is no node {child}, a child of node {node}")))?;
            if place.replace(node).is_some() {
                return Err(bad(format!("node {child} has two parents")));
            }
        }
    }
    Ok(parents)
}

/// The rotation nearest to a matrix with scale and shear; `None` if the matrix is flat.
///
/// A mirrored matrix is taken as a rotation after a mirror of x, the axis across a body.
pub(super) fn rotation(matrix: DMat3) -> Option<DMat3> {
    let size = matrix.determinant().abs().cbrt();
    if !size.is_finite() || size < 1e-12 {
        return None;
    }
    let mut turn = matrix * size.recip();
    if turn.determinant() < 0.0 {
        turn = turn * DMat3::from_diagonal(DVec3::new(-1.0, 1.0, 1.0));
    }
    // Higham's iteration for the polar decomposition; a scaled rotation is there already.
    for _ in 0..20 {
        let inverse = turn.transpose().inverse();
        let next = (turn + inverse) * 0.5;
        let change = (next - turn).to_cols_array().iter().fold(0.0f64, |m, c| m.max(c.abs()));
        turn = next;
        if change < 1e-12 {
            break;
        }
    }
    turn.to_cols_array().iter().all(|c| c.is_finite()).then_some(turn)
}

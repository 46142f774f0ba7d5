//! The tree of nodes, and where they are without animation.

use glam::{DAffine3, DMat3, DVec3};

/// Parents, order and present transforms of all nodes.
#[derive(Debug)]
pub(in crate::io) struct Tree {
    pub parents: Vec<Option<usize>>,
    /// All nodes, parents before their children.
    pub order: Vec<usize>,
    /// Present transforms to the parent.
    pub locals: Vec<DAffine3>,
    /// Present transforms to the world.
    pub world: Vec<DAffine3>,
    /// Whether a node carries a mesh or a camera.
    pub carries: Vec<bool>,
}

impl Tree {
    /// `None` if nodes are children of each other in a circle.
    pub(in crate::io) fn new(parents: Vec<Option<usize>>, locals: Vec<DAffine3>, carries: Vec<bool>) -> Option<Self> {
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); parents.len()];
        for (node, parent) in parents.iter().enumerate() {
            if let Some(parent) = parent {
                children[*parent].push(node);
            }
        }
        let mut order: Vec<usize> = (0..parents.len()).filter(|node| parents[*node].is_none()).collect();
        let mut next = 0;
        while let Some(node) = order.get(next) {
            order.extend(&children[*node]);
            next += 1;
        }
        if order.len() < parents.len() {
            return None;
        }
        let mut world = vec![DAffine3::IDENTITY; parents.len()];
        for node in &order {
            let own = locals[*node];
            world[*node] = parents[*node].map_or(own, |parent| world[parent] * own);
        }
        Some(Self { parents, order, locals, world, carries })
    }

    /// The parents of a node, nearest first.
    pub(in crate::io) fn above(&self, node: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.parents[node], |node| self.parents[*node])
    }

    /// Whether the place of each node matters to the joints: joints, and what is above them.
    pub(in crate::io) fn needed(&self, joints: &[usize]) -> Vec<bool> {
        let mut needed = vec![false; self.parents.len()];
        joints.iter().for_each(|node| needed[*node] = true);
        for node in self.order.iter().rev() {
            if let Some(parent) = self.parents[*node] {
                needed[parent] |= needed[*node];
            }
        }
        needed
    }
}

/// The rotation nearest to a matrix with scale and shear; `None` if the matrix is flat.
///
/// A mirrored matrix is taken as a rotation after a mirror of x, the axis across a body.
pub(in crate::io) fn rotation(matrix: DMat3) -> Option<DMat3> {
    let size = matrix.determinant().abs().cbrt();
    if !size.is_finite() || size < 1e-12 {
        return None;
    }
    let mut turn = matrix * size.recip();
    if turn.determinant() < 0.0 {
        turn *= DMat3::from_diagonal(DVec3::new(-1.0, 1.0, 1.0));
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

/// The inverse of a transform that is not flat.
pub(in crate::io) fn inverse(place: &DAffine3) -> Option<DAffine3> {
    let flat = place.matrix3.determinant().abs() < 1e-18;
    let inverse = if flat { return None } else { place.inverse() };
    inverse.is_finite().then_some(inverse)
}

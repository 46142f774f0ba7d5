//! The nodes of a glTF file as a tree.

use glam::{DAffine3, DMat4, DQuat, DVec3};

use super::container::bad;
use super::json::Node;
use crate::error::Result;
use crate::io::scene::tree::Tree;

/// Translation, rotation and scale of a node relative to its parent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Local {
    pub translation: DVec3,
    pub rotation: DQuat,
    pub scale: DVec3,
}

impl Local {
    /// As the node says; a matrix is taken apart.
    pub(super) fn of(node: &Node) -> Self {
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

/// The tree of a file's nodes.
pub(super) fn tree(nodes: &[Node]) -> Result<Tree> {
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
    let locals = nodes.iter().map(|node| Local::of(node).affine()).collect();
    let carries = nodes.iter().map(|node| node.mesh.is_some() || node.camera.is_some()).collect();
    Tree::new(parents, locals, carries).ok_or_else(|| bad("its nodes are children of each other in a circle"))
}

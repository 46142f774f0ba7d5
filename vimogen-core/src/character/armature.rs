//! The nodes of a character.

use glam::{DAffine3, DMat3, DQuat, DVec3};

use super::Map;
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::joint::{LEFT_ANKLE, LEFT_FOOT};

/// The nodes that matter to a character's skeleton, and its stance at rest. The world has y up.
#[derive(Debug, Clone)]
pub(crate) struct Armature {
    /// Parents before their children.
    pub nodes: Vec<Node>,
    pub map: Map,
    /// From our rest pose (x left, y up, z ahead) to the directions of the body at rest.
    pub axes: DMat3,
    /// From our rest pose to each joint at rest; [`axes`](Self::axes) for a joint that rests as ours does.
    pub turns: [DMat3; JOINTS],
    /// Height of the lowest point of its surface at rest above the lower ankle (below 0), if that is known.
    pub low: Option<f64>,
    /// Outermost points of its feet at rest, from the joints that turn them, in the directions of the world; empty if its
    /// surface is not known.
    pub soles: Vec<(Foot, DVec3)>,
}

/// A foot of a character, or its toes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Foot {
    /// 0: left, 1: right.
    pub side: usize,
    /// Whether it is the part that turns with the toes.
    pub toes: bool,
}

impl Foot {
    pub(crate) const ALL: [Self; 4] = [
        Self { side: 0, toes: false },
        Self { side: 0, toes: true },
        Self { side: 1, toes: false },
        Self { side: 1, toes: true },
    ];

    /// Our joint that turns it.
    pub(crate) fn joint(self) -> usize {
        self.side + if self.toes { LEFT_FOOT } else { LEFT_ANKLE }
    }
}

/// A node: a joint or a node above one.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Index in the file.
    pub index: usize,
    pub name: String,
    pub parent: Option<usize>,
    /// Present place relative to the parent.
    pub translation: DVec3,
    pub rotation: DQuat,
    pub scale: DVec3,
    /// World rotation at rest, of joints.
    pub rest: Option<DQuat>,
}

/// World transform and world rotation of a node. The rotation is the product of those above, without their scales.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    pub affine: DAffine3,
    pub turn: DQuat,
}

impl Placed {
    pub(super) const WORLD: Self = Self { affine: DAffine3::IDENTITY, turn: DQuat::IDENTITY };

    pub(super) fn place(&self) -> DVec3 {
        self.affine.translation
    }
}

impl Armature {
    /// The node and all above it, up to the root.
    pub(super) fn path_up(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(Some(node), |node| self.nodes[*node].parent)
    }

    /// Whether a node is another or below it.
    pub(super) fn is_below(&self, node: usize, above: usize) -> bool {
        self.path_up(node).any(|node| node == above)
    }

    /// Nodes from below `top` down to `node`; empty if it is not below `top`.
    pub(super) fn path_down(&self, top: usize, node: usize) -> Vec<usize> {
        if !self.is_below(node, top) {
            return Vec::new();
        }
        let mut path: Vec<usize> = self.path_up(node).take_while(|node| *node != top).collect();
        path.reverse();
        path
    }

    /// The nodes that turn with the toes of a side: ours, and other toes next to it.
    pub(super) fn toes(&self, side: usize) -> Vec<usize> {
        let Some(own) = self.map[LEFT_FOOT + side] else { return Vec::new() };
        let is_toe = |node: usize| self.nodes[node].name.to_lowercase().contains("toe");
        let next = |node: &usize| {
            let sibling = self.nodes[*node].parent == self.nodes[own].parent && self.nodes[*node].rest.is_some();
            *node == own || sibling && is_toe(*node) && is_toe(own)
        };
        (0..self.nodes.len()).filter(next).collect()
    }

    /// The foot that each node belongs to, if any.
    pub(crate) fn feet(&self) -> Vec<Option<Foot>> {
        let toes = [self.toes(0), self.toes(1)];
        let is = |foot: &Foot, node: usize| match foot.toes {
            true => toes[foot.side].contains(&node),
            false => self.map[foot.joint()] == Some(node),
        };
        let of = |node: usize| self.path_up(node).find_map(|up| Foot::ALL.into_iter().find(|foot| is(foot, up)));
        (0..self.nodes.len()).map(of).collect()
    }

    /// Places all nodes. `change` gives a node's rotation and translation to its parent, from the place of the parent.
    pub(super) fn pose(&self, out: &mut Vec<Placed>, mut change: impl FnMut(usize, &Placed) -> (DQuat, DVec3)) {
        out.clear();
        for (n, node) in self.nodes.iter().enumerate() {
            let above = node.parent.map_or(Placed::WORLD, |parent| out[parent]);
            let (rotation, translation) = change(n, &above);
            let local = DAffine3::from_scale_rotation_translation(node.scale, rotation, translation);
            out.push(Placed { affine: above.affine * local, turn: (above.turn * rotation).normalize() });
        }
    }

    /// The rest pose in which clips are performed: nodes that move as they rest, all others as they are now.
    pub(super) fn at_rest(&self, moves: impl Fn(usize) -> bool) -> Vec<Placed> {
        let mut out = Vec::with_capacity(self.nodes.len());
        self.pose(&mut out, |n, above| {
            let node = &self.nodes[n];
            let rest = node.rest.filter(|_| moves(n)).map(|rest| above.turn.inverse() * rest);
            (rest.unwrap_or(node.rotation), node.translation)
        });
        out
    }
}

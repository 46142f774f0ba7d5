//! A body of a scene with one of its animations, frame by frame.

use std::fmt;

use glam::{DAffine3, DMat3, DVec3};

use super::clock::Clock;
use super::tree::{Tree, inverse, rotation};
use crate::io::rig::{Rig, RigJoint};
use crate::motion::MotionSource;
use crate::motion::layout::JOINTS;

/// Transforms of nodes to their parents over time.
pub(in crate::io) trait Curves: fmt::Debug + Send + Sync {
    /// The transform of a node of the scene at a time in seconds.
    fn local(&self, node: usize, time: f64) -> DAffine3;
}

/// A body and its animation in a scene.
pub(in crate::io) struct Parts<'a> {
    pub format: &'static str,
    pub tree: &'a Tree,
    /// The nodes that are joints, parents before their children, and their names.
    pub joints: &'a [usize],
    pub names: Vec<String>,
    /// Place of each joint at rest.
    pub rest: Vec<DAffine3>,
    /// Turn of the whole file.
    pub turn: DAffine3,
    pub curves: Box<dyn Curves>,
    pub clock: Clock,
    /// The joints as the file itself names them.
    pub known: Option<[Option<usize>; JOINTS]>,
    pub found: MotionSource,
}

/// A joint of the body or a node above.
#[derive(Debug)]
struct Node {
    /// Index in the scene.
    index: usize,
    /// Index of the parent among these nodes.
    parent: Option<usize>,
    /// Index of the joint, with the transform from its rest to the joint itself.
    joint: Option<(usize, DAffine3)>,
}

/// A body that moves; rotations are relative to the rest pose, in the axes of the world.
#[derive(Debug)]
pub(in crate::io) struct Animated {
    format: &'static str,
    joints: Vec<RigJoint>,
    known: Option<[Option<usize>; JOINTS]>,
    nodes: Vec<Node>,
    curves: Box<dyn Curves>,
    turn: DAffine3,
    clock: Clock,
    found: MotionSource,
}

impl Animated {
    pub(in crate::io) fn new(mut parts: Parts<'_>) -> Self {
        parts.rest.iter_mut().for_each(|place| *place = parts.turn * *place);
        Self {
            format: parts.format,
            joints: joints(&parts),
            known: parts.known,
            nodes: nodes(&parts),
            curves: parts.curves,
            turn: parts.turn,
            clock: parts.clock,
            found: parts.found,
        }
    }

    /// Adds what was found by choosing the animation.
    pub(in crate::io) fn say(&mut self, chosen: MotionSource) {
        self.found.person = chosen.person;
        self.found.persons = chosen.persons;
        self.found.warnings.splice(0..0, chosen.warnings);
    }
}

fn joints(parts: &Parts<'_>) -> Vec<RigJoint> {
    let mut index: Vec<Option<usize>> = vec![None; parts.tree.parents.len()];
    let joints = parts.joints.iter().zip(&parts.names).zip(&parts.rest).enumerate();
    joints
        .map(|(n, ((node, name), rest))| {
            index[*node] = Some(n);
            let parent = parts.tree.parents[*node].and_then(|parent| index[parent]);
            // A node between two joints that is none itself.
            let parent = parent.or_else(|| parts.tree.above(*node).find_map(|above| index[above]));
            RigJoint { name: name.clone(), parent, rest: (DMat3::IDENTITY, rest.translation), end: None }
        })
        .collect()
}

/// The nodes that matter, parents before their children.
fn nodes(parts: &Parts<'_>) -> Vec<Node> {
    let tree = parts.tree;
    let mut joint: Vec<Option<usize>> = vec![None; tree.parents.len()];
    parts.joints.iter().enumerate().for_each(|(n, node)| joint[*node] = Some(n));
    let mut index: Vec<Option<usize>> = vec![None; tree.parents.len()];
    let needed = tree.needed(parts.joints);
    let mut nodes = Vec::new();
    for node in tree.order.iter().copied().filter(|node| needed[*node]) {
        index[node] = Some(nodes.len());
        nodes.push(Node {
            index: node,
            parent: tree.parents[node].and_then(|parent| index[parent]),
            joint: joint[node].map(|n| (n, inverse(&parts.rest[n]).unwrap_or(DAffine3::IDENTITY))),
        });
    }
    nodes
}

impl Rig for Animated {
    fn format(&self) -> &'static str {
        self.format
    }

    fn joints(&self) -> &[RigJoint] {
        &self.joints
    }

    fn frames(&self) -> usize {
        self.clock.frames
    }

    fn fps(&self) -> Option<f64> {
        Some(self.clock.fps)
    }

    fn world(&self, frame: usize, out: &mut [(DMat3, DVec3)]) {
        let time = self.clock.time(frame);
        let mut places: Vec<(DAffine3, DMat3)> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let above = node.parent.map_or((self.turn, DMat3::IDENTITY), |parent| places[parent]);
            let place = above.0 * self.curves.local(node.index, time);
            let mut turn = above.1;
            if let Some((joint, from_rest)) = &node.joint {
                // A joint that is scaled to nothing turns with its parent.
                turn = rotation((place * *from_rest).matrix3).unwrap_or(above.1);
                out[*joint] = (turn, place.translation);
            }
            places.push((place, turn));
        }
    }

    fn found(&self) -> MotionSource {
        self.found.clone()
    }

    fn known_joints(&self) -> Option<[Option<usize>; JOINTS]> {
        self.known
    }
}

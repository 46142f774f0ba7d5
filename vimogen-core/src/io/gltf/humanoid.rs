//! VRM's names of a human's bones, versions 0.x and 1.0, in avatars and in animations (`.vrma`).

use std::collections::BTreeMap;

use super::json::{Bone, Document, Humanoid as Bones, Vrm};
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::joint::{PELVIS, SPINE1, SPINE2, SPINE3};

/// VRM's bone for each of our joints.
pub(super) const BONES: [&str; JOINTS] = [
    "hips",
    "leftUpperLeg",
    "rightUpperLeg",
    "spine",
    "leftLowerLeg",
    "rightLowerLeg",
    "chest",
    "leftFoot",
    "rightFoot",
    "upperChest",
    "leftToes",
    "rightToes",
    "neck",
    "leftShoulder",
    "rightShoulder",
    "head",
    "leftUpperArm",
    "rightUpperArm",
    "leftLowerArm",
    "rightLowerArm",
    "leftHand",
    "rightHand",
];

/// The nodes that VRM names.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Humanoid {
    nodes: [Option<usize>; JOINTS],
    /// Whether the figure faces -z at rest, as in VRM 0.x.
    pub faces_back: bool,
}

impl Humanoid {
    /// The bones of the file, if it is VRM.
    pub(super) fn of(document: &Document) -> Option<Self> {
        let extensions = &document.extensions;
        let count = document.nodes.0.len();
        let newer = |vrm: &Option<Vrm<BTreeMap<String, Option<Bone>>>>| {
            let bones = &vrm.as_ref()?.humanoid.as_ref()?.human_bones;
            Some(Self::new(count, false, |name| bones.get(name)?.as_ref()?.node))
        };
        let older = || {
            let Bones { human_bones } = extensions.vrm0.as_ref()?.humanoid.as_ref()?;
            let find = |name: &str| human_bones.iter().find(|bone| bone.bone == name)?.node;
            Some(Self::new(count, true, find))
        };
        let found = newer(&extensions.vrm1).or_else(|| newer(&extensions.vrma)).or_else(older);
        found.filter(|human| human.nodes[PELVIS].is_some())
    }

    fn new(count: usize, faces_back: bool, find: impl Fn(&str) -> Option<i64>) -> Self {
        let node = |name: &str| find(name).and_then(|node| usize::try_from(node).ok()).filter(|node| *node < count);
        Self { nodes: BONES.map(node), faces_back }
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = usize> {
        self.nodes.iter().flatten().copied()
    }

    /// Our joints among the joints of a skeleton, which are nodes; `None` if the hips are not among them.
    pub(super) fn map(&self, joints: &[usize]) -> Option<[Option<usize>; JOINTS]> {
        let mut map = self.nodes.map(|node| joints.iter().position(|joint| Some(*joint) == node));
        // A spine of fewer bones: its last carries the arms.
        if map[SPINE3].is_none() {
            map[SPINE3] = map[SPINE2].take().or_else(|| map[SPINE1].take());
        }
        map[PELVIS].is_some().then_some(map)
    }
}

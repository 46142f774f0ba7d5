//! The armature of a character's file.

use std::path::Path;

use glam::{DAffine3, DMat3, DQuat, DVec3};

use super::super::accessor::{Accessors, COMPRESSED};
use super::super::bind;
use super::super::container::{Container, bad};
use super::super::humanoid::Humanoid;
use super::super::nodes::{Local, tree};
use super::super::skeletons::{Skeleton, skeletons};
use super::surface;
use crate::character::{Armature, Foot, Node};
use crate::error::{Error, Result};
use crate::io::rig::names::{self, Found};
use crate::io::rig::{Rig, RigJoint, stance};
use crate::io::scene::tree::{Tree, rotation};
use crate::io::{JointMap, LoadOptions};
use crate::motion::layout::JOINTS;

/// Nodes above and among the joints of a character.
const MAX_NODES: usize = 8192;

/// A character's armature and how it was found.
#[derive(Debug)]
pub(super) struct Read {
    pub armature: Armature,
    pub how: String,
    pub warnings: Vec<String>,
}

/// The armature of the first human in a file; `names` says which joint is which.
///
/// # Errors
/// [`Error::Format`] for a file without skin or humanoid, with damaged data, or without a human, with the reason of the first
/// skeleton; [`Error::InvalidArgument`] for `names` that it does not have.
pub(super) fn read(file: &Container<'_>, text: &str, names: Option<&JointMap>) -> Result<Read> {
    let document = &file.document;
    let tree = tree(&document.nodes.0)?;
    if let Some(node) = tree.order.iter().find(|node| !tree.world[**node].is_finite()) {
        let reason = format!("node {node} ({:?}) has a transform that is not finite", document.nodes.0[*node].name);
        return Err(bad(reason));
    }
    let human = Humanoid::of(document);
    let bodies = skeletons(document, &tree, human.as_ref())?;
    let accessors = Accessors::new(file);
    let whole = Whole { file, text, tree: &tree, human: human.as_ref(), accessors: &accessors, names };
    let mut fault: Option<Error> = None;
    for body in &bodies {
        match whole.body(body) {
            Ok(found) => return Ok(found),
            Err(error) => _ = fault.get_or_insert(error),
        }
    }
    Err(fault.unwrap_or_else(|| bad("it has no skin, so there is no character to animate")))
}

struct Whole<'a> {
    file: &'a Container<'a>,
    text: &'a str,
    tree: &'a Tree,
    human: Option<&'a Humanoid>,
    accessors: &'a Accessors<'a>,
    names: Option<&'a JointMap>,
}

impl Whole<'_> {
    fn body(&self, body: &Skeleton) -> Result<Read> {
        let packed = self.is_packed(body);
        let rest = if packed {
            body.joints.iter().map(|node| self.tree.world[*node]).collect()
        } else {
            bind::rest(&self.file.document, self.tree, body, self.accessors)?
        };
        let known = self.human.and_then(|human| human.map(&body.joints));
        let still = Still::new(self.tree, body, &rest, known, |node| &self.file.document.nodes.0[node].name);
        let options = LoadOptions { names: self.names, ..LoadOptions::default() };
        let Found { how, map, mut warnings } = names::find(&still, &options)?;
        let stance = stance::find(&still, &map)
            .ok_or_else(|| bad("at rest its hips and shoulders are in one place, so left and right cannot be told"))?;
        if packed {
            let doubt = "its bind pose is compressed, so the present pose of its nodes is taken for the rest pose; write the \
                         file without mesh compression if limbs come out bent";
            warnings.push(doubt.into());
        }
        if !stance.stands {
            let doubt = "at rest its legs are not below its trunk; limbs follow the clip, but check feet and hands";
            warnings.push(doubt.into());
        }
        let (nodes, places) = self.nodes(body, &rest)?;
        let map = map.map(|joint| joint.and_then(|joint| places[body.joints[joint]]));
        let (axes, turns) = (stance.axes, stance.turns);
        let mut armature = Armature { nodes, map, axes, turns, low: None, soles: Vec::new() };
        let own = armature.feet();
        let feet: Vec<_> = places.iter().map(|place| own[(*place)?]).collect();
        let document = &self.file.document;
        let joint = |joint: usize| armature.map[joint].map(|node| armature.nodes[node].index);
        let place = |node: usize| body.joints.iter().position(|own| *own == node).map(|own| rest[own].translation);
        let joints = Foot::ALL.map(|foot| joint(foot.joint()).and_then(place));
        let at_rest =
            surface::Body { document, skeleton: body, rest: &rest, accessors: self.accessors, feet: &feet, joints };
        surface::measure(self.text, &at_rest, &mut armature);
        Ok(Read { armature, how, warnings })
    }

    /// Whether the bind pose is in a buffer that is compressed.
    fn is_packed(&self, body: &Skeleton) -> bool {
        let document = &self.file.document;
        let matrices = body.skins.iter().filter_map(|skin| document.skins.0[*skin].inverse_bind_matrices);
        let views = matrices.filter_map(|accessor| document.accessors.get(accessor)?.buffer_view);
        let mut extensions = views.filter_map(|view| Some(&document.buffer_views.get(view)?.extensions));
        extensions.any(|extensions| COMPRESSED.iter().any(|name| extensions.contains_key(*name)))
    }

    /// The nodes that matter, and the place of each node of the file among them.
    fn nodes(&self, body: &Skeleton, rest: &[DAffine3]) -> Result<(Vec<Node>, Vec<Option<usize>>)> {
        let needed = self.tree.needed(&body.joints);
        if needed.iter().filter(|needed| **needed).count() > MAX_NODES {
            return Err(bad(format!("its skeleton has over {MAX_NODES} nodes")));
        }
        let mut bound: Vec<Option<DAffine3>> = vec![None; needed.len()];
        body.joints.iter().zip(rest).for_each(|(node, place)| bound[*node] = Some(*place));
        let (mut nodes, mut places) = (Vec::<Node>::new(), vec![None; needed.len()]);
        let mut turns: Vec<DQuat> = Vec::new();
        for index in self.tree.order.iter().copied().filter(|node| needed[*node]) {
            let node = &self.file.document.nodes.0[index];
            let Local { translation, rotation, scale } = Local::of(node);
            let parent = self.tree.parents[index].and_then(|parent| places[parent]);
            let turn = (parent.map_or(DQuat::IDENTITY, |parent| turns[parent]) * rotation).normalize();
            let rest = bound[index].map(|place| at_rest(turn, &self.tree.world[index], &place));
            places[index] = Some(nodes.len());
            turns.push(turn);
            nodes.push(Node { index, name: node.name.clone(), parent, translation, rotation, scale, rest });
        }
        Ok((nodes, places))
    }
}

/// The rotation at rest of a joint that is turned by `turn` now: the turn from its present place to that at rest has no
/// scales.
fn at_rest(turn: DQuat, now: &DAffine3, rest: &DAffine3) -> DQuat {
    match rotation(now.matrix3).zip(rotation(rest.matrix3)) {
        Some((now, rest)) => (DQuat::from_mat3(&(rest * now.transpose())) * turn).normalize(),
        None => turn,
    }
}

/// A rig that stays at rest.
struct Still {
    joints: Vec<RigJoint>,
    known: Option<[Option<usize>; JOINTS]>,
}

impl Still {
    fn new<'a>(
        tree: &Tree,
        body: &Skeleton,
        rest: &[DAffine3],
        known: Option<[Option<usize>; JOINTS]>,
        name: impl Fn(usize) -> &'a String,
    ) -> Self {
        let mut index: Vec<Option<usize>> = vec![None; tree.parents.len()];
        let joints = body.joints.iter().zip(rest).enumerate().map(|(n, (node, place))| {
            index[*node] = Some(n);
            let parent = tree.above(*node).find_map(|above| index[above]);
            RigJoint { name: name(*node).clone(), parent, rest: (DMat3::IDENTITY, place.translation), end: None }
        });
        Self { joints: joints.collect(), known }
    }
}

impl Rig for Still {
    fn format(&self) -> &'static str {
        "glTF"
    }

    fn joints(&self) -> &[RigJoint] {
        &self.joints
    }

    fn frames(&self) -> usize {
        1
    }

    fn fps(&self) -> Option<f64> {
        None
    }

    fn world(&self, _: usize, out: &mut [(DMat3, DVec3)]) {
        for (out, joint) in out.iter_mut().zip(&self.joints) {
            *out = joint.rest;
        }
    }

    fn known_joints(&self) -> Option<[Option<usize>; JOINTS]> {
        self.known
    }
}

/// The folder of a file.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

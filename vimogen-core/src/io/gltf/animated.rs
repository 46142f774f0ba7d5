//! A skeleton of a glTF file with one of its animations, frame by frame.

use glam::{DAffine3, DMat3, DVec3};

use super::bind::inverse;
use super::container::bad;
use super::humanoid::Humanoid;
use super::nodes::{Local, Tree, rotation};
use super::rate;
use super::skeletons::Skeleton;
use super::tracks::Track;
use crate::error::Result;
use crate::io::rig::names::Map;
use crate::io::rig::{Rig, RigJoint};
use crate::motion::MotionSource;
use crate::motion::resample::check_fps;

/// Frames that any file may have, and those per key: two keys may be far apart.
const FRAMES: usize = 1 << 16;
const PER_KEY: usize = 64;
/// Maximum of nodes times frames.
const PLACES: usize = 1 << 26;

/// A joint of the skeleton or a node above.
#[derive(Debug)]
struct Node {
    /// Index of the parent among these nodes.
    parent: Option<usize>,
    /// Its place without animation.
    local: Local,
    /// Indices of its tracks.
    tracks: std::ops::Range<usize>,
    /// Index of the joint, with the transform from its rest to the joint itself.
    joint: Option<(usize, DAffine3)>,
}

/// A skeleton that moves; rotations are relative to the rest pose, in the axes of the world.
#[derive(Debug)]
pub(super) struct Animated {
    joints: Vec<RigJoint>,
    known: Option<Map>,
    nodes: Vec<Node>,
    tracks: Vec<Track>,
    /// Turn of the whole file.
    turn: DAffine3,
    /// Time of the first frame, seconds.
    start: f64,
    fps: f64,
    frames: usize,
    found: MotionSource,
}

/// What [`Animated::new`] takes from a file.
pub(super) struct Parts<'a> {
    pub tree: &'a Tree,
    /// Whether the place of each node matters.
    pub needed: &'a [bool],
    pub body: &'a Skeleton,
    /// Name of each joint.
    pub names: Vec<String>,
    /// Place of each joint at rest.
    pub rest: &'a [DAffine3],
    pub tracks: Vec<Track>,
    pub human: Option<&'a Humanoid>,
    /// Rate of the samples, if given.
    pub fps: Option<f32>,
}

impl Animated {
    pub(super) fn new(mut parts: Parts<'_>) -> Result<Self> {
        parts.tracks.sort_by_key(|track| track.node);
        let (start, fps, frames, sure) = clock(&parts)?;
        let back = parts.human.is_some_and(|human| human.faces_back);
        let turn = if back { DAffine3::from_rotation_y(std::f64::consts::PI) } else { DAffine3::IDENTITY };
        let rest: Vec<DAffine3> = parts.rest.iter().map(|place| turn * *place).collect();
        let mut found = MotionSource::default();
        if !sure {
            let warning = format!("the keys follow no clock; sampled at {fps} frames per second, `fps` overrides it");
            found.warnings.push(warning);
        }
        Ok(Self {
            joints: joints(&parts, &rest),
            known: parts.human.and_then(|human| human.map(&parts.body.joints)),
            nodes: nodes(&parts, &rest),
            tracks: parts.tracks,
            turn,
            start,
            fps,
            frames,
            found,
        })
    }

    /// Adds what was found by choosing the animation.
    pub(super) fn say(&mut self, mut found: MotionSource) {
        found.warnings.append(&mut self.found.warnings);
        self.found = found;
    }
}

/// Time of the first frame, rate, number of frames, and whether the keys agree with the rate.
fn clock(parts: &Parts<'_>) -> Result<(f64, f64, usize, bool)> {
    let mut times: Vec<f64> = Vec::new();
    let mut last: Option<&Track> = None;
    for track in &parts.tracks {
        // Most tracks share one list of times.
        if last.is_none_or(|last| !last.same_times(track)) {
            times.extend(track.times().iter().map(|t| f64::from(*t)));
        }
        last = Some(track);
    }
    let first = times.iter().copied().fold(f64::INFINITY, f64::min);
    let end = times.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if times.is_empty() {
        return Err(bad("its animation does not move the skeleton"));
    }
    let (fps, sure) = match parts.fps {
        Some(fps) => {
            check_fps("fps", fps)?;
            (f64::from(fps), true)
        }
        None => rate::rate(&times),
    };
    // A last frame that is almost there counts; one that is not would repeat the last key.
    let frames = ((end - first) * fps + 0.05).floor() + 1.0;
    let count = parts.needed.iter().filter(|needed| **needed).count().max(1);
    let most = FRAMES.saturating_add(PER_KEY.saturating_mul(times.len())).min(PLACES / count);
    if frames > most as f64 {
        return Err(bad(format!("its animation has {frames} frames at {fps} frames per second, over {most}")));
    }
    Ok((first, fps, frames as usize, sure))
}

fn joints(parts: &Parts<'_>, rest: &[DAffine3]) -> Vec<RigJoint> {
    let mut index: Vec<Option<usize>> = vec![None; parts.tree.parents.len()];
    let joints = parts.body.joints.iter().zip(&parts.names).zip(rest).enumerate();
    joints
        .map(|(n, ((node, name), rest))| {
            index[*node] = Some(n);
            let parent = parts.tree.above(*node).find_map(|above| index[above]);
            RigJoint { name: name.clone(), parent, rest: (DMat3::IDENTITY, rest.translation), end: None }
        })
        .collect()
}

/// The nodes that matter, parents before their children.
fn nodes(parts: &Parts<'_>, rest: &[DAffine3]) -> Vec<Node> {
    let tree = parts.tree;
    let mut joint: Vec<Option<usize>> = vec![None; tree.parents.len()];
    parts.body.joints.iter().enumerate().for_each(|(n, node)| joint[*node] = Some(n));
    let mut index: Vec<Option<usize>> = vec![None; tree.parents.len()];
    let mut nodes = Vec::new();
    for node in tree.order.iter().copied().filter(|node| parts.needed[*node]) {
        let start = parts.tracks.partition_point(|track| track.node < node);
        let end = parts.tracks.partition_point(|track| track.node <= node);
        index[node] = Some(nodes.len());
        nodes.push(Node {
            parent: tree.parents[node].and_then(|parent| index[parent]),
            local: tree.locals[node],
            tracks: start..end,
            joint: joint[node].map(|n| (n, inverse(&rest[n]).unwrap_or(DAffine3::IDENTITY))),
        });
    }
    nodes
}

impl Rig for Animated {
    fn format(&self) -> &'static str {
        "glTF"
    }

    fn joints(&self) -> &[RigJoint] {
        &self.joints
    }

    fn frames(&self) -> usize {
        self.frames
    }

    fn fps(&self) -> Option<f64> {
        Some(self.fps)
    }

    fn world(&self, frame: usize, out: &mut [(DMat3, DVec3)]) {
        let time = self.start + frame as f64 / self.fps;
        let mut places: Vec<(DAffine3, DMat3)> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let mut local = node.local;
            self.tracks[node.tracks.clone()].iter().for_each(|track| track.apply(time, &mut local));
            let above = node.parent.map_or((self.turn, DMat3::IDENTITY), |parent| places[parent]);
            let place = above.0 * local.affine();
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

    fn known_joints(&self) -> Option<Map> {
        self.known
    }
}

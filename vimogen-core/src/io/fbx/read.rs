//! Bodies and animations of an FBX file.

use std::path::Path;
use std::sync::Arc;

use glam::{DAffine3, DVec3};
use ufbx::{CoordinateAxis, InheritModeHandling, LoadOpts, SceneRoot};

use super::bind;
use super::curves::{FbxCurves, affine, changes, index, times};
use crate::error::{Error, Result};
use crate::format::read_bounded;
use crate::io::LoadOptions;
use crate::io::scene::animated::{Animated, Parts};
use crate::io::scene::bodies::{Body, MAX_JOINTS, bodies, moved_trees};
use crate::io::scene::choice::{self, Scene};
use crate::io::scene::clock::Clock;
use crate::io::scene::rest::PRESENT;
use crate::io::scene::takes::Take;
use crate::io::scene::tree::Tree;
use crate::motion::{LengthUnit, Motion, MotionSource, UpAxis};

const FORMAT: &str = "FBX";
/// Maximum size of a file.
const MAX_FILE: u64 = 1 << 30;
/// Memory for what a file holds: meshes are not kept.
const ROOM: usize = 64 << 20;
const ROOM_PER_BYTE: usize = 16;
/// Maximum number and depth of nodes.
const MAX_NODES: usize = 65_536;
const MAX_DEPTH: u32 = 1024;

pub(super) fn bad(reason: impl Into<String>) -> Error {
    Error::format(FORMAT, reason)
}

/// Reads the animation of a human skeleton from an `.fbx` file, such as Mixamo's downloads with or without skin.
///
/// The rest pose is the one that the mesh was bound in, then the file's bind pose; a file with neither has the pose in
/// which all animated angles are zero, if its joints have angles of their own. Keys at every frame tell the rate, and
/// otherwise it is the file's; [`LoadOptions::fps`] sets another rate of the samples. Up axis and unit are the file's.
///
/// Of several animations (stacks) or bodies the first human that moves in most of its joints is read, unless
/// [`LoadOptions::person`] selects one by its name or its number from 1.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Io`], [`Error::TooLarge`], [`Error::InvalidArgument`] for a `person` that the file does
/// not hold, [`Error::Format`] for damaged files, files without an animation of a skeleton and missing joints (by name).
pub fn load(path: impl AsRef<Path>) -> Result<Motion> {
    load_with(path, &LoadOptions::default())
}

/// [`load`] with options.
///
/// # Errors
/// As [`load`].
pub fn load_with(path: impl AsRef<Path>, options: &LoadOptions<'_>) -> Result<Motion> {
    let path = path.as_ref();
    from_bytes(&read_bounded(path, MAX_FILE)?, options).map_err(|e| e.with_path(path))
}

/// [`load`] from the bytes of a file.
///
/// # Errors
/// As [`load`].
pub fn from_bytes(bytes: &[u8], options: &LoadOptions<'_>) -> Result<Motion> {
    let scene = Arc::new(parse(bytes)?);
    if scene.anim_stacks.is_empty() {
        return Err(bad("it has no animation; export the character together with one"));
    }
    let tree = tree(&scene)?;
    let bodies = skeletons(&scene, &tree);
    if bodies.iter().any(|body| body.joints.len() > MAX_JOINTS) {
        return Err(bad(format!("a skeleton has over {MAX_JOINTS} joints")));
    }
    let takes = takes(&scene, &bodies);
    choice::read(&File { scene, tree, bodies, takes }, options)
}

fn parse(bytes: &[u8]) -> Result<SceneRoot> {
    let mut options = LoadOpts {
        file_format: ufbx::FileFormat::Fbx,
        ignore_embedded: true,
        ignore_geometry: true,
        // Scales of joints that their children do not inherit are undone, so that local transforms compose.
        inherit_mode_handling: InheritModeHandling::Compensate,
        node_depth_limit: MAX_DEPTH,
        ..LoadOpts::default()
    };
    let room = bytes.len().saturating_mul(ROOM_PER_BYTE).saturating_add(ROOM);
    options.temp_allocator.memory_limit = room;
    options.result_allocator.memory_limit = room;
    let scene = ufbx::load_memory(bytes, options).map_err(|error| bad(error.description.to_string()))?;
    if scene.nodes.len() > MAX_NODES {
        return Err(bad(format!("it has over {MAX_NODES} nodes")));
    }
    Ok(scene)
}

fn tree(scene: &SceneRoot) -> Result<Tree> {
    let parents = scene.nodes.iter().map(|node| node.parent.as_ref().map(|parent| index(&parent.element))).collect();
    let locals = scene.nodes.iter().map(|node| affine(&node.local_transform)).collect();
    let carries = scene.nodes.iter().map(|node| node.mesh.is_some() || node.camera.is_some()).collect();
    Tree::new(parents, locals, carries).ok_or_else(|| bad("its nodes are children of each other in a circle"))
}

/// Bodies from skins and bones; files without both have nodes that move.
fn skeletons(scene: &SceneRoot, tree: &Tree) -> Vec<Body> {
    let bones = |skin: &ufbx::SkinDeformer| {
        skin.clusters.iter().filter_map(|c| c.bone_node.as_ref()).map(|node| index(&node.element)).collect()
    };
    let mut sets: Vec<Vec<usize>> = scene.skin_deformers.iter().map(|skin| bones(skin)).collect();
    sets.extend(scene.nodes.iter().filter(|node| node.bone.is_some()).map(|node| vec![index(&node.element)]));
    sets.retain(|set| !set.is_empty());
    let mut moved = vec![false; scene.nodes.len()];
    for (node, _) in scene.anim_stacks.iter().flat_map(|stack| changes(stack)) {
        moved[node] = true;
    }
    if sets.is_empty() {
        sets = moved_trees(tree, &moved);
    }
    bodies(&sets, tree, &moved)
}

/// Each stack of each body, those that move most of the body first.
fn takes(scene: &SceneRoot, bodies: &[Body]) -> Vec<Take> {
    let mut takes: Vec<(usize, Take)> = Vec::new();
    for (number, stack) in scene.anim_stacks.iter().enumerate() {
        let mut moved = vec![0usize; scene.nodes.len()];
        changes(stack).for_each(|(node, curve)| moved[node] += usize::from(curve.min_value < curve.max_value));
        for (body, joints) in bodies.iter().map(|body| &body.joints).enumerate() {
            let Some(root) = joints.first() else { continue };
            let count = joints.iter().filter(|joint| moved[**joint] > 0).count();
            let name = scene.nodes[*root].element.name.to_string();
            let take = Take { body: (body, name), animation: (number, stack.element.name.to_string()) };
            takes.push((count, take));
        }
    }
    // The order of the file, but for animations of little: Mixamo's first stack holds nothing.
    let most = takes.iter().map(|(count, _)| *count).max().unwrap_or(0);
    takes.sort_by_key(|(count, _)| 2 * count < most);
    takes.into_iter().map(|(_, take)| take).collect()
}

struct File {
    scene: Arc<SceneRoot>,
    tree: Tree,
    bodies: Vec<Body>,
    takes: Vec<Take>,
}

impl Scene for File {
    fn format(&self) -> &'static str {
        FORMAT
    }

    fn takes(&self) -> &[Take] {
        &self.takes
    }

    fn moves(&self, take: &Take) -> Result<bool> {
        let needed = self.tree.needed(&self.bodies[take.body.0].joints);
        let mut changes = changes(&self.scene.anim_stacks[take.animation.0]);
        Ok(changes.any(|(node, curve)| needed[node] && curve.min_value < curve.max_value))
    }

    fn rig(&self, take: &Take, options: &LoadOptions<'_>) -> Result<Animated> {
        let joints = &self.bodies[take.body.0].joints;
        let needed = self.tree.needed(joints);
        let count = needed.iter().filter(|needed| **needed).count();
        let names = joints.iter().map(|node| self.scene.nodes[*node].element.name.to_string()).collect();
        let (rest, present) = bind::rest(&self.scene, &self.tree, joints);
        let mut found = found(&self.scene);
        found.warnings.extend(present.then(|| PRESENT.into()));
        Ok(Animated::new(Parts {
            format: FORMAT,
            tree: &self.tree,
            joints,
            names,
            rest,
            turn: right_handed(&self.scene),
            curves: Box::new(FbxCurves { scene: self.scene.clone(), stack: take.animation.0 }),
            clock: self.clock(take, &needed, count, options)?,
            known: None,
            found,
        }))
    }
}

impl File {
    /// The frames of a stack: where it has keys, within its own limits.
    fn clock(&self, take: &Take, needed: &[bool], nodes: usize, options: &LoadOptions<'_>) -> Result<Clock> {
        let stack = &self.scene.anim_stacks[take.animation.0];
        let times = times(stack, needed);
        if times.is_empty() {
            return Err(bad("its animation does not move the skeleton"));
        }
        let first = times.iter().copied().fold(f64::INFINITY, f64::min);
        let last = times.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (start, end) = (first.max(stack.time_begin), last.min(stack.time_end));
        let span = if stack.time_begin < stack.time_end && start <= end { start..end } else { first..last };
        let fps = match options.fps {
            Some(fps) => f64::from(fps),
            None => Clock::dense(&times).unwrap_or(self.scene.settings.frames_per_second),
        };
        Clock::new(FORMAT, span, fps, times.len(), nodes)
    }
}

/// The mirror that makes left-handed axes of a file right-handed.
fn right_handed(scene: &SceneRoot) -> DAffine3 {
    let axes = &scene.settings.axes;
    let side = direction(axes.right).cross(direction(axes.up)).dot(direction(axes.front));
    // As in x or in any other axis: left stays left, and the body at rest says where it faces.
    DAffine3::from_scale(if side < 0.0 { DVec3::new(-1.0, 1.0, 1.0) } else { DVec3::ONE })
}

fn direction(axis: CoordinateAxis) -> DVec3 {
    match axis {
        CoordinateAxis::PositiveX => DVec3::X,
        CoordinateAxis::NegativeX => DVec3::NEG_X,
        CoordinateAxis::PositiveY => DVec3::Y,
        CoordinateAxis::NegativeY => DVec3::NEG_Y,
        CoordinateAxis::PositiveZ => DVec3::Z,
        CoordinateAxis::NegativeZ => DVec3::NEG_Z,
        CoordinateAxis::Unknown => DVec3::ZERO,
    }
}

/// Up axis and unit as the file says.
fn found(scene: &SceneRoot) -> MotionSource {
    let up = match scene.settings.axes.up {
        CoordinateAxis::PositiveX => Some(UpAxis::X),
        CoordinateAxis::NegativeX => Some(UpAxis::MinusX),
        CoordinateAxis::PositiveY => Some(UpAxis::Y),
        CoordinateAxis::NegativeY => Some(UpAxis::MinusY),
        CoordinateAxis::PositiveZ => Some(UpAxis::Z),
        CoordinateAxis::NegativeZ => Some(UpAxis::MinusZ),
        CoordinateAxis::Unknown => None,
    };
    let metres = scene.settings.unit_meters;
    let unit = LengthUnit::ALL.iter().copied().find(|unit| (unit.metres() / metres - 1.0).abs() < 1e-3);
    MotionSource { up, unit, ..MotionSource::default() }
}

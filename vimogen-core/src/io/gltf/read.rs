//! glTF and VRM files as clips.

use std::path::Path;

use glam::DAffine3;

use super::accessor::Accessors;
use super::bind;
use super::container::{Container, MAX_FILE, bad};
use super::humanoid::Humanoid;
use super::json::Document;
use super::nodes::{Local, tree};
use super::skeletons::{Skeleton, skeletons};
use super::tracks::{Track, Tracks};
use crate::error::Result;
use crate::format::read_bounded;
use crate::io::LoadOptions;
use crate::io::scene::animated::{Animated, Parts};
use crate::io::scene::choice::{self, Scene};
use crate::io::scene::clock::Clock;
use crate::io::scene::takes::Take;
use crate::io::scene::tree::Tree;
use crate::motion::{Motion, MotionMeta, MotionSource};

/// Lists of times that are looked at for the rate of a file.
const LISTS: usize = 1024;

/// Reads the animation of a skinned human from a `.glb`, `.gltf`, `.vrm` or `.vrma` file.
///
/// The rest pose is that of the inverse bind matrices, and the animation is relative to it. Keys are sampled at the rate
/// that their times have (24, 25, 30, 60 and other usual rates, also where only some frames have keys), otherwise at 30
/// frames per second; [`LoadOptions::fps`] sets another rate of the samples. Nodes above the skeleton count.
///
/// Of several animations or bodies the first that moves and is human is read, unless [`LoadOptions::person`] selects one
/// by its name or its number from 1. VRM's `humanoid` names the joints; otherwise they are found as in
/// [BVH](super::super::bvh). A `.gltf` reads buffers from its own folder only. Meshes are not read, so their
/// compression does not matter.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound), [`Error::Io`](crate::Error::Io), [`Error::TooLarge`](crate::Error::TooLarge), [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a `person` that the file does
/// not hold, [`Error::Format`](crate::Error::Format) for damaged files, files without an animation of a skeleton, missing joints (by name) and
/// compressed or sparse animations.
pub fn load(path: impl AsRef<Path>) -> Result<Motion> {
    load_with(path, &LoadOptions::default())
}

/// [`load`] with options.
///
/// # Errors
/// As [`load`].
pub fn load_with(path: impl AsRef<Path>, options: &LoadOptions<'_>) -> Result<Motion> {
    let path = path.as_ref();
    let bytes = read_bounded(path, MAX_FILE)?;
    let folder = path.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    read(&bytes, folder, options).map_err(|e| e.with_path(path))
}

/// [`load`] from the bytes of a file without other files.
///
/// # Errors
/// As [`load`].
pub fn from_bytes(bytes: &[u8], options: &LoadOptions<'_>) -> Result<Motion> {
    read(bytes, None, options)
}

fn read(bytes: &[u8], folder: Option<&Path>, options: &LoadOptions<'_>) -> Result<Motion> {
    let file = Container::parse(bytes, folder)?;
    let document = &file.document;
    if document.animations.0.is_empty() && document.asset.extras.frame_rate.is_none() {
        return Err(bad("it has no animation; export the character together with one"));
    }
    let tree = tree(&document.nodes.0)?;
    let human = Humanoid::of(document);
    let bodies = skeletons(document, &tree, human.as_ref())?;
    let takes = takes(document, &tree, &bodies);
    let motion =
        choice::read(&File { document, tree, bodies, human, takes, accessors: Accessors::new(&file) }, options)?;
    Ok(match document.asset.extras.meta.as_deref().and_then(MotionMeta::from_json) {
        Some(meta) => motion.with_meta(meta),
        None => motion,
    })
}

/// Each animation of each body whose joints it moves.
fn takes(document: &Document, tree: &Tree, bodies: &[Skeleton]) -> Vec<Take> {
    let mut owner: Vec<Option<usize>> = vec![None; tree.parents.len()];
    for (body, skeleton) in bodies.iter().enumerate() {
        skeleton.joints.iter().for_each(|node| owner[*node] = Some(body));
    }
    let name = |body: usize| bodies[body].name.clone();
    if document.animations.0.is_empty() {
        // A clip of one frame: the pose of the nodes.
        let pose = |body| Take { body: (body, name(body)), animation: (0, "pose".into()) };
        return (0..bodies.len()).map(pose).collect();
    }
    let mut takes = Vec::new();
    for (index, animation) in document.animations.0.iter().enumerate() {
        let nodes = animation.channels.iter().filter_map(|channel| channel.target.node);
        let mut moved: Vec<usize> = nodes.filter_map(|node| *owner.get(node as usize)?).collect();
        moved.sort_unstable();
        moved.dedup();
        let take = |body| Take { body: (body, name(body)), animation: (index, animation.name.clone()) };
        takes.extend(moved.into_iter().map(take));
    }
    takes
}

struct File<'a> {
    document: &'a Document,
    tree: Tree,
    bodies: Vec<Skeleton>,
    human: Option<Humanoid>,
    takes: Vec<Take>,
    accessors: Accessors<'a>,
}

impl File<'_> {
    fn tracks(&self, take: &Take) -> Result<Vec<Track>> {
        let Some(animation) = self.document.animations.0.get(take.animation.0) else { return Ok(Vec::new()) };
        let needed = self.tree.needed(&self.bodies[take.body.0].joints);
        let channels = animation.channels.iter().filter(|channel| {
            channel.target.node.is_some_and(|node| needed.get(node as usize).copied().unwrap_or(false))
        });
        channels.filter_map(|channel| Track::read(animation, channel, &self.accessors).transpose()).collect()
    }

    /// The rate of an animation whose keys are too far apart to tell: that of the file's other animations, if it fits.
    fn rate(&self, times: &[f64]) -> Option<f64> {
        if Clock::dense(times).is_some() {
            return None;
        }
        let animations = &self.document.animations.0;
        let mut lists: Vec<usize> = animations.iter().flat_map(|all| &all.samplers).map(|one| one.input).collect();
        lists.sort_unstable();
        lists.dedup();
        // Animations that cannot be read have no say.
        let lists = lists.into_iter().take(LISTS).filter_map(|list| self.accessors.rows(list).ok());
        let all: Vec<f64> =
            lists.flat_map(|rows| rows.values.iter().map(|t| f64::from(*t)).collect::<Vec<_>>()).collect();
        Clock::dense(&all).filter(|fps| Clock::fits(times, *fps))
    }
}

impl Scene for File<'_> {
    fn format(&self) -> &'static str {
        "glTF"
    }

    fn takes(&self) -> &[Take] {
        &self.takes
    }

    fn moves(&self, take: &Take) -> Result<bool> {
        Ok(self.tracks(take)?.iter().any(Track::moves))
    }

    fn rig(&self, take: &Take, options: &LoadOptions<'_>) -> Result<Animated> {
        let body = &self.bodies[take.body.0];
        let tracks = Tracks::new(self.document.nodes.0.iter().map(Local::of).collect(), self.tracks(take)?);
        let pose = self.document.animations.0.is_empty().then_some(self.document.asset.extras.frame_rate).flatten();
        let times = if pose.is_some() { vec![0.0] } else { tracks.times() };
        if times.is_empty() {
            return Err(bad("its animation does not move the skeleton"));
        }
        let nodes = self.tree.needed(&body.joints).iter().filter(|needed| **needed).count();
        let rate = options.fps.map(f64::from).or(pose).or_else(|| self.rate(&times));
        let (clock, sure) = Clock::of_keys("glTF", &times, rate, nodes)?;
        let mut found = MotionSource::default();
        if rate.is_none() && Clock::dense(&times).is_none() {
            found.rate = format!("{}, at which its few keys are sampled", clock.fps);
        }
        if !sure {
            let fps = clock.fps;
            let warning = format!("the keys follow no clock; sampled at {fps} frames per second, `fps` overrides it");
            found.warnings.push(warning);
        }
        let human = self.human.as_ref();
        if body.skins.is_empty() && human.is_none() {
            found.warnings.push(crate::io::scene::rest::PRESENT.into());
        }
        let back = human.is_some_and(|human| human.faces_back);
        Ok(Animated::new(Parts {
            format: "glTF",
            tree: &self.tree,
            joints: &body.joints,
            names: body.joints.iter().map(|node| self.document.nodes.0[*node].name.clone()).collect(),
            rest: bind::rest(self.document, &self.tree, body, &self.accessors)?,
            turn: if back { DAffine3::from_rotation_y(std::f64::consts::PI) } else { DAffine3::IDENTITY },
            curves: Box::new(tracks),
            clock,
            known: human.and_then(|human| human.map(&body.joints)),
            found,
        }))
    }
}

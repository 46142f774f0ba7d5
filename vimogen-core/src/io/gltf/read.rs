//! glTF and VRM files as clips.

use std::path::Path;

use super::accessor::Accessors;
use super::animated::{Animated, Parts};
use super::container::{Container, MAX_FILE, bad};
use super::humanoid::Humanoid;
use super::json::Document;
use super::nodes::Tree;
use super::skeletons::{Skeleton, skeletons};
use super::tracks::Track;
use crate::error::Result;
use crate::format::read_bounded;
use crate::io::LoadOptions;
use crate::io::rig::retarget;
use crate::io::rig::takes::{self, Take};
use crate::motion::Motion;

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
/// [`Error::NotFound`](crate::Error::NotFound), [`Error::Io`], [`Error::TooLarge`], [`Error::InvalidArgument`] for a `person` that the file does
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
    if document.animations.0.is_empty() {
        return Err(bad("it has no animation; export the character together with one"));
    }
    let tree = Tree::new(&document.nodes.0)?;
    let human = Humanoid::of(document);
    let bodies = skeletons(document, &tree, human.as_ref())?;
    let takes = all_takes(document, &tree, &bodies);
    let names = takes::names(&takes);
    let scene = Scene { document, tree: &tree, bodies: &bodies, human: human.as_ref() };
    let accessors = Accessors::new(&file);
    if let Some(asked) = options.person {
        let chosen = takes::find(&takes, &names, asked)?;
        let mut rig = scene.rig(&takes[chosen], &accessors, options)?;
        rig.say(takes::found(&names, chosen, true));
        return retarget::to_motion(&rig, options);
    }
    scene.first(&takes, &names, &accessors, options)
}

/// Each animation of each body that it moves.
fn all_takes(document: &Document, tree: &Tree, bodies: &[Skeleton]) -> Vec<Take> {
    // The body of each node, which is that of a joint below for the nodes above a skeleton.
    let mut owner: Vec<Option<usize>> = vec![None; tree.parents.len()];
    for (body, skeleton) in bodies.iter().enumerate() {
        skeleton.joints.iter().for_each(|node| owner[*node] = Some(body));
    }
    let name = |body: usize| bodies[body].name.clone();
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

struct Scene<'a> {
    document: &'a Document,
    tree: &'a Tree,
    bodies: &'a [Skeleton],
    human: Option<&'a Humanoid>,
}

impl Scene<'_> {
    /// The first take that moves and is human; without such a one the fault of the first.
    fn first(
        &self,
        takes: &[Take],
        names: &[String],
        accessors: &Accessors<'_>,
        options: &LoadOptions<'_>,
    ) -> Result<Motion> {
        let mut still = Vec::new();
        let mut fault = None;
        let mut refused = vec![false; self.bodies.len()];
        let attempt = |chosen: usize, refused: &mut Vec<bool>| {
            let take = &takes[chosen];
            let mut rig = self.rig(take, accessors, options)?;
            rig.say(takes::found(names, chosen, false));
            retarget::to_motion(&rig, options).inspect_err(|_| refused[take.body.0] = true)
        };
        for (chosen, take) in takes.iter().enumerate() {
            if refused[take.body.0] {
                continue;
            }
            match self.tracks(take, accessors) {
                Ok(tracks) if tracks.iter().any(Track::moves) => match attempt(chosen, &mut refused) {
                    Ok(motion) => return Ok(motion),
                    Err(error) => drop(fault.get_or_insert(error)),
                },
                Ok(_) => still.push(chosen),
                // The file is damaged or compressed: other takes may be as well, and the first is asked for.
                Err(error) => return Err(error),
            }
        }
        for chosen in still {
            if refused[takes[chosen].body.0] {
                continue;
            }
            match attempt(chosen, &mut refused) {
                Ok(motion) => return Ok(motion),
                Err(error) => drop(fault.get_or_insert(error)),
            }
        }
        Err(fault.unwrap_or_else(|| bad("none of its animations moves a skeleton")))
    }

    fn tracks(&self, take: &Take, accessors: &Accessors<'_>) -> Result<Vec<Track>> {
        let needed = self.needed(&self.bodies[take.body.0]);
        let animation = &self.document.animations.0[take.animation.0];
        let channels = animation.channels.iter().filter(|channel| {
            channel.target.node.is_some_and(|node| needed.get(node as usize).copied().unwrap_or(false))
        });
        channels.filter_map(|channel| Track::read(animation, channel, accessors).transpose()).collect()
    }

    /// Whether the place of each node matters to the body: joints, and what is above them.
    fn needed(&self, body: &Skeleton) -> Vec<bool> {
        let mut needed = vec![false; self.tree.parents.len()];
        body.joints.iter().for_each(|node| needed[*node] = true);
        for node in self.tree.order.iter().rev().filter(|node| self.tree.parents[**node].is_some()) {
            if let Some(parent) = self.tree.parents[*node] {
                needed[parent] |= needed[*node];
            }
        }
        needed
    }

    fn rig(&self, take: &Take, accessors: &Accessors<'_>, options: &LoadOptions<'_>) -> Result<Animated> {
        let body = &self.bodies[take.body.0];
        let tracks = self.tracks(take, accessors)?;
        Animated::new(Parts {
            tree: self.tree,
            needed: &self.needed(body),
            body,
            names: body.joints.iter().map(|node| self.document.nodes.0[*node].name.clone()).collect(),
            rest: &super::bind::rest(self.document, self.tree, body, accessors)?,
            tracks,
            human: self.human.filter(|human| human.map(&body.joints).is_some()),
            fps: options.fps,
        })
    }
}

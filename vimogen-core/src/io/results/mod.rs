//! Files of programs that recover, generate or collect motion as parameters of SMPL bodies, or as joints: read as these
//! programs write them.
//!
//! A file of any container is opened as a tree of values, and recognised by its content: each family of layouts
//! has a module with a function that says whether a tree is of it, and reads it. The first that agrees reads the file.

mod aist;
mod amass;
mod clip;
mod fill;
mod flat;
mod folder;
mod fps;
mod glamr;
mod gvhmr;
mod hmr;
mod humanml;
mod joints;
mod kimodo;
mod motionx;
mod parts;
mod persons;
mod phalp;
mod prompthmr;
mod romp;
mod smplerx;
mod soma;
mod tracks;
mod tram;
mod up;
mod wham;

use std::path::Path;

use crate::error::{Error, Result};
use crate::format::tree::{self, Value};
use crate::io::{LoadOptions, features};
use crate::motion::Motion;
pub(in crate::io) use amass::read as read_amass;
use clip::SmplClip;
use joints::JointClip;

/// Result of a family for a file.
enum Found {
    /// Features of this library, complete.
    Motion(Box<Motion>),
    /// Rotations of a body.
    Smpl(Box<SmplClip>),
    /// Joints without rotations.
    Joints(Box<JointClip>),
}

impl From<SmplClip> for Found {
    fn from(clip: SmplClip) -> Self {
        Self::Smpl(Box::new(clip))
    }
}

impl From<JointClip> for Found {
    fn from(clip: JointClip) -> Self {
        Self::Joints(Box::new(clip))
    }
}

/// Reads a tree of a family; `None` if the tree is of another one.
type Family = fn(&Value<'_>, &LoadOptions<'_>) -> Result<Option<Found>>;

/// The families. Those whose keys others have too come last.
const FAMILIES: &[Family] = &[
    kimodo::find,
    humanml::find,
    motionx::find,
    features_of_ours,
    gvhmr::find,
    prompthmr::find,
    glamr::find,
    tram::find,
    aist::find,
    romp::find,
    phalp::find,
    wham::find,
    amass::find,
    smplerx::find,
    flat::find,
];

/// Reads a clip from an npz, npy, PyTorch or pickle file of any of these programs, or from a folder with a file per frame.
pub(super) fn load(path: &Path, options: &LoadOptions<'_>) -> Result<Motion> {
    if path.is_dir() {
        return folder::load(path, options);
    }
    tree::with_tree(path, |tree| match tram::is(tree).then(|| tram::camera_of(path)).flatten() {
        Some(camera) => tram::with_camera(tree, &camera)?.into_motion(options),
        None => motion(tree, options),
    })
}

/// [`load`] of bytes in memory.
#[cfg(test)]
fn load_bytes(bytes: &[u8], options: &LoadOptions<'_>) -> Result<Motion> {
    tree::from_bytes(bytes.to_vec(), |tree| motion(tree, options))
}

fn motion(tree: &Value<'_>, options: &LoadOptions<'_>) -> Result<Motion> {
    match find(tree, options)? {
        Found::Motion(motion) => Ok(*motion),
        Found::Smpl(clip) => clip.into_motion(options),
        Found::Joints(clip) => clip.into_motion(options),
    }
}

fn find(tree: &Value<'_>, options: &LoadOptions<'_>) -> Result<Found> {
    let mut inner = Some(tree);
    while let Some(tree) = inner {
        for family in FAMILIES {
            if let Some(found) = family(tree, options)? {
                return Ok(found);
            }
        }
        inner = only_value(tree);
    }
    Err(bad(format!(
        "it is in no layout that is read: it holds {}. Features (T, 276) are read as they are; of SMPL's parameters, poses \
         and trans as in AMASS, or global_orient, body_pose and transl",
        tree.summary()
    )))
}

/// The only value of a dict or list, such as `arr_0` of `numpy.savez`.
fn only_value<'v, 'a>(tree: &'v Value<'a>) -> Option<&'v Value<'a>> {
    match (tree.entries(), tree.items()) {
        ([(_, value)], _) | (_, [value]) if matches!(value, Value::Dict(_) | Value::List(_) | Value::Array(_)) => {
            Some(value)
        }
        _ => None,
    }
}

fn features_of_ours(tree: &Value<'_>, options: &LoadOptions<'_>) -> Result<Option<Found>> {
    Ok(features::of_tree(tree, options.fps)?.map(|motion| Found::Motion(Box::new(motion))))
}

/// The error about a file of motion.
fn bad(reason: impl Into<String>) -> Error {
    Error::format("motion", reason)
}

#[cfg(test)]
mod tests;

//! The layout of AMASS, in both generations, and of those who write it: `poses` and `trans`.

use ndarray::{Axis, concatenate};

use super::clip::{Origin, POSES, SmplClip, World};
use super::fps::Rate;
use super::parts::{betas, rotations, same_frames, vectors};
use super::{Found, Value, bad};
use crate::error::Result;
use crate::io::LoadOptions;
use crate::motion::layout::JOINTS;
use crate::motion::{Motion, UpAxis};

pub(super) fn find(tree: &Value<'_>, _: &LoadOptions<'_>) -> Result<Option<Found>> {
    let parts = tree.has(&["root_orient", "pose_body"]);
    if !tree.has(&["poses"]) && !parts {
        return if is_shape(tree) { Err(no_motion()) } else { Ok(None) };
    }
    clip(tree).map(|clip| Some(clip.into()))
}

/// Reads a tree in the layout of AMASS.
///
/// # Errors
/// Those of [`Motion::load_with`].
pub(in crate::io) fn read(tree: &Value<'_>, options: &LoadOptions<'_>) -> Result<Motion> {
    if is_shape(tree) {
        return Err(no_motion());
    }
    clip(tree)?.into_motion(options)
}

fn clip(tree: &Value<'_>) -> Result<SmplClip> {
    let (pose, origin) = pose(tree)?;
    let trans = if tree.has(&["transl"]) && !tree.has(&["trans"]) { "transl" } else { "trans" };
    let (kind, world, otherwise) = producer(tree);
    Ok(SmplClip {
        origin,
        world,
        rate: Rate::of(tree, otherwise),
        betas: betas(tree, "betas"),
        ..SmplClip::new(kind, pose, vectors(tree, trans)?)?
    })
}

/// Root and body, of whichever body.
fn pose(tree: &Value<'_>) -> Result<(ndarray::Array2<f32>, Origin)> {
    if !tree.has(&["poses"]) && tree.has(&["root_orient"]) {
        let (root, body) =
            (rotations(tree, "root_orient", &[1], 1)?, rotations(tree, "pose_body", &[JOINTS - 1], JOINTS - 1)?);
        same_frames(&[("root_orient", root.nrows()), ("pose_body", body.nrows())])?;
        let pose = concatenate(Axis(1), &[root.view(), body.view()]).map_err(|e| bad(e.to_string()))?;
        return Ok((pose, Origin::Smplx));
    }
    let pose = rotations(tree, "poses", &POSES, JOINTS)?;
    let shape = tree.get("poses").and_then(Value::shape).unwrap_or_default();
    let smplx = shape.iter().any(|d| [55, 3 * 55].contains(d));
    Ok((pose, if smplx { Origin::Smplx } else { Origin::Smpl }))
}

/// The program that wrote a file, the axes that it writes, and its rate where it writes none.
fn producer(tree: &Value<'_>) -> (&'static str, World, Rate) {
    let text = |key: &str| tree.get(key).and_then(Value::text).unwrap_or_default();
    let smplx = text("surface_model_type").starts_with("smplx") || tree.has(&["pose_body"]);
    if tree.has(&["Rh", "poses"]) {
        ("HY-Motion", World::Placed(UpAxis::Y), Rate::Always(30.0))
    } else if text("model").starts_with("smplx2020") || tree.has(&["expressions", "poses"]) {
        ("BEAT2", World::Placed(UpAxis::Y), Rate::Always(30.0))
    } else if smplx {
        ("AMASS, SMPL-X", World::Placed(UpAxis::Z), Rate::Unknown)
    } else {
        ("AMASS", World::Placed(UpAxis::Z), Rate::Unknown)
    }
}

/// Whether a file describes a body and no motion.
fn is_shape(tree: &Value<'_>) -> bool {
    let motion = ["poses", "root_orient", "global_orient", "pose_body", "trans", "transl", "motion", "features"];
    tree.has(&["betas"]) && !motion.iter().any(|key| tree.has(&[key]))
}

fn no_motion() -> crate::error::Error {
    bad(
        "it holds the shape of a body and no motion (stagei, shape.npz); clips are the files *_poses.npz and *_stageii.npz \
         beside it",
    )
}

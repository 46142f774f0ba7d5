//! SMPLer-X and SMPLest-X: an npz for each frame and person, in the frame of the camera.

use super::parts::{betas, root_and_body, vectors};
use super::tracks::Seen;
use super::{Found, Value, bad};
use crate::error::Result;
use crate::io::LoadOptions;

pub(super) fn find(tree: &Value<'_>, _: &LoadOptions<'_>) -> Result<Option<Found>> {
    if !is_frame(tree) {
        return Ok(None);
    }
    Err(bad(
        "it holds one frame of one person (SMPLer-X writes a file for each); give the folder with all frames instead",
    ))
}

/// Whether a tree is one frame of one person, with hands and face.
pub(super) fn is_frame(tree: &Value<'_>) -> bool {
    let one = |name: &str| tree.get(name).and_then(Value::shape).is_some_and(|s| s.iter().product::<usize>() == 3);
    one("global_orient") && tree.has(&["body_pose"]) && (tree.has(&["jaw_pose"]) || tree.has(&["left_hand_pose"]))
}

/// The parameters of a frame.
pub(super) fn frame(tree: &Value<'_>) -> Result<Seen> {
    let pose = root_and_body(tree, "global_orient", "body_pose")?;
    let place = vectors(tree, "transl")?;
    let place = [place[[0, 0]], place[[0, 1]], place[[0, 2]]];
    Ok(Seen { pose: pose.row(0).to_vec(), place, betas: betas(tree, "betas") })
}

//! TRAM's `hps_track_N.npy`: a dict of tensors, in the frame of the camera.

use super::clip::{Origin, SmplClip, World};
use super::fps::Rate;
use super::parts::{betas, indices, rotations, vectors};
use super::{Found, Value};
use crate::error::Result;
use crate::io::LoadOptions;
use crate::motion::layout::JOINTS;

pub(super) fn find(tree: &Value<'_>, _: &LoadOptions<'_>) -> Result<Option<Found>> {
    if !tree.has(&["pred_rotmat", "pred_trans"]) {
        return Ok(None);
    }
    let pose = rotations(tree, "pred_rotmat", &[24], JOINTS)?;
    let clip = SmplClip {
        origin: Origin::Smpl,
        world: World::Camera,
        rate: Rate::of(tree, Rate::Unknown),
        betas: betas(tree, "pred_shape"),
        ..SmplClip::new("TRAM", pose, vectors(tree, "pred_trans")?)?
    };
    Ok(Some(clip.filled(indices(tree, "frame")).into()))
}

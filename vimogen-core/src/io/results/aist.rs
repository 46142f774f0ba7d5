//! AIST++'s motion pickles: SMPL scaled by the length of a unit of the recording.

use super::clip::{Origin, SmplClip, World};
use super::fps::Rate;
use super::parts::{need, rotations, vectors};
use super::{Found, Value, bad};
use crate::error::Result;
use crate::io::LoadOptions;
use crate::motion::UpAxis;
use crate::motion::layout::JOINTS;

pub(super) fn find(tree: &Value<'_>, _: &LoadOptions<'_>) -> Result<Option<Found>> {
    if !tree.has(&["smpl_poses", "smpl_trans"]) {
        return Ok(None);
    }
    let scaling = match tree.get("smpl_scaling") {
        Some(_) => need(tree, "smpl_scaling")?.number().filter(|s| s.is_finite() && *s > 1e-6),
        None => Some(1.0),
    };
    let scaling = scaling.ok_or_else(|| bad("its smpl_scaling is no number above 0"))?;
    let pose = rotations(tree, "smpl_poses", &[24], JOINTS)?;
    let translation = vectors(tree, "smpl_trans")?.mapv(|v| (f64::from(v) / scaling) as f32);
    let clip = SmplClip {
        origin: Origin::Smpl,
        world: World::Up(UpAxis::Y),
        rate: Rate::of(tree, Rate::Always(60.0)),
        ..SmplClip::new("AIST++", pose, translation)?
    };
    Ok(Some(clip.into()))
}

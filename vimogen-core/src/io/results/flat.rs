//! `global_orient`, `body_pose` and `transl` in one dict: the parameters of the `smplx` package, in axes of any program.

use super::clip::{SmplClip, World};
use super::fps::Rate;
use super::parts::{betas, root_and_body, vectors};
use super::{Found, Value, bad};
use crate::error::Result;
use crate::io::LoadOptions;

pub(super) fn find(tree: &Value<'_>, _: &LoadOptions<'_>) -> Result<Option<Found>> {
    if !tree.has(&["global_orient", "body_pose"]) {
        return Ok(None);
    }
    let transl = ["transl", "trans"].into_iter().find(|name| tree.get(name).is_some());
    let transl = transl.ok_or_else(|| bad(format!("it has no \"transl\", it is {}", tree.summary())))?;
    let pose = root_and_body(tree, "global_orient", "body_pose")?;
    let clip = SmplClip {
        world: World::Unsaid,
        rate: Rate::of(tree, Rate::Unknown),
        betas: betas(tree, "betas"),
        ..SmplClip::new("SMPL-X parameters", pose, vectors(tree, transl)?)?
    };
    Ok(Some(clip.into()))
}

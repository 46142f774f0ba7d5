//! GVHMR's `hmr4d_results.pt`, and the npz of ComfyUI-MotionCapture, which wraps it.

use super::clip::{SmplClip, World};
use super::fps::Rate;
use super::parts::{betas, root_and_body, vectors};
use super::{Found, Value};
use crate::error::Result;
use crate::io::LoadOptions;
use crate::motion::UpAxis;

pub(super) fn find(tree: &Value<'_>, _: &LoadOptions<'_>) -> Result<Option<Found>> {
    let (global, incam) = (tree.get("smpl_params_global"), tree.get("smpl_params_incam"));
    let clip = if let Some(params) = global {
        SmplClip { world: World::Up(UpAxis::Y), rate: Rate::of(tree, Rate::Always(30.0)), ..read("GVHMR", params)? }
    } else if let Some(params) = incam {
        SmplClip { world: World::Camera, rate: Rate::of(tree, Rate::Always(30.0)), ..read("GVHMR, camera", params)? }
    } else if tree.has(&["global_orient", "body_pose", "transl", "global_orient_incam"]) {
        let rate = Rate::of(tree, Rate::Usually(30.0));
        SmplClip { world: World::Up(UpAxis::Y), rate, ..read("ComfyUI-MotionCapture", tree)? }
    } else {
        return Ok(None);
    };
    Ok(Some(clip.into()))
}

fn read(kind: &str, params: &Value<'_>) -> Result<SmplClip> {
    let pose = root_and_body(params, "global_orient", "body_pose")?;
    Ok(SmplClip { betas: betas(params, "betas"), ..SmplClip::new(kind, pose, vectors(params, "transl")?)? })
}

//! Arrays of one row per frame that are known by their number of columns: Motion-X's 322, and layouts that are not read.

use ndarray::{Array2, concatenate, s};

use super::clip::{SmplClip, World};
use super::fps::Rate;
use super::{Found, Value, bad};
use crate::error::{Result, check_finite};
use crate::io::LoadOptions;
use crate::io::features::MAX_FRAMES;
use crate::motion::UpAxis;

/// Columns of Motion-X's SMPL-X parameters.
const MOTION_X: usize = 322;
/// Layouts of other projects by their columns, and what makes of them something that is read.
const OTHERS: &[(usize, &str, &str)] = &[
    (
        135,
        "the features of TEMOS, TEACH and FlowMDM (6D rotations)",
        "convert them to SMPL's parameters with their own code",
    ),
    (
        151,
        "the features of EDGE (contacts, translation, 6D rotations)",
        "take the pickles with smpl_poses and smpl_trans that EDGE writes",
    ),
    (201, "the features of HY-Motion", "take the npz files with poses and trans that HY-Motion writes"),
    (251, "KIT-ML's features, of a skeleton of 21 joints", "take the recordings as BVH or as SMPL parameters"),
    (
        272,
        "the features of MotionStreamer (the 272-value HumanML3D)",
        "convert them to BVH with that project's recovery scripts",
    ),
    (623, "the features of HumanTOMATO, with hands", "take Motion-X's files of 322 values"),
];

pub(super) fn find(tree: &Value<'_>, _: &LoadOptions<'_>) -> Result<Option<Found>> {
    let Some(array) = tree.array() else { return Ok(None) };
    let (frames, width) = match *array.shape() {
        [frames, width] | [1, frames, width] => (frames, width),
        _ => return Ok(None),
    };
    if let Some((_, name, remedy)) = OTHERS.iter().find(|(columns, ..)| *columns == width) {
        return Err(bad(format!("it has {width} columns, which are {name}; {remedy}")));
    }
    if width != MOTION_X || !(1..=MAX_FRAMES).contains(&frames) {
        return Ok(None);
    }
    let all = Array2::from_shape_vec((frames, width), array.to_f32()?).map_err(|e| bad(e.to_string()))?;
    check_finite("motion", &all.view())?;
    let pose = concatenate(ndarray::Axis(1), &[all.slice(s![.., ..66])]).map_err(|e| bad(e.to_string()))?;
    let clip = SmplClip {
        world: World::Up(UpAxis::Y),
        rate: Rate::Always(30.0),
        betas: all.slice(s![0, 312..322]).to_vec(),
        ..SmplClip::new("Motion-X", pose, all.slice(s![.., 309..312]).to_owned())?
    };
    Ok(Some(clip.into()))
}

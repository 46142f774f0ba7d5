//! Kimodo's own npz: `posed_joints`, with the rotations of its skeletons.

use super::clip::{Origin, SmplClip, World};
use super::fps::Rate;
use super::joints::{JointClip, pick};
use super::parts::rotations;
use super::persons::Chosen;
use super::soma::Soma;
use super::{Found, Value, bad};
use crate::error::Result;
use crate::io::LoadOptions;
use crate::motion::UpAxis;
use crate::motion::layout::JOINTS;

/// Joints of SMPL in the 30 and in the 77 joints of SOMA.
pub(super) const SOMA_30: [usize; JOINTS] =
    [0, 22, 26, 1, 23, 27, 2, 24, 28, 3, 25, 29, 4, 10, 16, 6, 11, 17, 12, 18, 13, 19];
const SOMA_77: [usize; JOINTS] = [0, 67, 72, 1, 68, 73, 2, 69, 74, 3, 70, 75, 4, 11, 39, 6, 12, 40, 13, 41, 14, 42];

/// SOMA's second joint of the neck, between those of ours.
const UPPER_NECK: usize = 5;

pub(super) fn find(tree: &Value<'_>, options: &LoadOptions<'_>) -> Result<Option<Found>> {
    let Some(array) = tree.get("posed_joints").and_then(Value::array) else { return Ok(None) };
    let count = array.shape().len().checked_sub(2).map_or(0, |i| array.shape()[i]);
    let rate = Rate::of(tree, Rate::Always(30.0));
    let places = match count {
        30 => SOMA_30,
        77 => SOMA_77,
        JOINTS => std::array::from_fn(|j| j),
        34 => {
            return Err(bad("it holds the 34 joints of a Unitree G1 robot (Kimodo), which is no human body"));
        }
        _ => {
            return Err(bad(format!(
                "its posed_joints have the shape {:?}; 22, 30 and 77 joints are read",
                array.shape()
            )));
        }
    };
    let joints = pick(array, &places)?;
    if count == JOINTS && tree.has(&["local_rot_mats"]) {
        // The 22 joints are those of SMPL-X, with its rest pose.
        let pose = rotations(tree, "local_rot_mats", &[JOINTS], JOINTS)?;
        let pelvis = joints.index_axis(ndarray::Axis(1), 0).to_owned();
        let clip = SmplClip {
            origin: Origin::Pelvis,
            world: World::Up(UpAxis::Y),
            rate,
            ..SmplClip::new("Kimodo", pose, pelvis)?
        };
        return Ok(Some(clip.into()));
    }
    if tree.has(&["global_rot_mats"]) {
        let turns = rotations(tree, "global_rot_mats", &[count], count)?;
        let soma = Soma::new(array, &turns, &places, UPPER_NECK)?;
        return Ok(Some(Found::Motion(Box::new(soma.into_motion(rate, options)?))));
    }
    let kind = format!("Kimodo, {count} joints");
    Ok(Some(JointClip { kind, joints, rate, rotations: false, persons: Chosen::default() }.into()))
}

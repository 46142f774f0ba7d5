//! HumanML3D's joints and 263 features, and MDM's `results.npy`: y up, 20 frames per second.

use glam::{Quat, Vec3};
use ndarray::Array3;

use super::fps::Rate;
use super::joints::{JointClip, pick};
use super::persons::{self, Chosen};
use super::{Found, Value, bad};
use crate::error::{Error, Result, check_finite};
use crate::format::tree::Array;
use crate::io::LoadOptions;
use crate::io::features::MAX_FRAMES;
use crate::motion::layout::{FPS, JOINTS};

/// Values per frame: turn and steps of the root, its height, 21 joints, 21 rotations, 22 velocities, 4 contacts.
const FEATURES: usize = 263;
/// First column of the positions of the 21 joints relative to the root.
const POSITIONS: usize = 4;
/// Maximum number of samples that are listed.
const MAX_SAMPLES: usize = 4096;

pub(super) fn find(tree: &Value<'_>, options: &LoadOptions<'_>) -> Result<Option<Found>> {
    if let Some(array) = tree.array() {
        return of_array(array);
    }
    if tree.has(&["motion", "lengths"]) && tree.get("motion").and_then(Value::shape).is_some_and(|s| s.len() == 4) {
        return samples(tree, options).map(|clip| Some(clip.into()));
    }
    Ok(None)
}

fn of_array(array: &Array<'_>) -> Result<Option<Found>> {
    let clip = |kind: &str, joints, rotations| JointClip {
        kind: kind.into(),
        joints,
        rate: Rate::Always(FPS.into()),
        rotations,
        persons: Chosen::default(),
    };
    Ok(Some(match *array.shape() {
        [frames, FEATURES] | [1, frames, FEATURES] => {
            clip("HumanML3D, 263 features", decode(array, frames)?, true).into()
        }
        [_, 22 | 24, 3] | [1, _, 22 | 24, 3] => {
            clip("HumanML3D, joints", pick(array, &std::array::from_fn(|j| j))?, false).into()
        }
        [_, joints @ (21 | 52), 3] => {
            let which = if joints == 21 { "KIT-ML's skeleton" } else { "SMPL-H with hands" };
            return Err(bad(format!(
                "it holds positions of {joints} joints ({which}); the 22 joints of HumanML3D are read"
            )));
        }
        _ => return Ok(None),
    }))
}

/// Joints of the 263 features: the root's turns and steps are summed, and the other joints are placed around it.
fn decode(array: &Array<'_>, frames: usize) -> Result<Array3<f32>> {
    if !(1..=MAX_FRAMES).contains(&frames) {
        return Err(Error::shape("motion", "(T, 263)", array.shape()));
    }
    let values = array.to_f32()?;
    check_finite("motion", &ndarray::ArrayView1::from(&values))?;
    let rows: Vec<&[f32]> = values.chunks_exact(FEATURES).collect();
    let mut joints = Array3::zeros((frames, JOINTS, 3));
    // The first value is half the angle, as in a quaternion.
    let (mut half, mut root) = (0.0f64, Vec3::ZERO);
    for (t, row) in rows.iter().enumerate() {
        if t > 0 {
            let before = rows[t - 1];
            half += f64::from(before[0]);
            root += turn(half) * Vec3::new(before[1], 0.0, before[2]);
        }
        let facing = turn(half);
        let mut place = |joint: usize, at: Vec3| {
            for (c, value) in at.to_array().into_iter().enumerate() {
                joints[[t, joint, c]] = value;
            }
        };
        place(0, root.with_y(row[3]));
        for joint in 1..JOINTS {
            let at = POSITIONS + 3 * (joint - 1);
            let relative = Vec3::new(row[at], row[at + 1], row[at + 2]);
            place(joint, facing * relative + root.with_y(0.0));
        }
    }
    Ok(joints)
}

/// From the frame of the root to the world: the features turn the world into the root's frame by the angle.
fn turn(half: f64) -> Quat {
    Quat::from_rotation_y((-2.0 * half) as f32)
}

/// One of the samples `(N, 22, 3, T)` of MDM.
fn samples(tree: &Value<'_>, options: &LoadOptions<'_>) -> Result<JointClip> {
    let array = tree.get("motion").and_then(Value::array).ok_or_else(|| bad("its motion is no array"))?;
    let wrong = || Error::shape("motion", "(N, 22, 3, T), MDM's samples of joints", array.shape());
    let [count @ 1..=MAX_SAMPLES, JOINTS, 3, frames @ 1..=MAX_FRAMES] = *array.shape() else { return Err(wrong()) };
    let lengths = super::parts::indices(tree, "lengths").unwrap_or_default();
    let length = |i: usize| lengths.get(i).map_or(frames, |n| (*n).clamp(1, frames as i64) as usize);
    let listed: Vec<_> = (0..count).map(|i| (i.to_string(), length(i))).collect();
    let mut persons = persons::choose(&listed, Some(options.person.unwrap_or("0")))?;
    if options.person.is_none() && count > 1 {
        persons.warning =
            Some(format!("the file has {count} samples: sample 0 was read; person= (--person) chooses another"));
    }
    let values = array.to_f32()?;
    let sample = values.chunks_exact(JOINTS * 3 * frames).nth(persons.index).ok_or_else(wrong)?;
    let joints =
        Array3::from_shape_fn((length(persons.index), JOINTS, 3), |(t, j, c)| sample[(j * 3 + c) * frames + t]);
    check_finite("motion", &joints.view())?;
    Ok(JointClip { kind: "MDM results".into(), joints, rate: Rate::Always(FPS.into()), rotations: false, persons })
}

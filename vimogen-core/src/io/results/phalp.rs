//! 4D-Humans' and PHALP's pickles: a dict by frames, each with lists of the persons that are tracked in it.

use super::clip::Origin;
use super::fps::Rate;
use super::parts::{betas, rotations};
use super::tracks::{Seen, Tracks, number_in};
use super::{Found, Value, bad};
use crate::error::Result;
use crate::io::LoadOptions;
use crate::motion::layout::JOINTS;

pub(super) fn find(tree: &Value<'_>, options: &LoadOptions<'_>) -> Result<Option<Found>> {
    let frames = tree.entries();
    if frames.is_empty() || !frames.iter().all(|(_, frame)| frame.has(&["tid", "smpl"])) {
        return Ok(None);
    }
    let mut tracks = Tracks::default();
    for (i, (name, frame)) in frames.iter().enumerate() {
        let time = frame.get("time").and_then(Value::number).map(|t| t as i64);
        let number = time.or_else(|| number_in(name)).unwrap_or(i as i64);
        let list = |key: &str| frame.get(key).map_or(&[][..], Value::items);
        for (at, (id, smpl)) in list("tid").iter().zip(list("smpl")).enumerate() {
            let id = id.number().ok_or_else(|| bad("a tracked person has no number"))? as i64;
            // Persons that are only predicted in a frame have no parameters.
            if smpl.has(&["global_orient", "body_pose"]) {
                let place = list("camera").get(at).and_then(point).unwrap_or_default();
                tracks.add(&id.to_string(), number, seen(smpl, place)?)?;
            }
        }
    }
    let mut clip = tracks.into_clip("4D-Humans, PHALP", Origin::Smpl, options)?;
    clip.rate = Rate::of(tree, Rate::Unknown);
    Ok(Some(clip.into()))
}

fn seen(smpl: &Value<'_>, place: [f32; 3]) -> Result<Seen> {
    let mut pose = rotations(smpl, "global_orient", &[1], 1)?.row(0).to_vec();
    pose.extend(rotations(smpl, "body_pose", &[23, 21], JOINTS - 1)?.row(0));
    Ok(Seen { pose, place, betas: betas(smpl, "betas") })
}

/// Three numbers.
fn point(value: &Value<'_>) -> Option<[f32; 3]> {
    let array = value.array().filter(|array| array.info().checked_len() == Some(3))?;
    let point = *array.to_f32().ok()?.first_chunk::<3>()?;
    point.iter().all(|v| v.is_finite()).then_some(point)
}

//! WHAM's `wham_output.pkl`, and VIBE's, which has no translation: persons by number.

use ndarray::Array2;

use super::clip::{Origin, POSES, SmplClip, World};
use super::fps::Rate;
use super::parts::{betas, indices, rotations, vectors};
use super::{Found, Value, persons};
use crate::error::Result;
use crate::io::LoadOptions;
use crate::motion::UpAxis;
use crate::motion::layout::JOINTS;

pub(super) fn find(tree: &Value<'_>, options: &LoadOptions<'_>) -> Result<Option<Found>> {
    let people = tree.entries();
    let is_person = |value: &Value<'_>| value.has(&["pose_world", "trans_world"]) || value.has(&["pose", "frame_ids"]);
    if people.is_empty() || !people.iter().all(|(_, person)| is_person(person)) {
        return Ok(None);
    }
    let frames = |person: &Value<'_>| person.get("pose_world").or(person.get("pose"))?.shape()?.first().copied();
    let listed: Vec<_> = people.iter().map(|(name, p)| (name.to_string(), frames(p).unwrap_or(0))).collect();
    let chosen = persons::choose(&listed, options.person)?;
    let person = &people[chosen.index].1;
    let clip = if person.has(&["pose_world", "trans_world"]) {
        let pose = rotations(person, "pose_world", &POSES, JOINTS)?;
        let clip = SmplClip::new("WHAM", pose, vectors(person, "trans_world")?)?;
        SmplClip { world: World::Up(UpAxis::Y), ..clip }
    } else {
        camera(person)?
    };
    let clip = SmplClip {
        origin: Origin::Smpl,
        rate: Rate::of(tree, Rate::Unknown),
        betas: betas(person, "betas"),
        persons: chosen,
        ..clip
    };
    Ok(Some(clip.filled(indices(person, "frame_ids")).into()))
}

fn camera(person: &Value<'_>) -> Result<SmplClip> {
    let pose = rotations(person, "pose", &POSES, JOINTS)?;
    if person.has(&["trans"]) {
        let clip = SmplClip::new("WHAM, camera", pose, vectors(person, "trans")?)?;
        return Ok(SmplClip { world: World::Camera, ..clip });
    }
    let still = Array2::zeros((pose.nrows(), 3));
    let mut clip = SmplClip::new("VIBE", pose, still)?;
    clip.warnings.push("the file has no translation: the body moves on the spot".into());
    Ok(SmplClip { world: World::Camera, ..clip })
}

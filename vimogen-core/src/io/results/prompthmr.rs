//! PromptHMR's `results.pkl`: people by number, in the world or in the frame of the camera.

use super::clip::{SmplClip, World};
use super::fps::Rate;
use super::parts::{betas, indices, need, rotations, vectors};
use super::{Found, Value, persons};
use crate::error::Result;
use crate::io::LoadOptions;
use crate::motion::UpAxis;
use crate::motion::layout::JOINTS;

pub(super) fn find(tree: &Value<'_>, options: &LoadOptions<'_>) -> Result<Option<Found>> {
    let people = tree.get("people").map_or(&[][..], Value::entries);
    let is_person = |value: &Value<'_>| value.has(&["smplx_world"]) || value.has(&["smplx_cam"]);
    if people.is_empty() || !people.iter().any(|(_, person)| is_person(person)) {
        return Ok(None);
    }
    let people: Vec<_> = people.iter().filter(|(_, person)| is_person(person)).collect();
    let (worlds, listed): (Vec<_>, Vec<_>) = people
        .iter()
        .map(|(name, person)| {
            let world = person.get("smplx_world").filter(|params| params.has(&["pose", "trans"]));
            let params = world.or(person.get("smplx_cam"));
            let frames = params.and_then(|p| p.get("pose")?.shape()?.first().copied());
            (world, (name.to_string(), frames.unwrap_or(0)))
        })
        .unzip();
    let chosen = persons::choose(&listed, options.person)?;
    let person = &people[chosen.index].1;
    let (kind, params, world) = match worlds[chosen.index] {
        Some(params) => ("PromptHMR", params, World::Up(UpAxis::Y)),
        None => ("PromptHMR, camera", need(person, "smplx_cam")?, World::Camera),
    };
    let pose = if params.has(&["pose"]) { "pose" } else { "rotmat" };
    let pose = rotations(params, pose, &[55, 22], JOINTS)?;
    let clip = SmplClip {
        world,
        rate: Rate::of(tree, Rate::Usually(30.0)),
        betas: betas(params, "shape"),
        persons: chosen,
        ..SmplClip::new(kind, pose, vectors(params, "trans")?)?
    };
    Ok(Some(clip.filled(indices(person, "frames")).into()))
}

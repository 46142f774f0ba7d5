//! GLAMR's `*_seed1.pkl`: persons by number, in a world with z up, placed by the pelvis.

use super::clip::{Origin, SmplClip, World};
use super::fps::Rate;
use super::parts::{betas, root_and_body, vectors};
use super::{Found, Value, persons};
use crate::error::Result;
use crate::io::LoadOptions;
use crate::motion::UpAxis;

pub(super) fn find(tree: &Value<'_>, options: &LoadOptions<'_>) -> Result<Option<Found>> {
    let people = tree.get("person_data").map_or(&[][..], Value::entries);
    if people.is_empty() || !people.iter().all(|(_, person)| person.has(&["smpl_pose"])) {
        return Ok(None);
    }
    let frames = |person: &Value<'_>| person.get("smpl_pose")?.shape()?.first().copied();
    let listed: Vec<_> = people.iter().map(|(name, p)| (name.to_string(), frames(p).unwrap_or(0))).collect();
    let chosen = persons::choose(&listed, options.person)?;
    let person = &people[chosen.index].1;
    let in_world = person.has(&["smpl_orient_world", "root_trans_world"]);
    let (kind, orient, trans, world) = if in_world {
        ("GLAMR", "smpl_orient_world", "root_trans_world", World::Up(UpAxis::Z))
    } else {
        ("GLAMR, camera", "smpl_orient_cam", "root_trans_cam", World::Camera)
    };
    let pose = root_and_body(person, orient, "smpl_pose")?;
    let clip = SmplClip {
        origin: Origin::Pelvis,
        world,
        rate: Rate::of(tree, Rate::Usually(30.0)),
        betas: betas(person, "smpl_beta"),
        persons: chosen,
        ..SmplClip::new(kind, pose, vectors(person, trans)?)?
    };
    Ok(Some(clip.into()))
}

//! ROMP's and BEV's npz: an array of objects `results`, with a dict by frames for videos.

use glam::Vec3;

use super::clip::Origin;
use super::fps::Rate;
use super::parts::{betas, indices, rotations, vectors};
use super::tracks::{Seen, Tracks, number_in};
use super::{Found, Value, bad};
use crate::error::Result;
use crate::io::LoadOptions;
use crate::motion::layout::JOINTS;

/// Maximum step of a person between frames, metres, if nobody says who is who.
const MAX_STEP: f32 = 1.0;

pub(super) fn find(tree: &Value<'_>, options: &LoadOptions<'_>) -> Result<Option<Found>> {
    let Some(results) = tree.get("results") else { return Ok(None) };
    if is_frame(results) {
        return Err(bad(
            "it holds the persons of one picture (ROMP); give the results of a video, or the folder with a file per frame",
        ));
    }
    let frames = results.entries();
    if frames.is_empty() || !frames.iter().any(|(_, frame)| is_frame(frame)) {
        return Ok(None);
    }
    let mut numbered: Vec<(i64, &Value<'_>)> = Vec::with_capacity(frames.len());
    let all_numbered = frames.iter().all(|(name, _)| number_in(name).is_some());
    for (i, (name, frame)) in frames.iter().enumerate() {
        let number = number_in(name).filter(|_| all_numbered).unwrap_or(i as i64);
        numbered.push((number, frame));
    }
    numbered.sort_by_key(|(number, _)| *number);
    let mut gathered = Gathered::default();
    for (number, frame) in numbered {
        gathered.add(number, frame)?;
    }
    let mut clip = gathered.tracks.into_clip("ROMP", Origin::Smpl, options)?;
    clip.rate = Rate::of(tree, Rate::Unknown);
    clip.warnings.extend(gathered.warning);
    Ok(Some(clip.into()))
}

/// Whether a value lists the persons of one picture.
pub(super) fn is_frame(value: &Value<'_>) -> bool {
    value.has(&["smpl_thetas"]) || value.has(&["global_orient", "body_pose"])
}

/// Persons of the frames so far.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) tracks: Tracks,
    pub(super) warning: Option<String>,
    /// Last place of the person that is followed where persons have no numbers.
    followed: Option<Vec3>,
}

impl Gathered {
    /// Adds the persons of a frame; one without persons is a gap.
    pub(super) fn add(&mut self, number: i64, frame: &Value<'_>) -> Result<()> {
        let name = if frame.has(&["smpl_thetas"]) { "smpl_thetas" } else { "body_pose" };
        let rows = frame.get(name).and_then(Value::shape).and_then(<[usize]>::first).copied().unwrap_or(0);
        if rows == 0 {
            return Ok(());
        }
        let people = seen(frame)?;
        if let Some(ids) = indices(frame, "track_ids").filter(|ids| ids.len() == people.len()) {
            return ids.iter().zip(people).try_for_each(|(id, seen)| self.tracks.add(&id.to_string(), number, seen));
        }
        if people.len() > 1 {
            self.warning = Some(
                "frames show several persons without numbers: the one nearest to where the first was seen is followed"
                    .into(),
            );
        }
        let distance = |seen: &Seen| self.followed.map_or(seen.place[2].abs(), |at| at.distance(seen.place.into()));
        let nearest = people.into_iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
        let followed = self.followed;
        match nearest {
            Some(seen) if followed.is_none_or(|at| at.distance(seen.place.into()) < MAX_STEP) => {
                self.followed = Some(seen.place.into());
                self.tracks.add("0", number, seen)
            }
            _ => Ok(()),
        }
    }
}

/// The persons of one frame.
fn seen(frame: &Value<'_>) -> Result<Vec<Seen>> {
    let pose = if frame.has(&["smpl_thetas"]) {
        rotations(frame, "smpl_thetas", &[24], JOINTS)?
    } else {
        super::parts::root_and_body(frame, "global_orient", "body_pose")?
    };
    let places = if frame.has(&["cam_trans"]) { Some(vectors(frame, "cam_trans")?) } else { None };
    let betas = betas(frame, "smpl_betas");
    let place = |i: usize| {
        let row = places.as_ref().and_then(|places| places.outer_iter().nth(i));
        row.map_or([0.0; 3], |row| [row[0], row[1], row[2]])
    };
    let people = pose.outer_iter().enumerate();
    Ok(people.map(|(i, row)| Seen { pose: row.to_vec(), place: place(i), betas: betas.clone() }).collect())
}

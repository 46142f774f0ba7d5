//! Persons gathered from files that list, for each frame, whom they see.

use ndarray::Array2;

use super::clip::{Origin, SmplClip, World};
use super::{bad, persons};
use crate::error::Result;
use crate::io::LoadOptions;
use crate::io::features::MAX_FRAMES;
use crate::motion::layout::JOINTS;

/// Maximum number of persons.
const MAX_TRACKS: usize = 1 << 16;

/// Parameters of one person in one frame.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    /// Rotations of the 22 joints, axis-angle, 66 values.
    pub(super) pose: Vec<f32>,
    pub(super) place: [f32; 3],
    pub(super) betas: Vec<f32>,
}

/// One person over frames.
#[derive(Debug, Default)]
struct Track {
    name: String,
    frames: Vec<i64>,
    seen: Vec<Seen>,
}

/// Persons in the order in which they are first seen.
#[derive(Debug, Default)]
pub(super) struct Tracks {
    tracks: Vec<Track>,
    index: std::collections::HashMap<String, usize>,
}

impl Tracks {
    /// Adds what is seen of a person; a frame that was seen already is left out.
    pub(super) fn add(&mut self, name: &str, frame: i64, seen: Seen) -> Result<()> {
        let next = self.tracks.len();
        let index = *self.index.entry(name.to_string()).or_insert(next);
        if index == next {
            if next >= MAX_TRACKS {
                return Err(bad(format!("it has more than {MAX_TRACKS} persons")));
            }
            self.tracks.push(Track { name: name.into(), ..Track::default() });
        }
        let track = &mut self.tracks[index];
        if track.frames.len() >= MAX_FRAMES {
            return Err(bad(format!("it has more than {MAX_FRAMES} frames")));
        }
        if track.frames.last() != Some(&frame) {
            track.frames.push(frame);
            track.seen.push(seen);
        }
        Ok(())
    }

    /// The clip of one person, in the frame of the camera.
    pub(super) fn into_clip(self, kind: &str, origin: Origin, options: &LoadOptions<'_>) -> Result<SmplClip> {
        let listed: Vec<_> = self.tracks.iter().map(|track| (track.name.clone(), track.frames.len())).collect();
        let chosen = persons::choose(&listed, options.person)?;
        let Track { frames, seen, .. } = &self.tracks[chosen.index];
        let values = |width: usize, get: fn(&Seen) -> &[f32]| {
            let all: Vec<f32> = seen.iter().flat_map(get).copied().collect();
            Array2::from_shape_vec((seen.len(), width), all)
                .map_err(|_| bad("its frames have different numbers of joints"))
        };
        let (pose, places) = (values(3 * JOINTS, |s| &s.pose)?, values(3, |s| &s.place)?);
        let clip = SmplClip {
            origin,
            world: World::Camera,
            betas: seen.first().map(|s| s.betas.clone()).unwrap_or_default(),
            persons: chosen,
            ..SmplClip::new(kind, pose, places)?
        };
        Ok(clip.filled(Some(frames.clone())))
    }
}

/// The last number in a name, such as a picture's: its frame.
pub(super) fn number_in(name: &str) -> Option<i64> {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let digits = stem.rsplit(|c: char| !c.is_ascii_digit()).find(|part| !part.is_empty())?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_numbered_by_their_pictures() {
        let names = ["demo/000017.jpg", "a.b/frame_12.png", "C:\\v\\img7.jpg", "x"];
        assert_eq!(names.map(number_in), [Some(17), Some(12), Some(7), None]);
    }
}

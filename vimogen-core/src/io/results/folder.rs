//! A folder with a file for each frame: SMPLer-X's and SMPLest-X's, a file for each person too, or ROMP's.

use std::fs;
use std::path::{Path, PathBuf};

use super::clip::Origin;
use super::fps::Rate;
use super::romp::{self, Gathered};
use super::{persons, smplerx};
use crate::error::{Error, Result};
use crate::format::tree::{self, Value};
use crate::io::LoadOptions;
use crate::io::features::MAX_FRAMES;
use crate::motion::Motion;

/// Folder of SMPLer-X's parameters within that of a video.
const INNER: &str = "smplx";

/// A file of a folder, by the numbers in its name: `00017_0.npz` is frame 17 of person 0.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct FrameFile {
    person: String,
    frame: i64,
    path: PathBuf,
}

/// Reads the frames of one person.
pub(super) fn load(folder: &Path, options: &LoadOptions<'_>) -> Result<Motion> {
    let mut files = list(folder)?;
    if files.is_empty() && folder.join(INNER).is_dir() {
        files = list(&folder.join(INNER))?;
    }
    let Some(first) = files.first() else {
        let reason =
            "the folder holds no numbered .npz file; folders of frames are those of SMPLer-X and ROMP (00001_0.npz)";
        return Err(Error::invalid("path", format!("{reason}, path: {folder:?}")));
    };
    let clip = if tree::with_tree(&first.path, |tree| Ok(tree.get("results").is_some()))? {
        pictures(&files, options)?
    } else {
        let mut persons: Vec<(String, usize)> = Vec::new();
        for file in &files {
            match persons.last_mut() {
                Some((name, count)) if *name == file.person => *count += 1,
                _ => persons.push((file.person.clone(), 1)),
            }
        }
        let chosen = persons::choose(&persons, options.person)?;
        let name = &persons[chosen.index].0;
        let mut tracks = super::tracks::Tracks::default();
        for file in files.iter().filter(|file| file.person == *name) {
            tracks.add(name, file.frame, tree::with_tree(&file.path, frame)?)?;
        }
        let mut clip = tracks.into_clip("SMPLer-X, a folder of frames", Origin::Smplx, &options.with_person(None))?;
        clip.persons = chosen;
        clip
    };
    super::clip::SmplClip { rate: Rate::Unknown, ..clip }.into_motion(options).map_err(|e| e.with_path(folder))
}

fn frame(tree: &Value<'_>) -> Result<super::tracks::Seen> {
    if smplerx::is_frame(tree) || tree.has(&["global_orient", "body_pose", "transl"]) {
        smplerx::frame(tree)
    } else {
        Err(super::bad(format!("it is no frame of SMPLer-X: it is {}", tree.summary())))
    }
}

/// ROMP's: the persons of a picture in each file.
fn pictures(files: &[FrameFile], options: &LoadOptions<'_>) -> Result<super::clip::SmplClip> {
    let mut gathered = Gathered::default();
    for file in files {
        tree::with_tree(&file.path, |tree| match tree.get("results") {
            Some(results) if romp::is_frame(results) => gathered.add(file.frame, results),
            // A picture without persons.
            _ => Ok(()),
        })?;
    }
    let mut clip = gathered.tracks.into_clip("ROMP, a folder of frames", Origin::Smpl, options)?;
    clip.warnings.extend(gathered.warning);
    Ok(clip)
}

/// The numbered npz files, by person and frame.
fn list(folder: &Path) -> Result<Vec<FrameFile>> {
    let io = |e| Error::io("read", folder, e);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let npz = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("npz"));
        if let Some((frame, person)) = numbers(stem).filter(|_| npz) {
            files.push(FrameFile { person: person.into(), frame, path: path.clone() });
        }
        if files.len() > MAX_FRAMES {
            let (needed, limit) = (files.len() as u64, MAX_FRAMES as u64);
            return Err(Error::TooLarge { what: "number of files in the folder".into(), needed, limit });
        }
    }
    files.sort();
    Ok(files)
}

/// Frame and person of a name: `00017_0`, `img_17_0`, or `00017` alone.
fn numbers(stem: &str) -> Option<(i64, &str)> {
    let digits = |text: &str| text.len() - text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let last = stem.split_at(stem.len() - digits(stem));
    if let Some(front) = last.0.strip_suffix('_')
        && digits(front) > 0
        && !last.1.is_empty()
    {
        return Some((front[front.len() - digits(front)..].parse().ok()?, last.1));
    }
    Some((last.1.parse().ok()?, "0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_frames_have_a_number_and_maybe_a_person() {
        assert_eq!(numbers("00017_0"), Some((17, "0")));
        assert_eq!(numbers("img_17_2"), Some((17, "2")));
        assert_eq!(numbers("frame_00017"), Some((17, "0")));
        assert_eq!((numbers("meta"), numbers("")), (None, None));
    }
}

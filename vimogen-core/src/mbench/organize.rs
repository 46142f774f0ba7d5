//! Conversion of generation folders to the benchmark's input: `<id>.npy` of joints, y up.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rayon::prelude::*;

use super::motion_files;
use super::organized::{Organized, digest};
use crate::error::{Error, Result};
use crate::format::{RawTensor, npy, sync_folder, write_atomic};
use crate::motion::{FileFormat, Motion};
use crate::process::with_pool;
#[cfg(feature = "video")]
use crate::{
    body::BodyModel,
    motion::resample::resampled_len,
    progress::{self, OnProgress, Stage, report},
    render::{MeshSequence, RenderOptions, Renderer, View, encode},
};

/// Frame rate of the judge's videos, as in the release.
#[cfg(feature = "video")]
const VIDEO_FPS: f32 = 5.0;
/// Width and height of these videos.
#[cfg(feature = "video")]
const VIDEO_SIDE: usize = 480;

/// Start of the name of the folder of new files in a target.
const STAGING: &str = ".vimogen-organize-";
/// Age of such a folder of a call that was killed.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);
/// Motion files of a generation folder, in the order of preference.
const GENERATED: [&str; 2] = ["motion_gen_condition_on_motion.pt", "motion_gen_condition_on_text.pt"];

/// Writes the joints of generated motions as `<target>/<id>.npy`, float32 `(T, 22, 3)`, metres, y up (see
/// [`mbench_joints`](crate::motion::clip::mbench_joints)); returns the ids of the motions.
///
/// A motion is `<source>/<id>/motion_gen_condition_on_motion.pt`, else `motion_gen_condition_on_text.pt` next to it, or a file
/// `<source>/<id>.npz` in any format that [`Motion::load`] reads. Other names are ignored. Files with the same joints are not
/// rewritten.
///
/// The target switches from an older set to the new one: new files replace old ones when all of them are written, and joints
/// and videos that an earlier call wrote and that do not belong to the new set are removed. A call that is stopped before leaves
/// the older set. One that is stopped during the switch leaves a mark, and evaluations refuse the folder until it is
/// organized again. `vimogen-organized.json` in the target holds this record.
///
/// # Errors
/// [`Error::NotFound`] for no folder or no motion in it, [`Error::InvalidArgument`] for two motions of one id, and
/// those of reading and writing, which name the file.
pub fn organize(source: impl AsRef<Path>, target: impl AsRef<Path>) -> Result<Vec<u64>> {
    let (source, target) = (source.as_ref(), target.as_ref());
    let motions = motions(source)?;
    fs::create_dir_all(target).map_err(|e| Error::io("create", target, e))?;
    remove_stopped(target);
    let before = Organized::load(target)?;
    let new = tempfile::Builder::new().prefix(STAGING).tempdir_in(target);
    let new = new.map_err(|e| Error::io("create", target, e))?;
    let stage_all = || motions.par_iter().map(|(id, path)| stage(*id, path, target, new.path())).collect();
    let staged: Vec<_> = with_pool::<Result<_>>(stage_all)??;
    let joints: BTreeMap<u64, String> = motions.keys().copied().zip(staged.iter().map(|(d, _)| d.clone())).collect();
    let changed: Vec<u64> = motions.keys().copied().zip(&staged).filter(|(_, s)| s.1).map(|(id, _)| id).collect();
    let after = Organized { switching: false, joints, videos: before.videos.clone() };
    switch(target, new.path(), &changed, &before, after)?;
    Ok(motions.into_keys().collect())
}

/// Writes the joints of a motion to the folder `new`, unless the target has them; gives their digest and whether they changed.
fn stage(id: u64, path: &Path, target: &Path, new: &Path) -> Result<(String, bool)> {
    let joints = Motion::load(path)?.mbench_joints();
    let mut bytes = Vec::new();
    let name = format!("{id}.npy");
    npy::write(&mut bytes, &RawTensor::from_f32(joints.view().into_dyn()))
        .map_err(|e| Error::io("write", target.join(&name), e))?;
    // An unchanged file keeps its time, so that results measured on it stay valid.
    let changed = !fs::read(target.join(&name)).is_ok_and(|old| old == bytes);
    if changed {
        write_atomic(new.join(&name), |w| w.write_all(&bytes))?;
    }
    Ok((digest(&bytes), changed))
}

/// Moves the changed files into the target, and removes what an earlier call wrote and is not part of the new set.
fn switch(target: &Path, new: &Path, changed: &[u64], before: &Organized, mut after: Organized) -> Result<()> {
    let is_old = |id: &&u64| !after.joints.contains_key(id);
    let joints: Vec<u64> = before.joints.keys().filter(is_old).copied().collect();
    // A video of joints that nobody recorded is the user's own.
    let videos = before.videos.iter().filter(|(id, shown)| after.joints.get(id) != Some(shown));
    let videos: Vec<u64> = videos.map(|(id, _)| *id).collect();
    let old = joints.iter().map(|id| format!("{id}.npy")).chain(videos.iter().map(|id| format!("{id}.mp4")));
    let old: Vec<PathBuf> = old.map(|name| target.join(name)).filter(|path| path.exists()).collect();
    videos.iter().for_each(|id| drop(after.videos.remove(id)));
    if !changed.is_empty() || !old.is_empty() {
        Organized { switching: true, ..before.clone() }.save(target)?;
        for name in changed.iter().map(|id| format!("{id}.npy")) {
            let file = target.join(&name);
            fs::rename(new.join(&name), &file).map_err(|e| Error::io("write", &file, e))?;
        }
        old.iter().try_for_each(|file| fs::remove_file(file).map_err(|e| Error::io("remove", file, e)))?;
        sync_folder(target);
    }
    if after == *before { Ok(()) } else { after.save(target) }
}

/// Removes the new files of calls that were killed.
fn remove_stopped(target: &Path) {
    for entry in fs::read_dir(target).into_iter().flatten().flatten() {
        let age = entry.metadata().ok().and_then(|found| found.modified().ok()?.elapsed().ok());
        let is_ours = entry.file_name().to_string_lossy().starts_with(STAGING);
        if is_ours && age.is_some_and(|age| age > STALE) {
            // Another process may have removed it.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Draws generated motions for a judge, `<target>/<id>.mp4`: the neutral body from the front, 5 frames per second, 480 x 480.
/// A video of the same motion is kept, and so is one that this function did not draw. Progress: one step per video.
///
/// # Errors
/// As [`organize`], and [`Error::Cancelled`].
#[cfg(feature = "video")]
pub fn draw(source: impl AsRef<Path>, target: impl AsRef<Path>, on_progress: &mut OnProgress<'_>) -> Result<Vec<u64>> {
    let (source, target) = (source.as_ref(), target.as_ref());
    let motions = motions(source)?;
    fs::create_dir_all(target).map_err(|e| Error::io("create", target, e))?;
    let mut record = Organized::load(target)?;
    for (i, (id, path)) in motions.iter().enumerate() {
        let video = target.join(format!("{id}.mp4"));
        let motion = Motion::load(path)?;
        let mut bytes = Vec::new();
        npy::write(&mut bytes, &RawTensor::from_f32(motion.mbench_joints().view().into_dyn()))
            .map_err(|e| Error::io("write", &video, e))?;
        let shown = digest(&bytes);
        if !video.exists() || record.videos.get(id).is_some_and(|old| *old != shown) {
            draw_one(&motion, path, &video)?;
            record.videos.insert(*id, shown);
            record.save(target)?;
        }
        report(on_progress, Stage::Render, i + 1, motions.len())?;
    }
    Ok(motions.into_keys().collect())
}

/// Draws the motion of `path` to a video.
#[cfg(feature = "video")]
fn draw_one(motion: &Motion, path: &Path, video: &Path) -> Result<()> {
    let body = BodyModel::neutral();
    let faces: Vec<[u32; 3]> = body.faces().rows().into_iter().map(|face| [face[0], face[1], face[2]]).collect();
    let frames = resampled_len(motion.len(), motion.fps(), VIDEO_FPS)?;
    MeshSequence::check_len(frames, Some(body)).map_err(|e| e.with_path(path))?;
    let motion = motion.resample(VIDEO_FPS)?;
    let sequence = MeshSequence::mesh(motion.joints().view(), body.vertices(motion.smpl())?.view(), &faces)?;
    let renderer =
        Renderer::new(&sequence, &RenderOptions::default().with_view(View::Mbench).with_size(VIDEO_SIDE, VIDEO_SIDE))?;
    encode::save(video, &renderer, VIDEO_FPS, &mut progress::ignore)
}

/// The motions of a generation folder by id.
fn motions(source: &Path) -> Result<BTreeMap<u64, PathBuf>> {
    let mut found: BTreeMap<u64, PathBuf> = BTreeMap::new();
    for entry in motion_files::entries(source)? {
        let path = entry?.path();
        let Some((id, file)) = numbered(&path) else { continue };
        let file = match found.remove(&id) {
            Some(other) => {
                motion_files::better(&file, &other, "number").map_err(|reason| Error::invalid("source", reason))?
            }
            None => file,
        };
        found.insert(id, file);
    }
    if found.is_empty() {
        Err(Error::NotFound {
            what: format!("folder <id>/motion_gen_condition_on_text.pt or file <id> ({})", motion_files::endings()),
            path: source.into(),
        })
    } else {
        Ok(found)
    }
}

/// Id and file of a motion.
fn numbered(path: &Path) -> Option<(u64, PathBuf)> {
    if path.is_dir() {
        let id = path.file_name()?.to_str()?.parse().ok()?;
        return GENERATED.iter().map(|name| path.join(name)).find(|file| file.is_file()).map(|file| (id, file));
    }
    let id = path.file_stem()?.to_str()?.parse().ok()?;
    FileFormat::to_read(path).is_ok().then(|| (id, path.into()))
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::progress::ignore;

    fn clip(shift: f32) -> Motion {
        let features = Array2::from_shape_fn((6, 276), |(t, c)| shift + ((t * 7 + c) as f32).sin());
        Motion::from_features(features, 20.0).unwrap()
    }

    #[test]
    fn folders_and_files_become_joints_and_motion_comes_before_text() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["0", "12", "notes"] {
            fs::create_dir(at(name)).unwrap();
        }
        clip(0.0).save(at("0/motion_gen_condition_on_text.pt")).unwrap();
        clip(1.0).save(at("12/motion_gen_condition_on_text.pt")).unwrap();
        clip(2.0).save(at("12/motion_gen_condition_on_motion.pt")).unwrap();
        clip(3.0).save(at("5.npz")).unwrap();
        fs::write(at("prompt.txt"), "x").unwrap();
        assert_eq!(organize(folder.path(), at("out/joints")).unwrap(), [0, 5, 12]);
        let changed = || fs::metadata(at("out/joints/5.npy")).unwrap().modified().unwrap();
        let before = changed();
        organize(folder.path(), at("out/joints")).unwrap();
        assert_eq!(changed(), before, "what is there already is left alone");
        for (id, shift) in [(0, 0.0), (12, 2.0), (5, 3.0)] {
            let got = npy::load(at(&format!("out/joints/{id}.npy"))).unwrap().to_array_f32();
            assert_eq!(got, clip(shift).mbench_joints().into_dyn(), "{id}");
        }
        #[cfg(feature = "video")]
        {
            let mut steps = 0;
            let mut count = |_| {
                steps += 1;
                std::ops::ControlFlow::Continue(())
            };
            assert_eq!(draw(folder.path(), at("out/joints"), &mut count).unwrap(), [0, 5, 12]);
            assert_eq!(steps, 3);
            let video = fs::read(at("out/joints/5.mp4")).unwrap();
            assert_eq!(&video[4..8], b"ftyp");
        }
        let left = fs::read_dir(at("out/joints")).unwrap().filter(|e| e.as_ref().unwrap().path().is_dir()).count();
        assert_eq!(left, 0, "the folder of new files is gone");
        clip(3.0).save(at("5.pt")).unwrap();
        assert!(organize(folder.path(), at("again")).unwrap_err().to_string().contains("one number"));
        assert!(matches!(organize(at("notes"), at("again")), Err(Error::NotFound { .. })));
    }
    /// A source of numbered clips, and a target.
    fn set(folder: &Path, name: &str, clips: &[(u64, f32)]) -> PathBuf {
        let source = folder.join(name);
        fs::create_dir(&source).unwrap();
        clips.iter().for_each(|(id, shift)| clip(*shift).save(source.join(format!("{id}.npz"))).unwrap());
        source
    }

    #[test]
    fn another_set_replaces_all_files_of_the_older_one_and_no_other_file() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("joints");
        organize(set(folder.path(), "one", &[(1, 0.0), (2, 1.0)]), &target).unwrap();
        let mut record = Organized::load(&target).unwrap();
        record.videos.insert(1, record.joints[&1].clone());
        record.save(&target).unwrap();
        for name in ["1.mp4", "2.mp4", "7.npy"] {
            fs::write(target.join(name), name).unwrap();
        }
        organize(set(folder.path(), "two", &[(1, 5.0), (3, 6.0)]), &target).unwrap();
        let exists = |name: &str| target.join(name).exists();
        assert!(exists("1.npy") && exists("3.npy") && !exists("2.npy"), "2 belonged to the older set");
        assert!(!exists("1.mp4"), "the video showed other joints");
        assert!(exists("2.mp4") && exists("7.npy"), "these are the user's");
        let record = Organized::load(&target).unwrap();
        assert_eq!(record.joints.keys().collect::<Vec<_>>(), [&1, &3]);
        assert!(!record.switching && record.videos.is_empty());
    }

    #[test]
    fn a_call_that_fails_leaves_the_older_set() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("joints");
        organize(set(folder.path(), "one", &[(1, 0.0), (2, 1.0)]), &target).unwrap();
        let all = || {
            let files = fs::read_dir(&target).unwrap().map(|e| e.unwrap().path()).filter(|path| path.is_file());
            files.map(|path| (path.clone(), fs::read(path).unwrap())).collect::<BTreeMap<_, _>>()
        };
        let (before, source) = (all(), set(folder.path(), "two", &[(1, 5.0), (2, 6.0)]));
        fs::write(source.join("3.npz"), "damaged").unwrap();
        assert!(organize(&source, &target).is_err());
        assert_eq!(all(), before);
    }

    #[test]
    fn a_call_that_is_stopped_while_it_switches_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("joints");
        let source = set(folder.path(), "one", &[(1, 0.0), (2, 1.0)]);
        organize(&source, &target).unwrap();
        Organized { switching: true, ..Organized::load(&target).unwrap() }.save(&target).unwrap();
        let options = crate::mbench::EvaluateOptions::default();
        let measured = || crate::mbench::evaluate(&target, &options, &mut ignore);
        let text = measured().unwrap_err().to_string();
        assert!(text.contains("is not complete") && text.contains("run it again"), "{text}");
        organize(&source, &target).unwrap();
        assert_eq!(measured().unwrap().failed, []);
    }
}

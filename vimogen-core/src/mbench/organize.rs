//! Conversion of generation folders to the benchmark's input: `<id>.npy` of joints, y up.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::motion_files;
use crate::error::{Error, Result};
use crate::format::{RawTensor, npy, write_atomic};
use crate::motion::{FileFormat, Motion};
#[cfg(feature = "video")]
use crate::{
    body::BodyModel,
    motion::resample::resampled_len,
    progress::{self, OnProgress, Stage, report},
    render::{MeshSequence, RenderOptions, Renderer, encode},
};

/// Frame rate of the judge's videos, as in the release.
#[cfg(feature = "video")]
const VIDEO_FPS: f32 = 5.0;
/// Width and height of these videos.
#[cfg(feature = "video")]
const VIDEO_SIDE: usize = 480;

/// Motion files of a generation folder, in the order of preference.
const GENERATED: [&str; 2] = ["motion_gen_condition_on_motion.pt", "motion_gen_condition_on_text.pt"];

/// Writes the joints of generated motions as `<target>/<id>.npy`, float32 `(T, 22, 3)`, metres, y up (see
/// [`mbench_joints`](crate::motion::clip::mbench_joints)); returns the ids of the motions.
///
/// A motion is `<source>/<id>/motion_gen_condition_on_motion.pt`, else `motion_gen_condition_on_text.pt` next to it, or a file
/// `<source>/<id>.pt`, `.npz` or `.npy` of features `(T, 276)`. Other names are ignored. Files with the same joints are not
/// rewritten.
///
/// # Errors
/// [`Error::NotFound`] for no folder or no motion in it, [`Error::InvalidArgument`] for two motions of one id, and
/// those of reading and writing, which name the file.
pub fn organize(source: impl AsRef<Path>, target: impl AsRef<Path>) -> Result<Vec<u64>> {
    let (source, target) = (source.as_ref(), target.as_ref());
    let motions = motions(source)?;
    fs::create_dir_all(target).map_err(|e| Error::io("create", target, e))?;
    motions.par_iter().try_for_each(|(id, path)| {
        let joints = Motion::load(path)?.mbench_joints();
        let mut bytes = Vec::new();
        let file = target.join(format!("{id}.npy"));
        npy::write(&mut bytes, &RawTensor::from_f32(joints.view().into_dyn()))
            .map_err(|e| Error::io("write", &file, e))?;
        // An unchanged file keeps its time, so that results measured on it stay valid.
        if fs::read(&file).is_ok_and(|old| old == bytes) { Ok(()) } else { write_atomic(file, |w| w.write_all(&bytes)) }
    })?;
    Ok(motions.into_keys().collect())
}

/// Draws generated motions for a judge, `<target>/<id>.mp4`: the neutral body from the front, 5 frames per second, 480 x 480.
/// Existing videos are kept. Progress: one step per video.
///
/// # Errors
/// As [`organize`], and [`Error::Cancelled`].
#[cfg(feature = "video")]
pub fn draw(source: impl AsRef<Path>, target: impl AsRef<Path>, on_progress: &mut OnProgress<'_>) -> Result<Vec<u64>> {
    let (source, target) = (source.as_ref(), target.as_ref());
    let motions = motions(source)?;
    fs::create_dir_all(target).map_err(|e| Error::io("create", target, e))?;
    let body = BodyModel::neutral();
    let faces: Vec<[u32; 3]> = body.faces().rows().into_iter().map(|face| [face[0], face[1], face[2]]).collect();
    for (i, (id, path)) in motions.iter().enumerate() {
        let video = target.join(format!("{id}.mp4"));
        if !video.exists() {
            let motion = Motion::load(path)?;
            let frames = resampled_len(motion.len(), motion.fps(), VIDEO_FPS)?;
            MeshSequence::check_len(frames, Some(body)).map_err(|e| e.with_path(path))?;
            let motion = motion.resample(VIDEO_FPS)?;
            let sequence = MeshSequence::mesh(motion.joints().view(), body.vertices(motion.smpl())?.view(), &faces)?;
            let renderer = Renderer::new(&sequence, &RenderOptions::default().with_size(VIDEO_SIDE, VIDEO_SIDE))?;
            encode::save(&video, &renderer, VIDEO_FPS, &mut progress::ignore)?;
        }
        report(on_progress, Stage::Render, i + 1, motions.len())?;
    }
    Ok(motions.into_keys().collect())
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
            what: "folder <id>/motion_gen_condition_on_text.pt or file <id>.pt".into(),
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
        clip(3.0).save(at("5.pt")).unwrap();
        assert!(organize(folder.path(), at("again")).unwrap_err().to_string().contains("one number"));
        assert!(matches!(organize(at("notes"), at("again")), Err(Error::NotFound { .. })));
    }
}

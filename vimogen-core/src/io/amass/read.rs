//! Clips of AMASS and of SMPL-X tools.

use std::path::Path;

use ndarray::{Array2, Array3, ArrayD, s};

use crate::body::{BodyKind, BodyModel, motion_joints};
use crate::error::{Error, Result, check_finite};
use crate::format::TensorSource;
use crate::format::npz::NpzFile;
use crate::motion::clip::Motion;
use crate::motion::codec::SmplMotion;
use crate::motion::layout::JOINTS;
use crate::motion::resample::check_fps;

/// Longest clip that is read.
const MAX_FRAMES: usize = 1 << 20;
/// Numbers of a frame of `poses`: of SMPL, SMPL-H and SMPL-X. The first 66 are root and body in each.
const POSES: [usize; 3] = [72, 156, 165];

/// Whether a file is in the layout of AMASS and does not hold our features as well.
pub(in crate::io) fn is_amass(file: &NpzFile) -> bool {
    let names = file.names();
    let has = |name: &str| names.iter().any(|n| n == name);
    has("trans") && (has("poses") || has("pose_body")) && !has("features") && !has("motion")
}

/// Reads a clip from an npz file in the layout of AMASS: `poses` (T, 72, 156 or 165), or `root_orient` and `pose_body`;
/// `trans` (T, 3), metres, z up; `mocap_frame_rate` or `mocap_framerate`. The rotations of hands and face are left out.
///
/// Joint positions are those of `body` with the file's `betas`; the neutral body has none. All frames are kept; the last
/// one's steps are zero.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Io`], [`Error::Format`] for damaged files and missing arrays, [`Error::Shape`],
/// [`Error::NonFinite`].
pub fn load(path: impl AsRef<Path>, body: &BodyModel) -> Result<Motion> {
    let path = path.as_ref();
    NpzFile::open(path).and_then(|file| to_motion(&file, body)).map_err(|e| e.with_path(path))
}

pub(in crate::io) fn to_motion(file: &NpzFile, body: &BodyModel) -> Result<Motion> {
    let names = file.names();
    let has = |name: &str| names.iter().any(|n| n == name);
    let (global_orient, body_pose) = if has("poses") {
        let poses = table(file, "poses", &POSES)?;
        (poses.slice(s![.., ..3]).to_owned(), poses.slice(s![.., 3..66]).to_owned())
    } else {
        (table(file, "root_orient", &[3])?, table(file, "pose_body", &[63])?)
    };
    let transl = table(file, "trans", &[3])?;
    let joints = Array3::zeros((transl.nrows(), JOINTS, 3));
    let mut smpl = SmplMotion { global_orient, body_pose, transl, joints };
    let mut params = body.params(&smpl)?;
    if has("betas") && body.kind() != BodyKind::Neutral {
        params.betas = betas(file, body)?;
    }
    smpl.joints = motion_joints(body.joints(&params)?.view());
    crate::io::clip_of(&smpl, rate(file)?)
}

fn bad(reason: impl Into<String>) -> Error {
    Error::format("AMASS", reason)
}

/// An array of one of these widths.
fn table(file: &NpzFile, name: &str, widths: &[usize]) -> Result<Array2<f32>> {
    if !file.names().iter().any(|n| n == name) {
        return Err(bad(format!("it has no array {name:?}")));
    }
    let info = file.info(name)?;
    let wrong = || Error::shape(name, format!("(T, {widths:?})"), &info.shape);
    match info.shape[..] {
        [1..=MAX_FRAMES, width] if widths.contains(&width) => {}
        _ => return Err(wrong()),
    }
    let array = ArrayD::from_shape_vec(info.shape.clone(), file.read_f32(name)?).map_err(|_| wrong())?;
    let array = array.into_dimensionality().map_err(|_| wrong())?;
    check_finite(name, &array.view())?;
    Ok(array)
}

/// The first ten components, one row for all frames.
fn betas(file: &NpzFile, body: &BodyModel) -> Result<Array2<f32>> {
    let info = file.info("betas")?;
    let count = match info.shape[..] {
        [n @ 1..=400] | [1, n @ 1..=400] => n.min(body.num_betas()),
        _ => return Err(Error::shape("betas", "(n,)", &info.shape)),
    };
    let values = file.read_f32("betas")?;
    Array2::from_shape_vec((1, count), values[..count].to_vec()).map_err(|_| Error::shape("betas", "(n,)", &info.shape))
}

fn rate(file: &NpzFile) -> Result<f32> {
    let names = file.names();
    let known = ["mocap_frame_rate", "mocap_framerate", "fps"];
    let name = known.into_iter().find(|name| names.iter().any(|n| n == name));
    let name = name.ok_or_else(|| bad("it has no mocap_frame_rate"))?;
    if file.info(name)?.checked_len() != Some(1) {
        return Err(Error::shape(name, "a single number", &file.info(name)?.shape));
    }
    let fps = file.read_f32(name)?.first().copied().unwrap_or_default();
    check_fps("mocap_frame_rate", fps)?;
    Ok(fps)
}

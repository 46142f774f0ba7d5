//! Reading npz files of this library, of AMASS and of SMPL-X tools.

use std::path::Path;

use ndarray::{Array2, Array3, ArrayD, s};

use crate::body::{BodyKind, BodyModel, motion_joints};
use crate::error::{Error, Result, check_finite};
use crate::format::TensorSource;
use crate::format::npz::NpzFile;
use crate::io::clip_of_all_frames;
use crate::io::features::{self, MAX_FRAMES, has};
use crate::motion::Motion;
use crate::motion::codec::SmplMotion;
use crate::motion::layout::JOINTS;
use crate::motion::resample::check_fps;

/// Columns of `poses` in SMPL, SMPL-H and SMPL-X. The first 66 are root and body in each.
const POSES: [usize; 3] = [72, 156, 165];

/// Reads a clip from an npz file in the layout of AMASS: `poses` (T, 72, 156 or 165), or `root_orient` and `pose_body`;
/// `trans` (T, 3), metres, z up; `mocap_frame_rate` or `mocap_framerate`. The rotations of hands and face are left out.
///
/// Joint positions are those of `body` with the file's `betas`; the neutral body has no betas. All frames are kept; the
/// steps of the last frame are zero.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Io`], [`Error::Format`] for damaged files and missing arrays, [`Error::Shape`],
/// [`Error::NonFinite`].
pub fn load(path: impl AsRef<Path>, body: &BodyModel) -> Result<Motion> {
    let path = path.as_ref();
    NpzFile::open(path).and_then(|file| to_motion(&file, body)).map_err(|e| e.with_path(path))
}

/// The features of a file that holds them, at the rate `fps` or 20; otherwise the clip in the layout of AMASS.
pub(in crate::io) fn load_npz(path: &Path, body: Option<&BodyModel>) -> Result<Motion> {
    let file = NpzFile::open(path)?;
    match features::key(&file) {
        None => to_motion(&file, body.unwrap_or(BodyModel::neutral())),
        Some(key) => {
            let fps = if has(&file, "fps") { Some(number(&file, "fps")?) } else { None };
            features::from_source(&file, key, fps)
        }
    }
}

fn to_motion(file: &NpzFile, body: &BodyModel) -> Result<Motion> {
    let (global_orient, body_pose) = rotations(file)?;
    let transl = table(file, "trans", &[3])?;
    let joints = Array3::zeros((transl.nrows(), JOINTS, 3));
    let mut smpl = SmplMotion { global_orient, body_pose, transl, joints };
    let mut params = body.params(&smpl)?;
    if has(file, "betas") && body.kind() != BodyKind::Neutral {
        params.betas = betas(file, body)?;
    }
    smpl.joints = motion_joints(body.joints(&params)?.view());
    clip_of_all_frames(&smpl, rate(file)?)
}

fn bad(reason: impl Into<String>) -> Error {
    Error::format("AMASS", reason)
}

/// Axis-angle of root and body.
fn rotations(file: &NpzFile) -> Result<(Array2<f32>, Array2<f32>)> {
    if has(file, "poses") {
        let poses = table(file, "poses", &POSES)?;
        return Ok((poses.slice(s![.., ..3]).to_owned(), poses.slice(s![.., 3..66]).to_owned()));
    }
    Ok((table(file, "root_orient", &[3])?, table(file, "pose_body", &[63])?))
}

/// An array of one of these widths.
fn table(file: &NpzFile, name: &str, widths: &[usize]) -> Result<Array2<f32>> {
    if !has(file, name) {
        let names = file.names();
        let reason = format!("it has neither features nor {name:?}, only {:?}", &names[..names.len().min(8)]);
        return Err(bad(reason));
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
    let wrong = || Error::shape("betas", "(n,)", &info.shape);
    let count = match info.shape[..] {
        [n @ 1..=400] | [1, n @ 1..=400] => n.min(body.num_betas()),
        _ => return Err(wrong()),
    };
    let values = file.read_f32("betas")?;
    Array2::from_shape_vec((1, count), values[..count].to_vec()).map_err(|_| wrong())
}

fn rate(file: &NpzFile) -> Result<f32> {
    let known = ["mocap_frame_rate", "mocap_framerate", "fps"];
    let name = known.into_iter().find(|name| has(file, name)).ok_or_else(|| bad("it has no mocap_frame_rate"))?;
    let fps = number(file, name)?;
    check_fps("mocap_frame_rate", fps)?;
    Ok(fps)
}

/// An array of one value.
fn number(file: &NpzFile, name: &str) -> Result<f32> {
    // Before reading: a hostile file may declare any size.
    let info = file.info(name)?;
    match info.checked_len() {
        Some(1) => Ok(file.read_f32(name)?[0]),
        _ => Err(Error::shape(name, "a single number", &info.shape)),
    }
}

//! Files for other programs: BVH and glTF for animation tools and engines, npz in the layout of AMASS for SMPL-X tools,
//! tables of joints.

pub mod amass;
pub mod bvh;
pub mod csv;
pub mod gltf;

#[cfg(feature = "render")]
use std::io::Write as _;
use std::path::Path;

use ndarray::{Array2, Axis, concatenate};

use crate::body::BodyModel;
use crate::error::{Error, Result};
use crate::format::npz::NpzFile;
#[cfg(feature = "render")]
use crate::format::write_atomic;
use crate::format::{extension, npy};
use crate::motion::clip::Motion;
use crate::motion::codec::{SmplMotion, encode};
#[cfg(feature = "render")]
use crate::progress::ignore;
#[cfg(feature = "render")]
use crate::render::{Actor, Film, RenderOptions, movie, svg::strip_svg, worn};

/// Reads a motion in the format that the extension names: what [`Motion::load`] reads, BVH ([`bvh::retarget::load`]) and npz
/// in the layout of AMASS ([`amass::load`], with the neutral body).
///
/// # Errors
/// Those of the readers.
pub fn load(path: impl AsRef<Path>) -> Result<Motion> {
    load_worn(path, None)
}

/// [`load`] with a body whose joints a clip of AMASS has; `None`: the neutral one. Other files hold their joints.
///
/// # Errors
/// As [`load`].
pub fn load_worn(path: impl AsRef<Path>, body: Option<&BodyModel>) -> Result<Motion> {
    let path = path.as_ref();
    match extension(path).as_str() {
        "bvh" => bvh::retarget::load(path),
        "npz" => {
            let file = NpzFile::open(path)?;
            if !amass::is_amass(&file) {
                return Motion::load(path);
            }
            let motion = match body {
                Some(body) => amass::to_motion(&file, body),
                None => amass::to_motion(&file, &BodyModel::neutral()),
            };
            motion.map_err(|e| e.with_path(path))
        }
        _ => Motion::load(path),
    }
}

/// A clip of all frames: steps lead to the next frame, from the last to itself.
fn clip_of(smpl: &SmplMotion, fps: f32) -> Result<Motion> {
    let last = |array: ndarray::ArrayViewD<'_, f32>| -> Result<ndarray::ArrayD<f32>> {
        let end = array.slice_axis(Axis(0), (-1..).into());
        concatenate(Axis(0), &[array.view(), end]).map_err(|e| Error::Internal { reason: e.to_string() })
    };
    let two = |array: &Array2<f32>| -> Result<Array2<f32>> {
        last(array.view().into_dyn())?.into_dimensionality().map_err(|e| Error::Internal { reason: e.to_string() })
    };
    let joints = last(smpl.joints.view().into_dyn())?;
    let longer = SmplMotion {
        global_orient: two(&smpl.global_orient)?,
        body_pose: two(&smpl.body_pose)?,
        transl: two(&smpl.transl)?,
        joints: joints.into_dimensionality().map_err(|e| Error::Internal { reason: e.to_string() })?,
    };
    Motion::from_features(encode(&longer)?, fps)
}

/// Writes a motion in the format that the extension names.
///
/// - `.bvh`: [`bvh::save`], centimetres, rest offsets of the clip
/// - `.glb`: [`gltf::save`], worn by the built-in body
/// - `.csv`: [`csv::save`], joint positions as a table
/// - `.joints.npy`: joint positions `(T, 22, 3)` as MBench reads them, [`Motion::mbench_joints`]
/// - `.npz`: [`amass::save`], also read back by [`Motion::load`]
/// - `.npy`, `.pt`, `.pth`: the features alone, [`Motion::save`]
/// - `.html`: a player, `.svg`: a strip of eight poses; with the feature `render`
/// - `.mp4`, `.gif`, `.png`: [`movie::save`] by the default camera; with the feature `render`
///
/// # Errors
/// [`Error::InvalidArgument`] for another extension, and those of the writers.
pub fn save(path: impl AsRef<Path>, motion: &Motion) -> Result<()> {
    save_with(path, motion, &SaveOptions::default())
}

/// What some formats leave open.
#[derive(Debug, Clone, Copy, Default)]
pub struct SaveOptions<'a> {
    /// Who wears the motion in `.glb` and in pictures; `None`: the neutral body.
    pub body: Option<&'a BodyModel>,
    /// Names, unit and bones of `.bvh`.
    pub bvh: bvh::BvhOptions,
}

/// [`save`] with options.
///
/// # Errors
/// As [`save`].
pub fn save_with(path: impl AsRef<Path>, motion: &Motion, options: &SaveOptions<'_>) -> Result<()> {
    let path = path.as_ref();
    match extension(path).as_str() {
        "bvh" => bvh::save(path, &motion.smpl(), motion.fps(), &options.bvh),
        "glb" => match options.body {
            Some(body) => gltf::save(path, motion, body),
            None => gltf::save(path, motion, &BodyModel::neutral()),
        },
        "csv" => csv::save(path, motion),
        "npy" if is_joints(path) => npy::save_f32(path, motion.mbench_joints().view().into_dyn()),
        "npz" => amass::save(path, motion),
        #[cfg(feature = "render")]
        "html" => worn::save(path, &[worn::Worn { motion, title: "", metrics: &[] }]),
        #[cfg(feature = "render")]
        "svg" => {
            let strip = strip_svg(motion.joints().view(), motion.fps(), 8)?;
            write_atomic(path, |w| w.write_all(strip.as_bytes()))
        }
        #[cfg(feature = "render")]
        "mp4" | "gif" | "png" => film(path, motion, options.body),
        "npy" | "pt" | "pth" => motion.save(path),
        other => {
            let known = "bvh, glb, npz, npy, pt, csv, html, svg, mp4, gif, png";
            let reason = format!("{other:?} is none of {known}, path: {path:?}");
            Err(Error::invalid("file extension", reason))
        }
    }
}

#[cfg(feature = "render")]
fn film(path: &Path, motion: &Motion, body: Option<&BodyModel>) -> Result<()> {
    let actor = match body {
        Some(body) => Actor::body(motion, body)?,
        None => Actor::body(motion, &BodyModel::neutral())?,
    };
    movie::save(path, &Film::new(&actor, &RenderOptions::default())?, motion.fps(), &mut ignore)
}

/// Whether a `.npy` file is named `*.joints.npy`.
fn is_joints(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| extension(Path::new(stem)) == "joints")
}

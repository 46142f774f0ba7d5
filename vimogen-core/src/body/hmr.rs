//! Motion recovered from video, from the files of video mocap models
//! ([method, section 1](https://github.com/vimogen/vimogen/blob/main/docs/method.md#1-motion-representation), *HMR import*).
//!
//! Such models give SMPL-X parameters in the frame of the camera: x right, y down, z forward. A body turns them into
//! joints, and [`process_hmr`] into an upright canonical clip and the camera that belongs to it.

use std::path::Path;

use ndarray::{Array2, ArrayD};

use super::{BodyModel, motion_joints};
use crate::error::{Error, Result, check_finite};
use crate::format::npz::{self, NpzFile};
use crate::format::pickle::PickleFile;
use crate::format::torch::{self, Scalar, TorchFile, Tree};
use crate::format::{RawTensor, TensorSource, extension, unknown_extension};
use crate::motion::Motion;
use crate::motion::codec::{SmplMotion, encode};
use crate::motion::hmr::{HmrMotion, intrinsic, process_hmr};
use crate::motion::layout::FPS;

/// Maximum clip length, frames.
const MAX_FRAMES: usize = 1 << 20;

/// SMPL-X parameters of T frames in the frame of a camera, and the camera.
#[derive(Debug, Clone, PartialEq)]
pub struct HmrParams {
    /// Root orientation, axis-angle in radians, `(T, 3)`.
    pub global_orient: Array2<f32>,
    /// Rotations of the 21 body joints, axis-angle, `(T, 63)`.
    pub body_pose: Array2<f32>,
    /// SMPL-X translation, metres, `(T, 3)`.
    pub transl: Array2<f32>,
    /// Camera matrix in pixels; the identity if the file has no camera.
    pub intrinsic: [[f32; 3]; 3],
    /// Frames per second; 20 if the file does not say.
    pub fps: f32,
}

impl HmrParams {
    /// Reads `global_orient`, `body_pose` and `transl` from a dict in `.pt`, `.npz` or `.pkl`. `focal_length`, `width`
    /// and `height`, all three or none, and `fps` may be scalars or have one entry per frame, of which the first is used.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Io`], [`Error::InvalidArgument`] for another extension or an impossible camera,
    /// [`Error::Format`] for damaged or hostile files and missing entries, [`Error::Shape`], [`Error::NonFinite`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        match extension(path).as_str() {
            "npz" => Self::from_source(&NpzFile::open(path)?, &|_| None),
            "pkl" => {
                let file = PickleFile::open(path)?;
                Self::from_source(&file, &|name| file.number(name))
            }
            "pt" | "pth" => {
                let file = TorchFile::open(path)?;
                Self::from_source(&file, &|name| match file.scalar(name) {
                    Some(Scalar::Int(i)) => Some(*i as f64),
                    Some(Scalar::Float(f)) => Some(*f),
                    _ => None,
                })
            }
            _ => Err(unknown_extension(path, ["pt", "pth", "npz", "pkl"])),
        }
        .map_err(|e| e.with_path(path))
    }

    fn from_source(source: &dyn TensorSource, number: &dyn Fn(&str) -> Option<f64>) -> Result<Self> {
        let number = |name: &str| first(source, name, number(name));
        let camera = (number("focal_length")?, number("width")?, number("height")?);
        let intrinsic = match camera {
            (Some(focal), Some(width), Some(height)) => intrinsic(focal, width, height)?,
            (None, None, None) => IDENTITY,
            _ => return Err(bad("it has a part of a camera only; focal_length, width and height belong together")),
        };
        Ok(Self {
            global_orient: frames(source, "global_orient", 3)?,
            body_pose: frames(source, "body_pose", 63)?,
            transl: frames(source, "transl", 3)?,
            intrinsic,
            fps: number("fps")?.unwrap_or(FPS),
        })
    }

    /// The clip upright in canonical placement on the floor, T - 1 frames, and the camera in its axes.
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::InvalidArgument`] for fewer than two frames or a body without a facing direction, and
    /// those of [`BodyModel::forward`].
    pub fn to_motion(&self, body: &BodyModel) -> Result<HmrMotion> {
        let mut smpl = SmplMotion {
            global_orient: self.global_orient.clone(),
            body_pose: self.body_pose.clone(),
            transl: self.transl.clone(),
            ..SmplMotion::zeros(self.transl.nrows())
        };
        smpl.joints = motion_joints(body.joints(&body.params(&smpl)?)?.view());
        process_hmr(encode(&smpl)?.view(), Some(self.intrinsic), true)
    }
}

const IDENTITY: [[f32; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

fn bad(reason: impl Into<String>) -> Error {
    Error::format("recovered motion", reason)
}

fn has(source: &dyn TensorSource, name: &str) -> bool {
    source.names().iter().any(|n| n == name)
}

/// A number, or the first of an array of them.
fn first(source: &dyn TensorSource, name: &str, number: Option<f64>) -> Result<Option<f32>> {
    if number.is_some() || !has(source, name) {
        return Ok(number.map(|n| n as f32));
    }
    match source.info(name)?.checked_len() {
        Some(1..=MAX_FRAMES) => Ok(source.read_f32(name)?.first().copied()),
        _ => Err(Error::shape(name, "a scalar, or one per frame", &source.info(name)?.shape)),
    }
}

/// An array of `width` values per frame; leading axes of length 1, and a separate axis of joints, are allowed.
fn frames(source: &dyn TensorSource, name: &str, width: usize) -> Result<Array2<f32>> {
    if !has(source, name) {
        let names = source.names();
        return Err(bad(format!("it has no array {name:?}, only {:?}", &names[..names.len().min(8)])));
    }
    let shape = source.info(name)?.shape;
    let ones = shape.iter().take(shape.len().saturating_sub(2)).take_while(|d| **d == 1).count();
    let wrong = || Error::shape(name, format!("(T, {width})"), &shape);
    let [count @ 1..=MAX_FRAMES, ref rest @ ..] = shape[ones..] else { return Err(wrong()) };
    if rest.iter().try_fold(1usize, |n, d| n.checked_mul(*d)) != Some(width) {
        return Err(wrong());
    }
    let array = ArrayD::from_shape_vec(vec![count, width], source.read_f32(name)?).map_err(|_| wrong())?;
    let array = array.into_dimensionality().map_err(|_| wrong())?;
    check_finite(name, &array.view())?;
    Ok(array)
}

impl HmrMotion {
    /// The clip alone.
    ///
    /// # Errors
    /// Those of [`Motion::from_features`].
    pub fn motion(&self, fps: f32) -> Result<Motion> {
        Motion::from_features(self.canonical.features.clone(), fps)
    }

    /// Writes clip and camera to `.pt` or `.npz`: `motion` (T, 276), `extrinsic` (T, 9), `intrinsic` (3, 3), `fps`.
    /// [`Motion::load`] reads the clip back.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for another extension, [`Error::NotFound`] if the folder does not exist,
    /// [`Error::Io`].
    pub fn save(&self, path: impl AsRef<Path>, fps: f32) -> Result<()> {
        let path = path.as_ref();
        let motion = RawTensor::from_f32(self.canonical.features.view().into_dyn());
        let extrinsic = RawTensor::from_f32(self.extrinsic.view().into_dyn());
        let intrinsic = RawTensor::from_f32(ndarray::arr2(&self.intrinsic).view().into_dyn());
        let rate = RawTensor::from_f32(ndarray::arr0(fps).view().into_dyn());
        match extension(path).as_str() {
            "npz" => {
                let arrays =
                    [("motion", &motion), ("extrinsic", &extrinsic), ("intrinsic", &intrinsic), ("fps", &rate)];
                npz::save(path, &arrays)
            }
            "pt" | "pth" => {
                let arrays = [("motion", &motion), ("extrinsic", &extrinsic), ("intrinsic", &intrinsic)];
                let mut entries: Vec<_> = arrays.into_iter().map(|(name, a)| (name, Tree::Tensor(a))).collect();
                entries.push(("fps", Tree::Float(fps.into())));
                torch::save(path, &Tree::Dict(entries))
            }
            _ => Err(unknown_extension(path, ["pt", "pth", "npz"])),
        }
    }
}

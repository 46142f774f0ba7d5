//! Motion recovered from video, from the files of video mocap models
//! ([method, section 1](https://github.com/vimogen/vimogen/blob/main/docs/method.md#1-motion-representation), *HMR import*).
//!
//! Such models give SMPL-X parameters in the frame of the camera: x right, y down, z forward. A body turns them into
//! joints, and [`process_hmr`] into an upright canonical clip and the camera that belongs to it.

use std::path::Path;

use ndarray::Array2;

use super::{BodyModel, motion_joints};
use crate::error::Result;
use crate::format::torch::Tree;
use crate::format::{RawTensor, extension, npz, torch, unknown_extension};
use crate::motion::Motion;
use crate::motion::codec::{SmplMotion, encode};
use crate::motion::hmr::{HmrMotion, process_hmr};

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
    /// The clip upright in canonical placement on the floor, T - 1 frames, and the camera in its axes.
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape), [`Error::InvalidArgument`](crate::Error::InvalidArgument) for fewer than two frames or a body without a facing direction, and
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
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for another extension, [`Error::NotFound`](crate::Error::NotFound) if the folder does not exist,
    /// [`Error::Io`](crate::Error::Io).
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

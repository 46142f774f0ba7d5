//! A motion as npz in the layout of AMASS and its SMPL-X tools, with this library's own arrays beside.
//!
//! | array | shape | content |
//! |---|---|---|
//! | `poses` | (T, 165) | axis-angle of root, 21 body joints, jaw, eyes, hands; the last 99 numbers are 0 |
//! | `root_orient`, `pose_body`, `pose_jaw`, `pose_eye`, `pose_hand` | (T, 3), (T, 63), (T, 3), (T, 6), (T, 90) | the parts of `poses` |
//! | `trans` | (T, 3) | SMPL-X translation in metres, z up |
//! | `betas`, `num_betas` | (16), () | shape: all 0, the mean body; 16 |
//! | `gender`, `surface_model_type` | text | `neutral`, `smplx` |
//! | `mocap_frame_rate`, `mocap_time_length` | () | frames per second, seconds |
//! | `features`, `fps` | (T, 276), () | the representation itself, which [`Motion::load`] reads |
//! | `joints` | (T, 22, 3) | joint positions in metres, z up |
//!
//! Rotations and `trans` are decoded by velocity, as inference output is. Of a generated motion `joints` disagree
//! slightly with what a body model makes of `poses`: the model predicts both. Zero hands are SMPL-X's mean hands, or
//! flat ones, as the body model was created (`flat_hand_mean`).

use std::path::Path;

use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate};

use crate::error::{Error, Result};
use crate::format::npz::save_with_texts;
use crate::format::{DType, RawTensor};
use crate::motion::clip::Motion;

/// Shape components that AMASS files have.
const BETAS: usize = 16;
/// Numbers of jaw, eyes and hands in a frame.
const JAW: usize = 3;
const EYES: usize = 6;
const HANDS: usize = 90;

/// Writes the arrays above, uncompressed.
///
/// # Errors
/// [`Error::NotFound`] if the folder does not exist, [`Error::Io`].
pub fn save(path: impl AsRef<Path>, motion: &Motion) -> Result<()> {
    let smpl = motion.smpl();
    let frames = motion.len();
    let rest = |width: usize| Array2::<f32>::zeros((frames, width));
    let parts = [smpl.global_orient.view(), smpl.body_pose.view()];
    let poses = beside(&[parts[0], parts[1], rest(JAW + EYES + HANDS).view()])?;
    let f32s = |array: ArrayView2<'_, f32>| RawTensor::from_f32(array.into_dyn());
    let arrays = [
        ("poses", f32s(poses.view())),
        ("trans", f32s(smpl.transl.view())),
        ("betas", RawTensor::from_f32(Array1::zeros(BETAS).view().into_dyn())),
        ("num_betas", RawTensor::new(DType::I64, vec![], (BETAS as i64).to_le_bytes().to_vec())?),
        ("mocap_frame_rate", number(motion.fps().into())?),
        ("mocap_time_length", number(motion.duration().into())?),
        ("root_orient", f32s(parts[0])),
        ("pose_body", f32s(parts[1])),
        ("pose_jaw", f32s(rest(JAW).view())),
        ("pose_eye", f32s(rest(EYES).view())),
        ("pose_hand", f32s(rest(HANDS).view())),
        ("features", f32s(motion.features())),
        ("fps", number(motion.fps().into())?),
        ("joints", RawTensor::from_f32(smpl.joints.view().into_dyn())),
    ];
    let named: Vec<_> = arrays.iter().map(|(name, array)| (*name, array)).collect();
    save_with_texts(path, &named, &[("gender", "neutral"), ("surface_model_type", "smplx")])
}

/// Columns of all parts; they have the same frames.
fn beside(parts: &[ArrayView2<'_, f32>]) -> Result<Array2<f32>> {
    concatenate(Axis(1), parts).map_err(|e| Error::Internal { reason: format!("parts of a pose: {e}") })
}

/// A number as NumPy's float64 array of no dimensions.
fn number(value: f64) -> Result<RawTensor> {
    RawTensor::new(DType::F64, vec![], value.to_le_bytes().to_vec())
}

//! A motion as npz in the layout of AMASS and its SMPL-X tools, with this library's own arrays.
//!
//! | array | shape | content |
//! |---|---|---|
//! | `poses` | (T, 165) | axis-angle of root, 21 body joints, jaw, eyes, hands; the last 99 columns are 0 |
//! | `root_orient`, `pose_body`, `pose_jaw`, `pose_eye`, `pose_hand` | (T, 3), (T, 63), (T, 3), (T, 6), (T, 90) | the parts of `poses` |
//! | `trans` | (T, 3) | SMPL-X translation in metres, z up |
//! | `betas`, `num_betas` | (16), () | shape: all 0, the mean body; 16 |
//! | `gender`, `surface_model_type` | text | `neutral`, `smplx` |
//! | `mocap_frame_rate`, `mocap_time_length` | () | frames per second, seconds |
//! | `mocap_framerate` | () | the same rate by its older name, which AMASS's SMPL-H files and their readers use |
//! | `features`, `fps` | (T, 276), () | the representation itself, which [`Motion::load`] reads |
//! | `joints` | (T, 22, 3) | joint positions in metres, z up |
//! | `meta` | text | how the motion was made, JSON of [`MotionMeta`](crate::motion::MotionMeta), if it is known |
//!
//! Rotations and `trans` are decoded by velocity, as inference output is. Of a generated motion `joints` disagree
//! slightly with the joints that a body model computes from `poses`: the network predicts both. Zero hands are the mean
//! hands of SMPL-X or flat ones, depending on how the body model was created (`flat_hand_mean`).

use std::path::Path;

use ndarray::{Array1, Array2, ArrayView, Dimension, s};

use crate::error::{Result, check_finite};
use crate::format::npz::save_with_texts;
use crate::format::{DType, RawTensor};
use crate::motion::{Motion, MotionMeta};

/// Shape components of AMASS files.
const BETAS: usize = 16;
/// Columns of root and body, jaw, eyes and hands in `poses`.
const BODY: usize = 66;
const JAW: usize = 3;
const EYES: usize = 6;
const HANDS: usize = 90;

/// Writes the arrays above, uncompressed.
///
/// # Errors
/// [`NotFound`](crate::Error::NotFound) if the folder does not exist, [`Io`](crate::Error::Io).
pub fn save(path: impl AsRef<Path>, motion: &Motion) -> Result<()> {
    let smpl = motion.smpl();
    check_finite("joints", &smpl.joints.view())?;
    let mut poses = Array2::zeros((motion.len(), BODY + JAW + EYES + HANDS));
    poses.slice_mut(s![.., ..3]).assign(&smpl.global_orient);
    poses.slice_mut(s![.., 3..BODY]).assign(&smpl.body_pose);
    let rest = |width: usize| f32s(Array2::zeros((motion.len(), width)).view());
    let arrays = [
        ("poses", f32s(poses.view())),
        ("trans", f32s(smpl.transl.view())),
        ("betas", f32s(Array1::zeros(BETAS).view())),
        ("num_betas", RawTensor::new(DType::I64, vec![], (BETAS as i64).to_le_bytes().to_vec())?),
        ("mocap_frame_rate", scalar(motion.fps())?),
        ("mocap_framerate", scalar(motion.fps())?),
        ("mocap_time_length", scalar(motion.duration())?),
        ("root_orient", f32s(smpl.global_orient.view())),
        ("pose_body", f32s(smpl.body_pose.view())),
        ("pose_jaw", rest(JAW)),
        ("pose_eye", rest(EYES)),
        ("pose_hand", rest(HANDS)),
        ("features", f32s(motion.features())),
        ("fps", scalar(motion.fps())?),
        ("joints", f32s(smpl.joints.view())),
    ];
    let named: Vec<_> = arrays.iter().map(|(name, array)| (*name, array)).collect();
    let meta = motion.meta().map(MotionMeta::to_json);
    let mut texts = vec![("gender", "neutral"), ("surface_model_type", "smplx")];
    texts.extend(meta.as_deref().map(|meta| ("meta", meta)));
    save_with_texts(path, &named, &texts)
}

fn f32s<D: Dimension>(array: ArrayView<'_, f32, D>) -> RawTensor {
    RawTensor::from_f32(array.into_dyn())
}

/// NumPy's float64 array of no dimensions.
fn scalar(value: f32) -> Result<RawTensor> {
    RawTensor::new(DType::F64, vec![], f64::from(value).to_le_bytes().to_vec())
}

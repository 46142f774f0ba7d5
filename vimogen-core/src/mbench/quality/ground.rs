//! Feet below the ground and feet that slide on it.

use ndarray::ArrayView3;

use crate::error::Result;
use crate::mbench::contact::{FEET, contacts, horizontal};
use crate::mbench::frames::{Frames, UpAxis};

/// A foot lower than this, in metres, is in the ground.
const PENETRATION: f32 = -0.005;

/// Mean depth, in metres, of the foot samples below -0.005; 0 if there is none.
///
/// # Shapes
/// - joints: `[frames, 22, 3]`, metres
///
/// # Errors
/// [`crate::Error::Shape`] unless `joints` is `(T, 22, 3)` with `T >= 1`.
pub fn ground_penetration(joints: ArrayView3<'_, f32>, up_axis: UpAxis) -> Result<f32> {
    Ok(penetration(&Frames::new(joints)?, up_axis))
}

/// [`ground_penetration`] of checked frames.
pub(super) fn penetration(f: &Frames<'_>, up_axis: UpAxis) -> f32 {
    let (mut sum, mut count) = (0.0f64, 0u64);
    for t in 0..f.len() {
        for height in FEET.map(|foot| up_axis.height(f.at(t, foot))) {
            if height < PENETRATION {
                sum += f64::from(-height);
                count += 1;
            }
        }
    }
    if count == 0 { 0.0 } else { (sum / count as f64) as f32 }
}

/// Mean horizontal speed, in metres per frame, of the feet in contact; the mean of both feet.
///
/// Contact is that of [`crate::mbench::contact::foot_contact`]; a foot that never touches counts as 0.
///
/// # Shapes
/// - joints: `[frames, 22, 3]`, metres
///
/// # Errors
/// [`crate::Error::Shape`] unless `joints` is `(T, 22, 3)` with `T >= 1`.
pub fn foot_sliding(joints: ArrayView3<'_, f32>, up_axis: UpAxis) -> Result<f32> {
    let frames = Frames::new(joints)?;
    Ok(sliding(&frames, up_axis, &contacts(&frames, up_axis)))
}

/// [`foot_sliding`] of checked frames, whose contacts are known.
pub(super) fn sliding(f: &Frames<'_>, up_axis: UpAxis, contact: &[[bool; 2]]) -> f32 {
    let (mut speed, mut count) = ([0.0f64; 2], [0.0f64; 2]);
    for (t, contact) in contact.iter().enumerate() {
        for (i, _) in contact.iter().enumerate().filter(|(_, touches)| **touches) {
            speed[i] += f64::from(horizontal(f.step(t, FEET[i]), up_axis));
            count[i] += 1.0;
        }
    }
    let per_foot = |i: usize| speed[i] / (count[i] + 1e-6);
    (0.5 * (per_foot(0) + per_foot(1))) as f32
}

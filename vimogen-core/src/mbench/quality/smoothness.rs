//! How much a motion shakes and how much it moves.

use glam::Vec3;
use ndarray::ArrayView3;

use crate::error::Result;
use crate::mbench::frames::Frames;
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::joint::PELVIS;

/// Mean length of the second difference of the joints, plus the same with the pelvis subtracted; metres per frame
/// squared. NaN for fewer than three frames.
///
/// # Shapes
/// - joints: `[frames, 22, 3]`, metres
///
/// # Errors
/// [`crate::Error::Shape`] unless `joints` is `(T, 22, 3)` with `T >= 1`.
pub fn jitter_degree(joints: ArrayView3<'_, f32>) -> Result<f32> {
    let f = Frames::new(joints)?;
    let second = |t: usize, j: usize| (f.at(t + 2, j) - f.at(t + 1, j)) - (f.at(t + 1, j) - f.at(t, j));
    Ok(mean_length(f.len().saturating_sub(2), second))
}

/// Mean length of the joints' steps, plus the same with the pelvis subtracted; metres per frame. Higher is more motion.
/// NaN for a single frame.
///
/// # Shapes
/// - joints: `[frames, 22, 3]`, metres
///
/// # Errors
/// [`crate::Error::Shape`] unless `joints` is `(T, 22, 3)` with `T >= 1`.
pub fn dynamic_degree(joints: ArrayView3<'_, f32>) -> Result<f32> {
    let f = Frames::new(joints)?;
    Ok(mean_length(f.len() - 1, |t, j| f.at(t + 1, j) - f.at(t, j)))
}

/// Mean over frames and joints of `|difference|` plus that of `|difference - difference of the pelvis|`.
fn mean_length(frames: usize, difference: impl Fn(usize, usize) -> Vec3) -> f32 {
    let mut sum = 0.0f64;
    for t in 0..frames {
        let root = difference(t, PELVIS);
        for j in 0..JOINTS {
            let d = difference(t, j);
            sum += f64::from(d.length()) + f64::from((d - root).length());
        }
    }
    // Without frames this is 0 / 0, the release's NaN.
    (sum / (frames * JOINTS) as f64) as f32
}

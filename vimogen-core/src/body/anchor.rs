//! Brings generated joint positions back to the body that the rotations describe.
//!
//! A generated frame says where the joints are, how they move and how they are rotated, and the three disagree. Decoding
//! starts from the positions of frame 0 and adds up the steps, so an error in frame 0, of centimetres where a clip's
//! positions spread over metres, stays in the whole clip: bones of wrong length, a heading that is off, feet in the air.
//! The rotations have no such error, but shake. Of all paths of a joint this takes the one that minimises
//!
//! `sum_t trust |p(t) - rotated(t)|^2 + sum_t |p(t+1) - p(t) - step(t)|^2`
//!
//! with `rotated` from forward kinematics of the neutral skeleton: the steps hold within about `1 / sqrt(trust)` frames,
//! the rotations beyond. A model must have been trained on bodies of these proportions.

use glam::Mat3;
use ndarray::{Array2, Array3, ArrayView2, ArrayViewMut1};

use super::{SMPLX_ROOT, forward};
use crate::error::{Error, Result};
use crate::motion::codec::{DecodeMode, SmplMotion, decode, vec3};
use crate::motion::layout::{JOINTS, POSITIONS, VELOCITIES};
use crate::motion::rotation::matrix_from_axis_angle;

/// Replaces positions and velocities of denormalised features; rotations and the root's channels stay as they are. The
/// root is taken from its absolute channels.
///
/// # Shapes
/// - features, output: `[frames, 276]`
///
/// # Errors
/// [`Error::Shape`] for other widths, [`Error::InvalidArgument`] unless `trust` is in `0..=1` and above 0.
pub fn anchor_joints(features: ArrayView2<'_, f32>, trust: f32) -> Result<Array2<f32>> {
    if !(trust > 0.0 && trust <= 1.0) {
        return Err(Error::invalid("trust", format!("{trust} is not in 0..=1, above 0")));
    }
    let rotated = rotated_joints(&decode(features, DecodeMode::Plain)?);
    let mut out = features.to_owned();
    for channel in 0..3 * JOINTS {
        let target = rotated.slice(ndarray::s![.., channel / 3, channel % 3]);
        let steps = features.column(VELOCITIES.start + channel);
        let path = follow(target.iter().copied(), steps.iter().copied(), f64::from(trust));
        write(out.column_mut(POSITIONS.start + channel), path.iter().copied());
        // The last step leads beyond the clip and stays.
        write(out.column_mut(VELOCITIES.start + channel), path.windows(2).map(|p| p[1] - p[0]));
    }
    Ok(out)
}

fn write(mut column: ArrayViewMut1<'_, f32>, values: impl Iterator<Item = f64>) {
    column.iter_mut().zip(values).for_each(|(slot, value)| *slot = value as f32);
}

/// Joints of the neutral skeleton in the poses of a motion, `[frames, 22, 3]`, metres, z up.
fn rotated_joints(motion: &SmplMotion) -> Array3<f32> {
    let mut out = Array3::zeros(motion.joints.raw_dim());
    for (t, mut frame) in out.outer_iter_mut().enumerate() {
        let rotation = |row, joint: usize| -> Mat3 { matrix_from_axis_angle(vec3(row, 3 * joint)) };
        let local = std::array::from_fn(|joint| rotation(motion.body_pose.row(t), joint));
        let pelvis = vec3(motion.transl.row(t), 0) + SMPLX_ROOT;
        let (_, joints) = forward(pelvis, rotation(motion.global_orient.row(t), 0), &local);
        frame.iter_mut().zip(joints.iter().flat_map(|p| p.to_array())).for_each(|(slot, x)| *slot = x);
    }
    out
}

/// The path with the least `sum trust (p_t - target_t)^2 + sum (p_t+1 - p_t - step_t)^2`: a tridiagonal system, solved
/// by elimination; its diagonal outweighs the rest, so that no pivot is small.
fn follow(target: impl Iterator<Item = f32>, steps: impl Iterator<Item = f32>, trust: f64) -> Vec<f64> {
    let (target, steps): (Vec<f64>, Vec<f64>) = (target.map(f64::from).collect(), steps.map(f64::from).collect());
    let n = target.len();
    let (mut pivots, mut path) = (vec![0.0; n], vec![0.0; n]);
    for t in 0..n {
        let (first, last) = (t == 0, t + 1 == n);
        pivots[t] = trust + f64::from(u8::from(!first)) + f64::from(u8::from(!last));
        path[t] = trust * target[t] - if last { 0.0 } else { steps[t] };
        if !first {
            path[t] += steps[t - 1] + path[t - 1] / pivots[t - 1];
            pivots[t] -= 1.0 / pivots[t - 1];
        }
    }
    for t in (0..n).rev() {
        let later = if t + 1 < n { path[t + 1] } else { 0.0 };
        path[t] = (path[t] + later) / pivots[t];
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::motion::codec::encode;

    /// A body that goes ahead, turns and moves its limbs.
    fn clip() -> Array2<f32> {
        let frames = 61;
        let time = |t: usize| t as f32 / 20.0;
        let mut motion = SmplMotion {
            global_orient: Array2::from_shape_fn((frames, 3), |(t, c)| [1.2, 0.1, 0.4][c] + 0.2 * time(t)),
            body_pose: Array2::from_shape_fn((frames, 63), |(t, c)| 0.4 * (time(t) + c as f32).sin()),
            transl: Array2::from_shape_fn((frames, 3), |(t, c)| [1.2 * time(t), time(t).sin(), 1.3][c]),
            joints: Array3::zeros((frames, JOINTS, 3)),
        };
        motion.joints = rotated_joints(&motion);
        encode(&motion).unwrap()
    }

    fn worst(features: &Array2<f32>, other: &Array2<f32>) -> f32 {
        let joints = |x: &Array2<f32>| decode(x.view(), DecodeMode::Velocity).unwrap().joints;
        (joints(features) - joints(other)).fold(0.0, |worst, d| worst.max(d.abs()))
    }

    #[test]
    fn what_agrees_with_itself_stays() {
        let clip = clip();
        let change = &anchor_joints(clip.view(), 0.1).unwrap() - &clip;
        assert!(change.iter().all(|d| d.abs() < 1e-4));
    }

    #[test]
    fn a_wrong_first_frame_and_a_drift_do_not_last() {
        let clip = clip();
        let mut spoilt = clip.clone();
        for c in 0..3 * JOINTS {
            spoilt[[0, POSITIONS.start + c]] += 0.1 * (c as f32 * 1.7).sin();
            spoilt.column_mut(VELOCITIES.start + c).mapv_inplace(|v| v + 0.003 * (c as f32).cos());
        }
        assert!(worst(&spoilt, &clip) > 0.2);
        let anchored = anchor_joints(spoilt.view(), 0.1).unwrap();
        assert!(worst(&anchored, &clip) < 0.015, "{}", worst(&anchored, &clip));
    }

    #[test]
    fn rotations_that_shake_do_not_shake_the_joints() {
        let clip = clip();
        let mut spoilt = clip.clone();
        for ((t, c), value) in spoilt.indexed_iter_mut() {
            if c < POSITIONS.start {
                *value += 0.02 * (((t * 7919 + c * 104_729) % 1000) as f32 / 500.0 - 1.0);
            }
        }
        let jerk = |joints: Array3<f32>| {
            let hand = joints.slice_move(ndarray::s![.., 20, 2]);
            hand.windows(3).into_iter().map(|p| (p[0] - 2.0 * p[1] + p[2]).abs()).fold(0.0, f32::max)
        };
        let rotated = jerk(rotated_joints(&decode(spoilt.view(), DecodeMode::Plain).unwrap()));
        let anchored = anchor_joints(spoilt.view(), 0.1).unwrap();
        let anchored = jerk(decode(anchored.view(), DecodeMode::Velocity).unwrap().joints);
        assert!(rotated > 0.01 && anchored < 0.35 * rotated, "{rotated} {anchored}");
    }

    #[test]
    fn one_frame_passes_and_mistakes_are_named() {
        let clip = clip();
        assert_eq!(anchor_joints(clip.slice(ndarray::s![..1, ..]), 0.1).unwrap().nrows(), 1);
        for trust in [0.0, -1.0, 1.5, f32::NAN] {
            assert!(anchor_joints(clip.view(), trust).unwrap_err().to_string().contains("trust"));
        }
        assert!(anchor_joints(Array2::zeros((4, 275)).view(), 0.1).is_err());
    }
}

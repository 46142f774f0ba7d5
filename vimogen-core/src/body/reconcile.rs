//! Least-squares agreement of the redundant channels of generated features.
//!
//! A frame holds the position of the body several times: the root absolutely and as the step to the next frame; a joint by
//! the rotations, by its position and by its velocity. Generated channels agree only roughly. Decoding starts from the
//! positions of frame 0 and adds up the steps with their small errors: a walk bends, feet float off, and an error of
//! frame 0, centimetres where positions spread over metres, stays in the whole clip. Absolute values and rotations do not
//! drift, but shake. Each pair is brought together by the path that minimises
//!
//! `sum_t trust |p(t) - absolute(t)|^2 + sum_t |p(t+1) - p(t) - step(t)|^2`
//!
//! which keeps the steps within about `1 / sqrt(trust)` frames and follows the absolute values beyond. First the root,
//! then the joints, whose absolute positions are those of the neutral skeleton with the root and the rotations of the
//! frame. Features that agree with themselves do not change.

use glam::{Mat3, Vec3};
use ndarray::{Array2, Array3, ArrayView2, s};
use serde::{Deserialize, Serialize};

use super::{NEUTRAL, SMPLX_ROOT};
use crate::error::{Error, Result};
use crate::motion::codec::{DecodeMode, SmplMotion, decode, rot6d_at, vec3, write_at};
use crate::motion::layout::{JOINTS, POSITIONS, ROOT_ROT6D, ROOT_STEP6D, TRANSL, TRANSL_STEP, VELOCITIES};
use crate::motion::rotation::{matrix_from_axis_angle, matrix_from_rot6d, rot6d_from_matrix};

/// Weight of absolute values against steps, above 0 and at most 1. For models that were trained on bodies of the neutral
/// skeleton's proportions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reconcile {
    /// Orientation and translation of the root.
    pub root_trust: f32,
    /// Joint positions from the rotations.
    pub joint_trust: f32,
}

impl Reconcile {
    /// Checks both weights.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] naming the weight that is out of its range.
    pub fn check(&self) -> Result<()> {
        for (name, trust) in [("root_trust", self.root_trust), ("joint_trust", self.joint_trust)] {
            if !(trust > 0.0 && trust <= 1.0) {
                return Err(Error::invalid(name, format!("{trust} is not above 0 and at most 1")));
            }
        }
        Ok(())
    }

    /// Reconciles denormalised features; the last frame's steps lead beyond the clip and stay as they are.
    ///
    /// # Shapes
    /// - features, output: `[frames, 276]`
    ///
    /// # Errors
    /// [`Error::Shape`] for other widths, and those of [`Reconcile::check`].
    pub fn apply(&self, features: ArrayView2<'_, f32>) -> Result<Array2<f32>> {
        self.check()?;
        // Decoding checks the shape.
        decode(features, DecodeMode::Plain)?;
        let mut out = features.to_owned();
        reconcile_orientation(&mut out, f64::from(self.root_trust));
        for axis in 0..3 {
            let absolute = out.column(TRANSL.start + axis).to_vec();
            follow_steps(&mut out, &absolute, TRANSL.start + axis, TRANSL_STEP.start + axis, self.root_trust);
        }
        let rotated = rotated_joints(&decode(out.view(), DecodeMode::Plain)?);
        for channel in 0..3 * JOINTS {
            let absolute = rotated.slice(s![.., channel / 3, channel % 3]).to_vec();
            let (position, velocity) = (POSITIONS.start + channel, VELOCITIES.start + channel);
            follow_steps(&mut out, &absolute, position, velocity, self.joint_trust);
        }
        Ok(out)
    }
}

/// Replaces a channel and the channel of its steps by the path between `absolute` and the steps.
fn follow_steps(features: &mut Array2<f32>, absolute: &[f32], channel: usize, step: usize, trust: f32) {
    let mut path = Vec::with_capacity(absolute.len());
    let mut summed = 0.0;
    for value in features.column(step) {
        path.push(summed);
        summed += f64::from(*value);
    }
    let offsets: Vec<f64> = absolute.iter().zip(&path).map(|(a, p)| f64::from(*a) - p).collect();
    for (p, offset) in path.iter_mut().zip(relax(&offsets, f64::from(trust))) {
        *p += offset;
    }
    features.column_mut(channel).iter_mut().zip(&path).for_each(|(slot, p)| *slot = *p as f32);
    let steps = path.windows(2).map(|p| (p[1] - p[0]) as f32);
    features.column_mut(step).iter_mut().zip(steps).for_each(|(slot, p)| *slot = p);
}

/// The root's orientation: the error of the summed steps is a rotation, which is relaxed entry by entry and
/// orthonormalised again.
fn reconcile_orientation(features: &mut Array2<f32>, trust: f64) {
    let rotation = |features: &Array2<f32>, t: usize, start: usize| matrix_from_rot6d(rot6d_at(features.row(t), start));
    let frames = features.nrows();
    let mut path = vec![rotation(features, 0, ROOT_ROT6D.start)];
    for t in 1..frames {
        path.push(rotation(features, t - 1, ROOT_STEP6D.start) * path[t - 1]);
    }
    let offset = |t: usize| (rotation(features, t, ROOT_ROT6D.start) * path[t].transpose()).to_cols_array();
    let offsets: Vec<[f32; 9]> = (0..frames).map(offset).collect();
    let mut relaxed = vec![[0.0f32; 9]; frames];
    for entry in 0..9 {
        let column: Vec<f64> = offsets.iter().map(|m| f64::from(m[entry])).collect();
        relaxed.iter_mut().zip(relax(&column, trust)).for_each(|(m, value)| m[entry] = value as f32);
    }
    for (summed, relaxed) in path.iter_mut().zip(&relaxed) {
        *summed = orthonormal(&Mat3::from_cols_array(relaxed)) * *summed;
    }
    for t in 0..frames {
        write_at(features.row_mut(t), ROOT_ROT6D.start, &rot6d_from_matrix(path[t]));
        if t + 1 < frames {
            let step = path[t + 1] * path[t].transpose();
            write_at(features.row_mut(t), ROOT_STEP6D.start, &rot6d_from_matrix(step));
        }
    }
}

/// The rotation that the first two columns span.
fn orthonormal(m: &Mat3) -> Mat3 {
    let x = m.x_axis.try_normalize().unwrap_or(Vec3::X);
    let y = (m.y_axis - x * x.dot(m.y_axis)).try_normalize().unwrap_or_else(|| x.any_orthonormal_vector());
    Mat3::from_cols(x, y, x.cross(y))
}

/// Joints of the neutral skeleton in the poses of a motion, `[frames, 22, 3]`, metres, z up.
fn rotated_joints(motion: &SmplMotion) -> Array3<f32> {
    let mut out = SmplMotion::zeros(motion.len());
    for t in 0..motion.len() {
        // Matrices as features are made with: the trained models expect these roundings.
        let local = std::array::from_fn(|j| matrix_from_axis_angle(motion.axis_angle(t, j)));
        let pelvis = vec3(motion.transl.row(t), 0) + SMPLX_ROOT;
        out.set_joints(t, &NEUTRAL.fk(pelvis, local).1);
    }
    out.joints
}

/// The sequence `s` with the least `sum trust (s_t - d_t)^2 + sum (s_t+1 - s_t)^2`: a tridiagonal system, solved by
/// elimination; its diagonal outweighs the rest, so that no pivot is small.
fn relax(d: &[f64], trust: f64) -> Vec<f64> {
    let n = d.len();
    let (mut pivots, mut s) = (vec![0.0; n], vec![0.0; n]);
    for t in 0..n {
        let neighbours = usize::from(t > 0) + usize::from(t + 1 < n);
        (pivots[t], s[t]) = (trust + neighbours as f64, trust * d[t]);
        if t > 0 {
            pivots[t] -= 1.0 / pivots[t - 1];
            s[t] += s[t - 1] / pivots[t - 1];
        }
    }
    for t in (0..n).rev() {
        let later = if t + 1 < n { s[t + 1] } else { 0.0 };
        s[t] = (s[t] + later) / pivots[t];
    }
    s
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::motion::codec::encode;

    const RECONCILE: Reconcile = Reconcile { root_trust: 0.01, joint_trust: 0.1 };

    /// A body that walks along a curve, turns and moves its limbs.
    fn clip() -> Array2<f32> {
        let frames = 61;
        let time = |t: usize| t as f32 / 20.0;
        let mut motion = SmplMotion {
            global_orient: Array2::from_shape_fn((frames, 3), |(t, c)| [1.2, 0.1, 0.4][c] + 0.2 * time(t)),
            body_pose: Array2::from_shape_fn((frames, 63), |(t, c)| 0.4 * (time(t) + c as f32).sin()),
            transl: Array2::from_shape_fn((frames, 3), |(t, c)| [1.2 * time(t), time(t).sin(), 1.3][c]),
            ..SmplMotion::zeros(frames)
        };
        motion.joints = rotated_joints(&motion);
        encode(&motion).unwrap()
    }

    /// Maximum differences of joints and root translation, and of root orientation.
    fn worst(features: &Array2<f32>, other: &Array2<f32>) -> (f32, f32) {
        let decode = |x: &Array2<f32>| decode(x.view(), DecodeMode::Velocity).unwrap();
        let (a, b) = (decode(features), decode(other));
        let largest = |worst: f32, d: &f32| worst.max(d.abs());
        let (joints, transl) = (&a.joints - &b.joints, &a.transl - &b.transl);
        (
            joints.iter().chain(&transl).fold(0.0, largest),
            (&a.global_orient - &b.global_orient).iter().fold(0.0, largest),
        )
    }

    fn noise(t: usize, c: usize) -> f32 {
        ((t * 7919 + c * 104_729) % 1000) as f32 / 500.0 - 1.0
    }

    fn jerk(path: ndarray::ArrayView1<'_, f32>) -> f32 {
        path.windows(3).into_iter().map(|p| (p[0] - 2.0 * p[1] + p[2]).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn what_agrees_with_itself_stays() {
        let clip = clip();
        let change = &RECONCILE.apply(clip.view()).unwrap() - &clip;
        assert!(change.iter().all(|d| d.abs() < 1e-4));
    }

    #[test]
    fn steps_with_a_bias_no_longer_lead_the_root_astray() {
        let clip = clip();
        let mut spoilt = clip.clone();
        for ((t, c), value) in spoilt.indexed_iter_mut() {
            match c {
                c if VELOCITIES.contains(&c) || TRANSL_STEP.contains(&c) => *value += 0.01,
                c if ROOT_STEP6D.contains(&c) => *value += [0.0, -0.01, 0.01, 0.0, 0.0, 0.0][c - ROOT_STEP6D.start],
                c if TRANSL.contains(&c) => *value += 0.01 * noise(t, c),
                _ => {}
            }
        }
        let (path, orient) = worst(&spoilt, &clip);
        assert!(path > 0.5 && orient > 0.3, "{path} {orient}");
        let got = RECONCILE.apply(spoilt.view()).unwrap();
        let (path, orient) = worst(&got, &clip);
        assert!(path < 0.15 && orient < 0.11, "{path} {orient}");
        // The noise of the translation hardly shows from frame to frame.
        let along = |x: &Array2<f32>| jerk(x.column(TRANSL.start));
        assert!(along(&spoilt) > 0.02 && along(&got) < 2e-3, "{} {}", along(&spoilt), along(&got));
    }

    #[test]
    fn a_wrong_first_frame_does_not_last_and_rotations_that_shake_do_not_shake_the_joints() {
        let clip = clip();
        let mut spoilt = clip.clone();
        for c in 0..3 * JOINTS {
            spoilt[[0, POSITIONS.start + c]] += 0.1 * (c as f32 * 1.7).sin();
            spoilt.column_mut(VELOCITIES.start + c).mapv_inplace(|v| v + 0.003 * (c as f32).cos());
        }
        assert!(worst(&spoilt, &clip).0 > 0.2);
        let got = RECONCILE.apply(spoilt.view()).unwrap();
        assert!(worst(&got, &clip).0 < 0.015, "{}", worst(&got, &clip).0);

        for ((t, c), value) in spoilt.indexed_iter_mut().filter(|((_, c), _)| *c < POSITIONS.start) {
            *value += 0.02 * noise(t, c);
        }
        let hand = |joints: Array3<f32>| jerk(joints.slice(s![.., 20, 2]));
        let rotated = hand(rotated_joints(&decode(spoilt.view(), DecodeMode::Plain).unwrap()));
        let got = RECONCILE.apply(spoilt.view()).unwrap();
        let got = hand(decode(got.view(), DecodeMode::Velocity).unwrap().joints);
        assert!(rotated > 0.01 && got < 0.35 * rotated, "{rotated} {got}");
    }

    #[test]
    fn one_frame_and_wild_values_pass_and_mistakes_are_named() {
        assert_eq!(RECONCILE.apply(clip().slice(s![..1, ..])).unwrap().nrows(), 1);
        assert!(RECONCILE.apply(Array2::from_elem((3, 276), 1e30).view()).is_ok());
        for trust in [0.0, -1.0, 1.5, f32::NAN] {
            let error = Reconcile { joint_trust: trust, ..RECONCILE }.apply(clip().view()).unwrap_err();
            assert!(error.to_string().contains("joint_trust"), "{error}");
        }
        assert!(RECONCILE.apply(Array2::zeros((4, 275)).view()).is_err());
    }
}

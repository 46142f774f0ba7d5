//! Takes the drift out of generated features.
//!
//! A frame says twice where the body is: absolutely (positions, root orientation, translation) and as the step to the
//! next frame. Decoding adds up the steps, which are smooth, and with them their small errors, which make a walk bend and
//! feet float off. The absolute numbers have no drift but jitter. The two are brought together by least squares: of all
//! paths, the one that minimises
//!
//! `sum_t trust |p(t) - absolute(t)|^2 + sum_t |p(t+1) - p(t) - step(t)|^2`
//!
//! which keeps the steps within about `1 / sqrt(trust)` frames and follows the absolute numbers beyond. For features
//! that agree with themselves nothing changes.

use glam::{Mat3, Vec3};
use ndarray::{Array2, ArrayView2};

use super::codec::{check_features, six};
use super::layout::{JOINTS, POSITIONS, ROOT_ROT6D, ROOT_STEP6D, TRANSL, TRANSL_STEP, VELOCITIES};
use super::rotation::{matrix_from_rot6d, rot6d_from_matrix};
use crate::error::{Error, Result};

/// Brings absolute channels and steps of denormalised features together; the last frame's steps stay as they are.
///
/// # Shapes
/// - features, output: `[frames, 276]`
///
/// # Errors
/// [`Error::Shape`] for other widths, [`Error::InvalidArgument`] unless `trust` is in `0..=1` and above 0.
pub fn correct_drift(features: ArrayView2<'_, f32>, trust: f32) -> Result<Array2<f32>> {
    check_features(&features)?;
    if !(trust > 0.0 && trust <= 1.0) {
        return Err(Error::invalid("trust", format!("{trust} is not in 0..=1, above 0")));
    }
    let (mut out, trust) = (features.to_owned(), f64::from(trust));
    for joint in 0..JOINTS {
        correct_path(&mut out, POSITIONS.start + 3 * joint, VELOCITIES.start + 3 * joint, trust);
    }
    correct_path(&mut out, TRANSL.start, TRANSL_STEP.start, trust);
    correct_orientation(&mut out, trust);
    Ok(out)
}

/// Three channels of a position and of its step.
fn correct_path(features: &mut Array2<f32>, absolute: usize, step: usize, trust: f64) {
    for axis in 0..3 {
        let (absolute, step) = (absolute + axis, step + axis);
        let mut summed = f64::from(features[[0, absolute]]);
        let mut path = Vec::with_capacity(features.nrows());
        for row in features.rows() {
            path.push(summed);
            summed += f64::from(row[step]);
        }
        let offsets: Vec<f64> = features.column(absolute).iter().zip(&path).map(|(a, p)| f64::from(*a) - p).collect();
        for (p, offset) in path.iter_mut().zip(relax(&offsets, trust)) {
            *p += offset;
        }
        for (t, p) in path.iter().enumerate() {
            features[[t, absolute]] = *p as f32;
            if let Some(next) = path.get(t + 1) {
                features[[t, step]] = (next - p) as f32;
            }
        }
    }
}

/// The root's orientation: the offset of the summed steps is a rotation, relaxed entry by entry and made a rotation again.
fn correct_orientation(features: &mut Array2<f32>, trust: f64) {
    let rotation = |features: &Array2<f32>, t: usize, start: usize| matrix_from_rot6d(six(features.row(t), start));
    let mut path = vec![rotation(features, 0, ROOT_ROT6D.start)];
    for t in 1..features.nrows() {
        path.push(rotation(features, t - 1, ROOT_STEP6D.start) * path[t - 1]);
    }
    let offsets: Vec<Mat3> = path
        .iter()
        .enumerate()
        .map(|(t, summed)| rotation(features, t, ROOT_ROT6D.start) * summed.transpose())
        .collect();
    let mut relaxed = vec![[0.0f32; 9]; path.len()];
    for entry in 0..9 {
        let column: Vec<f64> = offsets.iter().map(|m| f64::from(m.to_cols_array()[entry])).collect();
        for (m, value) in relaxed.iter_mut().zip(relax(&column, trust)) {
            m[entry] = value as f32;
        }
    }
    for (summed, relaxed) in path.iter_mut().zip(&relaxed) {
        *summed = orthonormal(&Mat3::from_cols_array(relaxed)) * *summed;
    }
    for t in 0..path.len() {
        write_six(features, t, ROOT_ROT6D.start, path[t]);
        if t + 1 < path.len() {
            write_six(features, t, ROOT_STEP6D.start, path[t + 1] * path[t].transpose());
        }
    }
}

/// The rotation that the first two columns span.
fn orthonormal(m: &Mat3) -> Mat3 {
    let x: Vec3 = m.x_axis.try_normalize().unwrap_or(Vec3::X);
    let y = (m.y_axis - x * x.dot(m.y_axis)).try_normalize().unwrap_or_else(|| x.any_orthonormal_vector());
    Mat3::from_cols(x, y, x.cross(y))
}

fn write_six(features: &mut Array2<f32>, t: usize, start: usize, rotation: Mat3) {
    for (i, value) in rot6d_from_matrix(rotation).into_iter().enumerate() {
        features[[t, start + i]] = value;
    }
}

/// The sequence `s` that minimises `sum trust (s_t - d_t)^2 + sum (s_t+1 - s_t)^2`: a tridiagonal system, solved by
/// elimination; its diagonal outweighs the rest, so that no pivot is small.
fn relax(d: &[f64], trust: f64) -> Vec<f64> {
    let n = d.len();
    let (mut pivot, mut s) = (vec![0.0; n], vec![0.0; n]);
    for t in 0..n {
        let neighbours = usize::from(t > 0) + usize::from(t + 1 < n);
        (pivot[t], s[t]) = (trust + neighbours as f64, trust * d[t]);
        if t > 0 {
            pivot[t] -= 1.0 / pivot[t - 1];
            s[t] += s[t - 1] / pivot[t - 1];
        }
    }
    for t in (0..n).rev() {
        let later = if t + 1 < n { s[t + 1] } else { 0.0 };
        s[t] = (s[t] + later) / pivot[t];
    }
    s
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;
    use crate::motion::codec::{DecodeMode, SmplMotion, decode, encode};

    /// A body that goes along a curve and turns.
    fn clip() -> Array2<f32> {
        let t = 61;
        let time = |i: usize| i as f32 / 20.0;
        encode(&SmplMotion {
            global_orient: Array2::from_shape_fn((t, 3), |(i, k)| [0.1, 0.2, 0.8][k] * time(i)),
            body_pose: Array2::from_shape_fn((t, 63), |(i, k)| (time(i) + k as f32).sin() * 0.4),
            transl: Array2::from_shape_fn((t, 3), |(i, k)| [1.2 * time(i), time(i).sin(), 0.9][k]),
            joints: Array3::from_shape_fn((t, 22, 3), |(i, j, k)| (time(i) * 1.3 + (j * 3 + k) as f32).cos()),
        })
        .unwrap()
    }

    #[test]
    fn what_agrees_with_itself_stays() {
        let clip = clip();
        let change = &correct_drift(clip.view(), 0.01).unwrap() - &clip;
        assert!(change.iter().all(|d| d.abs() < 1e-5));
    }

    #[test]
    fn steps_with_a_bias_no_longer_lead_astray_and_noise_does_not_come_in() {
        let clip = clip();
        let truth = decode(clip.view(), DecodeMode::Velocity).unwrap();
        let mut spoilt = clip.clone();
        let noise = |t: usize, c: usize| ((t * 7919 + c * 104_729) % 1000) as f32 / 1000.0 - 0.5;
        for ((t, c), value) in spoilt.indexed_iter_mut() {
            match c {
                c if VELOCITIES.contains(&c) || TRANSL_STEP.contains(&c) => *value += 0.01,
                c if ROOT_STEP6D.contains(&c) => *value += [0.0, -0.01, 0.01, 0.0, 0.0, 0.0][c - ROOT_STEP6D.start],
                c if POSITIONS.contains(&c) || TRANSL.contains(&c) => *value += 0.02 * noise(t, c),
                _ => {}
            }
        }
        let worst = |features: &Array2<f32>| {
            let got = decode(features.view(), DecodeMode::Velocity).unwrap();
            let joints = (&got.joints - &truth.joints).fold(0.0f32, |w, d| w.max(d.abs()));
            let transl = (&got.transl - &truth.transl).fold(0.0f32, |w, d| w.max(d.abs()));
            let orient = (&got.global_orient - &truth.global_orient).fold(0.0f32, |w, d| w.max(d.abs()));
            (joints.max(transl), orient)
        };
        let jerk = |features: &Array2<f32>| {
            let joints = decode(features.view(), DecodeMode::Velocity).unwrap().joints;
            let x = joints.slice(ndarray::s![.., 0, 0]);
            x.windows(3).into_iter().map(|w| (w[0] - 2.0 * w[1] + w[2]).abs()).fold(0.0, f32::max)
        };
        let (path, orient) = worst(&spoilt);
        assert!(path > 0.5 && orient > 0.3, "{path} {orient}");
        let corrected = correct_drift(spoilt.view(), 0.01).unwrap();
        let (path, orient) = worst(&corrected);
        assert!(path < 0.11 && orient < 0.11, "{path} {orient}");
        // The noise of the positions is up to 0.01; a tenth of it may show from frame to frame.
        assert!(jerk(&corrected) < jerk(&clip) + 2e-3, "{} {}", jerk(&corrected), jerk(&clip));
    }

    #[test]
    fn one_frame_and_wild_numbers_pass_and_mistakes_are_named() {
        let wild = Array2::from_elem((3, 276), 1e30);
        assert!(correct_drift(wild.view(), 1.0).is_ok());
        assert_eq!(correct_drift(clip().slice(ndarray::s![..1, ..]), 0.1).unwrap().nrows(), 1);
        for trust in [0.0, -1.0, 1.5, f32::NAN] {
            assert!(correct_drift(clip().view(), trust).unwrap_err().to_string().contains("trust"));
        }
        assert!(correct_drift(Array2::zeros((4, 275)).view(), 0.1).is_err());
    }
}

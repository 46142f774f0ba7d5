//! Many rotations at once: the formulas of [`super::rotation`] in loops without branches, which compilers vectorise.
//! The arctangent is our own and differs from the C library's in the last bits.

use std::f32::consts::{FRAC_PI_2, FRAC_PI_4};

use glam::Mat3;

use super::rotation::{axis_angle_by, matrix_from_rot6d, quaternion_from_matrix, zero_for_nan};

/// Rotations per block, a multiple of the width of any vector.
const BLOCK: usize = 64;

/// Axis-angle vectors of Rot6Ds, as [`super::rotation::axis_angle_from_rot6d`].
pub(super) fn axis_angles_from_rot6d<'a>(
    from: impl Iterator<Item = &'a [f32; 6]>,
    to: impl Iterator<Item = &'a mut [f32; 3]>,
) {
    convert(from, to, |d| axis_angle(matrix_from_rot6d(d)));
}

/// Matrices of Rot6Ds, as [`matrix_from_rot6d`], in columns.
pub(super) fn matrices_from_rot6d<'a>(
    from: impl Iterator<Item = &'a [f32; 6]>,
    to: impl Iterator<Item = &'a mut [f32; 9]>,
) {
    convert(from, to, |d| matrix_from_rot6d(d).to_cols_array());
}

/// Axis-angle vectors of matrices in columns, as [`super::rotation::axis_angle_from_matrix`].
pub(super) fn axis_angles_from_matrices<'a>(
    from: impl Iterator<Item = &'a [f32; 9]>,
    to: impl Iterator<Item = &'a mut [f32; 3]>,
) {
    convert(from, to, |m| axis_angle(Mat3::from_cols_array(&m)));
}

/// Quaternions `[w, x, y, z]` of Rot6Ds, by [`quaternion_from_matrix`].
pub(super) fn quaternions_from_rot6d<'a>(
    from: impl Iterator<Item = &'a [f32; 6]>,
    to: impl Iterator<Item = &'a mut [f32; 4]>,
) {
    convert(from, to, |d| quaternion_from_matrix(matrix_from_rot6d(d)));
}

#[inline(always)]
fn axis_angle(m: Mat3) -> [f32; 3] {
    zero_for_nan(axis_angle_by(quaternion_from_matrix(m), arctangent)).to_array()
}

/// `atan2(y, x)` for `y, x >= 0` to 3 ulp: Cephes' polynomial after a reduction to `tan(pi / 8)`.
#[inline(always)]
fn arctangent(y: f32, x: f32) -> f32 {
    const TAN_PI_8: f32 = 0.414_213_57;
    let (low, high) = if y > x { (x, y) } else { (y, x) };
    let far = low > TAN_PI_8 * high;
    let (numerator, divisor, base) = if far { (low - high, low + high, FRAC_PI_4) } else { (low, high, 0.0) };
    let r = numerator / divisor;
    let s = r * r;
    let p = 8.053_744_5e-2;
    let p = p * s - 1.387_768_6e-1;
    let p = p * s + 1.997_771_1e-1;
    let p = p * s - 3.333_295e-1;
    let angle = base + (p * s * r + r);
    if y > x { FRAC_PI_2 - angle } else { angle }
}

/// `to[i] = f(from[i])`, one block at a time; within a block each component is an array of its own.
#[inline(always)]
fn convert<'a, const I: usize, const O: usize>(
    mut from: impl Iterator<Item = &'a [f32; I]>,
    mut to: impl Iterator<Item = &'a mut [f32; O]>,
    f: impl Fn([f32; I]) -> [f32; O],
) {
    let mut inputs = [[0.0f32; BLOCK]; I];
    let mut outputs = [[0.0f32; BLOCK]; O];
    loop {
        let mut count = 0;
        for values in from.by_ref().take(BLOCK) {
            for (input, value) in inputs.iter_mut().zip(values) {
                input[count] = *value;
            }
            count += 1;
        }
        if count == 0 {
            return;
        }
        // The whole block, even if it is not full: a loop of known length has no remainder.
        for i in 0..BLOCK {
            let made = f(std::array::from_fn(|c| inputs[c][i]));
            for (output, value) in outputs.iter_mut().zip(made) {
                output[i] = value;
            }
        }
        for (i, values) in to.by_ref().take(count).enumerate() {
            for (output, value) in outputs.iter().zip(values) {
                *value = output[i];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rotation::{axis_angle_from_rot6d, matrix_from_axis_angle, rot6d_from_matrix};
    use super::*;
    use glam::Vec3;

    /// Rotations of all sizes, three special ones, and columns that are not a rotation: more than one block, the last not
    /// full.
    fn rot6ds() -> Vec<[f32; 6]> {
        let turn = |i: usize| {
            let axis = Vec3::new((i as f32).sin(), (i as f32 * 1.7).cos(), (i as f32 * 0.3).sin());
            axis.normalize_or_zero() * (i as f32 * 0.02)
        };
        let mut all: Vec<[f32; 6]> = (0..150).map(|i| rot6d_from_matrix(matrix_from_axis_angle(turn(i)))).collect();
        all.extend([[f32::NAN; 6], [0.0; 6], [1.0, 0.0, 0.0, 1.0, 0.0, 0.0], [3.0, -0.5, 0.2, 1.0, -2.0, 0.7]]);
        all
    }

    #[test]
    fn many_rotations_at_once_are_each_of_them_alone() {
        let from = rot6ds();
        let (mut direct, mut matrices, mut by_matrix) =
            (vec![[0.0; 3]; from.len()], vec![[0.0; 9]; from.len()], vec![[0.0; 3]; from.len()]);
        axis_angles_from_rot6d(from.iter(), direct.iter_mut());
        matrices_from_rot6d(from.iter(), matrices.iter_mut());
        axis_angles_from_matrices(matrices.iter(), by_matrix.iter_mut());
        for (i, d) in from.iter().enumerate() {
            let want = axis_angle_from_rot6d(*d);
            assert!(Vec3::from(direct[i]).abs_diff_eq(want, 1e-6), "{d:?}: {:?} {want}", direct[i]);
            assert_eq!(direct[i], by_matrix[i], "{d:?}");
        }
    }

    #[test]
    fn arctangents_are_right_to_a_few_last_bits() {
        let sides = (0..2000).map(|i| 1.03f32.powi(i - 1000));
        for y in sides.chain([0.0, 1.0, 0.414_213_57, 2.414_213_6]) {
            let (got, want) = (arctangent(y, 1.0), f64::from(y).atan() as f32);
            assert!((got - want).abs() <= 3.0 * f32::EPSILON * want, "{y}: {got} {want}");
        }
        assert_eq!(arctangent(1.0, 0.0), FRAC_PI_2);
    }
}

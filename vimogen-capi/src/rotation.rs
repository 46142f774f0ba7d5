//! Conversions of rotations.

use ndarray::{ArrayView1, ArrayView2};
use vimogen_core::error::check_finite;
use vimogen_core::motion::rotation::{
    axis_angle_from_matrix, axis_angle_from_quaternion, axis_angle_from_rot6d, matrix_from_axis_angle,
    matrix_from_rot6d, matrix_from_rows, matrix_to_rows, quaternion_from_axis_angle, quaternion_from_matrix,
    quaternion_from_rot6d, rot6d_from_axis_angle, rot6d_from_matrix, rot6d_from_quaternion,
};
use vimogen_core::{Error, Result};

use crate::edge::{room, slice, volume};
use crate::status::{guard, vimogen_status};

/// Representation of a rotation, which acts on column vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum vimogen_rotation {
    /// 3 values: the axis, as long as the angle in radians.
    AxisAngle = 0,
    /// 9 values: a 3 x 3 matrix, row by row.
    Matrix = 1,
    /// 6 values: the first two columns of the matrix, row by row: r00, r01, r10, r11, r20, r21.
    Rot6d = 2,
    /// 4 values: w, x, y, z.
    Quaternion = 3,
}

use vimogen_rotation::{AxisAngle, Matrix, Quaternion, Rot6d};

impl vimogen_rotation {
    fn new(name: &'static str, number: i32) -> Result<Self> {
        let known = [AxisAngle, Matrix, Rot6d, Quaternion].into_iter().find(|known| *known as i32 == number);
        known.ok_or_else(|| Error::invalid(name, format!("{number} is no vimogen_rotation")))
    }

    fn numbers(self) -> usize {
        match self {
            AxisAngle => 3,
            Matrix => 9,
            Rot6d => 6,
            Quaternion => 4,
        }
    }
}

/// The first `N` values of a rotation.
fn take<const N: usize>(values: ArrayView1<'_, f32>) -> [f32; N] {
    std::array::from_fn(|i| values[i])
}

/// Converts one rotation along the routes of the core, with the same rounding.
fn convert(from: vimogen_rotation, to: vimogen_rotation, values: &[f32]) -> Vec<f32> {
    let values = ArrayView1::from(values);
    let (vector, matrix) = (|| take::<3>(values).into(), || matrix_from_rows(take(values)));
    match (from, to) {
        (AxisAngle, Matrix) => matrix_to_rows(matrix_from_axis_angle(vector())).to_vec(),
        (AxisAngle, Rot6d) => rot6d_from_axis_angle(vector()).to_vec(),
        (AxisAngle, Quaternion) => quaternion_from_axis_angle(vector()).to_vec(),
        (Matrix, AxisAngle) => axis_angle_from_matrix(matrix()).to_array().to_vec(),
        (Matrix, Rot6d) => rot6d_from_matrix(matrix()).to_vec(),
        (Matrix, Quaternion) => quaternion_from_matrix(matrix()).to_vec(),
        (Rot6d, AxisAngle) => axis_angle_from_rot6d(take(values)).to_array().to_vec(),
        (Rot6d, Matrix) => matrix_to_rows(matrix_from_rot6d(take(values))).to_vec(),
        (Rot6d, Quaternion) => quaternion_from_rot6d(take(values)).to_vec(),
        (Quaternion, AxisAngle) => axis_angle_from_quaternion(take(values)).to_array().to_vec(),
        (Quaternion, Matrix) => {
            matrix_to_rows(matrix_from_axis_angle(axis_angle_from_quaternion(take(values)))).to_vec()
        }
        (Quaternion, Rot6d) => rot6d_from_quaternion(take(values)).to_vec(),
        (AxisAngle, AxisAngle) | (Matrix, Matrix) | (Rot6d, Rot6d) | (Quaternion, Quaternion) => values.to_vec(),
    }
}

/// Converts `count` rotations. `from` and `to` are `vimogen_rotation`s; `input` holds `count` rotations
/// as `from`, `output` has memory for `count` rotations as `to`, and the two do not overlap.
///
/// A value that is not finite is an error that names its index, and so is a result that is not finite, such as that of
/// values that overflow; the rotations before it are then written.
///
/// Rounding is that of the released model's data: a matrix made of a small angle is orthonormal only to 1e-6 / angle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_convert_rotations(
    from: i32,
    to: i32,
    input: *const f32,
    count: usize,
    output: *mut f32,
) -> vimogen_status {
    guard(|| {
        let (from, to) = (vimogen_rotation::new("from", from)?, vimogen_rotation::new("to", to)?);
        let (read, written) = (volume("input", &[count, from.numbers()])?, volume("output", &[count, to.numbers()])?);
        if count == 0 {
            return Ok(());
        }
        // SAFETY: the caller keeps the conventions of the header.
        let (input, output) = unsafe { (slice("input", input, read)?, room("output", output, written)?) };
        let rows = ArrayView2::from_shape((count, from.numbers()), input).map_err(Error::internal)?;
        check_finite("input", &rows)?;
        let pairs = input.chunks_exact(from.numbers()).zip(output.chunks_exact_mut(to.numbers()));
        for (i, (values, places)) in pairs.enumerate() {
            let converted = convert(from, to, values);
            if converted.iter().any(|value| !value.is_finite()) {
                let reason = format!("number {i} of its rotations is none: its conversion is not finite");
                return Err(Error::invalid("input", reason));
            }
            places.iter_mut().zip(converted).for_each(|(place, value)| _ = place.write(value));
        }
        Ok(())
    })
}

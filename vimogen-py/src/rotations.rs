//! `vimogen.rotations`: conversions of the last axes of an array.

use glam::Vec3;
use ndarray::ArrayD;
use numpy::{IntoPyArray, PyArrayDyn};
use pyo3::prelude::*;
use vimogen_core::Error;
use vimogen_core::error::check_finite;
use vimogen_core::motion::rotation::{self, matrix_from_rows, matrix_to_rows, rows};

use crate::args::Floats;
use crate::error::{OrRaise, invalid, raise};

type Out<'py> = PyResult<Bound<'py, PyArrayDyn<f32>>>;

/// Applies `f` to the last axes, of shape `from`; those of the result have the shape `to`. Values that are not finite are an
/// error, since some conversions take NaN to a rotation by 0.
fn map<'py, const N: usize, const M: usize>(
    py: Python<'py>,
    values: &Floats<'py>,
    from: &[usize],
    to: &[usize],
    f: impl Fn([f32; N]) -> [f32; M],
) -> Out<'py> {
    let view = values.as_array();
    let Some(lead) = view.shape().strip_suffix(from) else {
        let expected = from.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        return Err(raise(py, &Error::shape("rotations", format!("(..., {expected})"), view.shape())));
    };
    check_finite("rotations", &view).or_raise(py)?;
    let shape: Vec<usize> = lead.iter().chain(to).copied().collect();
    let flat = view.as_standard_layout();
    let flat = flat.as_slice().unwrap_or_default();
    let out: Vec<f32> = flat.as_chunks::<N>().0.iter().flat_map(|row| f(*row)).collect();
    if let Some(at) = out.iter().position(|value| !value.is_finite()) {
        return Err(invalid(
            py,
            "rotations",
            format!("number {} of them is none: its conversion is not finite", at / M),
        ));
    }
    let failed = |e: ndarray::ShapeError| raise(py, &Error::Internal { reason: e.to_string() });
    Ok(ArrayD::from_shape_vec(shape, out).map_err(failed)?.into_pyarray(py))
}

/// Rotation matrices (..., 3, 3) of axis-angle vectors (..., 3), radians.
#[pyfunction]
pub fn axis_angle_to_matrix<'py>(py: Python<'py>, axis_angle: Floats<'py>) -> Out<'py> {
    map(py, &axis_angle, &[3], &[3, 3], |v: [f32; 3]| matrix_to_rows(rotation::matrix_from_axis_angle(v.into())))
}

/// Axis-angle vectors (..., 3) of rotation matrices (..., 3, 3).
#[pyfunction]
pub fn matrix_to_axis_angle<'py>(py: Python<'py>, matrix: Floats<'py>) -> Out<'py> {
    map(py, &matrix, &[3, 3], &[3], |m| rotation::axis_angle_from_matrix(matrix_from_rows(m)).to_array())
}

/// Rot6D (..., 6), the first two columns of the matrix, of axis-angle vectors (..., 3).
#[pyfunction]
pub fn axis_angle_to_rot6d<'py>(py: Python<'py>, axis_angle: Floats<'py>) -> Out<'py> {
    map(py, &axis_angle, &[3], &[6], |v: [f32; 3]| rotation::rot6d_from_axis_angle(v.into()))
}

/// Axis-angle vectors (..., 3) of Rot6D (..., 6).
#[pyfunction]
pub fn rot6d_to_axis_angle<'py>(py: Python<'py>, rot6d: Floats<'py>) -> Out<'py> {
    map(py, &rot6d, &[6], &[3], |d| rotation::axis_angle_from_rot6d(d).to_array())
}

/// Rotation matrices (..., 3, 3) of Rot6D (..., 6), by Gram-Schmidt.
#[pyfunction]
pub fn rot6d_to_matrix<'py>(py: Python<'py>, rot6d: Floats<'py>) -> Out<'py> {
    map(py, &rot6d, &[6], &[3, 3], |d| matrix_to_rows(rotation::matrix_from_rot6d(d)))
}

/// Rot6D (..., 6) of rotation matrices (..., 3, 3): their first two columns, flattened row by row.
#[pyfunction]
pub fn matrix_to_rot6d<'py>(py: Python<'py>, matrix: Floats<'py>) -> Out<'py> {
    map(py, &matrix, &[3, 3], &[6], |m| rotation::rot6d_from_matrix(matrix_from_rows(m)))
}

/// Axis-angle vectors (..., 3) of quaternions (..., 4), w first, of any norm.
#[pyfunction]
pub fn quaternion_to_axis_angle<'py>(py: Python<'py>, quaternion: Floats<'py>) -> Out<'py> {
    map(py, &quaternion, &[4], &[3], |q| rotation::axis_angle_from_quaternion(q).to_array())
}

/// Unit quaternions (..., 4), w first, of axis-angle vectors (..., 3).
#[pyfunction]
pub fn axis_angle_to_quaternion<'py>(py: Python<'py>, axis_angle: Floats<'py>) -> Out<'py> {
    map(py, &axis_angle, &[3], &[4], |v: [f32; 3]| rotation::quaternion_from_axis_angle(v.into()))
}

/// Rot6D (..., 6) of quaternions (..., 4), w first.
#[pyfunction]
pub fn quaternion_to_rot6d<'py>(py: Python<'py>, quaternion: Floats<'py>) -> Out<'py> {
    map(py, &quaternion, &[4], &[6], rotation::rot6d_from_quaternion)
}

/// Quaternions (..., 4), w first, of Rot6D (..., 6).
#[pyfunction]
pub fn rot6d_to_quaternion<'py>(py: Python<'py>, rot6d: Floats<'py>) -> Out<'py> {
    map(py, &rot6d, &[6], &[4], rotation::quaternion_from_rot6d)
}

/// MBench's family: Rot6D (..., 6), the first two *rows* of the matrix, of axis-angle vectors (..., 3).
#[pyfunction]
pub fn axis_angle_to_rot6d_rows<'py>(py: Python<'py>, axis_angle: Floats<'py>) -> Out<'py> {
    map(py, &axis_angle, &[3], &[6], |v: [f32; 3]| {
        rows::rot6d_from_matrix(rows::matrix_from_axis_angle_by_quaternion(v.into()))
    })
}

/// MBench's family: rotation matrices (..., 3, 3) of row-wise Rot6D (..., 6).
#[pyfunction]
pub fn rot6d_rows_to_matrix<'py>(py: Python<'py>, rot6d: Floats<'py>) -> Out<'py> {
    map(py, &rot6d, &[6], &[3, 3], |d| matrix_to_rows(rows::matrix_from_rot6d(d)))
}

/// MBench's family: quaternions (..., 4), w first, of axis-angle vectors (..., 3).
#[pyfunction]
pub fn axis_angle_to_quaternion_mbench<'py>(py: Python<'py>, axis_angle: Floats<'py>) -> Out<'py> {
    map(py, &axis_angle, &[3], &[4], |v: [f32; 3]| rows::quaternion_from_axis_angle(v.into()))
}

/// MBench's family: rotation matrices (..., 3, 3) of axis-angle vectors (..., 3), through a quaternion.
#[pyfunction]
pub fn axis_angle_to_matrix_mbench<'py>(py: Python<'py>, axis_angle: Floats<'py>) -> Out<'py> {
    map(py, &axis_angle, &[3], &[3, 3], |v: [f32; 3]| {
        matrix_to_rows(rows::matrix_from_axis_angle_by_quaternion(v.into()))
    })
}

/// The body models' own rotation matrices (..., 3, 3) of axis-angle vectors (..., 3).
#[pyfunction]
pub fn axis_angle_to_matrix_smplx<'py>(py: Python<'py>, axis_angle: Floats<'py>) -> Out<'py> {
    map(py, &axis_angle, &[3], &[3, 3], |v: [f32; 3]| matrix_to_rows(rows::matrix_from_axis_angle_smplx(Vec3::from(v))))
}

//! Golden `rotations`: both families.

use glam::Vec3;
use ndarray::{ArrayD, IxDyn};
use vimogen_core::motion::rotation;

use crate::common::Golden;

/// Applies `f` to each row of N numbers of `input`; the result has the trailing shape `tail`.
fn map_rows<const N: usize, const M: usize>(
    input: &ArrayD<f32>,
    tail: &[usize],
    f: impl Fn([f32; N]) -> [f32; M],
) -> ArrayD<f32> {
    let flat: Vec<f32> = input.iter().copied().collect();
    let out: Vec<f32> = flat.as_chunks::<N>().0.iter().flat_map(|row| f(*row)).collect();
    let mut shape = vec![flat.len() / N];
    shape.extend_from_slice(tail);
    ArrayD::from_shape_vec(IxDyn(&shape), out).expect("shape")
}

#[test]
fn axis_angle_cases_match() {
    let golden = Golden::open("rotations");
    for case in ["aa_generic", "aa_small", "aa_beyond_pi"] {
        let aa = golden.input(case, "aa");
        let check = |name: &str, got: ArrayD<f32>| golden.assert_output(case, name, got.view());
        check(
            "matrix",
            map_rows(&aa, &[3, 3], |v| rotation::matrix_to_rows(rotation::matrix_from_axis_angle(v.into()))),
        );
        check("rot6d", map_rows(&aa, &[6], |v| rotation::rot6d_from_axis_angle(v.into())));
        check("quat", map_rows(&aa, &[4], |v| rotation::quaternion_from_axis_angle(v.into())));
        check(
            "aa_via_quat",
            map_rows(&aa, &[3], |v| {
                rotation::axis_angle_from_quaternion(rotation::quaternion_from_axis_angle(Vec3::from(v))).to_array()
            }),
        );
        check(
            "aa_via_matrix",
            map_rows(&aa, &[3], |v| {
                rotation::axis_angle_from_matrix(rotation::matrix_from_axis_angle(v.into())).to_array()
            }),
        );
    }
}

//! Golden `rotations`: both families.

use glam::Vec3;
use ndarray::{ArrayD, Axis, IxDyn};
use vimogen_core::motion::rotation::{self, rows};

use crate::common::{Golden, assert_all_cases, assert_close};

/// Applies `f` to each row of N values of `input`; the result has the trailing shape `tail`.
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

/// Rotation matrix of an axis-angle vector in f64, exactly orthonormal.
fn exact_matrix(v: [f32; 3]) -> [f64; 9] {
    let v = Vec3::from(v).as_dvec3();
    glam::DMat3::from_axis_angle(v.normalize_or(glam::DVec3::X), v.length()).to_cols_array()
}

/// Asserts that two axis-angle arrays are the same rotations: near pi the sign of the vector is decided by rounding.
#[track_caller]
fn assert_same_rotations(what: &str, got: &ArrayD<f32>, want: &ArrayD<f32>, atol: f32) {
    let exact = |a: &ArrayD<f32>| map_rows(a, &[9], |v| exact_matrix(v).map(|x| x as f32));
    assert_close(what, exact(got).view(), exact(want).view(), atol);
}

fn golden() -> Golden {
    Golden::open("rotations")
}

fn matrix(v: [f32; 3]) -> [f32; 9] {
    rotation::matrix_to_rows(rotation::matrix_from_axis_angle(v.into()))
}

fn via_quaternion(v: [f32; 3]) -> [f32; 3] {
    rotation::axis_angle_from_quaternion(rotation::quaternion_from_axis_angle(v.into())).to_array()
}

fn via_matrix(v: [f32; 3]) -> [f32; 3] {
    rotation::axis_angle_from_matrix(rotation::matrix_from_axis_angle(v.into())).to_array()
}

fn via_rot6d(v: [f32; 3]) -> [f32; 3] {
    rotation::axis_angle_from_rot6d(rotation::rot6d_from_axis_angle(v.into())).to_array()
}

#[test]
fn axis_angle_to_matrix_rot6d_and_quaternion_matches() {
    let golden = golden();
    for case in ["aa_generic", "aa_small", "aa_near_pi", "aa_pi", "aa_beyond_pi"] {
        let aa = golden.input(case, "aa");
        let rot6d = map_rows(&aa, &[6], |v| rotation::rot6d_from_axis_angle(v.into()));
        let quat = map_rows(&aa, &[4], |v| rotation::quaternion_from_axis_angle(v.into()));
        golden.assert_output(case, "matrix", map_rows(&aa, &[3, 3], matrix).view());
        golden.assert_output(case, "rot6d", rot6d.view());
        golden.assert_output(case, "quat", quat.view());
    }
}

#[test]
fn axis_angle_round_trips_match() {
    let golden = golden();
    for case in ["aa_generic", "aa_small", "aa_beyond_pi"] {
        let aa = golden.input(case, "aa");
        golden.assert_output(case, "aa_via_quat", map_rows(&aa, &[3], via_quaternion).view());
        golden.assert_output(case, "aa_via_matrix", map_rows(&aa, &[3], via_matrix).view());
        golden.assert_output(case, "aa_via_rot6d", map_rows(&aa, &[3], via_rot6d).view());
    }
}

#[test]
fn axis_angle_round_trips_near_pi_are_the_same_rotations() {
    let golden = golden();
    for case in ["aa_near_pi", "aa_pi"] {
        let aa = golden.input(case, "aa");
        for (name, got) in [
            ("aa_via_quat", map_rows(&aa, &[3], via_quaternion)),
            ("aa_via_matrix", map_rows(&aa, &[3], via_matrix)),
            ("aa_via_rot6d", map_rows(&aa, &[3], via_rot6d)),
        ] {
            // aa_pi has no bound of its own: there f32 and f64 differ in sign. The bound of its neighbours serves.
            let atol = golden.atol("aa_near_pi", name);
            assert_same_rotations(&format!("{case}.{name}"), &got, &golden.output(case, name), atol);
        }
    }
}

#[test]
fn matrices_match_even_if_they_are_no_rotations() {
    let golden = golden();
    for case in ["mat_exact", "mat_bad"] {
        let input = golden.input(case, "matrix");
        let rows = rotation::matrix_from_rows;
        let rot6d = map_rows(&input, &[6], |m| rotation::rot6d_from_matrix(rows(m)));
        golden.assert_output(case, "rot6d", rot6d.view());
        let aa = map_rows(&input, &[3], |m| rotation::axis_angle_from_matrix(rows(m)).to_array());
        golden.assert_output(case, "aa", aa.view());
    }
}

/// The outputs that every case with `rot6d` inputs has.
fn from_rot6d(input: &ArrayD<f32>) -> [(&'static str, ArrayD<f32>); 4] {
    let again = |d| rotation::rot6d_from_matrix(rotation::matrix_from_rot6d(d));
    [
        ("matrix", map_rows(input, &[3, 3], |d| rotation::matrix_to_rows(rotation::matrix_from_rot6d(d)))),
        ("aa", map_rows(input, &[3], |d| rotation::axis_angle_from_rot6d(d).to_array())),
        ("quat", map_rows(input, &[4], rotation::quaternion_from_rot6d)),
        ("rot6d_again", map_rows(input, &[6], again)),
    ]
}

#[test]
fn rot6d_cases_match() {
    let golden = golden();
    for case in ["rot6d_orthonormal", "rot6d_noisy", "rot6d_random", "rot6d_scaled"] {
        for (name, got) in from_rot6d(&golden.input(case, "rot6d")) {
            golden.assert_output(case, name, got.view());
        }
    }
}

#[test]
fn degenerate_rot6d_match_as_far_as_they_are_defined() {
    let golden = golden();
    let case = "rot6d_degenerate";
    for (name, got) in from_rot6d(&golden.input(case, "rot6d")) {
        let want = golden.output(case, name);
        // Almost parallel columns amplify rounding by the inverse of their angle; rows 6 to 11 are exact but for pi.
        for (rows, atol) in [(3..4, 2e-5), (4..5, 2e-4), (5..6, 2e-3), (6..12, 2e-6)] {
            let part = |a: &ArrayD<f32>| a.slice_axis(Axis(0), rows.clone().into()).to_owned();
            assert_close(&format!("{name} rows {rows:?}"), part(&got).view(), part(&want).view(), atol);
        }
        if name == "aa" {
            assert!(got.iter().all(|v| v.is_finite()), "{got}");
        }
    }
}

#[test]
fn quaternion_cases_match() {
    let golden = golden();
    for case in ["quat_unit", "quat_nonunit", "quat_special"] {
        let quat = golden.input(case, "quat");
        let again = |q| rotation::quaternion_from_axis_angle(rotation::axis_angle_from_quaternion(q));
        golden.assert_output(
            case,
            "aa",
            map_rows(&quat, &[3], |q| rotation::axis_angle_from_quaternion(q).to_array()).view(),
        );
        golden.assert_output(case, "quat_again", map_rows(&quat, &[4], again).view());
        golden.assert_output(case, "rot6d", map_rows(&quat, &[6], rotation::rot6d_from_quaternion).view());
    }
}

#[test]
fn the_mbench_family_matches() {
    let golden = golden();
    let aa = golden.input("mbench_aa", "aa");
    let matrix = |v: [f32; 3]| rows::matrix_from_axis_angle_by_quaternion(v.into());
    let rot6d = |v| rows::rot6d_from_matrix(matrix(v));
    let again = |v| rotation::matrix_to_rows(rows::matrix_from_rot6d(rot6d(v)));
    let quaternion = |v: [f32; 3]| rows::quaternion_from_axis_angle(v.into());
    let check = |case: &str, name: &str, got: ArrayD<f32>| golden.assert_output(case, name, got.view());
    check("mbench_aa", "matrix", map_rows(&aa, &[3, 3], |v| rotation::matrix_to_rows(matrix(v))));
    check("mbench_aa", "rot6d_rows", map_rows(&aa, &[6], rot6d));
    check("mbench_aa", "matrix_from_rot6d_rows", map_rows(&aa, &[3, 3], again));
    check("mbench_aa", "quat", map_rows(&aa, &[4], quaternion));
    check("nrdf_aa", "quat", map_rows(&golden.input("nrdf_aa", "aa"), &[4], quaternion));

    let rot6d = golden.input("mbench_rot6d_rows", "rot6d");
    let matrix = |d| rotation::matrix_to_rows(rows::matrix_from_rot6d(d));
    check("mbench_rot6d_rows", "matrix", map_rows(&rot6d, &[3, 3], matrix));

    let body = |v: [f32; 3]| rotation::matrix_to_rows(rows::matrix_from_axis_angle_smplx(v.into()));
    check("smplx_rodrigues", "matrix", map_rows(&golden.input("smplx_rodrigues", "aa"), &[3, 3], body));
}

#[test]
fn every_case_is_consumed() {
    let all = [
        "aa_generic",
        "aa_small",
        "aa_near_pi",
        "aa_pi",
        "aa_beyond_pi",
        "mat_exact",
        "mat_bad",
        "rot6d_orthonormal",
        "rot6d_noisy",
        "rot6d_random",
        "rot6d_scaled",
        "rot6d_degenerate",
        "quat_unit",
        "quat_nonunit",
        "quat_special",
        "mbench_aa",
        "mbench_rot6d_rows",
        "nrdf_aa",
        "smplx_rodrigues",
    ];
    assert_all_cases(&golden(), all);
}

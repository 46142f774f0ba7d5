//! Golden `mbench_motion_quality`: the five metrics, foot contact and their helpers.

use glam::Vec3;
use ndarray::{Array3, Ix3};
use serde_json::Value;
use vimogen_core::mbench::Dimension;
use vimogen_core::mbench::aggregate::Aggregate;
use vimogen_core::mbench::contact::{foot_contact, overlaps, runs};
use vimogen_core::mbench::quality::{CheckedJoints, UpAxis, angle_between};
use vimogen_core::{ErrorCode, Result};

use crate::common::Golden;

/// The golden README's tolerance for values that do not depend on a threshold.
const METRIC_ATOL: f64 = 1e-6;
/// The angles have no recorded bound: a few units in the last place of an arc cosine near 1 and -1.
const ANGLE_ATOL: f64 = 2e-4;

fn joints(golden: &Golden, case: &str) -> Array3<f32> {
    golden.input(case, "joints").into_dimensionality::<Ix3>().expect("three axes")
}

fn metric(name: &str, joints: &Array3<f32>) -> Result<f32> {
    let dimension: Dimension = name.parse()?;
    dimension.measure(&CheckedJoints::new(joints.view(), UpAxis::Z)?)
}

/// Cases that hold a motion.
fn motions(golden: &Golden) -> Vec<String> {
    golden.cases().into_iter().filter(|case| golden.has(&format!("{case}.input.joints"))).collect()
}

#[test]
fn every_metric_of_every_motion_matches() {
    let golden = Golden::open("mbench_motion_quality");
    let mut compared = 0;
    // The release scores NaN like a motion without faults, which is an error here.
    let broken = joints(&golden, "with_nan");
    for dimension in golden.case("with_nan")["metrics"].as_object().expect("metrics").keys() {
        assert_eq!(metric(dimension, &broken).unwrap_err().code(), ErrorCode::NonFinite, "{dimension}");
    }
    for case in motions(&golden).into_iter().filter(|case| case != "with_nan") {
        let joints = joints(&golden, &case);
        let fragile = golden.case(&case)["fragile"].as_array().expect("fragile");
        for (name, want) in golden.case(&case)["metrics"].as_object().expect("metrics") {
            let got = metric(name, &joints);
            match want {
                _ if fragile.contains(&Value::from(name.as_str())) => continue,
                Value::String(s) if s == "nan" => assert!(got.expect("a number").is_nan(), "{case} {name}"),
                Value::String(_) => assert_eq!(got.unwrap_err().code(), ErrorCode::InvalidArgument, "{case} {name}"),
                want => {
                    let (got, want) = (f64::from(got.expect("a number")), want.as_f64().expect("a number"));
                    assert!((got - want).abs() <= METRIC_ATOL, "{case} {name}: {got} {want}");
                }
            }
            compared += 1;
        }
    }
    assert_eq!(compared, 24 * 5 - 1, "24 motions of numbers, one fragile value");
}

#[test]
fn foot_contact_matches_exactly() {
    let golden = Golden::open("mbench_motion_quality");
    for case in motions(&golden).into_iter().filter(|case| case != "with_nan") {
        let got = foot_contact(joints(&golden, &case).view(), UpAxis::Z).expect("contact");
        let want = golden.output(&case, "contact");
        let flat: Vec<f32> = got.iter().flatten().map(|touches| f32::from(u8::from(*touches))).collect();
        assert_eq!(got.len(), want.shape()[0], "{case}");
        assert_eq!(flat, want.iter().copied().collect::<Vec<_>>(), "{case}");
    }
}

/// A list of closed ranges in json.
fn ranges(value: &Value) -> Vec<(usize, usize)> {
    let index = |v: &Value| v.as_u64().expect("index") as usize;
    value.as_array().expect("ranges").iter().map(|r| (index(&r[0]), index(&r[1]))).collect()
}

#[test]
fn runs_and_overlaps_match() {
    let golden = Golden::open("mbench_motion_quality");
    let contact = golden.input("get_range", "contact");
    let config = &golden.case("get_range")["config"];
    for foot in 0..2 {
        let states = || contact.column_of(foot);
        assert_eq!(runs(states(), false), ranges(&config["contact_false"][foot]));
        assert_eq!(runs(states(), true), ranges(&config["contact_true"][foot]));
    }
    let config = &golden.case("find_common_intervals")["config"];
    let got = overlaps(&ranges(&config["a"]), &ranges(&config["b"]));
    let want = golden.output("find_common_intervals", "common");
    let want: Vec<_> = want.rows().into_iter().map(|r| (r[0] as usize, r[1] as usize)).collect();
    assert_eq!(got, want);
}

/// One foot's contact as booleans.
trait ColumnOf {
    fn column_of(&self, foot: usize) -> Vec<bool>;
}

impl ColumnOf for ndarray::ArrayD<f32> {
    fn column_of(&self, foot: usize) -> Vec<bool> {
        self.rows().into_iter().map(|row| row[foot] != 0.0).collect()
    }
}

#[test]
fn angles_between_vectors_match() {
    let golden = Golden::open("mbench_motion_quality");
    let (a, b) = (golden.input("calculate_angle", "a"), golden.input("calculate_angle", "b"));
    let want = golden.output("calculate_angle", "angle");
    for ((a, b), want) in a.rows().into_iter().zip(b.rows()).zip(want.iter()) {
        let got = angle_between(Vec3::new(a[0], a[1], a[2]), Vec3::new(b[0], b[1], b[2]));
        assert!(f64::from((got - want).abs()) <= ANGLE_ATOL, "{got} {want}");
    }
}

#[test]
fn aggregates_match() {
    let golden = Golden::open("mbench_motion_quality");
    let aggregate = &golden.meta()["aggregate"];
    let names = aggregate["motions"].as_array().expect("motions");
    let clips: Vec<_> = names.iter().map(|n| joints(&golden, n.as_str().expect("name"))).collect();
    for (name, want) in aggregate["result"].as_object().expect("result") {
        let values: Vec<f32> = clips.iter().map(|c| metric(name, c).expect("a number")).collect();
        let got = Aggregate::of(&values);
        for (what, got) in [("mean", got.mean), ("std", got.std)] {
            let want = want[what].as_f64().expect("a number");
            assert!((f64::from(got) - want).abs() <= METRIC_ATOL, "{name} {what}: {got} {want}");
        }
        assert_eq!(got.num_samples as u64, want["num_samples"].as_u64().expect("count"));
    }
    assert_eq!(Aggregate::of(&[]), Aggregate { mean: 0.0, std: 0.0, num_samples: 0 });
}

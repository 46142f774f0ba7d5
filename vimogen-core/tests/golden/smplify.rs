//! Golden `smplify`: priors, errors, losses and their slopes, and fits whose loss is no higher than the release's.
//!
//! Most of it needs the published mixture `gmm_08.pkl`, which is not part of the repository. The folder is that of
//! `VIMOGEN_RELEASE_DATA`, or `../shared/data` next to the repository; without it these tests print a note and pass.

use std::path::{Path, PathBuf};

use glam::DVec3;
use ndarray::{Array1, Array2, ArrayD, Axis, Ix3};
use vimogen_core::body::BodyModel;
use vimogen_core::mbench::pose::{PoseClip, PoseOrigin};
use vimogen_core::mbench::smplify::{
    GaussianMixture, JointModel, Loss, MeanParameters, Parameters, Smplify, Target, TorsoLoss, angle_prior, robust,
};
use vimogen_core::progress::ignore;

use crate::common::{Golden, assert_all_cases, assert_close, folder};

#[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
fn release_file(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let path = std::env::var_os("VIMOGEN_RELEASE_DATA").map_or(beside, PathBuf::from).join(name);
    if !path.exists() {
        eprintln!("skipped: no {name}; set VIMOGEN_RELEASE_DATA to a folder that has it");
    }
    path.exists().then_some(path)
}

fn mixture() -> Option<GaussianMixture> {
    release_file("gmm_08.pkl").map(|path| GaussianMixture::load(path).unwrap())
}

fn synthetic() -> BodyModel {
    BodyModel::load(folder().join("body_models/smpl_synthetic.npz")).unwrap()
}

/// The joints of the synthetic body.
fn body() -> JointModel {
    JointModel::new(&synthetic())
}

fn doubles(array: &ArrayD<f32>) -> Vec<f64> {
    array.iter().map(|v| f64::from(*v)).collect()
}

fn fixed<const N: usize>(array: ArrayD<f32>) -> [f64; N] {
    doubles(&array).try_into().unwrap()
}

/// Row `i` of each array of a case as the parameters of a frame.
fn parameters(get: &dyn Fn(&str) -> ArrayD<f32>, names: [&str; 4], i: usize) -> Parameters {
    let row = |name: &str| get(name).index_axis_move(Axis(0), i);
    Parameters::new(&fixed(row(names[0])), &fixed(row(names[1])), &fixed(row(names[2])), &fixed(row(names[3])))
}

/// Row `i` of joints `(n, 22, 3)`.
fn target(joints: &ArrayD<f32>, confidence: [f64; 22], i: usize) -> Target {
    let frame = joints.index_axis(Axis(0), i);
    let at = |j: usize| DVec3::from_array(std::array::from_fn(|c| f64::from(frame[[j, c]])));
    Target { joints: std::array::from_fn(at), confidence }
}

#[test]
fn the_mixture_matches() {
    let golden = Golden::open("smplify");
    let Some(prior) = mixture() else { return };
    let poses = golden.input("gmm", "body_pose");
    let rows: Vec<Vec<f64>> = poses.outer_iter().map(|row| doubles(&row.to_owned())).collect();
    let costs: Vec<(f64, usize)> = rows.iter().map(|row| prior.cost(row)).collect();
    let floats = |values: Vec<f64>| Array1::from_iter(values.into_iter().map(|v| v as f32)).into_dyn();
    golden.assert_output("gmm", "nll", floats(costs.iter().map(|c| c.0).collect()).view());
    golden.assert_output("gmm", "component", floats(costs.iter().map(|c| c.1 as f64).collect()).view());
    golden.assert_output("gmm", "log_nll_weights", floats(prior.log_weights()).view());
    let slopes: Vec<f64> = rows.iter().zip(&costs).flat_map(|(row, c)| prior.gradient(row, c.1)).collect();
    let slopes = floats(slopes).into_shape_with_order(poses.shape()).unwrap();
    golden.assert_output("gmm", "grad", slopes.view());
}

#[test]
fn robust_error_and_angle_prior_match() {
    let golden = Golden::open("smplify");
    let x = golden.input("gmof", "x");
    for (name, sigma, scale) in [("y_sigma100", 100.0, 1.0), ("y_sigma1", 1.0, 0.01)] {
        let want = golden.output("gmof", name);
        let got = x.mapv(|x| robust(f64::from(x * scale), sigma) as f32);
        let largest = want.iter().fold(0f32, |m, v| m.max(v.abs()));
        assert_close(name, got.view(), want.view(), 5e-7 * largest);
    }
    let want = golden.output("angle_prior", "y");
    for (pose, want) in golden.input("angle_prior", "body_pose").outer_iter().zip(want.outer_iter()) {
        let got = angle_prior(&doubles(&pose.to_owned()));
        for (got, want) in got.iter().zip(want) {
            assert!((*got as f32 - want).abs() <= 5e-7 * want.abs().max(1.0), "{got} {want}");
        }
    }
}

const NAMES: [&str; 4] = ["global_orient", "body_pose", "betas", "camera_translation"];
/// Where the parameters of [`NAMES`] are among the 85.
const PLACES: [std::ops::Range<usize>; 4] = [0..3, 3..72, 72..82, 82..85];

/// Compares the summed loss and the slopes of the frames with a case's outputs.
fn assert_loss(golden: &Golden, case: &str, values: &[(f64, Vec<f64>)]) {
    let loss: f64 = values.iter().map(|(value, _)| value).sum();
    golden.assert_output(case, "loss", ndarray::arr0(loss as f32).into_dyn().view());
    for (name, place) in NAMES.iter().zip(PLACES) {
        let name = format!("d_{name}");
        if !golden.has(&format!("{case}.output.{name}")) {
            continue;
        }
        let want = golden.output(case, &name);
        let got = values.iter().flat_map(|(_, slope)| slope[place.clone()].iter().map(|v| *v as f32)).collect();
        golden.assert_output(case, &name, ArrayD::from_shape_vec(want.shape(), got).unwrap().view());
    }
}

#[test]
fn the_loss_and_its_slope_match() {
    let golden = Golden::open("smplify");
    let Some(prior) = mixture() else { return };
    let inputs = "body_loss_preserve5";
    let get = |name: &str| golden.input(inputs, name);
    let (body, joints, confidence) = (body(), get("j3d"), fixed(get("conf")));
    for (case, preserve_weight) in [(inputs, 5.0), ("body_loss_preserve0", 0.0)] {
        let values: Vec<(f64, Vec<f64>)> = (0..3)
            .map(|i| {
                let preserve = doubles(&get("preserve_pose").index_axis_move(Axis(0), i));
                let target = target(&joints, confidence, i);
                let loss = Loss { body: &body, prior: &prior, target: &target, preserve: &preserve, preserve_weight };
                let x = parameters(&get, NAMES, i);
                (loss.value(&x), loss.gradient(&x))
            })
            .collect();
        assert_loss(&golden, case, &values);
    }
}

#[test]
fn the_torsos_loss_and_its_slope_match() {
    let golden = Golden::open("smplify");
    let get = |name: &str| golden.input("body_loss_preserve5", name);
    let (body, joints) = (body(), get("j3d"));
    let mut estimates = Array2::zeros((3, 3));
    let values: Vec<(f64, Vec<f64>)> = (0..3)
        .map(|i| {
            let (x, target) = (parameters(&get, NAMES, i), target(&joints, [1.0; 22], i));
            let estimate = TorsoLoss::estimate(&body, &target, &x);
            estimates.row_mut(i).assign(&Array1::from(estimate.as_vec3().to_array().to_vec()));
            let loss = TorsoLoss { body: &body, target: &target, estimate };
            (loss.value(&x), loss.gradient(&x))
        })
        .collect();
    golden.assert_output("camera_loss", "guess_init", estimates.insert_axis(Axis(1)).into_dyn().view());
    assert_loss(&golden, "camera_loss", &values);
}

#[test]
fn the_mean_parameters_file_is_read() {
    let golden = Golden::open("smplify");
    let Some(path) = release_file("neutral_smpl_mean_params.h5") else { return };
    let mean = MeanParameters::load(path).unwrap();
    let x = mean.parameters();
    let pose: Vec<f32> = (0..24).flat_map(|j| x.rotation(j).as_vec3().to_array()).collect();
    let betas: Vec<f32> = x.betas().iter().map(|b| *b as f32).collect();
    for (name, got) in [("pose", pose), ("betas", betas)] {
        assert_eq!(Array1::from(got).into_dyn(), golden.output("fit_init", name), "{name}");
    }
}

/// The loss that a case reports at the parameters that it reports: that the two mean the same.
fn release_loss(golden: &Golden, case: &str, body: &JointModel, prior: &GaussianMixture) -> f64 {
    let joints = golden.input("fit_target", "joints");
    let get = |name: &str| golden.output(case, name);
    let one = |i: usize| {
        let pose = doubles(&get("pose").index_axis_move(Axis(0), i));
        let rest = |name: &str| get(name).index_axis_move(Axis(0), i);
        let (orient, body_pose) = (pose[..3].try_into().unwrap(), pose[3..].try_into().unwrap());
        let x = Parameters::new(orient, body_pose, &fixed(rest("betas")), &fixed(rest("camera_translation")));
        let target = target(&joints, [1.0; 22], i);
        Loss { body, prior, target: &target, preserve: &[], preserve_weight: 0.0 }.value(&x)
    };
    (0..joints.shape()[0]).map(one).sum()
}

#[test]
fn fits_end_no_higher_than_the_releases() {
    let golden = Golden::open("smplify");
    let (Some(prior), Some(mean)) = (mixture(), release_file("neutral_smpl_mean_params.h5")) else { return };
    let (body, mean) = (body(), MeanParameters::load(mean).unwrap());
    let joints = golden.input("fit_target", "joints").into_dimensionality::<Ix3>().unwrap();
    let fit = Smplify::new(body.clone(), Some(mean), Some(prior.clone())).fit(joints.view(), &mut ignore).unwrap();
    let loss: f64 = fit.losses.iter().sum();
    for case in ["fit_iters5", "fit_iters20", "fit_iters150"] {
        let config = &golden.case(case)["config"];
        let reported = config["final_loss"].as_f64().unwrap();
        let recomputed = release_loss(&golden, case, &body, &prior);
        assert!((recomputed - reported).abs() < 1e-5 * reported, "{case}: {recomputed} {reported}");
        assert!(loss <= reported, "{case}: {loss} {reported}");
        assert!(fit.mean_joint_error <= config["mean_joint_error"].as_f64().unwrap(), "{case}");
    }
}

/// Rotations were converted through 6D there and through axis-angle here, both in f32.
const VERTEX_ATOL: f32 = 2e-6;

#[test]
fn vertices_of_fitted_poses_match() {
    let golden = Golden::open("smplify");
    let pose = golden.output("fit_iters20", "pose").into_shape_with_order((4, 24, 3)).unwrap();
    let joints = golden.input("fit_target", "joints").into_dimensionality::<Ix3>().unwrap();
    let clip = PoseClip::new(&synthetic(), pose, joints, PoseOrigin::Fitted).unwrap();
    golden.assert_within("fit_vertices", "vertices", clip.vertices.into_dyn().view(), VERTEX_ATOL);
}

#[test]
fn every_case_is_read() {
    let read = ["gmm", "gmof", "angle_prior", "body_loss_preserve5", "body_loss_preserve0", "camera_loss"];
    let fits = ["fit_target", "fit_init", "fit_iters5", "fit_iters20", "fit_iters150", "fit_vertices"];
    assert_all_cases(&Golden::open("smplify"), read.into_iter().chain(fits));
}

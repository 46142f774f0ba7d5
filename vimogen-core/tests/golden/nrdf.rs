//! Golden `nrdf`: the pose distance network and the score made of it.

use std::path::PathBuf;

use ndarray::{ArrayD, Axis, Ix3};
use vimogen_core::ErrorCode;
use vimogen_core::mbench::nrdf::{Nrdf, PoseRows};

use crate::common::{Golden, assert_all_cases, folder};

fn model() -> PathBuf {
    folder().join("nrdf_model")
}

fn three(array: ArrayD<f32>) -> ndarray::Array3<f32> {
    array.into_dimensionality::<Ix3>().unwrap()
}

#[test]
fn distances_and_features_match() {
    let golden = Golden::open("nrdf");
    assert_all_cases(&golden, ["quat21", "quat_large", "pose_quality"]);
    let nrdf = Nrdf::from_folder(model()).unwrap();
    for case in ["quat21", "quat_large"] {
        let quaternions = three(golden.input(case, "quat"));
        let distances = nrdf.distance(quaternions.view()).unwrap().insert_axis(Axis(1));
        golden.assert_output(case, "dist", distances.into_dyn().view());
    }
    let latent = nrdf.encode(three(golden.input("quat21", "quat")).view()).unwrap();
    golden.assert_output("quat21", "latent", latent.into_dyn().view());
}

#[test]
fn pose_quality_matches_with_the_releases_rows_and_with_the_body_joints() {
    let golden = Golden::open("nrdf");
    let nrdf = Nrdf::from_folder(model()).unwrap();
    let pose = three(golden.input("pose_quality", "pose"));
    let distances = |rows| nrdf.pose_distances(pose.view(), rows).unwrap().insert_axis(Axis(1)).into_dyn();
    let atol = golden.atol("pose_quality", "dist");
    golden.assert_within("pose_quality", "dist", distances(PoseRows::FromRoot).view(), atol);
    let body = "dist_if_body_joints_1_to_21_were_used";
    golden.assert_within("pose_quality", body, distances(PoseRows::BodyJoints).view(), atol);
    let want = golden.case("pose_quality")["config"]["value"].as_f64().unwrap();
    let got = nrdf.pose_quality(pose.view(), PoseRows::default()).unwrap();
    assert!((got - want).abs() <= 10.0 * f64::from(atol), "{got} {want}");
}

#[test]
fn files_that_do_not_fit_are_errors_that_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.yaml");
    let checkpoint = model().join("checkpoints/checkpoint_epoch_best.tar");
    let text = std::fs::read_to_string(model().join("config.yaml")).unwrap();
    let load = |text: &str| {
        std::fs::write(&config, text).unwrap();
        Nrdf::load(&checkpoint, &config)
    };
    assert!(load(&text).is_ok());
    let narrow = load(&text.replace("out_dim: 6", "out_dim: 5")).unwrap_err();
    assert!(narrow.code() == ErrorCode::Weights && narrow.to_string().contains("enc.net.0"), "{narrow}");
    let other = load(&text.replace("-1,-1,-1,0", "-1,-1,-1,-1")).unwrap_err();
    assert!(other.to_string().contains("enc.net.3"), "{other}");
    let fewer = load(&text.replace(",17,18", ",17")).unwrap_err();
    assert_eq!(fewer.code(), ErrorCode::Weights, "{fewer}");
    assert_eq!(Nrdf::from_folder(folder.path()).unwrap_err().code(), ErrorCode::NotFound);
    let nrdf = Nrdf::from_folder(model()).unwrap();
    let short = ndarray::Array3::<f32>::zeros((2, 20, 3));
    assert_eq!(nrdf.pose_quality(short.view(), PoseRows::default()).unwrap_err().code(), ErrorCode::Shape);
}

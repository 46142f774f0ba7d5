//! Golden `motion_rep`: encode, decode, canonical placement, HMR import.

use ndarray::{Array2, Array3, ArrayD, Axis, Ix2, Ix3, arr2, s};
use vimogen_core::motion::canonical::{SMPLX_ROOT, apply_rotation, canonicalize, facing};
use vimogen_core::motion::clip::mbench_joints;
use vimogen_core::motion::codec::{DecodeMode, SmplMotion, decode, encode};
use vimogen_core::motion::hmr::process_hmr;
use vimogen_core::motion::rotation::{matrix_from_rows, matrix_to_rows};

use crate::common::{Golden, assert_all_cases};

fn golden() -> Golden {
    Golden::open("motion_rep")
}

fn two(array: ArrayD<f32>) -> Array2<f32> {
    array.into_dimensionality::<Ix2>().expect("two axes")
}

fn three(array: ArrayD<f32>) -> Array3<f32> {
    array.into_dimensionality::<Ix3>().expect("three axes")
}

/// The inputs of `synth.encode`, with other joints if `joints_of` names another case.
fn synth(golden: &Golden, joints_of: &str) -> SmplMotion {
    SmplMotion {
        global_orient: two(golden.input("synth.encode", "global_orient")),
        body_pose: two(golden.input("synth.encode", "body_pose")),
        transl: two(golden.input("synth.encode", "transl")),
        joints: three(golden.input(joints_of, "joints")),
    }
}

/// The input features of the decode cases of `clip`.
fn features(golden: &Golden, clip: &str) -> Array2<f32> {
    two(if clip == "synth" { golden.output("synth.encode", "motion") } else { golden.input(clip, "motion") })
}

fn rows(matrix: glam::Mat3) -> Array2<f32> {
    Array2::from_shape_vec((3, 3), matrix_to_rows(matrix).to_vec()).expect("3x3")
}

#[test]
fn encoding_matches() {
    let golden = golden();
    let got = encode(&synth(&golden, "synth.encode")).expect("encode");
    golden.assert_output("synth.encode", "motion", got.view().into_dyn());
}

#[test]
fn decoding_matches_in_all_modes() {
    let golden = golden();
    for clip in ["synth", "noisy", "one_frame", "clip"] {
        let features = features(&golden, clip);
        for (mode, name) in [
            (DecodeMode::Plain, "decode_plain"),
            (DecodeMode::Velocity, "decode_velocity"),
            (DecodeMode::EqualLength, "decode_equal_length"),
        ] {
            let case = format!("{clip}.{name}");
            let got = decode(features.view(), mode).expect("decode");
            golden.assert_output(&case, "global_orient", got.global_orient.view().into_dyn());
            golden.assert_output(&case, "body_pose", got.body_pose.view().into_dyn());
            golden.assert_output(&case, "transl", got.transl.view().into_dyn());
            golden.assert_output(&case, "joints", got.joints.view().into_dyn());
        }
        let joints = mbench_joints(features.view()).expect("joints");
        golden.assert_output(&format!("{clip}.mbench_joints"), "joints", joints.view().into_dyn());
    }
}

#[test]
fn a_decoded_clip_encodes_to_itself_as_upstream() {
    let golden = golden();
    let decoded = decode(features(&golden, "clip").view(), DecodeMode::EqualLength).expect("decode");
    let again = encode(&decoded).expect("encode");
    golden.assert_output("clip.reencode", "motion_first4", again.slice(s![..4, ..]).into_dyn());
}

#[test]
fn facing_and_rotation_about_the_root_match() {
    let golden = golden();
    let r_inv = facing(three(golden.input("synth.transform", "joints")).view()).expect("facing");
    golden.assert_output("synth.transform", "R_inv", rows(r_inv).view().into_dyn());

    let turn: Vec<f32> = golden.input("synth.apply_rotation", "R").iter().copied().collect();
    let mut smpl = synth(&golden, "synth.encode");
    let rotation = matrix_from_rows(turn.try_into().expect("nine numbers"));
    apply_rotation(rotation, smpl.global_orient.view_mut(), smpl.transl.view_mut());
    golden.assert_output("synth.apply_rotation", "global_orient", smpl.global_orient.view().into_dyn());
    golden.assert_output("synth.apply_rotation", "transl", smpl.transl.view().into_dyn());
}

#[test]
fn the_root_offset_is_the_published_one() {
    let golden = golden();
    let want: Vec<f32> = golden.meta()["smplx_root"]
        .as_array()
        .expect("array")
        .iter()
        .map(|v| v.as_f64().expect("number") as f32)
        .collect();
    assert_eq!(SMPLX_ROOT.to_array().as_slice(), want);
}

#[test]
fn canonical_placement_matches() {
    let golden = golden();
    let smpl = synth(&golden, "synth.transform");
    for (case, set_floor) in [("synth.canonicalize_floor0", false), ("synth.canonicalize_floor1", true)] {
        let got = canonicalize(&smpl, set_floor).expect("canonicalize");
        golden.assert_output(case, "motion", got.features.view().into_dyn());
        golden.assert_output(case, "joints", got.smpl.joints.slice(s![..-1, .., ..]).into_dyn());
        golden.assert_output(case, "delta_transl", arr2(&[got.delta.to_array()]).view().into_dyn());
        golden.assert_output(case, "R_inv", rows(got.r_inv).view().into_dyn());
    }
}

#[test]
fn hmr_import_matches() {
    let golden = golden();
    for (case, clip, set_floor) in [
        ("synth.process_hmr_floor0", "synth", false),
        ("synth.process_hmr_floor1", "synth", true),
        ("clip.process_hmr_floor1", "clip", true),
    ] {
        let intrinsic = golden.has(&format!("{case}.input.intrinsic")).then(|| {
            let m = two(golden.input(case, "intrinsic"));
            std::array::from_fn(|r| std::array::from_fn(|c| m[[r, c]]))
        });
        let got = process_hmr(features(&golden, clip).view(), intrinsic, set_floor).expect("import");
        golden.assert_output(case, "motion", got.canonical.features.view().into_dyn());
        golden.assert_output(case, "extrinsic", got.extrinsic.view().into_dyn());
        let joints = got.canonical.smpl.joints.slice_axis(Axis(0), (..-1).into()).into_dyn();
        golden.assert_output(case, "joints_canonical", joints);
        if intrinsic.is_some() {
            golden.assert_output(case, "intrinsic", arr2(&got.intrinsic).view().into_dyn());
        }
    }
}

#[test]
fn every_case_is_consumed_here_or_elsewhere() {
    let here = [
        "synth.encode",
        "synth.transform",
        "synth.apply_rotation",
        "synth.canonicalize_floor0",
        "synth.canonicalize_floor1",
        "synth.process_hmr_floor0",
        "synth.process_hmr_floor1",
        "noisy",
        "one_frame",
        "clip",
        "clip.reencode",
        "clip.process_hmr_floor1",
    ];
    let mut all: Vec<String> = here.map(String::from).to_vec();
    for clip in ["synth", "noisy", "one_frame", "clip"] {
        for case in ["decode_plain", "decode_velocity", "decode_equal_length", "mbench_joints"] {
            all.push(format!("{clip}.{case}"));
        }
    }
    // Cameras and depth pictures belong to rendering, not to the motion representation.
    let elsewhere = ["camera", "depth_to_gray"];
    assert_all_cases(&golden(), all.iter().map(String::as_str).chain(elsewhere));
}

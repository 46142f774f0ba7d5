//! Motion to other programs and back: glTF, BVH, AMASS, tables. The files stay in the target folder for third-party
//! readers (`tests/python/test_exchange.py`).

use std::path::PathBuf;

use glam::{DQuat, DVec3};
use ndarray::{Array2, s};
use vimogen_core::body::BodyModel;
use vimogen_core::data::procedural::{ProceduralDataset, Split};
use vimogen_core::format::npz::{self, NpzFile};
use vimogen_core::format::{RawTensor, TensorSource, npy};
use vimogen_core::io::LoadOptions;
use vimogen_core::io::bvh::{self, Bvh, BvhOptions, JointNames};
use vimogen_core::io::{amass, gltf};
use vimogen_core::motion::LengthUnit;
use vimogen_core::motion::Motion;
use vimogen_core::motion::codec::encode;

use crate::common::folder;

/// A clip whose positions and rotations agree.
fn walk() -> Motion {
    let smpl = ProceduralDataset::new(1, Split::Train).sample_with_frames(3, 100).motion;
    Motion::from_features(encode(&smpl).expect("features"), 20.0).expect("motion")
}

fn kept(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Asserts that all joints are within a millimetre and all rotations within 0.1 degree.
#[track_caller]
fn assert_same(got: &Motion, want: &Motion) {
    assert_eq!((got.len(), got.fps()), (want.len(), want.fps()));
    let (a, b) = (got.smpl(), want.smpl());
    let far = (&a.joints - &b.joints).iter().fold(0.0f32, |m, d| m.max(d.abs()));
    assert!(far < 1e-3, "joints are {far} m apart");
    let moved = (&a.transl - &b.transl).iter().fold(0.0f32, |m, d| m.max(d.abs()));
    assert!(moved < 1e-3, "translations are {moved} m apart");
    let turn = |x: &Array2<f32>, t: usize, j: usize| {
        DQuat::from_scaled_axis(DVec3::from_array(std::array::from_fn(|c| f64::from(x[[t, 3 * j + c]]))))
    };
    for t in 0..got.len() {
        let roots = [(&a.global_orient, &b.global_orient, 0)].into_iter();
        for (x, y, j) in roots.chain((0..21).map(|j| (&a.body_pose, &b.body_pose, j))) {
            // The sine of half the angle; its cosine would be all rounding.
            let angle = 2.0 * (turn(x, t, j).inverse() * turn(y, t, j)).xyz().length().asin();
            assert!(angle.to_degrees() < 0.1, "frame {t}: {} degrees", angle.to_degrees());
        }
    }
}

#[test]
fn bvh_comes_back_within_a_millimetre_and_a_tenth_of_a_degree_by_both_names_and_units() {
    let motion = walk();
    for (name, names, unit) in [
        ("exchange.bvh", JointNames::Smpl, LengthUnit::Centimetres),
        ("exchange_mixamo.bvh", JointNames::Mixamo, LengthUnit::Centimetres),
        ("exchange_metres.bvh", JointNames::Mixamo, LengthUnit::Metres),
    ] {
        let options = BvhOptions { names, unit, rest: None };
        bvh::save(kept(name), motion.smpl(), motion.fps(), &options).expect("save");
        assert_same(&Motion::load(kept(name)).expect("load"), &motion);
    }
    assert_eq!(Bvh::open(kept("exchange_mixamo.bvh")).expect("bvh").joints()[0].name, "mixamorig:Hips");
}

#[test]
fn a_skeleton_with_hanging_arms_and_one_spine_joint_keeps_its_limbs_where_they_are() {
    // Rest: arms down. Frame 1 lifts the left arm to the side and turns the hips.
    let arm = |side: &str, x: f64| {
        format!(
            "JOINT {side}Arm {{ OFFSET {x} 45 0 CHANNELS 3 Zrotation Xrotation Yrotation \
             JOINT {side}ForeArm {{ OFFSET 0 -28 0 CHANNELS 3 Zrotation Xrotation Yrotation \
             JOINT {side}Hand {{ OFFSET 0 -25 0 CHANNELS 3 Zrotation Xrotation Yrotation \
             End Site {{ OFFSET 0 -10 0 }} }} }} }} "
        )
    };
    let leg = |side: &str, x: f64| {
        format!(
            "JOINT {side}UpLeg {{ OFFSET {x} -5 0 CHANNELS 3 Zrotation Xrotation Yrotation \
             JOINT {side}Leg {{ OFFSET 0 -42 0 CHANNELS 3 Zrotation Xrotation Yrotation \
             JOINT {side}Foot {{ OFFSET 0 -41 0 CHANNELS 3 Zrotation Xrotation Yrotation \
             End Site {{ OFFSET 0 0 12 }} }} }} }} "
        )
    };
    let text = format!(
        "HIERARCHY ROOT Hips {{ OFFSET 0 0 0 CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation \
         JOINT Spine {{ OFFSET 0 12 0 CHANNELS 3 Zrotation Xrotation Yrotation \
         JOINT Neck {{ OFFSET 0 45 0 CHANNELS 3 Zrotation Xrotation Yrotation End Site {{ OFFSET 0 20 0 }} }} {}{}}} {}{}}} \
         MOTION Frames: 2 Frame Time: 0.0333333\n0 93 0 {}\n0 93 0 0 0 90 {} 90 {}\n",
        arm("Left", 18.0),
        arm("Right", -18.0),
        leg("Left", 9.0),
        leg("Right", -9.0),
        ["0"; 45].join(" "),
        ["0"; 6].join(" "),
        ["0"; 35].join(" "),
    );
    let motion = Bvh::from_bytes(text.as_bytes()).expect("bvh").to_motion(&LoadOptions::default()).expect("motion");
    assert_eq!((motion.len(), motion.fps()), (2, 30.0));
    let joints = motion.joints();
    let at = |t: usize, j: usize| glam::Vec3::from_array(std::array::from_fn(|c| joints[[t, j, c]]));
    // Facing +y: the left is at -x.
    assert!(at(0, 18).abs_diff_eq(glam::Vec3::new(-0.18, 0.0, 1.22), 1e-4), "{}", at(0, 18));
    // The hips turned by 90 degrees about the vertical, the lifted arm with them.
    assert!(at(1, 20).abs_diff_eq(glam::Vec3::new(0.0, -0.71, 1.50), 1e-4), "{}", at(1, 20));
    // The neutral body, whose rest is a T, has its arms hang and lift as well.
    let smpl = motion.smpl();
    let body = BodyModel::neutral();
    let worn = body.joints(&body.params(smpl).expect("params")).expect("joints");
    let hand =
        |t: usize, j: usize| glam::Vec3::from_array(std::array::from_fn(|c| worn[[t, j, c]] - worn[[t, j - 4, c]]));
    let (hanging, lifted) = (hand(0, 20).normalize_or_zero(), hand(1, 20).normalize_or_zero());
    assert!(hanging.z < -0.99 && lifted.y < -0.99, "{hanging} {lifted}");
}

#[test]
fn bvh_of_no_human_is_refused_with_its_joints() {
    let text = "HIERARCHY ROOT Hips { OFFSET 0 0 0 CHANNELS 0 } MOTION Frames: 1 Frame Time: 0.05";
    let refused = Bvh::from_bytes(text.as_bytes())
        .expect("bvh")
        .to_motion(&LoadOptions::default())
        .expect_err("refused")
        .to_string();
    assert!(refused.contains("too few joints") && refused.contains("1 joint: Hips"), "{refused}");
}

#[test]
fn amass_files_come_back_and_those_of_others_are_read_with_smplx_or_the_neutral_body() {
    let motion = walk();
    motion.save(kept("exchange.npz")).expect("save");
    let neutral = BodyModel::neutral();
    assert_same(&amass::load(kept("exchange.npz"), neutral).expect("load"), &motion);
    // Ours hold the features too, which are exact.
    assert_eq!(Motion::load(kept("exchange.npz")).expect("load"), motion);

    // SMPL-H as in AMASS: 156 values per frame, 16 betas, the other name of the frame rate.
    let file = NpzFile::open(kept("exchange.npz")).expect("npz");
    let poses = file.read("poses").expect("poses").to_array_f32();
    let poses = RawTensor::from_f32(poses.slice_axis(ndarray::Axis(1), (..156).into()));
    let (trans, betas) = (file.read("trans").expect("trans"), ndarray::Array1::from_elem(16, 0.5));
    let rate = RawTensor::from_f32(ndarray::arr0(120.0).view().into_dyn());
    let path = kept("exchange_smplh.npz");
    let betas = RawTensor::from_f32(betas.view().into_dyn());
    npz::save(&path, &[("poses", &poses), ("trans", &trans), ("betas", &betas), ("mocap_framerate", &rate)])
        .expect("npz");
    let read = Motion::load(&path).expect("load");
    assert_eq!(read.fps(), 120.0);
    assert_same(&read.clone().with_fps(20.0).expect("rate"), &motion);
    // Another body in another shape has its joints elsewhere, and the same rotations.
    let smplx = BodyModel::load(folder().join("body_models/SMPLX_SYNTHETIC.npz")).expect("model");
    let other = amass::load(&path, &smplx).expect("load");
    let (a, b) = (other.smpl(), read.smpl());
    assert!((&a.joints - &b.joints).iter().any(|d| d.abs() > 0.01));
    assert!((&a.body_pose - &b.body_pose).iter().all(|d| d.abs() < 1e-4));
    npz::save(&path, &[("poses", &poses), ("trans", &trans)]).expect("npz");
    assert!(Motion::load(&path).expect_err("rate").to_string().contains("mocap_frame_rate"));
}

#[test]
fn a_glb_file_has_a_key_for_each_frame_and_a_skin_of_all_joints() {
    let motion = walk();
    motion.save(kept("exchange.glb")).expect("save");
    let bytes = std::fs::read(kept("exchange.glb")).expect("glb");
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize;
    assert_eq!((&bytes[..4], word(4), word(8)), (&b"glTF"[..], 2, bytes.len()));
    let json: serde_json::Value = serde_json::from_slice(&bytes[20..20 + word(12)]).expect("json");
    assert_eq!(json["skins"][0]["joints"].as_array().expect("joints").len(), 22);
    let animation = &json["animations"][0];
    assert_eq!(animation["channels"].as_array().expect("channels").len(), 23);
    let times = &json["accessors"][animation["samplers"][0]["input"].as_u64().expect("input") as usize];
    assert_eq!((times["count"].as_u64(), times["max"][0].as_f64()), (Some(100), Some(f64::from(99.0f32 / 20.0))));
    // A SMPL-X body has all 55 joints and at most four weights a vertex.
    let smplx = BodyModel::load(folder().join("body_models/SMPLX_SYNTHETIC.npz")).expect("model");
    gltf::save(kept("exchange_smplx.glb"), &motion.slice(0..3).expect("part"), &smplx).expect("save");
}

#[test]
fn tables_have_all_joints_and_mbench_s_file_has_its_axes() {
    let motion = walk();
    motion.save(kept("exchange.csv")).expect("save");
    let text = std::fs::read_to_string(kept("exchange.csv")).expect("csv");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines.len(), lines[0].split(',').count()), (101, 68));
    let row: Vec<f32> = lines[51].split(',').map(|x| x.parse().expect("number")).collect();
    assert_eq!(row[..2], [50.0, 2.5]);
    let want = motion.joints().slice(s![50, .., ..]).to_owned();
    assert!(want.iter().zip(&row[2..]).all(|(a, b)| (a - b).abs() < 1e-5));

    motion.save_mbench_joints(kept("exchange.joints.npy")).expect("save");
    let joints = npy::load(kept("exchange.joints.npy")).expect("npy").to_array_f32();
    assert_eq!(joints, motion.mbench_joints().into_dyn());
}

#[test]
fn the_extensions_that_are_kept_apart_choose_their_readers() {
    let motion = walk();
    motion.save(kept("exchange.pt")).expect("save");
    assert_eq!(Motion::load(kept("exchange.pt")).expect("load"), motion);
    assert!(Motion::load(kept("missing.bvh")).is_err() && Motion::load(kept("a.fbx")).is_err());
}

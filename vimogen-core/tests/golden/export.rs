//! npz files in the layout of AMASS, of the real clip in golden `motion_rep`; NumPy reads the one that is left in the
//! target folder (`tests/python/test_export.py`).

use std::path::PathBuf;

use ndarray::Ix2;
use vimogen_core::format::npz::NpzFile;
use vimogen_core::format::{DType, TensorSource};
use vimogen_core::motion::clip::Motion;

use crate::common::Golden;

fn clip() -> Motion {
    let features = Golden::open("motion_rep").input("clip", "motion").into_dimensionality::<Ix2>().expect("two axes");
    Motion::from_features(features, 20.0).expect("motion")
}

#[test]
fn an_npz_file_holds_the_layout_of_amass_and_reads_back_as_the_same_motion() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("export_amass.npz");
    let motion = clip();
    motion.save(&path).expect("save");
    assert_eq!(Motion::load(&path).expect("load"), motion);
    let file = NpzFile::open(&path).expect("open");
    let shape = |name: &str| file.info(name).expect("array").shape;
    let frames = motion.len();
    for (name, width) in
        [("poses", 165), ("root_orient", 3), ("pose_body", 63), ("pose_jaw", 3), ("pose_eye", 6), ("pose_hand", 90)]
    {
        assert_eq!(shape(name), [frames, width], "{name}");
    }
    assert_eq!((shape("trans"), shape("betas"), shape("joints")), (vec![frames, 3], vec![16], vec![frames, 22, 3]));
    let rate = file.read("mocap_frame_rate").expect("rate");
    assert_eq!((rate.dtype(), rate.to_f32()), (DType::F64, vec![20.0]));
    assert!(file.names().iter().any(|n| n == "gender"));

    // The golden README's decoding by velocity, at its tolerance.
    let golden = Golden::open("motion_rep");
    let read = |name: &str| file.read(name).expect("array").to_array_f32();
    for (array, output) in
        [("root_orient", "global_orient"), ("pose_body", "body_pose"), ("trans", "transl"), ("joints", "joints")]
    {
        golden.assert_output("clip.decode_velocity", output, read(array).view());
    }
    let poses = read("poses").into_dimensionality::<Ix2>().expect("two axes");
    assert_eq!(poses.slice(ndarray::s![.., 3..66]), read("pose_body").into_dimensionality::<Ix2>().expect("two axes"));
    assert!(poses.slice(ndarray::s![.., 66..]).iter().all(|v| *v == 0.0));
}

#[test]
fn the_extension_chooses_the_format() {
    let folder = tempfile::tempdir().expect("folder");
    let at = |name: &str| folder.path().join(name);
    let motion = clip();
    for name in ["a.bvh", "a.npz", "a.npy", "a.pt"] {
        motion.save(at(name)).expect(name);
    }
    assert!(std::fs::read_to_string(at("a.bvh")).expect("text").starts_with("HIERARCHY\nROOT pelvis"));
    assert_eq!(Motion::load(at("a.npy")).expect("load"), motion);
    let unknown = motion.save(at("a.max")).unwrap_err().to_string();
    assert!(unknown.contains("\"max\" is none of npz"), "{unknown}");
    assert!(motion.save(at("missing/a.bvh")).is_err());
}

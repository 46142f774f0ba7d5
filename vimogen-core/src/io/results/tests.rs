//! Files of other programs, each with one motion: a person upright, the left arm up, the right arm down, walking 1 m/s
//! ahead for 2 s.

use std::fs;
use std::path::{Path, PathBuf};

use glam::Vec3;

use super::*;
use crate::motion::UpAxis;
use crate::motion::joint::{HEAD, LEFT_HIP, LEFT_SHOULDER, LEFT_WRIST, PELVIS, RIGHT_HIP, RIGHT_SHOULDER, RIGHT_WRIST};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/formats/results").join(name)
}

fn options<'a>() -> LoadOptions<'a> {
    LoadOptions::default()
}

fn place(clip: &Motion, t: usize, joint: usize) -> Vec3 {
    Vec3::from_array(std::array::from_fn(|c| clip.joints()[[t, joint, c]]))
}

/// Checks the one motion, by joints and by the rotations as the neutral body wears them.
fn check(name: &str, clip: &Motion, fps: f32) {
    assert_eq!(clip.fps(), fps, "{name}");
    let worn = crate::body::NEUTRAL.fk(place(clip, 5, PELVIS), clip.smpl().rotations(5)).1;
    for joints in [std::array::from_fn(|j| place(clip, 5, j)), worn] {
        assert!(joints[HEAD].z > joints[PELVIS].z + 0.4, "{name}: upright");
        assert!(joints[LEFT_WRIST].z > joints[LEFT_SHOULDER].z + 0.25, "{name}: the left arm is up");
        assert!(joints[RIGHT_WRIST].z < joints[RIGHT_SHOULDER].z - 0.25, "{name}: the right arm is down");
    }
    let path = place(clip, clip.len() - 1, PELVIS) - place(clip, 0, PELVIS);
    let seconds = (clip.len() - 1) as f32 / fps;
    let ahead = Vec3::Z.cross((place(clip, 0, RIGHT_HIP) - place(clip, 0, LEFT_HIP)).with_z(0.0).normalize_or_zero());
    assert!((path.dot(ahead) - seconds).abs() < 0.02, "{name}: 1 m/s ahead, not {path} in {seconds} s");
    assert!(path.z.abs() < 0.01 && seconds > 1.2, "{name}: {path} in {seconds} s");
    let low = clip.joints().rows().into_iter().map(|p| p[2]).fold(f32::INFINITY, f32::min);
    assert!(low > -0.3 && low < 0.3, "{name}: the lowest joint is at {low} m");
    let source = clip.source().expect("source");
    assert!(!source.kind.is_empty() && !source.rate.is_empty(), "{name}: {source:?}");
}

/// File, rate, whether it must be given, the program, and the axis that points up in it.
const FILES: &[(&str, f32, bool, &str, UpAxis)] = &[
    ("gvhmr_hmr4d_results.pt", 30.0, false, "GVHMR", UpAxis::Y),
    ("gvhmr_cuda.pt", 30.0, false, "GVHMR", UpAxis::Y),
    ("tram_tensors.npy", 30.0, true, "TRAM", UpAxis::MinusY),
    ("comfyui.npz", 30.0, false, "ComfyUI-MotionCapture", UpAxis::Y),
    ("flat_camera_frame_nofps.npz", 30.0, true, "SMPL-X parameters", UpAxis::MinusY),
    ("flat_yup_world_30fps.npz", 30.0, false, "SMPL-X parameters", UpAxis::Y),
    ("rotmat_smplx_camera.npz", 30.0, false, "SMPL-X parameters", UpAxis::MinusY),
    ("tram_hps_track_0.npy", 30.0, true, "TRAM", UpAxis::MinusY),
    ("wham_output.pkl", 30.0, true, "WHAM", UpAxis::Y),
    ("wham_two_zlib.pkl", 30.0, true, "WHAM", UpAxis::Y),
    ("wham_gzip.pkl", 30.0, true, "WHAM", UpAxis::Y),
    ("wham_unknown.pkl", 25.0, true, "WHAM", UpAxis::Y),
    ("wham_protocol0.pkl", 30.0, true, "WHAM", UpAxis::Y),
    ("wham_protocol1.pkl", 30.0, true, "WHAM", UpAxis::Y),
    ("wham_protocol2.pkl", 30.0, true, "WHAM", UpAxis::Y),
    ("wham_protocol3.pkl", 30.0, true, "WHAM", UpAxis::Y),
    ("wham_protocol4.pkl", 30.0, true, "WHAM", UpAxis::Y),
    ("wham_protocol5.pkl", 30.0, true, "WHAM", UpAxis::Y),
    ("prompthmr_results.pkl", 30.0, false, "PromptHMR", UpAxis::Y),
    ("phalp_demo.pkl", 30.0, true, "4D-Humans, PHALP", UpAxis::MinusY),
    ("romp_video.npz", 30.0, true, "ROMP", UpAxis::MinusY),
    ("romp_video_ids.npz", 30.0, true, "ROMP", UpAxis::MinusY),
    ("glamr_seed1.pkl", 30.0, false, "GLAMR", UpAxis::Z),
    ("aistpp_gBR_sBM.pkl", 60.0, false, "AIST++", UpAxis::Y),
    ("amass_bytes.npz", 30.0, false, "AMASS", UpAxis::Z),
    ("amass_norate.npz", 30.0, true, "AMASS", UpAxis::Z),
    ("amass_52x3.npz", 30.0, false, "AMASS", UpAxis::Z),
    ("amass_objects.npz", 30.0, false, "AMASS", UpAxis::Z),
    ("amass_smplx_N_stageii_compressed.npz", 120.0, false, "AMASS, SMPL-X", UpAxis::Z),
    ("kimodo_amass.npz", 30.0, false, "AMASS, SMPL-X", UpAxis::Z),
    ("kimodo_30.npz", 30.0, false, "Kimodo, joint names of SOMA", UpAxis::Y),
    ("hymotion_000.npz", 30.0, false, "HY-Motion", UpAxis::Y),
    ("beat2_speaker.npz", 30.0, false, "BEAT2", UpAxis::Y),
    ("smpl2bvh.npz", 30.0, false, "AMASS", UpAxis::Y),
    ("motionx_smplx_322.npy", 30.0, false, "Motion-X", UpAxis::Y),
    ("hml_263.npy", 20.0, false, "HumanML3D, 263 features", UpAxis::Y),
];

#[test]
fn results_of_every_program_are_read_upright_at_their_rate() {
    for (name, fps, ask, kind, up) in FILES {
        let path = file(name);
        if *ask {
            let text = Motion::load(&path).expect_err(name).to_string();
            assert!(text.contains("--from-fps"), "{name}: {text}");
        }
        let given = options().with_fps(ask.then_some(*fps)).with_person(name.contains("ids").then_some("4"));
        let clip = Motion::load_with(&path, &given).unwrap_or_else(|e| panic!("{name}: {e}"));
        // At another rate than that of the file the same frames are faster or slower.
        if *name != "wham_unknown.pkl" {
            check(name, &clip, *fps);
        }
        let source = clip.source().unwrap();
        assert_eq!((source.kind.as_str(), source.up), (*kind, Some(*up)), "{name}");
        // A given rate wins everywhere.
        let fast = Motion::load_with(&path, &given.with_fps(50.0)).unwrap();
        assert_eq!((fast.fps(), fast.source().unwrap().rate.as_str()), (50.0, "given"), "{name}");
    }
}

#[test]
fn joints_without_rotations_are_refused_with_the_remedy_and_fitted_when_asked() {
    for (name, fps) in [("hml_joints.npy", 20.0), ("mdm_results.npy", 20.0)] {
        let text = Motion::load(file(name)).expect_err(name).to_string();
        assert!(text.contains("fit_joints=True") && text.contains("--fit"), "{name}: {text}");
        let fitted = Motion::load_with(file(name), &options().with_fit_joints(true));
        // MDM's file has the layout alone: all its joints are in one place.
        let Ok(clip) = fitted else {
            assert_eq!(name, "mdm_results.npy");
            continue;
        };
        check(name, &clip, fps);
        assert!(clip.source().unwrap().warnings[0].contains("fitted"), "{name}");
    }
}

#[test]
fn files_that_hold_no_motion_are_refused_with_what_they_are() {
    let cases = [
        ("amass_neutral_stagei.npz", "shape of a body and no motion"),
        ("smplerx_00001_0.npz", "give the folder"),
        ("romp_picture.npz", "one picture"),
    ];
    for (name, words) in cases {
        let text = Motion::load_with(file(name), &options().with_fps(30.0)).expect_err(name).to_string();
        assert!(text.contains(words), "{name}: {text}");
    }
}

#[test]
fn one_of_several_persons_is_read_and_all_are_listed() {
    let path = file("wham_two_zlib.pkl");
    let longest = Motion::load_with(&path, &options().with_fps(30.0)).unwrap();
    let source = longest.source().unwrap();
    assert_eq!((longest.len(), source.person.as_deref()), (60, Some("0")));
    assert_eq!(source.persons, ["0", "1"]);
    assert!(source.warnings.iter().any(|w| w.contains("1 (40 frames)")), "{source:?}");
    let second = Motion::load_with(&path, &options().with_fps(30.0).with_person("1")).unwrap();
    assert_eq!((second.len(), second.source().unwrap().person.as_deref()), (40, Some("1")));
    let text = Motion::load_with(&path, &options().with_fps(30.0).with_person("7")).unwrap_err().to_string();
    assert!(text.contains("0 (60 frames), 1 (40 frames)"), "{text}");
}

#[test]
fn a_folder_of_frames_is_one_clip_and_missing_frames_are_filled() {
    let folder = tempfile::tempdir().unwrap();
    let frame = file("smplerx_00001_0.npz");
    for t in (1..=30).filter(|t| *t != 7) {
        fs::copy(&frame, folder.path().join(format!("{t:05}_0.npz"))).unwrap();
        if t < 9 {
            fs::copy(&frame, folder.path().join(format!("{t:05}_1.npz"))).unwrap();
        }
    }
    fs::write(folder.path().join("notes.txt"), "no frame").unwrap();
    assert!(Motion::load(folder.path()).unwrap_err().to_string().contains("--from-fps"));
    let clip = Motion::load_with(folder.path(), &options().with_fps(25.0)).unwrap();
    assert_eq!((clip.len(), clip.fps()), (30, 25.0));
    let source = clip.source().unwrap();
    assert_eq!((source.persons.len(), source.person.as_deref()), (2, Some("0")));
    assert!(source.warnings.iter().any(|w| w.contains("1 frames without")), "{source:?}");
    assert!(place(&clip, 3, HEAD).z > place(&clip, 3, PELVIS).z + 0.4);
    // The folder of a video has that of the parameters in it.
    let video = tempfile::tempdir().unwrap();
    fs::rename(folder.path(), video.path().join("smplx")).unwrap();
    fs::create_dir(folder.path()).unwrap();
    assert_eq!(Motion::load_with(video.path(), &options().with_fps(25.0).with_person("1")).unwrap().len(), 8);
    let empty = tempfile::tempdir().unwrap();
    assert!(Motion::load(empty.path()).unwrap_err().to_string().contains("no numbered .npz"));
}

#[test]
fn recovered_motion_is_read_for_the_camera_from_the_same_files() {
    use crate::body::BodyModel;
    use crate::body::hmr::HmrParams;
    for (name, _, ask, ..) in
        FILES.iter().filter(|(name, ..)| !["hml", "motionx", "kimodo_30"].iter().any(|other| name.starts_with(other)))
    {
        let given = options().with_fps(ask.then_some(30.0)).with_person(name.contains("ids").then_some("4"));
        let params = HmrParams::load_with(file(name), &given).unwrap_or_else(|e| panic!("{name}: {e}"));
        let fps = params.fps;
        let clip = params.to_motion(BodyModel::neutral()).unwrap().motion(fps).unwrap();
        let head = place(&clip, 5, HEAD).z - place(&clip, 5, PELVIS).z;
        let path = place(&clip, clip.len() - 1, PELVIS) - place(&clip, 0, PELVIS);
        let ahead = path.y * fps / (clip.len() - 1) as f32;
        assert!(head > 0.4 && (ahead - 1.0).abs() < 0.02 && path.z.abs() < 0.01, "{name}: {head}, {path}, {ahead}");
    }
}

#[test]
fn the_up_axis_can_be_given() {
    let lying = Motion::load_with(file("amass_bytes.npz"), &options().with_up(UpAxis::Y)).unwrap();
    assert!((place(&lying, 5, HEAD).z - place(&lying, 5, PELVIS).z).abs() < 0.3);
}

#[test]
fn features_of_other_projects_are_named_with_their_remedy() {
    let folder = tempfile::tempdir().unwrap();
    for (columns, words) in
        [(272, "MotionStreamer"), (201, "HY-Motion"), (135, "TEMOS"), (251, "KIT-ML"), (277, "(T, 276)")]
    {
        let path = folder.path().join("a.npy");
        crate::format::npy::save_f32(&path, ndarray::Array2::<f32>::zeros((5, columns)).view().into_dyn()).unwrap();
        let text = Motion::load(&path).unwrap_err().to_string();
        assert!(text.contains(words), "{columns}: {text}");
    }
}

#[test]
fn what_is_in_no_known_layout_is_described() {
    // {'hello': 3, 'x': os.system('true')}
    let pickle = b"\x80\x02}(X\x05\0\0\0helloK\x03X\x01\0\0\0xcos\nsystem\nX\x04\0\0\0true\x85Ru.";
    let text = load_bytes(pickle, &options()).unwrap_err().to_string();
    assert!(text.contains("\"hello\"") && text.contains("\"x\" (not read: "), "{text}");
    let text = load_bytes(b"\x80\x02cos\nsystem\nX\x04\0\0\0true\x85R.", &options()).unwrap_err().to_string();
    assert!(text.contains("os.system"), "{text}");
    let text = load_bytes(b"version https://git-lfs.github.com/spec/v1\n", &options()).unwrap_err().to_string();
    assert!(text.contains("git lfs pull"), "{text}");
}

#[test]
fn the_cases_of_the_workplace_are_read_where_they_are() {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let Some(entries) = above.map(|p| p.join("shared/cases/results")).find_map(|p| fs::read_dir(p).ok()) else {
        return;
    };
    for path in entries.map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let refused = ["expect.json", "amass_neutral_stagei.npz", "smplerx_00001_0.npz", "mdm_results.npy"];
        if refused.contains(&name.as_str()) {
            continue;
        }
        let fps = if name.starts_with("amass") {
            120.0
        } else if name.starts_with("aist") {
            60.0
        } else {
            30.0
        };
        let given = options().with_fit_joints(true).with_fps(fps);
        let clip = Motion::load_with(&path, &given).unwrap_or_else(|e| panic!("{name}: {e}"));
        check(&name, &clip, fps);
    }
}

#[test]
fn the_samples_of_mdm_are_chosen_by_number() {
    use ndarray::Array4;
    let joints = Motion::load_with(file("hml_joints.npy"), &options().with_fit_joints(true)).unwrap().mbench_joints();
    let motion = Array4::from_shape_fn((2, 22, 3, 40), |(_, j, c, t)| joints[[t, j, c]]);
    let tensor = crate::format::RawTensor::from_f32(motion.view().into_dyn());
    let lengths = crate::format::RawTensor::from_f32(ndarray::arr1(&[40.0, 30.0]).view().into_dyn());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.npz");
    crate::format::npz::save(&path, &[("motion", &tensor), ("lengths", &lengths)]).unwrap();
    let fit = options().with_fit_joints(true);
    let first = Motion::load_with(&path, &fit).unwrap();
    check("mdm", &first, 20.0);
    assert!(first.source().unwrap().warnings.iter().any(|w| w.contains("2 samples")));
    assert_eq!(Motion::load_with(&path, &fit.with_person("1")).unwrap().len(), 30);
}

#[test]
fn a_dict_alone_in_an_archive_is_looked_into() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npz");
    let features = crate::format::RawTensor::from_f32(ndarray::Array2::<f32>::zeros((4, 276)).view().into_dyn());
    crate::format::npz::save(&path, &[("arr_0", &features)]).unwrap();
    let clip = Motion::load_with(&path, &options().with_fps(25.0)).unwrap();
    assert_eq!((clip.len(), clip.fps(), clip.source().unwrap().rate.as_str()), (4, 25.0, "given"));
}

#[test]
fn damaged_files_are_errors_or_clips_and_never_a_panic() {
    let mut state = 7u64;
    let mut next = move |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % bound.max(1)
    };
    let given = options().with_fps(30.0).with_fit_joints(true);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/results");
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let whole = fs::read(&path).unwrap();
        assert!(load_bytes(&whole, &given).is_ok() || path.ends_with("motionx.npy"), "{path:?}");
        for _ in 0..150 {
            let mut bytes = whole.clone();
            match next(3) {
                0 => bytes.truncate(next(whole.len())),
                1 => (0..=next(4)).for_each(|_| bytes[next(whole.len())] = next(256) as u8),
                _ => {
                    // A part in another place: opcodes and lengths that are right elsewhere.
                    let (from, to, len) = (next(whole.len()), next(whole.len()), next(40));
                    let part = whole[from..(from + len).min(whole.len())].to_vec();
                    bytes.splice(to..to, part);
                }
            }
            let _ = load_bytes(&bytes, &given);
        }
    }
}

//! Written files: their new parts, and the unchanged ones.

use std::fs;

use serde_json::{Value, json};

use super::super::splice::Json;
use super::hero::{Build, Made, made, numbers};
use super::playback::Playback;
use super::walk;
use crate::io::{Character, LoadOptions, RetargetOptions, gltf};
use crate::motion::Motion;

fn open(bytes: Vec<u8>) -> Character {
    Character::from_bytes(bytes, &RetargetOptions::default()).unwrap()
}

/// A GLB with this JSON text, whose last part is unknown.
fn glb(text: &str, binary: &[u8]) -> Vec<u8> {
    super::super::containers::glb(text, binary, b"\x04\0\0\0ABCDwxyz").unwrap()
}

#[test]
fn everything_else_stays_byte_for_byte() {
    let Made { mut document, binary } = made(&Build::default());
    document["extensionsUsed"] = json!(["MY_thing"]);
    document["extensions"] = json!({ "MY_thing": { "curve": [1.0, 2.5], "text": "a \"}]\u{e9} b" } });
    document["materials"] = json!([{ "name": "skin", "extras": { "n": 1 } }]);
    // Digits, order and spaces that no writer would choose.
    let text = document.to_string().replacen("\"scene\":0", "\"scene\" : 0 ,\n \"odd\":[0.10000, -1.50E+03,1e2 ]", 1);
    let before = glb(&text, &binary);
    let mut character = open(before.clone());
    character.add(&walk(20), "walk").unwrap();
    let after = character.to_bytes().unwrap();
    let file = Playback::new(&after);
    assert!(after.ends_with(b"\x04\0\0\0ABCDwxyz"));
    assert_eq!(&file.binary[..binary.len()], &binary[..]);
    let (old, new) = (Json::root(&text), Json::root(&file.text));
    let raw = |json: Json<'_>, key: &str| json.get(key).unwrap().text().to_string();
    for (key, ..) in old.members() {
        if !["accessors", "bufferViews", "buffers"].contains(&key.as_str()) {
            assert_eq!(raw(new, &key), raw(old, &key), "{key}");
        }
    }
    for key in ["accessors", "bufferViews"] {
        let items = |json: Json<'_>| -> Vec<String> {
            json.get(key).unwrap().items().iter().map(|item| item.text().to_string()).collect()
        };
        assert!(items(new).starts_with(&items(old)) && items(new).len() > items(old).len());
    }
    let order = |json: Json<'_>| json.members().into_iter().map(|(key, ..)| key).collect::<Vec<_>>();
    assert_eq!(order(new), [order(old), vec!["animations".into()]].concat());
    let length = file.document["buffers"][0]["byteLength"].as_u64().unwrap() as usize;
    assert_eq!(length, file.binary.len());
}

#[test]
fn several_clips_go_into_one_file_with_names_of_their_own() {
    let mut character = open(made(&Build::default()).glb());
    for (name, frames) in [("walk", 30), ("walk", 20), ("wave \"hello\"", 10)] {
        character.add(&walk(frames), name).unwrap();
    }
    let bytes = character.to_bytes().unwrap();
    let file = Playback::new(&bytes);
    let names: Vec<&str> =
        file.document["animations"].as_array().unwrap().iter().map(|a| a["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["walk", "walk 2", "wave \"hello\""]);
    assert_eq!(names, character.reports().iter().map(|report| report.clip.as_str()).collect::<Vec<_>>());
    assert_eq!([file.times("walk").len(), file.times("walk 2").len()], [30, 20]);
    assert!((file.times("walk")[29] - 29.0 / 20.0).abs() < 1e-6);
    // Again onto the written file: its animations stay.
    let mut again = open(bytes);
    again.add(&walk(12), "walk").unwrap();
    let twice = Playback::new(&again.to_bytes().unwrap());
    assert_eq!(twice.document["animations"].as_array().unwrap().len(), 4);
    assert_eq!(twice.times("walk 3").len(), 12);
    assert_eq!(twice.frame("wave \"hello\"", 5), file.frame("wave \"hello\"", 5));
}

#[test]
fn our_own_reader_reads_the_clip_back() {
    let motion = walk(40);
    for build in
        [Build { arms: 45.0, ..Build::default() }, Build { vrm: 1, facing: 180.0, names: numbers, ..Build::default() }]
    {
        let mut character = open(made(&build).glb());
        character.add(&motion, "walk").unwrap();
        let back = gltf::from_bytes(&character.to_bytes().unwrap(), &LoadOptions::default()).unwrap();
        assert_eq!((back.len(), back.fps()), (40, 20.0));
        let (a, b) = (motion.joints(), back.joints());
        // Apart from height and place, which are the character's own.
        for t in [0, 20, 39] {
            for joint in 0..22 {
                let own = |m: &ndarray::ArrayView3<'_, f32>, c: usize| m[[t, joint, c]] - m[[t, 0, c]];
                let off = (0..3).map(|c| (own(&a, c) - own(&b, c)).abs()).fold(0.0, f32::max);
                assert!(off < 0.03, "frame {t}, joint {joint}: {off}");
            }
        }
    }
}

#[test]
fn one_frame_is_held_so_that_players_apply_it() {
    let one = walk(10).slice(3..4).unwrap();
    let mut character = open(made(&Build::default()).glb());
    character.add(&one, "pose").unwrap();
    let file = Playback::new(&character.to_bytes().unwrap());
    assert_eq!(file.times("pose").len(), 2);
    assert_eq!(file.frame("pose", 0), file.frame("pose", 1));
}

#[test]
fn nodes_with_a_matrix_are_taken_apart_where_they_move() {
    let Made { mut document, binary } = made(&Build { own_axes: false, ..Build::default() });
    let place: Vec<f64> = serde_json::from_value(document["nodes"][0]["translation"].clone()).unwrap();
    let node = document["nodes"][0].as_object_mut().unwrap();
    node.remove("translation");
    node.remove("rotation");
    let mut matrix = glam::DMat4::IDENTITY.to_cols_array().to_vec();
    matrix[12..15].copy_from_slice(&place);
    node.insert("matrix".into(), json!(matrix));
    let mut character = open(glb(&document.to_string(), &binary));
    let report = character.add(&walk(20), "walk").unwrap();
    assert!(report.angles.iter().all(|angle| angle.median < 0.5));
    let file = Playback::new(&character.to_bytes().unwrap());
    assert!(file.document["nodes"][0].get("matrix").is_none() && file.document["nodes"][0]["translation"].is_array());
    file.frame("walk", 3);
}

#[test]
fn a_character_whose_bind_pose_is_compressed_takes_its_present_pose() {
    let Made { mut document, binary } = made(&Build { arms: 45.0, ..Build::default() });
    document["bufferViews"][0]["extensions"] = json!({ "EXT_meshopt_compression": { "buffer": 0 } });
    let mut character = open(glb(&document.to_string(), &binary));
    let report = character.add(&walk(20), "walk").unwrap();
    assert!(report.warnings[0].contains("compressed") && report.angles.iter().all(|angle| angle.median < 0.5));
}

#[test]
fn a_gltf_with_files_of_its_own_becomes_one_file_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let Made { mut document, binary } = made(&Build::default());
    document["buffers"][0]["uri"] = json!("my hero.bin");
    document["images"] = json!([{ "uri": "skin.png" }]);
    fs::write(folder.path().join("my hero.bin"), &binary).unwrap();
    fs::write(folder.path().join("skin.png"), b"picture").unwrap();
    let source = folder.path().join("hero.gltf");
    fs::write(&source, document.to_string()).unwrap();
    let motion: Motion = walk(20);
    let character = motion.retarget_with(&source, &RetargetOptions::default().with_name("walk")).unwrap();
    let read = |path: &std::path::Path| -> Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
    // Next to its files it refers to them as before.
    let near = folder.path().join("near.gltf");
    character.save(&near).unwrap();
    assert_eq!(read(&near)["buffers"][0]["uri"], "my hero.bin");
    assert_eq!(read(&near)["images"][0]["uri"], "skin.png");
    assert_eq!(gltf::load(&near).unwrap().len(), 20);
    // Elsewhere, or as a GLB, it has them within.
    let other = tempfile::tempdir().unwrap();
    let far = other.path().join("far.gltf");
    character.save(&far).unwrap();
    assert_eq!(read(&far)["images"][0]["uri"], "data:image/png;base64,cGljdHVyZQ==");
    assert_eq!(gltf::load(&far).unwrap().len(), 20);
    let packed = folder.path().join("packed.glb");
    character.save(&packed).unwrap();
    let file = Playback::new(&fs::read(&packed).unwrap());
    assert_eq!(&file.binary[..binary.len()], &binary[..]);
    assert!(file.document["buffers"][0].get("uri").is_none());
    assert!(file.document["images"][0]["uri"].as_str().unwrap().starts_with("data:image/png"));
    assert_eq!(gltf::load(&packed).unwrap().len(), 20);
    // And back from a GLB to text.
    let mut again = Character::open(&packed).unwrap();
    again.add(&motion, "again").unwrap();
    let text = other.path().join("text.gltf");
    again.save(&text).unwrap();
    assert_eq!(read(&text)["animations"].as_array().unwrap().len(), 2);
    assert_eq!(gltf::load(&text).unwrap().len(), 20);
}

#[test]
fn presets_are_recognised_as_their_rigs_and_written_as_glb_and_bvh() {
    let folder = tempfile::tempdir().unwrap();
    let motion = walk(30);
    for name in Character::presets() {
        let mut rig = Character::preset(name).unwrap();
        let report = rig.add(&motion, "walk").unwrap().clone();
        assert!(report.missing.is_empty() && report.slide < 0.003, "{name}: {report:?}");
        assert!(report.angles.iter().all(|angle| angle.median < 0.5), "{name}: {:?}", report.angles);
        for ending in ["glb", "bvh"] {
            let path = folder.path().join(format!("{name}.{ending}"));
            rig.save(&path).unwrap();
            let back = Motion::load(&path).unwrap();
            assert_eq!((back.len(), back.fps()), (30, 20.0), "{name}.{ending}");
            let (a, b) = (motion.joints(), back.joints());
            for joint in [4, 8, 11, 15, 18, 21] {
                let own = |m: &ndarray::ArrayView3<'_, f32>, c: usize| m[[17, joint, c]] - m[[17, 0, c]];
                let off = (0..3).map(|c| (own(&a, c) - own(&b, c)).abs()).fold(0.0, f32::max);
                assert!(off < 0.03, "{name}.{ending}, joint {joint}: {off}");
            }
        }
        rig.add(&motion, "again").unwrap();
        assert!(rig.save(folder.path().join("two.bvh")).unwrap_err().to_string().contains("one clip"));
    }
    let bvh = fs::read_to_string(folder.path().join("unreal.bvh")).unwrap();
    assert!(bvh.contains("ROOT pelvis") && bvh.contains("JOINT spine_05") && bvh.contains("Frame Time: 0.05\n"));
    assert!(Character::preset("maya").unwrap_err().to_string().contains("makehuman, soma, cmu"));
}

#[test]
fn names_of_the_caller_decide_where_nothing_is_recognised() {
    let build = Build { names: numbers, ..Build::default() };
    let names = ["pelvis", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle"];
    let more = ["left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "head"];
    let index = |name: &str| crate::motion::skeleton::JOINT_NAMES.iter().position(|joint| *joint == name).unwrap();
    let map: crate::io::JointMap =
        names.iter().chain(&more).map(|name| ((*name).to_string(), numbers(index(name)))).collect();
    let options = RetargetOptions::default().with_names(&map);
    let mut character = Character::from_bytes(made(&build).glb(), &options).unwrap();
    assert!(character.how().contains("given"), "{}", character.how());
    let report = character.add(&walk(20), "walk").unwrap();
    assert!(report.angles.iter().all(|angle| angle.median < 0.5), "{report:?}");
}

#[test]
fn public_characters_walk_with_their_feet_on_the_ground() {
    let near = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/characters");
    let folder = std::env::var_os("VIMOGEN_CHARACTERS").map_or(near, Into::into);
    let Ok(files) = fs::read_dir(&folder) else {
        println!("skipped: {} is not here", folder.display());
        return;
    };
    let models = files.filter_map(|file| Some(file.ok()?.path()));
    for path in models.filter(|path| path.extension().is_some_and(|ending| ending == "glb")) {
        let mut character = Character::open(&path).unwrap();
        let report = character.add(&walk(72), "walk").unwrap();
        println!("{}: {report:#?}", path.display());
        assert!(report.angles.iter().all(|angle| angle.median < 3.0), "{}: {:?}", path.display(), report.angles);
        assert!(report.slide < 0.005 && report.missing.is_empty(), "{}: {report:?}", path.display());
    }
}

//! Damaged and hostile characters are errors that name the fault.

use serde_json::{Value, json};

use super::hero::{Build, Made, made};
use super::walk;
use crate::error::Result;
use crate::io::{Character, RetargetOptions};

fn open(bytes: Vec<u8>) -> Result<Character> {
    Character::from_bytes(bytes, &RetargetOptions::default())
}

/// The fault of a character after a change of its JSON, while reading, adding a clip or writing.
fn fault(change: impl FnOnce(&mut Value)) -> String {
    let Made { mut document, binary } = made(&Build::default());
    change(&mut document);
    let bytes = super::super::containers::glb(&document.to_string(), &binary, &[]).unwrap();
    let all = || -> Result<()> {
        let mut character = open(bytes)?;
        character.add(&walk(10), "walk")?;
        character.to_bytes().map(|_| ())
    };
    all().expect_err("a fault").to_string()
}

/// Makes the hips a child of the head.
fn circle(file: &mut Value) {
    let nodes = file["nodes"].as_array_mut().unwrap();
    let head = nodes.iter().position(|node| node["name"] == "mixamorig:Head").unwrap();
    nodes[head]["children"] = json!([0]);
    nodes.last_mut().unwrap()["children"] = json!([]);
}

/// Puts the hips out of reach of numbers.
fn far_away(file: &mut Value) {
    let nodes = file["nodes"].as_array_mut().unwrap();
    nodes[0]["translation"] = json!([1e308, 0, 0]);
    nodes.last_mut().unwrap()["translation"] = json!([1e308, 0, 0]);
}

#[test]
fn faults_of_characters_are_named() {
    let cases: Vec<(&str, String)> = vec![
        ("node 0 has two parents", fault(|file| file["nodes"][5]["children"] = json!([0]))),
        ("circle", fault(circle)),
        ("accessor 99", fault(|file| file["skins"][0]["inverseBindMatrices"] = json!(99))),
        ("accessor 0: it has more values", fault(|file| file["accessors"][0]["count"] = json!(1_000_000_000_000u64))),
        ("accessor 0: it reaches beyond", fault(|file| file["accessors"][0]["byteOffset"] = json!(1000))),
        ("fewer than its joints", fault(|file| file["accessors"][0]["count"] = json!(3))),
        ("skin 0 has a joint that is no node", fault(|file| file["skins"][0]["joints"][1] = json!(4000))),
        ("no node 77", fault(|file| file["nodes"][0]["children"] = json!([77]))),
        ("buffer 0 has", fault(|file| file["buffers"][0]["byteLength"] = json!(1u64 << 40))),
        ("not finite", fault(far_away)),
        ("no skin", fault(|file| _ = file.as_object_mut().unwrap().remove("skins"))),
    ];
    for (want, got) in cases {
        assert!(got.contains(want), "expected {want:?} in: {got}");
    }
}

#[test]
fn truncated_files_are_errors_at_every_length() {
    let bytes = made(&Build::default()).glb();
    for len in (0..bytes.len()).step_by(97).chain([4, 11, 12, 19, 20, 21, bytes.len() - 1]) {
        assert!(open(bytes[..len].to_vec()).is_err(), "{len} bytes");
    }
}

#[test]
fn matrices_that_are_not_finite_or_flat_are_errors_or_ignored() {
    let Made { document, mut binary } = made(&Build::default());
    binary[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    let bytes = super::super::containers::glb(&document.to_string(), &binary, &[]).unwrap();
    assert!(open(bytes).unwrap_err().to_string().contains("accessor 0: it holds a value that is not finite"));
    binary.fill(0);
    let bytes = super::super::containers::glb(&document.to_string(), &binary, &[]).unwrap();
    // Without any bind pose the present pose is the rest pose.
    let mut character = open(bytes).unwrap();
    assert!(character.add(&walk(10), "walk").unwrap().angles.iter().all(|angle| angle.median < 0.5));
}

#[test]
fn a_character_scaled_to_nothing_and_one_without_clips_are_refused() {
    let error = fault(|file| {
        let root = file["nodes"].as_array().unwrap().len() - 1;
        file["nodes"][root]["scale"] = json!([0.0, 0.0, 0.0]);
    });
    assert!(error.contains("legs") || error.contains("one place") || error.contains("scaled"), "{error}");
    let character = open(made(&Build::default()).glb()).unwrap();
    assert!(character.to_bytes().unwrap_err().to_string().contains("no clip"));
    let folder = tempfile::tempdir().unwrap();
    let mut character = character;
    character.add(&walk(10), "walk").unwrap();
    for name in ["hero.fbx", "hero"] {
        let error = character.save(folder.path().join(name)).unwrap_err().to_string();
        assert!(error.contains(".glb, .vrm or .gltf"), "{error}");
    }
    assert!(Character::open(folder.path().join("hero.fbx")).unwrap_err().to_string().contains("hero.fbx"));
}

//! Files of several animations, bodies and meshes.

use serde_json::{Value, json};
use vimogen_core::io::{LoadOptions, gltf};
use vimogen_core::motion::skeleton::{JOINT_NAMES, PARENTS};

use crate::author::{Author, JOINTS, container, node, walk};
use crate::read;
use crate::same::assert_same;

fn with_person(bytes: &[u8], person: &str) -> vimogen_core::Result<vimogen_core::Motion> {
    gltf::from_bytes(bytes, &LoadOptions::default().with_person(person))
}

/// The author's file with a second animation, that of `other`.
fn two_animations() -> (Vec<u8>, vimogen_core::Motion, vimogen_core::Motion) {
    let (first, second) = (walk(20, 30.0), walk(30, 60.0));
    let author = Author::default();
    let (mut document, mut bytes) = author.write(&first);
    let (other, tail) = author.write(&second);
    append(&mut document, &mut bytes, &other["animations"], &other, &tail);
    document["animations"][0]["name"] = json!("Walk");
    document["animations"][1]["name"] = json!("Run");
    (container(&document, &bytes), first, second)
}

/// Adds animations of another document, with its data.
fn append(document: &mut Value, bytes: &mut Vec<u8>, animations: &Value, other: &Value, tail: &[u8]) {
    let (views, accessors) = (len(&document["bufferViews"]), len(&document["accessors"]));
    let mut animations = animations.clone();
    for sampler in animations.as_array_mut().into_iter().flatten().flat_map(|a| a["samplers"].as_array_mut()).flatten()
    {
        for key in ["input", "output"] {
            sampler[key] = json!(sampler[key].as_u64().expect("accessor") as usize + accessors);
        }
    }
    for view in other["bufferViews"].as_array().expect("views") {
        let mut view = view.clone();
        view["byteOffset"] = json!(view["byteOffset"].as_u64().expect("offset") as usize + bytes.len());
        push(&mut document["bufferViews"], view);
    }
    for accessor in other["accessors"].as_array().expect("accessors") {
        let mut accessor = accessor.clone();
        accessor["bufferView"] = json!(accessor["bufferView"].as_u64().expect("view") as usize + views);
        push(&mut document["accessors"], accessor);
    }
    animations
        .as_array()
        .into_iter()
        .flatten()
        .for_each(|animation| push(&mut document["animations"], animation.clone()));
    bytes.extend(tail);
    document["buffers"][0]["byteLength"] = json!(bytes.len());
}

fn len(list: &Value) -> usize {
    list.as_array().map_or(0, Vec::len)
}

fn push(list: &mut Value, item: Value) {
    list.as_array_mut().expect("list").push(item);
}

#[test]
fn the_first_animation_is_read_or_the_asked_one_and_all_are_listed() {
    let (bytes, first, second) = two_animations();
    let motion = read(&bytes);
    assert_same(&motion, &first);
    let source = motion.source().expect("source");
    assert_eq!((source.person.as_deref(), &source.persons[..]), (Some("Walk"), &["Walk".into(), "Run".into()][..]));
    assert!(
        source.warnings.iter().any(|w| w.contains("2 animations") && w.contains("\"Run\"")),
        "{:?}",
        source.warnings
    );
    for person in ["Run", "run", "2"] {
        assert_same(&with_person(&bytes, person).expect("motion"), &second);
    }
    let refused = with_person(&bytes, "Jump").expect_err("refused").to_string();
    assert!(refused.contains("\"Jump\"") && refused.contains("\"Walk\", \"Run\""), "{refused}");
}

#[test]
fn the_rate_of_few_keys_is_that_of_the_other_animations() {
    let (sparse, full) = (walk(25, 24.0), walk(10, 24.0));
    // Every eighth frame: thirds of a second.
    let (mut document, mut bytes) = Author { step: 8, ..Author::default() }.write(&sparse);
    let (other, tail) = Author::default().write(&full);
    assert_eq!(read(&container(&document, &bytes)).fps(), 30.0);
    append(&mut document, &mut bytes, &other["animations"], &other, &tail);
    let motion = read(&container(&document, &bytes));
    assert_eq!((motion.len(), motion.fps()), (25, 24.0));
}

#[test]
fn an_animation_that_stands_still_is_left_out_unless_it_is_asked_for() {
    let (moves, still) = (walk(20, 30.0), walk(20, 30.0));
    let author = Author::default();
    let (mut document, mut bytes) = author.write(&moves);
    let (other, tail) = author.write(&still.slice(0..1).expect("part"));
    append(&mut document, &mut bytes, &other["animations"], &other, &tail);
    document["animations"].as_array_mut().expect("list").swap(0, 1);
    document["animations"][0]["name"] = json!("T-Pose");
    let bytes = container(&document, &bytes);
    assert_same(&read(&bytes), &moves);
    assert_eq!(with_person(&bytes, "T-Pose").expect("pose").len(), 1);
}

#[test]
fn numbers_packed_into_shorts_and_between_others_are_unpacked() {
    let motion = walk(12, 30.0);
    let (mut document, mut bytes) = Author::default().write(&motion);
    // Rotations as 16-bit fractions, each followed by four other bytes.
    for channel in 0..3 * JOINTS {
        if document["animations"][0]["channels"][channel]["target"]["path"] != "rotation" {
            continue;
        }
        let output = document["animations"][0]["samplers"][channel]["output"].as_u64().expect("output") as usize;
        let view = document["accessors"][output]["bufferView"].as_u64().expect("view") as usize;
        let start = document["bufferViews"][view]["byteOffset"].as_u64().expect("offset") as usize;
        let packed = bytes.len();
        for row in 0..motion.len() {
            for c in 0..4 {
                let at = start + 16 * row + 4 * c;
                let value = f32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
                bytes.extend(((value * 32_767.0).round() as i16).to_le_bytes());
            }
            bytes.extend([7; 4]);
        }
        document["bufferViews"][view] =
            json!({"buffer": 0, "byteOffset": packed, "byteLength": 12 * motion.len(), "byteStride": 12});
        document["accessors"][output]["componentType"] = json!(5122);
        document["accessors"][output]["normalized"] = json!(true);
    }
    document["buffers"][0]["byteLength"] = json!(bytes.len());
    assert_same(&read(&container(&document, &bytes)), &motion);
}

#[test]
fn clothes_on_the_same_bones_are_no_second_body() {
    let motion = walk(10, 30.0);
    let (mut document, bytes) = Author::default().write(&motion);
    let mut shirt = document["skins"][0].clone();
    shirt["joints"] = json!([node(3), node(6)]);
    shirt["name"] = json!("Shirt");
    push(&mut document["skins"], shirt);
    let read = read(&container(&document, &bytes));
    assert_same(&read, &motion);
    assert!(read.source().expect("source").persons.is_empty());
}

#[test]
fn of_two_bodies_the_human_or_the_asked_one_is_read() {
    let motion = walk(10, 30.0);
    let (mut document, bytes) = Author::default().write(&motion);
    // A second skeleton in the same animation.
    let shift = len(&document["nodes"]);
    let nodes: Vec<Value> = document["nodes"].as_array().expect("nodes").clone();
    for mut this in nodes {
        if let Some(children) = this["children"].as_array() {
            let moved: Vec<u64> = children.iter().map(|n| n.as_u64().expect("node") + shift as u64).collect();
            this["children"] = json!(moved);
        }
        push(&mut document["nodes"], this);
    }
    let mut skin = document["skins"][0].clone();
    skin["name"] = json!("Second");
    skin["joints"] = json!((0..JOINTS).map(|j| node(j) + shift).collect::<Vec<_>>());
    push(&mut document["skins"], skin);
    let channels: Vec<Value> = document["animations"][0]["channels"].as_array().expect("channels").clone();
    for mut channel in channels {
        channel["target"]["node"] = json!(channel["target"]["node"].as_u64().expect("node") as usize + shift);
        push(&mut document["animations"][0]["channels"], channel);
    }
    let both = container(&document, &bytes);
    assert_eq!(read(&both).source().expect("source").persons, ["Armature", "Second"]);
    assert_same(&with_person(&both, "Second").expect("motion"), &motion);

    // A rope before both.
    let first = len(&document["nodes"]);
    push(&mut document["nodes"], json!({"name": "rope", "children": [first + 1]}));
    push(&mut document["nodes"], json!({"name": "end", "translation": [0, 1, 0]}));
    document["skins"].as_array_mut().expect("skins").insert(0, json!({"name": "Rope", "joints": [first, first + 1]}));
    let mut channel = document["animations"][0]["channels"][1].clone();
    channel["target"]["node"] = json!(first);
    push(&mut document["animations"][0]["channels"], channel);
    let rope = container(&document, &bytes);
    let source = read(&rope).source().cloned().expect("source");
    assert_eq!((source.person.as_deref(), source.persons.len()), (Some("Armature"), 3));
    let refused = with_person(&rope, "1").expect_err("refused").to_string();
    assert!(refused.contains("rope"), "{refused}");
}

#[test]
fn joints_that_no_mesh_is_bound_to_are_found_beside_those_that_have_one() {
    let motion = walk(10, 30.0);
    let author = Author { present: 6, ..Author::default() };
    let (mut document, bytes) = author.write(&motion);
    // Toes have no weights in many files; hips neither.
    let skin = &mut document["skins"][0];
    let bound: Vec<usize> = (1..JOINTS).filter(|j| ![10, 11].contains(j)).map(node).collect();
    let matrices = skin["inverseBindMatrices"].as_u64().expect("matrices") as usize;
    skin["joints"] = json!(bound);
    let kept: Vec<usize> = (1..JOINTS).filter(|j| ![10, 11].contains(j)).collect();
    let mut tail: Vec<u8> = Vec::new();
    let view = document["accessors"][matrices]["bufferView"].as_u64().expect("view") as usize;
    let start = document["bufferViews"][view]["byteOffset"].as_u64().expect("offset") as usize;
    kept.iter().for_each(|j| tail.extend(&bytes[start + 64 * j..][..64]));
    let bytes = [bytes, tail.clone()].concat();
    document["bufferViews"][view] =
        json!({"buffer": 0, "byteOffset": bytes.len() - tail.len(), "byteLength": tail.len()});
    document["accessors"][matrices]["count"] = json!(kept.len());
    document["buffers"][0]["byteLength"] = json!(bytes.len());
    let read = read(&container(&document, &bytes));
    // The hips are above three joints with bind matrices, and where these say; so are the toes below the feet.
    let far = (&read.smpl().joints - &motion.smpl().joints).iter().fold(0.0f32, |m, d| m.max(d.abs()));
    assert!(far < 1e-3, "{far}");
    assert_eq!((PARENTS[10], JOINT_NAMES[10]), (Some(7), "left_foot"));
}

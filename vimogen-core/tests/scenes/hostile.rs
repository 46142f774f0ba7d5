//! Damaged and hostile files: an error that names the thing, and no more work than the file is worth.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use vimogen_core::Error;
use vimogen_core::io::{LoadOptions, gltf};

use crate::author::{Author, container, node, walk};

fn refusal(bytes: &[u8]) -> String {
    let error = gltf::from_bytes(bytes, &LoadOptions::default()).expect_err("refused");
    assert!(matches!(error, Error::Format { .. }), "{error}");
    error.to_string()
}

fn changed(change: impl FnOnce(&mut Value)) -> String {
    let (mut document, bytes) = Author::default().write(&walk(6, 30.0));
    change(&mut document);
    refusal(&container(&document, &bytes))
}

#[track_caller]
fn assert_says(text: &str, words: &[&str]) {
    assert!(words.iter().all(|word| text.contains(word)), "{text:?} lacks one of {words:?}");
}

#[test]
fn a_file_that_is_cut_off_is_truncated() {
    let bytes = Author::default().glb(&walk(6, 30.0));
    for len in [0, 4, 11, 12, 19, 400, bytes.len() / 2, bytes.len() - 1] {
        let text = refusal(&bytes[..len]);
        assert!(len < 12 || text.contains("truncated"), "{len}: {text}");
    }
}

#[test]
fn version_1_and_other_json_are_named() {
    assert_says(&refusal(br#"{"asset": {"version": "1.0"}, "nodes": {"a": {}}}"#), &["glTF 1.0", "2.0"]);
    let old = [b"glTF".as_slice(), &1u32.to_le_bytes(), &[0; 12]].concat();
    assert_says(&refusal(&old), &["glTF 1.0"]);
    assert_says(&refusal(b"{\"asset\": {\"version\": \"2.0\"}, \"nodes\": 3}"), &["JSON"]);
    assert_says(&refusal(b"solid cube"), &["JSON"]);
}

#[test]
fn a_character_without_animation_is_told_so() {
    assert_says(&changed(|d| d["animations"] = json!([])), &["no animation"]);
    let far = changed(|d| {
        d["animations"][0]["channels"] = json!([{"sampler": 0, "target": {"node": 23, "path": "translation"}}]);
    });
    assert_says(&far, &["none of its animations moves a skeleton"]);
}

#[test]
fn compressed_and_sparse_data_name_the_extension_and_the_remedy() {
    let meshopt = changed(|d| {
        d["bufferViews"][0]["extensions"] = json!({"EXT_meshopt_compression": {"mode": "ATTRIBUTES"}});
        d["extensionsRequired"] = json!(["EXT_meshopt_compression"]);
    });
    assert_says(&meshopt, &["EXT_meshopt_compression", "export the file without it"]);
    let sparse = changed(|d| d["accessors"][1]["sparse"] = json!({"count": 1}));
    assert_says(&sparse, &["accessor 1", "sparse"]);
}

#[test]
fn compressed_meshes_do_not_matter() {
    let (mut document, bytes) = Author::default().write(&walk(6, 30.0));
    document["extensionsRequired"] = json!(["KHR_draco_mesh_compression"]);
    document["meshes"] = json!([{"primitives": [{"extensions": {"KHR_draco_mesh_compression": {"bufferView": 0}}}]}]);
    assert!(gltf::from_bytes(&container(&document, &bytes), &LoadOptions::default()).is_ok());
}

#[test]
fn trees_that_are_none_are_refused() {
    assert_says(&changed(|d| d["nodes"][node(10)]["children"] = json!([node(0)])), &["two parents"]);
    let circle = changed(|d| {
        d["nodes"][0]["children"] = json!([23]);
        d["nodes"][node(10)]["children"] = json!([node(0)]);
    });
    assert_says(&circle, &["circle"]);
    assert_says(&changed(|d| d["nodes"][0]["children"] = json!([99])), &["no node 99"]);
    assert_says(&changed(|d| d["skins"][0]["joints"][0] = json!(99)), &["no node"]);
    let deep: Vec<Value> = (1..60_000).map(|n| json!({"children": [n]})).chain([json!({})]).collect();
    assert_says(&changed(|d| d["nodes"] = json!(deep)), &["joint"]);
    let many = vec![json!({}); 70_000];
    assert_says(&changed(|d| d["nodes"] = json!(many)), &["65536"]);
}

#[test]
fn arrays_beyond_their_buffers_take_no_memory() {
    let cases: [(&str, Value, &str); 6] = [
        ("count", json!(1u64 << 40), "accessor"),
        ("count", json!(u64::MAX), "accessor"),
        ("byteOffset", json!(u64::MAX - 1), "beyond"),
        ("bufferView", json!(7_000), "no buffer view"),
        ("componentType", json!(1), "component type 1"),
        ("type", json!("MAT2"), "MAT2"),
    ];
    for (key, value, word) in cases {
        assert_says(&changed(|d| d["accessors"][1][key] = value), &[word]);
    }
    let zeros = changed(|d| {
        d["accessors"][1] = json!({"componentType": 5126, "count": 1u64 << 30, "type": "VEC3"});
        d["buffers"] = json!([d["buffers"][0], {"byteLength": 1u64 << 40, "uri": "x.bin"}]);
    });
    assert_says(&zeros, &["more values than the file has room for"]);
    assert_says(&changed(|d| d["bufferViews"][1]["byteLength"] = json!(u64::MAX)), &["buffer view"]);
    assert_says(&changed(|d| d["bufferViews"][1]["byteStride"] = json!(4)), &["accessor 1"]);
    assert_says(&changed(|d| d["buffers"][0]["byteLength"] = json!(1u64 << 40)), &["truncated"]);
    assert_says(&changed(|d| d["buffers"][0]["uri"] = json!("data:text/plain,hello")), &["base64"]);
}

#[test]
fn overlapping_arrays_do_not_multiply_the_file() {
    let text = changed(|d| {
        let rows = d["bufferViews"][0]["byteLength"].as_u64().expect("length") / 4;
        assert!(rows > 0);
        // Twenty thousand lists of times, all of the whole buffer.
        let bytes = d["buffers"][0]["byteLength"].as_u64().expect("length");
        d["bufferViews"][0] = json!({"buffer": 0, "byteLength": bytes});
        let first = d["accessors"].as_array().expect("list").len();
        for n in 0..20_000u64 {
            let this = json!({"bufferView": 0, "componentType": 5121, "count": bytes / 3, "type": "VEC3"});
            d["accessors"].as_array_mut().expect("list").push(this);
            let sampler = json!({"input": 0, "output": first as u64 + n});
            d["animations"][0]["samplers"].as_array_mut().expect("list").push(sampler);
            let channel = json!({"sampler": 66 + n, "target": {"node": 1, "path": "translation"}});
            d["animations"][0]["channels"].as_array_mut().expect("list").push(channel);
        }
    });
    assert_says(&text, &["more values than the file has room for"]);
}

#[test]
fn times_that_no_animation_has_are_refused() {
    let bad_times = |times: [f32; 6]| {
        let (document, mut bytes) = Author::default().write(&walk(6, 30.0));
        let sampler = document["animations"][0]["samplers"][0]["input"].as_u64().expect("input") as usize;
        let view = document["accessors"][sampler]["bufferView"].as_u64().expect("view") as usize;
        let start = document["bufferViews"][view]["byteOffset"].as_u64().expect("offset") as usize;
        times.iter().enumerate().for_each(|(n, t)| bytes[start + 4 * n..][..4].copy_from_slice(&t.to_le_bytes()));
        refusal(&container(&document, &bytes))
    };
    assert_says(&bad_times([0.0, 1.0, f32::NAN, 2.0, 3.0, 4.0]), &["not finite"]);
    assert_says(&bad_times([0.0, 1.0, 0.5, 2.0, 3.0, 4.0]), &["do not rise"]);
    assert_says(&bad_times([0.0, 1.0, 2.0, 3.0, 4.0, 1e30]), &["frames"]);
    assert_says(&changed(|d| d["animations"][0]["samplers"][1]["output"] = json!(0)), &["do not match"]);
    assert_says(&changed(|d| d["animations"][0]["samplers"][1]["input"] = json!(1)), &["list of times"]);
    assert_says(&changed(|d| d["animations"][0]["samplers"] = json!([])), &["sampler"]);
}

/// Calls `read` with copies of a file in which some digits and bytes are others.
fn with_damage(bytes: &[u8], times: u64, read: impl Fn(&[u8])) {
    let digits: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at].is_ascii_digit()).collect();
    for seed in 0..times {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut copy = bytes.to_vec();
        for _ in 0..rng.random_range(1..6) {
            copy[digits[rng.random_range(0..digits.len())]] = b'0' + rng.random_range(0..10);
        }
        if seed % 4 == 0 {
            let at = rng.random_range(0..copy.len());
            copy[at] = rng.random();
        }
        read(&copy);
    }
}

#[test]
fn damaged_files_are_errors_or_motions() {
    let motion = walk(3, 30.0);
    let (document, bytes) = Author { interpolation: "CUBICSPLINE", ..Author::default() }.write(&motion);
    let read = |bytes: &[u8]| drop(gltf::from_bytes(bytes, &LoadOptions::default()));
    with_damage(&container(&document, &bytes), 400, read);
    with_damage(crate::author::text(document, &bytes).as_bytes(), 200, read);
}

#[cfg(feature = "fbx")]
#[test]
fn damaged_fbx_is_an_error_or_a_motion() {
    use vimogen_core::io::fbx;
    let read = |bytes: &[u8]| drop(fbx::from_bytes(bytes, &LoadOptions::default()));
    with_damage(crate::fbx::mixamo(&walk(3, 30.0)).as_bytes(), 200, read);
    with_damage(&crate::blender::member("blender.fbx"), 200, read);
}

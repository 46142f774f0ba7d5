//! Reading glTF, VRM and FBX: files of a known motion, written here in the ways of other programs, and by Blender.

mod author;
mod blender;
mod characters;
mod choice;
#[cfg(feature = "fbx")]
mod fbx;
mod hostile;
mod same;

use author::{Author, text, walk};
use glam::{DAffine3, DQuat, DVec3};
use same::{assert_close, assert_same};
use serde_json::json;
use vimogen_core::Motion;
use vimogen_core::body::BodyModel;
use vimogen_core::io::{LoadOptions, gltf};

fn read(bytes: &[u8]) -> Motion {
    gltf::from_bytes(bytes, &LoadOptions::default()).expect("motion")
}

/// As FBX files become glTF: centimetres and z up below an Armature.
fn from_fbx() -> DAffine3 {
    DAffine3::from_scale_rotation_translation(
        DVec3::splat(0.01),
        DQuat::from_rotation_x(-std::f64::consts::FRAC_PI_2),
        DVec3::ZERO,
    )
}

#[test]
fn our_own_file_comes_back() {
    let motion = walk(40, 20.0);
    let bytes = gltf::to_bytes(&motion, BodyModel::neutral()).expect("glb");
    assert_same(&read(&bytes), &motion);
}

#[test]
fn a_file_of_one_frame_comes_back() {
    let motion = walk(1, 30.0);
    assert_same(&read(&gltf::to_bytes(&motion, BodyModel::neutral()).expect("glb")), &motion);
}

#[test]
fn bones_with_axes_of_their_own_are_relative_to_the_bind_pose_whatever_the_nodes_show() {
    let motion = walk(30, 30.0);
    for present in [0, 17] {
        assert_same(&read(&Author { present, ..Author::default() }.glb(&motion)), &motion);
    }
}

#[test]
fn an_armature_that_scales_and_turns_counts_whatever_the_mesh_was_bound_in() {
    let motion = walk(30, 24.0);
    for bound_in_armature in [false, true] {
        let author = Author { armature: from_fbx(), bound_in_armature, present: 9, ..Author::default() };
        assert_same(&read(&author.glb(&motion)), &motion);
    }
}

#[test]
fn steps_and_keys_that_start_late_keep_their_frames() {
    let motion = walk(30, 25.0);
    let author = Author { interpolation: "STEP", start: 3.32, ..Author::default() };
    assert_same(&read(&author.glb(&motion)), &motion);
}

#[test]
fn sparse_linear_keys_are_joined_by_the_short_arc() {
    let motion = walk(31, 30.0);
    let read = read(&Author { step: 2, ..Author::default() }.glb(&motion));
    assert_eq!((read.len(), read.fps()), (31, 30.0));
    assert_eq!(read.source().expect("source").rate, "30, at which its few keys are sampled");
    assert_close(&read, &motion, 0.01, 1.0);
}

#[test]
fn splines_follow_their_tangents() {
    let motion = walk(31, 30.0);
    let curve = |interpolation| read(&Author { step: 5, interpolation, ..Author::default() }.glb(&motion));
    // The tangents at both ends are one-sided differences.
    assert_close(&curve("CUBICSPLINE"), &motion, 0.006, 0.5);
    let far = (&curve("LINEAR").smpl().joints - &motion.smpl().joints).iter().fold(0.0f32, |m, d| m.max(d.abs()));
    assert!(far > 0.012, "{far}");
}

#[test]
fn a_given_rate_samples_the_animation_anew() {
    let motion = walk(61, 60.0);
    let bytes = Author::default().glb(&motion);
    let read = gltf::from_bytes(&bytes, &LoadOptions::default().with_fps(20.0)).expect("motion");
    assert_eq!((read.len(), read.fps()), (21, 20.0));
    let (last, want) = (read.joints(), motion.joints());
    assert!((last[[20, 15, 1]] - want[[60, 15, 1]]).abs() < 1e-3);
}

#[test]
fn text_with_base64_or_a_file_beside_it_is_read_and_no_file_elsewhere() {
    let motion = walk(12, 30.0);
    let (mut document, bytes) = Author::default().write(&motion);
    assert_same(&read(text(document.clone(), &bytes).as_bytes()), &motion);

    let folder = tempfile::tempdir().expect("folder");
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).expect("folder");
    std::fs::write(inner.join("walk 1.bin"), &bytes).expect("file");
    std::fs::write(folder.path().join("walk.bin"), &bytes).expect("file");
    let mut load = |uri: &str| {
        document["buffers"][0]["uri"] = json!(uri);
        std::fs::write(inner.join("walk.gltf"), format!("\u{feff}{document}")).expect("file");
        Motion::load(inner.join("walk.gltf"))
    };
    assert_same(&load("walk%201.bin").expect("motion"), &motion);
    for uri in
        ["../walk.bin", "%2e%2e/walk.bin", "/etc/hostname", "a/../../walk.bin", "..\\walk.bin", "file:///etc/hostname"]
    {
        let refused = load(uri).expect_err(uri).to_string();
        assert!(refused.contains("outside the folder") && refused.contains("walk.gltf"), "{refused}");
    }
    let missing = load("other.bin").expect_err("missing").to_string();
    assert!(missing.contains("\"other.bin\" is missing"), "{missing}");
}

#[cfg(unix)]
#[test]
fn a_link_does_not_lead_out_of_the_folder() {
    let (mut document, bytes) = Author::default().write(&walk(3, 30.0));
    let folder = tempfile::tempdir().expect("folder");
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).expect("folder");
    std::fs::write(folder.path().join("walk.bin"), &bytes).expect("file");
    std::os::unix::fs::symlink("../walk.bin", inner.join("link.bin")).expect("link");
    document["buffers"][0]["uri"] = json!("link.bin");
    std::fs::write(inner.join("walk.gltf"), document.to_string()).expect("file");
    let refused = Motion::load(inner.join("walk.gltf")).expect_err("refused").to_string();
    assert!(refused.contains("outside the folder"), "{refused}");
}

/// Names without a meaning, and VRM's names for them.
fn odd() -> (Vec<String>, Vec<(&'static str, usize)>) {
    let names = (0..author::JOINTS).map(|j| format!("J_Bip_{}", (7 * j) % 22)).collect();
    let bones = [
        "hips",
        "leftUpperLeg",
        "rightUpperLeg",
        "spine",
        "leftLowerLeg",
        "rightLowerLeg",
        "chest",
        "leftFoot",
        "rightFoot",
        "upperChest",
        "leftToes",
        "rightToes",
        "neck",
        "leftShoulder",
        "rightShoulder",
        "head",
        "leftUpperArm",
        "rightUpperArm",
        "leftLowerArm",
        "rightLowerArm",
        "leftHand",
        "rightHand",
    ];
    (names, bones.into_iter().enumerate().map(|(j, bone)| (bone, author::node(j))).collect())
}

#[test]
fn vrm_names_its_joints_in_both_versions_and_in_animations() {
    let motion = walk(20, 30.0);
    let (names, bones) = odd();
    let newer: serde_json::Map<String, serde_json::Value> =
        bones.iter().map(|(bone, node)| (bone.to_string(), json!({"node": node}))).collect();
    let older: Vec<serde_json::Value> = bones.iter().map(|(bone, node)| json!({"bone": bone, "node": node})).collect();
    let back = DAffine3::from_rotation_y(std::f64::consts::PI);
    let one = Author {
        names: names.clone(),
        extensions: json!({"VRMC_vrm": {"humanoid": {"humanBones": newer}}}),
        ..Author::default()
    };
    assert_same(&read(&one.glb(&motion)), &motion);

    // VRM 0.x stands with its face to -z.
    let (mut document, bytes) =
        Author { extensions: json!({"VRM": {"humanoid": {"humanBones": older}}}), ..one.clone() }.write(&motion);
    let parts = author::turned_around(&mut document, &bytes, back);
    assert_same(&read(&author::container(&document, &parts)), &motion);

    let (document, bytes) = Author {
        skinned: false,
        bones: [DQuat::IDENTITY; author::JOINTS],
        extensions: json!({"VRMC_vrm_animation": {"humanoid": {"humanBones": newer}}}),
        ..one
    }
    .write(&motion);
    let document = author::at_rest(document);
    assert_same(&read(&author::container(&document, &bytes)), &motion);
}

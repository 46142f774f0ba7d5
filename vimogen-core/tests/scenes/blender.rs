//! Files that Blender exported, against the places that its joints had there (`tests/formats/make_scene.py`).

use std::path::{Path, PathBuf};

use glam::{DMat3, DMat4, DQuat, DVec3};
use serde_json::Value;
use vimogen_core::Motion;
use vimogen_core::motion::skeleton::PARENTS;

/// Mixamo's joint for each of ours.
const NAMES: [&str; 22] = [
    "Hips", "LeftUpLeg", "RightUpLeg", "Spine", "LeftLeg", "RightLeg", "Spine1", "LeftFoot", "RightFoot", "Spine2",
    "LeftToeBase", "RightToeBase", "Neck", "LeftShoulder", "RightShoulder", "Head", "LeftArm", "RightArm",
    "LeftForeArm", "RightForeArm", "LeftHand", "RightHand",
];

fn folder() -> PathBuf {
    std::env::var_os("SCENES").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/formats"), PathBuf::from)
}

/// Blender's world, in which the figure faces -y, to ours.
fn ours(place: DVec3) -> DVec3 {
    DVec3::new(-place.x, -place.y, place.z)
}

struct Truth(Value);

impl Truth {
    fn matrix(of: &Value, joint: usize) -> DMat4 {
        let rows = &of[format!("mixamorig:{}", NAMES[joint])];
        DMat4::from_cols_array(&std::array::from_fn(|n| rows[n / 4][n % 4].as_f64().expect("number"))).transpose()
    }

    /// Place, and rotation since rest, of a joint in a frame.
    fn at(&self, frame: usize, joint: usize) -> (DVec3, DQuat) {
        let now = Self::matrix(&self.0["frames"][frame], joint);
        let turn = DMat3::from_mat4(now * Self::matrix(&self.0["rest"], joint).inverse());
        let half_turn = DQuat::from_rotation_z(std::f64::consts::PI);
        (ours(now.w_axis.truncate()), half_turn * DQuat::from_mat3(&turn) * half_turn.inverse())
    }
}

fn truth() -> Truth {
    let text = std::fs::read_to_string(folder().join("walk.json")).expect("walk.json");
    Truth(serde_json::from_str(&text).expect("JSON"))
}

/// Asserts places within 1 mm, and rotations within some degrees: rests differ from the neutral body's.
#[track_caller]
fn assert_walks(file: &str, first: usize, degrees: f64) {
    let truth = truth();
    let motion = Motion::load(folder().join(file)).expect(file);
    println!("{file}: {:?}", motion.source());
    let frames = truth.0["frames"].as_array().expect("frames").len();
    assert_eq!((motion.len(), motion.fps()), (frames - first, 30.0), "{file}");
    let (joints, turns) = (motion.joints(), motion.local_rotations());
    // Blender's figure faces +y after the half turn, and ours at rest in SMPL's axes.
    let swap = DQuat::from_mat3(&vimogen_core::motion::axes::SWAP.as_dmat3());
    for t in 0..motion.len() {
        let mut world: Vec<DQuat> = Vec::new();
        for j in 0..22 {
            let [w, x, y, z] = std::array::from_fn(|c| f64::from(turns[[t, j, c]]));
            let own = DQuat::from_xyzw(x, y, z, w).normalize();
            world.push(PARENTS[j].map_or(own, |p| world[p] * own));
            let (place, turn) = truth.at(t + first, j);
            let got = DVec3::from_array(std::array::from_fn(|c| f64::from(joints[[t, j, c]])));
            assert!(got.distance(place) < 1e-3, "{file}, frame {t}, {}: {got} {place}", NAMES[j]);
            let angle = (world[j] * swap.inverse()).angle_between(turn).to_degrees();
            assert!(angle < degrees, "{file}, frame {t}, {}: {angle} degrees", NAMES[j]);
        }
    }
}

#[test]
fn gltf_of_blender_is_where_blender_had_it() {
    assert_walks("blender.glb", 0, 0.1);
}

#[test]
fn gltf_of_blender_in_parts() {
    assert_walks("sampled.gltf", 0, 0.1);
}

#[cfg(feature = "fbx")]
#[test]
fn fbx_of_blender_is_where_blender_had_it() {
    for file in ["blender.fbx", "leaf.fbx", "zup.fbx"] {
        assert_walks(file, 0, 0.1);
    }
}

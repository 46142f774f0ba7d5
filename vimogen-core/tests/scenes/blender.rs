//! Files that Blender exported, against the places that its joints had there (`tests/scenes/make.py`).

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use glam::{DMat3, DMat4, DQuat, DVec3};
use serde_json::Value;
use vimogen_core::Motion;
pub use vimogen_core::io::bvh::MIXAMO_NAMES as NAMES;
use vimogen_core::io::{LoadOptions, gltf};
use vimogen_core::motion::skeleton::PARENTS;
use zip::ZipArchive;

/// A file of `tests/scenes/blender.zip`.
pub fn member(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scenes/blender.zip");
    let mut archive = ZipArchive::new(File::open(path).expect("blender.zip")).expect("zip");
    let mut bytes = Vec::new();
    archive.by_name(name).expect("member").read_to_end(&mut bytes).expect("data");
    bytes
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
    Truth(serde_json::from_slice(&member("walk.json")).expect("JSON"))
}

/// Asserts places within 1 mm, and rotations within 25 degrees: Blender's figure has another rest pose than the neutral
/// body, and axes of bones would be further off.
#[track_caller]
fn assert_walks(motion: &Motion) {
    let truth = truth();
    let frames = truth.0["frames"].as_array().expect("frames").len();
    assert_eq!((motion.len(), motion.fps()), (frames, 30.0));
    let (joints, turns) = (motion.joints(), motion.local_rotations());
    // Blender's figure faces +y after the half turn, and ours at rest in SMPL's axes.
    let swap = DQuat::from_mat3(&vimogen_core::motion::axes::SWAP.as_dmat3());
    for t in 0..motion.len() {
        let mut world: Vec<DQuat> = Vec::new();
        for j in 0..22 {
            let [w, x, y, z] = std::array::from_fn(|c| f64::from(turns[[t, j, c]]));
            let own = DQuat::from_xyzw(x, y, z, w).normalize();
            world.push(PARENTS[j].map_or(own, |p| world[p] * own));
            let (place, turn) = truth.at(t, j);
            let got = DVec3::from_array(std::array::from_fn(|c| f64::from(joints[[t, j, c]])));
            assert!(got.distance(place) < 1e-3, "frame {t}, {}: {got} {place}", NAMES[j]);
            let angle = (world[j] * swap.inverse()).angle_between(turn).to_degrees();
            assert!(angle < 25.0, "frame {t}, {}: {angle} degrees", NAMES[j]);
        }
    }
}

#[test]
fn gltf_of_blender_is_where_blender_had_it() {
    assert_walks(&gltf::from_bytes(&member("blender.glb"), &LoadOptions::default()).expect("motion"));
}

#[cfg(feature = "fbx")]
#[test]
fn fbx_of_blender_is_where_blender_had_it() {
    use vimogen_core::motion::{LengthUnit, UpAxis};
    // The second is in metres with z up and bones along x.
    for (name, up, unit) in
        [("blender.fbx", UpAxis::Y, LengthUnit::Centimetres), ("zup.fbx", UpAxis::Z, LengthUnit::Metres)]
    {
        let motion = vimogen_core::io::fbx::from_bytes(&member(name), &LoadOptions::default()).expect(name);
        let source = motion.source().expect("source");
        assert_eq!((source.up, source.unit), (Some(up), Some(unit)), "{name}");
        assert_walks(&motion);
    }
}

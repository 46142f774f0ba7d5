//! glTF 2.0 as one `.glb` file: a skinned mesh and its animation, for Blender, Unity, Unreal, three.js and others.
//!
//! Axes are glTF's: y up; a clip that starts facing +y in vimogen's world faces +z and its left is +x, as in
//! [BVH](super::super::bvh). Lengths are metres. The mesh and the inverse bind matrices are in the rest pose, a T that
//! stands on y = 0. The nodes have the pose of the first frame; the animation has a rotation for each joint and a
//! translation for the pelvis, keyed at every frame of the clip and interpolated linearly. A clip of one frame is a pose:
//! it has no animation, since viewers do not apply one of no duration.
//!
//! The mesh is posed by the rotations. Pose blend shapes of SMPL have no counterpart in glTF and are left out, and each
//! vertex keeps its four largest weights.

use std::path::Path;

use glam::{Mat4, Quat};
use serde_json::{Value, json};

use super::build::{Builder, Glb, INDICES, U16, U32, VERTICES};
use crate::body::BodyModel;
use crate::declare::Setting;
use crate::error::Result;
use crate::format::write_atomic;
use crate::io::joint_names::JointNames;
use crate::io::skinned::Skinned;
use crate::motion::Motion;
use crate::motion::layout::JOINTS;

/// Name of the mesh, its skin and its node. Blender names the armature after the skin.
const NAME: &str = "body";

/// Writes the clip as an animation of `body`, with SMPL's joint names.
///
/// # Errors
/// Those of [`to_bytes`], [`Error::NotFound`](crate::Error::NotFound) if the folder does not exist,
/// [`Error::Io`](crate::Error::Io).
pub fn save(path: impl AsRef<Path>, motion: &Motion, body: &BodyModel) -> Result<()> {
    save_with(path, motion, body, JointNames::Smpl)
}

/// [`save`] with other names of the joints.
///
/// # Errors
/// As [`save`].
pub fn save_with(path: impl AsRef<Path>, motion: &Motion, body: &BodyModel, names: JointNames) -> Result<()> {
    let file = character(&Skinned::new(motion, body, names)?)?;
    write_atomic(path, |w| file.write(w))
}

/// The bytes of the file.
///
/// # Errors
/// [`Error::NonFinite`](crate::Error::NonFinite) for a clip whose decoded values overflow,
/// [`Error::TooLarge`](crate::Error::TooLarge) beyond the 4 GiB of the format.
pub fn to_bytes(motion: &Motion, body: &BodyModel) -> Result<Vec<u8>> {
    character(&Skinned::new(motion, body, JointNames::Smpl)?)?.into_bytes()
}

fn character(clip: &Skinned<'_>) -> Result<Glb> {
    let mut file = Builder::default();
    let mesh = mesh(&mut file, clip);
    let skin = skin(&mut file, clip);
    let mut document = json!({
        "asset": asset(clip.motion),
        "scene": 0,
        "scenes": [{"nodes": [0, clip.rest.len()]}],
        "nodes": nodes(clip),
        "meshes": [{"name": NAME, "primitives": [mesh]}],
        "materials": [{
            "name": NAME,
            "pbrMetallicRoughness": {
                "baseColorFactor": [0.55, 0.62, 0.72, 1.0], "metallicFactor": 0.0, "roughnessFactor": 0.8
            }
        }],
        "skins": [skin],
    });
    if clip.motion.len() > 1 {
        document["animations"] = json!([animation(&mut file, clip)]);
    }
    Glb::new(document, file)
}

/// Version and origin of the file.
pub(super) fn asset(motion: &Motion) -> Value {
    let mut extras = json!({"frame_rate": Setting::Number(motion.fps().into()).to_json()});
    if let Some(meta) = motion.meta() {
        // For people and other programs; the last holds everything, for our reader.
        extras["prompt"] = json!(meta.prompt);
        extras["seed"] = json!(meta.seed);
        extras["model"] = json!(meta.model);
        extras["version"] = json!(meta.version);
        extras["vimogen"] = json!(meta.to_json());
    }
    json!({"version": "2.0", "generator": concat!("vimogen ", env!("CARGO_PKG_VERSION")), "extras": extras})
}

/// The joints in the pose of the first frame, in their order, then the mesh.
fn nodes(clip: &Skinned<'_>) -> Vec<Value> {
    let root = clip.roots()[0];
    let node = |j: usize| {
        let place = if j == 0 { root } else { clip.offset(j) };
        let mut node = json!({"name": clip.names[j], "translation": place.to_array()});
        let turn = clip.turns(j)[0];
        if turn != Quat::IDENTITY {
            node["rotation"] = json!(turn.to_array());
        }
        let children = clip.children(j);
        if !children.is_empty() {
            node["children"] = json!(children);
        }
        node
    };
    let mut all: Vec<Value> = (0..clip.rest.len()).map(node).collect();
    all.push(json!({"name": NAME, "mesh": 0, "skin": 0}));
    all
}

fn mesh(file: &mut Builder, clip: &Skinned<'_>) -> Value {
    let (points, weights) = (clip.vertices(), clip.weights());
    let positions = file.bounded(&points, Some(VERTICES));
    let normals = file.floats(&clip.normals(), Some(VERTICES));
    let joints: Vec<u8> = weights.iter().flatten().flat_map(|(joint, _)| joint.to_le_bytes()).collect();
    let joints = file.add(&joints, weights.len(), U16, "VEC4", Some(VERTICES));
    let weights: Vec<[f32; 4]> = weights.iter().map(|all| all.map(|(_, weight)| weight)).collect();
    let weights = file.floats(&weights, Some(VERTICES));
    let corners = clip.body.faces();
    // 65,535 itself restarts primitives.
    let (corners, kind): (Vec<u8>, u32) = if points.len() <= usize::from(u16::MAX) {
        (corners.iter().flat_map(|v| (*v as u16).to_le_bytes()).collect(), U16)
    } else {
        (corners.iter().flat_map(|v| v.to_le_bytes()).collect(), U32)
    };
    let indices = file.add(&corners, clip.body.faces().len(), kind, "SCALAR", Some(INDICES));
    json!({
        "attributes": {"POSITION": positions, "NORMAL": normals, "JOINTS_0": joints, "WEIGHTS_0": weights},
        "indices": indices,
        "material": 0,
    })
}

fn skin(file: &mut Builder, clip: &Skinned<'_>) -> Value {
    let matrices: Vec<[f32; 16]> = clip.rest.iter().map(|p| Mat4::from_translation(-*p).to_cols_array()).collect();
    let matrices = file.floats(&matrices, None);
    let joints: Vec<usize> = (0..clip.rest.len()).collect();
    json!({"name": NAME, "skeleton": 0, "joints": joints, "inverseBindMatrices": matrices})
}

fn animation(file: &mut Builder, clip: &Skinned<'_>) -> Value {
    let mut tracks = Tracks::new(file, clip.motion);
    tracks.add(file, 0, "translation", &clip.roots().iter().map(|p| p.to_array()).collect::<Vec<_>>());
    for joint in 0..JOINTS {
        let turns: Vec<[f32; 4]> = clip.turns(joint).iter().map(|turn| turn.to_array()).collect();
        tracks.add(file, joint, "rotation", &turns);
    }
    tracks.into_animation()
}

/// Channels of an animation with a key at every frame.
pub(super) struct Tracks {
    times: usize,
    samplers: Vec<Value>,
    channels: Vec<Value>,
}

impl Tracks {
    pub(super) fn new(file: &mut Builder, motion: &Motion) -> Self {
        // An animation has a duration, or players do not apply it.
        let times: Vec<[f32; 1]> = (0..motion.len().max(2)).map(|t| [t as f32 / motion.fps()]).collect();
        Self { times: file.bounded(&times, None), samplers: Vec::new(), channels: Vec::new() }
    }

    pub(super) fn add<const N: usize>(&mut self, file: &mut Builder, node: usize, path: &str, keys: &[[f32; N]]) {
        let output = file.floats(keys, None);
        self.channels.push(json!({"sampler": self.samplers.len(), "target": {"node": node, "path": path}}));
        self.samplers.push(json!({"input": self.times, "output": output, "interpolation": "LINEAR"}));
    }

    pub(super) fn into_animation(self) -> Value {
        json!({"name": "motion", "samplers": self.samplers, "channels": self.channels})
    }
}

//! glTF 2.0 as one `.glb` file: a skinned mesh and its animation, for Blender, Unity, Unreal, three.js and others.
//!
//! Axes are glTF's: y up; a clip that starts facing +y in vimogen's world faces +z and its left is +x, as in
//! [BVH](super::bvh). Lengths are metres. Nodes have the joint names of [`crate::motion::skeleton`] and are in the rest
//! pose (a T); the animation has a rotation for each joint and a translation for the pelvis, keyed at every frame of the
//! clip and interpolated linearly.
//!
//! The mesh is posed by the rotations. Pose blend shapes of SMPL have no counterpart in glTF and are left out, and each
//! vertex keeps its four largest weights.

use std::io::{self, Write};
use std::path::Path;

use glam::{Quat, Vec3};
use serde_json::{Value, json};

use crate::body::{BodyKind, BodyModel, top4_weights, vertex_normals};
use crate::error::{Error, Result};
use crate::format::write_atomic;
use crate::motion::Motion;
use crate::motion::axes::{SWAP, swap_up};
use crate::motion::codec::SmplMotion;
use crate::motion::layout::JOINTS;
use crate::motion::rotation::quat_from_wxyz;
use crate::motion::skeleton::JOINT_NAMES;

/// Component types of glTF.
const U16: u32 = 5123;
const U32: u32 = 5125;
const F32: u32 = 5126;
/// Buffer view targets of glTF.
const VERTICES: u32 = 34962;
const INDICES: u32 = 34963;

/// Writes the clip as an animation of `body`.
///
/// # Errors
/// Those of [`to_bytes`], [`Error::NotFound`] if the folder does not exist, [`Error::Io`].
pub fn save(path: impl AsRef<Path>, motion: &Motion, body: &BodyModel) -> Result<()> {
    let file = Container::new(motion, body)?;
    write_atomic(path, |w| file.write(w))
}

/// The bytes of the file.
///
/// # Errors
/// [`Error::TooLarge`] beyond the 4 GiB of the format.
pub fn to_bytes(motion: &Motion, body: &BodyModel) -> Result<Vec<u8>> {
    let file = Container::new(motion, body)?;
    let mut bytes = Vec::with_capacity(file.total as usize);
    file.write(&mut bytes).map_err(Error::internal)?;
    Ok(bytes)
}

/// JSON and binary chunk of a file, each padded to four bytes.
struct Container {
    text: Vec<u8>,
    binary: Vec<u8>,
    /// Bytes of the file.
    total: u32,
}

impl Container {
    fn new(motion: &Motion, body: &BodyModel) -> Result<Self> {
        let mut file = Builder::default();
        let mesh = file.mesh(body);
        let skin = file.skin(body);
        let animation = file.animation(motion, body);
        let joints = body.num_joints();
        let root = json!({
            "asset": {"version": "2.0", "generator": concat!("vimogen ", env!("CARGO_PKG_VERSION"))},
            "scene": 0,
            "scenes": [{"nodes": [0, joints]}],
            "nodes": nodes(body),
            "meshes": [{"name": "body", "primitives": [mesh]}],
            "materials": [{
                "name": "body",
                "pbrMetallicRoughness": {
                    "baseColorFactor": [0.55, 0.62, 0.72, 1.0], "metallicFactor": 0.0, "roughnessFactor": 0.8
                }
            }],
            "skins": [skin],
            "animations": [animation],
            "accessors": file.accessors,
            "bufferViews": file.views,
            "buffers": [{"byteLength": file.bytes.len()}],
        });
        let (mut text, mut binary) = (root.to_string().into_bytes(), file.bytes);
        text.resize(text.len().next_multiple_of(4), b' ');
        binary.resize(binary.len().next_multiple_of(4), 0);
        let (needed, limit) = (28 + text.len() as u64 + binary.len() as u64, u64::from(u32::MAX));
        let too_large = |_| Error::TooLarge { what: "glb file".into(), needed, limit };
        Ok(Self { total: u32::try_from(needed).map_err(too_large)?, text, binary })
    }

    /// Writes header, JSON and binary chunk.
    fn write(&self, w: &mut impl Write) -> io::Result<()> {
        w.write_all(b"glTF")?;
        // The lengths are below that of the file, which fits.
        for word in [2, self.total, self.text.len() as u32] {
            w.write_all(&word.to_le_bytes())?;
        }
        w.write_all(b"JSON")?;
        w.write_all(&self.text)?;
        w.write_all(&(self.binary.len() as u32).to_le_bytes())?;
        w.write_all(b"BIN\0")?;
        w.write_all(&self.binary)
    }
}

/// The joints, in their order, then the mesh.
fn nodes(body: &BodyModel) -> Vec<Value> {
    let rest = rest_joints(body);
    let children =
        |j: usize| -> Vec<usize> { (0..rest.len()).filter(|child| body.parents()[*child] == Some(j)).collect() };
    let node = |j: usize| {
        let offset = body.parents()[j].map_or(rest[j], |p| rest[j] - rest[p]);
        let mut node = json!({"name": joint_name(body.kind(), j), "translation": offset.to_array()});
        if !children(j).is_empty() {
            node["children"] = json!(children(j));
        }
        node
    };
    let mut all: Vec<Value> = (0..rest.len()).map(node).collect();
    all.push(json!({"name": "body", "mesh": 0, "skin": 0}));
    all
}

/// Joints beyond the 22 of a motion by number: hands and face are at rest.
fn joint_name(kind: BodyKind, joint: usize) -> String {
    match (kind, joint) {
        (_, 0..JOINTS) => JOINT_NAMES[joint].into(),
        (BodyKind::Smplx, 22) => "jaw".into(),
        (BodyKind::Smplx, 25..40) => format!("left_hand_{}", joint - 25),
        (BodyKind::Smplx, 40..) => format!("right_hand_{}", joint - 40),
        (BodyKind::Smpl, 22) => "left_hand".into(),
        (BodyKind::Smpl, _) => "right_hand".into(),
        _ => {
            if joint == 23 {
                "left_eye".into()
            } else {
                "right_eye".into()
            }
        }
    }
}

fn rest_joints(body: &BodyModel) -> Vec<Vec3> {
    body.rest_joints().as_chunks::<3>().0.iter().map(|p| Vec3::from_array(*p)).collect()
}

/// The parts of the binary chunk and their descriptions.
#[derive(Default)]
struct Builder {
    bytes: Vec<u8>,
    views: Vec<Value>,
    accessors: Vec<Value>,
}

impl Builder {
    /// Adds an array of rows; gives the number of its accessor.
    fn add(&mut self, data: &[u8], count: usize, component: u32, kind: &str, target: Option<u32>) -> usize {
        let mut view = json!({"buffer": 0, "byteOffset": self.bytes.len(), "byteLength": data.len()});
        if let Some(target) = target {
            view["target"] = json!(target);
        }
        self.bytes.extend_from_slice(data);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self.views.push(view);
        self.accessors.push(json!({
            "bufferView": self.views.len() - 1, "componentType": component, "count": count, "type": kind,
        }));
        self.accessors.len() - 1
    }

    fn floats<const N: usize>(&mut self, rows: &[[f32; N]], target: Option<u32>) -> usize {
        let kind = ["SCALAR", "", "VEC3", "VEC4"].get(N - 1).copied().unwrap_or("MAT4");
        let data: Vec<u8> = rows.iter().flatten().flat_map(|v| v.to_le_bytes()).collect();
        self.add(&data, rows.len(), F32, kind, target)
    }

    /// [`Builder::floats`] with the bounds that glTF demands of positions and times.
    fn bounded<const N: usize>(&mut self, rows: &[[f32; N]], target: Option<u32>) -> usize {
        let accessor = self.floats(rows, target);
        let bound = |f: fn(f32, f32) -> f32| -> Vec<f32> {
            (0..N).map(|c| rows.iter().map(|r| r[c]).reduce(f).unwrap_or(0.0)).collect()
        };
        self.accessors[accessor]["min"] = json!(bound(f32::min));
        self.accessors[accessor]["max"] = json!(bound(f32::max));
        accessor
    }

    fn mesh(&mut self, body: &BodyModel) -> Value {
        let points: Vec<[f32; 3]> = body.rest_vertices().as_chunks::<3>().0.to_vec();
        let normals = normals(body);
        let weights: Vec<[(u16, f32); 4]> = body.weights().iter().map(|w| top4_weights(w)).collect();
        let positions = self.bounded(&points, Some(VERTICES));
        let normals = self.floats(&normals, Some(VERTICES));
        let joints: Vec<u8> = weights.iter().flatten().flat_map(|(joint, _)| joint.to_le_bytes()).collect();
        let joints = self.add(&joints, weights.len(), U16, "VEC4", Some(VERTICES));
        let weights: Vec<[f32; 4]> = weights.iter().map(|all| all.map(|(_, weight)| weight)).collect();
        let weights = self.floats(&weights, Some(VERTICES));
        let corners: Vec<u8> = body.faces().iter().flat_map(|v| v.to_le_bytes()).collect();
        let indices = self.add(&corners, body.faces().len(), U32, "SCALAR", Some(INDICES));
        json!({
            "attributes": {"POSITION": positions, "NORMAL": normals, "JOINTS_0": joints, "WEIGHTS_0": weights},
            "indices": indices,
            "material": 0,
        })
    }

    fn skin(&mut self, body: &BodyModel) -> Value {
        let inverse = |p: &Vec3| glam::Mat4::from_translation(-*p).to_cols_array();
        let matrices: Vec<[f32; 16]> = rest_joints(body).iter().map(inverse).collect();
        let matrices = self.floats(&matrices, None);
        let joints: Vec<usize> = (0..body.num_joints()).collect();
        json!({"name": "body", "skeleton": 0, "joints": joints, "inverseBindMatrices": matrices})
    }

    fn animation(&mut self, motion: &Motion, body: &BodyModel) -> Value {
        let times: Vec<[f32; 1]> = (0..motion.len()).map(|t| [t as f32 / motion.fps()]).collect();
        let times = self.bounded(&times, None);
        let (mut samplers, mut channels) = (Vec::new(), Vec::new());
        let mut channel = |node: usize, path: &str, output: usize| {
            samplers.push(json!({"input": times, "output": output, "interpolation": "LINEAR"}));
            channels.push(json!({"sampler": samplers.len() - 1, "target": {"node": node, "path": path}}));
        };
        let roots: Vec<[f32; 3]> = roots(motion.smpl(), body);
        channel(0, "translation", self.floats(&roots, None));
        for joint in 0..JOINTS {
            let turns = turns(motion, joint);
            channel(joint, "rotation", self.floats(&turns, None));
        }
        json!({"name": "motion", "samplers": samplers, "channels": channels})
    }
}

/// Pelvis positions, y up: where the rest pelvis of the body goes with the translation of the clip.
fn roots(smpl: &SmplMotion, body: &BodyModel) -> Vec<[f32; 3]> {
    let rest = rest_joints(body)[0];
    smpl.transl.rows().into_iter().map(|p| swap_up(Vec3::new(p[0], p[1], p[2]) + rest)).collect()
}

/// Unit quaternions (x, y, z, w) of a joint relative to its parent, of the pelvis to the world, without jumps of sign.
fn turns(motion: &Motion, joint: usize) -> Vec<[f32; 4]> {
    let to_y_up = if joint == 0 { Quat::from_mat3(&SWAP) } else { Quat::IDENTITY };
    let rotations = motion.local_rotations();
    let turn = |t: usize| to_y_up * quat_from_wxyz(std::array::from_fn(|c| rotations[[t, joint, c]]));
    (0..motion.len()).map(|t| turn(t).normalize().to_array()).collect()
}

/// Unit normals of the vertices at rest.
fn normals(body: &BodyModel) -> Vec<[f32; 3]> {
    let points: Vec<Vec3> = body.rest_vertices().as_chunks::<3>().0.iter().map(|p| Vec3::from_array(*p)).collect();
    let faces = body.faces();
    let normals = vertex_normals(&points, faces.rows().into_iter().map(|face| [face[0], face[1], face[2]]));
    normals.iter().map(|n| if *n == Vec3::ZERO { Vec3::Y } else { *n }.to_array()).collect()
}

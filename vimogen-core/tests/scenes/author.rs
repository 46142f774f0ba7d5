//! Writes glTF files of a walking human as other programs would: turned and scaled Armatures, bones with axes of their
//! own, curves instead of keys, children before their parents.

use base64::Engine as _;
use glam::{DAffine3, DQuat, DVec3};
use ndarray::Array3;
use serde_json::{Value, json};
use vimogen_core::Motion;
use vimogen_core::body::BodyModel;
use vimogen_core::motion::axes::{SWAP, swap_up};
use vimogen_core::motion::codec::{SmplMotion, encode};
use vimogen_core::motion::skeleton::{JOINT_NAMES, PARENTS};

pub const JOINTS: usize = 22;

/// A human who walks and swings arms and legs, z up.
pub fn walk(frames: usize, fps: f32) -> Motion {
    let mut smpl = SmplMotion::zeros(frames + 1);
    for t in 0..=frames {
        let phase = std::f32::consts::TAU * 0.8 * t as f32 / fps;
        for joint in 1..JOINTS {
            for axis in 0..3 {
                let size = if (3..=15).contains(&joint) { 0.1 } else { 0.3 };
                let shift = 1.3 * joint as f32 + 2.1 * axis as f32;
                smpl.body_pose[[t, 3 * (joint - 1) + axis]] = size * (phase + shift).sin();
            }
        }
        let heading = glam::Quat::from_rotation_z(0.4 * phase.sin()) * glam::Quat::from_mat3(&SWAP);
        let turn = heading.to_scaled_axis().to_array();
        (0..3).for_each(|c| smpl.global_orient[[t, c]] = turn[c]);
        let place = [0.2 * phase.sin(), 0.9 * t as f32 / fps, 1.2 + 0.02 * (2.0 * phase).cos()];
        (0..3).for_each(|c| smpl.transl[[t, c]] = place[c]);
    }
    let body = BodyModel::neutral();
    let joints: Array3<f32> = body.joints(&body.params(&smpl).expect("params")).expect("joints");
    smpl.joints = joints.slice(ndarray::s![.., ..JOINTS, ..]).to_owned();
    Motion::from_features(encode(&smpl).expect("features"), fps).expect("motion")
}

/// How a file is written.
#[derive(Clone)]
pub struct Author {
    pub names: Vec<String>,
    /// Rotation of each bone's own axes at rest.
    pub bones: [DQuat; JOINTS],
    pub armature: DAffine3,
    /// Whether the mesh is bound in the axes and the unit of the Armature, or else in those of the world.
    pub bound_in_armature: bool,
    pub interpolation: &'static str,
    /// Frames between two keys.
    pub step: usize,
    /// Time of the first key, seconds.
    pub start: f64,
    /// Frame whose pose the nodes have.
    pub present: usize,
    pub skinned: bool,
    pub extensions: Value,
}

impl Default for Author {
    fn default() -> Self {
        Self {
            names: JOINT_NAMES.map(String::from).to_vec(),
            bones: std::array::from_fn(|j| {
                let j = j as f64;
                DQuat::from_euler(glam::EulerRot::XYZ, 0.7 * j, 1.1 * j + 0.4, 0.3 - 0.9 * j)
            }),
            armature: DAffine3::IDENTITY,
            bound_in_armature: false,
            interpolation: "LINEAR",
            step: 1,
            start: 0.0,
            present: 0,
            skinned: true,
            extensions: json!({}),
        }
    }
}

/// The part of a file that grows.
#[derive(Default)]
pub struct Parts {
    pub bytes: Vec<u8>,
    pub views: Vec<Value>,
    pub accessors: Vec<Value>,
}

impl Parts {
    pub fn add(&mut self, kind: &str, width: usize, values: &[f64]) -> usize {
        let start = self.bytes.len();
        self.bytes.extend(values.iter().flat_map(|v| (*v as f32).to_le_bytes()));
        self.views.push(json!({"buffer": 0, "byteOffset": start, "byteLength": self.bytes.len() - start}));
        let view = self.views.len() - 1;
        self.accessors
            .push(json!({"bufferView": view, "componentType": 5126, "count": values.len() / width, "type": kind}));
        self.accessors.len() - 1
    }
}

/// Number of a joint's node: children come before their parents.
pub fn node(joint: usize) -> usize {
    JOINTS - joint
}

impl Author {
    /// Document and buffer.
    pub fn write(&self, motion: &Motion) -> (Value, Vec<u8>) {
        let mut parts = Parts::default();
        let locals: Vec<Vec<DAffine3>> = (0..motion.len()).map(|t| self.locals(&self.world(motion, t))).collect();
        let mut nodes = vec![json!({}); JOINTS + 2];
        nodes[0] = trs(&self.armature);
        nodes[0]["name"] = json!("Armature");
        nodes[0]["children"] = json!([JOINTS + 1, node(0)]);
        for joint in 0..JOINTS {
            let mut this = trs(&locals[self.present][joint]);
            let children: Vec<usize> = (0..JOINTS).filter(|j| PARENTS[*j] == Some(joint)).map(node).collect();
            this["name"] = json!(self.names[joint]);
            if !children.is_empty() {
                this["children"] = json!(children);
            }
            nodes[node(joint)] = this;
        }
        nodes[JOINTS + 1] = json!({"name": "body", "mesh": 0});
        let mut document = json!({
            "asset": {"version": "2.0"}, "scenes": [{"nodes": [0]}], "extensions": self.extensions,
            "meshes": [{"primitives": []}],
            "animations": [self.animation("walk", &mut parts, &locals, motion.fps().into())],
        });
        if self.skinned {
            nodes[JOINTS + 1]["skin"] = json!(0);
            document["skins"] = json!([self.skin(&mut parts)]);
        }
        document["nodes"] = json!(nodes);
        document["accessors"] = json!(parts.accessors);
        document["bufferViews"] = json!(parts.views);
        document["buffers"] = json!([{"byteLength": parts.bytes.len()}]);
        (document, parts.bytes)
    }

    pub fn glb(&self, motion: &Motion) -> Vec<u8> {
        let (document, bytes) = self.write(motion);
        container(&document, &bytes)
    }

    fn skin(&self, parts: &mut Parts) -> Value {
        let mesh = if self.bound_in_armature { self.armature } else { DAffine3::IDENTITY };
        let rest = BodyModel::neutral().rest_joints().as_chunks::<3>().0;
        let matrix = |joint: usize| {
            let place = DVec3::from_array(rest[joint].map(f64::from));
            let bound = mesh.inverse() * self.bone(joint, place, DQuat::IDENTITY);
            glam::DMat4::from(bound.inverse()).to_cols_array()
        };
        let matrices: Vec<f64> = (0..JOINTS).flat_map(matrix).collect();
        let joints: Vec<usize> = (0..JOINTS).map(node).collect();
        json!({"name": "Armature", "joints": joints, "inverseBindMatrices": parts.add("MAT4", 16, &matrices)})
    }

    /// Transform of a joint to the world, with the scale of the Armature.
    fn bone(&self, joint: usize, place: DVec3, turn: DQuat) -> DAffine3 {
        let scale = self.armature.matrix3.determinant().cbrt();
        DAffine3::from_scale_rotation_translation(DVec3::splat(scale), turn * self.bones[joint], place)
    }

    /// Transforms of the joints to the world, y up.
    fn world(&self, motion: &Motion, t: usize) -> Vec<DAffine3> {
        let joints = world_turns(motion, t).into_iter().enumerate();
        joints.map(|(j, (turn, place))| self.bone(j, place, turn)).collect()
    }

    fn locals(&self, world: &[DAffine3]) -> Vec<DAffine3> {
        let above = |j: usize| PARENTS[j].map_or(self.armature, |p| world[p]);
        (0..JOINTS).map(|j| above(j).inverse() * world[j]).collect()
    }

    pub fn animation(&self, name: &str, parts: &mut Parts, locals: &[Vec<DAffine3>], fps: f64) -> Value {
        let keys: Vec<usize> = (0..locals.len()).step_by(self.step).collect();
        let times: Vec<f64> = keys.iter().map(|t| self.start + *t as f64 / fps).collect();
        let times = parts.add("SCALAR", 1, &times);
        let (mut samplers, mut channels) = (Vec::new(), Vec::new());
        for joint in 0..JOINTS {
            for (path, kind, width) in [("translation", "VEC3", 3), ("rotation", "VEC4", 4), ("scale", "VEC3", 3)] {
                let rows = rows(locals, joint, path);
                let values: Vec<f64> = keys.iter().flat_map(|t| self.key(&rows, *t, fps)).collect();
                let output = parts.add(kind, width, &values);
                samplers.push(json!({"input": times, "output": output, "interpolation": self.interpolation}));
                let target = json!({"node": node(joint), "path": path});
                channels.push(json!({"sampler": samplers.len() - 1, "target": target}));
            }
        }
        json!({"name": name, "samplers": samplers, "channels": channels})
    }

    /// A key: its value, with tangents if it is a spline's.
    fn key(&self, rows: &[Vec<f64>], t: usize, fps: f64) -> Vec<f64> {
        if self.interpolation != "CUBICSPLINE" {
            return rows[t].clone();
        }
        let (before, after) = (t.saturating_sub(1), (t + 1).min(rows.len() - 1));
        let slope = |c: usize| (rows[after][c] - rows[before][c]) * fps / (after - before).max(1) as f64;
        let slopes: Vec<f64> = (0..rows[t].len()).map(slope).collect();
        [slopes.clone(), rows[t].clone(), slopes].concat()
    }
}

/// Rotation since rest and place of each joint in the world, y up, metres.
pub fn world_turns(motion: &Motion, t: usize) -> Vec<(DQuat, DVec3)> {
    let (joints, turns) = (motion.joints(), motion.local_rotations());
    let mut world: Vec<(DQuat, DVec3)> = Vec::new();
    for j in 0..JOINTS {
        let [w, x, y, z] = std::array::from_fn(|c| f64::from(turns[[t, j, c]]));
        let above = PARENTS[j].map_or(DQuat::from_mat3(&SWAP.as_dmat3()), |p| world[p].0);
        let place = swap_up::<f64>(std::array::from_fn(|c| f64::from(joints[[t, j, c]])));
        world.push((above * DQuat::from_xyzw(x, y, z, w).normalize(), DVec3::from(place)));
    }
    world
}

/// A property of a joint in all frames, quaternions without jumps of sign.
fn rows(locals: &[Vec<DAffine3>], joint: usize, path: &str) -> Vec<Vec<f64>> {
    let mut last = DQuat::IDENTITY;
    let row = |frame: &Vec<DAffine3>| {
        let (scale, turn, place) = frame[joint].to_scale_rotation_translation();
        match path {
            "translation" => place.to_array().to_vec(),
            "scale" => scale.to_array().to_vec(),
            _ => {
                last = if last.dot(turn) < 0.0 { -turn } else { turn };
                last.to_array().to_vec()
            }
        }
    };
    locals.iter().map(row).collect()
}

fn trs(place: &DAffine3) -> Value {
    let (scale, rotation, translation) = place.to_scale_rotation_translation();
    json!({"translation": translation.to_array(), "rotation": rotation.to_array(), "scale": scale.to_array()})
}

pub fn container(document: &Value, bytes: &[u8]) -> Vec<u8> {
    let mut text = document.to_string().into_bytes();
    text.resize(text.len().next_multiple_of(4), b' ');
    let mut out = b"glTF".to_vec();
    for word in [2, 28 + text.len() + bytes.len(), text.len()] {
        out.extend((word as u32).to_le_bytes());
    }
    out.extend(b"JSON");
    out.extend(text);
    out.extend((bytes.len() as u32).to_le_bytes());
    out.extend(b"BIN\0");
    out.extend(bytes);
    out
}

/// The document with its buffer in base64.
pub fn text(mut document: Value, bytes: &[u8]) -> String {
    let data = base64::engine::general_purpose::STANDARD.encode(bytes);
    document["buffers"][0]["uri"] = json!(format!("data:application/octet-stream;base64,{data}"));
    document.to_string()
}

/// Turns the whole figure, bind pose included, by a rotation.
pub fn turned_around(document: &mut Value, bytes: &[u8], turn: DAffine3) -> Vec<u8> {
    document["nodes"][0] = {
        let mut above = trs(&turn);
        above["children"] = document["nodes"][0]["children"].clone();
        above["name"] = json!("Armature");
        above
    };
    let matrices = document["skins"][0]["inverseBindMatrices"].as_u64().expect("matrices") as usize;
    let view = document["accessors"][matrices]["bufferView"].as_u64().expect("view") as usize;
    let start = document["bufferViews"][view]["byteOffset"].as_u64().expect("offset") as usize;
    let mut bytes = bytes.to_vec();
    for joint in 0..JOINTS {
        let place = &mut bytes[start + 64 * joint..][..64];
        let old: [f32; 16] =
            std::array::from_fn(|c| f32::from_le_bytes(place[4 * c..][..4].try_into().expect("four bytes")));
        let new = glam::DMat4::from_cols_array(&old.map(f64::from)) * glam::DMat4::from(turn.inverse());
        for (c, value) in new.to_cols_array().into_iter().enumerate() {
            place[4 * c..][..4].copy_from_slice(&(value as f32).to_le_bytes());
        }
    }
    bytes
}

/// Puts the nodes into the rest pose.
pub fn at_rest(mut document: Value) -> Value {
    let rest = BodyModel::neutral().rest_joints().as_chunks::<3>().0;
    for joint in 0..JOINTS {
        let above = PARENTS[joint].map_or([0.0; 3], |p| rest[p]);
        let offset: [f32; 3] = std::array::from_fn(|c| rest[joint][c] - above[c]);
        let this = &mut document["nodes"][node(joint)];
        this["rotation"] = json!([0.0, 0.0, 0.0, 1.0]);
        this["translation"] = json!(offset);
    }
    document
}

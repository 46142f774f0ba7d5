//! Characters made for the tests: skinned GLB files of any proportions, rest pose, bones and axes.

use glam::{DAffine3, DMat4, DQuat, DVec3};
use serde_json::{Value, json};

use crate::body::REST_OFFSETS;
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::PARENTS;
use crate::motion::skeleton::joint::*;

/// Height of the ankles above the ground, metres.
const ANKLE: f64 = 0.09;

/// How a character is made. Lengths are those of our own body times the factors.
#[derive(Debug, Clone)]
pub struct Build {
    /// Bones between pelvis and neck.
    pub spine: usize,
    pub neck: bool,
    pub collars: bool,
    pub toes: bool,
    /// Upper arms at rest below the horizontal, degrees.
    pub arms: f64,
    /// Further turns of thighs, shins, upper arms and forearms at rest, degrees.
    pub crooked: f64,
    /// Slope of the right foot at rest, degrees: a foot that does not stand.
    pub tiptoe: f64,
    /// Factors of thighs, shins, and arms.
    pub lengths: [f64; 3],
    /// Twist bones next to the limbs' bones, and within them.
    pub twist: bool,
    pub within: bool,
    /// Whether bones have axes of their own.
    pub own_axes: bool,
    /// Scale of the armature node, and whether it turns z up to y up.
    pub unit: f64,
    pub z_up: bool,
    /// Whether the mesh is in the axes and the unit of the armature.
    pub mesh_in_armature: bool,
    /// Place of the armature.
    pub away: DVec3,
    /// Where the body faces, degrees about y from +z.
    pub facing: f64,
    /// Size of all in world units per metre.
    pub size: f64,
    pub skins: usize,
    /// Whether the mesh has vertices: the corners of its feet.
    pub shoes: bool,
    /// Thickness of the soles below y = 0, metres.
    pub thick: f64,
    pub vrm: u8,
    pub names: fn(usize) -> String,
}

impl Default for Build {
    fn default() -> Self {
        Self {
            spine: 3,
            neck: true,
            collars: true,
            toes: true,
            arms: 0.0,
            crooked: 0.0,
            tiptoe: 0.0,
            lengths: [1.0; 3],
            twist: false,
            within: false,
            own_axes: true,
            unit: 1.0,
            z_up: false,
            mesh_in_armature: false,
            away: DVec3::ZERO,
            facing: 0.0,
            size: 1.0,
            skins: 1,
            shoes: false,
            thick: 0.0,
            vrm: 0,
            names: mixamo,
        }
    }
}

pub fn mixamo(joint: usize) -> String {
    const NAMES: [&str; JOINTS] = [
        "Hips",
        "LeftUpLeg",
        "RightUpLeg",
        "Spine",
        "LeftLeg",
        "RightLeg",
        "Spine1",
        "LeftFoot",
        "RightFoot",
        "Spine2",
        "LeftToeBase",
        "RightToeBase",
        "Neck",
        "LeftShoulder",
        "RightShoulder",
        "Head",
        "LeftArm",
        "RightArm",
        "LeftForeArm",
        "RightForeArm",
        "LeftHand",
        "RightHand",
    ];
    format!("mixamorig:{}", NAMES[joint])
}

pub fn unreal(joint: usize) -> String {
    const NAMES: [&str; JOINTS] = [
        "pelvis",
        "thigh_l",
        "thigh_r",
        "spine_01",
        "calf_l",
        "calf_r",
        "spine_02",
        "foot_l",
        "foot_r",
        "spine_03",
        "ball_l",
        "ball_r",
        "neck_01",
        "clavicle_l",
        "clavicle_r",
        "head",
        "upperarm_l",
        "upperarm_r",
        "lowerarm_l",
        "lowerarm_r",
        "hand_l",
        "hand_r",
    ];
    NAMES[joint].into()
}

/// Names that say nothing.
pub fn numbers(joint: usize) -> String {
    format!("b{}", (joint * 7 + 3) % 22)
}

/// A joint of a character.
#[derive(Debug, Clone)]
struct Bone {
    name: String,
    parent: Option<usize>,
    place: DVec3,
    turn: DQuat,
}

struct Bones(Vec<Bone>);

impl Bones {
    fn add(&mut self, name: impl Into<String>, parent: Option<usize>, place: DVec3) -> usize {
        self.0.push(Bone { name: name.into(), parent, place, turn: DQuat::IDENTITY });
        self.0.len() - 1
    }
}

/// A turn that depends on a number.
fn any_turn(n: usize) -> DQuat {
    let wave = |k: f64| (12.9898 * (n as f64 + 1.0) * k).sin();
    DQuat::from_scaled_axis(DVec3::new(wave(1.0), wave(1.7), wave(2.3)) * 2.0)
}

/// Places of our joints at rest, metres, y up, facing +z, standing on y = 0.
fn places(build: &Build) -> [DVec3; JOINTS] {
    let down = build.arms.to_radians();
    let bend = |joint: usize| any_turn(joint + 40).to_scaled_axis().normalize_or_zero() * build.crooked.to_radians();
    let mut turns = [DQuat::IDENTITY; JOINTS];
    let mut out = [DVec3::ZERO; JOINTS];
    for joint in 0..JOINTS {
        let own = match joint {
            LEFT_SHOULDER => DQuat::from_rotation_z(-down) * DQuat::from_scaled_axis(bend(joint)),
            RIGHT_SHOULDER => DQuat::from_rotation_z(down) * DQuat::from_scaled_axis(bend(joint)),
            LEFT_HIP | RIGHT_HIP | LEFT_KNEE | RIGHT_KNEE => DQuat::from_scaled_axis(0.5 * bend(joint)),
            LEFT_ELBOW | RIGHT_ELBOW => DQuat::from_scaled_axis(bend(joint)),
            _ => DQuat::IDENTITY,
        };
        let factor = match joint {
            LEFT_KNEE | RIGHT_KNEE => build.lengths[0],
            LEFT_ANKLE | RIGHT_ANKLE => build.lengths[1],
            LEFT_ELBOW..=RIGHT_WRIST => build.lengths[2],
            _ => 1.0,
        };
        let (above, at) = PARENTS[joint].map_or((DQuat::IDENTITY, DVec3::ZERO), |p| (turns[p], out[p]));
        out[joint] = at + above * REST_OFFSETS[joint].as_dvec3() * factor;
        turns[joint] = match joint {
            LEFT_ANKLE => DQuat::IDENTITY,
            RIGHT_ANKLE => DQuat::from_rotation_x(build.tiptoe.to_radians()),
            _ => above * own,
        };
    }
    let low = out[LEFT_ANKLE].y.min(out[RIGHT_ANKLE].y);
    out.map(|place| (place - DVec3::Y * (low - ANKLE)) * build.size)
}

fn bones(build: &Build) -> Bones {
    let at = places(build);
    let name = build.names;
    let mut bones = Bones(Vec::new());
    let mut index = [None; JOINTS];
    index[PELVIS] = Some(bones.add(name(PELVIS), None, at[PELVIS]));
    // The spine: any number of bones along the way of ours.
    let way = [PELVIS, SPINE1, SPINE2, SPINE3];
    let mut last = index[PELVIS];
    for i in 1..=build.spine {
        let place = 3.0 * i as f64 / build.spine as f64;
        let from = (place.floor() as usize).min(2);
        let place = at[way[from]].lerp(at[way[from + 1]], place - from as f64);
        let own = match (build.spine, i) {
            (3, i) => name(way[i]),
            (_, 1) => name(SPINE1),
            (_, i) => format!("{}_{i}", name(SPINE1)),
        };
        last = Some(bones.add(own, last, place));
    }
    index[SPINE3] = last;
    for joint in 1..JOINTS {
        if [SPINE1, SPINE2, SPINE3].contains(&joint) {
            continue;
        }
        let present = match joint {
            NECK => build.neck,
            LEFT_COLLAR | RIGHT_COLLAR => build.collars,
            LEFT_FOOT | RIGHT_FOOT => build.toes,
            _ => true,
        };
        let mut above = PARENTS[joint];
        while above.is_some_and(|joint| index[joint].is_none()) {
            above = above.and_then(|joint| if joint == SPINE2 { Some(SPINE3) } else { PARENTS[joint] });
        }
        let mut parent = above.and_then(|joint| index[joint]);
        let limb = matches!(joint, LEFT_KNEE | RIGHT_KNEE | LEFT_ANKLE | RIGHT_ANKLE | LEFT_ELBOW..=RIGHT_WRIST);
        if let (true, Some(from)) = (limb, parent) {
            let start = bones.0[from].place;
            let owner = name(above.unwrap_or(0));
            if build.twist {
                for k in 1..=2 {
                    bones.add(format!("{owner}_twist_0{k}"), parent, start.lerp(at[joint], f64::from(k) / 3.0));
                }
            }
            if build.within {
                parent = Some(bones.add(format!("{owner}_part"), parent, start.lerp(at[joint], 0.5)));
            }
        }
        if present {
            index[joint] = Some(bones.add(name(joint), parent, at[joint]));
        }
    }
    // A finger, which stays as it is.
    for (side, wrist) in [("Left", LEFT_WRIST), ("Right", RIGHT_WRIST)] {
        let ahead = DVec3::X * 0.08 * build.size * if side == "Left" { 1.0 } else { -1.0 };
        bones.add(format!("{side}Finger"), index[wrist], at[wrist] + ahead);
    }
    let facing = DQuat::from_rotation_y(build.facing.to_radians());
    for (n, bone) in bones.0.iter_mut().enumerate() {
        bone.place = facing * bone.place + build.away;
        bone.turn = if build.own_axes { any_turn(n) } else { facing };
    }
    bones
}

/// JSON and binary of a character. Its bones are the first nodes, in the order of `names`.
pub struct Made {
    pub document: Value,
    pub binary: Vec<u8>,
}

impl Made {
    pub fn glb(&self) -> Vec<u8> {
        super::super::containers::glb(&self.document.to_string(), &self.binary, &[]).unwrap()
    }
}

pub fn made(build: &Build) -> Made {
    let bones = bones(build).0;
    let count = bones.len();
    let tilt = if build.z_up { DQuat::from_rotation_x(-std::f64::consts::FRAC_PI_2) } else { DQuat::IDENTITY };
    let armature = DAffine3::from_scale_rotation_translation(DVec3::splat(build.unit), tilt, build.away);
    let world =
        |bone: &Bone| DAffine3::from_scale_rotation_translation(DVec3::splat(build.unit), bone.turn, bone.place);
    let mut nodes = Vec::new();
    for (n, bone) in bones.iter().enumerate() {
        let above = bone.parent.map_or(armature, |parent| world(&bones[parent]));
        let turn = bone.parent.map_or(tilt, |parent| bones[parent].turn);
        let children: Vec<usize> = (0..count).filter(|child| bones[*child].parent == Some(n)).collect();
        let place = above.inverse().transform_point3(bone.place);
        let mut node = json!({
            "name": bone.name,
            "translation": place.to_array(),
            "rotation": (turn.inverse() * bone.turn).normalize().to_array(),
        });
        if !children.is_empty() {
            node["children"] = json!(children);
        }
        nodes.push(node);
    }
    let mesh_to_world = if build.mesh_in_armature { armature } else { DAffine3::IDENTITY };
    let mut binary: Vec<u8> = Vec::new();
    let mut put = |matrix: DAffine3| {
        let matrix = DMat4::from(matrix).to_cols_array();
        matrix.iter().for_each(|v| binary.extend((*v as f32).to_le_bytes()));
    };
    bones.iter().for_each(|bone| put(world(bone).inverse() * mesh_to_world));
    // A box around the body: only its bounds are looked at.
    let corners: Vec<DVec3> = bones.iter().map(|bone| mesh_to_world.inverse().transform_point3(bone.place)).collect();
    let floor = mesh_to_world.inverse().transform_point3(DVec3::ZERO);
    let fold = |f: fn(DVec3, DVec3) -> DVec3| corners.iter().copied().chain([floor]).reduce(f).unwrap().to_array();
    let (low, high) = (fold(DVec3::min), fold(DVec3::max));
    let root = nodes.len() + build.skins;
    for skin in 0..build.skins {
        nodes.push(json!({ "name": format!("Body{skin}"), "mesh": 0, "skin": skin }));
    }
    let mut scene = vec![0];
    scene.extend(count..count + build.skins);
    nodes.push(json!({
        "name": "Armature", "children": scene, "rotation": tilt.to_array(),
        "translation": build.away.to_array(), "scale": [build.unit, build.unit, build.unit],
    }));
    // Each skin has some of the joints, all of them the hips.
    let part = count.div_ceil(build.skins);
    let skins: Vec<Value> = (0..build.skins)
        .map(|skin| {
            let own: Vec<usize> = (skin * part..((skin + 1) * part).min(count)).collect();
            json!({ "joints": own, "inverseBindMatrices": skin })
        })
        .collect();
    let mut accessors: Vec<Value> = (0..build.skins)
        .map(|skin| {
            let (first, number) = (skin * part, part.min(count - skin * part));
            json!({ "bufferView": 0, "byteOffset": 64 * first, "componentType": 5126, "count": number, "type": "MAT4" })
        })
        .collect();
    accessors.push(json!({ "componentType": 5126, "count": 3, "type": "VEC3", "min": low, "max": high }));
    let mut document = json!({
        "asset": { "version": "2.0", "generator": "tests" },
        "scene": 0,
        "scenes": [{ "nodes": [root] }],
        "nodes": nodes,
        "skins": skins,
        "meshes": [{ "primitives": [{ "attributes": { "POSITION": build.skins } }] }],
        "accessors": accessors,
        "bufferViews": [{ "buffer": 0, "byteOffset": 0, "byteLength": binary.len() }],
        "buffers": [{ "byteLength": binary.len() }],
    });
    let of_ours = |joint: usize| bones.iter().position(|bone| bone.name == (build.names)(joint));
    vrm(build, &mut document, of_ours);
    if build.shoes {
        let joints = [LEFT_ANKLE, LEFT_FOOT, RIGHT_ANKLE, RIGHT_FOOT].map(|joint| of_ours(joint).unwrap());
        let places = joints.map(|joint| bones[joint].place);
        shoes(build, joints, (places, mesh_to_world), &mut document, &mut binary);
    }
    Made { document, binary }
}

/// Corners of the soles of a shoe from its ankle: 6 cm wide, 7 cm behind, 6 cm ahead of the ball.
pub fn corners(size: f64) -> [(usize, DVec3); 4] {
    let corner = |x: f64, z: f64| DVec3::new(x, 0.0, z) * size;
    [(0, corner(0.03, -0.07)), (0, corner(-0.03, -0.07)), (1, corner(0.03, 0.06)), (1, corner(-0.03, 0.06))]
}

/// Adds shoes on the ground as vertices of the first skin.
fn shoes(
    build: &Build,
    joints: [usize; 4],
    (places, mesh): ([DVec3; 4], DAffine3),
    document: &mut Value,
    binary: &mut Vec<u8>,
) {
    let start = binary.len();
    let (mut own, mut weights) = (Vec::new(), Vec::new());
    let mut count = 0;
    for side in 0..2 {
        for (part, corner) in corners(build.size) {
            let at = places[2 * side + part].with_y(-build.thick * build.size) + corner;
            let at = mesh.inverse().transform_point3(at);
            at.to_array().iter().for_each(|v| binary.extend((*v as f32).to_le_bytes()));
            own.extend([joints[2 * side + part] as u16, 0, 0, 0].iter().flat_map(|j| j.to_le_bytes()));
            weights.extend([255u8, 0, 0, 0]);
            count += 1;
        }
    }
    let (first, second) = (binary.len(), binary.len() + own.len());
    binary.extend(own);
    binary.extend(weights);
    let views = document["bufferViews"].as_array_mut().unwrap();
    for (from, to) in [(start, first), (first, second), (second, binary.len())] {
        views.push(json!({ "buffer": 0, "byteOffset": from, "byteLength": to - from }));
    }
    let view = views.len() - 3;
    document["buffers"][0]["byteLength"] = json!(binary.len());
    let accessors = document["accessors"].as_array_mut().unwrap();
    let index = accessors.len();
    accessors.push(json!({ "bufferView": view, "componentType": 5126, "count": count, "type": "VEC3" }));
    accessors.push(json!({ "bufferView": view + 1, "componentType": 5123, "count": count, "type": "VEC4" }));
    accessors.push(json!({
        "bufferView": view + 2, "componentType": 5121, "normalized": true, "count": count, "type": "VEC4",
    }));
    document["meshes"][0]["primitives"][0]["attributes"] =
        json!({ "POSITION": index, "JOINTS_0": index + 1, "WEIGHTS_0": index + 2 });
}

/// The humanoid of VRM 0 (1) or VRM 1 (2).
fn vrm(build: &Build, document: &mut Value, node: impl Fn(usize) -> Option<usize>) {
    const BONES: [(&str, usize); 21] = [
        ("hips", PELVIS),
        ("leftUpperLeg", LEFT_HIP),
        ("rightUpperLeg", RIGHT_HIP),
        ("spine", SPINE1),
        ("leftLowerLeg", LEFT_KNEE),
        ("rightLowerLeg", RIGHT_KNEE),
        ("chest", SPINE2),
        ("leftFoot", LEFT_ANKLE),
        ("rightFoot", RIGHT_ANKLE),
        ("upperChest", SPINE3),
        ("leftToes", LEFT_FOOT),
        ("rightToes", RIGHT_FOOT),
        ("neck", NECK),
        ("leftShoulder", LEFT_COLLAR),
        ("rightShoulder", RIGHT_COLLAR),
        ("head", HEAD),
        ("leftUpperArm", LEFT_SHOULDER),
        ("rightUpperArm", RIGHT_SHOULDER),
        ("leftLowerArm", LEFT_ELBOW),
        ("rightLowerArm", RIGHT_ELBOW),
        ("leftHand", LEFT_WRIST),
    ];
    let all = BONES.into_iter().chain([("rightHand", RIGHT_WRIST)]);
    let found: Vec<(&str, usize)> = all.filter_map(|(bone, joint)| Some((bone, node(joint)?))).collect();
    match build.vrm {
        1 => {
            let bones: Vec<Value> = found.iter().map(|(bone, node)| json!({ "bone": bone, "node": node })).collect();
            document["extensions"] = json!({ "VRM": { "humanoid": { "humanBones": bones } } });
        }
        2 => {
            let bones: Value =
                found.iter().map(|(bone, node)| ((*bone).to_string(), json!({ "node": node }))).collect();
            document["extensions"] =
                json!({ "VRMC_vrm": { "specVersion": "1.0", "humanoid": { "humanBones": bones } } });
        }
        _ => {}
    }
}

//! Skeletons with the joint names of well-known rigs, in the proportions of the built-in body.
//!
//! Names are those of the programs: lists of their documentation and files. Bones have the axes of the world at rest.

use glam::{DAffine3, DMat4, DQuat, DVec3};
use serde_json::{Value, json};

use super::containers::glb;
use crate::body::{NEUTRAL, REST_OFFSETS, REST_TO_WORLD, body_low};
use crate::error::{Error, Result};
use crate::motion::Pose;
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::PARENTS;
use crate::motion::skeleton::joint::{LEFT_SHOULDER, NECK, PELVIS, RIGHT_SHOULDER, SPINE1, SPINE2, SPINE3};

/// A well-known rig.
#[derive(Debug)]
pub(super) struct Preset {
    pub name: &'static str,
    /// Name of a node above the pelvis, or nothing.
    root: &'static str,
    /// Pelvis, then both hips, knees, ankles and feet, left before right.
    legs: &'static str,
    /// From the lowest joint of the spine to the chest.
    spine: &'static str,
    /// Neck and head.
    head: &'static str,
    /// Both collars, shoulders, elbows and wrists.
    arms: &'static str,
    /// Angle of the arms at rest below the horizontal, degrees.
    down: f64,
}

/// The presets.
#[rustfmt::skip]
const PRESETS: &[Preset] = &[
    Preset { name: "mixamo", root: "", down: 0.0,
        legs: "Hips LeftUpLeg RightUpLeg LeftLeg RightLeg LeftFoot RightFoot LeftToeBase RightToeBase",
        spine: "Spine Spine1 Spine2", head: "Neck Head",
        arms: "LeftShoulder RightShoulder LeftArm RightArm LeftForeArm RightForeArm LeftHand RightHand" },
    Preset { name: "unreal", root: "root", down: 45.0,
        legs: "pelvis thigh_l thigh_r calf_l calf_r foot_l foot_r ball_l ball_r",
        spine: "spine_01 spine_02 spine_03 spine_04 spine_05", head: "neck_01 head",
        arms: "clavicle_l clavicle_r upperarm_l upperarm_r lowerarm_l lowerarm_r hand_l hand_r" },
    Preset { name: "unity", root: "", down: 0.0,
        legs: "Hips LeftUpperLeg RightUpperLeg LeftLowerLeg RightLowerLeg LeftFoot RightFoot LeftToes RightToes",
        spine: "Spine Chest UpperChest", head: "Neck Head",
        arms: "LeftShoulder RightShoulder LeftUpperArm RightUpperArm LeftLowerArm RightLowerArm LeftHand RightHand" },
    Preset { name: "vrm", root: "", down: 0.0,
        legs: "hips leftUpperLeg rightUpperLeg leftLowerLeg rightLowerLeg leftFoot rightFoot leftToes rightToes",
        spine: "spine chest upperChest", head: "neck head",
        arms: "leftShoulder rightShoulder leftUpperArm rightUpperArm leftLowerArm rightLowerArm leftHand rightHand" },
    Preset { name: "godot", root: "Root", down: 0.0,
        legs: "Hips LeftUpperLeg RightUpperLeg LeftLowerLeg RightLowerLeg LeftFoot RightFoot LeftToes RightToes",
        spine: "Spine Chest UpperChest", head: "Neck Head",
        arms: "LeftShoulder RightShoulder LeftUpperArm RightUpperArm LeftLowerArm RightLowerArm LeftHand RightHand" },
    Preset { name: "rigify", root: "", down: 28.0,
        legs: "DEF-spine DEF-thigh.L DEF-thigh.R DEF-shin.L DEF-shin.R DEF-foot.L DEF-foot.R DEF-toe.L DEF-toe.R",
        spine: "DEF-spine.001 DEF-spine.002 DEF-spine.003", head: "DEF-spine.004 DEF-spine.006",
        arms: "DEF-shoulder.L DEF-shoulder.R DEF-upper_arm.L DEF-upper_arm.R DEF-forearm.L DEF-forearm.R DEF-hand.L DEF-hand.R" },
    Preset { name: "makehuman", root: "", down: 48.0,
        legs: "root upperleg01.L upperleg01.R lowerleg01.L lowerleg01.R foot.L foot.R toe1-1.L toe1-1.R",
        spine: "spine05 spine04 spine03 spine02 spine01", head: "neck01 head",
        arms: "clavicle.L clavicle.R upperarm01.L upperarm01.R lowerarm01.L lowerarm01.R wrist.L wrist.R" },
    Preset { name: "soma", root: "", down: 0.0,
        legs: "Hips LeftLeg RightLeg LeftShin RightShin LeftFoot RightFoot LeftToeBase RightToeBase",
        spine: "Spine1 Spine2 Chest", head: "Neck1 Head",
        arms: "LeftShoulder RightShoulder LeftArm RightArm LeftForeArm RightForeArm LeftHand RightHand" },
    Preset { name: "cmu", root: "", down: 0.0,
        legs: "Hips LeftUpLeg RightUpLeg LeftLeg RightLeg LeftFoot RightFoot LeftToeBase RightToeBase",
        spine: "LowerBack Spine Spine1", head: "Neck Head",
        arms: "LeftShoulder RightShoulder LeftArm RightArm LeftForeArm RightForeArm LeftHand RightHand" },
];

/// Names of the presets.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|preset| preset.name)
}

/// The preset of a name.
///
/// # Errors
/// [`Error::InvalidArgument`] for another name, with those that there are.
pub(super) fn find(name: &str) -> Result<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name).ok_or_else(|| {
        Error::invalid("preset", format!("{name:?} is none of {}", names().collect::<Vec<_>>().join(", ")))
    })
}

/// A joint: its name, its parent and its place at rest, metres.
struct Bone {
    name: &'static str,
    parent: Option<usize>,
    place: DVec3,
}

impl Preset {
    /// A GLB with the skeleton alone.
    pub(super) fn glb(&self) -> Result<Vec<u8>> {
        let bones = self.bones();
        let mut binary: Vec<u8> = Vec::new();
        for bone in &bones {
            let matrix = DMat4::from(DAffine3::from_translation(-bone.place)).as_mat4();
            matrix.to_cols_array().iter().for_each(|value| binary.extend(value.to_le_bytes()));
        }
        let node = |(n, bone): (usize, &Bone)| {
            let above = bone.parent.map_or(DVec3::ZERO, |parent| bones[parent].place);
            let mut node = json!({ "name": bone.name, "translation": (bone.place - above).as_vec3().to_array() });
            let children: Vec<usize> = (0..bones.len()).filter(|child| bones[*child].parent == Some(n)).collect();
            if !children.is_empty() {
                node["children"] = json!(children);
            }
            node
        };
        let nodes: Vec<Value> = bones.iter().enumerate().map(node).collect();
        let joints: Vec<usize> = (0..bones.len()).collect();
        let document = json!({
            "asset": { "version": "2.0", "generator": concat!("vimogen ", env!("CARGO_PKG_VERSION")) },
            "scene": 0,
            "scenes": [{ "nodes": [0] }],
            "nodes": nodes,
            "skins": [{ "name": self.name, "joints": joints, "inverseBindMatrices": 0 }],
            "accessors": [{ "bufferView": 0, "componentType": 5126, "count": bones.len(), "type": "MAT4" }],
            "bufferViews": [{ "buffer": 0, "byteOffset": 0, "byteLength": binary.len() }],
            "buffers": [{ "byteLength": binary.len() }],
        });
        glb(&document.to_string(), &binary, &[])
    }

    /// Bones, parents before their children.
    fn bones(&self) -> Vec<Bone> {
        let at = self.places();
        let mut bones: Vec<Bone> = Vec::new();
        let mut add = |name: &'static str, parent: Option<usize>, place: DVec3| {
            bones.push(Bone { name, parent, place });
            bones.len() - 1
        };
        let words = |text: &'static str| text.split(' ').collect::<Vec<&'static str>>();
        let root = (!self.root.is_empty()).then(|| add(self.root, None, DVec3::ZERO));
        let (legs, spine, arms) = (words(self.legs), words(self.spine), words(self.arms));
        let pelvis = add(legs[0], root, at[PELVIS]);
        let mut sides = [pelvis; 2];
        for (n, name) in legs[1..].iter().enumerate() {
            // Hips, knees, ankles and feet follow each other by three.
            sides[n % 2] = add(name, Some(sides[n % 2]), at[1 + n % 2 + 3 * (n / 2)]);
        }
        let way = [PELVIS, SPINE1, SPINE2, SPINE3];
        let mut chest = pelvis;
        for (n, name) in spine.iter().enumerate() {
            let along = 3.0 * (n + 1) as f64 / spine.len() as f64;
            let from = (along.floor() as usize).min(2);
            chest = add(name, Some(chest), at[way[from]].lerp(at[way[from + 1]], along - from as f64));
        }
        let mut top = chest;
        for (n, name) in words(self.head).into_iter().enumerate() {
            top = add(name, Some(top), at[NECK + 3 * n]);
        }
        let mut sides = [chest; 2];
        for (n, name) in arms.iter().enumerate() {
            // Collars come before the head, shoulders after it.
            let joint = if n < 2 { NECK + 1 + n } else { LEFT_SHOULDER + n - 2 };
            sides[n % 2] = add(name, Some(sides[n % 2]), at[joint]);
        }
        bones
    }

    /// Places of our joints at rest, metres, y up, standing on y = 0.
    fn places(&self) -> [DVec3; JOINTS] {
        let mut still = Pose { root: glam::Vec3::ZERO, rotations: [glam::Quat::IDENTITY; JOINTS] };
        still.rotations[PELVIS] = glam::Quat::from_mat3(&REST_TO_WORLD);
        let high = DVec3::Y * f64::from(-body_low(&NEUTRAL, &still));
        let mut turns = [DQuat::IDENTITY; JOINTS];
        let mut out = [high; JOINTS];
        for joint in 1..JOINTS {
            let parent = PARENTS[joint].unwrap_or(PELVIS);
            out[joint] = out[parent] + turns[parent] * REST_OFFSETS[joint].as_dvec3();
            turns[joint] = match joint {
                LEFT_SHOULDER => DQuat::from_rotation_z(-self.down.to_radians()),
                RIGHT_SHOULDER => DQuat::from_rotation_z(self.down.to_radians()),
                _ => turns[parent],
            };
        }
        out
    }
}

use glam::{DMat3, DVec3};

use super::super::RigJoint;
use super::table::{Evidence, ROWS};
use super::*;
use crate::motion::skeleton::PARENTS;
use crate::motion::skeleton::joint::*;

/// A rig that stays in its rest pose.
struct Still(Vec<RigJoint>);

impl Rig for Still {
    fn format(&self) -> &'static str {
        "test"
    }

    fn joints(&self) -> &[RigJoint] {
        &self.0
    }

    fn frames(&self) -> usize {
        1
    }

    fn fps(&self) -> Option<f64> {
        None
    }

    fn world(&self, _: usize, out: &mut [(DMat3, DVec3)]) {
        for (out, joint) in out.iter_mut().zip(&self.0) {
            *out = joint.rest;
        }
    }
}

impl Still {
    fn new(joints: &[(String, Option<usize>, DVec3)]) -> Self {
        let mut out: Vec<RigJoint> = Vec::new();
        for (name, parent, offset) in joints {
            let above = parent.map_or(DVec3::ZERO, |p| out[p].rest.1);
            out.push(RigJoint {
                name: name.clone(),
                parent: *parent,
                rest: (DMat3::IDENTITY, above + *offset),
                end: None,
            });
        }
        Self(out)
    }

    /// A human of our 22 joints, under a root.
    fn human(name: impl Fn(usize) -> String) -> Self {
        let mut joints = vec![("Scene".to_string(), None, DVec3::ZERO)];
        for joint in 0..JOINTS {
            joints.push((name(joint), Some(PARENTS[joint].map_or(0, |p| p + 1)), OFFSETS[joint].into()));
        }
        let mut rig = Self::new(&joints);
        for (joint, end) in [(LEFT_FOOT, DVec3::Z), (RIGHT_FOOT, DVec3::Z), (HEAD, DVec3::Y)] {
            rig.0[joint + 1].end = Some(0.08 * end);
        }
        rig.0[LEFT_WRIST + 1].end = Some(DVec3::new(0.15, 0.0, 0.0));
        rig.0[RIGHT_WRIST + 1].end = Some(DVec3::new(-0.15, 0.0, 0.0));
        rig
    }

    fn found(&self) -> Result<Found> {
        find(self, &LoadOptions::default())
    }
}

/// Offsets of a body, left at +x, metres.
const OFFSETS: [[f64; 3]; JOINTS] = [
    [0.0, 0.95, 0.0],
    [0.09, -0.08, 0.0],
    [-0.09, -0.08, 0.0],
    [0.0, 0.11, -0.01],
    [0.0, -0.40, 0.0],
    [0.0, -0.40, 0.0],
    [0.0, 0.13, 0.0],
    [0.0, -0.41, -0.01],
    [0.0, -0.41, -0.01],
    [0.0, 0.06, 0.01],
    [0.01, -0.05, 0.13],
    [-0.01, -0.05, 0.13],
    [0.0, 0.21, -0.01],
    [0.07, 0.11, -0.01],
    [-0.07, 0.11, -0.01],
    [0.0, 0.10, 0.05],
    [0.11, 0.03, -0.01],
    [-0.11, 0.03, -0.01],
    [0.26, 0.0, 0.0],
    [-0.26, 0.0, 0.0],
    [0.25, 0.0, 0.0],
    [-0.25, 0.0, 0.0],
];

/// Each of our joints at the place after the root.
fn all() -> Map {
    std::array::from_fn(|joint| Some(joint + 1))
}

fn is_left(joint: usize) -> bool {
    JOINT_NAMES[joint].starts_with("left")
}

/// Our joint's name in a row of the table, without the side; spine joints are named after nothing.
fn stem(row: &table::Row, joint: usize) -> (&'static str, bool) {
    let left = if JOINT_NAMES[joint].starts_with("right") { joint - 1 } else { joint };
    let place = |joints: [usize; 4], names: [&'static str; 4]| {
        joints.iter().position(|j| *j == left).map(|i| (names[i].split('|').next().unwrap(), true))
    };
    let leg = place([LEFT_HIP, LEFT_KNEE, LEFT_ANKLE, LEFT_FOOT], row.leg);
    let arm = place([LEFT_COLLAR, LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST], row.arm);
    let centre = [PELVIS, NECK, HEAD].iter().position(|j| *j == joint);
    let centre = centre.map(|i| (row.centre[i].split('|').next().unwrap(), false));
    leg.or(arm).or(centre).unwrap_or_else(|| (["back", "ribs", "bust"][(joint - SPINE1) / 3], false))
}

#[test]
fn every_row_is_recognised_in_every_spelling_of_the_sides() {
    type Spelling = fn(&str, Option<bool>) -> String;
    let spellings: [Spelling; 6] = [
        |stem, side| side.map_or(stem.into(), |left| format!("{}{stem}", if left { "Left" } else { "Right" })),
        |stem, side| side.map_or(stem.into(), |left| format!("{stem}_{}", if left { "l" } else { "r" })),
        |stem, side| side.map_or(stem.into(), |left| format!("{stem}.{}", if left { "L" } else { "R" })),
        |stem, side| format!("me:{}{stem}", side.map_or("", |left| if left { "L_" } else { "R_" })),
        |stem, side| format!("Rig|Char1_{}{stem}", side.map_or("", |left| if left { "left" } else { "right" })),
        |stem, side| format!("{}{stem}_JNT", side.map_or("", |left| if left { "l" } else { "r" })),
    ];
    for row in ROWS {
        for (i, spelling) in spellings.iter().enumerate() {
            let name = |joint: usize| {
                let (stem, sided) = stem(row, joint);
                spelling(stem, sided.then_some(is_left(joint)))
            };
            let mut rig = Still::human(name);
            if let Some(mark) = row.marks.split('|').next().filter(|mark| !mark.is_empty()) {
                rig.0[0].name = mark.into();
            }
            let found = rig.found().unwrap_or_else(|e| panic!("{}, spelling {i}: {e}", row.title));
            assert_eq!(found.map, all(), "{}, spelling {i}: {}", row.title, found.how);
        }
    }
}

#[test]
fn titles_are_unique_and_most_rows_have_evidence() {
    let mut titles: Vec<&str> = ROWS.iter().map(|row| row.title).collect();
    titles.sort_unstable();
    assert!(titles.windows(2).all(|pair| pair[0] != pair[1]), "{titles:?}");
    let count = |evidence| ROWS.iter().filter(|row| row.evidence == evidence).count();
    assert!(count(Evidence::File) >= 7 && count(Evidence::List) > count(Evidence::Memory));
}

/// A human by the names of a list: pelvis, then hip, knee, ankle, foot, collar, shoulder, elbow, wrist of the left side
/// with `*` for it, then three of the spine, neck, head.
fn named_human(sides: [&str; 2], list: &str) -> Still {
    let list: Vec<&str> = list.split(", ").collect();
    let order = [PELVIS, 1, 4, 7, 10, 13, 16, 18, 20, SPINE1, SPINE2, SPINE3, NECK, HEAD];
    Still::human(|joint| {
        let right = usize::from(JOINT_NAMES[joint].starts_with("right"));
        let at = order.iter().position(|j| *j == joint - right).unwrap();
        list[at].replace('*', sides[right])
    })
}

#[test]
fn rigs_of_programs_are_told_apart_by_the_set_of_their_names() {
    let sides = [["Left", "Right"], ["l", "r"], ["L", "R"]];
    let mixamo = "P:Hips, P:*UpLeg, P:*Leg, P:*Foot, P:*ToeBase, P:*Shoulder, P:*Arm, P:*ForeArm, P:*Hand, P:Spine, P:Spine1, P:Spine2, P:Neck, P:Head";
    for (sides, list, title) in [
        (sides[0], mixamo.replace("P:", "mixamorig:"), "Mixamo"),
        (sides[0], mixamo.replace("P:", "mixamorig12:"), "Mixamo"),
        (sides[0], mixamo.replace("P:", "mixamorig_"), "Mixamo"),
        (sides[0], mixamo.replace("P:", "mixamorig"), "Mixamo"),
        (sides[0], mixamo.replace("P:", "Armature|mixamorig:"), "Mixamo"),
        (sides[0], mixamo.replace("P:", "Character1_"), "MotionBuilder (HumanIK) and LaFAN1"),
        (sides[0], mixamo.replace("P:", "").to_lowercase(), "MotionBuilder (HumanIK) and LaFAN1"),
        (sides[0], mixamo.replace("P:", "").replace("Spine,", "LowerBack,"), "CMU"),
        (sides[0], "Hips, *Leg, *Shin, *Foot, *ToeBase, *Shoulder, *Arm, *ForeArm, *Hand, Spine1, Spine2, Chest, Neck1, Head".into(), "SOMA"),
        (sides[0], "Hips, *Hip, *Knee, *Ankle, *Toe, *Collar, *Shoulder, *Elbow, *Wrist, Chest, Chest2, Chest4, Neck, Head".into(), "Xsens"),
        (sides[0], "Pelvis, * Upper Leg, * Lower Leg, * Foot, * Toe, * Shoulder, * Upper Arm, * Forearm, * Hand, L5, T12, T8, Neck, Head".into(), "Xsens segments"),
        (sides[1], "pelvis, thigh_*, calf_*, foot_*, ball_*, clavicle_*, upperarm_*, lowerarm_*, hand_*, spine_01, spine_02, spine_03, neck_01, head".into(), "Unreal"),
        (sides[2], "Hips, UpperLeg_*, LowerLeg_*, Foot_*, Toes_*, Shoulder_*, UpperArm_*, LowerArm_*, Hand_*, Spine, Chest, UpperChest, Neck, Head".into(), "Unity, VRM or Godot"),
        (sides[2], "J_Bip_C_Hips, J_Bip_*_UpperLeg, J_Bip_*_LowerLeg, J_Bip_*_Foot, J_Bip_*_ToeBase, J_Bip_*_Shoulder, J_Bip_*_UpperArm, J_Bip_*_LowerArm, J_Bip_*_Hand, J_Bip_C_Spine, J_Bip_C_Chest, J_Bip_C_UpperChest, J_Bip_C_Neck, J_Bip_C_Head".into(), "VRoid"),
        (sides[2], "Bip01 Pelvis, Bip01 * Thigh, Bip01 * Calf, Bip01 * Foot, Bip01 * Toe0, Bip01 * Clavicle, Bip01 * UpperArm, Bip01 * Forearm, Bip01 * Hand, Bip01 Spine, Bip01 Spine1, Bip01 Spine2, Bip01 Neck, Bip01 Head".into(), "3ds Max Biped"),
        (sides[2], "CC_Base_Hip, CC_Base_*_Thigh, CC_Base_*_Calf, CC_Base_*_Foot, CC_Base_*_ToeBase, CC_Base_*_Clavicle, CC_Base_*_Upperarm, CC_Base_*_Forearm, CC_Base_*_Hand, CC_Base_Waist, CC_Base_Spine01, CC_Base_Spine02, CC_Base_NeckTwist01, CC_Base_Head".into(), "Character Creator"),
        (sides[1], "hip, *ThighBend, *Shin, *Foot, *Toe, *Collar, *ShldrBend, *ForearmBend, *Hand, abdomenLower, abdomenUpper, chestLower, neckLower, head".into(), "Daz, Poser or Second Life"),
        (sides[2], "spine, thigh.*, shin.*, foot.*, toe.*, shoulder.*, upper_arm.*, forearm.*, hand.*, spine.001, spine.002, spine.003, spine.004, spine.006".into(), "Rigify"),
        (sides[2], "root, upperleg01.*, lowerleg01.*, foot.*, toe1-1.*, clavicle.*, upperarm01.*, lowerarm01.*, wrist.*, spine05, spine03, spine01, neck01, head".into(), "MakeHuman"),
        (sides[2], "Pelvis, *_Hip, *_Knee, *_Ankle, *_Foot, *_Collar, *_Shoulder, *_Elbow, *_Wrist, Spine1, Spine2, Spine3, Neck, Head".into(), "SMPL"),
        (sides[1], "b_root, b_*_upleg, b_*_leg, b_*_foot, b_*_ball, b_*_shoulder, b_*_arm, b_*_forearm, b_*_wrist, b_spine0, b_spine1, b_spine2, b_neck0, b_head".into(), "Momentum (MHR)"),
        (sides[0], "mPelvis, mHip*, mKnee*, mAnkle*, mFoot*, mCollar*, mShoulder*, mElbow*, mWrist*, mTorso, mSpine, mChest, mNeck, mHead".into(), "SMPL"),
        (sides[2], "Root_M, Hip_*, Knee_*, Ankle_*, Toes_*, Scapula_*, Shoulder_*, Elbow_*, Wrist_*, Spine1_M, Spine2_M, Chest_M, Neck_M, Head_M".into(), "SMPL"),
        (sides[1], "root, *_up_leg, *_low_leg, *_foot, *_toes, *_shoulder, *_up_arm, *_low_arm, *_hand, torso_1, torso_4, torso_7, neck_1, head".into(), "mocopi"),
        (sides[1], "root, *femur, *tibia, *foot, *toes, *clavicle, *humerus, *radius, *wrist, lowerback, upperback, thorax, lowerneck, head".into(), "CMU's ASF"),
    ] {
        let found = named_human(sides, &list).found().unwrap_or_else(|e| panic!("{title}: {e}"));
        assert_eq!((found.how, found.map), (format!("joint names of {title}"), all()), "{list}");
    }
}

#[test]
fn a_joint_around_the_pelvis_may_have_its_name() {
    let list = "root, *upleg, *lowleg, *foot, *ball, *clavicle, *uparm, *lowarm, *wrist, c_spine0, c_spine1, c_spine3, c_neck, c_head";
    let mut rig = named_human(["l_", "r_"], list);
    rig.0[0].name = "Root".into();
    let found = rig.found().unwrap();
    assert_eq!((found.how.as_str(), found.map), ("joint names of Momentum (MHR)", all()));
}

#[test]
fn what_names_do_not_tell_is_found_by_place() {
    // No name for collars, feet and neck; five joints of the spine.
    let name = |joint: usize| match joint {
        LEFT_FOOT | RIGHT_FOOT | LEFT_COLLAR | RIGHT_COLLAR | NECK => format!("extra{joint}"),
        _ => JOINT_NAMES[joint].to_string(),
    };
    let rig = Still::human(name);
    assert_eq!(rig.found().unwrap().map, all());
}

/// The human with names that say nothing, its joints in another order.
fn nameless(mirrored: bool, sides_exchanged: bool) -> (Still, Map) {
    let mut joints = vec![("Bone0".to_string(), None, DVec3::ZERO)];
    let mut map: Map = [None; JOINTS];
    let other = |joint: usize| match JOINT_NAMES[joint] {
        name if name.starts_with("left") => joint + 1,
        name if name.starts_with("right") => joint - 1,
        _ => joint,
    };
    for (place, parent) in PARENTS.iter().enumerate() {
        let joint = if sides_exchanged { other(place) } else { place };
        let mut offset = DVec3::from(OFFSETS[joint]);
        if mirrored {
            // Facing -z: left is at -x.
            (offset.x, offset.z) = (-offset.x, -offset.z);
        }
        map[joint] = Some(place + 1);
        joints.push((format!("Bone{}", place + 1), Some(parent.map_or(0, |p| p + 1)), offset));
    }
    (Still::new(&joints), map)
}

#[test]
fn a_human_without_names_is_found_by_its_shape_from_either_side() {
    for (mirrored, exchanged) in [(false, false), (true, false), (false, true), (true, true)] {
        let (rig, map) = nameless(mirrored, exchanged);
        let found = rig.found().unwrap();
        assert_eq!(found.map, map, "facing back: {mirrored}, right first: {exchanged}");
        assert!(found.how.contains("place") && found.warnings[0].contains("`names`"), "{found:?}");
    }
}

#[test]
fn fingers_and_twist_joints_do_not_mislead_the_shape() {
    let (mut rig, map) = nameless(false, false);
    for wrist in [LEFT_WRIST, RIGHT_WRIST] {
        let side = if wrist == LEFT_WRIST { 1.0 } else { -1.0 };
        for finger in 0..5 {
            let mut parent = wrist + 1;
            for (joint, length) in [0.08, 0.03, 0.025].into_iter().enumerate() {
                let place = rig.0[parent].rest.1 + DVec3::new(side * length, 0.0, 0.002 * f64::from(finger));
                let name = format!("f{wrist}{finger}{joint}");
                rig.0.push(RigJoint { name, parent: Some(parent), rest: (DMat3::IDENTITY, place), end: None });
                parent = rig.0.len() - 1;
            }
        }
    }
    assert_eq!(rig.found().unwrap().map, map);
}

#[test]
fn names_of_the_caller_come_first() {
    let (rig, map) = nameless(false, false);
    let given =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect::<BTreeMap<_, _>>();
    let find = |rig: &Still, names: &BTreeMap<String, String>| find(rig, &LoadOptions::default().with_names(names));
    let found = find(&rig, &given(&[("left_wrist", "bone19")])).unwrap();
    assert_eq!((found.map[LEFT_WRIST], found.map[LEFT_HIP]), (Some(19), map[LEFT_HIP]));
    assert!(found.how.contains("1 as given"), "{}", found.how);
    let error = |names| find(&rig, &given(names)).unwrap_err().to_string();
    assert!(error(&[("left_wing", "Bone1")]).contains("left_wing\" is none of ours: pelvis, left_hip"));
    assert!(error(&[("head", "Kopf")]).contains("no joint \"Kopf\"; it has 23 joints: Bone0, Bone1"));
    // A rig that is not recognised.
    let mut odd = Still::human(|joint| format!("Bone{joint}"));
    for joint in [LEFT_ELBOW, LEFT_WRIST] {
        odd.0[joint + 1].rest.1 = odd.0[LEFT_SHOULDER + 1].rest.1;
    }
    assert!(odd.found().is_err());
    let needed: Vec<(String, String)> =
        NEEDED.iter().map(|j| (JOINT_NAMES[*j].to_string(), format!("Bone{j}"))).collect();
    let found = find(&odd, &needed.iter().cloned().collect()).unwrap();
    assert_eq!((found.how.as_str(), found.map[RIGHT_ELBOW]), ("joints as given", Some(RIGHT_ELBOW + 1)));
    let some = needed[1..].iter().cloned().collect();
    assert!(find(&odd, &some).unwrap_err().to_string().contains("pelvis are neither given nor recognised"));
}

#[test]
fn hands_animals_and_props_are_refused_with_reason_and_joints() {
    let reason = |rig: &Still| rig.found().unwrap_err().to_string();
    let mut hand = vec![("RightHand".to_string(), None, DVec3::ZERO)];
    for finger in ["Thumb", "Index", "Middle", "Ring", "Pinky"] {
        for joint in 1..4 {
            let parent = if joint == 1 { 0 } else { hand.len() - 1 };
            hand.push((format!("RightHand{finger}{joint}"), Some(parent), DVec3::X));
        }
    }
    let told = reason(&Still::new(&hand));
    assert!(told.contains("a hand, not a body") && told.contains("16 joints: RightHand, RightHandThumb1"), "{told}");
    let told = reason(&Still::new(&[("Sword".into(), None, DVec3::ZERO)]));
    assert!(told.contains("too few joints") && told.contains("1 joint: Sword"), "{told}");
    // A dog by the names of a human: the spine lies, arms and legs hang.
    let mut dog = Still::human(|joint| crate::io::bvh::MIXAMO_NAMES[joint].to_string());
    let lying = DMat3::from_rotation_x(90f64.to_radians());
    let pelvis = dog.0[1].rest.1;
    for joint in [SPINE1, SPINE2, SPINE3, NECK, HEAD, 13, 14, 16, 17, 18, 19, 20, 21] {
        dog.0[joint + 1].rest.1 = pelvis + lying * (dog.0[joint + 1].rest.1 - pelvis);
    }
    let told = reason(&dog);
    assert!(told.contains("an animal on four legs") && told.contains("23 joints"), "{told}");
    // Legs only.
    let legs = Still(Still::human(|joint| crate::io::bvh::MIXAMO_NAMES[joint].to_string()).0.drain(..10).collect());
    let told = reason(&legs);
    assert!(told.contains("it lacks left_shoulder, right_shoulder, left_elbow, right_elbow"), "{told}");
}

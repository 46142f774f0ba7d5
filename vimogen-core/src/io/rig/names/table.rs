//! Joint names of known rigs.
//!
//! A name alone decides nothing: `LeftShoulder` is the clavicle in Mixamo's rig and the upper arm in Xsens', `LeftLeg` the
//! shin in Mixamo's and the thigh in SOMA's. A rig is recognised by the set of its names. Names are compared without
//! side, prefix, separators and case ([`spelling`](super::spelling)), so that a row covers `LeftUpLeg`,
//! `mixamorig:LeftUpLeg` and `upleg.L`. Spine joints are found by their place.
//!
//! Rows of [`Evidence::File`] were compared with files of the program, rows of [`Evidence::List`] with a published list
//! of names (source code, documentation, a map of another program). Rows of [`Evidence::Memory`] wait for either.

/// Evidence for a row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Evidence {
    /// A file of the program.
    File,
    /// A published list of its names.
    List,
    /// Nothing yet.
    Memory,
}

/// Names of a rig. Alternatives are separated by `|`.
#[derive(Debug)]
pub(super) struct Row {
    pub title: &'static str,
    pub evidence: Evidence,
    /// Whole names that tell the rig from others of the same names.
    pub marks: &'static str,
    /// Pelvis, neck, head.
    pub centre: [&'static str; 3],
    /// Hip, knee, ankle, foot.
    pub leg: [&'static str; 4],
    /// Collar, shoulder, elbow, wrist.
    pub arm: [&'static str; 4],
}

const fn row(
    title: &'static str,
    evidence: Evidence,
    marks: &'static str,
    centre: [&'static str; 3],
    leg: [&'static str; 4],
    arm: [&'static str; 4],
) -> Row {
    Row { title, evidence, marks, centre, leg, arm }
}

use Evidence::{File, List, Memory};

const UP_LEG: [&str; 4] = ["upleg", "leg", "foot", "toebase|toe|toes"];
const UPPER_LEG: [&str; 4] = ["upperleg", "lowerleg", "foot", "toes|toe|toebase"];
const ARM: [&str; 4] = ["shoulder|shoulder1|collar", "arm", "forearm", "hand"];
const UPPER_ARM: [&str; 4] = ["shoulder", "upperarm", "lowerarm", "hand"];
const HIPS: [&str; 3] = ["hips", "neck|neck1", "head"];

/// The rigs. Of those with the same number of joints in a file, the one with more marks is meant, then the first.
#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    row("SMPL", File, "", ["pelvis|root|hip|hipcenter|spinebase", "neck", "head"], ["hip", "knee", "ankle", "foot|toes|toe"],
        ["collar|inshoulder|scapula|clavicle", "shoulder", "elbow", "wrist"]),
    row("MotionBuilder (HumanIK) and LaFAN1", List, "", HIPS, UP_LEG, ARM),
    row("Mixamo", File, "mixamorig", HIPS, UP_LEG, ARM),
    row("CMU", File, "lowerback", HIPS, UP_LEG, ARM),
    row("Perception Neuron", Memory, "spine3", HIPS, UP_LEG, ARM),
    row("Biovision", Memory, "", HIPS, ["hip|upleg", "knee|lowleg", "ankle|foot", "toe|toebase|foot"],
        ["collar", "shoulder|uparm", "elbow|lowarm", "wrist|hand"]),
    row("Xsens", File, "chest4", HIPS, ["hip", "knee", "ankle", "toe"], ["collar", "shoulder", "elbow", "wrist"]),
    row("Xsens segments", List, "t8|t12", ["pelvis", "neck", "head"], ["upperleg", "lowerleg", "foot", "toe"],
        ["shoulder", "upperarm", "forearm", "hand"]),
    row("SOMA", List, "", ["hips", "neck1|neck", "head"], ["leg", "shin", "foot", "toebase|toe"], ARM),
    row("Rokoko", Memory, "", HIPS, ["thigh", "shin", "foot", "toe"], ARM),
    row("Unity, VRM or Godot", List, "", HIPS, UPPER_LEG, UPPER_ARM),
    row("Bandai-Namco", File, "jointroot", HIPS, UPPER_LEG, UPPER_ARM),
    row("VRoid", Memory, "jbip", HIPS, UPPER_LEG, UPPER_ARM),
    row("Unreal", List, "", ["pelvis", "neck01|neck", "head"], ["thigh", "calf", "foot", "ball"],
        ["clavicle", "upperarm", "lowerarm", "hand"]),
    row("3ds Max Biped", List, "", ["pelvis", "neck", "head"], ["thigh", "calf", "foot", "toe0|toe"],
        ["clavicle", "upperarm", "forearm", "hand"]),
    row("Character Creator", List, "ccbase", ["hip", "necktwist01|neck", "head"], ["thigh", "calf", "foot", "toebase"],
        ["clavicle", "upperarm", "forearm", "hand"]),
    row("Daz, Poser or Second Life", File, "", ["hip", "neck|necklower|neck1", "head"],
        ["thigh|thighbend", "shin", "foot", "toe|toes"],
        ["collar|shoulder", "shldr|shldrbend|upperarm", "forearm|forearmbend", "hand"]),
    row("OptiTrack", Memory, "", ["hip", "neck", "head"], ["thigh", "shin", "foot", "toe"],
        ["shoulder", "uarm", "farm", "hand"]),
    row("Rigify", List, "", ["spine", "spine004", "spine006|head"], ["thigh", "shin", "foot", "toe"],
        ["shoulder", "upperarm", "forearm", "hand"]),
    row("Blender", Memory, "", ["hips|pelvis|hip|root", "neck", "head"], ["thigh", "shin", "foot", "toe"],
        ["shoulder|clavicle", "upperarm", "forearm", "hand"]),
    row("MakeHuman", List, "", ["root", "neck01", "head"], ["upperleg01", "lowerleg01", "foot", "toe11"],
        ["clavicle", "upperarm01", "lowerarm01", "wrist"]),
    row("Momentum (MHR)", List, "", ["root", "neck|neck0", "head"], ["upleg", "lowleg|leg", "foot", "ball"],
        ["clavicle|shoulder", "uparm|arm", "lowarm|forearm", "wrist"]),
    row("mocopi", Memory, "", ["root", "neck1|neck", "head"], ["upleg", "lowleg", "foot", "toes"],
        ["shoulder", "uparm", "lowarm", "hand"]),
    row("iPi Soft", Memory, "", ["hip", "neck", "head"], ["thigh", "shin", "foot", "toe"],
        ["clavicle", "shoulder", "forearm", "hand"]),
    row("CMU's ASF", File, "", ["root|hips|pelvis", "lowerneck|neck", "head"], ["femur", "tibia", "foot", "toes"],
        ["clavicle", "humerus", "radius", "wrist"]),
    row("MikuMikuDance", Memory, "", ["下半身|センター", "首", "頭"], ["足", "ひざ", "足首", "つま先"],
        ["肩", "腕", "ひじ", "手首"]),
];

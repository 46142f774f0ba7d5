//! Which bodies of a robot are our joints.

use std::collections::BTreeMap;

use super::model::Model;
use crate::error::{Error, Result};
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::JOINT_NAMES;
use crate::motion::skeleton::joint::{
    HEAD, LEFT_ANKLE, LEFT_ELBOW, LEFT_FOOT, LEFT_HIP, LEFT_KNEE, LEFT_SHOULDER, LEFT_WRIST, PELVIS, SPINE3,
};

/// The body of each of our joints.
pub(super) type Bodies = [Option<usize>; JOINTS];

/// Part of a limb or of the trunk, by the words of a body's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Knee,
    Ankle,
    Toes,
    Elbow,
    Wrist,
    Head,
}

/// Words of parts; the first that fits counts. Words joined by a blank must follow each other.
const WORDS: [(Part, &[&str]); 6] = [
    (Part::Toes, &["toe", "toes"]),
    (Part::Ankle, &["ankle", "ank", "foot", "feet"]),
    (Part::Knee, &["knee", "shin", "shank", "calf", "tibia", "lower leg", "lowerleg"]),
    (Part::Wrist, &["wrist", "hand", "palm"]),
    (Part::Elbow, &["elbow", "elb", "el", "forearm", "radius", "lower arm", "lowerarm"]),
    (Part::Head, &["head"]),
];
/// Words of bodies that are none of these parts, regardless of other words.
const OTHERS: [&str; 12] =
    ["finger", "fingers", "thumb", "index", "middle", "ring", "pinky", "little", "imu", "camera", "lidar", "sensor"];
/// Words of the sides.
const SIDES: [&[&str]; 2] = [&["left", "l"], &["right", "r"]];
/// Our joints that a robot may be given by name.
const CHOICES: [usize; 15] = [
    PELVIS,
    LEFT_HIP,
    LEFT_HIP + 1,
    LEFT_KNEE,
    LEFT_KNEE + 1,
    LEFT_ANKLE,
    LEFT_ANKLE + 1,
    LEFT_FOOT,
    LEFT_FOOT + 1,
    SPINE3,
    HEAD,
    LEFT_SHOULDER,
    LEFT_SHOULDER + 1,
    LEFT_ELBOW,
    LEFT_ELBOW + 1,
];

/// Finds the bodies of our joints: those that `given` names, otherwise by the words of their names and their places in the
/// tree.
///
/// # Errors
/// [`Error::InvalidArgument`] for names that the model or a robot does not have; [`Error::Format`] with the joints that
/// are missing.
pub(super) fn find(model: &Model, given: Option<&BTreeMap<String, String>>) -> Result<Bodies> {
    let mut bodies: Bodies = [None; JOINTS];
    for (ours, theirs) in given.into_iter().flatten() {
        let (joint, body) = named(model, ours, theirs)?;
        bodies[joint] = Some(body);
    }
    let words: Vec<(Option<usize>, Option<Part>)> = model.bodies.iter().map(|body| classify(&body.name)).collect();
    for side in 0..2 {
        limbs(model, &words, side, &mut bodies);
    }
    let missing: Vec<&str> = [LEFT_KNEE, LEFT_ANKLE, LEFT_ELBOW]
        .into_iter()
        .flat_map(|joint| [joint, joint + 1])
        .filter(|joint| bodies[*joint].is_none())
        .map(|joint| JOINT_NAMES[joint])
        .collect();
    if !missing.is_empty() {
        return Err(unknown(model, &format!("no body is recognised as {}", missing.join(", "))));
    }
    let meeting = |joint: usize| match (bodies[joint], bodies[joint + 1]) {
        (Some(left), Some(right)) => model.meeting(left, right),
        _ => 0,
    };
    let (pelvis, chest) = (meeting(LEFT_KNEE), meeting(LEFT_ELBOW));
    bodies[PELVIS] = bodies[PELVIS].or(Some(pelvis));
    bodies[SPINE3] = bodies[SPINE3].or(Some(chest));
    if bodies[PELVIS] == Some(0) || bodies[SPINE3] == Some(0) {
        return Err(unknown(model, "its two legs, or its two arms, do not hang on one body"));
    }
    let head = |body: &usize| words[*body].1 == Some(Part::Head) && model.is_below(*body, chest) && *body != chest;
    bodies[HEAD] = bodies[HEAD].or_else(|| (0..model.bodies.len()).rfind(head));
    Ok(bodies)
}

/// Knee, ankle and toes, elbow and wrist of a side.
fn limbs(model: &Model, words: &[(Option<usize>, Option<Part>)], side: usize, bodies: &mut Bodies) {
    let moves = |body: &usize| !model.bodies[*body].joints.is_empty();
    let is = |part: Part| (1..model.bodies.len()).filter(move |body| words[*body] == (Some(side), Some(part)));
    // A link without joints counts if none has one, as a hand that is part of the forearm.
    let first = |part: Part| is(part).find(moves).or(is(part).next());
    let last = |part: Part, above: usize| {
        let below = || is(part).filter(|body| model.is_below(*body, above) && *body != above);
        below().rfind(moves).or(below().next_back())
    };
    let mut take = |joint: usize, body: Option<usize>| {
        bodies[joint + side] = bodies[joint + side].or(body);
        bodies[joint + side]
    };
    // Without a knee its ankle is looked for all the same, so that only what is missing is reported.
    let knee = take(LEFT_KNEE, first(Part::Knee)).unwrap_or(0);
    if let Some(ankle) = take(LEFT_ANKLE, last(Part::Ankle, knee)) {
        take(LEFT_FOOT, last(Part::Toes, ankle).filter(moves));
    }
    let elbow = take(LEFT_ELBOW, first(Part::Elbow)).unwrap_or(0);
    take(LEFT_WRIST, last(Part::Wrist, elbow));
}

/// A pair of the caller's names.
fn named(model: &Model, ours: &str, theirs: &str) -> Result<(usize, usize)> {
    let usable = |joint: &usize| CHOICES.contains(joint) || (LEFT_WRIST..LEFT_WRIST + 2).contains(joint);
    let joint = JOINT_NAMES.iter().position(|name| *name == ours).filter(usable).ok_or_else(|| {
        let all: Vec<&str> = (0..JOINTS).filter(|joint| usable(joint)).map(|joint| JOINT_NAMES[joint]).collect();
        Error::invalid("names", format!("{ours:?} is not among the joints that a robot has: {}", all.join(", ")))
    })?;
    let body = model.bodies.iter().skip(1).position(|body| body.name == theirs).ok_or_else(|| {
        Error::invalid("names", format!("the model has no body {theirs:?}; its bodies are {}", listed(model)))
    })?;
    Ok((joint, body + 1))
}

fn unknown(model: &Model, fault: &str) -> Error {
    let reason = format!(
        "{fault}; name them with a map such as {{\"left_knee\": \"link_4\"}}; its bodies are {}",
        listed(model)
    );
    Error::format("MuJoCo model", reason)
}

/// Names of the bodies, shortened.
fn listed(model: &Model) -> String {
    const SHOWN: usize = 60;
    let names: Vec<&str> = model.bodies.iter().skip(1).take(SHOWN).map(|body| body.name.as_str()).collect();
    let more = if model.bodies.len() > SHOWN + 1 { ", ..." } else { "" };
    format!("{}{more}", names.join(", "))
}

/// Side and part of a body by its name.
fn classify(name: &str) -> (Option<usize>, Option<Part>) {
    let words = words(name);
    if words.iter().any(|word| OTHERS.contains(&word.as_str())) {
        return (None, None);
    }
    let side = SIDES.iter().position(|side| words.iter().any(|word| side.contains(&word.as_str())));
    let has = |wanted: &&str| {
        let wanted: Vec<&str> = wanted.split(' ').collect();
        words.windows(wanted.len()).any(|window| window == wanted)
    };
    let part = WORDS.iter().find(|(_, names)| names.iter().any(&has)).map(|(part, _)| *part);
    (side, part)
}

/// Words of a name in small letters: parted by signs, digits and capitals, without an `l` or `r` before a part (`lshin`).
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut small = false;
    for c in name.chars() {
        if !c.is_ascii_alphabetic() || (c.is_ascii_uppercase() && small) {
            words.push(String::new());
        }
        small = c.is_ascii_lowercase();
        if c.is_ascii_alphabetic() {
            words.last_mut().expect("there is one from the start").push(c.to_ascii_lowercase());
        }
    }
    let parts = || WORDS.iter().flat_map(|(_, names)| names.iter()).filter(|name| name.len() > 3);
    let split = |word: String| match word.split_at_checked(1) {
        Some((side @ ("l" | "r"), part)) if parts().any(|name| *name == part) => {
            vec![side.to_string(), part.to_string()]
        }
        _ => vec![word],
    };
    words.into_iter().filter(|word| !word.is_empty()).flat_map(split).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_many_makers_are_understood() {
        let cases = [
            ("left_knee_link", 0, Part::Knee),
            ("R_Ankle", 1, Part::Ankle),
            ("left_ankle_roll_link", 0, Part::Ankle),
            ("Shank_Left", 0, Part::Knee),
            ("right_lower_arm", 1, Part::Elbow),
            ("LINK_ELBOW_PITCH_L", 0, Part::Elbow),
            ("l_el_link", 0, Part::Elbow),
            ("leftForearm", 0, Part::Elbow),
            ("rshin", 1, Part::Knee),
            ("left_wrist_yaw_link", 0, Part::Wrist),
            ("right_rubber_hand", 1, Part::Wrist),
            ("L_Toe", 0, Part::Toes),
            ("ltibia", 0, Part::Knee),
            ("rradius", 1, Part::Elbow),
        ];
        for (name, side, part) in cases {
            assert_eq!(classify(name), (Some(side), Some(part)), "{name}");
        }
        assert_eq!(classify("left_hand_thumb_0_link"), (None, None));
        assert_eq!(classify("head_pan_link").1, Some(Part::Head));
        assert_eq!(classify("torso_link"), (None, None));
    }
}

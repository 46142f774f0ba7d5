//! Skeletons that are refused: hands, animals and props, and the reason for people.

use super::Map;
use super::spelling::plain;
use super::tree::Tree;
use crate::io::rig::Rig;
use crate::motion::skeleton::joint::{LEFT_ANKLE, NECK, PELVIS};

/// Names that the messages list.
const LISTED: usize = 24;
/// Frames that are looked at for the posture.
const LOOKS: usize = 32;
/// Angle between spine and legs, degrees, below which a posture is that of four legs. A human stands at 150 to 180.
const FOUR_LEGS: f64 = 125.0;
/// Angle below which a rest pose is a heap of bones along one axis and says nothing.
const HEAP: f64 = 60.0;

/// The joints of a file for a message: their number and the first names.
pub(super) fn listed(tree: &Tree<'_>) -> String {
    let names: Vec<String> = tree.names().iter().take(LISTED).map(|name| name.chars().take(40).collect()).collect();
    let more = tree.joints.len().saturating_sub(LISTED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let noun = if tree.joints.len() == 1 { "joint" } else { "joints" };
    format!("{} {noun}: {}{more}", tree.joints.len(), names.join(", "))
}

/// Why a skeleton without the joints of a human is none.
pub(super) fn what_it_is(tree: &Tree<'_>) -> &'static str {
    const HAND: [&str; 9] = ["thumb", "index", "middle", "ring", "pinky", "little", "finger", "hand", "palm"];
    let share = |words: &[&str]| {
        let has = |name: &&str| words.iter().any(|word| plain(name).contains(word));
        tree.names().iter().filter(|name| has(name)).count() as f64 / tree.joints.len().max(1) as f64
    };
    match tree.joints.len() {
        0..5 => "too few joints for a body",
        _ if share(&HAND) > 0.6 => "a hand, not a body",
        _ if share(&["tail", "paw", "hoof", "wing", "fin", "hind"]) > 0.0 => "an animal",
        _ => "no two legs, two arms and a spine",
    }
}

/// Whether the joints that were taken for a human's are those of an animal on four legs: its spine is across its legs,
/// in the rest pose or, for one that has a tail, in most frames.
pub(super) fn has_four_legs(tree: &Tree<'_>, rig: &dyn Rig, map: &Map) -> bool {
    let angle = |world: &[(glam::DMat3, glam::DVec3)]| {
        let place = |joint: usize| map[joint].map(|j| world[j].1);
        let ankles = place(LEFT_ANKLE)?.midpoint(place(LEFT_ANKLE + 1)?);
        let (spine, legs) = (place(NECK)? - place(PELVIS)?, ankles - place(PELVIS)?);
        (spine.length() > 0.0 && legs.length() > 0.0).then(|| spine.angle_between(legs).to_degrees())
    };
    let mut world: Vec<_> = tree.joints.iter().map(|joint| joint.rest).collect();
    let across = angle(&world).is_some_and(|rest| (HEAP..FOUR_LEGS).contains(&rest));
    let tail = tree.names().iter().any(|name| plain(name).contains("tail"));
    if !across && !tail {
        return false;
    }
    let looks = rig.frames().min(LOOKS);
    let mut angles: Vec<f64> = Vec::with_capacity(looks);
    for look in 0..looks {
        rig.world(look * rig.frames() / looks, &mut world);
        angles.extend(angle(&world));
    }
    angles.sort_by(f64::total_cmp);
    angles.get(angles.len() / 2).is_some_and(|median| *median < FOUR_LEGS)
}

//! A character measured against a clip: its size, its bones as a skeleton of ours, and how its joints are turned at rest.

use glam::{DMat3, DQuat, DVec3, Vec3};

use super::armature::{Armature, Foot, Placed};
use crate::error::{Error, Result};
use crate::motion::Skeleton;
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::PARENTS;
use crate::motion::skeleton::joint::{
    LEFT_ANKLE, LEFT_ELBOW, LEFT_FOOT, LEFT_HIP, LEFT_KNEE, LEFT_SHOULDER, LEFT_WRIST, RIGHT_ANKLE, RIGHT_ELBOW,
    RIGHT_FOOT, RIGHT_HIP, RIGHT_KNEE, RIGHT_SHOULDER, RIGHT_WRIST,
};

/// Bones of the limbs: the joint that turns each, and the joint at its end.
pub(super) const LIMBS: [(usize, usize); 8] = [
    (LEFT_HIP, LEFT_KNEE),
    (RIGHT_HIP, RIGHT_KNEE),
    (LEFT_KNEE, LEFT_ANKLE),
    (RIGHT_KNEE, RIGHT_ANKLE),
    (LEFT_SHOULDER, LEFT_ELBOW),
    (RIGHT_SHOULDER, RIGHT_ELBOW),
    (LEFT_ELBOW, LEFT_WRIST),
    (RIGHT_ELBOW, RIGHT_WRIST),
];
/// Height of an ankle, in legs, below which the ground cannot be where the surface ends, and above which neither.
const ANKLE: std::ops::Range<f64> = 0.015..0.4;
/// Height of an ankle of a body whose surface says nothing, in legs.
const USUAL_ANKLE: f64 = 0.1;
/// Slope against ours, radians, from which a foot at rest cannot stand on its sole.
const POINTED: f64 = 0.7;

/// A character's measures.
#[derive(Debug)]
pub(super) struct Fit {
    pub rest: Vec<Placed>,
    /// Units of the character per metre of the clip: the ratio of the lengths of the legs.
    pub scale: f64,
    /// Height of the character's ground in its world.
    pub ground: f64,
    /// Heights of its ankles at rest.
    pub ankles: [f64; 2],
    /// From our rest pose to each joint at rest.
    pub turns: [DMat3; JOINTS],
    /// Points of its feet, from the joints that turn them, in our rest pose and in metres of the clip.
    pub soles: Vec<(Foot, Vec3)>,
    /// The character's bones in our rest pose, in metres of the clip. Joints that it lacks are at those above.
    pub skeleton: Skeleton,
}

impl Fit {
    /// Measures `armature`, whose nodes are at `rest`, for a clip on `source`.
    pub(super) fn new(armature: &Armature, rest: Vec<Placed>, source: &Skeleton) -> Result<Self> {
        let at = |joint: usize| armature.map[joint].map(|node| rest[node].place());
        let leg = |upper: usize| {
            let [hip, knee, ankle] = [at(upper), at(upper + 3), at(upper + 6)];
            hip.zip(knee).zip(ankle).map_or(0.0, |((hip, knee), ankle)| hip.distance(knee) + knee.distance(ankle))
        };
        let ours: f32 =
            [LEFT_KNEE, RIGHT_KNEE, LEFT_ANKLE, RIGHT_ANKLE].iter().map(|j| source.offsets[*j].length()).sum();
        if !(ours.is_finite() && ours > 1e-6) {
            let reason = format!("its body has legs of {} m, so that no step can be measured", 0.5 * ours);
            return Err(Error::invalid("motion", reason));
        }
        let length = leg(LEFT_HIP) + leg(RIGHT_HIP);
        let scale = length / f64::from(ours);
        if !(scale.is_finite() && scale > 1e-6 && scale < 1e6) {
            let reason = format!("its legs have a length of {} units, so that no step can be measured", 0.5 * length);
            return Err(Error::format("character", reason));
        }
        let turns = turns(armature, source, &at);
        let ground = ground(armature, &at, 0.5 * length);
        let skeleton = skeleton(&turns, source, scale, &at);
        let ankles = [LEFT_ANKLE, RIGHT_ANKLE].map(|ankle| at(ankle).map_or(ground, |place| place.y));
        let sole =
            |(foot, point): &(Foot, DVec3)| (*foot, (turns[foot.joint()].transpose() * *point / scale).as_vec3());
        let soles = armature.soles.iter().map(sole).collect();
        Ok(Self { scale, ground, ankles, turns, soles, skeleton, rest })
    }
}

/// Turns at rest that bring each bone of the limbs to the direction of the character's exactly.
fn turns(armature: &Armature, source: &Skeleton, at: &impl Fn(usize) -> Option<DVec3>) -> [DMat3; JOINTS] {
    let mut turns = armature.turns;
    for (joint, end) in LIMBS {
        let bone = at(joint).zip(at(end)).and_then(|(from, to)| (to - from).try_normalize());
        let ours = (turns[joint] * source.offsets[end].as_dvec3()).try_normalize();
        if let (Some(theirs), Some(ours)) = (bone, ours) {
            turns[joint] = DMat3::from_quat(DQuat::from_rotation_arc(ours, theirs)) * turns[joint];
        }
    }
    // Hands go on as their forearms do, toes as their feet.
    for (wrist, elbow) in [(LEFT_WRIST, LEFT_ELBOW), (RIGHT_WRIST, RIGHT_ELBOW)] {
        turns[wrist] = turns[elbow];
    }
    let feet = [(LEFT_ANKLE, LEFT_FOOT), (RIGHT_ANKLE, RIGHT_FOOT)];
    let bone = |(ankle, foot): (usize, usize)| Some(armature.axes.transpose() * (at(foot)? - at(ankle)?));
    let slopes: Vec<f64> = feet.into_iter().filter_map(bone).map(slope).collect();
    for (ankle, foot) in feet {
        let ours = source.offsets[foot].as_dvec3();
        turns[ankle] = bone((ankle, foot)).map_or(armature.axes, |theirs| {
            armature.axes * DMat3::from_quat(foot_turn(ours, theirs, stands_at(slope(ours), &slopes)))
        });
        turns[foot] = turns[ankle];
    }
    turns
}

/// Slope of a bone in our rest pose, radians, up is positive.
fn slope(bone: DVec3) -> f64 {
    bone.y.atan2(bone.x.hypot(bone.z))
}

/// Slope of the character's feet when they stand: that of the foot at rest that is more like ours. Ankles and toes are at
/// other heights in other shoes, so it need not be our own, unless both feet point up or down.
fn stands_at(ours: f64, slopes: &[f64]) -> f64 {
    let nearest = slopes.iter().copied().min_by(|a, b| (a - ours).abs().total_cmp(&(b - ours).abs()));
    nearest.filter(|slope| (slope - ours).abs() < POINTED).unwrap_or(ours)
}

/// Turn of a foot at rest from ours: about the vertical to its direction on the ground, and up or down from its slope when it
/// stands.
fn foot_turn(ours: DVec3, theirs: DVec3, standing: f64) -> DQuat {
    let level = |v: DVec3| v.with_y(0.0).try_normalize();
    let (Some(from), Some(to)) = (level(ours), level(theirs)) else { return DQuat::IDENTITY };
    let tilt = DQuat::from_axis_angle(to.cross(DVec3::Y), slope(theirs) - standing);
    tilt * DQuat::from_rotation_arc(from, to)
}

/// Height of the ground: where the feet end, otherwise where the surface ends, if that is below the feet, otherwise 0,
/// otherwise below the ankles.
fn ground(armature: &Armature, at: &impl Fn(usize) -> Option<DVec3>, leg: f64) -> f64 {
    let ankles = [LEFT_ANKLE, RIGHT_ANKLE].map(at);
    let ankle = ankles.iter().flatten().map(|place| place.y).fold(f64::INFINITY, f64::min);
    let fits = |ground: &f64| ANKLE.contains(&((ankle - ground) / leg));
    let points = armature.soles.iter().filter_map(|(foot, point)| Some(at(foot.joint())?.y + point.y));
    let low = armature.low.map(|low| ankle + low);
    points
        .reduce(f64::min)
        .filter(fits)
        .or(low.filter(fits))
        .or_else(|| Some(0.0).filter(fits))
        .unwrap_or(ankle - USUAL_ANKLE * leg)
}

/// The character's bones as offsets in our rest pose.
fn skeleton(turns: &[DMat3; JOINTS], source: &Skeleton, scale: f64, at: &impl Fn(usize) -> Option<DVec3>) -> Skeleton {
    let offset = |joint: usize| -> Vec3 {
        let parents = std::iter::successors(PARENTS[joint], |joint| PARENTS[*joint]);
        let above = parents.into_iter().find_map(|joint| Some((joint, at(joint)?)));
        match (above, at(joint)) {
            (Some((parent, from)), Some(to)) => (turns[parent].transpose() * (to - from) / scale).as_vec3(),
            (Some(_), None) if matches!(joint, LEFT_FOOT | RIGHT_FOOT) => source.offsets[joint],
            _ => Vec3::ZERO,
        }
    };
    Skeleton::new(std::array::from_fn(offset))
}

//! How well a character performs a clip.

use glam::DVec3;

use super::armature::{Armature, Placed};
use super::chain::Roles;
use super::feet::Stood;
use super::fit::{Fit, LIMBS};
use super::role::Role;
use crate::motion::Motion;
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::JOINT_NAMES;
use crate::motion::skeleton::joint::{LEFT_ANKLE, LEFT_ELBOW, LEFT_FOOT, LEFT_SHOULDER};

/// How well a character performs a clip.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct RetargetReport {
    /// Name of the animation.
    pub clip: String,
    /// Number of frames.
    pub frames: usize,
    /// Frames per second.
    pub fps: f32,
    /// How the bones were found: `"joint names of Mixamo"`.
    pub how: String,
    /// The character's bone for each of our joints that it has.
    pub bones: Vec<(String, String)>,
    /// Our joints that no bone of the character follows.
    pub missing: Vec<String>,
    /// Bones that share the twist of a limb.
    pub twist: Vec<String>,
    /// Angle of the arms at rest below the horizontal, degrees: 0 in a T pose, about 45 in an A pose.
    pub arms: f32,
    /// The character's units per metre of the clip: the ratio of the lengths of the legs, by which steps are scaled.
    pub scale: f32,
    /// Angles between the bones of the limbs and those of the clip.
    pub angles: Vec<BoneAngle>,
    /// Farthest that a standing foot moves from the middle of its stand, in the character's units.
    pub slide: f32,
    /// Farthest that the sole of a standing foot, by its ankle and ball, is from its height at rest, in the character's
    /// units.
    pub height: f32,
    /// Number of stands of feet.
    pub stands: usize,
    /// Doubts, one sentence each.
    pub warnings: Vec<String>,
}

/// The angle between a character's bone and the clip's over all frames, degrees.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct BoneAngle {
    /// The joint that turns the bone: `"left_shoulder"` for the left upper arm.
    pub joint: String,
    /// Over all frames.
    pub median: f32,
    /// Over all frames.
    pub max: f32,
}

/// Measurements of a performance.
pub(super) struct Measured<'a> {
    stood: &'a Stood,
    fit: &'a Fit,
    limbs: Vec<(usize, usize, usize, usize)>,
    angles: Vec<Vec<f64>>,
    /// Ankle or ball of each foot, and from there to the ball in the axes of the node at rest.
    feet: [(usize, DVec3); 2],
    paths: [Vec<DVec3>; 2],
}

impl<'a> Measured<'a> {
    pub(super) fn new(armature: &Armature, fit: &'a Fit, stood: &'a Stood) -> Self {
        let limb = |(joint, end): (usize, usize)| Some((joint, end, armature.map[joint]?, armature.map[end]?));
        let limbs: Vec<_> = LIMBS.into_iter().filter_map(limb).collect();
        let foot = |side: usize| match (armature.map[LEFT_FOOT + side], armature.map[LEFT_ANKLE + side]) {
            (Some(ball), _) => (ball, DVec3::ZERO),
            (None, ankle) => {
                let (ankle, joint) = (ankle.unwrap_or(0), LEFT_ANKLE + side);
                let bone = fit.skeleton.offsets[LEFT_FOOT + side].as_dvec3() * fit.scale;
                (ankle, fit.rest[ankle].turn.inverse() * (fit.turns[joint] * bone))
            }
        };
        Self {
            stood,
            fit,
            angles: vec![Vec::new(); limbs.len()],
            limbs,
            feet: [foot(0), foot(1)],
            paths: [vec![], vec![]],
        }
    }

    /// Adds a frame: the places of the nodes, and those of the clip's joints, both in the character's directions.
    pub(super) fn frame(&mut self, placed: &[Placed], ours: &[DVec3; JOINTS]) {
        for ((joint, end, from, to), angles) in self.limbs.iter().zip(&mut self.angles) {
            let bone = placed[*to].place() - placed[*from].place();
            angles.push(bone.angle_between(ours[*end] - ours[*joint]).to_degrees());
        }
        for ((foot, bone), path) in self.feet.into_iter().zip(&mut self.paths) {
            path.push(placed[foot].place() + placed[foot].turn * bone);
        }
    }

    pub(super) fn report(self, armature: &Armature, roles: &Roles, motion: &Motion) -> RetargetReport {
        let name = |node: usize| armature.nodes[node].name.clone();
        let twists = |n: &usize| matches!(roles.of[*n], Some(Role::Twist(..))) && !armature.map.contains(&Some(*n));
        let joints = || armature.map.iter().zip(JOINT_NAMES);
        let (slide, height) = self.feet_error();
        let angles = self.limbs.iter().zip(&self.angles).map(|((joint, ..), angles)| bone_angle(*joint, angles));
        RetargetReport {
            clip: String::new(),
            frames: motion.len(),
            fps: motion.fps(),
            how: String::new(),
            bones: joints().filter_map(|(node, ours)| Some((ours.to_string(), name((*node)?)))).collect(),
            missing: joints().filter(|(node, _)| node.is_none()).map(|(_, ours)| ours.to_string()).collect(),
            twist: (0..armature.nodes.len()).filter(twists).map(name).collect(),
            arms: self.arms(armature),
            scale: self.fit.scale as f32,
            angles: angles.collect(),
            slide,
            height,
            stands: self.stood.stands.iter().map(Vec::len).sum(),
            warnings: Vec::new(),
        }
    }

    /// Maximum distance of a standing foot from the middle of its stand, over the ground and from its height at rest.
    fn feet_error(&self) -> (f32, f32) {
        let (mut slide, mut height) = (0.0f64, 0.0f64);
        for (foot, stands) in self.stood.stands.iter().enumerate() {
            for (first, last) in stands {
                let path = &self.paths[foot][*first..=*last];
                let middle = path.iter().sum::<DVec3>() / path.len() as f64;
                let (node, bone) = self.feet[foot];
                let rest = (self.fit.rest[node].place() + self.fit.rest[node].turn * bone).y;
                for place in path {
                    slide = slide.max((place.x - middle.x).hypot(place.z - middle.z));
                    height = height.max((place.y - rest).abs());
                }
            }
        }
        (slide as f32, height as f32)
    }

    /// Mean angle of both upper arms below the horizontal at rest.
    fn arms(&self, armature: &Armature) -> f32 {
        let at = |joint: usize| armature.map[joint].map(|node| self.fit.rest[node].place());
        let arms = (0..2).filter_map(|side| Some(at(LEFT_ELBOW + side)? - at(LEFT_SHOULDER + side)?));
        let up = armature.axes.y_axis;
        let below: Vec<f64> = arms.map(|arm| arm.angle_between(up).to_degrees() - 90.0).collect();
        (below.iter().sum::<f64>() / below.len().max(1) as f64) as f32
    }
}

/// Median and maximum of some angles, degrees.
pub(super) fn bone_angle(joint: usize, angles: &[f64]) -> BoneAngle {
    let mut sorted = angles.to_vec();
    sorted.sort_by(f64::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    let max = sorted.last().copied().unwrap_or(0.0);
    BoneAngle { joint: JOINT_NAMES[joint].into(), median: median as f32, max: max as f32 }
}

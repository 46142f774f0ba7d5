//! The body of a rig: its bones at rest, and some frames of its motion.

use glam::{DMat3, DVec3};
use ndarray::Array3;

use super::names::Map;
use super::{Rig, RigJoint};
use crate::body::REST_OFFSETS;
use crate::io::rig::gate;
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::PARENTS;
use crate::motion::skeleton::joint::{
    HEAD, LEFT_ANKLE, LEFT_COLLAR, LEFT_FOOT, LEFT_HIP, LEFT_KNEE, LEFT_SHOULDER, LEFT_WRIST, NECK, PELVIS,
    RIGHT_ANKLE, RIGHT_COLLAR, RIGHT_FOOT, RIGHT_KNEE, RIGHT_WRIST, SPINE1, SPINE2, SPINE3,
};

/// Maximum number of frames that are looked at.
const SAMPLES: usize = 64;
/// Difference, as a share of the body's largest bone, between a bone at rest and in motion that makes the motion's count.
const OTHER_BONE: f64 = 0.03;
/// Lengths of a foot without a toe joint, in shins.
const FEET: std::ops::Range<f64> = 0.1..0.8;

/// Rotation and position of a joint.
pub(super) type Place = (DMat3, DVec3);

/// A rig, its joints that were recognised, and frames spread over its motion.
pub(super) struct Subject<'a> {
    pub(super) map: &'a Map,
    joints: &'a [RigJoint],
    /// Positions of the file's joints in the pose in which none of them is turned.
    rest: Vec<DVec3>,
    /// Their End Sites in that pose, from the joints.
    ends: Vec<Option<DVec3>>,
    /// Ends of the feet, from the ankles, in the axes of the rest pose, where the file has no toe joints.
    pub(super) toes: [Option<DVec3>; 2],
    /// Our joints in some frames: rotations from the rest pose, and positions. A joint that is missing is where the one
    /// above it is.
    pub(super) frames: Vec<[Place; JOINTS]>,
}

/// The joint at the far end of a joint's bone in our skeleton; of several, the one that goes on to the head.
pub(super) fn far_end(joint: usize) -> Option<usize> {
    match joint {
        PELVIS => Some(SPINE1),
        LEFT_HIP..SPINE1 | SPINE1..SPINE3 => Some(joint + 3),
        SPINE3 => Some(NECK),
        NECK => Some(HEAD),
        LEFT_COLLAR | RIGHT_COLLAR => Some(joint + 3),
        LEFT_SHOULDER..LEFT_WRIST => Some(joint + 2),
        _ => None,
    }
}

/// The direction in which a joint without a bone goes on in our rest pose: toes, head and hands.
pub(super) fn beyond(joint: usize) -> Option<DVec3> {
    match joint {
        LEFT_FOOT | RIGHT_FOOT => Some(DVec3::Z),
        HEAD => Some(DVec3::Y),
        LEFT_WRIST => Some(DVec3::X),
        RIGHT_WRIST => Some(DVec3::NEG_X),
        _ => None,
    }
}

impl<'a> Subject<'a> {
    pub(super) fn new(rig: &'a dyn Rig, map: &'a Map) -> Self {
        let joints = rig.joints();
        let count = rig.frames().min(SAMPLES);
        let mut world = vec![(DMat3::IDENTITY, DVec3::ZERO); joints.len()];
        let (mut frames, mut bones) = (Vec::with_capacity(count), vec![DVec3::ZERO; joints.len()]);
        for i in 0..count {
            rig.world(i * rig.frames() / count, &mut world);
            for (place, joint) in world.iter_mut().zip(joints) {
                place.0 *= joint.rest.0.transpose();
            }
            for (bone, (joint, place)) in bones.iter_mut().zip(joints.iter().zip(&world)) {
                let above = joint.parent.map_or((DMat3::IDENTITY, DVec3::ZERO), |parent| world[parent]);
                *bone += above.0.transpose() * (place.1 - above.1) / count as f64;
            }
            frames.push(ours(&world, map));
        }
        let ends = joints.iter().map(|joint| joint.end).collect();
        Self { map, joints, rest: rest(joints, &bones), ends, toes: [None; 2], frames }.with_toes()
    }

    /// The same body, at rest as it is in the first frame of `rig`.
    pub(super) fn at_first(&self, rig: &dyn Rig) -> Self {
        let mut world = vec![(DMat3::IDENTITY, DVec3::ZERO); self.joints.len()];
        rig.world(0, &mut world);
        let end = |(joint, place): (&RigJoint, &Place)| Some(place.0 * joint.rest.0.transpose() * joint.end?);
        let ends = self.joints.iter().zip(&world).map(end).collect();
        let rest = world.iter().map(|place| place.1).collect();
        Self { rest, ends, toes: [None; 2], frames: self.frames.clone(), ..*self }.with_toes()
    }

    fn with_toes(mut self) -> Self {
        self.toes = [LEFT_ANKLE, RIGHT_ANKLE].map(|ankle| self.end_of_foot(ankle));
        self
    }

    /// The joints of the sampled frames, `[frames, 22, 3]`.
    pub(super) fn places(&self) -> Array3<f32> {
        Array3::from_shape_fn((self.frames.len(), JOINTS, 3), |(t, j, c)| self.frames[t][j].1[c] as f32)
    }

    /// Position of one of our joints at rest, of toes also by the end of the foot.
    pub(super) fn rest(&self, joint: usize) -> Option<DVec3> {
        match (self.map[joint], joint) {
            (Some(at), _) => Some(self.rest[at]),
            (None, LEFT_FOOT | RIGHT_FOOT) => Some(self.rest(joint - 3)? + self.toes[joint - LEFT_FOOT]?),
            (None, _) => None,
        }
    }

    /// Where a joint goes on to, in the axes of the rest pose, if it has an End Site.
    pub(super) fn end(&self, joint: usize) -> Option<DVec3> {
        self.ends[self.map[joint]?].filter(|end| end.length() > 1e-9)
    }

    /// The joint that ends a joint's bone in the file, and that bone in our rest pose. Joints of the spine that the file
    /// lacks are passed over.
    pub(super) fn bone(&self, joint: usize) -> Option<(usize, DVec3)> {
        let mut end = far_end(joint)?;
        let mut ours = REST_OFFSETS[end].as_dvec3();
        while self.rest(end).is_none() {
            end = far_end(end).filter(|_| [SPINE1, SPINE2, SPINE3, NECK].contains(&end))?;
            ours += REST_OFFSETS[end].as_dvec3();
        }
        Some((end, ours))
    }

    /// Whether the bone from `joint` to `end` bends in between, at a joint of the file that is none of ours.
    pub(super) fn bends(&self, joint: usize, end: usize) -> bool {
        let (Some(from), Some(to)) = (self.map[joint], self.map[end]) else { return false };
        let above = |joint: &usize| self.joints[*joint].parent;
        let mut between = std::iter::successors(above(&to), above).take_while(|joint| *joint != from);
        between.any(|joint| self.rest[joint].distance(self.rest[to]) > 1e-6 * self.rest[from].distance(self.rest[to]))
    }

    /// Stature by the lengths of the bones, in the unit of the file.
    pub(super) fn stature(&self) -> f64 {
        let length = |joint: usize| {
            let above = std::iter::successors(PARENTS[joint], |joint| PARENTS[*joint]).find_map(|j| self.rest(j));
            self.rest(joint).zip(above).map_or(0.0, |(place, above)| place.distance(above))
        };
        gate::stature(length)
    }

    /// Hip to ankle along the bones, the mean of both legs.
    pub(super) fn leg(&self) -> f64 {
        let bone = |joint: usize| {
            self.rest(joint).zip(self.rest(joint - 3)).map_or(0.0, |(place, above)| place.distance(above))
        };
        0.5 * [LEFT_KNEE, RIGHT_KNEE, LEFT_ANKLE, RIGHT_ANKLE].into_iter().map(bone).sum::<f64>()
    }

    fn end_of_foot(&self, ankle: usize) -> Option<DVec3> {
        let shin = self.rest(ankle)?.distance(self.rest(ankle - 3)?);
        let end = self.end(ankle).filter(|_| self.map[ankle + 3].is_none());
        end.filter(|end| FEET.contains(&(end.length() / shin)))
    }
}

/// Our joints in a frame of the file.
fn ours(world: &[Place], map: &Map) -> [Place; JOINTS] {
    let mut out = [(DMat3::IDENTITY, DVec3::ZERO); JOINTS];
    for j in 0..JOINTS {
        let above = PARENTS[j].map_or((DMat3::IDENTITY, DVec3::ZERO), |parent| out[parent]);
        out[j] = map[j].map_or(above, |joint| world[joint]);
    }
    out
}

/// The pose without rotations: by the bones at rest, and by those of the motion where the file moves its joints itself.
fn rest(joints: &[RigJoint], bones: &[DVec3]) -> Vec<DVec3> {
    let told = |joint: &RigJoint| joint.parent.map_or(DVec3::ZERO, |parent| joint.rest.1 - joints[parent].rest.1);
    let inner = joints.iter().zip(bones).filter(|(joint, _)| joint.parent.is_some_and(|p| joints[p].parent.is_some()));
    let largest = inner.map(|(joint, bone)| bone.length().max(told(joint).length())).fold(0.0, f64::max);
    let mut out: Vec<DVec3> = Vec::with_capacity(joints.len());
    for (joint, bone) in joints.iter().zip(bones) {
        let offset = if told(joint).distance(*bone) > OTHER_BONE * largest { *bone } else { told(joint) };
        out.push(joint.parent.map_or(joint.rest.1, |parent| out[parent] + offset));
    }
    out
}

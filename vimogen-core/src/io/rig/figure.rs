//! Rest poses in which a body stands, in a T, an A or any other: how its joints are turned from SMPL's T pose.

use glam::{DMat3, DQuat, DVec3};

use super::subject::{Subject, far_end};
use super::up::{AXES, vector};
use crate::motion::UpAxis;
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::joint::{
    HEAD, LEFT_ANKLE, LEFT_COLLAR, LEFT_ELBOW, LEFT_HIP, LEFT_KNEE, LEFT_SHOULDER, LEFT_WRIST, NECK, PELVIS,
    RIGHT_ANKLE, RIGHT_COLLAR, RIGHT_ELBOW, RIGHT_HIP, RIGHT_KNEE, RIGHT_SHOULDER, RIGHT_WRIST, SPINE1, SPINE2, SPINE3,
};

/// Minimum cosine of the angle between an axis of the figure and one of the file for which they are taken as the same.
const SAME_AXIS: f64 = 0.9;
/// Bend of a knee or elbow at rest, radians, from which the plane of the bend gives the twist of the bone above.
const BENT: f64 = 0.45;
/// Angle, radians, below which a limb at rest is straight: bones fitted to a clip scatter by less.
const STRAIGHT: f64 = 0.018;
/// Angle between the limbs of SMPL's bodies and ours, radians: of a file with SMPL's names that is the body's shape.
const SHAPE: f64 = 0.14;
/// Angle, radians, by which a bone of the trunk may differ between two bodies that stand alike.
const TRUNK: f64 = 0.155;
/// The same of the collar bones, which differ more: some rigs have them behind the neck, some in front of the chest.
const COLLAR: f64 = 0.45;

/// A body that stands at rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Figure {
    /// Rotation from our rest pose (x left, y up, z ahead) to the file's axes.
    pub(super) axes: DMat3,
    /// The axis of the file that points up, if one does.
    pub(super) up: Option<UpAxis>,
}

/// The figure of a rest pose; `None` for a heap, in which all bones have the direction of one axis.
pub(super) fn find(subject: &Subject<'_>) -> Option<Figure> {
    let at = |joint| subject.rest(joint);
    let middle = |left: usize, right: usize| Some(0.5 * (at(left)? + at(right)?));
    let across = |left: usize, right: usize| (at(left)? - at(right)?).try_normalize();
    let hips = middle(LEFT_HIP, RIGHT_HIP)?;
    let top = at(NECK).or_else(|| at(HEAD)).or_else(|| middle(LEFT_SHOULDER, RIGHT_SHOULDER))?;
    let trunk = (top - hips).try_normalize()?;
    let legs = [(LEFT_HIP, LEFT_ANKLE), (RIGHT_HIP, RIGHT_ANKLE)].map(|(hip, ankle)| across(hip, ankle));
    let [left_leg, right_leg] = [legs[0]?, legs[1]?];
    let (hips, shoulders) = (across(LEFT_HIP, RIGHT_HIP)?, across(LEFT_SHOULDER, RIGHT_SHOULDER)?);
    let up = (trunk + (left_leg + right_leg).normalize_or_zero()).try_normalize()?;
    let left = (hips + shoulders).reject_from_normalized(up).try_normalize()?;
    let stands = [trunk, left_leg, right_leg].iter().all(|bone| bone.dot(up) > 0.6);
    let faces = hips.dot(shoulders) > 0.7 && [hips, shoulders].iter().all(|side| side.dot(left) > 0.8);
    (stands && faces).then(|| Figure::of(left, up))
}

/// The figure of a rest pose of any kind, by its trunk, hips and shoulders: legs may be bent, and arms anywhere.
pub(super) fn of_trunk(subject: &Subject<'_>) -> Option<Figure> {
    let at = |joint| subject.rest(joint);
    let across = |left: usize, right: usize| (at(left)? - at(right)?).try_normalize();
    let middle = |left: usize, right: usize| Some(0.5 * (at(left)? + at(right)?));
    let up = (middle(LEFT_SHOULDER, RIGHT_SHOULDER)? - middle(LEFT_HIP, RIGHT_HIP)?).try_normalize()?;
    let sides = across(LEFT_HIP, RIGHT_HIP)? + across(LEFT_SHOULDER, RIGHT_SHOULDER)?;
    Some(Figure::of(sides.reject_from_normalized(up).try_normalize()?, up))
}

/// The axis nearest to a direction, if it is near.
fn near(direction: DVec3) -> Option<UpAxis> {
    AXES.into_iter().find(|axis| vector(*axis).dot(direction) > SAME_AXIS)
}

impl Figure {
    /// Axes of the file where the body has their directions.
    fn of(left: DVec3, up: DVec3) -> Self {
        let Some(axis) = near(up) else {
            return Self { axes: DMat3::from_cols(left, up, left.cross(up)), up: None };
        };
        let up = vector(axis);
        let left = left.reject_from_normalized(up).normalize_or_zero();
        let left = near(left).map_or(left, vector);
        Self { axes: DMat3::from_cols(left, up, left.cross(up)), up: Some(axis) }
    }

    /// For each joint the rotation from our rest pose to the file's; `smpl` if the file has SMPL's joints.
    pub(super) fn turns(&self, subject: &Subject<'_>, smpl: bool) -> [DMat3; JOINTS] {
        let slack = if smpl && self.is_straight(subject) { SHAPE } else { STRAIGHT };
        let mut out = [DMat3::IDENTITY; JOINTS];
        for joint in 0..JOINTS {
            out[joint] = match joint {
                PELVIS | SPINE1 | SPINE2 | SPINE3 | NECK => self.bent_by_more(subject, joint, TRUNK),
                LEFT_COLLAR | RIGHT_COLLAR => self.bent_by_more(subject, joint, COLLAR),
                LEFT_HIP | RIGHT_HIP | LEFT_SHOULDER | RIGHT_SHOULDER => {
                    let turn = self.along(subject, joint, DMat3::IDENTITY, slack);
                    self.twisted(subject, joint, turn)
                }
                LEFT_ANKLE | RIGHT_ANKLE => self.along(subject, joint, DMat3::IDENTITY, slack),
                LEFT_KNEE | RIGHT_KNEE => self.along(subject, joint, out[joint - 3], slack),
                // Hands go on as their forearms do.
                LEFT_ELBOW | RIGHT_ELBOW | LEFT_WRIST | RIGHT_WRIST => {
                    self.along(subject, joint, out[joint - 2], slack)
                }
                // Head and toes are level where a body stands.
                _ => DMat3::IDENTITY,
            };
        }
        out.map(|turn| self.axes * turn)
    }

    /// The ends of feet that point ahead: an End Site below the ankle is a heel or a sole.
    pub(super) fn toes(&self, toes: [Option<DVec3>; 2]) -> [Option<DVec3>; 2] {
        toes.map(|end| end.filter(|end| end.dot(self.axes.z_axis) > 0.5 * end.length()))
    }

    /// Directions of a bone in our rest pose and in the file's, in our axes.
    fn bone(&self, subject: &Subject<'_>, joint: usize) -> Option<(DVec3, DVec3)> {
        let (end, ours) = subject.bone(joint)?;
        let theirs = self.axes.transpose() * (subject.rest(end)? - subject.rest(joint)?);
        ours.try_normalize().zip(theirs.try_normalize())
    }

    /// `start`, turned so that the bone has the direction of the file's, unless it has it to `slack`.
    fn along(&self, subject: &Subject<'_>, joint: usize, start: DMat3, slack: f64) -> DMat3 {
        match self.bone(subject, joint) {
            Some((ours, theirs)) if ours.angle_between(theirs) > slack || start != DMat3::IDENTITY => {
                DMat3::from_quat(DQuat::from_rotation_arc(start * ours, theirs)) * start
            }
            _ => start,
        }
    }

    /// The turn that brings a bone as near to the file's as two bodies that stand alike may differ.
    fn bent_by_more(&self, subject: &Subject<'_>, joint: usize, slack: f64) -> DMat3 {
        let Some((ours, theirs)) = self.bone(subject, joint) else { return DMat3::IDENTITY };
        let angle = ours.angle_between(theirs) - slack;
        match ours.cross(theirs).try_normalize() {
            Some(axis) if angle > 0.0 => DMat3::from_axis_angle(axis, angle),
            _ => DMat3::IDENTITY,
        }
    }

    /// `turn` of a thigh or an upper arm, twisted so that knee or elbow bends at rest as joints of its kind do: shins go
    /// back, forearms ahead.
    fn twisted(&self, subject: &Subject<'_>, joint: usize, turn: DMat3) -> DMat3 {
        let next = far_end(joint).and_then(|next| self.bone(subject, next));
        let Some(((_, bone), (_, next))) = self.bone(subject, joint).zip(next) else { return turn };
        if bone.angle_between(next) < BENT {
            return turn;
        }
        let bend = turn * if joint <= RIGHT_HIP { DVec3::NEG_Z } else { DVec3::Z };
        let (from, to) = (bend.reject_from_normalized(bone), next.reject_from_normalized(bone));
        let angle = from.cross(to).dot(bone).atan2(from.dot(to));
        DMat3::from_axis_angle(bone, angle) * turn
    }

    /// Whether all limbs have the directions of SMPL's rest pose, to the differences of bodies.
    pub(super) fn is_straight(&self, subject: &Subject<'_>) -> bool {
        [LEFT_HIP, RIGHT_HIP, LEFT_KNEE, RIGHT_KNEE, LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_ELBOW, RIGHT_ELBOW]
            .into_iter()
            .all(|joint| self.bone(subject, joint).is_none_or(|(ours, theirs)| ours.angle_between(theirs) < SHAPE))
    }
}

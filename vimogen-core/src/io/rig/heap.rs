//! Rest poses in which all bones have the direction of one axis, as in LaFAN1: rotations of the joints from the motion.
//!
//! Many clips begin with a T pose, which gives all rotations. Otherwise the bone of a joint fixes two of the three degrees of freedom of its frame. The twist comes from the plane in which
//! knees and elbows bend, and elsewhere from the joint above: on average a joint is not twisted against it.

use glam::{DMat3, DQuat, DVec3};

use super::subject::{Subject, beyond};
use super::{Rig, figure};
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::PARENTS;
use crate::motion::skeleton::joint::{
    LEFT_COLLAR, LEFT_HIP, LEFT_SHOULDER, PELVIS, RIGHT_COLLAR, RIGHT_HIP, RIGHT_SHOULDER, SPINE3,
};

/// Minimum sine of the mean bend of a knee or elbow that gives a plane.
const BENT: f64 = 0.12;
/// Minimum agreement of the planes in which a joint bends: the length of their mean.
const ONE_PLANE: f64 = 0.8;

/// For each joint the rotation from our rest pose to the axes of the file's joint, if the clip begins with a T pose.
pub(super) fn turns_by_first_frame(subject: &Subject<'_>, rig: &dyn Rig) -> Option<[DMat3; JOINTS]> {
    let first = subject.at_first(rig);
    let figure = figure::find(&first).filter(|figure| figure.is_straight(&first))?;
    let (turns, frame) = (figure.turns(&first, false), subject.frames.first()?);
    Some(std::array::from_fn(|joint| frame[joint].0.transpose() * turns[joint]))
}

/// The same from the motion.
pub(super) fn turns(subject: &Subject<'_>) -> [DMat3; JOINTS] {
    let mut out = [DMat3::IDENTITY; JOINTS];
    for joint in 0..JOINTS {
        let above = PARENTS[joint];
        if subject.map[joint].is_none() {
            out[joint] = above.map_or(DMat3::IDENTITY, |above| out[above]);
            continue;
        }
        let by_sides = match joint {
            PELVIS => by_sides(subject, joint, &[(LEFT_HIP, RIGHT_HIP)]),
            SPINE3 => by_sides(subject, joint, &[(LEFT_COLLAR, RIGHT_COLLAR), (LEFT_SHOULDER, RIGHT_SHOULDER)]),
            LEFT_HIP | RIGHT_HIP => by_bend(subject, joint, DVec3::NEG_Z),
            LEFT_SHOULDER | RIGHT_SHOULDER => by_bend(subject, joint, DVec3::Z),
            _ => None,
        };
        let relative = |above: usize| relative(subject, joint, (above, out[above]));
        out[joint] = by_sides.unwrap_or_else(|| match (bone(subject, joint), above.map(relative)) {
            (Some((ours, theirs)), Some(relative)) => untwisted(ours, theirs, &relative),
            (Some((ours, theirs)), None) => DMat3::from_quat(DQuat::from_rotation_arc(ours, theirs)),
            (None, Some(relative)) => mean(&relative).transpose(),
            (None, None) => DMat3::IDENTITY,
        });
    }
    out
}

/// The mean of a joint's place, seen from another joint's axes.
fn seen(subject: &Subject<'_>, from: usize, joint: usize) -> DVec3 {
    let places = subject.frames.iter().map(|frame| frame[from].0.transpose() * (frame[joint].1 - frame[from].1));
    places.sum::<DVec3>() / subject.frames.len() as f64
}

/// Directions of a joint's bone in our rest pose and in the axes of the file's joint.
fn bone(subject: &Subject<'_>, joint: usize) -> Option<(DVec3, DVec3)> {
    let (ours, theirs) = match (subject.bone(joint), beyond(joint)) {
        (Some((end, ours)), _) if subject.map[end].is_some() => (ours, seen(subject, joint, end)),
        // The foot has an end but no toe joint.
        (Some((end, ours)), _) => (ours, subject.rest(end)? - subject.rest(joint)?),
        (None, Some(ours)) => (ours, subject.end(joint)?),
        (None, None) => return None,
    };
    ours.try_normalize().zip(theirs.try_normalize())
}

/// Axes whose x is `side` and whose y is nearest to `up`.
fn axes(side: DVec3, up: DVec3) -> Option<DMat3> {
    let side = side.try_normalize()?;
    let ahead = side.cross(up).try_normalize()?;
    Some(DMat3::from_cols(side, ahead.cross(side), ahead))
}

/// By the joints on both sides of `joint` and its bone in the middle.
fn by_sides(subject: &Subject<'_>, joint: usize, sides: &[(usize, usize)]) -> Option<DMat3> {
    let known = |(left, right): &&(usize, usize)| subject.map[*left].is_some() && subject.map[*right].is_some();
    let (left, right) = *sides.iter().find(known)?;
    let (ours, theirs) = bone(subject, joint)?;
    let side = seen(subject, joint, left) - seen(subject, joint, right);
    Some(axes(side, theirs)? * axes(DVec3::X, ours)?.transpose())
}

/// By the direction in which the bone below bends in the motion: `ahead` in our rest pose.
fn by_bend(subject: &Subject<'_>, joint: usize, ahead: DVec3) -> Option<DMat3> {
    let (ours, theirs) = bone(subject, joint)?;
    let (next, _) = subject.bone(joint)?;
    let (end, _) = subject.bone(next)?;
    let bend = |frame: &[super::subject::Place; JOINTS]| {
        let below = frame[joint].0.transpose() * (frame[end].1 - frame[next].1).normalize_or_zero();
        below.reject_from_normalized(theirs)
    };
    let bends = subject.frames.iter().map(bend);
    let (sum, lengths) = bends.fold((DVec3::ZERO, 0.0), |(sum, all), bend| (sum + bend, all + bend.length()));
    let clear = lengths > BENT * subject.frames.len() as f64 && sum.length() > ONE_PLANE * lengths;
    let to = clear.then(|| axes(theirs, sum)).flatten()?;
    Some(to * axes(ours, ahead)?.transpose())
}

/// Rotations of a joint's axes as seen from those of our joint above.
fn relative(subject: &Subject<'_>, joint: usize, (above, turn): (usize, DMat3)) -> Vec<DMat3> {
    subject.frames.iter().map(|frame| (frame[above].0 * turn).transpose() * frame[joint].0).collect()
}

/// The rotation that brings `ours` to `theirs` and after which the joint is turned least against the one above.
fn untwisted(ours: DVec3, theirs: DVec3, relative: &[DMat3]) -> DMat3 {
    let start = DMat3::from_quat(DQuat::from_rotation_arc(ours, theirs));
    let sum = start * relative.iter().fold(DMat3::ZERO, |sum, turn| sum + *turn);
    // The trace of `sum` after a rotation by an angle about `theirs` is a + b cos + c sin: greatest where it is least
    // turned in the mean.
    let trace = sum.x_axis.x + sum.y_axis.y + sum.z_axis.z;
    let cos = trace - theirs.dot(sum * theirs);
    let axis = [sum.y_axis.z - sum.z_axis.y, sum.z_axis.x - sum.x_axis.z, sum.x_axis.y - sum.y_axis.x];
    let sin = DVec3::from(axis).dot(theirs);
    DMat3::from_axis_angle(theirs, -sin.atan2(cos)) * start
}

/// The mean of rotations, normalised as quaternions.
fn mean(turns: &[DMat3]) -> DMat3 {
    let first = turns.first().map_or(DQuat::IDENTITY, DQuat::from_mat3);
    let near = |turn: &DMat3| {
        let turn = DQuat::from_mat3(turn);
        if turn.dot(first) < 0.0 { -turn } else { turn }
    };
    DMat3::from_quat(
        turns.iter().map(near).fold(DQuat::from_xyzw(0.0, 0.0, 0.0, 0.0), |sum, turn| sum + turn).normalize(),
    )
}

//! How the body of a character stands at rest.

use glam::DMat3;

use super::Rig;
use super::figure;
use super::names::Map;
use super::subject::Subject;
use crate::motion::layout::JOINTS;

/// How the body of a character stands at rest: rotations from our rest pose (x left, y up, z ahead).
#[derive(Debug, Clone, Copy)]
pub(in crate::io) struct Stance {
    /// To the directions of the body.
    pub axes: DMat3,
    /// To each joint.
    pub turns: [DMat3; JOINTS],
    /// Whether the body stands upright, with its legs below its trunk.
    pub stands: bool,
}

/// The stance of a rig whose only frame is its rest pose; `None` for a heap of bones without a left and a right side.
pub(in crate::io) fn find(rig: &dyn Rig, map: &Map) -> Option<Stance> {
    let subject = Subject::new(rig, map);
    let standing = figure::find(&subject);
    let figure = standing.or_else(|| figure::of_trunk(&subject))?;
    Some(Stance { axes: figure.axes, turns: figure.turns(&subject, false), stands: standing.is_some() })
}

//! Constraints on a motion at given frames.

use std::ops::Range;

use glam::{Quat, Vec2, Vec3};
use serde::{Deserialize, Serialize};

use crate::edit::heading::Move;
use crate::error::Error;
use crate::motion::rotation::{quat_from_wxyz, wxyz_from_quat};
use crate::motion::skeleton::JOINT_NAMES;
use crate::motion::{Motion, Pose};

/// Maximum number of constraints of a generation.
pub(super) const MOST: usize = 4096;
/// Joints that a place may name: pelvis, ends and middles of arms and legs, head.
pub(super) const PLACED: [&str; 10] = [
    "left_ankle",
    "right_ankle",
    "left_wrist",
    "right_wrist",
    "left_knee",
    "right_knee",
    "left_elbow",
    "right_elbow",
    "head",
    "pelvis",
];

/// One constraint. Frames count from 0; positions are metres, x to the right, y forward, z up, in the world of the clip,
/// which starts at the origin and faces +y unless frame 0 has a pose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Constraint {
    /// The whole pose at a frame.
    Pose {
        /// The frame.
        frame: usize,
        /// Position of the pelvis.
        root: [f32; 3],
        /// Unit quaternions w, x, y, z of the 22 joints, see [`Pose::rotations`].
        rotations: Vec<[f32; 4]>,
    },
    /// The pelvis on the ground at a frame: a way point.
    Root {
        /// The frame.
        frame: usize,
        /// x and y.
        position: [f32; 2],
    },
    /// The way of the pelvis on the ground over the whole clip: points, of which the first is the start. The clip keeps its
    /// own pace and ends at the last point.
    Path {
        /// x and y of each point.
        points: Vec<[f32; 2]>,
        /// Direction that the person faces against that of the path, degrees, counterclockwise from above: 0 along it, 180
        /// backwards. `None`: as the clip does by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        heading: Option<f32>,
    },
    /// Direction that the person faces, over one or more frames.
    Heading {
        /// First frame.
        frame: usize,
        /// Number of frames.
        #[serde(default = "one")]
        frames: usize,
        /// Degrees, counterclockwise from above; 0 faces +y.
        degrees: f32,
    },
    /// A joint at a place, over one or more frames. Arm, leg or back reach for it; the rest of the body stays where it is.
    Joint {
        /// A wrist, elbow, ankle or knee (`left_wrist` and so on), `head`, or `pelvis`.
        joint: String,
        /// First frame.
        frame: usize,
        /// Number of frames.
        #[serde(default = "one")]
        frames: usize,
        /// The place.
        position: [f32; 3],
    },
    /// A rotation of a joint, over one or more frames.
    Rotation {
        /// Any of the 22 joints.
        joint: String,
        /// First frame.
        frame: usize,
        /// Number of frames.
        #[serde(default = "one")]
        frames: usize,
        /// Unit quaternion w, x, y, z relative to the parent, see [`Pose::rotations`].
        rotation: [f32; 4],
    },
    /// A distance between two joints, over one or more frames: a hand on a hip. The first reaches for the second.
    Distance {
        /// A wrist, elbow, ankle, knee or the head; then any of the 22 joints.
        joints: [String; 2],
        /// First frame.
        frame: usize,
        /// Number of frames.
        #[serde(default = "one")]
        frames: usize,
        /// Metres.
        distance: f32,
    },
    /// Level ground: nothing is below it, and feet stand on it.
    Floor {
        /// Its height, metres.
        #[serde(default)]
        height: f32,
    },
    /// The last frame leads to the first: a loop that may travel.
    Loop,
}

fn one() -> usize {
    1
}

/// The constraints of a generation.
///
/// ```
/// use vimogen_core::control::Constraints;
/// let constraints = Constraints::new().root(60, [0.5, 2.0]).joint("right_wrist", 30..40, [0.3, 0.9, 1.4]);
/// let json = constraints.to_json();
/// assert_eq!(Constraints::from_json(&json)?, constraints);
/// # Ok::<(), vimogen_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constraints {
    /// In any order.
    pub constraints: Vec<Constraint>,
}

impl Constraints {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn with(mut self, constraint: Constraint) -> Self {
        self.constraints.push(constraint);
        self
    }

    /// Adds a whole pose at a frame.
    pub fn pose(self, frame: usize, pose: &Pose) -> Self {
        let rotations = pose.rotations.iter().map(|q| wxyz_from_quat(*q)).collect();
        self.with(Constraint::Pose { frame, root: pose.root.to_array(), rotations })
    }

    /// Adds the frames of a clip, which start at `frame`: what comes before, after or between kept frames is generated.
    pub fn keep(self, frame: usize, clip: &Motion) -> Self {
        let pose = |t: usize| clip.pose_at(t as f64 / f64::from(clip.fps()));
        (0..clip.len()).fold(self, |all, t| all.pose(frame + t, &pose(t)))
    }

    /// Adds a way point of the pelvis.
    pub fn root(self, frame: usize, position: [f32; 2]) -> Self {
        self.with(Constraint::Root { frame, position })
    }

    /// Adds the way of the pelvis over the whole clip.
    pub fn path(self, points: &[[f32; 2]]) -> Self {
        self.with(Constraint::Path { points: points.to_vec(), heading: None })
    }

    /// Adds the way of the pelvis, and the direction that the person faces against that of the path, degrees.
    pub fn path_facing(self, points: &[[f32; 2]], degrees: f32) -> Self {
        self.with(Constraint::Path { points: points.to_vec(), heading: Some(degrees) })
    }

    /// Adds a direction to face over a range of frames, degrees counterclockwise; 0 faces +y.
    pub fn heading(self, frames: Range<usize>, degrees: f32) -> Self {
        self.with(Constraint::Heading { frame: frames.start, frames: frames.len(), degrees })
    }

    /// Adds a place of a joint over a range of frames.
    pub fn joint(self, joint: &str, frames: Range<usize>, position: [f32; 3]) -> Self {
        let (frame, frames) = (frames.start, frames.len());
        self.with(Constraint::Joint { joint: joint.into(), frame, frames, position })
    }

    /// Adds a rotation of a joint relative to its parent over a range of frames.
    pub fn rotation(self, joint: &str, frames: Range<usize>, rotation: Quat) -> Self {
        let (frame, frames, rotation) = (frames.start, frames.len(), wxyz_from_quat(rotation));
        self.with(Constraint::Rotation { joint: joint.into(), frame, frames, rotation })
    }

    /// Adds a distance of `joint` from another one over a range of frames, metres.
    pub fn distance(self, joint: &str, from: &str, frames: Range<usize>, metres: f32) -> Self {
        let (frame, frames, joints) = (frames.start, frames.len(), [joint.into(), from.into()]);
        self.with(Constraint::Distance { joints, frame, frames, distance: metres })
    }

    /// Adds level ground at a height, metres.
    pub fn floor(self, height: f32) -> Self {
        self.with(Constraint::Floor { height })
    }

    /// Makes the clip a loop.
    pub fn looped(self) -> Self {
        self.with(Constraint::Loop)
    }
}

pub(super) fn bad(reason: impl Into<String>) -> Error {
    Error::format("constraints", reason)
}

impl Constraint {
    /// The constraint at another place.
    pub(super) fn moved(&self, by: &Move) -> Self {
        let ground = |p: &[f32; 2]| by.point(Vec2::from_array(*p).extend(0.0)).truncate().to_array();
        match self {
            Self::Pose { frame, .. } => match self.whole_pose() {
                Some((_, pose)) => Constraints::new().pose(*frame, &by.pose(&pose)).constraints.remove(0),
                None => self.clone(),
            },
            Self::Root { frame, position } => Self::Root { frame: *frame, position: ground(position) },
            Self::Path { points, heading } => {
                Self::Path { points: points.iter().map(ground).collect(), heading: *heading }
            }
            Self::Heading { frame, frames, degrees } => {
                Self::Heading { frame: *frame, frames: *frames, degrees: degrees + by.angle().to_degrees() }
            }
            Self::Joint { joint, frame, frames, position } => {
                let position = by.point(Vec3::from_array(*position)).to_array();
                Self::Joint { joint: joint.clone(), frame: *frame, frames: *frames, position }
            }
            Self::Rotation { joint, frame, frames, rotation } if joint == JOINT_NAMES[0] => {
                let rotation = wxyz_from_quat(Quat::from_rotation_z(by.angle()) * quat_from_wxyz(*rotation));
                Self::Rotation { joint: joint.clone(), frame: *frame, frames: *frames, rotation }
            }
            Self::Rotation { .. } | Self::Distance { .. } | Self::Floor { .. } | Self::Loop => self.clone(),
        }
    }

    /// The pose of a constraint of that kind, after [`Constraints::check`].
    pub(super) fn whole_pose(&self) -> Option<(usize, Pose)> {
        let Self::Pose { frame, root, rotations } = self else { return None };
        let rotation = |j: usize| -> Quat { quat_from_wxyz(rotations[j]).normalize() };
        Some((*frame, Pose { root: Vec3::from_array(*root), rotations: std::array::from_fn(rotation) }))
    }

    /// The height of the ground, for a constraint of that kind.
    pub(super) fn floor(&self) -> Option<f32> {
        match self {
            Self::Floor { height } => Some(*height),
            _ => None,
        }
    }

    /// Frames and places of way points.
    pub(super) fn way_points(&self) -> Vec<(usize, Vec2)> {
        match self {
            Self::Pose { frame, root, .. } => vec![(*frame, Vec3::from_array(*root).truncate())],
            Self::Root { frame, position } => vec![(*frame, Vec2::from_array(*position))],
            Self::Joint { joint, frame, frames, position: [x, y, _] } if joint == JOINT_NAMES[0] => {
                (*frame..frame + frames).map(|t| (t, Vec2::new(*x, *y))).collect()
            }
            _ => vec![],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing() -> Pose {
        Pose { root: Vec3::Z, rotations: [Quat::IDENTITY; crate::motion::layout::JOINTS] }
    }

    #[test]
    fn constraints_are_read_as_they_are_written() {
        let all = Constraints::new()
            .pose(0, &standing())
            .root(20, [1.0, 2.0])
            .joint("left_wrist", 5..9, [0.0, 0.5, 1.2])
            .heading(10..12, 90.0)
            .rotation("neck", 3..4, Quat::from_rotation_x(0.2))
            .distance("right_wrist", "right_hip", 5..20, 0.1)
            .floor(0.0)
            .looped();
        all.check(30).unwrap();
        assert_eq!(Constraints::from_json(&all.to_json()).unwrap(), all);
        let path = Constraints::new().path_facing(&[[0.0, 0.0], [0.0, 1.0]], 180.0).path(&[[0.0, 0.0], [0.0, 1.0]]);
        assert_eq!(Constraints::from_json(&path.to_json()).unwrap(), path);
        let short = r#"{"constraints": [{"type": "joint", "joint": "left_wrist", "frame": 3, "position": [0, 1, 1]}]}"#;
        let Constraint::Joint { frames, .. } = Constraints::from_json(short).unwrap().constraints[0] else { panic!() };
        assert_eq!(frames, 1);
        let walk = Motion::from_poses(&[standing(); 4], 20.0).unwrap();
        assert_eq!(Constraints::new().keep(6, &walk).constraints.len(), 4);
    }

    #[test]
    fn a_clip_elsewhere_has_its_constraints_there() {
        let there = Move::about(std::f32::consts::FRAC_PI_2, Vec2::ZERO).then_shift(Vec3::X);
        let all = Constraints::new().heading(0..1, 10.0).rotation("pelvis", 0..1, Quat::IDENTITY).floor(0.2);
        let moved: Vec<_> = all.constraints.iter().map(|constraint| constraint.moved(&there)).collect();
        let Constraint::Heading { degrees, .. } = &moved[0] else { panic!() };
        assert!((degrees - 100.0).abs() < 1e-3);
        let Constraint::Rotation { rotation, .. } = &moved[1] else { panic!() };
        assert!(quat_from_wxyz(*rotation).angle_between(Quat::from_rotation_z(std::f32::consts::FRAC_PI_2)) < 1e-3);
        assert_eq!(moved[2], all.constraints[2]);
    }

    #[test]
    fn files_of_something_else_are_refused() {
        for text in [
            "",
            "[]",
            "{\"constraints\": [{\"type\": \"fly\"}]}",
            "{\"constraints\": [{\"type\": \"loop\"}], \"x\": 1}",
        ] {
            assert!(Constraints::from_json(text).unwrap_err().to_string().contains("constraints"), "{text}");
        }
    }
}

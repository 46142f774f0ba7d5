//! Constraints on a motion at given frames.

use std::path::Path;

use glam::{Quat, Vec2, Vec3};
use serde::{Deserialize, Serialize};

use crate::edit::heading::Move;
use crate::error::{Error, Result};
use crate::format::read_bounded;
use crate::motion::layout::JOINTS;
use crate::motion::rotation::{quat_from_wxyz, wxyz_from_quat};
use crate::motion::skeleton::JOINT_NAMES;
use crate::motion::{Motion, Pose};

/// Maximum size of a file of constraints, bytes.
const MAX_FILE: u64 = 16 << 20;
/// Maximum number of constraints of a generation.
const MOST: usize = 4096;
/// Farthest place, metres.
const FARTHEST: f32 = 1000.0;
/// Joints that a target may name: ends of arms and legs.
const ENDS: [&str; 4] = ["left_ankle", "right_ankle", "left_wrist", "right_wrist"];

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
    },
    /// A hand or a foot at a place, over one or more frames. Arm or leg reach for it; the body stays where it is.
    Joint {
        /// `left_wrist`, `right_wrist`, `left_ankle` or `right_ankle`.
        joint: String,
        /// First frame.
        frame: usize,
        /// Number of frames.
        #[serde(default = "one")]
        frames: usize,
        /// The place.
        position: [f32; 3],
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
        self.with(Constraint::Path { points: points.to_vec() })
    }

    /// Adds a place of a hand or foot over a range of frames.
    pub fn joint(self, joint: &str, frames: std::ops::Range<usize>, position: [f32; 3]) -> Self {
        let (frame, frames) = (frames.start, frames.len());
        self.with(Constraint::Joint { joint: joint.into(), frame, frames, position })
    }

    /// Makes the clip a loop.
    pub fn looped(self) -> Self {
        self.with(Constraint::Loop)
    }

    /// Reads a JSON file: `{"constraints": [{"type": "root", "frame": 40, "position": [0, 2]}, ...]}`.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Io`], [`Error::TooLarge`] above 16 MiB, [`Error::Config`] for anything else.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = read_bounded(path, MAX_FILE)?;
        let text = String::from_utf8(bytes).map_err(|_| bad("it is not UTF-8 text"));
        text.and_then(|text| Self::from_json(&text)).map_err(|e| e.with_path(path))
    }

    /// Reads JSON, see [`Constraints::load`].
    ///
    /// # Errors
    /// [`Error::Format`].
    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|e| bad(e.to_string()))
    }

    /// The constraints as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_else(|_| unreachable!("numbers and names are JSON"))
    }

    /// Checks that a clip of `frames` frames can meet them, one by one.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] naming the constraint.
    pub fn check(&self, frames: usize) -> Result<()> {
        if self.constraints.len() > MOST {
            return Err(invalid(format!("{} constraints, at most {MOST} are possible", self.constraints.len())));
        }
        for (i, constraint) in self.constraints.iter().enumerate() {
            constraint.check(frames).map_err(|reason| invalid(format!("constraint {i}: {reason}")))?;
        }
        let places: Vec<(usize, usize)> =
            self.constraints.iter().enumerate().filter_map(|(i, c)| Some((c.root_frame()?, i))).collect();
        for (frame, i) in &places {
            if let Some((_, other)) = places.iter().find(|(f, other)| f == frame && other < i) {
                return Err(invalid(format!("constraints {other} and {i} both place the root at frame {frame}")));
            }
        }
        let paths = self.constraints.iter().filter(|c| matches!(c, Constraint::Path { .. })).count();
        if paths > 1 || (paths == 1 && places.iter().any(|(frame, _)| *frame > 0)) {
            return Err(invalid(
                "a path places the root at every frame: no second path, way point or later pose".into(),
            ));
        }
        Ok(())
    }
}

fn bad(reason: impl Into<String>) -> Error {
    Error::format("constraints", reason)
}

fn invalid(reason: String) -> Error {
    Error::invalid("constraints", reason)
}

impl Constraint {
    /// The frame at which it places the root.
    fn root_frame(&self) -> Option<usize> {
        match self {
            Self::Pose { frame, .. } | Self::Root { frame, .. } => Some(*frame),
            _ => None,
        }
    }

    fn check(&self, clip: usize) -> std::result::Result<(), String> {
        let within = |last: usize| {
            if last < clip { Ok(()) } else { Err(format!("frame {last} is not within the {clip} frames of the clip")) }
        };
        let near = |values: &[f32]| {
            let far = values.iter().find(|v| v.is_nan() || v.abs() > FARTHEST);
            far.map_or(Ok(()), |v| Err(format!("{v} m is not within {FARTHEST} m of the origin")))
        };
        match self {
            Self::Pose { frame, root, rotations } => {
                within(*frame)?;
                near(root)?;
                if rotations.len() != JOINTS {
                    return Err(format!("{} rotations, expected {JOINTS}", rotations.len()));
                }
                let length = |q: &[f32; 4]| q.iter().map(|v| v * v).sum::<f32>().sqrt();
                match rotations.iter().position(|q| !(0.5..2.0).contains(&length(q))) {
                    Some(j) => Err(format!("the rotation of {} is no unit quaternion", JOINT_NAMES[j])),
                    None => Ok(()),
                }
            }
            Self::Root { frame, position } => within(*frame).and_then(|()| near(position)),
            Self::Path { points } => {
                near(points.as_flattened())?;
                if points.len() < 2 {
                    Err(format!("a path of {} points, expected at least 2", points.len()))
                } else {
                    Ok(())
                }
            }
            Self::Joint { joint, frame, frames, position } => {
                if *frames == 0 {
                    return Err("it covers no frame".into());
                }
                within(frame.saturating_add(frames - 1))?;
                near(position)?;
                let known = ENDS.contains(&joint.as_str());
                if known { Ok(()) } else { Err(format!("{joint:?} is not one of {}", ENDS.join(", "))) }
            }
            Self::Loop if clip < 8 => Err(format!("{clip} frames do not make a loop, at least 8 do")),
            Self::Loop => Ok(()),
        }
    }

    /// The constraint at another place.
    pub(super) fn moved(&self, by: &Move) -> Self {
        let ground = |p: &[f32; 2]| by.point(Vec2::from_array(*p).extend(0.0)).truncate().to_array();
        match self {
            Self::Pose { frame, .. } => match self.whole_pose() {
                Some((_, pose)) => Constraints::new().pose(*frame, &by.pose(&pose)).constraints.remove(0),
                None => self.clone(),
            },
            Self::Root { frame, position } => Self::Root { frame: *frame, position: ground(position) },
            Self::Path { points } => Self::Path { points: points.iter().map(ground).collect() },
            Self::Joint { joint, frame, frames, position } => {
                let position = by.point(Vec3::from_array(*position)).to_array();
                Self::Joint { joint: joint.clone(), frame: *frame, frames: *frames, position }
            }
            Self::Loop => Self::Loop,
        }
    }

    /// The pose of a constraint of that kind, after [`Constraints::check`].
    pub(super) fn whole_pose(&self) -> Option<(usize, Pose)> {
        let Self::Pose { frame, root, rotations } = self else { return None };
        let rotation = |j: usize| -> Quat { quat_from_wxyz(rotations[j]).normalize() };
        Some((*frame, Pose { root: Vec3::from_array(*root), rotations: std::array::from_fn(rotation) }))
    }

    /// Frame and place of a way point.
    pub(super) fn way_point(&self) -> Option<(usize, Vec2)> {
        match self {
            Self::Pose { frame, root, .. } => Some((*frame, Vec3::from_array(*root).truncate())),
            Self::Root { frame, position } => Some((*frame, Vec2::from_array(*position))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing() -> Pose {
        Pose { root: Vec3::Z, rotations: [Quat::IDENTITY; JOINTS] }
    }

    #[test]
    fn constraints_are_read_as_they_are_written() {
        let all = Constraints::new()
            .pose(0, &standing())
            .root(20, [1.0, 2.0])
            .joint("left_wrist", 5..9, [0.0, 0.5, 1.2])
            .looped();
        all.check(30).unwrap();
        assert_eq!(Constraints::from_json(&all.to_json()).unwrap(), all);
        let short = r#"{"constraints": [{"type": "joint", "joint": "left_wrist", "frame": 3, "position": [0, 1, 1]}]}"#;
        let Constraint::Joint { frames, .. } = Constraints::from_json(short).unwrap().constraints[0] else { panic!() };
        assert_eq!(frames, 1);
        let walk = Motion::from_poses(&[standing(); 4], 20.0).unwrap();
        assert_eq!(Constraints::new().keep(6, &walk).constraints.len(), 4);
    }

    #[test]
    fn what_cannot_be_met_is_named() {
        let reason = |c: Constraints| c.check(30).unwrap_err().to_string();
        assert!(reason(Constraints::new().root(30, [0.0, 0.0])).contains("constraint 0: frame 30"));
        assert!(reason(Constraints::new().looped().root(3, [f32::NAN, 0.0])).contains("constraint 1: NaN m"));
        assert!(
            reason(Constraints::new().root(3, [0.0, 0.0]).root(3, [1.0, 0.0])).contains("0 and 1 both place the root")
        );
        assert!(reason(Constraints::new().joint("head", 3..4, [0.0; 3])).contains("\"head\" is not one of"));
        assert!(reason(Constraints::new().joint("left_wrist", 3..3, [0.0; 3])).contains("no frame"));
        assert!(reason(Constraints::new().joint("left_wrist", 3..usize::MAX, [0.0; 3])).contains("frame"));
        assert!(reason(Constraints::new().path(&[[0.0, 0.0]])).contains("1 points"));
        assert!(reason(Constraints::new().path(&[[0.0, 0.0], [0.0, 1.0]]).root(9, [0.0; 2])).contains("every frame"));
        let broken = Pose { rotations: [Quat::from_xyzw(0.0, 0.0, 0.0, 0.0); JOINTS], ..standing() };
        assert!(reason(Constraints::new().pose(0, &broken)).contains("pelvis is no unit quaternion"));
        assert!(Constraints::new().looped().check(4).unwrap_err().to_string().contains("at least 8"));
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

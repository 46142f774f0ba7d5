//! Constraints in the JSON of Kimodo: a list of objects, each of one type for several frames.
//!
//! Facts from its public documentation ("Constraints JSON Format"): metres, y up, +z forward, the person's left at +x;
//! `root2d` has `smooth_root_2d` (x, z) and perhaps `global_root_heading`, the cosine and sine of the angle from +z towards
//! +x; `fullbody` has `local_joints_rot` (axis-angle, joint by joint) and `root_positions`; hands and feet have the same and
//! mean only those joints. Frames count at 30 per second.

use glam::{Quat, Vec2, Vec3};
use serde::Deserialize;

use super::constraints::{Constraint, Constraints, MOST, bad};
use crate::body::{NEUTRAL, REST_TO_WORLD};
use crate::error::Result;
use crate::motion::Pose;
use crate::motion::layout::{FPS, JOINTS};
use crate::motion::skeleton::JOINT_NAMES;

/// Frames per second of its models.
const KIMODO_FPS: f32 = 30.0;
/// Its names of hands and feet, and our joints.
const ENDS: [(&str, &str, &str); 4] = [
    ("left-hand", "LeftHand", "left_wrist"),
    ("right-hand", "RightHand", "right_wrist"),
    ("left-foot", "LeftFoot", "left_ankle"),
    ("right-foot", "RightFoot", "right_ankle"),
];

#[derive(Deserialize)]
struct Entry {
    r#type: String,
    frame_indices: Vec<usize>,
    smooth_root_2d: Option<Vec<[f32; 2]>>,
    global_root_heading: Option<Vec<[f32; 2]>>,
    local_joints_rot: Option<Vec<Vec<[f32; 3]>>>,
    root_positions: Option<Vec<[f32; 3]>>,
    #[serde(default)]
    joint_names: Vec<String>,
}

/// Reads the list. Frames become those of 20 per second; a frame that falls together with another of the same kind is left
/// out.
pub(super) fn read(text: &str) -> Result<Constraints> {
    let entries: Vec<Entry> = serde_json::from_str(text).map_err(|e| bad(e.to_string()))?;
    if entries.is_empty() {
        return Err(bad("an empty list"));
    }
    let mut all = Constraints::new();
    for (i, entry) in entries.iter().enumerate() {
        all = entry.add(all).map_err(|reason| bad(format!("entry {i}, {:?}: {reason}", entry.r#type)))?;
        if all.constraints.len() > MOST {
            return Err(bad(format!("more than {MOST} constraints")));
        }
    }
    Ok(all)
}

impl Entry {
    fn add(&self, mut all: Constraints) -> std::result::Result<Constraints, String> {
        let ends: Vec<&str> = match self.r#type.as_str() {
            "root2d" | "fullbody" => vec![],
            "end-effector" => self.joint_names.iter().map(|name| end(name)).collect::<Result<_, _>>()?,
            kind => vec![ENDS.iter().find(|e| e.0 == kind).map(|e| e.2).ok_or("its type is unknown")?],
        };
        let mut before = None;
        for (row, frame) in self.frame_indices.iter().enumerate() {
            let frame = (*frame as f64 * f64::from(FPS / KIMODO_FPS)).round() as usize;
            if before.replace(frame) == Some(frame) {
                continue;
            }
            all = match self.r#type.as_str() {
                "root2d" => self.root(all, row, frame)?,
                "fullbody" => {
                    // A pose says where the root is, and how it faces.
                    all.constraints.retain(|constraint| !on_root(constraint, frame));
                    all.pose(frame, &self.pose(row)?)
                }
                _ => self.ends(all, &ends, row, frame)?,
            };
        }
        Ok(all)
    }

    fn root(&self, all: Constraints, row: usize, frame: usize) -> std::result::Result<Constraints, String> {
        let [x, z] = *of(self.smooth_root_2d.as_ref(), row, "smooth_root_2d")?;
        if is_placed(&all, frame) {
            return Ok(all);
        }
        let all = all.root(frame, [-x, z]);
        match &self.global_root_heading {
            None => Ok(all),
            Some(headings) => {
                // The angle from +z towards +x is one from +y towards -x here: counterclockwise.
                let degrees =
                    Vec2::from_array(*of(Some(headings), row, "global_root_heading")?).to_angle().to_degrees();
                Ok(all.heading(frame..frame + 1, degrees))
            }
        }
    }

    fn pose(&self, row: usize) -> std::result::Result<Pose, String> {
        let turns = of(self.local_joints_rot.as_ref(), row, "local_joints_rot")?;
        if turns.len() != JOINTS {
            return Err(format!(
                "rotations of {} joints; only those of its SMPL-X skeleton, of {JOINTS}, can be read",
                turns.len()
            ));
        }
        let [x, y, z] = *of(self.root_positions.as_ref(), row, "root_positions")?;
        let mut rotations: [Quat; JOINTS] = std::array::from_fn(|j| Quat::from_scaled_axis(Vec3::from_array(turns[j])));
        rotations[0] = (Quat::from_mat3(&REST_TO_WORLD) * rotations[0]).normalize();
        Ok(Pose { root: Vec3::new(-x, z, y), rotations })
    }

    fn ends(
        &self,
        all: Constraints,
        ends: &[&str],
        row: usize,
        frame: usize,
    ) -> std::result::Result<Constraints, String> {
        let pose = self.pose(row)?;
        let (_, places) = NEUTRAL.fk(pose.root, pose.rotations);
        let place = |end: &str| JOINT_NAMES.iter().position(|name| *name == end).map_or(pose.root, |j| places[j]);
        let root = pose.root.truncate().to_array();
        let all = if is_placed(&all, frame) { all } else { all.root(frame, root) };
        Ok(ends.iter().fold(all, |all, end| all.joint(end, frame..frame + 1, place(end).to_array())))
    }
}

/// Whether something places the root at a frame.
fn is_placed(all: &Constraints, frame: usize) -> bool {
    all.constraints.iter().flat_map(Constraint::way_points).any(|(at, _)| at == frame)
}

/// Whether a constraint is a way point or a heading at a frame.
fn on_root(constraint: &Constraint, frame: usize) -> bool {
    match constraint {
        Constraint::Root { frame: at, .. } | Constraint::Heading { frame: at, .. } => *at == frame,
        _ => false,
    }
}

fn end(name: &str) -> std::result::Result<&'static str, String> {
    let known = ENDS.iter().find(|e| e.1 == name || e.2 == name).map(|e| e.2);
    known.ok_or_else(|| format!("{name:?} is not one of LeftHand, RightHand, LeftFoot, RightFoot"))
}

fn of<'a, T>(rows: Option<&'a Vec<T>>, row: usize, name: &str) -> std::result::Result<&'a T, String> {
    rows.and_then(|rows| rows.get(row)).ok_or_else(|| format!("{name} has no row {row}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn way_points_and_headings_are_read_in_our_axes() {
        let text = r#"[{"type": "root2d", "frame_indices": [0, 30], "smooth_root_2d": [[0, 0], [1, 2]],
                        "global_root_heading": [[1, 0], [0, 1]]}]"#;
        let all = Constraints::from_json(text).unwrap();
        let Constraint::Root { frame, position } = all.constraints[2] else { panic!("{all:?}") };
        assert_eq!((frame, position), (20, [-1.0, 2.0]));
        let Constraint::Heading { frame, degrees, .. } = all.constraints[3] else { panic!("{all:?}") };
        // From +z towards +x, the person's left: a quarter turn to the left.
        assert!(frame == 20 && (degrees - 90.0).abs() < 1e-3);
        all.check(40).unwrap();
    }

    #[test]
    fn poses_and_hands_are_read_for_the_smplx_skeleton() {
        let rest = format!("[{}]", vec!["[0, 0, 0]"; JOINTS].join(", "));
        let entry = |kind: &str, more: &str| {
            format!(
                r#"[{{"type": "{kind}", "frame_indices": [3], "local_joints_rot": [{rest}], "root_positions": [[0.5, 0.96, 1.5]]{more}}}]"#
            )
        };
        let all = Constraints::from_json(&entry("fullbody", "")).unwrap();
        let (frame, pose) = all.constraints[0].whole_pose().unwrap();
        assert_eq!((frame, pose.root), (2, Vec3::new(-0.5, 1.5, 0.96)));
        // At rest the person faces +z there and +y here.
        assert!((pose.rotations[0] * Vec3::Z).abs_diff_eq(Vec3::Y, 1e-5));
        for text in [entry("left-hand", ""), entry("end-effector", r#", "joint_names": ["LeftHand"]"#)] {
            let all = Constraints::from_json(&text).unwrap();
            let Constraint::Joint { joint, position, .. } = &all.constraints[1] else { panic!("{all:?}") };
            assert!(joint == "left_wrist" && position[0] < -0.5 && position[2] > 1.2, "{position:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (text, named) in [
            (r#"[{"type": "fly", "frame_indices": [0]}]"#, "unknown"),
            (r#"[{"type": "root2d", "frame_indices": [0]}]"#, "smooth_root_2d"),
            (r#"[{"type": "end-effector", "frame_indices": [], "joint_names": ["Nose"]}]"#, "Nose"),
            (
                r#"[{"type": "fullbody", "frame_indices": [0], "local_joints_rot": [[[0, 0, 0]]], "root_positions": [[0, 1, 0]]}]"#,
                "1 joints",
            ),
            ("[3]", "constraints"),
            ("[]", "empty"),
        ] {
            let text = Constraints::from_json(text).unwrap_err().to_string();
            assert!(text.contains(named), "{text}");
        }
    }
}

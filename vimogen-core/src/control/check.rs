//! Constraints that no clip can meet, named before anything is sampled.

use std::collections::HashMap;

use glam::{Vec2, Vec3};

use super::constraints::{Constraint, Constraints, MOST, PLACED};
use crate::body::NEUTRAL;
use crate::error::{Error, Result};
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::{JOINT_NAMES, PARENTS};

/// Farthest place, metres.
const FARTHEST: f32 = 1000.0;
/// Greatest distance that a person covers in a frame, metres: twice a sprinter's.
const FASTEST: f32 = 1.2;
/// Size of a tall person against the built-in body.
const TALL: f32 = 1.25;
/// Lowest and highest place of a joint above the ground, metres: of a person who lies, and who jumps with a hand up.
const HEIGHTS: std::ops::RangeInclusive<f32> = -0.3..=3.2;

type Outcome = std::result::Result<(), String>;

impl Constraints {
    /// Checks that a clip of `frames` frames can meet them: each by itself, then together.
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
        self.check_claims().map_err(invalid)?;
        self.check_reach().map_err(invalid)
    }

    /// No two constraints set the same thing at the same frame.
    fn check_claims(&self) -> Outcome {
        let mut claimed: HashMap<(Claim, Option<usize>), usize> = HashMap::new();
        let of = |kind: fn(&Constraint) -> bool| self.constraints.iter().filter(|c| kind(c)).count();
        let paths = of(|c| matches!(c, Constraint::Path { .. }));
        let later = self.roots().any(|(_, frame, _)| frame > 0);
        if paths > 1 || (paths == 1 && later) {
            return Err("a path places the root at every frame: no second path, way point or later pose".into());
        }
        for (i, constraint) in self.constraints.iter().enumerate() {
            for (claim, frames) in constraint.claims() {
                let frames = frames.map_or(vec![None], |frames| frames.map(Some).collect());
                for frame in frames {
                    let Some(other) = claimed.insert((claim.clone(), frame), i) else { continue };
                    let at = frame.map_or(String::new(), |frame| format!(" at frame {frame}"));
                    return Err(format!("constraints {other} and {i} both {}{at}", claim.words()));
                }
            }
        }
        Ok(())
    }

    /// Index, frame and place of each constraint on the root; the height where it is known.
    fn roots(&self) -> impl Iterator<Item = (usize, usize, (Vec2, Option<f32>))> {
        self.constraints.iter().enumerate().flat_map(|(i, constraint)| {
            let places: Vec<_> = match constraint {
                Constraint::Pose { frame, root, .. } => vec![(*frame, *root, true)],
                Constraint::Root { frame, position: [x, y] } => vec![(*frame, [*x, *y, 0.0], false)],
                Constraint::Joint { joint, frame, frames, position } if joint == JOINT_NAMES[0] => {
                    (*frame..frame + frames).map(|t| (t, *position, true)).collect()
                }
                _ => vec![],
            };
            places.into_iter().map(move |(frame, [x, y, z], high)| (i, frame, (Vec2::new(x, y), high.then_some(z))))
        })
    }

    /// Places are near enough to each other and to the ground.
    fn check_reach(&self) -> Outcome {
        let mut roots: Vec<_> = self.roots().collect();
        roots.sort_by_key(|(_, frame, _)| *frame);
        for pair in roots.windows(2) {
            let [(i, from, (a, _)), (j, to, (b, _))] = pair else { continue };
            let (apart, frames) = (a.distance(*b), to - from);
            if apart > FASTEST * frames as f32 + 0.5 {
                return Err(format!(
                    "constraints {i} and {j} place the root {apart:.1} m apart within {frames} frames: nobody is that fast"
                ));
            }
        }
        let ground = self.ground();
        for (i, constraint) in self.constraints.iter().enumerate() {
            let Constraint::Joint { joint, frame, frames, position } = constraint else { continue };
            let place = Vec3::from_array(*position);
            let reach = TALL * reach_of(joint);
            for (_, at, (root, height)) in &roots {
                let away = frame.saturating_sub(*at).max(at.saturating_sub(frame + frames - 1)) as f32;
                let level = place.truncate().distance(*root);
                let apart = height.filter(|_| away == 0.0).map_or(level, |z| level.hypot(place.z - z));
                if joint != JOINT_NAMES[0] && apart > reach + FASTEST * away {
                    return Err(format!(
                        "constraint {i}: {joint} cannot be {apart:.1} m from where the root is at frame {at}"
                    ));
                }
            }
            if !HEIGHTS.contains(&(place.z - ground)) {
                let up = place.z - ground;
                return Err(format!(
                    "constraint {i}: {joint} cannot be {up:.1} m above the ground; move it into reach"
                ));
            }
        }
        Ok(())
    }

    /// Height of the ground, as far as constraints say.
    fn ground(&self) -> f32 {
        let floor = self.constraints.iter().find_map(Constraint::floor);
        let low = |pose: &crate::motion::Pose| {
            let (_, places) = NEUTRAL.fk(pose.root, pose.rotations);
            places.iter().map(|p| p.z).fold(f32::INFINITY, f32::min)
        };
        let poses = self.constraints.iter().filter_map(Constraint::whole_pose).map(|(_, pose)| low(&pose));
        floor.unwrap_or_else(|| poses.reduce(f32::min).filter(|low| low.abs() > 0.5).unwrap_or(0.0))
    }
}

fn invalid(reason: String) -> Error {
    Error::invalid("constraints", reason)
}

/// Length of the bones from the pelvis to a joint, metres.
fn reach_of(joint: &str) -> f32 {
    let mut joint = JOINT_NAMES.iter().position(|name| *name == joint);
    let mut length = 0.0;
    while let Some(j) = joint {
        length += NEUTRAL.offsets[j].length();
        joint = PARENTS[j];
    }
    length
}

/// The part of a pose that a constraint sets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Claim {
    Root,
    Heading,
    Place(String),
    Rotation(String),
    Floor,
    Loop,
}

impl Claim {
    fn words(&self) -> String {
        match self {
            Self::Root => "place the root".into(),
            Self::Heading => "set the heading".into(),
            Self::Place(joint) => format!("place {joint}"),
            Self::Rotation(joint) => format!("turn {joint}"),
            Self::Floor => "set the floor".into(),
            Self::Loop => "make it a loop".into(),
        }
    }
}

impl Constraint {
    /// Its targets, with their frames.
    fn claims(&self) -> Vec<(Claim, Option<Range>)> {
        match self {
            Self::Pose { frame, .. } => {
                let at = || Some(*frame..frame + 1);
                let turns = JOINT_NAMES.map(|joint| (Claim::Rotation(joint.into()), at()));
                [(Claim::Root, at()), (Claim::Heading, at())].into_iter().chain(turns).collect()
            }
            Self::Root { frame, .. } => vec![(Claim::Root, Some(*frame..frame + 1))],
            Self::Heading { frame, frames, .. } => vec![(Claim::Heading, Some(*frame..frame + frames))],
            Self::Joint { joint, frame, frames, .. } => {
                let claim = if joint == JOINT_NAMES[0] { Claim::Root } else { Claim::Place(joint.clone()) };
                vec![(claim, Some(*frame..frame + frames))]
            }
            Self::Distance { joints: [joint, _], frame, frames, .. } => {
                vec![(Claim::Place(joint.clone()), Some(*frame..frame + frames))]
            }
            Self::Rotation { joint, frame, frames, .. } => {
                vec![(Claim::Rotation(joint.clone()), Some(*frame..frame + frames))]
            }
            Self::Floor { .. } => vec![(Claim::Floor, None)],
            Self::Loop => vec![(Claim::Loop, None)],
            Self::Path { .. } => vec![],
        }
    }

    fn check(&self, clip: usize) -> Outcome {
        let within = |frame: &usize, frames: &usize| {
            if *frames == 0 {
                return Err("it covers no frame".into());
            }
            let last = frame.saturating_add(frames - 1);
            if last < clip { Ok(()) } else { Err(format!("frame {last} is not within the {clip} frames of the clip")) }
        };
        match self {
            Self::Pose { frame, root, rotations } => {
                within(frame, &1)?;
                near(root)?;
                if rotations.len() != JOINTS {
                    return Err(format!("{} rotations, expected {JOINTS}", rotations.len()));
                }
                rotations.iter().enumerate().try_for_each(|(j, q)| unit(JOINT_NAMES[j], q))
            }
            Self::Root { frame, position } => within(frame, &1).and_then(|()| near(position)),
            Self::Path { points, heading } => {
                near(points.as_flattened())?;
                heading.as_ref().map_or(Ok(()), angle)?;
                if points.len() < 2 {
                    return Err(format!("a path of {} points, expected at least 2", points.len()));
                }
                Ok(())
            }
            Self::Heading { frame, frames, degrees } => within(frame, frames).and_then(|()| angle(degrees)),
            Self::Joint { joint, frame, frames, position } => {
                within(frame, frames)?;
                near(position)?;
                one_of(joint, &PLACED)
            }
            Self::Rotation { joint, frame, frames, rotation } => {
                within(frame, frames)?;
                one_of(joint, &JOINT_NAMES)?;
                unit(joint, rotation)
            }
            Self::Distance { joints: [joint, from], frame, frames, distance } => {
                within(frame, frames)?;
                one_of(joint, &PLACED[..PLACED.len() - 1])?;
                one_of(from, &JOINT_NAMES)?;
                let most = TALL * (reach_of(joint) + reach_of(from));
                if joint == from {
                    return Err(format!("{joint} has no distance from itself"));
                }
                let reachable = (0.0..=most).contains(distance);
                if reachable { Ok(()) } else { Err(format!("{distance} m is not a distance of {joint} from {from}")) }
            }
            Self::Floor { height } => near(&[*height]),
            Self::Loop if clip < 8 => Err(format!("{clip} frames do not make a loop, at least 8 do")),
            Self::Loop => Ok(()),
        }
    }
}

type Range = std::ops::Range<usize>;

fn near(values: &[f32]) -> Outcome {
    let far = values.iter().find(|v| v.is_nan() || v.abs() > FARTHEST);
    far.map_or(Ok(()), |v| Err(format!("{v} m is not within {FARTHEST} m of the origin")))
}

fn angle(degrees: &f32) -> Outcome {
    if degrees.abs() <= 3600.0 { Ok(()) } else { Err(format!("a heading of {degrees} degrees is not within 3600")) }
}

fn unit(joint: &str, q: &[f32; 4]) -> Outcome {
    let length = q.iter().map(|v| v * v).sum::<f32>().sqrt();
    if (0.5..2.0).contains(&length) { Ok(()) } else { Err(format!("the rotation of {joint} is no unit quaternion")) }
}

fn one_of(joint: &str, known: &[&str]) -> Outcome {
    if known.contains(&joint) { Ok(()) } else { Err(format!("{joint:?} is not one of {}", known.join(", "))) }
}

#[cfg(test)]
mod tests {
    use glam::Quat;

    use super::*;
    use crate::motion::Pose;

    fn standing() -> Pose {
        let mut rotations = [Quat::IDENTITY; JOINTS];
        rotations[0] = Quat::from_mat3(&crate::body::REST_TO_WORLD);
        Pose { root: Vec3::Z, rotations }
    }

    fn reason(c: Constraints) -> String {
        c.check(30).unwrap_err().to_string()
    }

    #[test]
    fn what_a_constraint_cannot_be_is_named() {
        let new = Constraints::new;
        assert!(reason(new().root(30, [0.0, 0.0])).contains("constraint 0: frame 30"));
        assert!(reason(new().looped().root(3, [f32::NAN, 0.0])).contains("constraint 1: NaN m"));
        assert!(reason(new().joint("nose", 3..4, [0.0; 3])).contains("\"nose\" is not one of"));
        assert!(reason(new().joint("left_wrist", 3..3, [0.0; 3])).contains("no frame"));
        assert!(reason(new().joint("left_wrist", 3..usize::MAX, [0.0; 3])).contains("frame"));
        assert!(reason(new().path(&[[0.0, 0.0]])).contains("1 points"));
        assert!(reason(new().heading(0..3, f32::INFINITY)).contains("inf degrees"));
        assert!(reason(new().rotation("neck", 0..1, Quat::from_xyzw(0.0, 0.0, 0.0, 0.0))).contains("neck is no unit"));
        assert!(reason(new().distance("left_wrist", "left_wrist", 0..1, 0.1)).contains("itself"));
        assert!(reason(new().distance("left_wrist", "left_hip", 0..1, -0.1)).contains("-0.1 m is not a distance"));
        assert!(reason(new().distance("pelvis", "left_hip", 0..1, 0.1)).contains("\"pelvis\" is not one of"));
        assert!(reason(new().floor(f32::NAN)).contains("NaN m"));
        let broken = Pose { rotations: [Quat::from_xyzw(0.0, 0.0, 0.0, 0.0); JOINTS], ..standing() };
        assert!(reason(new().pose(0, &broken)).contains("pelvis is no unit quaternion"));
        assert!(new().looped().check(4).unwrap_err().to_string().contains("at least 8"));
    }

    #[test]
    fn constraints_that_contradict_each_other_are_named() {
        let new = Constraints::new;
        assert!(
            reason(new().root(3, [0.0, 0.0]).root(3, [1.0, 0.0])).contains("0 and 1 both place the root at frame 3")
        );
        assert!(reason(new().path(&[[0.0, 0.0], [0.0, 1.0]]).root(9, [0.0; 2])).contains("every frame"));
        let there = [0.2, 0.3, 1.2];
        let twice = new().joint("left_wrist", 3..6, there).joint("left_wrist", 5..9, there);
        assert!(reason(twice).contains("0 and 1 both place left_wrist at frame 5"));
        let twice = new().joint("left_wrist", 3..6, there).distance("left_wrist", "head", 5..6, 0.2);
        assert!(reason(twice).contains("both place left_wrist at frame 5"));
        assert!(reason(new().heading(0..9, 0.0).pose(4, &standing())).contains("both set the heading at frame 4"));
        let turned = new().pose(4, &standing()).rotation("neck", 4..5, Quat::IDENTITY);
        assert!(reason(turned).contains("both turn neck at frame 4"));
        assert!(reason(new().floor(0.0).floor(0.1)).contains("both set the floor"));
        assert!(new().pose(4, &standing()).joint("left_wrist", 4..5, there).check(30).is_ok());
    }

    #[test]
    fn places_out_of_reach_are_named() {
        let new = Constraints::new;
        assert!(reason(new().joint("left_wrist", 3..4, [0.0, 0.0, 4.0])).contains("left_wrist cannot be 4.0 m above"));
        assert!(reason(new().joint("head", 3..4, [0.0, 0.0, -1.0])).contains("head cannot be -1.0 m above"));
        let far = new().pose(3, &standing()).joint("left_wrist", 3..4, [3.0, 0.0, 1.0]);
        assert!(reason(far).contains("left_wrist cannot be 3.0 m from where the root is at frame 3"));
        assert!(reason(new().root(3, [0.0; 2]).root(4, [5.0, 0.0])).contains("5.0 m apart within 1 frames"));
        let far = Pose { root: Vec3::new(0.0, 0.0, 50.0), ..standing() };
        assert!(new().pose(3, &far).joint("left_wrist", 3..4, [0.2, 0.3, 50.2]).check(30).is_ok());
        assert!(new().root(3, [0.0; 2]).joint("left_wrist", 20..24, [3.0, 0.0, 1.0]).check(30).is_ok());
    }
}

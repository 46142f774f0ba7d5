//! Projection of a clip onto constraints.

use glam::{Quat, Vec2, Vec3};

use super::change::{difference, turn_between, turned};
use super::constraints::{Constraint, Constraints};
use super::kernel::{Row, Spread};
use super::reach::Reach;
use super::route::{Headings, Route, radians};
use crate::body::{Binding, NEUTRAL, lift, plant};
use crate::edit::heading::{Move, heading};
use crate::error::Result;
use crate::motion::layout::JOINTS;
use crate::motion::rotation::quat_from_wxyz;
use crate::motion::skeleton::JOINT_NAMES;
use crate::motion::{Pose, Skeleton};

/// Noise level from which on a path bends the motion: above it, the gait is still being planned.
const PATH_LEVEL: f64 = 0.6;
/// Noise level from which on a floor lifts the body.
const FLOOR_LEVEL: f64 = 0.6;
/// Time before and after a loop that its feet know of, seconds.
const LOOP_LEAD: f32 = 1.5;
/// Rounds of reaching after the feet were planted, which moves the pelvis up or down.
const LIMB_ROUNDS: usize = 2;

/// Constraints prepared for clips of one length.
#[derive(Debug, Clone)]
pub(super) struct Projector {
    poses: Vec<(usize, Pose)>,
    /// Rows on all rotations and the height: those of `poses`, then those of the loop.
    body: Spread,
    loops: bool,
    places: Vec<Vec2>,
    /// Rows on the root's place: those of `places`, then that of the loop.
    ground: Spread,
    /// Heights of the pelvis where it has a place, and their rows.
    heights: (Vec<f32>, Spread),
    path: Option<Route>,
    headings: Option<Headings>,
    turns: Vec<Turn>,
    reaches: Vec<Reach>,
    floor: Option<f32>,
}

/// Rotations of one joint.
#[derive(Debug, Clone)]
struct Turn {
    joint: usize,
    wanted: Vec<(usize, Quat)>,
    /// Rows on the joint's rotation: those of `wanted`, then those of whole poses.
    spread: Spread,
}

impl Projector {
    /// Of constraints that have been checked against `frames`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a path without length.
    pub(super) fn new(constraints: &Constraints, frames: usize) -> Result<Self> {
        let all = &constraints.constraints;
        let poses: Vec<_> = all.iter().filter_map(Constraint::whole_pose).collect();
        let loops = all.contains(&Constraint::Loop);
        let (points, places): (Vec<usize>, Vec<Vec2>) = all.iter().flat_map(Constraint::way_points).unzip();
        let end = frames - 1;
        let same_step: Row = vec![(end, 1.0), (end - 1, -1.0), (1, -1.0), (0, 1.0)];
        let mut body: Vec<Row> = poses.iter().map(|(frame, _)| vec![(*frame, 1.0)]).collect();
        let mut ground: Vec<Row> = points.iter().map(|frame| vec![(*frame, 1.0)]).collect();
        if loops {
            body.extend([vec![(end, 1.0), (0, -1.0)], same_step.clone()]);
            ground.push(same_step);
        }
        let path = all.iter().find_map(|c| match c {
            Constraint::Path { points, heading } => Some(Route::new(points, *heading, frames)),
            _ => None,
        });
        Ok(Self {
            body: Spread::of_poses(body, frames),
            ground: Spread::of_places(ground, frames),
            heights: heights(all, frames),
            path: path.transpose()?,
            headings: headings(all, &poses, frames),
            turns: (0..JOINTS).filter_map(|joint| Turn::new(joint, all, &poses, frames)).collect(),
            reaches: Reach::all(all, &poses, frames),
            floor: all.iter().find_map(Constraint::floor),
            poses,
            loops,
            places,
        })
    }

    /// Moves `poses` onto the constraints, as far as they matter at noise level `level`.
    pub(super) fn project(&self, poses: &mut [Pose], skeleton: &Skeleton, fps: f32, level: f64) {
        if let Some(path) = self.path.as_ref().filter(|_| level < PATH_LEVEL) {
            path.follow(poses, skeleton, fps);
        }
        if let Some(headings) = &self.headings {
            headings.project(poses, skeleton);
        }
        self.project_ground(poses);
        self.project_body(poses);
        self.project_heights(poses);
        self.turns.iter().for_each(|turn| turn.project(poses));
        if let Some(floor) = self.floor.filter(|_| level < FLOOR_LEVEL) {
            lift(skeleton, poses, fps, floor, &|t| self.binding(t));
        }
        for reach in &self.reaches {
            reach.project(poses, skeleton);
        }
    }

    /// Plants the feet, as far as no constraint holds them, and lets arms and legs reach again.
    pub(super) fn plant(&self, poses: &mut [Pose], skeleton: &Skeleton, fps: f32) {
        if self.loops {
            self.plant_loop(poses, skeleton, fps);
            // Feet that rest all the time keep the drift of the body, which the ends of a loop must not differ by.
            self.project(poses, skeleton, fps, 0.0);
        } else {
            plant(skeleton, poses, fps, self.floor, &|t| self.binding(t));
        }
        // The pelvis rises or sinks with the feet, and takes hands and feet away from their places.
        for reach in &self.reaches {
            (0..LIMB_ROUNDS).for_each(|_| reach.project(poses, skeleton));
        }
    }

    /// Plants the feet of a loop within its neighbours, so that both ends get the same.
    fn plant_loop(&self, poses: &mut [Pose], skeleton: &Skeleton, fps: f32) {
        let end = poses.len() - 1;
        let lead = (LOOP_LEAD * fps).round().clamp(1.0, end as f32) as usize;
        let facing = |pose: &Pose| heading(&skeleton.fk(pose.root, pose.rotations).1).unwrap_or_default();
        let (from, to) = (poses[0].root.with_z(0.0), poses[end].root.with_z(0.0));
        let on = Move::about(facing(&poses[end]) - facing(&poses[0]), from.truncate()).then_shift(to - from);
        let back = on.inverse();
        let before = poses[end - lead..end].iter().map(|pose| back.pose(pose));
        let after = poses[1..=lead].iter().map(|pose| on.pose(pose));
        let mut long: Vec<Pose> = before.chain(poses.iter().copied()).chain(after).collect();
        let binding = |t: usize| match t.checked_sub(lead) {
            None => self.binding(t + end - lead),
            Some(t) if t > end => self.binding(t - end),
            Some(t) => self.binding(t),
        };
        plant(skeleton, &mut long, fps, self.floor, &binding);
        poses.copy_from_slice(&long[lead..=lead + end]);
    }

    /// What constraints hold at a frame: whole poses all of it, places of feet their leg. Frames near a held one are free:
    /// feet come to it smoothly.
    fn binding(&self, frame: usize) -> Binding {
        let mut binding = Binding::all(f32::from(self.poses.iter().any(|(at, _)| *at == frame)));
        let (wanted, spread) = &self.heights;
        if spread.rows().iter().take(wanted.len()).any(|row| row[0].0 == frame) {
            binding.root = 1.0;
        }
        for leg in self.reaches.iter().filter(|reach| reach.aims_at(frame)).filter_map(Reach::leg) {
            binding.feet[leg] = 1.0;
        }
        binding
    }

    /// How far the joints of a frame are those of its rotations, from 0 to 1: where constraints hold it.
    pub(super) fn bound(&self, frame: usize) -> f32 {
        let whole = self.body.at(frame).iter().take(self.poses.len()).sum::<f32>();
        self.reaches.iter().map(|reach| reach.held(frame)).fold(whole, f32::max).clamp(0.0, 1.0)
    }

    /// Mean distance of the root from the path, without the sway of the body, metres.
    pub(super) fn off_path(&self, poses: &[Pose], skeleton: &Skeleton, fps: f32) -> f32 {
        self.path.as_ref().map_or(0.0, |path| path.distance(poses, skeleton, fps))
    }

    fn project_ground(&self, poses: &mut [Pose]) {
        let value = |row: &Row| -> Vec2 { row.iter().map(|(t, w)| poses[*t].root.truncate() * *w as f32).sum() };
        let wanted = self.places.iter().copied().chain(std::iter::repeat(Vec2::ZERO));
        let change: Vec<Vec2> = self.ground.rows().iter().zip(wanted).map(|(row, want)| want - value(row)).collect();
        for (t, pose) in poses.iter_mut().enumerate() {
            let moved: Vec2 = self.ground.at(t).iter().zip(&change).map(|(w, d)| *d * *w).sum();
            pose.root += moved.extend(0.0);
        }
    }

    fn project_heights(&self, poses: &mut [Pose]) {
        let (wanted, spread) = &self.heights;
        let change: Vec<f32> = spread.rows().iter().zip(wanted).map(|(row, z)| z - poses[row[0].0].root.z).collect();
        for (t, pose) in poses.iter_mut().enumerate() {
            pose.root.z += spread.at(t).iter().zip(&change).map(|(w, d)| w * d).sum::<f32>();
        }
    }

    fn project_body(&self, poses: &mut [Pose]) {
        let mut changes: Vec<[Vec3; JOINTS + 1]> =
            self.poses.iter().map(|(t, pose)| difference(pose, &poses[*t])).collect();
        if self.loops {
            let end = poses.len() - 1;
            changes.push(difference(&poses[0], &poses[end]));
            let (first, last) = (difference(&poses[1], &poses[0]), difference(&poses[end], &poses[end - 1]));
            changes.push(std::array::from_fn(|i| first[i] - last[i]));
        }
        for (t, pose) in poses.iter_mut().enumerate() {
            let weights = self.body.at(t);
            let change = |i: usize| -> Vec3 { weights.iter().zip(&changes).map(|(w, d)| d[i] * *w).sum() };
            pose.root.z += change(JOINTS).z;
            pose.rotations = std::array::from_fn(|j| turned(change(j), pose.rotations[j]));
        }
    }
}

impl Turn {
    fn new(joint: usize, all: &[Constraint], poses: &[(usize, Pose)], frames: usize) -> Option<Self> {
        let mut wanted: Vec<(usize, Quat)> = Vec::new();
        for constraint in all {
            let Constraint::Rotation { joint: name, frame, frames, rotation } = constraint else { continue };
            if *name == JOINT_NAMES[joint] {
                wanted.extend((*frame..frame + frames).map(|t| (t, quat_from_wxyz(*rotation).normalize())));
            }
        }
        if wanted.is_empty() {
            return None;
        }
        let rows = wanted.iter().map(|w| w.0).chain(poses.iter().map(|p| p.0)).map(|t| vec![(t, 1.0)]).collect();
        Some(Self { joint, spread: Spread::of_poses(rows, frames), wanted })
    }

    fn project(&self, poses: &mut [Pose]) {
        let change = |(t, wanted): &(usize, Quat)| turn_between(*wanted, poses[*t].rotations[self.joint]);
        let changes: Vec<Vec3> = self.wanted.iter().map(change).collect();
        for (t, pose) in poses.iter_mut().enumerate() {
            let change: Vec3 = self.spread.at(t).iter().zip(&changes).map(|(w, d)| *d * *w).sum();
            pose.rotations[self.joint] = turned(change, pose.rotations[self.joint]);
        }
    }
}

/// Heights of the pelvis where constraints place it, and rows on the height: those, then those of whole poses.
fn heights(all: &[Constraint], frames: usize) -> (Vec<f32>, Spread) {
    let mut wanted: Vec<(usize, f32)> = Vec::new();
    for constraint in all {
        let Constraint::Joint { joint, frame, frames, position } = constraint else { continue };
        if *joint == JOINT_NAMES[0] {
            wanted.extend((*frame..frame + frames).map(|t| (t, position[2])));
        }
    }
    let poses = all.iter().filter_map(Constraint::whole_pose).map(|(frame, _)| frame);
    let keyed: Vec<usize> = if wanted.is_empty() { vec![] } else { poses.collect() };
    let rows = wanted.iter().map(|w| w.0).chain(keyed).map(|t| vec![(t, 1.0)]).collect();
    (wanted.into_iter().map(|w| w.1).collect(), Spread::of_poses(rows, frames))
}

/// Directions to face, if there are any; whole poses have theirs.
fn headings(all: &[Constraint], poses: &[(usize, Pose)], frames: usize) -> Option<Headings> {
    let mut wanted: Vec<(usize, f32)> = Vec::new();
    for constraint in all {
        if let Constraint::Heading { frame, frames, degrees } = constraint {
            wanted.extend((*frame..frame + frames).map(|t| (t, radians(*degrees))));
        }
    }
    if wanted.is_empty() {
        return None;
    }
    let facing = |(t, pose): &(usize, Pose)| Some((*t, heading(&NEUTRAL.fk(pose.root, pose.rotations).1)?));
    wanted.extend(poses.iter().filter_map(facing));
    Some(Headings::new(&wanted, frames))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::NEUTRAL;
    use crate::edit::tests::strides;
    use crate::motion::skeleton::joint::{
        HEAD, LEFT_ANKLE, LEFT_HIP, LEFT_WRIST, RIGHT_ELBOW, RIGHT_SHOULDER, RIGHT_WRIST,
    };

    const FPS: f32 = 20.0;

    fn projected(constraints: &Constraints, frames: usize) -> (Vec<Pose>, Vec<Pose>) {
        constraints.check(frames).unwrap();
        let walk = strides(frames);
        let (mut poses, projector) = (walk.clone(), Projector::new(constraints, frames).unwrap());
        (0..2).for_each(|_| projector.project(&mut poses, &NEUTRAL, FPS, 0.0));
        (walk, poses)
    }

    fn place(pose: &Pose, joint: usize) -> Vec3 {
        NEUTRAL.fk(pose.root, pose.rotations).1[joint]
    }

    #[test]
    fn a_key_pose_is_met_and_its_neighbours_lead_to_it() {
        let mut key = strides(1)[0];
        key.root = Vec3::new(0.3, 2.2, 0.8);
        key.rotations[RIGHT_WRIST - 4] = Quat::from_rotation_z(1.0);
        let (walk, poses) = projected(&Constraints::new().pose(0, &walk_start()).pose(50, &key), 100);
        for j in 0..JOINTS {
            assert!(place(&poses[50], j).distance(place(&key, j)) < 2e-3, "joint {j}");
        }
        assert!(place(&poses[99], 15).z - place(&walk[99], 15).z < 0.05);
        let step = (1..100)
            .map(|t| place(&poses[t], RIGHT_WRIST).distance(place(&poses[t - 1], RIGHT_WRIST)))
            .fold(0.0, f32::max);
        assert!(step < 0.25, "{step}");
    }

    fn walk_start() -> Pose {
        strides(1)[0]
    }

    #[test]
    fn a_hand_reaches_its_place_and_the_body_stays() {
        let target = Vec3::new(0.35, 2.1, 1.3);
        let (walk, poses) = projected(&Constraints::new().joint("right_wrist", 36..40, target.to_array()), 80);
        for pose in &poses[36..40] {
            assert!(place(pose, RIGHT_WRIST).distance(target) < 2e-3, "{}", place(pose, RIGHT_WRIST));
        }
        for t in 0..80 {
            assert!(place(&poses[t], LEFT_ANKLE).distance(place(&walk[t], LEFT_ANKLE)) < 1e-5);
        }
        assert!(place(&poses[0], RIGHT_WRIST).distance(place(&walk[0], RIGHT_WRIST)) < 0.01);
    }

    #[test]
    fn way_points_and_paths_move_the_root_along_the_ground() {
        let (_, poses) = projected(&Constraints::new().root(0, [0.0, 0.0]).root(60, [1.0, 2.5]), 100);
        assert!((poses[60].root.truncate() - Vec2::new(1.0, 2.5)).length() < 1e-2);
        let points = [[0.0, 0.0], [0.0, 2.0], [2.5, 2.0]];
        let (_, poses) = projected(&Constraints::new().path(&points), 100);
        assert!((poses[99].root.truncate() - Vec2::new(2.5, 2.0)).length() < 0.1, "{}", poses[99].root);
        let facing = poses[90].rotations[0] * Vec3::Z;
        assert!(facing.x > 0.98, "{facing}");
    }

    #[test]
    fn a_loop_ends_as_it_begins() {
        let (_, poses) = projected(&Constraints::new().looped(), 90);
        let apart = difference(&poses[0], &poses[89]);
        assert!(apart[..JOINTS].iter().all(|d| d.length() < 0.02), "{apart:?}");
        let [first, last] = [[0, 1], [88, 89]].map(|[a, b]| poses[b].root - poses[a].root);
        assert!((first - last).length() < 2e-3, "{first} {last}");
    }

    #[test]
    fn heads_elbows_and_distances_are_reached() {
        let walk = strides(80);
        let (head, elbow) = (place(&walk[40], HEAD), place(&walk[40], RIGHT_ELBOW));
        let lean = head + Vec3::new(0.05, 0.1, -0.05);
        let shoulder = place(&walk[40], RIGHT_SHOULDER);
        let aside =
            shoulder + ((elbow - shoulder) + Vec3::new(0.1, 0.05, 0.0)).normalize_or_zero() * elbow.distance(shoulder);
        let constraints = Constraints::new()
            .joint("head", 40..42, lean.to_array())
            .distance("left_wrist", "left_hip", 20..30, 0.15)
            .joint("right_elbow", 60..61, (aside + walk[60].root - walk[40].root).to_array());
        let (_, poses) = projected(&constraints, 80);
        assert!(place(&poses[40], HEAD).distance(lean) < 0.01, "{}", place(&poses[40], HEAD).distance(lean));
        let apart = place(&poses[25], LEFT_WRIST).distance(place(&poses[25], LEFT_HIP));
        assert!((apart - 0.15).abs() < 5e-3, "{apart}");
    }

    #[test]
    fn headings_turn_the_way_and_joints_have_their_rotations() {
        let turn = Quat::from_rotation_y(0.5);
        let constraints = Constraints::new().heading(70..80, 90.0).rotation("head", 30..33, turn);
        let (_, poses) = projected(&constraints, 100);
        let facing = heading(&NEUTRAL.fk(poses[75].root, poses[75].rotations).1).unwrap();
        assert!(
            (facing - std::f32::consts::PI).abs() < 0.02 || (facing + std::f32::consts::PI).abs() < 0.02,
            "{facing}"
        );
        assert!(poses[99].root.x < poses[80].root.x - 0.3, "it walks where it faces: {}", poses[99].root);
        assert!(poses[31].rotations[HEAD].angle_between(turn) < 0.02);
    }

    #[test]
    fn a_pelvis_and_a_floor_have_their_heights() {
        let constraints = Constraints::new().joint("pelvis", 40..41, [0.1, 2.0, 0.7]).floor(0.05);
        let (_, mut poses) = projected(&constraints, 80);
        assert!(poses[40].root.distance(Vec3::new(0.1, 2.0, 0.7)) < 0.01, "{}", poses[40].root);
        Projector::new(&constraints, 80).unwrap().plant(&mut poses, &NEUTRAL, FPS);
        assert!(poses[40].root.distance(Vec3::new(0.1, 2.0, 0.7)) < 0.01, "{}", poses[40].root);
        let low = crate::body::body_low(&NEUTRAL, &poses[70]);
        assert!((0.04..0.08).contains(&low), "{low}");
    }
}

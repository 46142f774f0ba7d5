//! Projection of a clip onto constraints.

use glam::{Quat, Vec2, Vec3};

use super::constraints::{Constraint, Constraints};
use super::kernel::{Row, Spread};
use crate::body::Limb;
use crate::edit::path::{Curve, OwnPath};
use crate::error::Result;
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::JOINT_NAMES;
use crate::motion::smooth::gaussian_kernel;
use crate::motion::{Pose, Skeleton};

/// Noise level from which on a path bends the motion: above it, the gait is still being planned.
const PATH_LEVEL: f64 = 0.6;
/// Frames at either end of a loop whose feet are not locked, less and less.
const LOOP_END: f32 = 6.0;
/// Length over which a change of direction along a path is spread, frames.
const TURNING: f32 = 8.0;

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
    path: Option<(Curve, Spread)>,
    limbs: Vec<Reach>,
    frames: usize,
}

/// Places of a hand or foot.
#[derive(Debug, Clone)]
struct Reach {
    limb: Limb,
    targets: Vec<(usize, Vec3)>,
    /// Rows on the limb's rotations: those of `targets`, then those of whole poses.
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
        let (points, places): (Vec<usize>, Vec<Vec2>) = all.iter().filter_map(Constraint::way_point).unzip();
        let end = frames - 1;
        let same_step: Row = vec![(end, 1.0), (end - 1, -1.0), (1, -1.0), (0, 1.0)];
        let mut body: Vec<Row> = poses.iter().map(|(frame, _)| vec![(*frame, 1.0)]).collect();
        let mut ground: Vec<Row> = points.iter().map(|frame| vec![(*frame, 1.0)]).collect();
        if loops {
            body.extend([vec![(end, 1.0), (0, -1.0)], same_step.clone()]);
            ground.push(same_step);
        }
        let path = all.iter().find_map(|c| if let Constraint::Path { points } = c { Some(points) } else { None });
        let path = path.map(|points| -> Result<_> {
            let rows = (0..frames).map(|t| vec![(t, 1.0)]).collect();
            Ok((Curve::rounded(points)?, Spread::of_places(rows, frames)))
        });
        let limbs = Limb::ALL.into_iter().filter_map(|limb| Reach::new(limb, all, &poses, frames)).collect();
        Ok(Self {
            body: Spread::of_poses(body, frames),
            ground: Spread::of_places(ground, frames),
            path: path.transpose()?,
            poses,
            loops,
            places,
            limbs,
            frames,
        })
    }

    /// Moves `poses` onto the constraints, as far as they matter at noise level `level`.
    pub(super) fn project(&self, poses: &mut [Pose], skeleton: &Skeleton, fps: f32, level: f64) {
        if let Some((curve, spread)) = self.path.as_ref().filter(|_| level < PATH_LEVEL) {
            follow(curve, spread, poses, skeleton, fps);
        }
        self.project_ground(poses);
        self.project_body(poses);
        for reach in &self.limbs {
            reach.project(poses, skeleton);
        }
    }

    /// How far each pose is bound, from 0 to 1: by whole poses, by places of hands and feet, as an end of a loop.
    pub(super) fn bound(&self, frame: usize) -> f32 {
        let whole = self.body.at(frame).iter().take(self.poses.len()).sum::<f32>();
        let inside = frame.min(self.frames - 1 - frame.min(self.frames - 1)) as f32;
        let whole = if self.loops { whole.max(1.0 - inside / LOOP_END) } else { whole };
        let of = |reach: &Reach| reach.spread.at(frame).iter().take(reach.targets.len()).sum::<f32>();
        self.limbs.iter().map(of).fold(whole, f32::max).clamp(0.0, 1.0)
    }

    /// Mean distance of the root from the path, without the sway of the body, metres.
    pub(super) fn off_path(&self, poses: &[Pose], skeleton: &Skeleton, fps: f32) -> f32 {
        let Some((curve, _)) = &self.path else { return 0.0 };
        let own = OwnPath::of(poses, skeleton, fps);
        let share = curve.length() / own.length().max(0.05);
        let off = |t: usize| curve.at(own.distances[t] * share).0.distance(own.places[t]);
        (0..poses.len()).map(off).sum::<f32>() / poses.len() as f32
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

impl Reach {
    fn new(limb: Limb, all: &[Constraint], poses: &[(usize, Pose)], frames: usize) -> Option<Self> {
        let mut targets: Vec<(usize, Vec3)> = Vec::new();
        for constraint in all {
            let Constraint::Joint { joint, frame, frames, position } = constraint else { continue };
            if *joint == JOINT_NAMES[limb.end] {
                targets.extend((*frame..frame + frames).map(|t| (t, Vec3::from_array(*position))));
            }
        }
        if targets.is_empty() {
            return None;
        }
        let keyed = poses.iter().map(|(frame, _)| *frame).filter(|frame| targets.iter().all(|(t, _)| t != frame));
        let rows = targets.iter().map(|(t, _)| *t).chain(keyed).map(|t| vec![(t, 1.0)]).collect();
        Some(Self { spread: Spread::of_poses(rows, frames), limb, targets })
    }

    fn project(&self, poses: &mut [Pose], skeleton: &Skeleton) {
        let change = |(t, target): &(usize, Vec3)| {
            let mut reached = poses[*t];
            let (_, places) = skeleton.fk(reached.root, reached.rotations);
            self.limb.pull(skeleton, &mut reached, *target - places[self.limb.end]);
            difference(&reached, &poses[*t])
        };
        let changes: Vec<_> = self.targets.iter().map(change).collect();
        for (t, pose) in poses.iter_mut().enumerate() {
            let weights = self.spread.at(t);
            for j in [self.limb.upper, self.limb.middle, self.limb.end] {
                let change: Vec3 = weights.iter().zip(&changes).map(|(w, d)| d[j] * *w).sum();
                pose.rotations[j] = turned(change, pose.rotations[j]);
            }
        }
    }
}

/// Rotation vectors, in the axes of the parents, from `from` to `to`, then the difference of the roots.
fn difference(to: &Pose, from: &Pose) -> [Vec3; JOINTS + 1] {
    std::array::from_fn(|j| {
        if j == JOINTS {
            return to.root - from.root;
        }
        let turn = to.rotations[j] * from.rotations[j].inverse();
        (if turn.w < 0.0 { -turn } else { turn }).to_scaled_axis()
    })
}

fn turned(change: Vec3, rotation: Quat) -> Quat {
    (Quat::from_scaled_axis(change) * rotation).normalize()
}

/// Bends a clip to a curve, each frame at the same share of the way.
fn follow(curve: &Curve, spread: &Spread, poses: &mut [Pose], skeleton: &Skeleton, fps: f32) {
    let own = OwnPath::of(poses, skeleton, fps);
    let length = own.length();
    if length < 0.05 {
        return;
    }
    let aims: Vec<(Vec2, f32)> =
        (0..poses.len()).map(|t| curve.at(own.distances[t] * curve.length() / length)).collect();
    let turn = |t: usize| Vec2::from_angle(aims[t].1 - own.directions[t]);
    let turns = smooth((0..poses.len()).map(turn).collect());
    let change: Vec<Vec2> = (0..poses.len())
        .map(|t| {
            // The sway of the body stays, in the new direction.
            let sway = turns[t].rotate(poses[t].root.truncate() - own.places[t]);
            aims[t].0 + sway - poses[t].root.truncate()
        })
        .collect();
    for (t, pose) in poses.iter_mut().enumerate() {
        let moved: Vec2 = spread.at(t).iter().zip(&change).map(|(w, d)| *d * *w).sum();
        pose.root += moved.extend(0.0);
        pose.rotations[0] = (Quat::from_rotation_z(turns[t].to_angle()) * pose.rotations[0]).normalize();
    }
}

/// Directions averaged over time.
fn smooth(directions: Vec<Vec2>) -> Vec<Vec2> {
    let Ok(weights) = gaussian_kernel(2 * (2.5 * TURNING) as usize + 1, TURNING) else { return directions };
    let half = weights.len() / 2;
    let at = |i: usize| directions[i.saturating_sub(half).min(directions.len() - 1)];
    let mean = |t: usize| weights.iter().enumerate().map(|(i, w)| at(t + i) * *w).sum::<Vec2>();
    (0..directions.len()).map(|t| mean(t).try_normalize().unwrap_or(directions[t])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::NEUTRAL;
    use crate::edit::tests::strides;
    use crate::motion::skeleton::joint::{LEFT_ANKLE, RIGHT_WRIST};

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
}

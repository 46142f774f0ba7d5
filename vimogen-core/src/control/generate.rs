//! Generating under constraints.

use glam::{Mat3, Vec2, Vec3};
use ndarray::Array2;

use super::constraints::{Constraint, Constraints};
use super::project::Projector;
use super::route::Headings;
use crate::body::{Finish, NEUTRAL, Reconcile, Track, body_low};
use crate::edit::heading::{Move, heading};
use crate::error::{Error, Result};
use crate::motion::codec::{DecodeMode, decode, write_at};
use crate::motion::layout::{BODY_ROT6D, JOINTS, POSITIONS, ROOT_ROT6D, ROOT_STEP6D, TRANSL, TRANSL_STEP, VELOCITIES};
use crate::motion::rotation::{quat_from_wxyz, rot6d_from_matrix, rot6d_from_quaternion, wxyz_from_quat};
use crate::motion::skeleton::JOINT_NAMES;
use crate::motion::{Motion, Pose, Skeleton, Stats};
use crate::pipeline::Source;
use crate::progress::{self, OnProgress};
use crate::sample::options::DEFAULT_FRAMES;
use crate::sample::{GenerateOptions, Guide, GuidedClip};
use crate::{Pipeline, Request};

/// Weights of the consistency step for a model that has none of its own.
const CONSISTENT: Reconcile = Reconcile { root_trust: 0.01, joint_trust: 0.1 };
/// Projections after sampling: loops and limbs are met to first order by each.
const ROUNDS: usize = 3;

/// A motion that was generated under constraints.
#[derive(Debug, Clone, PartialEq)]
pub struct Constrained {
    /// The motion.
    pub motion: Motion,
    /// How far each constraint was met, in their order.
    pub met: Vec<Met>,
}

/// Distance from a constraint, metres: of all joints for a pose, of the pelvis for way points and paths, of the joint for a
/// place, of start and end for a loop, the depth below a floor. For headings and rotations the angle, radians.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Met {
    /// Of the sampled motion.
    pub raw: f32,
    /// Of the result.
    pub landed: f32,
}

impl Pipeline {
    /// Generates a motion that meets constraints.
    ///
    /// A pose at frame 0 also places the clip: it starts there. A place out of reach is approached; [`Constrained::met`]
    /// reports the distance. The clip has one skeleton: its joints are the forward kinematics of its rotations. Standing
    /// feet are planted unless [`GenerateOptions::finish`] is [`Finish::Raw`].
    ///
    /// ```
    /// use vimogen_core::control::Constraints;
    /// use vimogen_core::{GenerateOptions, Pipeline};
    /// let options = GenerateOptions::default().with_num_frames(40).with_num_inference_steps(8);
    /// let constraints = Constraints::new().root(39, [0.5, 1.5]);
    /// let walk = Pipeline::builtin()?.generate_constrained("a person walks forward", &constraints, &options)?;
    /// assert!(walk.met[0].landed < 0.01);
    /// # Ok::<(), vimogen_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Pipeline::generate_with`] and [`Constraints::check`].
    pub fn generate_constrained(
        &self,
        request: impl Into<Request>,
        constraints: &Constraints,
        options: &GenerateOptions,
    ) -> Result<Constrained> {
        self.generate_constrained_with(request, constraints, options, &mut progress::ignore)
    }

    /// [`Pipeline::generate_constrained`] with progress.
    ///
    /// # Errors
    /// As [`Pipeline::generate_constrained`], and [`Error::Cancelled`] if `on_progress` breaks.
    pub fn generate_constrained_with(
        &self,
        request: impl Into<Request>,
        constraints: &Constraints,
        options: &GenerateOptions,
        on_progress: &mut OnProgress<'_>,
    ) -> Result<Constrained> {
        let request = request.into();
        // A reference has its own length, which is known when it has been read.
        if !matches!(request.source, Source::Reference(_)) {
            constraints.check(request.num_frames.or(options.num_frames).unwrap_or(DEFAULT_FRAMES))?;
        }
        let (placed, start) = placed(constraints);
        let reconcile = self.config().generation.reconcile;
        let mut guide = Constraining {
            constraints: &placed,
            projector: None,
            stats: self.stats(),
            reconcile: reconcile.unwrap_or(CONSISTENT),
            fps: self.fps(),
        };
        let raw = options.clone().with_finish(Finish::Raw);
        let motions = self.generate_guided(&[request], &raw, &mut guide, on_progress)?;
        let [sampled] = &motions[..] else { return Err(Error::Internal { reason: "a request gave no motion".into() }) };
        let projector = match guide.projector {
            Some(projector) => projector,
            None => Projector::new(&placed, sampled.len())?,
        };
        let mut track = land(&projector, sampled, self.skeleton(), options.finish != Some(Finish::Raw))?;
        let landed = track.to_motion()?;
        let distances = |motion: &Motion| distances(&placed, &projector, motion);
        let met = std::iter::zip(distances(sampled)?, distances(&landed)?);
        let met = met.map(|(raw, landed)| Met { raw, landed }).collect();
        start.apply(&mut track);
        let mut motion = track.to_motion()?;
        if let Some(mut meta) = self.finished_meta(sampled, options.finish) {
            meta.constraints = serde_json::from_str(&constraints.to_json()).ok();
            motion = motion.with_meta(meta);
        }
        Ok(Constrained { motion, met })
    }
}

/// The constraints in the world of a clip that starts at the origin and faces +y, and the move back to theirs.
fn placed(constraints: &Constraints) -> (Constraints, Move) {
    let poses = constraints.constraints.iter().filter_map(Constraint::whole_pose);
    let first = poses.into_iter().find(|(frame, _)| *frame == 0).map(|(_, pose)| pose);
    let facing = first.and_then(|pose| heading(&NEUTRAL.fk(pose.root, pose.rotations).1));
    let Some((pose, facing)) = first.zip(facing) else { return (constraints.clone(), Move::IDENTITY) };
    let turn = facing - std::f32::consts::FRAC_PI_2;
    let there = Move::about(turn, Vec2::ZERO).then_shift(pose.root.with_z(0.0));
    let back = there.inverse();
    let constraints = constraints.constraints.iter().map(|constraint| constraint.moved(&back)).collect();
    (Constraints { constraints }, there)
}

/// The guide that projects each estimate.
struct Constraining<'a> {
    constraints: &'a Constraints,
    /// Made when the length of the clip is known.
    projector: Option<Projector>,
    stats: &'a Stats,
    reconcile: Reconcile,
    fps: f32,
}

impl Guide for Constraining<'_> {
    fn guide(&mut self, level: f64, clips: &mut [GuidedClip<'_>]) -> Result<()> {
        for clip in clips {
            let projector = match &mut self.projector {
                Some(projector) => projector,
                none => {
                    self.constraints.check(clip.clean.nrows())?;
                    none.insert(Projector::new(self.constraints, clip.clean.nrows())?)
                }
            };
            let features = self.reconcile.apply(self.stats.denormalize(clip.clean.view())?.view())?;
            let projected = project(projector, features, self.fps, level)?;
            clip.clean.assign(&self.stats.normalize(projected.view())?);
        }
        Ok(())
    }
}

/// Projects features that agree with themselves. The difference between their joints and their rotations stays, except
/// where a pose binds them.
fn project(projector: &Projector, mut features: Array2<f32>, fps: f32, level: f64) -> Result<Array2<f32>> {
    let clip = decode(features.view(), DecodeMode::Plain)?;
    let skeleton = Skeleton::fit_offsets(&clip, clip.len()).as_f32();
    let before: Vec<Pose> = (0..clip.len()).map(|t| clip.pose(t)).collect();
    let mut poses = before.clone();
    projector.project(&mut poses, &skeleton, fps, level);
    let joints = |t: usize| -> [Vec3; JOINTS] {
        let (_, was) = skeleton.fk(before[t].root, before[t].rotations);
        let (_, is) = skeleton.fk(poses[t].root, poses[t].rotations);
        let free = 1.0 - projector.bound(t);
        std::array::from_fn(|j| is[j] + (clip.joint(t, j) - was[j]) * free)
    };
    let joints: Vec<_> = (0..clip.len()).map(joints).collect();
    write(&mut features, &before, &poses, &joints);
    Ok(features)
}

/// Writes poses and joints into all channels of the features; the steps of the last frame stay.
fn write(features: &mut Array2<f32>, before: &[Pose], poses: &[Pose], joints: &[[Vec3; JOINTS]]) {
    let rotation = |t: usize| Mat3::from_quat(poses[t].rotations[0]);
    for (t, pose) in poses.iter().enumerate() {
        let mut row = features.row_mut(t);
        for (j, rotation) in pose.rotations.iter().enumerate().skip(1) {
            let start = BODY_ROT6D.start + 6 * (j - 1);
            write_at(row.view_mut(), start, &rot6d_from_quaternion(wxyz_from_quat(*rotation)));
        }
        write_at(row.view_mut(), ROOT_ROT6D.start, &rot6d_from_matrix(rotation(t)));
        write_at(row.view_mut(), POSITIONS.start, &flat(&joints[t]));
        let moved = pose.root - before[t].root;
        for c in 0..3 {
            row[TRANSL.start + c] += moved[c];
        }
    }
    for t in 0..poses.len() - 1 {
        let transl: [f32; 3] =
            std::array::from_fn(|c| features[[t + 1, TRANSL.start + c]] - features[[t, TRANSL.start + c]]);
        let mut row = features.row_mut(t);
        let steps: [Vec3; JOINTS] = std::array::from_fn(|j| joints[t + 1][j] - joints[t][j]);
        write_at(row.view_mut(), VELOCITIES.start, &flat(&steps));
        let turn = rotation(t + 1) * rotation(t).transpose();
        write_at(row.view_mut(), ROOT_STEP6D.start, &rot6d_from_matrix(turn));
        write_at(row.view_mut(), TRANSL_STEP.start, &transl);
    }
}

fn flat(points: &[Vec3; JOINTS]) -> [f32; 3 * JOINTS] {
    std::array::from_fn(|i| points[i / 3][i % 3])
}

/// The sampled clip on one skeleton, exactly on its constraints, with standing feet where no constraint holds them.
fn land(projector: &Projector, sampled: &Motion, skeleton: Option<&Skeleton>, feet: bool) -> Result<Track> {
    let mut track = Track::following(sampled, skeleton)?;
    track.poses.pop();
    for _ in 0..ROUNDS {
        projector.project(&mut track.poses, &track.skeleton, track.fps, 0.0);
    }
    if feet {
        projector.plant(&mut track.poses, &track.skeleton, track.fps);
    }
    let end = track.poses.len() - 1;
    let step = track.poses[end].root - track.poses[end.saturating_sub(1)].root;
    let last = track.poses[end];
    track.poses.push(Pose { root: last.root + step, ..last });
    Ok(track)
}

/// The distance of a clip from each constraint, metres.
fn distances(constraints: &Constraints, projector: &Projector, motion: &Motion) -> Result<Vec<f32>> {
    let track = Track::of(motion)?;
    let joint = |t: usize, j: usize| motion.smpl().joint(t, j);
    let mean = |f: &dyn Fn(usize) -> f32| (0..JOINTS).map(f).sum::<f32>() / JOINTS as f32;
    let end = motion.len() - 1;
    let distance = |constraint: &Constraint| match constraint {
        Constraint::Root { frame, position } => joint(*frame, 0).truncate().distance(Vec2::from_array(*position)),
        Constraint::Path { .. } => projector.off_path(&track.poses[..=end], &track.skeleton, track.fps),
        Constraint::Joint { joint: name, frame, frames, position } => {
            let apart = |t: usize| joint(t, index(name)).distance(Vec3::from_array(*position));
            (*frame..frame + frames).map(apart).sum::<f32>() / *frames as f32
        }
        Constraint::Distance { joints: [a, b], frame, frames, distance } => {
            let off = |t: usize| (joint(t, index(a)).distance(joint(t, index(b))) - distance).abs();
            (*frame..frame + frames).map(off).sum::<f32>() / *frames as f32
        }
        Constraint::Heading { frame, frames, degrees } => {
            let places = |t: usize| std::array::from_fn(|j| joint(t, j));
            let off = |t: usize| heading(&places(t)).map_or(0.0, |facing| Headings::off(facing, *degrees));
            (*frame..frame + frames).map(off).sum::<f32>() / *frames as f32
        }
        Constraint::Rotation { joint: name, frame, frames, rotation } => {
            let wanted = quat_from_wxyz(*rotation).normalize();
            let off = |t: usize| track.poses[t].rotations[index(name)].angle_between(wanted);
            (*frame..frame + frames).map(off).sum::<f32>() / *frames as f32
        }
        Constraint::Floor { height } => (0..motion.len()).map(|t| height - lowest(&track, t)).fold(0.0, f32::max),
        Constraint::Loop => mean(&|j| (joint(end, j) - joint(end, 0)).distance(joint(0, j) - joint(0, 0))),
        Constraint::Pose { .. } => constraint.whole_pose().map_or(0.0, |(frame, pose)| {
            let (_, places) = track.skeleton.fk(pose.root, pose.rotations);
            mean(&|j| joint(frame, j).distance(places[j]))
        }),
    };
    Ok(constraints.constraints.iter().map(distance).collect())
}

fn index(joint: &str) -> usize {
    JOINT_NAMES.iter().position(|known| *known == joint).unwrap_or_default()
}

/// Height of the lowest point of the worn body at a frame, metres.
fn lowest(track: &Track, t: usize) -> f32 {
    body_low(&track.skeleton, &track.poses[t])
}

#[cfg(all(test, feature = "cpu"))]
mod tests {
    use super::*;

    fn pipeline() -> Pipeline {
        Pipeline::builtin().expect("the built-in model")
    }

    fn options() -> GenerateOptions {
        GenerateOptions::default().with_num_frames(80).with_num_inference_steps(20)
    }

    #[test]
    fn constraints_of_all_kinds_are_met_together() {
        let pipeline = pipeline();
        let other = pipeline.generate("a person walks forward", &options().with_seed(9)).unwrap().refit(false).unwrap();
        let constraints = Constraints::new().pose(0, &other.pose_at(0.0)).pose(60, &other.pose_at(3.0)).joint(
            "right_wrist",
            30..33,
            (other.pose_at(1.5).root + Vec3::new(0.2, 0.3, 0.25)).to_array(),
        );
        let made = pipeline.generate_constrained("a person walks forward", &constraints, &options()).unwrap();
        assert_eq!(made.motion.len(), 80);
        for (i, met) in made.met.iter().enumerate() {
            assert!(met.landed < 2e-3, "{i}: {:?}", made.met);
        }
        assert!(made.motion.kinematic_error().max < 1e-3);
        let pelvis = made.motion.smpl().joint(60, 0);
        assert!(pelvis.distance(other.smpl().joint(60, 0)) < 5e-3, "in the world of the constraints");
    }

    #[test]
    fn a_path_is_followed_and_a_loop_closes() {
        let pipeline = pipeline();
        let path = Constraints::new().path(&[[0.0, 0.0], [0.0, 1.5], [1.5, 2.5]]);
        let made = pipeline.generate_constrained("a person walks forward", &path, &options()).unwrap();
        assert!(made.met[0].landed < 0.02, "{:?}", made.met);
        let made = pipeline.generate_constrained("a person waves", &Constraints::new().looped(), &options()).unwrap();
        assert!(made.met[0].landed < 2e-3, "{:?}", made.met);
    }

    #[test]
    fn hands_and_feet_are_where_they_must_be_after_the_feet_are_planted() {
        let pipeline = pipeline();
        let free = pipeline.generate("a person walks forward", &options()).unwrap();
        for name in ["left_ankle", "right_ankle", "left_wrist"] {
            let place = free.smpl().joint(40, index(name)) + Vec3::new(0.03, 0.08, 0.05);
            let constraints = Constraints::new().joint(name, 40..41, place.to_array());
            let made = pipeline.generate_constrained("a person walks forward", &constraints, &options()).unwrap();
            assert!(made.met[0].landed < 2e-3, "{name}: {:?}", made.met);
        }
    }

    #[test]
    fn constraints_beyond_the_clip_are_refused_before_sampling_and_none_change_little() {
        let pipeline = pipeline();
        let late = Constraints::new().root(200, [0.0, 1.0]);
        let error = pipeline.generate_constrained("a person walks", &late, &options()).unwrap_err().to_string();
        assert!(error.contains("constraint 0: frame 200"), "{error}");
        let free = pipeline.generate_constrained("a person walks", &Constraints::new(), &options()).unwrap();
        let plain = pipeline.generate("a person walks", &options()).unwrap();
        let far = (&free.motion.joints() - &plain.joints()).iter().fold(0.0, |m: f32, d| m.max(d.abs()));
        assert!(far < 0.3, "{far}");
    }
}

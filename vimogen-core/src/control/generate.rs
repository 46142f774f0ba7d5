//! Generating under constraints.

use glam::Vec3;
use ndarray::{Array2, ArrayView2};

use super::constraints::{Constraint, Constraints};
use super::project::Projector;
use crate::body::{Reconcile, SMPLX_ROOT, Track};
use crate::edit::heading::{Move, heading};
use crate::error::{Error, Result};
use crate::motion::codec::{DecodeMode, decode, write_at};
use crate::motion::layout::{
    BODY_ROT6D, JOINTS, POSITIONS, ROOT_ROT6D, ROOT_STEP6D, TRANSL, TRANSL_STEP, VELOCITIES,
};
use crate::motion::rotation::{rot6d_from_matrix, rot6d_from_quaternion, wxyz_from_quat};
use crate::motion::skeleton::JOINT_NAMES;
use crate::motion::{Motion, Pose, Skeleton, Stats};
use crate::progress::{self, OnProgress};
use crate::sample::{DEFAULT_FRAMES, GenerateOptions, Guide, GuidedClip};
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
/// target, of start and end for a loop.
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
    /// A pose at frame 0 also places the clip: it starts there. What cannot be reached, such as a place beyond the arm, is
    /// approached; [`Constrained::met`] reports the distance. The clip has one skeleton: its joints are the forward
    /// kinematics of its rotations.
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
        if !matches!(request.source, crate::pipeline::Source::Reference(_)) {
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
        let motions = self.generate_guided(&[request], options, &mut guide, on_progress)?;
        let [sampled] = &motions[..] else { return Err(Error::Internal { reason: "a request gave no motion".into() }) };
        let projector = match guide.projector {
            Some(projector) => projector,
            None => Projector::new(&placed, sampled.len())?,
        };
        let mut track = land(&projector, sampled)?;
        let landed = track.to_motion()?;
        let met = std::iter::zip(distances(&placed, sampled)?, distances(&placed, &landed)?);
        let met = met.map(|(raw, landed)| Met { raw, landed }).collect();
        start.apply(&mut track);
        Ok(Constrained { motion: track.to_motion()?, met })
    }
}

/// The constraints in the world of a clip that starts at the origin and faces +y, and the move back to theirs.
fn placed(constraints: &Constraints) -> (Constraints, Move) {
    let poses = constraints.constraints.iter().filter_map(Constraint::whole_pose);
    let first = poses.into_iter().find(|(frame, _)| *frame == 0).map(|(_, pose)| pose);
    let facing = first.and_then(|pose| heading(&crate::body::NEUTRAL.fk(pose.root, pose.rotations).1));
    let Some((pose, facing)) = first.zip(facing) else { return (constraints.clone(), Move::IDENTITY) };
    let turn = facing - std::f32::consts::FRAC_PI_2;
    let there = Move::about(turn, glam::Vec2::ZERO).then_shift(pose.root.with_z(0.0));
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

/// Projects features that agree with themselves. What their joints differ from the rotations stays, except where a pose
/// binds them.
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
    let rotation = |t: usize| glam::Mat3::from_quat(poses[t].rotations[0]);
    for (t, pose) in poses.iter().enumerate() {
        let mut row = features.row_mut(t);
        for (j, rotation) in pose.rotations.iter().enumerate().skip(1) {
            let start = BODY_ROT6D.start + 6 * (j - 1);
            write_at(row.view_mut(), start, &rot6d_from_quaternion(wxyz_from_quat(*rotation)));
        }
        write_at(row.view_mut(), ROOT_ROT6D.start, &rot6d_from_matrix(rotation(t)));
        write_at(row.view_mut(), POSITIONS.start, Vec3::as_floats(&joints[t]));
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
        write_at(row.view_mut(), VELOCITIES.start, Vec3::as_floats(&steps));
        let turn = rotation(t + 1) * rotation(t).transpose();
        write_at(row.view_mut(), ROOT_STEP6D.start, &rot6d_from_matrix(turn));
        write_at(row.view_mut(), TRANSL_STEP.start, &transl);
    }
}

//! Clips that can be played round and round.

use super::cut::{Shapes, best};
use super::decay::Decay;
use super::heading::{Move, heading};
use super::{check_frames, check_seconds};
use crate::body::Track;
use crate::error::{Error, Result};
use crate::motion::{Motion, Pose};

/// Share of a clip at each end in which the cuts of a loop are sought.
const WINDOW: f64 = 0.25;
/// Maximum window, seconds.
const LONGEST_WINDOW: f64 = 1.5;
/// Maximum number of repetitions.
const MOST: usize = 1000;

/// A clip whose end leads to its start.
#[derive(Debug, Clone, PartialEq)]
pub struct Loop {
    /// One round. The step of its last frame leads to its first pose, at the place that the round has travelled to.
    pub motion: Motion,
    /// Frames of the clip that were left out at its start.
    pub dropped_before: usize,
    /// Frames of the clip that were left out at its end.
    pub dropped_after: usize,
}

impl Motion {
    /// The clip as a loop that travels: pose and velocity at its end are those of its start, while place and heading go on.
    /// It is cut where its start and its end are most alike; over the first `blend` seconds the rest of the difference
    /// fades.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for fewer than four frames, and for times outside 0 to 3600 s.
    pub fn looped(&self, blend: f64) -> Result<Loop> {
        check_seconds("blend", blend)?;
        if self.len() < 4 {
            return Err(Error::invalid("motion", format!("{} frames do not make a loop, at least 4 do", self.len())));
        }
        let mut track = Track::of(self)?;
        track.poses.pop();
        let frames = track.poses.len();
        let window = (WINDOW * frames as f64).min(LONGEST_WINDOW * f64::from(self.fps())) as usize;
        let shapes = Shapes::of(&track);
        let (end, start) = best(&shapes, frames - 1 - window..frames, &shapes, 0..window + 1);
        track.poses = cycle(&track, start, end, (blend as f32 * track.fps).min((end - start) as f32));
        Ok(Loop { motion: track.to_motion()?, dropped_before: start, dropped_after: frames - 1 - end })
    }

    /// The clip as a loop, see [`Motion::looped`], played `times` times; it travels on.
    ///
    /// # Errors
    /// As [`Motion::looped`], and [`Error::InvalidArgument`] for 0 or more than 1000 times, and for a result of more than 2^20
    /// frames.
    pub fn repeated(&self, times: usize, blend: f64) -> Result<Self> {
        if !(1..=MOST).contains(&times) {
            return Err(Error::invalid("times", format!("{times} is not from 1 to {MOST}")));
        }
        let one = self.looped(blend)?.motion;
        check_frames("times", one.len().saturating_mul(times))?;
        let mut track = Track::of(&one)?;
        let round = track.poses.clone();
        let Some((end, round)) = round.split_last() else { return Ok(one) };
        let step = onto(&track, &round[0], end);
        track.poses.pop();
        let mut poses = round.to_vec();
        for _ in 1..times {
            poses.iter_mut().for_each(|pose| *pose = step.pose(pose));
            track.poses.extend_from_slice(&poses);
        }
        track.poses.push(step.pose(&poses[0]));
        track.to_motion()
    }
}

/// The move that takes the place and heading of one pose to those of another.
fn onto(track: &Track, from: &Pose, to: &Pose) -> Move {
    let facing = |pose: &Pose| heading(&track.skeleton.fk(pose.root, pose.rotations).1);
    let angle = facing(to).zip(facing(from)).map_or(0.0, |(to, from)| to - from);
    Move::about(angle, from.root.truncate()).then_shift((to.root - from.root).with_z(0.0))
}

/// The poses from `start` to `end`, of which the first ones are led out of the pose at `end`, then the pose to which the
/// last step leads.
fn cycle(track: &Track, start: usize, end: usize, frames: f32) -> Vec<Pose> {
    let poses = &track.poses[start..=end];
    // The end, brought to the place of the start.
    let back = onto(track, &poses[poses.len() - 1], &poses[0]);
    let last = [back.pose(&poses[poses.len() - 2]), back.pose(&poses[poses.len() - 1])];
    let decay = Decay::new([&last[0], &last[1]], [&poses[0], &poses[1]], frames);
    let mut out: Vec<Pose> = poses.iter().enumerate().map(|(t, pose)| decay.apply(pose, t)).collect();
    let (first, last) = (out[0], out.len() - 1);
    out[last] = onto(track, &first, &out[last]).pose(&first);
    out
}

#[cfg(test)]
mod tests {
    use super::super::tests::stroll;
    use super::*;

    #[test]
    fn a_clip_that_would_be_too_long_is_refused_before_it_is_made() {
        let text = stroll(2000).repeated(1000, 0.3).unwrap_err().to_string();
        assert!(text.contains("times") && text.contains("at most 1048576"), "{text}");
    }
    use crate::motion::layout::JOINTS;

    #[test]
    fn the_end_of_a_loop_leads_to_its_start() {
        let clip = stroll(70).turned(30.0).unwrap();
        let round = clip.looped(0.3).unwrap();
        let track = Track::of(&round.motion).unwrap();
        let (first, last) = (track.poses[0], track.poses[track.poses.len() - 2]);
        let step = onto(&track, &first, &track.poses[track.poses.len() - 1]);
        let next = step.pose(&first);
        for j in 0..JOINTS {
            assert!(next.rotations[j].angle_between(last.rotations[j]) < 0.2, "joint {j}");
        }
        // A stride of 24 frames: whole ones remain.
        assert!(round.motion.len() % 24 <= 1 || round.motion.len() % 24 == 23, "{}", round.motion.len());
        assert!(round.motion.kinematic_error().max < 1e-3);
    }

    #[test]
    fn a_repeated_walk_walks_on_at_its_speed() {
        let clip = stroll(60);
        let once = clip.looped(0.2).unwrap().motion;
        let long = clip.repeated(5, 0.2).unwrap();
        assert_eq!(long.len(), 5 * once.len());
        let smpl = long.smpl();
        let step = |t: usize| smpl.joint(t + 1, 0).distance(smpl.joint(t, 0)) * 20.0;
        let speeds: Vec<f32> = (0..long.len() - 1).map(step).collect();
        assert!(speeds.iter().all(|v| (0.5..1.6).contains(v)), "{speeds:?}");
        assert!(long.kinematic_error().max < 1e-3);
        assert!(clip.repeated(0, 0.2).is_err() && clip.repeated(5000, 0.2).is_err());
        assert!(clip.slice(0..3).unwrap().looped(0.2).is_err());
    }
}

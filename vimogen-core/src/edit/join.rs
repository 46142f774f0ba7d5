//! One clip after another.

use super::cut::{Shapes, best};
use super::decay::Decay;
use super::heading::{Move, heading};
use super::seam::{Changes, Seam, jumps};
use super::{check_frames, check_seconds};
use crate::body::Track;
use crate::error::{Error, Result};
use crate::motion::resample::resampled_len;
use crate::motion::skeleton::joint::{LEFT_ANKLE, LEFT_FOOT, LEFT_KNEE, RIGHT_FOOT};
use crate::motion::{Motion, Pose, floor_of};

/// Lengths of a blend that are tried, as multiples of the one that was asked for.
const LENGTHS: [f32; 6] = [1.0, 1.5, 2.0, 3.0, 4.0, 6.0];
/// Excess of a join over its clips from which it is noticed.
const VISIBLE: f32 = 1.05;
/// Frames within reach of the feet's easing around a join, seconds.
const FEET: f32 = 0.2;

/// How two clips are joined.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct JoinOptions {
    /// Time in which the second clip takes over, seconds. Poses that are far apart take up to six times as long, so that
    /// nothing moves faster in the join than in the clips.
    pub blend: f64,
    /// Time at the end of the first and at the start of the second clip in which the best cut is sought, seconds.
    pub window: f64,
    /// Whether standing feet are kept in place around the join.
    pub lock_feet: bool,
}

impl Default for JoinOptions {
    fn default() -> Self {
        Self { blend: 0.3, window: 0.5, lock_feet: true }
    }
}

impl JoinOptions {
    /// Sets the time in which the second clip takes over.
    pub fn with_blend(mut self, seconds: f64) -> Self {
        self.blend = seconds;
        self
    }

    /// Sets the time in which the best cut is sought.
    pub fn with_window(mut self, seconds: f64) -> Self {
        self.window = seconds;
        self
    }

    /// Sets whether standing feet are kept in place.
    pub fn with_lock_feet(mut self, lock_feet: bool) -> Self {
        self.lock_feet = lock_feet;
        self
    }

    fn check(&self) -> Result<()> {
        check_seconds("blend", self.blend)?;
        check_seconds("window", self.window)
    }
}

/// Clips joined into one.
#[derive(Debug, Clone, PartialEq)]
pub struct Joined {
    /// The clip.
    pub motion: Motion,
    /// Its joins, in order.
    pub seams: Vec<Seam>,
}

impl Motion {
    /// The clip, then `next`: `next` starts where the clip ends and faces the same way, on the same floor. `blend` is the
    /// time in which it takes over, seconds, such as 0.3; see [`JoinOptions`].
    ///
    /// # Errors
    /// As [`Motion::join`].
    pub fn then(&self, next: &Self, blend: f64) -> Result<Self> {
        Ok(Self::join(&[self.clone(), next.clone()], &JoinOptions::default().with_blend(blend))?.motion)
    }

    /// Clips one after another, at the frame rate and on the bones of the first; each starts where the one before ends and
    /// faces the same way.
    ///
    /// Each join is cut where the poses of both clips are most alike within a window. The second clip continues at the
    /// pose and velocity of the first and reaches its own poses after the blend.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for no clips, for times outside 0 to 3600 s, and for a result of more than 2^20 frames.
    pub fn join(clips: &[Self], options: &JoinOptions) -> Result<Joined> {
        options.check()?;
        let Some((first, others)) = clips.split_first() else { return Err(Error::invalid("clips", "there are none")) };
        let lengths = others.iter().map(|next| resampled_len(next.len(), next.fps(), first.fps()));
        check_frames("clips", lengths.sum::<Result<usize>>()?.saturating_add(first.len()))?;
        let mut track = Track::of(first)?;
        let mut seams = Vec::with_capacity(others.len());
        // Frames of the clip that came last: a join neither reaches back beyond it nor is compared with older ones.
        let mut since = 0;
        for next in others {
            let next = Track::of(&next.resample(track.fps)?)?;
            let seam = append(&mut track, since, next, options);
            since = seam.frame;
            seams.push(seam);
        }
        Ok(Joined { motion: track.to_motion()?, seams })
    }
}

/// Appends `next` to `track`, whose last clip starts at `since`.
fn append(track: &mut Track, since: usize, mut next: Track, options: &JoinOptions) -> Seam {
    // The pose after the last frame repeats a body pose, so it does not count as a frame.
    track.poses.pop();
    let fps = track.fps;
    let window = |frames: usize| ((options.window * f64::from(fps)).round() as usize).min(frames / 2);
    let (own, theirs) = (track.poses.len() - since, next.poses.len() - 1);
    let leave = track.poses.len() - 1 - window(own)..track.poses.len();
    let (left, entered) = best(&Shapes::of(track), leave, &Shapes::of(&next), 0..window(theirs) + 1);
    let usual = Changes::of(track, since + 1..track.poses.len()).join(Changes::of(&next, 1..theirs));
    let dropped = track.poses.len() - 1 - left;
    track.poses.truncate(left + 1);
    place(track, &mut next, entered);
    let mut tried = Vec::new();
    for lock_feet in if options.lock_feet { &[true, false][..] } else { &[false] } {
        for factor in LENGTHS {
            let frames = (factor * options.blend as f32 * fps).min((next.poses.len() - entered) as f32);
            let joined = blended(track, &next, entered, frames, *lock_feet);
            let zone = left..(left + 2 + frames.ceil() as usize).min(joined.poses.len());
            let [position, velocity, angle] = jumps(&Changes::of(&joined, zone), &usual);
            let (frame, blend) = (left + 1, frames / fps);
            let (dropped_before, dropped_after) = (dropped, entered);
            let seam = Seam { frame, dropped_before, dropped_after, blend, fps, position, velocity, angle };
            let excess = seam.excess();
            tried.push((joined, seam));
            if excess <= VISIBLE {
                break;
            }
        }
        if tried.last().is_some_and(|(_, seam)| seam.excess() <= VISIBLE) {
            break;
        }
    }
    // The last one does not show; if all do, the one that shows least.
    let shown = |(_, seam): &&(Track, Seam)| seam.excess().max(VISIBLE);
    let chosen = tried.iter().rev().min_by(|a, b| shown(a).total_cmp(&shown(b)));
    let Some((joined, seam)) = chosen.cloned() else { unreachable!("at least one length was tried") };
    *track = joined;
    seam
}

/// Moves `next` so that its frame `entered` is where `track` ends, facing the same way on the same floor, and has steps of
/// the same length in proportion to the legs.
fn place(track: &Track, next: &mut Track, entered: usize) {
    let measures = |track: &Track| {
        let leg = track.skeleton.offsets[LEFT_KNEE].length() + track.skeleton.offsets[LEFT_ANKLE].length();
        let feet =
            track.joints().into_iter().flat_map(|p| [p[LEFT_FOOT].z, p[RIGHT_FOOT].z]).fold(f32::INFINITY, f32::min);
        (leg, floor_of(feet, 1.0))
    };
    let (ours, theirs) = (measures(track), measures(next));
    let scale = if theirs.0 > 0.1 { ours.0 / theirs.0 } else { 1.0 };
    next.poses.iter_mut().for_each(|pose| {
        pose.root *= scale;
        pose.root.z += ours.1 - scale * theirs.1;
    });
    next.skeleton = track.skeleton;
    let Some(end) = track.poses.last() else { return };
    let facing = |pose: &Pose| heading(&track.skeleton.fk(pose.root, pose.rotations).1);
    let start = next.poses[entered];
    let angle = facing(end).zip(facing(&start)).map_or(0.0, |(end, start)| end - start);
    let shift = (end.root - start.root).with_z(0.0);
    Move::about(angle, start.root.truncate()).then_shift(shift).apply(next);
}

/// The poses of `track`, then those of `next` after frame `entered`, which is the moment of the last of `track`.
fn blended(track: &Track, next: &Track, entered: usize, frames: f32, lock_feet: bool) -> Track {
    let end = track.poses.len() - 1;
    let before = [&track.poses[end.saturating_sub(1)], &track.poses[end]];
    let after = [&next.poses[entered], &next.poses[(entered + 1).min(next.poses.len() - 1)]];
    let decay = Decay::new(before, after, frames);
    let mut joined = track.clone();
    joined.poses.extend(next.poses[entered + 1..].iter().zip(1..).map(|(pose, t)| decay.apply(pose, t)));
    if joined.poses.len() < 2 {
        joined.poses.push(*before[1]);
    }
    if lock_feet {
        let ease = FEET * joined.fps;
        joined.lock_feet(|t| {
            let (t, end) = (t as f32, end as f32);
            let outside = (end - t).max(t - end - frames).max(0.0);
            1.0 - (outside / ease.max(1.0)).min(1.0)
        });
    }
    joined
}

#[cfg(test)]
mod tests {
    use glam::Vec3;

    use super::super::tests::stroll;
    use super::*;

    #[test]
    fn a_walk_joined_to_itself_walks_on_in_step() {
        let clip = stroll(60);
        let joined = Motion::join(&[clip.clone(), clip.turned(120.0).unwrap()], &JoinOptions::default()).unwrap();
        let seam = &joined.seams[0];
        assert!(seam.excess() < 1.05, "{seam:?}");
        assert_eq!(joined.motion.len(), 120 - seam.dropped_before - seam.dropped_after - 1);
        assert!(joined.motion.kinematic_error().max < 1e-4);
        let path = |m: &Motion| m.smpl().joint(m.len() - 1, 0) - m.smpl().joint(0, 0);
        // Straight on, although the second clip was turned away.
        let (one, two) = (path(&clip), path(&joined.motion));
        assert!(two.x.abs() < 0.1 && two.y > 1.6 * one.y, "{one} {two}");
    }

    #[test]
    fn unlike_clips_meet_without_a_jump() {
        let (walk, still) = (stroll(60), stroll(60).slice(7..8).unwrap().hold(2.0).unwrap());
        for clips in [[&walk, &still], [&still, &walk]] {
            let joined = Motion::join(&clips.map(Clone::clone), &JoinOptions::default()).unwrap();
            assert!(joined.seams[0].excess() < 1.1, "{:?}", joined.seams[0]);
        }
    }

    #[test]
    fn clips_of_other_rates_floors_and_lengths_are_joined() {
        let clip = stroll(40);
        let other = clip.resample(30.0).unwrap();
        assert_eq!(clip.then(&other, 0.3).unwrap().fps(), 20.0);
        let one = clip.slice(3..4).unwrap();
        assert!(one.then(&one, 0.0).unwrap().len() >= 1);
        assert!(one.then(&clip, 0.3).unwrap().len() > 20);
        let mut raised = Track::of(&clip).unwrap();
        raised.poses.iter_mut().for_each(|pose| pose.root += Vec3::Z);
        let joined = clip.then(&raised.to_motion().unwrap(), 0.3).unwrap();
        let heights = |m: &Motion| m.smpl().joint(m.len() - 1, 0).z;
        assert!((heights(&joined) - heights(&clip)).abs() < 0.05);
        assert!(clip.then(&clip, f64::NAN).is_err() && Motion::join(&[], &JoinOptions::default()).is_err());
    }
}

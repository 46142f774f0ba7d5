//! When things happen: cutting, holding, speed, smoothing.

use glam::{Quat, Vec3};

use super::decay::Decay;
use super::{check_frames, check_seconds};
use crate::body::Track;
use crate::error::{Error, Result};
use crate::motion::layout::JOINTS;
use crate::motion::rotation::continued;
use crate::motion::smooth::gaussian_kernel;
use crate::motion::{Motion, Pose};

/// Time in which a movement comes to rest before it is held, seconds.
const STOPPING: f32 = 0.4;

impl Motion {
    /// The clip from `start` to `end`, seconds from its first frame; a `None` end is that of the clip.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if nothing is left.
    pub fn trimmed(&self, start: f64, end: impl Into<Option<f64>>) -> Result<Self> {
        let end = end.into().unwrap_or(f64::INFINITY);
        let frame = |seconds: f64| (seconds * f64::from(self.fps())).round().clamp(0.0, self.len() as f64) as usize;
        if start.is_nan() || end.is_nan() || frame(start) >= frame(end) {
            let reason = format!("nothing is left between {start} s and {end} s of a clip of {} s", self.duration());
            return Err(Error::invalid("start", reason));
        }
        self.slice(frame(start)..frame(end))
    }

    /// The clip, then its last pose for `seconds` more. A movement comes to rest within 0.4 s.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for more than an hour, and for a result of more than 2^20 frames.
    pub fn hold(&self, seconds: f64) -> Result<Self> {
        check_seconds("seconds", seconds)?;
        let frames = (seconds * f64::from(self.fps())).round() as usize;
        check_frames("seconds", self.len().saturating_add(frames))?;
        let mut track = Track::of(self)?;
        // The pose after the last frame is not one of the clip: it repeats the body pose.
        track.poses.truncate(self.len().max(1));
        let last = track.poses[self.len() - 1];
        let before = track.poses[self.len().saturating_sub(2)];
        let decay = Decay::new([&before, &last], [&last, &last], STOPPING * self.fps());
        track.poses.extend((1..=frames + 1).map(|t| decay.apply(&last, t)));
        track.to_motion()
    }

    /// The same movement `factor` times as fast, at the same frame rate: 2 halves the duration.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a factor outside 0.05 to 20.
    pub fn retimed(&self, factor: f32) -> Result<Self> {
        if !(0.05..=20.0).contains(&factor) {
            return Err(Error::invalid("factor", format!("{factor} is not a factor from 0.05 to 20")));
        }
        self.resample(self.fps() / factor)?.with_fps(self.fps())
    }

    /// The clip without shaking: rotations and the path of the root are averaged over time by a Gaussian of standard
    /// deviation `seconds`, such as 0.05.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for more than 2 seconds.
    pub fn smoothed(&self, seconds: f32) -> Result<Self> {
        if !(0.0..=2.0).contains(&seconds) {
            return Err(Error::invalid("seconds", format!("{seconds} is not from 0 to 2")));
        }
        let sigma = seconds * self.fps();
        let mut track = Track::of(self)?;
        if sigma > 1e-3 {
            let weights = gaussian_kernel(2 * (3.0 * sigma).ceil() as usize + 1, sigma)?;
            track.poses = (0..track.poses.len()).map(|t| average(&track.poses, t, &weights)).collect();
        }
        track.to_motion()
    }
}

/// Weighted mean of the poses around `t`; beyond the ends the first and last pose are repeated.
fn average(poses: &[Pose], t: usize, weights: &[f32]) -> Pose {
    let half = weights.len() / 2;
    let (mut root, mut sums) = (Vec3::ZERO, [Quat::from_xyzw(0.0, 0.0, 0.0, 0.0); JOINTS]);
    for (i, weight) in weights.iter().enumerate() {
        // A path that is repeated beyond its end would slow down there: it is continued by its point reflection.
        let at = (t + i).saturating_sub(half).min(poses.len() - 1);
        let excess = (t + i) as f32 - half as f32 - at as f32;
        let neighbour =
            if excess > 0.0 { poses[at.saturating_sub(1)].root } else { poses[(at + 1).min(poses.len() - 1)].root };
        root += (poses[at].root + (poses[at].root - neighbour) * excess.abs()) * *weight;
        for (j, sum) in sums.iter_mut().enumerate() {
            *sum += continued(poses[at].rotations[j], poses[t].rotations[j]) * *weight;
        }
    }
    Pose { root, rotations: sums.map(Quat::normalize) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{far, stroll};
    use super::*;

    fn speed(motion: &Motion, t: usize) -> f32 {
        (motion.smpl().joint(t + 1, 0) - motion.smpl().joint(t, 0)).length() * motion.fps()
    }

    #[test]
    fn a_pose_is_not_held_for_millions_of_frames() {
        let text = stroll(4).with_fps(1000.0).unwrap().hold(3600.0).unwrap_err().to_string();
        assert!(text.contains("seconds") && text.contains("3600004 frames"), "{text}");
    }

    #[test]
    fn a_trimmed_clip_has_the_frames_between_its_times() {
        let clip = stroll(60);
        let part = clip.trimmed(0.5, 2.0).unwrap();
        assert_eq!(part, clip.slice(10..40).unwrap());
        assert_eq!(clip.trimmed(1.0, None).unwrap().len(), 40);
        for (start, end) in [(2.0, 1.0), (f64::NAN, 1.0), (9.0, 10.0), (0.0, 0.0)] {
            assert!(clip.trimmed(start, end).is_err(), "{start} {end}");
        }
    }

    #[test]
    fn a_held_clip_stops_smoothly_and_stays() {
        let clip = stroll(40);
        let held = clip.hold(2.0).unwrap();
        assert_eq!(held.len(), 80);
        assert!((speed(&held, 39) - speed(&clip, 37)).abs() < 0.1, "{}", speed(&held, 39));
        assert!(speed(&held, 60) < 1e-4 && held.kinematic_error().max < 1e-4);
        assert!(far(&held.slice(0..39).unwrap(), &clip.slice(0..39).unwrap()) < 1e-4);
        assert!(clip.hold(-1.0).is_err() && clip.hold(f64::NAN).is_err() && clip.hold(1e9).is_err());
        assert_eq!(clip.slice(0..1).unwrap().hold(1.0).unwrap().len(), 21);
    }

    #[test]
    fn a_clip_twice_as_fast_takes_half_the_time() {
        let clip = stroll(60);
        let fast = clip.retimed(2.0).unwrap();
        assert_eq!((fast.len(), fast.fps()), (30, 20.0));
        assert!((speed(&fast, 10) - 2.0 * speed(&clip, 20)).abs() < 0.05);
        assert!(fast.kinematic_error().max < 1e-4);
        assert!(clip.retimed(0.0).is_err() && clip.retimed(f32::NAN).is_err());
    }

    #[test]
    fn smoothing_calms_a_shaking_root_and_keeps_a_steady_walk() {
        let clip = stroll(60);
        assert!(far(&clip.smoothed(0.05).unwrap(), &clip) < 0.03);
        let mut track = Track::of(&clip).unwrap();
        track.poses.iter_mut().enumerate().for_each(|(t, pose)| pose.root.x += if t % 2 == 0 { 0.01 } else { -0.01 });
        let shaken = track.to_motion().unwrap();
        let shake =
            |m: &Motion| (1..59).map(|t| (m.smpl().joint(t, 0).x - m.smpl().joint(t + 1, 0).x).abs()).sum::<f32>();
        assert!(shake(&shaken.smoothed(0.1).unwrap()) < 0.2 * shake(&shaken));
        assert!(clip.smoothed(-1.0).is_err() && clip.smoothed(f32::NAN).is_err());
    }
}

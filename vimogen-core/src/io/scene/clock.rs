//! The frames of an animation.

use super::rate;
use crate::error::{Error, Result};
use crate::motion::resample::check_fps;

/// Frames that any file may have, and those per key: two keys may be far apart.
const FRAMES: usize = 1 << 16;
const PER_KEY: usize = 64;
/// Maximum of nodes times frames.
const PLACES: usize = 1 << 26;

/// The times at which an animation is sampled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::io) struct Clock {
    /// Time of the first frame, seconds.
    pub start: f64,
    pub fps: f64,
    pub frames: usize,
}

impl Clock {
    /// From the first to the last of the keys' times, at the given rate or the one that they have; and whether they
    /// agree with it.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for an impossible rate, [`Error::Format`] for far too many frames.
    pub(in crate::io) fn of_keys(
        format: &'static str,
        times: &[f64],
        fps: Option<f64>,
        nodes: usize,
    ) -> Result<(Self, bool)> {
        let (fps, sure) = match fps {
            Some(fps) => (fps, true),
            None => rate::rate(times),
        };
        let start = times.iter().copied().fold(f64::INFINITY, f64::min);
        let end = times.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Ok((Self::new(format, start..end, fps, times.len(), nodes)?, sure))
    }

    /// The frames of a span of seconds, both ends included.
    ///
    /// # Errors
    /// As [`Clock::of_keys`].
    pub(in crate::io) fn new(
        format: &'static str,
        span: std::ops::Range<f64>,
        fps: f64,
        keys: usize,
        nodes: usize,
    ) -> Result<Self> {
        check_fps("fps", fps as f32)?;
        // A last frame that is almost there counts; one that is not would repeat the last key.
        let frames = ((span.end - span.start) * fps + 0.05).floor() + 1.0;
        let most = FRAMES.saturating_add(PER_KEY.saturating_mul(keys)).min(PLACES / nodes.max(1));
        if !(1.0..=most as f64).contains(&frames) {
            let reason = format!("its animation has {frames} frames at {fps} frames per second, over {most}");
            return Err(Error::format(format, reason));
        }
        Ok(Self { start: span.start, fps, frames: frames as usize })
    }

    /// The rate of keys that are one frame apart somewhere.
    pub(in crate::io) fn dense(times: &[f64]) -> Option<f64> {
        rate::dense(times)
    }

    /// Whether the keys are at whole frames of a rate.
    pub(in crate::io) fn fits(times: &[f64], fps: f64) -> bool {
        rate::fits(&rate::from_zero(times), fps)
    }

    pub(in crate::io) fn time(&self, frame: usize) -> f64 {
        self.start + frame as f64 / self.fps
    }
}

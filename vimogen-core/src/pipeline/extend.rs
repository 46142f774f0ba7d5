//! Going on from the end of a motion.

use super::Pipeline;
use super::long::{Going, Part, Sequence};
use crate::edit::{JoinOptions, Seam};
use crate::error::Result;
use crate::motion::Motion;
use crate::progress::{self, OnProgress};
use crate::sample::options::{GenerateOptions, MIN_FRAMES};
use crate::windows::{Frames, Stretch};

impl Pipeline {
    /// Goes on from the end of a motion: the motion, then each part after the other, without a cut. The motion itself stays
    /// as it is; the result has its frame rate and its bones.
    ///
    /// The model sees the last second of the motion while it makes the next frames.
    ///
    /// ```
    /// use vimogen_core::pipeline::Part;
    /// use vimogen_core::{GenerateOptions, Pipeline};
    /// let pipeline = Pipeline::builtin()?;
    /// let options = GenerateOptions::default().with_num_frames(60).with_num_inference_steps(4);
    /// let walk = pipeline.generate("a person walks forward", &options)?;
    /// let made = pipeline.extend(&walk, &[Part::new("a person jumps").with_seconds(2.0)], &options)?;
    /// assert_eq!((made.motion.len(), made.frames[0].clone()), (100, 60..100));
    /// # Ok::<(), vimogen_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Pipeline::sequence`]; [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a motion of fewer than 2 frames
    /// at the model's frame rate.
    pub fn extend(&self, motion: &Motion, parts: &[Part], options: &GenerateOptions) -> Result<Sequence> {
        self.extend_with(motion, parts, options, &mut progress::ignore)
    }

    /// [`Pipeline::extend`] with progress.
    ///
    /// # Errors
    /// As [`Pipeline::extend`], and [`Error::Cancelled`](crate::Error::Cancelled) if `on_progress` breaks.
    pub fn extend_with(
        &self,
        motion: &Motion,
        parts: &[Part],
        options: &GenerateOptions,
        on_progress: &mut OnProgress<'_>,
    ) -> Result<Sequence> {
        let (frames, texts) = self.parts(parts, options, on_progress)?;
        let before = self.ending(motion)?;
        let mut stretches: Vec<Stretch> =
            (0..parts.len()).map(|prompt| Stretch { prompt, frames: frames[prompt].len() }).collect();
        stretches[0].frames += before.len();
        let going = Going { before: Some(&before), seed: options.seed };
        let (made, joins) = self.windows(&stretches, &texts, going, options, on_progress)?;
        // The first frame that is left is the last one of the motion.
        let skipped = before.len() - 1;
        let made = made.slice(skipped..made.len())?.resample(motion.fps())?;
        let joined = Motion::join(&[motion.clone(), made], &JoinOptions::default().with_window(0.0))?;
        let ratio = motion.fps() / self.fps();
        let at = |frame: usize| (motion.len() + (frame as f32 * ratio).round() as usize).min(joined.motion.len());
        let joins: Vec<usize> = joins.into_iter().map(|join| at(join.saturating_sub(before.len()))).collect();
        let reach = (self.lengths().overlap as f32 * ratio / 2.0) as usize;
        let mut seams = joined.seams;
        seams.extend(Seam::measured(&joined.motion, &joins, reach)?);
        let frames = frames.iter().map(|part| at(part.start)..at(part.end)).collect();
        let mut meta = self.meta_of_parts(parts, options, &joined.motion);
        meta.from = Some("motion".into());
        Ok(Sequence { motion: joined.motion.with_meta(meta), frames, seams })
    }

    /// The last frames of a motion, up to as many as two windows share, as the model sees them.
    fn ending(&self, motion: &Motion) -> Result<Frames> {
        let kept = (self.lengths().overlap.max(MIN_FRAMES) as f32 * motion.fps() / self.fps()).ceil() as usize;
        let tail = motion.slice(motion.len().saturating_sub(kept)..motion.len())?;
        let (clip, _) = self.placed(&tail)?;
        Frames::of(self.stats.denormalize(clip.view())?.view())
    }
}

//! Changing a motion by a prompt, and variations of a motion.

use ndarray::Array2;

use super::batch::{Batch, Job};
use super::{Pipeline, Prompt, Request, motion_of};
use crate::body::{NEUTRAL, Track};
use crate::declare::named_enum;
use crate::edit::heading::{Move, heading};
use crate::error::{Error, Result};
use crate::model::Condition;
use crate::motion::skeleton::joint::{LEFT_ANKLE, LEFT_KNEE};
use crate::motion::{Motion, Pose, Skeleton};
use crate::progress::{self, OnProgress};
use crate::sample::Sampler;
use crate::sample::options::{GenerateOptions, MAX_FRAMES_AT_ONCE, MIN_FRAMES};

/// Level at which a change starts, unless it is given: the whole movement may change.
const CHANGE: f64 = 0.8;
/// Level at which variations start, unless it is given.
const VARIATION: f64 = 0.4;

named_enum! {
    /// How a motion is changed by a prompt.
    pub enum EditMethod("method", default Flow) {
        /// The difference of the movements of both prompts, added to the motion (FlowEdit): what they have in common stays.
        Flow = "flow",
        /// From the motion with noise on it (SDEdit): the more noise, the less stays.
        Noise = "noise",
    }
}

/// How a motion is changed by a prompt.
///
/// ```
/// use vimogen_core::pipeline::TextEdit;
/// let edit = TextEdit::default().with_source("a person walks forward").with_strength(0.6);
/// assert_eq!(edit.strength, Some(0.6));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct TextEdit {
    /// Description of the motion as it is. `None`: nothing in particular, the empty prompt. Used by [`EditMethod::Flow`].
    pub source: Option<Prompt>,
    /// How much may change, above 0 and at most 1: the noise level of the schedule at which the change starts. `None`: 0.8.
    pub strength: Option<f64>,
    /// The method.
    pub method: EditMethod,
}

impl TextEdit {
    /// Sets what the motion shows now.
    pub fn with_source(mut self, prompt: impl Into<String>) -> Self {
        self.source = Some(Prompt::Text(prompt.into()));
        self
    }

    /// Sets how much may change.
    pub fn with_strength(mut self, strength: f64) -> Self {
        self.strength = Some(strength);
        self
    }

    /// Sets the method.
    pub fn with_method(mut self, method: EditMethod) -> Self {
        self.method = method;
        self
    }
}

impl Pipeline {
    /// Changes what a motion shows, and keeps the rest: place, heading, length and, with [`EditMethod::Flow`], all that both
    /// prompts have in common. The result has the model's frame rate.
    ///
    /// ```
    /// use vimogen_core::pipeline::TextEdit;
    /// use vimogen_core::{GenerateOptions, Pipeline};
    /// let pipeline = Pipeline::builtin()?;
    /// let options = GenerateOptions::default().with_num_frames(60).with_num_inference_steps(6);
    /// let walk = pipeline.generate("a person walks forward", &options)?;
    /// let edit = TextEdit::default().with_source("a person walks forward");
    /// let waving = pipeline.edit(&walk, "a person walks forward and waves", &edit, &options)?;
    /// assert_eq!(waving.len(), 60);
    /// # Ok::<(), vimogen_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Pipeline::generate_with`]; [`Error::InvalidArgument`] for a motion of fewer than 2 or more than 1000 frames, and
    /// for a strength outside its range.
    pub fn edit(
        &self,
        motion: &Motion,
        prompt: impl Into<Prompt>,
        edit: &TextEdit,
        options: &GenerateOptions,
    ) -> Result<Motion> {
        self.edit_with(motion, prompt, edit, options, &mut progress::ignore)
    }

    /// [`Pipeline::edit`] with progress.
    ///
    /// # Errors
    /// As [`Pipeline::edit`], and [`Error::Cancelled`] if `on_progress` breaks.
    pub fn edit_with(
        &self,
        motion: &Motion,
        prompt: impl Into<Prompt>,
        edit: &TextEdit,
        options: &GenerateOptions,
        on_progress: &mut OnProgress<'_>,
    ) -> Result<Motion> {
        let prompt = prompt.into();
        let mut options = options.clone();
        options.sampler.strength = edit.strength.or(Some(CHANGE));
        options.check()?;
        match edit.method {
            EditMethod::Noise => {
                let request = Request::from(prompt).with_init(motion.clone());
                self.generate_with(&[request], &options, on_progress)?.pop().ok_or_else(no_motion)
            }
            EditMethod::Flow => self.flow_edit(motion, &prompt, edit.source.as_ref(), &options, on_progress),
        }
    }

    fn flow_edit(
        &self,
        motion: &Motion,
        prompt: &Prompt,
        source: Option<&Prompt>,
        options: &GenerateOptions,
        on_progress: &mut OnProgress<'_>,
    ) -> Result<Motion> {
        let (start, there) = self.placed(motion)?;
        let frames = start.nrows();
        let prompts: Vec<&Prompt> = [Some(prompt), source].into_iter().flatten().collect();
        let sentences: Vec<&str> = prompts.iter().filter_map(|prompt| prompt.sentence()).collect();
        let mut encoded = self.encode_all(&sentences, on_progress)?.into_iter();
        let mut texts: Vec<_> =
            prompts.iter().map(|prompt| self.text(prompt, &mut encoded)).collect::<Result<Vec<_>>>()?;
        if source.is_none() {
            texts.push(self.null_context.clone());
        }
        let job = |(index, text)| Job { index, condition: Condition::Text(text), frames, seed: 0, init: None };
        let batch = Batch::together(texts.into_iter().enumerate().map(job).collect(), self.config.dit.text_len);
        let sampler = Sampler::new(options.sampler.for_model(&self.config.generation))?;
        let clips = batch.clips(&self.null_context)?;
        let changed = sampler.change(&self.dit, &start, &clips, options.seed, on_progress)?;
        let made = motion_of(changed.view(), &self.stats, &self.config.generation, self.fps())?;
        let made = placed_back(&self.finished(made, options)?, &there)?;
        let request = Request::from(prompt.clone()).with_init(motion.clone());
        let meta = self.meta(&request, options, &made);
        Ok(made.with_meta(meta))
    }

    /// `count` motions like a motion, of the seeds from that of the options on. The higher `strength`, above 0 and at most 1,
    /// the more they differ from it; `None` is 0.4. With a `prompt` they lean towards it.
    ///
    /// # Errors
    /// As [`Pipeline::edit`]; [`Error::InvalidArgument`] for more than 1000 variations.
    pub fn variations(
        &self,
        motion: &Motion,
        count: usize,
        prompt: Option<Prompt>,
        strength: Option<f64>,
        options: &GenerateOptions,
    ) -> Result<Vec<Motion>> {
        self.variations_with(motion, count, prompt, strength, options, &mut progress::ignore)
    }

    /// [`Pipeline::variations`] with progress.
    ///
    /// # Errors
    /// As [`Pipeline::variations`], and [`Error::Cancelled`] if `on_progress` breaks.
    pub fn variations_with(
        &self,
        motion: &Motion,
        count: usize,
        prompt: Option<Prompt>,
        strength: Option<f64>,
        options: &GenerateOptions,
        on_progress: &mut OnProgress<'_>,
    ) -> Result<Vec<Motion>> {
        if !(1..=1000).contains(&count) {
            return Err(Error::invalid("count", format!("{count} variations, expected 1 to 1000")));
        }
        let mut options = options.clone();
        options.sampler.strength = strength.or(Some(VARIATION));
        let prompt = prompt.unwrap_or_else(|| Prompt::Embeds(self.null_context.clone()));
        let request = |i: usize| {
            let seed = options.seed.wrapping_add(i as u64);
            Request::from(prompt.clone()).with_init(motion.clone()).with_seed(seed)
        };
        self.generate_with(&(0..count).map(request).collect::<Vec<_>>(), &options, on_progress)
    }

    /// A motion as the model sees it, normalised, `[frames, 276]`: at the model's frame rate, at the origin, facing +y, on the
    /// neutral body if the model knows no other. And the move back to its place.
    pub(super) fn placed(&self, motion: &Motion) -> Result<(Array2<f32>, Move)> {
        let mut track = Track::of(&motion.resample(self.fps())?)?;
        let frames = track.poses.len() - 1;
        if !(MIN_FRAMES..=MAX_FRAMES_AT_ONCE).contains(&frames) {
            let reason = format!(
                "{frames} frames at {} fps, expected {MIN_FRAMES} to {MAX_FRAMES_AT_ONCE}; cut it with Motion::trimmed",
                self.fps()
            );
            return Err(Error::invalid("motion", reason));
        }
        if self.config.generation.reconcile.is_some() {
            let leg =
                |skeleton: &Skeleton| [LEFT_KNEE, LEFT_ANKLE].map(|j| skeleton.offsets[j].length()).iter().sum::<f32>();
            let scale = if leg(&track.skeleton) > 0.1 { leg(&NEUTRAL) / leg(&track.skeleton) } else { 1.0 };
            track.poses.iter_mut().for_each(|pose| pose.root *= scale);
            track = Track::new(NEUTRAL, track.poses, track.fps);
        }
        let start: Pose = track.poses[0];
        let facing = heading(&track.skeleton.fk(start.root, start.rotations).1);
        let turn = facing.map_or(0.0, |facing| facing - std::f32::consts::FRAC_PI_2);
        let there = Move::about(turn, glam::Vec2::ZERO).then_shift(start.root.with_z(0.0));
        there.inverse().apply(&mut track);
        Ok((self.stats.normalize(track.to_motion()?.features())?, there))
    }
}

/// A motion moved as a whole.
pub(super) fn placed_back(motion: &Motion, there: &Move) -> Result<Motion> {
    let mut track = Track::of(motion)?;
    there.apply(&mut track);
    track.to_motion()
}

fn no_motion() -> Error {
    Error::internal("a request gave no motion")
}

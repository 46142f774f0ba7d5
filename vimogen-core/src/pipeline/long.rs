//! Motions longer than a model's clips, and several prompts one after another.

use std::ops::Range;

use ndarray::{Array2, s};

use super::batch::{Batch, Job};
use super::{Pipeline, Prompt, motion_of};
use crate::body::Reconcile;
use crate::edit::Seam;
use crate::error::{Error, Result};
use crate::model::Condition;
use crate::motion::Motion;
use crate::motion::smooth::{KERNEL_SIZE, SIGMA, smooth};
use crate::progress::{self, OnProgress, Progress};
use crate::sample::options::{GenerateOptions, MAX_FRAMES};
use crate::sample::{Sampler, Smoothing, noise};
use crate::windows::{Coupling, Frame, Frames, Lengths, Planned, Stretch, Window, plan};

/// Windows that are sampled together; memory does not grow with the length of a motion beyond them.
const TOGETHER: usize = 6;
/// Lengths of clips of a model whose configuration does not say them, frames.
const USUAL: (usize, usize) = (60, 200);
/// Weights of the consistency step for a model that has none of its own.
const CONSISTENT: Reconcile = Reconcile { root_trust: 0.01, joint_trust: 0.1 };
/// Duration of a part of a sequence that has none of its own, seconds.
pub(crate) const PART_SECONDS: f64 = 4.0;

/// A part of a sequence: a prompt and its duration.
///
/// ```
/// use vimogen_core::pipeline::Part;
/// let parts = [Part::new("a person walks forward").with_seconds(4.0), Part::new("a person sits down")];
/// assert_eq!(parts[1].seconds, None);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Part {
    /// The prompt.
    pub prompt: Prompt,
    /// Duration in seconds. `None`: 4.
    pub seconds: Option<f64>,
}

impl Part {
    /// A part of 4 seconds.
    pub fn new(prompt: impl Into<String>) -> Self {
        Prompt::Text(prompt.into()).into()
    }

    /// Sets the duration.
    pub fn with_seconds(mut self, seconds: f64) -> Self {
        self.seconds = Some(seconds);
        self
    }
}

impl From<Prompt> for Part {
    fn from(prompt: Prompt) -> Self {
        Self { prompt, seconds: None }
    }
}

/// Prompts one after another in one motion.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequence {
    /// The motion.
    pub motion: Motion,
    /// Frames of each part, in order. A part begins within the frames that its window shares with the one before.
    pub frames: Vec<Range<usize>>,
    /// How much the joins of all windows show.
    pub seams: Vec<Seam>,
}

/// The encoded text of each part.
type Texts = Vec<Array2<f32>>;

/// Where a motion of windows begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Going<'a> {
    /// Frames that are finished; they count to the first stretch.
    pub before: Option<&'a Frames>,
    /// Seed of the noise.
    pub seed: u64,
}

impl Going<'_> {
    fn of(seed: u64) -> Self {
        Self { before: None, seed }
    }
}

impl Pipeline {
    /// Generates one motion in which each part follows the one before, on one floor and without a cut.
    ///
    /// The model sees overlapping windows of the lengths it was trained on. They are sampled together, and their estimates
    /// of shared frames are averaged at each step. [`GenerateOptions::num_frames`] is not used: parts have durations.
    ///
    /// ```
    /// use vimogen_core::pipeline::Part;
    /// use vimogen_core::{GenerateOptions, Pipeline};
    /// let parts = [("walks forward", 3.0), ("turns left", 1.5)].map(|(prompt, s)| Part::new(prompt).with_seconds(s));
    /// let options = GenerateOptions::default().with_num_inference_steps(4);
    /// let made = Pipeline::builtin()?.sequence(&parts, &options)?;
    /// assert_eq!((made.motion.len(), made.frames[1].clone()), (90, 60..90));
    /// # Ok::<(), vimogen_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Pipeline::generate_with`]; [`Error::InvalidArgument`] for no parts, and for durations that are not above 0 or
    /// together longer than an hour.
    pub fn sequence(&self, parts: &[Part], options: &GenerateOptions) -> Result<Sequence> {
        self.sequence_with(parts, options, &mut progress::ignore)
    }

    /// [`Pipeline::sequence`] with progress.
    ///
    /// # Errors
    /// As [`Pipeline::sequence`], and [`Error::Cancelled`] if `on_progress` breaks.
    pub fn sequence_with(
        &self,
        parts: &[Part],
        options: &GenerateOptions,
        on_progress: &mut OnProgress<'_>,
    ) -> Result<Sequence> {
        let (frames, texts) = self.parts(parts, options, on_progress)?;
        let stretches: Vec<Stretch> =
            (0..parts.len()).map(|prompt| Stretch { prompt, frames: frames[prompt].len() }).collect();
        let (motion, joins) = self.windows(&stretches, &texts, Going::of(options.seed), options, on_progress)?;
        let seams = Seam::measured(&motion, &joins, self.lengths().overlap / 2)?;
        let meta = self.meta_of_parts(parts, options, &motion);
        Ok(Sequence { motion: motion.with_meta(meta), frames, seams })
    }

    /// Frames and texts of the parts of a sequence.
    pub(super) fn parts(
        &self,
        parts: &[Part],
        options: &GenerateOptions,
        on_progress: &mut OnProgress<'_>,
    ) -> Result<(Vec<Range<usize>>, Texts)> {
        options.check()?;
        let frames = durations(parts, self.fps())?;
        let sentences: Vec<&str> = parts.iter().filter_map(|part| part.prompt.sentence()).collect();
        let mut encoded = self.encode_all(&sentences, on_progress)?.into_iter();
        let texts = parts.iter().map(|part| self.text(&part.prompt, &mut encoded)).collect::<Result<_>>()?;
        Ok((frames, texts))
    }

    /// Whether a motion is made of windows.
    pub(super) fn is_long(&self, job: &Job, options: &GenerateOptions) -> bool {
        let beyond = self.config.generation.frames.is_some_and(|(_, max)| job.frames > max);
        options.windows && beyond && job.condition.is_text() && job.init.is_none()
    }

    /// A motion of one prompt in windows.
    pub(super) fn long(&self, job: Job, options: &GenerateOptions, on_progress: &mut OnProgress<'_>) -> Result<Motion> {
        let Condition::Text(text) = job.condition else { return Err(Error::internal("a reference has no windows")) };
        let stretches = [Stretch { prompt: 0, frames: job.frames }];
        Ok(self.windows(&stretches, &[text], Going::of(job.seed), options, on_progress)?.0)
    }

    pub(super) fn lengths(&self) -> Lengths {
        Lengths::new(self.config.generation.frames.unwrap_or(USUAL), self.fps())
    }

    /// A motion of stretches of prompts, and the frames at which windows meet. Finished frames before it are its first ones.
    pub(super) fn windows(
        &self,
        stretches: &[Stretch],
        texts: &[Array2<f32>],
        going: Going<'_>,
        options: &GenerateOptions,
        on_progress: &mut OnProgress<'_>,
    ) -> Result<(Motion, Vec<usize>)> {
        let lengths = self.lengths();
        let mut planned = plan(stretches, lengths);
        if let (Some(before), Some(first)) = (going.before, planned.first_mut()) {
            first.window.weights = vec![0.0; before.len()];
        }
        let total = stretches.iter().map(|stretch| stretch.frames).sum();
        let joins = planned.iter().skip(1).map(|p| p.window.start + lengths.overlap / 2).collect();
        let end = planned.iter().map(|p| p.window.start + p.window.len).max().unwrap_or(0);
        let canvas = noise(going.seed, end);
        let mut timeline: Option<Frames> = None;
        let rows = |p: &Planned| texts[p.prompt].nrows().max(self.config.dit.text_len);
        let chunks: Vec<&[Planned]> =
            planned.chunk_by(|a, b| rows(a) == rows(b)).flat_map(|same| same.chunks(TOGETHER)).collect();
        let steps = options.sampler.num_inference_steps;
        for (i, chunk) in chunks.iter().enumerate() {
            let mut on_step =
                |p: Progress| on_progress(Progress { step: i * steps + p.step, total: chunks.len() * steps, ..p });
            let jobs = chunk.iter().map(|p| {
                let range = p.window.start..p.window.start + p.window.len;
                let noise = canvas.slice(s![range, ..]).to_owned();
                (p.window.clone(), texts[p.prompt].clone(), noise)
            });
            let start = chunk[0].window.start;
            let before = timeline.as_ref().or(going.before).map(|frames| &frames.frames[start..]);
            let made = self.together(jobs.collect(), before, options, &mut on_step)?;
            match &mut timeline {
                None => timeline = Some(made),
                Some(timeline) => {
                    timeline.frames.truncate(start);
                    timeline.frames.extend(made.frames);
                }
            }
        }
        let mut timeline = timeline.ok_or_else(|| Error::internal("a timeline has no window"))?;
        timeline.frames.truncate(total);
        let mut features = timeline.features()?;
        if options.sampler.smoothing != Smoothing::Off {
            features = smooth(features.view(), KERNEL_SIZE, SIGMA)?;
        }
        let clip = self.stats.normalize(features.view())?;
        let motion = motion_of(clip.view(), &self.stats, &self.config.generation, self.fps())?;
        Ok((self.finished(motion, options)?, joins))
    }

    /// Samples windows that share frames, each with its text and its noise; `before` are finished frames that the first one
    /// shares, from its start on.
    pub(super) fn together(
        &self,
        windows: Vec<(Window, Array2<f32>, Array2<f32>)>,
        before: Option<&[Frame]>,
        options: &GenerateOptions,
        on_progress: &mut OnProgress<'_>,
    ) -> Result<Frames> {
        let sampler = Sampler::new(options.sampler.for_model(&self.config.generation))?;
        let mut spans = Vec::with_capacity(windows.len());
        let mut noises = Vec::with_capacity(windows.len());
        let mut jobs = Vec::with_capacity(windows.len());
        for (index, (window, text, noise)) in windows.into_iter().enumerate() {
            jobs.push(Job { index, condition: Condition::Text(text), frames: window.len, seed: 0, init: None });
            spans.push(window);
            noises.push(noise);
        }
        let batch = Batch::together(jobs, self.config.dit.text_len);
        let reconcile = self.config.generation.reconcile.unwrap_or(CONSISTENT);
        let mut coupling = Coupling::new(&spans, before, &self.stats, reconcile);
        let clips = batch.clips(&self.null_context)?;
        sampler.run(&self.dit, &batch.padded(&noises), &clips, Some(&mut coupling), on_progress)?;
        coupling.joined()
    }
}

/// Frames of each part.
fn durations(parts: &[Part], fps: f32) -> Result<Vec<Range<usize>>> {
    if parts.is_empty() {
        return Err(Error::invalid("parts", "there are none; give at least one prompt"));
    }
    let (mut start, mut ranges) = (0, Vec::with_capacity(parts.len()));
    for (i, part) in parts.iter().enumerate() {
        let seconds = part.seconds.unwrap_or(PART_SECONDS);
        let frames = (seconds * f64::from(fps)).round();
        // NaN fails both comparisons.
        if !(frames >= 1.0 && frames <= MAX_FRAMES as f64) {
            let most = MAX_FRAMES as f32 / fps;
            return Err(Error::invalid("seconds", format!("part {i} takes {seconds} s, expected above 0 to {most} s")));
        }
        ranges.push(start..start + frames as usize);
        start += frames as usize;
    }
    if start > MAX_FRAMES {
        let reason = format!("all parts together take {} s, at most {} s", start as f32 / fps, MAX_FRAMES as f32 / fps);
        return Err(Error::invalid("seconds", reason));
    }
    Ok(ranges)
}

//! From a prompt or a reference to a motion.

mod assets;
mod batch;
mod builder;
mod encoder;
mod extend;
mod long;
mod origin;
mod request;
mod revise;
mod stream;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use ndarray::{Array2, ArrayView2, s};

use batch::{Job, batches};
pub use builder::PipelineBuilder;
pub use long::{Part, Sequence};
pub use request::{Prompt, Request, Source};
use revise::placed_back;
pub use revise::{EditMethod, TextEdit};
pub use stream::{Stream, StreamOptions};

use crate::body::{Finish, NEUTRAL, finish};
use crate::error::{Error, Result, check_finite};
use crate::model::config::MAX_TEXT_ROWS;
use crate::model::{Condition, Dit};
use crate::motion::clip::reference_channels;
use crate::motion::resample::{resample_head, resampled_len};
use crate::motion::{Motion, Skeleton, Stats};
use crate::progress::{self, OnProgress, Progress};
use crate::sample::options::{DEFAULT_FRAMES, GenerateOptions, MAX_FRAMES_AT_ONCE, MIN_FRAMES, check_frames};
use crate::sample::{Guide, Renumbered, Sampler, reborrow};
use crate::text::{KnownPrompts, Note, TextEncoder};
use crate::weights::{GenerationDefaults, ModelConfig, NativeParts, WeightDtype, save_native};

/// A model with its text encoder and statistics: prompts or references in, motions out. Threads can share it.
///
/// ```no_run
/// use vimogen_core::{GenerateOptions, Pipeline};
/// let pipeline = Pipeline::builtin()?;
/// let motion = pipeline.generate("a person walks forward and waves", &GenerateOptions::default())?;
/// motion.save("motion.npz")?;
/// # Ok::<(), vimogen_core::Error>(())
/// ```
pub struct Pipeline {
    dit: Dit,
    config: ModelConfig,
    stats: Stats,
    null_context: Array2<f32>,
    encoder: Option<Arc<dyn TextEncoder>>,
    known: Option<KnownPrompts>,
    /// File of the text encoder's own word vectors, if the model has one.
    words: Option<Vec<u8>>,
    /// Why there is no encoder, if one was looked for.
    without_encoder: Option<String>,
    /// Where the model came from, for messages.
    origin: String,
    made_by: origin::Origin,
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline").field("origin", &self.origin).field("config", &self.config).finish_non_exhaustive()
    }
}

impl Pipeline {
    /// Loads a model directory to the CPU; see [`ModelDir`](crate::weights::ModelDir) for the layouts.
    ///
    /// # Errors
    /// As [`PipelineBuilder::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::builder().open(path)
    }

    /// Settings of a pipeline to load: device, storage of weights, adapters, text encoder.
    pub fn builder() -> PipelineBuilder {
        PipelineBuilder::default()
    }

    /// Writes the model as a native directory, which [`Pipeline::open`] loads, with merged adapters. The release's text
    /// encoder is not part of it.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a `dtype` that files cannot hold, [`Error::Io`].
    pub fn save(&self, folder: impl AsRef<Path>, dtype: WeightDtype) -> Result<()> {
        let (words, prompts) = (self.words.as_deref(), self.known.as_ref());
        let (stats, null_context) = (&self.stats, &self.null_context);
        let parts = NativeParts { config: &self.config, stats, null_context, words, prompts };
        save_native(folder, &self.dit, parts, dtype)
    }

    /// The configuration of the loaded model.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// Frames per second of the motions.
    pub fn fps(&self) -> f32 {
        self.config.fps
    }

    /// The network.
    pub fn dit(&self) -> &Dit {
        &self.dit
    }

    /// Statistics of the features.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// The encoded empty prompt, `[rows, text_dim]`.
    pub fn null_context(&self) -> &Array2<f32> {
        &self.null_context
    }

    /// The text encoder, if the model has one.
    pub fn encoder(&self) -> Option<&dyn TextEncoder> {
        self.encoder.as_deref()
    }

    /// Encodes a prompt, `[rows, text_dim]`.
    ///
    /// # Errors
    /// [`Error::NoTextEncoder`], and those of [`TextEncoder::encode`].
    pub fn encode(&self, prompt: &str) -> Result<Array2<f32>> {
        self.encode_with(prompt, &mut progress::ignore)
    }

    /// [`Pipeline::encode`] that reports progress, such as each block of a large encoder.
    ///
    /// # Errors
    /// As [`Pipeline::encode`]; [`Error::Cancelled`] if `on_progress` breaks.
    pub fn encode_with(&self, prompt: &str, on_progress: &mut OnProgress<'_>) -> Result<Array2<f32>> {
        let rows = self.encode_all(&[prompt], on_progress)?.into_iter().next();
        rows.ok_or_else(|| Error::internal("a prompt was not encoded"))
    }

    /// Encodes prompts together.
    fn encode_all(&self, prompts: &[&str], on_progress: &mut OnProgress<'_>) -> Result<Vec<Array2<f32>>> {
        match &self.encoder {
            _ if prompts.is_empty() => Ok(vec![]),
            Some(encoder) => {
                let mended: Vec<_> = prompts.iter().map(|prompt| encoder.mended(prompt)).collect();
                encoder.encode_batch(&mended.iter().map(AsRef::as_ref).collect::<Vec<_>>(), on_progress)
            }
            None => Err(self.no_encoder()),
        }
    }

    /// Notes on a prompt: words, movements and counts outside of what the model was trained on. Empty for models without
    /// a list of their movements (`prompts.json`).
    ///
    /// ```
    /// # use vimogen_core::Pipeline;
    /// let notes = Pipeline::builtin()?.notes("a person wlaks, then plays the guitar");
    /// assert_eq!(notes[0].to_string(), r#""wlaks" was read as "walks""#);
    /// assert_eq!(notes[1].words, "plays guitar");
    /// # Ok::<(), vimogen_core::Error>(())
    /// ```
    pub fn notes(&self, prompt: &str) -> Vec<Note> {
        self.encoder.as_ref().map_or_else(Vec::new, |encoder| encoder.notes(prompt))
    }

    /// The prompts that the model was trained on, if its folder lists them.
    pub fn known_prompts(&self) -> Option<&KnownPrompts> {
        self.known.as_ref()
    }

    fn no_encoder(&self) -> Error {
        let why = self.without_encoder.clone().unwrap_or_else(|| encoder::none_named(self.config.dit.text_dim));
        Error::NoTextEncoder { reason: format!("{}: {why}", self.origin) }
    }

    /// Generates one motion.
    ///
    /// # Errors
    /// As [`Pipeline::generate_with`].
    pub fn generate(&self, request: impl Into<Request>, options: &GenerateOptions) -> Result<Motion> {
        let motions = self.generate_batch(&[request.into()], options)?;
        motions.into_iter().next().ok_or_else(|| Error::Internal { reason: "a request gave no motion".into() })
    }

    /// Generates many motions, in the order of the requests. Each is the same as if it were generated alone, but for
    /// the rounding of sums.
    ///
    /// # Errors
    /// As [`Pipeline::generate_with`].
    pub fn generate_batch(&self, requests: &[Request], options: &GenerateOptions) -> Result<Vec<Motion>> {
        self.generate_with(requests, options, &mut progress::ignore)
    }

    /// Generates many motions and reports progress: each prompt encoded, each denoising step of each batch.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`], [`Error::Shape`] or [`Error::NonFinite`] for options and requests that are out of
    /// range or do not fit the model, [`Error::NoTextEncoder`], [`Error::Cancelled`] if `on_progress` breaks, and those
    /// of [`Sampler::sample`].
    pub fn generate_with(
        &self,
        requests: &[Request],
        options: &GenerateOptions,
        on_progress: &mut OnProgress<'_>,
    ) -> Result<Vec<Motion>> {
        self.run(requests, options, None, on_progress)
    }

    /// As [`Pipeline::generate_with`], steered by a guide, which sees the clips of one batch at a time. A model's
    /// `reconcile` acts on the finished motion, after the guide.
    ///
    /// # Errors
    /// As [`Pipeline::generate_with`], and those of the guide.
    pub fn generate_guided(
        &self,
        requests: &[Request],
        options: &GenerateOptions,
        guide: &mut dyn Guide,
        on_progress: &mut OnProgress<'_>,
    ) -> Result<Vec<Motion>> {
        self.run(requests, options, Some(guide), on_progress)
    }

    fn run(
        &self,
        requests: &[Request],
        options: &GenerateOptions,
        mut guide: Option<&mut dyn Guide>,
        on_progress: &mut OnProgress<'_>,
    ) -> Result<Vec<Motion>> {
        options.check()?;
        let sampler = Sampler::new(options.sampler.for_model(&self.config.generation))?;
        let mut motions: Vec<Option<Motion>> = requests.iter().map(|_| None).collect();
        let jobs = self.jobs(requests, options, on_progress)?;
        let (long, jobs): (Vec<_>, Vec<_>) =
            jobs.into_iter().partition(|job| guide.is_none() && self.is_long(job, options));
        for job in long {
            let index = job.index;
            motions[index] = Some(self.long(job, options, on_progress)?);
        }
        if let Some(job) = jobs.iter().find(|job| job.frames > MAX_FRAMES_AT_ONCE) {
            let reason = format!(
                "{} frames at once, at most {MAX_FRAMES_AT_ONCE}; longer motions are made of windows, from prompts alone",
                job.frames
            );
            return Err(Error::invalid("num_frames", reason));
        }
        let batches = batches(jobs, self.config.dit.text_len);
        let total = batches.len() * options.sampler.num_inference_steps;
        for (i, batch) in batches.iter().enumerate() {
            let done = i * options.sampler.num_inference_steps;
            let mut on_step = |p: Progress| on_progress(Progress { step: done + p.step, total, ..p });
            let indices: Vec<usize> = batch.jobs.iter().map(|job| job.index).collect();
            let mut renumbered = reborrow(&mut guide).map(|guide| Renumbered { guide, indices });
            let guide = renumbered.as_mut().map(|guide| guide as &mut dyn Guide);
            let (noise, clips) = (batch.noise(sampler.start()), batch.clips(&self.null_context)?);
            let x = sampler.run(&self.dit, &noise, &clips, guide, &mut on_step)?;
            for (job, clip) in batch.jobs.iter().zip(x.outer_iter()) {
                let clip = clip.slice(s![..job.frames, ..]);
                let motion = motion_of(clip, &self.stats, &self.config.generation, self.fps())?;
                let motion = self.finished(motion, options)?;
                motions[job.index] = Some(match &job.init {
                    Some((_, there)) => placed_back(&motion, there)?,
                    None => motion,
                });
            }
        }
        let missing = || Error::Internal { reason: "a request gave no motion".into() };
        let motions = motions.into_iter().collect::<Option<Vec<_>>>().ok_or_else(missing)?;
        let with_meta = |(motion, request): (Motion, &Request)| {
            let meta = self.meta(request, options, &motion);
            motion.with_meta(meta)
        };
        Ok(motions.into_iter().zip(requests).map(with_meta).collect())
    }

    /// The motion with the finish of the options, or else the model's own.
    fn finished(&self, motion: Motion, options: &GenerateOptions) -> Result<Motion> {
        match options.finish.unwrap_or(self.config.generation.finish) {
            Finish::Raw => Ok(motion),
            Finish::Feet => finish(&motion, self.skeleton()),
        }
    }

    /// The skeleton of finished motions: the neutral one for a model that was trained on its proportions. `None`: that of
    /// each motion.
    pub(crate) fn skeleton(&self) -> Option<&'static Skeleton> {
        self.config.generation.reconcile.is_some().then_some(&NEUTRAL)
    }

    /// Checks all requests before anything is computed, then encodes the prompts.
    fn jobs(
        &self,
        requests: &[Request],
        options: &GenerateOptions,
        on_progress: &mut OnProgress<'_>,
    ) -> Result<Vec<Job>> {
        for request in requests {
            request.num_frames.map_or(Ok(()), check_frames)?;
        }
        let sentences = requests.iter().filter_map(|request| match &request.source {
            Source::Prompt(prompt) => prompt.sentence(),
            Source::Reference(_) => None,
        });
        let texts: Vec<&str> = sentences.collect();
        let mut encoded = self.encode_all(&texts, on_progress)?.into_iter();
        let mut jobs = Vec::with_capacity(requests.len());
        for (index, request) in requests.iter().enumerate() {
            let init = request.init.as_ref().map(|motion| self.placed(motion)).transpose()?;
            let frames = init.as_ref().map(|(motion, _)| motion.nrows());
            let frames = frames.or(request.num_frames).or(options.num_frames);
            let (condition, frames) = match &request.source {
                Source::Reference(reference) => self.reference(reference, frames)?,
                Source::Prompt(prompt) => {
                    (Condition::Text(self.text(prompt, &mut encoded)?), frames.unwrap_or(DEFAULT_FRAMES))
                }
            };
            jobs.push(Job { index, condition, frames, seed: request.seed.unwrap_or(options.seed), init });
        }
        Ok(jobs)
    }

    /// The rows of a prompt, not padded; those of a sentence are the next of `encoded`.
    fn text(&self, prompt: &Prompt, encoded: &mut impl Iterator<Item = Array2<f32>>) -> Result<Array2<f32>> {
        let missing = || Error::Internal { reason: "a prompt was not encoded".into() };
        let rows = match prompt {
            Prompt::Text(_) => encoded.next().ok_or_else(missing)?,
            Prompt::Embeds(rows) => rows.clone(),
        };
        let width = self.config.dit.text_dim;
        if !(1..=MAX_TEXT_ROWS).contains(&rows.nrows()) || rows.ncols() != width {
            let expected = format!("(rows, {width}) with 1 to {MAX_TEXT_ROWS} rows");
            return Err(Error::shape("prompt_embeds", expected, rows.shape()));
        }
        check_finite("prompt_embeds", &rows.view())?;
        Ok(rows)
    }

    /// The normalised channels of a reference at the model's frame rate, cut to `frames`, and the frames to generate.
    fn reference(&self, reference: &Motion, frames: Option<usize>) -> Result<(Condition, usize)> {
        if !self.config.dit.reference {
            return Err(Error::invalid("reference", format!("{} is a text-only model", self.origin)));
        }
        // Before resampling: a few frames at a crawling rate would become a million.
        let length = resampled_len(reference.len(), reference.fps(), self.fps())?;
        if frames.is_none() && !(MIN_FRAMES..=MAX_FRAMES_AT_ONCE).contains(&length) {
            let reason = format!(
                "{length} frames at {} fps, expected {MIN_FRAMES} to {MAX_FRAMES_AT_ONCE}; cut it with Motion::slice, or set num_frames",
                self.fps()
            );
            return Err(Error::invalid("reference", reason));
        }
        let frames = frames.unwrap_or(length);
        let clip = resample_head(reference.features(), reference.fps(), self.fps(), frames)?;
        let features = self.stats.normalize(clip.view())?;
        let channels = reference_channels(features.view())?;
        check_finite("reference", &channels.view())?;
        Ok((Condition::reference(channels), frames))
    }
}

/// The motion of a sampled clip: denormalised and, if the model's settings include it, reconciled.
///
/// # Shapes
/// - clip: `[frames, 276]`, normalised
pub(crate) fn motion_of(
    clip: ArrayView2<'_, f32>,
    stats: &Stats,
    generation: &GenerationDefaults,
    fps: f32,
) -> Result<Motion> {
    let mut features = stats.denormalize(clip)?;
    if let Some(reconcile) = &generation.reconcile {
        features = reconcile.apply(features.view())?;
    }
    Motion::from_features(features, fps)
}

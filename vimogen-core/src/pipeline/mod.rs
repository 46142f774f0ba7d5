//! From a prompt or a reference to a motion.

mod assets;
mod batch;
mod encoder;
mod request;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;

use ndarray::{Array2, ArrayView2, CowArray, Ix2, s};

use batch::{Batch, Condition, Job, batches};
pub use request::{Prompt, Request};

use crate::device::DeviceSpec;
use crate::error::{Error, Result, check_finite};
use crate::format::embedding::MAX_ROWS as MAX_PROMPT_ROWS;
use crate::model::Dit;
use crate::motion::clip::reference_channels;
use crate::motion::resample::{resample_head, resampled_len};
use crate::motion::{Motion, Stats};
use crate::options::{DEFAULT_FRAMES, GenerateOptions, LoadConfig, MAX_FRAMES, MIN_FRAMES, check_frames};
use crate::progress::{self, OnProgress, Progress};
use crate::sample::Sampler;
use crate::text::TextEncoder;
use crate::weights::{ModelConfig, ModelDir, WeightDtype, merge_lora};

/// A loaded model with all that surrounds it. Shared between threads, it generates in each of them.
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
    encoder: Option<Box<dyn TextEncoder>>,
    /// Why there is no encoder, if one was looked for.
    without_encoder: Option<String>,
    /// Where the model came from, for messages.
    origin: String,
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline").field("origin", &self.origin).field("config", &self.config).finish_non_exhaustive()
    }
}

impl Pipeline {
    /// Loads a model directory to the CPU; `None` is the built-in model. See [`ModelDir`] for the layouts.
    ///
    /// # Errors
    /// As [`Pipeline::load`].
    pub fn from_pretrained(path: Option<&Path>) -> Result<Self> {
        Self::load(path, &LoadConfig::default())
    }

    /// Loads a model directory; `None` is the built-in model.
    ///
    /// # Errors
    /// Those of [`ModelDir::open`], [`ModelDir::load`] and [`Pipeline::new`], and [`Error::Device`].
    pub fn load(path: Option<&Path>, config: &LoadConfig) -> Result<Self> {
        let dir = match path {
            Some(path) => ModelDir::open(path)?,
            None => Self::builtin_dir()?,
        };
        Self::new(&dir, config)
    }

    /// Loads an open model directory.
    ///
    /// # Errors
    /// Those of [`ModelDir::load`]; [`Error::Config`] for a text encoder that is unknown or does not fit the model,
    /// [`Error::Device`].
    pub fn new(dir: &ModelDir, load: &LoadConfig) -> Result<Self> {
        let device = load.device.open()?;
        let (encoder, without_encoder) = encoder::of(dir, &device)?;
        encoder.as_deref().map_or(Ok(()), |encoder| check_width(encoder, dir.config()))?;
        if load.dtype != WeightDtype::F32 && matches!(load.device, DeviceSpec::Wgpu(_)) {
            let reason = "it cannot keep weights in fewer bits; choose dtype f32".into();
            return Err(Error::Device { device: load.device.to_string(), reason });
        }
        let (dit, _) = dir.load(&device, load.dtype, load.text_only)?;
        let config = dir.config().clone();
        Ok(Self {
            dit,
            config: if load.text_only { config.text_only() } else { config },
            stats: dir.stats().clone(),
            null_context: dir.null_context().clone(),
            encoder,
            without_encoder,
            origin: dir.folder().map_or_else(|| "the built-in model".into(), |folder| format!("{folder:?}")),
        })
    }

    /// The same model with another text encoder, which must be the one that it was trained with.
    ///
    /// # Errors
    /// [`Error::Config`] if the encoder's rows do not have the width that the model reads.
    pub fn with_encoder(mut self, encoder: Box<dyn TextEncoder>) -> Result<Self> {
        check_width(encoder.as_ref(), &self.config)?;
        self.encoder = Some(encoder);
        Ok(self)
    }

    /// The same model with the LoRA adapters of a file added to its weights.
    ///
    /// # Errors
    /// As [`merge_lora`].
    pub fn with_lora(mut self, path: impl AsRef<Path>) -> Result<Self> {
        self.dit = merge_lora(self.dit, path)?;
        Ok(self)
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
        match &self.encoder {
            Some(encoder) => encoder.encode(prompt),
            None => Err(self.no_encoder()),
        }
    }

    /// Encodes prompts together.
    fn encode_all(&self, prompts: &[&str], on_progress: &mut OnProgress<'_>) -> Result<Vec<Array2<f32>>> {
        match &self.encoder {
            _ if prompts.is_empty() => Ok(vec![]),
            Some(encoder) => encoder.encode_batch(prompts, on_progress),
            None => Err(self.no_encoder()),
        }
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
        options.check()?;
        let sampler = Sampler::new(options.sampler.for_model(&self.config.generation))?;
        let batches = batches(self.jobs(requests, options, on_progress)?, self.config.dit.text_len);
        let mut motions: Vec<Option<Motion>> = requests.iter().map(|_| None).collect();
        let total = batches.len() * options.sampler.num_inference_steps;
        for (i, batch) in batches.iter().enumerate() {
            let done = i * options.sampler.num_inference_steps;
            let mut on_step = |p: Progress| on_progress(Progress { step: done + p.step, total, ..p });
            for (index, motion) in self.run(batch, &sampler, &mut on_step)? {
                motions[index] = Some(motion);
            }
        }
        let missing = || Error::Internal { reason: "a request gave no motion".into() };
        motions.into_iter().collect::<Option<Vec<_>>>().ok_or_else(missing)
    }

    /// Generates a batch; each motion with its place among the requests.
    fn run(
        &self,
        batch: &Batch<'_>,
        sampler: &Sampler,
        on_progress: &mut OnProgress<'_>,
    ) -> Result<Vec<(usize, Motion)>> {
        let x = sampler.sample(&self.dit, &batch.inputs(&self.null_context), on_progress)?;
        let clips = batch.jobs.iter().zip(x.outer_iter());
        let motion = |(job, clip): (&Job<'_>, ArrayView2<'_, f32>)| {
            let mut features = self.stats.denormalize(clip.slice(s![..job.frames, ..]))?;
            if let Some(reconcile) = &self.config.generation.reconcile {
                features = reconcile.apply(features.view())?;
            }
            Ok((job.index, Motion::from_features(features, self.fps())?))
        };
        clips.map(motion).collect()
    }

    /// Checks all requests before anything is computed, then encodes the prompts.
    fn jobs<'a>(
        &self,
        requests: &'a [Request],
        options: &GenerateOptions,
        on_progress: &mut OnProgress<'_>,
    ) -> Result<Vec<Job<'a>>> {
        for request in requests {
            request.num_frames.map_or(Ok(()), check_frames)?;
            if request.prompt.is_none() && request.reference.is_none() {
                return Err(Error::invalid("prompt", "a request needs a prompt, prompt_embeds or a reference"));
            }
        }
        let asked = requests.iter().filter(|request| request.reference.is_none());
        let texts: Vec<&str> = asked.filter_map(|request| request.prompt.as_ref()?.text()).collect();
        let mut encoded = self.encode_all(&texts, on_progress)?.into_iter();
        let mut jobs = Vec::with_capacity(requests.len());
        for (index, request) in requests.iter().enumerate() {
            let frames = request.num_frames.or(options.num_frames);
            let (condition, frames) = match (&request.reference, &request.prompt) {
                (Some(reference), _) => self.reference(reference, frames)?,
                (None, Some(prompt)) => {
                    (Condition::Text(self.context(prompt, &mut encoded)?), frames.unwrap_or(DEFAULT_FRAMES))
                }
                (None, None) => continue,
            };
            jobs.push(Job { index, condition, frames, seed: request.seed.unwrap_or(options.seed) });
        }
        Ok(jobs)
    }

    /// The rows of a prompt, not padded; those of a sentence are the next of `encoded`.
    fn context<'a>(
        &self,
        prompt: &'a Prompt,
        encoded: &mut impl Iterator<Item = Array2<f32>>,
    ) -> Result<CowArray<'a, f32, Ix2>> {
        let missing = || Error::Internal { reason: "a prompt was not encoded".into() };
        let rows = match prompt {
            Prompt::Text(_) => CowArray::from(encoded.next().ok_or_else(missing)?),
            Prompt::Embeds(rows) => CowArray::from(rows.view()),
        };
        let width = self.config.dit.text_dim;
        if !(1..=MAX_PROMPT_ROWS).contains(&rows.nrows()) || rows.ncols() != width {
            let expected = format!("(rows, {width}) with 1 to {MAX_PROMPT_ROWS} rows");
            return Err(Error::shape("prompt_embeds", expected, rows.shape()));
        }
        check_finite("prompt_embeds", &rows.view())?;
        Ok(rows)
    }

    /// The normalised channels of a reference at the model's frame rate, cut to `frames`, and the frames to generate.
    fn reference<'a>(&self, reference: &Motion, frames: Option<usize>) -> Result<(Condition<'a>, usize)> {
        if !self.config.dit.reference {
            return Err(Error::invalid("reference", format!("{} is a text-only model", self.origin)));
        }
        // Before resampling: a few frames at a crawling rate would become a million.
        let length = resampled_len(reference.len(), reference.fps(), self.fps())?;
        if frames.is_none() && !(MIN_FRAMES..=MAX_FRAMES).contains(&length) {
            let reason = format!(
                "{length} frames at {} fps, expected {MIN_FRAMES} to {MAX_FRAMES}; cut it with Motion::slice, or set num_frames",
                self.fps()
            );
            return Err(Error::invalid("reference", reason));
        }
        let frames = frames.unwrap_or(length);
        let clip = resample_head(reference.features(), reference.fps(), self.fps(), frames)?;
        let features = self.stats.normalize(clip.view())?;
        let channels = reference_channels(features.view())?;
        check_finite("reference", &channels.view())?;
        Ok((Condition::Reference(channels), frames))
    }
}

fn check_width(encoder: &dyn TextEncoder, config: &ModelConfig) -> Result<()> {
    let (made, read) = (encoder.dim(), config.dit.text_dim);
    match made == read {
        true => Ok(()),
        false => {
            let reason = format!("{} makes rows of {made} numbers, the model reads {read}", encoder.name());
            Err(Error::config("text_encoder", reason))
        }
    }
}

//! From noise to motion: the denoising loop (docs/method.md section 3, *Generation*).

use std::time::{Duration, Instant};

use burn::tensor::Tensor;
use ndarray::{Array3, Axis, s};

use super::flow::Schedule;
use super::guidance::{Evaluator, Guidance};
use super::options::{SamplerOptions, Smoothing};
use super::solver::Integrator;
use crate::error::{Error, Result, check_finite};
use crate::model::dit::infer_attend_to_text;
use crate::model::host::{download, upload};
use crate::model::kernels::in_pool;
use crate::model::{Dit, DitConfig, probe};
use crate::motion::smooth::{KERNEL_SIZE, SIGMA, smooth};
use crate::progress::{OnProgress, Stage, report};
use crate::weights::GenerationDefaults;

/// Longest clip: the rows of the release's position table.
pub const MAX_FRAMES: usize = 5000;
/// Most rows of a prompt; the release cuts prompts at 512.
const MAX_WORDS: usize = 4096;
/// How long steps are queued before the device is waited for.
const MAX_AHEAD: Duration = Duration::from_millis(100);
/// A batch to generate: noise and conditions as plain arrays.
///
/// ```
/// use ndarray::{Array2, Array3, Axis};
/// use vimogen_core::sample::{SampleInputs, noise};
/// let noise = noise(42, 100).insert_axis(Axis(0));
/// let inputs = SampleInputs::new(noise, Array3::zeros((1, 226, 4096)), Array3::zeros((1, 226, 4096)));
/// assert_eq!(inputs.frame_lengths, [100]);
/// ```
#[derive(Debug, Clone)]
pub struct SampleInputs {
    /// What the motion is made from, `[batch, frames, 276]`; see [`super::noise`].
    pub noise: Array3<f32>,
    /// Encoded prompts padded with zero rows, `[batch, words, text_dim]`. Not looked at in rows that attend to a
    /// reference.
    pub context: Array3<f32>,
    /// The encoded empty prompt, `[batch or 1, at most words, text_dim]`; padded with zero rows.
    pub null_context: Array3<f32>,
    /// Frames of each clip; the frames after them are padding.
    pub frame_lengths: Vec<usize>,
    /// Normalised reference motions, `[batch, frames, 138]`.
    pub reference: Option<Array3<f32>>,
    /// Frames of each reference.
    pub reference_lengths: Vec<usize>,
    /// Whether each row attends to its text (true) or to its reference.
    pub attend_to_text: Vec<bool>,
}

impl SampleInputs {
    /// Rows that attend to their texts and are as long as the noise.
    pub fn new(noise: Array3<f32>, context: Array3<f32>, null_context: Array3<f32>) -> Self {
        let (batch, frames, _) = noise.dim();
        Self {
            noise,
            context,
            null_context,
            frame_lengths: vec![frames; batch],
            reference: None,
            reference_lengths: vec![0; batch],
            attend_to_text: vec![true; batch],
        }
    }

    /// Adds references, each of its own length. A row whose reference is all zeros attends to its text, any other to
    /// its reference.
    pub fn with_reference(mut self, reference: Array3<f32>, lengths: Vec<usize>) -> Self {
        self.attend_to_text = infer_attend_to_text(reference.view().into_dyn());
        self.reference = Some(reference);
        self.reference_lengths = lengths;
        self
    }

    /// Checks everything against the model and each other.
    fn check(&self, config: &DitConfig) -> Result<()> {
        let (batch, frames, width) = self.noise.dim();
        if batch == 0 || frames == 0 || frames > MAX_FRAMES || width != config.features() {
            let expected = format!("(B, T, {}) with B >= 1 and T in 1..={MAX_FRAMES}", config.features());
            return Err(Error::shape("noise", expected, self.noise.shape()));
        }
        let (rows, words, width) = self.context.dim();
        if rows != batch || words == 0 || words > MAX_WORDS || width != config.text_dim {
            let expected = format!("({batch}, L, {}) with L in 1..={MAX_WORDS}", config.text_dim);
            return Err(Error::shape("context", expected, self.context.shape()));
        }
        let (null_rows, null_words, width) = self.null_context.dim();
        if (null_rows != batch && null_rows != 1) || null_words > words || width != config.text_dim {
            let expected = format!("(1 or {batch}, at most {words}, {})", config.text_dim);
            return Err(Error::shape("null_context", expected, self.null_context.shape()));
        }
        check_finite("noise", &self.noise.view())?;
        check_finite("context", &self.context.view())?;
        check_finite("null_context", &self.null_context.view())?;
        self.check_lengths(batch, frames)?;
        self.check_reference(config, batch, frames)
    }

    fn check_lengths(&self, batch: usize, frames: usize) -> Result<()> {
        if self.attend_to_text.len() != batch {
            let reason = format!("{} values for a batch of {batch}", self.attend_to_text.len());
            return Err(Error::invalid("attend_to_text", reason));
        }
        let fits =
            |lengths: &[usize], least| lengths.len() == batch && lengths.iter().all(|n| (least..=frames).contains(n));
        if !fits(&self.frame_lengths, 1) {
            let reason = format!("the lengths {:?} are not {batch} numbers in 1..={frames}", self.frame_lengths);
            return Err(Error::invalid("x_mask", reason));
        }
        if !fits(&self.reference_lengths, 0) {
            let reason = format!("the lengths {:?} are not {batch} numbers in 0..={frames}", self.reference_lengths);
            return Err(Error::invalid("ref_motion_mask", reason));
        }
        Ok(())
    }

    fn check_reference(&self, config: &DitConfig, batch: usize, frames: usize) -> Result<()> {
        let Some(reference) = &self.reference else {
            return match self.attend_to_text.iter().position(|text| !text) {
                None => Ok(()),
                Some(row) => {
                    Err(Error::invalid("ref_motion", format!("row {row} attends to its reference but has none")))
                }
            };
        };
        let expected = (batch, frames, config.reference_features());
        if reference.dim() != expected {
            return Err(Error::shape("ref_motion", format!("{expected:?}"), reference.shape()));
        }
        check_finite("ref_motion", &reference.view())
    }

    /// Frames that can reach the output: no row is longer, neither in motion nor in reference.
    fn frames_to_compute(&self, smoothing: Smoothing) -> usize {
        let longest = self.frame_lengths.iter().copied().max().unwrap_or(0);
        // The last frames of the longest clip are smoothed with the padding after them.
        let margin = if smoothing == Smoothing::Padded { KERNEL_SIZE / 2 } else { 0 };
        let rows = self.attend_to_text.iter().zip(&self.reference_lengths);
        let reference = rows.filter(|(text, _)| !**text).map(|(_, length)| *length).max().unwrap_or(0);
        (longest + margin).max(reference).min(self.noise.len_of(Axis(1)))
    }
}

/// Runs the flow from noise to normalised motion.
///
/// Texts are projected, positions and timesteps embedded once per call. The reference encoder does not run unless a
/// row attends to a reference, nor the text path unless a row attends to a text, nor anything unconditional without
/// guidance.
#[derive(Debug, Clone)]
pub struct Sampler {
    options: SamplerOptions,
    guidance_scale: f32,
    schedule: Schedule,
}

impl Sampler {
    /// A sampler with its schedule. Options that are `None` are the release's; see [`SamplerOptions::for_model`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] naming the option that is out of range.
    pub fn new(options: SamplerOptions) -> Result<Self> {
        options.check()?;
        let model = GenerationDefaults::default();
        let guidance_scale = options.guidance_scale.unwrap_or(model.guidance_scale);
        let strength = options.strength.unwrap_or(model.strength);
        let schedule = Schedule::generation(options.num_inference_steps, strength)?;
        Ok(Self { options, guidance_scale, schedule })
    }

    /// The options.
    pub fn options(&self) -> &SamplerOptions {
        &self.options
    }

    /// Generates a batch.
    ///
    /// # Shapes
    /// - output: `[batch, frames, 276]`, normalised; frames after a clip's own length mean nothing
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::InvalidArgument`] or [`Error::NonFinite`] for inputs that do not fit the model or
    /// each other, [`Error::Cancelled`] if `on_progress` breaks, [`Error::Device`] if the device fails,
    /// [`Error::Diverged`] if the network puts out numbers that are not finite.
    pub fn sample(&self, dit: &Dit, inputs: &SampleInputs, on_progress: &mut OnProgress<'_>) -> Result<Array3<f32>> {
        inputs.check(dit.config())?;
        let guidance = Guidance::new(&inputs.attend_to_text, self.guidance_scale);
        let frames = inputs.frames_to_compute(self.options.smoothing);
        let x = self.denoise(dit, inputs, &guidance, frames, on_progress)?;
        self.finish(inputs, &guidance, x)
    }

    /// The loop; rows of the result are in the order of `guidance`.
    fn denoise(
        &self,
        dit: &Dit,
        inputs: &SampleInputs,
        guidance: &Guidance,
        frames: usize,
        on_progress: &mut OnProgress<'_>,
    ) -> Result<Tensor<3>> {
        let device = dit.device();
        let steps = self.schedule.len();
        let time = dit.embed_time(self.schedule.timesteps(), &device);
        let interval = self.options.guidance_interval;
        let evaluator = in_pool(&device, || Evaluator::new(dit, inputs, guidance, interval, frames))?;
        let order: Vec<usize> = guidance.order().collect();
        let mut x = upload(inputs.noise.slice(s![.., ..frames, ..]).select(Axis(0), &order), &device);
        let mut integrator = Integrator::new(self.options.solver, &self.schedule);
        let velocity = |x: Tensor<3>, level: usize| {
            let v = evaluator.velocity(x, self.schedule.sigmas()[level], &time.row(level));
            probe::value("velocity", &v);
            v
        };
        let mut waited = Instant::now();
        for step in 0..steps {
            x = probe::numbered("step", step, || in_pool(&device, || integrator.step(step, x.clone(), &velocity)));
            // A GPU would otherwise queue all steps at once: progress would lie and cancelling come too late. Waiting for
            // it after each step would leave it idle while the next one is prepared.
            if waited.elapsed() >= MAX_AHEAD || step + 1 == steps {
                let name = || format!("{device:?}");
                device.sync().map_err(|e| Error::Device { device: name(), reason: e.to_string() })?;
                waited = Instant::now();
            }
            report(on_progress, Stage::Sample, step + 1, steps)?;
        }
        Ok(x)
    }

    /// Brings the result to the host, checks and smooths it, in the caller's order of rows.
    fn finish(&self, inputs: &SampleInputs, guidance: &Guidance, x: Tensor<3>) -> Result<Array3<f32>> {
        let x = download(x)?;
        let mut out = Array3::zeros(inputs.noise.raw_dim());
        for (row, clip) in guidance.order().zip(x.outer_iter()) {
            let length = inputs.frame_lengths[row];
            if clip.slice(s![..length, ..]).iter().any(|v| !v.is_finite()) {
                let reason = format!("row {row} of the generated motion is not finite; are the weights damaged?");
                return Err(Error::Diverged { reason });
            }
            let mut out = out.index_axis_mut(Axis(0), row);
            let mut out = out.slice_mut(s![..clip.nrows(), ..]);
            out.assign(&clip);
            let smoothed = match self.options.smoothing {
                Smoothing::Off => 0,
                Smoothing::Padded => clip.nrows(),
                Smoothing::PerClip => length,
            };
            let clip = clip.slice(s![..smoothed, ..]);
            out.slice_mut(s![..smoothed, ..]).assign(&smooth(clip, KERNEL_SIZE, SIGMA)?);
        }
        Ok(out)
    }
}

//! From noise to motion: the denoising loop
//! ([method, section 3](https://github.com/vimogen/vimogen/blob/main/docs/method.md#3-flow-matching), *Generation*).

use std::time::Duration;

use burn::tensor::Tensor;
use ndarray::{Array3, Axis, s};

use super::flow::Schedule;
use super::guidance::Evaluator;
use super::guide::{FinishedClip, Guide, reborrow, replace, steer};
use super::options::{SamplerOptions, Smoothing};
use super::solver::Integrator;
use crate::error::{Error, Result, check_finite};
use crate::model::config::MAX_POSITIONS;
use crate::model::host::{download, upload};
use crate::model::kernels::{check_process, in_pool};
use crate::model::{ClipBatch, Dit, probe};
use crate::motion::smooth::{KERNEL_SIZE, SIGMA, smooth};
use crate::process::Instant;
use crate::progress::{OnProgress, Stage, report};
use crate::turns::Turn;
use crate::weights::GenerationDefaults;

/// Maximum time between two waits for the device.
const MAX_AHEAD: Duration = Duration::from_millis(100);

/// Runs the flow from noise to normalised motion.
///
/// Texts are projected, positions and timesteps embedded once per call. The reference encoder does not run unless a
/// row attends to a reference, nor the text path unless a row attends to a text, nor anything unconditional without
/// guidance.
#[derive(Debug, Clone)]
pub struct Sampler {
    pub(super) options: SamplerOptions,
    pub(super) guidance_scale: f32,
    pub(super) schedule: Schedule,
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
    /// ```no_run
    /// use ndarray::{Array2, Axis};
    /// use vimogen_core::model::{ClipBatch, Condition};
    /// use vimogen_core::sample::{SamplerOptions, noise};
    /// use vimogen_core::{Pipeline, Sampler, progress};
    /// let pipeline = Pipeline::builtin()?;
    /// let texts = vec![Condition::Text(pipeline.encode("a person waves")?)];
    /// let clips = ClipBatch::new(texts, vec![100])?.with_null_context(vec![Array2::zeros((1, 256))])?;
    /// let noise = noise(42, 100).insert_axis(Axis(0));
    /// let sampler = Sampler::new(SamplerOptions::default())?;
    /// let normalised = sampler.sample(pipeline.dit(), &noise, &clips, &mut progress::ignore)?;
    /// assert_eq!(normalised.dim(), (1, 100, 276));
    /// # Ok::<(), vimogen_core::Error>(())
    /// ```
    ///
    /// # Shapes
    /// - noise: `[batch, frames, 276]`; see [`super::noise`]
    /// - output: `[batch, frames, 276]`, normalised; frames after a clip's own length have no meaning
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::InvalidArgument`] or [`Error::NonFinite`] for inputs that do not fit the model or
    /// each other, [`Error::Cancelled`] if `on_progress` breaks, [`Error::Device`] if the device fails,
    /// [`Error::Diverged`] if the network puts out values that are not finite.
    pub fn sample(
        &self,
        dit: &Dit,
        noise: &Array3<f32>,
        clips: &ClipBatch,
        on_progress: &mut OnProgress<'_>,
    ) -> Result<Array3<f32>> {
        self.run(dit, noise, clips, None, on_progress)
    }

    /// As [`Sampler::sample`], steered by a guide. Each evaluation of the network brings the motion to the host.
    ///
    /// # Errors
    /// As [`Sampler::sample`], and those of the guide.
    pub fn sample_guided(
        &self,
        dit: &Dit,
        noise: &Array3<f32>,
        clips: &ClipBatch,
        guide: &mut dyn Guide,
        on_progress: &mut OnProgress<'_>,
    ) -> Result<Array3<f32>> {
        self.run(dit, noise, clips, Some(guide), on_progress)
    }

    pub(crate) fn run(
        &self,
        dit: &Dit,
        noise: &Array3<f32>,
        clips: &ClipBatch,
        mut guide: Option<&mut dyn Guide>,
        on_progress: &mut OnProgress<'_>,
    ) -> Result<Array3<f32>> {
        self.check(dit, noise, clips)?;
        check_process(&dit.device())?;
        let frames = self.frames_to_compute(clips, noise.len_of(Axis(1)));
        let x = noise.slice(s![.., ..frames, ..]).select(Axis(0), &clips.rows().order);
        let x = download(self.denoise(dit, x, clips, reborrow(&mut guide), on_progress)?)?;
        let mut motion = Array3::zeros(noise.raw_dim());
        self.finish(clips, &x, &mut motion)?;
        if let Some(guide) = guide {
            let rows = clips.rows().inverse();
            let views = motion.axis_iter_mut(Axis(0)).zip(clips.frame_lengths()).enumerate();
            let finished = views.map(|(index, (row, length))| FinishedClip {
                index,
                sampled: x.slice(s![rows[index], ..*length, ..]),
                smoothed: row.slice_move(s![..*length, ..]),
            });
            guide.finish(&mut finished.collect::<Vec<_>>())?;
        }
        Ok(motion)
    }

    /// The noise level at which sampling starts.
    pub(crate) fn start(&self) -> f64 {
        self.schedule.sigmas()[0]
    }

    pub(super) fn check(&self, dit: &Dit, noise: &Array3<f32>, clips: &ClipBatch) -> Result<()> {
        let (batch, frames, width) = noise.dim();
        if batch != clips.len() || frames > MAX_POSITIONS || width != dit.config().features() {
            let expected = format!("({}, at most {MAX_POSITIONS}, {})", clips.len(), dit.config().features());
            return Err(Error::shape("noise", expected, noise.shape()));
        }
        check_finite("noise", &noise.view())?;
        if self.guidance_scale != 1.0 {
            clips.check_guided()?;
        }
        clips.check(dit.config(), frames)
    }

    /// Frames that can reach the output: no clip and no reference is longer.
    fn frames_to_compute(&self, clips: &ClipBatch, frames: usize) -> usize {
        let rows = clips.rows();
        let longest = rows.frame_lengths.iter().copied().max().unwrap_or(0);
        // The last frames of the longest clip are smoothed with the padding after them.
        let margin = if self.options.smoothing == Smoothing::Padded { KERNEL_SIZE / 2 } else { 0 };
        let reference = rows.reference_lengths.iter().copied().max().unwrap_or(0);
        (longest + margin).max(reference).min(frames)
    }

    /// The loop, in the network's order of rows.
    fn denoise(
        &self,
        dit: &Dit,
        noise: Array3<f32>,
        clips: &ClipBatch,
        mut guide: Option<&mut dyn Guide>,
        on_progress: &mut OnProgress<'_>,
    ) -> Result<Tensor<3>> {
        let SamplerOptions { guidance_interval, solver, .. } = self.options;
        let (device, frames, steps) = (dit.device(), noise.len_of(Axis(1)), self.schedule.len());
        let time = dit.embed_time(self.schedule.timesteps(), &device);
        let turn = Turn::take();
        let mut first = || report(on_progress, Stage::Sample, 0, steps);
        let prepare = || Evaluator::new(dit, clips, self.guidance_scale, guidance_interval, frames);
        let evaluator = turn.step(&mut first, || in_pool(&device, prepare))??;
        let mut x = upload(noise, &device);
        let mut integrator = Integrator::new(solver, &self.schedule);
        let mut waited = Instant::now();
        for step in 0..steps {
            let last = step + 1 == steps;
            let level = |index: usize| self.schedule.sigmas()[index];
            let mut velocity = |x: Tensor<3>, index: usize| {
                let v = evaluator.velocity(x.clone(), level(index), &time.row(index));
                probe::value("velocity", &v);
                match reborrow(&mut guide).filter(|_| !last) {
                    Some(guide) => steer(guide, clips, level(index), x, v),
                    None => Ok(v),
                }
            };
            let mut waiting = || report(on_progress, Stage::Sample, step, steps);
            let next =
                || turn.step(&mut waiting, || in_pool(&device, || integrator.step(step, x.clone(), &mut velocity)))?;
            probe::count("step");
            x = probe::try_part(&format!("step{step}"), next)?;
            if let Some(guide) = reborrow(&mut guide).filter(|_| last) {
                x = replace(guide, clips, level(step), x)?;
            }
            // A GPU would otherwise queue all steps at once: progress would be wrong and cancelling come too late. Waiting
            // for it after each step would leave it idle while the next one is prepared.
            if waited.elapsed() >= MAX_AHEAD || last {
                let name = || format!("{device:?}");
                device.sync().map_err(|e| Error::Device { device: name(), reason: e.to_string() })?;
                waited = Instant::now();
            }
            report(on_progress, Stage::Sample, step + 1, steps)?;
        }
        Ok(x)
    }

    /// Checks and smooths the sampled rows, in the batch's order.
    pub(super) fn finish(&self, clips: &ClipBatch, sampled: &Array3<f32>, motion: &mut Array3<f32>) -> Result<()> {
        for (row, clip) in clips.rows().order.iter().zip(sampled.outer_iter()) {
            let length = clips.frame_lengths()[*row];
            if clip.slice(s![..length, ..]).iter().any(|v| !v.is_finite()) {
                let reason = format!("row {row} of the generated motion is not finite; are the weights damaged?");
                return Err(Error::Diverged { reason });
            }
            let mut out = motion.index_axis_mut(Axis(0), *row);
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
        Ok(())
    }
}

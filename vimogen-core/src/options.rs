//! What a caller may choose: how a model is loaded, and how a motion is generated.

use crate::device::DeviceSpec;
use crate::error::{Error, Result};
use crate::sample::{Sampler, SamplerOptions, Smoothing, Solver};
#[cfg(doc)]
use crate::weights::ModelConfig;
use crate::weights::{GenerationDefaults, WeightDtype};

/// Frames of a clip, at least: one frame does not move.
pub const MIN_FRAMES: usize = 2;
/// Frames of a clip, at most: 50 seconds at 20 frames per second. Models are trained on clips of at most 200 frames and
/// know nothing beyond; the cost of attention grows with the square.
pub const MAX_FRAMES: usize = 1000;
/// Frames of a clip that is told neither its length nor a reference.
pub const DEFAULT_FRAMES: usize = 100;

/// How a model is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LoadConfig {
    /// Where the model computes.
    pub device: DeviceSpec,
    /// How weights are kept in memory; arithmetic is in f32 either way.
    pub dtype: WeightDtype,
    /// Leave the reference path out: its weights, a third of the model, are never read.
    pub text_only: bool,
}

/// How a motion is generated.
///
/// ```
/// use vimogen_core::GenerateOptions;
/// let options = GenerateOptions::default().with_num_frames(60).with_seed(7);
/// assert_eq!((options.num_inference_steps, options.guidance_scale), (50, None)); // None: as the model is best sampled
/// options.check()?;
/// # Ok::<(), vimogen_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GenerateOptions {
    /// Frames of the clip, 2..=1000. `None`: as many as the reference, or 100.
    pub num_frames: Option<usize>,
    /// Steps from noise to motion, 1..=1000; each evaluates the network once ([`Solver::Heun`]: twice).
    pub num_inference_steps: usize,
    /// How a step is taken. With [`Solver::Ab2`], 30 steps of the built-in model are as exact as 50 of Euler's.
    pub solver: Solver,
    /// Weight of the prompt against the empty prompt, 0..=100; 1 is no guidance and half the work. `None`: the model's
    /// own ([`ModelConfig::generation`]; 5 for the released one).
    pub guidance_scale: Option<f32>,
    /// Lowest and highest noise level at which there is guidance, in 0..=1; steps outside cost half as much. `None`: all.
    pub guidance_interval: Option<(f64, f64)>,
    /// Seed of the noise. The same seed and prompt give the same motion on every device and in every batch.
    pub seed: u64,
    /// Level of the schedule at which sampling starts, above 0 and at most 1. `None`: the model's own (0.7 for the
    /// released one).
    pub strength: Option<f64>,
    /// Whether the motion is smoothed over time.
    pub smooth: bool,
}

impl Default for GenerateOptions {
    fn default() -> Self {
        let sampler = SamplerOptions::default();
        Self {
            num_frames: None,
            num_inference_steps: sampler.num_inference_steps,
            solver: sampler.solver,
            guidance_scale: None,
            guidance_interval: None,
            seed: 42,
            strength: None,
            smooth: true,
        }
    }
}

impl GenerateOptions {
    /// The defaults with as many evaluations of the network as another solver needs to be as exact as 50 steps of Euler's:
    /// 40 of [`Solver::Ab2`] (measured in docs/src/concepts/solvers.md; 30 do for the built-in model).
    pub fn fast() -> Self {
        Self { num_inference_steps: 40, solver: Solver::Ab2, ..Self::default() }
    }

    /// Sets [`GenerateOptions::num_frames`].
    pub fn with_num_frames(mut self, num_frames: usize) -> Self {
        self.num_frames = Some(num_frames);
        self
    }

    /// Sets [`GenerateOptions::num_inference_steps`].
    pub fn with_num_inference_steps(mut self, steps: usize) -> Self {
        self.num_inference_steps = steps;
        self
    }

    /// Sets [`GenerateOptions::guidance_scale`].
    pub fn with_guidance_scale(mut self, scale: f32) -> Self {
        self.guidance_scale = Some(scale);
        self
    }

    /// Sets [`GenerateOptions::solver`].
    pub fn with_solver(mut self, solver: Solver) -> Self {
        self.solver = solver;
        self
    }

    /// Sets [`GenerateOptions::guidance_interval`].
    pub fn with_guidance_interval(mut self, low: f64, high: f64) -> Self {
        self.guidance_interval = Some((low, high));
        self
    }

    /// Sets [`GenerateOptions::seed`].
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets [`GenerateOptions::strength`].
    pub fn with_strength(mut self, strength: f64) -> Self {
        self.strength = Some(strength);
        self
    }

    /// Sets [`GenerateOptions::smooth`].
    pub fn with_smooth(mut self, smooth: bool) -> Self {
        self.smooth = smooth;
        self
    }

    /// Checks every option.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] naming the one that is out of its range.
    pub fn check(&self) -> Result<()> {
        self.sampler(&GenerationDefaults::default())?;
        self.num_frames.map_or(Ok(()), check_frames)
    }

    /// The sampler with these options, and the model's own where they are silent.
    pub(crate) fn sampler(&self, model: &GenerationDefaults) -> Result<Sampler> {
        let smoothing = if self.smooth { Smoothing::PerClip } else { Smoothing::Off };
        Sampler::new(SamplerOptions {
            num_inference_steps: self.num_inference_steps,
            solver: self.solver,
            guidance_scale: self.guidance_scale.unwrap_or(model.guidance_scale),
            guidance_interval: self.guidance_interval,
            strength: self.strength.unwrap_or(model.strength),
            smoothing,
        })
    }
}

/// Checks the length of a clip.
pub(crate) fn check_frames(frames: usize) -> Result<()> {
    match (MIN_FRAMES..=MAX_FRAMES).contains(&frames) {
        true => Ok(()),
        false => Err(Error::invalid("num_frames", format!("{frames} is not in {MIN_FRAMES}..={MAX_FRAMES}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_out_of_range_are_named() {
        let options = GenerateOptions::default;
        for (name, options) in [
            ("num_frames", options().with_num_frames(0)),
            ("num_frames", options().with_num_frames(1)),
            ("num_frames", options().with_num_frames(usize::MAX)),
            ("num_inference_steps", options().with_num_inference_steps(0)),
            ("num_inference_steps", options().with_num_inference_steps(1001)),
            ("guidance_scale", options().with_guidance_scale(f32::INFINITY)),
            ("guidance_interval", options().with_guidance_interval(0.8, 0.2)),
            ("guidance_interval", options().with_guidance_interval(f64::NAN, 1.0)),
            ("strength", options().with_strength(1.5)),
        ] {
            let text = options.check().unwrap_err().to_string();
            assert!(text.contains(name), "{text}");
        }
        options().check().unwrap();
    }
}

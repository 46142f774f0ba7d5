//! Options of a generation.

use crate::body::Finish;
use crate::declare::{DEFAULT_SEED, OptionSet, Range, named_enum, options};
use crate::error::Result;
use crate::sample::solver::Solver;
use crate::weights::GenerationDefaults;

/// Minimum length of a clip in frames: one frame does not move.
pub const MIN_FRAMES: usize = 2;
/// Maximum length of a motion in frames, an hour at 20 frames per second.
pub const MAX_FRAMES: usize = 72_000;
/// Maximum length of a clip that a model makes at once, frames: 50 seconds at 20 frames per second. Models are trained on
/// clips of up to 200 frames; the cost of attention grows with the square.
pub const MAX_FRAMES_AT_ONCE: usize = 1000;
/// Length of a clip in frames when neither a length nor a reference is given.
pub const DEFAULT_FRAMES: usize = 100;
/// Maximum number of denoising steps: the levels that a model is trained on.
pub const MAX_STEPS: usize = 1000;
/// Maximum guidance that is not evidently a mistake.
const MAX_GUIDANCE: f64 = 100.0;

named_enum! {
    /// Smoothing of generated features over time.
    pub enum Smoothing("smoothing", default PerClip) {
        /// No smoothing.
        Off = "off",
        /// Over each clip's own length, so that a clip does not depend on the batch it is in.
        PerClip = "per_clip",
        /// Over the padded length of the batch, as the release: the last frames of a short clip mix with its padding.
        Padded = "padded",
    }
}

named_enum! {
    /// Preset of steps and solver.
    pub enum Preset("quality", default Full) {
        /// 50 steps of `euler`, as the release.
        Full = "full",
        /// 40 steps of `ab2`, which are as exact.
        Fast = "fast",
    }
}

options! {
    /// Options of [`Sampler`](super::Sampler). The defaults are the release's.
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct SamplerOptions in GenerateOptions::sampler {
        /// Steps from noise to motion. Each evaluates the network once, `heun` twice.
        num_inference_steps, with_num_inference_steps: usize = 50, in 1..=MAX_STEPS;
        /// Solver of the flow. 30 steps of `ab2` are as exact as 50 of `euler` with the built-in model.
        solver, with_solver: Solver = Solver::default();
        /// Weight of the prompt against the empty prompt; 1 is no guidance and half the work. `None`: the model's own,
        /// 5 for the release.
        guidance_scale, with_guidance_scale: Option<f32> = None, in 0.0..=MAX_GUIDANCE;
        /// Lowest and highest noise level with guidance; steps outside cost half as much. `None`: every level.
        guidance_interval, with_guidance_interval: Option<(f64, f64)> = None, in 0.0..=1.0;
        /// Noise level at which sampling starts; it starts from pure noise all the same. `None`: the model's own, 0.7 for
        /// the release.
        strength, with_strength: Option<f64> = None, in Range::above(0.0, 1.0);
        /// Smoothing of the motion over time.
        smoothing, with_smoothing: Smoothing = Smoothing::default();
    }
}

options! {
    /// Options of a generation.
    ///
    /// ```
    /// use vimogen_core::GenerateOptions;
    /// let options = GenerateOptions::default().with_num_frames(60).with_num_inference_steps(20);
    /// assert_eq!((options.num_frames, options.sampler.num_inference_steps), (Some(60), 20));
    /// options.check()?;
    /// # Ok::<(), vimogen_core::Error>(())
    /// ```
    #[derive(Debug, Clone, PartialEq)]
    pub struct GenerateOptions {
        /// Frames of the clip. `None`: as many as the reference, or 100.
        num_frames, with_num_frames: Option<usize> = None, in MIN_FRAMES..=MAX_FRAMES;
        /// Seed of the noise. The same seed and prompt give the same motion on every device and in every batch.
        seed, with_seed: u64 = DEFAULT_SEED;
        /// Finish of the motion. `None`: the model's own, raw for the release, feet for the built-in model.
        finish, with_finish: Option<Finish> = None;
        /// Whether a motion from a prompt that is longer than the clips the model was trained on is made of overlapping
        /// windows. Otherwise it is made at once, up to 1000 frames, and the movement comes out wrong.
        windows, with_windows: bool = true;
        /// Options of the sampler.
        sampler, with_sampler: SamplerOptions = SamplerOptions::default();
    }
}

impl SamplerOptions {
    /// The options with the model's own values where they are `None`.
    pub fn for_model(self, model: &GenerationDefaults) -> Self {
        Self {
            guidance_scale: self.guidance_scale.or(Some(model.guidance_scale)),
            strength: self.strength.or(Some(model.strength)),
            ..self
        }
    }

    /// Checks every option.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] naming the option that is out of range.
    pub fn check(&self) -> Result<()> {
        self.check_ranges()
    }
}

impl GenerateOptions {
    /// Options of a preset.
    pub fn preset(preset: Preset) -> Self {
        match preset {
            Preset::Full => Self::default(),
            Preset::Fast => Self::default().with_num_inference_steps(40).with_solver(Solver::Ab2),
        }
    }

    /// [`Preset::Fast`]: as exact as the default with fewer evaluations of the network (measured in
    /// docs/src/concepts/solvers.md).
    pub fn fast() -> Self {
        Self::preset(Preset::Fast)
    }

    /// Checks every option.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] naming the option that is out of range.
    pub fn check(&self) -> Result<()> {
        self.check_ranges()
    }
}

/// Checks the length of a clip.
pub(crate) fn check_frames(frames: usize) -> Result<()> {
    GenerateOptions::default().with_num_frames(frames).check()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declare::Setting;

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
            ("guidance_scale", options().with_guidance_scale(-1.0)),
            ("guidance_interval", options().with_guidance_interval((0.8, 0.2))),
            ("guidance_interval", options().with_guidance_interval((f64::NAN, 1.0))),
            ("strength", options().with_strength(1.5)),
            ("strength", options().with_strength(0.0)),
        ] {
            let text = options.check().unwrap_err().to_string();
            assert!(text.contains(name) && text.contains("expected"), "{text}");
        }
        options().check().unwrap();
    }

    #[test]
    fn every_option_can_be_set_by_name_and_its_default_is_in_range() {
        let mut options = GenerateOptions::default();
        let fields = GenerateOptions::fields();
        for field in &fields {
            assert!(options.set(field.name, &field.default).unwrap(), "{}", field.name);
        }
        assert_eq!(options, GenerateOptions::default());
        assert!(options.set("solver", &Setting::Text("heun".into())).unwrap());
        assert!(options.set("strength", &Setting::Integer(1)).unwrap());
        assert_eq!((options.sampler.solver, options.sampler.strength), (Solver::Heun, Some(1.0)));
        assert!(!options.set("solvers", &Setting::None).unwrap());
        assert!(options.set("seed", &Setting::Number(1.5)).unwrap_err().to_string().contains("seed"));
        let text = options.set("solver", &Setting::Text("rk4".into())).unwrap_err().to_string();
        assert!(text.contains("euler, heun, ab2, dpmpp"), "{text}");
    }
}

//! The flow-matching schedule: noise levels, timesteps and training weights, on the host
//! ([method, section 3](https://github.com/vimogen/vimogen/blob/main/docs/method.md#3-flow-matching)).

use crate::declare::defaults;
use crate::error::{Error, Result};

/// Maximum number of steps of a schedule.
const MAX_STEPS: usize = 100_000;
/// Timesteps are sigmas times this.
const TIMESTEPS: f64 = 1000.0;

defaults! {
    /// How a [`Schedule`] is made; [`ScheduleConfig::default`] is the release's.
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct ScheduleConfig {
        /// Number of denoising steps.
        num_steps: usize = 100;
        /// Where on the way from data (0) to noise (1) sampling starts, before the shift.
        strength: f64 = 1.0;
        /// Shift `s` of the noise levels, `s sigma / (1 + (s - 1) sigma)`.
        shift: f64 = 5.0;
        /// Lowest noise level, before the shift.
        sigma_min: f64 = 0.0;
        /// Highest noise level, before the shift.
        sigma_max: f64 = 1.0;
        /// Leave out the lowest level, to which the last step goes (true), or include it.
        extra_one_step: bool = true;
        /// Use `1 - sigma`, from data to noise.
        reverse_sigmas: bool = false;
        /// Run through the levels backwards.
        inverse_timesteps: bool = false;
        /// Compute [`Schedule::weights`].
        training: bool = false;
    }
}

/// Noise levels of a run, highest first.
///
/// ```
/// use vimogen_core::sample::Schedule;
/// let schedule = Schedule::generation(50, 0.7)?;
/// assert_eq!(schedule.len(), 50);
/// assert!((schedule.sigmas()[0] - 0.921).abs() < 1e-3); // generation starts from pure noise all the same
/// # Ok::<(), vimogen_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    sigmas: Vec<f64>,
    timesteps: Vec<f32>,
    weights: Vec<f32>,
    falls_to: f64,
}

impl Schedule {
    /// A schedule from its configuration.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for zero or too many steps, or values outside their ranges.
    pub fn new(config: &ScheduleConfig) -> Result<Self> {
        check(config)?;
        let n = config.num_steps;
        let start = config.sigma_min + (config.sigma_max - config.sigma_min) * config.strength;
        let points = if config.extra_one_step { n } else { n.max(2) - 1 };
        let line = |i: usize| start + (config.sigma_min - start) * i as f64 / points as f64;
        let mut sigmas: Vec<f64> = (0..n).map(line).collect();
        if config.inverse_timesteps {
            sigmas.reverse();
        }
        for sigma in &mut sigmas {
            *sigma = config.shift * *sigma / (1.0 + (config.shift - 1.0) * *sigma);
            if config.reverse_sigmas {
                *sigma = 1.0 - *sigma;
            }
        }
        let timesteps: Vec<f32> = sigmas.iter().map(|s| (s * TIMESTEPS) as f32).collect();
        let weights = if config.training { training_weights(&sigmas) } else { vec![] };
        let falls_to = if config.inverse_timesteps || config.reverse_sigmas { 1.0 } else { 0.0 };
        Ok(Self { sigmas, timesteps, weights, falls_to })
    }

    /// The schedule of a generation: `num_steps` steps from `strength` down, shift 5.
    ///
    /// # Errors
    /// As [`Schedule::new`].
    pub fn generation(num_steps: usize, strength: f64) -> Result<Self> {
        Self::new(&ScheduleConfig { num_steps, strength, ..ScheduleConfig::default() })
    }

    /// The training schedule: 1000 levels with their loss weights, shift 5.
    pub fn training() -> Self {
        let config = ScheduleConfig { num_steps: 1000, training: true, ..ScheduleConfig::default() };
        Self::new(&config).unwrap_or_else(|_| unreachable!("the constants are in range"))
    }

    /// The same schedule with all its training weights 1.
    pub fn with_uniform_weights(mut self) -> Self {
        self.weights = vec![1.0; self.len()];
        self
    }

    /// Number of steps.
    pub fn len(&self) -> usize {
        self.sigmas.len()
    }

    /// Whether there is no step; never true.
    pub fn is_empty(&self) -> bool {
        self.sigmas.is_empty()
    }

    /// Noise levels in 0..=1.
    pub fn sigmas(&self) -> &[f64] {
        &self.sigmas
    }

    /// Timesteps, `1000 sigma`: the network's input.
    pub fn timesteps(&self) -> &[f32] {
        &self.timesteps
    }

    /// Loss weight of each level, mean 1; empty unless made for training.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// The level nearest to a timestep; the first on a tie.
    pub fn index_of(&self, timestep: f32) -> usize {
        let mut best = (f32::INFINITY, 0);
        for (i, t) in self.timesteps.iter().enumerate() {
            let distance = (t - timestep).abs();
            if distance < best.0 {
                best = (distance, i);
            }
        }
        best.1
    }

    /// `sigma_next - sigma` of the step that starts at level `index`; the last one goes to 0.
    pub fn delta(&self, index: usize) -> f64 {
        let next = self.sigmas.get(index + 1).copied().unwrap_or(self.falls_to);
        next - self.sigmas[index]
    }

    /// `delta` of a step that goes all the way to the end.
    pub fn delta_to_final(&self, index: usize) -> f64 {
        self.falls_to - self.sigmas[index]
    }
}

/// Noisy data at a level: `(1 - sigma) x + sigma noise`.
pub fn add_noise(x: f32, noise: f32, sigma: f64) -> f32 {
    let sigma = sigma as f32;
    (1.0 - sigma) * x + sigma * noise
}

/// `y - min y` scaled to mean 1, `y = exp(-2 ((t - n/2) / n)^2)` with t in 0..1000 and n levels.
fn training_weights(sigmas: &[f64]) -> Vec<f32> {
    let n = sigmas.len() as f64;
    let bell: Vec<f64> = sigmas.iter().map(|s| (-2.0 * ((s * TIMESTEPS - n / 2.0) / n).powi(2)).exp()).collect();
    let low = bell.iter().copied().fold(f64::INFINITY, f64::min);
    let sum: f64 = bell.iter().map(|y| y - low).sum();
    bell.iter().map(|y| ((y - low) * n / sum) as f32).collect()
}

fn check(config: &ScheduleConfig) -> Result<()> {
    let within = |name: &'static str, value: f64, low: f64, high: f64| match value >= low && value <= high {
        true => Ok(()),
        false => Err(Error::invalid(name, format!("{value} is not in {low}..={high}"))),
    };
    if config.num_steps == 0 || config.num_steps > MAX_STEPS {
        let reason = format!("{} is not in 1..={MAX_STEPS}", config.num_steps);
        return Err(Error::invalid("num_inference_steps", reason));
    }
    if !(config.strength > 0.0 && config.strength <= 1.0) {
        return Err(Error::invalid("strength", format!("{} is not above 0, at most 1", config.strength)));
    }
    within("shift", config.shift, 1e-3, 1e3)?;
    within("sigma_min", config.sigma_min, 0.0, 1.0)?;
    within("sigma_max", config.sigma_max, config.sigma_min, 1.0)
}

//! Settings of a training run.

use serde::{Deserialize, Serialize};

use super::lora::{ADAPTER, LoraConfig};
use crate::declare::{DEFAULT_SEED, defaults, named_enum};
use crate::error::{Error, Result};
use crate::model::DitConfig;
use crate::weights::GenerationDefaults;

/// Spans of the moving average below which a run is short.
const SHORT_RUN: f64 = 3.0;

named_enum! {
    /// Course of the learning rate after the warm-up.
    pub enum LrSchedule("lr_schedule", default Constant) {
        /// Stays at `lr`.
        Constant = "constant",
        /// Falls to a hundredth of `lr` along half a cosine that ends at `num_steps`.
        Cosine = "cosine",
        /// Stays at `lr` for seven tenths of `num_steps`, then falls linearly to a hundredth of it. A run can be prolonged
        /// until the rate begins to fall.
        StableDecay = "stable_decay",
    }
}

named_enum! {
    /// Weight of each noise level in the loss.
    pub enum LossWeighting("loss_weighting", default Bell) {
        /// The release's: a bell that is highest at sigma 1/2 and zero at pure noise and at the data.
        Bell = "bell",
        /// The same for all levels. A model that starts from pure noise (strength 1) has to be trained there, too.
        Uniform = "uniform",
    }
}

named_enum! {
    /// Arithmetic precision of the network. Weights, gradients, their sums, moments and the loss are in f32 either way.
    pub enum Precision("precision", default F32) {
        /// 32 bits.
        F32 = "f32",
        /// bfloat16 for matrix products and activations, f32 within norms and softmax: half the memory for activations,
        /// and fast on GPUs and on CPUs with AVX512-BF16.
        Bf16 = "bf16",
    }
}

defaults! {
    /// Optimizer and loop settings; the default is the release's recipe.
    ///
    /// Each field is a key of the experiment file's `solver` section, except for the few that other sections have.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    #[non_exhaustive]
    pub struct TrainConfig {
        /// Last step of the run.
        num_steps, with_num_steps: usize = 40_000;
        /// Clips per step.
        batch_size, with_batch_size: usize = 128;
        /// Parts of a batch that are computed at the same time, each on its share of the processor's cores. The result depends
        /// on their number (by the rounding of a sum), not on the cores.
        parallel_parts, with_parallel_parts: usize = 1;
        /// Parts of a batch that are computed one after another, their gradients summed: only one part's activations are in
        /// memory.
        accumulation, with_accumulation: usize = 1;
        /// Keeps only the blocks' inputs and computes each block a second time for its gradients: one block's activations are
        /// in memory, for about a third more time. The gradients are the same.
        checkpoint_activations, with_checkpoint_activations: bool = false;
        /// Arithmetic precision of the network.
        precision, with_precision: Precision = Precision::F32;
        /// Precision of the network's parameters. In bf16 they are rounded: the optimizer keeps their
        /// exact values in f32 with its moments. With [`TrainConfig::shard_optimizer`] only one process keeps them, which is what
        /// saves memory. The moving average is that of the rounded parameters. Frozen parameters are not rounded.
        parameters, with_parameters: Precision = Precision::F32;
        /// Shares the optimizer out among processes: each keeps its part of the moments and updates its part of the parameters
        /// (ZeRO stage 1), for one more exchange of all parameters per step.
        shard_optimizer, with_shard_optimizer: bool = false;
        /// Substrings of the checkpoint names of the trained parameters, such as `ref_motion` or `.ffn.`; the others are
        /// frozen. Empty: all are trained.
        trainable_modules, with_trainable_modules: Vec<String> = vec![];
        /// Trains adapters instead of the weights.
        lora, with_lora: Option<LoraConfig> = None;
        /// Learning rate of AdamW.
        lr, with_lr: f64 = 2e-4;
        /// Decay rates of AdamW's moments.
        betas, with_betas: (f32, f32) = (0.9, 0.95);
        /// Epsilon of AdamW, outside the root.
        eps, with_eps: f32 = 1e-8;
        /// Decoupled weight decay, on every parameter.
        weight_decay, with_weight_decay: f32 = 1e-4;
        /// Steps over which the learning rate rises from 0. The first update has rate 0.
        warmup_steps, with_warmup_steps: usize = 100;
        /// The learning rate after the warm-up.
        lr_schedule, with_lr_schedule: LrSchedule = LrSchedule::Constant;
        /// Weights of the noise levels.
        loss_weighting, with_loss_weighting: LossWeighting = LossWeighting::Bell;
        /// Maximum global norm of the gradients.
        grad_clip, with_grad_clip: f64 = 0.1;
        /// Decay of the moving average of the weights.
        ema_decay, with_ema_decay: f64 = 0.9999;
        /// Lets a young average follow faster: the decay of step s is at most `(1 + s) / (10 + s)`. `None`: in runs that are
        /// short for their decay, of fewer than `3 / (1 - ema_decay)` steps, whose average would still hold much of the
        /// initial weights. The release's 40,000 steps at 0.9999 are not.
        ema_warmup, with_ema_warmup(into): Option<bool> = None;
        /// Seed of weights, data order and noise.
        seed, with_seed: u64 = DEFAULT_SEED;
        /// Steps between checkpoints.
        checkpoint_every, with_checkpoint_every: usize = 5000;
        /// Steps between log lines.
        log_every, with_log_every: usize = 5;
    }
}

impl TrainConfig {
    /// Learning rate of step `step`, from 0.
    pub fn lr_at(&self, step: usize) -> f64 {
        let warm = self.warmup_steps.max(1);
        if step < warm {
            return self.lr * step as f64 / warm as f64;
        }
        match self.lr_schedule {
            LrSchedule::Constant => self.lr,
            LrSchedule::Cosine => {
                let span = self.num_steps.saturating_sub(warm).max(1) as f64;
                let progress = ((step - warm) as f64 / span).min(1.0);
                let cosine = 0.5 * (1.0 + (std::f64::consts::PI * progress).cos());
                self.lr * (0.01 + 0.99 * cosine)
            }
            LrSchedule::StableDecay => {
                let left = self.num_steps.saturating_sub(step) as f64 / (0.3 * self.num_steps as f64);
                self.lr * left.clamp(0.01, 1.0)
            }
        }
    }

    /// Decay of the moving average after step `step`, from 0.
    pub fn ema_decay_at(&self, step: usize) -> f64 {
        let young = (1.0 + step as f64) / (10.0 + step as f64);
        let is_short = || self.ema_spans() < SHORT_RUN;
        if self.ema_warmup.unwrap_or_else(is_short) { self.ema_decay.min(young) } else { self.ema_decay }
    }

    /// Length of the run in multiples of the steps that the moving average spans, `1 / (1 - ema_decay)`.
    fn ema_spans(&self) -> f64 {
        self.num_steps as f64 * (1.0 - self.ema_decay)
    }

    /// A warning if the run is shorter than the span of its moving average, which then consists mostly of the initial
    /// weights.
    pub fn ema_warning(&self) -> Option<String> {
        let initial = (-self.ema_spans()).exp();
        (self.ema_warmup == Some(false) && self.ema_spans() < 1.0).then(|| {
            format!(
                "the average of the weights, which is saved, is {:.0} % the initial ones after {} steps at ema_decay {}; \
                 lower ema_decay, or leave ema_warmup out",
                100.0 * initial, self.num_steps, self.ema_decay
            )
        })
    }

    /// Recommended sampling of a model of these sizes that is trained like this, with a share `null_text` of captions left
    /// out.
    pub fn sampling(&self, model: &DitConfig, null_text: f64) -> GenerationDefaults {
        GenerationDefaults::for_recipe(model, self.loss_weighting == LossWeighting::Uniform, null_text)
    }

    /// Substrings of the names of the trained parameters; all are trained if there are none.
    pub(crate) fn trainable(&self) -> Vec<String> {
        match &self.lora {
            Some(_) => vec![ADAPTER.into()],
            None => self.trainable_modules.clone(),
        }
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// [`Error::Config`] naming the field.
    pub fn check(&self) -> Result<()> {
        self.check_counts()?;
        self.check_combinations()?;
        let range = |field: &str, value: f64, low: f64, high: f64| {
            let reason = || Error::config(field, format!("{value} is not in {low}..={high}"));
            if value >= low && value <= high { Ok(()) } else { Err(reason()) }
        };
        range("lr", self.lr, 0.0, 10.0)?;
        range("betas", f64::from(self.betas.0), 0.0, 0.999_999)?;
        range("betas", f64::from(self.betas.1), 0.0, 0.999_999)?;
        range("eps", f64::from(self.eps), 1e-12, 1.0)?;
        range("weight_decay", f64::from(self.weight_decay), 0.0, 10.0)?;
        range("grad_clip", self.grad_clip, 1e-6, 1e6)?;
        range("ema_decay", self.ema_decay, 0.0, 1.0)
    }

    fn check_counts(&self) -> Result<()> {
        let positive = [
            ("num_steps", self.num_steps),
            ("batch_size", self.batch_size),
            ("checkpoint_every", self.checkpoint_every),
            ("log_every", self.log_every),
        ];
        if let Some((field, _)) = positive.iter().find(|(_, value)| *value == 0) {
            return Err(Error::config(*field, "must be at least 1"));
        }
        for (field, parts) in [("parallel_parts", self.parallel_parts), ("accumulation", self.accumulation)] {
            if !(1..=self.batch_size).contains(&parts) {
                let reason = format!("{parts} is not in 1..=batch_size, {}", self.batch_size);
                return Err(Error::config(field, reason));
            }
        }
        Ok(())
    }

    /// Checks the options that exclude each other.
    fn check_combinations(&self) -> Result<()> {
        if let Some(lora) = &self.lora {
            lora.check()?;
            if !self.trainable_modules.is_empty() {
                let reason = "with lora only the adapters are trained; leave one of the two out";
                return Err(Error::config("trainable_modules", reason));
            }
        }
        if self.parameters == Precision::Bf16 && self.precision == Precision::F32 {
            let reason = "bf16 parameters are for bf16 arithmetic; set precision, too";
            return Err(Error::config("parameters", reason));
        }
        if self.parameters == Precision::Bf16 && self.lora.is_some() {
            let reason = "with lora only the small adapters would be in bf16; leave one of the two out";
            return Err(Error::config("parameters", reason));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_update_has_rate_zero_and_the_cosine_ends_at_a_hundredth() {
        let config = TrainConfig { num_steps: 1000, lr_schedule: LrSchedule::Cosine, ..TrainConfig::default() };
        assert_eq!(config.lr_at(0), 0.0);
        assert_eq!(config.lr_at(50), 1e-4);
        assert_eq!(config.lr_at(100), 2e-4);
        assert!((config.lr_at(1000) - 2e-6).abs() < 1e-12);
        assert_eq!(TrainConfig::default().lr_at(9999), 2e-4);
        let config = TrainConfig { lr_schedule: LrSchedule::StableDecay, ..config };
        for (step, rate) in [(700, 2e-4), (850, 1e-4), (1000, 2e-6)] {
            assert!((config.lr_at(step) - rate).abs() < 1e-12, "step {step}: {}", config.lr_at(step));
        }
    }

    #[test]
    fn the_average_of_a_short_run_follows_its_weights() {
        let release = TrainConfig::default();
        assert_eq!((release.ema_decay_at(0), release.ema_decay_at(30_000)), (0.9999, 0.9999));
        let short = TrainConfig { num_steps: 300, ..TrainConfig::default() };
        // Share of the initial weights that remains.
        let left = |config: &TrainConfig| (0..config.num_steps).map(|step| config.ema_decay_at(step)).product::<f64>();
        assert!(left(&short) < 1e-6, "{}", left(&short));
        assert_eq!(short.ema_warning(), None);
        let stubborn = TrainConfig { ema_warmup: Some(false), ..short };
        assert!((left(&stubborn) - 0.97).abs() < 0.001);
        assert!(stubborn.ema_warning().unwrap().contains("97 %"), "{:?}", stubborn.ema_warning());
        assert_eq!(TrainConfig { num_steps: 40_000, ..stubborn }.ema_warning(), None);
    }

    #[test]
    fn impossible_settings_are_named() {
        let config = TrainConfig { batch_size: 0, ..TrainConfig::default() };
        assert!(config.check().unwrap_err().to_string().contains("batch_size"));
        for parallel_parts in [0, 129] {
            let config = TrainConfig { parallel_parts, ..TrainConfig::default() };
            assert!(config.check().unwrap_err().to_string().contains("parallel_parts"));
        }
        let config = TrainConfig { lr: f64::NAN, ..TrainConfig::default() };
        assert!(config.check().unwrap_err().to_string().contains("lr"));
        let config = TrainConfig { parameters: Precision::Bf16, ..TrainConfig::default() };
        assert!(config.check().unwrap_err().to_string().contains("set precision"));
        let config = TrainConfig { precision: Precision::Bf16, lora: Some(LoraConfig::default()), ..config };
        assert!(config.check().unwrap_err().to_string().contains("adapters"));
    }
}

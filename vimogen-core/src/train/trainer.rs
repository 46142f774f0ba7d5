//! The training step and its state.

use burn::module::{Module, ModuleMapper, Param};
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use rayon::ThreadPool;

use super::batch::{Draws, TrainBatch};
use super::config::{LossWeighting, TrainConfig};
use super::loss::loss;
use super::{ema, optim, parallel};
use crate::error::{Error, Result};
use crate::model::{Dit, DitConfig};
use crate::sample::Schedule;

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepReport {
    /// Number of the step, from 0.
    pub step: usize,
    /// Loss over the batch, before the update.
    pub loss: f64,
    /// Loss over samples that attend to the text, if there are any.
    pub loss_text: Option<f64>,
    /// Loss over samples that attend to their reference, if there are any.
    pub loss_ref_motion: Option<f64>,
    /// Global norm of the gradients before clipping.
    pub grad_norm: f64,
    /// Learning rate of this update.
    pub lr: f64,
}

/// A model in training: weights, their moving average, optimiser, step count.
pub struct Trainer {
    pub(crate) config: TrainConfig,
    pub(crate) dit: Dit,
    pub(crate) average: Dit,
    pub(crate) optimizer: ModuleOptimizer,
    pub(crate) step: usize,
    schedule: Schedule,
    /// One for each part of a batch.
    pools: Vec<ThreadPool>,
    /// The autodiff device.
    device: Device,
}

impl Trainer {
    /// Starts from drawn weights.
    ///
    /// # Errors
    /// [`Error::Config`] for impossible settings.
    pub fn new(model: &DitConfig, config: &TrainConfig, device: &Device) -> Result<Self> {
        let dit = Dit::new(model, device)?.init_weights(config.seed, device);
        Self::from_model(dit, config, device)
    }

    /// Starts from a model that has its weights.
    ///
    /// # Errors
    /// [`Error::Config`] for impossible settings.
    pub fn from_model(dit: Dit, config: &TrainConfig, device: &Device) -> Result<Self> {
        config.check()?;
        let schedule = match config.loss_weighting {
            LossWeighting::Bell => Schedule::training(),
            LossWeighting::Uniform => Schedule::training().with_uniform_weights(),
        };
        Ok(Self {
            average: dit.valid(),
            dit: dit.map(&mut Track),
            optimizer: optimizer(config),
            config: config.clone(),
            step: 0,
            schedule,
            pools: parallel::pools(config.micro_batches)?,
            device: device.clone().autodiff(),
        })
    }

    /// The weights in training.
    pub fn model(&self) -> Dit {
        self.dit.valid()
    }

    /// The moving average of the weights.
    pub fn ema(&self) -> &Dit {
        &self.average
    }

    /// Number of steps done.
    pub fn steps_done(&self) -> usize {
        self.step
    }

    /// The settings.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// The random numbers of the step to come: a function of seed and step, so that a resumed run draws the same.
    pub fn draws(&self, batch: &TrainBatch) -> Draws {
        let mut rng = ChaCha12Rng::seed_from_u64(self.config.seed);
        rng.set_stream(self.step as u64 + 1);
        Draws::random(batch, self.schedule.len(), &mut rng)
    }

    /// The loss of a batch without an update.
    ///
    /// # Errors
    /// As [`Trainer::train_step`].
    pub fn evaluate(&self, batch: &TrainBatch, draws: &Draws) -> Result<super::loss::LossValues> {
        let device = self.device.clone().without_autodiff();
        loss(&self.dit.valid(), batch, draws, &self.schedule, &device)?.values()
    }

    /// The gradients of a batch, by parameter, without an update.
    ///
    /// # Errors
    /// As [`Trainer::train_step`].
    pub fn gradients(&self, batch: &TrainBatch, draws: &Draws) -> Result<(GradientsParams, super::loss::Loss)> {
        let loss = loss(&self.dit, batch, draws, &self.schedule, &self.device)?;
        let grads = loss.total.backward();
        Ok((GradientsParams::from_grads(grads, &self.dit), loss))
    }

    /// One optimiser step.
    ///
    /// # Errors
    /// [`Error::Shape`] and relatives if the batch does not fit the model, [`Error::Diverged`] if loss or gradients are
    /// not finite; the weights are then unchanged.
    pub fn train_step(&mut self, batch: &TrainBatch, draws: &Draws) -> Result<StepReport> {
        let (mut grads, values) = match self.pools.len() {
            1 => {
                let (grads, loss) = self.gradients(batch, draws)?;
                (grads, loss.values()?)
            }
            _ => parallel::gradients(&self.dit, batch, draws, &self.schedule, &self.device, &self.pools)?,
        };
        let grad_norm = optim::clip(&self.dit, &mut grads, self.config.grad_clip);
        if !values.total.is_finite() || !grad_norm.is_finite() {
            let reason = format!("step {}, loss {}, gradient norm {grad_norm}", self.step, values.total);
            return Err(Error::Diverged { reason });
        }
        let lr = self.config.lr_at(self.step);
        self.dit = self.optimizer.step(lr, self.dit.clone(), grads);
        self.average = ema::update(self.average.clone(), &self.dit, self.config.ema_decay_at(self.step));
        let report = StepReport {
            step: self.step,
            loss: values.total,
            loss_text: values.text,
            loss_ref_motion: values.ref_motion,
            grad_norm,
            lr,
        };
        self.step += 1;
        Ok(report)
    }
}

/// Puts parameters on the autodiff device; `Module::train` would leave out those that were loaded.
pub(crate) struct Track;

impl ModuleMapper for Track {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        Param::initialized(param.id, param.val().autodiff().require_grad())
    }
}

/// AdamW as configured. Clipping is done outside, over all gradients at once.
pub(crate) fn optimizer(config: &TrainConfig) -> ModuleOptimizer {
    AdamWConfig::new()
        .with_beta_1(config.betas.0)
        .with_beta_2(config.betas.1)
        .with_epsilon(config.eps)
        .with_weight_decay(config.weight_decay)
        .init()
}

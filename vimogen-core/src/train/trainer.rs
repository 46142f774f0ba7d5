//! The training step and its state.

use std::collections::BTreeMap;
use std::sync::Arc;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Device;
use ndarray::ArrayD;
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;

use super::batch::{NoiseDraw, TrainBatch};
use super::collective::{self, Collective};
use super::config::TrainConfig;
use super::engine::Engine;
use super::freeze::{self, Track};
use super::loss::{Loss, LossValues, loss};
use super::optimizer::Optimizer;
use super::{ema, grads, lora};
use crate::error::{Error, Result};
use crate::model::kernels::in_pool;
use crate::model::{Dit, DitConfig, named};

/// Report of a training step.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct StepReport {
    /// Number of the step, from 0.
    pub step: usize,
    /// Losses of the batch, before the update.
    pub loss: LossValues,
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
    pub(crate) optimizer: Optimizer,
    pub(crate) step: usize,
    pub(crate) engine: Engine,
    /// The other processes, if there are any.
    pub(crate) collective: Option<Arc<dyn Collective>>,
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

    /// Starts from the weights of a model.
    ///
    /// # Errors
    /// [`Error::Config`] for impossible settings.
    pub fn from_model(dit: Dit, config: &TrainConfig, device: &Device) -> Result<Self> {
        config.check()?;
        let dit = match &config.lora {
            Some(lora) => lora::attach(dit, lora, config.seed)?,
            None => dit,
        };
        freeze::check(&dit, &config.trainable_modules)?;
        let mut optimizer = Optimizer::new(config);
        Ok(Self {
            average: dit.valid(),
            dit: optimizer.round(named::map(dit, &mut Track::new(&config.trainable()))),
            optimizer,
            config: config.clone(),
            step: 0,
            engine: Engine::new(config, device)?,
            collective: None,
        })
    }

    /// The weights in training, as the network computes with them.
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

    /// Bytes of the optimizer's moments, and of the exact values of parameters that are kept in bf16, in this process.
    pub fn optimizer_bytes(&self) -> usize {
        self.optimizer.bytes()
    }

    /// Bytes of the network's parameters.
    pub fn parameter_bytes(&self) -> usize {
        freeze::parameters(&self.dit).iter().map(|parameter| parameter.size * parameter.dtype.size()).sum()
    }

    /// The settings.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// Writes the moving average of the LoRA adapters, without the weights; [`crate::weights::merge_lora`] adds them to
    /// weights.
    ///
    /// # Errors
    /// [`Error::Config`] if there are none, [`Error::Io`].
    pub fn save_lora(&self, path: impl AsRef<std::path::Path>) -> Result<()> {
        match &self.config.lora {
            Some(lora) => crate::weights::save_lora(&self.average, lora.alpha / lora.rank as f64, path),
            None => Err(Error::config("lora", "the weights themselves are trained; there are no adapters to save")),
        }
    }

    /// The random draws of the next step: a function of seed, step and rank, so a resumed run repeats them.
    pub fn draws(&self, batch: &TrainBatch) -> NoiseDraw {
        let mut rng = ChaCha12Rng::seed_from_u64(self.config.seed);
        // Each process has draws of its own.
        rng.set_stream((self.step as u64 + 1) | (self.rank() as u64) << 40);
        NoiseDraw::random(batch, self.engine.schedule.len(), &mut rng)
    }

    /// The loss of a batch without an update.
    ///
    /// # Errors
    /// As [`Trainer::train_step`].
    pub fn evaluate(&self, batch: &TrainBatch, draw: &NoiseDraw) -> Result<LossValues> {
        let device = self.engine.device.clone().without_autodiff();
        loss(&self.dit.valid(), batch, draw, &self.engine.schedule, &device)?.values()
    }

    /// The gradients of a batch, by parameter, without an update.
    ///
    /// # Errors
    /// As [`Trainer::train_step`].
    pub fn gradients(&self, batch: &TrainBatch, draw: &NoiseDraw) -> Result<(GradientsParams, Loss)> {
        let loss = loss(&self.dit, batch, draw, &self.engine.schedule, &self.engine.device)?;
        let grads = loss.total.backward();
        Ok((GradientsParams::from_grads(grads, &self.dit), loss))
    }

    /// The gradients of a batch's loss by checkpoint name, without an update; Linear weights are `[out, in]` as in
    /// checkpoints. A parameter that the batch does not reach has no entry.
    ///
    /// # Errors
    /// As [`Trainer::train_step`].
    pub fn named_gradients(&self, batch: &TrainBatch, draw: &NoiseDraw) -> Result<BTreeMap<String, ArrayD<f32>>> {
        let (grads, _) = self.gradients(batch, draw)?;
        grads::by_name(&self.dit, &grads)
    }

    /// One optimizer step.
    ///
    /// # Errors
    /// [`Error::Shape`] and relatives if the batch does not fit the model, [`Error::Diverged`] if loss or gradients are
    /// not finite; the weights are then unchanged.
    pub fn train_step(&mut self, batch: &TrainBatch, draw: &NoiseDraw) -> Result<StepReport> {
        let device = self.dit.device().inner();
        let own = in_pool(&device, || self.engine.gradients(&self.dit, batch, draw));
        let (mut grads, sums) = match &self.collective {
            None => own?,
            Some(collective) => collective::sum_gradients(collective.as_ref(), &self.dit, own)?,
        };
        let loss = sums.values();
        let grad_norm = grads::clip(&self.dit, &mut grads, self.config.grad_clip);
        if !loss.total.is_finite() || !grad_norm.is_finite() {
            let reason = format!("step {}, loss {}, gradient norm {grad_norm}", self.step, loss.total);
            return Err(Error::Diverged { reason });
        }
        let lr = self.config.lr_at(self.step);
        self.dit = self.optimizer.step(lr, self.dit.clone(), grads, sharing(&self.config, &self.collective))?;
        let decay = self.config.ema_decay_at(self.step);
        self.average = in_pool(&device, || ema::update(self.average.clone(), &self.dit, decay));
        let report = StepReport { step: self.step, loss, grad_norm, lr };
        self.step += 1;
        Ok(report)
    }
}

/// The processes among which the optimizer's moments are shared out, if they are.
pub(crate) fn sharing<'a>(
    config: &TrainConfig,
    collective: &'a Option<Arc<dyn Collective>>,
) -> Option<&'a dyn Collective> {
    collective.as_deref().filter(|_| config.shard_optimizer)
}

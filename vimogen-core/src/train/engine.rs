//! The gradients of a batch: of sequential parts ([`TrainConfig::accumulation`]), each of parallel parts
//! ([`TrainConfig::parallel_parts`]), with activations kept or recomputed.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Device;

use super::batch::{NoiseDraw, TrainBatch};
use super::config::{LossWeighting, Precision, TrainConfig};
use super::freeze::Track;
use super::grads::{self, PartGradients, differentiable};
use super::loss::{DeviceBatch, weight_sum};
use super::{parallel, recompute};
use crate::error::Result;
use crate::model::{Dit, named};
use crate::process::Pool;
use crate::sample::Schedule;

/// The settings of a step, other than those of the optimizer.
pub(crate) struct Engine {
    pub schedule: Schedule,
    /// The autodiff device.
    pub device: Device,
    /// One per parallel part.
    pools: Vec<Pool>,
    /// Number of sequential parts.
    accumulation: usize,
    checkpoint_activations: bool,
    precision: Precision,
    /// See [`TrainConfig::trainable`].
    trainable: Vec<String>,
}

impl Engine {
    pub(crate) fn new(config: &TrainConfig, device: &Device) -> Result<Self> {
        Ok(Self {
            schedule: match config.loss_weighting {
                LossWeighting::Bell => Schedule::training(),
                LossWeighting::Uniform => Schedule::training().with_uniform_weights(),
            },
            pools: parallel::pools(config.parallel_parts)?,
            device: device.clone().autodiff(),
            accumulation: config.accumulation,
            checkpoint_activations: config.checkpoint_activations,
            precision: config.precision,
            trainable: config.trainable(),
        })
    }

    /// Gradients of the loss of a batch.
    pub(crate) fn gradients(&self, dit: &Dit, batch: &TrainBatch, draw: &NoiseDraw) -> Result<PartGradients> {
        batch.check(dit.config())?;
        draw.check(batch, self.schedule.len())?;
        let parts = self.accumulation.min(batch.len());
        if parts == 1 {
            return self.in_parallel(dit, batch, draw, 1.0);
        }
        let split = Split::new(batch, draw, parts);
        let part = |i| {
            let (batch, draw, share) = split.part(i, 1.0);
            self.in_parallel(dit, &batch, &draw, share)
        };
        grads::sum(dit, (0..parts).map(part))
    }

    /// Gradients of `share` times the loss, by parts that are computed at the same time.
    fn in_parallel(&self, dit: &Dit, batch: &TrainBatch, draw: &NoiseDraw, share: f64) -> Result<PartGradients> {
        if self.pools.len() == 1 {
            return self.whole(dit, batch, draw, share);
        }
        // A part needs a clip.
        let pools = &self.pools[..self.pools.len().min(batch.len())];
        let split = Split::new(batch, draw, pools.len());
        let part = |i| {
            let (batch, draw, share) = split.part(i, share);
            // Leaves of its own: parts with common leaves would be one graph, and wait for each other.
            let dit = named::map(dit.valid(), &mut Track::new(&self.trainable));
            self.whole(&dit, &batch, &draw, share)
        };
        grads::sum(dit, parallel::on_each(pools, part))
    }

    /// Gradients of `share` times the loss of an undivided batch.
    fn whole(&self, dit: &Dit, batch: &TrainBatch, draw: &NoiseDraw, share: f64) -> Result<PartGradients> {
        let upload =
            |device: &Device| DeviceBatch::new(batch, draw, &self.schedule, device).in_precision(self.precision);
        if self.checkpoint_activations {
            return recompute::gradients(dit, upload(&self.device.clone().without_autodiff()), share);
        }
        let batch = upload(&self.device);
        let prediction = dit.forward_on(batch.noisy.clone(), &batch.timesteps, batch.conditions.clone());
        let loss = batch.loss(prediction);
        let grads = differentiable(loss.total.clone() * share).backward();
        Ok((GradientsParams::from_grads(grads, dit), loss.sums()?))
    }
}

/// A batch in parts: part `i` of `n` has the clips `i, i + n, ..`.
struct Split<'a> {
    batch: &'a TrainBatch,
    draw: &'a NoiseDraw,
    parts: usize,
    /// Normaliser of the batch's loss.
    weight_sum: f64,
}

impl<'a> Split<'a> {
    fn new(batch: &'a TrainBatch, draw: &'a NoiseDraw, parts: usize) -> Self {
        Self { batch, draw, parts, weight_sum: weight_sum(batch) }
    }

    /// The clips of a part, their noise, and the part's share of `share` times the loss.
    fn part(&self, i: usize, share: f64) -> (TrainBatch, NoiseDraw, f64) {
        let clips: Vec<usize> = (i..self.batch.len()).step_by(self.parts).collect();
        let batch = self.batch.select(&clips);
        let share = share * weight_sum(&batch) / self.weight_sum;
        (batch, self.draw.select(&clips), share)
    }
}

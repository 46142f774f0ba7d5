//! The gradients of a batch: of sequential parts ([`TrainConfig::accumulation`]), each of parallel parts
//! ([`TrainConfig::parallel_parts`]), with activations kept or recomputed.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Device;
use rayon::ThreadPool;

use super::batch::{Draws, TrainBatch};
use super::config::{LossWeighting, Precision, TrainConfig};
use super::freeze::Track;
use super::grads::{self, PartGradients, differentiable};
use super::loss::{Problem, mass, masses};
use super::{parallel, recompute};
use crate::error::Result;
use crate::model::{Dit, named};
use crate::sample::Schedule;

/// The settings of a step, other than those of the optimizer.
pub(crate) struct Engine {
    pub schedule: Schedule,
    /// The autodiff device.
    pub device: Device,
    /// One per parallel part.
    pools: Vec<ThreadPool>,
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
    pub(crate) fn gradients(&self, dit: &Dit, batch: &TrainBatch, draws: &Draws) -> Result<PartGradients> {
        batch.check(dit.config())?;
        draws.check(batch, self.schedule.len())?;
        let parts = self.accumulation.min(batch.len());
        if parts == 1 {
            return self.in_parallel(dit, batch, draws, 1.0);
        }
        let split = Split::new(batch, draws, parts);
        let part = |i| {
            let (batch, draws, share) = split.part(i);
            self.in_parallel(dit, &batch, &draws, share)
        };
        grads::sum(dit, (0..parts).map(part))
    }

    /// Gradients of `share` times the loss, by parts that are computed at the same time.
    fn in_parallel(&self, dit: &Dit, batch: &TrainBatch, draws: &Draws, share: f64) -> Result<PartGradients> {
        if self.pools.len() == 1 {
            return self.whole(dit, batch, draws, share);
        }
        // A part needs a clip.
        let pools = &self.pools[..self.pools.len().min(batch.len())];
        let split = Split::new(batch, draws, pools.len());
        let part = |i| {
            let (batch, draws, part) = split.part(i);
            // Leaves of its own: parts with common leaves would be one graph, and wait for each other.
            let dit = named::map(dit.valid(), &mut Track::new(&self.trainable));
            self.whole(&dit, &batch, &draws, share * part)
        };
        grads::sum(dit, parallel::on_each(pools, part))
    }

    /// Gradients of `share` times the loss of an undivided batch.
    fn whole(&self, dit: &Dit, batch: &TrainBatch, draws: &Draws, share: f64) -> Result<PartGradients> {
        let problem = |device| Problem::new(dit.config(), batch, draws, &self.schedule, device);
        if self.checkpoint_activations {
            let problem = problem(&self.device.clone().without_autodiff())?.in_precision(self.precision);
            return recompute::gradients(dit, problem, share);
        }
        let problem = problem(&self.device)?.in_precision(self.precision);
        let prediction = dit.forward(problem.noisy.clone(), &problem.timesteps, &problem.conditions)?;
        let loss = problem.loss(prediction);
        let grads = differentiable(loss.total.clone() * share).backward();
        Ok((GradientsParams::from_grads(grads, dit), loss.sums()?))
    }
}

/// A batch in parts: part `i` of `n` has the clips `i, i + n, ..`.
struct Split<'a> {
    batch: &'a TrainBatch,
    draws: &'a Draws,
    parts: usize,
    /// Normaliser of the batch's loss.
    mass: f64,
}

impl<'a> Split<'a> {
    fn new(batch: &'a TrainBatch, draws: &'a Draws, parts: usize) -> Self {
        Self { batch, draws, parts, mass: mass(&masses(batch)) }
    }

    /// The clips of a part, their draws, and the part's share of the loss.
    fn part(&self, i: usize) -> (TrainBatch, Draws, f64) {
        let rows: Vec<usize> = (i..self.batch.len()).step_by(self.parts).collect();
        let batch = self.batch.select(&rows);
        let share = mass(&masses(&batch)) / self.mass;
        (batch, self.draws.select(&rows), share)
    }
}

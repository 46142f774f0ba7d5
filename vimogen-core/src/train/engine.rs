//! How the gradients of a batch are computed: in parts one after another ([`TrainConfig::accumulation`]), each in parts
//! side by side ([`TrainConfig::micro_batches`]), with all activations kept or computed again.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, FloatDType, Tensor};
use rayon::ThreadPool;

use super::batch::{Draws, TrainBatch};
use super::config::{LossWeighting, Precision, TrainConfig};
use super::loss::{LossSums, Problem, mass, masses};
use super::{parallel, recompute};
use crate::error::Result;
use crate::model::Dit;
use crate::sample::Schedule;

/// What a step needs beside weights and data.
pub(crate) struct Engine {
    pub schedule: Schedule,
    /// One for each part that is computed side by side.
    pub pools: Vec<ThreadPool>,
    /// The autodiff device.
    pub device: Device,
    /// Parts computed one after another.
    accumulation: usize,
    checkpoint_activations: bool,
    pub precision: Precision,
    /// What is trained; see [`super::freeze`].
    pub trainable: Vec<String>,
}

impl Engine {
    pub(crate) fn new(config: &TrainConfig, device: &Device) -> Result<Self> {
        Ok(Self {
            schedule: match config.loss_weighting {
                LossWeighting::Bell => Schedule::training(),
                LossWeighting::Uniform => Schedule::training().with_uniform_weights(),
            },
            pools: parallel::pools(config.micro_batches)?,
            device: device.clone().autodiff(),
            accumulation: config.accumulation,
            checkpoint_activations: config.checkpoint_activations,
            precision: config.precision,
            trainable: config.trainable(),
        })
    }

    /// Gradients of the batch's loss, and the sums that it is made of. Part `i` of `n` has the clips `i, i + n, ..`.
    pub(crate) fn gradients(
        &self,
        dit: &Dit,
        batch: &TrainBatch,
        draws: &Draws,
    ) -> Result<(GradientsParams, LossSums)> {
        batch.check(dit.config())?;
        draws.check(batch, self.schedule.len())?;
        let parts = self.accumulation.min(batch.len());
        if parts == 1 {
            return parallel::gradients(self, dit, batch, draws, 1.0);
        }
        let whole = mass(&masses(batch));
        let mut total = GradientsParams::new();
        let mut sums = LossSums::default();
        for i in 0..parts {
            let rows: Vec<usize> = (i..batch.len()).step_by(parts).collect();
            let (batch, draws) = (batch.select(&rows), draws.select(&rows));
            let share = mass(&masses(&batch)) / whole;
            let (grads, part) = parallel::gradients(self, dit, &batch, &draws, share)?;
            add(dit, &mut total, grads);
            sums.add(&part);
        }
        Ok((total, sums))
    }

    /// Gradients of `share` times the loss of a part that is computed as a whole.
    pub(crate) fn part(
        &self,
        dit: &Dit,
        batch: &TrainBatch,
        draws: &Draws,
        share: f64,
    ) -> Result<(GradientsParams, LossSums)> {
        if self.checkpoint_activations {
            return recompute::gradients(self, dit, batch, draws, share);
        }
        let problem =
            Problem::new(dit.config(), batch, draws, &self.schedule, &self.device)?.in_precision(self.precision);
        let prediction = dit.forward(problem.noisy.clone(), &problem.timesteps, &problem.conditions)?;
        let loss = problem.loss(prediction);
        let grads = differentiable(loss.total.clone() * share).backward();
        Ok((GradientsParams::from_grads(grads, dit), loss.sums()?))
    }
}

/// A scalar of the same value that a gradient can start from, even if it depends on nothing that is trained: a batch of
/// text alone while only the reference path is trained.
pub(crate) fn differentiable(scalar: Tensor<1>) -> Tensor<1> {
    let zero = Tensor::<1>::zeros([1], &scalar.device()).autodiff().require_grad();
    scalar + zero
}

/// Adds the gradients of a part to the total.
pub(crate) fn add<M: Module>(module: &M, total: &mut GradientsParams, part: GradientsParams) {
    module.visit(&mut Add { total, part });
}

struct Add<'a> {
    total: &'a mut GradientsParams,
    part: GradientsParams,
}

impl ModuleVisitor for Add<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        // A part without a clip that attends to its reference has no gradient for the reference path.
        let Some(part) = self.part.remove::<D>(param.id) else { return };
        // In f32: a sum of many parts would lose too much in half precision.
        let part = part.cast(FloatDType::F32);
        let sum = match self.total.remove::<D>(param.id) {
            Some(total) => total + part,
            None => part,
        };
        self.total.register::<D>(param.id, sum);
    }
}

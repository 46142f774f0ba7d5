//! Activation checkpointing per block: the forward pass keeps the blocks' inputs and no graph; the backward pass builds
//! the graph of one block, uses it and drops it.
//!
//! The gradient of a block's output `y` with respect to its inputs and weights, given the gradient `u` of the loss with
//! respect to `y`, is that of the scalar `sum(y u)`.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{FloatDType, Gradients, Tensor};

use super::grads::{PartGradients, add, differentiable};
use super::loss::{DeviceBatch, LossSums};
use crate::error::Result;
use crate::model::Dit;
use crate::model::clips::Rows;
use crate::model::segments::Stem;

/// Gradients of `share` times the loss of a batch on the plain device.
pub(crate) fn gradients(dit: &Dit, batch: DeviceBatch, share: f64) -> Result<PartGradients> {
    let forward = Forward::run(&dit.valid(), &batch);
    let mut backward = Backward::new(dit, forward);
    let sums = backward.head(&batch, share)?;
    backward.blocks();
    backward.encoder();
    backward.stem(batch);
    Ok((backward.total, sums))
}

/// The inputs of all blocks, kept by the forward pass.
struct Forward {
    /// The inputs that all blocks share, with the encoded reference.
    stem: Stem,
    rows: Rows,
    /// The inputs of the encoder's blocks.
    references: Vec<Tensor<3>>,
    /// The inputs of the main blocks, and the output of the last.
    states: Vec<Tensor<3>>,
}

impl Forward {
    fn run(dit: &Dit, batch: &DeviceBatch) -> Self {
        let rows = batch.conditions.rows.clone();
        let mut stem = dit.stem(batch.noisy.clone(), &batch.timesteps, batch.conditions.clone());
        let mut references = vec![];
        for i in 0..dit.ref_motion_encoder.len() {
            let Some(r) = stem.reference.take() else { break };
            references.push(r.clone());
            stem.reference = Some(dit.encoder_block(i, r, stem.e0.clone(), &rows));
        }
        let mut states = vec![stem.x.clone()];
        for i in 0..dit.blocks.len() {
            let x = states[states.len() - 1].clone();
            states.push(dit.main_block(i, x, &stem, &rows));
        }
        Self { stem, rows, references, states }
    }
}

/// A tensor without history that gets a gradient.
fn leaf<const D: usize>(x: &Tensor<D>) -> Tensor<D> {
    x.clone().without_autodiff().autodiff().require_grad()
}

/// Adds the gradient of `of` to the sum `to`, and takes it out of `found`.
fn collect<const D: usize>(to: &mut Option<Tensor<D>>, of: &Tensor<D>, found: &mut Gradients) {
    // In f32: a sum over many blocks would lose too much in half precision.
    let Some(part) = of.grad_remove(found).map(|part| part.cast(FloatDType::F32)) else { return };
    *to = Some(match to.take() {
        Some(sum) => sum + part,
        None => part,
    });
}

/// `sum(y u)`, or nothing if no gradient reaches `y`.
fn pulled<const D: usize>(y: Tensor<D>, upstream: Option<Tensor<D>>) -> Option<Tensor<1>> {
    upstream.map(|upstream| (y.cast(FloatDType::F32) * upstream.autodiff()).sum())
}

/// The backward pass. A gradient with respect to an input of a segment is `None` until the first one arrives.
struct Backward<'a> {
    dit: &'a Dit,
    forward: Forward,
    total: GradientsParams,
    x: Option<Tensor<3>>,
    e: Option<Tensor<2>>,
    e0: Option<Tensor<3>>,
    text: Option<Tensor<3>>,
    reference: Option<Tensor<3>>,
}

impl<'a> Backward<'a> {
    fn new(dit: &'a Dit, forward: Forward) -> Self {
        let total = GradientsParams::new();
        Self { dit, forward, total, x: None, e: None, e0: None, text: None, reference: None }
    }

    /// The output layer and the loss.
    fn head(&mut self, batch: &DeviceBatch, share: f64) -> Result<LossSums> {
        let Forward { stem, rows, states, .. } = &mut self.forward;
        let (x, e) = (states.pop().unwrap_or_else(|| stem.x.clone()), &stem.e);
        let (x, e) = (leaf(&x), leaf(e));
        let loss = batch.clone().autodiff().loss(self.dit.finish(x.clone(), e.clone(), rows));
        let mut grads = (loss.total.clone() * share).backward();
        collect(&mut self.x, &x, &mut grads);
        collect(&mut self.e, &e, &mut grads);
        // The other parameters are in no graph yet.
        add(self.dit, &mut self.total, GradientsParams::from_grads(grads, self.dit));
        loss.sums()
    }

    /// The main blocks, last to first.
    fn blocks(&mut self) {
        for (i, block) in self.dit.blocks.iter().enumerate().rev() {
            let Forward { stem, rows, states, .. } = &mut self.forward;
            let Some(x) = states.pop().map(|x| leaf(&x)) else { return };
            let shared = Stem {
                e0: leaf(&stem.e0),
                text: stem.text.as_ref().map(leaf),
                reference: stem.reference.as_ref().map(leaf),
                ..stem.clone()
            };
            let y = self.dit.main_block(i, x.clone(), &shared, rows);
            let Some(scalar) = pulled(y, self.x.take()) else { return };
            let mut grads = scalar.backward();
            collect(&mut self.x, &x, &mut grads);
            collect(&mut self.e0, &shared.e0, &mut grads);
            for (sum, input) in [(&mut self.text, &shared.text), (&mut self.reference, &shared.reference)] {
                if let Some(input) = input {
                    collect(sum, input, &mut grads);
                }
            }
            add(block, &mut self.total, GradientsParams::from_module(&mut grads, block));
        }
    }

    /// The reference encoder's blocks, last to first.
    fn encoder(&mut self) {
        for (i, block) in self.dit.ref_motion_encoder.iter().enumerate().rev() {
            let Forward { stem, rows, references, .. } = &mut self.forward;
            let Some(r) = references.pop().map(|r| leaf(&r)) else { return };
            let e0 = leaf(&stem.e0);
            let y = self.dit.encoder_block(i, r.clone(), e0.clone(), rows);
            let Some(scalar) = pulled(y, self.reference.take()) else { return };
            let mut grads = scalar.backward();
            collect(&mut self.reference, &r, &mut grads);
            collect(&mut self.e0, &e0, &mut grads);
            add(block, &mut self.total, GradientsParams::from_module(&mut grads, block));
        }
    }

    /// The embeddings.
    fn stem(&mut self, batch: DeviceBatch) {
        let batch = batch.autodiff();
        let stem = self.dit.stem(batch.noisy, &batch.timesteps, batch.conditions);
        let scalars = [
            pulled(stem.x, self.x.take()),
            pulled(stem.e, self.e.take()),
            pulled(stem.e0, self.e0.take()),
            stem.text.and_then(|text| pulled(text, self.text.take())),
            stem.reference.and_then(|reference| pulled(reference, self.reference.take())),
        ];
        if let Some(sum) = scalars.into_iter().flatten().reduce(|a, b| a + b) {
            let grads = differentiable(sum).backward();
            add(self.dit, &mut self.total, GradientsParams::from_grads(grads, self.dit));
        }
    }
}

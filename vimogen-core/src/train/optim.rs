//! Gradient clipping by the global norm, which Burn's own does per tensor.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{FloatDType, Tensor};

use crate::model::Dit;

/// Global 2-norm of all gradients.
pub fn global_norm(dit: &Dit, grads: &GradientsParams) -> f64 {
    let mut visitor = SquaredNorm { grads, sum: 0.0 };
    dit.visit(&mut visitor);
    visitor.sum.sqrt()
}

struct SquaredNorm<'a> {
    grads: &'a GradientsParams,
    sum: f64,
}

impl ModuleVisitor for SquaredNorm<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(grad) = self.grads.get::<D>(param.id) {
            let sum = grad.cast(FloatDType::F32).square().sum().try_into_scalar::<f32>();
            self.sum += f64::from(sum.unwrap_or(f32::NAN));
        }
    }
}

/// Scales all gradients so that their global norm is at most `max_norm`; returns the norm before.
pub fn clip(dit: &Dit, grads: &mut GradientsParams, max_norm: f64) -> f64 {
    let norm = global_norm(dit, grads);
    let scale = max_norm / (norm + 1e-6);
    if scale < 1.0 {
        dit.visit(&mut Scale { grads, scale });
    }
    norm
}

struct Scale<'a> {
    grads: &'a mut GradientsParams,
    scale: f64,
}

impl ModuleVisitor for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(grad) = self.grads.remove::<D>(param.id) {
            self.grads.register::<D>(param.id, grad * self.scale);
        }
    }
}

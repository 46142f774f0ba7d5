//! Gradients of a model: sums over parts of a batch, clipping, and gradients by checkpoint name.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{FloatDType, Tensor};
use ndarray::{ArrayD, IxDyn};

use super::loss::LossSums;
use crate::error::{Error, Result};
use crate::model::Dit;
use crate::model::named::{self, Visit};
use crate::weights::mapping::{checkpoint_name, is_linear};

/// Gradients of a loss, and its sums.
pub(crate) type PartGradients = (GradientsParams, LossSums);

/// The sum of the gradients of parts, in their order.
pub(crate) fn sum(dit: &Dit, parts: impl IntoIterator<Item = Result<PartGradients>>) -> Result<PartGradients> {
    let (mut total, mut sums) = (GradientsParams::new(), LossSums::default());
    for part in parts {
        let (grads, part_sums) = part?;
        add(dit, &mut total, grads);
        sums.add(&part_sums);
    }
    Ok((total, sums))
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

/// A scalar of the same value that has a gradient even if it depends on no trained parameter, as the loss of a text-only
/// batch does while only the reference path is trained.
pub(crate) fn differentiable(scalar: Tensor<1>) -> Tensor<1> {
    let zero = Tensor::<1>::zeros([1], &scalar.device()).autodiff().require_grad();
    scalar + zero
}

/// Global 2-norm of all gradients.
pub(crate) fn global_norm(dit: &Dit, grads: &GradientsParams) -> f64 {
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

/// Scales all gradients so that their global norm is at most `max_norm`; returns the norm before. Burn's own clipping is
/// per tensor.
pub(crate) fn clip(dit: &Dit, grads: &mut GradientsParams, max_norm: f64) -> f64 {
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

/// Gradients on the host by checkpoint name; Linear weights are `[out, in]`, as in checkpoints.
pub(crate) fn by_name(dit: &Dit, grads: &GradientsParams) -> Result<BTreeMap<String, ArrayD<f32>>> {
    let mut named = Named { grads, out: Ok(BTreeMap::new()) };
    named::visit(dit, &mut named);
    named.out
}

struct Named<'a> {
    grads: &'a GradientsParams,
    out: Result<BTreeMap<String, ArrayD<f32>>>,
}

impl Visit for Named<'_> {
    fn float<const D: usize>(&mut self, name: &str, param: &Param<Tensor<D>>) {
        let name = checkpoint_name(name);
        let (Some(grad), Ok(out)) = (self.grads.get::<D>(param.id), &mut self.out) else { return };
        match array(grad) {
            Ok(grad) => {
                let transposed = is_linear(&name, D);
                out.insert(name, if transposed { grad.t().as_standard_layout().into_owned() } else { grad });
            }
            Err(error) => self.out = Err(error),
        }
    }
}

fn array<const D: usize>(tensor: Tensor<D>) -> Result<ArrayD<f32>> {
    let shape = IxDyn(&tensor.dims());
    ArrayD::from_shape_vec(shape, to_host(tensor)?).map_err(Error::internal)
}

/// The values of a tensor in f32, in row-major order.
pub(crate) fn to_host<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    let values = tensor.cast(FloatDType::F32).try_into_vec_as::<f32>();
    values.map_err(Error::internal)
}

//! Gradients and weights as flat buffers, and their sums over all processes.
//!
//! The loss of a batch is a weighted sum over its clips divided by the sum of the weights. The gradient over the clips of
//! all processes is hence the mean of theirs, weighted by each process's share of that sum.

use std::ops::Range;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{FloatDType, Tensor, TensorData};

use super::{Collective, unavailable};
use crate::error::{Error, Result};
use crate::model::Dit;
use crate::train::grads::{PartGradients, to_host};
use crate::train::loss::LossSums;

/// Maximum values of a buffer, 64 MiB, unless a single parameter has more. Bounds the memory in addition to gradients.
const BUCKET: usize = 1 << 24;

/// The gradient of the loss over the clips of all processes, from the gradients of each, and the loss's sums.
pub(crate) fn sum_gradients(
    collective: &dyn Collective,
    dit: &Dit,
    own: Result<PartGradients>,
) -> Result<PartGradients> {
    let (mut grads, sums, error) = match own {
        Ok((grads, sums)) => (grads, sums, None),
        Err(error) => (GradientsParams::new(), LossSums::default(), Some(error)),
    };
    let mut header = Header { grads: &grads, present: vec![], sizes: vec![] };
    dit.visit(&mut header);
    // A process without a clip that attends to its reference has no gradient for the reference path; another may.
    let Header { mut present, sizes, .. } = header;
    present.extend(sums.to_array().map(|v| v as f32));
    present.push(if error.is_some() { 1.0 } else { 0.0 });
    collective.all_reduce_sum(&mut present)?;
    error.map_or(Ok(()), Err)?;
    let [text, text_weight, reference, reference_weight, failed] = std::array::from_fn(|i| present[sizes.len() + i]);
    if failed > 0.0 {
        return Err(unavailable("process group", "another process failed in this step; see its message"));
    }
    let total = LossSums::from_array([text, text_weight, reference, reference_weight].map(f64::from));
    let scale = sums.weight_sum() / total.weight_sum();
    for bucket in buckets(&sizes) {
        let values = Vec::with_capacity(sizes[bucket.clone()].iter().sum());
        let mut pack = Pack { grads: &grads, scale, bucket: bucket.clone(), at: 0, values, failed: None };
        dit.visit(&mut pack);
        let Pack { mut values, failed, .. } = pack;
        failed.map_or(Ok(()), Err)?;
        collective.all_reduce_sum(&mut values)?;
        dit.visit(&mut Unpack { grads: &mut grads, present: &present, bucket, at: 0, values: &values });
    }
    Ok((grads, total))
}

/// The module with the weights of process 0 on all processes.
pub(crate) fn from_first(collective: &dyn Collective, dit: Dit) -> Result<Dit> {
    exchange(collective, dit, |_| Some(0))
}

/// The module with each trained parameter's value of the process that owns it, by their order.
pub(crate) fn from_owners(collective: &dyn Collective, owners: &[Option<usize>], dit: Dit) -> Result<Dit> {
    exchange(collective, dit, |at| owners.get(at).copied().flatten())
}

fn exchange(collective: &dyn Collective, dit: Dit, owner: impl Fn(usize) -> Option<usize>) -> Result<Dit> {
    let mut mapper = Exchange { collective, owner, at: 0, failed: None };
    let dit = dit.map(&mut mapper);
    mapper.failed.map_or(Ok(dit), Err)
}

/// The `size` values of the process that has them, in all processes.
pub(crate) fn to_first(collective: &dyn Collective, own: Option<Vec<f32>>, size: usize) -> Result<Vec<f32>> {
    let mut values = own.unwrap_or_else(|| vec![0.0; size]);
    collective.all_reduce_sum(&mut values)?;
    Ok(values)
}

/// Does work in process 0, while the others help and then wait for it; `None` in those.
pub(crate) fn by_first<T>(
    collective: &dyn Collective,
    work: impl FnOnce() -> Result<T>,
    help: impl FnOnce() -> Result<()>,
) -> Result<Option<T>> {
    let result = if collective.rank() == 0 { work().map(Some) } else { help().map(|()| None) };
    let mut failed = [if result.is_err() { 1.0 } else { 0.0 }];
    collective.all_reduce_sum(&mut failed)?;
    if failed[0] > 0.0 && result.is_ok() {
        return Err(unavailable("process group", "another process failed; see its message"));
    }
    result
}

/// Ranges of parameters with at most [`BUCKET`] values each, or one parameter.
fn buckets(sizes: &[usize]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = vec![];
    let mut filled = 0;
    for (i, size) in sizes.iter().enumerate() {
        match found.last_mut() {
            Some(last) if filled + size <= BUCKET => {
                last.end = i + 1;
                filled += size;
            }
            _ => {
                found.push(i..i + 1);
                filled = *size;
            }
        }
    }
    found
}

/// Whether each parameter has a gradient, as 1 or 0, and its size.
struct Header<'a> {
    grads: &'a GradientsParams,
    present: Vec<f32>,
    sizes: Vec<usize>,
}

impl ModuleVisitor for Header<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.present.push(if self.grads.get::<D>(param.id).is_some() { 1.0 } else { 0.0 });
        let frozen = !param.val().is_require_grad();
        self.sizes.push(if frozen { 0 } else { param.lazy_shape().num_elements() });
    }
}

/// Writes the gradients of a bucket one after another, zeros where there is none.
struct Pack<'a> {
    grads: &'a GradientsParams,
    scale: f64,
    bucket: Range<usize>,
    at: usize,
    values: Vec<f32>,
    failed: Option<Error>,
}

impl ModuleVisitor for Pack<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let at = self.at;
        self.at += 1;
        if !self.bucket.contains(&at) || !param.val().is_require_grad() {
            return;
        }
        let size = param.lazy_shape().num_elements();
        match self.grads.get::<D>(param.id).map(|grad| to_host(grad.cast(FloatDType::F32) * self.scale)) {
            None => self.values.extend(std::iter::repeat_n(0.0, size)),
            Some(Ok(values)) => self.values.extend(values),
            Some(Err(error)) => self.failed = Some(error),
        }
    }
}

/// Takes the gradients of a bucket back, where any process had one.
struct Unpack<'a> {
    grads: &'a mut GradientsParams,
    present: &'a [f32],
    bucket: Range<usize>,
    at: usize,
    values: &'a [f32],
}

impl ModuleVisitor for Unpack<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let at = self.at;
        self.at += 1;
        let value = param.val();
        if !self.bucket.contains(&at) || !value.is_require_grad() {
            return;
        }
        let (values, rest) = self.values.split_at(param.lazy_shape().num_elements());
        self.values = rest;
        if self.present[at] > 0.0 {
            let data = TensorData::new(values.to_vec(), param.lazy_shape());
            let device = value.device().without_autodiff();
            self.grads.register::<D>(param.id, Tensor::from_data(data, &device));
        }
    }
}

/// Replaces each parameter that has an owner by the owner's value: the others add zeros to it.
struct Exchange<'a, F: Fn(usize) -> Option<usize>> {
    collective: &'a dyn Collective,
    owner: F,
    at: usize,
    failed: Option<Error>,
}

impl<F: Fn(usize) -> Option<usize>> Exchange<'_, F> {
    fn value<const D: usize>(&self, value: &Tensor<D>, owner: usize) -> Result<Tensor<D>> {
        let plain = value.clone().without_autodiff();
        let own = if self.collective.rank() == owner { Some(to_host(plain.clone())?) } else { None };
        let values = to_first(self.collective, own, plain.shape().num_elements())?;
        let data = TensorData::new(values, plain.shape());
        Ok(Tensor::<D>::from_data(data, &plain.device()).cast(plain.dtype()))
    }
}

impl<F: Fn(usize) -> Option<usize>> ModuleMapper for Exchange<'_, F> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let at = self.at;
        self.at += 1;
        let Some(owner) = (self.owner)(at).filter(|_| self.failed.is_none()) else { return param };
        let old = param.val();
        match self.value(&old, owner) {
            Ok(new) if old.is_require_grad() => Param::initialized(param.id, new.autodiff().require_grad()),
            Ok(new) if old.is_autodiff() => Param::initialized(param.id, new.autodiff()),
            Ok(new) => Param::initialized(param.id, new),
            Err(error) => {
                self.failed = Some(error);
                param
            }
        }
    }
}

//! An optimiser's update and the moving average of weights, each in one pass over memory and on all threads, where Burn
//! takes a pass of one thread for every operation. The results are those of Burn's operations to the last bit.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Flex, backend_extension};
use burn::tensor::Tensor;
use rayon::prelude::*;

use super::fused::{CpuTensor, dense, filled, numbers};
use super::simd::simd;
use super::{Dispatch, is_inference};

/// Numbers per parallel task.
const CHUNK: usize = 16_384;

/// AdamW (arXiv 1711.05101) at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AdamW {
    pub beta_1: f32,
    pub beta_2: f32,
    pub eps: f32,
    /// Factor of the weights before the step: 1 less the decay.
    pub keep: f32,
    pub lr: f32,
    /// This step's number, from 1; at the first there are no moments yet.
    pub time: i32,
}

/// The factors of [`AdamW`]'s loop.
#[derive(Clone, Copy)]
pub(super) struct Factors {
    rule: AdamW,
    /// `1 - beta`
    rest: (f32, f32),
    /// `1 - beta^time`
    bias: (f32, f32),
}

#[backend_extension(Flex)]
trait Updates: Backend {
    fn adamw(
        weights: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        rule: AdamW,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
    fn blend(a: FloatTensor<Self>, b: FloatTensor<Self>, share_a: f32, share_b: f32) -> FloatTensor<Self>;
}

impl Updates for Flex {
    fn adamw(
        weights: CpuTensor,
        grad: CpuTensor,
        first: CpuTensor,
        second: CpuTensor,
        rule: AdamW,
    ) -> (CpuTensor, CpuTensor, CpuTensor) {
        let (weights, grad) = (dense(weights), dense(grad));
        let (mut first, mut second) = (own(first), own(second));
        let factors = Factors {
            rule,
            rest: (1.0 - rule.beta_1, 1.0 - rule.beta_2),
            bias: (1.0 - rule.beta_1.powi(rule.time), 1.0 - rule.beta_2.powi(rule.time)),
        };
        let updated = filled(&weights, |to| {
            let moments =
                first.storage_mut::<f32>().par_chunks_mut(CHUNK).zip(second.storage_mut::<f32>().par_chunks_mut(CHUNK));
            let inputs = numbers(&weights).par_chunks(CHUNK).zip(numbers(&grad).par_chunks(CHUNK));
            let all = to.par_chunks_mut(CHUNK).zip(moments).zip(inputs);
            all.for_each(|((to, (m, v)), (weights, grad))| step(to, m, v, weights, grad, &factors));
        });
        (updated, first, second)
    }

    fn blend(a: CpuTensor, b: CpuTensor, share_a: f32, share_b: f32) -> CpuTensor {
        let (a, b) = (dense(a), dense(b));
        filled(&a, |to| {
            let inputs = numbers(&a).par_chunks(CHUNK).zip(numbers(&b).par_chunks(CHUNK));
            to.par_chunks_mut(CHUNK).zip(inputs).for_each(|(to, (a, b))| mix(to, a, b, share_a, share_b));
        })
    }
}

/// The tensor as the whole of a buffer of its own.
fn own(x: CpuTensor) -> CpuTensor {
    match x.is_contiguous() && x.storage::<f32>().len() == x.layout().shape().num_elements() {
        true => x,
        false => filled(&x, |to| to.copy_from_slice(numbers(&dense(x.clone())))),
    }
}

simd! {
    fn step(to: &mut [f32], first: &mut [f32], second: &mut [f32], weights: &[f32], grad: &[f32], f: &Factors) {
        let n = to.len();
        let (first, second, weights, grad) = (&mut first[..n], &mut second[..n], &weights[..n], &grad[..n]);
        let Factors { rule, rest, bias } = *f;
        for i in 0..n {
            let g = grad[i];
            let (m, v) = (g * rest.0, g * g * rest.1);
            let (m, v) = match rule.time {
                1 => (m, v),
                _ => (first[i] * rule.beta_1 + m, second[i] * rule.beta_2 + v),
            };
            (first[i], second[i]) = (m, v);
            let delta = m / bias.0 / ((v / bias.1).sqrt() + rule.eps);
            to[i] = weights[i] * rule.keep - delta * rule.lr;
        }
    }

    fn mix(to: &mut [f32], a: &[f32], b: &[f32], share_a: f32, share_b: f32) {
        let (a, b) = (&a[..to.len()], &b[..to.len()]);
        for (to, (a, b)) in to.iter_mut().zip(a.iter().zip(b)) {
            *to = a * share_a + b * share_b;
        }
    }
}

/// The weights after a step and their moments, if this device has the kernel for it. At the first step the moments may be
/// anything of the right size.
pub(crate) fn adamw(
    weights: &Tensor<1>,
    grad: &Tensor<1>,
    moments: (Tensor<1>, Tensor<1>),
    rule: AdamW,
) -> (Tensor<1>, Tensor<1>, Tensor<1>) {
    let (weights, grad) = (weights.clone().into_dispatch(), grad.clone().into_dispatch());
    let (first, second) = (moments.0.into_dispatch(), moments.1.into_dispatch());
    let (weights, first, second) = Dispatch::adamw(weights, grad, first, second, rule);
    (Tensor::from_dispatch(weights), Tensor::from_dispatch(first), Tensor::from_dispatch(second))
}

/// Whether [`adamw`] can be used for a tensor.
pub(crate) fn has_adamw<const D: usize>(x: &Tensor<D>) -> bool {
    is_inference(x)
}

/// `a * share + b * (1 - share)`
pub(crate) fn blend<const D: usize>(a: Tensor<D>, b: Tensor<D>, share: f64) -> Tensor<D> {
    match is_inference(&a) && is_inference(&b) {
        true => {
            let (share_a, share_b) = (share as f32, (1.0 - share) as f32);
            Tensor::from_dispatch(Dispatch::blend(a.into_dispatch(), b.into_dispatch(), share_a, share_b))
        }
        false => a * share + b * (1.0 - share),
    }
}

#[cfg(test)]
mod tests {
    use burn::optim::{AdamWConfig, Optimizer as _};
    use burn::tensor::{Device, Distribution};

    use super::*;

    fn random(scale: f64) -> Tensor<1> {
        // More than two chunks and no whole ones.
        Tensor::random([2 * CHUNK + 37], Distribution::Normal(0.0, scale), &Device::flex())
    }

    fn bits(x: &Tensor<1>) -> Vec<u32> {
        x.clone().into_data().iter::<f32>().map(f32::to_bits).collect()
    }

    #[test]
    fn an_update_is_burns_to_the_last_bit() {
        let config = AdamWConfig::new().with_beta_1(0.9).with_beta_2(0.95).with_epsilon(1e-8).with_weight_decay(1e-4);
        let burn = config.build();
        let (mut want, mut state) = (random(1.0), None);
        let (mut got, mut moments) = (want.clone(), (random(1.0), random(1.0)));
        for time in 1..=4 {
            let (grad, lr) = (random(1e-3), 2e-4 * f64::from(time));
            (want, state) = burn.step(lr, want, grad.clone(), state);
            let keep = (1.0 - lr * f64::from(1e-4f32)) as f32;
            let rule = AdamW { beta_1: 0.9, beta_2: 0.95, eps: 1e-8, keep, lr: lr as f32, time };
            let (weights, first, second) = adamw(&got, &grad, moments, rule);
            (got, moments) = (weights, (first, second));
            let state = &state.as_ref().unwrap().momentum;
            assert_eq!(bits(&got), bits(&want), "step {time}");
            assert_eq!(bits(&moments.0), bits(&state.moment_1), "step {time}");
            assert_eq!(bits(&moments.1), bits(&state.moment_2), "step {time}");
        }
    }

    #[test]
    fn an_average_is_burns_to_the_last_bit() {
        let (a, b, share) = (random(1.0), random(1.0), 0.9999);
        let want = a.clone() * share + b.clone() * (1.0 - share);
        assert_eq!(bits(&blend(a, b, share)), bits(&want));
    }
}

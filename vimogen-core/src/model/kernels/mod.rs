//! Operations that the CPU backend runs as one fused kernel with its own gradient; other backends get the same formula
//! as a chain of Burn operations, which is also what the kernels are tested against.
//!
//! Values in half precision are widened between the matrix products: a norm's sums and a softmax's
//! exponentials would lose too much.

#![cfg_attr(not(feature = "train"), allow(dead_code, reason = "gradients are for training"))]

mod attention;
pub mod cpu;
mod fused;
mod gelu;
pub(crate) mod linear;
mod norm;
mod simd;
mod softmax;
#[cfg(feature = "train")]
pub(crate) mod update;

use burn::tensor::module::attention as burn_attention;
use burn::tensor::ops::AttentionModuleOptions;
use burn::tensor::{Bool, DType, Device, FloatDType, Int, Tensor};
use fused::Fused;

type Dispatch = burn::backend::Dispatch;

/// Whether the tensor is f32 on the CPU backend, which has the fused kernels.
fn is_fused<const D: usize>(x: &Tensor<D>) -> bool {
    x.dtype() == DType::F32 && x.device().inner() == Device::flex()
}

/// Whether the tensor is in half precision, as in training with [`crate::train::Precision::Bf16`].
fn is_half<const D: usize>(x: &Tensor<D>) -> bool {
    matches!(x.dtype(), DType::BF16 | DType::F16)
}

/// `f` of the widened tensor, in the type of the tensor.
fn widened<const D: usize>(x: Tensor<D>, f: impl FnOnce(Tensor<D>) -> Tensor<D>) -> Tensor<D> {
    let dtype = x.dtype();
    f(x.cast(FloatDType::F32)).cast(dtype)
}

/// Whether the inference kernels accept the tensor: fused, and without gradients.
pub(crate) fn is_inference<const D: usize>(x: &Tensor<D>) -> bool {
    is_fused(x) && !x.device().is_autodiff()
}

/// Runs `f` on a thread of the pool that the kernels share their work among. From outside the pool every kernel would wait
/// for one of its threads to wake, which takes longer than a kernel of a small model.
pub(crate) fn in_pool<T: Send>(device: &Device, f: impl FnOnce() -> T + Send) -> T {
    // Probes are thread-local.
    match *device == Device::flex() && !super::probe::is_watched() {
        true => crate::process::in_pool(f),
        false => f(),
    }
}

/// Checks that the device can be used in this process, which may have been forked.
///
/// # Errors
/// [`crate::Error::Device`] naming the remedy.
pub(crate) fn check_process(device: &Device) -> crate::Result<()> {
    if *device == Device::flex() { crate::process::with_pool(|| ()) } else { crate::process::check_accelerator() }
}

/// GELU, tanh form: `x * sigmoid(2u)`, `u = sqrt(2/pi) (x + 0.044715 x^3)`.
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if is_half(&x) {
        return widened(x, gelu);
    }
    match is_fused(&x) {
        true => Tensor::from_dispatch(Dispatch::fused_gelu(x.into_dispatch())),
        false => portable::gelu(x),
    }
}

/// `LN(x) * scale + shift`, layer norm over the last axis.
///
/// # Shapes
///
/// - x, output: `[batch, tokens, dim]`
/// - scale, shift: `[batch or 1, 1, dim]`, in f32
pub fn layer_norm(x: Tensor<3>, scale: Tensor<3>, shift: Tensor<3>, eps: f64) -> Tensor<3> {
    if is_half(&x) {
        return widened(x, |x| layer_norm(x, scale, shift, eps));
    }
    match is_fused(&x) {
        true => {
            let (x, scale, shift) = (x.into_dispatch(), scale.into_dispatch(), shift.into_dispatch());
            Tensor::from_dispatch(Dispatch::fused_layer_norm(x, scale, shift, eps as f32))
        }
        false => portable::layer_norm(x, scale, shift, eps),
    }
}

/// `weight * x / sqrt(mean(x^2) + eps)` over the last axis.
///
/// # Shapes
///
/// - x, output: `[batch, tokens, dim]`
/// - weight: `[1, 1, dim]`, in f32
pub fn rms_norm(x: Tensor<3>, weight: Tensor<3>, eps: f64) -> Tensor<3> {
    if is_half(&x) {
        return widened(x, |x| rms_norm(x, weight, eps));
    }
    match is_fused(&x) {
        true => {
            let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
            Tensor::from_dispatch(Dispatch::fused_rms_norm(x, weight, eps as f32))
        }
        false => portable::rms_norm(x, weight, eps),
    }
}

/// `x + y * gate`
///
/// # Shapes
///
/// - x, y, output: `[batch, tokens, dim]`
/// - gate: `[batch or 1, 1, dim]`, in f32
pub fn add_gated(x: Tensor<3>, y: Tensor<3>, gate: Tensor<3>) -> Tensor<3> {
    if is_half(&x) {
        return widened(x, |x| add_gated(x, y, gate));
    }
    let y = y.cast(x.dtype());
    match is_fused(&x) {
        true => {
            let (x, y, gate) = (x.into_dispatch(), y.into_dispatch(), gate.into_dispatch());
            Tensor::from_dispatch(Dispatch::fused_gated(x, y, gate))
        }
        false => x + y * gate,
    }
}

/// `softmax(q k^T / sqrt(dim / heads)) v` for each head; sample `i` sees its first `lengths[i]` keys, and one that sees
/// none gets zeros.
///
/// # Shapes
///
/// - q, output: `[batch, queries, dim]`
/// - k, v: `[batch, keys, dim]`
pub fn attention(q: Tensor<3>, k: Tensor<3>, v: Tensor<3>, lengths: &[usize], heads: usize) -> Tensor<3> {
    // Elsewhere the backend's own attention takes half precision and adds up in f32.
    if is_half(&q) && q.device().inner() == Device::flex() {
        let wide = |x: Tensor<3>| x.cast(FloatDType::F32);
        return widened(q, |q| attention(q, wide(k), wide(v), lengths, heads));
    }
    match is_fused(&q) {
        true => {
            let (q, k, v) = (q.into_dispatch(), k.into_dispatch(), v.into_dispatch());
            Tensor::from_dispatch(Dispatch::fused_attention(q, k, v, lengths.to_vec(), heads))
        }
        false => portable::attention(q, k, v, lengths, heads),
    }
}

/// The same operations from Burn's own.
pub mod portable {
    use super::{AttentionModuleOptions, Bool, Int, Tensor, burn_attention, gelu as constants};

    /// See [`super::gelu`].
    pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
        let u = x.clone() * constants::A + x.clone() * x.clone() * x.clone() * constants::B;
        // Without the clamp exp overflows and the gradient is NaN below x = -10.
        x / ((u * -2.0).clamp_max(80.0).exp() + 1.0)
    }

    /// See [`super::layer_norm`].
    pub fn layer_norm(x: Tensor<3>, scale: Tensor<3>, shift: Tensor<3>, eps: f64) -> Tensor<3> {
        let (variance, mean) = x.clone().var_mean_bias(2);
        (x - mean) / (variance + eps).sqrt() * scale + shift
    }

    /// See [`super::rms_norm`].
    pub fn rms_norm(x: Tensor<3>, weight: Tensor<3>, eps: f64) -> Tensor<3> {
        let inverse = (x.clone().square().mean_dim(2) + eps).sqrt().recip();
        x * inverse * weight
    }

    /// See [`super::attention`].
    pub fn attention(q: Tensor<3>, k: Tensor<3>, v: Tensor<3>, lengths: &[usize], heads: usize) -> Tensor<3> {
        let [batch, queries, dim] = q.dims();
        let split = |x: Tensor<3>| {
            let [batch, tokens, dim] = x.dims();
            x.reshape([batch, tokens, heads, dim / heads]).swap_dims(1, 2)
        };
        let mask = mask(lengths, &k).map(|m| m.expand([batch, heads, queries, k.dims()[1]]));
        let y = burn_attention(split(q), split(k), split(v), mask, None, AttentionModuleOptions::default());
        y.swap_dims(1, 2).reshape([batch, queries, dim])
    }

    /// Which keys are hidden, `[batch, 1, 1, keys]`; none if all are seen.
    fn mask(lengths: &[usize], k: &Tensor<3>) -> Option<Tensor<4, Bool>> {
        let [batch, keys, _] = k.dims();
        if lengths.iter().all(|len| *len >= keys) {
            return None;
        }
        let device = k.device();
        let lengths: Vec<i32> = lengths.iter().map(|len| *len as i32).collect();
        let lengths = Tensor::<1, Int>::from_ints(lengths.as_slice(), &device).reshape([batch, 1, 1, 1]);
        let index = Tensor::<1, Int>::arange(0..keys as i64, &device).reshape([1, 1, 1, keys]);
        Some(index.expand([batch, 1, 1, keys]).greater_equal(lengths.expand([batch, 1, 1, keys])))
    }
}

#[cfg(all(test, feature = "train"))]
mod tests;

//! The kernels as Burn operations of the CPU backend.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Flex, backend_extension};
use burn::tensor::{DType, Shape};

use super::{attention, gelu, norm};

#[cfg_attr(feature = "train", backend_extension(Autodiff, Flex))]
#[cfg_attr(not(feature = "train"), backend_extension(Flex))]
pub(super) trait Fused: Backend {
    fn fused_gelu(x: FloatTensor<Self>) -> FloatTensor<Self>;
    fn fused_layer_norm(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        eps: f32,
    ) -> FloatTensor<Self>;
    fn fused_rms_norm(x: FloatTensor<Self>, weight: FloatTensor<Self>, eps: f32) -> FloatTensor<Self>;
    fn fused_gated(x: FloatTensor<Self>, y: FloatTensor<Self>, gate: FloatTensor<Self>) -> FloatTensor<Self>;
    fn fused_attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        lengths: Vec<usize>,
        heads: usize,
    ) -> FloatTensor<Self>;
}

pub(super) type CpuTensor = FloatTensor<Flex>;

/// The values of a dense tensor.
pub(super) fn numbers(x: &CpuTensor) -> &[f32] {
    let start = x.layout().start_offset();
    let len = x.layout().shape().num_elements();
    &x.storage::<f32>()[start..start + len]
}

/// The tensor with contiguous values: part of a larger buffer stays where it is.
pub(super) fn dense(x: CpuTensor) -> CpuTensor {
    if x.is_contiguous() { x } else { x.to_contiguous() }
}

/// A new tensor of the shape of `like`, filled by `f`.
pub(super) fn filled(like: &CpuTensor, f: impl FnOnce(&mut [f32])) -> CpuTensor {
    let mut out = CpuTensor::empty(like.layout().shape().clone(), DType::F32);
    f(out.storage_mut::<f32>());
    out
}

pub(super) fn tensor(values: Vec<f32>, shape: &Shape) -> CpuTensor {
    CpuTensor::from_data(burn::tensor::TensorData::new(values, shape.clone()))
}

/// Sizes of a norm call from `x` and a parameter `[batch or 1, 1, dim]`.
fn norm_sizes(x: &CpuTensor, param: &CpuTensor) -> norm::Sizes {
    let (x, param) = (x.layout().shape().as_slice(), param.layout().shape().as_slice());
    assert!(x.len() == 3 && param.last() == x.last(), "x {x:?} does not fit its parameter {param:?}");
    norm::Sizes { tokens: x[1], dim: x[2], shared: param[0] == 1 }
}

fn attention_sizes(q: &CpuTensor, k: &CpuTensor, heads: usize) -> attention::Sizes {
    let (q, k) = (q.layout().shape().as_slice(), k.layout().shape().as_slice());
    assert!(q.len() == 3 && k.len() == 3 && q[0] == k[0] && q[2] == k[2], "q {q:?} does not fit k {k:?}");
    attention::Sizes { batch: q[0], queries: q[1], keys: k[1], dim: q[2], heads }
}

impl Fused for Flex {
    fn fused_gelu(x: CpuTensor) -> CpuTensor {
        let x = dense(x);
        filled(&x, |out| gelu::forward(out, numbers(&x)))
    }

    fn fused_layer_norm(x: CpuTensor, scale: CpuTensor, shift: CpuTensor, eps: f32) -> CpuTensor {
        let (x, scale, shift) = (dense(x), dense(scale), dense(shift));
        let sizes = norm_sizes(&x, &scale);
        filled(&x, |out| norm::layer(out, numbers(&x), numbers(&scale), numbers(&shift), eps, sizes))
    }

    fn fused_rms_norm(x: CpuTensor, weight: CpuTensor, eps: f32) -> CpuTensor {
        let (x, weight) = (dense(x), dense(weight));
        let sizes = norm_sizes(&x, &weight);
        filled(&x, |out| norm::rms(out, numbers(&x), numbers(&weight), eps, sizes))
    }

    fn fused_gated(x: CpuTensor, y: CpuTensor, gate: CpuTensor) -> CpuTensor {
        let (x, y, gate) = (dense(x), dense(y), dense(gate));
        let sizes = norm_sizes(&x, &gate);
        filled(&x, |out| norm::gated(out, numbers(&x), numbers(&y), numbers(&gate), sizes))
    }

    fn fused_attention(q: CpuTensor, k: CpuTensor, v: CpuTensor, lengths: Vec<usize>, heads: usize) -> CpuTensor {
        let (q, k, v) = (dense(q), dense(k), dense(v));
        let sizes = attention_sizes(&q, &k, heads);
        filled(&q, |out| attention::forward(out, numbers(&q), numbers(&k), numbers(&v), &lengths, sizes))
    }
}

#[cfg(feature = "train")]
pub(super) use autodiff::tracked;

#[cfg(feature = "train")]
mod autodiff {
    //! Gradients. Each recomputes what it needs from the inputs, so only those are kept.

    use burn::backend::Autodiff;
    use burn::backend::autodiff::checkpoint::base::Checkpointer;
    use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
    use burn::backend::autodiff::grads::Gradients;
    use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};

    use super::*;

    /// Declares an operation by the gradients of its `$n` inputs, from what its forward pass keeps and the gradient of its
    /// output.
    macro_rules! gradients {
        ($Op:ident, $n:literal, $Kept:ty, |$kept:pat_param, $grad:ident| $gradients:expr) => {
            #[derive(Debug)]
            struct $Op;
            impl Backward<Flex, $n> for $Op {
                type State = $Kept;
                fn backward(self, ops: Ops<Self::State, $n>, grads: &mut Gradients, _: &mut Checkpointer) {
                    let ($kept, $grad) = (ops.state, grads.consume::<Flex>(&ops.node));
                    for (node, grad) in ops.parents.into_iter().zip($gradients) {
                        if let Some(node) = node {
                            grads.register::<Flex>(node.id, grad);
                        }
                    }
                }
            }
        };
    }

    gradients!(Gelu, 1, CpuTensor, |x, grad| {
        let (x, grad) = (dense(x), dense(grad));
        [filled(&x, |out| gelu::backward(out, numbers(&x), numbers(&grad)))]
    });

    gradients!(LayerNorm, 3, (CpuTensor, CpuTensor, f32), |(x, scale, eps), grad| {
        let (x, scale, grad) = (dense(x), dense(scale), dense(grad));
        let sizes = norm_sizes(&x, &scale);
        let (dx, dscale, dshift) = norm::layer_backward(numbers(&x), numbers(&scale), numbers(&grad), eps, sizes);
        let row = scale.layout().shape();
        [tensor(dx, x.layout().shape()), tensor(dscale, row), tensor(dshift, row)]
    });

    gradients!(RmsNorm, 2, (CpuTensor, CpuTensor, f32), |(x, weight, eps), grad| {
        let (x, weight, grad) = (dense(x), dense(weight), dense(grad));
        let sizes = norm_sizes(&x, &weight);
        let (dx, dweight) = norm::rms_backward(numbers(&x), numbers(&weight), numbers(&grad), eps, sizes);
        [tensor(dx, x.layout().shape()), tensor(dweight, weight.layout().shape())]
    });

    gradients!(Gated, 3, (CpuTensor, CpuTensor), |(y, gate), grad| {
        let (y, gate, dense_grad) = (dense(y), dense(gate), dense(grad.clone()));
        let sizes = norm_sizes(&y, &gate);
        let (dy, dgate) = norm::gated_backward(numbers(&y), numbers(&gate), numbers(&dense_grad), sizes);
        [grad, tensor(dy, y.layout().shape()), tensor(dgate, gate.layout().shape())]
    });

    gradients!(Attention, 3, ([CpuTensor; 3], Vec<usize>, usize), |([q, k, v], lengths, heads), grad| {
        let (q, k, v, grad) = (dense(q), dense(k), dense(v), dense(grad));
        let sizes = attention_sizes(&q, &k, heads);
        let (dq, dk, dv) = attention::backward(numbers(&q), numbers(&k), numbers(&v), numbers(&grad), &lengths, sizes);
        [tensor(dq, q.layout().shape()), tensor(dk, k.layout().shape()), tensor(dv, v.layout().shape())]
    });

    /// Registers `$op` with its inputs as parents and `$state` as what its backward pass gets.
    macro_rules! tracked {
        ($op:expr, [$($input:ident),+], $state:expr, $forward:expr) => {{
            let prepared = $op.prepare::<C>([$($input.node()),+]).compute_bound().stateful();
            $(let $input = $input.into_primitive();)+
            match prepared {
                OpsKind::Tracked(prep) => {
                    let state = $state;
                    prep.finish(state, $forward)
                }
                OpsKind::UnTracked(prep) => prep.finish($forward),
            }
        }};
    }

    pub(in super::super) use tracked;

    impl<C: CheckpointStrategy> Fused for Autodiff<Flex, C> {
        fn fused_gelu(x: FloatTensor<Self>) -> FloatTensor<Self> {
            tracked!(Gelu, [x], x.clone(), Flex::fused_gelu(x))
        }

        fn fused_layer_norm(
            x: FloatTensor<Self>,
            scale: FloatTensor<Self>,
            shift: FloatTensor<Self>,
            eps: f32,
        ) -> FloatTensor<Self> {
            let forward = Flex::fused_layer_norm;
            tracked!(LayerNorm, [x, scale, shift], (x.clone(), scale.clone(), eps), forward(x, scale, shift, eps))
        }

        fn fused_rms_norm(x: FloatTensor<Self>, weight: FloatTensor<Self>, eps: f32) -> FloatTensor<Self> {
            tracked!(RmsNorm, [x, weight], (x.clone(), weight.clone(), eps), Flex::fused_rms_norm(x, weight, eps))
        }

        fn fused_gated(x: FloatTensor<Self>, y: FloatTensor<Self>, gate: FloatTensor<Self>) -> FloatTensor<Self> {
            tracked!(Gated, [x, y, gate], (y.clone(), gate.clone()), Flex::fused_gated(x, y, gate))
        }

        fn fused_attention(
            q: FloatTensor<Self>,
            k: FloatTensor<Self>,
            v: FloatTensor<Self>,
            lengths: Vec<usize>,
            heads: usize,
        ) -> FloatTensor<Self> {
            let forward = Flex::fused_attention;
            tracked!(
                Attention,
                [q, k, v],
                ([q.clone(), k.clone(), v.clone()], lengths.clone(), heads),
                forward(q, k, v, lengths, heads)
            )
        }
    }
}

//! Packed layers as Burn operations of the CPU backend. They have no gradients.

use std::sync::Arc;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Flex, backend_extension};
use burn::tensor::{Shape, Tensor};

use super::super::cpu::Level;
use super::super::fused::{dense, numbers, tensor};
use super::pack::Packed;
use super::product;

type Dispatch = burn::backend::Dispatch;

#[backend_extension(Flex)]
trait PackedLayers: Backend {
    fn packed_linear(x: FloatTensor<Self>, weights: Vec<Arc<Packed>>) -> FloatTensor<Self>;
    fn packed_mlp(x: FloatTensor<Self>, first: Arc<Packed>, second: Arc<Packed>) -> FloatTensor<Self>;
}

impl PackedLayers for Flex {
    fn packed_linear(x: FloatTensor<Self>, weights: Vec<Arc<Packed>>) -> FloatTensor<Self> {
        let x = dense(x);
        let [batch, tokens, _] = shape(&x);
        let weights: Vec<&Packed> = weights.iter().map(Arc::as_ref).collect();
        let out = product::linear(numbers(&x), batch * tokens, &weights, Level::current());
        tensor(out, &Shape::new([weights.len(), batch, tokens, weights[0].outputs]))
    }

    fn packed_mlp(x: FloatTensor<Self>, first: Arc<Packed>, second: Arc<Packed>) -> FloatTensor<Self> {
        let x = dense(x);
        let [batch, tokens, _] = shape(&x);
        let out = product::mlp(numbers(&x), batch * tokens, &first, &second, Level::current());
        tensor(out, &Shape::new([batch, tokens, second.outputs]))
    }
}

fn shape(x: &FloatTensor<Flex>) -> [usize; 3] {
    let shape = x.layout().shape().as_slice();
    shape.try_into().unwrap_or_else(|_| unreachable!("x has the axes batch, tokens, dim, not {shape:?}"))
}

/// `x weight + bias` for several weights of one shape, which read the rows of `x` once.
///
/// # Shapes
///
/// - x: `[batch, tokens, inputs]`, f32 on the CPU backend, without gradients
/// - output: `N` times `[batch, tokens, outputs]`
pub(crate) fn linear<const N: usize>(x: Tensor<3>, weights: [&Arc<Packed>; N]) -> [Tensor<3>; N] {
    let [_, tokens, _] = x.dims();
    let outputs = weights.map(|w| w.outputs)[0];
    let weights = weights.into_iter().cloned().collect();
    let y: Tensor<4> = Tensor::from_dispatch(Dispatch::packed_linear(x.into_dispatch(), weights));
    let [_, batch, ..] = y.dims();
    std::array::from_fn(|i| y.clone().narrow(0, i, 1).reshape([batch, tokens, outputs]))
}

/// `second(gelu(first(x)))`, the tanh form of GELU.
///
/// # Shapes
///
/// - x: `[batch, tokens, inputs]`, f32 on the CPU backend, without gradients
/// - output: `[batch, tokens, outputs]`
pub(crate) fn mlp(x: Tensor<3>, first: &Arc<Packed>, second: &Arc<Packed>) -> Tensor<3> {
    Tensor::from_dispatch(Dispatch::packed_mlp(x.into_dispatch(), first.clone(), second.clone()))
}

//! Layers trained in bf16 as a Burn operation of the CPU backend, with its gradients.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Flex, backend_extension};
use burn::tensor::{DType, Device, FloatDType, Shape, Tensor, TensorData};
use half::bf16;

use super::super::cpu::Level;
use super::super::fused::{CpuTensor, dense};
use super::trained::{Over, Side, product, sum_rows};

type Dispatch = burn::backend::Dispatch;

#[backend_extension(Autodiff, Flex)]
pub(super) trait TrainedLayers: Backend {
    /// `x weight + bias`; `parameters` is the type of weight and bias.
    fn trained_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        parameters: FloatDType,
    ) -> FloatTensor<Self>;
}

/// The values of a dense tensor in bf16, and the length of its last axis.
fn side(x: &CpuTensor, over: Over) -> Side<'_, bf16> {
    let (start, shape) = (x.layout().start_offset(), x.layout().shape());
    let numbers = &x.storage::<bf16>()[start..start + shape.num_elements()];
    Side { numbers, columns: last(shape), over }
}

fn last(shape: &Shape) -> usize {
    shape.as_slice().last().copied().unwrap_or(1)
}

fn with_last(shape: &Shape, columns: usize) -> Shape {
    let mut sizes = shape.as_slice().to_vec();
    sizes.pop();
    sizes.push(columns);
    Shape::from(sizes)
}

/// The product of rows with a weight, `[in, out]`, of either type.
fn multiply(x: &CpuTensor, weight: &CpuTensor, over: Over, bias: Option<&[f32]>) -> Vec<bf16> {
    let rows = side(x, Over::Columns);
    if weight.dtype() == DType::BF16 {
        return product(rows, side(weight, over), bias, Level::current());
    }
    let (start, shape) = (weight.layout().start_offset(), weight.layout().shape());
    let numbers = &weight.storage::<f32>()[start..start + shape.num_elements()];
    product(rows, Side { numbers, columns: last(shape), over }, bias, Level::current())
}

fn tensor<T: burn::tensor::Element>(numbers: Vec<T>, shape: Shape) -> CpuTensor {
    CpuTensor::from_data(TensorData::new(numbers, shape))
}

impl TrainedLayers for Flex {
    fn trained_linear(x: CpuTensor, weight: CpuTensor, bias: CpuTensor, _: FloatDType) -> CpuTensor {
        let (x, weight) = (dense(x), dense(weight));
        let bias: Vec<f32> = bias.into_data().iter::<f32>().collect();
        let y = multiply(&x, &weight, Over::Rows, Some(&bias));
        tensor(y, with_last(x.layout().shape(), last(weight.layout().shape())))
    }
}

/// The gradient of `x`.
fn input_gradient(grad: CpuTensor, weight: CpuTensor) -> CpuTensor {
    let (grad, weight) = (dense(grad), dense(weight));
    let dx = multiply(&grad, &weight, Over::Columns, None);
    tensor(dx, with_last(grad.layout().shape(), weight.layout().shape().as_slice()[0]))
}

/// The gradients of weight and bias, in f32.
fn parameter_gradients(x: CpuTensor, grad: CpuTensor) -> (CpuTensor, CpuTensor) {
    let (x, grad) = (dense(x), dense(grad));
    let (x, grad) = (side(&x, Over::Rows), side(&grad, Over::Rows));
    let dw: Vec<f32> = product(x, grad, None, Level::current());
    let db = sum_rows(grad.numbers, grad.columns);
    (tensor(dw, Shape::new([x.columns, grad.columns])), tensor(db, Shape::new([grad.columns])))
}

/// Whether [`linear`] can multiply `x`, and faster than Burn: our portable loop is not.
pub(crate) fn is_trained_in_bf16<const D: usize>(x: &Tensor<D>) -> bool {
    x.dtype() == DType::BF16 && x.device().inner() == Device::flex() && Level::current() >= Level::Avx2
}

/// `x weight + bias`, of which the products are in bf16 and their sums in f32; the gradients of weight and bias are in f32
/// up to their type.
///
/// # Shapes
///
/// - x: `[.., inputs]`, bf16 on the CPU backend
/// - weight: `[inputs, outputs]`, bf16 or f32, as bias
/// - output: `[.., outputs]`, bf16
pub(crate) fn linear<const D: usize>(x: Tensor<D>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<D> {
    let parameters = if weight.dtype() == DType::BF16 { FloatDType::BF16 } else { FloatDType::F32 };
    let (x, weight, bias) = (x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
    Tensor::from_dispatch(Dispatch::trained_linear(x, weight, bias, parameters))
}

mod autodiff {
    use burn::backend::Autodiff;
    use burn::backend::autodiff::checkpoint::base::Checkpointer;
    use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
    use burn::backend::autodiff::grads::Gradients;
    use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};

    use burn::backend::ops::FloatTensorOps;

    use super::*;
    use crate::model::kernels::fused::tracked;

    #[derive(Debug)]
    struct Linear;
    impl Backward<Flex, 3> for Linear {
        type State = (CpuTensor, CpuTensor, FloatDType);
        fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
            let [x_node, weight_node, bias_node] = ops.parents;
            let grad = grads.consume::<Flex>(&ops.node);
            let (x, weight, parameters) = ops.state;
            if let Some(node) = x_node {
                grads.register::<Flex>(node.id, input_gradient(grad.clone(), weight));
            }
            if weight_node.is_none() && bias_node.is_none() {
                return;
            }
            let (dw, db) = parameter_gradients(x, grad);
            for (node, grad) in [(weight_node, dw), (bias_node, db)] {
                if let Some(node) = node {
                    grads.register::<Flex>(node.id, Flex::float_cast(grad, parameters));
                }
            }
        }
    }

    impl<C: CheckpointStrategy> TrainedLayers for Autodiff<Flex, C> {
        fn trained_linear(
            x: FloatTensor<Self>,
            weight: FloatTensor<Self>,
            bias: FloatTensor<Self>,
            parameters: FloatDType,
        ) -> FloatTensor<Self> {
            tracked!(
                Linear,
                [x, weight, bias],
                (x.clone(), weight.clone(), parameters),
                Flex::trained_linear(x, weight, bias, parameters)
            )
        }
    }
}

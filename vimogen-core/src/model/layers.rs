//! Basic layers. Weights may be stored in bf16 or f32; arithmetic is in the dtype of
//! the input, or that of packed weights. Products of the blocks on a GPU are in the dtype of the weights.

use burn::module::{Module, Param, ParamId};
use burn::tensor::module::linear;
use burn::tensor::{DType, Device, FloatDType, Int, Shape, Tensor, assert_shape};

use super::kernels;
use super::packed::Slot;

/// A parameter that is zero until it is loaded or initialised, and takes no memory until then.
pub(crate) fn parameter<const D: usize>(shape: [usize; D], device: &Device) -> Param<Tensor<D>> {
    Param::uninitialized(
        ParamId::new(),
        move |device, require_grad| {
            let zeros = Tensor::zeros(shape, device);
            if require_grad { zeros.require_grad() } else { zeros }
        },
        device.clone(),
        true,
        Shape::new(shape),
    )
}

/// `y = x W + b` with `W` stored as `[in, out]`, which is what the matrix product wants.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[in, out]`
    pub weight: Param<Tensor<2>>,
    /// `[out]`
    pub bias: Param<Tensor<1>>,
    pub(super) packed: Slot,
}

impl Linear {
    pub(crate) fn new(inputs: usize, outputs: usize, device: &Device) -> Self {
        Self {
            weight: parameter([inputs, outputs], device),
            bias: parameter([outputs], device),
            packed: Slot::default(),
        }
    }

    /// # Shapes
    ///
    /// - x: `[.., in]`
    /// - output: `[.., out]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        if let Some(packed) = self.packed.usable(&x) {
            let mut shape = x.dims();
            let rows = shape[..D - 1].iter().product::<usize>();
            let [y] = kernels::linear::linear(x.reshape([1, rows, shape[D - 1]]), [packed]);
            shape[D - 1] = y.dims()[2];
            return y.reshape(shape);
        }
        let weight = self.weight.val();
        let [inputs, _] = weight.dims();
        assert_shape!(x, [.., inputs]);
        #[cfg(feature = "train")]
        if kernels::linear::is_trained_in_bf16(&x) {
            return kernels::linear::trained(x, weight, self.bias.val());
        }
        let dtype = x.dtype();
        linear(x, weight.cast(dtype), Some(self.bias.val().cast(dtype)))
    }

    /// [`Linear::forward`] of a block's layer: where the device multiplies faster in the half precision that the weights
    /// are kept in, `x` is rounded to it and the output is left in it.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, tokens, in]`
    /// - output: `[batch, tokens, out]`
    pub(super) fn forward_block(&self, x: Tensor<3>) -> Tensor<3> {
        if self.packed.usable(&x).is_some() {
            return self.forward(x);
        }
        let dtype = self.weight.val().dtype();
        let half = matches!(dtype, DType::BF16 | DType::F16) && multiplies_in_half(&x.device());
        self.forward(if half { x.cast(dtype) } else { x })
    }
}

/// `layers[i].forward(x)`; packed layers of one shape are computed together.
pub(crate) fn project<const N: usize>(x: Tensor<3>, layers: [&Linear; N]) -> [Tensor<3>; N] {
    let packed = layers.map(|layer| layer.packed.usable(&x));
    match packed.iter().all(Option::is_some) {
        true => kernels::linear::linear(x, packed.map(|p| p.expect("all layers are packed"))),
        false => layers.map(|layer| layer.forward_block(x.clone())),
    }
}

/// Whether products of half precision are the faster ones: on every device but the CPU.
fn multiplies_in_half(device: &Device) -> bool {
    #[cfg(test)]
    if tests::IN_HALF.get() {
        return true;
    }
    device.clone().inner() != Device::flex()
}

/// Two linear layers with a function between them.
#[derive(Module, Debug)]
pub struct Mlp {
    /// First layer.
    pub fc1: Linear,
    /// Second layer.
    pub fc2: Linear,
}

impl Mlp {
    pub(crate) fn new(inputs: usize, hidden: usize, outputs: usize, device: &Device) -> Self {
        Self { fc1: Linear::new(inputs, hidden, device), fc2: Linear::new(hidden, outputs, device) }
    }

    pub(super) fn layers(&mut self) -> [&mut Linear; 2] {
        [&mut self.fc1, &mut self.fc2]
    }

    /// `fc2(gelu(fc1(x)))`, the tanh form of GELU.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, tokens, in]`
    /// - output: `[batch, tokens, out]`
    pub fn gelu(&self, x: Tensor<3>) -> Tensor<3> {
        if let (Some(first), Some(second)) = (self.fc1.packed.usable(&x), self.fc2.packed.usable(&x)) {
            return kernels::linear::mlp(x, first, second);
        }
        self.fc2.forward_block(kernels::gelu(self.fc1.forward_block(x)))
    }

    /// `fc2(silu(fc1(x)))`.
    pub fn silu<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        self.fc2.forward(silu(self.fc1.forward(x)))
    }
}

/// `x * sigmoid(x)`.
pub(crate) fn silu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    // The clamp keeps exp finite, hence the gradient, far on the negative side.
    x.clone() / ((-x).clamp_max(80.0).exp() + 1.0)
}

/// `weight * x / sqrt(mean(x^2) + eps)` over the last axis.
#[derive(Module, Debug)]
pub struct RmsNorm {
    /// `[dim]`
    pub weight: Param<Tensor<1>>,
    eps: f64,
}

impl RmsNorm {
    pub(crate) fn new(dim: usize, eps: f64, device: &Device) -> Self {
        Self { weight: parameter([dim], device), eps }
    }

    /// # Shapes
    ///
    /// - x, output: `[batch, tokens, dim]`
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let weight = self.weight.val().cast(FloatDType::F32).unsqueeze();
        kernels::rms_norm(x, weight, self.eps)
    }
}

/// Layer norm with weight and bias.
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// `[dim]`
    pub weight: Param<Tensor<1>>,
    /// `[dim]`
    pub bias: Param<Tensor<1>>,
    eps: f64,
}

impl LayerNorm {
    pub(crate) fn new(dim: usize, eps: f64, device: &Device) -> Self {
        Self { weight: parameter([dim], device), bias: parameter([dim], device), eps }
    }

    /// # Shapes
    ///
    /// - x, output: `[batch, tokens, dim]`
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let wide = |parameter: Tensor<1>| parameter.cast(FloatDType::F32);
        let (weight, bias) = (wide(self.weight.val()), wide(self.bias.val()));
        kernels::layer_norm(x, weight.unsqueeze(), bias.unsqueeze(), self.eps)
    }
}

/// Rows of `x` in the given order; `x` itself when they already are.
pub(crate) fn select_rows<const D: usize>(x: Tensor<D>, order: &[usize]) -> Tensor<D> {
    if order.iter().enumerate().all(|(i, row)| i == *row) && order.len() == x.dims()[0] {
        return x;
    }
    let index: Vec<i32> = order.iter().map(|i| *i as i32).collect();
    let index = Tensor::<1, Int>::from_ints(index.as_slice(), &x.device());
    x.select(0, index)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use burn::tensor::{FloatDType, Tolerance};
    use ndarray::Array2;

    use super::*;
    use crate::model::{ClipBatch, Condition, Dit, DitConfig};

    thread_local! {
        /// Lets this thread's CPU multiply as a GPU does.
        pub(super) static IN_HALF: Cell<bool> = const { Cell::new(false) };
    }

    struct Rounded;

    impl burn::module::ModuleMapper for Rounded {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|tensor| tensor.cast(FloatDType::BF16))
        }
    }

    #[test]
    fn a_model_whose_blocks_multiply_in_half_precision_stays_close() {
        let device = Device::flex();
        let config = DitConfig { dim: 32, ffn_dim: 64, num_heads: 2, num_layers: 2, text_dim: 8, ..DitConfig::small() };
        let dit = Dit::new(&config, &device).unwrap().init_weights(1, &device).map(&mut Rounded);
        let normal = |shape: [usize; 3]| Tensor::random(shape, burn::tensor::Distribution::Normal(0.0, 1.0), &device);
        let wave = |rows, width| Array2::from_shape_fn((rows, width), |(i, j)| ((7 * i + j) as f32).sin());
        let conditions = vec![Condition::Text(wave(5, 8)), Condition::reference(wave(5, 138))];
        let clips = ClipBatch::new(conditions, vec![6, 4]).unwrap();
        let x: Tensor<3> = normal([2, 6, 276]);
        let run = || dit.forward(x.clone(), &[500.0], &clips).unwrap();
        let wide = run();
        IN_HALF.set(true);
        let half = run();
        IN_HALF.set(false);
        assert_eq!(half.dtype(), DType::F32);
        let (wide, half) = (wide.into_data(), half.into_data());
        assert_ne!(wide, half);
        half.assert_approx_eq::<f32>(&wide, Tolerance::absolute(0.1));
    }
}

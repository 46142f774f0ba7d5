//! The output layer: a last modulated norm and a projection to motion channels.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use super::config::DitConfig;
use super::kernels;
use super::layers::{Linear, parameter};

/// `head(LN(x) * (1 + scale) + shift)` with shift and scale from `modulation + e`.
#[derive(Module, Debug)]
pub struct Head {
    /// Projection to the output channels.
    pub head: Linear,
    /// `[1, 2, dim]`
    pub modulation: Param<Tensor<3>>,
    eps: f64,
}

impl Head {
    pub(crate) fn new(config: &DitConfig, outputs: usize, device: &Device) -> Self {
        Self {
            head: Linear::new(config.dim, outputs, device),
            modulation: parameter([1, 2, config.dim], device),
            eps: config.eps,
        }
    }

    /// # Shapes
    ///
    /// - x: `[batch, frames, dim]`
    /// - e: `[batch or 1, dim]`, the timestep
    /// - output: `[batch, frames, outputs]`
    pub fn forward(&self, x: Tensor<3>, e: Tensor<2>) -> Tensor<3> {
        let rows = self.modulation.val().cast(e.dtype()) + e.unsqueeze_dim(1);
        let (shift, scale) = (rows.clone().narrow(1, 0, 1), rows.narrow(1, 1, 1));
        self.head.forward(kernels::layer_norm(x, scale + 1.0, shift, self.eps))
    }
}

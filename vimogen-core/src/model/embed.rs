//! Timestep features and frame positions, computed on the host.

use burn::tensor::{Device, Tensor, TensorData};

use super::config::DitConfig;
use super::layers::{Linear, Mlp, select_rows, silu};
use super::probe;

/// Sinusoidal frame positions: even channels `2i` hold `sin(pos * 10000^(-2i/D))`, odd ones the cosine.
///
/// The angle is formed in f32 as in the release.
///
/// # Shapes
///
/// - output: `frames * dim` values, row by row
pub fn positions(frames: usize, dim: usize) -> Vec<f32> {
    probe::count("positions");
    let step = -(10_000f64.ln()) / dim as f64;
    let frequencies: Vec<f32> = (0..dim).step_by(2).map(|i| (i as f32 * step as f32).exp()).collect();
    let mut table = Vec::with_capacity(frames * dim);
    for position in 0..frames {
        for frequency in &frequencies {
            let (sin, cos) = (position as f32 * frequency).sin_cos();
            table.extend([sin, cos]);
        }
    }
    table
}

/// Features of a timestep `t` in 0..1000: `[cos(t w_i).., sin(t w_i)..]`, `w_i = 10000^(-i/half)`, in f64.
pub fn timestep_features(t: f32, freq_dim: usize) -> Vec<f32> {
    let half = freq_dim / 2;
    let angle = |i: usize| f64::from(t) * 10_000f64.powf(-(i as f64) / half as f64);
    let cos = (0..half).map(|i| angle(i).cos() as f32);
    cos.chain((0..half).map(|i| angle(i).sin() as f32)).collect()
}

/// The embedded timestep.
#[derive(Debug, Clone)]
pub struct TimeEmbedding {
    /// `[n, dim]`, for the head.
    pub e: Tensor<2>,
    /// `[n, 6, dim]`, for the blocks.
    pub e0: Tensor<3>,
}

impl TimeEmbedding {
    /// The embedding of the `i`-th timestep alone.
    pub fn row(&self, i: usize) -> Self {
        Self { e: self.e.clone().narrow(0, i, 1), e0: self.e0.clone().narrow(0, i, 1) }
    }

    /// The embeddings in another order; a single one is for all rows and stays as it is.
    pub(crate) fn reorder(self, order: &[usize]) -> Self {
        if self.e.dims()[0] == 1 {
            return self;
        }
        Self { e: select_rows(self.e, order), e0: select_rows(self.e0, order) }
    }
}

/// Embeds timesteps: `e = Linear(SiLU(Linear(features)))`, `e0 = Linear(SiLU(e))`.
pub(crate) fn embed_time(
    embedding: &Mlp,
    projection: &Linear,
    timesteps: &[f32],
    config: &DitConfig,
    device: &Device,
) -> TimeEmbedding {
    probe::count("time");
    let n = timesteps.len();
    let features: Vec<f32> = timesteps.iter().flat_map(|t| timestep_features(*t, config.freq_dim)).collect();
    let features = Tensor::<2>::from_data(TensorData::new(features, [n, config.freq_dim]), device);
    let e = embedding.silu(features);
    let e0 = projection.forward(silu(e.clone())).reshape([n, 6, config.dim]);
    TimeEmbedding { e, e0 }
}

/// The position table as a tensor `[1, frames, dim]`.
pub(crate) fn position_tensor(frames: usize, dim: usize, device: &Device) -> Tensor<3> {
    Tensor::from_data(TensorData::new(positions(frames, dim), [1, frames, dim]), device)
}

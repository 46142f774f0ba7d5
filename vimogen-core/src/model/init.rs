//! Random weights for training: Xavier-uniform linear layers, zero biases, unit norms; text and time embeddings
//! normal(0, 0.02), modulations normal/sqrt(D).

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use rand_distr::{Distribution, StandardNormal};

use super::dit::Dit;
use super::named::{self, Map};

impl Dit {
    /// Draws all weights. A tensor depends on `seed` and its own name alone.
    pub fn init_weights(self, seed: u64, device: &Device) -> Self {
        named::map(self, &mut Initializer { seed, device: device.clone() })
    }
}

struct Initializer {
    seed: u64,
    device: Device,
}

/// 64-bit FNV-1a.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

impl Initializer {
    fn draw(&self, name: &str, shape: &[usize]) -> Vec<f32> {
        let n = shape.iter().product();
        let mut rng = ChaCha12Rng::seed_from_u64(self.seed ^ hash(name));
        let mut normal = |std: f32| -> Vec<f32> {
            (0..n).map(|_| std * Distribution::<f32>::sample(&StandardNormal, &mut rng)).collect()
        };
        if name.ends_with("bias") {
            vec![0.0; n]
        } else if name.contains("norm") {
            vec![1.0; n]
        } else if name.ends_with("modulation") {
            normal((*shape.last().unwrap_or(&1) as f32).sqrt().recip())
        } else if name.starts_with("text_embedding") || name.starts_with("time_embedding") {
            normal(0.02)
        } else {
            let bound = (6.0 / shape.iter().sum::<usize>() as f32).sqrt();
            (0..n).map(|_| rng.random_range(-bound..bound)).collect()
        }
    }
}

impl Map for Initializer {
    fn float<const D: usize>(&mut self, name: &str, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let shape = param.lazy_shape();
        let data = TensorData::new(self.draw(name, shape.as_slice()), shape);
        Param::initialized(param.id, Tensor::from_data(data, &self.device))
    }
}

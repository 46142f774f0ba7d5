//! The noise a generation starts from, drawn on the host so that it is the same on every device.

use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::motion::layout::FEATURES;

/// Standard normal noise of a clip.
///
/// The generator is ChaCha with 12 rounds whose 256-bit key is expanded from `seed` as `SeedableRng::seed_from_u64` of
/// `rand_core` 0.10 does; its 64-bit outputs become normal numbers by `rand_distr` 0.6's ziggurat in f64, rounded to
/// f32. Numbers are drawn frame by frame, so that a longer clip of the same seed begins with the same noise, and each
/// clip of a batch has a generator of its own.
///
/// # Shapes
/// - output: `[frames, 276]`
pub fn noise(seed: u64, frames: usize) -> Array2<f32> {
    NoiseStream::new(seed).draw(frames)
}

/// The numbers of [`noise`], drawn in parts.
pub(crate) struct NoiseStream(ChaCha12Rng);

impl NoiseStream {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha12Rng::seed_from_u64(seed))
    }

    /// The next frames.
    pub fn draw(&mut self, frames: usize) -> Array2<f32> {
        // Elements are made in memory order, which is frame by frame.
        Array2::from_shape_simple_fn((frames, FEATURES), || StandardNormal.sample(&mut self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_numbers_of_a_seed_never_change() {
        let x = noise(42, 2);
        let first = [x[[0, 0]], x[[0, 1]], x[[0, 2]], x[[0, 3]], x[[1, 275]], noise(0, 1)[[0, 0]]];
        assert_eq!(first, [0.069427915, 0.13293812, 0.26257637, -0.22530088, 0.067376636, 0.712813]);
    }

    #[test]
    fn a_longer_clip_begins_like_a_shorter_one_and_seeds_differ() {
        let (long, short) = (noise(7, 30), noise(7, 11));
        assert_eq!(long.slice(ndarray::s![..11, ..]), short);
        assert_ne!(noise(8, 11), short);
    }

    #[test]
    fn noise_in_parts_is_the_noise_of_the_whole() {
        let (whole, mut stream) = (noise(7, 30), NoiseStream::new(7));
        for part in [0..11, 11..12, 12..30] {
            assert_eq!(stream.draw(part.len()), whole.slice(ndarray::s![part, ..]));
        }
    }

    #[test]
    fn noise_is_standard_normal() {
        let x = noise(1, 2000);
        let n = x.len() as f64;
        let moment = |k: i32| x.iter().map(|v| f64::from(*v).powi(k)).sum::<f64>() / n;
        assert!(moment(1).abs() < 0.01 && (moment(2) - 1.0).abs() < 0.01 && (moment(4) - 3.0).abs() < 0.06);
    }
}

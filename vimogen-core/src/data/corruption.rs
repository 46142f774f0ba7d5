//! Reference corruption: noise, blending and dropping of reference frames during training, so that the model does not
//! copy a reference's flaws
//! ([method, section 4](https://github.com/vimogen/vimogen/blob/main/docs/method.md#4-training)).

use ndarray::{Array1, Array2, Array3, Axis, Zip};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use crate::declare::defaults;
use crate::error::{Error, Result};

/// Width below which a range counts as one value.
const ALMOST_EQUAL: f64 = 1e-8;

/// A rate: a value, or a range from which one is drawn for each batch. Reversed ends are swapped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a rate must be a number, a pair, or {min, max}, {low, high} or {range: pair}")]
pub enum Rate {
    /// Always the same.
    Fixed(f64),
    /// `[low, high]`
    Pair([f64; 2]),
    /// `{"min": low, "max": high}`
    MinMax {
        /// Lower end.
        min: f64,
        /// Upper end.
        max: f64,
    },
    /// `{"low": low, "high": high}`
    LowHigh {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// `{"range": [low, high]}`
    Range {
        /// Both ends.
        range: [f64; 2],
    },
}

impl Rate {
    fn ends(&self) -> (f64, f64) {
        let (a, b) = match *self {
            Self::Fixed(x) => (x, x),
            Self::Pair([a, b]) | Self::Range { range: [a, b] } => (a, b),
            Self::MinMax { min, max } => (min, max),
            Self::LowHigh { low, high } => (low, high),
        };
        (a.min(b), a.max(b))
    }

    /// The rate for a batch; draws a value only if the ends differ.
    pub fn draw(&self, draws: &mut dyn DrawSource) -> f64 {
        let (low, high) = self.ends();
        if high - low < ALMOST_EQUAL { low } else { low + (high - low) * f64::from(draws.scalar()) }
    }
}

defaults! {
    /// Corruption of references. The default has small rates; [`Corruption::release`] has the release's.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct Corruption {
        /// Whether references are corrupted.
        enable: bool = true;
        /// Share of frames that get noise.
        #[serde(alias = "corrupt_rate_range")]
        corrupt_rate: Rate = Rate::Fixed(0.0);
        /// Standard deviation of that noise, normalised.
        #[serde(alias = "noise_scale_range")]
        noise_scale: Rate = Rate::Fixed(0.02);
        /// Share of frames that become a blend of their neighbours.
        #[serde(alias = "replace_noise_rate_range")]
        replace_noise_rate: Rate = Rate::Fixed(0.05);
        /// Share of samples that lose their reference.
        dropout_rate: f64 = 0.0;
        /// Share of frames that are zeroed and masked out.
        temporal_dropout_rate: f64 = 0.0;
        /// Width of the range around one half from which the blend's weight is drawn.
        jitter_strength: f64 = 0.3;
    }
}

/// A source of random values: a generator, or given values in a test.
pub trait DrawSource {
    /// One value in 0..1.
    fn scalar(&mut self) -> f32;
    /// `n` values in 0..1.
    fn uniform(&mut self, n: usize) -> Vec<f32>;
    /// `n` standard normal values.
    fn normal(&mut self, n: usize) -> Vec<f32>;
}

impl<R: Rng> DrawSource for R {
    fn scalar(&mut self) -> f32 {
        self.random()
    }

    fn uniform(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.random()).collect()
    }

    fn normal(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| StandardNormal.sample(self)).collect()
    }
}

impl Corruption {
    /// The release's settings.
    pub fn release() -> Self {
        Self {
            corrupt_rate: Rate::Pair([0.0, 0.4]),
            noise_scale: Rate::Pair([0.05, 0.15]),
            replace_noise_rate: Rate::Pair([0.03, 0.08]),
            temporal_dropout_rate: 0.02,
            ..Self::default()
        }
    }

    /// Corrupts a batch of references in place.
    ///
    /// The order of draws is part of the definition: the rates that are ranges; `(B)` for dropped samples; normal
    /// `(B, T, C)` and uniform `(B, T)` for noise; `(B, T)` for blending and, if any frame is chosen, `(B, T)` for its
    /// weights; `(B, T)` for dropped frames. A rate of 0 draws nothing.
    ///
    /// # Shapes
    /// - reference: `(B, T, C)`, zero where padded
    /// - mask: `(B, T)`, 1 where valid
    ///
    /// # Errors
    /// [`Error::Shape`] if the mask does not fit.
    pub fn apply(&self, reference: &mut Array3<f32>, mask: &mut Array2<f32>, draws: &mut dyn DrawSource) -> Result<()> {
        let (b, t, c) = reference.dim();
        if mask.dim() != (b, t) {
            return Err(Error::shape("ref_motion_mask", format!("({b}, {t})"), mask.shape()));
        }
        if !self.enable {
            return Ok(());
        }
        let corrupt_rate = self.corrupt_rate.draw(draws) as f32;
        let noise_scale = self.noise_scale.draw(draws) as f32;
        let replace_rate = self.replace_noise_rate.draw(draws) as f32;

        if self.dropout_rate > 0.0 {
            let u = Array1::from(draws.uniform(b));
            for sample in (0..b).filter(|i| u[*i] < self.dropout_rate as f32) {
                reference.index_axis_mut(Axis(0), sample).fill(0.0);
                mask.row_mut(sample).fill(0.0);
            }
        }
        let clean = reference.clone();
        let chosen = |u: Vec<f32>, rate: f32, mask: &Array2<f32>| -> Vec<(usize, usize)> {
            let frames = (0..b * t).map(|i| (i / t, i % t));
            frames.filter(|(i, j)| u[i * t + j] < rate && mask[[*i, *j]] != 0.0).collect()
        };
        if corrupt_rate > 0.0 {
            let noise = draws.normal(b * t * c);
            for (i, j) in chosen(draws.uniform(b * t), corrupt_rate, mask) {
                let noise = &noise[(i * t + j) * c..][..c];
                let frame = reference.slice_mut(ndarray::s![i, j, ..]);
                Zip::from(frame).and(noise).for_each(|x, n| *x += noise_scale * n);
            }
        }
        if replace_rate > 0.0 {
            let frames = chosen(draws.uniform(b * t), replace_rate, mask);
            self.blend(reference, &clean, mask, &frames, draws);
        }
        if self.temporal_dropout_rate > 0.0 {
            for (i, j) in chosen(draws.uniform(b * t), self.temporal_dropout_rate as f32, mask) {
                reference.slice_mut(ndarray::s![i, j, ..]).fill(0.0);
                mask[[i, j]] = 0.0;
            }
        }
        Ok(())
    }

    /// Replaces frames by a blend of their clean neighbours, cyclic in time; an invalid neighbour is the frame itself.
    fn blend(
        &self,
        reference: &mut Array3<f32>,
        clean: &Array3<f32>,
        mask: &Array2<f32>,
        frames: &[(usize, usize)],
        draws: &mut dyn DrawSource,
    ) {
        let (b, t, _) = clean.dim();
        if frames.is_empty() {
            return;
        }
        let u = draws.uniform(b * t);
        for &(i, j) in frames {
            let neighbour = |at: usize| if mask[[i, at]] != 0.0 { at } else { j };
            let (before, after) = (neighbour((j + t - 1) % t), neighbour((j + 1) % t));
            let alpha = (0.5 + self.jitter_strength as f32 * (u[i * t + j] - 0.5)).clamp(0.0, 1.0);
            for c in 0..clean.dim().2 {
                reference[[i, j, c]] = alpha * clean[[i, before, c]] + (1.0 - alpha) * clean[[i, after, c]];
            }
        }
    }
}

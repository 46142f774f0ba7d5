//! One training batch on the host, and the random numbers of a step.

use ndarray::{Array2, Array3, Axis};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

use crate::error::{Error, Result, check_finite};
use crate::model::{ClipBatch, DitConfig};

/// A batch of normalised motions with their conditions.
#[derive(Debug, Clone)]
pub struct TrainBatch {
    /// `[B, T, 276]`, zeros after a clip's own length.
    pub motion: Array3<f32>,
    /// Condition and length of each clip.
    pub clips: ClipBatch,
    /// Weight of each channel in the loss, `[B, 276]`: 1, or 0 for channels that do not count.
    pub channel_weights: Array2<f32>,
}

impl TrainBatch {
    /// A batch whose channels all count.
    pub fn new(motion: Array3<f32>, clips: ClipBatch) -> Self {
        let channel_weights = Array2::ones((motion.len_of(Axis(0)), motion.len_of(Axis(2))));
        Self { motion, clips, channel_weights }
    }

    /// Number of clips.
    pub fn len(&self) -> usize {
        self.clips.len()
    }

    /// Always false: a batch has at least one clip.
    pub fn is_empty(&self) -> bool {
        self.clips.is_empty()
    }

    /// The clips with the given indices.
    #[must_use]
    pub fn select(&self, clips: &[usize]) -> Self {
        Self {
            motion: self.motion.select(Axis(0), clips),
            clips: self.clips.select(clips),
            channel_weights: self.channel_weights.select(Axis(0), clips),
        }
    }

    /// Checks the batch against a model.
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::InvalidArgument`] or [`Error::NonFinite`] naming the array.
    pub fn check(&self, config: &DitConfig) -> Result<()> {
        let (b, t, features) = (self.len(), self.motion.len_of(Axis(1)), config.features());
        if self.motion.dim() != (b, t, features) {
            return Err(Error::shape("motion", format!("({b}, T, {features})"), self.motion.shape()));
        }
        if self.channel_weights.dim() != (b, features) {
            return Err(Error::shape("channel_weights", format!("({b}, {features})"), self.channel_weights.shape()));
        }
        check_finite("motion", &self.motion.view())?;
        self.clips.check(config, t)
    }
}

/// The random numbers of one step.
#[derive(Debug, Clone)]
pub struct NoiseDraw {
    /// Standard normal noise, `[B, T, 276]`.
    pub noise: Array3<f32>,
    /// Index of each clip's noise level among the training schedule's 1000.
    pub timestep_index: Vec<usize>,
}

impl NoiseDraw {
    /// Noise and uniform levels for a batch.
    pub fn random(batch: &TrainBatch, levels: usize, rng: &mut impl Rng) -> Self {
        let mut noise = Array3::zeros(batch.motion.raw_dim());
        noise.mapv_inplace(|_: f32| StandardNormal.sample(rng));
        let timestep_index = (0..batch.len()).map(|_| rng.random_range(0..levels)).collect();
        Self { noise, timestep_index }
    }

    /// The draw of some of the clips.
    #[must_use]
    pub fn select(&self, clips: &[usize]) -> Self {
        Self {
            noise: self.noise.select(Axis(0), clips),
            timestep_index: clips.iter().map(|clip| self.timestep_index[*clip]).collect(),
        }
    }

    /// Checks that the draw fits the batch.
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::InvalidArgument`].
    pub fn check(&self, batch: &TrainBatch, levels: usize) -> Result<()> {
        if self.noise.shape() != batch.motion.shape() {
            return Err(Error::shape("noise", format!("{:?}", batch.motion.shape()), self.noise.shape()));
        }
        if self.timestep_index.len() != batch.len() || self.timestep_index.iter().any(|i| *i >= levels) {
            let reason = format!("there must be {} indices in 0..{levels}", batch.len());
            return Err(Error::invalid("timestep_index", reason));
        }
        Ok(())
    }
}

//! One training batch on the host, and the random numbers of a step.

use ndarray::{Array2, Array3, Axis};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

use crate::error::{Error, Result, check_finite};
use crate::model::DitConfig;

/// A padded batch; normalised motions, zeros where padded.
#[derive(Debug, Clone)]
pub struct TrainBatch {
    /// `(B, T, 276)`
    pub motion: Array3<f32>,
    /// Valid frames, `(B, T)`: 1 or 0.
    pub motion_mask: Array2<f32>,
    /// Encoded prompts, `(B, L, text_dim)`.
    pub prompt_embeds: Array3<f32>,
    /// References, `(B, T, 138)`; all zeros for samples that attend to the text.
    pub ref_motion: Array3<f32>,
    /// Valid reference frames, `(B, T)`.
    pub ref_motion_mask: Array2<f32>,
    /// Channels that count in the loss, `(B, 276)`.
    pub motion_dim_mask: Array2<f32>,
    /// Whether each sample attends to its text.
    pub attend_to_text: Vec<bool>,
}

impl TrainBatch {
    /// Number of clips.
    pub fn len(&self) -> usize {
        self.attend_to_text.len()
    }

    /// Whether there is no clip.
    pub fn is_empty(&self) -> bool {
        self.attend_to_text.is_empty()
    }

    /// The clips with the given numbers.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        Self {
            motion: self.motion.select(Axis(0), rows),
            motion_mask: self.motion_mask.select(Axis(0), rows),
            prompt_embeds: self.prompt_embeds.select(Axis(0), rows),
            ref_motion: self.ref_motion.select(Axis(0), rows),
            ref_motion_mask: self.ref_motion_mask.select(Axis(0), rows),
            motion_dim_mask: self.motion_dim_mask.select(Axis(0), rows),
            attend_to_text: rows.iter().map(|i| self.attend_to_text[*i]).collect(),
        }
    }

    /// Checks shapes and that all numbers are finite.
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::NonFinite`] naming the array.
    pub fn check(&self, config: &DitConfig) -> Result<()> {
        let (b, t) = (self.len(), self.motion.shape()[1]);
        let shapes: [(&str, &[usize], &[usize]); 6] = [
            ("motion", self.motion.shape(), &[b, t, config.features()]),
            ("motion_mask", self.motion_mask.shape(), &[b, t]),
            ("prompt_embeds", self.prompt_embeds.shape(), &[b, self.prompt_embeds.shape()[1], config.text_dim]),
            ("ref_motion", self.ref_motion.shape(), &[b, t, config.reference_features()]),
            ("ref_motion_mask", self.ref_motion_mask.shape(), &[b, t]),
            ("motion_dim_mask", self.motion_dim_mask.shape(), &[b, config.features()]),
        ];
        for (name, got, want) in shapes {
            if got != want || got.contains(&0) {
                return Err(Error::shape(name, format!("{want:?}, none of them 0"), got));
            }
        }
        check_finite("motion", &self.motion.view())?;
        check_finite("prompt_embeds", &self.prompt_embeds.view())?;
        check_finite("ref_motion", &self.ref_motion.view())
    }
}

/// The random numbers of one step.
#[derive(Debug, Clone)]
pub struct Draws {
    /// Standard normal noise, `(B, T, 276)`.
    pub noise: Array3<f32>,
    /// Index of each sample's noise level among the training schedule's 1000.
    pub timestep_index: Vec<usize>,
}

impl Draws {
    /// Noise and uniform levels for a batch.
    pub fn random(batch: &TrainBatch, levels: usize, rng: &mut impl Rng) -> Self {
        let mut noise = Array3::zeros(batch.motion.raw_dim());
        noise.mapv_inplace(|_: f32| StandardNormal.sample(rng));
        let timestep_index = (0..batch.len()).map(|_| rng.random_range(0..levels)).collect();
        Self { noise, timestep_index }
    }

    /// The numbers of some of the clips.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        Self {
            noise: self.noise.select(Axis(0), rows),
            timestep_index: rows.iter().map(|i| self.timestep_index[*i]).collect(),
        }
    }

    /// Checks that the numbers belong to the batch.
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::InvalidArgument`].
    pub fn check(&self, batch: &TrainBatch, levels: usize) -> Result<()> {
        if self.noise.shape() != batch.motion.shape() {
            return Err(Error::shape("noise", format!("{:?}", batch.motion.shape()), self.noise.shape()));
        }
        if self.timestep_index.len() != batch.len() || self.timestep_index.iter().any(|i| *i >= levels) {
            let reason = format!("there must be {} numbers in 0..{levels}", batch.len());
            return Err(Error::invalid("timestep_index", reason));
        }
        Ok(())
    }
}

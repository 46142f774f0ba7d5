//! The loss: weighted squared error of the velocity.

use burn::tensor::{Device, FloatDType, Tensor};
use ndarray::{Array3, Axis, Zip};

use super::batch::{NoiseDraw, TrainBatch};
use super::config::Precision;
use crate::error::Result;
use crate::model::dit::Conditions;
use crate::model::host::upload;
use crate::model::{Condition, Dit};
use crate::motion::layout::ROOT_ROT6D;
use crate::sample::Schedule;
use crate::sample::flow::add_noise;

/// Weight of the root's channels (258..276); the others have 1.
const ROOT_WEIGHT: f32 = 3.0;

/// A loss that can be differentiated, with its parts.
#[derive(Debug)]
pub struct Loss {
    /// Scalar, on the autodiff device.
    pub total: Tensor<1>,
    /// Prediction, `[B, T, 276]`.
    pub prediction: Tensor<3>,
    /// Each clip's share of `total`.
    per_clip: Tensor<1>,
    weight_sums: Vec<f64>,
    text: Vec<bool>,
}

/// The loss over all clips and over the two groups; a group without clips has none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LossValues {
    /// Over all clips.
    pub total: f64,
    /// Over clips that attend to a text.
    pub text: Option<f64>,
    /// Over clips that attend to a reference.
    pub ref_motion: Option<f64>,
}

/// Sums of weighted squared errors and of weights; those of a batch are the sums over its parts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LossSums {
    /// Over clips that attend to a text.
    text: (f64, f64),
    /// Over the others.
    ref_motion: (f64, f64),
}

impl LossSums {
    pub(crate) fn add(&mut self, other: &Self) {
        self.text = (self.text.0 + other.text.0, self.text.1 + other.text.1);
        self.ref_motion = (self.ref_motion.0 + other.ref_motion.0, self.ref_motion.1 + other.ref_motion.1);
    }

    pub(crate) fn to_array(self) -> [f64; 4] {
        [self.text.0, self.text.1, self.ref_motion.0, self.ref_motion.1]
    }

    pub(crate) fn from_array([text, text_weight, ref_motion, ref_weight]: [f64; 4]) -> Self {
        Self { text: (text, text_weight), ref_motion: (ref_motion, ref_weight) }
    }

    /// The normaliser of the loss.
    pub(crate) fn weight_sum(&self) -> f64 {
        (self.text.1 + self.ref_motion.1).max(f64::MIN_POSITIVE)
    }

    pub(crate) fn values(&self) -> LossValues {
        let mean = |(error, weight): (f64, f64)| (weight > 0.0).then(|| error / weight);
        let (text, ref_motion) = (self.text, self.ref_motion);
        let total = mean((text.0 + ref_motion.0, text.1 + ref_motion.1)).unwrap_or(0.0);
        LossValues { total, text: mean(text), ref_motion: mean(ref_motion) }
    }
}

impl Loss {
    /// Reads the values back to the host.
    ///
    /// # Errors
    /// [`crate::Error::Internal`] if the device failed.
    pub fn values(&self) -> Result<LossValues> {
        Ok(self.sums()?.values())
    }

    pub(crate) fn sums(&self) -> Result<LossSums> {
        let errors = self.per_clip.clone().try_into_vec_as::<f32>();
        let errors = errors.map_err(crate::Error::internal)?;
        let whole = total_weight(&self.weight_sums);
        let mut sums = LossSums::default();
        for (i, error) in errors.iter().enumerate() {
            let group = if self.text[i] { &mut sums.text } else { &mut sums.ref_motion };
            *group = (group.0 + f64::from(*error) * whole, group.1 + self.weight_sums[i]);
        }
        Ok(sums)
    }
}

/// Frames times channel weights of each clip.
fn weight_sums(batch: &TrainBatch) -> Vec<f64> {
    let frames = batch.clips.frame_lengths().iter();
    let channels = batch.channel_weights.rows().into_iter().map(|row| row.iter().map(|v| f64::from(*v)).sum::<f64>());
    frames.zip(channels).map(|(frames, channels)| *frames as f64 * channels).collect()
}

/// The normaliser of a batch's loss.
pub(crate) fn weight_sum(batch: &TrainBatch) -> f64 {
    total_weight(&weight_sums(batch))
}

fn total_weight(weight_sums: &[f64]) -> f64 {
    weight_sums.iter().sum::<f64>().max(f64::MIN_POSITIVE)
}

/// `channel weight * schedule weight * root weight / weight sum` of each value; 0 for padding. The weights of schedule and
/// root are not counted in the sum.
fn weights(batch: &TrainBatch, draw: &NoiseDraw, schedule: &Schedule, sum: f64) -> Array3<f32> {
    let mut weights = Array3::<f32>::zeros(batch.motion.raw_dim());
    for (b, mut clip) in weights.outer_iter_mut().enumerate() {
        let level = f64::from(schedule.weights()[draw.timestep_index[b]]);
        let (channels, valid) = (batch.channel_weights.row(b), (level / sum) as f32);
        for mut frame in clip.outer_iter_mut().take(batch.clips.frame_lengths()[b]) {
            for (c, w) in frame.iter_mut().enumerate() {
                *w = channels[c] * valid * if c >= ROOT_ROT6D.start { ROOT_WEIGHT } else { 1.0 };
            }
        }
    }
    weights
}

/// A batch on a device: the network's inputs, and the target of its output.
#[derive(Clone)]
pub(crate) struct DeviceBatch {
    /// `[B, T, 276]`
    pub noisy: Tensor<3>,
    /// In 0..1000, one per clip.
    pub timesteps: Vec<f32>,
    pub conditions: Conditions,
    target: Tensor<3>,
    weights: Tensor<3>,
    weight_sums: Vec<f64>,
    text: Vec<bool>,
}

impl DeviceBatch {
    /// Adds the noise to a batch that has been checked, and brings it to the device.
    pub(crate) fn new(batch: &TrainBatch, draw: &NoiseDraw, schedule: &Schedule, device: &Device) -> Self {
        let mut noisy = batch.motion.clone();
        for (b, (mut x, n)) in noisy.outer_iter_mut().zip(draw.noise.outer_iter()).enumerate() {
            let sigma = schedule.sigmas()[draw.timestep_index[b]];
            Zip::from(&mut x).and(n).for_each(|x, n| *x = add_noise(*x, *n, sigma));
        }
        let weight_sums = weight_sums(batch);
        let weights = weights(batch, draw, schedule, total_weight(&weight_sums));
        Self {
            noisy: upload(noisy, device),
            timesteps: draw.timestep_index.iter().map(|i| schedule.timesteps()[*i]).collect(),
            conditions: Conditions::new(&batch.clips, batch.motion.len_of(Axis(1)), device),
            target: upload(&draw.noise - &batch.motion, device),
            weights: upload(weights, device),
            weight_sums,
            text: batch.clips.conditions().iter().map(Condition::is_text).collect(),
        }
    }

    /// The same values on the autodiff device.
    pub(crate) fn autodiff(self) -> Self {
        Self {
            noisy: self.noisy.autodiff(),
            conditions: self.conditions.map(Tensor::autodiff),
            target: self.target.autodiff(),
            weights: self.weights.autodiff(),
            ..self
        }
    }

    /// The network's inputs in the type that it computes in.
    pub(crate) fn in_precision(mut self, precision: Precision) -> Self {
        if precision == Precision::Bf16 {
            self.noisy = self.noisy.cast(FloatDType::BF16);
            self.conditions = self.conditions.map(|x| x.cast(FloatDType::BF16));
        }
        self
    }

    /// Compares the network's output with `noise - motion`, in f32.
    pub(crate) fn loss(self, prediction: Tensor<3>) -> Loss {
        let prediction = prediction.cast(FloatDType::F32);
        let error = prediction.clone() - self.target;
        let weighted = error.square() * self.weights;
        let per_clip = weighted.flatten::<2>(1, 2).sum_dim(1).squeeze_dim::<1>(1);
        Loss {
            total: per_clip.clone().sum(),
            per_clip: per_clip.without_autodiff(),
            prediction,
            weight_sums: self.weight_sums,
            text: self.text,
        }
    }
}

/// Runs the network on the noised batch and compares with `noise - motion`.
///
/// # Errors
/// [`crate::Error::Shape`] and relatives if the batch does not fit the model.
pub fn loss(dit: &Dit, batch: &TrainBatch, draw: &NoiseDraw, schedule: &Schedule, device: &Device) -> Result<Loss> {
    batch.check(dit.config())?;
    draw.check(batch, schedule.len())?;
    let batch = DeviceBatch::new(batch, draw, schedule, device);
    let prediction = dit.forward_on(batch.noisy.clone(), &batch.timesteps, batch.conditions.clone());
    Ok(batch.loss(prediction))
}

//! The loss: weighted squared error of the velocity.

use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use ndarray::{Array3, Axis, Zip};

use super::batch::{Draws, TrainBatch};
use super::config::Precision;
use crate::error::Result;
use crate::model::{Conditions, Dit, DitConfig, dit::infer_attend_to_text};
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
    /// Squared error of each sample over the batch's mask; they sum to `total`.
    per_sample: Tensor<1>,
    /// Numbers that count, of each sample.
    masses: Vec<f64>,
    attend_to_text: Vec<bool>,
}

/// The loss over all samples and over the two groups; a group without samples has none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LossValues {
    /// Over all samples.
    pub total: f64,
    /// Over samples that attend to the text.
    pub text: Option<f64>,
    /// Over samples that attend to their reference.
    pub ref_motion: Option<f64>,
}

/// Weighted squared errors and how many numbers they are of; sums of parts are the sums of the whole.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LossSums {
    /// Of the samples that attend to the text.
    text: (f64, f64),
    /// Of the others.
    ref_motion: (f64, f64),
}

impl LossSums {
    pub(crate) fn add(&mut self, other: &Self) {
        self.text = (self.text.0 + other.text.0, self.text.1 + other.text.1);
        self.ref_motion = (self.ref_motion.0 + other.ref_motion.0, self.ref_motion.1 + other.ref_motion.1);
    }

    /// As numbers that can be summed one by one.
    pub(crate) fn to_array(self) -> [f64; 4] {
        [self.text.0, self.text.1, self.ref_motion.0, self.ref_motion.1]
    }

    pub(crate) fn from_array([text, text_mass, ref_motion, ref_mass]: [f64; 4]) -> Self {
        Self { text: (text, text_mass), ref_motion: (ref_motion, ref_mass) }
    }

    /// Numbers that count.
    pub(crate) fn mass(&self) -> f64 {
        (self.text.1 + self.ref_motion.1).max(f64::MIN_POSITIVE)
    }

    pub(crate) fn values(&self) -> LossValues {
        let mean = |(error, mass): (f64, f64)| (mass > 0.0).then(|| error / mass);
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
        let errors = self.per_sample.clone().try_into_vec_as::<f32>();
        let errors = errors.map_err(|e| crate::Error::Internal { reason: e.to_string() })?;
        let mass = mass(&self.masses);
        let mut sums = LossSums::default();
        for (i, error) in errors.iter().enumerate() {
            let group = if self.attend_to_text[i] { &mut sums.text } else { &mut sums.ref_motion };
            *group = (group.0 + f64::from(*error) * mass, group.1 + self.masses[i]);
        }
        Ok(sums)
    }
}

/// Numbers that count, of each sample.
pub(crate) fn masses(batch: &TrainBatch) -> Vec<f64> {
    let sum = |row: ndarray::ArrayView1<'_, f32>| row.iter().map(|v| f64::from(*v)).sum::<f64>();
    let (frames, channels) = (batch.motion_mask.outer_iter(), batch.motion_dim_mask.outer_iter());
    frames.zip(channels).map(|(frames, channels)| sum(frames) * sum(channels)).collect()
}

/// What the loss is divided by.
pub(crate) fn mass(masses: &[f64]) -> f64 {
    masses.iter().sum::<f64>().max(f64::MIN_POSITIVE)
}

/// Uploads a host array.
fn upload<const D: usize>(values: ndarray::ArrayViewD<'_, f32>, device: &Device) -> Tensor<D> {
    let shape = values.shape().to_vec();
    let values: Vec<f32> = match values.as_slice() {
        Some(slice) => slice.to_vec(),
        None => values.iter().copied().collect(),
    };
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// `motion_dim_mask * motion_mask * schedule weight * channel weight / mass` for each number. The schedule's and the
/// channels' weights are not counted in the mass.
fn weights(batch: &TrainBatch, draws: &Draws, schedule: &Schedule, mass: f64) -> Array3<f32> {
    let mut weights = Array3::<f32>::zeros(batch.motion.raw_dim());
    for (b, mut sample) in weights.outer_iter_mut().enumerate() {
        let level = f64::from(schedule.weights()[draws.timestep_index[b]]);
        let channels = batch.motion_dim_mask.row(b);
        for (t, mut frame) in sample.outer_iter_mut().enumerate() {
            let valid = (f64::from(batch.motion_mask[[b, t]]) * level / mass) as f32;
            for (c, w) in frame.iter_mut().enumerate() {
                *w = channels[c] * valid * if c >= ROOT_ROT6D.start { ROOT_WEIGHT } else { 1.0 };
            }
        }
    }
    weights
}

/// Numbers of ones in each row of a mask. Masks count; the order of the ones does not matter to the network.
fn lengths(mask: &ndarray::Array2<f32>) -> Vec<usize> {
    mask.axis_iter(Axis(0)).map(|row| row.iter().filter(|m| **m != 0.0).count()).collect()
}

/// A batch brought to a device: what the network sees, and what its answer is compared with.
#[derive(Clone)]
pub(crate) struct Problem {
    /// `[B, T, 276]`
    pub noisy: Tensor<3>,
    /// Numbers in 0..1000, one for each clip.
    pub timesteps: Vec<f32>,
    pub conditions: Conditions,
    target: Tensor<3>,
    weights: Tensor<3>,
    masses: Vec<f64>,
    attend_to_text: Vec<bool>,
}

impl Problem {
    /// As in the release the network infers from the reference which samples attend to the text, while the groups of
    /// the loss follow the batch's flag.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] and relatives if the batch does not fit the model.
    pub(crate) fn new(
        config: &DitConfig,
        batch: &TrainBatch,
        draws: &Draws,
        schedule: &Schedule,
        device: &Device,
    ) -> Result<Self> {
        batch.check(config)?;
        draws.check(batch, schedule.len())?;
        let mut noisy = batch.motion.clone();
        for (b, (mut x, n)) in noisy.outer_iter_mut().zip(draws.noise.outer_iter()).enumerate() {
            let sigma = schedule.sigmas()[draws.timestep_index[b]];
            Zip::from(&mut x).and(n).for_each(|x, n| *x = add_noise(*x, *n, sigma));
        }
        let target = &draws.noise - &batch.motion;
        let masses = masses(batch);
        let weights = weights(batch, draws, schedule, mass(&masses));
        Ok(Self {
            noisy: upload(noisy.view().into_dyn(), device),
            timesteps: draws.timestep_index.iter().map(|i| schedule.timesteps()[*i]).collect(),
            conditions: Conditions {
                context: upload(batch.prompt_embeds.view().into_dyn(), device),
                reference: Some(upload(batch.ref_motion.view().into_dyn(), device)),
                attend_to_text: infer_attend_to_text(batch.ref_motion.view().into_dyn()),
                frame_lengths: lengths(&batch.motion_mask),
                reference_lengths: lengths(&batch.ref_motion_mask),
            },
            target: upload(target.view().into_dyn(), device),
            weights: upload(weights.view().into_dyn(), device),
            masses,
            attend_to_text: batch.attend_to_text.clone(),
        })
    }

    /// The same numbers on the autodiff device.
    pub(crate) fn autodiff(self) -> Self {
        let Conditions { context, reference, .. } = self.conditions;
        let conditions =
            Conditions { context: context.autodiff(), reference: reference.map(Tensor::autodiff), ..self.conditions };
        Self {
            noisy: self.noisy.autodiff(),
            conditions,
            target: self.target.autodiff(),
            weights: self.weights.autodiff(),
            ..self
        }
    }

    /// What the network sees, in the type that it is to compute in.
    pub(crate) fn in_precision(mut self, precision: Precision) -> Self {
        if precision == Precision::Bf16 {
            let narrow = |x: Tensor<3>| x.cast(FloatDType::BF16);
            self.noisy = narrow(self.noisy);
            self.conditions.context = narrow(self.conditions.context);
            self.conditions.reference = self.conditions.reference.map(narrow);
        }
        self
    }

    /// Compares the network's answer with `noise - motion`, in f32.
    pub(crate) fn loss(self, prediction: Tensor<3>) -> Loss {
        let prediction = prediction.cast(FloatDType::F32);
        let error = prediction.clone() - self.target;
        let weighted = error.square() * self.weights;
        let per_sample = weighted.flatten::<2>(1, 2).sum_dim(1).squeeze_dim::<1>(1);
        Loss {
            total: per_sample.clone().sum(),
            per_sample: per_sample.without_autodiff(),
            prediction,
            masses: self.masses,
            attend_to_text: self.attend_to_text,
        }
    }
}

/// Runs the network on the noised batch and compares with `noise - motion`.
///
/// # Errors
/// [`crate::Error::Shape`] and relatives if the batch does not fit the model.
pub fn loss(dit: &Dit, batch: &TrainBatch, draws: &Draws, schedule: &Schedule, device: &Device) -> Result<Loss> {
    let problem = Problem::new(dit.config(), batch, draws, schedule, device)?;
    let prediction = dit.forward(problem.noisy.clone(), &problem.timesteps, &problem.conditions)?;
    Ok(problem.loss(prediction))
}

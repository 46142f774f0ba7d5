//! The network on plain arrays, with every input checked: for callers without tensors of their own.

use burn::tensor::{DType, Device, Tensor, TensorData};
use ndarray::Array3;

use super::dit::{Conditions, Dit};
use super::kernels::in_pool;
use crate::error::{Error, Result, check_finite};

/// Inputs of one forward pass.
#[derive(Debug, Clone)]
pub struct DitInputs {
    /// Noisy normalised motion, `[batch, frames, 276]`.
    pub x: Array3<f32>,
    /// Numbers in 0..=1000: one for the batch, or one per row.
    pub timesteps: Vec<f32>,
    /// Encoded prompts padded with zero rows, `[batch, words, text_dim]`.
    pub context: Array3<f32>,
    /// Normalised references, `[batch, frames, 138]`; needed if any row does not attend to its text.
    pub reference: Option<Array3<f32>>,
    /// Whether each row attends to its text (true) or to its reference.
    pub attend_to_text: Vec<bool>,
    /// Valid frames of each motion, at least 1.
    pub frame_lengths: Vec<usize>,
    /// Valid frames of each reference.
    pub reference_lengths: Vec<usize>,
}

impl DitInputs {
    fn check(&self) -> Result<()> {
        check_finite("x", &self.x.view())?;
        check_finite("context", &self.context.view())?;
        self.reference.as_ref().map_or(Ok(()), |r| check_finite("ref_motion", &r.view()))?;
        if let Some(t) = self.timesteps.iter().find(|t| !(0.0..=1000.0).contains(*t)) {
            return Err(Error::invalid("timestep", format!("{t} is not in 0..=1000")));
        }
        let frames = self.x.shape()[1];
        let lengths = [("x_mask", &self.frame_lengths, 1), ("ref_motion_mask", &self.reference_lengths, 0)];
        for (name, lengths, least) in lengths {
            if let Some(n) = lengths.iter().find(|n| !(least..=frames).contains(*n)) {
                return Err(Error::invalid(name, format!("a row has {n} frames, expected {least} to {frames}")));
            }
        }
        Ok(())
    }
}

impl Dit {
    /// [`Dit::forward`] on plain arrays.
    ///
    /// # Shapes
    /// - output: `[batch, frames, 276]`, the velocity
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::InvalidArgument`] or [`Error::NonFinite`] for inputs that do not fit the model or each
    /// other, [`Error::Device`] if the device fails.
    pub fn forward_arrays(&self, inputs: DitInputs) -> Result<Array3<f32>> {
        inputs.check()?;
        let device = self.device();
        let conditions = Conditions {
            context: upload(inputs.context, &device),
            reference: inputs.reference.map(|r| upload(r, &device)),
            attend_to_text: inputs.attend_to_text,
            frame_lengths: inputs.frame_lengths,
            reference_lengths: inputs.reference_lengths,
        };
        let x = upload(inputs.x, &device);
        download(in_pool(&device, || self.forward(x, &inputs.timesteps, &conditions))?)
    }
}

/// Brings an array to a device.
pub(crate) fn upload(values: Array3<f32>, device: &Device) -> Tensor<3> {
    let shape = values.shape().to_vec();
    let values = values.as_standard_layout().into_owned().into_raw_vec_and_offset().0;
    Tensor::from_data(TensorData::new(values, shape), (device, DType::F32))
}

/// Brings a tensor to the host.
///
/// # Errors
/// [`Error::Device`] if the device failed.
pub(crate) fn download(x: Tensor<3>) -> Result<Array3<f32>> {
    let shape = x.dims();
    let failed = |e: String| Error::Device { device: "of the model".into(), reason: e };
    let values = x.try_into_vec_as::<f32>().map_err(|e| failed(e.to_string()))?;
    Array3::from_shape_vec(shape, values).map_err(|e| failed(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DitConfig;

    #[test]
    fn inputs_that_do_not_fit_are_errors_and_those_that_do_give_a_velocity() {
        let config = DitConfig { dim: 16, ffn_dim: 16, num_heads: 2, num_layers: 2, text_dim: 8, ..DitConfig::small() };
        let dit = Dit::new(&config, &Device::flex()).unwrap().init_weights(1, &Device::flex());
        let good = DitInputs {
            x: Array3::from_elem((2, 5, 276), 0.1),
            timesteps: vec![500.0],
            context: Array3::from_elem((2, 3, 8), 0.1),
            reference: None,
            attend_to_text: vec![true; 2],
            frame_lengths: vec![5, 3],
            reference_lengths: vec![0; 2],
        };
        assert_eq!(dit.forward_arrays(good.clone()).unwrap().dim(), (2, 5, 276));
        let mut nan = good.clone();
        nan.x[[1, 2, 3]] = f32::NAN;
        for (name, bad) in [
            ("x", nan),
            ("x", DitInputs { x: Array3::zeros((2, 5, 275)), ..good.clone() }),
            ("x_mask", DitInputs { frame_lengths: vec![6, 3], ..good.clone() }),
            ("x_mask", DitInputs { frame_lengths: vec![0, 3], ..good.clone() }),
            ("mask", DitInputs { frame_lengths: vec![5], ..good.clone() }),
            ("timestep", DitInputs { timesteps: vec![f32::NAN], ..good.clone() }),
            ("timestep", DitInputs { timesteps: vec![1.0; 3], ..good.clone() }),
            ("context", DitInputs { context: Array3::zeros((2, 3, 9)), ..good.clone() }),
            ("ref_motion", DitInputs { attend_to_text: vec![true, false], ..good.clone() }),
        ] {
            let text = dit.forward_arrays(bad).unwrap_err().to_string();
            assert!(text.contains(name), "{name}: {text}");
        }
    }
}

//! Arrays to a device and back.

use burn::tensor::{DType, Device, Tensor, TensorData};
use ndarray::{Array, Array3, Dimension};

use crate::error::{Error, Result};

/// Brings an array of `N` axes to a device.
pub(crate) fn upload<const N: usize, D: Dimension>(values: Array<f32, D>, device: &Device) -> Tensor<N> {
    let shape = values.shape().to_vec();
    let values = values.as_standard_layout().into_owned().into_raw_vec_and_offset().0;
    upload_values(values, shape, device)
}

/// Brings values in row-major order to a device.
pub(crate) fn upload_values<const N: usize>(
    values: Vec<f32>,
    shape: impl Into<Vec<usize>>,
    device: &Device,
) -> Tensor<N> {
    Tensor::from_data(TensorData::new(values, shape.into()), (device, DType::F32))
}

/// Brings a tensor to the host.
pub(crate) fn download(x: Tensor<3>) -> Result<Array3<f32>> {
    let (shape, device) = (x.dims(), x.device());
    let failed = |reason: String| Error::Device { device: format!("{device:?}"), reason };
    let values = x.try_into_vec_as::<f32>().map_err(|e| failed(e.to_string()))?;
    Array3::from_shape_vec(shape, values).map_err(|e| failed(e.to_string()))
}

//! One matrix of a block, in storage and in the matrix product.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::tensor::{DType as BurnDType, Device, Tensor, TensorData};
use half::{bf16, f16};
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::format::{DType, RawTensor};
use crate::model::WeightDtype;
use crate::model::host::upload_values;
use crate::model::kernels::linear::{self, Packed};

/// Side of the squares that are transposed at a time: both sides of the copy stay in cache lines.
const TILE: usize = 32;
/// Values widened at a time: 8 MB of f32, whereas the whole largest matrix would need 168 MB.
const PART: usize = 1 << 21;

/// A weight `[out, in]`.
pub(super) enum Matrix {
    /// In the type of the file.
    Stored(RawTensor),
    /// One byte per value.
    Int8(Int8),
    /// In the order of the CPU's product.
    Packed(Arc<Packed>),
    /// On the device already, `[in, out]`.
    Loaded(Tensor<2>),
}

impl Matrix {
    /// `x W^T` for several weights of one shape, which read the rows of `x` once if all are packed.
    pub(super) fn apply_all<const N: usize>(weights: [&Self; N], x: Tensor<2>) -> [Tensor<2>; N] {
        let packed: Option<Vec<&Arc<Packed>>> = weights.iter().map(|weight| weight.packed()).collect();
        match packed.and_then(|packed| <[_; N]>::try_from(packed).ok()) {
            Some(packed) => linear::linear(x.unsqueeze_dim::<3>(0), packed).map(|y| y.squeeze_dim::<2>(0)),
            None => weights.map(|weight| weight.apply(x.clone())),
        }
    }

    fn packed(&self) -> Option<&Arc<Packed>> {
        match self {
            Self::Packed(packed) => Some(packed),
            _ => None,
        }
    }

    /// `x W^T` in the type of `x`.
    ///
    /// # Shapes
    /// - x: `[tokens, in]`
    /// - output: `[tokens, out]`
    pub(super) fn apply(&self, x: Tensor<2>) -> Tensor<2> {
        self.apply_by(x, PART)
    }

    /// As [`Matrix::apply`], widening `part` values at a time.
    fn apply_by(&self, x: Tensor<2>, part: usize) -> Tensor<2> {
        let (device, dtype) = (x.device(), x.dtype());
        let [outputs, inputs] = match self {
            Self::Loaded(weight) => return x.matmul(weight.clone()),
            Self::Packed(packed) => {
                let [y] = linear::linear(x.unsqueeze_dim::<3>(0), [packed]);
                return y.squeeze_dim::<2>(0);
            }
            Self::Stored(raw) => [raw.shape()[0], raw.shape()[1]],
            Self::Int8(int8) => [int8.outputs, int8.inputs],
        };
        let rows = (part / inputs / TILE * TILE).max(TILE);
        let parts = (0..outputs).step_by(rows).map(|start| {
            let rows = start..(start + rows).min(outputs);
            let shape = [inputs, rows.len()];
            x.clone().matmul(upload_as(dtype, self.transposed(rows), shape, &device))
        });
        Tensor::cat(parts.collect(), 1)
    }

    /// A matrix in the order of the CPU's product.
    ///
    /// # Errors
    /// [`Error::Weights`] for a weight that is not finite, in 8 bits.
    pub(super) fn pack(raw: &RawTensor, kept: WeightDtype) -> Result<Self> {
        let (dtype, inputs) = (raw.dtype(), raw.shape()[1]);
        let (size, finite) = (dtype.size(), AtomicBool::new(true));
        let packed = Packed::new(inputs, raw.shape()[0], kept, |output, input, to| {
            let bytes = &raw.bytes()[(output * inputs + input) * size..][..to.len() * size];
            widen(dtype, bytes, to);
            if kept == WeightDtype::Int8 && !to.iter().all(|value| value.is_finite()) {
                finite.store(false, Ordering::Relaxed);
            }
        });
        if finite.into_inner() { Ok(Self::Packed(Arc::new(packed))) } else { Err(not_finite()) }
    }

    /// The weight on a device, `[in, out]`.
    pub(super) fn load(&self, device: &Device, dtype: BurnDType) -> Tensor<2> {
        match self {
            Self::Packed(packed) => upload_as(dtype, packed.unpack(), packed.shape(), device),
            Self::Loaded(weight) => weight.clone(),
            Self::Stored(raw) => {
                upload_as(dtype, self.transposed(0..raw.shape()[0]), [raw.shape()[1], raw.shape()[0]], device)
            }
            Self::Int8(int8) => upload_as(dtype, self.transposed(0..int8.outputs), [int8.inputs, int8.outputs], device),
        }
    }

    /// Some of the outputs, as f32 `[in, some of out]`.
    fn transposed(&self, rows: Range<usize>) -> Vec<f32> {
        match self {
            Self::Stored(raw) => transposed(raw, rows),
            Self::Int8(int8) => int8.transposed(rows),
            Self::Packed(_) | Self::Loaded(_) => unreachable!("such a matrix is multiplied by as it is"),
        }
    }

    /// Bytes that it takes on the host.
    #[cfg(test)]
    pub(super) fn host_bytes(&self) -> usize {
        match self {
            Self::Stored(raw) => raw.bytes().len(),
            Self::Int8(int8) => int8.values.len() + 4 * int8.scales.len(),
            Self::Packed(packed) => packed.bytes(),
            Self::Loaded(_) => 0,
        }
    }
}

/// Brings a matrix to a device, rounded on the host: half as many bytes cross the bus.
fn upload_as(dtype: BurnDType, values: Vec<f32>, shape: [usize; 2], device: &Device) -> Tensor<2> {
    if dtype != BurnDType::BF16 {
        return upload_values(values, shape, device);
    }
    let half: Vec<bf16> = values.par_iter().map(|v| bf16::from_f32(*v)).collect();
    Tensor::from_data(TensorData::new(half, shape), (device, BurnDType::BF16))
}

/// Rows of `[out, in]` of any float type to `[in, rows]` of f32.
fn transposed(raw: &RawTensor, rows: Range<usize>) -> Vec<f32> {
    let inputs = raw.shape()[1];
    let line = inputs * raw.dtype().size();
    let (bytes, outputs) = (&raw.bytes()[rows.start * line..rows.end * line], rows.len());
    match raw.dtype() {
        DType::BF16 => transpose(outputs, inputs, bytes.as_chunks::<2>().0, |b| bf16::from_le_bytes(b).to_f32()),
        DType::F16 => transpose(outputs, inputs, bytes.as_chunks::<2>().0, |b| f16::from_le_bytes(b).to_f32()),
        DType::F32 => transpose(outputs, inputs, bytes.as_chunks::<4>().0, f32::from_le_bytes),
        other => transpose(outputs, inputs, &other.to_f32(bytes), |v| v),
    }
}

/// Little-endian values as f32.
fn widen(dtype: DType, bytes: &[u8], to: &mut [f32]) {
    fn each<const N: usize>(bytes: &[u8], to: &mut [f32], f: impl Fn([u8; N]) -> f32) {
        to.iter_mut().zip(bytes.as_chunks::<N>().0).for_each(|(to, bytes)| *to = f(*bytes));
    }
    match dtype {
        DType::BF16 => each(bytes, to, |b| bf16::from_le_bytes(b).to_f32()),
        DType::F16 => each(bytes, to, |b| f16::from_le_bytes(b).to_f32()),
        DType::F32 => each(bytes, to, f32::from_le_bytes),
        other => to.copy_from_slice(&other.to_f32(bytes)),
    }
}

fn transpose<T: Copy + Sync>(outputs: usize, inputs: usize, from: &[T], f: impl Fn(T) -> f32 + Sync) -> Vec<f32> {
    let from = &from[..outputs * inputs];
    let mut to = vec![0.0f32; outputs * inputs];
    to.par_chunks_mut(TILE * outputs).enumerate().for_each(|(tile, rows)| {
        let first = tile * TILE;
        let height = rows.len() / outputs;
        for start in (0..outputs).step_by(TILE) {
            for output in start..(start + TILE).min(outputs) {
                let line = &from[output * inputs + first..][..height];
                for (i, value) in line.iter().enumerate() {
                    rows[i * outputs + output] = f(*value);
                }
            }
        }
    });
    to
}

/// Values of a row that share a scale.
const GROUP: usize = 128;

/// A weight in 8 bits: each run of 128 values along a row has its own scale, the maximum magnitude over 127.
pub(super) struct Int8 {
    outputs: usize,
    inputs: usize,
    /// `[out, in]`
    values: Vec<i8>,
    /// `[out, in / 128]`, rounded up
    scales: Vec<f32>,
}

impl Int8 {
    /// # Errors
    /// [`Error::Weights`] for a weight that is not finite.
    pub(super) fn quantize(raw: &RawTensor) -> Result<Self> {
        let [outputs, inputs] = [raw.shape()[0], raw.shape()[1]];
        let row_bytes = inputs * raw.dtype().size();
        let rows: Vec<(Vec<i8>, Vec<f32>)> =
            raw.bytes().par_chunks_exact(row_bytes.max(1)).map(|row| quantize_row(&raw.dtype().to_f32(row))).collect();
        let (values, scales): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let scales = scales.concat();
        if scales.iter().all(|scale| scale.is_finite()) {
            Ok(Self { outputs, inputs, values: values.concat(), scales })
        } else {
            Err(not_finite())
        }
    }

    /// The widened values of some rows, `[in, rows]`.
    fn transposed(&self, rows: Range<usize>) -> Vec<f32> {
        let groups = self.inputs.div_ceil(GROUP);
        let (start, outputs, inputs) = (rows.start, rows.len(), self.inputs);
        let mut to = vec![0.0f32; outputs * inputs];
        to.par_chunks_mut(TILE * outputs).enumerate().for_each(|(tile, lines)| {
            let first = tile * TILE;
            let height = lines.len() / outputs;
            for output in 0..outputs {
                // A tile is within one group: 32 divides 128.
                let scale = self.scales[(start + output) * groups + first / GROUP];
                let line = &self.values[(start + output) * inputs + first..][..height];
                for (i, value) in line.iter().enumerate() {
                    lines[i * outputs + output] = f32::from(*value) * scale;
                }
            }
        });
        to
    }
}

fn not_finite() -> Error {
    Error::Weights { reason: "a weight is not finite; it cannot be kept in 8 bits".into() }
}

fn quantize_row(row: &[f32]) -> (Vec<i8>, Vec<f32>) {
    let mut values = Vec::with_capacity(row.len());
    let mut scales = Vec::with_capacity(row.len().div_ceil(GROUP));
    for group in row.chunks(GROUP) {
        // max() would pass over NaN.
        let largest = group.iter().fold(0.0f32, |most, v| if v.abs() > most || v.is_nan() { v.abs() } else { most });
        let scale = largest / 127.0;
        let inverse = if scale > 0.0 { scale.recip() } else { 0.0 };
        values.extend(group.iter().map(|v| (v * inverse).round() as i8));
        scales.push(scale);
    }
    (values, scales)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(dtype: DType, outputs: usize, inputs: usize) -> RawTensor {
        let value = |i: usize| ((i * 7919) % 257) as f32 / 8.0 - 16.0;
        let bytes = (0..outputs * inputs)
            .flat_map(|i| match dtype {
                DType::BF16 => bf16::from_f32(value(i)).to_le_bytes().to_vec(),
                DType::F16 => f16::from_f32(value(i)).to_le_bytes().to_vec(),
                _ => value(i).to_le_bytes().to_vec(),
            })
            .collect();
        RawTensor::new(dtype, vec![outputs, inputs], bytes).unwrap()
    }

    #[test]
    fn every_type_is_widened_and_transposed() {
        for dtype in [DType::BF16, DType::F16, DType::F32] {
            let raw = matrix(dtype, 45, 70);
            let (plain, turned) = (raw.to_f32(), transposed(&raw, 0..45));
            assert!((0..45).all(|o| (0..70).all(|i| turned[i * 45 + o] == plain[o * 70 + i])), "{dtype:?}");
        }
    }

    #[test]
    fn parts_make_the_whole_product() {
        let device = Device::flex();
        let x = upload_values((0..3 * 70).map(|i| (i % 11) as f32 - 5.0).collect(), [3, 70], &device);
        let raw = matrix(DType::BF16, 145, 70);
        for matrix in [Matrix::Int8(Int8::quantize(&raw).unwrap()), Matrix::Stored(raw)] {
            let whole = x.clone().matmul(matrix.load(&device, BurnDType::F32)).try_into_vec_as::<f32>().unwrap();
            for part in [1, 70 * 32, 70 * 64, 70 * 200] {
                let parts = matrix.apply_by(x.clone(), part).try_into_vec_as::<f32>().unwrap();
                let near = whole.iter().zip(&parts).all(|(a, b)| (a - b).abs() <= 1e-5 * a.abs().max(1.0));
                assert!(parts.len() == 3 * 145 && near, "{part}");
            }
        }
    }

    #[test]
    fn packed_matrices_give_nearly_the_same_product() {
        let device = Device::flex();
        let x = upload_values((0..3 * 300).map(|i| (i % 11) as f32 - 5.0).collect(), [3, 300], &device);
        let numbers = |y: Tensor<2>| y.try_into_vec_as::<f32>().unwrap();
        for dtype in [DType::BF16, DType::F16, DType::F32] {
            let raw = matrix(dtype, 70, 300);
            let whole = numbers(Matrix::Stored(raw.clone()).apply(x.clone()));
            let most = whole.iter().fold(0.0f32, |most, v| most.max(v.abs()));
            for (kept, bound) in [(WeightDtype::Bf16, 1e-3), (WeightDtype::Int8, 1e-2)] {
                let packed = Matrix::pack(&raw, kept).unwrap();
                let [one, two] = Matrix::apply_all([&packed, &packed], x.clone()).map(numbers);
                assert!(one == two && one == numbers(packed.apply(x.clone())));
                let far = whole.iter().zip(&one).fold(0.0f32, |far, (a, b)| far.max((a - b).abs()));
                assert!(far <= bound * most, "{dtype:?} {kept:?}: {far} of {most}");
            }
        }
    }

    #[test]
    fn eight_bits_are_within_half_a_step_of_their_group() {
        let raw = matrix(DType::F32, 3, 300);
        let int8 = Int8::quantize(&raw).unwrap();
        let (plain, turned) = (raw.to_f32(), int8.transposed(0..3));
        for o in 0..3 {
            for i in 0..300 {
                let step = int8.scales[o * 3 + i / GROUP];
                assert!((turned[i * 3 + o] - plain[o * 300 + i]).abs() <= 0.5001 * step, "{o} {i}");
            }
        }
        assert_eq!(Matrix::Int8(int8).host_bytes(), 900 + 4 * 9);
    }

    #[test]
    fn weights_that_are_not_finite_are_refused_and_zeros_stay() {
        let raw = |v: f32| RawTensor::new(DType::F32, vec![1, 1], v.to_le_bytes().to_vec()).unwrap();
        assert!(Int8::quantize(&raw(f32::NAN)).is_err() && Int8::quantize(&raw(f32::INFINITY)).is_err());
        assert!(Matrix::pack(&raw(f32::NAN), WeightDtype::Int8).is_err());
        assert_eq!(Int8::quantize(&raw(0.0)).unwrap().transposed(0..1), [0.0]);
    }
}

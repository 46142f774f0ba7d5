//! Weights of 8 bits in safetensors files.
//!
//! ```text
//! blocks.0.ffn.0.weight        I8   [out, in]                 -127 to 127
//! blocks.0.ffn.0.weight.scale  F32  [out, ceil(in / 128)]     of 128 inputs each
//! ```
//!
//! A weight is its integer times the scale of its group: the largest magnitude of the group over 127. Other parameters
//! are bfloat16. Readers of the file see floats ([`Unpacked`]).

use std::borrow::Cow;
use std::path::Path;

use super::mapping::{METADATA, is_linear};
use crate::error::{Error, Result};
use crate::format::{DType, TensorInfo, TensorSource, safetensors};
use crate::model::WeightDtype;

/// Inputs that share a scale.
const GROUP: usize = 128;
/// End of the name of scales, after that of their matrix.
const SCALE: &str = ".scale";

/// Writes parameters, by checkpoint name and stored shape, atomically and one at a time. `floats(i)` gives the values of
/// `parameters[i]` in the type that is asked for, [`DType::F32`] or [`DType::BF16`].
///
/// # Errors
/// As [`safetensors::save_with`]; [`Error::InvalidArgument`] for a matrix of 8 bits that is not finite.
pub(super) fn save<'b>(
    path: &Path,
    parameters: &[(&str, &[usize])],
    dtype: WeightDtype,
    mut floats: impl FnMut(usize, DType) -> Result<Cow<'b, [u8]>>,
) -> Result<()> {
    let parts: Vec<(String, TensorInfo, usize, Part)> =
        parameters.iter().enumerate().flat_map(|(i, (name, shape))| parts(name, shape, dtype, i)).collect();
    let infos: Vec<_> = parts.iter().map(|(name, info, ..)| (name.as_str(), info.clone())).collect();
    safetensors::save_with(path, &infos, &METADATA, |i| {
        let (name, info, parameter, part) = &parts[i];
        if let Part::Whole = part {
            return floats(*parameter, info.dtype);
        }
        let values = DType::F32.to_f32(&floats(*parameter, DType::F32)?);
        let (integers, scales) = quantize(&values, parameters[*parameter].1[1]);
        if scales.iter().any(|scale| !scale.is_finite()) {
            return Err(Error::invalid("weights", format!("{name:?} has values that are not finite")));
        }
        Ok(Cow::Owned(match part {
            Part::Integers => integers.iter().map(|v| v.cast_unsigned()).collect(),
            _ => scales.iter().flat_map(|v| v.to_le_bytes()).collect(),
        }))
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    Integers,
    Scales,
}

/// The tensors of a file that hold parameter number `i`.
fn parts(name: &str, shape: &[usize], dtype: WeightDtype, i: usize) -> Vec<(String, TensorInfo, usize, Part)> {
    let of = |name: String, dtype, shape: Vec<usize>, part| (name, TensorInfo { dtype, shape }, i, part);
    if dtype != WeightDtype::Int8 || !is_linear(name, shape.len()) {
        return vec![of(name.into(), dtype.stored(), shape.to_vec(), Part::Whole)];
    }
    let scales = vec![shape[0], shape[1].div_ceil(GROUP)];
    vec![
        of(name.into(), DType::I8, shape.to_vec(), Part::Integers),
        of(format!("{name}{SCALE}"), DType::F32, scales, Part::Scales),
    ]
}

/// Integers and scales of the rows of `inputs` values.
fn quantize(values: &[f32], inputs: usize) -> (Vec<i8>, Vec<f32>) {
    let (mut integers, mut scales) = (Vec::with_capacity(values.len()), vec![]);
    for group in values.chunks_exact(inputs.max(1)).flat_map(|row| row.chunks(GROUP)) {
        // NaN passes through the sum, and is found in the scale.
        let largest = group.iter().fold(0.0, |m: f32, v| m.max(v.abs()) + 0.0 * v);
        let scale = short(largest / 127.0);
        let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        integers.extend(group.iter().map(|v| (v * inverse).round().clamp(-127.0, 127.0) as i8));
        scales.push(scale);
    }
    (integers, scales)
}

/// A scale with 8 bits less than `f32` has: 127 times it is exact, so that a matrix that was rounded is saved as it is.
fn short(scale: f32) -> f32 {
    f32::from_bits((scale.to_bits() + 0x80) & !0xff)
}

/// A source whose matrices of 8 bits are floats.
pub(super) struct Unpacked<S>(S);

impl<S: TensorSource> Unpacked<S> {
    /// # Errors
    /// [`Error::Format`] for a matrix of 8 bits without scales of its size.
    pub fn new(source: S) -> Result<Self> {
        for name in source.names() {
            let info = source.info(&name)?;
            if info.dtype != DType::I8 || !is_linear(&name, info.shape.len()) {
                continue;
            }
            let expected = [info.shape[0], info.shape[1].div_ceil(GROUP)];
            let bad = |found: String| {
                let reason = format!("{name:?} has 8-bit values; {name}{SCALE} must be F32 {expected:?}, {found}");
                Error::format("checkpoint", reason)
            };
            let scales = source.info(&scale_of(&name)).map_err(|_| bad("and is missing".into()))?;
            if scales.dtype != DType::F32 || scales.shape != expected {
                return Err(bad(format!("but is {:?} {:?}", scales.dtype, scales.shape)));
            }
        }
        Ok(Self(source))
    }

    fn is_packed(&self, name: &str) -> bool {
        self.0.info(name).is_ok_and(|info| info.dtype == DType::I8 && is_linear(name, info.shape.len()))
    }
}

fn scale_of(name: &str) -> String {
    format!("{name}{SCALE}")
}

impl<S: TensorSource> TensorSource for Unpacked<S> {
    fn names(&self) -> Vec<String> {
        let scales = |name: &String| name.strip_suffix(SCALE).is_some_and(|matrix| self.is_packed(matrix));
        self.0.names().into_iter().filter(|name| !scales(name)).collect()
    }

    fn info(&self, name: &str) -> Result<TensorInfo> {
        let info = self.0.info(name)?;
        Ok(if self.is_packed(name) { TensorInfo { dtype: DType::F32, ..info } } else { info })
    }

    fn bytes(&self, name: &str) -> Result<Cow<'_, [u8]>> {
        if !self.is_packed(name) {
            return self.0.bytes(name);
        }
        let inputs = self.0.info(name)?.shape[1].max(1);
        let scales = DType::F32.to_f32(&self.0.bytes(&scale_of(name))?);
        let integers = self.0.bytes(name)?;
        let groups = integers.chunks_exact(inputs).flat_map(|row| row.chunks(GROUP)).zip(scales);
        let floats = groups.flat_map(|(group, scale)| group.iter().map(move |v| f32::from(v.cast_signed()) * scale));
        Ok(Cow::Owned(floats.flat_map(f32::to_le_bytes).collect()))
    }

    fn release(&self, name: &str) {
        self.0.release(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::RawTensor;
    use crate::format::safetensors::SafetensorsFile;

    fn written(values: &[f32], shape: [usize; 2]) -> Result<(tempfile::TempDir, SafetensorsFile)> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.safetensors");
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        save(&path, &[("a.weight", &shape)], WeightDtype::Int8, |_, _| Ok(Cow::Borrowed(&bytes)))?;
        Ok((folder, SafetensorsFile::open(path)?))
    }

    #[test]
    fn a_weight_is_its_integer_times_the_scale_of_its_group() {
        let values: Vec<f32> = (0..3 * 200).map(|i| ((i * 37) % 101) as f32 * 0.01 - 0.5).collect();
        let (_folder, file) = written(&values, [3, 200]).unwrap();
        assert_eq!(file.info("a.weight.scale").unwrap().shape, [3, 2]);
        let file = Unpacked::new(file).unwrap();
        assert_eq!(file.names(), ["a.weight"]);
        let got = file.read_f32("a.weight").unwrap();
        assert!(got.iter().zip(&values).all(|(a, b)| (a - b).abs() <= 0.5 / 127.0 * 0.51), "half a step");
        assert!(got.iter().zip(&values).any(|(a, b)| a != b));
        // A rounded matrix stays as it is.
        let (_folder, again) = written(&got, [3, 200]).unwrap();
        assert_eq!(Unpacked::new(again).unwrap().read_f32("a.weight").unwrap(), got);
    }

    #[test]
    fn scales_that_are_missing_or_of_another_size_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        let weight = RawTensor::new(DType::I8, vec![2, 3], vec![1; 6]).unwrap();
        let open = |tensors: &[(&str, &RawTensor)]| {
            safetensors::save(&path, tensors, &[]).unwrap();
            Unpacked::new(SafetensorsFile::open(&path).unwrap()).map(|_| ()).unwrap_err().to_string()
        };
        assert!(open(&[("a.weight", &weight)]).contains("a.weight.scale must be F32 [2, 1], and is missing"));
        let scale = RawTensor::new(DType::F32, vec![2], vec![0; 8]).unwrap();
        assert!(open(&[("a.weight", &weight), ("a.weight.scale", &scale)]).contains("but is F32 [2]"));
    }

    #[test]
    fn values_that_are_not_finite_are_refused() {
        for bad in [f32::NAN, f32::INFINITY] {
            let text = written(&[0.5, bad], [1, 2]).map(|_| ()).unwrap_err().to_string();
            assert!(text.contains("a.weight"), "{text}");
        }
    }
}

//! Strict loading, one tensor at a time: at most one extra copy of the largest tensor in addition to the weights.

use std::borrow::Cow;
use std::collections::BTreeSet;

use burn::module::Param;
use burn::tensor::{DType as BurnDType, Device, Tensor, TensorData};
use half::{bf16, f16};

use super::mapping::{self, checkpoint_name, common_prefix, is_linear};
use super::report::Report;
use super::widths;
use crate::error::{Error, Result};
use crate::format::{DType, TensorSource};
use crate::model::kernels::cpu::Level;
use crate::model::named::{self, Map};
use crate::model::{Dit, Packed, PackedWeights, WeightDtype};

/// Tolerated differences of a checkpoint, and storage of the weights.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// Parts of names that may be missing in the checkpoint; those parameters keep their values.
    pub allow_missing: Vec<String>,
    /// Parts of names that may be unused in the checkpoint.
    pub allow_unused: Vec<String>,
    /// Storage in memory.
    pub dtype: WeightDtype,
}

impl LoadOptions {
    /// For a warm start from a Wan2.1 base checkpoint, in a model with random weights.
    pub fn warm_start() -> Self {
        let own = |patterns: &[&str]| patterns.iter().map(|p| p.to_string()).collect();
        Self {
            allow_missing: own(&mapping::NOT_IN_WAN),
            allow_unused: own(&mapping::WAN_ONLY),
            dtype: WeightDtype::F32,
        }
    }

    /// Ignores the reference path of the checkpoint, for a text-only model. Its weights are not read.
    pub fn text_only(mut self) -> Self {
        self.allow_unused.extend(mapping::REFERENCE_PATH.map(String::from));
        self
    }
}

/// Loads every parameter of the model from `source`.
///
/// Names may be nested under a common key (`model.`, `state_dict.module.`, ...), which is detected.
///
/// # Errors
/// [`Error::Weights`] with the whole report for tensors that are missing, unused or of another shape without being allowed to;
/// [`Error::Format`] if a tensor cannot be read; [`Error::InvalidArgument`] for weights of 8 bits on another device
/// than the CPU; [`Error::Config`] if `VIMOGEN_CPU` is not a level.
pub fn load(dit: Dit, source: &dyn TensorSource, options: &LoadOptions, device: &Device) -> Result<(Dit, Report)> {
    Level::check()?;
    if options.dtype == WeightDtype::Int8 && !on_cpu(device) {
        return Err(Error::invalid("dtype", "weights of 8 bits are for the CPU; choose float32 or bfloat16"));
    }
    run(dit, source, options, Some(device))
}

/// The report of [`load`], without reading any values.
///
/// # Errors
/// As [`load`].
pub fn inspect(dit: Dit, source: &dyn TensorSource, options: &LoadOptions) -> Result<Report> {
    Ok(run(dit, source, options, None)?.1)
}

/// Loads to a device, or only compares names and shapes.
fn run(dit: Dit, source: &dyn TensorSource, options: &LoadOptions, device: Option<&Device>) -> Result<(Dit, Report)> {
    widths::check(source)?;
    let names: BTreeSet<String> = source.names().into_iter().collect();
    let prefix = common_prefix(&names);
    let mut loader = Loader {
        source,
        options,
        device,
        used: BTreeSet::new(),
        report: Report::default(),
        error: None,
        names: &names,
        prefix: &prefix,
        packed: PackedWeights::new(),
    };
    let mut dit = named::map(dit, &mut loader);
    let Loader { used, mut report, error, packed, .. } = loader;
    if let Some(error) = error {
        return Err(error);
    }
    dit.install(packed);
    for name in names.difference(&used) {
        let bare = name.strip_prefix(&prefix).unwrap_or(name).to_string();
        let is_buffer = mapping::BUFFERS.contains(&bare.as_str());
        match is_buffer || mapping::matches(&bare, &options.allow_unused) {
            true => report.ignored.push(bare),
            false => report.unused.push(bare),
        }
    }
    report.suggest();
    match report.is_complete() {
        true => Ok((dit, report)),
        false => Err(Error::Weights { reason: report.to_string() }),
    }
}

struct Loader<'a> {
    source: &'a dyn TensorSource,
    options: &'a LoadOptions,
    /// `None`: nothing is read.
    device: Option<&'a Device>,
    used: BTreeSet<String>,
    report: Report,
    error: Option<Error>,
    names: &'a BTreeSet<String>,
    prefix: &'a str,
    /// Weights of the blocks.
    packed: PackedWeights,
}

fn on_cpu(device: &Device) -> bool {
    *device == Device::flex()
}

impl Loader<'_> {
    /// Whether the weights of the blocks are packed on this device.
    fn packs(&self, device: &Device) -> bool {
        on_cpu(device) && self.options.dtype.is_packed()
    }

    /// Type of the tensor `stored`, whose shape in memory must be `shape`; `None` for another shape.
    fn fit(&mut self, name: &str, stored: &str, shape: &[usize]) -> Result<Option<DType>> {
        let info = self.source.info(stored)?;
        let mut expected = shape.to_vec();
        if is_linear(name, shape.len()) {
            expected.reverse();
        }
        if info.shape != expected || !info.dtype.is_float() {
            self.report.mismatched.push((name.into(), expected, info.shape));
            return Ok(None);
        }
        Ok(Some(info.dtype))
    }

    /// The bytes of the tensor `stored`.
    fn bytes(&self, stored: &str, dtype: DType, shape: &[usize]) -> Result<Cow<'_, [u8]>> {
        let bytes = self.source.bytes(stored)?;
        if bytes.len() != shape.iter().product::<usize>() * dtype.size() {
            let reason = format!("{stored:?} has {} bytes, too few or too many for {shape:?}", bytes.len());
            return Err(Error::format("checkpoint", reason));
        }
        Ok(bytes)
    }

    /// Reads and packs the matrix `stored`, whose shape in memory is `[inputs, outputs]`.
    fn pack(&self, stored: &str, dtype: DType, [inputs, outputs]: [usize; 2]) -> Result<Packed> {
        let bytes = self.bytes(stored, dtype, &[inputs, outputs])?;
        let packed = pack(dtype, &bytes, inputs, outputs, self.options.dtype);
        self.source.release(stored);
        Ok(packed)
    }

    /// Reads the tensor `stored` as it is kept in memory, without an intermediate copy.
    fn read(&self, name: &str, stored: &str, dtype: DType, shape: &[usize]) -> Result<TensorData> {
        let bytes = self.bytes(stored, dtype, shape)?;
        let sizes = is_linear(name, shape.len()).then(|| (shape[1], shape[0]));
        let data = match self.options.dtype {
            WeightDtype::F32 => TensorData::new(convert(dtype, &bytes, sizes, |v| v), shape.to_vec()),
            WeightDtype::Bf16 | WeightDtype::Int8 => {
                TensorData::new(convert(dtype, &bytes, sizes, bf16::from_f32), shape.to_vec())
            }
        };
        self.source.release(stored);
        Ok(data)
    }

    /// The parameter with the checkpoint's values; unchanged for another shape or if nothing is to be read.
    fn replace<const D: usize>(&mut self, param: Param<Tensor<D>>, name: String) -> Result<Param<Tensor<D>>> {
        let stored = format!("{}{name}", self.prefix);
        if !self.names.contains(&stored) {
            match mapping::matches(&name, &self.options.allow_missing) {
                true => self.report.kept.push(name),
                false => self.report.missing.push(name),
            }
            return Ok(param);
        }
        self.used.insert(stored.clone());
        let shape = param.lazy_shape();
        let Some(dtype) = self.fit(&name, &stored, shape.as_slice())? else { return Ok(param) };
        let param = match (self.device, shape.as_slice()) {
            (None, _) => param,
            (Some(device), [inputs, outputs]) if self.packs(device) && mapping::is_of_block(&name) => {
                let packed = self.pack(&stored, dtype, [*inputs, *outputs])?;
                self.packed.insert(param.id, packed);
                param
            }
            (Some(device), shape) => {
                let data = self.read(&name, &stored, dtype, shape)?;
                let dtype = match self.options.dtype {
                    WeightDtype::F32 => BurnDType::F32,
                    WeightDtype::Bf16 | WeightDtype::Int8 => BurnDType::BF16,
                };
                Param::initialized(param.id, Tensor::from_data(data, (device, dtype)))
            }
        };
        self.report.applied.push(name);
        Ok(param)
    }
}

impl Map for Loader<'_> {
    fn float<const D: usize>(&mut self, name: &str, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.error.is_some() {
            return param;
        }
        let name = checkpoint_name(name);
        let unchanged = param.clone();
        self.replace(param, name).unwrap_or_else(|error| {
            self.error = Some(error);
            unchanged
        })
    }
}

/// Packs a stored `[outputs, inputs]` matrix of floats.
fn pack(dtype: DType, bytes: &[u8], inputs: usize, outputs: usize, kept: WeightDtype) -> Packed {
    fn with<const N: usize>(
        bytes: &[u8],
        [inputs, outputs]: [usize; 2],
        kept: WeightDtype,
        read: impl Fn([u8; N]) -> f32 + Sync,
    ) -> Packed {
        let stored = bytes.as_chunks::<N>().0;
        Packed::new(inputs, outputs, kept, |output, input, to| {
            let row = &stored[output * inputs + input..];
            to.iter_mut().zip(row).for_each(|(to, bytes)| *to = read(*bytes));
        })
    }
    let sizes = [inputs, outputs];
    match dtype {
        DType::F64 => with(bytes, sizes, kept, |b| f64::from_le_bytes(b) as f32),
        DType::F16 => with(bytes, sizes, kept, |b| f16::from_le_bytes(b).to_f32()),
        DType::BF16 => with(bytes, sizes, kept, |b| bf16::from_le_bytes(b).to_f32()),
        DType::F32 => with(bytes, sizes, kept, f32::from_le_bytes),
        _ => unreachable!("only floats fit a parameter"),
    }
}

/// Stored floats in another type, transposed if they are a `[rows, cols]` matrix.
fn convert<T: Copy + Default>(
    dtype: DType,
    bytes: &[u8],
    matrix: Option<(usize, usize)>,
    f: impl Fn(f32) -> T,
) -> Vec<T> {
    match dtype {
        DType::F64 => arrange(bytes, matrix, |b| f(f64::from_le_bytes(b) as f32)),
        DType::F16 => arrange(bytes, matrix, |b| f(f16::from_le_bytes(b).to_f32())),
        DType::BF16 => arrange(bytes, matrix, |b| f(bf16::from_le_bytes(b).to_f32())),
        DType::F32 => arrange(bytes, matrix, |b| f(f32::from_le_bytes(b))),
        _ => unreachable!("only floats fit a parameter"),
    }
}

fn arrange<const N: usize, T: Copy + Default>(
    bytes: &[u8],
    matrix: Option<(usize, usize)>,
    read: impl Fn([u8; N]) -> T,
) -> Vec<T> {
    let stored = bytes.as_chunks::<N>().0;
    match matrix {
        None => stored.iter().map(|b| read(*b)).collect(),
        Some((rows, cols)) => transpose_with(rows, cols, |i| read(stored[i])),
    }
}

/// The transpose of a row-major `[rows, cols]` matrix.
pub(crate) fn transpose<T: Copy + Default>(values: &[T], rows: usize, cols: usize) -> Vec<T> {
    transpose_with(rows, cols, |i| values[i])
}

/// The transpose of the row-major `[rows, cols]` matrix with the elements `at(i)`, in tiles that fit the cache.
fn transpose_with<T: Copy + Default>(rows: usize, cols: usize, at: impl Fn(usize) -> T) -> Vec<T> {
    const TILE: usize = 32;
    let mut out = vec![T::default(); rows * cols];
    for row_tile in (0..rows).step_by(TILE) {
        for col_tile in (0..cols).step_by(TILE) {
            for row in row_tile..(row_tile + TILE).min(rows) {
                for col in col_tile..(col_tile + TILE).min(cols) {
                    out[col * rows + row] = at(row * cols + col);
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transpose_swaps_rows_and_columns() {
        let values: Vec<usize> = (0..35 * 67).collect();
        let out = transpose(&values, 35, 67);
        assert!((0..35).all(|r| (0..67).all(|c| out[c * 35 + r] == values[r * 67 + c])));
        assert_eq!(transpose(&transpose(&values, 35, 67), 67, 35), values);
    }
}

//! NumPy arrays and scalars within pickles.

use super::super::npy::{fortran_strides, parse_kind, swap_bytes};
use super::super::tensor::{DType, RawTensor, TensorInfo, gather_from};
use super::super::{MAX_BYTES, read_bounded};
use super::{FORMAT, Global, PLAIN_GLOBALS, View, bad, parse};
use crate::error::Result;

/// Names that NumPy arrays need, before and since NumPy 2.
pub const NUMPY_GLOBALS: &[Global] = &[
    Global::new("numpy", "ndarray"),
    Global::new("numpy", "dtype"),
    Global::new("numpy.core.multiarray", "_reconstruct"),
    Global::new("numpy._core.multiarray", "_reconstruct"),
    Global::new("numpy.core.multiarray", "scalar"),
    Global::new("numpy._core.multiarray", "scalar"),
    Global::new("numpy.core.numeric", "_frombuffer"),
    Global::new("numpy._core.numeric", "_frombuffer"),
];

const MULTIARRAY: &[&str] = &["numpy.core.multiarray", "numpy._core.multiarray"];
const NUMERIC: &[&str] = &["numpy.core.numeric", "numpy._core.numeric"];

/// Reads a pickle file that holds one NumPy array.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound), [`Error::Io`](crate::Error::Io),
/// [`Error::TooLarge`](crate::Error::TooLarge), [`Error::Format`](crate::Error::Format).
pub fn load(path: impl AsRef<std::path::Path>) -> Result<RawTensor> {
    let path = path.as_ref();
    let bytes = read_bounded(path, MAX_BYTES)?;
    let read = || {
        let pickle = parse(&bytes, &[PLAIN_GLOBALS, NUMPY_GLOBALS])?;
        array(pickle.root())?.ok_or_else(|| bad("it holds no NumPy array"))
    };
    read().map_err(|e| e.with_path(path))
}

/// The array or NumPy number that `value` makes; `None` if it makes something else.
///
/// # Errors
/// [`Error::Format`](crate::Error::Format) for arrays of Python objects or texts, or with too few bytes.
pub fn array(value: View<'_, '_>) -> Result<Option<RawTensor>> {
    let Some((function, args)) = value.as_call() else { return Ok(None) };
    let broken = || bad("it has a NumPy array of unknown form");
    if function.is(MULTIARRAY, "scalar") {
        let [dtype, data] = args[..] else { return Err(broken()) };
        return build(dtype, Vec::new(), false, data).map(Some);
    }
    if function.is(NUMERIC, "_frombuffer") {
        let [data, dtype, shape, order] = args[..] else { return Err(broken()) };
        return build(dtype, shape.sizes().ok_or_else(broken)?, order.as_str() == Some("F"), data).map(Some);
    }
    if function.is(MULTIARRAY, "_reconstruct") {
        let state = value.state().and_then(short_tuple).ok_or_else(broken)?;
        let ([_, shape, dtype, fortran, data] | [shape, dtype, fortran, data]) = state[..] else {
            return Err(broken());
        };
        let fortran = fortran.as_bool().ok_or_else(broken)?;
        return build(dtype, shape.sizes().ok_or_else(broken)?, fortran, data).map(Some);
    }
    Ok(None)
}

fn build(dtype: View<'_, '_>, shape: Vec<usize>, fortran: bool, data: View<'_, '_>) -> Result<RawTensor> {
    let (dtype, big_endian) = element_type(dtype)?;
    let info = TensorInfo { dtype, shape };
    let needed = info.bytes_within("numpy array", MAX_BYTES)?;
    let data = data.as_bytes().ok_or_else(|| bad("it has a NumPy array of Python objects"))?;
    if data.len() != needed {
        return Err(bad(format!(
            "a NumPy array of shape {:?} comes with {} bytes, not {needed}",
            info.shape,
            data.len()
        )));
    }
    let strides = fortran_strides(&info.shape);
    let mut bytes =
        if fortran { gather_from(FORMAT, &data, &info, 0, &strides)?.into_owned() } else { data.into_owned() };
    if big_endian {
        swap_bytes(&mut bytes, dtype.size());
    }
    RawTensor::new(info.dtype, info.shape, bytes)
}

fn short_tuple<'p, 'a>(value: View<'p, 'a>) -> Option<Vec<View<'p, 'a>>> {
    if value.count() <= 16 { value.items() } else { None }
}

/// `numpy.dtype('f4', False, True)` with its byte order in the state.
fn element_type(dtype: View<'_, '_>) -> Result<(DType, bool)> {
    let unknown = || bad("it has a NumPy array whose elements are not numbers or booleans");
    let (_, args) = dtype.as_call().filter(|(f, _)| f.is(&["numpy"], "dtype")).ok_or_else(unknown)?;
    let kind = args.first().and_then(|a| a.as_str()).and_then(parse_kind).ok_or_else(unknown)?;
    let order = dtype.state().and_then(short_tuple).and_then(|s| s.get(1)?.as_str());
    Ok((kind, order == Some(">")))
}

//! NumPy arrays and scalars within pickles.

use std::borrow::Cow;

use super::super::npy::{fortran_strides, parse_kind, swap_bytes};
use super::super::tensor::{DType, RawTensor, TensorInfo, gather_from};
use super::super::{MAX_BYTES, read_bounded};
use super::{FORMAT, Global, Node, PLAIN_GLOBALS, View, bad, parse};
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

/// An array as its pickle has it: the bytes are copied when it is read.
#[derive(Debug, Clone)]
pub(crate) struct Stored<'a> {
    pub(crate) info: TensorInfo,
    pub(crate) big_endian: bool,
    /// Whether the first axis is fastest.
    pub(crate) fortran: bool,
    /// As many bytes as `info` needs.
    pub(crate) data: Cow<'a, [u8]>,
}

impl Stored<'_> {
    /// The array, little-endian, last axis fastest.
    pub(crate) fn read(&self) -> Result<RawTensor> {
        let info = &self.info;
        let mut bytes = if self.fortran {
            gather_from(FORMAT, &self.data, info, 0, &fortran_strides(&info.shape))?.into_owned()
        } else {
            self.data.to_vec()
        };
        if self.big_endian {
            swap_bytes(&mut bytes, info.dtype.size());
        }
        RawTensor::new(info.dtype, info.shape.clone(), bytes)
    }
}

/// The array or NumPy number that `value` makes; `None` if it makes something else.
///
/// # Errors
/// [`Error::Format`](crate::Error::Format) for arrays of Python objects or texts, or with too few bytes.
pub fn array(value: View<'_, '_>) -> Result<Option<RawTensor>> {
    stored(value)?.map(|array| array.read()).transpose()
}

/// [`array`] without a copy of its bytes, where the pickle has them as they are.
pub(crate) fn stored<'p>(value: View<'p, '_>) -> Result<Option<Stored<'p>>> {
    if let Node::Array(array) = value.node() {
        let Stored { info, big_endian, fortran, data } = &**array;
        let data = Cow::Borrowed(&**data);
        return Ok(Some(Stored { info: info.clone(), big_endian: *big_endian, fortran: *fortran, data }));
    }
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
    let Some([shape, dtype, fortran, data]) = state(value) else {
        return if function.is(MULTIARRAY, "_reconstruct") { Err(broken()) } else { Ok(None) };
    };
    let fortran = fortran.as_bool().ok_or_else(broken)?;
    build(dtype, shape.sizes().ok_or_else(broken)?, fortran, data).map(Some)
}

/// Shape, element type, order and data of an array.
fn state<'p, 'a>(value: View<'p, 'a>) -> Option<[View<'p, 'a>; 4]> {
    value.as_call().filter(|(function, _)| function.is(MULTIARRAY, "_reconstruct"))?;
    let state = value.state().and_then(short_tuple)?;
    let ([_, shape, dtype, fortran, data] | [shape, dtype, fortran, data]) = state[..] else { return None };
    Some([shape, dtype, fortran, data])
}

/// The elements of an array of Python objects, last axis fastest; `None` if `value` is none.
pub(crate) fn objects<'p, 'a>(value: View<'p, 'a>) -> Option<Vec<View<'p, 'a>>> {
    let [_, dtype, _, data] = state(value)?;
    if is_object(dtype) { data.items() } else { None }
}

fn build<'p>(dtype: View<'_, '_>, shape: Vec<usize>, fortran: bool, data: View<'p, '_>) -> Result<Stored<'p>> {
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
    Ok(Stored { info, big_endian, fortran, data })
}

fn short_tuple<'p, 'a>(value: View<'p, 'a>) -> Option<Vec<View<'p, 'a>>> {
    if value.count() <= 16 { value.items() } else { None }
}

/// Whether the elements of an array of this `numpy.dtype` are Python objects.
pub(super) fn is_object(dtype: View<'_, '_>) -> bool {
    let call = dtype.as_call().filter(|(f, _)| f.is(&["numpy"], "dtype"));
    call.is_some_and(|(_, args)| args.first().and_then(|a| a.as_str()).is_some_and(|kind| kind.starts_with('O')))
}

/// `numpy.dtype('f4', False, True)` with its byte order in the state.
pub(super) fn element_type(dtype: View<'_, '_>) -> Result<(DType, bool)> {
    let unknown = || bad("it has a NumPy array whose elements are not numbers or booleans");
    let (_, args) = dtype.as_call().filter(|(f, _)| f.is(&["numpy"], "dtype")).ok_or_else(unknown)?;
    let kind = args.first().and_then(|a| a.as_str()).and_then(parse_kind).ok_or_else(unknown)?;
    let order = dtype.state().and_then(short_tuple).and_then(|s| s.get(1)?.as_str());
    Ok((kind, order == Some(">")))
}

//! joblib's pickles: the bytes of an array follow the opcode that completes its wrapper.

use super::super::MAX_BYTES;
use super::literal::Reader;
use super::numpy::{Stored, element_type, is_object};
use super::{Global, View, bad};
use crate::error::Result;
use crate::format::TensorInfo;

/// Names that joblib's files need in addition to NumPy's.
pub(crate) const JOBLIB_GLOBALS: &[Global] = &[
    Global::new("joblib.numpy_pickle", "NumpyArrayWrapper"),
    Global::new("sklearn.externals.joblib.numpy_pickle", "NumpyArrayWrapper"),
];

/// Content of a wrapper.
pub(super) enum Wrapped<'a> {
    /// Numbers, whose bytes were taken.
    Numbers(Stored<'a>),
    /// An array of Python objects, as a pickle that comes next.
    Objects,
}

pub(super) fn is_wrapper(function: Global) -> bool {
    JOBLIB_GLOBALS.contains(&function)
}

/// Reads the array behind a wrapper with this state.
pub(super) fn array<'a>(state: View<'_, 'a>, reader: &mut Reader<'a>) -> Result<Wrapped<'a>> {
    let broken = || bad("it has an array of joblib in an unknown form");
    let entries = if state.count() <= 16 { state.entries() } else { None }.ok_or_else(broken)?;
    let get = |name: &str| entries.iter().find(|[key, _]| key.as_str() == Some(name)).map(|[_, value]| *value);
    let dtype = get("dtype").ok_or_else(broken)?;
    if is_object(dtype) {
        return Ok(Wrapped::Objects);
    }
    let (dtype, big_endian) = element_type(dtype)?;
    let info = TensorInfo { dtype, shape: get("shape").and_then(View::sizes).ok_or_else(broken)? };
    let needed = info.bytes_within("numpy array", MAX_BYTES)?;
    if get("numpy_array_alignment_bytes").and_then(View::as_int).is_some() {
        let padding = reader.byte()?;
        reader.take(padding.into())?;
    }
    let fortran = get("order").and_then(View::as_str) == Some("F");
    Ok(Wrapped::Numbers(Stored { info, big_endian, fortran, data: reader.take(needed)?.into() }))
}

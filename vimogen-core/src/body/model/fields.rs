//! Checked arrays of body model files.

use crate::error::{Error, Result, check_finite};
use crate::format::TensorSource;

pub(super) fn bad(reason: impl Into<String>) -> Error {
    Error::format("body model", reason)
}

/// The shape of an array of `N` axes, each of at least 1 and at most the bound.
pub(super) fn shape<const N: usize>(source: &dyn TensorSource, name: &str, most: [usize; N]) -> Result<[usize; N]> {
    if !source.names().iter().any(|n| n == name) {
        return Err(bad(format!("it has no array {name:?}")));
    }
    let got = source.info(name)?.shape;
    match <[usize; N]>::try_from(got.as_slice()) {
        Ok(found) if found.iter().zip(most).all(|(d, most)| (1..=most).contains(d)) => Ok(found),
        _ => Err(Error::shape(name, format!("{N} axes, each from 1 to {most:?}"), &got)),
    }
}

/// The values of an array of exactly this shape.
pub(super) fn read(source: &dyn TensorSource, name: &str, expected: &[usize]) -> Result<Vec<f32>> {
    if !source.names().iter().any(|n| n == name) {
        return Err(bad(format!("it has no array {name:?}")));
    }
    let info = source.info(name)?;
    if info.shape != expected {
        return Err(Error::shape(name, format!("{expected:?}"), &info.shape));
    }
    let values = source.read_f32(name)?;
    check_finite(name, &ndarray::ArrayView1::from(values.as_slice()))?;
    Ok(values)
}

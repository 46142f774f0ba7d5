//! Reading arguments: arrays, masks, names of devices and number types, configurations, one or many.

use std::ops::Deref;
use std::path::PathBuf;

use ndarray::{Array, ArrayView, ArrayViewD, Dimension, Ix1, Ix2, Ix3};
use numpy::{AllowTypeChange, PyArrayLikeDyn};
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use serde::Serialize;
use serde::de::DeserializeOwned;
use vimogen_core::{DeviceSpec, Error, WeightDtype};

use crate::error::{OrRaise, invalid, raise};

type Converted<'py> = PyArrayLikeDyn<'py, f32, AllowTypeChange>;

/// Anything that NumPy converts to an f32 array; an f32 array is not copied.
pub struct Floats<'py>(Converted<'py>);

impl<'a, 'py> FromPyObject<'a, 'py> for Floats<'py> {
    type Error = PyErr;

    fn extract(value: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Converted::extract(value).map(Self).map_err(|error| bfloat16(&value).unwrap_or(error))
    }
}

impl<'py> Deref for Floats<'py> {
    type Target = Converted<'py>;

    fn deref(&self) -> &Converted<'py> {
        &self.0
    }
}

/// The error of an array in bfloat16, which NumPy does not know; PyO3 notes the argument's name.
fn bfloat16(value: &Bound<'_, PyAny>) -> Option<PyErr> {
    let remedy = match value.getattr("dtype").ok()?.str().ok()?.to_str().ok()? {
        "torch.bfloat16" => "pass tensor.float()",
        "|V2" | "<V2" => "pass (array.view(\"u2\").astype(\"u4\") << 16).view(\"f4\")",
        _ => return None,
    };
    Some(PyTypeError::new_err(format!("it is bfloat16, which NumPy does not know: {remedy}")))
}

/// The array with its number of axes.
fn axes<'a, D: Dimension>(array: &'a Floats<'_>, name: &str, expected: &str) -> PyResult<ArrayView<'a, f32, D>> {
    let view: ArrayViewD<'a, f32> = array.as_array();
    let shape = view.shape().to_vec();
    view.into_dimensionality::<D>().map_err(|_| raise(array.py(), &Error::shape(name, expected, &shape)))
}

/// An array with one axis.
pub fn as_1d<'a>(array: &'a Floats<'_>, name: &str) -> PyResult<ArrayView<'a, f32, Ix1>> {
    axes(array, name, "one axis")
}

/// An array with two axes.
pub fn as_2d<'a>(array: &'a Floats<'_>, name: &str) -> PyResult<ArrayView<'a, f32, Ix2>> {
    axes(array, name, "two axes")
}

/// An array with three axes.
pub fn as_3d<'a>(array: &'a Floats<'_>, name: &str) -> PyResult<ArrayView<'a, f32, Ix3>> {
    axes(array, name, "three axes")
}

/// A copy in standard layout, which may leave Python.
pub fn owned<D: Dimension>(view: ArrayView<'_, f32, D>) -> Array<f32, D> {
    view.as_standard_layout().into_owned()
}

/// The view of an optional array.
pub fn optional<'a, D: Dimension>(
    array: Option<&'a Floats<'_>>,
    name: &str,
    expected: &str,
) -> PyResult<Option<ArrayView<'a, f32, D>>> {
    array.map(|array| axes(array, name, expected)).transpose()
}

/// One flag per row.
pub fn booleans(flags: Option<&Floats<'_>>, name: &str) -> PyResult<Option<Vec<bool>>> {
    flags.map(|flags| Ok(as_1d(flags, name)?.iter().map(|v| *v != 0.0).collect())).transpose()
}

/// A device by name.
pub fn device(py: Python<'_>, name: &str) -> PyResult<DeviceSpec> {
    name.parse().or_raise(py)
}

/// How weights are kept, by NumPy's or PyTorch's name.
pub fn dtype(py: Python<'_>, name: &str) -> PyResult<WeightDtype> {
    name.parse().or_raise(py)
}

/// A configuration from a dict, or from the path of a JSON file.
pub fn config<T: DeserializeOwned>(name: &str, value: &Bound<'_, PyAny>) -> PyResult<T> {
    let py = value.py();
    let wrong = |e: serde_json::Error| raise(py, &Error::config(name, e.to_string()));
    if let Ok(path) = value.extract::<PathBuf>() {
        let bytes = vimogen_core::format::read_bounded(&path, 1 << 20).or_raise(py)?;
        return serde_json::from_slice(&bytes).map_err(wrong);
    }
    let text: String = py.import("json")?.call_method1("dumps", (value,))?.extract()?;
    serde_json::from_str(&text).map_err(wrong)
}

/// A configuration as Python's dicts and lists.
pub fn to_python<'py>(py: Python<'py>, value: &impl Serialize) -> PyResult<Bound<'py, PyAny>> {
    let text = serde_json::to_string(value)
        .map_err(|e| raise(py, &Error::Internal { reason: format!("cannot be written as JSON: {e}") }))?;
    py.import("json")?.call_method1("loads", (text,))
}

/// One value for all, or a list with one for each.
pub enum Given<T> {
    /// For all.
    One(T),
    /// For each.
    Many(Vec<T>),
}

impl<T> Given<T> {
    /// How many there are, if they were listed.
    pub fn listed(&self) -> Option<usize> {
        match self {
            Self::One(_) => None,
            Self::Many(all) => Some(all.len()),
        }
    }

    /// The value for item `i`.
    pub fn at(&self, i: usize) -> Option<&T> {
        match self {
            Self::One(value) => Some(value),
            Self::Many(all) => all.get(i),
        }
    }
}

/// Reads one value or a list or tuple of them; `kind` describes one of them in words.
pub fn given<'py, T>(
    value: Option<&Bound<'py, PyAny>>,
    name: &'static str,
    kind: &str,
    read: impl Fn(&Bound<'py, PyAny>) -> PyResult<T>,
) -> PyResult<Option<Given<T>>> {
    let Some(value) = value.filter(|v| !v.is_none()) else { return Ok(None) };
    let read = |item: &Bound<'py, PyAny>| read(item).map_err(|error| explain(error, item, name, kind));
    if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        return Ok(Some(Given::Many(value.try_iter()?.map(|item| read(&item?)).collect::<PyResult<_>>()?)));
    }
    read(value).map(|value| Some(Given::One(value)))
}

/// Names the argument in an error of reading it.
fn explain(error: PyErr, item: &Bound<'_, PyAny>, name: &'static str, kind: &str) -> PyErr {
    let py = item.py();
    if error.is_instance_of::<PyOverflowError>(py) {
        return invalid(py, name, format!("{item} is out of range for {kind}"));
    }
    if error.is_instance_of::<PyTypeError>(py) {
        let got = item.get_type().name().map_or_else(|_| "something else".into(), |n| n.to_string());
        return PyTypeError::new_err(format!("{name} must be {kind} or a list of them, not {got}"));
    }
    error
}

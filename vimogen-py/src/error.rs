//! The exception classes: one for each code of the core's table, each also the builtin that Python users would catch.

use pyo3::PyTypeInfo;
use pyo3::exceptions::{
    PyArithmeticError, PyBaseException, PyException, PyFileNotFoundError, PyOSError, PyRuntimeError, PyValueError,
};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple, PyType};
use vimogen_core::{Error, ErrorCode};

/// Name and documentation of the base class.
const BASE: (&str, &str) = ("VimogenError", "Anything that can go wrong in vimogen. `code` is its stable number.");

/// A class of exceptions.
struct Class {
    code: ErrorCode,
    name: &'static str,
    doc: &'static str,
    builtin: fn(Python<'_>) -> Bound<'_, PyType>,
}

const CLASSES: &[Class] = &[
    class(ErrorCode::InvalidArgument, "InvalidArgumentError", "An argument is out of its range.", of::<PyValueError>),
    class(ErrorCode::Shape, "ShapeError", "An array has the wrong shape.", of::<PyValueError>),
    class(ErrorCode::NonFinite, "NonFiniteError", "An array holds NaN or infinity.", of::<PyValueError>),
    class(ErrorCode::NotFound, "NotFoundError", "A file or folder does not exist.", of::<PyFileNotFoundError>),
    class(ErrorCode::Io, "FileError", "Reading or writing failed.", of::<PyOSError>),
    class(ErrorCode::Format, "FormatError", "A file is damaged or of another format.", of::<PyValueError>),
    class(ErrorCode::TooLarge, "TooLargeError", "A file declares more data than is read.", of::<PyValueError>),
    class(ErrorCode::Weights, "WeightsError", "Weights do not fit the model.", of::<PyValueError>),
    class(ErrorCode::Config, "ConfigError", "A configuration is inconsistent.", of::<PyValueError>),
    class(ErrorCode::NoTextEncoder, "NoTextEncoderError", "The model cannot read prompts.", of::<PyRuntimeError>),
    class(ErrorCode::Device, "DeviceError", "A device does not exist in this build or machine.", of::<PyRuntimeError>),
    class(ErrorCode::ProcessGroup, "ProcessGroupError", "Processes cannot train together.", of::<PyRuntimeError>),
    class(ErrorCode::Cancelled, "CancelledError", "The progress callback returned False.", of::<PyRuntimeError>),
    class(ErrorCode::Diverged, "DivergedError", "A number that must be finite is not.", of::<PyArithmeticError>),
    class(ErrorCode::Internal, "InternalError", "A bug in vimogen: please report it.", of::<PyRuntimeError>),
];

const fn class(
    code: ErrorCode,
    name: &'static str,
    doc: &'static str,
    builtin: fn(Python<'_>) -> Bound<'_, PyType>,
) -> Class {
    Class { code, name, doc, builtin }
}

fn of<T: PyTypeInfo>(py: Python<'_>) -> Bound<'_, PyType> {
    py.get_type::<T>()
}

/// The base class, then the classes in the order of [`CLASSES`].
static TYPES: PyOnceLock<Vec<Py<PyType>>> = PyOnceLock::new();

fn make<'py>(
    py: Python<'py>,
    name: &str,
    doc: &str,
    bases: Bound<'py, PyTuple>,
    code: Option<i32>,
) -> PyResult<Bound<'py, PyType>> {
    let members = PyDict::new(py);
    members.set_item("__module__", "vimogen")?;
    members.set_item("__doc__", doc)?;
    members.set_item("code", code)?;
    // OSError's own would show errno and file name in place of the message.
    members.set_item("__str__", of::<PyBaseException>(py).getattr("__str__")?)?;
    Ok(PyType::type_object(py).call1((name, bases, members))?.cast_into()?)
}

fn types(py: Python<'_>) -> PyResult<&Vec<Py<PyType>>> {
    TYPES.get_or_try_init(py, || {
        let base = make(py, BASE.0, BASE.1, PyTuple::new(py, [of::<PyException>(py)])?, None)?;
        let mut types = vec![base.clone().unbind()];
        for class in CLASSES {
            let bases = PyTuple::new(py, [base.clone(), (class.builtin)(py)])?;
            types.push(make(py, class.name, class.doc, bases, Some(class.code as i32))?.unbind());
        }
        Ok(types)
    })
}

/// Adds the classes to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    for class in types(module.py())? {
        let class = class.bind(module.py());
        module.add(class.name()?, class)?;
    }
    Ok(())
}

/// The exception for an error of the core.
pub fn raise(py: Python<'_>, error: &Error) -> PyErr {
    let place = CLASSES.iter().position(|class| class.code == error.code()).map_or(0, |i| i + 1);
    let class = match types(py) {
        Ok(types) => types[place].bind(py).clone(),
        Err(failed) => return failed,
    };
    let raised = PyErr::from_type(class, (error.to_string(),));
    let described = match error {
        Error::NotFound { path, .. } => raised.value(py).setattr("filename", path.as_os_str()),
        Error::Io { path, source, .. } => (raised.value(py).setattr("filename", path.as_os_str()))
            .and_then(|()| raised.value(py).setattr("errno", source.raw_os_error())),
        _ => Ok(()),
    };
    described.err().unwrap_or(raised)
}

/// Turns the core's errors into exceptions.
pub trait OrRaise<T> {
    /// The value, or the exception.
    fn or_raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T> OrRaise<T> for vimogen_core::Result<T> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|error| raise(py, &error))
    }
}

/// An `InvalidArgumentError`.
pub fn invalid(py: Python<'_>, name: &'static str, reason: impl Into<String>) -> PyErr {
    raise(py, &Error::invalid(name, reason))
}

//! Reading motion files: options as keyword arguments, and warnings about what was read.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::path::{Path, PathBuf};

use pyo3::exceptions::{PyTypeError, PyUserWarning};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyInt, PyString, PyType};
use vimogen_core::Motion;
use vimogen_core::io::{JointMap, LoadOptions, load_joint_map};
use vimogen_core::mbench::benchmark::Reader;
use vimogen_core::motion::{LengthUnit, MotionMeta, UpAxis};

use crate::args::to_python;
use crate::body::Body;
use crate::error::{OrRaise, raise};
use crate::motion::Motion as PyMotion;
use crate::run::interruptible;

/// The class of warnings about motion files.
static WARNING: PyOnceLock<Py<PyType>> = PyOnceLock::new();

fn warning(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    let make = || {
        let doc = c"A doubt about a motion file, with the argument of Motion.load that settles it.";
        PyErr::new_type(py, c"vimogen.MotionWarning", Some(doc), Some(&py.get_type::<PyUserWarning>()), None)
    };
    Ok(WARNING.get_or_try_init(py, make)?.bind(py))
}

/// Adds the class to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("MotionWarning", warning(module.py())?)
}

/// Keyword arguments of `Motion.load`.
pub struct ReadingArguments<'a, 'py> {
    pub fps: Option<f32>,
    pub body: Option<PyRef<'py, Body>>,
    pub up: Option<&'a str>,
    pub unit: Option<&'a str>,
    pub person: Option<&'a Bound<'py, PyAny>>,
    pub names: Option<&'a Bound<'py, PyAny>>,
    pub fit_joints: bool,
}

impl ReadingArguments<'_, '_> {
    /// Reads a file and warns about what is in doubt.
    pub fn load(&self, py: Python<'_>, path: &Path) -> PyResult<Motion> {
        let (given, body, file) = (self.given(py)?, self.body.as_ref().map(|body| body.shared()), path.to_path_buf());
        let load = move || Motion::load_with(file, &given.options().with_body(body.as_deref()));
        warned(py, path, interruptible(py, load)?)
    }

    fn given(&self, py: Python<'_>) -> PyResult<Given> {
        Ok(Given {
            fps: self.fps,
            up: self.up.map(str::parse).transpose().or_raise(py)?,
            unit: self.unit.map(str::parse).transpose().or_raise(py)?,
            person: self.person.map(person_name).transpose()?,
            names: self.names.map(joint_map).transpose()?,
            fit_joints: self.fit_joints,
        })
    }
}

/// Options of reading, taken out of Python objects.
#[derive(Debug, Default)]
pub struct Given {
    fps: Option<f32>,
    up: Option<UpAxis>,
    unit: Option<LengthUnit>,
    person: Option<String>,
    names: Option<JointMap>,
    fit_joints: bool,
}

impl Given {
    /// From a dict of keyword arguments of `Motion.load`.
    pub fn from_dict(dict: &Bound<'_, PyDict>) -> PyResult<Self> {
        let py = dict.py();
        let get = |name: &str| Ok::<_, PyErr>(dict.get_item(name)?.filter(|value| !value.is_none()));
        let known = ["fps", "up", "unit", "person", "names", "fit_joints"];
        for key in dict.keys() {
            let key: String = key.extract()?;
            if !known.contains(&key.as_str()) {
                let message = format!("reading has the key {key:?}; it takes {}", known.join(", "));
                return Err(PyTypeError::new_err(message));
            }
        }
        let text = |name: &str| get(name)?.map(|value| value.extract::<String>()).transpose();
        let (up, unit) = (text("up")?, text("unit")?);
        let (person, names) = (get("person")?, get("names")?);
        let arguments = ReadingArguments {
            fps: get("fps")?.map(|value| value.extract()).transpose()?,
            body: None,
            up: up.as_deref(),
            unit: unit.as_deref(),
            person: person.as_ref(),
            names: names.as_ref(),
            fit_joints: get("fit_joints")?.map_or(Ok(false), |value| value.is_truthy())?,
        };
        arguments.given(py)
    }

    pub fn options(&self) -> LoadOptions<'_> {
        LoadOptions::default()
            .with_fps(self.fps)
            .with_up(self.up)
            .with_unit(self.unit)
            .with_person(self.person.as_deref())
            .with_names(self.names.as_ref())
            .with_fit_joints(self.fit_joints)
    }

    /// Passes a reader with these options to `work`.
    pub fn with_reader<T>(&self, work: impl FnOnce(Reader<'_>) -> T) -> T {
        let read = |path: &Path| Motion::load_with(path, &self.options());
        work(Reader { settings: &format!("{self:?}"), read: &read })
    }
}

/// The clip of a file, after its doubts were raised as Python warnings.
pub fn warned(py: Python<'_>, path: &Path, motion: Motion) -> PyResult<Motion> {
    for doubt in motion.source().map_or(&[][..], |source| &source.warnings) {
        let text = format!("{}: {doubt}", path.display()).replace('\0', " ");
        PyErr::warn(py, warning(py)?, &CString::new(text)?, 1)?;
    }
    Ok(motion)
}

/// A person by name or number.
pub fn person_name(value: &Bound<'_, PyAny>) -> PyResult<String> {
    if value.is_instance_of::<PyString>() || value.is_instance_of::<PyInt>() {
        return value.str()?.extract();
    }
    let kind = value.get_type().name()?;
    Err(PyTypeError::new_err(format!("person must be a str or an int, not {kind}")))
}

/// Names of joints from a dict, or from the path of a JSON file.
pub fn joint_map(value: &Bound<'_, PyAny>) -> PyResult<JointMap> {
    if let Ok(dict) = value.cast::<PyDict>() {
        return dict
            .extract::<BTreeMap<String, String>>()
            .map_err(|_| PyTypeError::new_err("names must map our joints to the file's, such as {'pelvis': 'Hips'}"));
    }
    load_joint_map(value.extract::<PathBuf>()?).or_raise(value.py())
}

/// The reader's report on a clip's file, as a dict; None for clips of no file.
pub fn source<'py>(py: Python<'py>, motion: &Motion) -> PyResult<Option<Bound<'py, PyAny>>> {
    motion.source().map(|source| to_python(py, source)).transpose()
}

/// A clip as another process had it: what ``pickle`` calls.
#[pyfunction]
#[pyo3(signature = (motion, source, meta=None))]
pub fn restore_motion(
    motion: PyRef<'_, PyMotion>,
    source: Option<&Bound<'_, PyAny>>,
    meta: Option<&str>,
) -> PyResult<PyMotion> {
    let py = motion.py();
    let mut core = motion.core().clone();
    if let Some(source) = source {
        let text: String = py.import("json")?.call_method1("dumps", (source,))?.extract()?;
        let source = serde_json::from_str(&text);
        core = core.with_source(source.map_err(|e| raise(py, &vimogen_core::Error::format("pickle", e.to_string())))?);
    }
    if let Some(meta) = meta.and_then(MotionMeta::from_json) {
        core = core.with_meta(meta);
    }
    Ok(core.into())
}

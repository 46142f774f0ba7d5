//! Notes on prompts, as values and as Python warnings.

use std::ffi::CString;

use pyo3::exceptions::PyUserWarning;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;
use vimogen_core::pipeline::Source;
use vimogen_core::{Pipeline, Prompt, Request};

/// The class of warnings about prompts.
static WARNING: PyOnceLock<Py<PyType>> = PyOnceLock::new();

fn warning(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    let make = || {
        let doc = c"A prompt asks for something that the model was not trained on; see Pipeline.notes.";
        PyErr::new_type(py, c"vimogen.PromptWarning", Some(doc), Some(&py.get_type::<PyUserWarning>()), None)
    };
    Ok(WARNING.get_or_try_init(py, make)?.bind(py))
}

/// Adds the class to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("PromptWarning", warning(module.py())?)
}

/// Raises the notes on each prompt as Python warnings, which name the line that called the package's Python function.
pub fn warn(py: Python<'_>, pipeline: &Pipeline, requests: &[Request]) -> PyResult<()> {
    for request in requests {
        let Source::Prompt(Prompt::Text(prompt)) = &request.source else { continue };
        for note in pipeline.notes(prompt) {
            let text = format!("{prompt:?}: {note}").replace('\0', " ");
            PyErr::warn(py, warning(py)?, &CString::new(text)?, 2)?;
        }
    }
    Ok(())
}

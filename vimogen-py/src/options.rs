//! Options as keyword arguments. Names, types, defaults and ranges are those that the core declares.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use vimogen_core::declare::{OptionSet, Setting};
use vimogen_core::{GenerateOptions, Preset};

use crate::error::OrRaise;

/// Enums and options with their names, defaults, ranges and documentation, as JSON.
#[pyfunction]
pub fn schema() -> String {
    vimogen_core::schema().to_string()
}

/// Options of the preset in `quality`, changed by the other keyword arguments.
pub fn generate_options(py: Python<'_>, arguments: Option<&Bound<'_, PyDict>>) -> PyResult<GenerateOptions> {
    let quality = arguments.map(|arguments| arguments.get_item("quality")).transpose()?.flatten();
    let preset = match quality.filter(|quality| !quality.is_none()) {
        None => Preset::default(),
        Some(quality) => quality.extract::<String>()?.parse().or_raise(py)?,
    };
    let mut options = GenerateOptions::preset(preset);
    set_all(py, &mut options, arguments, &["quality"])?;
    Ok(options)
}

/// Sets options by keyword. None leaves an option as it is; names in `others` are passed over.
pub fn set_all(
    py: Python<'_>,
    options: &mut impl OptionSet,
    arguments: Option<&Bound<'_, PyDict>>,
    others: &[&str],
) -> PyResult<()> {
    for (name, value) in arguments.into_iter().flatten() {
        let name: String = name.extract()?;
        if others.contains(&name.as_str()) || value.is_none() {
            continue;
        }
        if !options.set(&name, &setting(&name, &value)?).or_raise(py)? {
            return Err(PyTypeError::new_err(format!("unexpected keyword argument {name:?}")));
        }
    }
    Ok(())
}

/// A Python object as the value of an option.
fn setting(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Setting> {
    let flag = value.extract().map(Setting::Flag);
    let number = || value.extract().map(Setting::Integer).or_else(|_| value.extract().map(Setting::Number));
    let pair = || value.extract().map(|(low, high)| Setting::Pair(low, high));
    let text = || value.extract().map(Setting::Text);
    flag.or_else(|_: PyErr| number()).or_else(|_: PyErr| pair()).or_else(|_: PyErr| text()).map_err(|_| {
        let kind = value.get_type().name().map_or_else(|_| "something else".into(), |name| name.to_string());
        PyTypeError::new_err(format!("{name} must be a number, a pair of numbers, a bool or a str, not {kind}"))
    })
}

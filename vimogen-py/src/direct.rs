//! Sequences of prompts, and choosing among motions.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use vimogen_core::mbench::best_first;
use vimogen_core::pipeline::{Part, Sequence};
use vimogen_core::text::split_prompt as split;
use vimogen_core::{Error, Motion as CoreMotion};

use crate::edit::seam;
use crate::error::{OrRaise, invalid};
use crate::motion::Motion;
use crate::run::interruptible;

/// Split a prompt that tells several actions in order.
///
/// A new action begins at "then", "finally", "after that", at a full stop, and at "and" or a comma in front of a verb. "for four
/// seconds" sets a duration, "twice" and "3 times" repeat an action.
///
/// Returns
/// -------
/// list of (str, float or None)
///     Prompt and seconds of each part.
///
/// Examples
/// --------
/// >>> import vimogen
/// >>> vimogen.split_prompt("walks forward for four seconds, then turns left and sits down")
/// [('walks forward', 4.0), ('turns left', None), ('sits down', None)]
#[pyfunction]
pub fn split_prompt(prompt: &str) -> Vec<(String, Option<f64>)> {
    split(prompt).into_iter().map(|part| (part.prompt, part.seconds)).collect()
}

/// The best of several motions by MBench's physical metrics: jitter, foot sliding, floating and penetration of the ground.
///
/// The motion with the least sum of ranks over these metrics; the first of equal ones.
#[pyfunction]
pub fn best<'py>(py: Python<'py>, motions: Vec<Bound<'py, Motion>>) -> PyResult<Bound<'py, Motion>> {
    let cores: Vec<CoreMotion> = motions.iter().map(|motion| motion.get().core().clone()).collect();
    let order = interruptible(py, move || best_first(&cores))?;
    let first = order.first().and_then(|i| motions.get(*i)).cloned();
    first.ok_or_else(|| Error::invalid("motions", "there are none")).or_raise(py)
}

/// Parts of a sequence with the prompts as they were split.
pub fn parts(
    py: Python<'_>,
    prompts: &Bound<'_, PyAny>,
    seconds: Option<&Bound<'_, PyAny>>,
) -> PyResult<Vec<(String, Option<f64>)>> {
    let mut parts: Vec<(String, Option<f64>)> = match prompts.extract::<String>() {
        Ok(prompt) => split_prompt(&prompt),
        Err(_) => prompts.extract::<Vec<String>>()?.into_iter().map(|prompt| (prompt, None)).collect(),
    };
    let Some(seconds) = seconds else { return Ok(parts) };
    let given: Vec<Option<f64>> = match seconds.extract::<f64>() {
        Ok(all) => vec![Some(all); parts.len()],
        Err(_) => seconds.extract()?,
    };
    if given.len() != parts.len() {
        let reason = format!("{} values for {} prompts; give one for each, or one for all", given.len(), parts.len());
        return Err(invalid(py, "seconds", reason));
    }
    parts.iter_mut().zip(given).for_each(|(part, seconds)| part.1 = seconds.or(part.1));
    Ok(parts)
}

/// Parts for the core.
pub fn core_parts(parts: &[(String, Option<f64>)]) -> Vec<Part> {
    let part = |(prompt, seconds): &(String, Option<f64>)| {
        let part = Part::new(prompt.clone());
        seconds.map_or(part.clone(), |seconds| part.with_seconds(seconds))
    };
    parts.iter().map(part).collect()
}

/// Motion and report of a sequence.
pub fn made<'py>(
    py: Python<'py>,
    parts: &[(String, Option<f64>)],
    sequence: Sequence,
) -> PyResult<(Motion, Bound<'py, PyDict>)> {
    let fps = f64::from(sequence.motion.fps());
    let rows = parts.iter().zip(&sequence.frames).map(|((prompt, _), frames)| {
        let dict = PyDict::new(py);
        dict.set_item("prompt", prompt)?;
        dict.set_item("start", frames.start as f64 / fps)?;
        dict.set_item("end", frames.end as f64 / fps)?;
        dict.set_item("frames", (frames.start, frames.end))?;
        Ok(dict)
    });
    let report = PyDict::new(py);
    report.set_item("parts", PyList::new(py, rows.collect::<PyResult<Vec<_>>>()?)?)?;
    let seams = sequence.seams.iter().map(|join| seam(py, join)).collect::<PyResult<Vec<_>>>()?;
    report.set_item("seams", PyList::new(py, seams)?)?;
    Ok((sequence.motion.into(), report))
}

//! `vimogen.evaluate`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use vimogen_core::mbench::Report;
use vimogen_core::mbench::quality::UpAxis;

use crate::error::OrRaise;
use crate::run::detached;

/// Score the motions in a folder with MBench's motion-quality metrics; returns the report as a dict.
#[pyfunction]
#[pyo3(signature = (folder, dimensions=None, output=None, up_axis=2))]
pub fn evaluate_folder(
    py: Python<'_>,
    folder: PathBuf,
    dimensions: Option<Vec<String>>,
    output: Option<PathBuf>,
    up_axis: usize,
) -> PyResult<Bound<'_, PyDict>> {
    let up = UpAxis::from_index(up_axis).or_raise(py)?;
    let scores = detached(py, || {
        let report = vimogen_core::mbench::evaluate(folder, dimensions.as_deref(), up)?;
        output.map_or(Ok(()), |path| report.save(path))?;
        Ok(Scores::of(report))
    })?;
    scores.into_dict(py)
}

/// Report as Python values. It is made without the GIL: a JSON text of hundreds of motions takes as long as measuring them.
struct Scores {
    dimensions: BTreeMap<String, (Option<f64>, Option<f64>, usize)>,
    /// Of each motion, in the order of `dimensions`.
    motions: Vec<(String, Vec<Option<f64>>)>,
}

impl Scores {
    fn of(report: Report) -> Self {
        let summary = |a: vimogen_core::mbench::aggregate::Aggregate| (decimal(a.mean), decimal(a.std), a.num_samples);
        let values =
            |(name, values): (String, BTreeMap<String, f32>)| (name, values.into_values().map(decimal).collect());
        Self {
            dimensions: report.dimensions.into_iter().map(|(name, a)| (name, summary(a))).collect(),
            motions: report.motions.into_iter().map(values).collect(),
        }
    }

    fn into_dict(self, py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
        let names: Vec<Bound<'_, PyString>> = self.dimensions.keys().map(|name| PyString::new(py, name)).collect();
        let (report, dimensions, motions) = (PyDict::new(py), PyDict::new(py), PyDict::new(py));
        for (mean, std, num_samples) in self.dimensions.into_values() {
            let dimension = PyDict::new(py);
            dimension.set_item("mean", mean)?;
            dimension.set_item("std", std)?;
            dimension.set_item("num_samples", num_samples)?;
            dimensions.set_item(&names[dimensions.len()], dimension)?;
        }
        for (name, values) in self.motions {
            let motion = PyDict::new(py);
            std::iter::zip(&names, values).try_for_each(|(name, value)| motion.set_item(name, value))?;
            motions.set_item(name, motion)?;
        }
        report.set_item("dimensions", dimensions)?;
        report.set_item("motions", motions)?;
        Ok(report)
    }
}

/// Value of the report's JSON: the shortest decimal of an f32; nothing for NaN.
fn decimal(value: f32) -> Option<f64> {
    value.is_finite().then(|| value.to_string().parse().ok()).flatten()
}

//! `vimogen.evaluate`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use vimogen_core::mbench::benchmark::{DimensionResult, MotionResult};
use vimogen_core::mbench::quality::UpAxis;
use vimogen_core::mbench::{Dimension, EvaluateOptions, Results, evaluate};

use crate::benchmark::parse_dimensions;
use crate::error::OrRaise;
use crate::reading::Given;
use crate::run::with_progress;

/// Score the motions in a folder with MBench's motion-quality metrics; returns the report as a dict.
#[pyfunction]
#[pyo3(signature = (folder, dimensions=None, output=None, up_axis=2, reading=None))]
pub fn evaluate_folder<'py>(
    py: Python<'py>,
    folder: PathBuf,
    dimensions: Option<Vec<String>>,
    output: Option<PathBuf>,
    up_axis: usize,
    reading: Option<Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyDict>> {
    let up = UpAxis::from_index(up_axis).or_raise(py)?;
    let given = reading.as_ref().map_or_else(|| Ok(Given::default()), Given::from_dict)?;
    let scores = with_progress(py, None, |on_progress| {
        let dimensions = dimensions.map(parse_dimensions).transpose()?;
        let options = EvaluateOptions::default().with_dimensions(dimensions).with_up_axis(up);
        let results = given.with_reader(|reader| evaluate(folder, &options.with_reader(reader), on_progress))?;
        output.map_or(Ok(()), |path| results.save_summary(path))?;
        Ok(Scores::of(&results))
    })?;
    scores.into_dict(py)
}

/// Mean, standard deviation and number of motions.
type Summary = (Option<f64>, Option<f64>, usize);

/// Results as Python floats. Made without the GIL: a JSON text of hundreds of motions takes as long as measuring them.
struct Scores {
    dimensions: Vec<(&'static str, Summary)>,
    /// Values of each motion, in the order of `dimensions`.
    motions: Vec<(String, Vec<Option<f64>>)>,
    /// Files that could not be measured, and the reasons.
    failed: Vec<(String, String)>,
    /// Doubts about the files of other motions.
    warnings: BTreeMap<String, Vec<String>>,
}

impl Scores {
    fn of(results: &Results) -> Self {
        let all = || results.dimensions.values();
        let summary = |(dimension, result): (&Dimension, &DimensionResult)| {
            let over = result.aggregate.over_motions;
            (dimension.name(), (decimal(over.mean), decimal(over.std), over.num_samples))
        };
        // Without an info file every dimension has every motion.
        let names = all().next().into_iter().flat_map(|first| first.per_motion.iter().map(MotionResult::file_name));
        let values = |i: usize| all().map(|result| decimal(result.per_motion[i].value)).collect();
        Self {
            dimensions: results.dimensions.iter().map(summary).collect(),
            motions: names.enumerate().map(|(i, name)| (name, values(i))).collect(),
            failed: results.failed_files().iter().map(|failed| (failed.file.into(), failed.reason.into())).collect(),
            warnings: results.warnings.clone(),
        }
    }

    fn into_dict(self, py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
        let names: Vec<Bound<'_, PyString>> = self.dimensions.iter().map(|(name, _)| PyString::new(py, name)).collect();
        let (report, dimensions, motions) = (PyDict::new(py), PyDict::new(py), PyDict::new(py));
        for (_, (mean, std, num_samples)) in self.dimensions {
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
        let failed = self.failed.into_iter().map(|(file, reason)| {
            let failure = PyDict::new(py);
            failure.set_item("file", file)?;
            failure.set_item("reason", reason)?;
            Ok(failure)
        });
        report.set_item("motions", motions)?;
        report.set_item("failed", failed.collect::<PyResult<Vec<_>>>()?)?;
        report.set_item("warnings", self.warnings)?;
        Ok(report)
    }
}

/// The value as in the JSON report: the shortest decimal of an f32; `None` for NaN.
fn decimal(value: f32) -> Option<f64> {
    value.is_finite().then(|| value.to_string().parse().ok()).flatten()
}

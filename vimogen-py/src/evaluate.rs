//! `vimogen.evaluate`.

use std::path::PathBuf;

use pyo3::prelude::*;
use vimogen_core::mbench::quality::UpAxis;

use crate::error::OrRaise;
use crate::run::detached;

/// Score the motions in a folder with MBench's motion-quality metrics; gives the report as JSON.
#[pyfunction]
#[pyo3(signature = (folder, dimensions=None, output=None, up_axis=2))]
pub fn evaluate_json(
    py: Python<'_>,
    folder: PathBuf,
    dimensions: Option<Vec<String>>,
    output: Option<PathBuf>,
    up_axis: usize,
) -> PyResult<String> {
    let up = UpAxis::from_index(up_axis).or_raise(py)?;
    detached(py, || {
        let report = vimogen_core::mbench::evaluate(folder, dimensions.as_deref(), up)?;
        output.map_or(Ok(()), |path| report.save(path))?;
        report.to_json()
    })
}

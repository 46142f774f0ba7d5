//! MBench over folders: `vimogen.evaluate` with an info file, `organize`, `generate_benchmark`, `gate`.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use vimogen_core::Result;
use vimogen_core::declare::DEFAULT_SEED;
use vimogen_core::mbench::benchmark::{EvaluateOptions, Results, evaluate, table};
use vimogen_core::mbench::bodies::BodyFiles;
use vimogen_core::mbench::dimension::Dimension;
use vimogen_core::mbench::gate::{GateOptions, gate};
use vimogen_core::mbench::generate::{BenchmarkOptions, generate_benchmark};
use vimogen_core::mbench::info::load_info;
use vimogen_core::mbench::organize as organizing;
use vimogen_core::mbench::prompts::load_prompts;
use vimogen_core::mbench::quality::UpAxis;
use vimogen_core::mbench::vlm::question::Templates;
use vimogen_core::mbench::vlm::{HttpJudge, Judge, JudgeConfig};

use crate::args::to_python;
use crate::error::OrRaise;
use crate::options::generate_options;
use crate::pipeline::Pipeline;
use crate::reading::Given;
use crate::run::with_progress;

/// The dimensions of these names.
pub fn parse_dimensions(names: Vec<String>) -> Result<Vec<Dimension>> {
    names.iter().map(|name| name.parse()).collect()
}

/// Score the motions in an info file; returns the results as JSON and writes MBench's files.
#[pyfunction]
#[pyo3(signature = (folder, info, output, name, *, dimensions=None, up_axis=2, jobs=None, prompt_template=None, seed=DEFAULT_SEED,
    compare=Vec::new(), body=None, priors=None, nrdf=None, body_joints=false, reading=None, callback=None))]
#[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
pub fn evaluate_benchmark_json(
    py: Python<'_>,
    folder: PathBuf,
    info: PathBuf,
    output: PathBuf,
    name: String,
    dimensions: Option<Vec<String>>,
    up_axis: usize,
    jobs: Option<usize>,
    prompt_template: Option<PathBuf>,
    seed: u64,
    compare: Vec<PathBuf>,
    body: Option<PathBuf>,
    priors: Option<PathBuf>,
    nrdf: Option<PathBuf>,
    body_joints: bool,
    reading: Option<Bound<'_, PyDict>>,
    callback: Option<Py<PyAny>>,
) -> PyResult<String> {
    let up_axis = UpAxis::from_index(up_axis).or_raise(py)?;
    let given = reading.as_ref().map_or_else(|| Ok(Given::default()), Given::from_dict)?;
    with_progress(py, callback, |on_progress| {
        let info = load_info(info)?;
        let dimensions = dimensions.map(parse_dimensions).transpose()?;
        let judge = HttpJudge::for_benchmark(&info, dimensions.as_deref())?;
        let templates = prompt_template.map_or_else(|| Ok(Templates::default()), Templates::load)?;
        let judge = judge.as_ref().map(|judge| judge as &dyn Judge);
        let options = EvaluateOptions::default()
            .with_info(&info)
            .with_output(output, name)
            .with_dimensions(dimensions)
            .with_up_axis(up_axis)
            .with_jobs(jobs)
            .with_judge(judge)
            .with_templates(templates)
            .with_seed(seed)
            .with_bodies(BodyFiles { body, priors, nrdf, body_joints })
            .with_compare(compare);
        given.with_reader(|reader| evaluate(folder, &options.with_reader(reader), on_progress))?.to_json()
    })
}

/// A table of the results of runs, from their `<name>_eval_results.json`.
#[pyfunction]
pub fn results_table(py: Python<'_>, paths: Vec<PathBuf>) -> PyResult<String> {
    let runs = paths.iter().map(Results::load).collect::<Result<Vec<_>>>().or_raise(py)?;
    Ok(table(&runs.iter().collect::<Vec<_>>()))
}

/// Write the joints of generated motions as MBench reads them, `<target>/<id>.npy`.
///
/// Parameters
/// ----------
/// source : str or os.PathLike
///     Folders ``<id>/motion_gen_condition_on_motion.pt`` or ``..._on_text.pt``, or files ``<id>.npz`` in any format that is
///     read.
/// target : str or os.PathLike
///     The folder to write, float32 (T, 22, 3), metres, y up. It switches from an older set to the new one at the end.
/// videos : bool
///     Draw them too, `<target>/<id>.mp4`, for a judge.
///
/// Returns
/// -------
/// list of int
///     Ids of the motions.
#[pyfunction]
#[pyo3(signature = (source, target, *, videos=false, callback=None))]
pub fn organize(
    py: Python<'_>,
    source: PathBuf,
    target: PathBuf,
    videos: bool,
    callback: Option<Py<PyAny>>,
) -> PyResult<Vec<u64>> {
    with_progress(py, callback, |on_progress| {
        let numbers = organizing::organize(&source, &target)?;
        if videos {
            organizing::draw(source, target, on_progress)?;
        }
        Ok(numbers)
    })
}

/// Generate the motion of every prompt of MBench; run it again to continue after a stop.
///
/// Parameters
/// ----------
/// pipeline : Pipeline
///     The model.
/// prompts : str or os.PathLike
///     ``MBench_final.json``.
/// output : str or os.PathLike
///     Folder for one folder ``<global_id>/`` per prompt.
/// prompt_durations : bool
///     Use the length in each prompt's ``motion_duration``.
/// text_key : str
///     ``"prompt"``, ``"motion_text_annot"`` or ``"video_text_annot"``: the wording of the prompts.
/// root : str or os.PathLike
///     Base folder of the paths in the prompt file.
/// callback, **options
///     As for :meth:`Pipeline.__call__`.
///
/// Returns
/// -------
/// dict
///     ``from_text``, ``from_reference``, ``kept``, and ``without_reference``, the ids of the prompts whose reference is
///     missing.
#[pyfunction]
#[pyo3(signature = (pipeline, prompts, output, *, prompt_durations=false, text_key="prompt", root=PathBuf::from("."),
    callback=None, **options))]
#[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
pub fn generate_mbench<'py>(
    py: Python<'py>,
    pipeline: &Pipeline,
    prompts: PathBuf,
    output: PathBuf,
    prompt_durations: bool,
    text_key: &str,
    root: PathBuf,
    callback: Option<Py<PyAny>>,
    options: Option<Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let generate = generate_options(py, options.as_ref())?;
    let options = BenchmarkOptions { generate, prompt_durations, text_key: text_key.parse().or_raise(py)?, root };
    let made = with_progress(py, callback, |on_progress| {
        generate_benchmark(pipeline.core(), &load_prompts(prompts)?, output, &options, on_progress)
    })?;
    to_python(py, &made)
}

/// Decide for every prompt whether its reference motion is followed: calm (Jitter_Degree below 0.04) and, to a judge, in
/// agreement with the prompt. Writes ``use_ref_motion`` into the prompt file and a report of reasons.
///
/// Parameters
/// ----------
/// prompts : str or os.PathLike
///     ``MBench_final.json``; it is replaced at the end.
/// report : str or os.PathLike
///     The report to write, JSON.
/// videos : str or os.PathLike
///     Folder of the references' videos, ``<global_id>.mp4``.
/// root : str or os.PathLike
///     Base folder of ``motion_path``.
/// prompt_template : str or os.PathLike, optional
///     Another wording of the question.
///
/// Returns
/// -------
/// list of dict
///     The report.
#[pyfunction]
#[pyo3(name = "gate", signature = (prompts, report, videos, *, root=PathBuf::from("."), prompt_template=None, jobs=4,
    callback=None))]
#[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
pub fn gate_references<'py>(
    py: Python<'py>,
    prompts: PathBuf,
    report: PathBuf,
    videos: PathBuf,
    root: PathBuf,
    prompt_template: Option<PathBuf>,
    jobs: usize,
    callback: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let checked = with_progress(py, callback, |on_progress| {
        let judge = HttpJudge::new(JudgeConfig::from_env()?)?;
        let options = GateOptions::new(videos, &judge, report.with_extension("answers"))
            .with_root(root)
            .with_templates(prompt_template.map_or_else(|| Ok(Templates::default()), Templates::load)?)
            .with_jobs(jobs);
        gate(prompts, &report, &options, on_progress)
    })?;
    to_python(py, &checked)
}

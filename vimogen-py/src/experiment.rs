//! `vimogen.run_experiment` and `vimogen.prepare_data`: training from files.

use std::ops::ControlFlow;
use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict};
use vimogen_core::Error;
use vimogen_core::data::dataset::BadClip;
use vimogen_core::data::prepare::{self, Prepare};
use vimogen_core::experiment::{Event, Experiment, Resume, Run, StepLine};

use crate::args;
use crate::collective::{self, Raised};
use crate::error::OrRaise;
use crate::run::{detached, with_progress};

/// Train by an experiment file; see :func:`vimogen.run_experiment`.
#[pyfunction]
#[pyo3(signature = (
    config, set=Vec::new(), *, resume="auto", device="cpu", save=None, dtype="float32", adapter=None, callback=None,
    all_reduce=None, rank=0, world_size=1
))]
#[allow(clippy::too_many_arguments, reason = "keywords in Python")]
pub fn run_experiment<'py>(
    py: Python<'py>,
    config: PathBuf,
    set: Vec<String>,
    resume: &str,
    device: &str,
    save: Option<PathBuf>,
    dtype: &str,
    adapter: Option<PathBuf>,
    callback: Option<Py<PyAny>>,
    all_reduce: Option<Bound<'py, PyAny>>,
    rank: usize,
    world_size: usize,
) -> PyResult<Bound<'py, PyDict>> {
    let by_function = Raised::default();
    let group = all_reduce.map(|function| collective::open(&function, rank, world_size, &by_function)).transpose()?;
    let (device, dtype) = (args::device(py, device)?, args::dtype(py, dtype)?);
    let resume = match resume {
        "auto" => Resume::Auto,
        "never" => Resume::Never,
        folder => Resume::From(folder.into()),
    };
    let mut raised: Option<PyErr> = None;
    let result = detached(py, || {
        let (experiment, device) = (Experiment::load(&config, &set)?, device.open()?);
        let mut run = match group {
            Some(group) => Run::together(experiment, &device, &resume, group)?,
            None => Run::new(experiment, &device, &resume)?,
        };
        let mut stop = false;
        let finished = run.train(&mut |event| {
            match Python::attach(|py| notify(py, callback.as_ref(), &event)) {
                Ok(go_on) => stop |= !go_on,
                Err(error) => {
                    stop = true;
                    raised.get_or_insert(error);
                }
            }
            if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if let (Some(folder), false) = (save, finished.stopped) {
            run.export(folder, dtype)?;
        }
        if let (Some(folder), false) = (adapter, finished.stopped) {
            run.save_adapter(folder)?;
        }
        run.trainer().finish();
        Ok((finished, run.checkpoints(), run.trainer().rank()))
    });
    if let Some(error) = raised {
        return Err(error);
    }
    let (finished, checkpoints, rank) = collective::prefer_raised(&by_function, result)?;
    let dict = PyDict::new(py);
    dict.set_item("steps_done", finished.steps)?;
    dict.set_item("stopped", finished.stopped)?;
    dict.set_item("skipped_steps", finished.skipped)?;
    dict.set_item("checkpoints", checkpoints)?;
    dict.set_item("rank", rank)?;
    Ok(dict)
}

/// Calls the callback and returns whether to continue.
fn notify(py: Python<'_>, callback: Option<&Py<PyAny>>, event: &Event<'_>) -> PyResult<bool> {
    py.check_signals()?;
    let Some(callback) = callback else { return Ok(true) };
    let dict = PyDict::new(py);
    let (kind, text) = match event {
        Event::Note(note) => ("note", note.to_string()),
        Event::Step(line) => {
            step(&dict, line)?;
            ("step", line.to_string())
        }
        Event::Checkpoint(path) => ("checkpoint", path.display().to_string()),
        Event::Samples(path) => ("samples", path.display().to_string()),
        _ => return Ok(true),
    };
    dict.set_item("kind", kind)?;
    dict.set_item("text", text)?;
    let answer = callback.call1(py, (dict,))?;
    Ok(!answer.bind(py).is(&*PyBool::new(py, false)))
}

fn step(dict: &Bound<'_, PyDict>, line: &StepLine) -> PyResult<()> {
    dict.set_item("step", line.step)?;
    dict.set_item("total", line.total)?;
    dict.set_item("loss", line.loss.total)?;
    dict.set_item("loss_text", line.loss.text)?;
    dict.set_item("loss_ref_motion", line.loss.ref_motion)?;
    dict.set_item("grad_norm", line.grad_norm)?;
    dict.set_item("lr", line.lr)?;
    dict.set_item("samples_per_second", line.samples_per_second)?;
    dict.set_item("wait_share", line.wait_share)?;
    dict.set_item("skipped_steps", line.skipped)?;
    dict.set_item("bad_clips", line.bad_clips)?;
    dict.set_item("seconds_left", line.remaining.as_secs_f64())?;
    dict.set_item("logged", line.logged)
}

/// Prepare a data set for training; see :func:`vimogen.prepare_data`.
#[pyfunction]
#[pyo3(signature = (
    manifests, out, *, root=None, stats=false, shard_bytes=None, text_key="video_text_annot", max_bad_fraction=0.01,
    callback=None
))]
#[allow(clippy::too_many_arguments, reason = "keywords in Python")]
pub fn prepare_data<'py>(
    py: Python<'py>,
    manifests: Vec<PathBuf>,
    out: PathBuf,
    root: Option<PathBuf>,
    stats: bool,
    shard_bytes: Option<u64>,
    text_key: &str,
    max_bad_fraction: f64,
    callback: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let text_key = text_key.to_string();
    let prepare = Prepare { manifests, root, stats, shard_bytes, text_key, max_bad_fraction };
    let done = with_progress(py, callback, |on_progress| prepare.run(&out, on_progress))?;
    let dict = PyDict::new(py);
    dict.set_item("manifest", done.manifest)?;
    dict.set_item("clips", done.clips)?;
    dict.set_item("frames", done.frames)?;
    dict.set_item("duplicates", done.duplicates)?;
    dict.set_item("shards", done.shards)?;
    let named = |clips: Vec<BadClip>| clips.into_iter().map(|clip| (clip.id, clip.reason)).collect::<Vec<_>>();
    dict.set_item("bad", named(done.bad))?;
    dict.set_item("warnings", named(done.warnings))?;
    dict.set_item("without_caption", done.without_caption)?;
    Ok(dict)
}

/// Join the statistics of separately prepared parts of a data set, from their ``stats.json``, into
/// ``mean.npy`` and ``std.npy`` in a folder.
#[pyfunction]
pub fn merge_stats(py: Python<'_>, parts: Vec<PathBuf>, out: PathBuf) -> PyResult<()> {
    let made = std::fs::create_dir_all(&out).map_err(|e| Error::io("create", &out, e));
    made.or_raise(py)?;
    detached(py, || prepare::merge_stats(&parts)?.save(out.join("mean.npy"), out.join("std.npy")))
}

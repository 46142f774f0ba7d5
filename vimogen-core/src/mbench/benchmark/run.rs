//! The run: tasks in parallel, results into the journal, then the report.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::thread;

use super::journal::{Found, Journal};
use super::options::EvaluateOptions;
use super::results::{DimensionResult, Failure, MotionResult, Results, Settings};
use super::task::{Task, tasks};
use crate::error::{Error, Result};
use crate::mbench::dimension::{Dimension, Input};
use crate::mbench::info::InfoEntry;
use crate::mbench::motion_files;
use crate::mbench::outcome::Outcome;
use crate::mbench::parallel::{MAX_JOBS, in_parallel};
use crate::mbench::pose::PoseScorer;
use crate::mbench::vlm::JudgeClient;
use crate::progress::{OnProgress, Stage, report};

/// Default number of questions in parallel.
const JUDGE_JOBS: usize = 4;

/// Measures the motions in `folder`.
///
/// Without an info file, every `.npy`, `.npz`, `.pt` and `.pth` file is a motion: features that
/// [`Motion::load`](crate::Motion::load) reads, measured on their joints, z up; or joints `(T, 22, 3)`, measured along
/// `up_axis`. Motions are numbered by file name, and the first file that cannot be measured is an error.
///
/// With an info file, a motion is looked up as `<id>.npy`, then `<id>.pt` with the key `joints` (joints `(T, 22, 3)`); for
/// the dimensions of bodies as `<id>.pt` with the keys `pose` and `vertices`, else poses are fitted to the joints; for a judge
/// as `<id>.mp4`. Motions without a file, and those whose file cannot be measured, are listed in the results and left out of
/// the means.
///
/// With an output folder, the results are written there (see [`Results::save`]) and, with the feature `render`, the page
/// `<name>_report.html`. Each result is appended to `<name>_progress.jsonl` at once, and each answer of a judge is kept in
/// `judge-answers`: a run that was stopped or killed continues, and measures again only what changed.
///
/// Progress: one step per file measured or question answered.
///
/// # Errors
/// [`Error::NotFound`] for no folder or no motion in it, [`Error::InvalidArgument`] for options out of range, two motions of
/// one name or no motion of the info file, [`Error::Config`] for a judge that refuses all questions, [`Error::Cancelled`],
/// [`Error::Io`]. Without an info file also those of reading and measuring a motion, which name its file.
pub fn evaluate(
    folder: impl AsRef<Path>,
    options: &EvaluateOptions<'_>,
    on_progress: &mut OnProgress<'_>,
) -> Result<Results> {
    let folder = folder.as_ref();
    options.check(folder)?;
    let others = options.compare.iter().map(Results::load).collect::<Result<Vec<_>>>()?;
    let (wanted, skipped) = options.split_dimensions();
    let files = options.info.is_none().then(|| motion_files::all(folder)).transpose()?;
    let files = files.map(|files| files.into_values().collect::<Vec<PathBuf>>());
    let listed = files.iter().flat_map(|files| entries(files.len(), &wanted)).collect::<Vec<_>>();
    let info = options.info.unwrap_or(&listed);
    let chosen: Vec<&InfoEntry> = info.iter().filter(|entry| wanted.contains(&entry.dimension)).collect();
    let with_bodies = wanted.iter().any(|dimension| dimension.input() == Input::Body);
    let bodies = with_bodies.then(|| options.bodies.load()).transpose()?;
    let find = |id: u64, input| match &files {
        Some(files) => files.get(id as usize).cloned(),
        None => motion_files::find(folder, id, input),
    };
    let (tasks, missing) = tasks(find, &chosen, options)?;
    if tasks.is_empty() {
        let tried =
            missing.first().map_or(String::new(), |first| format!(", not even {}", first.looked_for.join(" or ")));
        let left_out: Vec<String> = skipped.iter().map(|(dimension, why)| format!("; {dimension}: {why}")).collect();
        let reason = format!("no motion of the info file is in {folder:?}{tried}{}", left_out.concat());
        return Err(Error::invalid("folder", reason));
    }
    let name = options.run_name(folder);
    let (found, failed) = run(&tasks, &name, options, bodies.as_ref(), on_progress)?;
    let settings = Settings {
        folder: folder.display().to_string(),
        up_axis: options.up_axis.index(),
        judge: options.judge.map(|judge| judge.name()),
        seed: options.seed,
        bodies: with_bodies.then(|| options.bodies.about()),
        poses: poses(&found),
    };
    let dimensions = wanted.iter().map(|dimension| (*dimension, collect(*dimension, &tasks, &found))).collect();
    let results = Results { name, settings, dimensions, missing, failed, skipped };
    if let Some(output) = &options.output {
        results.save(output, info)?;
        #[cfg(feature = "render")]
        {
            let runs: Vec<&Results> = std::iter::once(&results).chain(&others).collect();
            crate::mbench::report::save(output.join(format!("{}_report.html", results.name)), &runs)?;
        }
    }
    #[cfg(not(feature = "render"))]
    drop(others);
    Ok(results)
}

/// Entries of a folder without an info file.
fn entries(files: usize, dimensions: &[Dimension]) -> impl Iterator<Item = InfoEntry> {
    let entry = |id: usize, dimension: Dimension| InfoEntry {
        prompt: String::new(),
        dimension,
        id: id as u64,
        auxiliary_info: Vec::new(),
        category: String::new(),
        motion_duration: 0.0,
    };
    (0..files).flat_map(move |id| dimensions.iter().map(move |dimension| entry(id, *dimension)))
}

/// Runs the tasks that are not in the journal: first the files, then the questions.
fn run(
    tasks: &[Task<'_>],
    name: &str,
    options: &EvaluateOptions<'_>,
    bodies: Option<&PoseScorer>,
    on_progress: &mut OnProgress<'_>,
) -> Result<(Vec<Option<Found>>, Vec<Failure>)> {
    let mut journal = Journal::default();
    if let Some(output) = &options.output {
        fs::create_dir_all(output).map_err(|e| Error::io("create", output, e))?;
        journal = Journal::open(&output.join(format!("{name}_progress.jsonl")))?;
    }
    let mut found: Vec<Option<Found>> = tasks.iter().map(|task| journal.find(&task.key).cloned()).collect();
    let mut failed = Vec::new();
    let mut done = found.iter().flatten().count();
    if done > 0 {
        report(on_progress, Stage::Evaluate, done, tasks.len())?;
    }
    let answers = options.output.as_ref().map(|output| output.join("judge-answers"));
    let client = |judge| JudgeClient::new(judge, answers.as_deref(), options.retry);
    let client = options.judge.map(client).transpose()?;
    let cores = thread::available_parallelism().map_or(1, usize::from);
    for (videos, usual) in [(false, cores), (true, JUDGE_JOBS)] {
        let of_kind = |i: &usize| (tasks[*i].input == Input::Video) == videos;
        let open: Vec<usize> = (0..tasks.len()).filter(|i| found[*i].is_none()).filter(of_kind).collect();
        let jobs = options.jobs.unwrap_or(usual).min(MAX_JOBS).min(open.len());
        let work = |i: usize, stop: &AtomicBool| tasks[open[i]].run(options, bodies, client.as_ref(), stop);
        in_parallel(jobs, open.len(), work, |i, outcome| {
            let task = &tasks[open[i]];
            match outcome {
                Outcome::Done(one) => {
                    journal.add(&task.key, &one)?;
                    found[open[i]] = Some(one);
                }
                Outcome::Failed(reason) => failed.extend(task.failures(&reason)),
            }
            done += 1;
            report(on_progress, Stage::Evaluate, done, tasks.len())
        })?;
    }
    journal.sync()?;
    failed.sort_by_key(|failure| (failure.dimension, failure.id));
    Ok((found, failed))
}

/// Number of motions per origin of their poses.
fn poses(found: &[Option<Found>]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for origin in found.iter().flatten().filter_map(|found| found.poses.clone()) {
        *counts.entry(origin).or_default() += 1;
    }
    counts
}

fn collect(dimension: Dimension, tasks: &[Task<'_>], found: &[Option<Found>]) -> DimensionResult {
    let mut motions = Vec::new();
    for (task, found) in tasks.iter().zip(found) {
        let values = found.iter().flat_map(|found| &found.values);
        for (entry, value) in task.entries.iter().zip(values) {
            if entry.dimension == dimension {
                motions.push(MotionResult {
                    id: entry.id,
                    prompt: entry.prompt.clone(),
                    value: value.unwrap_or(f32::NAN),
                    evaluation_file: task.path.display().to_string(),
                    motion_duration: entry.motion_duration,
                });
            }
        }
    }
    DimensionResult::new(dimension, motions)
}

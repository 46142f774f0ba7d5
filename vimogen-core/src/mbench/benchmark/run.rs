//! The run: tasks in parallel, results into the journal, then the report.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::thread;

use super::journal::{Found, Journal};
use super::options::EvaluateOptions;
use super::results::{DimensionResult, Failure, Missing, MotionResult, Results, Settings};
use super::task::{Task, tasks};
use crate::error::{Error, Result};
use crate::mbench::dimension::{Dimension, Input};
use crate::mbench::info::InfoEntry;
use crate::mbench::motion_files;
use crate::mbench::organized::Organized;
use crate::mbench::outcome::Outcome;
use crate::mbench::parallel::{MAX_JOBS, in_parallel};
use crate::mbench::pose::PoseScorer;
use crate::mbench::vlm::JudgeClient;
use crate::progress::{OnProgress, Stage, report};

/// Default number of questions in parallel.
const JUDGE_JOBS: usize = 4;

/// Measures the motions in `folder`.
///
/// Without an info file, every file that [`Motion::load`](crate::Motion::load) reads is a motion, measured on its joints, z
/// up; or a file of joints `(T, 22, 3)`, `.npy` or `.pt`, measured along `up_axis`. Motions are numbered by file name.
///
/// With an info file, a motion is looked up as `<id>.npy`, then `<id>.pt` with the key `joints` (joints `(T, 22, 3)`), then
/// in the other formats; for the dimensions of bodies as `<id>.pt` with the keys `pose` and `vertices`, else poses are
/// fitted to the joints; for a judge as `<id>.mp4`.
///
/// Motions without a file, and those whose file cannot be measured (damaged, of another shape, with NaN, too short), are
/// listed in the results and left out of the means. Doubts about files that were read are listed too.
///
/// With an output folder, the results are written there (see [`Results::save`]) and, with the feature `render`, the page
/// `<name>_report.html`. Each result is appended to `<name>_progress.jsonl` at once, and each answer of a judge is kept in
/// `judge-answers`: a run that was stopped or killed continues, and measures again only what changed.
///
/// Progress: one step per file measured or question answered.
///
/// # Errors
/// [`Error::NotFound`] for no folder or no motion in it, [`Error::InvalidArgument`] for options out of range, two motions of
/// one name, no motion of the info file or none that can be measured, [`Error::Config`] for a judge that refuses all
/// questions, [`Error::Cancelled`], [`Error::Io`].
pub fn evaluate(
    folder: impl AsRef<Path>,
    options: &EvaluateOptions<'_>,
    on_progress: &mut OnProgress<'_>,
) -> Result<Results> {
    let folder = folder.as_ref();
    options.check(folder)?;
    let before = Organized::of_whole(folder)?;
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
        let tried = |first: &Missing| {
            let other =
                if first.dimension.input() == Input::Video { "" } else { ", nor in another format that is read" };
            format!(", not even {}{other}", first.looked_for.join(" or "))
        };
        let tried = missing.first().map_or(String::new(), tried);
        let left_out: Vec<String> = skipped.iter().map(|(dimension, why)| format!("; {dimension}: {why}")).collect();
        let reason = format!("no motion of the info file is in {folder:?}{tried}{}", left_out.concat());
        return Err(Error::invalid("folder", reason));
    }
    let name = options.run_name(folder);
    let (found, failed) = run(&tasks, &name, options, bodies.as_ref(), on_progress)?;
    if Organized::of_whole(folder)? != before {
        let reason = format!("{folder:?} was organized again while it was measured; evaluate it again");
        return Err(Error::invalid("folder", reason));
    }
    if let (None, Some(first), true) = (options.info, failed.first(), found.iter().all(Option::is_none)) {
        let reason = format!("none of the {} motions can be measured; {}: {}", tasks.len(), first.file, first.reason);
        return Err(Error::invalid("folder", reason));
    }
    let warnings = warnings(&tasks, &found);
    let settings = Settings {
        folder: folder.display().to_string(),
        up_axis: options.up_axis.index(),
        judge: options.judge.map(|judge| judge.name()),
        seed: options.seed,
        bodies: with_bodies.then(|| options.bodies.about()),
        poses: poses(&found),
    };
    let dimensions = wanted.iter().map(|dimension| (*dimension, collect(*dimension, &tasks, &found))).collect();
    let results = Results { name, settings, dimensions, missing, failed, skipped, warnings };
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
    let known = |task: &Task<'_>| journal.find(&task.key).filter(|found| task.is_answered_by(found)).cloned();
    let mut found: Vec<Option<Found>> = tasks.iter().map(known).collect();
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

/// Doubts about the files, by file.
fn warnings(tasks: &[Task<'_>], found: &[Option<Found>]) -> BTreeMap<String, Vec<String>> {
    let measured = tasks.iter().zip(found).filter_map(|(task, found)| Some((task, found.as_ref()?)));
    let doubted = measured.filter(|(_, found)| !found.warnings.is_empty());
    doubted.map(|(task, found)| (task.path.display().to_string(), found.warnings.clone())).collect()
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

//! MBench over a folder: every motion that the info file lists, in every dimension, kept as it comes.

mod journal;
mod results;
mod task;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

pub use results::{DimensionResult, Failure, Missing, MotionResult, Results, Settings, csv, table};

use super::bodies::BodyFiles;
use super::dimension::{Dimension, Source};
use super::frames::UpAxis;
use super::info::Entry;
use super::pose::PoseScorer;
use super::vlm::question::Templates;
use super::vlm::{Bench, Judge, Patience};
use crate::declare::DEFAULT_SEED;
use crate::error::{Error, Result};
use crate::progress::{OnProgress, Stage, report};
use journal::{Found, Journal};
use task::{Task, tasks};

/// Questions that are asked at a time, unless told otherwise.
const JUDGE_JOBS: usize = 4;
/// Most jobs at a time.
const MAX_JOBS: usize = 256;

/// What is measured, and where results go.
pub struct EvaluateOptions<'a> {
    /// Folder for the results; made if need be.
    pub output: PathBuf,
    /// What the files of results begin with.
    pub name: String,
    /// The dimensions; `None` is all that the info file lists.
    pub dimensions: Option<Vec<Dimension>>,
    /// Height of joint files. The release: axis 2, although its joints have y up.
    pub up_axis: UpAxis,
    /// Files measured, or questions asked, at a time; `None`: one a core, and 4 questions.
    pub jobs: Option<usize>,
    /// Who judges; without one, dimensions that need one are skipped.
    pub judge: Option<&'a dyn Judge>,
    /// How the judge is asked.
    pub templates: Templates,
    /// How failing questions are asked again.
    pub patience: Patience,
    /// Seed of the order of candidates.
    pub seed: u64,
    /// Files that bodies are measured with.
    pub bodies: BodyFiles,
    /// Results of other runs, `<name>_eval_results.json`, that the report compares with.
    pub compare: Vec<PathBuf>,
}

impl EvaluateOptions<'_> {
    /// Measures as the release does, without a judge.
    pub fn new(output: impl Into<PathBuf>, name: impl Into<String>) -> Self {
        Self {
            output: output.into(),
            name: name.into(),
            dimensions: None,
            up_axis: UpAxis::default(),
            jobs: None,
            judge: None,
            templates: Templates::default(),
            patience: Patience::default(),
            seed: DEFAULT_SEED,
            bodies: BodyFiles::default(),
            compare: Vec::new(),
        }
    }

    fn check(&self, folder: &Path) -> Result<()> {
        if !folder.is_dir() {
            return Err(Error::NotFound { what: "folder of motions".into(), path: folder.into() });
        }
        if self.name.is_empty() || self.name.contains(['/', '\\', '\0']) || self.name.starts_with('.') {
            return Err(Error::invalid("name", format!("{:?} cannot begin a file name", self.name)));
        }
        match self.jobs {
            _ if self.compare.len() >= 6 => Err(Error::invalid("compare", "a report holds 6 runs at most")),
            Some(jobs) if !(1..=MAX_JOBS).contains(&jobs) => {
                Err(Error::invalid("jobs", format!("{jobs}, expected 1 to {MAX_JOBS}")))
            }
            _ => Ok(()),
        }
    }

    /// Dimensions that cannot be measured, and why.
    fn skipped(&self, wanted: &[Dimension]) -> BTreeMap<Dimension, String> {
        let reason = |dimension: Dimension| match dimension.source() {
            Source::Video if self.judge.is_none() => Some("it needs a judge, and none is set"),
            Source::Body if dimension == Dimension::Pose_Quality && self.bodies.nrdf.is_none() => {
                Some("it needs an NRDF model, and none is given")
            }
            _ => None,
        };
        wanted.iter().filter_map(|dimension| Some((*dimension, reason(*dimension)?.to_string()))).collect()
    }
}

/// Measures the motions in `folder` that `info` lists, and writes the results (see [`Results::save`]) and, built with the
/// feature `render`, the page `<name>_report.html`.
///
/// A motion is looked up as `<id>.npy`, then `<id>.pt` with the key `joints` (joints `(T, 22, 3)`); for the dimensions of
/// bodies as `<id>.pt` with the keys `pose` and `vertices`, else poses are fitted to the joints; for a judge as `<id>.mp4`. Each result is kept in `<output>/<name>_progress.jsonl` the moment it is there, and each answer of a judge
/// in `<output>/judge-answers`: a run that was stopped or killed continues, and measures again only what changed. Motions
/// without a file are listed in the results, and so are those whose file cannot be measured; they are left out of the
/// means. Progress: a step is a file measured or a question answered.
///
/// # Errors
/// [`Error::NotFound`] for no folder, [`Error::InvalidArgument`] for options out of range or no motion found,
/// [`Error::Config`] for a judge that refuses all questions, [`Error::Cancelled`], [`Error::Io`].
pub fn evaluate_benchmark(
    folder: impl AsRef<Path>,
    info: &[Entry],
    options: &EvaluateOptions<'_>,
    on_progress: &mut OnProgress<'_>,
) -> Result<Results> {
    let folder = folder.as_ref();
    options.check(folder)?;
    let others = options.compare.iter().map(Results::load).collect::<Result<Vec<_>>>()?;
    let mut wanted: Vec<Dimension> = info.iter().map(|entry| entry.dimension).collect();
    wanted.sort();
    wanted.dedup();
    if let Some(asked) = &options.dimensions {
        wanted.retain(|dimension| asked.contains(dimension));
    }
    let skipped = options.skipped(&wanted);
    wanted.retain(|dimension| !skipped.contains_key(dimension));
    let entries: Vec<&Entry> = info.iter().filter(|entry| wanted.contains(&entry.dimension)).collect();
    let measured = wanted.iter().any(|dimension| dimension.source() == Source::Body);
    let bodies = measured.then(|| options.bodies.load()).transpose()?;
    let (tasks, missing) = tasks(folder, &entries, options)?;
    if tasks.is_empty() {
        let looked =
            missing.first().map_or(String::new(), |first| format!(", not even {}", first.looked_for.join(" or ")));
        let left_out: Vec<String> = skipped.iter().map(|(dimension, why)| format!("; {dimension}: {why}")).collect();
        let reason = format!("no motion of the info file is in {folder:?}{looked}{}", left_out.concat());
        return Err(Error::invalid("folder", reason));
    }
    fs::create_dir_all(&options.output).map_err(|e| Error::io("create", &options.output, e))?;
    let mut journal = Journal::open(&options.output.join(format!("{}_progress.jsonl", options.name)))?;
    let (found, failed) = run(&tasks, options, bodies.as_ref(), &mut journal, on_progress)?;
    let settings = Settings {
        folder: folder.display().to_string(),
        up_axis: options.up_axis.index(),
        judge: options.judge.map(|judge| judge.name()),
        seed: options.seed,
        bodies: measured.then(|| options.bodies.about()),
        poses: poses(&found),
    };
    let dimensions = wanted.iter().map(|dimension| (*dimension, collect(*dimension, &tasks, &found))).collect();
    let results = Results { name: options.name.clone(), settings, dimensions, missing, failed, skipped };
    results.save(&options.output, info)?;
    #[cfg(feature = "render")]
    {
        let runs: Vec<&Results> = std::iter::once(&results).chain(&others).collect();
        super::report::save(options.output.join(format!("{}_report.html", options.name)), &runs)?;
    }
    #[cfg(not(feature = "render"))]
    drop(others);
    Ok(results)
}

/// Runs what the journal does not know: first the files, then the questions.
fn run(
    tasks: &[Task<'_>],
    options: &EvaluateOptions<'_>,
    bodies: Option<&PoseScorer>,
    journal: &mut Journal,
    on_progress: &mut OnProgress<'_>,
) -> Result<(Vec<Option<Found>>, Vec<Failure>)> {
    let mut found: Vec<Option<Found>> = tasks.iter().map(|task| journal.find(&task.key).cloned()).collect();
    let mut failed = Vec::new();
    let mut done = found.iter().flatten().count();
    if done > 0 {
        report(on_progress, Stage::Evaluate, done, tasks.len())?;
    }
    let answers = options.output.join("judge-answers");
    let bench = options.judge.map(|judge| Bench::new(judge, Some(&answers), options.patience)).transpose()?;
    let cores = thread::available_parallelism().map_or(1, usize::from);
    for (videos, usual) in [(false, cores), (true, JUDGE_JOBS)] {
        let kind = |i: &usize| (tasks[*i].source == Source::Video) == videos;
        let open: Vec<usize> = (0..tasks.len()).filter(|i| found[*i].is_none()).filter(kind).collect();
        let jobs = options.jobs.unwrap_or(usual).min(MAX_JOBS).min(open.len());
        let work = |i: usize, stop: &AtomicBool| tasks[open[i]].run(options, bodies, bench.as_ref(), stop);
        in_parallel(jobs, open.len(), work, |i, outcome| {
            let task = &tasks[open[i]];
            match outcome {
                Ok(one) => {
                    journal.add(&task.key, &one)?;
                    found[open[i]] = Some(one);
                }
                Err(reason) => failed.extend(task.failures(&reason)),
            }
            done += 1;
            report(on_progress, Stage::Evaluate, done, tasks.len())
        })?;
    }
    journal.sync()?;
    failed.sort_by_key(|failure| (failure.dimension, failure.id));
    Ok((found, failed))
}

/// Does `work` for `0..count` on `jobs` threads and hands what comes of it to `take` on this one. The first error of
/// either ends all.
pub(super) fn in_parallel<T: Send>(
    jobs: usize,
    count: usize,
    work: impl Fn(usize, &AtomicBool) -> Result<T> + Sync,
    mut take: impl FnMut(usize, T) -> Result<()>,
) -> Result<()> {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..jobs {
            let send = send.clone();
            let (next, stop, work) = (&next, &stop, &work);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    if i >= count || send.send((i, work(i, stop))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let outcome = receive.iter().try_for_each(|(i, made)| take(i, made?));
        stop.store(true, Ordering::Relaxed);
        outcome
    })
}

/// How many motions have their poses from where.
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

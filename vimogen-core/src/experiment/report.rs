//! The reports of a run: a line per step, `log.csv`, TensorBoard's curves, `quality.csv` and `loss.svg`.

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::csv::{self, CsvLog};
use super::file::Experiment;
use super::plot;
use super::tensorboard::EventWriter;
use crate::error::{Error, Result};
use crate::train::StepReport;
use crate::train::loss::LossValues;

/// Value of a column in a line of the log.
type Column = fn(&StepLine) -> Option<f64>;

/// Columns of `log.csv` after the step, which are also TensorBoard's tags, and their values.
const COLUMNS: [(&str, Column); 9] = [
    ("loss", |line| Some(line.loss.total)),
    ("loss_text", |line| line.loss.text),
    ("loss_ref_motion", |line| line.loss.ref_motion),
    ("grad_norm", |line| Some(line.grad_norm)),
    ("lr", |line| Some(line.lr)),
    ("samples_per_second", |line| Some(line.samples_per_second)),
    ("wait_share", |line| Some(line.wait_share)),
    ("skipped_steps", |line| Some(line.skipped as f64)),
    ("bad_clips", |line| Some(line.bad_clips as f64)),
];
/// Columns that the plot shows.
const CURVES: usize = 3;

/// A step of a run, or the means over the steps since the last log line.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct StepLine {
    /// Steps done.
    pub step: usize,
    /// Last step of the run.
    pub total: usize,
    /// The losses.
    pub loss: LossValues,
    /// Global norm of the gradients before clipping.
    pub grad_norm: f64,
    /// Learning rate.
    pub lr: f64,
    /// Clips per second.
    pub samples_per_second: f64,
    /// Share of the time that steps waited for data.
    pub wait_share: f64,
    /// Steps skipped because their loss was not finite.
    pub skipped: usize,
    /// Unreadable clips.
    pub bad_clips: usize,
    /// Estimated time to the last step.
    pub remaining: Duration,
    /// Whether this is a log line, with means since the last one.
    pub logged: bool,
}

impl fmt::Display for StepLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {:>6}/{}  loss {:.4}", self.step, self.total, self.loss.total)?;
        for (name, loss) in [("text", self.loss.text), ("reference", self.loss.ref_motion)] {
            loss.map_or(Ok(()), |loss| write!(f, "  {name} {loss:.4}"))?;
        }
        let left = self.remaining.as_secs();
        write!(f, "  norm {:.2}  lr {:.2e}  {:.1} samples/s", self.grad_norm, self.lr, self.samples_per_second)?;
        write!(f, "  left {}:{:02}:{:02}", left / 3600, left / 60 % 60, left % 60)
    }
}

/// Writes the reports, and keeps the steps since the last log line.
pub struct Recorder {
    /// The table and TensorBoard's file; of several processes only the first has them.
    files: Option<(CsvLog, EventWriter)>,
    folder: PathBuf,
    log_every: usize,
    window: Vec<StepReport>,
    samples: usize,
    start: Instant,
    waited: Duration,
    /// Seconds of the logged steps, and their number.
    spent: (f64, usize),
    /// Steps skipped because their loss was not finite.
    pub skipped: usize,
}

impl Recorder {
    /// Opens the files, if this process `writes` them.
    pub fn new(experiment: &Experiment, steps_done: usize, writes: bool) -> Result<Self> {
        let folder = experiment.output_dir.clone();
        std::fs::create_dir_all(&folder).map_err(|e| Error::io("create", &folder, e))?;
        let open = || -> Result<_> {
            let table = CsvLog::open(&folder.join("log.csv"), &COLUMNS.map(|(name, _)| name), steps_done)?;
            let mut curves = EventWriter::create(&folder.join("tensorboard"))?;
            curves.start(steps_done + 1)?;
            Ok((table, curves))
        };
        Ok(Self {
            files: writes.then(open).transpose()?,
            folder,
            log_every: experiment.train.log_every,
            window: vec![],
            samples: 0,
            start: Instant::now(),
            waited: Duration::ZERO,
            spent: (0.0, 0),
            skipped: 0,
        })
    }

    /// Adds a step of `samples` clips.
    pub fn add(&mut self, report: StepReport, samples: usize) {
        self.window.push(report);
        self.samples += samples;
    }

    /// The line of step `step` of `total`, just done; written to the files if it is a log line. `None` while no step since
    /// the last log line had a finite loss.
    ///
    /// `waited` is the time that all steps so far waited for data.
    pub fn line(&mut self, step: usize, total: usize, bad_clips: usize, waited: Duration) -> Result<Option<StepLine>> {
        let Some(last) = self.window.last() else { return Ok(None) };
        let logged = step.is_multiple_of(self.log_every);
        let window = if logged { &self.window[..] } else { std::slice::from_ref(last) };
        let seconds = self.start.elapsed().as_secs_f64().max(1e-9);
        let (spent, steps) = (self.spent.0 + seconds, self.spent.1 + self.window.len());
        let line = StepLine {
            step,
            total,
            loss: LossValues {
                total: mean(window.iter().map(|r| r.loss.total)).unwrap_or(last.loss.total),
                text: mean(window.iter().filter_map(|r| r.loss.text)),
                ref_motion: mean(window.iter().filter_map(|r| r.loss.ref_motion)),
            },
            grad_norm: mean(window.iter().map(|r| r.grad_norm)).unwrap_or(last.grad_norm),
            lr: last.lr,
            samples_per_second: self.samples as f64 / seconds,
            wait_share: (waited - self.waited).as_secs_f64() / seconds,
            skipped: self.skipped,
            bad_clips,
            remaining: Duration::from_secs_f64(spent / steps.max(1) as f64 * (total - step.min(total)) as f64),
            logged,
        };
        if logged {
            (self.spent, self.waited) = ((spent, steps), waited);
            (self.start, self.samples) = (Instant::now(), 0);
            self.window.clear();
            self.log(&line)?;
        }
        Ok(Some(line))
    }

    fn log(&mut self, line: &StepLine) -> Result<()> {
        let Some((table, events)) = &mut self.files else { return Ok(()) };
        let values = COLUMNS.map(|(name, value)| (name, value(line)));
        table.row(line.step, &values.map(|(_, value)| value))?;
        events.scalars(line.step, "train", values.iter().filter_map(|(name, value)| Some((*name, (*value)?))))
    }

    /// Writes the qualities of sample motions.
    pub fn quality(&mut self, step: usize, quality: &[(&'static str, f64)]) -> Result<()> {
        let Some((_, events)) = &mut self.files else { return Ok(()) };
        events.scalars(step, "mbench", quality.iter().copied())?;
        let (columns, values): (Vec<&str>, Vec<Option<f64>>) =
            quality.iter().map(|(name, value)| (*name, Some(*value))).unzip();
        let mut table = CsvLog::open(&self.folder.join("quality.csv"), &columns, step.saturating_sub(1))?;
        table.row(step, &values)
    }

    /// Draws the losses of the table.
    pub fn plot(&self, title: &str) -> Result<()> {
        if self.files.is_none() {
            return Ok(());
        }
        let table = self.folder.join("log.csv");
        let curve = |(name, _): &(&'static str, _)| Ok((*name, csv::column(&table, name)?));
        let curves = COLUMNS[..CURVES].iter().map(curve).collect::<Result<Vec<_>>>()?;
        plot::save(&self.folder.join("loss.svg"), title, &curves)
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

//! A training run: data, the loop, checkpoints, logs.

use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ndarray::Array2;

use super::csv::{self, CsvLog};
use super::file::{Data, Experiment, FileData};
use super::plot;
use super::samples::Probes;
use super::tensorboard::EventWriter;
use crate::data::dataset::read_embedding;
use crate::data::{Batches, Captions, ClipDataset, ClipLoader, Manifest, Prefetch, SynthLoader};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::model::Dit;
use crate::motion::Stats;
use crate::text::{StaticWordsEncoder, TextEncoder, TextEncoderConfig};
use crate::train::collective::Collective;
use crate::train::{StepReport, TrainBatch, Trainer, checkpoint};
use crate::weights::{LoadOptions, ModelConfig, WeightDtype, load, open, save_native};

/// Steps in a row whose loss is not finite, after which a run stops.
const MAX_DIVERGED: usize = 10;
/// Folder of checkpoints below the run's.
const CHECKPOINTS: &str = "checkpoints";
/// The columns of `log.csv` after the step, which are also TensorBoard's tags.
const COLUMNS: [&str; 9] = [
    "loss",
    "loss_text",
    "loss_ref_motion",
    "grad_norm",
    "lr",
    "samples_per_second",
    "wait_share",
    "skipped_steps",
    "bad_clips",
];

/// Where a run begins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Resume {
    /// At the newest checkpoint in the run's folder, if there is one.
    #[default]
    Auto,
    /// Anew; the run's folder must hold no checkpoint.
    Never,
    /// At the newest checkpoint in another folder: ours, or the release's `checkpointing`, whose optimiser state is not
    /// kept.
    From(PathBuf),
}

/// What a run tells.
#[derive(Debug)]
pub enum Event<'a> {
    /// Something to know, such as a clip that cannot be read.
    Note(&'a str),
    /// A step was done.
    Step(&'a StepLine),
    /// A checkpoint was written.
    Checkpoint(&'a Path),
    /// Sample motions were written.
    Samples(&'a Path),
}

/// What a step, or the steps since the last log line, did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepLine {
    /// Steps done.
    pub step: usize,
    /// Steps in all.
    pub total: usize,
    /// Loss, over all samples.
    pub loss: f64,
    /// Loss over samples that attend to their text.
    pub loss_text: Option<f64>,
    /// Loss over samples that follow their reference.
    pub loss_ref_motion: Option<f64>,
    /// Global norm of the gradients before clipping.
    pub grad_norm: f64,
    /// Learning rate.
    pub lr: f64,
    /// Clips a second.
    pub samples_per_second: f64,
    /// Share of the time that steps waited for data.
    pub wait_share: f64,
    /// Steps skipped because their loss was not finite.
    pub skipped: usize,
    /// Clips that could not be read.
    pub bad_clips: usize,
    /// How long the rest will take.
    pub remaining: Duration,
    /// Whether this is a log line, with means since the last one.
    pub logged: bool,
}

impl fmt::Display for StepLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {:>6}/{}  loss {:.4}", self.step, self.total, self.loss)?;
        for (name, loss) in [("text", self.loss_text), ("reference", self.loss_ref_motion)] {
            loss.map_or(Ok(()), |loss| write!(f, "  {name} {loss:.4}"))?;
        }
        let left = self.remaining.as_secs();
        write!(f, "  norm {:.2}  lr {:.2e}  {:.1} samples/s", self.grad_norm, self.lr, self.samples_per_second)?;
        write!(f, "  left {}:{:02}:{:02}", left / 3600, left / 60 % 60, left % 60)
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// Steps done, those of earlier runs included.
    pub steps: usize,
    /// Whether it was stopped before its last step.
    pub stopped: bool,
    /// Steps skipped because their loss was not finite.
    pub skipped: usize,
}

/// A training run.
pub struct Run {
    pub(super) experiment: Experiment,
    pub(super) trainer: Trainer,
    pub(super) source: Source,
    notes: Vec<String>,
}

/// What a model is trained on, opened.
pub(super) struct Source {
    pub batches: Arc<dyn Batches>,
    pub clips: Option<Arc<ClipDataset>>,
    pub stats: Stats,
    /// The encoded empty prompt.
    pub null_text: Array2<f32>,
    /// The built-in text encoder, if captions are encoded by it.
    pub encoder: Option<Arc<dyn TextEncoder>>,
}

impl Run {
    /// Opens the data and makes or resumes the model.
    ///
    /// # Errors
    /// Those of reading manifests, statistics and checkpoints; [`Error::Config`] for what does not fit.
    pub fn new(experiment: Experiment, device: &Device, resume: &Resume) -> Result<Self> {
        Self::open(experiment, device, resume, None)
    }

    /// As [`Run::new`], as one of several processes that train together. All read the same files, each its part of the
    /// clips; the first writes what a run writes and tells its events, the others tell notes alone.
    ///
    /// # Errors
    /// As [`Run::new`]; [`Error::Config`] if the clips of a step cannot be divided, [`Error::Device`] if another process
    /// is gone.
    pub fn together(
        experiment: Experiment,
        device: &Device,
        resume: &Resume,
        collective: Arc<dyn Collective>,
    ) -> Result<Self> {
        Self::open(experiment, device, resume, Some(collective))
    }

    fn open(
        mut experiment: Experiment,
        device: &Device,
        resume: &Resume,
        collective: Option<Arc<dyn Collective>>,
    ) -> Result<Self> {
        let place = collective.as_ref().map_or((0, 1), |collective| (collective.rank(), collective.size()));
        experiment.divide(place.1)?;
        let mut notes: Vec<String> = experiment.ignored.iter().map(|key| format!("ignored: {key}")).collect();
        let source = source(&experiment, place, &mut notes)?;
        let mut trainer = trainer(&experiment, device, resume)?;
        if let Some(collective) = collective {
            trainer.join(collective)?;
            notes.push(format!("{} processes train together", place.1));
        }
        if trainer.steps_done() > 0 {
            notes.push(format!("continued from step {}", trainer.steps_done()));
        }
        // What all would say, the first says.
        notes.retain(|_| place.0 == 0);
        Ok(Self { experiment, trainer, source, notes })
    }

    /// The model in training.
    pub fn trainer(&self) -> &Trainer {
        &self.trainer
    }

    /// Folder of checkpoints.
    pub fn checkpoints(&self) -> PathBuf {
        self.experiment.out.join(CHECKPOINTS)
    }

    /// Trains to the last step. If `on_event` breaks, the run is saved and ends.
    ///
    /// Writes below the run's folder: `checkpoints/`, `log.csv`, `tensorboard/`, `samples/<step>/`, `loss.svg`.
    ///
    /// # Errors
    /// Those of the data, [`Error::Diverged`] after ten steps in a row whose loss is not finite, [`Error::Io`]. What was
    /// done until then is saved.
    pub fn train(&mut self, on_event: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>) -> Result<Finished> {
        let mut watch = Watch::new(&self.experiment, self.trainer.steps_done(), self.trainer.rank() == 0)?;
        let first = self.trainer.steps_done();
        for note in std::mem::take(&mut self.notes) {
            let _ = on_event(Event::Note(&note));
        }
        let ended = self.steps(&mut watch, on_event);
        // The others do not know of an error of this process, and do not save with it.
        if self.trainer.world_size() > 1 && ended.as_ref().is_err_and(|error| !matches!(error, Error::Diverged { .. }))
        {
            return Err(ended.err().unwrap_or(Error::Cancelled));
        }
        let saved = checkpoint::list(&self.checkpoints()).last().map(|(step, _)| *step);
        if self.trainer.steps_done() > first && saved != Some(self.trainer.steps_done()) {
            // An error of the run says more than one of saving it.
            if let (Err(error), Ok(_)) = (self.save(on_event), &ended) {
                return Err(error);
            }
        }
        watch.plot(&self.experiment.name)?;
        ended.map(|stopped| Finished { steps: self.trainer.steps_done(), stopped, skipped: watch.skipped })
    }

    /// The loop; true if it was stopped.
    fn steps(&mut self, watch: &mut Watch, on_event: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>) -> Result<bool> {
        let (config, experiment) = (self.trainer.config().clone(), &self.experiment);
        let first = self.trainer.steps_done();
        if first >= config.num_steps {
            return Ok(false);
        }
        let probes = match experiment.visualize_every {
            0 => Probes::default(),
            _ => Probes::new(experiment, &self.source),
        };
        let batches = self.source.batches.clone();
        let mut loader = Prefetch::new(batches, first, experiment.workers, experiment.prefetch)?;
        let mut diverged = 0;
        while self.trainer.steps_done() < config.num_steps {
            let batch = loader.take();
            self.tell_bad_clips(on_event);
            let batch = batch?;
            let draws = self.trainer.draws(&batch);
            match self.trainer.train_step(&batch, &draws) {
                Ok(report) => {
                    diverged = 0;
                    watch.add(report, batch.len());
                }
                Err(Error::Diverged { reason }) => {
                    diverged += 1;
                    watch.skipped += 1;
                    self.trainer.skip_step();
                    let _ = on_event(Event::Note(&format!("skipped: {reason}")));
                    if diverged == MAX_DIVERGED {
                        let reason = format!("{reason}; {diverged} steps in a row: lower the learning rate");
                        return Err(Error::Diverged { reason });
                    }
                }
                Err(error) => return Err(error),
            }
            let done = self.trainer.steps_done();
            let bad_clips = self.source.clips.as_ref().map_or(0, |clips| clips.bad_count());
            let line = watch.line(done, config.num_steps, bad_clips, loader.waited());
            if let Some(line) = line.filter(|line| line.logged) {
                watch.log(&line)?;
            }
            if done.is_multiple_of(config.checkpoint_every) || done == config.num_steps {
                self.save(on_event)?;
            }
            let first = self.trainer.rank() == 0;
            let visualize_every = self.experiment.visualize_every;
            if first && visualize_every > 0 && done.is_multiple_of(visualize_every) {
                self.samples(&probes, watch, on_event)?;
            }
            let stop = line.is_some_and(|line| first && on_event(Event::Step(&line)).is_break());
            if self.trainer.any(stop)? {
                return Ok(done < config.num_steps);
            }
        }
        Ok(false)
    }

    fn tell_bad_clips(&self, on_event: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>) {
        for bad in self.source.clips.iter().flat_map(|clips| clips.take_bad()) {
            let _ = on_event(Event::Note(&format!("clip {} is left out: {}", bad.id, bad.reason)));
        }
    }

    fn save(&self, on_event: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>) -> Result<()> {
        let path = self.trainer.save_checkpoint_keeping(self.checkpoints(), self.experiment.keep)?;
        if self.trainer.rank() == 0 {
            let _ = on_event(Event::Checkpoint(&path));
        }
        Ok(())
    }

    /// Motions of the averaged model, and their quality as curves. A model that cannot generate yet is no error.
    fn samples(
        &self,
        probes: &Probes,
        watch: &mut Watch,
        on_event: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<()> {
        let step = self.trainer.steps_done();
        let folder = self.experiment.out.join("samples").join(format!("{step:08}"));
        match probes.generate(&self.experiment, &self.source, self.trainer.ema(), &folder) {
            Ok(quality) if quality.is_empty() => Ok(()),
            Ok(quality) => {
                let _ = on_event(Event::Samples(&folder));
                watch.quality(step, &quality)
            }
            Err(Error::Diverged { reason } | Error::InvalidArgument { reason, .. }) => {
                let _ = on_event(Event::Note(&format!("no samples at step {step}: {reason}")));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Writes the averaged weights as a native model directory, ready for [`crate::Pipeline::from_pretrained`]. Of
    /// several processes the first writes it.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Config`].
    pub fn export(&self, folder: impl AsRef<Path>, dtype: WeightDtype) -> Result<()> {
        if self.trainer.rank() > 0 {
            return Ok(());
        }
        let mut config = ModelConfig::new(self.experiment.model.clone());
        config.generation = self.experiment.generation;
        if let Some(encoder) = &self.source.encoder {
            let settings = serde_json::to_value(TextEncoderConfig::default());
            config.text_encoder = Some(settings.map_err(|e| Error::config("text_encoder", e.to_string()))?);
            config.notes.insert("text_encoder_fingerprint".into(), encoder.fingerprint().into());
        }
        config.notes.insert("experiment".into(), self.experiment.name.clone().into());
        config.notes.insert("trained_steps".into(), self.trainer.steps_done().into());
        let (ema, null) = (self.trainer.ema(), &self.source.null_text);
        save_native(folder, &config, ema, &self.source.stats, null, None, dtype)
    }
}

/// The procedural batches of one of several processes.
struct Share {
    loader: SynthLoader,
    rank: usize,
    ranks: usize,
}

impl Batches for Share {
    fn batch(&self, step: usize) -> Result<TrainBatch> {
        self.loader.batch(step * self.ranks + self.rank)
    }
}

fn source(experiment: &Experiment, (rank, ranks): (usize, usize), notes: &mut Vec<String>) -> Result<Source> {
    let train = &experiment.train;
    let (rows, width) = (experiment.model.text_len, experiment.model.text_dim);
    match &experiment.data {
        Data::Procedural(mix) => {
            let encoder = builtin(width)?;
            let loader = SynthLoader::new(train.seed, train.batch_size, rows, mix.clone(), encoder.clone())?;
            let (stats, null_text) = (loader.stats().clone(), Array2::zeros((rows, width)));
            let batches = Arc::new(Share { loader, rank, ranks });
            Ok(Source { batches, clips: None, stats, null_text, encoder: Some(encoder) })
        }
        Data::Files(files) => {
            let encoder = if files.builtin_captions { Some(builtin(width)?) } else { None };
            let null_text = match &files.null_context {
                Some(path) => read_embedding(path)?,
                None => Array2::zeros((rows, width)),
            };
            let clips = Arc::new(clips(files, width, encoder.clone(), null_text.clone(), notes)?);
            let loader = ClipLoader::new(clips.clone(), files.corruption.clone(), train.seed, train.batch_size)?
                .for_rank(rank, ranks)?;
            let stats = clips.stats().clone();
            Ok(Source { batches: Arc::new(loader), clips: Some(clips), stats, null_text, encoder })
        }
    }
}

fn clips(
    files: &FileData,
    width: usize,
    encoder: Option<Arc<dyn TextEncoder>>,
    null_text: Array2<f32>,
    notes: &mut Vec<String>,
) -> Result<ClipDataset> {
    let manifest = Manifest::read(&files.manifests, &files.text_key, files.root.as_deref())?;
    notes.push(format!("{} clips", manifest.clips.len()));
    if manifest.duplicates > 0 {
        let some = manifest.named_duplicates.join(", ");
        notes.push(format!("{} clips are exact duplicates of others: {some}", manifest.duplicates));
    }
    let stats = Stats::load(&files.mean, &files.std)?;
    let captions = encoder.map_or(Captions::Files { width }, Captions::Encoder);
    ClipDataset::new(manifest, stats, files.sampling.clone(), captions, null_text, files.max_bad_fraction)
}

fn builtin(width: usize) -> Result<Arc<dyn TextEncoder>> {
    let encoder = StaticWordsEncoder::builtin()?;
    match encoder.dim() == width {
        true => Ok(Arc::new(encoder)),
        false => {
            let reason = format!("{width}; the built-in text encoder makes rows of {}", encoder.dim());
            Err(Error::config("model.text_dim", reason))
        }
    }
}

fn trainer(experiment: &Experiment, device: &Device, resume: &Resume) -> Result<Trainer> {
    let (model, config) = (&experiment.model, &experiment.train);
    let own = experiment.out.join(CHECKPOINTS);
    let resumed = match resume {
        Resume::Auto => match Trainer::resume(model, config, device, &own)? {
            None => Trainer::resume_release(model, config, device, &experiment.out)?,
            some => some,
        },
        Resume::Never => match checkpoint::list(&own).last() {
            None => None,
            Some((step, _)) => {
                let reason = format!("{own:?} has a checkpoint of step {step}; resume, or choose another output_dir");
                return Err(Error::config("resume", reason));
            }
        },
        Resume::From(folder) => {
            let inner = folder.join(CHECKPOINTS);
            let mut found = None;
            for place in [folder, &inner] {
                found = found.map_or_else(|| Trainer::resume(model, config, device, place), |t| Ok(Some(t)))?;
            }
            let found =
                found.map_or_else(|| Trainer::resume_release(model, config, device, folder), |t| Ok(Some(t)))?;
            let none = || Error::NotFound { what: "checkpoint".into(), path: folder.clone() };
            Some(found.ok_or_else(none)?)
        }
    };
    if let Some(trainer) = resumed {
        return Ok(trainer);
    }
    let mut dit = Dit::new(model, device)?.init_weights(config.seed, device);
    for (path, options) in
        [(&experiment.base, LoadOptions::warm_start()), (&experiment.weights, LoadOptions::default())]
    {
        if let Some(path) = path {
            (dit, _) = load(dit, open(path)?.as_ref(), &options, device)?;
        }
    }
    Trainer::from_model(dit, config, device)
}

/// Logs, and the means since the last line.
struct Watch {
    /// The table and TensorBoard's file; of several processes the first has them.
    files: Option<(CsvLog, EventWriter)>,
    out: PathBuf,
    log_every: usize,
    window: Vec<StepReport>,
    samples: usize,
    start: Instant,
    waited: Duration,
    /// Seconds of steps and their number, for the time that remains.
    spent: (f64, usize),
    skipped: usize,
}

impl Watch {
    fn new(experiment: &Experiment, steps_done: usize, writes: bool) -> Result<Self> {
        let out = experiment.out.clone();
        std::fs::create_dir_all(&out).map_err(|e| Error::io("create", &out, e))?;
        let open = || -> Result<_> {
            let table = CsvLog::open(&out.join("log.csv"), &COLUMNS, steps_done)?;
            Ok((table, EventWriter::create(&out.join("tensorboard"))?))
        };
        Ok(Self {
            files: writes.then(open).transpose()?,
            out,
            log_every: experiment.train.log_every,
            window: vec![],
            samples: 0,
            start: Instant::now(),
            waited: Duration::ZERO,
            spent: (0.0, 0),
            skipped: 0,
        })
    }

    fn add(&mut self, report: StepReport, samples: usize) {
        self.window.push(report);
        self.samples += samples;
    }

    /// The line of the step just done; `None` while no step of the window had a finite loss.
    fn line(&mut self, step: usize, total: usize, bad_clips: usize, waited: Duration) -> Option<StepLine> {
        let last = *self.window.last()?;
        let logged = step.is_multiple_of(self.log_every);
        let window = if logged { &self.window[..] } else { std::slice::from_ref(&last) };
        let mean = |of: &dyn Fn(&StepReport) -> Option<f64>| {
            let values: Vec<f64> = window.iter().filter_map(of).collect();
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
        };
        let seconds = self.start.elapsed().as_secs_f64().max(1e-9);
        let (spent, steps) = (self.spent.0 + seconds, self.spent.1 + self.window.len());
        let line = StepLine {
            step,
            total,
            loss: mean(&|r| Some(r.loss)).unwrap_or(last.loss),
            loss_text: mean(&|r| r.loss_text),
            loss_ref_motion: mean(&|r| r.loss_ref_motion),
            grad_norm: mean(&|r| Some(r.grad_norm)).unwrap_or(last.grad_norm),
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
        }
        Some(line)
    }

    fn log(&mut self, line: &StepLine) -> Result<()> {
        let Some((table, events)) = &mut self.files else { return Ok(()) };
        let values = [
            Some(line.loss),
            line.loss_text,
            line.loss_ref_motion,
            Some(line.grad_norm),
            Some(line.lr),
            Some(line.samples_per_second),
            Some(line.wait_share),
            Some(line.skipped as f64),
            Some(line.bad_clips as f64),
        ];
        table.row(line.step, &values)?;
        let tags: Vec<String> = COLUMNS.iter().map(|name| format!("train/{name}")).collect();
        let known: Vec<(&str, f64)> =
            tags.iter().zip(values).filter_map(|(tag, value)| Some((tag.as_str(), value?))).collect();
        events.scalars(line.step, &known)
    }

    fn quality(&mut self, step: usize, quality: &[(&'static str, f64)]) -> Result<()> {
        let tags: Vec<String> = quality.iter().map(|(name, _)| format!("mbench/{name}")).collect();
        let values: Vec<(&str, f64)> =
            tags.iter().zip(quality).map(|(tag, (_, value))| (tag.as_str(), *value)).collect();
        let Some((_, events)) = &mut self.files else { return Ok(()) };
        events.scalars(step, &values)?;
        let columns: Vec<&str> = quality.iter().map(|(name, _)| *name).collect();
        let mut table = CsvLog::open(&self.out.join("quality.csv"), &columns, step.saturating_sub(1))?;
        table.row(step, &quality.iter().map(|(_, value)| Some(*value)).collect::<Vec<_>>())
    }

    fn plot(&self, name: &str) -> Result<()> {
        if self.files.is_none() {
            return Ok(());
        }
        let path = self.out.join("log.csv");
        let names = ["loss", "loss_text", "loss_ref_motion"];
        let curves = names.iter().map(|name| Ok((*name, csv::column(&path, name)?))).collect::<Result<Vec<_>>>()?;
        plot::save(&self.out.join("loss.svg"), name, &curves)
    }
}

//! A training run: the loop over steps, with checkpoints and samples.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file::{Data, Experiment};
use super::report::{Recorder, StepLine};
use super::resume::Resume;
use super::samples::Probes;
use super::training_data::TrainingData;
use crate::data::Prefetch;
use crate::data::procedural::{acts, known_prompts};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::text::{KnownPrompts, TextEncoderConfig};
use crate::train::collective::Collective;
use crate::train::{TrainBatch, Trainer, checkpoint};
use crate::weights::{ADAPTER_FILE, ModelConfig, NativeParts, WeightDtype, save_native, save_prompts};

/// Consecutive steps without a finite loss after which a run stops.
const MAX_DIVERGED: usize = 10;

/// An event of a run.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A remark, such as on an unreadable clip.
    Note(&'a str),
    /// A step was done.
    Step(&'a StepLine),
    /// A checkpoint was written.
    Checkpoint(&'a Path),
    /// Sample motions were written.
    Samples(&'a Path),
}

/// Receives the events of a run; a step's event may stop it.
type OnEvent<'a> = dyn FnMut(Event<'_>) -> ControlFlow<()> + 'a;

/// The end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
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
    pub(super) source: TrainingData,
    notes: Vec<String>,
}

impl Run {
    /// Opens the data, and makes or resumes the model.
    ///
    /// # Errors
    /// Those of reading manifests, statistics and checkpoints; [`Error::Config`] if they do not fit each other.
    pub fn new(experiment: Experiment, device: &Device, resume: &Resume) -> Result<Self> {
        Self::open(experiment, device, resume, None)
    }

    /// As [`Run::new`], as one of several processes that train together. All read the same files, each its part of the
    /// clips; process 0 writes the run's files and has all events, the others have notes on unreadable clips only.
    ///
    /// # Errors
    /// As [`Run::new`]; [`Error::Config`] if the clips of a step cannot be divided, [`Error::ProcessGroup`] if another process
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
        let (rank, ranks) = collective.as_ref().map_or((0, 1), |collective| (collective.rank(), collective.size()));
        experiment.divide(ranks)?;
        let mut notes: Vec<String> = experiment.ignored.iter().map(|key| format!("ignored: {key}")).collect();
        notes.extend(experiment.train.ema_warning());
        let source = TrainingData::open(&experiment, (rank, ranks), &mut notes)?;
        let mut trainer = resume.trainer(&experiment, device)?;
        if let Some(collective) = collective {
            trainer.join(collective)?;
            notes.push(format!("{ranks} processes train together"));
        }
        if trainer.steps_done() > 0 {
            notes.push(format!("continued from step {}", trainer.steps_done()));
        }
        // All processes have the same notes; process 0 reports them.
        if rank > 0 {
            notes.clear();
        }
        Ok(Self { experiment, trainer, source, notes })
    }

    /// The model in training.
    pub fn trainer(&self) -> &Trainer {
        &self.trainer
    }

    /// Folder of checkpoints.
    pub fn checkpoints(&self) -> PathBuf {
        self.experiment.checkpoints()
    }

    /// Trains to the last step. If `on_event` breaks, the run is saved and ends.
    ///
    /// Writes into the run's folder: `checkpoints/`, `log.csv`, `tensorboard/`, `samples/<step>/`, `loss.svg`.
    ///
    /// # Errors
    /// Those of the data, [`Error::Diverged`] after ten consecutive steps without a finite loss, [`Error::Io`]. The steps
    /// done until then are saved.
    pub fn train(&mut self, on_event: &mut OnEvent<'_>) -> Result<Finished> {
        let first = self.trainer.steps_done();
        let mut recorder = Recorder::new(&self.experiment, first, self.trainer.rank() == 0)?;
        for note in std::mem::take(&mut self.notes) {
            let _ = on_event(Event::Note(&note));
        }
        let stopped = match self.steps(&mut recorder, on_event) {
            // The other processes do not know of this error, and would not take part in saving.
            Err(error) if self.trainer.world_size() > 1 && !matches!(error, Error::Diverged { .. }) => {
                return Err(error);
            }
            stopped => stopped,
        };
        let saved = checkpoint::list(&self.checkpoints()).last().map(|(step, _)| *step);
        let unsaved = self.trainer.steps_done() > first && saved != Some(self.trainer.steps_done());
        let written = if unsaved { self.save(on_event) } else { Ok(()) };
        let written = recorder.plot(&self.experiment.name).and(written);
        // An error of the run is more useful than one of saving it.
        let stopped = stopped?;
        written?;
        Ok(Finished { steps: self.trainer.steps_done(), stopped, skipped: recorder.skipped })
    }

    /// The loop; true if it was stopped.
    fn steps(&mut self, recorder: &mut Recorder, on_event: &mut OnEvent<'_>) -> Result<bool> {
        let (first, total) = (self.trainer.steps_done(), self.trainer.config().num_steps);
        if first >= total {
            return Ok(false);
        }
        let visualize_every = self.experiment.visualize_every;
        let probes = if visualize_every > 0 { Probes::new(&self.experiment, &self.source) } else { Probes::default() };
        let batches = self.source.batches.clone();
        let mut loader = Prefetch::new(batches, first, self.experiment.workers, self.experiment.prefetch)?;
        let writes = self.trainer.rank() == 0;
        let mut diverged = 0;
        while self.trainer.steps_done() < total {
            let batch = loader.take();
            self.report_bad_clips(on_event);
            diverged = self.step(&batch?, diverged, recorder, on_event)?;
            let done = self.trainer.steps_done();
            let bad_clips = self.source.clips.as_ref().map_or(0, |clips| clips.bad_count());
            let line = recorder.line(done, total, bad_clips, loader.waited())?;
            if done.is_multiple_of(self.experiment.train.checkpoint_every) || done == total {
                self.save(on_event)?;
            }
            if writes && visualize_every > 0 && done.is_multiple_of(visualize_every) {
                self.samples(&probes, recorder, on_event)?;
            }
            let stop = line.is_some_and(|line| writes && on_event(Event::Step(&line)).is_break());
            if self.trainer.any(stop)? {
                return Ok(done < total);
            }
        }
        Ok(false)
    }

    /// One step, after `diverged` consecutive ones without a finite loss; gives their number after it.
    fn step(
        &mut self,
        batch: &TrainBatch,
        diverged: usize,
        recorder: &mut Recorder,
        on_event: &mut OnEvent<'_>,
    ) -> Result<usize> {
        let draws = self.trainer.draws(batch);
        match self.trainer.train_step(batch, &draws) {
            Ok(report) => {
                recorder.add(report, batch.len());
                Ok(0)
            }
            Err(Error::Diverged { reason }) => {
                let diverged = diverged + 1;
                recorder.skipped += 1;
                self.trainer.skip_step();
                let _ = on_event(Event::Note(&format!("skipped: {reason}")));
                if diverged == MAX_DIVERGED {
                    let reason = format!("{reason}; {diverged} steps in a row: lower the learning rate");
                    return Err(Error::Diverged { reason });
                }
                Ok(diverged)
            }
            Err(error) => Err(error),
        }
    }

    fn report_bad_clips(&self, on_event: &mut OnEvent<'_>) {
        for bad in self.source.clips.iter().flat_map(|clips| clips.take_bad()) {
            let _ = on_event(Event::Note(&format!("clip {} is left out: {}", bad.id, bad.reason)));
        }
    }

    fn save(&self, on_event: &mut OnEvent<'_>) -> Result<()> {
        let path = self.trainer.save_checkpoint_keeping(self.checkpoints(), self.experiment.keep_checkpoints)?;
        if self.trainer.rank() == 0 {
            let _ = on_event(Event::Checkpoint(&path));
        }
        Ok(())
    }

    /// Motions of the averaged model, and their quality as curves. A model that cannot generate yet is not an error.
    fn samples(&self, probes: &Probes, recorder: &mut Recorder, on_event: &mut OnEvent<'_>) -> Result<()> {
        let step = self.trainer.steps_done();
        let folder = self.experiment.output_dir.join("samples").join(format!("{step:08}"));
        match probes.generate(&self.experiment, &self.source, self.trainer.ema(), &folder) {
            Ok(quality) if quality.is_empty() => Ok(()),
            Ok(quality) => {
                let _ = on_event(Event::Samples(&folder));
                recorder.quality(step, &quality)
            }
            Err(Error::Diverged { reason } | Error::InvalidArgument { reason, .. }) => {
                let _ = on_event(Event::Note(&format!("no samples at step {step}: {reason}")));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Writes the averaged weights as a native model directory, which [`crate::Pipeline`] opens. Of several processes the
    /// first writes it.
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
        let (stats, null_context) = (&self.source.stats, &self.source.null_text);
        let known = self.known();
        let parts = NativeParts { config: &config, stats, null_context, words: None, prompts: known.as_ref() };
        save_native(folder, self.trainer.ema(), parts, dtype)
    }

    /// Writes the average of the LoRA adapters and the prompts that the adapted model knows into a folder, which
    /// [`crate::pipeline::PipelineBuilder::lora`] adds to the model that was trained further. Of several processes the
    /// first writes it.
    ///
    /// # Errors
    /// [`Error::Config`] for a run without adapters, [`Error::Io`].
    pub fn save_adapter(&self, folder: impl AsRef<Path>) -> Result<()> {
        if self.trainer.rank() > 0 {
            return Ok(());
        }
        let folder = folder.as_ref();
        std::fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, e))?;
        save_prompts(folder, self.known().as_ref())?;
        self.trainer.save_lora(folder.join(ADAPTER_FILE))
    }

    /// The prompts that the model knows: those of the procedural data or of the model that is trained further, and the
    /// captions of folders where there is no other list.
    fn known(&self) -> Option<KnownPrompts> {
        let repertoire = match &self.experiment.data {
            Data::Procedural(mix) => Some(mix.repertoire),
            Data::Mixed(mixed) => mixed.procedural.then_some(mixed.mix.repertoire),
            Data::Files(_) => None,
        };
        let known = match &self.experiment.start {
            Some(start) => start.prompts().cloned(),
            None => repertoire.map(|number| if number > 1 { acts::known_prompts() } else { known_prompts() }),
        };
        let captions = &self.source.captions;
        if captions.is_empty() || self.experiment.start.is_none() && repertoire.is_some() {
            return known;
        }
        let none = || KnownPrompts::new(1, vec![], BTreeMap::new());
        Some(known.unwrap_or_else(none).with_captions(&self.experiment.name, captions))
    }
}

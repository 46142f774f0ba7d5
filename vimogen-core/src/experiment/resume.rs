//! The initial trainer of a run: resumed from a checkpoint, or new.

use std::path::{Path, PathBuf};

use super::file::Experiment;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::model::Dit;
use crate::train::{Trainer, checkpoint};
use crate::weights::{LoadOptions, load, open};

/// Folder of checkpoints in a run's folder.
const CHECKPOINTS: &str = "checkpoints";

/// The start of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Resume {
    /// The newest checkpoint in the run's folder, if there is one.
    #[default]
    Auto,
    /// New weights; the run's folder must hold no checkpoint.
    Never,
    /// The newest checkpoint in another folder: ours, or the release's `checkpointing`, whose optimizer state is not kept.
    From(PathBuf),
}

impl Resume {
    /// The trainer of an experiment.
    pub(super) fn trainer(&self, experiment: &Experiment, device: &Device) -> Result<Trainer> {
        let own = experiment.checkpoints();
        let resumed = match self {
            Self::Auto => newest(experiment, device, &[own], &experiment.output_dir)?,
            Self::Never => match checkpoint::list(&own).last() {
                None => None,
                Some((step, _)) => {
                    let reason =
                        format!("{own:?} has a checkpoint of step {step}; resume, or choose another output_dir");
                    return Err(Error::config("resume", reason));
                }
            },
            Self::From(folder) => {
                let found = newest(experiment, device, &[folder.clone(), folder.join(CHECKPOINTS)], folder)?;
                let none = || Error::NotFound { what: "checkpoint".into(), path: folder.clone() };
                Some(found.ok_or_else(none)?)
            }
        };
        resumed.map_or_else(|| fresh(experiment, device), Ok)
    }
}

impl Experiment {
    /// Folder of checkpoints.
    pub(super) fn checkpoints(&self) -> PathBuf {
        self.output_dir.join(CHECKPOINTS)
    }
}

/// The newest checkpoint in the first of our folders that has one, or else in the release's.
fn newest(experiment: &Experiment, device: &Device, ours: &[PathBuf], release: &Path) -> Result<Option<Trainer>> {
    for folder in ours {
        if let Some(trainer) = Trainer::resume(&experiment.model, &experiment.train, device, folder)? {
            return Ok(Some(trainer));
        }
    }
    Trainer::resume_release(&experiment.model, &experiment.train, device, release)
}

/// A trainer with drawn weights, over which those of the experiment's checkpoints are loaded.
fn fresh(experiment: &Experiment, device: &Device) -> Result<Trainer> {
    let mut dit = match &experiment.start {
        Some(start) => start.load(device)?,
        None => Dit::new(&experiment.model, device)?.init_weights(experiment.train.seed, device),
    };
    if *dit.config() != experiment.model {
        return Err(Error::config("model", "a model that is trained further keeps its sizes; leave them out"));
    }
    let (base, whole) = (LoadOptions::warm_start(), LoadOptions::default());
    for (path, options) in [(&experiment.base, base), (&experiment.weights, whole)] {
        if let Some(path) = path {
            (dit, _) = load(dit, open(path)?.as_ref(), &options, device)?;
        }
    }
    Trainer::from_model(dit, &experiment.train, device)
}

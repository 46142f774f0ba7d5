//! Checkpoints: `<folder>/<step, 8 digits>/{model,ema}.bpk`, `optimizer.safetensors` and `state.json`.
//!
//! A checkpoint is written into a temporary folder that is renamed when complete, so a killed run leaves whole ones only.

use std::fs;
use std::path::{Path, PathBuf};

use burn::module::Module;
use serde::{Deserialize, Serialize};

use super::collective::by_first;
use super::config::TrainConfig;
use super::freeze::Track;
use super::lora;
use super::trainer::{Trainer, sharing};
use crate::error::{Error, Result};
use crate::format::{read_bounded, sync_folder};
use crate::model::{Dit, DitConfig, named};

/// Checkpoints kept when a new one is written.
const KEEP: usize = 2;
/// Name of the file of moments.
const OPTIMIZER: &str = "optimizer.safetensors";
/// Part of a folder name that marks an unfinished checkpoint.
const UNFINISHED: &str = ".unfinished";
/// Part of the name of a checkpoint of the same step, while it is replaced.
const EARLIER: &str = ".earlier";
/// Maximum bytes of `state.json`.
const MAX_STATE: u64 = 1 << 20;

/// Contents of `state.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct State {
    step: usize,
    model: DitConfig,
    config: TrainConfig,
}

/// Steps and folders of the whole checkpoints in `folder`, oldest first.
pub fn list(folder: &Path) -> Vec<(usize, PathBuf)> {
    list_with("state.json", &[folder.into()])
}

/// Numbered folders in `places` that hold `file`, by number.
pub(super) fn list_with(file: &str, places: &[PathBuf]) -> Vec<(usize, PathBuf)> {
    let entries = places.iter().flat_map(|place| fs::read_dir(place).into_iter().flatten().flatten());
    let mut found: Vec<(usize, PathBuf)> = entries
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .filter(|(_, path): &(usize, PathBuf)| path.join(file).is_file())
        .collect();
    found.sort();
    found
}

/// Restores checkpoints that a killed run moved away and did not replace.
fn restore(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(EARLIER));
        if let Some(finished) = name.map(|name| folder.join(name)).filter(|finished| !finished.exists()) {
            // Of several processes that resume, another may have been faster.
            let renamed = fs::rename(&path, &finished).or_else(|e| if finished.exists() { Ok(()) } else { Err(e) });
            renamed.map_err(|e| Error::io("rename", &path, e))?;
        }
    }
    Ok(())
}

impl Trainer {
    /// Writes a checkpoint below `folder` and removes all but the newest. Of processes that train together, the first
    /// writes it and the others wait for it.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written; older checkpoints are then untouched.
    pub fn save_checkpoint(&self, folder: impl AsRef<Path>) -> Result<PathBuf> {
        self.save_checkpoint_keeping(folder, KEEP)
    }

    /// As [`Trainer::save_checkpoint`]; `keep` checkpoints are left, at least the new one.
    ///
    /// The checkpoint has seed and step. Position in the data and all random draws follow from these.
    ///
    /// # Errors
    /// As [`Trainer::save_checkpoint`].
    pub fn save_checkpoint_keeping(&self, folder: impl AsRef<Path>, keep: usize) -> Result<PathBuf> {
        let folder = folder.as_ref();
        let weights = self.optimizer.whole(&self.dit, sharing(&self.config, &self.collective))?;
        match &self.collective {
            None => self.write_checkpoint(&weights, folder, keep),
            Some(collective) => by_first(
                collective.as_ref(),
                || self.write_checkpoint(&weights, folder, keep),
                || self.optimizer.save(&self.dit, sharing(&self.config, &self.collective), None),
            )
            .map(|written| written.unwrap_or_else(|| folder.join(self.checkpoint_name()))),
        }
    }

    fn checkpoint_name(&self) -> String {
        format!("{:08}", self.steps_done())
    }

    fn write_checkpoint(&self, weights: &Dit, folder: &Path, keep: usize) -> Result<PathBuf> {
        let name = self.checkpoint_name();
        let finished = folder.join(&name);
        let (unfinished, earlier) =
            (folder.join(format!("{name}{UNFINISHED}")), folder.join(format!("{name}{EARLIER}")));
        let remove = |path: &Path| {
            let removed = if path.exists() { fs::remove_dir_all(path) } else { Ok(()) };
            removed.map_err(|e| Error::io("remove", path, e))
        };
        let begun = remove(&unfinished)
            .and_then(|()| remove(&earlier))
            .and_then(|()| fs::create_dir_all(&unfinished).map_err(|e| Error::io("create", &unfinished, e)));
        // The other processes send their moments in any case: receive them even if there is no folder.
        let group = sharing(&self.config, &self.collective);
        let place = begun.is_ok().then(|| unfinished.join(OPTIMIZER));
        let moments = self.optimizer.save(&self.dit, group, place.as_deref());
        begun.and(moments)?;
        self.write_files(weights, &unfinished)?;
        if finished.exists() {
            fs::rename(&finished, &earlier).map_err(|e| Error::io("rename", &finished, e))?;
        }
        fs::rename(&unfinished, &finished).map_err(|e| Error::io("rename", &finished, e))?;
        sync_folder(folder);
        remove(&earlier)?;
        let all = list(folder);
        for (_, old) in all[..all.len().saturating_sub(keep.max(1))].iter().filter(|(_, old)| *old != finished) {
            fs::remove_dir_all(old).map_err(|e| Error::io("remove", old, e))?;
        }
        Ok(finished)
    }

    fn write_files(&self, weights: &Dit, folder: &Path) -> Result<()> {
        let record = |name: &str, result: std::result::Result<(), burn::store::RecordError>| {
            result.map_err(|e| Error::io("write", folder.join(name), std::io::Error::other(e)))
        };
        record("model.bpk", weights.clone().save_file(folder.join("model.bpk")))?;
        record("ema.bpk", self.average.clone().save_file(folder.join("ema.bpk")))?;
        let state = State { step: self.step, model: self.dit.config().clone(), config: self.config.clone() };
        let text = serde_json::to_string_pretty(&state).map_err(|e| Error::config("state", e.to_string()))?;
        let path = folder.join("state.json");
        fs::write(&path, text).map_err(|e| Error::io("write", &path, e))?;
        for entry in fs::read_dir(folder).map_err(|e| Error::io("read", folder, e))?.flatten() {
            let synced = fs::File::open(entry.path()).and_then(|file| file.sync_all());
            synced.map_err(|e| Error::io("sync", entry.path(), e))?;
        }
        Ok(())
    }

    /// Continues from the newest checkpoint below `folder`; `None` if there is none.
    ///
    /// The settings in `config` hold; only weights, moments and the step count come from the checkpoint.
    ///
    /// # Errors
    /// [`Error::Config`] if the checkpoint is of another architecture, [`Error::Format`] if it is damaged.
    pub fn resume(
        model: &DitConfig,
        config: &TrainConfig,
        device: &burn::tensor::Device,
        folder: impl AsRef<Path>,
    ) -> Result<Option<Self>> {
        restore(folder.as_ref())?;
        let Some((_, path)) = list(folder.as_ref()).pop() else { return Ok(None) };
        let state_path = path.join("state.json");
        let text = read_bounded(&state_path, MAX_STATE)?;
        let damaged = |file: &str, reason: String| Error::format("checkpoint", reason).with_path(path.join(file));
        let state: State = serde_json::from_slice(&text).map_err(|e| damaged("state.json", e.to_string()))?;
        if state.model != *model {
            return Err(Error::config("model", format!("the checkpoint {path:?} has {:?}", state.model)));
        }
        let read = |file: &str| -> Result<Dit> {
            let mut dit = Dit::new(model, device)?;
            if let Some(lora) = &config.lora {
                dit = lora::attach(dit, lora, config.seed)?;
            }
            dit.try_load_file(path.join(file)).map_err(|e| damaged(file, e.to_string()))
        };
        let mut trainer = Self::from_model(read("model.bpk")?, config, device)?;
        trainer.dit = named::map(trainer.dit, &mut Track::new(&config.trainable()));
        trainer.average = read("ema.bpk")?;
        let moments = trainer.optimizer.load(&trainer.dit, &path.join(OPTIMIZER));
        moments.map_err(|e| damaged(OPTIMIZER, e.to_string()))?;
        trainer.step = state.step;
        Ok(Some(trainer))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::train::tests::{batch, new, recipe, resumed, step, steps, tiny, weights};

    #[test]
    fn a_resumed_run_reaches_the_same_weights_bit_for_bit() {
        let (folder, batch) = (tempfile::tempdir().unwrap(), batch(&tiny(), 2, 1));
        let whole = steps(new(&recipe()), &batch, 3);
        whole.save_checkpoint(folder.path()).unwrap();
        let whole = steps(whole, &batch, 3);
        let resumed = resumed(&recipe(), folder.path());
        assert_eq!(resumed.steps_done(), 3);
        let resumed = steps(resumed, &batch, 3);
        assert_eq!(weights(&whole.model()), weights(&resumed.model()));
        assert_eq!(weights(whole.ema()), weights(resumed.ema()));
    }

    #[test]
    fn unfinished_checkpoints_are_passed_over_and_old_ones_removed() {
        let (folder, batch) = (tempfile::tempdir().unwrap(), batch(&tiny(), 2, 1));
        let resume = |model: &DitConfig| Trainer::resume(model, &recipe(), &Device::flex(), folder.path());
        assert!(resume(&tiny()).unwrap().is_none());
        let mut trainer = new(&recipe());
        for _ in 0..3 {
            step(&mut trainer, &batch);
            trainer.save_checkpoint(folder.path()).unwrap();
        }
        fs::create_dir(folder.path().join("00000009.unfinished")).unwrap();
        let steps: Vec<usize> = list(folder.path()).into_iter().map(|(step, _)| step).collect();
        assert_eq!(steps, [2, 3]);
        let error = resume(&DitConfig { dim: 16, ..tiny() }).err().unwrap();
        assert!(error.to_string().contains("model"), "{error}");
    }

    #[test]
    fn a_checkpoint_that_was_about_to_be_replaced_is_found_again() {
        let (folder, batch) = (tempfile::tempdir().unwrap(), batch(&tiny(), 2, 1));
        let mut trainer = steps(new(&recipe()), &batch, 1);
        let path = trainer.save_checkpoint_keeping(folder.path(), 1).unwrap();
        fs::rename(&path, folder.path().join("00000001.earlier")).unwrap();
        assert_eq!(resumed(&recipe(), folder.path()).steps_done(), 1);
        step(&mut trainer, &batch);
        trainer.save_checkpoint_keeping(folder.path(), 1).unwrap();
        assert_eq!(list(folder.path()).len(), 1);
    }

    #[test]
    fn a_damaged_checkpoint_is_an_error_that_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        // Before the first step the optimizer's file holds nothing that could be missed.
        let path = steps(new(&recipe()), &batch(&tiny(), 2, 1), 1).save_checkpoint(folder.path()).unwrap();
        for file in ["model.bpk", OPTIMIZER, "state.json"] {
            let whole = fs::read(path.join(file)).unwrap();
            fs::write(path.join(file), &whole[..whole.len() / 2]).unwrap();
            let resumed = Trainer::resume(&tiny(), &recipe(), &Device::flex(), folder.path());
            let error = resumed.err().unwrap_or_else(|| panic!("half of {file} ({} bytes) was accepted", whole.len()));
            assert!(error.to_string().contains(file), "{error}");
            fs::write(path.join(file), whole).unwrap();
        }
    }
}

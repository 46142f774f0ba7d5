//! Checkpoints of the release: `checkpointing/<step, 8 or so digits>/{model,ema}.pt`, weights only.

use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::tensor::Device;

use super::checkpoint::list_with;
use super::config::TrainConfig;
use super::ema;
use super::trainer::Trainer;
use crate::error::Result;
use crate::model::{Dit, DitConfig};
use crate::weights::{LoadOptions, load_file};

/// Steps and folders of the release's checkpoints in `folder` or its `checkpointing`, oldest first.
pub fn list(folder: &Path) -> Vec<(usize, PathBuf)> {
    list_with("model.pt", &[folder.to_path_buf(), folder.join("checkpointing")])
}

impl Trainer {
    /// Continues from the newest of the release's checkpoints below `folder`; `None` if there is none.
    ///
    /// Such a checkpoint has weights and their moving average. The optimizer starts without moments; the step count, and
    /// with it data, learning rate and noise, continues. The weights take the place of a missing `ema.pt`, and of any with
    /// LoRA adapters.
    ///
    /// # Errors
    /// [`crate::Error::Weights`] if the weights are not the model's, those of reading the files.
    pub fn resume_release(
        model: &DitConfig,
        config: &TrainConfig,
        device: &Device,
        folder: impl AsRef<Path>,
    ) -> Result<Option<Self>> {
        let Some((step, path)) = list(folder.as_ref()).pop() else { return Ok(None) };
        let read =
            |file: &str| -> Result<Dit> { Ok(load_file(path.join(file), model, &LoadOptions::default(), device)?.0) };
        let mut trainer = Self::from_model(read("model.pt")?, config, device)?;
        // Adapters are learnt on the weights that they are added to, and averaged with them.
        if config.lora.is_none() && path.join("ema.pt").is_file() {
            trainer.average = ema::of(&trainer.dit, read("ema.pt")?.valid());
        }
        trainer.step = step;
        Ok(Some(trainer))
    }

    /// Skips the next step, with its data and noise, because its loss is not finite.
    pub fn skip_step(&mut self) {
        self.step += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{DType, RawTensor, torch};
    use crate::train::tests::{batch, new, recipe, step, steps, tiny, weights};
    use crate::weights::{WeightDtype, state_dict};

    fn save(dit: &Dit, path: &Path) {
        let tensors: Vec<(String, RawTensor)> = state_dict(dit, WeightDtype::F32)
            .into_iter()
            .map(|(name, entry)| {
                let bytes = entry.to_f32().iter().flat_map(|v| v.to_le_bytes()).collect();
                (name, RawTensor::new(DType::F32, entry.shape().to_vec(), bytes).unwrap())
            })
            .collect();
        let tree = tensors.iter().map(|(name, tensor)| (name.as_str(), torch::Tree::Tensor(tensor))).collect();
        torch::save(path, &torch::Tree::Dict(tree)).unwrap();
    }

    fn save_both(trainer: &Trainer, place: &Path) {
        std::fs::create_dir_all(place).unwrap();
        save(&trainer.model(), &place.join("model.pt"));
        save(trainer.ema(), &place.join("ema.pt"));
    }

    fn resume(folder: &Path) -> Option<Trainer> {
        Trainer::resume_release(&tiny(), &recipe(), &Device::flex(), folder).unwrap()
    }

    #[test]
    fn the_newest_of_the_release_s_checkpoints_is_continued_without_its_optimiser() {
        let (folder, batch) = (tempfile::tempdir().unwrap(), batch(&tiny(), 2, 1));
        assert!(resume(folder.path()).is_none());
        let mut trainer = new(&recipe());
        for name in ["00000500", "00005000"] {
            trainer = steps(trainer, &batch, 2);
            save_both(&trainer, &folder.path().join("checkpointing").join(name));
        }
        let resumed = resume(folder.path()).unwrap();
        assert_eq!(resumed.steps_done(), 5000);
        assert_eq!(weights(&trainer.model()), weights(&resumed.model()));
        assert_eq!(weights(trainer.ema()), weights(resumed.ema()));
    }

    #[test]
    fn the_average_of_a_continued_checkpoint_goes_on_following_the_weights() {
        let (folder, batch) = (tempfile::tempdir().unwrap(), batch(&tiny(), 2, 1));
        let trainer = steps(new(&recipe()), &batch, 3);
        save_both(&trainer, &folder.path().join("00000500"));
        let mut resumed = resume(folder.path()).unwrap();
        step(&mut resumed, &batch);
        let [before, now, after] = [trainer.ema(), &resumed.model(), resumed.ema()].map(weights);
        for (name, values) in &after {
            let halves = before[name].iter().zip(&now[name]).map(|(a, b)| 0.5 * a + 0.5 * b);
            let off = halves.zip(values).map(|(want, got)| (want - got).abs()).fold(0.0, f32::max);
            assert!(off < 1e-6, "{name} is {off} off");
        }
    }
}

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
    use crate::format::{RawTensor, torch};
    use crate::train::checkpoint::tests::{run, tiny};
    use crate::weights::{WeightDtype, state_dict};

    fn save(dit: &Dit, path: &Path) {
        let tensors: Vec<(String, RawTensor)> = state_dict(dit, WeightDtype::F32)
            .into_iter()
            .map(|(name, entry)| {
                let bytes = entry.to_f32().iter().flat_map(|v| v.to_le_bytes()).collect();
                (name, RawTensor::new(crate::format::DType::F32, entry.shape().to_vec(), bytes).unwrap())
            })
            .collect();
        let tree = tensors.iter().map(|(name, tensor)| (name.as_str(), torch::Tree::Tensor(tensor))).collect();
        torch::save(path, &torch::Tree::Dict(tree)).unwrap();
    }

    #[test]
    fn the_newest_of_the_release_s_checkpoints_is_continued_without_its_optimiser() {
        let (device, config) = (Device::flex(), TrainConfig { ema_decay: 0.5, lr: 1e-2, ..TrainConfig::default() });
        let folder = tempfile::tempdir().unwrap();
        assert!(Trainer::resume_release(&tiny(), &config, &device, folder.path()).unwrap().is_none());
        let mut trainer = Trainer::new(&tiny(), &config, &device).unwrap();
        for step in ["00000500", "00005000"] {
            run(&mut trainer, 2);
            let place = folder.path().join("checkpointing").join(step);
            std::fs::create_dir_all(&place).unwrap();
            save(&trainer.model(), &place.join("model.pt"));
            save(trainer.ema(), &place.join("ema.pt"));
        }
        let resumed = Trainer::resume_release(&tiny(), &config, &device, folder.path()).unwrap().unwrap();
        assert_eq!(resumed.steps_done(), 5000);
        for (a, b) in [(trainer.model(), resumed.model()), (trainer.ema().clone(), resumed.ema().clone())] {
            let (a, b) = (state_dict(&a, WeightDtype::F32), state_dict(&b, WeightDtype::F32));
            assert!(a.iter().all(|(name, entry)| entry.to_f32() == b[name].to_f32()));
        }
    }

    #[test]
    fn the_average_of_a_continued_checkpoint_goes_on_following_the_weights() {
        let (device, config) = (Device::flex(), TrainConfig { ema_decay: 0.5, lr: 1e-2, ..TrainConfig::default() });
        let folder = tempfile::tempdir().unwrap();
        let mut trainer = Trainer::new(&tiny(), &config, &device).unwrap();
        run(&mut trainer, 3);
        let place = folder.path().join("00000500");
        std::fs::create_dir_all(&place).unwrap();
        save(&trainer.model(), &place.join("model.pt"));
        save(trainer.ema(), &place.join("ema.pt"));
        let mut resumed = Trainer::resume_release(&tiny(), &config, &device, folder.path()).unwrap().unwrap();
        run(&mut resumed, 1);
        let [before, weights, after] =
            [trainer.ema(), &resumed.model(), resumed.ema()].map(|dit| state_dict(dit, WeightDtype::F32));
        for (name, entry) in &after {
            let halves = before[name].to_f32().into_iter().zip(weights[name].to_f32());
            let off = halves.zip(entry.to_f32()).map(|((a, b), c)| (0.5 * a + 0.5 * b - c).abs()).fold(0.0, f32::max);
            assert!(off < 1e-6, "{name} is {off} off");
        }
    }
}

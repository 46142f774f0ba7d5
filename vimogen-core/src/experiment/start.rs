//! A model that is trained further.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use ndarray::Array2;

use crate::device::Device;
use crate::error::{Error, Result};
use crate::model::Dit;
use crate::motion::Stats;
use crate::pipeline::Pipeline;
use crate::text::{KnownPrompts, TextEncoderConfig};
use crate::weights::{ModelConfig, ModelDir, WeightDtype};

/// Name of the built-in model.
const BUILT_IN: &str = "built-in";

/// A model to train further: the built-in one, or a model directory.
#[derive(Clone)]
pub struct Start(Arc<ModelDir>);

impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Start").field(&self.0.folder()).finish()
    }
}

impl Start {
    /// Opens `built-in` or a folder.
    ///
    /// # Errors
    /// Those of [`ModelDir::open`].
    pub fn open(name: &str) -> Result<Self> {
        let dir = if name == BUILT_IN { Pipeline::builtin_dir()? } else { ModelDir::open(Path::new(name))? };
        Ok(Self(Arc::new(dir)))
    }

    /// The model's configuration.
    pub fn config(&self) -> &ModelConfig {
        self.0.config()
    }

    /// Statistics of the features that it was trained with.
    pub fn stats(&self) -> &Stats {
        self.0.stats()
    }

    /// The encoded empty prompt, `[rows, text_dim]`.
    pub fn null_context(&self) -> &Array2<f32> {
        self.0.null_context()
    }

    /// The prompts that it was trained on, if it has a list of them.
    pub(super) fn prompts(&self) -> Option<&KnownPrompts> {
        self.0.prompts()
    }

    /// The network.
    pub(super) fn load(&self, device: &Device) -> Result<Dit> {
        Ok(self.0.load(device, WeightDtype::F32, false)?.0)
    }

    /// Checks that the built-in encoder encodes captions as the model knows them.
    pub(super) fn check_builtin_captions(&self) -> Result<()> {
        let ours = serde_json::to_value(TextEncoderConfig::default())
            .map_err(|e| Error::config("text_encoder", e.to_string()))?;
        if self.0.words().is_none() && self.config().text_encoder.as_ref() == Some(&ours) {
            return Ok(());
        }
        let reason = "captions of folders are encoded by the built-in text encoder, and this model has another";
        Err(Error::config("model_path.model", reason))
    }
}

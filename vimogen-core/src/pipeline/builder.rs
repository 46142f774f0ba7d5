//! How a pipeline is loaded.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::origin::Origin;
use super::{Pipeline, encoder};
use crate::device::DeviceSpec;
use crate::error::{Error, Result};
use crate::text::TextEncoder;
use crate::weights::{ModelConfig, ModelDir, WeightDtype, merge_lora, prompts_of};

/// Settings of a pipeline to load; see [`Pipeline::builder`].
///
/// ```
/// use vimogen_core::{Pipeline, WeightDtype};
/// let pipeline = Pipeline::builder().dtype(WeightDtype::Bf16).text_only().builtin()?;
/// assert!(!pipeline.config().dit.reference);
/// # Ok::<(), vimogen_core::Error>(())
/// ```
#[derive(Default)]
pub struct PipelineBuilder {
    device: DeviceSpec,
    dtype: WeightDtype,
    text_only: bool,
    lora: Option<PathBuf>,
    text_encoder: Option<Arc<dyn TextEncoder>>,
}

impl fmt::Debug for PipelineBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipelineBuilder")
            .field("device", &self.device)
            .field("dtype", &self.dtype)
            .finish_non_exhaustive()
    }
}

impl PipelineBuilder {
    /// Device of the network. Default: the CPU.
    #[must_use]
    pub fn device(mut self, device: DeviceSpec) -> Self {
        self.device = device;
        self
    }

    /// Storage of the weights in memory. Default: f32.
    #[must_use]
    pub fn dtype(mut self, dtype: WeightDtype) -> Self {
        self.dtype = dtype;
        self
    }

    /// Leaves out the reference path: its weights, a third of the model, are never read.
    #[must_use]
    pub fn text_only(mut self) -> Self {
        self.text_only = true;
        self
    }

    /// Adds the LoRA adapters of a file, or of the folder that `vimogen finetune` writes, to the weights.
    #[must_use]
    pub fn lora(mut self, path: impl Into<PathBuf>) -> Self {
        self.lora = Some(path.into());
        self
    }

    /// Encodes prompts with another encoder than the directory's; the model must have been trained with it.
    #[must_use]
    pub fn text_encoder(mut self, encoder: Arc<dyn TextEncoder>) -> Self {
        self.text_encoder = Some(encoder);
        self
    }

    /// Loads the model that is compiled in.
    ///
    /// # Errors
    /// As [`PipelineBuilder::load`].
    pub fn builtin(self) -> Result<Pipeline> {
        self.load(&Pipeline::builtin_dir()?)
    }

    /// Loads a model directory; see [`ModelDir`] for the layouts.
    ///
    /// # Errors
    /// As [`PipelineBuilder::load`], and those of [`ModelDir::open`].
    pub fn open(self, path: impl AsRef<Path>) -> Result<Pipeline> {
        self.load(&ModelDir::open(path.as_ref())?)
    }

    /// Loads a model directory that is open.
    ///
    /// # Errors
    /// Those of [`ModelDir::load`] and [`merge_lora`]; [`Error::Config`] for a text encoder that is unknown or whose rows do
    /// not have the width that the model reads, [`Error::InvalidArgument`] for a `dtype` that the device does not have,
    /// [`Error::Device`].
    pub fn load(self, dir: &ModelDir) -> Result<Pipeline> {
        let device = self.device.open()?;
        let (encoder, without_encoder) = match self.text_encoder {
            Some(encoder) => (Some(encoder), None),
            None => encoder::of(dir, &device)?,
        };
        encoder.as_deref().map_or(Ok(()), |encoder| check_width(encoder, dir.config()))?;
        if self.dtype != WeightDtype::F32 && matches!(self.device, DeviceSpec::Wgpu(_)) {
            let reason = format!("{:?} weights do not exist on {}; choose float32", self.dtype, self.device);
            return Err(Error::invalid("dtype", reason));
        }
        let made_by = Origin::new(dir.folder(), self.dtype, self.lora.as_deref());
        let (mut dit, _) = dir.load(&device, self.dtype, self.text_only)?;
        let mut known = dir.prompts().cloned();
        if let Some(path) = self.lora {
            // A folder of adapters may list the prompts of their training, too.
            known = if path.is_dir() { prompts_of(&path)?.or(known) } else { known };
            dit = merge_lora(dit, path)?;
        }
        let config = dir.config().clone();
        Ok(Pipeline {
            dit,
            config: if self.text_only { config.text_only() } else { config },
            stats: dir.stats().clone(),
            null_context: dir.null_context().clone(),
            encoder,
            words: dir.words().map(<[u8]>::to_vec),
            known,
            without_encoder,
            made_by,
            origin: dir.folder().map_or_else(|| "the built-in model".into(), |folder| format!("{folder:?}")),
        })
    }
}

fn check_width(encoder: &dyn TextEncoder, config: &ModelConfig) -> Result<()> {
    let (made, read) = (encoder.dim(), config.dit.text_dim);
    if made == read {
        return Ok(());
    }
    let reason = format!("{} makes rows of {made} values, the model reads {read}", encoder.name());
    Err(Error::config("text_encoder", reason))
}

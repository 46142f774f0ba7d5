//! Writing native model directories.

use std::borrow::Cow;
use std::fs;
use std::io::Write;
use std::path::Path;

use ndarray::Array2;

use super::config::ModelConfig;
use super::dir::{CONFIG, MEAN, ModelDir, NULL_CONTEXT, NULL_CONTEXT_TENSOR, PROMPTS, STD, WEIGHTS, WORDS};
use super::eight_bits;
use super::load::inspect;
use super::mapping::common_prefix;
use super::report::Report;
use super::save::{encode, save};
use crate::error::{Error, Result};
use crate::format::{RawTensor, safetensors, write_atomic};
use crate::model::{Dit, WeightDtype};
use crate::motion::stats::Stats;
use crate::text::KnownPrompts;

impl ModelDir {
    /// Writes this model as a native directory, one tensor at a time, without its reference path if `text_only`.
    ///
    /// Names and shapes are checked first, as in [`ModelDir::load`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `folder` is that of this model, [`Error::Weights`], [`Error::Io`].
    pub fn convert(&self, folder: impl AsRef<Path>, dtype: WeightDtype, text_only: bool) -> Result<Report> {
        let folder = folder.as_ref();
        let same = |ours: &Path| matches!((ours.canonicalize(), folder.canonicalize()), (Ok(a), Ok(b)) if a == b);
        if self.folder().is_some_and(same) {
            return Err(Error::invalid("out", format!("{folder:?} is the model itself; choose another folder")));
        }
        let (config, options) = self.variant(dtype, text_only);
        let device = burn::tensor::Device::default();
        let report = inspect(Dit::new(&config.dit, &device)?, self.weights(), &options)?;
        let (stats, null_context, words, prompts) = (self.stats(), self.null_context(), self.words(), self.prompts());
        let parts = NativeParts { config: &config, stats, null_context, words, prompts };
        write_native(folder, parts, |path| self.copy_weights(path, &report.applied, dtype))?;
        Ok(report)
    }

    fn copy_weights(&self, path: &Path, names: &[String], dtype: WeightDtype) -> Result<()> {
        let source = self.weights();
        let prefix = common_prefix(&source.names());
        let stored: Vec<String> = names.iter().map(|name| format!("{prefix}{name}")).collect();
        let infos = stored.iter().map(|name| source.info(name)).collect::<Result<Vec<_>>>()?;
        let shapes: Vec<_> = names.iter().zip(&infos).map(|(name, i)| (name.as_str(), i.shape.as_slice())).collect();
        eight_bits::save(path, &shapes, dtype, |i, wanted| {
            // The previous one is written.
            i.checked_sub(1).into_iter().for_each(|before| source.release(&stored[before]));
            let bytes = source.bytes(&stored[i])?;
            Ok(if infos[i].dtype == wanted {
                bytes
            } else {
                Cow::Owned(encode(&infos[i].dtype.to_f32(&bytes), wanted))
            })
        })
    }
}

/// The parts of a native directory other than its weights.
#[derive(Debug, Clone, Copy)]
pub struct NativeParts<'a> {
    /// The configuration.
    pub config: &'a ModelConfig,
    /// Statistics of the features.
    pub stats: &'a Stats,
    /// The encoded empty prompt, `[rows, text_dim]`.
    pub null_context: &'a Array2<f32>,
    /// File of the text encoder's own word vectors, if it has any.
    pub words: Option<&'a [u8]>,
    /// The prompts that the model was trained on, if listed.
    pub prompts: Option<&'a KnownPrompts>,
}

/// Writes a model in memory as a native directory.
///
/// # Errors
/// [`Error::Config`] if the configuration is not that of the model; as [`save`].
pub fn save_native(folder: impl AsRef<Path>, dit: &Dit, parts: NativeParts<'_>, dtype: WeightDtype) -> Result<()> {
    parts.config.check()?;
    if parts.config.dit != *dit.config() {
        return Err(Error::config("dit", "it is not the configuration of the model that is saved"));
    }
    write_native(folder.as_ref(), parts, |path| save(dit, path, dtype))
}

/// The configuration comes last: a directory without it is not a model, so that an interrupted write is noticed.
fn write_native(folder: &Path, parts: NativeParts<'_>, weights: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, e))?;
    let config_path = folder.join(CONFIG);
    match fs::remove_file(&config_path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(Error::io("remove", &config_path, e)),
        _ => {}
    }
    weights(&folder.join(WEIGHTS))?;
    parts.stats.save(folder.join(MEAN), folder.join(STD))?;
    let null = RawTensor::from_f32(parts.null_context.view().into_dyn());
    safetensors::save(folder.join(NULL_CONTEXT), &[(NULL_CONTEXT_TENSOR, &null)], &[])?;
    if let Some(words) = parts.words {
        write_atomic(folder.join(WORDS), |w| w.write_all(words))?;
    }
    save_prompts(folder, parts.prompts)?;
    let json = serde_json::to_string_pretty(parts.config).map_err(|e| Error::config(CONFIG, e.to_string()))?;
    write_atomic(config_path, |w| writeln!(w, "{json}"))
}

/// Writes the prompts that a model knows into its folder, if it has a list of them.
pub(crate) fn save_prompts(folder: &Path, prompts: Option<&KnownPrompts>) -> Result<()> {
    let Some(prompts) = prompts else { return Ok(()) };
    let json = serde_json::to_string(prompts).map_err(|e| Error::config(PROMPTS, e.to_string()))?;
    write_atomic(folder.join(PROMPTS), |w| writeln!(w, "{json}"))
}

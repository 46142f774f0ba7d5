//! Model directories: everything a pipeline needs, in one folder or compiled in.
//!
//! | | native | release |
//! |---|---|---|
//! | sizes | `config.json` | Wan2.1's `config.json` |
//! | weights | `model.safetensors` | `model.pt` |
//! | statistics | `mean.npy`, `std.npy` | the same |
//! | null context | `null_context.safetensors` | `context_null_padded.pth` |
//! | word vectors | `words.safetensors`, if the text encoder has its own | - |
//! | movements | `prompts.json`, if the model has a list of them | - |
//!
//! The native `config.json` is a [`ModelConfig`]: sizes, conditions, frame rate, text encoder, and the recommended sampling
//! ([`GenerationDefaults`](super::GenerationDefaults)), which the options of a generation override.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use ndarray::{Array1, Array2};
use serde_json::Value;

use super::config::{self, ModelConfig};
use super::eight_bits::Unpacked;
use super::load::{LoadOptions, load};
use super::report::Report;
use super::widths;
use crate::error::{Error, Result, check_finite};
use crate::format::safetensors::SafetensorsFile;
use crate::format::torch::TorchFile;
use crate::format::{TensorSource, embedding, npy, read_bounded};
use crate::model::{Dit, WeightDtype};
use crate::motion::stats::Stats;
use crate::text::KnownPrompts;

pub(super) const CONFIG: &str = "config.json";
pub(super) const WEIGHTS: &str = "model.safetensors";
pub(super) const MEAN: &str = "mean.npy";
pub(super) const STD: &str = "std.npy";
pub(super) const NULL_CONTEXT: &str = "null_context.safetensors";
pub(super) const WORDS: &str = "words.safetensors";
pub(super) const PROMPTS: &str = "prompts.json";
const RELEASE_WEIGHTS: &str = "model.pt";
const RELEASE_NULL_CONTEXT: &str = "context_null_padded.pth";
/// Name of the only tensor of `null_context.safetensors`.
pub(super) const NULL_CONTEXT_TENSOR: &str = "null_context";

const NATIVE_FILES: &str = "config.json, model.safetensors, mean.npy, std.npy, null_context.safetensors";
const RELEASE_FILES: &str = "model.pt, Wan2.1's config.json, mean.npy, std.npy, context_null_padded.pth";

const MAX_CONFIG: u64 = 1 << 20;
const MAX_ROW: u64 = 1 << 16;
const MAX_WORDS_FILE: u64 = 1 << 24;
const MAX_PROMPTS: u64 = 1 << 24;

/// File layout of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Ours.
    Native,
    /// The PyTorch release's.
    Release,
}

impl Layout {
    fn describe(self) -> String {
        match self {
            Self::Native => format!("the native layout ({NATIVE_FILES})"),
            Self::Release => format!("the release's layout ({RELEASE_FILES})"),
        }
    }
}

/// An open model directory. Weights are mapped and read by [`ModelDir::load`].
pub struct ModelDir {
    config: ModelConfig,
    layout: Layout,
    stats: Stats,
    null_context: Array2<f32>,
    weights: Box<dyn TensorSource>,
    words: Option<Vec<u8>>,
    prompts: Option<KnownPrompts>,
    folder: Option<PathBuf>,
}

impl ModelDir {
    /// Opens a folder of either layout.
    ///
    /// # Errors
    /// [`Error::NotFound`] naming the file and the layout it belongs to, [`Error::Config`], [`Error::Format`],
    /// [`Error::Shape`] for statistics or a null context of other sizes than the model.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        if path.is_file() {
            return Err(Error::invalid("path", format!("{path:?} is a file, expected the folder of a model")));
        }
        let mut dir = Self::read(&Files::Folder(path))?;
        dir.folder = Some(path.to_path_buf());
        Ok(dir)
    }

    /// Opens a native directory whose files are in memory, given by name.
    ///
    /// # Errors
    /// As [`ModelDir::open`].
    pub fn from_bytes(files: &[(&str, &[u8])]) -> Result<Self> {
        Self::read(&Files::Memory(files))
    }

    fn read(files: &Files<'_>) -> Result<Self> {
        let json: Value = serde_json::from_slice(&files.config()?)
            .map_err(|e| Error::format("JSON", e.to_string()).with_path(files.path(CONFIG)))?;
        match (json.get("dit").is_some(), json.get("num_layers").is_some()) {
            (true, _) => Self::read_native(files, json),
            (false, true) => Self::read_release(files, json),
            (false, false) => {
                let reason =
                    format!("has neither `dit` (native) nor `num_layers` (Wan2.1), path: {:?}", files.path(CONFIG));
                Err(Error::config(CONFIG, reason))
            }
        }
    }

    fn read_native(files: &Files<'_>, json: Value) -> Result<Self> {
        let layout = Layout::Native;
        let config: ModelConfig = serde_json::from_value(json).map_err(|e| Error::config(CONFIG, e.to_string()))?;
        config.check()?;
        let weights = files.safetensors(WEIGHTS, "weights")?;
        let weights = Unpacked::new(weights).map_err(|e| e.with_path(files.path(WEIGHTS)))?;
        widths::check(&weights)?;
        let null_context = null_rows(&files.safetensors(NULL_CONTEXT, "null context")?)?;
        let stats = files.stats(layout)?;
        let words = files.optional(WORDS, MAX_WORDS_FILE)?;
        let prompts = files.prompts()?;
        let weights = Box::new(weights);
        let dir = Self { config, layout, stats, null_context, weights, words, prompts, folder: None };
        dir.check()
    }

    fn read_release(files: &Files<'_>, json: Value) -> Result<Self> {
        let layout = Layout::Release;
        let open = |name: &str, what: &str| {
            let path = files.existing(name, what, layout)?;
            TorchFile::open(path)
        };
        let weights = open(RELEASE_WEIGHTS, "weights")?;
        widths::check(&weights)?;
        let null_context = null_rows(&open(RELEASE_NULL_CONTEXT, "null context")?)?;
        let stats = files.stats(layout)?;
        // The release pads prompts to the length of its null context, not to the 512 of Wan's text_len.
        let config = config::from_wan(json, &weights, null_context.nrows())?;
        let (weights, words, prompts) = (Box::new(weights), None, None);
        let dir = Self { config, layout, stats, null_context, weights, words, prompts, folder: None };
        dir.check()
    }

    fn check(self) -> Result<Self> {
        let (rows, width) = self.null_context.dim();
        let dit = &self.config.dit;
        if width != dit.text_dim || rows > dit.text_len {
            let expected = format!("(at most {}, {}), the text of the model", dit.text_len, dit.text_dim);
            return Err(Error::shape("null context", expected, self.null_context.shape()));
        }
        Ok(self)
    }

    /// The configuration.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// Layout of the files.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Statistics of the features, 276 channels.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// The encoded empty prompt, `[rows, text_dim]`.
    pub fn null_context(&self) -> &Array2<f32> {
        &self.null_context
    }

    /// The weights, unread.
    pub fn weights(&self) -> &dyn TensorSource {
        self.weights.as_ref()
    }

    /// The model's own word vectors, as a file, if any.
    pub fn words(&self) -> Option<&[u8]> {
        self.words.as_deref()
    }

    /// The prompts that the model was trained on, if listed.
    pub fn prompts(&self) -> Option<&KnownPrompts> {
        self.prompts.as_ref()
    }

    /// The folder, unless the model is compiled in.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Loads the network. With `text_only` the reference path and its weights are left out.
    ///
    /// # Errors
    /// As [`load`].
    pub fn load(&self, device: &Device, dtype: WeightDtype, text_only: bool) -> Result<(Dit, Report)> {
        let (config, options) = self.variant(dtype, text_only);
        load(Dit::new(&config.dit, device)?, self.weights.as_ref(), &options, device)
    }

    /// Configuration and options for loading all of the model or its text path.
    pub(super) fn variant(&self, dtype: WeightDtype, text_only: bool) -> (ModelConfig, LoadOptions) {
        let options = LoadOptions { dtype, ..LoadOptions::default() };
        if text_only { (self.config.clone().text_only(), options.text_only()) } else { (self.config.clone(), options) }
    }
}

/// The prompts that a folder lists, if it does.
pub(crate) fn prompts_of(folder: &Path) -> Result<Option<KnownPrompts>> {
    Files::Folder(folder).prompts()
}

/// Storage of a directory's files.
enum Files<'a> {
    Folder(&'a Path),
    Memory(&'a [(&'a str, &'a [u8])]),
}

impl Files<'_> {
    fn path(&self, name: &str) -> PathBuf {
        match self {
            Self::Folder(folder) => folder.join(name),
            Self::Memory(_) => PathBuf::from(name),
        }
    }

    /// The bytes of an optional file.
    fn optional(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Folder(folder) => match read_bounded(folder.join(name), limit) {
                Err(Error::NotFound { .. }) => Ok(None),
                other => other.map(Some),
            },
            Self::Memory(files) => Ok(files.iter().find(|(other, _)| *other == name).map(|(_, bytes)| bytes.to_vec())),
        }
    }

    fn missing(&self, name: &str, what: &str, layout: Layout) -> Error {
        Error::NotFound { what: format!("{what} {name} of {}", layout.describe()), path: self.path(name) }
    }

    fn config(&self) -> Result<Vec<u8>> {
        self.optional(CONFIG, MAX_CONFIG)?.ok_or_else(|| {
            let what = match self {
                Self::Folder(folder) if !folder.is_dir() => "folder of the model, with config.json".into(),
                _ => format!("config.json of {} or of {}", Layout::Native.describe(), Layout::Release.describe()),
            };
            Error::NotFound { what, path: self.path(CONFIG) }
        })
    }

    fn prompts(&self) -> Result<Option<KnownPrompts>> {
        let known = |bytes: Vec<u8>| KnownPrompts::from_json(&bytes).map_err(|e| e.with_path(self.path(PROMPTS)));
        self.optional(PROMPTS, MAX_PROMPTS)?.map(known).transpose()
    }

    /// The path of a required file.
    fn existing(&self, name: &str, what: &str, layout: Layout) -> Result<PathBuf> {
        let path = self.path(name);
        let exists = matches!(self, Self::Folder(_)) && path.exists();
        if exists { Ok(path) } else { Err(self.missing(name, what, layout)) }
    }

    fn safetensors(&self, name: &str, what: &str) -> Result<SafetensorsFile> {
        match self {
            Self::Folder(_) => SafetensorsFile::open(self.existing(name, what, Layout::Native)?),
            Self::Memory(_) => {
                let bytes = self.optional(name, u64::MAX)?.ok_or_else(|| self.missing(name, what, Layout::Native))?;
                SafetensorsFile::from_bytes(bytes).map_err(|e| e.with_path(name))
            }
        }
    }

    fn stats(&self, layout: Layout) -> Result<Stats> {
        let row = |name: &str| -> Result<Array1<f32>> {
            let bytes = self.optional(name, MAX_ROW)?.ok_or_else(|| self.missing(name, "statistics", layout))?;
            let row = npy::decode(&bytes).map_err(|e| e.with_path(self.path(name)))?;
            let width = crate::motion::layout::FEATURES;
            if row.shape() != [width] {
                return Err(Error::shape(name, format!("({width},)"), row.shape()));
            }
            Ok(Array1::from(row.to_f32()))
        };
        Stats::new(row(MEAN)?, row(STD)?)
    }
}

/// The null context of an open file.
fn null_rows(source: &dyn TensorSource) -> Result<Array2<f32>> {
    let rows = embedding::from_source(source)?;
    check_finite("null context", &rows.view())?;
    Ok(rows)
}

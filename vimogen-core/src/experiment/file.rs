//! An experiment file, read and checked.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::keys;
use super::sections::{Dataset, General, Loader, Many, Model, ModelPath, Parallel, Precision, Solver};
use crate::data::{Corruption, Mix, Sampling};
use crate::error::{Error, Result};
use crate::format::read_bounded;
use crate::model::DitConfig;
use crate::motion::layout::{FEATURES, REFERENCE_FEATURES};
use crate::train::TrainConfig;
use crate::weights::GenerationDefaults;

/// Names of a switch that is off.
const OFF: [&str; 2] = ["no", "none"];
/// Most bytes of an experiment file.
const MAX_FILE: u64 = 1 << 20;

/// A training run: the release's YAML sections, read.
///
/// A key that is left out has the release's value. The sections and keys are listed in the book, how-to/train.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// Name, for plots and the model's notes.
    pub name: String,
    /// Folder for checkpoints, logs and samples.
    pub out: PathBuf,
    /// Sizes of the network.
    pub model: DitConfig,
    /// How the model is sampled, for its samples and by whoever uses it later.
    pub generation: GenerationDefaults,
    /// Optimiser and loop, for one process.
    pub train: TrainConfig,
    /// Clips whose activations one process keeps at a time.
    pub at_once: usize,
    /// Clips of a step, of all processes; `at_once` in each if it is not said.
    pub global_batch: Option<usize>,
    /// A Wan2.1 checkpoint to start from.
    pub base: Option<PathBuf>,
    /// A whole checkpoint to start from.
    pub weights: Option<PathBuf>,
    /// What is trained on.
    pub data: Data,
    /// Threads that make batches.
    pub workers: usize,
    /// Batches made ahead.
    pub prefetch: usize,
    /// Checkpoints kept.
    pub keep: usize,
    /// Steps between samples; 0 for none.
    pub visualize_every: usize,
    /// Motions of each sample.
    pub visualize_clips: usize,
    /// Keys that have no meaning here, each with the reason.
    pub ignored: Vec<String>,
}

/// What a model is trained on.
#[derive(Debug, Clone)]
pub enum Data {
    /// Procedural motion.
    Procedural(Mix),
    /// Clips from files.
    Files(FileData),
}

/// Clips from files.
#[derive(Debug, Clone)]
pub struct FileData {
    /// JSON lists, each with how often it is repeated.
    pub manifests: Vec<(PathBuf, usize)>,
    /// Folder that paths in them are relative to.
    pub root: Option<PathBuf>,
    /// Means of the features, `.npy`.
    pub mean: PathBuf,
    /// Standard deviations of the features, `.npy`.
    pub std: PathBuf,
    /// Which caption is read.
    pub text_key: String,
    /// How conditions are drawn.
    pub sampling: Sampling,
    /// What is done to references.
    pub corruption: Corruption,
    /// Share of clips that may be unreadable.
    pub max_bad_fraction: f64,
    /// The encoded empty prompt; without it, and with the built-in encoder, zero rows.
    pub null_context: Option<PathBuf>,
    /// Whether captions are encoded on the fly by the built-in text encoder, instead of coming encoded.
    pub builtin_captions: bool,
}

impl Experiment {
    /// Reads a YAML file; each of `set` is `section.key=value` and overrides the file.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Format`] for what is no YAML, [`Error::Config`] naming the key that is unknown, with
    /// the nearest known name, or whose value is impossible.
    pub fn load(path: impl AsRef<Path>, set: &[String]) -> Result<Self> {
        let path = path.as_ref();
        let bytes = read_bounded(path, MAX_FILE)?;
        let text = std::str::from_utf8(&bytes).map_err(|e| Error::format("YAML", e.to_string()).with_path(path))?;
        Self::parse(text, set).map_err(|e| e.with_path(path))
    }

    /// As [`Experiment::load`] of a file with this text.
    ///
    /// # Errors
    /// As [`Experiment::load`].
    pub fn parse(text: &str, set: &[String]) -> Result<Self> {
        let mut file = yaml(text)?;
        set.iter().try_for_each(|set| apply(&mut file, set))?;
        let (sections, ignored) = keys::sort(file)?;
        Self::from_sections(&sections, ignored)
    }

    fn from_sections(sections: &Map<String, Value>, mut ignored: Vec<String>) -> Result<Self> {
        let general: General = read(sections, "experiment")?;
        let paths: ModelPath = read(sections, "model_path")?;
        let (model, generation) = model(read(sections, "model")?, paths.config.as_deref())?;
        let solver: Solver = read(sections, "solver")?;
        let loader: Loader = read(sections, "dataloader")?;
        let global_batch = solver.global_batch;
        let (precision, parameters) = precision(read(sections, "precision")?, &mut ignored);
        let parallel: Parallel = read(sections, "parallel")?;
        let mut train = train(&general, solver, loader.batch_size)?;
        (train.precision, train.parameters) = (precision, parameters);
        train.checkpoint_activations = is_on(parallel.activation_checkpointing.as_ref());
        train.shard_optimizer = is_on(parallel.shard_optimizer.as_ref());
        train.check()?;
        let dataset: Dataset = read(sections, "dataset")?;
        let corruption = match sections.contains_key("ref_motion_corruption") {
            true => read(sections, "ref_motion_corruption")?,
            false => Corruption::release(),
        };
        let data = data(dataset, corruption, paths.null_context, model.reference)?;
        for (field, value) in [("num_workers", loader.num_workers), ("prefetch", loader.prefetch)] {
            if !(1..=256).contains(&value) {
                return Err(Error::config(format!("dataloader.{field}"), format!("{value} is not in 1..=256")));
            }
        }
        if general.keep_checkpoints == 0 || general.visualize_clips > crate::render::html::MAX_CLIPS {
            return Err(Error::config("experiment", "keep_checkpoints must be 1 or more, visualize_clips at most 64"));
        }
        Ok(Self {
            out: general.output_dir.unwrap_or_else(|| Path::new("out").join(&general.name)),
            name: general.name,
            model,
            generation,
            train,
            at_once: loader.batch_size,
            global_batch,
            base: paths.base,
            weights: paths.weights,
            data,
            workers: loader.num_workers,
            prefetch: loader.prefetch,
            keep: general.keep_checkpoints,
            visualize_every: general.visualize_every,
            visualize_clips: general.visualize_clips,
            ignored,
        })
    }
}

impl Experiment {
    /// Divides the work among `ranks` processes: each has its part of `global_batch`, or `at_once` clips of its own.
    ///
    /// # Errors
    /// [`Error::Config`] if the clips cannot be divided evenly.
    pub(super) fn divide(&mut self, ranks: usize) -> Result<()> {
        let clips = match self.global_batch {
            // As it was read.
            _ if ranks == 1 => return Ok(()),
            None => self.at_once,
            Some(clips) if clips.is_multiple_of(ranks) && clips >= ranks => clips / ranks,
            Some(clips) => {
                let reason = format!("{clips} clips cannot be divided among {ranks} processes");
                return Err(Error::config("solver.global_batch", reason));
            }
        };
        self.train.batch_size = clips;
        self.train.accumulation = clips.div_ceil(self.at_once);
        self.train.check()
    }
}

fn yaml(text: &str) -> Result<Map<String, Value>> {
    let value: Value = serde_saphyr::from_str(text).map_err(|e| Error::format("YAML", e.to_string()))?;
    match value {
        Value::Object(map) => Ok(map),
        _ => Err(Error::format("YAML", "expected sections: experiment, model, solver, ...")),
    }
}

/// Overrides a key by `section.key=value`; the value is read as YAML.
fn apply(file: &mut Map<String, Value>, set: &str) -> Result<()> {
    let wrong = || Error::config("--set", format!("{set:?} is not section.key=value, such as solver.lr=1e-4"));
    let (place, value) = set.split_once('=').ok_or_else(wrong)?;
    let (section, key) = place.trim().split_once('.').ok_or_else(wrong)?;
    let value: Value = serde_saphyr::from_str(value).map_err(|_| wrong())?;
    let names = keys::section(section)?.used.iter().find(|names| names.contains(&key));
    let entry = file.entry(section).or_insert_with(|| Value::Object(Map::new()));
    if entry.is_null() {
        *entry = Value::Object(Map::new());
    }
    let keys = entry.as_object_mut().ok_or_else(wrong)?;
    // The file may have the key under another of its names.
    names.into_iter().flat_map(|names| names.iter()).for_each(|name| drop(keys.remove(*name)));
    keys.insert(key.into(), value);
    Ok(())
}

/// Reads a section; numbers may stand as text, as YAML 1.1 reads `2e-4`.
fn read<T: DeserializeOwned>(sections: &Map<String, Value>, name: &str) -> Result<T> {
    let mut section = sections.get(name).cloned().unwrap_or_else(|| Value::Object(Map::new()));
    if let (Value::Object(keys), true) = (&mut section, name == "solver") {
        for value in keys.values_mut() {
            let number = value.as_str().and_then(|text| text.parse::<f64>().ok());
            if let Some(number) = number.and_then(serde_json::Number::from_f64) {
                *value = Value::Number(number);
            }
        }
    }
    if let Value::Object(keys) = &mut section {
        keys.retain(|_, value| !value.is_null());
    }
    serde_json::from_value(section).map_err(|e| Error::config(name, e.to_string()))
}

/// The sizes: those of a `config.json` of Wan2.1 (by default the release's), over which the section's keys go.
fn model(section: Model, config: Option<&Path>) -> Result<(DitConfig, GenerationDefaults)> {
    let mut dit = DitConfig::vimogen_1_3b();
    if let Some(path) = config {
        let json: Value = serde_json::from_slice(&read_bounded(path, MAX_FILE)?)
            .map_err(|e| Error::format("JSON", e.to_string()).with_path(path))?;
        let size = |name: &str| json.get(name).and_then(Value::as_u64).map(|n| n as usize);
        for (name, field) in [
            ("dim", &mut dit.dim),
            ("ffn_dim", &mut dit.ffn_dim),
            ("freq_dim", &mut dit.freq_dim),
            ("num_heads", &mut dit.num_heads),
            ("num_layers", &mut dit.num_layers),
        ] {
            *field = size(name).unwrap_or(*field);
        }
    }
    for (field, value) in [
        (&mut dit.dim, section.dim),
        (&mut dit.ffn_dim, section.ffn_dim),
        (&mut dit.freq_dim, section.freq_dim),
        (&mut dit.num_heads, section.num_heads),
        (&mut dit.num_layers, section.num_layers),
        (&mut dit.text_dim, section.text_dim),
        (&mut dit.text_len, section.text_len),
    ] {
        *field = value.unwrap_or(*field);
    }
    let fixed = [
        ("in_dim", section.in_dim, FEATURES),
        ("out_dim", section.out_dim, FEATURES),
        ("ref_motion_dim", section.ref_motion_dim, REFERENCE_FEATURES),
    ];
    for (field, value, only) in fixed {
        if value.is_some_and(|value| value != only) {
            return Err(Error::config(format!("model.{field}"), format!("only {only} can be")));
        }
    }
    dit.split_head = section.split_head.unwrap_or(dit.split_head);
    // A model with two heads has no reference path.
    dit.reference = section.reference.unwrap_or(!dit.split_head);
    dit.eps = section.eps.unwrap_or(dit.eps);
    dit.check()?;
    Ok((dit, section.generation))
}

fn train(general: &General, solver: Solver, batch_size: usize) -> Result<TrainConfig> {
    if !solver.optimizer.eq_ignore_ascii_case("adamw") {
        return Err(Error::config("solver.optimizer", format!("{:?}; AdamW is the only one", solver.optimizer)));
    }
    let clips = solver.global_batch.unwrap_or(batch_size);
    let train = TrainConfig {
        num_steps: solver.num_steps,
        batch_size: clips,
        accumulation: clips.div_ceil(batch_size.max(1)).max(1),
        trainable_modules: solver.trainable_modules.map(Many::into_vec).unwrap_or_default(),
        lora: solver.lora,
        micro_batches: solver.micro_batches,
        lr: solver.lr,
        betas: solver.betas,
        eps: solver.eps,
        weight_decay: solver.weight_decay,
        warmup_steps: solver.warmup_steps,
        lr_schedule: solver.lr_schedule,
        loss_weighting: solver.loss_weighting,
        grad_clip: solver.grad_clip,
        ema_decay: solver.ema_decay,
        ema_warmup: solver.ema_warmup,
        seed: general.seed,
        checkpoint_every: general.checkpoint_every,
        log_every: general.log_every,
        ..TrainConfig::default()
    };
    train.check()?;
    Ok(train)
}

/// Whether a switch is on, whatever it is set to: PyTorch has several ways to shard and to checkpoint.
fn is_on(value: Option<&Value>) -> bool {
    let off = |v: &Value| v.is_null() || *v == Value::Bool(false) || v.as_str().is_some_and(|v| OFF.contains(&v));
    value.is_some_and(|value| !off(value))
}

/// In which numbers is computed, and in which the parameters are kept.
fn precision(precision: Precision, ignored: &mut Vec<String>) -> (crate::train::Precision, crate::train::Precision) {
    let is = |value: &Option<Value>, names: &[&str]| {
        value.as_ref().and_then(Value::as_str).is_some_and(|value| names.contains(&value))
    };
    let plain = |value: &Option<Value>| !is_on(value.as_ref()) || is(value, &["fp32", "f32", "float32"]);
    if !plain(&precision.reduce) {
        ignored.push("precision.reduce (gradients are added in float32)".into());
    }
    let mut read = |value: &Option<Value>, key: &str| match is(value, &["bf16", "bfloat16"]) {
        true => crate::train::Precision::Bf16,
        false => {
            if !plain(value) {
                ignored.push(format!("precision.{key} (there are bf16 and fp32; this is float32)"));
            }
            crate::train::Precision::F32
        }
    };
    (read(&precision.compute, "compute"), read(&precision.parameters, "parameters"))
}

fn data(dataset: Dataset, corruption: Corruption, null_context: Option<PathBuf>, reference: bool) -> Result<Data> {
    if dataset.procedural {
        if dataset.json.is_some() {
            return Err(Error::config("dataset.procedural", "procedural motion has no json; choose one of them"));
        }
        let mix = Mix::default();
        let text = if reference { dataset.text.unwrap_or(mix.text) } else { 1.0 };
        let mix = Mix { text, null_text: dataset.null_text.unwrap_or(mix.null_text), corruption };
        mix.check()?;
        return Ok(Data::Procedural(mix));
    }
    let missing =
        |key: &str| Error::config(format!("dataset.{key}"), "missing; training on files needs json, mean and std");
    let files = dataset.json.ok_or_else(|| missing("json"))?.into_vec();
    let times = match dataset.duplicate_meta {
        None => vec![1; files.len()],
        Some(Many::One(times)) => vec![times; files.len()],
        Some(Many::List(times)) if times.len() == files.len() => times,
        Some(Many::List(times)) => {
            let reason = format!("{} numbers for {} files", times.len(), files.len());
            return Err(Error::config("dataset.duplicate_meta", reason));
        }
    };
    let default = Sampling::default();
    let share = |given: Option<f64>, default: f64| if reference { given.unwrap_or(default) } else { 1.0 };
    let sampling = Sampling {
        min_frames: dataset.min_frames,
        max_frames: dataset.max_frames,
        text: share(dataset.text, default.text),
        text_mocap: share(dataset.text_mocap, default.text_mocap),
        null_text: dataset.null_text.unwrap_or(default.null_text),
    };
    sampling.check()?;
    let builtin_captions = match dataset.captions.as_str() {
        "files" => false,
        "built-in" => true,
        other => return Err(Error::config("dataset.captions", format!("{other:?} is neither files nor built-in"))),
    };
    if null_context.is_none() && !builtin_captions {
        return Err(Error::config("model_path.null_context", "missing; the release's is context_null_padded.pth"));
    }
    Ok(Data::Files(FileData {
        manifests: files.into_iter().zip(times).collect(),
        root: dataset.root,
        mean: dataset.mean.ok_or_else(|| missing("mean"))?,
        std: dataset.std.ok_or_else(|| missing("std"))?,
        text_key: dataset.text_key,
        sampling,
        corruption,
        max_bad_fraction: dataset.max_bad_fraction,
        null_context,
        builtin_captions,
    }))
}

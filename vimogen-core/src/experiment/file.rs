//! An experiment file, read and checked.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};

use super::keys;
use super::sections::{
    CaptionSource, DatasetKeys, ExperimentKeys, LoaderKeys, Many, ModelKeys, ModelPathKeys, ParallelKeys,
    PrecisionKeys, SolverKeys,
};
use super::start::Start;
use crate::data::{CaptionedFolder, ConditionMix, Corruption, Sampling};
use crate::error::{Error, Result};
use crate::format::read_bounded;
use crate::model::DitConfig;
use crate::motion::layout::{FEATURES, REFERENCE_FEATURES};
use crate::train::{self, TrainConfig};
use crate::weights::GenerationDefaults;

/// Names of a switch that is off.
const OFF: [&str; 2] = ["no", "none"];
/// Maximum bytes of an experiment file.
const MAX_FILE: u64 = 1 << 20;
/// Keys of Wan2.1's `config.json` that are read.
const WAN_SIZES: [&str; 5] = ["dim", "ffn_dim", "freq_dim", "num_heads", "num_layers"];

/// A training run, as the release's YAML sections describe it.
///
/// A key that is left out has the release's value. The book lists the sections and keys (how-to/train).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Experiment {
    /// Name, for plots and the model's notes.
    pub name: String,
    /// Folder for checkpoints, logs and samples.
    pub output_dir: PathBuf,
    /// Sizes of the network.
    pub model: DitConfig,
    /// Sampling of the model, for its samples and in its exported configuration.
    pub generation: GenerationDefaults,
    /// Optimizer and loop, for one process.
    pub train: TrainConfig,
    /// Clips per process whose activations are in memory at a time.
    pub per_device_batch: usize,
    /// Clips per step of all processes; by default `per_device_batch` in each.
    pub global_batch: Option<usize>,
    /// A model to train further: its sizes, weights, statistics and recommended sampling are the run's.
    pub start: Option<Start>,
    /// A Wan2.1 checkpoint to start from.
    pub base: Option<PathBuf>,
    /// A whole checkpoint to start from.
    pub weights: Option<PathBuf>,
    /// Training data.
    pub data: Data,
    /// Threads that make batches.
    pub workers: usize,
    /// Batches made ahead.
    pub prefetch: usize,
    /// Number of checkpoints kept.
    pub keep_checkpoints: usize,
    /// Steps between samples; 0 for none.
    pub visualize_every: usize,
    /// Motions per sample.
    pub visualize_clips: usize,
    /// Keys that have no meaning here, each with the reason.
    pub ignored: Vec<String>,
}

/// Training data.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Data {
    /// Procedural motion.
    Procedural(ConditionMix),
    /// Captioned folders, with or without procedural motion.
    Mixed(MixedData),
    /// Clips from files.
    Files(FileData),
}

/// Captioned folders, mixed with procedural motion.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MixedData {
    /// Conditions of all samples.
    pub mix: ConditionMix,
    /// Whether the share that the folders leave is procedural motion.
    pub procedural: bool,
    /// The folders, each with its share.
    pub folders: Vec<CaptionedFolder>,
}

/// Clips from files.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FileData {
    /// JSON lists, each with its number of repetitions.
    pub manifests: Vec<(PathBuf, usize)>,
    /// Folder of the lists' relative paths.
    pub root: Option<PathBuf>,
    /// Means of the features, `.npy`.
    pub mean: PathBuf,
    /// Standard deviations of the features, `.npy`.
    pub std: PathBuf,
    /// Key of the caption.
    pub text_key: String,
    /// Lengths and conditions.
    pub sampling: Sampling,
    /// Corruption of references.
    pub corruption: Corruption,
    /// Maximum share of unreadable clips.
    pub max_bad_fraction: f64,
    /// The encoded empty prompt; without it, and with the built-in encoder, zero rows.
    pub null_context: Option<PathBuf>,
    /// Whether the built-in text encoder encodes captions on the fly; otherwise they come encoded.
    pub builtin_captions: bool,
}

impl Experiment {
    /// Reads a YAML file; each of `set` is `section.key=value` and overrides the file.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Format`] if the file is not YAML; [`Error::Config`] naming the key that is unknown,
    /// with the nearest known name, or whose value is impossible.
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
        Self::from_sections(sections, ignored)
    }

    fn from_sections(mut sections: Map<String, Value>, mut ignored: Vec<String>) -> Result<Self> {
        let sections = &mut sections;
        let corruption = match sections.remove("ref_motion_corruption") {
            Some(Value::Object(keys)) => read("ref_motion_corruption", keys)?,
            _ => Corruption::release(),
        };
        let general: ExperimentKeys = take(sections, "experiment")?;
        let paths: ModelPathKeys = take(sections, "model_path")?;
        let start = paths.model.as_deref().map(Start::open).transpose()?;
        let (model, sampling) = model(sections, paths.config.as_deref(), start.as_ref())?;
        let solver: SolverKeys = take(sections, "solver")?;
        let loader: LoaderKeys = take(sections, "dataloader")?;
        let train = train(sections, &solver, loader.batch_size, &mut ignored)?;
        let data = data(take(sections, "dataset")?, corruption, paths.null_context, model.reference)?;
        let generation = generation(&model, &train, &data, start.as_ref(), sampling)?;
        for (field, value) in [("num_workers", loader.num_workers), ("prefetch", loader.prefetch)] {
            if !(1..=256).contains(&value) {
                return Err(Error::config(format!("dataloader.{field}"), format!("{value} is not in 1..=256")));
            }
        }
        if general.keep_checkpoints == 0 || general.visualize_clips > crate::render::html::MAX_CLIPS {
            return Err(Error::config("experiment", "keep_checkpoints must be 1 or more, visualize_clips at most 64"));
        }
        Ok(Self {
            output_dir: general.output_dir.unwrap_or_else(|| Path::new("out").join(&general.name)),
            name: general.name,
            model,
            generation,
            train,
            per_device_batch: loader.batch_size,
            global_batch: solver.global_batch,
            start,
            base: paths.base,
            weights: paths.weights,
            data,
            workers: loader.num_workers,
            prefetch: loader.prefetch,
            keep_checkpoints: general.keep_checkpoints,
            visualize_every: general.visualize_every,
            visualize_clips: general.visualize_clips,
            ignored,
        })
    }

    /// Divides the work among `ranks` processes: each has its part of `global_batch`, or `per_device_batch` clips.
    pub(super) fn divide(&mut self, ranks: usize) -> Result<()> {
        let clips = match self.global_batch {
            // As it was read.
            _ if ranks == 1 => return Ok(()),
            None => self.per_device_batch,
            Some(clips) if clips.is_multiple_of(ranks) && clips >= ranks => clips / ranks,
            Some(clips) => {
                let reason = format!("{clips} clips cannot be divided among {ranks} processes");
                return Err(Error::config("solver.global_batch", reason));
            }
        };
        self.train.batch_size = clips;
        self.train.accumulation = clips.div_ceil(self.per_device_batch);
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
    let (name, key) = place.trim().split_once('.').ok_or_else(wrong)?;
    let value: Value = serde_saphyr::from_str(value).map_err(|_| wrong())?;
    let section = keys::section(name)?;
    let entry = file.entry(name).or_insert_with(|| Value::Object(Map::new()));
    if entry.is_null() {
        *entry = Value::Object(Map::new());
    }
    let keys = entry.as_object_mut().ok_or_else(wrong)?;
    // The file may have the key under another of its names.
    section.names_of(section.own_name(key)).for_each(|name| drop(keys.remove(name)));
    keys.insert(key.into(), value);
    Ok(())
}

/// Reads keys of a section; an error names the key.
fn read<T: DeserializeOwned>(section: &str, keys: Map<String, Value>) -> Result<T> {
    let parse = |keys| serde_json::from_value(Value::Object(keys)).map_err(|e| e.to_string());
    parse(keys.clone()).map_err(|reason| {
        let alone = |(key, value)| (format!("{section}.{key}"), parse(Map::from_iter([(key, value)])));
        let wrong = keys.into_iter().map(alone).find(|(_, read)| read.as_ref().err() == Some(&reason));
        Error::config(wrong.map_or(section.into(), |(place, _)| place), reason)
    })
}

/// Reads the keys of a section that `T` has; the others are left.
fn take<T: DeserializeOwned>(sections: &mut Map<String, Value>, name: &str) -> Result<T> {
    let Some(Value::Object(keys)) = sections.get_mut(name) else { return read(name, Map::new()) };
    let own = keys::fields::<T>().iter().filter_map(|field| keys.remove_entry(*field)).collect();
    read(name, own)
}

/// The keys of a section that are left.
fn rest(sections: &mut Map<String, Value>, name: &str) -> Map<String, Value> {
    match sections.remove(name) {
        Some(Value::Object(keys)) => keys,
        _ => Map::new(),
    }
}

/// The sizes: those of a `config.json` of Wan2.1 (by default the release's), overridden by the section's keys.
///
/// The sizes of a model to start from take the place of the release's.
fn model(
    sections: &mut Map<String, Value>,
    config: Option<&Path>,
    start: Option<&Start>,
) -> Result<(DitConfig, Map<String, Value>)> {
    let section: ModelKeys = take(sections, "model")?;
    let own = rest(sections, "model");
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
    // A model with two heads has no reference path.
    let reference = own.get("split_head") != Some(&Value::Bool(true));
    let release = || DitConfig { reference, ..DitConfig::vimogen_1_3b() };
    let sizes = start.map_or_else(release, |start| start.config().dit.clone());
    let release = serde_json::to_value(sizes).map_err(|e| Error::config("model", e.to_string()))?;
    let mut sizes: Map<String, Value> = release.as_object().cloned().unwrap_or_default();
    if let Some(path) = config {
        let json: Value = serde_json::from_slice(&read_bounded(path, MAX_FILE)?)
            .map_err(|e| Error::format("JSON", e.to_string()).with_path(path))?;
        let size = |name: &&str| Some((name.to_string(), json.get(*name).filter(|n| n.is_u64())?.clone()));
        sizes.extend(WAN_SIZES.iter().filter_map(size));
    }
    sizes.extend(own);
    let dit: DitConfig = read("model", sizes)?;
    dit.check()?;
    Ok((dit, section.generation.unwrap_or_default()))
}

/// Recommended sampling: that of the model to start from or else of the recipe, overridden by the file.
fn generation(
    model: &DitConfig,
    train: &TrainConfig,
    data: &Data,
    start: Option<&Start>,
    given: Map<String, Value>,
) -> Result<GenerationDefaults> {
    let null_text = match data {
        Data::Procedural(mix) => mix.null_text,
        Data::Mixed(mixed) => mixed.mix.null_text,
        Data::Files(files) => files.sampling.null_text,
    };
    let of_recipe = || train.sampling(model, null_text);
    let defaults = start.map_or_else(of_recipe, |start| start.config().generation);
    let defaults = serde_json::to_value(defaults).map_err(|e| Error::config("generation", e.to_string()))?;
    let mut keys = defaults.as_object().cloned().unwrap_or_default();
    keys.extend(given);
    read("model.generation", keys)
}

/// The training options: those of the sections `experiment` and `solver`, and those that other keys set.
fn train(
    sections: &mut Map<String, Value>,
    solver: &SolverKeys,
    batch_size: usize,
    ignored: &mut Vec<String>,
) -> Result<TrainConfig> {
    if !solver.optimizer.eq_ignore_ascii_case("adamw") {
        return Err(Error::config("solver.optimizer", format!("{:?}; AdamW is the only one", solver.optimizer)));
    }
    let mut options = Map::new();
    for section in ["experiment", "solver"] {
        let own: Map<String, Value> = rest(sections, section).into_iter().map(unquoted).collect();
        // Each by itself first, so that an error names the section.
        read::<TrainConfig>(section, own.clone())?;
        options.extend(own);
    }
    let mut train: TrainConfig = read("solver", options)?;
    train.batch_size = solver.global_batch.unwrap_or(batch_size);
    train.accumulation = train.batch_size.div_ceil(batch_size.max(1)).max(1);
    (train.precision, train.parameters) = precision(take(sections, "precision")?, ignored);
    let parallel: ParallelKeys = take(sections, "parallel")?;
    train.checkpoint_activations = is_on(parallel.activation_checkpointing.as_ref());
    train.shard_optimizer = is_on(parallel.shard_optimizer.as_ref());
    train.check()?;
    Ok(train)
}

/// A training option as it is meant: YAML 1.1 writes `2e-4` with quotes, and one module needs no list.
fn unquoted((key, value): (String, Value)) -> (String, Value) {
    let Some(text) = value.as_str() else { return (key, value) };
    let number = text.parse::<Number>().ok().or_else(|| Number::from_f64(text.parse().ok()?));
    let value = match number {
        Some(number) => Value::Number(number),
        None if key == "trainable_modules" => Value::Array(vec![value]),
        None => value,
    };
    (key, value)
}

/// Whether a switch is on. PyTorch has several ways to shard and to checkpoint; any of them counts as on.
fn is_on(value: Option<&Value>) -> bool {
    let off = |v: &Value| *v == Value::Bool(false) || v.as_str().is_some_and(|v| OFF.contains(&v));
    value.is_some_and(|value| !off(value))
}

/// The precisions of the arithmetic and of the parameters.
fn precision(precision: PrecisionKeys, ignored: &mut Vec<String>) -> (train::Precision, train::Precision) {
    let is = |value: &Option<Value>, names: &[&str]| {
        value.as_ref().and_then(Value::as_str).is_some_and(|value| names.contains(&value))
    };
    let plain = |value: &Option<Value>| !is_on(value.as_ref()) || is(value, &["fp32", "f32", "float32"]);
    if !plain(&precision.reduce) {
        ignored.push("precision.reduce (gradients are added in float32)".into());
    }
    let mut read = |value: &Option<Value>, key: &str| {
        if is(value, &["bf16", "bfloat16"]) {
            return train::Precision::Bf16;
        }
        if !plain(value) {
            ignored.push(format!("precision.{key} (there are bf16 and fp32; this is float32)"));
        }
        train::Precision::F32
    };
    (read(&precision.compute, "compute"), read(&precision.parameters, "parameters"))
}

/// The folders of `dataset.clips`: one, or a list.
fn folders(clips: Option<Value>) -> Result<Vec<CaptionedFolder>> {
    let list = match clips {
        None => vec![],
        Some(Value::Array(list)) => list,
        Some(one) => vec![one],
    };
    let folder = |value| match value {
        Value::Object(keys) => {
            let folder: CaptionedFolder = read("dataset.clips", keys)?;
            folder.check()?;
            Ok(folder)
        }
        // The folder alone, with the default settings.
        Value::String(path) => Ok(CaptionedFolder::default().with_folder(path)),
        _ => Err(Error::config("dataset.clips", "it must be a folder, such as {folder: mocap, share: 0.4}")),
    };
    list.into_iter().map(folder).collect()
}

fn data(dataset: DatasetKeys, corruption: Corruption, null_context: Option<PathBuf>, reference: bool) -> Result<Data> {
    if dataset.procedural || dataset.clips.is_some() {
        if dataset.json.is_some() {
            return Err(Error::config("dataset.procedural", "procedural motion has no json; choose one of them"));
        }
        let mix = ConditionMix::default();
        let text = if reference { dataset.text.unwrap_or(mix.text) } else { 1.0 };
        let (null_text, repertoire) = (dataset.null_text.unwrap_or(mix.null_text), dataset.repertoire);
        let mix = ConditionMix { text, null_text, repertoire, corruption };
        mix.check()?;
        let folders = folders(dataset.clips)?;
        return Ok(match dataset.procedural && folders.is_empty() {
            true => Data::Procedural(mix),
            false => Data::Mixed(MixedData { mix, procedural: dataset.procedural, folders }),
        });
    }
    let missing =
        |key: &str| Error::config(format!("dataset.{key}"), "missing; training on files needs json, mean and std");
    let files = dataset.json.ok_or_else(|| missing("json"))?.into_vec();
    let times = match dataset.duplicate_meta {
        None => vec![1; files.len()],
        Some(Many::One(times)) => vec![times; files.len()],
        Some(Many::List(times)) if times.len() == files.len() => times,
        Some(Many::List(times)) => {
            let reason = format!("{} repetitions for {} files", times.len(), files.len());
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
    let builtin_captions = dataset.captions == CaptionSource::BuiltIn;
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

//! The keys of an experiment file that are not options of the training or sizes of the network.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use crate::data::Sampling;
use crate::train::TrainConfig;
use crate::weights::GenerationDefaults;

/// `experiment`, with the training options of [`super::keys::IN_EXPERIMENT`].
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct General {
    pub name: String,
    pub output_dir: Option<PathBuf>,
    pub visualize_every: usize,
    pub visualize_clips: usize,
    pub keep_checkpoints: usize,
}

impl Default for General {
    fn default() -> Self {
        Self {
            name: "experiment".into(),
            output_dir: None,
            visualize_every: 5000,
            visualize_clips: 4,
            keep_checkpoints: 2,
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct ModelPath {
    pub base: Option<PathBuf>,
    pub weights: Option<PathBuf>,
    pub config: Option<PathBuf>,
    pub null_context: Option<PathBuf>,
}

/// `model`, with the fields of [`crate::DitConfig`].
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct Model {
    pub in_dim: Option<usize>,
    pub out_dim: Option<usize>,
    pub ref_motion_dim: Option<usize>,
    pub generation: GenerationDefaults,
}

/// `solver`, with the other options of the training.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Solver {
    pub global_batch: Option<usize>,
    pub optimizer: String,
}

impl Default for Solver {
    fn default() -> Self {
        Self { global_batch: None, optimizer: "adamw".into() }
    }
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct Precision {
    pub compute: Option<Value>,
    pub parameters: Option<Value>,
    pub reduce: Option<Value>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct Parallel {
    pub activation_checkpointing: Option<Value>,
    pub shard_optimizer: Option<Value>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Loader {
    pub batch_size: usize,
    pub num_workers: usize,
    pub prefetch: usize,
}

impl Default for Loader {
    fn default() -> Self {
        Self { batch_size: TrainConfig::default().batch_size, num_workers: 2, prefetch: 4 }
    }
}

/// A value or a list of values.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Many<T> {
    One(T),
    List(Vec<T>),
}

impl<T> Many<T> {
    pub fn into_vec(self) -> Vec<T> {
        match self {
            Self::One(one) => vec![one],
            Self::List(list) => list,
        }
    }
}

/// Where encoded captions come from.
#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum CaptionSource {
    Files,
    BuiltIn,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dataset {
    pub json: Option<Many<PathBuf>>,
    pub duplicate_meta: Option<Many<usize>>,
    pub root: Option<PathBuf>,
    pub mean: Option<PathBuf>,
    pub std: Option<PathBuf>,
    pub text_key: String,
    pub min_frames: usize,
    pub max_frames: usize,
    pub text: Option<f64>,
    pub text_mocap: Option<f64>,
    pub null_text: Option<f64>,
    pub max_bad_fraction: f64,
    pub captions: CaptionSource,
    pub procedural: bool,
}

impl Default for Dataset {
    fn default() -> Self {
        let sampling = Sampling::default();
        Self {
            json: None,
            duplicate_meta: None,
            root: None,
            mean: None,
            std: None,
            text_key: "video_text_annot".into(),
            min_frames: sampling.min_frames,
            max_frames: sampling.max_frames,
            text: None,
            text_mocap: None,
            null_text: None,
            max_bad_fraction: 0.01,
            captions: CaptionSource::Files,
            procedural: false,
        }
    }
}

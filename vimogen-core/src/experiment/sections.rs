//! The keys of an experiment file that are not options of the training or sizes of the network.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::data::{ConditionMix, Sampling};
use crate::declare::defaults;
use crate::train::TrainConfig;

defaults! {
    /// `experiment`, with the training options of [`super::keys::IN_EXPERIMENT`].
    #[derive(Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct ExperimentKeys {
        name: String = "experiment".into();
        output_dir: Option<PathBuf> = None;
        visualize_every: usize = 5000;
        visualize_clips: usize = 4;
        keep_checkpoints: usize = 2;
    }
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct ModelPathKeys {
    pub model: Option<String>,
    pub base: Option<PathBuf>,
    pub weights: Option<PathBuf>,
    pub config: Option<PathBuf>,
    pub null_context: Option<PathBuf>,
}

/// `model`, with the fields of [`crate::DitConfig`].
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct ModelKeys {
    pub in_dim: Option<usize>,
    pub out_dim: Option<usize>,
    pub ref_motion_dim: Option<usize>,
    pub generation: Option<Map<String, Value>>,
}

defaults! {
    /// `solver`, with the other options of the training.
    #[derive(Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct SolverKeys {
        global_batch: Option<usize> = None;
        optimizer: String = "adamw".into();
    }
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct PrecisionKeys {
    pub compute: Option<Value>,
    pub parameters: Option<Value>,
    pub reduce: Option<Value>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct ParallelKeys {
    pub activation_checkpointing: Option<Value>,
    pub shard_optimizer: Option<Value>,
}

defaults! {
    #[derive(Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct LoaderKeys {
        batch_size: usize = TrainConfig::default().batch_size;
        num_workers: usize = 2;
        prefetch: usize = 4;
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

defaults! {
    #[derive(Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct DatasetKeys {
        json: Option<Many<PathBuf>> = None;
        duplicate_meta: Option<Many<usize>> = None;
        root: Option<PathBuf> = None;
        mean: Option<PathBuf> = None;
        std: Option<PathBuf> = None;
        text_key: String = "video_text_annot".into();
        min_frames: usize = Sampling::default().min_frames;
        max_frames: usize = Sampling::default().max_frames;
        text: Option<f64> = None;
        text_mocap: Option<f64> = None;
        null_text: Option<f64> = None;
        max_bad_fraction: f64 = 0.01;
        captions: CaptionSource = CaptionSource::Files;
        procedural: bool = false;
        clips: Option<Value> = None;
        repertoire: u8 = ConditionMix::default().repertoire;
    }
}

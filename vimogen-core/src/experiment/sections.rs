//! The sections of an experiment file as they are read.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use crate::data::Sampling;
use crate::train::{LoraConfig, LossWeighting, LrSchedule, TrainConfig};
use crate::weights::GenerationDefaults;

#[derive(Deserialize)]
#[serde(default)]
pub struct General {
    pub name: String,
    pub output_dir: Option<PathBuf>,
    pub seed: u64,
    pub log_every: usize,
    pub checkpoint_every: usize,
    pub visualize_every: usize,
    pub visualize_clips: usize,
    pub keep_checkpoints: usize,
}

impl Default for General {
    fn default() -> Self {
        let train = TrainConfig::default();
        Self {
            name: "experiment".into(),
            output_dir: None,
            seed: train.seed,
            log_every: train.log_every,
            checkpoint_every: train.checkpoint_every,
            visualize_every: 5000,
            visualize_clips: 4,
            keep_checkpoints: 2,
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct ModelPath {
    pub base: Option<PathBuf>,
    pub weights: Option<PathBuf>,
    pub config: Option<PathBuf>,
    pub null_context: Option<PathBuf>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Model {
    pub dim: Option<usize>,
    pub ffn_dim: Option<usize>,
    pub freq_dim: Option<usize>,
    pub num_heads: Option<usize>,
    pub num_layers: Option<usize>,
    pub text_dim: Option<usize>,
    pub text_len: Option<usize>,
    pub reference: Option<bool>,
    pub split_head: Option<bool>,
    pub eps: Option<f64>,
    pub in_dim: Option<usize>,
    pub out_dim: Option<usize>,
    pub ref_motion_dim: Option<usize>,
    pub generation: GenerationDefaults,
}

#[derive(Deserialize)]
#[serde(default)]
pub struct Solver {
    pub num_steps: usize,
    pub lr: f64,
    pub betas: (f32, f32),
    pub eps: f32,
    pub weight_decay: f32,
    pub warmup_steps: usize,
    pub lr_schedule: LrSchedule,
    pub loss_weighting: LossWeighting,
    pub grad_clip: f64,
    pub ema_decay: f64,
    pub ema_warmup: bool,
    pub micro_batches: usize,
    pub global_batch: Option<usize>,
    pub trainable_modules: Option<Many<String>>,
    pub lora: Option<LoraConfig>,
    pub optimizer: String,
}

impl Default for Solver {
    fn default() -> Self {
        let train = TrainConfig::default();
        Self {
            num_steps: train.num_steps,
            lr: train.lr,
            betas: train.betas,
            eps: train.eps,
            weight_decay: train.weight_decay,
            warmup_steps: train.warmup_steps,
            lr_schedule: train.lr_schedule,
            loss_weighting: train.loss_weighting,
            grad_clip: train.grad_clip,
            ema_decay: train.ema_decay,
            ema_warmup: train.ema_warmup,
            micro_batches: train.micro_batches,
            global_batch: None,
            trainable_modules: None,
            lora: None,
            optimizer: "adamw".into(),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Precision {
    pub compute: Option<Value>,
    pub parameters: Option<Value>,
    pub reduce: Option<Value>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Parallel {
    pub activation_checkpointing: Option<Value>,
    pub shard_optimizer: Option<Value>,
}

#[derive(Deserialize)]
#[serde(default)]
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

/// One or several.
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

#[derive(Deserialize)]
#[serde(default)]
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
    pub captions: String,
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
            captions: "files".into(),
            procedural: false,
        }
    }
}

//! Tests of experiment files and runs.

mod kill;
mod mixed;
mod overfit;
mod runs;
mod together;
mod yaml;

use std::path::Path;

use ndarray::Array2;
use serde_json::json;

use super::Experiment;
use crate::format::{RawTensor, npy, torch};
use crate::motion::Motion;

/// Fills a folder with five short clips, encoded captions of width 6, statistics and an experiment file for a tiny model;
/// gives the file's text.
fn tiny_experiment(folder: &Path, out: &Path, steps: usize) -> String {
    let at = |name: &str| folder.join(name);
    let mut entries = vec![];
    for i in 0..5usize {
        let features = Array2::from_shape_fn((6 + i, 276), |(t, c)| ((t * 31 + c + 7 * i) as f32).sin());
        Motion::from_features(features, 20.0).unwrap().save(at(&format!("{i}.npy"))).unwrap();
        let text = Array2::from_elem((2 + i % 2, 6), 0.2 * i as f32);
        let text = RawTensor::from_f32(text.view().into_dyn());
        torch::save(at(&format!("{i}.embed.pt")), &torch::Tree::Tensor(&text)).unwrap();
        let embed = format!("{i}.embed.pt");
        entries.push(json!({"id": i, "motion_path": format!("{i}.npy"), "video_text_annot": format!("clip {i}"),
            "video_text_annot_wanvideot5_embed_path": embed}));
    }
    std::fs::write(at("clips.json"), serde_json::Value::from(entries).to_string()).unwrap();
    for (name, value) in [("mean.npy", 0.0f32), ("std.npy", 1.0)] {
        npy::save_f32(at(name), ndarray::Array1::from_elem(276, value).view().into_dyn()).unwrap();
    }
    npy::save_f32(at("null.npy"), Array2::<f32>::zeros((3, 6)).view().into_dyn()).unwrap();
    let text = format!(
        "experiment: {{name: tiny, output_dir: {out:?}, seed: 3, log_every: 2, checkpoint_every: 3, visualize_every: 0}}
model_path: {{null_context: {null:?}}}
model: {{dim: 16, ffn_dim: 24, freq_dim: 8, num_heads: 2, num_layers: 2, text_dim: 6, text_len: 4}}
solver: {{max_steps: {steps}, lr: 1e-2, warmup_steps: 2, ema_decay: 0.9}}
dataloader: {{batch_size: 3, num_workers: 2}}
dataset: {{json: {json:?}, root: {folder:?}, mean: {mean:?}, std: {std:?}, min_frames: 2, max_frames: 20}}
",
        null = at("null.npy"),
        json = at("clips.json"),
        mean = at("mean.npy"),
        std = at("std.npy"),
    );
    std::fs::write(at("tiny.yaml"), &text).unwrap();
    text
}

fn tiny(folder: &Path, out: &Path, set: &[&str]) -> Experiment {
    let set: Vec<String> = set.iter().map(|s| s.to_string()).collect();
    Experiment::parse(&tiny_experiment(folder, out, 7), &set).unwrap()
}

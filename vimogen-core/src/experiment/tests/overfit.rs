//! The whole way on the release's sample clip, which is not part of the repository: 200 steps on it, then the motion of
//! its own caption.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use ndarray::Axis;
use serde_json::json;

use super::super::{Experiment, Resume, Run};
use crate::weights::WeightDtype;
use crate::{Device, GenerateOptions, Motion, Pipeline};

const TEXT: &str = "a person moves as in the sample clip";

fn data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("VIMOGEN_RELEASE_DATA").map_or(beside, PathBuf::from);
    folder.join("dummy_motion.pt").exists().then_some(folder)
}

#[test]
fn two_hundred_steps_on_one_clip_give_its_motion_within_five_centimetres() {
    let Some(data) = data() else {
        eprintln!("skipped: no folder of the release's sample data; set VIMOGEN_RELEASE_DATA");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let clip = Motion::load(data.join("dummy_motion.pt")).unwrap();
    let entries = json!([{"id": 0, "motion_path": "dummy_motion.pt", "video_text_annot": TEXT}]);
    std::fs::write(folder.path().join("clip.json"), entries.to_string()).unwrap();
    let yaml = format!(
        "experiment: {{output_dir: {out:?}, visualize_every: 0, checkpoint_every: 1000}}
model: {{dim: 128, ffn_dim: 256, freq_dim: 64, num_heads: 4, num_layers: 2, text_dim: 256, text_len: 32,
        generation: {{guidance_scale: 1.0, strength: 1.0}}}}
solver: {{num_steps: 200, lr: 3e-3, warmup_steps: 20, grad_clip: 1.0, lr_schedule: cosine, loss_weighting: uniform,
         ema_decay: 0.98, ema_warmup: true}}
dataloader: {{batch_size: 8}}
dataset: {{json: {json:?}, root: {data:?}, mean: {mean:?}, std: {std:?}, captions: built-in, max_frames: 1000, min_frames: 2,
          text: 1.0, text_mocap: 1.0, null_text: 0.1}}
",
        out = folder.path().join("out"),
        json = folder.path().join("clip.json"),
        mean = data.join("mean.npy"),
        std = data.join("std.npy"),
    );
    let mut run = Run::new(Experiment::parse(&yaml, &[]).unwrap(), &Device::flex(), &Resume::Never).unwrap();
    run.train(&mut |_| ControlFlow::Continue(())).unwrap();
    let model = folder.path().join("model");
    run.export(&model, WeightDtype::F32).unwrap();
    let pipeline = Pipeline::from_pretrained(Some(&model)).unwrap();
    let options = GenerateOptions::default().with_num_frames(clip.len()).with_smooth(false);
    let made = pipeline.generate(TEXT, &options).unwrap();
    let difference = &made.joints() - &clip.joints();
    let error = difference.mapv(|d| f64::from(d * d)).sum_axis(Axis(2)).mapv(f64::sqrt).mean().unwrap();
    assert!(error < 0.05, "mean joint error {:.1} cm over {} frames", 100.0 * error, clip.len());
}

//! From data to motion on the release's sample clip, which is not part of the repository: 200 steps on it, then the motion
//! of its own caption.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use ndarray::{ArrayView3, Axis};
use serde_json::json;

use super::super::{Experiment, Resume, Run};
use crate::data::prepare::Prepare;
use crate::device::Device;
use crate::motion::codec::{DecodeMode, decode};
use crate::progress::ignore;
use crate::weights::WeightDtype;
use crate::{GenerateOptions, Motion, Pipeline};

const TEXT: &str = "a person moves as in the sample clip";

fn data() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("VIMOGEN_RELEASE_DATA").map_or(beside, PathBuf::from);
    assert!(folder.join("dummy_motion.pt").exists(), "{folder:?} lacks the data; set VIMOGEN_RELEASE_DATA");
    folder
}

#[test]
#[ignore = "needs the release's sample data: make test-release"]
fn release_data_of_one_clip_is_learnt_within_five_centimetres_in_two_hundred_steps() {
    let data = data();
    let folder = tempfile::tempdir().unwrap();
    let clip = Motion::load(data.join("dummy_motion.pt")).unwrap();
    let entries = json!([{"id": 0, "motion_path": "dummy_motion.pt", "video_text_annot": TEXT}]);
    std::fs::write(folder.path().join("clip.json"), entries.to_string()).unwrap();
    let prepare = Prepare {
        manifests: vec![folder.path().join("clip.json")],
        root: Some(data),
        stats: true,
        shard_bytes: None,
        text_key: "video_text_annot".into(),
        max_bad_fraction: 0.0,
    };
    let prepared = folder.path().join("data");
    prepare.run(&prepared, &mut ignore).unwrap();
    // The output contains the noise of all 276 channels, so a smaller width would leave some of it.
    let yaml = format!(
        "experiment: {{output_dir: {out:?}, visualize_every: 0, checkpoint_every: 1000}}
model: {{dim: 288, ffn_dim: 288, freq_dim: 64, num_heads: 4, num_layers: 2, text_dim: 256, text_len: 32,
        reference: false, generation: {{guidance_scale: 1.0, strength: 1.0}}}}
solver: {{num_steps: 200, lr: 4e-3, warmup_steps: 20, grad_clip: 0.1, lr_schedule: cosine, loss_weighting: uniform,
         ema_decay: 0.9}}
dataloader: {{batch_size: 8}}
dataset: {{json: {json:?}, mean: {mean:?}, std: {std:?}, captions: built-in, null_text: 0.0}}
",
        out = folder.path().join("out"),
        json = prepared.join("manifest.json"),
        mean = prepared.join("mean.npy"),
        std = prepared.join("std.npy"),
    );
    let mut run = Run::new(Experiment::parse(&yaml, &[]).unwrap(), &Device::flex(), &Resume::Never).unwrap();
    run.train(&mut |_| ControlFlow::Continue(())).unwrap();
    let model = folder.path().join("model");
    run.export(&model, WeightDtype::F32).unwrap();
    let pipeline = Pipeline::open(&model).unwrap();
    let options = GenerateOptions::default().with_num_frames(clip.len());
    let made = pipeline.generate(TEXT, &options).unwrap();
    let error = |joints: ArrayView3<'_, f32>| {
        let squares = (&joints - &clip.joints()).mapv(|d| f64::from(d * d)).sum_axis(Axis(2));
        100.0 * squares.mapv(f64::sqrt).mean().unwrap()
    };
    let stored = decode(made.features(), DecodeMode::Plain).unwrap().joints;
    let (stored, played) = (error(stored.view()), error(made.joints()));
    assert!(stored < 5.0, "mean joint error {stored:.1} cm");
    // Played joints are sums of 79 steps, and so are their errors.
    assert!(played < 10.0, "mean joint error {played:.1} cm of the steps added up");
}

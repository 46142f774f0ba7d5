//! The release's own inputs through a model of the release's width: prompt embeddings, null context, statistics, a clip.
//!
//! They are not part of the repository. The folder is that of `VIMOGEN_RELEASE_DATA`, or `../shared/data` beside the
//! repository; without it the test says so and passes.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use vimogen_core::format::torch::{self, Tree};
use vimogen_core::format::{DType, RawTensor};
use vimogen_core::weights::{ModelDir, WeightDtype, state_dict};
use vimogen_core::{Dit, DitConfig, ErrorCode, GenerateOptions, LoadConfig, Motion, Pipeline, Prompt, Request};

fn data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("VIMOGEN_RELEASE_DATA").map_or(beside, PathBuf::from);
    folder.join("context_null_padded.pth").exists().then_some(folder)
}

/// A release directory: its own files, and random bf16 weights of full width in `model.pt`.
fn directory(data: &Path) -> tempfile::TempDir {
    let config = DitConfig { num_layers: 2, ..DitConfig::vimogen_1_3b() };
    let device = Device::flex();
    let dit = Dit::new(&config, &device).unwrap().init_weights(1, &device);
    let dir = tempfile::tempdir().unwrap();
    let tensors: Vec<(String, RawTensor)> = state_dict(&dit, WeightDtype::Bf16)
        .iter()
        .map(|(name, entry)| {
            let bytes = entry.to_f32().iter().flat_map(|v| half::bf16::from_f32(*v).to_le_bytes()).collect();
            (name.clone(), RawTensor::new(DType::BF16, entry.shape().to_vec(), bytes).unwrap())
        })
        .collect();
    let tree = Tree::Dict(tensors.iter().map(|(name, t)| (name.as_str(), Tree::Tensor(t))).collect());
    torch::save(dir.path().join("model.pt"), &tree).unwrap();
    let wan = serde_json::json!({
        "_class_name": "WanModel", "model_type": "t2v", "dim": config.dim, "ffn_dim": config.ffn_dim, "eps": 1e-6,
        "freq_dim": config.freq_dim, "in_dim": 16, "num_heads": config.num_heads, "num_layers": config.num_layers,
        "out_dim": 16, "text_len": 512
    });
    std::fs::write(dir.path().join("config.json"), wan.to_string()).unwrap();
    for name in ["mean.npy", "std.npy", "context_null_padded.pth"] {
        std::fs::copy(data.join(name), dir.path().join(name)).unwrap();
    }
    dir
}

#[test]
fn the_release_s_prompt_embeddings_and_clip_become_motions() {
    let Some(data) = data() else {
        eprintln!("skipped: no folder of the release's sample data; set VIMOGEN_RELEASE_DATA");
        return;
    };
    let dir = directory(&data);
    let model = ModelDir::open(dir.path()).unwrap();
    assert_eq!((model.config().dit.text_len, model.config().dit.text_dim), (226, 4096));
    let load = LoadConfig { dtype: WeightDtype::Bf16, ..LoadConfig::default() };
    let pipeline = Pipeline::new(&model, &load).unwrap();

    let embeds = |i: usize| Prompt::load_embeds(data.join(format!("text_embeddings/{i}.pt"))).unwrap();
    let clip = Motion::load(data.join("dummy_motion.pt")).unwrap();
    let mut requests: Vec<Request> = (0..4).map(|i| embeds(i).into()).collect();
    requests.push(Request::following(clip.clone()));
    let options = GenerateOptions::default().with_num_inference_steps(2);
    let motions = pipeline.generate_batch(&requests, &options).unwrap();
    let lengths: Vec<usize> = motions.iter().map(Motion::len).collect();
    assert_eq!(lengths, [100, 100, 100, 100, clip.len()]);

    let alone = pipeline.generate(requests[3].clone(), &options).unwrap();
    let worst = (&alone.features() - &motions[3].features()).iter().fold(0.0f32, |w, d| w.max(d.abs()));
    assert!(worst < 1e-4, "{worst:e}");

    let error = pipeline.generate("a person walks", &options).unwrap_err();
    assert_eq!(error.code(), ErrorCode::NoTextEncoder);
}

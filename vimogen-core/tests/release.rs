//! The release's own inputs through a model of the release's width: prompt embeddings, null context, statistics, a clip.
//!
//! They are not part of the repository: `make test-release` needs their folder, `VIMOGEN_RELEASE_DATA` or `../shared/data`
//! next to the repository.
#![cfg(feature = "full")]
#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]
#![allow(clippy::print_stdout, reason = "it measures")]

mod memory;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::module::Module;
use burn::tensor::Device;
use memory::{held, peak_of_process};
use ndarray::{Array2, Axis};
use vimogen_core::format::torch::{self, Tree};
use vimogen_core::format::{DType, RawTensor, TensorInfo, safetensors};
use vimogen_core::model::{ClipBatch, Condition};
use vimogen_core::progress::ignore;
use vimogen_core::sample::{Sampler, SamplerOptions, noise};
use vimogen_core::weights::{LoadOptions, ModelDir, WeightDtype, load_file, state_dict};
use vimogen_core::{Dit, DitConfig, ErrorCode, GenerateOptions, Motion, Pipeline, Prompt, Request};

fn data() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("VIMOGEN_RELEASE_DATA").map_or(beside, PathBuf::from);
    assert!(folder.join("context_null_padded.pth").exists(), "{folder:?} lacks the data; set VIMOGEN_RELEASE_DATA");
    folder
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
#[ignore = "needs the release's sample data: make test-release"]
fn release_data_of_prompts_and_a_clip_become_motions() {
    let data = data();
    let dir = directory(&data);
    let model = ModelDir::open(dir.path()).unwrap();
    assert_eq!((model.config().dit.text_len, model.config().dit.text_dim), (226, 4096));
    let pipeline = Pipeline::builder().dtype(WeightDtype::Bf16).load(&model).unwrap();

    let embeds = |i: usize| Prompt::load_embeds(data.join(format!("text_embeddings/{i}.pt"))).unwrap();
    let clip = Motion::load(data.join("dummy_motion.pt")).unwrap();
    let mut requests: Vec<Request> = (0..4).map(|i| embeds(i).into()).collect();
    requests.push(Request::reference(clip.clone()));
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

/// Maximum number of bytes held beyond `before` while 100 frames are sampled with guidance.
fn sampling_peak(dit: &Dit, before: usize) -> usize {
    let text = Array2::from_elem((dit.config().text_len, dit.config().text_dim), 0.1);
    let clips = ClipBatch::new(vec![Condition::Text(text.clone())], vec![100]).unwrap();
    let (noise, clips) = (noise(1, 100).insert_axis(Axis(0)), clips.with_null_context(vec![text * 0.0]).unwrap());
    let options = SamplerOptions::default().with_num_inference_steps(2);
    let start = Instant::now();
    let sampler = Sampler::new(options).unwrap();
    let (_, most) = peak_of_process(|| sampler.sample(dit, &noise, &clips, &mut ignore).unwrap());
    println!("{:.2} s", start.elapsed().as_secs_f64());
    most - before
}

#[test]
#[ignore = "writes 4.5 GB and needs 10 GB of memory; run it alone"]
fn loading_the_full_model_holds_its_weights_and_at_most_one_more_tensor() {
    let config = DitConfig::vimogen_1_3b();
    let device = Device::flex();
    let parameters = state_dict(&Dit::new(&config, &device).unwrap(), WeightDtype::Bf16);
    let tensors: Vec<(&str, TensorInfo)> =
        parameters.iter().map(|(n, entry)| (n.as_str(), entry.info().clone())).collect();
    let sizes: Vec<usize> = tensors.iter().map(|(_, info)| info.checked_len().unwrap()).collect();
    let (numbers, largest) = (sizes.iter().sum::<usize>(), sizes.iter().copied().max().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.safetensors");
    let mut state = 1u32;
    let mut draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        half::bf16::from_f32((state >> 8) as f32 / 1e9).to_le_bytes()
    };
    safetensors::save_with(&path, &tensors, &[], |i| Ok(Cow::Owned((0..sizes[i]).flat_map(|_| draw()).collect())))
        .unwrap();

    for (dtype, bytes) in [(WeightDtype::Bf16, 2), (WeightDtype::F32, 4)] {
        for text_only in [true, false] {
            let options = LoadOptions { dtype, ..LoadOptions::default() };
            let (config, options) = if text_only {
                (DitConfig { reference: false, ..config.clone() }, options.text_only())
            } else {
                (config.clone(), options)
            };
            let (before, start) = (held(), Instant::now());
            let ((dit, _), most) = peak_of_process(|| load_file(&path, &config, &options, &device).unwrap());
            let time = start.elapsed().as_secs_f64();
            let most = most - before;
            let (weights, tensor) = (dit.num_params() * bytes, largest * bytes);
            let gb = |bytes: usize| bytes as f64 / 1e9;
            println!(
                "{dtype:?} text_only={text_only}: weights {:.3} GB, peak {:.3} GB, largest tensor {:.3} GB, {time:.1} s",
                gb(weights),
                gb(most),
                gb(tensor)
            );
            assert!(text_only || dit.num_params() == numbers);
            assert!(most <= weights + tensor + (16 << 20), "{most} bytes for {weights} bytes of weights");
            if dtype == WeightDtype::Bf16 && text_only {
                let peak = sampling_peak(&dit, before);
                println!("sampling 100 frames, 2 steps: peak {:.3} GB", gb(peak));
                assert!(peak <= 4_000_000_000, "{peak} bytes");
            }
        }
    }
}

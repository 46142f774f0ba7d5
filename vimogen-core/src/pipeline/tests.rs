//! What a pipeline makes of requests, on a small model with random weights.

use std::fs;
use std::ops::ControlFlow;

use burn::tensor::Device;
use ndarray::Array1;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::error::ErrorCode;
use crate::model::{DitConfig, probe};
use crate::motion::layout::FEATURES;
use crate::progress::Stage;
use crate::text::{HashingEncoder, RowConfig};
use crate::weights::{GenerationDefaults, save_native};

const PROMPT: &str = "a person walks forward and waves";

fn config(reference: bool) -> ModelConfig {
    let dit = DitConfig {
        dim: 32,
        ffn_dim: 64,
        freq_dim: 16,
        num_heads: 2,
        num_layers: 2,
        text_dim: RowConfig::default().dim(),
        text_len: 16,
        reference,
        ..DitConfig::vimogen_1_3b()
    };
    ModelConfig { text_encoder: Some(json!({ "kind": "hashing" })), ..ModelConfig::new(dit) }
}

/// A native directory of a small model.
fn directory(config: &ModelConfig) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let device = Device::flex();
    let dit = Dit::new(&config.dit, &device).unwrap().init_weights(5, &device);
    let stats = Stats::new(Array1::linspace(-1.0, 1.0, FEATURES), Array1::linspace(0.5, 2.0, FEATURES)).unwrap();
    let null = Array2::from_shape_fn((3, config.dit.text_dim), |(i, j)| ((i + j) as f32).cos());
    save_native(dir.path(), config, &dit, &stats, &null, None, WeightDtype::F32).unwrap();
    dir
}

fn pipeline() -> Pipeline {
    Pipeline::from_pretrained(Some(directory(&config(true)).path())).unwrap()
}

fn quick() -> GenerateOptions {
    GenerateOptions::default().with_num_inference_steps(4).with_num_frames(12)
}

fn clip(frames: usize, fps: f32) -> Motion {
    let features = Array2::from_shape_fn((frames, FEATURES), |(t, c)| ((t * 3 + c * 7) as f32 * 0.1).sin());
    Motion::from_features(features, fps).unwrap()
}

/// Largest difference of two clips of the same length.
fn distance(a: &Motion, b: &Motion) -> f32 {
    assert_eq!((a.len(), a.fps()), (b.len(), b.fps()));
    (&a.features() - &b.features()).iter().fold(0.0, |worst, d| worst.max(d.abs()))
}

#[test]
fn a_model_says_how_it_is_best_sampled_and_the_caller_has_the_last_word() {
    let plain = config(false);
    let mut own = plain.clone();
    own.generation = GenerationDefaults { guidance_scale: 2.0, strength: 1.0, ..GenerationDefaults::default() };
    let pipeline = |config| Pipeline::from_pretrained(Some(directory(config).path())).unwrap();
    let (plain, own) = (pipeline(&plain), pipeline(&own));
    let options = GenerateOptions::default().with_num_inference_steps(3).with_num_frames(12);
    let told = options.clone().with_guidance_scale(2.0).with_strength(1.0);
    let motion = own.generate(PROMPT, &options).unwrap();
    assert_eq!(motion, plain.generate(PROMPT, &told).unwrap());
    assert_ne!(motion, plain.generate(PROMPT, &options).unwrap());
}

fn error(pipeline: &Pipeline, request: impl Into<Request>, options: &GenerateOptions) -> Error {
    pipeline.generate(request, options).unwrap_err()
}

#[test]
fn a_prompt_becomes_a_motion_of_the_frames_asked_for() {
    let pipeline = pipeline();
    let motion = pipeline.generate(PROMPT, &quick()).unwrap();
    assert_eq!((motion.len(), motion.fps()), (12, 20.0));
    assert_eq!(pipeline.generate(PROMPT, &quick()).unwrap(), motion, "the same call gives the same bits");
    let other = |options| distance(&motion, &pipeline.generate(PROMPT, &options).unwrap());
    assert!(other(quick().with_seed(43)) > 0.1);
    assert!(other(quick().with_smoothing(crate::sample::Smoothing::Off)) > 0.01);
    let default = GenerateOptions::default().with_num_inference_steps(1);
    assert_eq!(pipeline.generate(PROMPT, &default).unwrap().len(), 100);
}

#[test]
fn a_motion_does_not_depend_on_what_it_is_generated_with() {
    let pipeline = pipeline();
    let long_prompt = Request::embeds(Array2::from_elem((20, pipeline.config().dit.text_dim), 0.3));
    let requests = [
        Request::text(PROMPT),
        Request::text("someone jumps").with_num_frames(30).with_seed(1),
        long_prompt.with_num_frames(9),
        Request::following(clip(16, 16.0)),
        Request::text("a person sits").with_num_frames(5),
        Request::following(clip(25, 20.0)).with_num_frames(31),
    ];
    let together = pipeline.generate_batch(&requests, &quick()).unwrap();
    assert_eq!(together.iter().map(Motion::len).collect::<Vec<_>>(), [12, 30, 9, 12, 5, 31]);
    for (request, motion) in requests.iter().zip(&together) {
        let alone = pipeline.generate(request.clone(), &quick()).unwrap();
        let d = distance(&alone, motion);
        assert!(d <= 1e-5 * 2.0, "{request:?} differs by {d:e}");
    }
}

#[test]
fn encoded_prompts_replace_the_encoder() {
    let pipeline = pipeline();
    let rows = pipeline.encode(PROMPT).unwrap();
    let motion = pipeline.generate(Request::embeds(rows), &quick()).unwrap();
    assert_eq!(motion, pipeline.generate(PROMPT, &quick()).unwrap());
}

#[test]
fn a_reference_sets_the_length_and_is_resampled_to_the_model_s_rate() {
    let pipeline = pipeline();
    let options = GenerateOptions::default().with_num_inference_steps(2);
    let follow = |motion: Motion| pipeline.generate(Request::following(motion), &options).unwrap();
    assert_eq!(follow(clip(32, 16.0)).len(), 40);
    assert_eq!(follow(clip(32, 16.0)), follow(clip(32, 16.0).resample_reference(20.0).unwrap()));
    assert!(distance(&follow(clip(20, 20.0)), &follow(clip(40, 20.0).slice(20..40).unwrap())) > 1e-3);
    // A clip that is longer than the motion is cut.
    let cut = pipeline.generate(Request::following(clip(40, 20.0)), &options.clone().with_num_frames(20)).unwrap();
    assert_eq!(cut, follow(clip(20, 20.0)));
}

#[test]
fn with_a_reference_the_prompt_is_not_even_encoded() {
    let mut pipeline = pipeline();
    pipeline.encoder = None;
    let request = Request::text(PROMPT).with_reference(clip(12, 20.0));
    let (motion, trace) = probe::watch(false, || pipeline.generate(request, &quick()).unwrap());
    assert_eq!(trace.count("text"), 0);
    assert_eq!(motion, pipeline.generate(Request::following(clip(12, 20.0)), &quick()).unwrap());
}

#[test]
fn a_directory_without_encoder_says_what_is_missing_and_what_works() {
    let config = ModelConfig { text_encoder: None, ..config(true) };
    let pipeline = Pipeline::from_pretrained(Some(directory(&config).path())).unwrap();
    let error = error(&pipeline, PROMPT, &quick());
    assert_eq!(error.code(), ErrorCode::NoTextEncoder);
    let text = error.to_string();
    assert!(text.contains("prompt_embeds") && text.contains("models_t5_umt5-xxl-enc-bf16.pth"), "{text}");
    let rows = Array2::ones((2, config.dit.text_dim));
    assert_eq!(pipeline.generate(Request::embeds(rows), &quick()).unwrap().len(), 12);
}

#[test]
fn progress_counts_prompts_and_the_steps_of_all_batches() {
    let mut seen = vec![];
    let requests = [Request::text("walk"), Request::following(clip(12, 20.0)), Request::text("run")];
    let mut on_progress = |p: Progress| {
        seen.push((p.stage.name(), p.step, p.total));
        ControlFlow::Continue(())
    };
    pipeline().generate_with(&requests, &quick(), &mut on_progress).unwrap();
    let steps = (1..=8).map(|step| ("sample", step, 8));
    let expected: Vec<_> = [("encode", 1, 2), ("encode", 2, 2)].into_iter().chain(steps).collect();
    assert_eq!(seen, expected);
}

#[test]
fn cancelling_ends_with_an_error_at_once() {
    for stop_at in [Stage::Encode, Stage::Sample] {
        let mut calls_after = 0;
        let mut stopped = false;
        let result = pipeline().generate_with(&[PROMPT.into()], &quick(), &mut |p| {
            calls_after += usize::from(stopped);
            stopped |= p.stage == stop_at;
            if stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert!(matches!(result, Err(Error::Cancelled)));
        assert_eq!(calls_after, 0);
    }
}

#[test]
fn bad_requests_are_named_before_anything_is_computed() {
    let pipeline = pipeline();
    let (_, trace) = probe::watch(false, || {
        let check = |name: &str, request: Request, options: GenerateOptions| {
            let text = error(&pipeline, request, &options).to_string();
            assert!(text.contains(name), "{name:?} is not in {text}");
        };
        let width = pipeline.config().dit.text_dim;
        for prompt in ["", "   ", "...", "\0"] {
            check("prompt", prompt.into(), quick());
        }
        check("num_frames", PROMPT.into(), quick().with_num_frames(0));
        check("num_frames", PROMPT.into(), quick().with_num_frames(1 << 40));
        check("num_frames", Request::text(PROMPT).with_num_frames(0), quick());
        check("num_frames", Request::following(clip(20, 20.0)).with_num_frames(1001), quick());
        check("num_inference_steps", PROMPT.into(), quick().with_num_inference_steps(0));
        check("prompt_embeds", Request::embeds(Array2::zeros((4, width + 1))), quick());
        check("prompt_embeds", Request::embeds(Array2::zeros((0, width))), quick());
        check("prompt_embeds", Request::embeds(Array2::zeros((5000, width))), quick());
        check("prompt_embeds", Request::embeds(Array2::from_elem((4, width), f32::NAN)), quick());
        let nothing = Request { prompt: None, ..PROMPT.into() };
        check("prompt", nothing, quick());
        let any_length = GenerateOptions { num_frames: None, ..quick() };
        check("reference", Request::following(clip(2000, 20.0)), any_length.clone());
        check("reference", Request::following(clip(1, 20.0)), any_length.clone());
        check("from_fps", Request::following(clip(1000, 1e-3)), any_length);
    });
    assert_eq!(trace.count("forward"), 0);
    for fps in [0.0, -16.0, f32::NAN, f32::INFINITY] {
        let text = clip(4, 20.0).with_fps(fps).unwrap_err().to_string();
        assert!(text.contains("fps"), "{text}");
    }
}

#[test]
fn a_text_only_model_generates_from_text_and_refuses_references() {
    let full = directory(&config(true));
    let load = LoadConfig { text_only: true, ..LoadConfig::default() };
    let pipeline = Pipeline::load(Some(full.path()), &load).unwrap();
    assert!(!pipeline.config().dit.reference);
    pipeline.config().check().unwrap();
    let whole = Pipeline::from_pretrained(Some(full.path())).unwrap();
    assert_eq!(pipeline.generate(PROMPT, &quick()).unwrap(), whole.generate(PROMPT, &quick()).unwrap());
    let text = error(&pipeline, Request::following(clip(12, 20.0)), &quick()).to_string();
    assert!(text.contains("reference") && text.contains("text-only"), "{text}");
}

#[test]
fn weights_kept_as_bf16_generate_nearly_the_same() {
    let dir = directory(&config(true));
    let load = LoadConfig { dtype: WeightDtype::Bf16, ..LoadConfig::default() };
    let half = Pipeline::load(Some(dir.path()), &load).unwrap().generate(PROMPT, &quick()).unwrap();
    let full = Pipeline::from_pretrained(Some(dir.path())).unwrap().generate(PROMPT, &quick()).unwrap();
    let d = distance(&half, &full);
    assert!(d > 0.0 && d < 0.5, "{d}");
}

#[test]
fn weights_of_8_bits_generate_nearly_the_same_and_are_for_the_cpu() {
    let dir = directory(&config(true));
    let load = LoadConfig { dtype: WeightDtype::Int8, ..LoadConfig::default() };
    let small = Pipeline::load(Some(dir.path()), &load).unwrap();
    let full = Pipeline::from_pretrained(Some(dir.path())).unwrap();
    let d = distance(&small.generate(PROMPT, &quick()).unwrap(), &full.generate(PROMPT, &quick()).unwrap());
    assert!(d > 0.0 && d < 0.5, "{d}");
    assert!(small.dit().packed_bytes() > 0);
    let load = LoadConfig { device: DeviceSpec::Wgpu(None), ..load };
    assert!(Pipeline::load(Some(dir.path()), &load).is_err());
}

#[test]
fn devices_that_cannot_serve_are_errors() {
    let dir = directory(&config(true));
    for (device, dtype) in [(DeviceSpec::Wgpu(None), WeightDtype::Bf16), (DeviceSpec::Cuda(Some(99)), WeightDtype::F32)]
    {
        let load = LoadConfig { device, dtype, ..LoadConfig::default() };
        assert_eq!(Pipeline::load(Some(dir.path()), &load).unwrap_err().code(), ErrorCode::Device);
    }
}

#[test]
fn a_directory_in_memory_is_the_same_model() {
    let dir = directory(&config(true));
    let names = ["config.json", "model.safetensors", "mean.npy", "std.npy", "null_context.safetensors"];
    let contents = names.map(|name| fs::read(dir.path().join(name)).unwrap());
    let files: Vec<(&str, &[u8])> = names.into_iter().zip(contents.iter().map(Vec::as_slice)).collect();
    let memory = Pipeline::new(&ModelDir::from_bytes(&files).unwrap(), &LoadConfig::default()).unwrap();
    let folder = Pipeline::from_pretrained(Some(dir.path())).unwrap();
    assert_eq!(memory.generate(PROMPT, &quick()).unwrap(), folder.generate(PROMPT, &quick()).unwrap());
    let text = ModelDir::from_bytes(&files[..1]).err().unwrap().to_string();
    assert!(text.contains("model.safetensors"), "{text}");
}

#[test]
fn the_built_in_model_generates() {
    assert_eq!(Pipeline::builtin().unwrap().generate(PROMPT, &quick()).unwrap().len(), 12);
}

#[test]
fn the_built_in_model_reads_prompts_as_it_did_in_training() {
    let pipeline = Pipeline::builtin().unwrap();
    let trained_with = pipeline.config().notes["text_encoder_fingerprint"].as_str().unwrap();
    assert_eq!(
        pipeline.encoder().unwrap().fingerprint(),
        trained_with,
        "the text encoder changed; train the model again"
    );
}

#[test]
fn text_encoders_that_do_not_fit_are_configuration_errors() {
    let broken = |text_encoder| {
        let dir = directory(&ModelConfig { text_encoder: Some(text_encoder), ..config(true) });
        let error = Pipeline::from_pretrained(Some(dir.path())).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Config, "{error}");
        error.to_string()
    };
    assert!(broken(json!({ "kind": "hashing", "hash_dim": 8 })).contains("text_encoder"));
    assert!(broken(json!({ "kind": "gpt" })).contains("text_encoder"));
    assert!(broken(json!("hashing")).contains("text_encoder"));
    let narrow = HashingEncoder::new(RowConfig { hash_dim: 8, ..RowConfig::default() }).unwrap();
    assert!(pipeline().with_encoder(Box::new(narrow)).is_err());
}

#[test]
fn a_pipeline_is_shared_between_threads() {
    let pipeline = pipeline();
    let expected = pipeline.generate(PROMPT, &quick()).unwrap();
    std::thread::scope(|scope| {
        let run = || pipeline.generate(PROMPT, &quick()).unwrap();
        for thread in [scope.spawn(run), scope.spawn(run)] {
            assert_eq!(thread.join().unwrap(), expected);
        }
    });
}

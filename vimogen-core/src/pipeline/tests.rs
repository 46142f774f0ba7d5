//! Pipelines on a small model with random weights.

use std::fs;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use burn::tensor::Device;
use ndarray::Array1;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::device::DeviceSpec;
use crate::error::ErrorCode;
use crate::model::{DitConfig, probe};
use crate::motion::layout::FEATURES;
use crate::progress::{Stage, stopped_by};
use crate::sample::{FinishedClip, GuidedClip};
use crate::text::{NoteKind, RowConfig, WordEncoder};
use crate::weights::{GenerationDefaults, ModelDir, NativeParts, WeightDtype, save_native};

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
    let parts = NativeParts { config, stats: &stats, null_context: &null, words: None, prompts: None };
    save_native(dir.path(), &dit, parts, WeightDtype::F32).unwrap();
    dir
}

fn pipeline() -> Pipeline {
    Pipeline::open(directory(&config(true)).path()).unwrap()
}

fn quick() -> GenerateOptions {
    GenerateOptions::default().with_num_inference_steps(4).with_num_frames(12)
}

fn clip(frames: usize, fps: f32) -> Motion {
    let features = Array2::from_shape_fn((frames, FEATURES), |(t, c)| ((t * 3 + c * 7) as f32 * 0.1).sin());
    Motion::from_features(features, fps).unwrap()
}

/// Maximum difference of two clips of the same length.
fn distance(a: &Motion, b: &Motion) -> f32 {
    assert_eq!((a.len(), a.fps()), (b.len(), b.fps()));
    (&a.features() - &b.features()).iter().fold(0.0, |worst, d| worst.max(d.abs()))
}

#[test]
fn a_model_says_how_it_is_best_sampled_and_the_caller_has_the_last_word() {
    let plain = config(false);
    let mut own = plain.clone();
    own.generation = GenerationDefaults { guidance_scale: 2.0, strength: 1.0, ..GenerationDefaults::default() };
    let pipeline = |config| Pipeline::open(directory(config).path()).unwrap();
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
        Request::reference(clip(16, 16.0)),
        Request::text("a person sits").with_num_frames(5),
        Request::reference(clip(25, 20.0)).with_num_frames(31),
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
    let follow = |motion: Motion| pipeline.generate(Request::reference(motion), &options).unwrap();
    assert_eq!(follow(clip(32, 16.0)).len(), 40);
    assert_eq!(follow(clip(32, 16.0)), follow(clip(32, 16.0).resample_reference(20.0).unwrap()));
    assert!(distance(&follow(clip(20, 20.0)), &follow(clip(40, 20.0).slice(20..40).unwrap())) > 1e-3);
    // A clip that is longer than the motion is cut.
    let cut = pipeline.generate(Request::reference(clip(40, 20.0)), &options.clone().with_num_frames(20)).unwrap();
    assert_eq!(cut, follow(clip(20, 20.0)));
}

#[test]
fn a_reference_needs_no_text_encoder() {
    let mut pipeline = pipeline();
    pipeline.encoder = None;
    let request = Request::reference(clip(12, 20.0));
    let (_, trace) = probe::watch(false, || pipeline.generate(request, &quick()).unwrap());
    assert_eq!(trace.count("text"), 0);
}

#[test]
fn a_directory_without_encoder_says_what_is_missing_and_what_works() {
    let config = ModelConfig { text_encoder: None, ..config(true) };
    let pipeline = Pipeline::open(directory(&config).path()).unwrap();
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
    let requests = [Request::text("walk"), Request::reference(clip(12, 20.0)), Request::text("run")];
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
fn a_wish_whose_window_was_stopped_is_fulfilled_by_the_next_block() {
    let pipeline = pipeline();
    let [mut stopped, mut other] = [(); 2].map(|()| pipeline.stream(PROMPT, StreamOptions::default()).unwrap());
    for stream in [&mut stopped, &mut other] {
        stream.block(3).unwrap();
        stream.set_prompt("a person jumps").unwrap();
    }
    let stop = Arc::new(AtomicBool::new(true));
    assert!(matches!(stopped_by(&stop, || stopped.block(2)), Err(Error::Cancelled)));
    assert_eq!(stopped.block(5).unwrap(), other.block(5).unwrap());
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
        check("num_frames", Request::reference(clip(20, 20.0)).with_num_frames(1001), quick());
        check("num_inference_steps", PROMPT.into(), quick().with_num_inference_steps(0));
        check("prompt_embeds", Request::embeds(Array2::zeros((4, width + 1))), quick());
        check("prompt_embeds", Request::embeds(Array2::zeros((0, width))), quick());
        check("prompt_embeds", Request::embeds(Array2::zeros((5000, width))), quick());
        check("prompt_embeds", Request::embeds(Array2::from_elem((4, width), f32::NAN)), quick());
        let any_length = GenerateOptions { num_frames: None, ..quick() };
        check("reference", Request::reference(clip(2000, 20.0)), any_length.clone());
        check("reference", Request::reference(clip(1, 20.0)), any_length.clone());
        check("from_fps", Request::reference(clip(1000, 1e-3)), any_length);
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
    let pipeline = Pipeline::builder().text_only().open(full.path()).unwrap();
    assert!(!pipeline.config().dit.reference);
    pipeline.config().check().unwrap();
    let whole = Pipeline::open(full.path()).unwrap();
    assert_eq!(pipeline.generate(PROMPT, &quick()).unwrap(), whole.generate(PROMPT, &quick()).unwrap());
    let text = error(&pipeline, Request::reference(clip(12, 20.0)), &quick()).to_string();
    assert!(text.contains("reference") && text.contains("text-only"), "{text}");
}

/// Root mean square of the difference from f32 weights, in units of the features' own spread.
fn lost(dtype: WeightDtype) -> f32 {
    let dir = directory(&config(true));
    let small = Pipeline::builder().dtype(dtype).open(dir.path()).unwrap();
    assert!(small.dit().packed_bytes() > 0);
    let full = Pipeline::open(dir.path()).unwrap();
    let features = |pipeline: &Pipeline| pipeline.generate(PROMPT, &quick()).unwrap().into_features();
    let (small, full) = (features(&small), features(&full));
    let rms = |x: &Array2<f32>| x.mapv(|v| v * v).mean().unwrap().sqrt();
    rms(&(&small - &full)) / rms(&(&full - full.mean().unwrap()))
}

#[test]
fn weights_of_fewer_bits_generate_nearly_the_same() {
    let (bf16, int8) = (lost(WeightDtype::Bf16), lost(WeightDtype::Int8));
    assert!(bf16 < 0.02 && int8 < 0.05, "{bf16} and {int8}");
}

#[test]
fn devices_that_cannot_serve_are_errors() {
    let dir = directory(&config(true));
    for device in [DeviceSpec::Wgpu(Some(99)), DeviceSpec::Cuda(Some(99))] {
        let error = Pipeline::builder().device(device).open(dir.path()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Device, "{error}");
    }
}

/// Sets each clip's last frame to its number.
struct Mark {
    seen: Vec<usize>,
}

impl Guide for Mark {
    fn guide(&mut self, level: f64, clips: &mut [GuidedClip<'_>]) -> Result<()> {
        assert!((0.0..=1.0).contains(&level));
        for clip in clips {
            let last = clip.clean.nrows() - 1;
            clip.clean.row_mut(last).fill(clip.index as f32);
        }
        Ok(())
    }

    fn finish(&mut self, clips: &mut [FinishedClip<'_>]) -> Result<()> {
        for clip in clips {
            let last = clip.sampled.nrows() - 1;
            assert!(clip.sampled.row(last).iter().all(|v| *v == clip.index as f32));
            clip.smoothed.row_mut(last).assign(&clip.sampled.row(last));
            self.seen.push(clip.index);
        }
        Ok(())
    }
}

#[test]
fn a_guide_sees_each_request_by_its_number_and_what_it_pins_stays() {
    let pipeline = pipeline();
    let requests =
        [Request::text(PROMPT), Request::reference(clip(16, 20.0)), Request::text("jump").with_num_frames(9)];
    let mut guide = Mark { seen: vec![] };
    let motions = pipeline.generate_guided(&requests, &quick(), &mut guide, &mut progress::ignore).unwrap();
    guide.seen.sort_unstable();
    assert_eq!(guide.seen, [0, 1, 2]);
    for (i, motion) in motions.iter().enumerate() {
        let normalised = pipeline.stats().normalize(motion.features()).unwrap();
        let last = normalised.row(motion.len() - 1);
        assert!(last.iter().all(|v| (v - i as f32).abs() < 1e-5), "{last}");
    }
}

#[test]
fn a_directory_in_memory_is_the_same_model() {
    let dir = directory(&config(true));
    let names = ["config.json", "model.safetensors", "mean.npy", "std.npy", "null_context.safetensors"];
    let contents = names.map(|name| fs::read(dir.path().join(name)).unwrap());
    let files: Vec<(&str, &[u8])> = names.into_iter().zip(contents.iter().map(Vec::as_slice)).collect();
    let memory = Pipeline::builder().load(&ModelDir::from_bytes(&files).unwrap()).unwrap();
    let folder = Pipeline::open(dir.path()).unwrap();
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
        let error = Pipeline::open(dir.path()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Config, "{error}");
        error.to_string()
    };
    assert!(broken(json!({ "kind": "hashing", "hash_dim": 8 })).contains("text_encoder"));
    assert!(broken(json!({ "kind": "gpt" })).contains("text_encoder"));
    assert!(broken(json!("hashing")).contains("text_encoder"));
    let narrow = WordEncoder::new(RowConfig { hash_dim: 8, ..RowConfig::default() }, None).unwrap();
    let dir = directory(&config(true));
    assert!(Pipeline::builder().text_encoder(Arc::new(narrow)).open(dir.path()).is_err());
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

/// Prompts of `tests/prompts`, and whether each asks for a movement of training.
fn labelled(list: &str) -> Vec<(String, bool)> {
    let path = format!("{}/../tests/prompts/{list}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split_once(": ").unwrap()).map(|(kind, prompt)| (prompt.into(), kind == "known")).collect()
}

/// Precision and recall of the notes that a prompt asks for something else.
fn noticed(pipeline: &Pipeline, list: &str) -> (f64, f64) {
    let (mut hits, mut alarms, mut others) = (0.0, 0.0, 0.0);
    for (prompt, known) in labelled(list) {
        let noted =
            pipeline.notes(&prompt).iter().any(|n| [NoteKind::Unfamiliar, NoteKind::UnknownWord].contains(&n.kind));
        others += f64::from(!known);
        hits += f64::from(noted && !known);
        alarms += f64::from(noted && known);
        if noted == known {
            println!("{prompt}: {:?}", pipeline.notes(&prompt));
        }
    }
    println!("{list}: precision {:.3}, recall {:.3}", hits / (hits + alarms), hits / others);
    (hits / (hits + alarms), hits / others)
}

#[test]
fn prompts_for_something_else_are_noticed_on_a_list_that_chose_no_limit() {
    let pipeline = Pipeline::builtin().unwrap();
    for list in ["tuning", "held-out"] {
        let (precision, recall) = noticed(&pipeline, list);
        assert!(precision >= 0.9 && recall >= 0.9, "{list}: {precision} {recall}");
    }
}

#[test]
fn notes_name_the_words_and_a_remedy() {
    let pipeline = Pipeline::builtin().unwrap();
    let only = |prompt: &str| -> (NoteKind, String, String) {
        let notes = pipeline.notes(prompt);
        let [note] = &notes[..] else { panic!("{prompt:?}: {notes:?}") };
        (note.kind, note.words.clone(), note.suggestions.join(", "))
    };
    for (prompt, kind, words, suggestions) in [
        ("a person wlaks forward", NoteKind::Misspelt, "wlaks", "walks"),
        ("a person takes a selfie", NoteKind::UnknownWord, "selfie", ""),
        ("a person plays the guitar", NoteKind::Unfamiliar, "plays guitar", ""),
        ("a person does five squats", NoteKind::Count, "five", ""),
        ("a person walks forward for 4 seconds", NoteKind::Duration, "for 4 seconds", ""),
        ("a person walks, then turns left, then sits down", NoteKind::TooManyActions, "sits down", ""),
    ] {
        let (found, on, hints) = only(prompt);
        assert_eq!((found, on.as_str()), (kind, words), "{prompt}");
        assert!(suggestions.is_empty() || hints == suggestions, "{prompt}: {hints}");
    }
    let long = "a person walks forward ".repeat(9);
    assert!(pipeline.notes(&long).iter().any(|note| note.kind == NoteKind::Truncated));
}

#[test]
fn prompts_of_training_have_no_notes() {
    let pipeline = Pipeline::builtin().unwrap();
    for (name, movement) in &pipeline.known_prompts().unwrap().movements {
        for phrase in &movement.phrases {
            let notes: Vec<_> = pipeline.notes(phrase).into_iter().map(|note| note.message).collect();
            assert_eq!(notes, [""; 0], "{name}: {phrase}");
        }
    }
}

#[test]
fn a_misspelt_word_gives_the_motion_of_the_right_one() {
    let pipeline = Pipeline::builtin().unwrap();
    let made = |prompt: &str| pipeline.generate(prompt, &quick()).unwrap();
    assert_eq!(made("a person wlaks forward"), made("a person walks forward"));
    assert_ne!(made("a person hoop"), made("a person hop"));
}

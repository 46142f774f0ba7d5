//! The built-in model reaches the scores of its model card, on a subset of `make nano-evaluate`.
#![cfg(feature = "full")]
#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

use std::sync::Arc;

use vimogen_core::data::procedural::{ProceduralDataset, Prompt, Split, held_out_prompts};
use vimogen_core::data::{ConditionMix, ProceduralLoader};
use vimogen_core::device::Device;
use vimogen_core::mbench::Dimension;
use vimogen_core::mbench::quality::{Quality, UpAxis};
use vimogen_core::motion::codec::encode;
use vimogen_core::text::WordEncoder;
use vimogen_core::train::{Precision, TrainConfig, Trainer};
use vimogen_core::{GenerateOptions, Motion, Pipeline, Request};

#[path = "../examples/action_check/mod.rs"]
mod action_check;
use action_check::check;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn generate(pipeline: &Pipeline, requests: &[Request]) -> Vec<Motion> {
    pipeline.generate_batch(requests, &GenerateOptions::default().with_seed(0)).expect("requests fit the model")
}

#[test]
fn wordings_that_training_never_showed_give_the_movement_asked_for() {
    let pipeline = Pipeline::builtin().unwrap();
    // Every fourth of a hundred, so that all kinds of prompts are among them.
    let prompts: Vec<Prompt> = held_out_prompts().into_iter().step_by(4).collect();
    let requests: Vec<Request> = prompts.iter().map(|p| Request::text(p.text.clone())).collect();
    let (mut failures, mut jitter, mut sliding) = (vec![], 0.0, 0.0);
    for (prompt, motion) in prompts.iter().zip(generate(&pipeline, &requests)) {
        let joints = motion.joints();
        let quality = Quality::measure(joints.view(), UpAxis::Z).unwrap();
        jitter += quality.get(Dimension::JitterDegree) / prompts.len() as f32;
        sliding += quality.get(Dimension::FootSliding) / prompts.len() as f32;
        if let Err(reason) = check(&prompt.action, joints.view()) {
            failures.push(format!("{:?}: {reason}", prompt.text));
        }
    }
    assert!(failures.len() * 10 <= prompts.len(), "{}", failures.join("\n"));
    assert!(jitter <= 0.015 && sliding <= 0.008, "jitter {jitter}, sliding {sliding}");
}

#[test]
fn a_reference_is_followed_more_closely_than_its_caption() {
    let pipeline = Pipeline::builtin().unwrap();
    let data = ProceduralDataset::new(1_000_003, Split::HeldOut);
    let samples: Vec<_> = (0..12).map(|index| data.sample_with_frames(index, 100)).collect();
    let clips: Vec<Motion> =
        samples.iter().map(|s| Motion::from_features(encode(&s.motion).unwrap(), 20.0).unwrap()).collect();
    let distance = |motions: Vec<Motion>| {
        let pairs = motions.iter().zip(&clips);
        let mean = |a: &Motion, b: &Motion| {
            let squares = (&a.joints() - &b.joints()).mapv(|d| d * d).sum_axis(ndarray::Axis(2));
            squares.mapv(f32::sqrt).mean().unwrap()
        };
        pairs.map(|(a, b)| mean(a, b)).sum::<f32>() / clips.len() as f32
    };
    let followed = distance(generate(&pipeline, &clips.iter().cloned().map(Request::reference).collect::<Vec<_>>()));
    // Captions alone, at the length of the clips.
    let told: Vec<Request> =
        samples.iter().zip(&clips).map(|(s, c)| Request::text(s.caption.clone()).with_num_frames(c.len())).collect();
    let told = distance(generate(&pipeline, &told));
    assert!(followed < 0.08 && followed < 0.9 * told, "{followed} m with the clip, {told} m with its caption");
}

/// Losses of the first steps of a small recipe for a model of the built-in one's sizes.
fn losses(precision: Precision, steps: usize) -> Vec<f64> {
    let model = Pipeline::builtin().unwrap().dit().config().clone();
    let config = TrainConfig::default().with_batch_size(4).with_lr(1e-3).with_warmup_steps(20);
    let config = config.with_grad_clip(1.0).with_precision(precision);
    let encoder = Arc::new(WordEncoder::builtin().unwrap());
    let loader =
        ProceduralLoader::new(config.seed, config.batch_size, model.text_len, ConditionMix::default(), encoder)
            .unwrap();
    let mut trainer = Trainer::new(&model, &config, &Device::flex()).unwrap();
    let step = |step: usize| {
        let batch = loader.batch(step).unwrap();
        let draws = trainer.draws(&batch);
        trainer.train_step(&batch, &draws).unwrap().loss.total
    };
    (0..steps).map(step).collect()
}

#[test]
fn training_in_bf16_has_the_losses_of_f32() {
    const STEPS: usize = 200;
    let (narrow, wide) = std::thread::scope(|scope| {
        let narrow = scope.spawn(|| losses(Precision::Bf16, STEPS));
        (losses(Precision::F32, STEPS), narrow.join().unwrap())
    });
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    for (i, (narrow, wide)) in narrow.chunks(50).zip(wide.chunks(50)).enumerate() {
        let (narrow, wide) = (mean(narrow), mean(wide));
        assert!((narrow - wide).abs() < 0.02 * wide, "steps from {}: {narrow} in bf16, {wide} in f32", 50 * i);
    }
    assert_ne!(narrow, wide);
    assert!(mean(&wide[150..]) < 0.8 * mean(&wide[..10]), "the loss does not fall: {wide:?}");
}

//! Denoising: one step and a whole generation (50 steps, guidance 5), 100 frames, from text and from a reference.
#![allow(missing_docs, reason = "criterion_group makes undocumented items")]

use burn::tensor::{Distribution, Tensor};
use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::{Array3, Axis};
use vimogen_bench::{Subject, subjects};
use vimogen_core::Dit;
use vimogen_core::device::Device;
use vimogen_core::model::Conditions;
use vimogen_core::progress;
use vimogen_core::sample::{SampleInputs, Sampler, SamplerOptions, noise};

const FRAMES: usize = 100;

/// Normal noise of a shape.
fn random(shape: [usize; 3]) -> Tensor<3> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex())
}

/// The network's part of a step: two rows for guided text, one for a reference.
fn conditions(subject: &Subject, text: bool) -> Conditions {
    let rows = if text { 2 } else { 1 };
    Conditions {
        context: random([rows, subject.words, subject.dit.config().text_dim]),
        reference: Some(random([rows, FRAMES, 138])),
        attend_to_text: vec![text; rows],
        frame_lengths: vec![FRAMES; rows],
        reference_lengths: vec![FRAMES; rows],
    }
}

fn step(c: &mut Criterion) {
    let mut group = c.benchmark_group("step");
    group.sample_size(10);
    for subject in subjects() {
        for (mode, text) in [("text", true), ("motion", false)] {
            let prepared = subject.dit.prepare(&conditions(&subject, text), FRAMES).expect("conditions fit");
            let time = subject.dit.embed_time(&[700.0], &Device::flex());
            let x = random([prepared.batch(), FRAMES, 276]);
            group.bench_function(format!("{}/{mode}", subject.name), |b| {
                b.iter(|| subject.dit.velocity(x.clone(), &time, &prepared).into_data());
            });
        }
    }
}

fn inputs(dit: &Dit, words: usize, text: bool) -> SampleInputs {
    let context = Array3::from_elem((1, words, dit.config().text_dim), 0.1);
    let inputs = SampleInputs::new(noise(42, FRAMES).insert_axis(Axis(0)), context.clone(), context * 0.0);
    match text {
        true => inputs,
        false => inputs.with_reference(Array3::from_elem((1, FRAMES, 138), 0.3), vec![FRAMES]),
    }
}

fn generation(c: &mut Criterion) {
    let mut group = c.benchmark_group("generation");
    group.sample_size(10);
    let sampler = Sampler::new(SamplerOptions::default()).expect("defaults are valid");
    for subject in subjects().into_iter().filter(|s| s.name != "full") {
        for (mode, text) in [("text", true), ("motion", false)] {
            let inputs = inputs(&subject.dit, subject.words, text);
            group.bench_function(format!("{}/{mode}", subject.name), |b| {
                b.iter(|| sampler.sample(&subject.dit, &inputs, &mut progress::ignore).expect("sampling works"));
            });
        }
    }
}

criterion_group!(benches, step, generation);
criterion_main!(benches);

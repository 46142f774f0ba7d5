//! Denoising: one step and a whole generation (50 steps, guidance 5), 100 frames, from text and from a reference.
#![allow(missing_docs, reason = "criterion_group makes undocumented items")]

use burn::tensor::{Distribution, Tensor};
use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::{Array2, Axis};
use vimogen_bench::{Subject, subjects, wave};
use vimogen_core::device::Device;
use vimogen_core::model::{ClipBatch, Condition};
use vimogen_core::progress;
use vimogen_core::sample::{Sampler, SamplerOptions, noise};

const FRAMES: usize = 100;

/// Normal noise of a shape.
fn random(shape: [usize; 3]) -> Tensor<3> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex())
}

/// Clips of one kind, with an empty prompt.
fn clips(subject: &Subject, text: bool, clips: usize) -> ClipBatch {
    let width = subject.dit.config().text_dim;
    let condition = match text {
        true => Condition::Text(wave(subject.words, width)),
        false => Condition::reference(wave(FRAMES, 138)),
    };
    let clips = ClipBatch::new(vec![condition; clips], vec![FRAMES; clips]).expect("the clips fit each other");
    clips.with_null_context(vec![Array2::zeros((subject.words, width))]).expect("the empty prompt fits")
}

fn step(c: &mut Criterion) {
    let mut group = c.benchmark_group("step");
    group.sample_size(10);
    for subject in subjects() {
        for (mode, text) in [("text", true), ("motion", false)] {
            // Two rows for guided text, one for a reference.
            let clips = clips(&subject, text, if text { 2 } else { 1 });
            let prepared = subject.dit.prepare(&clips, FRAMES).expect("the clips fit");
            let time = subject.dit.embed_time(&[700.0], &Device::flex());
            let x = random([prepared.batch(), FRAMES, 276]);
            group.bench_function(format!("{}/{mode}", subject.name), |b| {
                b.iter(|| subject.dit.velocity(x.clone(), &time, &prepared).into_data());
            });
        }
    }
}

fn generation(c: &mut Criterion) {
    let mut group = c.benchmark_group("generation");
    group.sample_size(10);
    let sampler = Sampler::new(SamplerOptions::default()).expect("defaults are valid");
    for subject in subjects().into_iter().filter(|s| s.name != "full") {
        for (mode, text) in [("text", true), ("motion", false)] {
            let (noise, clips) = (noise(42, FRAMES).insert_axis(Axis(0)), clips(&subject, text, 1));
            group.bench_function(format!("{}/{mode}", subject.name), |b| {
                b.iter(|| sampler.sample(&subject.dit, &noise, &clips, &mut progress::ignore).expect("sampling works"));
            });
        }
    }
}

criterion_group!(benches, step, generation);
criterion_main!(benches);

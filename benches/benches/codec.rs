//! SMPL parameters to features and back, frames per second.
#![allow(missing_docs, reason = "criterion_group makes undocumented items")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use vimogen_bench as _;
use vimogen_core::data::procedural::{ProceduralDataset, Split};
use vimogen_core::motion::codec::{DecodeMode, decode, encode};

fn codec(c: &mut Criterion) {
    let motion = ProceduralDataset::new(1, Split::Train).sample_with_frames(3, 100).motion;
    let features = encode(&motion).expect("the data set's clips can be encoded");
    let mut group = c.benchmark_group("codec");
    group.throughput(Throughput::Elements(features.nrows() as u64));
    group.bench_function("encode", |b| b.iter(|| encode(&motion)));
    for (name, mode) in [("decode/plain", DecodeMode::Plain), ("decode/velocity", DecodeMode::Velocity)] {
        group.bench_function(name, |b| b.iter(|| decode(features.view(), mode)));
    }
}

criterion_group!(benches, codec);
criterion_main!(benches);

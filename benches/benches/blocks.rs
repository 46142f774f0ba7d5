//! Blocks of the full width (dim 1536, feed-forward 8960, 12 heads), 2 rows of 100 frames, 226 rows of text: before and
//! after packing. Time is that of one block; what surrounds the blocks (embedding, head) is a hundredth of it.
#![allow(missing_docs, reason = "criterion_group makes undocumented items")]

use burn::tensor::{Distribution, Tensor};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use vimogen_bench::wave;
use vimogen_core::device::Device;
use vimogen_core::model::{ClipBatch, Condition, WeightDtype};
use vimogen_core::{Dit, DitConfig};

const FRAMES: usize = 100;
const ROWS: usize = 2;
const BLOCKS: usize = 4;

fn random(shape: [usize; 3]) -> Tensor<3> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex())
}

fn blocks(c: &mut Criterion) {
    let config = DitConfig { num_layers: BLOCKS, reference: false, ..DitConfig::vimogen_1_3b() };
    let device = Device::flex();
    let plain = Dit::new(&config, &device).expect("the configuration is valid").init_weights(1, &device);
    let text = Condition::Text(wave(config.text_len, config.text_dim));
    let clips = ClipBatch::new(vec![text; ROWS], vec![FRAMES; ROWS]).expect("the clips fit each other");
    let mut group = c.benchmark_group("blocks");
    group.sample_size(20).throughput(Throughput::Elements(BLOCKS as u64));
    let packed = |dtype| plain.clone().pack(dtype);
    for (name, dit) in [
        ("plain", plain.clone()),
        ("f32", packed(WeightDtype::F32)),
        ("bf16", packed(WeightDtype::Bf16)),
        ("int8", packed(WeightDtype::Int8)),
    ] {
        let prepared = dit.prepare(&clips, FRAMES).expect("conditions fit");
        let time = dit.embed_time(&[700.0], &device);
        let x = random([ROWS, FRAMES, config.features()]);
        group.bench_function(BenchmarkId::from_parameter(name), |b| {
            b.iter(|| dit.velocity(x.clone(), &time, &prepared).into_data());
        });
    }
}

criterion_group!(benches, blocks);
criterion_main!(benches);

//! Training samples from loose files against packed shards, page cache warm.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::path::{Path, PathBuf};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ndarray::{Array1, Array2};
use vimogen_core::data::prepare::Prepare;
use vimogen_core::data::{Batches, Captions, ClipDataset, ClipLoader, Corruption, Manifest, Sampling};
use vimogen_core::error::Result;
use vimogen_core::format::torch::{self, Tree};
use vimogen_core::format::{DType, RawTensor};
use vimogen_core::motion::{Motion, Stats};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CLIPS: usize = 256;
const FRAMES: usize = 100;
/// Rows and width of a caption, as UMT5-XXL makes them of a long sentence.
const TEXT: (usize, usize) = (60, 4096);
const BATCH: usize = 32;

/// Writes loose clips as the release has them, and packs them; the two manifests.
fn prepare(folder: &Path) -> Result<(PathBuf, PathBuf)> {
    std::fs::create_dir_all(folder).map_err(|e| vimogen_core::Error::io("create", folder, e))?;
    let mut entries = vec![];
    for i in 0..CLIPS {
        let features = Array2::from_shape_fn((FRAMES, 276), |(t, c)| ((t * 31 + c + i) as f32).sin());
        let (motion, embed) = (folder.join(format!("{i}.pt")), folder.join(format!("{i}.embed.pt")));
        Motion::from_features(features, 20.0)?.save(&motion)?;
        let text = RawTensor::new(DType::BF16, vec![TEXT.0, TEXT.1], vec![0x3d; TEXT.0 * TEXT.1 * 2])?;
        torch::save(&embed, &Tree::Tensor(&text))?;
        entries.push(format!(
            r#"{{"id": {i}, "motion_path": {motion:?}, "t": "clip {i}", "t_wanvideot5_embed_path": {embed:?}}}"#
        ));
    }
    let loose = folder.join("loose.json");
    let list = format!("[{}]", entries.join(","));
    std::fs::write(&loose, list).map_err(|e| vimogen_core::Error::io("write", &loose, e))?;
    let prepare = Prepare {
        manifests: vec![loose.clone()],
        root: None,
        stats: false,
        shard_bytes: Some(1 << 30),
        text_key: "t".into(),
        max_bad_fraction: 0.0,
    };
    let packed = prepare.run(&folder.join("packed"), &mut vimogen_core::progress::ignore)?;
    Ok((loose, packed.manifest))
}

fn loader(manifest: &Path) -> Result<ClipLoader> {
    let manifest = Manifest::read(&[(manifest.to_path_buf(), 1)], "t", None)?;
    let stats = Stats::new(Array1::zeros(276), Array1::ones(276))?;
    let (captions, null) = (Captions::Files { width: TEXT.1 }, Array2::zeros((226, TEXT.1)));
    let dataset = ClipDataset::new(manifest, stats, Sampling::default(), captions, null, 0.0)?;
    ClipLoader::new(dataset.into(), Corruption::release(), 1, BATCH)
}

fn reading(c: &mut Criterion) {
    let folder = std::env::temp_dir().join(format!("vimogen-bench-data-{}", std::process::id()));
    let (loose, packed) = prepare(&folder).expect("the clips can be written");
    let mut group = c.benchmark_group(format!("data/batch of {BATCH} clips"));
    group.throughput(Throughput::Elements(BATCH as u64)).sample_size(20);
    for (name, manifest) in [("loose files", loose), ("packed shards", packed)] {
        let loader = loader(&manifest).expect("the manifest was just written");
        let mut step = 0;
        group.bench_function(name, |b| {
            b.iter(|| {
                step += 1;
                loader.batch(step).expect("the clips can be read")
            });
        });
    }
    group.finish();
    let _ = std::fs::remove_dir_all(folder);
}

criterion_group!(benches, reading);
criterion_main!(benches);

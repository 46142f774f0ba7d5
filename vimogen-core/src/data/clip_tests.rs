//! Tests of clips from files: sampling, order, loading threads, preparing, packing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray::{Array1, Array2};
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use serde_json::{Value, json};

use super::batch::Sample;
use super::prepare::{Prepare, Prepared, merge_stats};
use super::{Batches, Captions, ClipDataset, ClipLoader, Corruption, Manifest, Prefetch, Sampling};
use crate::error::{Error, Result};
use crate::format::{RawTensor, torch};
use crate::model::Condition;
use crate::motion::{Motion, Stats};
use crate::progress::ignore;
use crate::train::TrainBatch;

const WIDTH: usize = 6;
const KEY: &str = "video_text_annot";

/// A folder of clips: number, frames and folder of each.
struct Clips {
    folder: tempfile::TempDir,
    entries: Vec<Value>,
}

impl Clips {
    fn new(clips: &[(usize, &str)]) -> Self {
        let mut made = Self { folder: tempfile::tempdir().unwrap(), entries: vec![] };
        for (i, (frames, place)) in clips.iter().enumerate() {
            let name = format!("{place}/{i}.pt");
            std::fs::create_dir_all(made.at(place)).unwrap();
            motion(i, *frames).save(made.at(&name)).unwrap();
            let text = Array2::from_elem((3 + i % 4, WIDTH), 0.25 * (i + 1) as f32);
            let text = RawTensor::from_f32(text.view().into_dyn());
            torch::save(made.at(&format!("{i}.embed.pt")), &torch::Tree::Tensor(&text)).unwrap();
            made.entries.push(json!({
                "id": i, "motion_path": name, KEY: format!("clip {i}"),
                "video_text_annot_wanvideot5_embed_path": format!("{i}.embed.pt"), "subset": "x",
            }));
        }
        made
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn manifest(&self) -> Manifest {
        let path = self.at("manifest.json");
        std::fs::write(&path, Value::from(self.entries.clone()).to_string()).unwrap();
        Manifest::read(&[(path, 1)], KEY, Some(self.folder.path())).unwrap()
    }

    fn dataset(&self, sampling: Sampling, max_bad_fraction: f64) -> ClipDataset {
        dataset(self.manifest(), sampling, max_bad_fraction)
    }
}

fn motion(number: usize, frames: usize) -> Motion {
    let features = Array2::from_shape_fn((frames, 276), |(t, c)| ((t * 31 + c + 7 * number) as f32).sin());
    Motion::from_features(features, 20.0).unwrap()
}

fn dataset(manifest: Manifest, sampling: Sampling, max_bad_fraction: f64) -> ClipDataset {
    let stats = Stats::new(Array1::from_elem(276, 0.5), Array1::from_elem(276, 2.0)).unwrap();
    let null = Array2::from_elem((2, WIDTH), -1.0);
    ClipDataset::new(manifest, stats, sampling, Captions::Files { width: WIDTH }, null, max_bad_fraction).unwrap()
}

fn rng(seed: u64) -> ChaCha12Rng {
    ChaCha12Rng::seed_from_u64(seed)
}

/// Share of draws for a clip of a path that are so.
fn share(path: &str, of: fn(&super::dataset::ConditionDraw) -> bool) -> f64 {
    let (mut rng, n) = (rng(3), 40_000);
    let draws = (0..n).filter(|_| of(&Sampling::default().draw(Path::new(path), &mut rng)));
    draws.count() as f64 / f64::from(n)
}

// The standard deviation of a share of 40 000 draws is at most 0.0025; 0.01 is four of them.

#[test]
fn four_of_ten_mocap_clips_and_eight_of_ten_others_attend_to_their_text() {
    for (path, want) in [("a/motion31/1.pt", 0.4), ("mogen_db/1.pt", 0.4), ("vigen/1.pt", 0.8), ("b/1.pt", 0.8)] {
        let got = share(path, |condition| condition.attend_to_text);
        assert!((got - want).abs() < 0.01, "{path}: {got}");
    }
}

#[test]
fn half_of_all_captions_are_left_out_whatever_the_clip_attends_to() {
    for path in ["mogen_db/1.pt", "b/1.pt"] {
        let got = share(path, |condition| condition.null_text);
        assert!((got - 0.5).abs() < 0.01, "{path}: {got}");
        let both = share(path, |condition| condition.null_text && condition.attend_to_text);
        let alone = share(path, |condition| condition.attend_to_text);
        assert!((both - 0.5 * alone).abs() < 0.01, "{path}: the two draws are not independent: {both}");
    }
}

#[test]
fn only_rotations_count_for_captioned_clips_of_mogen_db_and_vigen() {
    for (path, want) in [("mogen_db/1.pt", 0.4), ("vigen/1.pt", 0.8), ("motion31/1.pt", 0.0), ("b/1.pt", 0.0)] {
        let got = share(path, |condition| condition.local_only);
        assert!((got - want).abs() < 0.01, "{path}: {got}");
        assert_eq!(share(path, |condition| condition.local_only && !condition.attend_to_text), 0.0);
    }
}

#[test]
fn a_sample_has_what_its_condition_says() {
    let clips = Clips::new(&[(50, "vigen")]);
    let sample = |text: f64, null_text: f64| -> Sample {
        let sampling = Sampling { text, null_text, ..Sampling::default() };
        clips.dataset(sampling, 0.0).sample(0, &mut rng(1)).unwrap()
    };
    let (told, silent, shown) = (sample(1.0, 0.0), sample(1.0, 1.0), sample(0.0, 0.0));
    assert_eq!(told.motion[[3, 5]], (motion(0, 50).features()[[3, 5]] - 0.5) / 2.0);
    assert_eq!(told.reference, None);
    assert_eq!(told.text, Array2::from_elem((3, WIDTH), 0.25));
    assert_eq!(silent.text, Array2::from_elem((2, WIDTH), -1.0));
    assert_eq!(told.channel_weights.iter().map(|v| *v as usize).sum::<usize>(), 126);
    assert_eq!(told.channel_weights[125], 1.0);
    assert!(shown.channel_weights.iter().all(|v| *v == 1.0));
    assert_eq!(shown.reference.unwrap()[[4, 126]], shown.motion[[4, 258]]);
}

#[test]
fn a_reference_of_its_own_takes_the_place_of_the_clip_as_far_as_the_clip_goes() {
    let mut clips = Clips::new(&[(50, "a"), (60, "a")]);
    clips.entries[0]["ref_motion_path"] = json!("a/1.pt");
    clips.entries[1]["ref_motion_path"] = json!("a/0.pt");
    let sampling = Sampling { text: 0.0, ..Sampling::default() };
    let data = Arc::new(clips.dataset(sampling, 0.0));
    let sample = data.sample(0, &mut rng(1)).unwrap();
    let reference = sample.reference.unwrap();
    assert_eq!((sample.motion.nrows(), reference.nrows()), (50, 50));
    assert_eq!(reference[[45, 0]], (motion(1, 60).features()[[45, 0]] - 0.5) / 2.0);
    let still = Corruption { enable: false, ..Corruption::default() };
    let batch = ClipLoader::new(data, still, 1, 2).unwrap().batch(0).unwrap();
    assert_eq!(batch.motion.dim().1, 60);
    assert!(batch.clips.conditions().iter().all(|c| matches!(c, Condition::Reference { length: 50, .. })));
}

#[test]
fn clips_outside_40_to_200_frames_are_replaced_by_random_others() {
    let clips = Clips::new(&[(39, "a"), (40, "a"), (200, "a"), (201, "a")]);
    let data = clips.dataset(Sampling::default(), 0.0);
    let mut rng = rng(5);
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..400 {
        *seen.entry(data.sample(0, &mut rng).unwrap().motion.nrows()).or_insert(0) += 1;
        assert_eq!(data.sample(1, &mut rng).unwrap().motion.nrows(), 40);
    }
    assert_eq!(seen.keys().copied().collect::<Vec<_>>(), [40, 200]);
    assert!(seen.values().all(|n| *n > 150), "{seen:?}");
    assert_eq!(data.bad_count(), 0);
    let none = Clips::new(&[(10, "a")]).dataset(Sampling::default(), 0.0).sample(0, &mut rng).unwrap_err();
    assert!(none.to_string().contains("40 to 200"), "{none}");
}

#[test]
fn a_bad_file_is_named_once_skipped_and_counted_until_there_are_too_many() {
    let clips = Clips::new(&[(50, "a"), (51, "a"), (52, "a"), (53, "a")]);
    std::fs::write(clips.at("a/1.pt"), b"not a tensor").unwrap();
    std::fs::remove_file(clips.at("2.embed.pt")).unwrap();
    let data = clips.dataset(Sampling::default(), 0.25);
    for seed in 0..5 {
        assert_ne!(data.sample(1, &mut rng(seed)).map(|s| s.motion.nrows()).unwrap_or(0), 51);
    }
    let told = data.take_bad();
    assert!(told.iter().any(|bad| bad.id == "1" && bad.reason.contains("1.pt")), "{told:?}");
    assert!(data.take_bad().is_empty());
    let error = (0..50).find_map(|seed| data.sample(2, &mut rng(seed)).err()).unwrap().to_string();
    assert!(error.contains("max_bad_fraction") && error.contains("2 of 4"), "{error}");
}

fn loader(clips: &Clips) -> ClipLoader {
    let data = Arc::new(clips.dataset(Sampling::default(), 0.0));
    ClipLoader::new(data, Corruption::release(), 9, 3).unwrap()
}

fn same(a: &TrainBatch, b: &TrainBatch) -> bool {
    a.motion == b.motion
        && a.clips.conditions() == b.clips.conditions()
        && a.clips.frame_lengths() == b.clips.frame_lengths()
        && a.channel_weights == b.channel_weights
}

#[test]
fn each_epoch_shows_every_clip_once_in_an_order_of_its_own() {
    let clips = Clips::new(&[(40, "a"), (41, "a"), (42, "a"), (43, "a"), (44, "a"), (45, "a")]);
    let loader = loader(&clips);
    let epoch = |number: usize| -> Vec<usize> {
        let steps = 2 * number..2 * number + 2;
        steps.flat_map(|step| loader.batch(step).unwrap().clips.frame_lengths().to_vec()).collect()
    };
    let mut orders = std::collections::BTreeSet::new();
    for number in 0..4 {
        let mut order = epoch(number);
        orders.insert(order.clone());
        order.sort_unstable();
        assert_eq!(order, [40, 41, 42, 43, 44, 45]);
        assert_eq!(loader.epoch(2 * number + 1), number);
    }
    assert!(orders.len() > 2, "{orders:?}");
}

#[test]
fn two_processes_together_see_what_one_with_the_larger_batch_sees() {
    let clips = Clips::new(&[(40, "a"), (41, "a"), (42, "a"), (43, "a"), (44, "a")]);
    let data = Arc::new(clips.dataset(Sampling::default(), 0.0));
    let still = Corruption { enable: false, ..Corruption::default() };
    let loader = |size| ClipLoader::new(data.clone(), still.clone(), 1, size).unwrap();
    let (whole, parts) = (loader(4), [0, 1].map(|rank| loader(2).for_rank(rank, 2).unwrap()));
    for step in 0..3 {
        let clips = |loader: &ClipLoader| -> Vec<(bool, usize)> {
            let clips = loader.batch(step).unwrap().clips;
            let text = clips.conditions().iter().map(Condition::is_text);
            text.zip(clips.frame_lengths().iter().copied()).collect()
        };
        assert_eq!(clips(&whole), parts.iter().flat_map(clips).collect::<Vec<_>>());
    }
    assert!(loader(2).for_rank(2, 2).is_err());
}

#[test]
fn the_batches_do_not_depend_on_the_number_of_loading_threads() {
    let clips = Clips::new(&[(40, "mogen_db"), (47, "vigen"), (52, "a"), (43, "a"), (60, "a")]);
    let loader: Arc<dyn Batches> = Arc::new(loader(&clips));
    let alone: Vec<TrainBatch> = (2..9).map(|step| loader.batch(step).unwrap()).collect();
    assert!(alone.iter().any(|b| b.clips.conditions().iter().any(|c| !c.is_text())));
    for workers in [1, 3] {
        let mut threads = Prefetch::new(loader.clone(), 2, workers, 2).unwrap();
        for batch in &alone {
            assert!(same(batch, &threads.take().unwrap()), "{workers} threads");
        }
    }
}

struct Failing;

impl Batches for Failing {
    fn batch(&self, step: usize) -> Result<TrainBatch> {
        match step {
            0 => Err(Error::invalid("clip", "broken")),
            _ => panic!("worse"),
        }
    }
}

#[test]
fn an_error_or_a_panic_of_a_loading_thread_reaches_the_step() {
    let mut threads = Prefetch::new(Arc::new(Failing), 0, 2, 4).unwrap();
    assert!(threads.take().unwrap_err().to_string().contains("broken"));
    assert!(matches!(threads.take(), Err(Error::Internal { .. })));
}

fn packing(clips: &Clips) -> Prepare {
    Prepare {
        manifests: vec![clips.at("manifest.json")],
        root: Some(clips.folder.path().into()),
        stats: true,
        shard_bytes: Some(100_000),
        text_key: KEY.into(),
        max_bad_fraction: 0.3,
    }
}

fn prepare(clips: &Clips, out: &Path, pack: Option<u64>) -> Result<Prepared> {
    clips.manifest();
    Prepare { shard_bytes: pack, ..packing(clips) }.run(out, &mut ignore)
}

#[test]
fn one_pass_statistics_equal_those_of_two_passes_and_of_merged_parts() {
    let clips = Clips::new(&[(50, "a"), (3, "a"), (211, "a"), (44, "a"), (1, "a")]);
    let out = clips.at("out");
    let prepared = prepare(&clips, &out, None).unwrap();
    assert_eq!((prepared.clips, prepared.frames), (5, 309));
    let stats = Stats::load(out.join("mean.npy"), out.join("std.npy")).unwrap();
    let lengths = [50, 3, 211, 44, 1];
    let rows: Vec<_> = lengths.iter().enumerate().map(|(i, n)| motion(i, *n).into_features()).collect();
    let views: Vec<_> = rows.iter().map(|r| r.view()).collect();
    let all = ndarray::concatenate(ndarray::Axis(0), &views).unwrap().mapv(f64::from);
    let (mean, std) = (all.mean_axis(ndarray::Axis(0)).unwrap(), all.std_axis(ndarray::Axis(0), 1.0));
    for c in 0..276 {
        assert!((f64::from(stats.mean()[c]) - mean[c]).abs() < 1e-6, "mean of {c}");
        assert!((f64::from(stats.std()[c]) - std[c]).abs() < 1e-6, "std of {c}");
    }
    let merged = merge_stats(&[out.join("stats.json"), out.join("stats.json")]).unwrap();
    assert!((merged.mean() - stats.mean()).iter().all(|d| d.abs() < 1e-6));
}

#[test]
fn packed_clips_give_the_samples_of_loose_files() {
    let mut clips = Clips::new(&[(50, "mogen_db"), (60, "vigen"), (70, "a"), (80, "a"), (90, "a")]);
    clips.entries[2]["ref_motion_path"] = json!("a/3.pt");
    std::fs::write(clips.at("a/4.pt"), b"broken").unwrap();
    let out = clips.at("out");
    // The first two clips fill a shard; the third does with its reference.
    let prepared = prepare(&clips, &out, Some(100_000)).unwrap();
    assert_eq!((prepared.clips, prepared.shards, prepared.bad.len()), (4, 3, 1));
    assert!(prepared.bad[0].id == "4" && prepared.bad[0].reason.contains("4.pt"), "{:?}", prepared.bad);
    let loose = clips.dataset(Sampling::default(), 0.5);
    let manifest = Manifest::read(&[(prepared.manifest.clone(), 1)], KEY, None).unwrap();
    assert_eq!(manifest.clips[0].id, "0");
    // Packed: the loose files are not needed any more.
    for place in ["mogen_db", "vigen", "a"] {
        std::fs::rename(clips.at(place), clips.at(&format!("{place}.gone"))).unwrap();
    }
    let packed = dataset(manifest, Sampling::default(), 0.0);
    let samples: Vec<Sample> = (0..8).map(|i| packed.sample(i % 4, &mut rng(i as u64)).unwrap()).collect();
    for place in ["mogen_db", "vigen", "a"] {
        std::fs::rename(clips.at(&format!("{place}.gone")), clips.at(place)).unwrap();
    }
    for (i, sample) in samples.iter().enumerate() {
        assert_eq!(*sample, loose.sample(i % 4, &mut rng(i as u64)).unwrap(), "clip {}", i % 4);
    }
}

#[test]
fn clips_of_other_programs_and_clips_without_a_caption_are_prepared_and_named() {
    let mut clips = Clips::new(&[(50, "a"), (50, "a"), (50, "a"), (50, "a")]);
    motion(1, 50).with_fps(40.0).unwrap().save(clips.at("a/1.npz")).unwrap();
    clips.entries[1]["motion_path"] = json!("a/1.npz");
    clips.entries[1][KEY] = json!(" ");
    clips.entries[2][KEY] = json!("");
    let entry = clips.entries[3].as_object_mut().unwrap();
    entry.remove(KEY);
    entry.remove("video_text_annot_wanvideot5_embed_path");
    let prepared = prepare(&clips, &clips.at("out"), None).unwrap();
    assert_eq!(prepared.without_caption, ["1", "2", "3"]);
    assert_eq!((prepared.clips, prepared.bad.len()), (4, 0));
    // 50 frames at 40 frames per second are 25 at 20.
    assert_eq!(prepared.frames, 3 * 50 + 25);
}

/// The contents of all samples that a manifest names.
fn contents(manifest: &Path) -> Vec<Sample> {
    let manifest = Manifest::read(&[(manifest.to_path_buf(), 1)], KEY, None).unwrap();
    let data = dataset(manifest, Sampling::default(), 0.0);
    (0..data.len()).map(|i| data.sample(i, &mut rng(i as u64)).unwrap()).collect()
}

#[test]
fn a_stop_while_packing_over_an_older_pack_leaves_the_older_one() {
    let lengths = [(50, "a"), (60, "a"), (70, "a"), (80, "a")];
    let mut clips = Clips::new(&lengths);
    let out = clips.at("out");
    let old = prepare(&clips, &out, Some(100_000)).unwrap();
    let before = contents(&old.manifest);
    // The same motions under other captions, in another order.
    clips.entries.reverse();
    for entry in &mut clips.entries {
        entry[KEY] = json!("another caption");
    }
    for stop in 1..=4 {
        clips.manifest();
        let again = Prepare { manifests: vec![clips.at("manifest.json")], ..packing(&clips) };
        let stopped = again.run(&out, &mut |progress| match progress.step < stop {
            true => std::ops::ControlFlow::Continue(()),
            false => std::ops::ControlFlow::Break(()),
        });
        assert!(matches!(stopped, Err(Error::Cancelled)), "{stop}");
        assert_eq!(contents(&old.manifest), before, "stopped after {stop} clips");
    }
    // A training that began with the older manifest keeps its clips when the new one is complete.
    let reader = Manifest::read(&[(old.manifest.clone(), 1)], KEY, None).unwrap();
    let new = prepare(&clips, &out, Some(100_000)).unwrap();
    let running = dataset(reader, Sampling::default(), 0.0);
    for (i, sample) in before.iter().enumerate() {
        assert_eq!(running.sample(i, &mut rng(i as u64)).unwrap(), *sample);
    }
    assert_eq!(contents(&new.manifest).len(), 4);
    // Two manifests later the older shards are gone.
    let names = || std::fs::read_dir(&out).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    assert_eq!(names().filter(|name| name.starts_with("shard-")).count(), old.shards + new.shards);
    prepare(&clips, &out, Some(100_000)).unwrap();
    assert_eq!(names().filter(|name| name.starts_with("shard-")).count(), new.shards);
    assert!(names().all(|name| !name.starts_with(".vimogen")));
}

#[test]
fn a_shard_with_other_clips_than_the_manifest_expects_is_refused() {
    let clips = Clips::new(&[(50, "a"), (60, "a")]);
    let prepared = prepare(&clips, &clips.at("out"), Some(1 << 30)).unwrap();
    let text = std::fs::read_to_string(&prepared.manifest).unwrap();
    std::fs::write(&prepared.manifest, text.replace("#0\"", "#9\"").replace("#1\"", "#0\"")).unwrap();
    let manifest = Manifest::read(&[(prepared.manifest, 1)], KEY, None).unwrap();
    let error = dataset(manifest, Sampling::default(), 0.0).motion(1).unwrap_err().to_string();
    assert!(error.contains("pack the data again") && error.contains("\"1\""), "{error}");
}

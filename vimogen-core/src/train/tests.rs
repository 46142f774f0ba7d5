//! The ways to compute a step, against the plain one.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::Device;
use ndarray::{Array2, Array3, ArrayD};

use super::engine::Engine;
use super::grads::by_name;
use super::*;
use crate::model::{ClipBatch, Condition, DitConfig};
use crate::weights::{WeightDtype, state_dict};

pub(super) fn tiny() -> DitConfig {
    DitConfig {
        dim: 32,
        ffn_dim: 48,
        freq_dim: 8,
        num_heads: 2,
        num_layers: 3,
        text_dim: 16,
        text_len: 6,
        ..DitConfig::small()
    }
}

/// Clips of different lengths; those that attend to a reference come first, and there are `references` of them.
pub(super) fn batch(model: &DitConfig, clips: usize, references: usize) -> TrainBatch {
    let frames = 12;
    let wave = |i: usize, j: usize, k: usize| ((i * 31 + j * 7 + k) as f32 * 0.37).sin();
    let rows = |i: usize, rows: usize, width: usize| Array2::from_shape_fn((rows, width), |(j, k)| wave(i, j, k));
    let condition = |i: usize| {
        if i < references {
            Condition::reference(rows(i + 3, frames, 138))
        } else {
            Condition::Text(rows(i, 6, model.text_dim))
        }
    };
    let lengths = (0..clips).map(|i| 4 + (5 * i) % 9).collect();
    TrainBatch {
        motion: Array3::from_shape_fn((clips, frames, 276), |(i, j, k)| wave(i, j, k)),
        clips: ClipBatch::new((0..clips).map(condition).collect(), lengths).unwrap(),
        channel_weights: Array2::from_shape_fn((clips, 276), |(i, c)| f32::from(u8::from(i != 1 || c < 126))),
    }
}

/// A recipe whose steps move the weights.
pub(super) fn recipe() -> TrainConfig {
    TrainConfig { batch_size: 8, lr: 1e-3, warmup_steps: 1, ema_decay: 0.5, ..TrainConfig::default() }
}

pub(super) fn new(config: &TrainConfig) -> Trainer {
    Trainer::new(&tiny(), config, &Device::flex()).unwrap()
}

pub(super) fn resumed(config: &TrainConfig, folder: &Path) -> Trainer {
    Trainer::resume(&tiny(), config, &Device::flex(), folder).unwrap().unwrap()
}

/// One step with the trainer's own draws.
pub(super) fn step(trainer: &mut Trainer, batch: &TrainBatch) -> StepReport {
    let draws = trainer.draws(batch);
    trainer.train_step(batch, &draws).unwrap()
}

pub(super) fn steps(mut trainer: Trainer, batch: &TrainBatch, steps: usize) -> Trainer {
    for _ in 0..steps {
        step(&mut trainer, batch);
    }
    trainer
}

pub(super) fn trained(config: &TrainConfig, batch: &TrainBatch, count: usize) -> Trainer {
    steps(new(config), batch, count)
}

pub(crate) fn weights(dit: &crate::Dit) -> BTreeMap<String, Vec<f32>> {
    state_dict(dit, WeightDtype::F32).into_iter().map(|(name, entry)| (name, entry.to_f32())).collect()
}

/// Maximum difference of the weights.
pub(super) fn distance(a: &crate::Dit, b: &crate::Dit) -> f32 {
    let (a, b) = (weights(a), weights(b));
    let differences = a.iter().flat_map(|(name, values)| values.iter().zip(&b[name]).map(|(a, b)| (a - b).abs()));
    differences.fold(0.0, f32::max)
}

fn gradients(config: &TrainConfig, model: &DitConfig, batch: &TrainBatch) -> BTreeMap<String, ArrayD<f32>> {
    let mut trainer = Trainer::new(model, &TrainConfig::default(), &Device::flex()).unwrap();
    trainer.engine = Engine::new(config, &Device::flex()).unwrap();
    let draws = trainer.draws(batch);
    let (grads, _) = trainer.engine.gradients(&trainer.dit, batch, &draws).unwrap();
    by_name(&trainer.dit, &grads).unwrap()
}

fn assert_close(got: &BTreeMap<String, ArrayD<f32>>, want: &BTreeMap<String, ArrayD<f32>>, tolerance: f32, what: &str) {
    assert_eq!(got.keys().collect::<Vec<_>>(), want.keys().collect::<Vec<_>>(), "{what}");
    for (name, want) in want {
        let largest = want.iter().fold(0f32, |m, v| m.max(v.abs()));
        let off = got[name].iter().zip(want).fold(0f32, |m, (a, b)| m.max((a - b).abs()));
        assert!(off <= tolerance * largest, "{what}, {name}: {off:e} of {largest:e}");
    }
}

#[test]
fn parts_one_after_another_train_like_the_whole_batch() {
    let batch = batch(&tiny(), 7, 3);
    let whole = trained(&recipe(), &batch, 4);
    for (accumulation, parallel_parts) in [(2, 1), (8, 1), (3, 2)] {
        let parts = trained(&TrainConfig { accumulation, parallel_parts, ..recipe() }, &batch, 4);
        let off = distance(&whole.model(), &parts.model());
        assert!(off < 1e-5, "{accumulation} parts, {parallel_parts} side by side: the weights differ by {off:e}");
    }
    assert!(distance(&whole.model(), &trained(&recipe(), &batch, 3).model()) > 1e-4, "the weights do not move");
}

#[test]
fn the_report_of_parallel_parts_is_that_of_the_whole_batch() {
    let batch = batch(&tiny(), 5, 2);
    let reports = |parallel_parts: usize| {
        let mut trainer = new(&TrainConfig { parallel_parts, ..recipe() });
        (0..3).map(|_| step(&mut trainer, &batch)).collect::<Vec<_>>()
    };
    for (whole, parts) in reports(1).iter().zip(reports(2)) {
        let groups = |loss: LossValues| [loss.total, loss.text.unwrap(), loss.ref_motion.unwrap()];
        for (whole, parts) in groups(whole.loss).into_iter().zip(groups(parts.loss)) {
            approx::assert_relative_eq!(whole, parts, max_relative = 1e-5);
        }
        approx::assert_relative_eq!(whole.grad_norm, parts.grad_norm, max_relative = 1e-4);
    }
}

#[test]
fn a_batch_of_fewer_clips_than_parallel_parts_is_trained_on() {
    let last = batch(&tiny(), 5, 2).select(&[1, 4]);
    let report = |parallel_parts| step(&mut new(&TrainConfig { parallel_parts, ..recipe() }), &last).loss;
    let (whole, parts) = (report(1), report(3));
    approx::assert_relative_eq!(whole.total, parts.total, max_relative = 1e-5);
    assert!(parts.text.is_some() && parts.ref_motion.is_some());
}

#[test]
fn recomputed_activations_give_the_same_gradients() {
    let split = DitConfig { reference: false, split_head: true, ..tiny() };
    for (model, references) in [(tiny(), 2), (tiny(), 0), (tiny(), 5), (split, 0)] {
        let batch = batch(&model, 5, references);
        let kept = gradients(&recipe(), &model, &batch);
        let recomputed = gradients(&TrainConfig { checkpoint_activations: true, ..recipe() }, &model, &batch);
        // The sums over blocks are made in another order.
        assert_close(&recomputed, &kept, 1e-5, &format!("{references} references"));
    }
}

#[test]
fn frozen_weights_and_their_average_stay_bit_for_bit() {
    let batch = batch(&tiny(), 4, 2);
    let untouched = weights(&trained(&recipe(), &batch, 0).model());
    for checkpoint_activations in [false, true] {
        let trainable_modules = vec!["ref_motion".to_string(), ".ffn.0.".to_string()];
        let trainer = trained(&TrainConfig { trainable_modules, checkpoint_activations, ..recipe() }, &batch, 3);
        for (kind, dit) in [("weights", &trainer.model()), ("average", trainer.ema())] {
            for (name, values) in weights(dit) {
                let chosen = name.contains("ref_motion") || name.contains(".ffn.0.");
                assert_eq!(values != untouched[&name], chosen, "{kind}, {name}");
            }
        }
    }
}

#[test]
fn a_batch_that_reaches_nothing_trainable_changes_nothing() {
    let text_only = batch(&tiny(), 3, 0);
    for checkpoint_activations in [false, true] {
        let config = TrainConfig { trainable_modules: vec!["ref_motion".into()], checkpoint_activations, ..recipe() };
        let trainer = trained(&config, &text_only, 2);
        assert_eq!(distance(&trainer.model(), &trained(&recipe(), &text_only, 0).model()), 0.0);
    }
}

#[test]
fn a_part_of_a_name_that_no_parameter_has_is_an_error() {
    let config = TrainConfig { trainable_modules: vec!["ffn".into(), "cross_atn".into()], ..recipe() };
    let error = Trainer::new(&tiny(), &config, &Device::flex()).err().unwrap().to_string();
    assert!(error.contains("trainable_modules") && error.contains("cross_atn"), "{error}");
}

#[test]
fn bf16_has_the_gradients_of_f32_to_its_precision() {
    let batch = batch(&tiny(), 5, 2);
    let wide = gradients(&recipe(), &tiny(), &batch);
    for checkpoint_activations in [false, true] {
        let config = TrainConfig { precision: Precision::Bf16, checkpoint_activations, ..recipe() };
        let narrow = gradients(&config, &tiny(), &batch);
        assert_eq!(narrow.keys().collect::<Vec<_>>(), wide.keys().collect::<Vec<_>>());
        let norm = |of: &dyn Fn(&str, usize) -> f32| -> f64 {
            let squares = wide.iter().flat_map(|(name, v)| (0..v.len()).map(move |i| f64::from(of(name, i)).powi(2)));
            squares.sum::<f64>().sqrt()
        };
        let at = |of: &BTreeMap<String, ArrayD<f32>>, name: &str, i: usize| of[name].as_slice().unwrap()[i];
        let off = norm(&|name, i| at(&narrow, name, i) - at(&wide, name, i)) / norm(&|name, i| at(&wide, name, i));
        // bf16 has 8 bits: 0.004. Equal gradients would mean that nothing was narrowed.
        assert!((1e-4..0.02).contains(&off), "relative distance {off:e}");
    }
}

/// Parameters in bf16.
pub(super) fn rounded() -> TrainConfig {
    TrainConfig { precision: Precision::Bf16, parameters: Precision::Bf16, ..recipe() }
}

pub(super) fn exact(trainer: &Trainer) -> BTreeMap<String, Vec<f32>> {
    weights(&trainer.optimizer.whole(&trainer.dit, None).unwrap())
}

#[test]
fn updates_smaller_than_bf16_can_hold_add_up_in_the_exact_values() {
    let batch = batch(&tiny(), 5, 2);
    let config = TrainConfig { lr: 1e-5, ..rounded() };
    let [before, narrow] = [0, 6].map(|steps| trained(&config, &batch, steps));
    let wide = trained(&TrainConfig { parameters: Precision::F32, ..config }, &batch, 6);
    let (start, exact, wide) = (exact(&before), exact(&narrow), weights(&wide.model()));
    assert_eq!(start, weights(&trained(&recipe(), &batch, 0).model()));
    let (mut moved, mut off, mut kept) = (0.0, 0.0, 0);
    for (name, rounded) in weights(&narrow.model()) {
        for (i, rounded) in rounded.into_iter().enumerate() {
            let (start, exact) = (start[&name][i], exact[&name][i]);
            assert_eq!(half::bf16::from_f32(exact).to_f32(), rounded, "{name}");
            moved += f64::from(wide[&name][i] - start).powi(2);
            off += f64::from(wide[&name][i] - exact).powi(2);
            kept += usize::from(exact != start && half::bf16::from_f32(start).to_f32() == rounded);
        }
    }
    let off = (off / moved).sqrt();
    assert!(off < 0.3, "{off} of the way of f32 parameters");
    assert!(kept * 2 > narrow.parameter_bytes() / 2, "{kept} steps below the precision of bf16");
}

#[test]
fn a_run_with_rounded_parameters_learns_like_one_without_and_resumes_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let batch = batch(&tiny(), 5, 2);
    let losses = |config: &TrainConfig| {
        let mut trainer = new(config);
        (0..60).map(|_| step(&mut trainer, &batch).loss.total).skip(40).sum::<f64>() / 20.0
    };
    let (narrow, wide) = (losses(&rounded()), losses(&recipe()));
    assert!((narrow / wide - 1.0).abs() < 0.02, "{narrow} and {wide}");

    trained(&rounded(), &batch, 2).save_checkpoint(folder.path()).unwrap();
    let parts = steps(resumed(&rounded(), folder.path()), &batch, 2);
    let straight = trained(&rounded(), &batch, 4);
    assert_eq!(exact(&parts), exact(&straight));
    assert_eq!(weights(parts.ema()), weights(straight.ema()));
    // In f32 such a run goes on from the exact values.
    let wide = resumed(&recipe(), folder.path());
    assert_eq!(weights(&wide.model()), exact(&trained(&rounded(), &batch, 2)));
}

fn with_lora() -> TrainConfig {
    let lora = LoraConfig { rank: 3, alpha: 6.0, targets: vec!["self_attn.q".into(), ".ffn.".into()] };
    TrainConfig { lora: Some(lora), lr: 1e-2, ..recipe() }
}

#[test]
fn adapters_are_learnt_while_the_weights_stay() {
    let batch = batch(&tiny(), 5, 2);
    let before = trained(&recipe(), &batch, 0);
    let untrained = trained(&with_lora(), &batch, 0);
    assert_eq!(weights(&untrained.model()), weights(&before.model()), "new adapters change something");
    for checkpoint_activations in [false, true] {
        let after = trained(&TrainConfig { checkpoint_activations, ..with_lora() }, &batch, 5);
        let (draws, kept) = (before.draws(&batch), after.evaluate(&batch, &before.draws(&batch)).unwrap());
        assert!(kept.total < before.evaluate(&batch, &draws).unwrap().total);
        let before = weights(&before.model());
        for (name, values) in weights(&after.model()) {
            let target = name.ends_with("weight") && (name.contains("self_attn.q.") || name.contains(".ffn."));
            assert_eq!(values != before[&name], target, "{name}");
        }
    }
}

#[test]
fn adapters_are_saved_apart_and_merged_into_the_weights_at_load() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("adapters.safetensors");
    let batch = batch(&tiny(), 5, 2);
    let trainer = trained(&with_lora(), &batch, 4);
    trainer.save_lora(&path).unwrap();
    let base = trained(&recipe(), &batch, 0).model();
    let merged = crate::weights::merge_lora(base.clone(), &path).unwrap();
    let off = distance(&merged, trainer.ema());
    assert!(off < 1e-6 && distance(&merged, &base) > 1e-4, "{off:e}");
    let packed = crate::weights::merge_lora(base.clone().pack(WeightDtype::Bf16), &path).unwrap();
    let off = distance(&packed, trainer.ema());
    assert!(packed.packed_bytes() > 0 && off < 4e-3, "{off:e}");

    let other = crate::Dit::new(&DitConfig { num_layers: 2, ..tiny() }, &Device::flex()).unwrap();
    let error = crate::weights::merge_lora(other, &path).unwrap_err().to_string();
    assert!(error.contains("blocks.2."), "{error}");
    let wider = crate::Dit::new(&DitConfig { dim: 64, ..tiny() }, &Device::flex()).unwrap();
    let error = crate::weights::merge_lora(wider, &path).unwrap_err().to_string();
    assert!(error.contains("lora_A"), "{error}");
}

#[test]
fn a_run_with_adapters_resumes_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let batch = batch(&tiny(), 4, 1);
    trained(&with_lora(), &batch, 2).save_checkpoint(folder.path()).unwrap();
    let parts = steps(resumed(&with_lora(), folder.path()), &batch, 2);
    assert_eq!(weights(&parts.model()), weights(&trained(&with_lora(), &batch, 4).model()));
}

#[test]
fn impossible_adapters_are_named() {
    let error = |config: TrainConfig| Trainer::new(&tiny(), &config, &Device::flex()).err().unwrap().to_string();
    let lora = |lora: LoraConfig| error(TrainConfig { lora: Some(lora), ..recipe() });
    assert!(lora(LoraConfig { rank: 0, ..LoraConfig::default() }).contains("lora.rank"));
    assert!(lora(LoraConfig { alpha: f64::NAN, ..LoraConfig::default() }).contains("lora.alpha"));
    let targets = vec!["attn".to_string(), "norm3".to_string()];
    assert!(lora(LoraConfig { targets, ..LoraConfig::default() }).contains("norm3"));
    assert!(error(TrainConfig { trainable_modules: vec!["ffn".into()], ..with_lora() }).contains("trainable_modules"));
    let none = trained(&recipe(), &batch(&tiny(), 2, 0), 0);
    assert!(none.save_lora("never-written.safetensors").unwrap_err().to_string().contains("lora"));
}

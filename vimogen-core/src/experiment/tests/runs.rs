//! Runs: what they write, how they stop, go on and fail.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use super::super::{Event, Experiment, Finished, Resume, Run};
use super::{tiny, tiny_experiment};
use crate::data::corruption::Rate;
use crate::data::{Batches, ConditionMix, Corruption, ProceduralLoader};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::text::WordEncoder;
use crate::train::tests::weights;
use crate::train::{LossWeighting, LrSchedule, TrainBatch, TrainConfig, Trainer, checkpoint};
use crate::weights::WeightDtype;
use crate::{Dit, Pipeline};

fn run(experiment: Experiment, resume: Resume) -> Run {
    Run::new(experiment, &Device::flex(), &resume).unwrap()
}

fn quiet(run: &mut Run) -> Finished {
    run.train(&mut |_| ControlFlow::Continue(())).unwrap()
}

/// Whether two models are the same to the last bit.
pub(super) fn same(a: &Dit, b: &Dit) -> bool {
    weights(a) == weights(b)
}

/// Trains, and gives the notes with the end.
fn noted(run: &mut Run) -> (Result<Finished>, Vec<String>) {
    let mut notes = vec![];
    let finished = run.train(&mut |event| {
        if let Event::Note(note) = event {
            notes.push(note.to_string());
        }
        ControlFlow::Continue(())
    });
    (finished, notes)
}

#[test]
fn a_run_leaves_checkpoints_tables_curves_samples_and_a_plot() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let set = ["experiment.visualize_every=4", "experiment.visualize_clips=2", "parallel.fsdp=true"];
    let mut run = run(tiny(folder.path(), &out, &set), Resume::Auto);
    let (mut notes, mut logged, mut samples) = (vec![], vec![], 0);
    let finished = run.train(&mut |event| {
        match event {
            Event::Note(note) => notes.push(note.to_string()),
            Event::Step(line) if line.logged => logged.push((line.step, line.to_string())),
            Event::Samples(_) => samples += 1,
            _ => {}
        }
        ControlFlow::Continue(())
    });
    assert_eq!(finished.unwrap(), Finished { steps: 7, stopped: false, skipped: 0 });
    assert!(notes.iter().any(|note| note.contains("ignored: parallel.fsdp")), "{notes:?}");
    assert_eq!(logged.iter().map(|(step, _)| *step).collect::<Vec<_>>(), [2, 4, 6]);
    assert!(logged[0].1.contains("samples/s") && logged[0].1.contains("left 0:"), "{}", logged[0].1);
    let steps: Vec<usize> = checkpoint::list(&out.join("checkpoints")).into_iter().map(|(step, _)| step).collect();
    assert_eq!((steps, samples), (vec![6, 7], 1));
    for file in ["log.csv", "quality.csv", "loss.svg", "samples/00000004/00.npz", "samples/00000004/player.html"] {
        assert!(out.join(file).is_file(), "{file}");
    }
    let table = std::fs::read_to_string(out.join("log.csv")).unwrap();
    assert_eq!(table.lines().count(), 4, "{table}");
    assert_eq!(std::fs::read_dir(out.join("tensorboard")).unwrap().count(), 1);
}

#[test]
fn a_stopped_run_goes_on_to_the_weights_of_one_that_was_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut whole = run(tiny(folder.path(), &folder.path().join("whole"), &[]), Resume::Never);
    quiet(&mut whole);
    let out = folder.path().join("parts");
    let mut first = run(tiny(folder.path(), &out, &["dataloader.num_workers=1"]), Resume::Never);
    let stop = |event: Event<'_>| match event {
        Event::Step(line) if line.step == 4 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let stopped = first.train(&mut { stop }).unwrap();
    assert_eq!(stopped, Finished { steps: 4, stopped: true, skipped: 0 });
    let refused = Run::new(tiny(folder.path(), &out, &[]), &Device::flex(), &Resume::Never).err().unwrap();
    assert!(refused.to_string().contains("checkpoint of step 4"), "{refused}");
    let mut second = run(tiny(folder.path(), &out, &[]), Resume::Auto);
    assert_eq!(second.trainer().steps_done(), 4);
    quiet(&mut second);
    assert!(same(&whole.trainer.model(), &second.trainer.model()));
    assert!(same(whole.trainer.ema(), second.trainer.ema()));
    assert!(!same(&whole.trainer.model(), whole.trainer.ema()));
    let table = std::fs::read_to_string(out.join("log.csv")).unwrap();
    assert_eq!(table.lines().count(), 4, "{table}");
    assert_eq!(quiet(&mut second).steps, 7);
    let elsewhere = tiny(folder.path(), &folder.path().join("elsewhere"), &[]);
    let third = run(elsewhere.clone(), Resume::From(out));
    assert_eq!(third.trainer().steps_done(), 7);
    let none = Run::new(elsewhere, &Device::flex(), &Resume::From(folder.path().join("none"))).err().unwrap();
    assert!(matches!(none, Error::NotFound { .. }), "{none}");
}

/// Batches of which the steps `from..to` have no finite loss.
struct Exploding {
    inner: Arc<dyn Batches>,
    from: usize,
    to: usize,
}

impl Batches for Exploding {
    fn batch(&self, step: usize) -> Result<TrainBatch> {
        let mut batch = self.inner.batch(step)?;
        if (self.from..self.to).contains(&step) {
            batch.motion.fill(1e30);
        }
        Ok(batch)
    }
}

fn exploding(folder: &Path, to: usize) -> Run {
    let set = ["solver.num_steps=15", "experiment.checkpoint_every=100"];
    let mut run = run(tiny(folder, &folder.join(format!("out{to}")), &set), Resume::Never);
    run.source.batches = Arc::new(Exploding { inner: run.source.batches.clone(), from: 2, to });
    run
}

#[test]
fn steps_whose_loss_is_not_finite_are_skipped_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (finished, notes) = noted(&mut exploding(folder.path(), 5));
    assert_eq!(finished.unwrap(), Finished { steps: 15, stopped: false, skipped: 3 });
    assert_eq!(notes.iter().filter(|note| note.contains("skipped")).count(), 3, "{notes:?}");
}

#[test]
fn ten_such_steps_in_a_row_end_the_run_with_a_saved_state() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = exploding(folder.path(), 15);
    let error = run.train(&mut |_| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(&error, Error::Diverged { reason } if reason.contains("10 steps in a row")), "{error}");
    let saved = checkpoint::list(&folder.path().join("out15/checkpoints"));
    assert_eq!(saved.iter().map(|(step, _)| *step).collect::<Vec<_>>(), [12]);
}

#[test]
fn too_many_bad_clips_end_the_run_with_a_saved_state_that_goes_on_once_they_are_mended() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let experiment = || tiny(folder.path(), &out, &["dataloader.batch_size=1", "solver.num_steps=9"]);
    let mut broken = run(experiment(), Resume::Auto);
    let whole = std::fs::read(folder.path().join("3.npy")).unwrap();
    std::fs::write(folder.path().join("3.npy"), b"half").unwrap();
    let (error, notes) = noted(&mut broken);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("max_bad_fraction") && error.contains("3.npy"), "{error}");
    assert!(notes.iter().any(|note| note.contains("clip 3 is left out")), "{notes:?}");
    std::fs::write(folder.path().join("3.npy"), whole).unwrap();
    // Five clips in one-clip batches: an epoch comes to the third one.
    let mut mended = run(experiment(), Resume::Auto);
    assert_eq!(quiet(&mut mended).steps, 9);
}

#[test]
fn the_average_is_exported_as_a_model_that_loads() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = run(tiny(folder.path(), &folder.path().join("out"), &[]), Resume::Auto);
    quiet(&mut run);
    let model = folder.path().join("model");
    run.export(&model, WeightDtype::F32).unwrap();
    let pipeline = Pipeline::open(&model).unwrap();
    assert!(same(pipeline.dit(), run.trainer.ema()));
    assert_eq!(pipeline.config().notes["trained_steps"], 7);
    assert_eq!(pipeline.null_context().dim(), (3, 6));
}

/// `make nano` with a small network, against its steps written out.
#[test]
fn the_built_in_model_s_experiment_does_the_steps_of_a_trainer_on_procedural_batches() {
    let folder = tempfile::tempdir().unwrap();
    let out = format!("experiment.output_dir={:?}", folder.path());
    let small = ["model.dim=16", "model.ffn_dim=24", "model.freq_dim=8", "model.num_heads=2", "solver.warmup_steps=2"];
    let short = ["dataloader.batch_size=4", "experiment.visualize_every=0", "solver.num_steps=4"];
    let set: Vec<String> = small.iter().chain(&short).map(|s| s.to_string()).chain([out]).collect();
    let yaml = include_str!("../../../../examples/nano.yaml");
    let experiment = Experiment::parse(yaml, &set).unwrap();
    let train = TrainConfig {
        num_steps: 4,
        batch_size: 4,
        lr: 1e-3,
        betas: (0.9, 0.98),
        weight_decay: 0.01,
        warmup_steps: 2,
        lr_schedule: LrSchedule::StableDecay,
        loss_weighting: LossWeighting::Uniform,
        grad_clip: 1.0,
        ema_decay: 0.999,
        ema_warmup: Some(true),
        parallel_parts: 2,
        seed: 7,
        ..TrainConfig::default()
    };
    let corruption = Corruption {
        corrupt_rate: Rate::Pair([0.0, 0.4]),
        noise_scale: Rate::Pair([0.05, 0.15]),
        replace_noise_rate: Rate::Pair([0.03, 0.08]),
        temporal_dropout_rate: 0.02,
        ..Corruption::default()
    };
    let mix = ConditionMix { text: 0.85, null_text: 0.1, corruption, ..ConditionMix::default() };
    let loader = ProceduralLoader::new(7, 4, 32, mix, Arc::new(WordEncoder::builtin().unwrap())).unwrap();
    let mut trainer = Trainer::new(&experiment.model, &train, &Device::flex()).unwrap();
    for step in 0..4 {
        let batch = loader.batch(step).unwrap();
        let draws = trainer.draws(&batch);
        trainer.train_step(&batch, &draws).unwrap();
    }
    let mut run = run(experiment, Resume::Auto);
    quiet(&mut run);
    assert!(same(&trainer.model(), &run.trainer.model()) && same(trainer.ema(), run.trainer.ema()));
    let model = folder.path().join("model");
    run.export(&model, WeightDtype::F32).unwrap();
    let pipeline = Pipeline::open(&model).unwrap();
    let (ours, built_in) = (pipeline.config(), Pipeline::builtin().unwrap().config().clone());
    assert_eq!((&ours.text_encoder, ours.generation), (&built_in.text_encoder, built_in.generation));
    assert_eq!(ours.notes["text_encoder_fingerprint"], built_in.notes["text_encoder_fingerprint"]);
}

#[test]
fn duplicates_in_a_manifest_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    tiny_experiment(folder.path(), folder.path(), 3);
    let path = folder.path().join("clips.json");
    let mut entries: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let mut again = entries[1].clone();
    again["id"] = "again".into();
    entries.push(again);
    let text = serde_json::Value::from(entries).to_string();
    let experiment = tiny(folder.path(), &folder.path().join("out"), &[]);
    std::fs::write(&path, text).unwrap();
    let (finished, notes) = noted(&mut run(experiment, Resume::Auto));
    assert_eq!(finished.unwrap().steps, 7);
    assert!(notes.iter().any(|note| note.contains("again = 1")), "{notes:?}");
}

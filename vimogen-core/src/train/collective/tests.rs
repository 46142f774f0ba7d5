use std::sync::Arc;

use ndarray::Array2;

use super::{Collective, Threads};
use crate::model::{ClipBatch, Condition};
use crate::train::tests::{batch, distance, exact, new, recipe, resumed, rounded, tiny, weights};
use crate::train::{NoiseDraw, TrainBatch, TrainConfig, Trainer};
use crate::{Dit, Error};

const STEPS: usize = 20;

/// The batch and the draws of a step, of all processes.
fn whole(step: usize) -> (TrainBatch, NoiseDraw) {
    // The last clips attend to a reference in some steps and are those of the last process.
    let mut batch = batch(&tiny(), 8, 0);
    batch.motion.mapv_inplace(|v| (v + step as f32).sin());
    let mut conditions = batch.clips.conditions().to_vec();
    conditions[8 - step % 3..].fill(Condition::reference(Array2::from_elem((12, 138), 0.3)));
    batch.clips = ClipBatch::new(conditions, batch.clips.frame_lengths().to_vec()).unwrap();
    let mut trainer = new(&recipe());
    trainer.step = step;
    let draws = trainer.draws(&batch);
    (batch, draws)
}

/// A trainer that has joined the group.
fn joined(config: &TrainConfig, member: Arc<dyn Collective>) -> Trainer {
    let mut trainer = new(config);
    trainer.join(member).unwrap();
    trainer
}

fn train(config: &TrainConfig, collective: Option<Arc<dyn Collective>>) -> Trainer {
    let (rank, size) = collective.as_ref().map_or((0, 1), |c| (c.rank(), c.size()));
    let mut trainer = collective.map_or_else(|| new(config), |member| joined(config, member));
    for step in 0..STEPS {
        let (batch, draws) = whole(step);
        let rows: Vec<usize> = (0..batch.len()).filter(|i| i * size / batch.len() == rank).collect();
        trainer.train_step(&batch.select(&rows), &draws.select(&rows)).unwrap();
    }
    trainer
}

/// Runs one function as each member of a group.
fn group<T: Send>(size: usize, run: impl Fn(Arc<dyn Collective>) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let run = &run;
        let members = Threads::group(size).into_iter();
        let threads: Vec<_> = members.map(|member| scope.spawn(move || run(Arc::new(member)))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn models(config: &TrainConfig, size: usize) -> Vec<(Dit, Dit)> {
    group(size, |member| {
        // Other weights than those of process 0, which are to be taken.
        let seed = if member.rank() == 0 { config.seed } else { 7 };
        let trainer = train(&TrainConfig { seed, ..config.clone() }, Some(member));
        (trainer.model(), trainer.ema().clone())
    })
}

#[test]
fn two_and_four_processes_train_like_one_with_the_larger_batch() {
    let alone = train(&recipe(), None);
    for (size, shard_optimizer) in [(2, false), (4, false), (2, true), (4, true)] {
        let models = models(&TrainConfig { shard_optimizer, ..recipe() }, size);
        let (model, average) = &models[0];
        let off = distance(&alone.model(), model).max(distance(alone.ema(), average));
        assert!(off < 1e-5, "{size} processes: the weights differ by {off:e}");
        for (other, _) in &models[1..] {
            assert_eq!(weights(model), weights(other), "the processes drift apart");
        }
    }
}

#[test]
fn the_report_of_a_step_is_that_of_all_clips() {
    let mut alone = new(&recipe());
    let (batch, draws) = whole(2);
    let want = alone.train_step(&batch, &draws).unwrap();
    let reports = group(2, |member| {
        let rank = member.rank();
        let mut trainer = joined(&recipe(), member);
        let rows: Vec<usize> = (4 * rank..4 * rank + 4).collect();
        trainer.train_step(&batch.select(&rows), &draws.select(&rows)).unwrap()
    });
    assert_eq!(reports[0], reports[1]);
    let close = |got: f64, want: f64| assert!((got - want).abs() < 1e-5 * want, "{got} is not {want}");
    let (loss, whole) = (reports[0].loss, want.loss);
    close(loss.total, whole.total);
    close(loss.text.unwrap(), whole.text.unwrap());
    close(loss.ref_motion.unwrap(), whole.ref_motion.unwrap());
    close(reports[0].grad_norm, want.grad_norm);
}

#[test]
fn processes_draw_different_numbers() {
    let batch = batch(&tiny(), 2, 0);
    let draws = group(2, |member| joined(&recipe(), member).draws(&batch).noise);
    assert_ne!(draws[0], draws[1]);
}

#[test]
fn a_process_that_is_gone_ends_the_others_with_an_error() {
    let results = group(3, |member| {
        let rank = member.rank();
        let mut trainer = joined(&recipe(), member);
        if rank == 1 {
            return Ok(());
        }
        let (batch, draws) = whole(0);
        trainer.train_step(&batch, &draws).map(|_| ())
    });
    assert!(
        matches!(results[0], Err(Error::ProcessGroup { .. })) && matches!(results[2], Err(Error::ProcessGroup { .. }))
    );
}

#[test]
fn a_step_that_fails_in_one_process_fails_in_all() {
    let results = group(2, |member| {
        let rank = member.rank();
        let mut trainer = joined(&recipe(), member);
        let (mut batch, draws) = whole(0);
        if rank == 1 {
            batch.motion[[0, 0, 0]] = f32::NAN;
        }
        let first = trainer.train_step(&batch, &draws).map(|_| ()).unwrap_err();
        // The group goes on.
        let (batch, draws) = whole(1);
        trainer.train_step(&batch, &draws).unwrap();
        first
    });
    assert!(results[0].to_string().contains("another process"), "{}", results[0]);
    assert!(results[1].to_string().contains("motion"), "{}", results[1]);
}

#[test]
fn a_checkpoint_of_several_processes_goes_on_with_another_number_of_them() {
    for shard_optimizer in [false, true] {
        checkpoint_of_two(&TrainConfig { shard_optimizer, ..recipe() });
    }
}

fn checkpoint_of_two(recipe: &TrainConfig) {
    let folder = tempfile::tempdir().unwrap();
    let go_on = |from: Option<Arc<dyn Collective>>, trainer: &mut Trainer| {
        let (rank, size) = from.as_ref().map_or((0, 1), |c| (c.rank(), c.size()));
        if let Some(member) = from {
            trainer.join(member).unwrap();
        }
        for step in trainer.steps_done()..trainer.steps_done() + 3 {
            let (batch, draws) = whole(step);
            let rows: Vec<usize> = (0..8).filter(|i| i * size / 8 == rank).collect();
            trainer.train_step(&batch.select(&rows), &draws.select(&rows)).unwrap();
        }
    };
    group(2, |member| {
        let mut trainer = new(recipe);
        go_on(Some(member), &mut trainer);
        let path = trainer.save_checkpoint(folder.path()).unwrap();
        assert!(path.join("state.json").is_file());
    });
    let again = || resumed(recipe, folder.path());
    let mut alone = again();
    go_on(None, &mut alone);
    let four = group(4, |member| {
        let mut trainer = again();
        go_on(Some(member), &mut trainer);
        trainer.model()
    });
    assert_eq!(alone.steps_done(), 6);
    let off = distance(&alone.model(), &four[0]);
    assert!(off < 1e-5, "the weights differ by {off:e}");
}

#[test]
fn processes_at_different_steps_do_not_train_together() {
    let results = group(2, |member| {
        let mut trainer = new(&recipe());
        trainer.step = member.rank();
        trainer.join(member)
    });
    assert!(results.iter().all(|result| result.as_ref().unwrap_err().to_string().contains("steps")));
}

#[test]
fn shared_out_moments_are_each_process_s_part_and_change_nothing() {
    let whole = models(&recipe(), 2);
    let config = TrainConfig { shard_optimizer: true, ..recipe() };
    let shared = models(&config, 2);
    assert_eq!(weights(&whole[0].0), weights(&shared[0].0));
    let alone = train(&config, None).optimizer_bytes();
    assert_eq!(alone, 8 * weights(&whole[0].0).values().map(Vec::len).sum::<usize>());
    let parts = group(4, |member| train(&config, Some(member)).optimizer_bytes());
    assert_eq!(parts.iter().sum::<usize>(), alone, "{parts:?}");
    // The largest parameter, of which there is one more or less, is the projection of the embedded time.
    let largest = 8 * 6 * tiny().dim * tiny().dim;
    assert!(parts.iter().all(|part| part.abs_diff(alone / 4) <= largest), "{parts:?} of {alone}");
}

#[test]
fn rounded_parameters_leave_their_exact_values_with_the_process_that_updates_them() {
    let folder = tempfile::tempdir().unwrap();
    let whole = models(&rounded(), 2);
    let config = TrainConfig { shard_optimizer: true, ..rounded() };
    let shared = models(&config, 2);
    assert_eq!(weights(&whole[0].0), weights(&shared[0].0));
    assert_eq!(weights(&shared[0].1), weights(&shared[1].1));
    let numbers = weights(&whole[0].0).values().map(Vec::len).sum::<usize>();
    let bytes = group(2, |member| {
        let trainer = train(&config, Some(member));
        trainer.save_checkpoint(folder.path()).unwrap();
        (trainer.parameter_bytes(), trainer.optimizer_bytes())
    });
    assert!(bytes.iter().all(|(parameters, _)| *parameters == 2 * numbers), "{bytes:?}");
    assert_eq!(bytes.iter().map(|(_, kept)| kept).sum::<usize>(), 12 * numbers, "{bytes:?}");
    // A checkpoint has the moments of all processes.
    let alone = resumed(&rounded(), folder.path());
    assert_eq!(weights(&alone.model()), weights(&shared[0].0));
    let wide = weights(&resumed(&recipe(), folder.path()).model());
    assert_eq!(exact(&alone), wide);
    assert_ne!(wide, weights(&alone.model()));
}

#[test]
fn a_checkpoint_that_cannot_be_written_is_an_error_in_all_processes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    for shard_optimizer in [false, true] {
        let results = group(3, |member| {
            let config = TrainConfig { shard_optimizer, ..recipe() };
            let mut trainer = joined(&config, member);
            let (batch, draws) = whole(0);
            trainer.train_step(&batch, &draws).unwrap();
            trainer.save_checkpoint(file.join("below"))
        });
        assert!(matches!(results[0], Err(Error::Io { .. })), "{results:?}");
        assert!(results[1..].iter().all(|result| matches!(result, Err(Error::ProcessGroup { .. }))), "{results:?}");
    }
}

//! Runs of several processes, here threads.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use super::super::{Event, Experiment, Finished, Resume, Run};
use super::runs::same;
use super::tiny;
use crate::device::Device;
use crate::train::checkpoint;
use crate::train::collective::Threads;
use crate::{Dit, Result};

/// Two members run, the first stopped after `stop` steps; each gives its end, its weights and the number of its
/// events.
fn two(folder: &Path, out: &Path, set: &[&str], stop: usize) -> Vec<Result<(Finished, Dit, usize)>> {
    tiny(folder, out, set);
    std::thread::scope(|scope| {
        let member = |member: Threads| {
            let text = std::fs::read_to_string(folder.join("tiny.yaml")).unwrap();
            let set: Vec<String> = set.iter().map(|s| s.to_string()).collect();
            let experiment = Experiment::parse(&text, &set)?;
            let mut run = Run::together(experiment, &Device::flex(), &Resume::Auto, Arc::new(member))?;
            let mut events = 0;
            let finished = run.train(&mut |event| {
                events += 1;
                match event {
                    Event::Step(line) if line.step == stop => ControlFlow::Break(()),
                    _ => ControlFlow::Continue(()),
                }
            })?;
            Ok((finished, run.trainer().model(), events))
        };
        let threads: Vec<_> = Threads::group(2).into_iter().map(|m| scope.spawn(move || member(m))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn two_processes_write_one_run_and_one_goes_on_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let set = ["solver.global_batch=4", "dataloader.batch_size=2", "parallel.shard_optimizer=true"];
    let ended: Vec<_> = two(folder.path(), &out, &set, 5).into_iter().map(Result::unwrap).collect();
    assert!(ended.iter().all(|(finished, ..)| finished.steps == 5 && finished.stopped));
    assert!(same(&ended[0].1, &ended[1].1), "the processes drift apart");
    assert!(ended[0].2 > 5 && ended[1].2 == 0, "{} and {} events", ended[0].2, ended[1].2);
    let steps: Vec<usize> = checkpoint::list(&out.join("checkpoints")).into_iter().map(|(step, _)| step).collect();
    assert_eq!(steps, [3, 5]);
    assert_eq!(std::fs::read_dir(out.join("tensorboard")).unwrap().count(), 1);

    let mut alone = Run::new(tiny(folder.path(), &out, &set), &Device::flex(), &Resume::Auto).unwrap();
    assert_eq!(alone.trainer().steps_done(), 5);
    let finished = alone.train(&mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!((finished.steps, finished.stopped), (7, false));
}

#[test]
fn clips_that_cannot_be_divided_are_an_error_in_all_processes() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let ended = two(folder.path(), &out, &["solver.global_batch=3"], 99);
    assert!(ended.iter().all(|ended| ended.as_ref().is_err_and(|e| e.to_string().contains("global_batch"))));
}

//! A run that is killed at any moment and resumed reaches the weights of an undisturbed one.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::super::{Experiment, Resume, Run};
use super::runs::same;
use super::tiny_experiment;
use crate::device::Device;
use crate::train::{Trainer, checkpoint};

/// Variable with the folder of the child process.
const FOLDER: &str = "VIMOGEN_TEST_KILLED_RUN";
const KILLS: usize = 20;
const STEPS: usize = 24;

fn experiment(folder: &Path, out: &Path) -> Experiment {
    // A checkpoint every other step, so that many kills fall into the writing of one.
    let set = ["experiment.checkpoint_every=2".to_string()];
    Experiment::parse(&tiny_experiment(folder, out, STEPS), &set).unwrap()
}

fn train(experiment: Experiment) -> Run {
    let mut run = Run::new(experiment, &Device::flex(), &Resume::Auto).unwrap();
    run.train(&mut |_| ControlFlow::Continue(())).unwrap();
    run
}

#[test]
#[ignore = "the child process of the test below"]
fn killed_run() {
    let folder = std::env::var_os(FOLDER).expect("the test below sets the folder");
    let out = Path::new(&folder).join("killed");
    let text = std::fs::read_to_string(Path::new(&folder).join("tiny.yaml")).unwrap();
    let set = [format!("experiment.output_dir={out:?}"), "experiment.checkpoint_every=2".into()];
    train(Experiment::parse(&text, &set).unwrap());
}

fn start(folder: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "experiment::tests::kill::killed_run"]).env(FOLDER, folder);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn a_run_killed_twenty_times_at_random_moments_reaches_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let whole = train(experiment(folder.path(), &folder.path().join("whole")));
    let killed = folder.path().join("killed");
    let newest = || checkpoint::list(&killed.join("checkpoints")).last().map_or(0, |(step, _)| *step);
    let check = || {
        let experiment = experiment(folder.path(), &killed);
        let found = Trainer::resume(&experiment.model, &experiment.train, &Device::flex(), killed.join("checkpoints"));
        let found = found.unwrap().unwrap();
        assert_eq!(found.steps_done(), STEPS);
        assert!(same(&whole.trainer.model(), &found.model()) && same(whole.trainer.ema(), found.ema()));
    };
    let start_of_first = Instant::now();
    assert!(start(folder.path()).wait().unwrap().success());
    let whole_run = start_of_first.elapsed();
    check();
    std::fs::remove_dir_all(&killed).unwrap();
    let mut rng = ChaCha12Rng::seed_from_u64(11);
    let (mut kills, mut under_way, mut finished) = (0, 0, 0);
    while kills < KILLS {
        let mut child = start(folder.path());
        std::thread::sleep(whole_run.mul_f64(rng.random_range(0.05..0.9)));
        match child.try_wait().unwrap() {
            None => {
                child.kill().unwrap();
                child.wait().unwrap();
                kills += 1;
                under_way += usize::from((1..STEPS).contains(&newest()));
            }
            Some(status) => {
                assert!(status.success(), "a resumed run failed");
                check();
                finished += 1;
                std::fs::remove_dir_all(&killed).unwrap();
            }
        }
    }
    assert!(start(folder.path()).wait().unwrap().success());
    check();
    assert!(under_way > KILLS / 4, "only {under_way} of {KILLS} kills hit a run that had begun ({finished} finished)");
}

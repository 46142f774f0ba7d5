//! Several processes under `mpirun`: this test program starts itself in them. Needs an MPI; `make test-mpi`.
#![cfg(feature = "mpi")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use burn::tensor::Device;
use ndarray::{Array2, Array3};
use rand::SeedableRng;
use vimogen_core::DitConfig;
use vimogen_core::model::{ClipBatch, Condition};
use vimogen_core::train::{NoiseDraw, TrainBatch, TrainConfig, Trainer, collective};
use vimogen_core::weights::{LoadOptions, WeightDtype, load_file, save, state_dict};

const CLIPS: usize = 8;
const FRAMES: usize = 10;
/// Environment variables of a worker.
const FOLDER: &str = "VIMOGEN_TEST_FOLDER";
const UNTIL: &str = "VIMOGEN_TEST_UNTIL";
const KILL_AT: &str = "VIMOGEN_TEST_KILL_AT";
const SHARD: &str = "VIMOGEN_TEST_SHARD";

fn sizes() -> DitConfig {
    DitConfig { dim: 32, ffn_dim: 48, num_heads: 2, num_layers: 2, text_dim: 16, text_len: 4, ..DitConfig::small() }
}

/// The batch of all processes in a step, and its random numbers.
fn whole(step: usize) -> (TrainBatch, NoiseDraw) {
    let wave = |i: usize, j: usize, k: usize| ((i * 31 + j * 7 + k + step) as f32 * 0.37).sin();
    let rows = |i: usize, rows: usize, width: usize| Array2::from_shape_fn((rows, width), |(j, k)| wave(i, j, k));
    let condition = |i: usize| {
        if i < 6 { Condition::Text(rows(i, 4, 16)) } else { Condition::reference(rows(i + 3, FRAMES, 138)) }
    };
    let clips = ClipBatch::new((0..CLIPS).map(condition).collect(), (0..CLIPS).map(|i| 4 + i % 7).collect()).unwrap();
    let batch = TrainBatch::new(Array3::from_shape_fn((CLIPS, FRAMES, 276), |(i, j, k)| wave(i, j, k)), clips);
    let draws = NoiseDraw::random(&batch, 1000, &mut rand_chacha::ChaCha12Rng::seed_from_u64(step as u64));
    (batch, draws)
}

/// The clips of one process.
fn share(step: usize, rank: usize, size: usize) -> (TrainBatch, NoiseDraw) {
    let (batch, draws) = whole(step);
    let rows: Vec<usize> = (0..CLIPS).filter(|i| i * size / CLIPS == rank).collect();
    (batch.select(&rows), draws.select(&rows))
}

/// Trains from the newest checkpoint of the folder, or from the start, with a checkpoint every five steps. `together`: one of
/// several processes; the value is `shard_optimizer`.
fn train(folder: &Path, until: usize, together: Option<bool>, kill_at: Option<usize>) {
    let config = TrainConfig::default().with_batch_size(CLIPS).with_lr(1e-3).with_warmup_steps(1);
    let config = config.with_ema_decay(0.5).with_shard_optimizer(together == Some(true));
    let device = Device::flex();
    let resumed = Trainer::resume(&sizes(), &config, &device, folder).unwrap();
    let mut trainer = resumed.unwrap_or_else(|| Trainer::new(&sizes(), &config, &device).unwrap());
    if together.is_some() {
        trainer.join(collective::mpi().unwrap()).unwrap();
    }
    let (rank, size) = (trainer.rank(), trainer.world_size());
    for step in trainer.steps_done()..until {
        if kill_at == Some(step) && rank == 1 {
            Command::new("kill").arg("-9").arg(std::process::id().to_string()).status().unwrap();
        }
        let (batch, draws) = share(step, rank, size);
        trainer.train_step(&batch, &draws).unwrap();
        if (step + 1) % 5 == 0 {
            trainer.save_checkpoint(folder).unwrap();
        }
    }
    if rank == 0 {
        save(&trainer.model(), folder.join("weights.safetensors"), WeightDtype::F32).unwrap();
    }
    trainer.finish();
    // The rank stays known after the others have left.
    assert_eq!((trainer.rank(), trainer.world_size()), (rank, size));
    if together.is_some() {
        assert!(trainer.any(true).is_err());
    }
}

#[test]
#[ignore = "a process of the other tests, which start it by mpirun"]
fn worker() {
    let folder = std::env::var_os(FOLDER).expect("the other tests name a folder");
    let number = |name: &str| std::env::var(name).ok().map(|v| v.parse().unwrap());
    let shard = std::env::var_os(SHARD).is_some();
    train(&PathBuf::from(folder), number(UNTIL).unwrap(), Some(shard), number(KILL_AT));
}

fn mpirun(processes: usize, folder: &Path, shard: bool, kill_at: Option<usize>) -> Output {
    let mut command = Command::new("mpirun");
    command.args(["-n", &processes.to_string()]).arg(std::env::current_exe().unwrap());
    command.args(["--exact", "worker", "--ignored", "--nocapture"]).env(FOLDER, folder).env(UNTIL, "20");
    if shard {
        command.env(SHARD, "1");
    }
    if let Some(step) = kill_at {
        command.env(KILL_AT, step.to_string());
    }
    // One thread each: there may be fewer cores than processes. The other variables let Open MPI run in a container.
    command.env("RAYON_NUM_THREADS", "1").env("OMPI_MCA_rmaps_base_oversubscribe", "1");
    command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    command.env("OMPI_MCA_btl_vader_single_copy_mechanism", "none");
    command.output().expect("mpirun is installed")
}

fn assert_equal(folder: &Path, alone: &Path) {
    let read = |folder: &Path| {
        let path = folder.join("weights.safetensors");
        let (dit, _) = load_file(path, &sizes(), &LoadOptions::default(), &Device::flex()).unwrap();
        state_dict(&dit, WeightDtype::F32)
    };
    let (got, want) = (read(folder), read(alone));
    for (name, want) in &want {
        for (got, want) in got[name].to_f32().iter().zip(want.to_f32()) {
            assert!((got - want).abs() < 1e-5, "{name}: {got} is not {want}");
        }
    }
}

#[test]
fn two_and_four_processes_train_like_one_with_the_larger_batch() {
    let alone = tempfile::tempdir().unwrap();
    train(alone.path(), 20, None, None);
    for (processes, shard) in [(2, false), (4, false), (4, true)] {
        let folder = tempfile::tempdir().unwrap();
        let output = mpirun(processes, folder.path(), shard, None);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_equal(folder.path(), alone.path());
    }
}

#[test]
fn a_killed_process_ends_the_others_and_the_last_checkpoint_goes_on_with_fewer() {
    let alone = tempfile::tempdir().unwrap();
    train(alone.path(), 20, None, None);
    let folder = tempfile::tempdir().unwrap();
    let output = mpirun(4, folder.path(), true, Some(13));
    assert!(!output.status.success());
    assert!(!folder.path().join("weights.safetensors").exists());
    let output = mpirun(2, folder.path(), false, None);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_equal(folder.path(), alone.path());
}

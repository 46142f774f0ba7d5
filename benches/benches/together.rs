//! A training step of two processes under MPI: the time for summing gradients, an upper bound on the gain from overlapping
//! it with the backward pass.
//!
//! `cargo bench --workspace --features vimogen-bench/mpi --bench together -- [nano | small]`; needs `mpirun`.
#![allow(clippy::print_stdout, reason = "a program that prints a table")]

use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use vimogen_bench::train_batch;
use vimogen_core::device::Device;
use vimogen_core::error::Result;
use vimogen_core::train::collective::{self, Collective};
use vimogen_core::train::{TrainConfig, Trainer};
use vimogen_core::{DitConfig, Pipeline};

/// Names the model in the processes.
const MODEL: &str = "VIMOGEN_BENCH_ROW";
/// Clips of each process.
const CLIPS: usize = 8;
const STEPS: usize = 15;

fn main() {
    if let Ok(model) = std::env::var(MODEL) {
        return measure(&model);
    }
    let asked = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    println!(
        "| model | step | waiting for the other process | packing and adding | of it adding |\n|---|---|---|---|---|"
    );
    for model in ["nano", "small"].into_iter().filter(|model| asked.as_deref().is_none_or(|asked| asked == *model)) {
        let mut command = Command::new("mpirun");
        command.args(["-n", "2"]).arg(std::env::current_exe().expect("this program has a path")).env(MODEL, model);
        // One thread each; the other variables let Open MPI run in a container.
        command.env("RAYON_NUM_THREADS", "1").env("OMPI_MCA_rmaps_base_oversubscribe", "1");
        command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
        command.env("OMPI_MCA_btl_vader_single_copy_mechanism", "none");
        assert!(command.status().is_ok_and(|status| status.success()), "mpirun failed");
    }
}

/// Times of one step.
#[derive(Clone, Copy, Default)]
struct Spent {
    waiting: Duration,
    adding: Duration,
    /// When all processes had their gradients, and when they were added.
    from_to: Option<(Instant, Instant)>,
}

/// A group that looks at the clock.
struct Timed {
    inner: Arc<dyn Collective>,
    spent: Mutex<Spent>,
}

impl Timed {
    fn take(&self) -> Spent {
        std::mem::take(&mut self.spent.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Collective for Timed {
    fn rank(&self) -> usize {
        self.inner.rank()
    }

    fn size(&self) -> usize {
        self.inner.size()
    }

    fn all_reduce_sum(&self, values: &mut [f32]) -> Result<()> {
        let start = Instant::now();
        self.inner.all_reduce_sum(values)?;
        let (end, mut spent) = (Instant::now(), self.spent.lock().unwrap_or_else(PoisonError::into_inner));
        match &mut spent.from_to {
            // The step's first sum is short: it ends when the slower process has its gradients.
            None => {
                spent.waiting = end - start;
                spent.from_to = Some((end, end));
            }
            Some((_, to)) => {
                *to = end;
                spent.adding += end - start;
            }
        }
        Ok(())
    }

    fn finish(&self) {
        self.inner.finish();
    }
}

fn measure(model: &str) {
    let sizes = match model {
        "nano" => Pipeline::builtin().expect("the built-in model loads").dit().config().clone(),
        _ => DitConfig::small(),
    };
    let config = TrainConfig::default().with_batch_size(CLIPS);
    let mut trainer = Trainer::new(&sizes, &config, &Device::flex()).expect("the settings are valid");
    let inner = collective::mpi().expect("this benchmark is built with MPI alone");
    let timed = Arc::new(Timed { inner, spent: Mutex::default() });
    trainer.join(timed.clone()).expect("both processes are there");
    let batch = train_batch(&sizes, CLIPS);
    let mut rows = vec![];
    for step in 0..=if model == "nano" { STEPS } else { 3 } {
        timed.take();
        let start = Instant::now();
        let draws = trainer.draws(&batch);
        trainer.train_step(&batch, &draws).expect("the step works");
        let (whole, spent) = (start.elapsed(), timed.take());
        // The first fills the optimizer's moments.
        if step > 0 {
            let reducing = spent.from_to.map_or(Duration::ZERO, |(from, to)| to - from);
            rows.push([whole, spent.waiting, reducing, spent.adding].map(|time| time.as_secs_f64()));
        }
    }
    let median = |i: usize| {
        let mut times: Vec<f64> = rows.iter().map(|row| row[i]).collect();
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    if trainer.rank() == 0 {
        let share = |i: usize| format!("{:.1} ms, {:.1} %", 1e3 * median(i), 1e2 * median(i) / median(0));
        println!("| {model} | {:.0} ms | {} | {} | {} |", 1e3 * median(0), share(1), share(2), share(3));
    }
    trainer.finish();
}

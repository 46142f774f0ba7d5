//! A training step: steps per second and peak memory, by model, batch, precision and whether activations are recomputed.
//! Each row is a process of its own, since a process keeps memory that it once used.
//!
//! `cargo bench --bench training -- [FILTER]`; a row's name is `model/batch/precision/activations`. The models `wide-2` and
//! `wide-4`, which are measured only if the filter names them, have the released width and 2 or 4 blocks of its 30.
#![allow(clippy::print_stdout, reason = "a program that prints a table")]

use std::process::Command;
use std::time::Instant;

use vimogen_bench::train_batch;
use vimogen_core::device::Device;
use vimogen_core::train::{Precision, TrainConfig, Trainer};
use vimogen_core::{DitConfig, Pipeline};

/// Names the row that a process is to measure.
const ROW: &str = "VIMOGEN_BENCH_ROW";

fn main() {
    if let Ok(row) = std::env::var(ROW) {
        return measure(&row);
    }
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    println!("| model/batch/precision/activations | steps/s | peak memory |\n|---|---|---|");
    let wide = filter.starts_with("wide");
    for model in if wide { ["wide-2", "wide-4"] } else { ["nano", "small"] } {
        for batch in ["4", "32"] {
            for precision in ["f32", "bf16"] {
                for activations in ["kept", "recomputed"] {
                    let row = [model, batch, precision, activations].join("/");
                    if row.contains(&filter) {
                        let program = std::env::current_exe().expect("this program has a path");
                        let status = Command::new(program).env(ROW, row).status();
                        assert!(status.is_ok_and(|status| status.success()), "a row failed");
                    }
                }
            }
        }
    }
}

fn measure(row: &str) {
    let [model, clips, precision, activations] = row.split('/').collect::<Vec<_>>()[..] else {
        panic!("{row} is not model/batch/precision/activations")
    };
    let sizes = match model {
        "nano" => Pipeline::builtin().expect("the built-in model loads").dit().config().clone(),
        "small" => DitConfig::small(),
        layers => DitConfig { num_layers: if layers == "wide-2" { 2 } else { 4 }, ..DitConfig::vimogen_1_3b() },
    };
    let clips = clips.parse().expect("a number of clips");
    let config = TrainConfig::default()
        .with_batch_size(clips)
        .with_precision(if precision == "bf16" { Precision::Bf16 } else { Precision::F32 })
        .with_checkpoint_activations(activations == "recomputed");
    let mut trainer = Trainer::new(&sizes, &config, &Device::flex()).expect("the settings are valid");
    let batch = train_batch(&sizes, clips);
    let mut step = || {
        let draws = trainer.draws(&batch);
        let start = Instant::now();
        trainer.train_step(&batch, &draws).expect("the step works");
        start.elapsed().as_secs_f64()
    };
    // The first fills the optimizer's moments.
    let first = step();
    let steps = ((20.0 / first) as usize).clamp(2, 20);
    let mut times: Vec<f64> = (0..steps).map(|_| step()).collect();
    times.sort_by(f64::total_cmp);
    println!("| {row} | {:.3} | {:.2} GB |", 1.0 / times[times.len() / 2], peak());
}

/// Peak memory of the process, in GB (Linux; NaN elsewhere).
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or(f64::NAN) * 1024.0 / 1e9
}

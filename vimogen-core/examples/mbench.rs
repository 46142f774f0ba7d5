//! Scores the built-in model on MBench, from the prompts to the page in the documentation:
//!
//! ```text
//! make mbench MBENCH=folder-of-the-two-files
//! ```
//!
//! The folder holds `MBench_final.json` and `MBench_eval_info.json` of the release. Motions, joints and results go to
//! `out/mbench`; an interrupted run resumes. Dimensions that need a judge are left out, so no key is needed.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program talks to its user")]

use std::fmt::Write as _;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use vimogen_core::mbench::benchmark::table;
use vimogen_core::mbench::dimension::{Dimension, Input};
use vimogen_core::mbench::generate::{BenchmarkOptions, generate_benchmark};
use vimogen_core::mbench::info::load_info;
use vimogen_core::mbench::organize::organize;
use vimogen_core::mbench::prompts::load_prompts;
use vimogen_core::mbench::quality::UpAxis;
use vimogen_core::mbench::{EvaluateOptions, Results, evaluate};
use vimogen_core::{Error, Pipeline, Progress, Result};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(source), Some(page)) = (arguments.next(), arguments.next()) else {
        return Err(Error::config("arguments", "usage: mbench FOLDER_OF_MBENCH_FILES PAGE.md"));
    };
    let out = Path::new("out/mbench");
    let (prompts, info) =
        (load_prompts(source.join("MBench_final.json"))?, load_info(source.join("MBench_eval_info.json"))?);
    let pipeline = Pipeline::builtin()?;
    let options = BenchmarkOptions { root: source, ..BenchmarkOptions::default() };
    let start = Instant::now();
    let mut last = 0;
    let mut tell = |progress: Progress| {
        if progress.step != last {
            last = progress.step;
            eprintln!("{} of {} motions, {:.0} s", progress.step, progress.total, start.elapsed().as_secs_f64());
        }
        ControlFlow::Continue(())
    };
    let made = generate_benchmark(&pipeline, &prompts, out.join("motions"), &options, &mut tell)?;
    eprintln!("{made:?}");
    organize(out.join("motions"), out.join("joints"))?;
    let mut runs = Vec::new();
    // Only the dimensions of joints depend on the height axis.
    let on_joints = Dimension::of(Input::Joints).collect();
    for (name, up_axis, dimensions) in [("parity", UpAxis::Z, None), ("true-height", UpAxis::Y, Some(on_joints))] {
        let options = EvaluateOptions::default().with_output(out.join("results"), name).with_info(&info);
        let options = options.with_up_axis(up_axis).with_dimensions(dimensions);
        let start = Instant::now();
        runs.push(evaluate(out.join("joints"), &options, &mut |_| ControlFlow::Continue(()))?);
        eprintln!("{name}: {:.2} s", start.elapsed().as_secs_f64());
    }
    print!("{}", table(&runs.iter().collect::<Vec<_>>()));
    fs::write(&page, text(&runs[0], &runs[1])).map_err(|e| Error::io("write", &page, e))
}

/// The page: scores by dimension, along both axes.
fn text(parity: &Results, true_height: &Results) -> String {
    let mut out = "# MBench scores of the built-in model\n\n\
        Written by `make mbench MBENCH=folder`. All 450 prompts of `MBench_final.json` (key `prompt`), from text only, \
        since the references are not part of the release's repository; 100 frames, 50 steps, seed 42. Cells are means with \
        95 % confidence intervals; speeds are per frame. The release measures heights along axis 2 although its joints \
        have y up. The column \"parity\" does the same and is comparable with published scores; \"true height\" \
        measures along y (`up_axis` 1).\n\n\
        | dimension | better | parity | true height | motions |\n|---|---|---|---|---|\n"
        .to_string();
    for (dimension, result) in &parity.dimensions {
        let cell = |results: &Results| {
            let Some(result) = results.dimensions.get(dimension) else { return String::new() };
            let (low, high) = result.interval().unwrap_or((f64::NAN, f64::NAN));
            format!("{:.4} [{low:.4}, {high:.4}]", result.aggregate.over_motions.mean)
        };
        let better = if dimension.higher_is_better() { "higher" } else { "lower" };
        let count = result.aggregate.over_motions.num_samples;
        let _ = writeln!(out, "| {dimension} | {better} | {} | {} | {count} |", cell(parity), cell(true_height));
    }
    if let Some(bodies) = &parity.settings.bodies {
        let poses: Vec<String> = parity.settings.poses.iter().map(|(from, count)| format!("{count} {from}")).collect();
        let _ = write!(
            out,
            "\nBodies: {bodies}; poses: {}. Scores of bodies are comparable only with scores measured with the same files; \
             published scores use the files of the release.\n",
            poses.join(", ")
        );
    }
    for (dimension, why) in &parity.skipped {
        let _ = write!(out, "\n{dimension} is not measured: {why}.\n");
    }
    let lost = parity.missing.len() + parity.failed.len();
    let _ = write!(out, "\n{lost} motions were missing or could not be measured.\n");
    out
}

//! `make demo PROMPT="a person walks forward and waves"` generates a motion and writes it to `out/`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program")]

use std::fs;
use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use vimogen_core::io::SaveOptions;
use vimogen_core::mbench::quality::{Quality, UpAxis};
use vimogen_core::{Error, GenerateOptions, Motion, Pipeline, Progress, Request, Result, Stage};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "usage: demo PROMPT [SEED]     for example: demo \"a person jumps\" 7";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (prompt, seed) = match &words[..] {
        [prompt] if !prompt.starts_with('-') => (prompt, Some(42)),
        [prompt, seed] => (prompt, seed.parse().ok()),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    let Some(seed) = seed else {
        eprintln!("the seed must be a whole number\n{USAGE}");
        return ExitCode::from(2);
    };
    match run(prompt, seed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a stage and prints its duration.
fn stage<T>(name: &str, f: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let out = f()?;
    println!("{name:<10} {:>8.1} ms", 1e3 * start.elapsed().as_secs_f64());
    Ok(out)
}

fn run(prompt: &str, seed: u64) -> Result<()> {
    let folder = Path::new("out");
    fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, e))?;
    println!("prompt     {prompt:?}, seed {seed}\n");
    let pipeline = stage("load", Pipeline::builtin)?;
    let motion = stage("generate", || generate(&pipeline, prompt, seed))?;
    let quality = stage("measure", || Quality::measure(motion.joints().view(), UpAxis::Z))?;
    stage("write", || write(&motion, prompt, folder))?;

    println!("\n{} frames, {:.1} s at {} frames per second", motion.len(), motion.duration(), motion.fps());
    for (name, value) in quality.named() {
        println!("{name:<20} {value:.4}");
    }
    println!();
    for (file, use_for) in [
        ("motion.html", "open it in a browser: play, scrub, orbit"),
        ("motion.bvh", "Blender, Unity, Unreal"),
        ("motion.npz", "SMPL-X parameters, joints and features for NumPy"),
        ("motion.svg", "a still of it"),
    ] {
        println!("{:<18} {use_for}", folder.join(file).display());
    }
    Ok(())
}

fn generate(pipeline: &Pipeline, prompt: &str, seed: u64) -> Result<Motion> {
    let options = GenerateOptions::default().with_seed(seed);
    let shown = std::io::stderr().is_terminal();
    let mut on_progress = |progress: Progress| {
        if shown && progress.stage == Stage::Sample {
            eprint!("\r  step {}/{}  ", progress.step, progress.total);
            // A failure to write the progress line does not stop the generation.
            let _ = std::io::stderr().flush();
        }
        ControlFlow::Continue(())
    };
    let motions = pipeline.generate_with(&[Request::text(prompt)], &options, &mut on_progress)?;
    if shown {
        eprint!("\r                    \r");
    }
    motions.into_iter().next().ok_or_else(|| Error::Internal { reason: "no motion came back".into() })
}

fn write(motion: &Motion, prompt: &str, folder: &Path) -> Result<()> {
    let options = SaveOptions::default().with_title(prompt);
    ["motion.html", "motion.svg", "motion.bvh", "motion.npz"]
        .into_iter()
        .try_for_each(|file| motion.save_with(folder.join(file), &options))
}

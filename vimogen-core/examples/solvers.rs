//! Error of each solver by number of evaluations, for the built-in model and for a model of the released width with random
//! weights: `make solvers` prints the tables of docs/src/concepts/solvers.md.
#![allow(clippy::print_stdout, reason = "a command-line program")]

use ndarray::Array2;
use ndarray::{Array3, Axis};
use vimogen_core::device::Device;
use vimogen_core::model::{ClipBatch, Condition};
use vimogen_core::progress::ignore;
use vimogen_core::sample::{Sampler, SamplerOptions, Schedule, Smoothing, noise};
use vimogen_core::{Dit, DitConfig, GenerateOptions, Motion, Pipeline, Request, Result, Solver};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PROMPTS: [&str; 6] = [
    "a person walks forward and waves",
    "a person jumps",
    "a person sits down",
    "a person kicks with the right leg",
    "a person turns left",
    "a person runs forward, then bows",
];
const FRAMES: usize = 100;
const SEEDS: [u64; 2] = [0, 1];
const STEPS: [usize; 8] = [5, 8, 12, 16, 20, 30, 40, 50];
/// Steps of the solution that is taken as exact.
const TRUTH: usize = 1000;

fn main() -> Result<()> {
    let pipeline = Pipeline::builtin()?;
    let truth = generate(&pipeline, &options(TRUTH, Solver::Heun))?;
    println!("built-in model, mm:\n");
    table(&|steps, solver| Ok(1e3 * distance(&generate(&pipeline, &options(steps, solver))?, &truth)))?;
    let dit = drawn()?;
    let solved = sample(&dit, TRUTH, Solver::Heun)?;
    println!("\nreleased width, random weights, per cent:\n");
    table(&|steps, solver| Ok(1e2 * rms(&(sample(&dit, steps, solver)? - &solved)) / rms(&solved)))?;
    println!("\nguidance at and above a noise level only, 50 steps of euler:\n");
    println!("| lowest level | network rows | mm |\n|---|---|---|");
    for low in [0.0, 0.2, 0.4, 0.6, 0.8] {
        let limited = options(50, Solver::Euler).with_guidance_interval((low, 1.0));
        let error = distance(&generate(&pipeline, &limited)?, &truth);
        println!("| {low:.1} | {} | {:.2} |", rows(low)?, 1e3 * error);
    }
    Ok(())
}

/// One row per number of evaluations, one column per solver.
fn table(error: &dyn Fn(usize, Solver) -> Result<f64>) -> Result<()> {
    println!("| evaluations | {} |", Solver::ALL.map(|solver| solver.to_string()).join(" | "));
    println!("|---|{}", "---|".repeat(Solver::ALL.len()));
    for steps in STEPS {
        let cells = Solver::ALL.map(|solver| -> Result<String> {
            // Heun evaluates twice per step, except for the last: half the steps give the same number of evaluations.
            let steps = if solver == Solver::Heun { steps.div_ceil(2) } else { steps };
            Ok(format!("{:.2}", error(steps, solver)?))
        });
        println!("| {steps} | {} |", cells.into_iter().collect::<Result<Vec<_>>>()?.join(" | "));
    }
    Ok(())
}

/// Two blocks of the released width.
fn drawn() -> Result<Dit> {
    let device = Device::flex();
    let config = DitConfig { num_layers: 2, reference: false, ..DitConfig::vimogen_1_3b() };
    Ok(Dit::new(&config, &device)?.init_weights(1, &device))
}

/// Features of one short clip by the released recipe; random values replace the encoded prompt.
fn sample(dit: &Dit, steps: usize, solver: Solver) -> Result<Array3<f32>> {
    let drawn = noise(5, 20).into_raw_vec_and_offset().0;
    let text = Array2::from_shape_fn((20, dit.config().text_dim), |(row, i)| drawn[(20 * i + row) % drawn.len()]);
    let clips = ClipBatch::new(vec![Condition::Text(text.clone())], vec![20])?.with_null_context(vec![text * 0.0])?;
    let noise = noise(42, 20).insert_axis(Axis(0));
    let options =
        SamplerOptions::default().with_num_inference_steps(steps).with_solver(solver).with_smoothing(Smoothing::Off);
    Sampler::new(options)?.sample(dit, &noise, &clips, &mut ignore)
}

/// Root mean square.
fn rms(values: &Array3<f32>) -> f64 {
    f64::from(values.mapv(|v| v * v).mean().unwrap_or(f32::NAN).sqrt())
}

/// Rows that the network evaluates in 50 steps of one prompt, at the strength of the built-in model.
fn rows(low: f64) -> Result<usize> {
    let schedule = Schedule::generation(50, 1.0)?;
    Ok(50 + schedule.sigmas().iter().filter(|sigma| **sigma >= low).count())
}

fn options(steps: usize, solver: Solver) -> GenerateOptions {
    GenerateOptions::default()
        .with_num_frames(FRAMES)
        .with_num_inference_steps(steps)
        .with_solver(solver)
        .with_smoothing(Smoothing::Off)
}

fn generate(pipeline: &Pipeline, options: &GenerateOptions) -> Result<Vec<Motion>> {
    let mut motions = Vec::new();
    for seed in SEEDS {
        let requests: Vec<Request> = PROMPTS.iter().map(|prompt| Request::text(*prompt)).collect();
        motions.extend(pipeline.generate_with(&requests, &options.clone().with_seed(seed), &mut ignore)?);
    }
    Ok(motions)
}

/// Mean distance of corresponding joints, metres.
fn distance(motions: &[Motion], truth: &[Motion]) -> f64 {
    let (mut sum, mut count) = (0.0, 0);
    for (motion, truth) in motions.iter().zip(truth) {
        for (a, b) in motion.joints().rows().into_iter().zip(truth.joints().rows()) {
            sum += f64::from((&a - &b).mapv(|d| d * d).sum().sqrt());
            count += 1;
        }
    }
    sum / f64::from(count)
}

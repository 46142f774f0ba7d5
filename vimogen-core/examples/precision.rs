//! Cost and benefit of smaller weights: `make precision` prints the tables of docs/src/concepts/precision.md.
#![allow(clippy::print_stdout, reason = "a command-line program")]

use std::time::Instant;

use burn::tensor::{Device, Distribution, Tensor};
use ndarray::Array2;
use vimogen_core::data::procedural::held_out_prompts;
use vimogen_core::mbench::quality::{Quality, UpAxis};
use vimogen_core::model::{ClipBatch, Condition};
use vimogen_core::{Dit, DitConfig, Error, GenerateOptions, Motion, Pipeline, Request, Result, WeightDtype};

mod action_check;
use action_check::check;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const DTYPES: [WeightDtype; 3] = [WeightDtype::F32, WeightDtype::Bf16, WeightDtype::Int8];
/// Prompts per batch.
const BATCH: usize = 10;
const FRAMES: usize = 100;

fn main() -> Result<()> {
    built_in()?;
    full_width()
}

/// The built-in model on its held-out prompts, one motion each.
fn built_in() -> Result<()> {
    println!("built-in model, {} held-out prompts, mean of each metric:\n", held_out_prompts().len());
    println!("| weights | blocks | time | distance | passed | jitter | penetration | floating | sliding | dynamic |");
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let mut exact: Option<Vec<Motion>> = None;
    for dtype in DTYPES {
        let pipeline = Pipeline::builder().dtype(dtype).builtin()?;
        let start = Instant::now();
        let motions = generate(&pipeline)?;
        let seconds = start.elapsed().as_secs_f64();
        let apart = distance(&motions, exact.get_or_insert_with(|| motions.clone()));
        let (met, metrics) = score(&motions)?;
        println!(
            "| {dtype:?} | {:.2} MB | {seconds:.1} s | {:.2} mm | {met} | {} |",
            pipeline.dit().packed_bytes() as f64 / 1e6,
            1e3 * apart,
            metrics.map(|m| format!("{m:.5}")).join(" | ")
        );
    }
    Ok(())
}

fn generate(pipeline: &Pipeline) -> Result<Vec<Motion>> {
    let options = GenerateOptions::default();
    let requests: Vec<Request> = held_out_prompts().iter().map(|prompt| Request::text(&*prompt.text)).collect();
    let batches = requests.chunks(BATCH).map(|batch| pipeline.generate_batch(batch, &options));
    Ok(batches.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// Number of motions that show the requested action, and the mean of each metric.
fn score(motions: &[Motion]) -> Result<(usize, [f64; 5])> {
    let (mut met, mut sums) = (0, [0.0; 5]);
    for (motion, prompt) in motions.iter().zip(held_out_prompts()) {
        let joints = motion.joints();
        met += usize::from(check(&prompt.action, joints.view()).is_ok());
        let named = Quality::measure(joints.view(), UpAxis::Z)?.named();
        sums.iter_mut().zip(named).for_each(|(sum, (_, value))| *sum += f64::from(value));
    }
    Ok((met, sums.map(|sum| sum / motions.len() as f64)))
}

/// Mean distance of corresponding joints, metres.
fn distance(motions: &[Motion], exact: &[Motion]) -> f64 {
    let (mut sum, mut count) = (0.0, 0);
    for (motion, exact) in motions.iter().zip(exact) {
        for (a, b) in motion.joints().rows().into_iter().zip(exact.joints().rows()) {
            sum += f64::from((&a - &b).mapv(|d| d * d).sum().sqrt());
            count += 1;
        }
    }
    sum / f64::from(count)
}

/// One evaluation of blocks of the full width with random weights.
fn full_width() -> Result<()> {
    let config = DitConfig { num_layers: 4, reference: false, ..DitConfig::vimogen_1_3b() };
    let device = Device::flex();
    let plain = Dit::new(&config, &device)?.init_weights(1, &device);
    let random = |shape: [usize; 3]| Tensor::random(shape, Distribution::Normal(0.0, 1.0), &device);
    let text = Array2::from_shape_fn((config.text_len, config.text_dim), |(i, j)| ((7 * i + j) as f32).sin());
    let clips = ClipBatch::new(vec![Condition::Text(text); 2], vec![FRAMES; 2])?;
    let x = random([2, FRAMES, config.features()]);
    println!("\n4 blocks of the full width, random weights, 2 rows of {FRAMES} frames:\n");
    println!("| weights | blocks | relative error of the velocity |\n|---|---|---|");
    let exact = velocity(&plain, &x, &clips)?;
    for dtype in DTYPES {
        let dit = plain.clone().pack(dtype);
        let got = velocity(&dit, &x, &clips)?;
        let square = |x: f32| f64::from(x) * f64::from(x);
        let apart: f64 = got.iter().zip(&exact).map(|(a, b)| square(a - b)).sum();
        let size: f64 = exact.iter().map(|b| square(*b)).sum();
        println!("| {dtype:?} | {:.1} MB | {:.1e} |", dit.packed_bytes() as f64 / 1e6, (apart / size).sqrt());
    }
    Ok(())
}

fn velocity(dit: &Dit, x: &Tensor<3>, clips: &ClipBatch) -> Result<Vec<f32>> {
    let y = dit.forward(x.clone(), &[700.0], clips)?;
    y.try_into_vec_as::<f32>().map_err(|e| Error::Internal { reason: e.to_string() })
}

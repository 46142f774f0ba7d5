//! Measures long motions, sequences and streams of the built-in model: pace, seams, cost, latency.
//!
//! `cargo run --example long -- [SECONDS]`
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program that measures")]

use std::time::{Duration, Instant};

use vimogen_core::mbench::dimension::Dimension;
use vimogen_core::mbench::quality::{Quality, UpAxis};
use vimogen_core::pipeline::{Part, StreamOptions};
use vimogen_core::{GenerateOptions, Motion, Pipeline, Result};

fn main() -> Result<()> {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(30.0);
    let pipeline = Pipeline::builtin()?;
    walks(&pipeline, seconds)?;
    sequences(&pipeline)?;
    stream(&pipeline)
}

/// Length of the way of the pelvis over the ground, sway excepted, metres.
fn way(motion: &Motion) -> f32 {
    let roots = motion.root_positions();
    let place = |t: usize| [roots[[t, 0]], roots[[t, 1]]];
    let frames: Vec<usize> = (0..motion.len()).step_by(10).collect();
    frames.windows(2).map(|t| (0..2).map(|c| (place(t[1])[c] - place(t[0])[c]).powi(2)).sum::<f32>().sqrt()).sum()
}

fn walks(pipeline: &Pipeline, seconds: f64) -> Result<()> {
    println!(
        "| prompt | 5 s, m/s | {seconds} s, m/s | at once, m/s | seams mean, max | slide 5 s | slide | jitter 5 s | jitter | lowest, m | s per s |"
    );
    for prompt in
        ["a person walks forward", "a person runs forward", "a person walks backward", "a person waves the right hand"]
    {
        for seed in 0..2 {
            let options = GenerateOptions::default().with_seed(seed);
            let short = pipeline.generate(prompt, &options)?;
            let parts = [Part::new(prompt).with_seconds(seconds)];
            let started = Instant::now();
            let made = pipeline.sequence(&parts, &options)?;
            let took = started.elapsed().as_secs_f64();
            let at_once = options.clone().with_windows(false).with_num_frames(((seconds * 20.0) as usize).min(600));
            let at_once = pipeline.generate(prompt, &at_once)?;
            let rate = |motion: &Motion| way(motion) / motion.duration();
            let (short_quality, long_quality) = (quality(&short), quality(&made.motion));
            let seams: Vec<f32> = made.seams.iter().map(|seam| seam.excess()).collect();
            let lowest = made.motion.joints().iter().skip(2).step_by(3).copied().fold(f32::INFINITY, f32::min);
            println!(
                "| {prompt} {seed} | {:.2} | {:.2} | {:.2} | {:.2}, {:.2} | {:.4} | {:.4} | {:.4} | {:.4} | {lowest:.3} | {:.3} |",
                rate(&short),
                rate(&made.motion),
                rate(&at_once),
                seams.iter().sum::<f32>() / seams.len().max(1) as f32,
                seams.iter().copied().fold(0.0, f32::max),
                short_quality.0,
                long_quality.0,
                short_quality.1,
                long_quality.1,
                took / seconds
            );
        }
    }
    Ok(())
}

/// Sliding and jitter.
fn quality(motion: &Motion) -> (f32, f32) {
    let quality = Quality::measure(motion.joints(), UpAxis::Z).unwrap();
    (quality.get(Dimension::FootSliding), quality.get(Dimension::JitterDegree))
}

fn sequences(pipeline: &Pipeline) -> Result<()> {
    let parts = [("walks forward", 4.0), ("turns left", 2.0), ("walks forward", 3.0), ("sits down", 3.0)]
        .map(|(prompt, seconds)| Part::new(format!("a person {prompt}")).with_seconds(seconds));
    for seed in 0..4 {
        let made = pipeline.sequence(&parts, &GenerateOptions::default().with_seed(seed))?;
        let seams: Vec<String> = made.seams.iter().map(|seam| format!("{:.2}", seam.excess())).collect();
        let roots = made.motion.root_positions();
        let at = |t: usize| format!("({:.2} {:.2} {:.2})", roots[[t, 0]], roots[[t, 1]], roots[[t, 2]]);
        println!("sequence {seed}: seams {} roots {}", seams.join(" "), [0, 79, 119, 179, 239].map(at).join(" "));
    }
    Ok(())
}

fn stream(pipeline: &Pipeline) -> Result<()> {
    for steps in [6, 10, 16] {
        let mut stream =
            pipeline.stream("a person walks forward", StreamOptions::default().with_num_inference_steps(steps))?;
        let started = Instant::now();
        let mut slowest = Duration::ZERO;
        let mut blocks = Vec::new();
        for _ in 0..100 {
            let block = Instant::now();
            blocks.push(stream.block(4)?);
            slowest = slowest.max(block.elapsed());
        }
        let took = started.elapsed().as_secs_f64();
        let mut reactions = Vec::new();
        for prompt in
            ["a person waves the right hand", "a person walks forward", "a person jumps", "a person walks forward"]
        {
            let asked = Instant::now();
            stream.set_prompt(prompt)?;
            blocks.push(stream.block(2)?);
            reactions.push(asked.elapsed().as_millis());
            for _ in 0..20 {
                blocks.push(stream.block(2)?);
            }
        }
        let rows: Vec<_> = blocks.iter().map(|block| block.features()).collect();
        let whole = ndarray::concatenate(ndarray::Axis(0), &rows).unwrap();
        let whole = Motion::from_features(whole, 20.0)?;
        let walk = whole.slice(0..400)?;
        println!(
            "stream of {steps} steps: {:.0} frames/s, slowest block {:?}, reactions {reactions:?} ms, {:.2} m/s, slide and jitter {:?}, error {:?}",
            400.0 / took,
            slowest,
            way(&walk) / walk.duration(),
            quality(&walk),
            whole.kinematic_error().max
        );
        let mut heading =
            pipeline.stream("a person walks forward", StreamOptions::default().with_num_inference_steps(steps))?;
        heading.block(40)?;
        let asked = Instant::now();
        heading.set_heading(Some(90.0))?;
        heading.block(2)?;
        println!("  heading in {:?}", asked.elapsed());
        heading.block(100)?;
        heading.set_target(Some([0.0, 0.0]))?;
        let mut frames = 0;
        while !heading.reached() && frames < 1000 {
            heading.block(5)?;
            frames += 5;
        }
        println!("  back at the origin after {frames} frames");
    }
    Ok(())
}

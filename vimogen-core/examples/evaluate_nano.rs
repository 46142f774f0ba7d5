//! Scores of the built-in model, or of another one trained on procedural motion, by the kinematic checks of its own movements.
//! `make nano-evaluate` runs it for the first part of docs/nano-scores.md; `tools/scores` has the others.
//!
//! ```text
//! evaluate_nano [--model DIR] [--report FILE] [--seeds N]   the scores in the model card; default: the built-in model
//! ```
#![allow(clippy::print_stdout, reason = "a command-line program")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Instant;

use ndarray::ArrayView3;
use vimogen_core::data::procedural::{
    ActionSpec, ProceduralDataset, Prompt, Split, held_out_prompts, unseen_verb_prompts,
};
use vimogen_core::mbench::Dimension;
use vimogen_core::mbench::quality::{Quality, UpAxis};
use vimogen_core::motion::codec::encode;
use vimogen_core::{Error, GenerateOptions, Motion, Pipeline, Request, Result};

mod action_check;
use action_check::check;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Prompts per batch.
const BATCH: usize = 10;
/// Clips for measuring the reference mode.
const REFERENCES: u64 = 40;

/// The command line.
struct Settings {
    /// A model directory; `None`: the built-in model.
    model: Option<PathBuf>,
    /// A Markdown file for the scores.
    report: Option<PathBuf>,
    /// Seeds 0.. for each prompt.
    seeds: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { model: None, report: None, seeds: 5 }
    }
}

fn main() -> Result<()> {
    let mut settings = Settings::default();
    let mut words = std::env::args().skip(1);
    while let Some(flag) = words.next() {
        let value = words.next().ok_or_else(|| Error::invalid("argument", format!("{flag} needs a value")))?;
        match flag.as_str() {
            "--model" => settings.model = Some(value.into()),
            "--report" => settings.report = Some(value.into()),
            "--seeds" => {
                let wrong = |_| Error::invalid("--seeds", format!("{value:?} is not a whole number"));
                settings.seeds = value.parse().map_err(wrong)?;
            }
            _ => return Err(Error::invalid("argument", format!("{flag} is unknown; see the top of this file"))),
        }
    }
    run(&settings)
}

/// Outcome of a list of prompts.
#[derive(Default)]
struct Score {
    passed: usize,
    total: usize,
    jitter: f64,
    sliding: f64,
    /// Passed and total by requested action.
    kinds: BTreeMap<String, (usize, usize)>,
    failures: Vec<String>,
}

impl Score {
    fn add(&mut self, prompt: &Prompt, seed: u64, motion: &Motion) -> Result<()> {
        let joints = motion.joints();
        let quality = Quality::measure(joints.view(), UpAxis::Z)?;
        self.jitter += f64::from(quality.get(Dimension::JitterDegree));
        self.sliding += f64::from(quality.get(Dimension::FootSliding));
        self.total += 1;
        let kind = self.kinds.entry(kind(&prompt.action)).or_default();
        kind.1 += 1;
        match check(&prompt.action, joints.view()) {
            Ok(()) => {
                self.passed += 1;
                kind.0 += 1;
            }
            Err(reason) => self.failures.push(format!("seed {seed}, {:?}: {reason}", prompt.text)),
        }
        Ok(())
    }

    fn line(&self, name: &str) -> String {
        let share = 100.0 * self.passed as f64 / self.total as f64;
        let n = self.total as f64;
        format!(
            "| {name} | {} of {} | {share:.1}% | {:.4} | {:.4} |",
            self.passed,
            self.total,
            self.jitter / n,
            self.sliding / n
        )
    }
}

/// Name of the requested action.
fn kind(action: &ActionSpec) -> String {
    match action {
        ActionSpec::One(part) => format!("{:?}", part.family),
        ActionSpec::Then(..) => "one movement, then another".into(),
        ActionSpec::While(..) => "two movements at once".into(),
    }
}

/// Generates, checks and reports.
fn run(settings: &Settings) -> Result<()> {
    let pipeline = settings.model.as_deref().map_or_else(Pipeline::builtin, Pipeline::open)?;
    let mut text = String::from("| prompts | passed | share | jitter | foot sliding |\n|---|---|---|---|---|\n");
    let (prompts, others) = (held_out_prompts(), unseen_verb_prompts());
    let held_out = score(&pipeline, &prompts, settings.seeds)?;
    let unseen = score(&pipeline, &others, settings.seeds)?;
    let lines = [
        held_out.line(&format!("{} held-out paraphrases", prompts.len())),
        unseen.line(&format!("{} prompts with verbs never trained on", others.len())),
    ];
    let _ = writeln!(text, "{}\n", lines.join("\n"));
    let _ = writeln!(text, "{}\n", references(&pipeline)?);
    let _ = writeln!(text, "{}\n", speed(&pipeline)?);
    text.push_str("Held-out paraphrases by action:\n\n| action | passed |\n|---|---|\n");
    for (kind, (passed, total)) in &held_out.kinds {
        let _ = writeln!(text, "| {kind} | {passed} of {total} |");
    }
    println!("{text}");
    println!("failures, held-out:\n{}\n", held_out.failures.join("\n"));
    println!("failures, unseen verbs:\n{}", unseen.failures.join("\n"));
    if let Some(path) = &settings.report {
        std::fs::write(path, text).map_err(|e| Error::io("write", path, e))?;
    }
    Ok(())
}

fn score(pipeline: &Pipeline, prompts: &[Prompt], seeds: u64) -> Result<Score> {
    let mut score = Score::default();
    for seed in 0..seeds {
        let options = GenerateOptions::default().with_seed(seed);
        for batch in prompts.chunks(BATCH) {
            let requests: Vec<Request> = batch.iter().map(|p| Request::text(p.text.clone())).collect();
            for (prompt, motion) in batch.iter().zip(pipeline.generate_batch(&requests, &options)?) {
                score.add(prompt, seed, &motion)?;
            }
        }
    }
    Ok(score)
}

/// Mean joint distance from clips, generated from the clip as reference and from its caption.
fn references(pipeline: &Pipeline) -> Result<String> {
    let data = ProceduralDataset::new(1_000_003, Split::HeldOut);
    let (mut followed, mut told) = (0.0, 0.0);
    for index in 0..REFERENCES {
        let sample = data.sample_with_frames(index, 100);
        let clip = Motion::from_features(encode(&sample.motion)?, 20.0)?;
        let options = GenerateOptions::default().with_seed(index);
        let near = pipeline.generate(Request::reference(clip.clone()), &options)?;
        let far = pipeline.generate(Request::text(sample.caption), &options)?;
        followed += distance(near.joints(), clip.joints());
        told += distance(far.joints(), clip.joints());
    }
    let n = REFERENCES as f64;
    Ok(format!(
        "Mean joint distance from {REFERENCES} clips the model has not seen: {:.1} cm with the clip as reference motion, \
         {:.1} cm with its caption alone.",
        100.0 * followed / n,
        100.0 * told / n
    ))
}

fn distance(a: ArrayView3<'_, f32>, b: ArrayView3<'_, f32>) -> f64 {
    let difference = &a - &b;
    let squares = difference.mapv(|d| f64::from(d * d)).sum_axis(ndarray::Axis(2));
    squares.mapv(f64::sqrt).mean().unwrap_or(f64::NAN)
}

/// Median time of five generations of 5 seconds.
fn speed(pipeline: &Pipeline) -> Result<String> {
    let mut times = vec![];
    for seed in 0..5 {
        let start = Instant::now();
        pipeline.generate("a person walks forward", &GenerateOptions::default().with_seed(seed))?;
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(format!("Time for 5 seconds of motion (50 steps, guidance), median of five: {:.2} s.", times[2]))
}

//! Trains, exports and scores the built-in model: `make nano`.
//!
//! ```text
//! train_nano train    [--out DIR] [--recipe FILE] [--steps N]   continues from the newest checkpoint in DIR
//! train_nano export   [--out DIR] [--recipe FILE] [--to DIR]    writes the averaged weights as a model directory
//! train_nano evaluate [--model DIR] [--report FILE] [--seeds N] scores a model directory, or the built-in model
//! ```
#![allow(clippy::print_stdout, reason = "a command-line program")]

mod evaluate;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Instant;

use burn::tensor::Device;
use ndarray::Array2;
use serde::Deserialize;
use vimogen_core::data::{Mix, SynthLoader};
use vimogen_core::model::DitConfig;
use vimogen_core::text::{StaticWordsEncoder, TextEncoder, TextEncoderConfig};
use vimogen_core::train::{StepReport, TrainBatch, TrainConfig, Trainer};
use vimogen_core::weights::{GenerationDefaults, ModelConfig, save_native};
use vimogen_core::{Error, Result, WeightDtype};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Batches made ahead of the step that uses them.
const PREFETCH: usize = 4;

#[derive(Deserialize)]
struct Recipe {
    model: DitConfig,
    train: TrainConfig,
    mix: Mix,
    generation: GenerationDefaults,
}

struct Args {
    command: String,
    out: PathBuf,
    recipe: PathBuf,
    to: PathBuf,
    steps: Option<usize>,
    evaluation: evaluate::Settings,
}

fn main() -> std::process::ExitCode {
    match parse().and_then(|args| run(&args)) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn parse() -> Result<Args> {
    let assets = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets/nano");
    let mut words = std::env::args().skip(1);
    let command = words.next().unwrap_or_default();
    let mut args = Args {
        command,
        out: "out/nano".into(),
        recipe: assets.join("recipe.json"),
        to: assets,
        steps: None,
        evaluation: evaluate::Settings::default(),
    };
    while let Some(flag) = words.next() {
        let value = words.next().ok_or_else(|| Error::invalid("argument", format!("{flag} needs a value")))?;
        match flag.as_str() {
            "--out" => args.out = value.into(),
            "--recipe" => args.recipe = value.into(),
            "--to" => args.to = value.into(),
            "--steps" => args.steps = Some(number("--steps", &value)?),
            "--seeds" => args.evaluation.seeds = number("--seeds", &value)? as u64,
            "--model" => args.evaluation.model = Some(value.into()),
            "--report" => args.evaluation.report = Some(value.into()),
            _ => return Err(Error::invalid("argument", format!("{flag} is unknown; see the top of this file"))),
        }
    }
    Ok(args)
}

fn number(name: &'static str, value: &str) -> Result<usize> {
    value.parse().map_err(|_| Error::invalid(name, format!("{value:?} is not a whole number")))
}

fn run(args: &Args) -> Result<()> {
    if args.command == "evaluate" {
        return evaluate::run(&args.evaluation);
    }
    let text = std::fs::read_to_string(&args.recipe).map_err(|e| Error::io("read", &args.recipe, e))?;
    let mut recipe: Recipe = serde_json::from_str(&text).map_err(|e| Error::config("recipe", e.to_string()))?;
    if let Some(steps) = args.steps {
        recipe.train.num_steps = steps;
    }
    match args.command.as_str() {
        "train" => train(args, &recipe),
        "export" => export(args, &recipe),
        other => Err(Error::invalid("command", format!("{other:?} is none of train, export, evaluate"))),
    }
}

fn loader(recipe: &Recipe) -> Result<SynthLoader> {
    let encoder = Arc::new(StaticWordsEncoder::builtin()?);
    SynthLoader::new(recipe.train.seed, recipe.train.batch_size, recipe.model.text_len, recipe.mix.clone(), encoder)
}

fn train(args: &Args, recipe: &Recipe) -> Result<()> {
    let device = Device::flex();
    let loader = loader(recipe)?;
    let resumed = Trainer::resume(&recipe.model, &recipe.train, &device, &args.out)?;
    let mut trainer = match resumed {
        Some(trainer) => trainer,
        None => Trainer::new(&recipe.model, &recipe.train, &device)?,
    };
    println!("from step {} to {}", trainer.steps_done(), recipe.train.num_steps);
    let first = trainer.steps_done();
    let (send, receive) = sync_channel::<Result<TrainBatch>>(PREFETCH);
    let start = Instant::now();
    std::thread::scope(|scope| {
        let (loader, steps) = (&loader, recipe.train.num_steps);
        scope.spawn(move || {
            for step in first..steps {
                if send.send(loader.batch(step)).is_err() {
                    return;
                }
            }
        });
        let mut window = Window::default();
        while trainer.steps_done() < recipe.train.num_steps {
            let batch = receive.recv().map_err(|_| Error::Internal { reason: "the loader stopped".into() })??;
            let draws = trainer.draws(&batch);
            window.add(trainer.train_step(&batch, &draws)?);
            let done = trainer.steps_done();
            if done % recipe.train.log_every == 0 {
                window.print(done, (done - first) as f64 / start.elapsed().as_secs_f64());
            }
            if done % recipe.train.checkpoint_every == 0 || done == recipe.train.num_steps {
                trainer.save_checkpoint(&args.out)?;
            }
        }
        // Dropping the receiver ends the loader thread if the loop stopped early.
        drop(receive);
        Ok(())
    })
}

/// Means since the last log line.
#[derive(Default)]
struct Window {
    reports: Vec<StepReport>,
}

impl Window {
    fn add(&mut self, report: StepReport) {
        self.reports.push(report);
    }

    fn print(&mut self, done: usize, rate: f64) {
        let mean_of = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
        let mean = |f: &dyn Fn(&StepReport) -> Option<f64>| mean_of(self.reports.iter().filter_map(f).collect());
        let lr = self.reports.last().map_or(0.0, |r| r.lr);
        println!(
            "step {done:6}  loss {:.4}  text {:.4}  reference {:.4}  norm {:.2}  lr {lr:.2e}  {rate:.2} steps/s",
            mean(&|r| Some(r.loss)),
            mean(&|r| r.loss_text),
            mean(&|r| r.loss_ref_motion),
            mean(&|r| Some(r.grad_norm)),
        );
        self.reports.clear();
    }
}

fn export(args: &Args, recipe: &Recipe) -> Result<()> {
    let trainer = Trainer::resume(&recipe.model, &recipe.train, &Device::flex(), &args.out)?
        .ok_or_else(|| Error::NotFound { what: "checkpoint".into(), path: args.out.clone() })?;
    let loader = loader(recipe)?;
    let mut config = ModelConfig::new(recipe.model.clone());
    config.text_encoder = Some(json(&TextEncoderConfig::default())?);
    config.generation = recipe.generation;
    config.notes.insert("trained_steps".into(), trainer.steps_done().into());
    config.notes.insert("text_encoder_fingerprint".into(), StaticWordsEncoder::builtin()?.fingerprint().into());
    // The empty prompt is zero rows: what the recipe shows the model when it leaves a text out.
    let null = Array2::zeros((recipe.model.text_len, recipe.model.text_dim));
    save_native(&args.to, &config, trainer.ema(), loader.stats(), &null, None, WeightDtype::Bf16)?;
    println!("step {} written to {:?}", trainer.steps_done(), args.to);
    Ok(())
}

fn json<T: serde::Serialize>(value: &T) -> Result<serde_json::Value> {
    serde_json::to_value(value).map_err(|e| Error::config("text_encoder", e.to_string()))
}

//! Experiment files.

use std::path::Path;

use super::super::{Data, Experiment};
use crate::Pipeline;
use crate::data::corruption::Rate;
use crate::model::DitConfig;
use crate::train::{LoraConfig, Precision, TrainConfig};

/// The release's sections with the values of docs/method.md.
const RELEASE: &str = "
experiment:
  name: tm2m_train
  log_every: 5
  checkpoint_every: 5000
  visualize_every: 5000
model_path:
  base: wan/diffusion_pytorch_model.safetensors
  null_context: context_null_padded.pth
  t5: models_t5_umt5-xxl-enc-bf16.pth
model:
  in_dim: 276
  out_dim: 276
  ref_motion_dim: 138
solver:
  lr: 2e-4
  betas: [0.9, 0.95]
  eps: 1.0e-8
  weight_decay: 0.0001
  warmup_steps: 100
  grad_clip: 0.1
  ema_decay: 0.9999
  max_steps: 40000
  trainable_modules: []
precision:
  mixed_precision: bf16
  reduce: fp32
parallel:
  sharding_strategy: shard_grad_op
  activation_checkpointing: true
dataloader:
  batch_size: 128
  num_workers: 8
  pin_memory: true
dataset:
  json: [optical.json, video.json]
  duplicate_meta: [2, 1]
  mean: mean.npy
  std: std.npy
  text_key: motion_text_annot
ref_motion_corruption:
  corrupt_rate: [0.0, 0.4]
  noise_scale: [0.05, 0.15]
  replace_noise_rate: [0.03, 0.08]
  temporal_dropout_rate: 0.02
";

fn parse(text: &str, set: &[&str]) -> crate::Result<Experiment> {
    Experiment::parse(text, &set.iter().map(|s| s.to_string()).collect::<Vec<_>>())
}

fn message(text: &str, set: &[&str]) -> String {
    parse(text, set).unwrap_err().to_string()
}

#[test]
fn the_release_s_recipe_is_read_as_it_is() {
    let experiment = parse(RELEASE, &[]).unwrap();
    let release = TrainConfig { precision: Precision::Bf16, checkpoint_activations: true, ..TrainConfig::default() };
    assert_eq!(experiment.train, release);
    assert_eq!(experiment.model, DitConfig::vimogen_1_3b());
    assert_eq!((experiment.workers, experiment.output_dir.as_path()), (8, Path::new("out/tm2m_train")));
    let Data::Files(data) = &experiment.data else { panic!("files") };
    assert_eq!(data.manifests, [("optical.json".into(), 2), ("video.json".into(), 1)]);
    assert_eq!((data.text_key.as_str(), data.sampling.text_mocap), ("motion_text_annot", 0.4));
    assert_eq!(data.corruption.corrupt_rate, Rate::Pair([0.0, 0.4]));
}

#[test]
fn keys_without_a_meaning_here_are_listed_once_each() {
    let ignored = parse(RELEASE, &[]).unwrap().ignored;
    for key in ["model_path.t5", "parallel.sharding_strategy", "dataloader.pin_memory"] {
        assert_eq!(ignored.iter().filter(|line| line.starts_with(key)).count(), 1, "{key}: {ignored:?}");
    }
    assert!(!ignored.iter().any(|line| line.starts_with("precision.reduce") || line.starts_with("model.")));
}

#[test]
fn an_unknown_key_is_an_error_with_the_nearest_known_name() {
    for (set, want) in [
        ("solver.lrr=1", "did you mean lr?"),
        ("solver.warmup_step=1", "did you mean warmup_steps?"),
        ("dataset.duplicat_meta=1", "did you mean duplicate_meta?"),
        ("solver.batch_size=1", "did you mean dataloader.batch_size?"),
        ("slover.lr=1", "did you mean solver?"),
        ("solver.qqq=1", "there are num_steps"),
    ] {
        let error = message(RELEASE, &[set]);
        assert!(error.contains(want), "{set}: {error}");
    }
    let inside = message("solvr: {lr: 1}", &[]);
    assert!(inside.contains("solvr") && inside.contains("did you mean solver?"), "{inside}");
}

#[test]
fn an_override_takes_the_place_of_the_file_s_key_under_whatever_name() {
    let set = [
        "solver.lr=1e-4",
        "solver.num_steps=10",
        "experiment.output_dir=/tmp/x",
        "dataset.json=[a.json]",
        "dataset.duplicate_meta=3",
    ];
    let experiment = parse(RELEASE, &set).unwrap();
    assert_eq!((experiment.train.lr, experiment.train.num_steps), (1e-4, 10));
    assert_eq!(experiment.output_dir, Path::new("/tmp/x"));
    let Data::Files(data) = &experiment.data else { panic!("files") };
    assert_eq!(data.manifests, [("a.json".into(), 3)]);
    for wrong in ["solver.lr", "lr=3", "solver=3"] {
        assert!(message(RELEASE, &[wrong]).contains("section.key=value"), "{wrong}");
    }
    assert!(message("solver: {num_steps: 1, max_steps: 2}", &[]).contains("given twice"));
}

#[test]
fn quoted_numbers_are_numbers() {
    let train = parse(RELEASE, &["solver.lr='3e-4'", "solver.num_steps='10'", "experiment.seed='7'"]).unwrap().train;
    assert_eq!((train.lr, train.num_steps, train.seed), (3e-4, 10, 7));
}

#[test]
fn what_cannot_be_trained_is_named() {
    for (set, want) in [
        ("solver.lr=-1", "lr"),
        ("solver.optimizer=sgd", "AdamW"),
        ("solver.lr=fast", "solver.lr"),
        ("experiment.seed=-1", "experiment.seed"),
        ("dataset.captions=both", "dataset.captions"),
        ("model.dim=wide", "model.dim"),
        ("model.in_dim=263", "in_dim"),
        ("model.num_heads=5", "num_heads"),
        ("dataset.duplicate_meta=[1]", "duplicate_meta"),
        ("dataset.null_text=2", "null_text"),
        ("dataset.mean=null", "mean"),
        ("model_path.null_context=null", "null_context"),
        ("dataset.min_frames=300", "min_frames"),
        ("dataloader.num_workers=0", "num_workers"),
        ("ref_motion_corruption.corrupt_rate=x", "ref_motion_corruption"),
    ] {
        let error = message(RELEASE, &[set]);
        assert!(error.contains(want), "{set}: {error}");
    }
    assert!(message("[1, 2]", &[]).contains("sections"));
    assert!(message("a: [1", &[]).contains("YAML"));
    assert!(message("solver: 3", &[]).contains("section"));
}

#[test]
fn a_text_only_model_attends_to_text_alone() {
    let experiment = parse(RELEASE, &["model.split_head=true"]).unwrap();
    assert!(!experiment.model.reference);
    let Data::Files(data) = &experiment.data else { panic!("files") };
    assert_eq!((data.sampling.text, data.sampling.text_mocap), (1.0, 1.0));
}

#[test]
fn a_hostile_file_is_refused_and_not_unfolded() {
    let mut bomb = String::from("experiment: {name: &a0 [x, x]}\n");
    for i in 1..40 {
        let refs = vec![format!("*a{}", i - 1); 20].join(", ");
        bomb.push_str(&format!("s{i}: &a{i} [{refs}]\n"));
    }
    assert!(parse(&bomb, &[]).is_err());
}

#[test]
fn a_larger_global_batch_is_accumulated_and_divided_among_processes() {
    let mut experiment = parse(RELEASE, &["solver.global_batch=512"]).unwrap();
    assert_eq!((experiment.train.batch_size, experiment.train.accumulation), (512, 4));
    experiment.divide(2).unwrap();
    assert_eq!((experiment.train.batch_size, experiment.train.accumulation), (256, 2));
    assert!(experiment.divide(3).unwrap_err().to_string().contains("global_batch"));
    let mut each = parse(RELEASE, &[]).unwrap();
    each.divide(8).unwrap();
    assert_eq!((each.train.batch_size, each.train.accumulation), (128, 1));
}

#[test]
fn the_trained_part_and_the_precision_are_read() {
    let set = ["solver.trainable_modules=[ref_motion, .norm4.]", "precision.mixed_precision=no"];
    let train = parse(RELEASE, &set).unwrap().train;
    assert_eq!((train.trainable_modules.len(), train.precision), (2, Precision::F32));
    let set = ["solver.lora={rank: 4}", "parallel.activation_checkpointing=false", "parallel.shard_optimizer=true"];
    let train = parse(RELEASE, &set).unwrap().train;
    assert_eq!(train.lora, Some(LoraConfig { rank: 4, ..LoraConfig::default() }));
    assert!(train.shard_optimizer && !train.checkpoint_activations);
    assert!(message(RELEASE, &["solver.lora={rank: 0}"]).contains("lora.rank"));
    assert_eq!(train.parameters, Precision::F32);
    let rounded = parse(RELEASE, &["precision.parameters=bf16"]).unwrap().train;
    assert_eq!((rounded.precision, rounded.parameters), (Precision::Bf16, Precision::Bf16));
    let half = parse(RELEASE, &["precision.mixed_precision=fp16"]).unwrap();
    assert!(half.ignored.iter().any(|line| line.starts_with("precision.compute")), "{:?}", half.ignored);
}

#[test]
fn the_experiment_of_the_built_in_model_says_how_it_was_trained() {
    let experiment = parse(include_str!("../../../../examples/nano.yaml"), &[]).unwrap();
    let pipeline = Pipeline::builtin().unwrap();
    let built_in = pipeline.config();
    assert_eq!((&experiment.model, experiment.generation), (&built_in.dit, built_in.generation));
    assert_eq!(built_in.notes["trained_steps"], experiment.train.num_steps);
    assert_eq!(experiment.ignored, Vec::<String>::new());
    assert_eq!((experiment.train.batch_size, experiment.train.accumulation), (16, 1));
}

#[test]
fn the_example_on_files_is_the_release_s_recipe() {
    let experiment = parse(include_str!("../../../../examples/tm2m_train.yaml"), &[]).unwrap();
    assert_eq!(experiment.ignored, Vec::<String>::new());
    let train = TrainConfig { precision: Precision::Bf16, checkpoint_activations: true, ..TrainConfig::default() };
    assert_eq!(experiment.train, train);
}

#[test]
fn the_book_names_every_key() {
    let page = include_str!("../../../../docs/src/how-to/train.md");
    for section in &super::super::keys::SECTIONS {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{}` |", section.name))).unwrap();
        for key in section.own_keys() {
            assert!(row.contains(&format!("`{key}`")), "{}.{key} is not in the book", section.name);
        }
    }
}

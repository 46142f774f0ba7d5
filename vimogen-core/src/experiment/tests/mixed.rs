//! Runs on folders of captioned motion, from scratch and from a finished model.

use std::ops::ControlFlow;
use std::path::Path;

use super::super::{Data, Event, Experiment, Resume, Run};
use super::runs::same;
use crate::data::procedural::{ProceduralDataset, Split};
use crate::device::Device;
use crate::model::DitConfig;
use crate::motion::Motion;
use crate::motion::codec::encode;
use crate::weights::{GenerationDefaults, WeightDtype};
use crate::{GenerateOptions, Pipeline};

/// A folder of two captioned clips.
fn clips(folder: &Path) {
    for (name, caption) in [("one.npz", "a person zigzags"), ("two.bvh", "a person walks proudly")] {
        let clip = ProceduralDataset::new(5, Split::Train).sample_with_frames(1, 60);
        let path = folder.join(name);
        Motion::from_features(encode(&clip.motion).unwrap(), 20.0).unwrap().save(&path).unwrap();
        std::fs::write(path.with_extension("txt"), caption).unwrap();
    }
}

/// The built-in model's experiment for a tiny network and `steps` steps.
fn tiny(out: &Path, clips: &str, steps: usize) -> Experiment {
    let set = [
        "model.dim=16".to_string(),
        "model.ffn_dim=24".into(),
        "model.freq_dim=8".into(),
        "model.num_heads=2".into(),
        "dataloader.batch_size=4".into(),
        "experiment.visualize_every=0".into(),
        format!("solver.num_steps={steps}"),
        format!("experiment.output_dir={out:?}"),
        format!("dataset.clips={clips}"),
    ];
    Experiment::parse(include_str!("../../../../examples/nano.yaml"), &set).unwrap()
}

/// Trains, and gives the run with its notes.
fn trained(experiment: Experiment) -> (Run, Vec<String>) {
    let mut run = Run::new(experiment, &Device::flex(), &Resume::Auto).unwrap();
    let mut notes = vec![];
    run.train(&mut |event| {
        if let Event::Note(note) = event {
            notes.push(note.to_string());
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    (run, notes)
}

#[test]
fn recordings_are_mixed_in_and_a_folder_that_is_not_there_leaves_procedural_motion_alone() {
    let folder = tempfile::tempdir().unwrap();
    clips(folder.path());
    let out = |name: &str| folder.path().join(name);
    let (mixed, notes) = trained(tiny(&out("a"), &format!("{{folder: {:?}, share: 0.5}}", folder.path()), 2));
    assert!(notes.iter().any(|note| note.contains("2 clips of")), "{notes:?}");
    let (without, notes) = trained(tiny(&out("b"), "{folder: nowhere, share: 0.5, optional: true}", 2));
    assert!(notes.iter().any(|note| note.contains("no folder \"nowhere\"")), "{notes:?}");
    let (procedural, _) = trained(tiny(&out("c"), "null", 2));
    assert!(same(without.trainer().ema(), procedural.trainer().ema()));
    assert!(!same(mixed.trainer().ema(), procedural.trainer().ema()));
    let needed = tiny(&out("d"), "{folder: nowhere}", 2);
    let error = Run::new(needed, &Device::flex(), &Resume::Auto).err().unwrap().to_string();
    assert!(error.contains("nowhere"), "{error}");
}

#[test]
fn the_settings_of_a_folder_are_checked_where_they_are_read() {
    let message = |clips: &str| {
        let set = [format!("dataset.clips={clips}")];
        Experiment::parse(include_str!("../../../../examples/nano.yaml"), &set).unwrap_err().to_string()
    };
    for (clips, want) in
        [("{folder: a, shar: 1}", "shar"), ("{share: 1}", "folder"), ("3", "folder"), ("{folder: a, crop: 2}", "crop")]
    {
        assert!(message(clips).contains(want), "{clips}: {}", message(clips));
    }
}

#[test]
fn adapters_of_the_built_in_model_change_its_motion_and_what_it_knows() {
    let folder = tempfile::tempdir().unwrap();
    clips(folder.path());
    let yaml = format!(
        "experiment: {{name: style, output_dir: {out:?}, visualize_every: 0}}
model_path: {{model: built-in}}
solver: {{num_steps: 3, lr: 1e-2, warmup_steps: 1, loss_weighting: uniform, lora: {{rank: 2, targets: [attn, ffn]}}}}
dataloader: {{batch_size: 2}}
dataset: {{clips: {{folder: {clips:?}, min_frames: 20}}}}
",
        out = folder.path().join("out"),
        clips = folder.path(),
    );
    let experiment = Experiment::parse(&yaml, &[]).unwrap();
    let built_in = Pipeline::builtin().unwrap();
    assert_eq!(experiment.generation, built_in.config().generation, "inherited");
    let Data::Mixed(data) = &experiment.data else { panic!("folders") };
    assert!(!data.procedural);
    let (run, _) = trained(experiment);
    let adapter = folder.path().join("style");
    run.save_adapter(&adapter).unwrap();
    let styled = Pipeline::builder().lora(&adapter).builtin().unwrap();
    let options = GenerateOptions::default().with_num_frames(40).with_num_inference_steps(2);
    let make = |pipeline: &Pipeline| pipeline.generate("a person walks", &options).unwrap().into_features();
    let far = (&make(&styled) - &make(&built_in)).iter().fold(0.0f32, |far, d| far.max(d.abs()));
    assert!(far > 1e-4, "{far}");
    let known = styled.known_prompts().unwrap();
    assert_eq!(known.movements["style"].phrases, ["a person walks proudly", "a person zigzags"]);
    assert!(known.movements.len() > built_in.known_prompts().unwrap().movements.len());
    // The whole model, with its adapters, as a folder.
    let whole = folder.path().join("whole");
    styled.save(&whole, WeightDtype::F32).unwrap();
    let far = (&make(&Pipeline::open(&whole).unwrap()) - &make(&styled)).iter().fold(0.0f32, |far, d| far.max(d.abs()));
    assert!(far < 1e-4, "{far}");
    let wider = ["model.dim=288".to_string()];
    let wider = Experiment::parse(&yaml, &wider).and_then(|e| Run::new(e, &Device::flex(), &Resume::Never));
    assert!(wider.is_err());
}

#[test]
fn the_built_in_model_is_written_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    Pipeline::builtin().unwrap().save(folder.path(), WeightDtype::Bf16).unwrap();
    let written = std::fs::read(folder.path().join("model.safetensors")).unwrap();
    assert!(written == include_bytes!("../../../assets/nano/model.safetensors"), "other weights");
    let back = Pipeline::open(folder.path()).unwrap();
    assert_eq!(back.config(), Pipeline::builtin().unwrap().config());
    assert!(Pipeline::open(folder.path()).is_ok(), "a refused save leaves the model");
}

#[test]
fn the_defaults_of_a_recipe_are_those_of_the_release_or_of_the_built_in_model() {
    let release = GenerationDefaults::for_recipe(&DitConfig::vimogen_1_3b(), false, 0.5);
    assert_eq!(release, GenerationDefaults::default());
    let small = DitConfig { dim: 280, ..DitConfig::vimogen_1_3b() };
    let nano = GenerationDefaults::for_recipe(&small, true, 0.1);
    let built_in = Pipeline::builtin().unwrap().config().generation;
    assert_eq!(GenerationDefaults { frames: built_in.frames, ..nano }, built_in);
    assert_eq!(GenerationDefaults::for_recipe(&small, true, 0.0).guidance_scale, 1.0);
    let set = ["model.generation=null".to_string(), "model.generation={guidance_scale: 3}".into()];
    let yaml = include_str!("../../../../examples/nano.yaml");
    assert_eq!(Experiment::parse(yaml, &set[..1]).unwrap().generation, nano);
    let own = Experiment::parse(yaml, &set[1..]).unwrap().generation;
    assert_eq!((own.guidance_scale, own.strength), (3.0, 1.0), "the other keys are those of the recipe");
}

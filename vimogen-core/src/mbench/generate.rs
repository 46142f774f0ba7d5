//! Generation of the motions of all benchmark prompts, in the release's folder layout.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::prompts::{MBenchPrompt, TextKey};
use crate::error::{Error, Result};
use crate::format::write_atomic;
use crate::motion::Motion;
use crate::pipeline::{Pipeline, Prompt, Request, Source};
use crate::progress::{OnProgress, Progress, Stage, report};
use crate::sample::options::{DEFAULT_FRAMES, GenerateOptions};

/// Prompts generated, and saved, together.
const BATCH: usize = 16;
/// Frame rate of the references.
const REFERENCE_FPS: f32 = 16.0;

/// Options of [`generate_benchmark`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BenchmarkOptions {
    /// Steps, guidance and seed. Its `num_frames` is the length of all motions from text, 100 frames by default; a motion from a
    /// reference is as long as the reference.
    pub generate: GenerateOptions,
    /// Uses the `motion_duration` of each prompt as the length instead.
    pub prompt_durations: bool,
    /// Wording of the prompts.
    pub text_key: TextKey,
    /// Base folder of the paths in the prompt file.
    pub root: PathBuf,
}

/// Numbers of generated motions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Generated {
    /// Motions from text.
    pub from_text: usize,
    /// Motions from a reference.
    pub from_reference: usize,
    /// Prompts whose motion existed already.
    pub kept: usize,
    /// Prompts whose reference is to be used but missing: their motions were generated from text.
    pub without_reference: Vec<u64>,
}

/// Generates the motion of every prompt into `<output>/<global_id>/`: `prompt.txt`, `motion_ref.pt` if a reference is used, and
/// `motion_gen_condition_on_text.pt` or `motion_gen_condition_on_motion.pt`, `(T, 276)`.
///
/// The motion is written last, so that a stopped run continues; 16 prompts of similar length are saved together. Every
/// motion is the same as if generated alone. For a model without text encoder, the encoded prompts of the prompt file are
/// used. Progress: one step per prompt.
///
/// # Errors
/// Those of [`Pipeline::generate_with`], of reading references and encoded prompts, and of writing.
pub fn generate_benchmark(
    pipeline: &Pipeline,
    prompts: &[MBenchPrompt],
    output: impl AsRef<Path>,
    options: &BenchmarkOptions,
    on_progress: &mut OnProgress<'_>,
) -> Result<Generated> {
    let output = output.as_ref();
    let mut made = Generated::default();
    let mut left: BTreeMap<(usize, u64), (&MBenchPrompt, Option<PathBuf>)> = BTreeMap::new();
    for prompt in prompts {
        let reference = reference_path(prompt, pipeline, options);
        if prompt.use_ref_motion && reference.is_none() {
            made.without_reference.push(prompt.global_id);
        }
        if target(output, prompt, reference.is_some()).exists() {
            made.kept += 1;
        } else {
            // References have their own lengths; they come first, in the order of the file.
            let frames = if reference.is_some() { 0 } else { frames(prompt, pipeline, options) };
            left.insert((frames, prompt.global_id), (prompt, reference));
        }
    }
    let left: Vec<_> = left.into_values().collect();
    for batch in left.chunks(BATCH) {
        let requests = batch
            .iter()
            .map(|(prompt, reference)| request(prompt, reference.as_deref(), pipeline, options))
            .collect::<Result<Vec<_>>>()?;
        let done = made.kept + made.from_text + made.from_reference;
        let mut inner = |progress: Progress| match progress.stage {
            Stage::Encode => ControlFlow::Continue(()),
            // The step is reported when the motion is saved; until then the caller can only stop.
            stage => on_progress(Progress { stage, step: done, total: prompts.len() }),
        };
        let motions = pipeline.generate_with(&requests, &options.generate, &mut inner)?;
        for (((prompt, _), request), motion) in batch.iter().zip(&requests).zip(motions) {
            let reference = match &request.source {
                Source::Reference(reference) => Some(reference),
                Source::Prompt(_) => None,
            };
            keep(output, prompt, reference, &motion)?;
            let count = if reference.is_some() { &mut made.from_reference } else { &mut made.from_text };
            *count += 1;
            let done = made.kept + made.from_text + made.from_reference;
            report(on_progress, Stage::Sample, done, prompts.len())?;
        }
    }
    Ok(made)
}

/// The reference to use, if it exists and the model supports references.
fn reference_path(prompt: &MBenchPrompt, pipeline: &Pipeline, options: &BenchmarkOptions) -> Option<PathBuf> {
    let path = options.root.join(prompt.motion_path.as_ref()?);
    (prompt.use_ref_motion && pipeline.config().dit.reference && path.is_file()).then_some(path)
}

fn frames(prompt: &MBenchPrompt, pipeline: &Pipeline, options: &BenchmarkOptions) -> usize {
    if options.prompt_durations {
        (prompt.motion_duration * f64::from(pipeline.fps())).round() as usize
    } else {
        options.generate.num_frames.unwrap_or(DEFAULT_FRAMES)
    }
}

fn request(
    prompt: &MBenchPrompt,
    reference: Option<&Path>,
    pipeline: &Pipeline,
    options: &BenchmarkOptions,
) -> Result<Request> {
    if let Some(path) = reference {
        let motion = Motion::load(path)?.with_fps(REFERENCE_FPS)?;
        let frames = (motion.duration() * pipeline.fps()) as usize;
        let request = Request::reference(motion);
        return Ok(if options.generate.num_frames.is_some() { request.with_num_frames(frames) } else { request });
    }
    let text = match (pipeline.encoder(), prompt.embeds(options.text_key)) {
        (None, Some(path)) => Prompt::load_embeds(options.root.join(path))?,
        _ => Prompt::Text(prompt.text(options.text_key).into()),
    };
    Ok(Request::from(text).with_num_frames(frames(prompt, pipeline, options)))
}

fn target(output: &Path, prompt: &MBenchPrompt, follows: bool) -> PathBuf {
    let name = if follows { "motion_gen_condition_on_motion.pt" } else { "motion_gen_condition_on_text.pt" };
    output.join(prompt.global_id.to_string()).join(name)
}

fn keep(output: &Path, prompt: &MBenchPrompt, reference: Option<&Motion>, motion: &Motion) -> Result<()> {
    let target = target(output, prompt, reference.is_some());
    let folder = target.with_file_name("");
    fs::create_dir_all(&folder).map_err(|e| Error::io("create", &folder, e))?;
    write_atomic(folder.join("prompt.txt"), |w| writeln!(w, "{}", prompt.prompt))?;
    reference.map_or(Ok(()), |motion| motion.save(folder.join("motion_ref.pt")))?;
    motion.save(target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress;

    fn prompts() -> Vec<MBenchPrompt> {
        let json = r#"[
            {"global_id": 7, "prompt": "a person walks", "motion_duration": 0.5, "motion_path": "ref.pt",
             "use_ref_motion": true, "prompt_motion_detailed": "The person walks slowly."},
            {"global_id": 3, "prompt": "a person jumps", "motion_duration": 1, "motion_path": "gone.pt",
             "use_ref_motion": true},
            {"global_id": 5, "prompt": "a person waves", "motion_duration": 0.4, "motion_path": "ref.pt"}]"#;
        serde_json::from_str(json).unwrap()
    }

    fn options(root: &Path) -> BenchmarkOptions {
        let generate = GenerateOptions::default().with_num_inference_steps(2);
        BenchmarkOptions { generate, prompt_durations: true, root: root.into(), ..Default::default() }
    }

    #[test]
    fn each_prompt_gets_its_folder_and_a_second_run_makes_only_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let pipeline = Pipeline::builtin().unwrap();
        let short = GenerateOptions::default().with_num_inference_steps(2).with_num_frames(16);
        let reference = pipeline.generate("a person walks", &short).unwrap();
        reference.save(folder.path().join("ref.pt")).unwrap();
        let run = || {
            let options = options(folder.path());
            generate_benchmark(&pipeline, &prompts(), &out, &options, &mut progress::ignore).unwrap()
        };
        let made = run();
        assert_eq!((made.from_text, made.from_reference, made.kept), (2, 1, 0));
        assert_eq!(made.without_reference, [3]);
        let followed = Motion::load(out.join("7/motion_gen_condition_on_motion.pt")).unwrap();
        assert_eq!(followed.len(), 20, "16 frames at 16 a second");
        assert!(out.join("7/motion_ref.pt").exists() && !out.join("5/motion_ref.pt").exists());
        assert_eq!(fs::read_to_string(out.join("3/prompt.txt")).unwrap(), "a person jumps\n");
        let text = out.join("5/motion_gen_condition_on_text.pt");
        assert_eq!(Motion::load(&text).unwrap().len(), 8);
        assert_eq!(Motion::load(out.join("3/motion_gen_condition_on_text.pt")).unwrap().len(), 20);
        let before = fs::read(&text).unwrap();
        fs::remove_file(&text).unwrap();
        let made = run();
        assert_eq!((made.from_text, made.from_reference, made.kept), (1, 0, 2));
        let alone = Motion::load(&text).unwrap();
        fs::write(&text, before).unwrap();
        let difference = (&alone.features() - &Motion::load(&text).unwrap().features()).mapv(f32::abs);
        assert!(difference.iter().all(|d| *d < 1e-4), "a motion does not depend on what it is made with");
    }

    #[test]
    fn a_stop_in_between_keeps_what_is_done_and_wordings_have_names() {
        let folder = tempfile::tempdir().unwrap();
        let pipeline = Pipeline::builtin().unwrap();
        let mut stop = |_| ControlFlow::Break(());
        let options = options(folder.path());
        let stopped = generate_benchmark(&pipeline, &prompts(), folder.path().join("o"), &options, &mut stop);
        assert!(matches!(stopped, Err(Error::Cancelled)));
        let first = &prompts()[0];
        assert_eq!(first.text("motion_text_annot".parse().unwrap()), "The person walks slowly.");
        assert_eq!(first.text("video_text_annot".parse().unwrap()), "a person walks");
        assert!("caption".parse::<TextKey>().is_err());
    }
}

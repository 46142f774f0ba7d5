//! Which reference motions are good enough to be followed: those that are calm and show what their prompt says.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use serde::Serialize;
use serde_json::Value;

use super::benchmark::in_parallel;
use super::ordered::Ordered;
use super::prompts::{MAX_BYTES, MBenchPrompt, load_prompts};
use super::quality::jitter_degree;
use super::vlm::answer::Verdict;
use super::vlm::question::Templates;
use super::vlm::{Bench, Judge, Patience};
use crate::error::{Error, Result};
use crate::format::{read_bounded, write_atomic};
use crate::motion::Motion;
use crate::progress::{OnProgress, Stage, report};

/// Jitter from which on a reference is not used.
pub const MAX_JITTER: f32 = 0.04;
const MAX_VIDEO_BYTES: u64 = 1 << 28;

/// Whether a reference is used: it is calm and matches its prompt. What is not known speaks against it.
pub fn decide(jitter: Option<f32>, matches: Option<bool>) -> bool {
    jitter.is_some_and(|jitter| jitter < MAX_JITTER) && matches == Some(true)
}

/// How references are judged.
pub struct GateOptions<'a> {
    /// Folder that the `motion_path` of the prompt file starts from.
    pub root: PathBuf,
    /// Folder of the references' videos, `<global_id>.mp4`.
    pub videos: PathBuf,
    /// Who judges.
    pub judge: &'a dyn Judge,
    /// How the judge is asked.
    pub templates: Templates,
    /// How failing questions are asked again.
    pub patience: Patience,
    /// Questions asked at a time.
    pub jobs: usize,
    /// Folder for the judge's answers; a stopped run finds them there.
    pub answers: PathBuf,
}

/// What became of one reference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    /// Number of the motion.
    pub global_id: u64,
    /// What was asked for.
    pub prompt: String,
    /// The jitter of the reference's joints at its own rate; `None` if there is no motion.
    #[serde(rename = "Jitter_Degree")]
    pub jitter: Option<f32>,
    /// What the judge says.
    pub analysis: Value,
    /// Whether the motion matches its prompt; `None` if nobody said so. A reference that is not calm is not judged.
    pub matches: Option<bool>,
    /// Whether it is followed.
    pub use_ref_motion: bool,
    /// Why something is not known.
    pub reason: Option<String>,
}

/// Decides for every prompt whether its reference is followed. Writes `use_ref_motion` into the prompt file, in whose
/// place the new one is put at the end and all at once, and the quality report.
///
/// Only references that are calm are judged, since the others are out anyway. Progress: a step is a reference.
///
/// # Errors
/// Those of [`load_prompts`], [`Error::Config`] for a judge that refuses all questions, [`Error::Cancelled`], and those of
/// writing.
pub fn gate(
    manifest: impl AsRef<Path>,
    quality_report: impl AsRef<Path>,
    options: &GateOptions<'_>,
    on_progress: &mut OnProgress<'_>,
) -> Result<Vec<Checked>> {
    let manifest = manifest.as_ref();
    let prompts = load_prompts(manifest)?;
    fs::create_dir_all(&options.answers).map_err(|e| Error::io("create", &options.answers, e))?;
    let bench = Bench::new(options.judge, Some(&options.answers), options.patience)?;
    let mut checked: Vec<Option<Checked>> = prompts.iter().map(|_| None).collect();
    let work = |i: usize, stop: &AtomicBool| check(&prompts[i], options, &bench, stop);
    let mut done = 0;
    in_parallel(options.jobs.clamp(1, 256), prompts.len(), work, |i, one| {
        checked[i] = Some(one);
        done += 1;
        report(on_progress, Stage::Evaluate, done, prompts.len())
    })?;
    let checked: Vec<Checked> = checked.into_iter().flatten().collect();
    save(quality_report.as_ref(), &checked)?;
    save(manifest, &rewritten(manifest, &checked)?)?;
    Ok(checked)
}

/// Jitter first, which costs nothing, then the judge.
fn check(prompt: &MBenchPrompt, options: &GateOptions<'_>, bench: &Bench<'_>, stop: &AtomicBool) -> Result<Checked> {
    let mut checked = Checked {
        global_id: prompt.global_id,
        prompt: prompt.prompt.clone(),
        jitter: None,
        analysis: Value::Null,
        matches: None,
        use_ref_motion: false,
        reason: None,
    };
    match jitter(prompt, options) {
        Ok(jitter) => checked.jitter = Some(jitter),
        Err(reason) => checked.reason = Some(reason),
    }
    if !checked.jitter.is_some_and(|jitter| jitter < MAX_JITTER) {
        return Ok(checked);
    }
    match judge(prompt, options, bench, stop)? {
        Ok(Verdict { analysis, matches }) => (checked.analysis, checked.matches) = (analysis, Some(matches)),
        Err(reason) => checked.reason = Some(reason),
    }
    checked.use_ref_motion = decide(checked.jitter, checked.matches);
    Ok(checked)
}

fn jitter(prompt: &MBenchPrompt, options: &GateOptions<'_>) -> Result<f32, String> {
    let path = prompt.motion_path.as_ref().ok_or("the prompt file names no motion")?;
    let motion = Motion::load(options.root.join(path)).map_err(|error| error.to_string())?;
    jitter_degree(motion.joints()).map_err(|error| error.to_string())
}

/// The verdict on a reference's video; the inner error says why there is none.
fn judge(
    prompt: &MBenchPrompt,
    options: &GateOptions<'_>,
    bench: &Bench<'_>,
    stop: &AtomicBool,
) -> Result<Result<Verdict, String>> {
    let path = options.videos.join(format!("{}.mp4", prompt.global_id));
    let video = match read_bounded(&path, MAX_VIDEO_BYTES) {
        Ok(video) => video,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let said = bench.ask(&options.templates.ask_gate(&prompt.prompt), &video, stop)?;
    Ok(said.and_then(|said| Verdict::read(&said).map_err(|error| error.to_string())))
}

/// The prompt file with the decisions in it and everything else as it was.
fn rewritten(manifest: &Path, checked: &[Checked]) -> Result<Ordered> {
    let bad = |e: serde_json::Error| Error::format("MBench prompts", e.to_string()).with_path(manifest);
    let mut prompts: Ordered = serde_json::from_slice(&read_bounded(manifest, MAX_BYTES)?).map_err(bad)?;
    if let Ordered::List(prompts) = &mut prompts {
        let decided = prompts.iter_mut().zip(checked);
        decided.for_each(|(prompt, checked)| prompt.set("use_ref_motion", checked.use_ref_motion.into()));
    }
    Ok(prompts)
}

fn save(path: &Path, value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value).map_err(|e| Error::Internal { reason: e.to_string() })?;
    write_atomic(path, |w| writeln!(w, "{text}"))
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use ndarray::Array2;

    use super::*;
    use crate::mbench::vlm::{Answer, Unanswered};
    use crate::progress;

    /// Finds a match where the question is about a walk.
    struct Walks;

    impl Judge for Walks {
        fn name(&self) -> String {
            "walks".into()
        }

        fn ask(&self, question: &str, video: &[u8]) -> Result<Answer, Unanswered> {
            assert_eq!(video, b"video");
            let matches = question.contains("a person walks");
            Ok(Answer { text: format!("{{\"analysis\": \"seen\", \"matches\": {matches}}}"), pause: None })
        }
    }

    const MANIFEST: &str = r#"[
  {"use_ref_motion": false, "global_id": 4, "prompt": "a person walks", "motion_path": "calm.pt", "note": [1, {"b": 2, "a": 1.5}]},
  {"global_id": 1, "prompt": "a person jumps", "motion_path": "calm.pt", "use_ref_motion": true},
  {"global_id": 2, "prompt": "a person walks", "motion_path": "wild.pt", "use_ref_motion": true},
  {"global_id": 3, "prompt": "a person walks", "motion_path": "gone.pt"},
  {"global_id": 9, "prompt": "a person walks", "motion_path": "calm.pt", "use_ref_motion": true}
]"#;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, shake) in [("calm.pt", 0.0), ("wild.pt", 1.0)] {
            let features = Array2::from_shape_fn((8, 276), |(t, c)| {
                if (192..258).contains(&c) { shake * ((t % 2) as f32 - 0.5) } else { 0.0 }
            });
            Motion::from_features(features, 20.0).unwrap().save(folder.path().join(name)).unwrap();
        }
        (1..5).for_each(|id| fs::write(folder.path().join(format!("{id}.mp4")), "video").unwrap());
        fs::write(folder.path().join("prompts.json"), MANIFEST).unwrap();
        folder
    }

    fn options(folder: &Path) -> GateOptions<'static> {
        GateOptions {
            root: folder.into(),
            videos: folder.into(),
            judge: &Walks,
            templates: Templates::default(),
            patience: Patience::default(),
            jobs: 3,
            answers: folder.join("answers"),
        }
    }

    #[test]
    fn a_reference_is_followed_if_it_is_calm_and_matches_and_nothing_else_changes() {
        let folder = folder();
        let (manifest, quality) = (folder.path().join("prompts.json"), folder.path().join("quality.json"));
        let checked = gate(&manifest, &quality, &options(folder.path()), &mut progress::ignore).unwrap();
        let used: Vec<bool> = checked.iter().map(|one| one.use_ref_motion).collect();
        assert_eq!(used, [true, false, false, false, false]);
        assert_eq!(checked[1].matches, Some(false));
        assert!(checked[2].jitter.unwrap() > MAX_JITTER && checked[2].matches.is_none());
        assert!(checked[3].reason.as_ref().unwrap().contains("gone.pt"));
        assert!(checked[4].reason.as_ref().unwrap().contains("9.mp4"));
        let text = fs::read_to_string(&manifest).unwrap();
        let mut want: Value = serde_json::from_str(MANIFEST).unwrap();
        (0..5).for_each(|i| want[i]["use_ref_motion"] = (i == 0).into());
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), want);
        assert!(text.find("use_ref_motion").unwrap() < text.find("global_id").unwrap(), "keys keep their order");
        let report: Value = serde_json::from_slice(&fs::read(&quality).unwrap()).unwrap();
        assert_eq!((&report[0]["analysis"], &report[0]["global_id"]), (&Value::from("seen"), &Value::from(4)));
        assert!(report[0]["Jitter_Degree"].is_number());
    }

    #[test]
    fn a_stop_leaves_the_prompt_file_as_it_was() {
        let folder = folder();
        let manifest = folder.path().join("prompts.json");
        let mut stop = |_| ControlFlow::Break(());
        let stopped = gate(&manifest, folder.path().join("q.json"), &options(folder.path()), &mut stop);
        assert!(matches!(stopped, Err(Error::Cancelled)));
        assert_eq!(fs::read_to_string(&manifest).unwrap(), MANIFEST);
    }
}

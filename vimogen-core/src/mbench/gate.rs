//! Selection of reference motions: smooth ones that match their prompt.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use serde::Serialize;
use serde_json::Value;

use super::dimension::Dimension;
use super::ordered::Ordered;
use super::outcome::Outcome;
use super::parallel::{MAX_JOBS, in_parallel};
use super::prompts::{MAX_BYTES, MBenchPrompt, load_prompts};
use super::quality::{CheckedJoints, UpAxis};
use super::vlm::answer::Verdict;
use super::vlm::question::Templates;
use super::vlm::{Judge, JudgeClient, MAX_VIDEO_BYTES, RetryPolicy};
use crate::error::{Error, Result};
use crate::format::{read_bounded, write_atomic};
use crate::motion::Motion;
use crate::progress::{OnProgress, Stage, report};

/// Upper bound on the jitter of a usable reference, exclusive.
pub const MAX_JITTER: f32 = 0.04;

/// Whether a reference is used: it is smooth and matches its prompt. Unknown values count as no.
pub fn decide(jitter: Option<f32>, matches: Option<bool>) -> bool {
    jitter.is_some_and(|jitter| jitter < MAX_JITTER) && matches == Some(true)
}

/// Options of [`gate`].
#[non_exhaustive]
pub struct GateOptions<'a> {
    /// Base folder of the paths in the prompt file. Default: the current folder.
    pub root: PathBuf,
    /// Folder of the references' videos, `<global_id>.mp4`.
    pub videos: PathBuf,
    /// The judge.
    pub judge: &'a dyn Judge,
    /// Wording of the questions.
    pub templates: Templates,
    /// Retries of failed questions.
    pub retry: RetryPolicy,
    /// Questions asked in parallel, at most 256. Default: 4.
    pub jobs: usize,
    /// Folder of the judge's answers, for the next run after a stop.
    pub answers: PathBuf,
}

impl<'a> GateOptions<'a> {
    /// Videos of the references, the judge, and the folder of its answers.
    pub fn new(videos: impl Into<PathBuf>, judge: &'a dyn Judge, answers: impl Into<PathBuf>) -> Self {
        Self {
            root: PathBuf::from("."),
            videos: videos.into(),
            judge,
            templates: Templates::default(),
            retry: RetryPolicy::default(),
            jobs: 4,
            answers: answers.into(),
        }
    }

    /// Sets the base folder of the paths in the prompt file.
    pub fn with_root(self, root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), ..self }
    }

    /// Sets the wording of the questions.
    pub fn with_templates(self, templates: Templates) -> Self {
        Self { templates, ..self }
    }

    /// Sets the retries of failed questions.
    pub fn with_retry(self, retry: RetryPolicy) -> Self {
        Self { retry, ..self }
    }

    /// Sets the number of questions asked in parallel.
    pub fn with_jobs(self, jobs: usize) -> Self {
        Self { jobs, ..self }
    }
}

/// Decision about one reference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    /// Number of the motion.
    pub global_id: u64,
    /// The prompt.
    pub prompt: String,
    /// Jitter of the reference's joints at its own frame rate; `None` if there is no motion.
    #[serde(rename = "Jitter_Degree")]
    pub jitter: Option<f32>,
    /// The judge's reasons.
    pub analysis: Value,
    /// Whether the motion matches its prompt; `None` without an answer, as for a reference that is not smooth.
    pub matches: Option<bool>,
    /// Whether the reference is used.
    pub use_ref_motion: bool,
    /// Reason for a missing value.
    pub reason: Option<String>,
}

/// Decides for every prompt whether its reference is used. Writes the decisions as `use_ref_motion` into the prompt file, which
/// is replaced atomically at the end, and the quality report.
///
/// Only smooth references are sent to the judge. Progress: one step per reference.
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
    let client = JudgeClient::new(options.judge, Some(&options.answers), options.retry)?;
    let mut checked: Vec<Option<Checked>> = prompts.iter().map(|_| None).collect();
    let work = |i: usize, stop: &AtomicBool| check(&prompts[i], options, &client, stop);
    let mut done = 0;
    in_parallel(options.jobs.clamp(1, MAX_JOBS), prompts.len(), work, |i, one| {
        checked[i] = Some(one);
        done += 1;
        report(on_progress, Stage::Evaluate, done, prompts.len())
    })?;
    let checked: Vec<Checked> = checked.into_iter().flatten().collect();
    save(quality_report.as_ref(), &checked)?;
    save(manifest, &rewritten(manifest, &checked)?)?;
    Ok(checked)
}

/// Jitter first, which is cheap, then the judge.
fn check(
    prompt: &MBenchPrompt,
    options: &GateOptions<'_>,
    client: &JudgeClient<'_>,
    stop: &AtomicBool,
) -> Result<Checked> {
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
    match judge(prompt, options, client, stop)? {
        Outcome::Done(Verdict { analysis, matches }) => {
            (checked.analysis, checked.matches) = (analysis, Some(matches));
        }
        Outcome::Failed(reason) => checked.reason = Some(reason),
    }
    checked.use_ref_motion = decide(checked.jitter, checked.matches);
    Ok(checked)
}

fn jitter(prompt: &MBenchPrompt, options: &GateOptions<'_>) -> Result<f32, String> {
    let path = prompt.motion_path.as_ref().ok_or("the prompt file names no motion")?;
    let motion = Motion::load(options.root.join(path)).map_err(|error| error.to_string())?;
    let jitter =
        CheckedJoints::new(motion.joints(), UpAxis::Z).and_then(|joints| Dimension::JitterDegree.measure(&joints));
    jitter.map_err(|error| error.to_string())
}

/// The verdict on a reference's video.
fn judge(
    prompt: &MBenchPrompt,
    options: &GateOptions<'_>,
    client: &JudgeClient<'_>,
    stop: &AtomicBool,
) -> Result<Outcome<Verdict>> {
    let path = options.videos.join(format!("{}.mp4", prompt.global_id));
    let video = match read_bounded(&path, MAX_VIDEO_BYTES) {
        Ok(video) => video,
        Err(error) => return Ok(Outcome::Failed(error.to_string())),
    };
    let answer = client.ask(&options.templates.ask_gate(&prompt.prompt), &video, stop)?;
    Ok(answer.and_then(|answer| Verdict::read(&answer).into()))
}

/// The prompt file with the decisions, and otherwise unchanged.
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
    let text = serde_json::to_string_pretty(value).map_err(Error::internal)?;
    write_atomic(path, |w| writeln!(w, "{text}"))
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use ndarray::Array2;

    use super::*;
    use crate::mbench::vlm::{Answer, JudgeError};
    use crate::progress;

    /// Finds a match where the question is about a walk.
    struct Walks;

    impl Judge for Walks {
        fn name(&self) -> String {
            "walks".into()
        }

        fn ask(&self, question: &str, video: &[u8]) -> Result<Answer, JudgeError> {
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
        GateOptions::new(folder, &Walks, folder.join("answers")).with_root(folder).with_jobs(3)
    }

    #[test]
    fn a_reference_is_used_if_it_is_smooth_and_matches_and_nothing_else_changes() {
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

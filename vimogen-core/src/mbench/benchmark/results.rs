//! Results of a run, and the files that hold them.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::format::{read_bounded, write_atomic};
use crate::mbench::aggregate::{Aggregate, Summary, number_or_null};
use crate::mbench::dimension::{Dimension, Input};
use crate::mbench::info::InfoEntry;
use crate::mbench::interval;
use crate::mbench::organized::digest;

/// Maximum size of a file of results, bytes.
const MAX_BYTES: u64 = 1 << 28;

/// One motion in one dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MotionResult {
    /// Number of the motion; without an info file its position in the folder.
    pub id: u64,
    /// The prompt.
    pub prompt: String,
    /// The value; NaN, in JSON `null`, for a motion that is too short to have one. 1 or 0 from a judge.
    #[serde(deserialize_with = "number_or_null")]
    pub value: f32,
    /// The measured file.
    pub evaluation_file: String,
    /// Requested length, frames.
    pub motion_duration: f64,
}

impl MotionResult {
    /// Name of the measured file, without its extension.
    pub fn file_name(&self) -> String {
        Path::new(&self.evaluation_file).file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// All motions in one dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DimensionResult {
    /// Over the motions.
    pub aggregate: Summary,
    /// Each motion, by number.
    pub per_motion: Vec<MotionResult>,
}

impl DimensionResult {
    pub(super) fn new(dimension: Dimension, mut per_motion: Vec<MotionResult>) -> Self {
        per_motion.sort_by_key(|motion| motion.id);
        let values: Vec<f32> = per_motion.iter().map(|motion| motion.value).collect();
        let over_motions = Aggregate::of(&values);
        let aggregate = match dimension.input() {
            Input::Video => over_motions.with_share(&values),
            _ => Summary { over_motions, share: None },
        };
        Self { aggregate, per_motion }
    }

    /// The 95 % confidence interval of the mean: by the bootstrap, and Wilson's for a share.
    pub fn interval(&self) -> Option<(f64, f64)> {
        match &self.aggregate.share {
            Some(share) => interval::of_share(share),
            None => {
                let values: Vec<f32> = self.per_motion.iter().map(|motion| motion.value).collect();
                interval::of_mean(&values)
            }
        }
    }
}

/// A motion without a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// The dimension to be measured.
    pub dimension: Dimension,
    /// Number of the motion.
    pub id: u64,
    /// File names that were looked up.
    pub looked_for: Vec<String>,
}

/// A motion whose file could not be measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The dimension.
    pub dimension: Dimension,
    /// Number of the motion.
    pub id: u64,
    /// The file.
    pub file: String,
    /// The cause.
    pub reason: String,
}

/// Settings of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Settings {
    /// Folder of the motions.
    pub folder: String,
    /// Height axis of joint files: 2 in the release, although its joints have y (1) up.
    pub up_axis: usize,
    /// Name of the judge.
    pub judge: Option<String>,
    /// Seed of the order of candidates.
    pub seed: u64,
    /// Files for measuring bodies.
    #[serde(default)]
    pub bodies: Option<String>,
    /// Number of motions per origin of their poses; see [`PoseOrigin`](crate::mbench::pose::PoseOrigin).
    #[serde(default)]
    pub poses: BTreeMap<String, usize>,
}

/// Results of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// Name of the run, the prefix of its files.
    pub name: String,
    /// Settings of the run.
    pub settings: Settings,
    /// Measured dimensions.
    pub dimensions: BTreeMap<Dimension, DimensionResult>,
    /// Motions without a file.
    pub missing: Vec<Missing>,
    /// Motions whose file could not be measured.
    pub failed: Vec<Failure>,
    /// Dimensions that were not measured, with the reason.
    pub skipped: BTreeMap<Dimension, String>,
    /// Doubts about files that were measured, by file; see [`MotionSource::warnings`](crate::motion::MotionSource).
    #[serde(default)]
    pub warnings: BTreeMap<String, Vec<String>>,
}

/// Content of `<name>_run.json`, which MBench does not have.
#[derive(Default, Serialize, Deserialize)]
struct Run {
    /// Digest of `<name>_eval_results.json`: a run that was stopped while it wrote leaves files of two runs.
    #[serde(default)]
    results: String,
    settings: Settings,
    missing: Vec<Missing>,
    failed: Vec<Failure>,
    skipped: BTreeMap<Dimension, String>,
    #[serde(default)]
    warnings: BTreeMap<String, Vec<String>>,
}

/// Content of [`Results::summary_json`].
#[derive(Serialize)]
struct Short<'a> {
    dimensions: BTreeMap<Dimension, Summary>,
    motions: BTreeMap<String, BTreeMap<Dimension, f32>>,
    failed: Vec<FailedFile<'a>>,
    warnings: &'a BTreeMap<String, Vec<String>>,
}

/// A file that could not be measured, in no dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FailedFile<'a> {
    /// The file.
    pub file: &'a str,
    /// The cause.
    pub reason: &'a str,
}

impl Results {
    /// Everything as JSON.
    ///
    /// # Errors
    /// [`Error::Internal`], which is a bug.
    pub fn to_json(&self) -> Result<String> {
        pretty(self)
    }

    /// The files that could not be measured, each once.
    pub fn failed_files(&self) -> Vec<FailedFile<'_>> {
        let files: BTreeMap<&str, &str> = self.failed.iter().map(|f| (f.file.as_str(), f.reason.as_str())).collect();
        files.into_iter().map(|(file, reason)| FailedFile { file, reason }).collect()
    }

    /// Mean, deviation and count by dimension, the values of each motion by file name, files that could not be measured
    /// and doubts about others, as JSON.
    ///
    /// # Errors
    /// [`Error::Internal`], which is a bug.
    pub fn summary_json(&self) -> Result<String> {
        let (dimensions, motions) = Default::default();
        let mut short = Short { dimensions, motions, failed: self.failed_files(), warnings: &self.warnings };
        for (dimension, result) in &self.dimensions {
            short.dimensions.insert(*dimension, result.aggregate);
            for motion in &result.per_motion {
                short.motions.entry(motion.file_name()).or_default().insert(*dimension, motion.value);
            }
        }
        pretty(&short)
    }

    /// Writes [`Results::summary_json`].
    ///
    /// # Errors
    /// [`Error::NotFound`] if the folder does not exist, [`Error::Io`].
    pub fn save_summary(&self, path: impl AsRef<Path>) -> Result<()> {
        let json = self.summary_json()?;
        write_atomic(path, |w| w.write_all(json.as_bytes()))
    }

    /// Writes MBench's three files, `<name>_eval_results.json`, `<name>_per_motion_results.json` and
    /// `<name>_full_info.json`, and of ours `<name>_run.json` (settings, missing and failed motions) and
    /// `<name>_results.csv`; gives their paths.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the folder does not exist, [`Error::Io`].
    pub fn save(&self, folder: &Path, info: &[InfoEntry]) -> Result<Vec<PathBuf>> {
        let results = pretty(&self.dimensions)?;
        let run = Run {
            results: digest(results.as_bytes()),
            settings: self.settings.clone(),
            missing: self.missing.clone(),
            failed: self.failed.clone(),
            skipped: self.skipped.clone(),
            warnings: self.warnings.clone(),
        };
        let files = [
            ("eval_results.json", results),
            ("per_motion_results.json", pretty(&self.by_motion())?),
            ("full_info.json", pretty(&self.full_info(info))?),
            ("results.csv", csv(&[self])),
            ("run.json", pretty(&run)?),
        ];
        let write = |(ending, text): (&str, String)| {
            let path = folder.join(format!("{}_{ending}", self.name));
            write_atomic(&path, |w| w.write_all(text.as_bytes()))?;
            Ok(path)
        };
        files.into_iter().map(write).collect()
    }

    /// Reads a `<name>_eval_results.json`, ours or the release's, and `<name>_run.json` next to it if it exists.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Io`], [`Error::Format`] for another kind of file.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bad = |e: serde_json::Error| Error::format("MBench results", e.to_string()).with_path(path);
        let bytes = read_bounded(path, MAX_BYTES)?;
        let dimensions = serde_json::from_slice(&bytes).map_err(bad)?;
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = file.strip_suffix("_eval_results.json").unwrap_or(file.trim_end_matches(".json")).to_string();
        let run = read_bounded(path.with_file_name(format!("{name}_run.json")), MAX_BYTES).ok();
        let run = run.and_then(|bytes| serde_json::from_slice::<Run>(&bytes).ok());
        // Those of earlier versions have no digest.
        let run = run.filter(|run| run.results.is_empty() || run.results == digest(&bytes));
        let Run { settings, missing, failed, skipped, warnings, .. } = run.unwrap_or_default();
        Ok(Self { name, settings, dimensions, missing, failed, skipped, warnings })
    }

    /// Values by motion and dimension.
    fn by_motion(&self) -> BTreeMap<String, Value> {
        let mut motions: BTreeMap<u64, (&MotionResult, BTreeMap<&str, Value>)> = BTreeMap::new();
        for (dimension, result) in &self.dimensions {
            for motion in &result.per_motion {
                let value = json!({"value": motion.value, "evaluation_file": motion.evaluation_file});
                motions.entry(motion.id).or_insert((motion, BTreeMap::new())).1.insert(dimension.name(), value);
            }
        }
        let entry = |(id, (motion, dimensions)): (u64, (&MotionResult, BTreeMap<&str, Value>))| {
            let MotionResult { prompt, motion_duration, .. } = motion;
            let value =
                json!({"id": id, "prompt": prompt, "motion_duration": motion_duration, "dimensions": dimensions});
            (format!("{id}"), value)
        };
        motions.into_iter().map(entry).collect()
    }

    /// The entries of the measured dimensions, with the measured file.
    fn full_info(&self, info: &[InfoEntry]) -> Vec<Value> {
        let file = |entry: &InfoEntry| {
            let motions = &self.dimensions.get(&entry.dimension)?.per_motion;
            let at = motions.binary_search_by_key(&entry.id, |motion| motion.id).ok()?;
            Some(motions[at].evaluation_file.clone())
        };
        let wanted = info.iter().filter(|entry| self.dimensions.contains_key(&entry.dimension));
        wanted
            .map(|entry| {
                let mut value = serde_json::to_value(entry).unwrap_or_default();
                value["evaluation_file"] = file(entry).map_or(Value::Null, Value::String);
                value
            })
            .collect()
    }
}

fn pretty(value: &impl Serialize) -> Result<String> {
    let json = serde_json::to_string_pretty(value).map_err(Error::internal)?;
    Ok(json + "\n")
}

/// Results of runs as comma-separated values, a row for each motion in each dimension.
pub fn csv(runs: &[&Results]) -> String {
    let mut out = "run,dimension,id,value,motion_duration,up_axis,evaluation_file,prompt\n".to_string();
    for run in runs {
        for (dimension, result) in &run.dimensions {
            for motion in &result.per_motion {
                let MotionResult { id, value, motion_duration, .. } = motion;
                let value = if value.is_nan() { String::new() } else { value.to_string() };
                let texts = [&run.name, &motion.evaluation_file, &motion.prompt].map(|text| quoted(text));
                let up = run.settings.up_axis;
                out += &format!(
                    "{},{dimension},{id},{value},{motion_duration},{up},{},{}\n",
                    texts[0], texts[1], texts[2]
                );
            }
        }
    }
    out
}

/// A field of comma-separated values (RFC 4180); one that a spreadsheet would run as a formula gets an apostrophe.
fn quoted(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text.to_string() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// Results of runs as a table for a terminal: mean, interval and number of motions of each dimension and run.
pub fn table(runs: &[&Results]) -> String {
    let width = runs.iter().map(|run| run.name.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for dimension in Dimension::ALL {
        for (i, run) in runs.iter().enumerate() {
            let Some(result) = run.dimensions.get(&dimension) else { continue };
            let better = if dimension.higher_is_better() { "higher" } else { "lower" };
            let Aggregate { mean, std, num_samples } = result.aggregate.over_motions;
            let interval = match result.interval() {
                Some((low, high)) => format!("[{low:.5}, {high:.5}]"),
                None => String::new(),
            };
            let first = if i == 0 { dimension.name() } else { "" };
            let line = format!(
                "{first:<29} {better:<6} {:<width$} {mean:>10.5} {interval:<22} std {std:<9.5} {num_samples:>4} motions",
                run.name
            );
            out += line.trim_end();
            out.push('\n');
        }
    }
    out
}

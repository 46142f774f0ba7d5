//! Tasks of a run: a file and the dimensions to measure on it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::UNIX_EPOCH;

use super::journal::Found;
use super::options::EvaluateOptions;
use super::results::{Failure, Missing};
use crate::error::{Error, Result};
use crate::format::read_bounded;
use crate::mbench::dimension::{Dimension, Input};
use crate::mbench::info::InfoEntry;
use crate::mbench::motion_files::{names, with_joints};
use crate::mbench::outcome::Outcome;
use crate::mbench::pose::PoseScorer;
use crate::mbench::quality::CheckedJoints;
use crate::mbench::vlm::{JudgeClient, MAX_VIDEO_BYTES, answer};

/// A file and the entries that it answers: all dimensions of joints at once, or one dimension of a judge.
pub(super) struct Task<'a> {
    pub input: Input,
    pub path: PathBuf,
    pub entries: Vec<&'a InfoEntry>,
    /// Identity of the result: file, dimensions and settings.
    pub key: String,
}

/// The tasks of the entries, and the motions without a file.
pub(super) fn tasks<'a>(
    find: impl Fn(u64, Input) -> Option<PathBuf>,
    entries: &[&'a InfoEntry],
    options: &EvaluateOptions<'_>,
) -> Result<(Vec<Task<'a>>, Vec<Missing>)> {
    // The order of inputs puts quick tasks first.
    let mut groups: BTreeMap<(Input, u64, Option<Dimension>), Vec<&'a InfoEntry>> = BTreeMap::new();
    for entry in entries {
        let input = entry.dimension.input();
        let alone = (input == Input::Video).then_some(entry.dimension);
        groups.entry((input, entry.id, alone)).or_default().push(entry);
    }
    let (mut tasks, mut missing) = (Vec::new(), Vec::new());
    for ((input, id, _), entries) in groups {
        match find(id, input) {
            Some(path) => tasks.push(Task { key: key(&path, &entries, options)?, input, path, entries }),
            None => missing.extend(entries.iter().map(|entry| Missing {
                dimension: entry.dimension,
                id,
                looked_for: names(id, input),
            })),
        }
    }
    Ok((tasks, missing))
}

/// The file with its size and time of change, and all settings that the values depend on.
fn key(path: &Path, entries: &[&InfoEntry], options: &EvaluateOptions<'_>) -> Result<String> {
    let names: Vec<&str> = entries.iter().map(|entry| entry.dimension.name()).collect();
    let reader = options.reader.map_or(String::new(), |reader| format!(" {}", reader.settings));
    let settings = match entries[0].dimension.input() {
        Input::Joints => format!("up {:?}{reader}", options.up_axis),
        Input::Body => {
            let files = &options.bodies;
            let given = [&files.body, &files.priors, &files.nrdf].into_iter().flatten();
            let stamps: Vec<String> = given.map(|file| stamp(file)).collect::<Result<_>>()?;
            format!("{files:?} {}{reader}", stamps.join(" "))
        }
        Input::Video => {
            format!(
                "{} | {}",
                options.judge.map(|judge| judge.name()).unwrap_or_default(),
                question(entries[0], options)
            )
        }
    };
    Ok(format!("{} {} {} {settings}", path.display(), stamp(path)?, names.join(",")))
}

/// Size and time of change of a file, or of each file of a folder.
fn stamp(path: &Path) -> Result<String> {
    let io = |e| Error::io("read", path, e);
    let data = path.metadata().map_err(io)?;
    if data.is_dir() {
        let files = fs::read_dir(path).map_err(io)?.map(|entry| Ok(entry.map_err(io)?.path()));
        let mut files: Vec<PathBuf> = files.collect::<Result<_>>()?;
        files.retain(|file| file.is_file());
        files.sort();
        return Ok(files.iter().map(|file| stamp(file)).collect::<Result<Vec<_>>>()?.join(" "));
    }
    let changed = data.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Ok(format!("{} {}", data.len(), changed.map_or(0, |time| time.as_nanos())))
}

/// The question to the judge about an entry.
fn question(entry: &InfoEntry, options: &EvaluateOptions<'_>) -> String {
    match entry.dimension {
        Dimension::MotionConditionConsistency => {
            options.templates.ask_consistency(&entry.prompt, &entry.auxiliary_info, options.seed, entry.id)
        }
        _ => options.templates.ask_generalizability(&entry.prompt),
    }
}

impl Task<'_> {
    /// Measures the entries, in their order.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) for a judge that refuses everything, [`Error::Cancelled`](crate::Error).
    pub fn run(
        &self,
        options: &EvaluateOptions<'_>,
        bodies: Option<&PoseScorer>,
        judge: Option<&JudgeClient<'_>>,
        stop: &AtomicBool,
    ) -> Result<Outcome<Found>> {
        match (self.input, bodies, judge) {
            (Input::Joints, ..) => Ok(self.joints(options).into()),
            (Input::Body, Some(bodies), _) => Ok(self.bodies(options, bodies).into()),
            (Input::Video, _, Some(judge)) => self.judged(options, judge, stop),
            _ => Ok(Outcome::Failed("nothing here can measure it".into())),
        }
    }

    fn joints(&self, options: &EvaluateOptions<'_>) -> Result<Found> {
        let (values, warnings) = with_joints(
            &self.path,
            options.up_axis,
            |path| options.motion(path),
            |joints| self.entries.iter().map(|entry| value(entry.dimension, joints)).collect::<Result<_>>(),
        )?;
        Ok(Found { values, poses: None, warnings })
    }

    /// Whether an earlier run found every value.
    pub fn is_answered_by(&self, found: &Found) -> bool {
        self.input != Input::Joints || found.values.iter().all(Option::is_some)
    }

    fn bodies(&self, options: &EvaluateOptions<'_>, scorer: &PoseScorer) -> Result<Found> {
        let clip = scorer.open_with(&self.path, |path| options.motion(path))?;
        let value = |entry: &&InfoEntry| match entry.dimension {
            Dimension::PoseQuality => Ok(scorer.pose_quality(&clip)?.map(|value| value as f32)),
            _ => Ok(Some(scorer.body_penetration(&clip)? as f32)),
        };
        let values = self.entries.iter().map(value).collect::<Result<_>>()?;
        Ok(Found { values, poses: Some(clip.origin.name().into()), warnings: vec![] })
    }

    fn judged(
        &self,
        options: &EvaluateOptions<'_>,
        judge: &JudgeClient<'_>,
        stop: &AtomicBool,
    ) -> Result<Outcome<Found>> {
        let video = match read_bounded(&self.path, MAX_VIDEO_BYTES) {
            Ok(video) => video,
            Err(error) => return Ok(Outcome::Failed(error.to_string())),
        };
        let entry = self.entries[0];
        let answer = judge.ask(&question(entry, options), &video, stop)?;
        Ok(answer.and_then(|answer| {
            let right = match entry.dimension {
                Dimension::MotionConditionConsistency => answer::is_choice(&answer, &entry.prompt),
                _ => answer::is_yes(&answer),
            };
            Outcome::Done(Found { values: vec![Some(f32::from(u8::from(right)))], poses: None, warnings: vec![] })
        }))
    }

    /// Failures of all entries, for one reason.
    pub fn failures(&self, reason: &str) -> Vec<Failure> {
        // The failure has a field of its own for the file.
        let file = &self.path;
        let reason = reason.replace(&format!(", path: {file:?}"), "").replace(&format!(" of {file:?}"), "");
        let failure = |entry: &&InfoEntry| Failure {
            dimension: entry.dimension,
            id: entry.id,
            file: self.path.display().to_string(),
            reason: reason.clone(),
        };
        self.entries.iter().map(failure).collect()
    }
}

/// A value, which must be a number: one motion without it would take the mean of all.
fn value(dimension: Dimension, joints: &CheckedJoints<'_>) -> Result<Option<f32>> {
    let value = dimension.measure(joints)?;
    if value.is_finite() {
        return Ok(Some(value));
    }
    Err(Error::invalid("motion", format!("{dimension} is not defined for it, which has {} frames", joints.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_replaced_in_place_has_another_stamp_and_so_has_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gmm_08.pkl");
        let stamps = || [stamp(&file).unwrap(), stamp(folder.path()).unwrap()];
        fs::write(&file, "one").unwrap();
        let before = stamps();
        assert_eq!(before, stamps());
        fs::write(&file, "three").unwrap();
        let after = stamps();
        assert!(before[0] != after[0] && before[1] != after[1]);
        assert!(stamp(&folder.path().join("absent")).unwrap_err().to_string().contains("absent"));
    }
}

//! What is to be measured: a file and the dimensions that it is measured in.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::UNIX_EPOCH;

use super::EvaluateOptions;
use super::journal::Found;
use super::results::{Failure, Missing};
use crate::error::{Error, Result};
use crate::format::read_bounded;
use crate::mbench::dimension::{Dimension, Source};
use crate::mbench::info::{Entry, file_names, find_file};
use crate::mbench::pose::PoseScorer;
use crate::mbench::runner::measure;
use crate::mbench::vlm::{Bench, answer};

/// Largest video that is read.
const MAX_VIDEO_BYTES: u64 = 1 << 28;

/// A file, and the entries that it answers: of all dimensions measured on joints at once, of one that is judged.
pub(super) struct Task<'a> {
    pub source: Source,
    pub path: PathBuf,
    pub entries: Vec<&'a Entry>,
    /// Everything that the result depends on.
    pub key: String,
}

/// The tasks for the wanted entries, and the motions without a file.
pub(super) fn tasks<'a>(
    folder: &Path,
    entries: &[&'a Entry],
    options: &EvaluateOptions<'_>,
) -> Result<(Vec<Task<'a>>, Vec<Missing>)> {
    // Files first whose measuring is quick.
    let mut groups: BTreeMap<(Source, u64, Option<Dimension>), Vec<&'a Entry>> = BTreeMap::new();
    for entry in entries {
        let source = entry.dimension.source();
        let alone = (source == Source::Video).then_some(entry.dimension);
        groups.entry((source, entry.id, alone)).or_default().push(entry);
    }
    let (mut tasks, mut missing) = (Vec::new(), Vec::new());
    for ((source, id, _), entries) in groups {
        match find_file(folder, id, source) {
            Some(path) => tasks.push(Task { key: key(&path, &entries, options)?, source, path, entries }),
            None => missing.extend(entries.iter().map(|entry| Missing {
                dimension: entry.dimension,
                id,
                looked_for: file_names(id, source),
            })),
        }
    }
    Ok((tasks, missing))
}

/// The file with its size and time of change, and all settings that touch the values.
fn key(path: &Path, entries: &[&Entry], options: &EvaluateOptions<'_>) -> Result<String> {
    let names: Vec<&str> = entries.iter().map(|entry| entry.dimension.name()).collect();
    let settings = match entries[0].dimension.source() {
        Source::Joints => format!("up {:?}", options.up_axis),
        Source::Body => {
            let files = &options.bodies;
            let given = [&files.body, &files.priors, &files.nrdf].into_iter().flatten();
            let stamps: Vec<String> = given.map(|file| stamp(file)).collect::<Result<_>>()?;
            format!("{files:?} {}", stamps.join(" "))
        }
        Source::Video => {
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

/// What a judge is asked about an entry.
fn question(entry: &Entry, options: &EvaluateOptions<'_>) -> String {
    match entry.dimension {
        Dimension::Motion_Condition_Consistency => {
            options.templates.ask_consistency(&entry.prompt, &entry.auxiliary_info, options.seed, entry.id)
        }
        _ => options.templates.ask_generalizability(&entry.prompt),
    }
}

impl Task<'_> {
    /// The values of the entries, in their order; the inner error says why there are none.
    ///
    /// # Errors
    /// What must end the run: a judge that refuses everything, [`Error::Cancelled`].
    pub fn run(
        &self,
        options: &EvaluateOptions<'_>,
        bodies: Option<&PoseScorer>,
        bench: Option<&Bench<'_>>,
        stop: &AtomicBool,
    ) -> Result<Result<Found, String>> {
        match (self.source, bodies, bench) {
            (Source::Joints, ..) => Ok(self.joints(options).map_err(|error| error.to_string())),
            (Source::Body, Some(bodies), _) => Ok(self.bodies(bodies).map_err(|error| error.to_string())),
            (Source::Video, _, Some(bench)) => self.judged(options, bench, stop),
            _ => Ok(Err("nothing here can measure it".into())),
        }
    }

    fn joints(&self, options: &EvaluateOptions<'_>) -> Result<Found> {
        let measured = measure(&self.path, options.up_axis)?.named();
        let value = |entry: &&Entry| {
            let found = measured.iter().find(|(name, _)| *name == entry.dimension.name());
            found.map(|(_, value)| *value).filter(|value| !value.is_nan())
        };
        Ok(Found { values: self.entries.iter().map(value).collect(), poses: None })
    }

    fn bodies(&self, scorer: &PoseScorer) -> Result<Found> {
        let clip = scorer.open(&self.path)?;
        let value = |entry: &&Entry| match entry.dimension {
            Dimension::Pose_Quality => Ok(scorer.pose_quality(&clip)?.map(|value| value as f32)),
            _ => Ok(Some(scorer.body_penetration(&clip)? as f32)),
        };
        let values = self.entries.iter().map(value).collect::<Result<_>>()?;
        Ok(Found { values, poses: Some(clip.origin.name().into()) })
    }

    fn judged(
        &self,
        options: &EvaluateOptions<'_>,
        bench: &Bench<'_>,
        stop: &AtomicBool,
    ) -> Result<Result<Found, String>> {
        let video = match read_bounded(&self.path, MAX_VIDEO_BYTES) {
            Ok(video) => video,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let entry = self.entries[0];
        let said = bench.ask(&question(entry, options), &video, stop)?;
        Ok(said.map(|said| {
            let right = match entry.dimension {
                Dimension::Motion_Condition_Consistency => answer::is_choice(&said, &entry.prompt),
                _ => answer::is_yes(&said),
            };
            Found { values: vec![Some(f32::from(u8::from(right)))], poses: None }
        }))
    }

    /// The entries of a task that came to nothing.
    pub fn failures(&self, reason: &str) -> Vec<Failure> {
        let failure = |entry: &&Entry| Failure {
            dimension: entry.dimension,
            id: entry.id,
            file: self.path.display().to_string(),
            reason: reason.into(),
        };
        self.entries.iter().map(failure).collect()
    }
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

//! Options of an evaluation.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::declare::{DEFAULT_SEED, defaults};
use crate::error::{Error, Result};
use crate::mbench::bodies::BodyFiles;
use crate::mbench::dimension::{Dimension, Input};
use crate::mbench::frames::UpAxis;
use crate::mbench::info::InfoEntry;
use crate::mbench::parallel::MAX_JOBS;
use crate::mbench::vlm::question::Templates;
use crate::mbench::vlm::{Judge, RetryPolicy};
use crate::motion::Motion;

/// Maximum number of runs in a report.
pub(super) const MAX_RUNS: usize = 6;

defaults! {
    /// Options of [`evaluate`](super::evaluate). The default measures every motion in the folder in the five dimensions of
    /// joints and writes nothing.
    #[derive(Clone)]
    #[non_exhaustive]
    pub struct EvaluateOptions<'a> {
        /// Motions and dimensions to measure. `None`: every motion in the folder, in the dimensions of joints.
        info: Option<&'a [InfoEntry]> = None;
        /// Folder of the results, created if necessary; `None` writes no files.
        output: Option<PathBuf> = None;
        /// Prefix of the result files. `None`: the name of the folder.
        name: Option<String> = None;
        /// Dimensions to measure. `None`: all of `info`, or without it all dimensions of joints.
        dimensions, with_dimensions: Option<Vec<Dimension>> = None;
        /// Height axis of joint files. Default: axis 2, as in the release, although its joints have y up.
        up_axis, with_up_axis: UpAxis = UpAxis::default();
        /// How motion files are read; `None`: by [`Motion::load`].
        reader, with_reader(into): Option<Reader<'a>> = None;
        /// Files measured, or questions asked, in parallel. `None`: one per core, and 4 questions.
        jobs, with_jobs: Option<usize> = None;
        /// The judge. Dimensions that need one are skipped without it.
        judge, with_judge: Option<&'a dyn Judge> = None;
        /// Wording of the questions.
        templates, with_templates: Templates = Templates::default();
        /// Retries of failed questions.
        retry, with_retry: RetryPolicy = RetryPolicy::default();
        /// Seed of the order of candidates.
        seed, with_seed: u64 = DEFAULT_SEED;
        /// Files for measuring bodies.
        bodies, with_bodies: BodyFiles = BodyFiles::default();
        /// Results of other runs, `<name>_eval_results.json`, for comparison in the report.
        compare, with_compare: Vec<PathBuf> = Vec::new();
    }
}

/// A reader of motion files with options of its own, such as [`Motion::load_with`] with an axis that points up.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// Its options as a text: results of an earlier run with others are measured again.
    pub settings: &'a str,
    /// Reads a file.
    pub read: &'a (dyn Fn(&Path) -> Result<Motion> + Sync),
}

impl<'a> EvaluateOptions<'a> {
    /// Reads a motion file.
    pub(super) fn motion(&self, path: &Path) -> Result<Motion> {
        self.reader.map_or_else(|| Motion::load(path), |reader| (reader.read)(path))
    }

    /// Measures the motions of an info file.
    pub fn with_info(self, info: &'a [InfoEntry]) -> Self {
        Self { info: Some(info), ..self }
    }

    /// Sets folder and prefix of the result files.
    pub fn with_output(self, folder: impl Into<PathBuf>, name: impl Into<String>) -> Self {
        Self { output: Some(folder.into()), name: Some(name.into()), ..self }
    }

    pub(super) fn check(&self, folder: &Path) -> Result<()> {
        if !folder.is_dir() {
            return Err(Error::NotFound { what: "folder of motions".into(), path: folder.into() });
        }
        let name = self.run_name(folder);
        if self.output.is_some() && (name.is_empty() || name.contains(['/', '\\', '\0']) || name.starts_with('.')) {
            return Err(Error::invalid("name", format!("{name:?} cannot begin a file name")));
        }
        if let Some(other) = self.unmeasurable() {
            return Err(Error::invalid("dimensions", format!("{other} needs an info file")));
        }
        match self.jobs {
            _ if self.compare.len() >= MAX_RUNS => {
                Err(Error::invalid("compare", format!("a report holds {MAX_RUNS} runs at most")))
            }
            Some(jobs) if !(1..=MAX_JOBS).contains(&jobs) => {
                Err(Error::invalid("jobs", format!("{jobs}, expected 1 to {MAX_JOBS}")))
            }
            _ => Ok(()),
        }
    }

    /// The first requested dimension that a folder without an info file cannot be measured in.
    fn unmeasurable(&self) -> Option<Dimension> {
        let requested = self.dimensions.as_deref().filter(|_| self.info.is_none()).unwrap_or_default();
        requested.iter().copied().find(|dimension| dimension.input() != Input::Joints)
    }

    /// Prefix of the result files.
    pub(super) fn run_name(&self, folder: &Path) -> String {
        let own = || folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.name.clone().unwrap_or_else(own)
    }

    /// Requested dimensions in the order of MBench, and those of them that are skipped, with the reason.
    pub(super) fn split_dimensions(&self) -> (Vec<Dimension>, BTreeMap<Dimension, String>) {
        let mut wanted: Vec<Dimension> = match self.info {
            Some(info) => info.iter().map(|entry| entry.dimension).collect(),
            None => Dimension::of(Input::Joints).collect(),
        };
        wanted.sort();
        wanted.dedup();
        if let Some(requested) = &self.dimensions {
            wanted.retain(|dimension| requested.contains(dimension));
        }
        let skipped: BTreeMap<_, _> =
            wanted.iter().filter_map(|dimension| Some((*dimension, self.obstacle(*dimension)?.to_string()))).collect();
        wanted.retain(|dimension| !skipped.contains_key(dimension));
        (wanted, skipped)
    }

    /// The reason why a dimension cannot be measured with these options.
    fn obstacle(&self, dimension: Dimension) -> Option<&'static str> {
        match dimension.input() {
            Input::Video if self.judge.is_none() => Some("it needs a judge, and none is set"),
            Input::Body if dimension == Dimension::PoseQuality && self.bodies.nrdf.is_none() => {
                Some("it needs an NRDF model, and none is given")
            }
            _ => None,
        }
    }
}

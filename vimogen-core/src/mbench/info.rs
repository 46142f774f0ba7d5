//! `MBench_eval_info.json`: which motion is measured in which dimension.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::dimension::{Dimension, Source};
use crate::error::{Error, Result};
use crate::format::read_bounded;

/// Most bytes of the file; MBench's has 0.3 MB.
const MAX_BYTES: u64 = 1 << 26;

/// One motion to be measured in one dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What was asked for.
    pub prompt: String,
    /// The dimension.
    pub dimension: Dimension,
    /// Number of the motion, which its files are named by.
    pub id: u64,
    /// What other motions a judge may choose from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub auxiliary_info: Vec<String>,
    /// Group of the dimension.
    #[serde(default)]
    pub category: String,
    /// Frames that were asked for, at 20 a second.
    #[serde(default)]
    pub motion_duration: f64,
}

/// Reads the entries of an info file.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Io`], [`Error::TooLarge`]; [`Error::Format`] for another kind of file, an unknown
/// dimension and a motion that is listed twice in one dimension.
pub fn load_info(path: impl AsRef<Path>) -> Result<Vec<Entry>> {
    let path = path.as_ref();
    let bad = |reason: String| Error::format("MBench info", reason).with_path(path);
    let entries: Vec<Entry> =
        serde_json::from_slice(&read_bounded(path, MAX_BYTES)?).map_err(|e| bad(e.to_string()))?;
    let mut seen = BTreeSet::new();
    for entry in &entries {
        if !seen.insert((entry.dimension, entry.id)) {
            return Err(bad(format!("motion {} is listed twice in {}", entry.id, entry.dimension)));
        }
    }
    match entries.is_empty() {
        true => Err(bad("it lists no motion".into())),
        false => Ok(entries),
    }
}

/// Names of the files that a motion is looked up under, the first that exists being taken.
pub(super) fn file_names(id: u64, source: Source) -> Vec<String> {
    let endings: &[&str] = match source {
        Source::Joints => &["npy", "pt"],
        // Without a fitted body there may be joints to fit one to.
        Source::Body => &["pt", "npy"],
        Source::Video => &["mp4"],
    };
    endings.iter().map(|ending| format!("{id}.{ending}")).collect()
}

/// The file of a motion.
pub(super) fn find_file(folder: &Path, id: u64, source: Source) -> Option<PathBuf> {
    file_names(id, source).into_iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Vec<Entry>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("info.json");
        std::fs::write(&path, json).unwrap();
        load_info(path)
    }

    #[test]
    fn an_info_file_is_read_with_and_without_other_motions() {
        let json = r#"[{"prompt": "a", "dimension": "Jitter_Degree", "id": 0, "category": "x", "motion_duration": 100},
            {"prompt": "b", "dimension": "Motion_Condition_Consistency", "id": 0, "auxiliary_info": ["c"]}]"#;
        let entries = read(json).unwrap();
        assert_eq!((entries[0].dimension, entries[0].motion_duration), (Dimension::Jitter_Degree, 100.0));
        assert_eq!(entries[1].auxiliary_info, ["c"]);
        assert!(!serde_json::to_string(&entries[0]).unwrap().contains("auxiliary_info"));
    }

    #[test]
    fn what_is_no_info_file_is_an_error_that_says_why() {
        let twice = r#"{"prompt": "a", "dimension": "Jitter_Degree", "id": 3}"#;
        let unknown = r#"[{"prompt": "a", "dimension": "Beauty", "id": 3}]"#;
        let negative = r#"[{"prompt": "a", "dimension": "Jitter_Degree", "id": -3}]"#;
        for (json, says) in [
            (format!("[{twice}, {twice}]"), "twice"),
            (unknown.into(), "Beauty"),
            (negative.into(), "-3"),
            ("[]".into(), "no motion"),
        ] {
            let error = read(&json).unwrap_err();
            assert!(matches!(error, Error::Format { .. }) && error.to_string().contains(says), "{error}");
        }
    }
}

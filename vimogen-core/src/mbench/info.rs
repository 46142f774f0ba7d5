//! `MBench_eval_info.json`: the motions to measure in each dimension.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::dimension::Dimension;
use crate::error::{Error, Result};
use crate::format::read_bounded;

/// Maximum file size, bytes; MBench's file has 0.3 MB.
const MAX_BYTES: u64 = 1 << 26;

/// One motion to be measured in one dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InfoEntry {
    /// The prompt.
    pub prompt: String,
    /// The dimension.
    pub dimension: Dimension,
    /// Number of the motion; its files are `<id>.npy`, `<id>.pt` and `<id>.mp4`.
    pub id: u64,
    /// Prompts of other motions, among which a judge has to find the right one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub auxiliary_info: Vec<String>,
    /// Group of the dimension.
    #[serde(default)]
    pub category: String,
    /// Requested length in frames, at 20 per second.
    #[serde(default)]
    pub motion_duration: f64,
}

/// Reads the entries of an info file.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Io`], [`Error::TooLarge`]; [`Error::Format`] for another kind of file, an unknown
/// dimension and a motion that is listed twice in one dimension.
pub fn load_info(path: impl AsRef<Path>) -> Result<Vec<InfoEntry>> {
    let path = path.as_ref();
    let bad = |reason: String| Error::format("MBench info", reason).with_path(path);
    let entries: Vec<InfoEntry> =
        serde_json::from_slice(&read_bounded(path, MAX_BYTES)?).map_err(|e| bad(e.to_string()))?;
    let mut seen = BTreeSet::new();
    for entry in &entries {
        if !seen.insert((entry.dimension, entry.id)) {
            return Err(bad(format!("motion {} is listed twice in {}", entry.id, entry.dimension)));
        }
    }
    if entries.is_empty() { Err(bad("it lists no motion".into())) } else { Ok(entries) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Vec<InfoEntry>> {
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
        assert_eq!((entries[0].dimension, entries[0].motion_duration), (Dimension::JitterDegree, 100.0));
        assert_eq!(entries[1].auxiliary_info, ["c"]);
        assert!(!serde_json::to_string(&entries[0]).unwrap().contains("auxiliary_info"));
    }

    #[test]
    fn a_malformed_info_file_is_an_error_with_the_reason() {
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

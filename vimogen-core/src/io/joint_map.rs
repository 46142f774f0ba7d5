//! Names of a file's joints by ours, for rigs that are not recognised.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::{Error, Result};
use crate::format::read_bounded;
use crate::motion::skeleton::JOINT_NAMES;

/// Maximum size of a file of names, bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Names of a file's joints by ours; see [`LoadOptions::names`](super::LoadOptions::names).
pub type JointMap = BTreeMap<String, String>;

/// Reads a map from a JSON file, such as `{"pelvis": "Hips", "left_hip": "LeftUpLeg"}`.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Io`], and those of [`parse_joint_map`].
pub fn load_joint_map(path: impl AsRef<Path>) -> Result<JointMap> {
    let path = path.as_ref();
    let bytes = read_bounded(path, MAX_BYTES)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Error::format("joint names", "it is not UTF-8"));
    text.and_then(parse_joint_map).map_err(|e| e.with_path(path))
}

/// Reads a map from JSON text.
///
/// # Errors
/// [`Error::Format`] unless it is an object of texts, [`Error::InvalidArgument`] for a name that is not one of
/// [`JOINT_NAMES`].
pub fn parse_joint_map(json: &str) -> Result<JointMap> {
    let bad = |e: serde_json::Error| {
        let reason =
            format!("expected a JSON object such as {{\"pelvis\": \"Hips\", \"left_hip\": \"LeftUpLeg\"}}: {e}");
        Error::format("joint names", reason)
    };
    let map = serde_json::from_str(json.trim_start_matches('\u{feff}')).map_err(bad)?;
    check_joint_map(&map)?;
    Ok(map)
}

/// Checks that the keys are our joints.
pub(super) fn check_joint_map(map: &JointMap) -> Result<()> {
    let Some(unknown) = map.keys().find(|key| !JOINT_NAMES.contains(&key.as_str())) else { return Ok(()) };
    let reason = format!(
        "{unknown:?} is not a joint of this library; the keys are among {}, the values are the file's names",
        JOINT_NAMES.join(", ")
    );
    Err(Error::invalid("names", reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_read_from_text_and_from_a_file() {
        let json = r#"{"pelvis": "Hips", "left_hip": "Oberschenkel_L"}"#;
        let map = parse_joint_map(json).unwrap();
        assert_eq!(map["left_hip"], "Oberschenkel_L");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.json");
        std::fs::write(&path, format!("\u{feff}{json}")).unwrap();
        assert_eq!(load_joint_map(&path).unwrap(), map);
    }

    #[test]
    fn the_fault_of_a_bad_map_is_named() {
        for (json, want) in [("[1]", "LeftUpLeg"), (r#"{"pelvis": 3}"#, "LeftUpLeg"), (r#"{"Hips": "x"}"#, "pelvis, ")]
        {
            let error = parse_joint_map(json).unwrap_err().to_string();
            assert!(error.contains(want), "{json}: {error}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.json");
        std::fs::write(&path, b"\xff\xfe\xff").unwrap();
        assert!(load_joint_map(&path).unwrap_err().to_string().contains("map.json"));
        assert!(matches!(load_joint_map(folder.path().join("none.json")), Err(Error::NotFound { .. })));
    }
}

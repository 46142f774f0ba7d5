//! How a clip was made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Maximum size of [`MotionMeta`] as JSON, bytes; more is not read.
const MAX_JSON: usize = 1 << 20;

/// How a clip was made: enough to make it again with the same version of this library.
///
/// A generation sets it, and `.npz`, `.glb`, `.vrma`, `.fbx`, `.usda`, `.usdz` and `.html` files hold it as JSON.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct MotionMeta {
    /// The prompt; `None` for an encoded prompt, a reference or a sequence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Prompts of a sequence with their seconds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<(String, f64)>,
    /// The motion that the generation also needs: `"reference"`, which it follows, or `"motion"`, from which it starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Seed of the noise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// `built-in`, or the name of the model's folder.
    pub model: String,
    /// Version of this library.
    pub version: String,
    /// All options of the generation by name; those that the model decides have its value.
    pub options: BTreeMap<String, Value>,
    /// Constraints, as in their JSON file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraints: Option<Value>,
    /// Later changes of the motion, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
}

impl MotionMeta {
    /// The JSON that files hold.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// From [`MotionMeta::to_json`]; `None` for other texts.
    pub fn from_json(text: &str) -> Option<Self> {
        let meta: Self = (text.len() <= MAX_JSON).then(|| serde_json::from_str(text).ok()).flatten()?;
        (!meta.version.is_empty()).then_some(meta)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_comes_back_and_other_texts_are_none() {
        let meta = MotionMeta {
            prompt: Some("a \"person\" walks".into()),
            parts: vec![("a".into(), 1.5)],
            seed: Some(u64::MAX),
            version: "1".into(),
            options: [("solver".to_string(), Value::from("ab2"))].into(),
            changes: vec!["refit".into()],
            ..MotionMeta::default()
        };
        assert_eq!(MotionMeta::from_json(&meta.to_json()), Some(meta));
        for text in ["", "{}", "[]", "3", "{\"version\": 3}", "{\"version\": \"\"}", &"[".repeat(100_000)] {
            assert_eq!(MotionMeta::from_json(text), None);
        }
        let long = format!("{{\"version\": \"{}\"}}", "1".repeat(MAX_JSON));
        assert_eq!(MotionMeta::from_json(&long), None);
    }
}

//! `MBench_final.json`: the prompts and their references.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::declare::named_enum;
use crate::error::{Error, Result};
use crate::format::read_bounded;

/// Maximum file size, bytes; MBench's file has 0.7 MB.
pub(super) const MAX_BYTES: u64 = 1 << 26;

named_enum! {
    /// Wording of a prompt that the model is given.
    pub enum TextKey("text_key", default Prompt) {
        /// The sentence itself.
        Prompt = "prompt",
        /// The wording for models of motion captions.
        Motion = "motion_text_annot" | "prompt_motion_detailed",
        /// The wording for models of video captions.
        Video = "video_text_annot" | "prompt_video_detailed",
    }
}

/// One prompt of the benchmark.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MBenchPrompt {
    /// Number of the motion, and name of its folder.
    pub global_id: u64,
    /// The prompt.
    pub prompt: String,
    /// In the words of a motion caption.
    #[serde(default)]
    pub prompt_motion_detailed: Option<String>,
    /// In the words of a video caption.
    #[serde(default)]
    pub prompt_video_detailed: Option<String>,
    /// Encoded `prompt_motion_detailed`.
    #[serde(default)]
    pub prompt_motion_detailed_wanvideot5_embed_path: Option<PathBuf>,
    /// Encoded `prompt_video_detailed`.
    #[serde(default)]
    pub prompt_video_detailed_wanvideot5_embed_path: Option<PathBuf>,
    /// Encoded `prompt`.
    #[serde(default)]
    pub prompt_wanvideot5_embed_path: Option<PathBuf>,
    /// A reference made by a video model, 16 frames per second.
    #[serde(default)]
    pub motion_path: Option<PathBuf>,
    /// Whether the reference is good enough to be used.
    #[serde(default)]
    pub use_ref_motion: bool,
    /// Requested length, seconds.
    #[serde(default)]
    pub motion_duration: f64,
}

impl MBenchPrompt {
    /// The wording, or the prompt itself if there is none.
    pub fn text(&self, key: TextKey) -> &str {
        let wording = match key {
            TextKey::Prompt => None,
            TextKey::Motion => self.prompt_motion_detailed.as_deref(),
            TextKey::Video => self.prompt_video_detailed.as_deref(),
        };
        wording.unwrap_or(&self.prompt)
    }

    /// The file of the encoded wording.
    pub fn embeds(&self, key: TextKey) -> Option<&Path> {
        match key {
            TextKey::Prompt => self.prompt_wanvideot5_embed_path.as_deref(),
            TextKey::Motion => self.prompt_motion_detailed_wanvideot5_embed_path.as_deref(),
            TextKey::Video => self.prompt_video_detailed_wanvideot5_embed_path.as_deref(),
        }
    }
}

/// Reads the prompts.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Io`], [`Error::TooLarge`], [`Error::Format`] for another kind of file or a number
/// that is used twice.
pub fn load_prompts(path: impl AsRef<Path>) -> Result<Vec<MBenchPrompt>> {
    let path = path.as_ref();
    let bad = |reason: String| Error::format("MBench prompts", reason).with_path(path);
    let prompts: Vec<MBenchPrompt> =
        serde_json::from_slice(&read_bounded(path, MAX_BYTES)?).map_err(|e| bad(e.to_string()))?;
    let mut seen = BTreeSet::new();
    match prompts.iter().find(|prompt| !seen.insert(prompt.global_id)) {
        Some(twice) => Err(bad(format!("global_id {} is used twice", twice.global_id))),
        None if prompts.is_empty() => Err(bad("it lists no prompt".into())),
        None => Ok(prompts),
    }
}

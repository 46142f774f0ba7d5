//! `MBench_final.json`: the prompts, and what each is generated from.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::format::read_bounded;

/// Most bytes of the file; MBench's has 0.7 MB.
pub(super) const MAX_BYTES: u64 = 1 << 26;

/// Which of a prompt's wordings is given to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TextKey {
    /// `prompt`, the sentence itself.
    #[default]
    Prompt,
    /// `prompt_motion_detailed`, for models of motion captions; also `motion_text_annot`.
    Motion,
    /// `prompt_video_detailed`, for models of video captions; also `video_text_annot`.
    Video,
}

impl FromStr for TextKey {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "prompt" => Ok(Self::Prompt),
            "prompt_motion_detailed" | "motion_text_annot" => Ok(Self::Motion),
            "prompt_video_detailed" | "video_text_annot" => Ok(Self::Video),
            _ => {
                let reason = format!("{name:?} is none of prompt, motion_text_annot, video_text_annot");
                Err(Error::invalid("text_key", reason))
            }
        }
    }
}

/// One prompt of the benchmark.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MBenchPrompt {
    /// Number of the motion, which its folder is named by.
    pub global_id: u64,
    /// What is asked for.
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
    /// Whether the reference is good enough to be followed.
    #[serde(default)]
    pub use_ref_motion: bool,
    /// Seconds that were asked for.
    #[serde(default)]
    pub motion_duration: f64,
}

impl MBenchPrompt {
    /// The wording, or the prompt where there is none.
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
/// [`Error::NotFound`], [`Error::Io`], [`Error::TooLarge`], [`Error::Format`] for another kind of file or a number that
/// is used twice.
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

//! The text encoder in a model's `config.json`.

use crate::declare::defaults;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::{Component, Path, PathBuf};

/// Maximum of every width, so that a hostile file cannot cause huge rows.
const MAX_WIDTH: usize = 4096;
/// Maximum of `max_words`: the number of rows at which the release truncates prompts.
const MAX_WORDS: usize = 512;

/// The text encoder of a model directory: the object `text_encoder` of its `config.json`, with the tag `kind`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TextEncoderConfig {
    /// A [`WordEncoder`](super::WordEncoder) without word vectors, which needs no file.
    Hashing(RowConfig),
    /// A [`WordEncoder`](super::WordEncoder) with the word vectors of the model's training.
    StaticWords(RowConfig),
    /// The release's encoder, [`umt5`](super::umt5), which needs the feature of that name and its own files.
    Umt5(Umt5Place),
}

defaults! {
    /// Location of the release's text encoder in a model directory.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct Umt5Place {
        /// Folder below the model's.
        path: String = "text_encoder".into();
    }
}

impl Umt5Place {
    /// The encoder's folder.
    ///
    /// # Errors
    /// [`Error::Config`] unless it is below the model's: a downloaded model must not read other folders.
    pub fn folder(&self, model: &Path) -> Result<PathBuf> {
        let below =
            Path::new(&self.path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if below {
            Ok(model.join(&self.path))
        } else {
            Err(Error::config("text_encoder.path", format!("{:?} is not below the model's folder", self.path)))
        }
    }
}

impl Default for TextEncoderConfig {
    fn default() -> Self {
        Self::StaticWords(RowConfig::default())
    }
}

defaults! {
    /// Widths of the parts of a row; their sum, [`dim`](Self::dim), is the `text_dim` of the motion model.
    ///
    /// Missing keys take the defaults, unknown keys are errors. A part of width 0 is left out.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct RowConfig {
        /// Maximum number of words of a prompt; further words are dropped.
        max_words: usize = 32;
        /// Leading entries of the word's own vector.
        static_dim: usize = 64;
        /// Buckets of the word's own hashed spelling.
        hash_dim: usize = 64;
        /// Leading entries of the vectors of the previous and of the next word.
        context_static_dim: usize = 32;
        /// Buckets of the hashed spelling of the previous and of the next word.
        context_hash_dim: usize = 24;
        /// Number of sines and cosines of the word's position; even.
        position_dim: usize = 12;
        /// Width of the one-hot index of the word's action; the last entry covers all further actions.
        clause_dim: usize = 4;
        /// Factor on the hashed parts. Below 1, the meaning of a word weighs more than its spelling.
        hash_scale: f32 = 0.5;
    }
}

impl RowConfig {
    /// Values per row.
    pub fn dim(&self) -> usize {
        self.columns().position.end + self.clause_dim
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] naming the field.
    pub fn validate(&self) -> Result<()> {
        let widths = [
            ("max_words", self.max_words),
            ("static_dim", self.static_dim),
            ("hash_dim", self.hash_dim),
            ("context_static_dim", self.context_static_dim),
            ("context_hash_dim", self.context_hash_dim),
            ("position_dim", self.position_dim),
            ("clause_dim", self.clause_dim),
        ];
        for (field, value) in widths {
            let limit = if field == "max_words" { MAX_WORDS } else { MAX_WIDTH };
            if value > limit {
                return Err(Error::config(field, format!("{value} is more than the limit of {limit}")));
            }
        }
        if self.max_words == 0 || self.hash_dim == 0 {
            return Err(Error::config("max_words, hash_dim", "both must be at least 1"));
        }
        if !self.position_dim.is_multiple_of(2) {
            return Err(Error::config(
                "position_dim",
                format!("{} is odd; sines and cosines come in pairs", self.position_dim),
            ));
        }
        if !self.hash_scale.is_finite() || self.hash_scale < 0.0 {
            return Err(Error::config("hash_scale", "must be a finite number that is not negative"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_config_survives_json_and_its_kind_is_readable() {
        let config = TextEncoderConfig::default();
        let json = serde_json::to_string(&config).unwrap();
        assert!(json.contains(r#""kind":"static-words""#), "{json}");
        assert_eq!(serde_json::from_str::<TextEncoderConfig>(&json).unwrap(), config);
        let short: TextEncoderConfig = serde_json::from_str(r#"{"kind":"hashing","hash_dim":32}"#).unwrap();
        assert!(matches!(short, TextEncoderConfig::Hashing(RowConfig { hash_dim: 32, max_words: 32, .. })));
    }

    #[test]
    fn unknown_kinds_and_keys_are_refused() {
        assert!(serde_json::from_str::<TextEncoderConfig>(r#"{"kind":"umt6"}"#).is_err());
        assert!(serde_json::from_str::<TextEncoderConfig>(r#"{"kind":"hashing","hash_dims":32}"#).is_err());
    }

    #[test]
    fn bad_widths_are_named() {
        let bad = |edit: fn(&mut RowConfig)| {
            let mut rows = RowConfig::default();
            edit(&mut rows);
            TextEncoderConfig::Hashing(rows).build(None).map(|_| ()).unwrap_err().to_string()
        };
        assert!(bad(|r| r.static_dim = usize::MAX).contains("static_dim"));
        assert!(bad(|r| r.max_words = 0).contains("max_words"));
        assert!(bad(|r| r.position_dim = 7).contains("position_dim"));
        assert!(bad(|r| r.hash_scale = f32::NAN).contains("hash_scale"));
    }

    #[test]
    fn the_default_row_fits_the_built_in_model() {
        assert_eq!(RowConfig::default().dim(), 256);
    }
}

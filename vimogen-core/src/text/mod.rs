//! Text encoders: a prompt in, one row of values per word out.
//!
//! The encoder of the built-in model is [`WordEncoder`]: distilled word vectors, hashed spelling, neighbours and position,
//! without a network and a tensor library, so that a prompt gives the same bits on every machine. It builds the same rows
//! without a word list too. The encoder of the released model is `umt5`.

#[cfg(feature = "umt5")]
mod cache;
mod config;
mod encoder;
mod hash;

mod known;
mod notes;
mod parts;
mod rows;
mod split;
#[cfg(feature = "umt5")]
pub mod umt5;
mod vectors;

#[cfg(feature = "umt5")]
pub use cache::EmbedCache;
pub use config::{RowConfig, TextEncoderConfig, Umt5Place};
pub use encoder::WordEncoder;
pub use known::{KnownPrompts, Movement};
pub use notes::{Note, NoteKind};
pub use parts::{PromptPart, split_prompt};
pub use rows::RowColumns;
pub use split::split_words;
pub use vectors::WordVectors;

use crate::error::{Error, Result};
use crate::progress::{OnProgress, Stage, report};
use ndarray::{Array2, ArrayView2, s};
use std::borrow::Cow;

/// Encodes prompts as rows for the cross-attention of the motion model.
pub trait TextEncoder: Send + Sync {
    /// Encodes one prompt. Rows beyond [`max_words`](Self::max_words) are dropped.
    ///
    /// # Shapes
    ///
    /// - output: `[words, dim]`, one row per word in the order of the prompt, `1 <= words <= max_words`
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] naming `prompt` if it has no word.
    fn encode(&self, prompt: &str) -> Result<Array2<f32>>;

    /// Encodes several prompts, which costs a large encoder little more than one. Progress: one step per prompt, or per block of a
    /// large encoder.
    ///
    /// # Errors
    ///
    /// As [`encode`](Self::encode); [`Error::Cancelled`] if `on_progress` breaks.
    fn encode_batch(&self, prompts: &[&str], on_progress: &mut OnProgress<'_>) -> Result<Vec<Array2<f32>>> {
        let mut rows = Vec::with_capacity(prompts.len());
        for prompt in prompts {
            rows.push(self.encode(prompt)?);
            report(on_progress, Stage::Encode, rows.len(), prompts.len())?;
        }
        Ok(rows)
    }

    /// Notes on a prompt: words and movements that the model was not trained on. Empty where the encoder has no list of them.
    fn notes(&self, prompt: &str) -> Vec<Note> {
        _ = prompt;
        Vec::new()
    }

    /// The prompt as a pipeline encodes it, with misspelt words of the model's own list replaced.
    fn mended<'a>(&self, prompt: &'a str) -> Cow<'a, str> {
        Cow::Borrowed(prompt)
    }

    /// Values per row.
    fn dim(&self) -> usize;

    /// Maximum number of rows of a prompt.
    fn max_words(&self) -> usize;

    /// Kind of the encoder, as in a model's `config.json`.
    fn name(&self) -> &str;

    /// Fingerprint of settings, word list and algorithm: sixteen hexadecimal digits that change with the rows of any prompt.
    /// Caches of encoded prompts and trained models store it, to detect another encoder.
    fn fingerprint(&self) -> String;
}

/// Appends zero rows up to `len`, as the motion model expects its text.
///
/// # Shapes
///
/// - rows: `[words, dim]`
/// - output: `[len, dim]`
///
/// # Errors
///
/// [`Error::InvalidArgument`] naming `len` if there are more rows.
pub fn padded(rows: &ArrayView2<'_, f32>, len: usize) -> Result<Array2<f32>> {
    let (words, dim) = rows.dim();
    if words > len {
        return Err(Error::invalid("len", format!("{len} is less than the {words} rows of the encoded prompt")));
    }
    let mut out = Array2::zeros((len, dim));
    out.slice_mut(s![..words, ..]).assign(rows);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_keeps_the_rows_and_appends_zeros() {
        let rows = Array2::from_shape_fn((2, 3), |(i, j)| (1 + i * 3 + j) as f32);
        let out = padded(&rows.view(), 4).unwrap();
        assert_eq!(out.slice(s![..2, ..]), rows);
        assert!(out.slice(s![2.., ..]).iter().all(|v| *v == 0.0));
        assert!(padded(&rows.view(), 1).unwrap_err().to_string().contains("len"));
    }
}

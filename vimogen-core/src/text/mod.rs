//! Text encoders: a prompt in, one row of numbers per word out.
//!
//! The built-in model reads prompts through [`StaticWordsEncoder`]: distilled word vectors, hashed spelling, neighbours and
//! position, without a network and without a tensor library, so that a prompt gives the same bits on every machine.
//! [`HashingEncoder`] builds the same rows without a word list. The released model reads them through `umt5`.

#[cfg(feature = "umt5")]
mod cache;
mod config;
mod encoder;
mod hash;
mod rows;
mod split;
#[cfg(feature = "umt5")]
pub mod umt5;
mod vectors;

#[cfg(feature = "umt5")]
pub use cache::EmbedCache;
pub use config::{RowConfig, TextEncoderConfig, Umt5Place};
pub use encoder::{HashingEncoder, StaticWordsEncoder};
pub use rows::RowColumns;
pub use split::split_words;
pub use vectors::WordVectors;

use crate::error::{Error, Result};
use crate::progress::{OnProgress, Stage, report};
use ndarray::{Array2, ArrayView2, s};
use std::sync::Arc;

/// Turns a prompt into the rows that the motion model attends to.
pub trait TextEncoder: Send + Sync {
    /// Encodes one prompt. What lies beyond [`max_words`](Self::max_words) rows is dropped.
    ///
    /// # Shapes
    ///
    /// - output: `[words, dim]`, one row per word in the order of the prompt, `1 <= words <= max_words`
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] naming `prompt` if it holds no word.
    fn encode(&self, prompt: &str) -> Result<Array2<f32>>;

    /// Encodes several prompts, which costs a large encoder little more than one, and reports progress: a step is a
    /// prompt, or whatever takes a large encoder long.
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

    /// Numbers per row.
    fn dim(&self) -> usize;

    /// The most rows that [`encode`](Self::encode) returns.
    fn max_words(&self) -> usize;

    /// The kind of encoder, as a model's `config.json` writes it.
    fn name(&self) -> &str;

    /// Sixteen hexadecimal digits that change when the rows of any prompt would: settings, word list, algorithm.
    /// Caches of encoded prompts and trained models keep it to find out that they were made with another encoder.
    fn fingerprint(&self) -> String;
}

impl<T: TextEncoder + ?Sized> TextEncoder for Arc<T> {
    fn encode(&self, prompt: &str) -> Result<Array2<f32>> {
        (**self).encode(prompt)
    }

    fn encode_batch(&self, prompts: &[&str], on_progress: &mut OnProgress<'_>) -> Result<Vec<Array2<f32>>> {
        (**self).encode_batch(prompts, on_progress)
    }

    fn dim(&self) -> usize {
        (**self).dim()
    }

    fn max_words(&self) -> usize {
        (**self).max_words()
    }

    fn name(&self) -> &str {
        (**self).name()
    }

    fn fingerprint(&self) -> String {
        (**self).fingerprint()
    }
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
/// [`Error::InvalidArgument`] naming `len` if there are more rows than that.
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

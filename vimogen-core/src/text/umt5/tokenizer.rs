//! SentencePiece's pieces of a text, from a `tokenizer.json`.

use std::path::Path;

use tokenizers::Tokenizer as Pieces;

use crate::error::{Error, Result};
use crate::format::read_bounded;

/// Largest `tokenizer.json`; that of UMT5-XXL has 17 MB.
pub(super) const MAX_FILE: u64 = 1 << 27;
/// Longest text that is tokenised, in bytes.
const MAX_TEXT: usize = 1 << 16;
/// What a text ends with.
const END: &str = "</s>";

/// Refuses a text that is too long to be a prompt, before it costs anything.
pub(super) fn check_length(text: &str) -> Result<()> {
    match text.len() <= MAX_TEXT {
        true => Ok(()),
        false => {
            let reason = format!("it has {} bytes, at most {MAX_TEXT} are read; shorten it", text.len());
            Err(Error::invalid("prompt", reason))
        }
    }
}

/// A tokeniser of the kind UMT5 has: a SentencePiece unigram model, `</s>` appended.
pub struct Tokenizer {
    pieces: Pieces,
    end: u32,
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokenizer").field("end", &self.end).finish_non_exhaustive()
    }
}

impl Tokenizer {
    /// Reads a `tokenizer.json` of Hugging Face's `tokenizers`.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Io`], [`Error::TooLarge`], and [`Error::Format`] if it is not a tokeniser or has no
    /// `</s>`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::from_bytes(&read_bounded(path, MAX_FILE)?).map_err(|e| e.with_path(path))
    }

    /// Reads a `tokenizer.json` that is in memory.
    ///
    /// # Errors
    /// [`Error::Format`] if it is not a tokeniser or has no `</s>`.
    pub fn from_bytes(json: &[u8]) -> Result<Self> {
        let broken = |reason: String| Error::format("tokenizer.json", reason);
        let mut pieces = Pieces::from_bytes(json).map_err(|e| broken(e.to_string()))?;
        // Truncating and padding are done here: what the file says about them is a leftover of its training.
        pieces.with_truncation(None).map_err(|e| broken(e.to_string()))?;
        pieces.with_padding(None);
        let end = pieces.token_to_id(END).ok_or_else(|| broken(format!("it has no {END:?}")))?;
        Ok(Self { pieces, end })
    }

    /// The ids of a text's pieces, cut so that with the closing `</s>` they are at most `max_tokens` (at least 1).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] naming `prompt` for a text beyond 64 KiB or one that the tokeniser fails on.
    pub fn encode(&self, text: &str, max_tokens: usize) -> Result<Vec<u32>> {
        check_length(text)?;
        let pieces = self.pieces.encode_fast(text, false).map_err(|e| Error::invalid("prompt", e.to_string()))?;
        let kept = max_tokens.saturating_sub(1).min(pieces.len());
        Ok(pieces.get_ids()[..kept].iter().copied().chain([self.end]).collect())
    }

    /// The id of a piece.
    pub fn id(&self, piece: &str) -> Option<u32> {
        self.pieces.token_to_id(piece)
    }
}

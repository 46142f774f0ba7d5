//! Tokeniser: SentencePiece pieces of a text, from a `tokenizer.json`.

use std::path::Path;

use tokenizers::Tokenizer as Pieces;

use crate::error::{Error, Result};
use crate::format::read_bounded;

/// Maximum size of a `tokenizer.json`, bytes; that of UMT5-XXL has 17 MB.
pub(super) const MAX_FILE: u64 = 1 << 27;
/// Maximum length of a text, bytes.
const MAX_TEXT: usize = 1 << 16;
/// Final token of a text.
const END: &str = "</s>";

/// Checks the length of a text before any work.
pub(super) fn check_length(text: &str) -> Result<()> {
    if text.len() <= MAX_TEXT {
        Ok(())
    } else {
        let reason = format!("it has {} bytes, at most {MAX_TEXT} are read; shorten it", text.len());
        Err(Error::invalid("prompt", reason))
    }
}

/// The tokeniser of UMT5: a SentencePiece unigram model that appends `</s>`.
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
        // Truncation and padding are done here; the settings in the file are left over from its training.
        pieces.with_truncation(None).map_err(|e| broken(e.to_string()))?;
        pieces.with_padding(None);
        let end = pieces.token_to_id(END).ok_or_else(|| broken(format!("it has no {END:?}")))?;
        Ok(Self { pieces, end })
    }

    /// The ids of a text's pieces, truncated to `max_tokens` (at least 1) including the closing `</s>`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] naming `prompt` for a text beyond 64 KiB or a failure of the tokeniser.
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

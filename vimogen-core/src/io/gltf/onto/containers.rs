//! The parts of a character's file, and the two containers in which it is written.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::container::{bad, chunks};
use crate::error::{Error, Result};

/// The bytes of a file and where its parts are.
#[derive(Debug)]
pub(super) struct Parts {
    pub bytes: Vec<u8>,
    text: Range<usize>,
    binary: Option<Range<usize>>,
    /// Parts of a `.glb` after these, as they are.
    more: Range<usize>,
}

impl Parts {
    /// # Errors
    /// [`Error::Format`] for a truncated file, and for text that is not UTF-8.
    pub(super) fn new(bytes: Vec<u8>) -> Result<Self> {
        let start = |part: &[u8]| part.as_ptr().addr() - bytes.as_ptr().addr();
        let span = |part: &[u8]| start(part)..start(part) + part.len();
        let (text, binary) = if bytes.starts_with(b"glTF") {
            let (text, binary) = chunks(&bytes)?;
            (span(text), binary.map(span))
        } else {
            (0..bytes.len(), None)
        };
        let text = if bytes[text.clone()].starts_with(b"\xef\xbb\xbf") { text.start + 3..text.end } else { text };
        if std::str::from_utf8(&bytes[text.clone()]).is_err() {
            return Err(bad("its JSON is not UTF-8"));
        }
        let more = binary.as_ref().map_or(0..0, |binary| binary.end..whole_chunks(&bytes, binary.end));
        Ok(Self { bytes, text, binary, more })
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes[self.text.clone()]).unwrap_or_default()
    }

    pub(super) fn binary(&self) -> Option<&[u8]> {
        self.binary.clone().map(|binary| &self.bytes[binary])
    }

    pub(super) fn is_glb(&self) -> bool {
        self.bytes.starts_with(b"glTF")
    }

    /// Parts of a `.glb` after JSON and binary.
    pub(super) fn more(&self) -> &[u8] {
        &self.bytes[self.more.clone()]
    }
}

/// The end of the whole chunks from `at` on.
fn whole_chunks(bytes: &[u8], mut at: usize) -> usize {
    while let Some(len) = bytes.get(at..at.saturating_add(8)).and_then(|head| head[..4].try_into().ok()) {
        match (at + 8).checked_add(u32::from_le_bytes(len) as usize).filter(|end| *end <= bytes.len()) {
            Some(end) => at = end,
            None => break,
        }
    }
    at
}

/// The bytes of a `.glb`.
///
/// # Errors
/// [`Error::TooLarge`] beyond the 4 GiB of the format.
pub(super) fn glb(text: &str, binary: &[u8], more: &[u8]) -> Result<Vec<u8>> {
    let padded = |len: usize| len.next_multiple_of(4);
    let binary_len = if binary.is_empty() { 0 } else { 8 + padded(binary.len()) };
    let total = 12 + 8 + padded(text.len()) + binary_len + more.len();
    let word = |len: usize| {
        u32::try_from(len).map(u32::to_le_bytes).map_err(|_| Error::TooLarge {
            what: "the character with its animations".into(),
            needed: total as u64,
            limit: u64::from(u32::MAX),
        })
    };
    let mut out = Vec::with_capacity(total);
    out.extend(b"glTF");
    out.extend(2u32.to_le_bytes());
    out.extend(word(total)?);
    for (kind, part, blank) in [(b"JSON", text.as_bytes(), b' '), (b"BIN\0", binary, 0)] {
        if kind == b"JSON" || !part.is_empty() {
            out.extend(word(padded(part.len()))?);
            out.extend(kind);
            out.extend(part);
            out.resize(out.len().next_multiple_of(4), blank);
        }
    }
    out.extend(more);
    Ok(out)
}

/// Bytes as a data URI.
pub(super) fn data_uri(kind: &str, bytes: &[u8]) -> String {
    format!("data:{kind};base64,{}", STANDARD.encode(bytes))
}

/// The media type of a file by its ending.
pub(super) fn media_type(uri: &str) -> &'static str {
    let ending = uri.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    match ending.as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ktx2" => "image/ktx2",
        _ => "application/octet-stream",
    }
}

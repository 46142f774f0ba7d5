//! The parts of a glTF file: JSON and binary chunk of a `.glb`, buffers in base64 or in files next to a `.gltf`.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::json::Document;
use crate::error::{Error, Result};
use crate::format::read_bounded;

/// Maximum size of a file and of each of its buffers.
pub(super) const MAX_FILE: u64 = 1 << 30;

/// Writers of data URIs disagree on padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) fn bad(reason: impl Into<String>) -> Error {
    Error::format("glTF", reason)
}

/// A file with its buffers, which are read when they are needed first: most hold pictures and meshes.
#[derive(Debug)]
pub(super) struct Container<'a> {
    pub document: Document,
    /// Binary chunk of a `.glb`.
    binary: Option<&'a [u8]>,
    /// Folder of the file, if it is one.
    folder: Option<PathBuf>,
    buffers: Vec<OnceLock<Vec<u8>>>,
}

impl<'a> Container<'a> {
    /// Parses the bytes of a `.glb`, `.gltf` or `.vrm`.
    pub(super) fn parse(bytes: &'a [u8], folder: Option<&Path>) -> Result<Self> {
        let (text, binary) = if bytes.starts_with(b"glTF") { chunks(bytes)? } else { (bytes, None) };
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let old = || bad("it is glTF 1.0; convert it to 2.0");
        let document: Document = serde_json::from_slice(text).map_err(|e| {
            // Version 1 has objects where version 2 has lists.
            if version(text).is_some_and(|version| version.starts_with("1.")) {
                old()
            } else {
                bad(format!("JSON: {e}"))
            }
        })?;
        if document.asset.version.starts_with("1.") {
            return Err(old());
        }
        let buffers = document.buffers.iter().map(|_| OnceLock::new()).collect();
        Ok(Self { document, binary, folder: folder.map(Path::to_path_buf), buffers })
    }

    /// The bytes of a buffer.
    pub(super) fn buffer(&self, index: usize) -> Result<&[u8]> {
        let missing = || bad(format!("there is no buffer {index}"));
        let buffer = self.document.buffers.get(index).ok_or_else(missing)?;
        let bytes = match (&buffer.uri, self.binary) {
            (None, Some(binary)) if index == 0 => binary,
            (None, _) => return Err(bad(format!("buffer {index} has no data"))),
            (Some(uri), _) => match self.buffers[index].get() {
                Some(bytes) => bytes,
                None => {
                    let bytes = self.load(uri)?;
                    self.buffers[index].get_or_init(|| bytes)
                }
            },
        };
        if (bytes.len() as u64) < buffer.byte_length {
            let reason =
                format!("buffer {index} has {} bytes, expected {}; it is truncated", bytes.len(), buffer.byte_length);
            return Err(bad(reason));
        }
        Ok(bytes)
    }

    /// Bytes of the buffers that were read so far.
    pub(super) fn loaded(&self) -> u64 {
        let others: usize = self.buffers.iter().filter_map(OnceLock::get).map(Vec::len).sum();
        (self.binary.map_or(0, <[u8]>::len) + others) as u64
    }

    pub(super) fn load(&self, uri: &str) -> Result<Vec<u8>> {
        if let Some(data) = uri.strip_prefix("data:") {
            let (kind, text) = data.split_once(',').unwrap_or_default();
            if !kind.ends_with(";base64") {
                return Err(bad("a buffer is a data URI, but not in base64"));
            }
            return BASE64.decode(text).map_err(|e| bad(format!("a buffer in base64: {e}")));
        }
        let folder = self.folder.as_deref().ok_or_else(|| bad(format!("its buffer is another file, {uri:?}")))?;
        read_bounded(neighbour(folder, uri)?, MAX_FILE)
    }
}

/// The path of a buffer's file, which must be in the folder of the glTF file or below.
fn neighbour(folder: &Path, uri: &str) -> Result<PathBuf> {
    let outside = || bad(format!("buffer file {uri:?} is outside the folder of the glTF file; move it there"));
    let name = percent_decoded(uri);
    let inside = |part: &str| part != ".." && !part.contains(['\\', ':', '\0']);
    if name.starts_with('/') || !name.split('/').all(inside) {
        return Err(outside());
    }
    let path = folder.join(&*name);
    // Symbolic links may lead outside as well.
    match (folder.canonicalize(), path.canonicalize()) {
        (Ok(folder), Ok(real)) if !real.starts_with(&folder) => Err(outside()),
        (_, Err(_)) => Err(bad(format!("buffer file {uri:?} is missing; keep it next to the glTF file"))),
        _ => Ok(path),
    }
}

fn percent_decoded(uri: &str) -> Cow<'_, str> {
    if !uri.contains('%') {
        return uri.into();
    }
    let bytes = uri.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((16 * high + low) as u8);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned().into()
}

/// JSON and binary chunk of a `.glb`.
pub(super) fn chunks(bytes: &[u8]) -> Result<(&[u8], Option<&[u8]>)> {
    match word(bytes, 4) {
        Some(2) => {}
        Some(1) => return Err(bad("it is glTF 1.0; convert it to 2.0")),
        version => return Err(bad(format!("version {version:?} of the container is not known"))),
    }
    let (mut text, mut binary, mut at) = (None, None, 12);
    while at + 8 <= bytes.len() && binary.is_none() {
        let (len, kind) = (word(bytes, at).unwrap_or(0) as usize, &bytes[at + 4..at + 8]);
        let end = (at + 8).checked_add(len).filter(|end| *end <= bytes.len());
        let Some(end) = end else {
            return Err(bad(format!("it is truncated: {} bytes of a part of {len}", bytes.len() - at - 8)));
        };
        match kind {
            b"JSON" if text.is_none() => text = Some(&bytes[at + 8..end]),
            b"BIN\0" => binary = Some(&bytes[at + 8..end]),
            _ => {}
        }
        at = end;
    }
    text.map(|text| (text, binary)).ok_or_else(|| bad("it has no JSON part; it is truncated"))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes)
}

fn version(text: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Any {
        asset: super::json::Asset,
    }
    serde_json::from_slice::<Any>(text).ok().map(|any| any.asset.version)
}

//! The two containers of `.pt`: a zip of stored files, and, before PyTorch 1.6, consecutive pickles followed by raw data.

use std::collections::HashMap;
use std::ops::Range;

use zip::CompressionMethod;

use super::super::open_zip;
use super::super::pickle::{Global, PLAIN_GLOBALS, Pickle, numpy::NUMPY_GLOBALS, parse_known};
use super::rebuild::{StorageRef, TORCH_GLOBALS};
use super::tree::Walk;
use super::{Contents, bad};
use crate::error::Result;

/// Allowed names in a `.pt` file.
const ALLOWED: &[&[Global]] = &[PLAIN_GLOBALS, NUMPY_GLOBALS, TORCH_GLOBALS];
/// Maximum size of the pickle in a zip: it holds names, shapes and, rarely, NumPy arrays.
const MAX_PICKLE: usize = 1 << 30;
/// The pickled integer `0x1950a86a20f9469cfc6c` at the start of old files, after the number of the protocol.
const LEGACY_MAGIC: &[u8] = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.";

/// Range of each storage in the file, by key.
pub(in crate::format) type Storages = HashMap<String, Range<usize>>;

pub(super) fn read(bytes: &[u8]) -> Result<Contents> {
    if is_legacy(bytes) {
        let file = LegacyFile::read(bytes)?;
        return Walk::new(&file.storages).run(&file.object);
    }
    if !bytes.starts_with(b"PK\x03\x04") {
        return Err(bad("it is neither a zip archive nor an older PyTorch file"));
    }
    let file = ZipFile::read(bytes)?;
    Walk::new(&file.storages).run(&file.object)
}

/// Whether this is the start of a file from before PyTorch 1.6, or of one saved in its way.
pub(in crate::format) fn is_legacy(bytes: &[u8]) -> bool {
    legacy_start(bytes).is_some()
}

/// The length of the magic number at the start of an old file.
fn legacy_start(bytes: &[u8]) -> Option<usize> {
    let [0x80, 2..=5, rest @ ..] = bytes else { return None };
    // Protocols 4 and 5 announce the length of what follows.
    let head = if rest.first() == Some(&0x95) { 9 } else { 0 };
    rest.get(head..)?.starts_with(LEGACY_MAGIC).then_some(2 + head + LEGACY_MAGIC.len())
}

/// A file since PyTorch 1.6: a zip archive with a pickle and a file for each storage.
pub(in crate::format) struct ZipFile<'a> {
    pub(in crate::format) object: Pickle<'a>,
    pub(in crate::format) storages: Storages,
}

impl<'a> ZipFile<'a> {
    pub(in crate::format) fn read(bytes: &'a [u8]) -> Result<Self> {
        let files = list_files(bytes)?;
        let data_pkl = |name: &str| name.split_once('/').is_some_and(|(_, rest)| rest == "data.pkl");
        let (name, pickle) =
            files.iter().find(|(name, _)| data_pkl(name)).ok_or_else(|| bad("it holds no data.pkl"))?;
        let root = name.trim_end_matches("data.pkl");
        let file = |path: &str| files.iter().find(|(name, _)| name.strip_prefix(root) == Some(path));
        if let Some((_, order)) = file("byteorder")
            && &bytes[order.clone()] != b"little"
        {
            return Err(bad("its numbers are big-endian; save it again on a little-endian machine"));
        }
        if pickle.len() > MAX_PICKLE {
            return Err(bad("its data.pkl is over 1 GiB; save tensors, not NumPy arrays"));
        }
        let prefix = format!("{root}data/");
        let storages =
            files.iter().filter_map(|(name, range)| Some((name.strip_prefix(&prefix)?.into(), range.clone())));
        let storages = storages.collect();
        Ok(Self { object: parse_known(&bytes[pickle.clone()], ALLOWED)?, storages })
    }
}

/// Names and places of all files of a zip archive.
fn list_files(bytes: &[u8]) -> Result<Vec<(String, Range<usize>)>> {
    let broken = |e: zip::result::ZipError| bad(format!("its zip archive is damaged: {e}"));
    let mut archive = open_zip(bytes).map_err(broken)?;
    let mut files = Vec::with_capacity(archive.len());
    for i in 0..archive.len() {
        let file = archive.by_index_raw(i).map_err(broken)?;
        let name = file.name().map_err(broken)?.into_owned();
        if file.encrypted() || file.compression() != CompressionMethod::Stored {
            return Err(bad(format!("its part {name:?} is compressed; save it again with torch.save")));
        }
        let start = file.data_start().and_then(|s| usize::try_from(s).ok());
        let size = usize::try_from(file.size()).ok();
        let range = start.zip(size).and_then(|(start, size)| Some(start..start.checked_add(size)?));
        let range = range.filter(|r| r.end <= bytes.len() && file.size() == file.compressed_size());
        files.push((name.clone(), range.ok_or_else(|| bad(format!("its part {name:?} lies beyond the file")))?));
    }
    Ok(files)
}

/// A file from before PyTorch 1.6: pickles, then the storages one after another.
pub(in crate::format) struct LegacyFile<'a> {
    pub(in crate::format) object: Pickle<'a>,
    pub(in crate::format) storages: Storages,
}

impl<'a> LegacyFile<'a> {
    pub(in crate::format) fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut position = legacy_start(bytes).ok_or_else(|| bad("it is no older PyTorch file"))?;
        // The protocol number, facts about the machine, the object itself, the keys of the storages.
        let mut next = || -> Result<Pickle<'a>> {
            let pickle = parse_known(&bytes[position..], ALLOWED)?;
            position += pickle.consumed();
            Ok(pickle)
        };
        let (_, _, object, keys) = (next()?, next()?, next()?, next()?);
        let keys = keys.root().items().ok_or_else(|| bad("its list of storages is missing"))?;
        let mut element_sizes = HashMap::new();
        for id in object.persistents() {
            let storage = StorageRef::parse(id)?;
            element_sizes.insert(storage.key, storage.element_size());
        }
        let mut storages = Storages::new();
        for key in keys {
            let key = key.as_str().ok_or_else(|| bad("a storage has no name"))?;
            let size = element_sizes.get(key).ok_or_else(|| bad(format!("nothing refers to the storage {key:?}")))?;
            let start = position.checked_add(8).filter(|s| *s <= bytes.len());
            let count = bytes[position..].first_chunk::<8>().map(|b| u64::from_le_bytes(*b));
            let len = count.and_then(|c| usize::try_from(c).ok()?.checked_mul(*size));
            let range = start.zip(len).and_then(|(start, len)| Some(start..start.checked_add(len)?));
            let range = range.filter(|r| r.end <= bytes.len()).ok_or_else(|| bad("a storage lies beyond the file"))?;
            position = range.end;
            storages.insert(key.into(), range);
        }
        drop(element_sizes);
        Ok(Self { object, storages })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_files_are_known_in_every_protocol_that_has_their_number() {
        let magic = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.";
        let frame = b"\x95\x0d\0\0\0\0\0\0\0";
        assert!(is_legacy(&[b"\x80\x02", &magic[..]].concat()));
        assert!(is_legacy(&[b"\x80\x03", &magic[..]].concat()));
        assert!(is_legacy(&[b"\x80\x04", &frame[..], magic].concat()));
        assert!(is_legacy(&[b"\x80\x05", &frame[..], magic].concat()));
        assert!(!is_legacy(b"\x80\x04\x95") && !is_legacy(b"\x80\x02}q\0.") && !is_legacy(b""));
    }
}

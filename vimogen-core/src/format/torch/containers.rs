//! The two containers of `.pt`: a zip of stored files, and, before PyTorch 1.6, consecutive pickles followed by raw data.

use std::collections::HashMap;
use std::ops::Range;

use zip::CompressionMethod;

use super::super::open_zip;
use super::super::pickle::{Global, PLAIN_GLOBALS, Pickle, numpy::NUMPY_GLOBALS, parse};
use super::tree::{StorageRef, TORCH_GLOBALS, Walk};
use super::{Contents, bad};
use crate::error::Result;

/// Allowed names in a `.pt` file.
const ALLOWED: &[&[Global]] = &[PLAIN_GLOBALS, NUMPY_GLOBALS, TORCH_GLOBALS];
/// Maximum size of the pickle in a zip: it holds names, shapes and, rarely, NumPy arrays.
const MAX_PICKLE: usize = 1 << 30;
/// First bytes of old files: the pickled integer `0x1950a86a20f9469cfc6c`.
const LEGACY_MAGIC: &[u8] = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.";

/// Range of each storage in the file, by key.
pub(super) type Storages = HashMap<String, Range<usize>>;

pub(super) fn read(bytes: &[u8]) -> Result<Contents> {
    if bytes.starts_with(LEGACY_MAGIC) {
        return read_legacy(bytes);
    }
    if !bytes.starts_with(b"PK\x03\x04") {
        return Err(bad("it is neither a zip archive nor an older PyTorch file"));
    }
    read_zip(bytes)
}

fn read_zip(bytes: &[u8]) -> Result<Contents> {
    let files = list_files(bytes)?;
    let data_pkl = |name: &str| name.split_once('/').is_some_and(|(_, rest)| rest == "data.pkl");
    let (name, pickle) = files.iter().find(|(name, _)| data_pkl(name)).ok_or_else(|| bad("it holds no data.pkl"))?;
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
    let storages = files.iter().filter_map(|(name, range)| Some((name.strip_prefix(&prefix)?.into(), range.clone())));
    let storages = storages.collect();
    let pickle = parse(&bytes[pickle.clone()], ALLOWED)?;
    Walk::new(&storages).run(&pickle)
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

fn read_legacy(bytes: &[u8]) -> Result<Contents> {
    let mut position = LEGACY_MAGIC.len();
    // The protocol number, facts about the machine, the object itself, the keys of the storages.
    let mut next = || -> Result<Pickle<'_>> {
        let pickle = parse(&bytes[position..], ALLOWED)?;
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
    Walk::new(&storages).run(&object)
}

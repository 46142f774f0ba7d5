//! Containers by their first bytes.

use std::path::Path;

use super::super::backing::Backing;
use super::super::npy::{AnyHeader, Header};
use super::super::npz::{Entry, NpzFile};
use super::super::pickle::numpy::NUMPY_GLOBALS;
use super::super::pickle::{Global, JOBLIB_GLOBALS, PLAIN_GLOBALS, Pickle, numpy::Stored, parse_known};
use super::super::torch::{LegacyFile, Storages, TORCH_GLOBALS, ZipFile, is_legacy};
use super::super::{MAX_BYTES, TensorSource, extension};
use super::build::Builder;
use super::{Array, Place, Value, inflate};
use crate::error::{Error, Result};

/// Names that any of these files may have.
const ALLOWED: &[&[Global]] = &[PLAIN_GLOBALS, NUMPY_GLOBALS, JOBLIB_GLOBALS, TORCH_GLOBALS];

/// Reads a file and hands its tree to `use_tree`.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Io`], [`Error::TooLarge`], [`Error::Format`], and those of `use_tree`.
pub(crate) fn with_tree<T>(path: &Path, use_tree: impl FnOnce(&Value<'_>) -> Result<T>) -> Result<T> {
    let expected = extension(path);
    Backing::read(path, |backing| from_backing(&backing, &expected, use_tree))
}

/// [`with_tree`] of bytes in memory.
#[cfg(test)]
pub(crate) fn from_bytes<T>(bytes: Vec<u8>, use_tree: impl FnOnce(&Value<'_>) -> Result<T>) -> Result<T> {
    from_backing(&bytes.into(), "pkl", use_tree)
}

/// The tree of a file, which is `expected` by its name: this decides where its first bytes do not.
fn from_backing<T>(backing: &Backing, expected: &str, use_tree: impl FnOnce(&Value<'_>) -> Result<T>) -> Result<T> {
    let bytes = backing.as_ref();
    if bytes.is_empty() {
        return Err(Error::format("motion", "it is empty"));
    }
    if bytes.starts_with(b"version https://git-lfs") {
        let reason = "it is a pointer of Git LFS and not the file itself: run `git lfs pull`";
        return Err(Error::format("motion", reason));
    }
    if bytes.starts_with(b"PK") {
        return zip_tree(backing, expected, use_tree);
    }
    if bytes.starts_with(b"\x93NUMPY") {
        return npy_tree(bytes, use_tree);
    }
    if is_legacy(bytes) {
        let file = LegacyFile::read(bytes)?;
        return pickle_tree(&file.object, bytes, &file.storages, use_tree);
    }
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Error::TooLarge { what: "pickle".into(), needed: bytes.len() as u64, limit: MAX_BYTES });
    }
    let unpacked = inflate::unpack(bytes)?;
    if unpacked.is_none() && bytes.first() != Some(&0x80) {
        // Old pickles start with any letter: a file that is named as something else is damaged.
        match expected {
            "npz" => {
                return NpzFile::of_backing(backing.clone()).map(|_| ()).and(Err(Error::format("npz", "it is empty")));
            }
            "npy" => return npy_tree(bytes, use_tree),
            "pt" | "pth" => {
                return Err(Error::format("PyTorch", "it is neither a zip archive nor an older PyTorch file"));
            }
            _ => {}
        }
    }
    let bytes = unpacked.as_deref().unwrap_or(bytes);
    pickle_tree(&parse_known(bytes, ALLOWED)?, bytes, &Storages::new(), use_tree)
}

/// NumPy's archives hold `.npy` files, PyTorch's a pickle.
fn zip_tree<T>(backing: &Backing, expected: &str, use_tree: impl FnOnce(&Value<'_>) -> Result<T>) -> Result<T> {
    let bytes = backing.as_ref();
    let npz = NpzFile::of_backing(backing.clone()).map(|npz| (!npz.names().is_empty()).then_some(npz));
    match npz {
        Ok(Some(npz)) => npz_tree(&npz, use_tree),
        Err(damaged) if !["pt", "pth"].contains(&expected) => Err(damaged),
        _ => {
            let file = ZipFile::read(bytes)?;
            pickle_tree(&file.object, bytes, &file.storages, use_tree)
        }
    }
}

fn pickle_tree<T>(
    pickle: &Pickle<'_>,
    bytes: &[u8],
    storages: &Storages,
    use_tree: impl FnOnce(&Value<'_>) -> Result<T>,
) -> Result<T> {
    use_tree(&Builder::new(bytes, storages, pickle.consumed()).root(pickle.root())?)
}

fn npy_tree<T>(bytes: &[u8], use_tree: impl FnOnce(&Value<'_>) -> Result<T>) -> Result<T> {
    let mut rest = bytes;
    let header = AnyHeader::read(&mut rest)?;
    if header.is_objects() {
        return pickle_tree(&parse_known(rest, ALLOWED)?, rest, &Storages::new(), use_tree);
    }
    let stored = stored(header.numbers()?, rest)?;
    use_tree(&Value::Array(Box::new(Array { info: stored.info.clone(), place: Place::Stored(stored) })))
}

fn stored(header: Header, data: &[u8]) -> Result<Stored<'_>> {
    let data = header.data(data)?.into();
    let Header { info, big_endian, fortran } = header;
    Ok(Stored { info, big_endian, fortran, data })
}

fn npz_tree<T>(npz: &NpzFile, use_tree: impl FnOnce(&Value<'_>) -> Result<T>) -> Result<T> {
    let names = npz.names();
    // Objects and texts of all files together: each is unpacked at once.
    let mut left = npz.unpacked_limit();
    let entries: Vec<_> = names.iter().map(|name| npz.entry(name, &mut left)).collect();
    let pickles: Vec<Option<Result<Pickle<'_>>>> = entries
        .iter()
        .map(|entry| match entry {
            Ok(Entry::Objects(bytes)) => Some(parse_known(bytes, ALLOWED)),
            _ => None,
        })
        .collect();
    let none = Storages::new();
    let mut dict = Vec::with_capacity(names.len());
    for ((name, entry), pickle) in names.iter().zip(&entries).zip(&pickles) {
        let value = match (entry, pickle) {
            (Ok(Entry::Numbers(info)), _) => {
                let place = Place::Npz { file: npz, name: name.clone() };
                Value::Array(Box::new(Array { info: info.clone(), place }))
            }
            (Ok(Entry::Text(text)), _) => Value::Text(text.as_str().into()),
            (Ok(Entry::Objects(_)), Some(Ok(pickle))) => {
                let root = Builder::new(&[], &none, pickle.consumed()).root(pickle.root());
                root.unwrap_or_else(|reason| Value::Unknown(reason.to_string()))
            }
            (Err(reason), _) | (_, Some(Err(reason))) => Value::Unknown(reason.to_string()),
            (Ok(Entry::Objects(_)), None) => Value::None,
        };
        dict.push((name.as_str().into(), value));
    }
    use_tree(&Value::Dict(dict))
}

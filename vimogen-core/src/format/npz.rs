//! NumPy's `.npz`: a zip of `.npy` files, stored or deflated, read one array at a time.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{Cursor, Read};
use std::path::Path;

use zip::read::ZipFile;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::atomic::FailsOnce;
use super::backing::Backing;
use super::npy::{self, AnyHeader, Header};
use super::tensor::{RawTensor, TensorInfo, TensorSource, no_such_tensor};
use super::{MAX_BYTES, open_zip, write_atomic};
use crate::error::{Error, Result};

const FORMAT: &str = "npz";
/// Unpacked bytes of an array that are allowed regardless of its packed size.
const ALWAYS_ALLOWED: u64 = 1 << 28;
/// Beyond that, maximum ratio of unpacked to packed size. Deflate itself reaches 1032, motion about 1.2.
const MAX_RATIO: u64 = 100;

type Archive = ZipArchive<Cursor<Backing>>;

fn bad(reason: impl Into<String>) -> Error {
    Error::format(FORMAT, reason)
}

fn broken(e: impl std::fmt::Display) -> Error {
    bad(format!("its zip archive is damaged: {e}"))
}

/// Maximum unpacked size of an array of this packed size.
fn limit(packed: u64) -> u64 {
    ALWAYS_ALLOWED.max(packed.saturating_mul(MAX_RATIO)).min(MAX_BYTES)
}

/// An open `.npz` file.
#[derive(Debug)]
pub struct NpzFile {
    archive: Archive,
    names: Vec<String>,
    /// Position in the archive by name.
    index: HashMap<String, usize>,
}

/// Content of a file of an archive.
#[derive(Debug)]
pub(super) enum Entry {
    /// An array of numbers.
    Numbers(TensorInfo),
    /// The pickle of an array of Python objects.
    Objects(Vec<u8>),
    /// The first text of an array of texts.
    Text(String),
}

/// Maximum characters of a text that is kept.
const MAX_CHARACTERS: usize = 1 << 20;

impl NpzFile {
    /// Opens a file by mapping it; arrays are unpacked when they are read.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Io`], [`Error::Format`] if it is not a zip archive.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Backing::read(path.as_ref(), Self::new)
    }

    /// Reads a file that is already in memory.
    ///
    /// # Errors
    /// As [`NpzFile::open`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self> {
        Self::new(bytes.into())
    }

    pub(super) fn of_backing(backing: Backing) -> Result<Self> {
        Self::new(backing)
    }

    /// Bytes that objects of the archive may have in memory, all together.
    pub(super) fn unpacked_limit(&self) -> u64 {
        limit(self.archive.clone().into_inner().get_ref().as_ref().len() as u64)
    }

    /// Content of a file of the archive. Objects and texts are read, and the memory that they need is taken from `left`.
    pub(super) fn entry(&self, name: &str, left: &mut u64) -> Result<Entry> {
        self.with_array(name, |r, _| {
            let header = AnyHeader::read(r)?;
            let wanted = match header.characters() {
                Some(characters) => 4 * characters.min(MAX_CHARACTERS) as u64,
                None if header.is_objects() => left.saturating_add(1),
                None => return Ok(Entry::Numbers(header.numbers()?.info)),
            };
            let mut data = Vec::new();
            // Grows as bytes arrive.
            r.by_ref().take(wanted).read_to_end(&mut data).map_err(broken)?;
            let (needed, limit) = (data.len() as u64, *left);
            let too_large = || Error::TooLarge { what: format!("array {name:?}"), needed, limit };
            *left = left.checked_sub(needed).ok_or_else(too_large)?;
            if header.is_objects() {
                return Ok(Entry::Objects(data));
            }
            let characters = data.as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b));
            Ok(Entry::Text(characters.take_while(|c| *c != 0).filter_map(char::from_u32).collect()))
        })
    }

    fn new(backing: Backing) -> Result<Self> {
        let archive = open_zip(backing).map_err(broken)?;
        let (mut names, mut index) = (Vec::new(), HashMap::new());
        for i in 0..archive.len() {
            let name = archive.name_for_index(i).transpose().map_err(broken)?.unwrap_or_default();
            if let Some(name) = name.strip_suffix(".npy")
                && index.insert(name.to_string(), i).is_none()
            {
                names.push(name.to_string());
            }
        }
        Ok(Self { archive, names, index })
    }

    /// Calls `f` with the unpacked bytes of an array and its packed size.
    fn with_array<T>(
        &self,
        name: &str,
        f: impl FnOnce(&mut ZipFile<'_, Cursor<Backing>>, u64) -> Result<T>,
    ) -> Result<T> {
        let index = *self.index.get(name).ok_or_else(|| no_such_tensor(name))?;
        // The copy shares directory and bytes: reading moves a cursor, which then needs no lock.
        let mut archive = self.archive.clone();
        let mut file = archive.by_index(index).map_err(broken)?;
        let packed = file.compressed_size();
        f(&mut file, packed)
    }
}

impl TensorSource for NpzFile {
    fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    fn info(&self, name: &str) -> Result<TensorInfo> {
        self.with_array(name, |r, _| Ok(Header::read(r)?.info))
    }

    fn bytes(&self, name: &str) -> Result<Cow<'_, [u8]>> {
        Ok(Cow::Owned(self.read(name)?.into_bytes()))
    }

    // Type, shape and bytes in one go: each look into the archive unpacks the array again.
    fn read(&self, name: &str) -> Result<RawTensor> {
        self.with_array(name, |r, packed| {
            let header = Header::read(r)?;
            let needed = header.info.bytes_within(&format!("array {name:?}"), limit(packed))?;
            let mut data = Vec::new();
            // Grows as bytes arrive: a short file with a large header allocates little.
            r.by_ref().take(needed as u64).read_to_end(&mut data).map_err(broken)?;
            // The checksum is compared when the end is reached.
            r.read(&mut [0]).map_err(broken)?;
            header.array(&data)
        })
    }
}

/// Writes arrays, uncompressed as `numpy.savez` does.
///
/// # Errors
/// [`Error::InvalidArgument`] for a repeated name, [`Error::NotFound`] if the folder does not exist, [`Error::Io`].
pub fn save(path: impl AsRef<Path>, arrays: &[(&str, &RawTensor)]) -> Result<()> {
    save_with_texts(path, arrays, &[])
}

/// [`save`] with texts in addition to the arrays; NumPy reads them as strings.
///
/// # Errors
/// Those of [`save`].
pub fn save_with_texts(path: impl AsRef<Path>, arrays: &[(&str, &RawTensor)], texts: &[(&str, &str)]) -> Result<()> {
    save_all(path, arrays, texts, &[])
}

/// [`save_with_texts`] with arrays of texts in addition.
///
/// # Errors
/// Those of [`save`].
pub(crate) fn save_all(
    path: impl AsRef<Path>,
    arrays: &[(&str, &RawTensor)],
    texts: &[(&str, &str)],
    lists: &[(&str, &[String])],
) -> Result<()> {
    let single = arrays.iter().map(|(n, _)| *n).chain(texts.iter().map(|(n, _)| *n));
    let names: Vec<&str> = single.chain(lists.iter().map(|(n, _)| *n)).collect();
    if let Some((i, name)) = names.iter().enumerate().find(|(i, n)| names[..*i].contains(n)) {
        return Err(Error::invalid("arrays", format!("the name {name:?} occurs again at position {i}")));
    }
    let options = |bytes: usize| {
        SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .with_alignment(64)
            .large_file(bytes as u64 + (1 << 16) >= u64::from(u32::MAX))
    };
    write_atomic(path, |w| {
        let mut zip = ZipWriter::new(FailsOnce::new(w));
        for (name, array) in arrays {
            zip.start_file(format!("{name}.npy"), options(array.bytes().len()))?;
            npy::write(&mut zip, array)?;
        }
        for (name, text) in texts {
            zip.start_file(format!("{name}.npy"), options(4 * text.len()))?;
            npy::write_text(&mut zip, text)?;
        }
        for (name, list) in lists {
            let longest = list.iter().map(String::len).max().unwrap_or(0);
            zip.start_file(format!("{name}.npy"), options(4 * longest * list.len()))?;
            npy::write_texts(&mut zip, list)?;
        }
        zip.finish()?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::DType;
    use super::*;

    fn deflated(name: &str, bytes: &[u8]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        zip.start_file(name, options).unwrap();
        zip.write_all(bytes).unwrap();
        zip.finish().unwrap().into_inner()
    }

    fn npy_bytes(shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
        let len = (header.len() as u16).to_le_bytes();
        [b"\x93NUMPY\x01\x00", &len[..], header.as_bytes(), data].concat()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npz");
        let a = RawTensor::new(DType::F32, vec![2, 3], (0..24).collect()).unwrap();
        let b = RawTensor::new(DType::I64, vec![], 20i64.to_le_bytes().into()).unwrap();
        save(&path, &[("a", &a), ("b", &b)]).unwrap();
        let file = NpzFile::open(&path).unwrap();
        assert_eq!(file.names(), ["a", "b"]);
        assert_eq!((file.read("a").unwrap(), file.read("b").unwrap()), (a.clone(), b));
        assert_eq!(file.info("a").unwrap(), *a.info());
        assert!(matches!(file.read("c"), Err(Error::InvalidArgument { .. })));
        assert!(save(&path, &[("a", &a), ("a", &a)]).is_err());
    }

    #[test]
    fn deflated_arrays_are_unpacked() {
        let bytes = deflated("a.npy", &npy_bytes("(1000,)", &[0; 4000]));
        assert!(bytes.len() < 1000);
        assert_eq!(NpzFile::from_bytes(bytes).unwrap().read_f32("a").unwrap(), vec![0.0; 1000]);
    }

    #[test]
    fn zip_bombs_and_damage_are_refused() {
        // 8 GiB declared, and 400 MB declared in a file of a few hundred bytes.
        for shape in ["(2147483648,)", "(100000000,)"] {
            let bytes = deflated("a.npy", &npy_bytes(shape, &[0; 100]));
            assert!(matches!(NpzFile::from_bytes(bytes).unwrap().read("a"), Err(Error::TooLarge { .. })), "{shape}");
        }
        let mut bytes = deflated("a.npy", &npy_bytes("(4,)", &[1; 16]));
        let middle = bytes.windows(4).position(|w| w == b"NUMP").map_or(60, |p| p + 40);
        bytes[middle] ^= 0xff;
        assert!(NpzFile::from_bytes(bytes).and_then(|f| f.read("a")).is_err());
        assert!(NpzFile::from_bytes(b"PK\x03\x04".to_vec()).is_err());
    }
}

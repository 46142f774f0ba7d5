//! PyTorch's `.pt`, `.pth` and `.tar`: the zip form and the older one, read lazily from a memory map.
//!
//! The pickle within is interpreted with a list of known names (see [`super::pickle`]): nothing is executed. Nested
//! dicts and lists are flattened, keys joined by dots; a file that holds a single tensor has the one name `""`.

mod containers;
mod rebuild;
mod tree;
mod write;

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

pub(super) use containers::{LegacyFile, Storages, ZipFile, is_legacy};
pub(super) use rebuild::{Rebuilt, StorageRef, TORCH_GLOBALS};
pub use write::{Tree, save};

use super::backing::Backing;
use super::tensor::{RawTensor, TensorInfo, TensorSource, gather_from, negate, no_such_tensor};
use crate::error::{Error, Result};

const FORMAT: &str = "PyTorch";

fn bad(reason: impl Into<String>) -> Error {
    Error::format(FORMAT, reason)
}

/// A number or text of a checkpoint.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// An integer.
    Int(i64),
    /// A floating point number.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A text of at most 4096 bytes.
    Text(String),
}

/// An open `.pt` file. Opening reads names, types and shapes; tensors are read on demand.
#[derive(Debug)]
pub struct TorchFile {
    backing: Backing,
    contents: Contents,
}

/// Contents of a file, from its pickle.
#[derive(Debug, Default)]
struct Contents {
    tensors: Vec<Entry>,
    index: HashMap<String, usize>,
    scalars: HashMap<String, Scalar>,
    /// Python names of the entries that were passed over.
    unknown: HashMap<String, String>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    info: TensorInfo,
    place: Place,
}

/// Where the elements of a tensor are.
#[derive(Debug)]
enum Place {
    /// Part of a storage, itself a part of the file; offset and strides in elements.
    Storage { range: Range<usize>, offset: usize, strides: Vec<usize>, negated: bool },
    /// A NumPy array in the pickle.
    Inline(Vec<u8>),
}

impl TorchFile {
    /// Opens a file by mapping it.
    ///
    /// Entries that are neither tensors, arrays nor plain data are passed over.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Io`], and [`Error::Format`] for damaged files, tensors outside their
    /// storage, and files that hold something else as a whole.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Backing::read(path.as_ref(), Self::new)
    }

    /// Reads a file that is already in memory.
    ///
    /// # Errors
    /// As [`TorchFile::open`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self> {
        Self::new(bytes.into())
    }

    fn new(backing: Backing) -> Result<Self> {
        let contents = containers::read(backing.as_ref())?;
        Ok(Self { backing, contents })
    }

    /// A number or text by its dotted name, such as `epoch`.
    pub fn scalar(&self, name: &str) -> Option<&Scalar> {
        self.contents.scalars.get(name)
    }

    fn entry(&self, name: &str) -> Result<&Entry> {
        let index = self.contents.index.get(name).ok_or_else(|| match self.contents.unknown.get(name) {
            Some(class) => bad(format!("its entry {name:?} is a {class}, which is not read: save a tensor instead")),
            None => no_such_tensor(name),
        })?;
        Ok(&self.contents.tensors[*index])
    }
}

impl TensorSource for TorchFile {
    fn names(&self) -> Vec<String> {
        self.contents.tensors.iter().map(|e| e.name.clone()).collect()
    }

    fn info(&self, name: &str) -> Result<TensorInfo> {
        Ok(self.entry(name)?.info.clone())
    }

    fn bytes(&self, name: &str) -> Result<Cow<'_, [u8]>> {
        let entry = self.entry(name)?;
        match &entry.place {
            Place::Inline(bytes) => Ok(Cow::Borrowed(bytes)),
            Place::Storage { range, offset, strides, negated } => {
                let storage = &self.backing.as_ref()[range.clone()];
                let bytes = gather_from(FORMAT, storage, &entry.info, *offset, strides)?;
                Ok(if *negated { Cow::Owned(negate(entry.info.dtype, bytes.into_owned())) } else { bytes })
            }
        }
    }

    fn release(&self, name: &str) {
        if let Ok(Entry { place: Place::Storage { range, .. }, .. }) = self.entry(name) {
            self.backing.release(range.clone());
        }
    }
}

/// Reads the only tensor of a `.pt` file, or the one named `key` if the file holds a dict.
///
/// # Errors
/// As [`TorchFile::open`]; [`Error::Format`] if there is no such tensor.
pub fn load_tensor(path: impl AsRef<Path>, key: &str) -> Result<RawTensor> {
    let path = path.as_ref();
    let file = TorchFile::open(path)?;
    let name = if file.contents.index.contains_key("") { "" } else { key };
    if !file.contents.index.contains_key(name) {
        return Err(bad(format!("it holds neither a single tensor nor a dict with the tensor {key:?}")).with_path(path));
    }
    file.read(name)
}

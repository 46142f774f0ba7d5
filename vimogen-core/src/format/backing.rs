//! The bytes of a file: mapped, or held in memory.

use std::fs::File;
use std::path::Path;

use memmap2::Mmap;

use crate::error::{Error, Result};

/// Bytes that readers borrow tensors from.
#[derive(Debug)]
pub(crate) enum Backing {
    Mapped(Mmap),
    Owned(Vec<u8>),
}

impl Backing {
    /// Maps a file: nothing is read until it is looked at.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let io = |e| Error::io("read", path, e);
        let file = File::open(path).map_err(io)?;
        if !file.metadata().map_err(io)?.is_file() {
            return Err(Error::io("read", path, std::io::Error::other("it is not a regular file")));
        }
        // SAFETY: the map is read only. Another process that shortens the file meanwhile can make access fault, as with
        // every mapped file; vimogen itself replaces files by renaming and never shortens one.
        let map = unsafe { Mmap::map(&file) }.map_err(io)?;
        Ok(Self::Mapped(map))
    }
}

impl AsRef<[u8]> for Backing {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(bytes) => bytes,
        }
    }
}

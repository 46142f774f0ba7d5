//! The bytes of a file: mapped, or held in memory.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use memmap2::Mmap;

use crate::error::{Error, Result};

/// Bytes that readers borrow tensors from; copies share them.
#[derive(Debug, Clone)]
pub(crate) enum Backing {
    Mapped(Arc<Mmap>),
    Owned(Arc<Vec<u8>>),
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
        Ok(Self::Mapped(Arc::new(map)))
    }
}

impl From<Vec<u8>> for Backing {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Owned(Arc::new(bytes))
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

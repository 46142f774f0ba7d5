//! The bytes of a file: mapped, or held in memory.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use memmap2::Mmap;

#[cfg(not(target_family = "wasm"))]
use super::open_regular;
#[cfg(not(target_family = "wasm"))]
use crate::error::Error;
use crate::error::Result;

/// Parts below this size, in bytes, are not worth a system call.
#[cfg(unix)]
const WORTH_RELEASING: usize = 1 << 20;

/// Bytes of a file, from which readers borrow tensors; copies share them.
#[derive(Debug, Clone)]
pub(crate) enum Backing {
    #[cfg_attr(target_family = "wasm", allow(dead_code, reason = "files are in memory"))]
    Mapped(Arc<Mmap>),
    Owned(Arc<Vec<u8>>),
}

impl Backing {
    /// Maps a file and hands it to a reader, whose errors then name it.
    pub(crate) fn read<T>(path: &Path, reader: impl FnOnce(Self) -> Result<T>) -> Result<T> {
        reader(Self::open(path)?).map_err(|e| e.with_path(path))
    }

    /// Maps a file: pages are read when they are used.
    #[cfg(not(target_family = "wasm"))]
    fn open(path: &Path) -> Result<Self> {
        let io = |e| Error::io("read", path, e);
        let file = open_regular(path)?;
        // SAFETY: the map is read only. Another process that shortens the file meanwhile can make access fault, as with
        // every mapped file; vimogen itself replaces files by renaming and never shortens one.
        let map = unsafe { Mmap::map(&file) }.map_err(io)?;
        Ok(Self::Mapped(Arc::new(map)))
    }

    #[cfg(target_family = "wasm")]
    fn open(path: &Path) -> Result<Self> {
        super::memory::copy(path).map(Self::from)
    }

    /// Releases the pages of a part that was copied: a checkpoint that was read once does not stay in memory next to
    /// its copy. Small parts are left alone.
    pub(crate) fn release(&self, part: Range<usize>) {
        #[cfg(unix)]
        if let Self::Mapped(map) = self
            && part.len() >= WORTH_RELEASING
        {
            use memmap2::UncheckedAdvice::DontNeed;
            // SAFETY: nothing writes to the map, so pages that are dropped read the same from the file when touched.
            // The advice may be refused; then the pages stay, which changes no result.
            let _ = unsafe { map.unchecked_advise_range(DontNeed, part.start, part.len()) };
        }
        #[cfg(not(unix))]
        let _ = part;
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn folders_and_pipes_are_refused_without_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [folder.path(), &pipe] {
            let text = Backing::read(path, |_| Ok(())).unwrap_err().to_string();
            assert!(text.contains("not a regular file"), "{text}");
        }
    }
}

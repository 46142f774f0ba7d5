//! Files of a program in WebAssembly, which has no disk: they are held in memory under their paths.
//!
//! Readers and writers take paths there as everywhere. A program puts a file in with [`put`], and takes what was written out
//! with [`take`].

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Cursor};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};

static FILES: Mutex<BTreeMap<PathBuf, Vec<u8>>> = Mutex::new(BTreeMap::new());

/// Writer of [`write_atomic`]'s closure: buffered and seekable.
pub type AtomicWriter<'a> = BufWriter<&'a mut Cursor<Vec<u8>>>;

fn files() -> MutexGuard<'static, BTreeMap<PathBuf, Vec<u8>>> {
    FILES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Puts a file into memory, in place of an older one of the same path.
pub fn put(path: impl AsRef<Path>, bytes: Vec<u8>) {
    files().insert(path.as_ref().into(), bytes);
}

/// Takes a file out of memory.
pub fn take(path: impl AsRef<Path>) -> Option<Vec<u8>> {
    files().remove(path.as_ref())
}

/// A copy of a file, which stays.
pub(super) fn copy(path: &Path) -> Result<Vec<u8>> {
    let found = files().get(path).cloned();
    found.ok_or_else(|| Error::NotFound { what: "file".into(), path: path.into() })
}

/// Writes a file: the whole of it, or nothing if the closure fails.
///
/// # Errors
/// [`Error::Io`] with the closure's error.
pub fn write_atomic(path: impl AsRef<Path>, write: impl FnOnce(&mut AtomicWriter<'_>) -> io::Result<()>) -> Result<()> {
    let path = path.as_ref();
    let io = |e: io::Error| match e.downcast::<Error>() {
        Ok(own) => own,
        Err(e) => Error::io("write", path, e),
    };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = BufWriter::new(&mut bytes);
    write(&mut writer).map_err(io)?;
    writer.into_inner().map_err(|e| io(e.into_error()))?;
    put(path, bytes.into_inner());
    Ok(())
}

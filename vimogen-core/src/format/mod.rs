//! Bytes to arrays and back: npy, npz, `.pt`, pickle (joblib's too), safetensors. Readers bound sizes first and never execute.

#[cfg_attr(target_family = "wasm", allow(dead_code, reason = "files are in memory"))]
mod atomic;
mod backing;
pub mod embedding;
#[cfg(target_family = "wasm")]
pub mod memory;
pub mod npy;
pub mod npz;
pub mod pickle;
pub mod positional;
pub mod safetensors;
pub mod tensor;
pub mod torch;
pub(crate) mod tree;

use std::fs::File;
use std::io;
#[cfg(not(target_family = "wasm"))]
use std::io::Read;
use std::path::Path;

#[cfg(not(target_family = "wasm"))]
pub use atomic::{AtomicWriter, Temporary, write_atomic};
#[cfg(target_family = "wasm")]
pub use memory::{AtomicWriter, write_atomic};
pub use tensor::{DType, RawTensor, TensorInfo, TensorSource};

use crate::error::{Error, Result};

/// Maximum size of a file that is read as a whole, and of an array that is unpacked from one: 4 GiB.
pub const MAX_BYTES: u64 = 1 << 32;

/// Reads a whole regular file of at most `limit` bytes.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Io`], also for folders, pipes and devices, and [`Error::TooLarge`] before anything is
/// allocated.
pub fn read_bounded(path: impl AsRef<Path>, limit: u64) -> Result<Vec<u8>> {
    let path = path.as_ref();
    let too_large = |needed, limit| Error::TooLarge { what: format!("file {path:?}"), needed, limit };
    #[cfg(target_family = "wasm")]
    return memory::copy(path).and_then(|bytes| match bytes.len() as u64 {
        size if size > limit => Err(too_large(size, limit)),
        _ => Ok(bytes),
    });
    #[cfg(not(target_family = "wasm"))]
    read_disk(path, limit, too_large)
}

/// [`read_bounded`] of a file on disk.
#[cfg(not(target_family = "wasm"))]
fn read_disk(path: &Path, limit: u64, too_large: impl Fn(u64, u64) -> Error) -> Result<Vec<u8>> {
    let io = |e| Error::io("read", path, e);
    let file = open_regular(path)?;
    let size = file.metadata().map_err(io)?.len();
    if size > limit {
        return Err(too_large(size, limit));
    }
    /// Upper bound of the first allocation, regardless of the size that the file reports.
    const ROOM: u64 = 64 << 20;
    // One byte more than the file has, so that the end is found without growing.
    let mut bytes = Vec::with_capacity(size.min(ROOM) as usize + 1);
    // A file of the kernel reports no size, and another process may append to a file, so the reading is bounded too.
    let limit = limit.min(size.max(ROOM));
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > limit { Err(too_large(bytes.len() as u64, limit)) } else { Ok(bytes) }
}

/// Opens a regular file to read it. A pipe may block, and a device may have no end.
pub(crate) fn open_regular(path: &Path) -> Result<File> {
    let io = |e| Error::io("read", path, e);
    // Before opening: a named pipe without a writer would block.
    if !std::fs::metadata(path).map_err(io)?.is_file() {
        return Err(io(io::Error::other("it is not a regular file")));
    }
    File::open(path).map_err(io)
}

/// Opens a file of named tensors by its extension: `.safetensors`, `.safetensors.index.json`, `.npz`, and PyTorch's
/// `.pt`, `.pth`, `.bin`, `.ckpt` and `.tar`.
///
/// # Errors
/// [`Error::InvalidArgument`] for another extension; those of the format otherwise.
pub fn open_tensors(path: impl AsRef<Path>) -> Result<Box<dyn TensorSource>> {
    let path = path.as_ref();
    Ok(match extension(path).as_str() {
        "safetensors" | "json" => Box::new(safetensors::SafetensorsFile::open(path)?),
        "npz" => Box::new(npz::NpzFile::open(path)?),
        "pt" | "pth" | "bin" | "ckpt" | "tar" => Box::new(torch::TorchFile::open(path)?),
        _ => {
            let known = ["safetensors", "index.json", "npz", "pt", "pth", "bin", "ckpt", "tar"];
            return Err(unknown_extension(path, known));
        }
    })
}

/// Opens a zip archive that starts where its file does.
///
/// By default the `zip` crate guesses the start. PyTorch's archives, whose directory is followed by 76 bytes of zip64
/// records, mislead it where the first file's entry has 76 bytes too, as in NRDF's `checkpoint_epoch_best.tar`.
pub(crate) fn open_zip<T: AsRef<[u8]>>(bytes: T) -> zip::result::ZipResult<zip::ZipArchive<io::Cursor<T>>> {
    let config = zip::read::Config { archive_offset: zip::read::ArchiveOffset::Known(0) };
    zip::ZipArchive::with_config(config, io::Cursor::new(bytes))
}

/// The extension in lower case; empty if there is none.
pub(crate) fn extension(path: &Path) -> String {
    path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// The error for a file whose extension is none of `known`.
pub(crate) fn unknown_extension(path: &Path, known: impl IntoIterator<Item = &'static str>) -> Error {
    let known = known.into_iter().collect::<Vec<_>>().join(", ");
    let reason = format!("{:?} is none of {known}, path: {path:?}", extension(path));
    Error::invalid("file extension", reason)
}

/// Makes a rename in `folder` durable, on systems that can.
pub(crate) fn sync_folder(folder: &Path) {
    if cfg!(unix)
        && let Ok(handle) = File::open(folder)
    {
        let _ = handle.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn files_over_the_limit_are_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        write_atomic(&path, |w| w.write_all(&[0; 100])).unwrap();
        assert!(matches!(read_bounded(&path, 99), Err(Error::TooLarge { needed: 100, .. })));
        assert_eq!(read_bounded(&path, 100).unwrap().len(), 100);
        assert!(matches!(read_bounded(folder.path().join("b"), 9), Err(Error::NotFound { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn folders_devices_and_pipes_are_refused_without_reading_or_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [folder.path(), &pipe, Path::new("/dev/zero")] {
            let text = read_bounded(path, MAX_BYTES).unwrap_err().to_string();
            assert!(text.contains("not a regular file"), "{text}");
        }
    }
}

//! Writing a file whole or not at all.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use super::sync_folder;
use crate::error::{Error, Result};
use crate::progress::check_stop;

/// Start of the name of a temporary file; six letters and digits follow. Files of the Python package are named alike.
const PREFIX: &str = ".vimogen-";
/// Length of the random end of that name.
const RANDOM: usize = 6;
/// Age at which a temporary file belongs to a process that was killed. A process that writes changes its file all the time.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);
/// Maximum number of folders that a process looks through for such files.
const MAX_FOLDERS: usize = 1000;
/// Maximum number of symbolic links from a path to a file, as on Linux.
const MAX_LINKS: usize = 40;

/// Writer of [`write_atomic`]'s closure: buffered and seekable.
pub type AtomicWriter<'a> = BufWriter<Temporary<'a>>;

/// The temporary file of [`write_atomic`], which takes nothing more once the work of the thread was asked to stop.
#[derive(Debug)]
pub struct Temporary<'a>(&'a File);

impl Write for Temporary<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        check_stop()?;
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Seek for Temporary<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

/// Writes a file so that an interruption leaves the old file or the new one, never a part: a temporary file in the
/// same folder is written, synced and renamed.
///
/// A file that is replaced keeps its permissions, and a symbolic link keeps pointing to it. Temporary files of killed
/// processes that are older than a day are removed from the folder.
///
/// # Errors
/// [`Error::NotFound`] if the folder does not exist, [`Error::Io`] with the closure's error, and for a device or a pipe at
/// the path, [`Error::Cancelled`] if the work was stopped, see [`stopped_by`](crate::progress::stopped_by).
pub fn write_atomic(path: impl AsRef<Path>, write: impl FnOnce(&mut AtomicWriter<'_>) -> io::Result<()>) -> Result<()> {
    let path = path.as_ref();
    let io = |e: io::Error| match e.downcast::<Error>() {
        Ok(own) => own,
        Err(e) => Error::io("write", path, e),
    };
    let target = behind_links(path).map_err(io)?;
    let kept = permissions_of(&target).map_err(io)?;
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    remove_stale(folder);
    let temporary = temporary_in(folder).map_err(io)?;
    let mut writer = BufWriter::with_capacity(1 << 16, Temporary(temporary.as_file()));
    write(&mut writer).map_err(io)?;
    let file = writer.into_inner().map_err(|e| io(e.into_error()))?.0;
    check_stop()?;
    kept.map_or(Ok(()), |kept| file.set_permissions(kept)).map_err(io)?;
    file.sync_all().map_err(io)?;
    temporary.persist(&target).map_err(|e| io(e.error))?;
    sync_folder(folder);
    Ok(())
}

impl From<Error> for io::Error {
    /// Lets the closure of [`write_atomic`] use `?` on the crate's errors; they come out of it unchanged.
    fn from(error: Error) -> Self {
        Self::other(error)
    }
}

/// The file that a path leads to over symbolic links. It need not exist.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_path_buf();
    for _ in 0..MAX_LINKS {
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => path = path.with_file_name("").join(fs::read_link(&path)?),
            _ => return Ok(path),
        }
    }
    Err(io::Error::other("too many symbolic links lead to it"))
}

/// Permissions of the file that is to be replaced, if there is one.
fn permissions_of(path: &Path) -> io::Result<Option<Permissions>> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() || found.is_dir() => Ok(cfg!(unix).then(|| found.permissions())),
        Ok(_) => Err(io::Error::other("it is not a regular file")),
        Err(_) => Ok(None),
    }
}

fn temporary_in(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).rand_bytes(RANDOM);
    #[cfg(unix)]
    let builder = {
        use std::os::unix::fs::PermissionsExt;
        // Temporary files are private by default; the finished one should be readable as the umask allows.
        builder.permissions(Permissions::from_mode(0o666))
    };
    builder.tempfile_in(folder)
}

/// Removes temporary files of killed processes from a folder, once per process and folder.
fn remove_stale(folder: &Path) {
    static SEEN: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let Ok(path) = std::path::absolute(folder) else { return };
    // A thread that holds the lock may not exist in a forked process: nobody waits for it.
    let is_new = SEEN.try_lock().is_ok_and(|mut seen| seen.len() < MAX_FOLDERS && seen.insert(path));
    if is_new {
        fs::read_dir(folder).into_iter().flatten().flatten().filter(is_stale).for_each(|entry| {
            // Another process may have removed it.
            let _ = fs::remove_file(entry.path());
        });
    }
}

/// Whether an entry is a temporary file of ours that nobody has written for long.
fn is_stale(entry: &fs::DirEntry) -> bool {
    let name = entry.file_name();
    let random = name.to_str().and_then(|name| name.strip_prefix(PREFIX)).unwrap_or_default();
    let is_ours = random.len() == RANDOM && random.bytes().all(|b| b.is_ascii_alphanumeric());
    let age = || entry.metadata().ok().filter(fs::Metadata::is_file)?.modified().ok()?.elapsed().ok();
    is_ours && age().is_some_and(|age| age > STALE)
}

/// A writer that fails once. From then on it takes everything and writes nothing, at positions as if it did. The `zip` crate writes
/// the end of an archive when it is dropped after an error, and would print that it cannot: a library does not print.
pub(super) struct FailsOnce<W> {
    inner: W,
    failed: bool,
    position: u64,
    end: u64,
}

impl<W> FailsOnce<W> {
    /// A writer at the start of an empty file.
    pub(super) fn new(inner: W) -> Self {
        Self { inner, failed: false, position: 0, end: 0 }
    }

    fn advance(&mut self, written: usize) -> usize {
        self.position += written as u64;
        self.end = self.end.max(self.position);
        written
    }
}

impl<W: Write> Write for FailsOnce<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.failed {
            return Ok(self.advance(bytes.len()));
        }
        match self.inner.write(bytes) {
            Ok(0) if !bytes.is_empty() => {
                self.failed = true;
                Err(io::ErrorKind::WriteZero.into())
            }
            Ok(written) => Ok(self.advance(written)),
            Err(e) => {
                self.failed = e.kind() != io::ErrorKind::Interrupted;
                Err(e)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.failed { Ok(()) } else { self.inner.flush().inspect_err(|_| self.failed = true) }
    }
}

impl<W: Seek> Seek for FailsOnce<W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = if self.failed {
            let (from, offset) = match to {
                SeekFrom::Start(at) => (at, 0),
                SeekFrom::Current(offset) => (self.position, offset),
                SeekFrom::End(offset) => (self.end, offset),
            };
            from.saturating_add_signed(offset)
        } else {
            self.inner.seek(to).inspect_err(|_| self.failed = true)?
        };
        self.position = at;
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_temporary() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        write_atomic(&path, |w| w.write_all(b"old")).unwrap();
        let failed = write_atomic(&path, |w| {
            w.write_all(b"new")?;
            Err(io::Error::other("disk on fire"))
        });
        assert!(failed.unwrap_err().to_string().contains("disk on fire"));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn work_that_is_stopped_leaves_the_old_file_and_no_temporary() {
        use crate::progress::stopped_by;
        use std::sync::{Arc, atomic::AtomicBool, atomic::Ordering};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        write_atomic(&path, |w| w.write_all(b"old")).unwrap();
        // Before the file is full, in the middle of a file that is larger than the buffer, and after its last byte.
        for (before, after) in [(0, 1), (1 << 17, 1 << 17), (5, 0)] {
            let stop = Arc::new(AtomicBool::new(false));
            let stopped = stopped_by(&stop, || {
                write_atomic(&path, |w| {
                    w.write_all(&vec![1; before])?;
                    stop.store(true, Ordering::Relaxed);
                    w.write_all(&vec![2; after])
                })
            });
            assert!(matches!(stopped, Err(Error::Cancelled)), "{stopped:?}");
            assert_eq!(fs::read(&path).unwrap(), b"old");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        }
        write_atomic(&path, |w| w.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_is_replaced_keeps_its_permissions_and_its_links() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("real")).unwrap();
        fs::write(at("real/a.bin"), "old").unwrap();
        fs::set_permissions(at("real/a.bin"), Permissions::from_mode(0o640)).unwrap();
        symlink("real/a.bin", at("near")).unwrap();
        symlink(at("near"), at("far")).unwrap();
        write_atomic(at("far"), |w| w.write_all(b"new")).unwrap();
        assert_eq!(fs::read(at("real/a.bin")).unwrap(), b"new");
        assert_eq!(fs::metadata(at("real/a.bin")).unwrap().permissions().mode() & 0o7777, 0o640);
        assert!(fs::symlink_metadata(at("far")).unwrap().is_symlink());
        symlink("real/none.bin", at("ahead")).unwrap();
        write_atomic(at("ahead"), |w| w.write_all(b"made")).unwrap();
        assert_eq!(fs::read(at("real/none.bin")).unwrap(), b"made");
        symlink("circle", at("circle")).unwrap();
        assert!(write_atomic(at("circle"), |_| Ok(())).unwrap_err().to_string().contains("symbolic links"));
    }

    #[cfg(unix)]
    #[test]
    fn a_device_or_a_pipe_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let text = write_atomic(&pipe, |w| w.write_all(b"x")).unwrap_err().to_string();
        assert!(text.contains("not a regular file"), "{text}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn old_temporaries_of_killed_processes_are_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let names = [".vimogen-aB3dE9", ".vimogen-young1", ".vimogen-notes.txt", ".vimogen-abc", "vimogen-aB3dE9"];
        for name in names {
            let file = File::create(folder.path().join(name)).unwrap();
            if name != names[1] {
                file.set_modified(std::time::SystemTime::now() - 2 * STALE).unwrap();
            }
        }
        write_atomic(folder.path().join("a.bin"), |w| w.write_all(b"x")).unwrap();
        let left = names.map(|name| folder.path().join(name).exists());
        assert_eq!(left, [false, true, true, true, true]);
    }

    #[test]
    fn a_full_disk_is_one_error_and_silence_after_it() {
        let mut writer = FailsOnce::new(io::Cursor::new([0; 4]));
        assert_eq!(writer.write(b"1234").unwrap(), 4);
        assert!(writer.write_all(b"5").is_err());
        writer.write_all(b"56").unwrap();
        assert_eq!(writer.stream_position().unwrap(), 6);
        assert_eq!(writer.seek(SeekFrom::Start(1)).unwrap(), 1);
        writer.write_all(b"78").unwrap();
        assert_eq!(writer.seek(SeekFrom::End(-1)).unwrap(), 5);
        writer.flush().unwrap();
        assert_eq!(writer.inner.get_ref(), b"1234");
    }
}

//! Shared by the targets: bytes as a file, for readers that take a path.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// A folder of this process, in memory where the system has such a place.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = Path::new("/dev/shm");
    let base = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
    let folder = base.join(format!("vimogen-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the fuzzer's file");
    folder
});

/// Writes the bytes to a file with this ending and hands over its path.
pub fn with_file(bytes: &[u8], ending: &str, read: impl FnOnce(&Path)) {
    let path = FOLDER.join(format!("input.{ending}"));
    std::fs::write(&path, bytes).expect("the fuzzer's file");
    read(&path);
    std::fs::remove_file(&path).expect("the fuzzer's file");
}

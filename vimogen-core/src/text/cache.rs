//! Cache of encoded prompts on disk.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use ndarray::{Array2, ArrayView2};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::format::{npy, read_bounded};

/// Share that is kept when the cache is full. The free quarter avoids a scan of the folder at every new entry.
const KEEP: f64 = 0.75;
/// Maximum size of an entry, bytes: 512 rows of 8192 values, and the header.
const MAX_ENTRY: u64 = (512 * 8192 * 4) + 1024;
/// Extension of an entry's file.
const ENDING: &str = "npy";

/// A folder of encoded texts, each in a file named after the hash of the encoder's fingerprint and the text.
///
/// Several processes may share it: entries are written atomically, and an entry removed by another process is encoded again.
/// Beyond `max_bytes` the least recently used entries are removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbedCache {
    folder: PathBuf,
    max_bytes: u64,
}

impl EmbedCache {
    /// A cache of at most `max_bytes` in a folder, which is created if necessary.
    ///
    /// # Errors
    /// [`Error::Io`] if the folder cannot be created.
    pub fn new(folder: impl AsRef<Path>, max_bytes: u64) -> Result<Self> {
        let folder = folder.as_ref().to_path_buf();
        fs::create_dir_all(&folder).map_err(|e| Error::io("create", &folder, e))?;
        Ok(Self { folder, max_bytes })
    }

    fn path(&self, fingerprint: &str, text: &str) -> PathBuf {
        let hash = Sha256::new().chain_update(fingerprint).chain_update([0]).chain_update(text).finalize();
        let name: String = hash.iter().map(|b| format!("{b:02x}")).collect();
        self.folder.join(name).with_extension(ENDING)
    }

    /// The rows of a text, `[rows, dim]`; `None` for a missing or damaged entry.
    pub(crate) fn get(&self, fingerprint: &str, text: &str, dim: usize) -> Option<Array2<f32>> {
        let path = self.path(fingerprint, text);
        let array = npy::decode(&read_bounded(&path, MAX_ENTRY).ok()?).ok()?.to_array_f32();
        let rows =
            array.into_dimensionality().ok().filter(|rows: &Array2<f32>| rows.ncols() == dim && rows.nrows() > 0);
        // The time of last use; in a read-only folder that of writing.
        let _ = File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        rows
    }

    /// Adds the rows of a text.
    pub(crate) fn put(&self, fingerprint: &str, text: &str, rows: ArrayView2<'_, f32>) -> Result<()> {
        if rows.len() as u64 * 4 > self.max_bytes.min(MAX_ENTRY) {
            return Ok(());
        }
        npy::save_f32(self.path(fingerprint, text), rows.into_dyn())?;
        self.shrink()
    }

    /// Removes the least recently used entries if the cache is too large.
    fn shrink(&self) -> Result<()> {
        let mut entries = Vec::new();
        let folder = fs::read_dir(&self.folder).map_err(|e| Error::io("read", &self.folder, e))?;
        for entry in folder.flatten() {
            let path = entry.path();
            // Another process has removed it.
            let Ok(meta) = entry.metadata() else { continue };
            if path.extension().is_some_and(|e| e == ENDING) {
                entries.push((meta.modified().unwrap_or(SystemTime::UNIX_EPOCH), meta.len(), path));
            }
        }
        let mut held: u64 = entries.iter().map(|(_, bytes, _)| bytes).sum();
        if held <= self.max_bytes {
            return Ok(());
        }
        entries.sort();
        let target = (self.max_bytes as f64 * KEEP) as u64;
        for (_, bytes, path) in entries {
            if held <= target {
                break;
            }
            // Another process may have removed it already.
            let _ = fs::remove_file(path);
            held -= bytes;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(n: usize, value: f32) -> Array2<f32> {
        Array2::from_elem((n, 8), value)
    }

    #[test]
    fn an_entry_is_found_under_its_encoder_only() {
        let folder = tempfile::tempdir().unwrap();
        let cache = EmbedCache::new(folder.path().join("a/b"), 1 << 20).unwrap();
        cache.put("one", "walk", rows(3, 0.1).view()).unwrap();
        assert_eq!(cache.get("one", "walk", 8), Some(rows(3, 0.1)));
        assert_eq!(cache.get("two", "walk", 8), None);
        assert_eq!(cache.get("one", "walks", 8), None);
        assert_eq!(cache.get("one", "walk", 9), None);
    }

    #[test]
    fn a_damaged_entry_is_not_there_and_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let cache = EmbedCache::new(folder.path(), 1 << 20).unwrap();
        cache.put("e", "walk", rows(3, 1.0).view()).unwrap();
        let path = cache.path("e", "walk");
        let bytes = fs::read(&path).unwrap();
        for damaged in [&bytes[..bytes.len() - 1], b"nonsense", b""] {
            fs::write(&path, damaged).unwrap();
            assert_eq!(cache.get("e", "walk", 8), None);
        }
        cache.put("e", "walk", rows(3, 2.0).view()).unwrap();
        assert_eq!(cache.get("e", "walk", 8), Some(rows(3, 2.0)));
    }

    #[test]
    fn a_full_cache_removes_the_least_recently_used_entries() {
        let folder = tempfile::tempdir().unwrap();
        let cache = EmbedCache::new(folder.path(), 10_000).unwrap();
        let old = SystemTime::now() - std::time::Duration::from_secs(3600);
        for i in 0..8 {
            cache.put("e", &i.to_string(), rows(30, i as f32).view()).unwrap();
            let file = File::options().append(true).open(cache.path("e", &i.to_string())).unwrap();
            file.set_modified(old + std::time::Duration::from_secs(i)).unwrap();
        }
        assert!(cache.get("e", "0", 8).is_some());
        for i in 8..12 {
            cache.put("e", &i.to_string(), rows(30, i as f32).view()).unwrap();
        }
        let held: u64 = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().metadata().unwrap().len()).sum();
        assert!(held <= 10_000, "{held}");
        assert!(
            cache.get("e", "0", 8).is_some() && cache.get("e", "1", 8).is_none() && cache.get("e", "11", 8).is_some()
        );
    }

    #[test]
    fn several_writers_share_a_small_cache() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for worker in 0..4 {
                let cache = EmbedCache::new(folder.path(), 4_000).unwrap();
                scope.spawn(move || {
                    for i in 0..60 {
                        let text = ((i + worker * 3) % 9).to_string();
                        let value = ((i + worker * 3) % 9) as f32;
                        match cache.get("e", &text, 8) {
                            Some(found) => assert_eq!(found, rows(20, value)),
                            None => cache.put("e", &text, rows(20, value).view()).unwrap(),
                        }
                    }
                });
            }
        });
    }
}

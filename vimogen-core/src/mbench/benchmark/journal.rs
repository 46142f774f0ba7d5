//! Journal of finished results, one JSON line each. A kill at any moment loses no line.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Maximum size of a journal, bytes; MBench's nine dimensions need 0.3 MB.
const MAX_BYTES: u64 = 1 << 28;

/// Values of one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Found {
    /// In the order of the task's dimensions; `None` is NaN.
    pub values: Vec<Option<f32>>,
    /// Origin of the poses, if bodies were measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poses: Option<String>,
    /// Doubts about the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    /// File, dimensions and settings: everything that the values depend on.
    key: String,
    #[serde(flatten)]
    found: Found,
}

/// A journal; by default in memory only.
#[derive(Default)]
pub(super) struct Journal {
    file: Option<(PathBuf, File)>,
    known: HashMap<String, Found>,
}

impl Journal {
    /// Opens a journal and reads the results of an earlier run. Malformed lines, such as one that a kill cut off, are
    /// ignored.
    pub fn open(path: &Path) -> Result<Self> {
        let io = |e| Error::io("open", path, e);
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path).map_err(io)?;
        let needed = file.metadata().map_err(io)?.len();
        if needed > MAX_BYTES {
            return Err(Error::TooLarge { what: format!("journal {path:?}"), needed, limit: MAX_BYTES });
        }
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_end(&mut bytes)).map_err(io)?;
        let lines = bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Line>(line).ok());
        let known = lines.map(|line| (line.key, line.found)).collect();
        if bytes.last().is_some_and(|byte| *byte != b'\n') {
            file.write_all(b"\n").map_err(io)?;
        }
        Ok(Self { file: Some((path.into(), file)), known })
    }

    /// Values of an earlier run.
    pub fn find(&self, key: &str) -> Option<&Found> {
        self.known.get(key)
    }

    /// Adds values with one write, after which the operating system has them.
    pub fn add(&mut self, key: &str, found: &Found) -> Result<()> {
        let Some((path, file)) = &mut self.file else { return Ok(()) };
        let line = Line { key: key.into(), found: found.clone() };
        let mut json = serde_json::to_vec(&line).map_err(Error::internal)?;
        json.push(b'\n');
        file.write_all(&json).map_err(|e| Error::io("write", path.as_path(), e))?;
        self.known.insert(line.key, line.found);
        Ok(())
    }

    /// Flushes the lines to the disk.
    pub fn sync(&self) -> Result<()> {
        let Some((path, file)) = &self.file else { return Ok(()) };
        file.sync_all().map_err(|e| Error::io("write", path, e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_cut_off_costs_only_itself() {
        let found =
            |values: &[Option<f32>]| Found { values: values.to_vec(), poses: Some("fitted".into()), warnings: vec![] };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j.jsonl");
        let mut journal = Journal::open(&path).unwrap();
        journal.add("a", &found(&[Some(1.5), None])).unwrap();
        journal.add("b", &found(&[Some(2.0)])).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for cut in 0..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let mut journal = Journal::open(&path).unwrap();
            let first_line = whole.iter().position(|byte| *byte == b'\n').unwrap();
            assert_eq!(journal.find("a").is_some(), cut >= first_line, "cut at {cut}");
            journal.add("c", &found(&[Some(3.0)])).unwrap();
            let again = Journal::open(&path).unwrap();
            assert_eq!(again.find("c"), Some(&found(&[Some(3.0)])), "cut at {cut}");
            assert_eq!(again.find("a"), journal.find("a"), "cut at {cut}");
        }
    }
}

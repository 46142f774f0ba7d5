//! Answers on disk: one file each, named by a hash of judge, question and video.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};
use crate::format::{read_bounded, write_atomic};

/// Maximum size of an answer file, bytes.
const MAX_BYTES: u64 = 1 << 23;

/// A folder of answers.
#[derive(Debug, Clone)]
pub(super) struct Cache {
    folder: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    judge: String,
    question: String,
    answer: String,
}

impl Cache {
    /// Opens the folder, creating it if necessary.
    pub fn open(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, e))?;
        Ok(Self { folder: folder.into() })
    }

    fn file(&self, judge: &str, question: &str, video: &[u8]) -> PathBuf {
        let mut hash = Sha256::new();
        for part in [judge.as_bytes(), question.as_bytes(), video] {
            // With its length, so that no two combinations give the same bytes.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let name: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(name + ".json")
    }

    /// The kept answer, or `None` if there is none or its file is damaged.
    pub fn find(&self, judge: &str, question: &str, video: &[u8]) -> Option<String> {
        let bytes = read_bounded(self.file(judge, question, video), MAX_BYTES).ok()?;
        let kept: Kept = serde_json::from_slice(&bytes).ok()?;
        (kept.judge == judge && kept.question == question).then_some(kept.answer)
    }

    /// Keeps an answer.
    pub fn keep(&self, judge: &str, question: &str, video: &[u8], answer: &str) -> Result<()> {
        let kept = Kept { judge: judge.into(), question: question.into(), answer: answer.into() };
        let json = serde_json::to_vec_pretty(&kept).map_err(Error::internal)?;
        write_atomic(self.file(judge, question, video), |w| w.write_all(&json))
    }
}

//! Record of a folder that `organize` wrote: which joints and videos are its own, and whether it is complete.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};
use crate::format::{read_bounded, write_atomic};

/// Name of the record.
pub(super) const RECORD: &str = "vimogen-organized.json";
/// Maximum size of a record, bytes.
const MAX_BYTES: u64 = 1 << 26;

/// Files of an organized folder, by the number of their motion.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Organized {
    /// Whether files are being replaced, so that the folder may hold those of two sets.
    pub switching: bool,
    /// Digests of the joints, `<id>.npy`.
    pub joints: BTreeMap<u64, String>,
    /// Digests of the joints that the videos show, `<id>.mp4`.
    pub videos: BTreeMap<u64, String>,
}

impl Organized {
    /// The record of a folder; an empty one if there is none.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Format`] for another kind of file.
    pub fn load(folder: &Path) -> Result<Self> {
        let path = folder.join(RECORD);
        match read_bounded(&path, MAX_BYTES) {
            Err(Error::NotFound { .. }) => Ok(Self::default()),
            Err(other) => Err(other),
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map_err(|e| Error::format("organize", e.to_string()).with_path(path))
            }
        }
    }

    /// The record of a folder that is to be measured.
    ///
    /// # Errors
    /// As [`Organized::load`], and [`Error::InvalidArgument`] for a folder that may hold files of two sets.
    pub fn of_whole(folder: &Path) -> Result<Self> {
        let found = Self::load(folder)?;
        if found.switching {
            let reason =
                format!("{folder:?} is not complete: `organize` is replacing its files, or was stopped; run it again");
            return Err(Error::invalid("folder", reason));
        }
        Ok(found)
    }

    pub fn save(&self, folder: &Path) -> Result<()> {
        let json = serde_json::to_string_pretty(self).map_err(Error::internal)?;
        write_atomic(folder.join(RECORD), |w| writeln!(w, "{json}"))
    }
}

/// Digest of the content of a file.
pub(super) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|b| format!("{b:02x}")).collect()
}

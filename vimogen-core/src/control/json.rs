//! Files of constraints.

use std::path::Path;

use super::constraints::{Constraints, bad};
use super::kimodo;
use crate::error::Result;
use crate::format::read_bounded;

/// Maximum size of a file of constraints, bytes.
const MAX_FILE: u64 = 16 << 20;

impl Constraints {
    /// Reads a JSON file: `{"constraints": [{"type": "root", "frame": 40, "position": [0, 2]}, ...]}`, or a list of Kimodo's
    /// constraints.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound), [`Error::Io`](crate::Error::Io), [`Error::TooLarge`](crate::Error::TooLarge)
    /// above 16 MiB, [`Error::Format`](crate::Error::Format) for anything else.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = read_bounded(path, MAX_FILE)?;
        let text = String::from_utf8(bytes).map_err(|_| bad("it is not UTF-8 text"));
        text.and_then(|text| Self::from_json(&text)).map_err(|e| e.with_path(path))
    }

    /// Reads JSON, see [`Constraints::load`].
    ///
    /// # Errors
    /// [`Error::Format`](crate::Error::Format).
    pub fn from_json(text: &str) -> Result<Self> {
        if text.trim_start().starts_with('[') {
            return kimodo::read(text);
        }
        serde_json::from_str(text).map_err(|e| bad(e.to_string()))
    }

    /// The constraints as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_else(|_| unreachable!("numbers and names are JSON"))
    }
}

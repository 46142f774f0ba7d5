//! The parts of a `.glb` that is written: arrays with their accessors, JSON and binary chunk.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::error::{Error, Result};

/// Component types of glTF.
pub(super) const U16: u32 = 5123;
pub(super) const U32: u32 = 5125;
const F32: u32 = 5126;
/// Buffer view targets of glTF.
pub(super) const VERTICES: u32 = 34962;
pub(super) const INDICES: u32 = 34963;

/// JSON and binary chunk of a file, each padded to four bytes.
pub(super) struct Glb {
    text: Vec<u8>,
    binary: Vec<u8>,
    /// Bytes of the file.
    total: u32,
}

impl Glb {
    /// The file of a document, to which the arrays of `parts` are added.
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond the 4 GiB of the format.
    pub(super) fn new(mut document: Value, parts: Builder) -> Result<Self> {
        document["accessors"] = Value::Array(parts.accessors);
        document["bufferViews"] = Value::Array(parts.views);
        document["buffers"] = json!([{"byteLength": parts.bytes.len()}]);
        let (mut text, mut binary) = (document.to_string().into_bytes(), parts.bytes);
        text.resize(text.len().next_multiple_of(4), b' ');
        binary.resize(binary.len().next_multiple_of(4), 0);
        let (needed, limit) = (28 + text.len() as u64 + binary.len() as u64, u64::from(u32::MAX));
        let too_large = |_| Error::TooLarge { what: "glb file".into(), needed, limit };
        Ok(Self { total: u32::try_from(needed).map_err(too_large)?, text, binary })
    }

    /// Writes header, JSON and binary chunk.
    pub(super) fn write(&self, w: &mut impl Write) -> io::Result<()> {
        w.write_all(b"glTF")?;
        // The lengths are below that of the file, which fits.
        for word in [2, self.total, self.text.len() as u32] {
            w.write_all(&word.to_le_bytes())?;
        }
        w.write_all(b"JSON")?;
        w.write_all(&self.text)?;
        w.write_all(&(self.binary.len() as u32).to_le_bytes())?;
        w.write_all(b"BIN\0")?;
        w.write_all(&self.binary)
    }

    /// The bytes of the file.
    pub(super) fn into_bytes(self) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(self.total as usize);
        self.write(&mut bytes).map_err(Error::internal)?;
        Ok(bytes)
    }
}

/// The parts of the binary chunk and their descriptions.
#[derive(Default)]
pub(super) struct Builder {
    bytes: Vec<u8>,
    views: Vec<Value>,
    accessors: Vec<Value>,
}

impl Builder {
    /// Adds an array of rows; gives the number of its accessor.
    pub(super) fn add(&mut self, data: &[u8], count: usize, component: u32, kind: &str, target: Option<u32>) -> usize {
        let mut view = json!({"buffer": 0, "byteOffset": self.bytes.len(), "byteLength": data.len()});
        if let Some(target) = target {
            view["target"] = json!(target);
        }
        self.bytes.extend_from_slice(data);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self.views.push(view);
        self.accessors.push(json!({
            "bufferView": self.views.len() - 1, "componentType": component, "count": count, "type": kind,
        }));
        self.accessors.len() - 1
    }

    pub(super) fn floats<const N: usize>(&mut self, rows: &[[f32; N]], target: Option<u32>) -> usize {
        let kind = ["SCALAR", "", "VEC3", "VEC4"].get(N - 1).copied().unwrap_or("MAT4");
        let data: Vec<u8> = rows.iter().flatten().flat_map(|v| v.to_le_bytes()).collect();
        self.add(&data, rows.len(), F32, kind, target)
    }

    /// [`Builder::floats`] with the bounds that glTF demands of positions and times.
    pub(super) fn bounded<const N: usize>(&mut self, rows: &[[f32; N]], target: Option<u32>) -> usize {
        let accessor = self.floats(rows, target);
        let bound = |f: fn(f32, f32) -> f32| -> Vec<f32> {
            (0..N).map(|c| rows.iter().map(|r| r[c]).reduce(f).unwrap_or(0.0)).collect()
        };
        self.accessors[accessor]["min"] = json!(bound(f32::min));
        self.accessors[accessor]["max"] = json!(bound(f32::max));
        accessor
    }
}

//! Packed shards: many clips in one safetensors file, instead of a quarter of a million small files.
//!
//! A shard holds for clip `k` the tensors `k.motion` `(T, 276)`, `k.text` `(L, text_dim)` and, if it has one,
//! `k.reference` `(T, 276)`. The manifest in the shards' folder names them by `pack`: `shard-00000.safetensors#k`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::Array2;

use super::manifest::Clip;
use super::motion_file;
use crate::error::{Error, Result, check_finite};
use crate::format::safetensors::{self, SafetensorsFile};
use crate::format::{DType, TensorInfo, TensorSource, embedding};
use crate::motion::layout::FEATURES;

/// Maximum rows of a packed array.
const MAX_ROWS: usize = 1 << 20;

/// Open shards.
#[derive(Default)]
pub struct Shards {
    open: Mutex<HashMap<PathBuf, Arc<SafetensorsFile>>>,
}

impl Shards {
    /// One of the clip's arrays, `motion`, `text` or `reference`; `None` if the clip is not packed or has no such array.
    ///
    /// # Errors
    /// Those of opening the shard; [`Error::Shape`], [`Error::NonFinite`].
    pub fn read(&self, clip: &Clip, what: &str) -> Result<Option<Array2<f32>>> {
        let Some(packed) = &clip.packed else { return Ok(None) };
        let shard = self.shard(&packed.shard)?;
        let name = format!("{}.{what}", packed.key);
        let Ok(info) = shard.info(&name) else {
            return match what {
                "motion" => Err(Error::format("shard", format!("it has no {name:?}")).with_path(&packed.shard)),
                _ => Ok(None),
            };
        };
        let fits = match info.shape[..] {
            [rows, FEATURES] => (1..=MAX_ROWS).contains(&rows),
            [rows, _] => what == "text" && (1..=MAX_ROWS).contains(&rows),
            _ => false,
        };
        if !fits || !info.dtype.is_float() {
            return Err(Error::shape(name, "floats, (T, 276) or (L, text_dim)", &info.shape));
        }
        let rows = Array2::from_shape_vec((info.shape[0], info.shape[1]), shard.read_f32(&name)?)
            .map_err(|_| Error::shape(name.clone(), "(rows, width)", &info.shape))?;
        check_finite(&name, &rows.view())?;
        Ok(Some(rows))
    }

    fn shard(&self, path: &Path) -> Result<Arc<SafetensorsFile>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shard) = open.get(path) {
            return Ok(shard.clone());
        }
        let shard = Arc::new(SafetensorsFile::open(path)?);
        open.insert(path.to_path_buf(), shard.clone());
        Ok(shard)
    }
}

/// An array of a clip to pack.
struct Part {
    name: String,
    info: TensorInfo,
    source: Source,
}

enum Source {
    Motion(PathBuf),
    Text(PathBuf),
}

/// A shard in the making: clips are added until it is full, then it is written.
pub struct ShardWriter {
    folder: PathBuf,
    number: usize,
    limit: u64,
    bytes: u64,
    parts: Vec<Part>,
}

impl ShardWriter {
    /// Shards of about `limit` bytes in `folder`.
    pub fn new(folder: &Path, limit: u64) -> Self {
        Self { folder: folder.to_path_buf(), number: 0, limit, bytes: 0, parts: vec![] }
    }

    fn name(&self) -> String {
        format!("shard-{:05}.safetensors", self.number)
    }

    /// Notes a clip, whose arrays are read again when the shard is written; gives its `pack`.
    ///
    /// # Errors
    /// Those of reading the clip; nothing is noted then.
    pub fn add(&mut self, key: usize, clip: &Clip) -> Result<String> {
        let mut parts = vec![motion_part(format!("{key}.motion"), &clip.motion_path)?];
        if let Some(path) = &clip.ref_motion_path {
            parts.push(motion_part(format!("{key}.reference"), path)?);
        }
        if let Some(path) = &clip.embed_path {
            let shape = embedding::load(path)?.shape().to_vec();
            // As the release stores it, so nothing is rounded.
            let info = TensorInfo { dtype: DType::BF16, shape };
            parts.push(Part { name: format!("{key}.text"), info, source: Source::Text(path.clone()) });
        }
        for part in &parts {
            self.bytes += part.info.bytes_within(&part.name, u64::MAX)? as u64;
        }
        self.parts.extend(parts);
        Ok(format!("{}#{key}", self.name()))
    }

    /// Writes the shard if it is full, or if `last`.
    ///
    /// # Errors
    /// [`Error::Io`], those of reading the clips.
    pub fn flush(&mut self, last: bool) -> Result<()> {
        if self.parts.is_empty() || (self.bytes < self.limit && !last) {
            return Ok(());
        }
        let parts = std::mem::take(&mut self.parts);
        let tensors: Vec<(&str, TensorInfo)> = parts.iter().map(|p| (p.name.as_str(), p.info.clone())).collect();
        safetensors::save_with(self.folder.join(self.name()), &tensors, &[("format", "pt")], |i| parts[i].bytes())?;
        (self.number, self.bytes) = (self.number + 1, 0);
        Ok(())
    }

    /// Number of shards written.
    pub fn written(&self) -> usize {
        self.number
    }
}

fn motion_part(name: String, path: &Path) -> Result<Part> {
    let shape = vec![motion_file::load(path)?.0.nrows(), FEATURES];
    Ok(Part { name, info: TensorInfo { dtype: DType::F32, shape }, source: Source::Motion(path.to_path_buf()) })
}

impl Part {
    fn bytes(&self) -> Result<Cow<'static, [u8]>> {
        let floats = |rows: Array2<f32>| rows.iter().flat_map(|v| v.to_le_bytes()).collect();
        let halves = |rows: Array2<f32>| rows.iter().flat_map(|v| half::bf16::from_f32(*v).to_le_bytes()).collect();
        Ok(Cow::Owned(match &self.source {
            Source::Motion(path) => floats(motion_file::load(path)?.0),
            Source::Text(path) => halves(embedding::load(path)?),
        }))
    }
}

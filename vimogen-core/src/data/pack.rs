//! Packed shards: many clips in one safetensors file, instead of a quarter of a million small files.
//!
//! A shard holds for clip `k` the tensors `k.motion` `(T, 276)`, `k.text` `(L, text_dim)` and, if it has one,
//! `k.reference` `(T, 276)`, and its id as `clip.k` in the metadata. The manifest in the shards' folder names them by `pack`:
//! `shard-00000-0123456789abcdef.safetensors#k`.
//!
//! The name holds a digest of the contents. Packing again therefore changes no shard that a manifest names, and the new
//! manifest, which is written last, switches to the new shards at once. A training that runs meanwhile keeps the old ones.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::Array2;
use sha2::{Digest, Sha256};

use super::manifest::Clip;
use super::motion_file;
use crate::error::{Error, Result, check_finite};
use crate::format::positional::PositionalFile;
use crate::format::{DType, TensorInfo, embedding, safetensors, sync_folder};
use crate::motion::layout::FEATURES;

/// Start of the name of a shard that is not complete.
const TEMPORARY: &str = ".vimogen-shard-";
/// Maximum rows of a packed array.
const MAX_ROWS: usize = 1 << 20;

/// Open shards.
#[derive(Default)]
pub struct Shards {
    open: Mutex<HashMap<PathBuf, Arc<PositionalFile>>>,
}

impl Shards {
    /// One of the clip's arrays, `motion`, `text` or `reference`; `None` if the clip is not packed or has no such array.
    ///
    /// # Errors
    /// Those of opening the shard; [`Error::Format`] if it holds another clip, [`Error::Shape`], [`Error::NonFinite`].
    pub fn read(&self, clip: &Clip, what: &str) -> Result<Option<Array2<f32>>> {
        let Some(packed) = &clip.packed else { return Ok(None) };
        let shard = self.shard(&packed.shard)?;
        // Shards of earlier versions have no ids.
        if let Some(id) = shard.text(&format!("clip.{}", packed.key)).filter(|id| *id != clip.id) {
            let reason =
                format!("its clip {} is {id:?}, the manifest expects {:?}; pack the data again", packed.key, clip.id);
            return Err(Error::format("shard", reason).with_path(&packed.shard));
        }
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

    fn shard(&self, path: &Path) -> Result<Arc<PositionalFile>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shard) = open.get(path) {
            return Ok(shard.clone());
        }
        let shard = Arc::new(PositionalFile::open(path)?);
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
    /// Keys and ids of the clips of `parts`.
    ids: Vec<(String, String)>,
}

impl ShardWriter {
    /// Shards of about `limit` bytes in `folder`.
    pub fn new(folder: &Path, limit: u64) -> Self {
        Self { folder: folder.to_path_buf(), number: 0, limit, bytes: 0, parts: vec![], ids: vec![] }
    }

    /// Notes a clip, whose arrays are read again when the shard is written.
    ///
    /// # Errors
    /// Those of reading the clip; nothing is noted then.
    pub fn add(&mut self, key: usize, clip: &Clip) -> Result<()> {
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
        self.ids.push((format!("clip.{key}"), clip.id.clone()));
        Ok(())
    }

    /// Writes the shard if it is full, or if `last`; gives the name of its file. All clips noted since the last shard are in
    /// it.
    ///
    /// # Errors
    /// [`Error::Io`], those of reading the clips.
    pub fn flush(&mut self, last: bool) -> Result<Option<String>> {
        if self.parts.is_empty() || (self.bytes < self.limit && !last) {
            return Ok(None);
        }
        let (parts, ids) = (std::mem::take(&mut self.parts), std::mem::take(&mut self.ids));
        let tensors: Vec<(&str, TensorInfo)> = parts.iter().map(|p| (p.name.as_str(), p.info.clone())).collect();
        let ids = ids.iter().map(|(key, id)| (key.as_str(), id.as_str()));
        let metadata: Vec<(&str, &str)> = std::iter::once(("format", "pt")).chain(ids).collect();
        let mut digest = Sha256::new();
        metadata.iter().for_each(|(key, value)| digest.update(format!("{key:?}{value:?}")));
        let temporary = self.folder.join(format!("{TEMPORARY}{:05}-{}", self.number, std::process::id()));
        safetensors::save_with(&temporary, &tensors, &metadata, |i| {
            let bytes = parts[i].bytes()?;
            digest.update(format!("{:?}{:?}", parts[i].name, parts[i].info.shape));
            digest.update(&bytes);
            Ok(bytes)
        })?;
        let digest: String = digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let name = format!("shard-{:05}-{digest}.safetensors", self.number);
        let path = self.folder.join(&name);
        std::fs::rename(&temporary, &path).map_err(|e| Error::io("write", &path, e))?;
        sync_folder(&self.folder);
        (self.number, self.bytes) = (self.number + 1, 0);
        Ok(Some(name))
    }

    /// Number of shards written.
    pub fn written(&self) -> usize {
        self.number
    }
}

/// Removes shards that are named by neither of two manifests, the one before and the new one, and what stopped runs left.
/// The shards of the one before stay, for a training that may have begun with it.
///
/// # Errors
/// [`Error::Io`] if the folder cannot be read; a file that cannot be removed stays.
pub fn remove_unused(folder: &Path, used: &BTreeSet<String>) -> Result<()> {
    for entry in std::fs::read_dir(folder).map_err(|e| Error::io("read", folder, e))? {
        let name = entry.map_err(|e| Error::io("read", folder, e))?.file_name().to_string_lossy().into_owned();
        if name.starts_with(TEMPORARY) || is_ours(&name) && !used.contains(&name) {
            let _ = std::fs::remove_file(folder.join(name));
        }
    }
    Ok(())
}

/// Whether the name is one of [`ShardWriter`]'s. Shards of earlier versions, without a digest, are not touched.
fn is_ours(name: &str) -> bool {
    let parts = name.strip_prefix("shard-").and_then(|name| name.strip_suffix(".safetensors")?.split_once('-'));
    parts.is_some_and(|(number, digest)| {
        number.bytes().all(|b| b.is_ascii_digit())
            && digest.len() == 16
            && digest.bytes().all(|b| b.is_ascii_hexdigit())
    })
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

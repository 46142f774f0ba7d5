//! Preparing a data set for training: one manifest with whole paths, statistics in one pass, packed shards.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::Value;

use super::dataset::{BadClip, check_bad};
use super::manifest::{EMBED_SUFFIX, Manifest, ManifestEntry, entry_id, read_entries, text};
use super::motion_file;
use super::pack::{ShardWriter, remove_unused};
use crate::error::{Error, Result};
use crate::format::write_atomic;
use crate::motion::Stats;
use crate::motion::layout::FEATURES;
use crate::motion::stats::StatsBuilder;
use crate::process::with_pool;
use crate::progress::{OnProgress, Stage, report};

/// Clips that are read in parallel. Statistics are merged in their order, so they do not depend on the cores.
const BLOCK: usize = 256;
/// Name of the manifest that is written.
pub const MANIFEST: &str = "manifest.json";
/// Name of the partial statistics that are written; see [`merge_stats`].
pub const PARTIAL_STATS: &str = "stats.json";

/// Settings of a preparation.
///
/// Clips may be in any format that [`Motion::load`](crate::Motion::load) reads. Features are taken as they are; a clip of
/// another program is resampled to 20 frames per second, and placed at the origin facing +y, as references are.
#[derive(Debug, Clone)]
pub struct Prepare {
    /// JSON lists of clips, which follow each other.
    pub manifests: Vec<PathBuf>,
    /// Folder of their relative paths.
    pub root: Option<PathBuf>,
    /// Whether to compute mean and standard deviation over all frames.
    pub stats: bool,
    /// Packs the clips into shards of about this many bytes.
    pub shard_bytes: Option<u64>,
    /// Key of the caption whose encoded form is packed.
    pub text_key: String,
    /// Maximum share of unreadable clips.
    pub max_bad_fraction: f64,
}

/// Report of a preparation.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The manifest.
    pub manifest: PathBuf,
    /// Clips in it.
    pub clips: usize,
    /// Frames in the statistics; 0 without statistics.
    pub frames: u64,
    /// Clips left out because they cannot be read; found only where they are read, for statistics or packing.
    pub bad: Vec<BadClip>,
    /// Doubts about clips that were read, with the clip's name; found where `bad` is.
    pub warnings: Vec<BadClip>,
    /// Names of clips whose caption is empty, or that have neither a caption nor its encoded form.
    pub without_caption: Vec<String>,
    /// Clips with the files and the caption of another.
    pub duplicates: usize,
    /// Shards written.
    pub shards: usize,
}

impl Prepare {
    /// Writes `manifest.json` and, if set, `mean.npy`, `std.npy`, `stats.json` and shards into `folder`.
    ///
    /// Entries keep all their keys; `sample_id` is added, and paths are prefixed with the root.
    ///
    /// # Errors
    /// Those of reading the manifests, [`Error::InvalidArgument`] once too many clips cannot be read, [`Error::Io`],
    /// [`Error::Cancelled`].
    pub fn run(&self, folder: &Path, on_progress: &mut OnProgress<'_>) -> Result<Prepared> {
        let files: Vec<(PathBuf, usize)> = self.manifests.iter().map(|path| (path.clone(), 1)).collect();
        let manifest = Manifest::read(&files, &self.text_key, self.root.as_deref())?;
        let mut entries: Vec<ManifestEntry> = vec![];
        for path in &self.manifests {
            entries.extend(read_entries(path)?);
        }
        entries.iter_mut().for_each(|entry| self.complete(entry));
        std::fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, e))?;
        let without_caption = entries.iter().filter(|entry| self.has_no_caption(entry)).filter_map(entry_id).collect();
        let before = folder.join(MANIFEST);
        // A manifest that cannot be read names no shard.
        let mut used = shards(&read_entries::<ManifestEntry>(&before).unwrap_or_default());
        remove_unused(folder, &used)?;
        let builder = StatsBuilder::new(FEATURES);
        let mut pass = Pass { prepare: self, builder, bad: vec![], warnings: vec![], kept: vec![], unplaced: vec![] };
        if self.stats || self.shard_bytes.is_some() {
            pass.read(&manifest, folder, entries, on_progress)?;
        } else {
            pass.kept = entries;
        }
        let packed = shards(&pass.kept);
        if self.stats {
            pass.builder.finish()?.save(folder.join("mean.npy"), folder.join("std.npy"))?;
            pass.builder.save(folder.join(PARTIAL_STATS))?;
        }
        let path = folder.join(MANIFEST);
        write_atomic(&path, |w| serde_json::to_writer(w, &pass.kept).map_err(std::io::Error::other))?;
        used.extend(packed.iter().cloned());
        remove_unused(folder, &used)?;
        Ok(Prepared {
            manifest: path,
            clips: pass.kept.len(),
            frames: pass.builder.count(),
            bad: pass.bad,
            warnings: pass.warnings,
            without_caption,
            duplicates: manifest.duplicates,
            shards: packed.len(),
        })
    }

    /// Whether an entry's caption is empty, or nothing describes the clip.
    fn has_no_caption(&self, entry: &ManifestEntry) -> bool {
        match entry.get(&self.text_key) {
            Some(Value::String(caption)) => caption.trim().is_empty(),
            Some(Value::Null) | None => text(entry, &format!("{}{EMBED_SUFFIX}", self.text_key)).is_none(),
            Some(_) => false,
        }
    }

    /// Adds `sample_id`, and prefixes every path with the root.
    fn complete(&self, entry: &mut ManifestEntry) {
        if let Some(id) = text(entry, "sample_id").or_else(|| text(entry, "id")) {
            entry.insert("sample_id".into(), Value::String(id));
        }
        let Some(root) = &self.root else { return };
        for (key, value) in entry.iter_mut() {
            let is_path = ["motion_path", "ref_motion_path"].contains(&key.as_str()) || key.ends_with(EMBED_SUFFIX);
            if let (true, Some(path)) = (is_path, value.as_str()) {
                *value = Value::String(root.join(path).to_string_lossy().into_owned());
            }
        }
    }
}

/// One pass over all clips.
struct Pass<'a> {
    prepare: &'a Prepare,
    builder: StatsBuilder,
    bad: Vec<BadClip>,
    warnings: Vec<BadClip>,
    kept: Vec<ManifestEntry>,
    /// Places in `kept` and keys of the clips whose shard is not written yet.
    unplaced: Vec<(usize, usize)>,
}

/// Names of the shards of these entries.
fn shards(entries: &[ManifestEntry]) -> BTreeSet<String> {
    let name = |entry: &ManifestEntry| Some(entry.get("pack")?.as_str()?.split('#').next()?.to_string());
    entries.iter().filter_map(name).collect()
}

impl Pass<'_> {
    fn read(
        &mut self,
        manifest: &Manifest,
        folder: &Path,
        entries: Vec<ManifestEntry>,
        on_progress: &mut OnProgress<'_>,
    ) -> Result<()> {
        let mut writer = self.prepare.shard_bytes.map(|limit| ShardWriter::new(folder, limit));
        let total = manifest.clips.len();
        let mut entries = entries.into_iter();
        for (block, clips) in manifest.clips.chunks(BLOCK).enumerate() {
            let read = || clips.par_iter().map(|clip| frames(&clip.motion_path)).collect();
            let read: Vec<Result<Frames>> = with_pool(read)?;
            for (i, (clip, read)) in clips.iter().zip(read).enumerate() {
                let number = block * BLOCK + i;
                let entry = entries.next().unwrap_or_default();
                let noted = read.and_then(|frames| {
                    writer.as_mut().map_or(Ok(()), |writer| writer.add(number, clip))?;
                    Ok(frames)
                });
                match noted {
                    Ok((frames, warnings)) => {
                        self.builder.merge(&frames)?;
                        let warning = |reason| BadClip { id: clip.id.clone(), reason };
                        self.warnings.extend(warnings.into_iter().map(warning));
                        self.unplaced.push((self.kept.len(), number));
                        self.kept.push(entry);
                        self.flush(&mut writer, false)?;
                    }
                    Err(error) => self.note_bad(&clip.id, &error, total)?,
                }
                report(on_progress, Stage::Prepare, number + 1, total)?;
            }
        }
        self.flush(&mut writer, true)
    }

    /// Writes a shard that is full, or the last, and its name into the entries of its clips.
    fn flush(&mut self, writer: &mut Option<ShardWriter>, last: bool) -> Result<()> {
        let Some(writer) = writer else { return Ok(()) };
        if let Some(shard) = writer.flush(last)? {
            for (place, key) in self.unplaced.drain(..) {
                self.kept[place].insert("pack".into(), Value::String(format!("{shard}#{key}")));
            }
        }
        Ok(())
    }

    fn note_bad(&mut self, id: &str, error: &Error, total: usize) -> Result<()> {
        let clip = BadClip { id: id.into(), reason: error.to_string() };
        let checked = check_bad(self.bad.len() + 1, total, self.prepare.max_bad_fraction, &clip);
        self.bad.push(clip);
        checked
    }
}

/// Statistics of a clip, and doubts about its file.
type Frames = (StatsBuilder, Vec<String>);

fn frames(path: &Path) -> Result<Frames> {
    let mut builder = StatsBuilder::new(FEATURES);
    let (rows, warnings) = motion_file::load(path)?;
    builder.add(rows.view())?;
    Ok((builder, warnings))
}

/// Statistics of a data set whose parts were prepared apart, from their `stats.json`.
///
/// # Errors
/// Those of reading the files; [`Error::InvalidArgument`] for fewer than two frames.
pub fn merge_stats(parts: &[PathBuf]) -> Result<Stats> {
    let mut builder = StatsBuilder::new(FEATURES);
    for part in parts {
        builder.merge(&StatsBuilder::load(part)?)?;
    }
    builder.finish()
}

//! Manifests: JSON lists of clips with their captions and files, as ViMoGen-228K has them
//! ([method, section 5](https://github.com/vimogen/vimogen/blob/main/docs/method.md#5-motion-quality-metrics)).

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::format::{MAX_BYTES, read_bounded};

/// Maximum entries of all manifests together, repetitions included.
const MAX_ENTRIES: usize = 1 << 26;
/// Number of duplicates named in a report.
const NAMED_DUPLICATES: usize = 5;
/// Suffix of a caption's key in the key of its encoded form.
pub const EMBED_SUFFIX: &str = "_wanvideot5_embed_path";
/// Keys of an entry's name, in order of preference.
const IDS: [&str; 3] = ["sample_id", "id", "global_id"];

/// An entry of the file.
pub type ManifestEntry = Map<String, Value>;

/// The parts of an entry that training needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clip {
    /// `sample_id`, `id` or `global_id`.
    pub id: String,
    /// The motion, of any format that [`Motion::load`](crate::Motion::load) reads. The sampling rules look at this path
    /// even when the clip is packed.
    pub motion_path: PathBuf,
    /// Another motion to follow than the clip itself.
    pub ref_motion_path: Option<PathBuf>,
    /// The encoded caption, `(L, text_dim)`.
    pub embed_path: Option<PathBuf>,
    /// The caption.
    pub text: Option<String>,
    /// The clip's place in a packed shard, if it has one.
    pub packed: Option<Packed>,
}

impl Clip {
    /// The files that the clip names.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        std::iter::once(&self.motion_path).chain(&self.ref_motion_path).chain(&self.embed_path)
    }
}

/// A clip's place in a shard of [`crate::data::pack`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The shard.
    pub shard: PathBuf,
    /// Prefix of the names of the clip's tensors.
    pub key: String,
}

/// The clips of several manifests.
#[derive(Debug, Clone, Default)]
pub struct Manifest {
    /// All clips, repetitions included.
    pub clips: Vec<Clip>,
    /// Clips whose files and caption another clip has, too, before any repetition.
    pub duplicates: usize,
    /// Some of them, as `id = id of the first`.
    pub named_duplicates: Vec<String>,
}

impl Manifest {
    /// Reads manifests one after the other; the clips of file `i` are repeated `times[i]` times (the release's
    /// `duplicate_meta`).
    ///
    /// `text_key` names the caption, such as `video_text_annot`. Relative paths are looked up below `root`, packed shards
    /// next to their manifest.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Format`] naming the entry, [`Error::InvalidArgument`] if there is no clip or one
    /// repetition is 0.
    pub fn read(files: &[(PathBuf, usize)], text_key: &str, root: Option<&Path>) -> Result<Self> {
        let mut manifest = Self::default();
        let mut seen: HashMap<(PathBuf, Option<PathBuf>, Option<String>), String> = HashMap::new();
        for (path, times) in files {
            if *times == 0 {
                return Err(Error::invalid("duplicate_meta", format!("0 times {path:?}; leave the file out instead")));
            }
            let entries = read_entries(path)?;
            let clip = |(i, entry)| clip(&entry, path, text_key, root).map_err(|e| named(e, path, i));
            let clips: Vec<Clip> = entries.into_iter().enumerate().map(clip).collect::<Result<_>>()?;
            for clip in &clips {
                let embed = || clip.embed_path.as_ref().map(|path| path.to_string_lossy().into_owned());
                let caption = clip.text.clone().or_else(embed);
                let content = (clip.motion_path.clone(), clip.ref_motion_path.clone(), caption);
                match seen.get(&content) {
                    None => drop(seen.insert(content, clip.id.clone())),
                    Some(first) => {
                        manifest.duplicates += 1;
                        if manifest.named_duplicates.len() < NAMED_DUPLICATES {
                            manifest.named_duplicates.push(format!("{} = {first}", clip.id));
                        }
                    }
                }
            }
            if clips.len().checked_mul(*times).is_none_or(|n| n > MAX_ENTRIES - manifest.clips.len()) {
                return Err(Error::invalid("duplicate_meta", format!("{times} times {path:?} is too many clips")));
            }
            (0..*times).for_each(|_| manifest.clips.extend_from_slice(&clips));
        }
        if manifest.clips.is_empty() {
            return Err(Error::invalid("manifest", "the JSON lists hold no clip"));
        }
        Ok(manifest)
    }
}

fn named(error: Error, path: &Path, index: usize) -> Error {
    Error::format("manifest", format!("entry {index}: {error}")).with_path(path)
}

/// The entries of one JSON list of at most 4 GiB.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Format`] unless the file is a list of `T`.
pub fn read_entries<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let bytes = read_bounded(path, MAX_BYTES)?;
    let bad = |reason: String| Error::format("manifest", reason).with_path(path);
    // Some editors begin UTF-8 with a byte order mark, which JSON does not have.
    let json = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    serde_json::from_slice(json).map_err(|e| bad(format!("expected a JSON list of objects: {e}")))
}

/// The name of an entry: `sample_id`, `id` or `global_id`.
pub fn entry_id(entry: &ManifestEntry) -> Option<String> {
    IDS.iter().find_map(|key| text(entry, key))
}

/// The text of a key; a number as text, an empty text and null as none.
pub fn text(entry: &ManifestEntry, key: &str) -> Option<String> {
    match entry.get(key)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn clip(entry: &ManifestEntry, manifest: &Path, text_key: &str, root: Option<&Path>) -> Result<Clip> {
    let below = |path: String| root.map_or_else(|| PathBuf::from(&path), |root| root.join(&path));
    let missing = |key: &str| Error::config(key, format!("missing; the entry has {:?}", keys(entry)));
    let id = entry_id(entry).ok_or_else(|| missing("id"))?;
    let packed = text(entry, "pack").map(|place| packed(&place, manifest)).transpose()?;
    Ok(Clip {
        id,
        motion_path: text(entry, "motion_path").map(below).ok_or_else(|| missing("motion_path"))?,
        ref_motion_path: text(entry, "ref_motion_path").map(below),
        embed_path: text(entry, &format!("{text_key}{EMBED_SUFFIX}")).map(below),
        text: text(entry, text_key),
        packed,
    })
}

fn keys(entry: &ManifestEntry) -> Vec<&str> {
    entry.keys().take(12).map(String::as_str).collect()
}

fn packed(place: &str, manifest: &Path) -> Result<Packed> {
    let wrong = || Error::config("pack", format!("{place:?} is not shard.safetensors#number"));
    let (shard, key) = place.split_once('#').ok_or_else(wrong)?;
    // A shard is in the manifest's folder: a hostile manifest must not point elsewhere.
    if Path::new(shard).components().count() != 1 || shard.contains(['/', '\\']) || shard == ".." || key.is_empty() {
        return Err(wrong());
    }
    Ok(Packed { shard: manifest.with_file_name(shard), key: key.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, json: &str) -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, json).unwrap();
        path
    }

    #[test]
    fn lists_follow_each_other_and_are_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let a = write(
            folder.path(),
            "a.json",
            "\u{feff}[{\"id\": 7, \"motion_path\": \"m/7.pt\", \"video_text_annot\": \"walks\"}]",
        );
        let b = write(
            folder.path(),
            "b.json",
            r#"[{"id": 8, "sample_id": "b8", "motion_path": "8.npy", "ref_motion_path": "r.pt", "other": [1],
                 "video_text_annot_wanvideot5_embed_path": "e/8.pt", "pack": "s.safetensors#3"}]"#,
        );
        let root = Path::new("/data");
        let manifest = Manifest::read(&[(a, 1), (b.clone(), 2)], "video_text_annot", Some(root)).unwrap();
        let ids: Vec<&str> = manifest.clips.iter().map(|clip| clip.id.as_str()).collect();
        assert_eq!(ids, ["7", "b8", "b8"]);
        assert_eq!(manifest.duplicates, 0);
        assert_eq!(manifest.clips[0].motion_path, Path::new("/data/m/7.pt"));
        assert_eq!(manifest.clips[0].text.as_deref(), Some("walks"));
        assert_eq!(manifest.clips[1].embed_path.as_deref(), Some(Path::new("/data/e/8.pt")));
        assert_eq!(manifest.clips[1].ref_motion_path.as_deref(), Some(Path::new("/data/r.pt")));
        let packed = manifest.clips[1].packed.as_ref().unwrap();
        assert_eq!((packed.shard.as_path(), packed.key.as_str()), (b.with_file_name("s.safetensors").as_path(), "3"));
    }

    #[test]
    fn exact_duplicates_are_reported() {
        let folder = tempfile::tempdir().unwrap();
        let entry = |id: u32, text: &str| format!(r#"{{"id": {id}, "motion_path": "a.pt", "t": "{text}"}}"#);
        let list = format!("[{}, {}, {}]", entry(1, "walks"), entry(2, "runs"), entry(3, "walks"));
        let path = write(folder.path(), "a.json", &list);
        let manifest = Manifest::read(&[(path, 3)], "t", None).unwrap();
        assert_eq!((manifest.duplicates, manifest.clips.len()), (1, 9));
        assert_eq!(manifest.named_duplicates, ["3 = 1"]);
    }

    #[test]
    fn the_fault_of_a_bad_manifest_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for (json, want) in [
            ("{}", "list"),
            ("[3]", "list"),
            ("[]", "no clip"),
            (r#"[{"id": 1}]"#, "motion_path"),
            (r#"[{"motion_path": "a.pt"}]"#, "id"),
            (r#"[{"id": 1, "motion_path": "a.pt", "pack": "../x#1"}]"#, "pack"),
            (r#"[{"id": 1, "motion_path": "a.pt", "pack": "x"}]"#, "pack"),
        ] {
            let path = write(folder.path(), "bad.json", json);
            let error = Manifest::read(&[(path, 1)], "t", None).unwrap_err().to_string();
            assert!(error.contains(want), "{json}: {error}");
        }
        let none = folder.path().join("none.json");
        assert!(matches!(Manifest::read(&[(none.clone(), 1)], "t", None), Err(Error::NotFound { .. })));
        assert!(Manifest::read(&[(none, 0)], "t", None).unwrap_err().to_string().contains("duplicate_meta"));
    }
}

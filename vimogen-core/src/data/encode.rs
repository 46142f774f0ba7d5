//! Encoding all texts of a data set, between annotating it and training on it.

use std::collections::HashSet;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use half::bf16;
use ndarray::Array2;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::manifest::{EMBED_SUFFIX, ManifestEntry, entry_id, read_entries};
use crate::error::{Error, Result};
use crate::format::torch::{self, Tree};
use crate::format::{DType, RawTensor, write_atomic};
use crate::progress::{OnProgress, Progress, Stage};
use crate::text::TextEncoder;

/// Texts per batch: the maximum that is lost when the work is stopped.
const BATCH: usize = 64;
/// Maximum number of characters of a file's name that come from an entry.
const MAX_NAME: usize = 80;

/// Texts to encode, and the folder of the encoded ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodeJob {
    /// A JSON list of objects; it is rewritten with the paths of the encoded texts.
    pub manifest: PathBuf,
    /// The key of the text, such as `video_text_annot`.
    pub text_key: String,
    /// Folder for the encoded texts, made if it does not exist.
    pub output: PathBuf,
    /// This process's share, `(i, n)` with 1 <= i <= n: every n-th entry from the i-th on.
    pub shard: (usize, usize),
}

/// Result for the entries of this process's share.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct EncodeReport {
    /// Entries of the share.
    pub total: usize,
    /// Encoded now.
    pub encoded: usize,
    /// Encoded before.
    pub skipped: usize,
    /// Entries that could not be encoded: their index in the manifest, and the reason.
    pub failed: Vec<(usize, String)>,
    /// Whether the manifest names the encoded texts. False until the last share is encoded.
    pub written: bool,
}

/// A text to encode.
struct Todo {
    index: usize,
    text: String,
    path: PathBuf,
}

/// Encodes the text of every entry of a manifest to a `.pt` with a bf16 tensor `(L, dim)`, and writes its absolute path to
/// the entry as `<text_key>_wanvideot5_embed_path`.
///
/// A file is named after the entry, its text and the encoder: work that was stopped continues, and a changed text is
/// encoded again. Several processes can share a manifest by [`EncodeJob::shard`]. An entry without a text is reported
/// and does not stop the rest.
///
/// The manifest is written once, when all shares are encoded: until then it names the texts of the run before, and a
/// training never sees a mixture of two encoders. An entry whose text is there and cannot be encoded loses the path of its
/// former text.
///
/// # Errors
/// [`Error::InvalidArgument`] for a shard that does not exist, [`Error::Format`] for a manifest that is not a list of
/// objects, [`Error::Io`], [`Error::Cancelled`], and those of reading the encoder.
pub fn encode_manifest(
    encoder: &dyn TextEncoder,
    job: &EncodeJob,
    on_progress: &mut OnProgress<'_>,
) -> Result<EncodeReport> {
    let (mine, of) = job.shard;
    if !(1..=of).contains(&mine) {
        return Err(Error::invalid("shard", format!("{mine}/{of} is not a share; the first of two is 1/2")));
    }
    // Absolute paths: the reader of the manifest resolves relative ones below its root.
    let output = std::path::absolute(&job.output).map_err(|e| Error::io("find", &job.output, e))?;
    let job = &EncodeJob { output, ..job.clone() };
    std::fs::create_dir_all(&job.output).map_err(|e| Error::io("create", &job.output, e))?;
    let all = read_entries::<Value>(&job.manifest)?;
    let texts = digest(encoder, job, &all);
    let mut report = EncodeReport::default();
    let mut todo = Vec::new();
    let mut seen = HashSet::new();
    for (index, value) in all.iter().enumerate().filter(|(index, _)| index % of == mine - 1) {
        report.total += 1;
        match entry(encoder, job, index, value) {
            Err(reason) => report.failed.push((index, reason)),
            Ok(entry) if entry.path.is_file() || !seen.insert(entry.path.clone()) => report.skipped += 1,
            Ok(entry) => todo.push(entry),
        }
    }
    // Similar lengths together; the longest first, so that memory does not run out at the end.
    todo.sort_by_key(|entry| std::cmp::Reverse(entry.text.len()));
    let total = todo.len();
    for (i, batch) in todo.chunks(BATCH).enumerate() {
        let done = i * BATCH;
        let mut step = |p: Progress| {
            let step = (done + batch.len() * p.step / p.total.max(1)).max(1);
            on_progress(Progress { stage: Stage::Encode, step, total })
        };
        encode(encoder, batch, &mut report, &mut step)?;
    }
    report.failed.sort();
    report.written = finish(encoder, job, &texts)?;
    Ok(report)
}

/// Encodes a batch. If one of its texts fails, encodes them one by one.
fn encode(
    encoder: &dyn TextEncoder,
    batch: &[Todo],
    report: &mut EncodeReport,
    on_progress: &mut OnProgress<'_>,
) -> Result<()> {
    let texts: Vec<&str> = batch.iter().map(|entry| entry.text.as_str()).collect();
    match encoder.encode_batch(&texts, on_progress) {
        Ok(rows) => {
            for (entry, rows) in batch.iter().zip(rows) {
                save(&entry.path, &rows)?;
                report.encoded += 1;
            }
            Ok(())
        }
        Err(Error::InvalidArgument { reason, .. }) if batch.len() == 1 => {
            report.failed.push((batch[0].index, reason));
            Ok(())
        }
        Err(Error::InvalidArgument { .. }) => {
            batch.chunks(1).try_for_each(|one| encode(encoder, one, report, on_progress))
        }
        Err(other) => Err(other),
    }
}

fn save(path: &Path, rows: &Array2<f32>) -> Result<()> {
    let bytes = rows.iter().flat_map(|v| bf16::from_f32(*v).to_le_bytes()).collect();
    torch::save(path, &Tree::Tensor(&RawTensor::new(DType::BF16, rows.shape().to_vec(), bytes)?))
}

/// The entry's text and file, or the reason why it has none.
fn entry(encoder: &dyn TextEncoder, job: &EncodeJob, index: usize, value: &Value) -> std::result::Result<Todo, String> {
    let fields = value.as_object().ok_or("it is not an object")?;
    let text = fields.get(&job.text_key).ok_or_else(|| format!("it has no {:?}", job.text_key))?;
    let text = text.as_str().ok_or_else(|| format!("its {:?} is not a text", job.text_key))?;
    if text.trim().is_empty() {
        return Err(format!("its {:?} is empty", job.text_key));
    }
    let hash = Sha256::new().chain_update(encoder.fingerprint()).chain_update([0]).chain_update(text).finalize();
    let hash: String = hash.iter().take(8).map(|b| format!("{b:02x}")).collect();
    let path = job.output.join(format!("{}{hash}.pt", name(fields)));
    Ok(Todo { index, text: text.to_string(), path })
}

/// The start of the entry's file name: its name, harmless as a file name.
fn name(fields: &ManifestEntry) -> String {
    let harmless = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    entry_id(fields).map_or_else(String::new, |id| id.chars().take(MAX_NAME).map(harmless).chain(['-']).collect())
}

/// Start of the name of the mark of an encoded share.
const DONE: &str = ".done-";

/// Digest of the encoder and of all texts.
fn digest(encoder: &dyn TextEncoder, job: &EncodeJob, all: &[Value]) -> String {
    let mut hash = Sha256::new().chain_update(encoder.fingerprint()).chain_update([0]).chain_update(&job.text_key);
    for value in all {
        hash.update([0]);
        hash.update(value.get(&job.text_key).map(Value::to_string).unwrap_or_default());
    }
    hash.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect()
}

/// Marks the share of `texts` as encoded. If it is the last one, writes the paths of all texts to the manifest; gives
/// whether it did.
fn finish(encoder: &dyn TextEncoder, job: &EncodeJob, texts: &str) -> Result<bool> {
    let lock_path = job.output.join(".manifest.lock");
    let lock = File::create(&lock_path).map_err(|e| Error::io("create", &lock_path, e))?;
    lock.lock().map_err(|e| Error::io("lock", &lock_path, e))?;
    let (mine, of) = job.shard;
    let mark = |share: usize, texts: &str| job.output.join(format!("{DONE}{share}-of-{of}-{texts}"));
    write_atomic(mark(mine, texts), |_| Ok(()))?;
    let mut all = read_entries::<Value>(&job.manifest)?;
    // The texts may have changed meanwhile; then no share of them is encoded.
    let texts = digest(encoder, job, &all);
    if !(1..=of).all(|share| mark(share, &texts).is_file()) {
        return Ok(false);
    }
    let mut changed = false;
    for (index, value) in all.iter_mut().enumerate() {
        changed |= set_path(encoder, job, index, value);
    }
    if changed {
        write_atomic(&job.manifest, |w| {
            serde_json::to_writer_pretty(&mut *w, &all)?;
            writeln!(w)
        })?;
    }
    remove_marks(&job.output, &texts);
    Ok(true)
}

/// Sets the path of an entry's encoded text, or removes that of a former text; gives whether anything changed.
fn set_path(encoder: &dyn TextEncoder, job: &EncodeJob, index: usize, value: &mut Value) -> bool {
    let encoded = entry(encoder, job, index, value).ok().filter(|found| found.path.is_file());
    let Some(fields) = value.as_object_mut() else { return false };
    let key = format!("{}{EMBED_SUFFIX}", job.text_key);
    if let Some(found) = encoded {
        let path = Value::from(found.path.to_string_lossy());
        return fields.insert(key, path.clone()) != Some(path);
    }
    let is_ours = |path: &Value| path.as_str().is_some_and(|path| Path::new(path).parent() == Some(&job.output));
    let is_former = fields.contains_key(&job.text_key) && fields.get(&key).is_some_and(is_ours);
    is_former && fields.remove(&key).is_some()
}

/// Removes the marks of other texts.
fn remove_marks(output: &Path, texts: &str) {
    for entry in std::fs::read_dir(output).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(DONE) && !name.ends_with(texts) {
            // A mark that stays is for texts that are gone.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Manifest;
    use crate::format::embedding;
    use crate::progress;
    use crate::text::{RowConfig, WordEncoder};
    use serde_json::json;
    use std::ops::ControlFlow;

    fn encoder() -> WordEncoder {
        WordEncoder::new(RowConfig::default(), None).unwrap()
    }

    /// A manifest of good and bad entries, and the job that encodes it.
    fn job(folder: &Path) -> EncodeJob {
        let manifest = folder.join("data.json");
        let entries = json!([
            { "id": 7, "text": "a person walks" }, { "id": "../up/x", "text": "a person jumps", "kept": [1, 2] },
            { "id": 9 }, { "text": 5 }, "nonsense", { "id": 3, "text": " " }, { "id": 4, "text": "..." },
            { "text": "no id" }
        ]);
        std::fs::write(&manifest, entries.to_string()).unwrap();
        EncodeJob { manifest, text_key: "text".into(), output: folder.join("out"), shard: (1, 1) }
    }

    fn run(job: &EncodeJob) -> EncodeReport {
        encode_manifest(&encoder(), job, &mut progress::ignore).unwrap()
    }

    fn paths(job: &EncodeJob) -> Vec<Option<String>> {
        let read = read_entries::<Value>(&job.manifest).unwrap();
        read.iter().map(|e| Some(e.get("text_wanvideot5_embed_path")?.as_str()?.to_string())).collect()
    }

    #[test]
    fn good_entries_get_a_file_and_a_path_and_bad_ones_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let job = job(folder.path());
        let report = run(&job);
        assert_eq!((report.total, report.encoded, report.skipped), (8, 3, 0));
        assert_eq!(report.failed.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
        assert!(report.failed[0].1.contains("no \"text\""), "{:?}", report.failed);
        let paths = paths(&job);
        assert_eq!(paths.iter().filter(|p| p.is_some()).count(), 3);
        let path = paths[1].as_ref().unwrap();
        assert_eq!(Path::new(path).parent(), Some(job.output.as_path()), "an id must not lead out of the folder");
        let tensor = torch::load_tensor(path, "").unwrap();
        let want = encoder().encode("a person jumps").unwrap();
        assert_eq!((tensor.dtype(), tensor.shape()), (DType::BF16, want.shape()));
        assert!(tensor.to_f32().iter().zip(&want).all(|(a, b)| (a - b).abs() <= 0.004 * b.abs()));
        assert_eq!(read_entries::<Value>(&job.manifest).unwrap()[1]["kept"], json!([1, 2]));
    }

    #[test]
    fn paths_are_absolute_even_if_the_output_is_relative() {
        let folder = tempfile::tempdir_in(".").unwrap();
        let here = std::env::current_dir().unwrap();
        let output = folder.path().strip_prefix(&here).unwrap_or(folder.path()).join("out");
        assert!(output.is_relative());
        let job = EncodeJob { output, ..job(folder.path()) };
        run(&job);
        assert!(paths(&job).iter().flatten().all(|path| Path::new(path).is_absolute() && Path::new(path).is_file()));
    }

    #[test]
    fn stopped_work_continues_and_a_changed_text_is_encoded_again() {
        let folder = tempfile::tempdir().unwrap();
        let job = job(folder.path());
        run(&job);
        let before = paths(&job);
        let again = run(&job);
        assert_eq!((again.encoded, again.skipped), (0, 3));
        let text = std::fs::read_to_string(&job.manifest).unwrap();
        std::fs::write(&job.manifest, text.replace("a person walks", "a person runs")).unwrap();
        let changed = run(&job);
        assert_eq!((changed.encoded, changed.skipped), (1, 2));
        assert!(paths(&job)[0] != before[0] && paths(&job)[1] == before[1]);
    }

    #[test]
    fn training_reads_every_manifest_that_was_encoded_under_the_same_names() {
        let folder = tempfile::tempdir().unwrap();
        let job = job(folder.path());
        let names = json!([
            { "sample_id": "a", "id": 1, "global_id": 2 }, { "id": 3, "global_id": 4 }, { "global_id": 5 }
        ]);
        let mut entries: Vec<Value> = serde_json::from_value(names).unwrap();
        for entry in &mut entries {
            entry["text"] = "a person walks".into();
            entry["motion_path"] = "m.pt".into();
        }
        std::fs::write(&job.manifest, Value::from(entries).to_string()).unwrap();
        assert_eq!(run(&job).encoded, 3);
        let clips = Manifest::read(&[(job.manifest, 1)], "text", None).unwrap().clips;
        for (clip, id) in clips.iter().zip(["a", "3", "5"]) {
            let file = clip.embed_path.as_ref().unwrap().file_name().unwrap().to_string_lossy().into_owned();
            assert!(clip.id == id && file.starts_with(&format!("{id}-")), "{id}: {file}");
            assert_eq!(embedding::load(clip.embed_path.as_ref().unwrap()).unwrap().ncols(), encoder().dim());
        }
    }

    #[test]
    fn processes_share_a_manifest_and_the_last_one_leaves_all_paths() {
        let folder = tempfile::tempdir().unwrap();
        let job = job(folder.path());
        let entries: Vec<Value> = (0..41).map(|i| json!({ "id": i, "text": format!("walk {i} steps") })).collect();
        std::fs::write(&job.manifest, Value::from(entries).to_string()).unwrap();
        std::thread::scope(|scope| {
            for i in 1..=3 {
                let job = EncodeJob { shard: (i, 3), ..job.clone() };
                scope.spawn(move || assert_eq!(run(&job).encoded, if i == 3 { 13 } else { 14 }));
            }
        });
        assert!(paths(&job).iter().all(Option::is_some));
        for shard in [(0, 2), (3, 2), (1, 0)] {
            let job = EncodeJob { shard, ..job.clone() };
            assert!(encode_manifest(&encoder(), &job, &mut progress::ignore).is_err());
        }
    }

    #[test]
    fn the_manifest_switches_to_another_encoder_with_the_last_share() {
        let folder = tempfile::tempdir().unwrap();
        let job = job(folder.path());
        assert!(run(&job).written);
        let before = std::fs::read(&job.manifest).unwrap();
        let other = WordEncoder::new(RowConfig { max_words: 3, ..RowConfig::default() }, None).unwrap();
        assert_ne!(other.fingerprint(), encoder().fingerprint());
        let share = |i| {
            let job = EncodeJob { shard: (i, 2), ..job.clone() };
            encode_manifest(&other, &job, &mut progress::ignore).unwrap()
        };
        assert!(!share(2).written);
        assert_eq!(
            std::fs::read(&job.manifest).unwrap(),
            before,
            "one share of two: a training still sees the old run"
        );
        assert!(share(1).written && share(2).written);
        let old: Vec<Value> = serde_json::from_slice(&before).unwrap();
        let key = format!("text{EMBED_SUFFIX}");
        let old = old.iter().map(|entry| entry.get(&key).and_then(Value::as_str).map(str::to_string));
        for (old, new) in old.zip(paths(&job)) {
            assert!(old.is_none() == new.is_none() && (old.is_none() || old != new), "{old:?} {new:?}");
            assert!(old.is_none_or(|path| Path::new(&path).is_file()), "a training that runs keeps its files");
        }
    }

    #[test]
    fn a_text_that_can_no_longer_be_encoded_loses_its_former_path() {
        let folder = tempfile::tempdir().unwrap();
        let job = job(folder.path());
        run(&job);
        let text = std::fs::read_to_string(&job.manifest).unwrap();
        std::fs::write(&job.manifest, text.replace("a person walks", " ").replace("a person jumps", "...")).unwrap();
        let report = run(&job);
        assert_eq!(report.failed.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6]);
        let paths = paths(&job);
        assert!(paths[0].is_none() && paths[1].is_none() && paths[7].is_some(), "{paths:?}");
    }

    #[test]
    fn texts_that_change_while_they_are_encoded_leave_the_manifest_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let job = job(folder.path());
        let mut edited = String::new();
        let report = encode_manifest(&encoder(), &job, &mut |_| {
            edited = std::fs::read_to_string(&job.manifest).unwrap().replace("a person walks", "a person runs");
            std::fs::write(&job.manifest, &edited).unwrap();
            ControlFlow::Continue(())
        });
        assert!(!report.unwrap().written);
        assert_eq!(std::fs::read_to_string(&job.manifest).unwrap(), edited);
        assert!(run(&job).written);
    }

    #[test]
    fn stopping_leaves_what_was_encoded_and_progress_reaches_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let job = job(folder.path());
        let entries: Vec<Value> = (0..150).map(|i| json!({ "id": i, "text": format!("walk {i} steps") })).collect();
        std::fs::write(&job.manifest, Value::from(entries).to_string()).unwrap();
        let stopped = encode_manifest(&encoder(), &job, &mut |p| {
            if p.step < 100 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        assert!(matches!(stopped, Err(Error::Cancelled)));
        let mut last = None;
        let report = encode_manifest(&encoder(), &job, &mut |p| {
            last = Some(p);
            ControlFlow::Continue(())
        });
        assert_eq!(
            (report.unwrap().skipped, last),
            (BATCH, Some(Progress { stage: Stage::Encode, step: 86, total: 86 }))
        );
    }

    #[test]
    fn a_file_that_is_not_a_manifest_is_an_error_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let job = job(folder.path());
        for text in ["{}", "nonsense", ""] {
            std::fs::write(&job.manifest, text).unwrap();
            assert!(matches!(encode_manifest(&encoder(), &job, &mut progress::ignore), Err(Error::Format { .. })));
            assert_eq!(std::fs::read_to_string(&job.manifest).unwrap(), text);
        }
    }
}

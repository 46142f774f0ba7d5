//! Encoding all texts of a data set: the release's job between its annotations and its training.

use std::collections::HashSet;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use half::bf16;
use ndarray::Array2;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::TextEncoder;
use crate::error::{Error, Result};
use crate::format::torch::{self, Tree};
use crate::format::{DType, RawTensor, read_bounded, write_atomic};
use crate::progress::{OnProgress, Progress, Stage};

/// Largest manifest.
const MAX_MANIFEST: u64 = 1 << 31;
/// Texts that are encoded together; what is lost at most when the work is stopped.
const BATCH: usize = 64;
/// What an entry's path is called, after the key of its text.
const PATH_SUFFIX: &str = "_wanvideot5_embed_path";
/// Names that an entry may have, the first of which it has is part of its file's name.
const IDS: [&str; 3] = ["sample_id", "id", "global_id"];
/// Longest part of a file's name that comes from an entry.
const MAX_NAME: usize = 80;

/// What to encode, and where the rows go.
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

/// What became of the entries of this process's share.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct EncodeReport {
    /// Entries of the share.
    pub total: usize,
    /// Encoded now.
    pub encoded: usize,
    /// Encoded before.
    pub skipped: usize,
    /// Entries that could not be encoded: their place in the manifest, and why.
    pub failed: Vec<(usize, String)>,
}

/// An entry with a text.
struct Entry {
    index: usize,
    text: String,
    path: PathBuf,
}

/// Encodes the text of every entry of a manifest to a `.pt` with a bf16 tensor `(L, dim)`, and writes its path to the entry
/// as `<text_key>_wanvideot5_embed_path`; paths are whole, however the output is given.
///
/// A file is named after the entry, its text and the encoder, so work that was stopped goes on where it was, and a text
/// that was changed is encoded anew. Several processes can share a manifest by [`EncodeJob::shard`]. An entry without
/// a text is reported and does not stop the rest.
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
    // Whole paths: whoever reads the manifest stands elsewhere, or looks relative ones up below its root.
    let output = std::path::absolute(&job.output).map_err(|e| Error::io("find", &job.output, e))?;
    let job = &EncodeJob { output, ..job.clone() };
    std::fs::create_dir_all(&job.output).map_err(|e| Error::io("create", &job.output, e))?;
    let all = read(&job.manifest)?;
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
    // Alike lengths together; the longest first, so that memory does not run out at the end.
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
    update(encoder, job)?;
    Ok(report)
}

/// Encodes a batch; if that fails for one of its texts, one after the other.
fn encode(
    encoder: &dyn TextEncoder,
    batch: &[Entry],
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

fn read(path: &Path) -> Result<Vec<Value>> {
    let broken = |reason: String| Error::format("manifest", reason).with_path(path);
    let bytes = read_bounded(path, MAX_MANIFEST)?;
    match serde_json::from_slice(&bytes).map_err(|e| broken(format!("it is not JSON: {e}")))? {
        Value::Array(entries) => Ok(entries),
        _ => Err(broken("it is not a list of objects".into())),
    }
}

/// The entry's text and file, or why it has none.
fn entry(
    encoder: &dyn TextEncoder,
    job: &EncodeJob,
    index: usize,
    value: &Value,
) -> std::result::Result<Entry, String> {
    let fields = value.as_object().ok_or("it is not an object")?;
    let text = fields.get(&job.text_key).ok_or_else(|| format!("it has no {:?}", job.text_key))?;
    let text = text.as_str().ok_or_else(|| format!("its {:?} is not a text", job.text_key))?;
    if text.trim().is_empty() {
        return Err(format!("its {:?} is empty", job.text_key));
    }
    let hash = Sha256::new().chain_update(encoder.fingerprint()).chain_update([0]).chain_update(text).finalize();
    let hash: String = hash.iter().take(8).map(|b| format!("{b:02x}")).collect();
    let path = job.output.join(format!("{}{hash}.pt", name(fields)));
    Ok(Entry { index, text: text.to_string(), path })
}

/// The start of the entry's file name: what it calls itself, harmless as a file name.
fn name(fields: &Map<String, Value>) -> String {
    let id = IDS.iter().find_map(|key| match fields.get(*key)? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    });
    let harmless = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    id.map_or_else(String::new, |id| id.chars().take(MAX_NAME).map(harmless).chain(['-']).collect())
}

/// Writes the paths of all encoded texts to the manifest, those of other processes as well: whoever comes last sees all.
fn update(encoder: &dyn TextEncoder, job: &EncodeJob) -> Result<()> {
    let lock_path = job.output.join(".manifest.lock");
    let lock = File::create(&lock_path).map_err(|e| Error::io("create", &lock_path, e))?;
    lock.lock().map_err(|e| Error::io("lock", &lock_path, e))?;
    let mut all = read(&job.manifest)?;
    let key = format!("{}{PATH_SUFFIX}", job.text_key);
    let mut changed = false;
    for (index, value) in all.iter_mut().enumerate() {
        let Ok(found) = entry(encoder, job, index, value) else { continue };
        let path = Value::from(found.path.to_string_lossy());
        if found.path.is_file()
            && let Some(fields) = value.as_object_mut()
        {
            changed |= fields.insert(key.clone(), path.clone()) != Some(path);
        }
    }
    match changed {
        true => write_atomic(&job.manifest, |w| {
            serde_json::to_writer_pretty(&mut *w, &all)?;
            writeln!(w)
        }),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress;
    use crate::text::{HashingEncoder, RowConfig};
    use serde_json::json;
    use std::ops::ControlFlow;

    fn encoder() -> HashingEncoder {
        HashingEncoder::new(RowConfig::default()).unwrap()
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
        let read = read(&job.manifest).unwrap();
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
        assert_eq!(read(&job.manifest).unwrap()[1]["kept"], json!([1, 2]));
    }

    #[test]
    fn paths_are_whole_wherever_the_output_is_seen_from() {
        let folder = tempfile::tempdir_in(".").unwrap();
        let here = std::env::current_dir().unwrap();
        let output = folder.path().strip_prefix(&here).unwrap_or(folder.path()).join("out");
        assert!(output.is_relative());
        let job = EncodeJob { output, ..job(folder.path()) };
        run(&job);
        assert!(paths(&job).iter().flatten().all(|path| Path::new(path).is_absolute() && Path::new(path).is_file()));
    }

    #[test]
    fn work_goes_on_where_it_was_and_a_changed_text_is_encoded_anew() {
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
    fn stopping_leaves_what_was_encoded_and_progress_reaches_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let job = job(folder.path());
        let entries: Vec<Value> = (0..150).map(|i| json!({ "id": i, "text": format!("walk {i} steps") })).collect();
        std::fs::write(&job.manifest, Value::from(entries).to_string()).unwrap();
        let stopped = encode_manifest(&encoder(), &job, &mut |p| match p.step < 100 {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
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
    fn a_manifest_that_is_none_is_an_error_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let job = job(folder.path());
        for text in ["{}", "nonsense", ""] {
            std::fs::write(&job.manifest, text).unwrap();
            assert!(matches!(encode_manifest(&encoder(), &job, &mut progress::ignore), Err(Error::Format { .. })));
            assert_eq!(std::fs::read_to_string(&job.manifest).unwrap(), text);
        }
    }
}

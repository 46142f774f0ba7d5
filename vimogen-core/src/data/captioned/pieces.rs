//! The pieces of a folder: motions, or parts of them, with their captions.
//!
//! | captions | form |
//! |---|---|
//! | `captions.csv` | a line per piece: `clip`, `caption`; optional `variants` (other wordings, separated by `\|`), `start_s`, `end_s` (seconds), `split` |
//! | `captions.json` | a list of objects with the same keys, or an object of captions by motion |
//! | `<motion>.txt` | a caption per line; what follows a `#` is ignored, as in HumanML3D |

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::table::{Row, csv, json};
use crate::error::{Error, Result};
use crate::format::read_bounded;
use crate::motion::FileFormat;

/// Maximum bytes of a table of captions, and of a text file.
const MAX_TABLE: u64 = 1 << 26;
const MAX_TEXT: u64 = 1 << 16;
/// Maximum number of files in a folder, and of folders in folders.
const MAX_FILES: usize = 200_000;
const MAX_DEPTH: usize = 8;

const CLIP: [&str; 5] = ["clip", "file", "motion_path", "motion", "name"];
const CAPTION: [&str; 4] = ["caption", "captions", "text", "prompt"];
const START: [&str; 2] = ["start_s", "start"];
const END: [&str; 2] = ["end_s", "end"];

/// A motion, or a part of it, with its captions.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// The file.
    pub file: PathBuf,
    /// Seconds from the start of the file.
    pub start: f64,
    /// Seconds from the start of the file; `None`: its end.
    pub end: Option<f64>,
    /// Wordings of the same movement, at least one.
    pub captions: Vec<String>,
    /// Whether the recording is kept from training. All pieces of a file are, or none.
    pub held_out: bool,
}

/// The pieces of a folder, in the order of its table or of its files' names.
///
/// Recordings are held out by the table's column `split` (`train` or anything else). Without that column a share
/// `held_out` of the files is, chosen by their names.
///
/// # Errors
/// [`Error::NotFound`] if there is no folder or a motion of the table is missing; [`Error::Format`] for a damaged table;
/// [`Error::InvalidArgument`] if no motion has a caption.
pub fn pieces(folder: &Path, held_out: f64) -> Result<Vec<Piece>> {
    if !folder.is_dir() {
        return Err(Error::NotFound { what: "folder of captioned motions".into(), path: folder.into() });
    }
    let files = Files::of(folder)?;
    let (csv_path, json_path) = (folder.join("captions.csv"), folder.join("captions.json"));
    let found = if csv_path.is_file() {
        let text = String::from_utf8(read_bounded(&csv_path, MAX_TABLE)?);
        let text = text.map_err(|e| Error::format("CSV", e.to_string()).with_path(&csv_path))?;
        of_table(csv(&text, &csv_path)?, &csv_path, &files, held_out)?
    } else if json_path.is_file() {
        of_table(json(&read_bounded(&json_path, MAX_TABLE)?, &json_path)?, &json_path, &files, held_out)?
    } else {
        of_texts(&files, held_out)?
    };
    if found.is_empty() {
        let reason = format!(
            "no motion in {folder:?} has a caption; write captions.csv with the columns clip and caption, or a .txt file next \
             to each motion"
        );
        return Err(Error::invalid("clips", reason));
    }
    Ok(found)
}

/// Motions of a folder, by path.
struct Files {
    folder: PathBuf,
    motions: Vec<PathBuf>,
    /// Motions by file name and by name without extension; `None` for a name that several have.
    names: BTreeMap<String, Option<usize>>,
}

impl Files {
    fn of(folder: &Path) -> Result<Self> {
        let mut motions = vec![];
        collect(folder, MAX_DEPTH, &mut motions)?;
        motions.sort();
        let mut names: BTreeMap<String, Option<usize>> = BTreeMap::new();
        for (i, path) in motions.iter().enumerate() {
            for name in [path.file_name(), path.file_stem()].into_iter().flatten() {
                names.entry(name.to_string_lossy().into_owned()).and_modify(|other| *other = None).or_insert(Some(i));
            }
        }
        Ok(Self { folder: folder.into(), motions, names })
    }

    /// The motion that a table names: by its path from the folder, its file name, or its name without extension.
    fn find(&self, name: &str) -> Option<PathBuf> {
        let path = self.folder.join(name);
        if path.is_file() {
            return Some(path);
        }
        let stem = || Path::new(name).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let found = self.names.get(name).or_else(|| self.names.get(&stem()?))?;
        found.map(|i| self.motions[i].clone())
    }
}

/// Files in a format that is read.
fn collect(folder: &Path, depth: usize, into: &mut Vec<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(folder).map_err(|e| Error::io("read", folder, e))?;
    for entry in entries {
        let path = entry.map_err(|e| Error::io("read", folder, e))?.path();
        if path.is_dir() {
            if depth > 0 {
                collect(&path, depth - 1, into)?;
            }
        } else if FileFormat::to_read(&path).is_ok() {
            into.push(path);
        }
        if into.len() > MAX_FILES {
            return Err(Error::invalid("clips", format!("{folder:?} has more than {MAX_FILES} motions")));
        }
    }
    Ok(())
}

fn of_table(rows: Vec<Row>, path: &Path, files: &Files, held_out: f64) -> Result<Vec<Piece>> {
    let piece = |(number, row): (usize, Row)| {
        of_row(&row, files, held_out)
            .map_err(|e| Error::format("captions", format!("row {}: {e}", number + 1)).with_path(path))
    };
    let pieces: Vec<Option<Piece>> = rows.into_iter().enumerate().map(piece).collect::<Result<_>>()?;
    Ok(pieces.into_iter().flatten().collect())
}

/// The piece of a row; `None` if its caption is empty.
fn of_row(row: &Row, files: &Files, held_out: f64) -> Result<Option<Piece>> {
    let value = |keys: &[&str]| keys.iter().find_map(|key| row.get(*key));
    let name = value(&CLIP).and_then(Value::as_str).ok_or_else(|| missing("clip", row))?;
    let caption = value(&CAPTION).ok_or_else(|| missing("caption", row))?;
    let mut captions = texts(caption, None);
    captions.extend(row.get("variants").into_iter().flat_map(|variants| texts(variants, Some('|'))));
    if captions.is_empty() {
        return Ok(None);
    }
    let not_found = || Error::NotFound { what: "motion".into(), path: files.folder.join(name) };
    let file = files.find(name).ok_or_else(not_found)?;
    let split = row.get("split").and_then(Value::as_str).map(str::trim).filter(|split| !split.is_empty());
    let held_out = split.map_or_else(|| is_held_out(&file, held_out), |split| split != "train");
    Ok(Some(Piece {
        start: seconds(value(&START), "start_s")?.unwrap_or(0.0),
        end: seconds(value(&END), "end_s")?,
        file,
        captions,
        held_out,
    }))
}

fn missing(key: &str, row: &Row) -> Error {
    let names: Vec<&str> = row.keys().take(12).map(String::as_str).collect();
    Error::config(key, format!("missing; the row has {names:?}"))
}

/// The texts of a cell that are not empty: a string, which may hold several, or a list.
fn texts(value: &Value, separator: Option<char>) -> Vec<String> {
    let parts: Vec<&str> = match value {
        Value::String(text) => match separator {
            Some(separator) => text.split(separator).collect(),
            None => vec![text],
        },
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    parts.into_iter().map(str::trim).filter(|text| !text.is_empty()).map(str::to_string).collect()
}

fn seconds(value: Option<&Value>, name: &str) -> Result<Option<f64>> {
    let number = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(value) => value.as_f64(),
    };
    let wrong = || Error::invalid("seconds", format!("{name} is not a number of seconds from 0"));
    number.filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0).map(Some).ok_or_else(wrong)
}

/// Whether a file is among the share of recordings that are held out: a function of its name without extension.
fn is_held_out(file: &Path, share: f64) -> bool {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    // FNV-1a, with a final mix since names of recordings differ in their last letters.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let mixed = (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((mixed >> 40) as f64 / f64::from(1u32 << 24)) < share
}

/// The motions that have a text file next to them.
fn of_texts(files: &Files, held_out: f64) -> Result<Vec<Piece>> {
    let mut pieces = vec![];
    for file in &files.motions {
        let path = file.with_extension("txt");
        if !path.is_file() {
            continue;
        }
        let text = String::from_utf8_lossy(&read_bounded(&path, MAX_TEXT)?).into_owned();
        let lines = text.trim_start_matches('\u{feff}').lines();
        let captions =
            lines.map(|line| line.split('#').next().unwrap_or_default().trim()).filter(|line| !line.is_empty());
        let captions: Vec<String> = captions.map(str::to_string).collect();
        if !captions.is_empty() {
            let held_out = is_held_out(file, held_out);
            pieces.push(Piece { file: file.clone(), start: 0.0, end: None, captions, held_out });
        }
    }
    Ok(pieces)
}

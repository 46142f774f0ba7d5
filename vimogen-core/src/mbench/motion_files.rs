//! Files of motions in a folder: lookup, and reading of joints.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ndarray::{Array3, Ix3};

use super::dimension::Input;
use super::quality::{CheckedJoints, UpAxis};
use crate::error::{Error, Result, check_finite};
use crate::format::torch::TorchFile;
use crate::format::{TensorSource as _, npy};
use crate::motion::layout::JOINTS;
use crate::motion::{FileFormat, Motion};

/// Maximum length of a clip of joints, frames.
const MAX_FRAMES: usize = 1 << 20;

/// Paths in a folder.
pub(super) fn entries(folder: &Path) -> Result<impl Iterator<Item = Result<fs::DirEntry>>> {
    let entries = fs::read_dir(folder).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Error::NotFound { what: "folder of motions".into(), path: folder.into() },
        _ => Error::io("read", folder, e),
    })?;
    Ok(entries.map(move |entry| entry.map_err(|e| Error::io("read", folder, e))))
}

/// All motions of a folder by file name without extension; other files and subfolders are ignored. Of a motion in
/// several formats, the file that holds its features counts.
pub(super) fn all(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let mut found: BTreeMap<String, PathBuf> = BTreeMap::new();
    for entry in entries(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type());
        // The type in the directory entry saves a system call per file; a link is followed.
        let is_file = kind.is_ok_and(|kind| kind.is_file()) || path.is_file();
        if !is_file || FileFormat::to_read(&path).is_err() {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let path = match found.remove(&name) {
            Some(other) => better(&path, &other, "name").map_err(|reason| Error::invalid("folder", reason))?,
            None => path,
        };
        found.insert(name, path);
    }
    if found.is_empty() {
        return Err(Error::NotFound { what: format!("motions ({}) in the folder", endings()), path: folder.into() });
    }
    Ok(found)
}

/// The one of two files of one name or number that holds the features of the motion; an error text if both or none do.
pub(super) fn better(one: &Path, other: &Path, what: &str) -> Result<PathBuf, String> {
    let holds = |path: &Path| FileFormat::to_read(path).is_ok_and(FileFormat::is_lossless);
    match (holds(one), holds(other)) {
        (true, false) => Ok(one.into()),
        (false, true) => Ok(other.into()),
        _ => Err(format!("{one:?} and {other:?} have one {what}; keep one of them")),
    }
}

/// Extensions of the files that are read, for messages.
pub(super) fn endings() -> String {
    let formats = FileFormat::ALL.into_iter().filter(|format| format.reads());
    formats.flat_map(FileFormat::extensions).map(|extension| format!(".{extension}")).collect::<Vec<_>>().join(", ")
}

/// Usual file names of a motion, in the order of preference.
pub(super) fn names(id: u64, input: Input) -> Vec<String> {
    let endings: &[&str] = match input {
        Input::Joints => &["npy", "pt"],
        // Without a fitted body there may be joints to fit one to.
        Input::Body => &["pt", "npy"],
        Input::Video => &["mp4"],
    };
    endings.iter().map(|ending| format!("{id}.{ending}")).collect()
}

/// The file of a motion: of the usual names or, unless a video is wanted, in another format that is read.
pub(super) fn find(folder: &Path, id: u64, input: Input) -> Option<PathBuf> {
    let readable = FileFormat::ALL.into_iter().filter(|format| format.reads() && input != Input::Video);
    let others = readable.flat_map(FileFormat::extensions).map(|extension| format!("{id}.{extension}"));
    names(id, input).into_iter().chain(others).map(|name| folder.join(name)).find(|path| path.is_file())
}

/// Joints in a file of joints: a `.npy`, or a `.pt` with the key `joints`. `None` for a file of features.
pub(super) fn joints(path: &Path) -> Result<Option<Array3<f32>>> {
    let tensor = match FileFormat::to_read(path) {
        Ok(FileFormat::Npy) => npy::load(path)?,
        Ok(FileFormat::Torch) => {
            let file = TorchFile::open(path)?;
            // Before reading: a hostile file may declare any size.
            match file.info("joints").map(|info| info.shape) {
                Ok(shape) if matches!(shape[..], [1..=MAX_FRAMES, JOINTS, 3]) => file.read("joints")?,
                Ok(shape) => return Err(Error::shape("joints", "(T, 22, 3)", &shape)),
                Err(_) => return Ok(None),
            }
        }
        _ => return Ok(None),
    };
    match tensor.shape() {
        [_, JOINTS, 3] => Ok(tensor.to_array_f32().into_dimensionality::<Ix3>().ok()),
        _ => Ok(None),
    }
}

/// Passes the joints of a file to `measure`, and gives its result with the warnings of the reader. `up_axis` is the height
/// axis of files of joints; the joints of other files, which `read` reads, have z up.
pub(super) fn with_joints<T>(
    path: &Path,
    up_axis: UpAxis,
    read: impl FnOnce(&Path) -> Result<Motion>,
    measure: impl FnOnce(&CheckedJoints<'_>) -> Result<T>,
) -> Result<(T, Vec<String>)> {
    if let Some(joints) = joints(path)? {
        check_finite("joints", &joints.view())?;
        return Ok((measure(&CheckedJoints::new(joints.view(), up_axis)?)?, vec![]));
    }
    let motion = read(path)?;
    let warnings = motion.source().map_or_else(Vec::new, |source| source.warnings.clone());
    Ok((measure(&CheckedJoints::new(motion.joints(), UpAxis::Z)?)?, warnings))
}

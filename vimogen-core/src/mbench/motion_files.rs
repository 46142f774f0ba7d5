//! Files of motions in a folder: lookup, and reading of joints.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ndarray::{Array3, Ix3};

use super::dimension::Input;
use super::quality::{CheckedJoints, UpAxis};
use crate::error::{Error, Result};
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

/// All motions of a folder by file name without extension; other files and subfolders are ignored.
pub(super) fn all(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let mut found = BTreeMap::new();
    for entry in entries(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type());
        // The type in the directory entry saves a system call per file; a link is followed.
        let is_file = kind.is_ok_and(|kind| kind.is_file()) || path.is_file();
        if !is_file || !FileFormat::to_read(&path).is_ok_and(FileFormat::is_lossless) {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(other) = found.insert(name, path.clone()) {
            let reason = format!("{path:?} and {other:?} have one name; keep one of them");
            return Err(Error::invalid("folder", reason));
        }
    }
    if found.is_empty() {
        return Err(Error::NotFound { what: "motions (.npy, .npz, .pt) in the folder".into(), path: folder.into() });
    }
    Ok(found)
}

/// File names of a motion, in the order of preference.
pub(super) fn names(id: u64, input: Input) -> Vec<String> {
    let endings: &[&str] = match input {
        Input::Joints => &["npy", "pt"],
        // Without a fitted body there may be joints to fit one to.
        Input::Body => &["pt", "npy"],
        Input::Video => &["mp4"],
    };
    endings.iter().map(|ending| format!("{id}.{ending}")).collect()
}

/// The file of a motion.
pub(super) fn find(folder: &Path, id: u64, input: Input) -> Option<PathBuf> {
    names(id, input).into_iter().map(|name| folder.join(name)).find(|path| path.is_file())
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

/// Passes the joints of a file to `measure`. `up_axis` is the height axis of files of joints; the joints of a file of
/// features have z up.
pub(super) fn with_joints<T>(
    path: &Path,
    up_axis: UpAxis,
    measure: impl FnOnce(&CheckedJoints<'_>) -> Result<T>,
) -> Result<T> {
    match joints(path)? {
        Some(joints) => measure(&CheckedJoints::new(joints.view(), up_axis)?),
        None => measure(&CheckedJoints::new(Motion::load(path)?.joints(), UpAxis::Z)?),
    }
}

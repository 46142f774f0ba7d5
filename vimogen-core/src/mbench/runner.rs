//! Scores of a folder of motions: each motion's metrics and, of each metric, mean and deviation over the motions.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use ndarray::{Array3, Ix3};
use rayon::prelude::*;
use serde::Serialize;

use super::aggregate::Aggregate;
use super::quality::{Quality, UpAxis};
use crate::error::{Error, Result};
use crate::format::torch::TorchFile;
use crate::format::{TensorSource as _, npy, write_atomic};
use crate::motion::layout::JOINTS;
use crate::motion::{FileFormat, Motion};

/// The metrics that [`evaluate`] knows, as MBench names them.
pub const DIMENSIONS: [&str; 5] =
    ["Jitter_Degree", "Dynamic_Degree", "Ground_Penetration", "Foot_Floating", "Foot_Sliding"];

/// Longest clip of joints that is read.
const MAX_FRAMES: usize = 1 << 20;

/// Scores of a folder.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Over all motions, by dimension.
    pub dimensions: BTreeMap<String, Aggregate>,
    /// Of each motion, by its file name without extension; a metric that a clip is too short for is NaN, `null` in
    /// JSON.
    pub motions: BTreeMap<String, BTreeMap<String, f32>>,
}

impl Report {
    /// The report as JSON.
    ///
    /// # Errors
    /// [`Error::Internal`], which is a bug.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self).map_err(|e| Error::Internal { reason: e.to_string() })
    }

    /// Writes [`Report::to_json`].
    ///
    /// # Errors
    /// [`Error::NotFound`] if the folder does not exist, [`Error::Io`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let json = self.to_json()?;
        write_atomic(path, |w| writeln!(w, "{json}"))
    }
}

/// Scores the motions in a folder; its subfolders and other files are passed over.
///
/// A motion is a `.npy`, `.npz`, `.pt` or `.pth` file that [`Motion::load`] reads, measured on its joints, z up; or a
/// `.npy` file of joints `(T, 22, 3)`, as MBench writes them. `up_axis` is the height of the latter: the release measures
/// along axis 2, although its joints have y up.
///
/// # Errors
/// [`Error::NotFound`] for no folder or no motion in it, [`Error::InvalidArgument`] for an unknown dimension or two
/// motions of one name, and those of reading and measuring a motion, which name its file: a clip of one frame has no
/// motion to measure.
pub fn evaluate(folder: impl AsRef<Path>, dimensions: Option<&[String]>, up_axis: UpAxis) -> Result<Report> {
    let wanted = wanted(dimensions)?;
    let files = motion_files(folder.as_ref())?;
    let measured: Vec<(String, BTreeMap<String, f32>)> = files
        .par_iter()
        .map(|(name, path)| {
            let quality = measure(path, up_axis).map_err(|e| e.with_path(path))?;
            let values = quality.named().into_iter().filter(|(metric, _)| wanted.contains(metric));
            Ok((name.clone(), values.map(|(metric, value)| (metric.to_string(), value)).collect()))
        })
        .collect::<Result<_>>()?;
    let over =
        |metric: &str| measured.iter().filter_map(|(_, values)| values.get(metric).copied()).collect::<Vec<f32>>();
    let aggregates = wanted.iter().map(|metric| (metric.to_string(), Aggregate::of(&over(metric)))).collect();
    Ok(Report { dimensions: aggregates, motions: measured.into_iter().collect() })
}

fn wanted(dimensions: Option<&[String]>) -> Result<Vec<&'static str>> {
    let Some(asked) = dimensions else { return Ok(DIMENSIONS.to_vec()) };
    let known = |name: &String| {
        let found = DIMENSIONS.iter().find(|known| known.eq_ignore_ascii_case(name)).copied();
        found.ok_or_else(|| Error::invalid("dimensions", format!("{name:?} is none of {}", DIMENSIONS.join(", "))))
    };
    asked.iter().map(known).collect()
}

/// Names and paths of the motions in a folder, by name.
fn motion_files(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Error::NotFound { what: "folder of motions".into(), path: folder.into() },
        _ => Error::io("read", folder, e),
    })?;
    let mut found = BTreeMap::new();
    for entry in entries {
        let entry = entry.map_err(|e| Error::io("read", folder, e))?;
        let (path, kind) = (entry.path(), entry.file_type());
        // What the folder itself says of a file saves asking for each of them; a link is followed.
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
    match found.is_empty() {
        true => Err(Error::NotFound { what: "motions (.npy, .npz, .pt) in the folder".into(), path: folder.into() }),
        false => Ok(found),
    }
}

pub(super) fn measure(path: &Path, up_axis: UpAxis) -> Result<Quality> {
    match joints_file(path)? {
        Some(joints) => Quality::measure(joints.view(), up_axis),
        None => Quality::measure(Motion::load(path)?.joints(), UpAxis::Z),
    }
}

/// The joints of a file that holds joints: a `.npy`, or a `.pt` with the key `joints`.
pub(super) fn joints_file(path: &Path) -> Result<Option<Array3<f32>>> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::RawTensor;

    fn walk(frames: usize) -> Array3<f32> {
        Array3::from_shape_fn((frames, JOINTS, 3), |(t, j, c)| (t * 3 + j) as f32 * 0.01 * (c + 1) as f32)
    }

    fn save(path: &Path, joints: &Array3<f32>) {
        npy::save(path, &RawTensor::from_f32(joints.view().into_dyn())).unwrap();
    }

    #[test]
    fn a_folder_gets_the_scores_of_its_motions_and_their_means() {
        let folder = tempfile::tempdir().unwrap();
        save(&folder.path().join("a.npy"), &walk(9));
        save(&folder.path().join("b.npy"), &(walk(9) * 2.0));
        fs::write(folder.path().join("notes.txt"), "not a motion").unwrap();
        fs::create_dir(folder.path().join("more")).unwrap();
        let asked = ["dynamic_degree".to_string(), "Jitter_Degree".into()];
        let report = evaluate(folder.path(), Some(&asked), UpAxis::Z).unwrap();
        assert_eq!(report.dimensions.keys().collect::<Vec<_>>(), ["Dynamic_Degree", "Jitter_Degree"]);
        let (a, b) = (report.motions["a"]["Dynamic_Degree"], report.motions["b"]["Dynamic_Degree"]);
        assert!(a > 0.0 && (b - 2.0 * a).abs() < 1e-6, "{a} {b}");
        let mean = report.dimensions["Dynamic_Degree"];
        assert!((mean.mean - 1.5 * a).abs() < 1e-6 && mean.num_samples == 2);
        report.save(folder.path().join("report.json")).unwrap();
        assert!(fs::read_to_string(folder.path().join("report.json")).unwrap().contains("\"num_samples\": 2"));
        assert_eq!(evaluate(folder.path(), None, UpAxis::Z).unwrap().dimensions.len(), DIMENSIONS.len());
    }

    #[test]
    fn what_cannot_be_scored_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        assert!(matches!(evaluate(at("none"), None, UpAxis::Z), Err(Error::NotFound { .. })));
        assert!(matches!(evaluate(folder.path(), None, UpAxis::Z), Err(Error::NotFound { .. })));
        save(&at("a.npy"), &walk(9));
        let unknown = ["Beauty".to_string()];
        assert!(evaluate(folder.path(), Some(&unknown), UpAxis::Z).unwrap_err().to_string().contains("Beauty"));
        fs::write(at("a.npz"), "half").unwrap();
        assert!(evaluate(folder.path(), None, UpAxis::Z).unwrap_err().to_string().contains("one name"));
        fs::rename(at("a.npz"), at("b.npz")).unwrap();
        assert!(evaluate(folder.path(), None, UpAxis::Z).unwrap_err().to_string().contains("b.npz"));
        fs::remove_file(at("b.npz")).unwrap();
        save(&at("still.npy"), &walk(1));
        assert!(evaluate(folder.path(), None, UpAxis::Z).unwrap_err().to_string().contains("still.npy"));
    }
}

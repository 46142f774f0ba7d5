//! Bodies of the benchmark: poses from what a file holds, fitted where it holds only joints, and what is measured on them.

use std::path::{Path, PathBuf};

use ndarray::{Array2, Array3, ArrayView3, Axis, Ix3, s};

use super::dimension::Dimension;
use super::nrdf::{Nrdf, PoseRows};
use super::penetration::body_penetration;
use super::runner::joints_file;
use super::smplify::{GaussianMixture, JointModel, MeanParameters, Smplify};
use crate::body::{BodyModel, BodyParams};
use crate::error::{Error, Result};
use crate::format::torch::TorchFile;
use crate::format::{TensorSource as _, extension};
use crate::motion::Motion;

/// Joints of a SMPL pose.
const SMPL_JOINTS: usize = 24;
/// Most frames and vertices of a file of fitted bodies.
const MAX_FRAMES: usize = 1 << 16;
const MAX_VERTICES: usize = 1 << 16;

/// Files that bodies are measured with. All are licensed and come from the user; without them built-in ones stand in, but
/// for the network of pose quality.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BodyFiles {
    /// A SMPL body, such as `SMPL_NEUTRAL.pkl`; without it the neutral body.
    pub body: Option<PathBuf>,
    /// The prior of poses that joints are fitted with, `gmm_08.pkl`.
    pub prior: Option<PathBuf>,
    /// The pose that fitting starts from, `neutral_smpl_mean_params.h5`.
    pub mean: Option<PathBuf>,
    /// Folder of an NRDF model, which `Pose_Quality` needs.
    pub nrdf: Option<PathBuf>,
    /// Give NRDF the 21 body joints it was trained on, not the rows that the release gives it.
    pub body_joints: bool,
}

/// Where the poses of a motion come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PoseSource {
    /// The file holds `pose`, and perhaps `vertices`: the result of a fit.
    File,
    /// Fitted to the joints of the file.
    Fitted,
    /// The rotations of the 276 features: nothing is fitted.
    Features,
}

impl PoseSource {
    /// In a word, as reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Fitted => "fitted",
            Self::Features => "features",
        }
    }

    /// What a file holds.
    ///
    /// # Errors
    /// Those of reading it.
    pub(super) fn of(path: &Path) -> Result<Self> {
        if extension(path) == "pt" && TorchFile::open(path)?.names().iter().any(|name| name == "pose") {
            return Ok(Self::File);
        }
        Ok(if joints_file(path)?.is_some() { Self::Fitted } else { Self::Features })
    }
}

/// Measures bodies.
pub(super) struct Bodies {
    body: BodyModel,
    smplify: Smplify,
    nrdf: Option<Nrdf>,
    rows: PoseRows,
    /// For reports: which files were used.
    pub about: String,
}

/// Poses `(T, 24, 3)`, axis-angle, and the vertices that came with them.
struct Posed {
    pose: Array3<f32>,
    vertices: Option<Array3<f32>>,
}

impl Bodies {
    pub fn load(files: &BodyFiles) -> Result<Self> {
        let body = files.body.as_ref().map_or_else(|| Ok(BodyModel::neutral()), BodyModel::load)?;
        let joints = JointModel::new(&body);
        let mut smplify = match &files.mean {
            Some(path) => Smplify::with_mean(joints, MeanParameters::load(path)?),
            None => Smplify::new(joints),
        };
        if let Some(path) = &files.prior {
            smplify = smplify.with_prior(GaussianMixture::load(path)?);
        }
        let rows = if files.body_joints { PoseRows::BodyJoints } else { PoseRows::FromRoot };
        let nrdf = files.nrdf.as_ref().map(Nrdf::from_folder).transpose()?;
        let name = |path: &Option<PathBuf>, without: &str| match path {
            Some(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            None => without.to_string(),
        };
        let about = format!(
            "body {}, pose prior {}, mean pose {}, NRDF {}{}",
            name(&files.body, "built in"),
            name(&files.prior, "built in"),
            name(&files.mean, "built in"),
            name(&files.nrdf, "none"),
            if files.body_joints { " on the 21 body joints" } else { "" }
        );
        Ok(Self { body, smplify, nrdf, rows, about })
    }

    /// The values of a motion in dimensions that bodies are measured in.
    ///
    /// # Errors
    /// Those of reading and measuring it, [`Error::Config`] for pose quality without a network.
    pub fn measure(&self, path: &Path, source: PoseSource, dimensions: &[Dimension]) -> Result<Vec<f32>> {
        let posed = self.posed(path, source)?;
        let value = |dimension: &Dimension| match (dimension, &self.nrdf) {
            (Dimension::Pose_Quality, Some(nrdf)) => nrdf.pose_quality(posed.pose.view(), self.rows),
            (Dimension::Pose_Quality, None) => Err(Error::config("NRDF", "Pose_Quality needs the folder of a model")),
            _ => self.penetration(&posed),
        };
        dimensions.iter().map(|dimension| Ok(value(dimension)? as f32)).collect()
    }

    fn penetration(&self, posed: &Posed) -> Result<f64> {
        let vertices = match &posed.vertices {
            Some(vertices) if vertices.dim().1 == self.body.num_vertices() => vertices.clone(),
            Some(vertices) => {
                let expected =
                    format!("(T, {}, 3), the vertices of the body; give the body file", self.body.num_vertices());
                return Err(Error::shape("vertices", expected, vertices.shape()));
            }
            None => self.body.forward(&self.params(posed.pose.view()))?.vertices,
        };
        body_penetration(vertices.view(), self.body.faces())
    }

    /// The pose for the joints that the body has, in place.
    fn params(&self, pose: ArrayView3<'_, f32>) -> BodyParams {
        let (frames, joints) = (pose.dim().0, self.body.num_joints());
        let mut all = Array2::zeros((frames, 3 * joints));
        // SMPL-X has other joints after the 22 that all bodies share.
        let shared = if joints == SMPL_JOINTS { SMPL_JOINTS } else { 22 };
        for (mut row, pose) in all.rows_mut().into_iter().zip(pose.outer_iter()) {
            row.iter_mut().zip(pose.slice(s![..shared, ..])).for_each(|(to, from)| *to = *from);
        }
        let none = Array2::zeros((0, 0));
        BodyParams { pose: all, transl: Array2::zeros((frames, 3)), betas: none.clone(), expression: none }
    }

    fn posed(&self, path: &Path, source: PoseSource) -> Result<Posed> {
        match source {
            PoseSource::File => from_file(path),
            PoseSource::Fitted => {
                let gone = || Error::format("joints", "it changed while it was measured").with_path(path);
                let mut joints = joints_file(path)?.ok_or_else(gone)?;
                // As the release: the lowest point of the clip is put on the ground.
                let low = joints.index_axis(Axis(2), 1).fold(f32::INFINITY, |low, y| low.min(*y));
                joints.index_axis_mut(Axis(2), 1).mapv_inplace(|y| y - low);
                Ok(Posed { pose: self.smplify.fit(joints.view())?.pose, vertices: None })
            }
            PoseSource::Features => {
                let smpl = Motion::load(path)?.smpl();
                let mut pose = Array3::zeros((smpl.global_orient.nrows(), SMPL_JOINTS, 3));
                pose.slice_mut(s![.., 0, ..]).assign(&smpl.global_orient);
                for (mut frame, row) in pose.outer_iter_mut().zip(smpl.body_pose.rows()) {
                    frame.slice_mut(s![1..22, ..]).iter_mut().zip(row).for_each(|(to, from)| *to = *from);
                }
                Ok(Posed { pose, vertices: None })
            }
        }
    }
}

/// Pose and vertices of a fit: `pose` `(T, 24, 3)` or `(T, 72)`, `vertices` `(T, V, 3)`.
fn from_file(path: &Path) -> Result<Posed> {
    let file = TorchFile::open(path)?;
    // Before reading: a hostile file may declare any size.
    let pose = match file.info("pose")?.shape[..] {
        [frames @ 1..=MAX_FRAMES, SMPL_JOINTS, 3] | [frames @ 1..=MAX_FRAMES, 72] => {
            let numbers = file.read("pose")?.to_f32();
            Array3::from_shape_vec((frames, SMPL_JOINTS, 3), numbers)
                .map_err(|_| Error::shape("pose", "(T, 24, 3)", &[frames]))?
        }
        _ => return Err(Error::shape("pose", "(T, 24, 3)", &file.info("pose")?.shape)),
    };
    let vertices = match file.info("vertices").map(|info| info.shape) {
        Err(_) => None,
        Ok(shape) if matches!(shape[..], [1..=MAX_FRAMES, 1..=MAX_VERTICES, 3]) => Some(
            file.read("vertices")?
                .to_array_f32()
                .into_dimensionality::<Ix3>()
                .map_err(|_| Error::shape("vertices", "(T, V, 3)", &shape))?,
        ),
        Ok(shape) => return Err(Error::shape("vertices", "(T, V, 3)", &shape)),
    };
    Ok(Posed { pose, vertices })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::torch::{Tree, save};
    use crate::format::{RawTensor, npy};
    use crate::options::GenerateOptions;
    use crate::pipeline::Pipeline;

    fn walk() -> Motion {
        let options = GenerateOptions::default().with_num_inference_steps(4).with_num_frames(6);
        Pipeline::builtin().unwrap().generate("a person walks", &options).unwrap()
    }

    #[test]
    fn poses_come_from_features_from_a_fit_or_from_a_file_and_agree() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let motion = walk();
        motion.save(at("features.npy")).unwrap();
        npy::save_f32(at("joints.npy"), motion.mbench_joints().view().into_dyn()).unwrap();
        let bodies = Bodies::load(&BodyFiles::default()).unwrap();
        let kinds = [("features.npy", PoseSource::Features), ("joints.npy", PoseSource::Fitted)];
        for (name, kind) in kinds {
            assert_eq!(PoseSource::of(&at(name)).unwrap(), kind);
        }
        let features = bodies.posed(&at("features.npy"), PoseSource::Features).unwrap();
        let tensor = RawTensor::from_f32(features.pose.view().into_dyn());
        let vertices = bodies.body.forward(&bodies.params(features.pose.view())).unwrap().vertices;
        let vertices = RawTensor::from_f32(vertices.view().into_dyn());
        let dict = vec![("pose", Tree::Tensor(&tensor)), ("vertices", Tree::Tensor(&vertices))];
        save(at("file.pt"), &Tree::Dict(dict)).unwrap();
        assert_eq!(PoseSource::of(&at("file.pt")).unwrap(), PoseSource::File);
        let penetration =
            |name: &str, source| bodies.measure(&at(name), source, &[Dimension::Body_Penetration]).unwrap()[0];
        let from_features = penetration("features.npy", PoseSource::Features);
        assert_eq!(penetration("file.pt", PoseSource::File), from_features);
        assert!(from_features.is_finite() && from_features >= 0.0);
        // A fit finds the joints again, and so nearly the same knees and elbows.
        let fitted = bodies.posed(&at("joints.npy"), PoseSource::Fitted).unwrap().pose;
        let bend = |pose: &Array3<f32>, joint: usize| {
            pose.slice(s![.., joint, ..]).rows().into_iter().map(|r| r.dot(&r).sqrt()).sum::<f32>() / 6.0
        };
        for knee in [4, 5] {
            let (a, b) = (bend(&fitted, knee), bend(&features.pose, knee));
            assert!((a - b).abs() < 0.35, "joint {knee}: {a} {b} radians");
        }
    }

    #[test]
    fn pose_quality_needs_its_network_and_bodies_their_vertices() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pt");
        let pose = RawTensor::from_f32(Array3::<f32>::zeros((2, 24, 3)).view().into_dyn());
        let vertices = RawTensor::from_f32(Array3::<f32>::zeros((2, 5, 3)).view().into_dyn());
        save(&path, &Tree::Dict(vec![("pose", Tree::Tensor(&pose)), ("vertices", Tree::Tensor(&vertices))])).unwrap();
        let bodies = Bodies::load(&BodyFiles::default()).unwrap();
        let error = bodies.measure(&path, PoseSource::File, &[Dimension::Pose_Quality]).unwrap_err();
        assert!(matches!(error, Error::Config { .. }), "{error}");
        let error = bodies.measure(&path, PoseSource::File, &[Dimension::Body_Penetration]).unwrap_err();
        assert!(error.to_string().contains("body file"), "{error}");
    }
}

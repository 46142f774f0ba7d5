//! Pose quality of MBench: the distance of poses from plausible ones by a neural Riemannian distance field (NRDF, He et al.,
//! CVPR 2024). The user supplies the weights.

mod config;
mod net;

use std::path::Path;

pub use config::{Activation, NrdfConfig};
use glam::Vec3;
use ndarray::{Array1, Array2, Array3, ArrayView3};

use self::config::MAX_CONFIG_BYTES;
use crate::error::{Error, Result, check_finite};
use crate::format::{open_tensors, read_bounded};
use crate::motion::rotation::rows::quaternion_from_axis_angle;

/// Rows of a SMPL pose that are the network's 21 inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PoseRows {
    /// Rows 0 to 20, as in the release and in published scores: the root's orientation is in place of the first body joint, and
    /// every other joint in place of the next one.
    #[default]
    FromRoot,
    /// Rows 1 to 21: the 21 body joints, as in the network's training.
    BodyJoints,
}

/// A distance field of poses.
#[derive(Debug, Clone)]
pub struct Nrdf {
    network: net::Network,
}

impl Nrdf {
    /// Loads `config.yaml` and the checkpoint of a model folder: `checkpoints/checkpoint_epoch_best.tar`, or the same
    /// file next to the configuration.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a missing file, and those of [`Nrdf::load`].
    pub fn from_folder(folder: impl AsRef<Path>) -> Result<Self> {
        const CHECKPOINT: &str = "checkpoint_epoch_best.tar";
        let folder = folder.as_ref();
        let nested = folder.join("checkpoints").join(CHECKPOINT);
        let beside = folder.join(CHECKPOINT);
        let checkpoint = if nested.exists() || !beside.exists() { nested } else { beside };
        Self::load(checkpoint, folder.join("config.yaml"))
    }

    /// Loads a checkpoint and its configuration.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Io`]; [`Error::Config`] for an unsupported configuration;
    /// [`Error::Weights`] for tensors of other shapes; [`Error::Format`] for damaged files.
    pub fn load(checkpoint: impl AsRef<Path>, config: impl AsRef<Path>) -> Result<Self> {
        let bytes = read_bounded(config.as_ref(), MAX_CONFIG_BYTES)?;
        let text = String::from_utf8(bytes);
        let text = text.map_err(|_| Error::format("YAML", "it is not UTF-8").with_path(config.as_ref()))?;
        let source = open_tensors(checkpoint)?;
        Ok(Self { network: net::Network::load(NrdfConfig::parse(&text)?, source.as_ref())? })
    }

    /// Distances of poses, 0 for a plausible one.
    ///
    /// # Shapes
    /// - quaternions: `[poses, 21, 4]`, w first; the joints are those of the configuration
    /// - output: `[poses]`
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::NonFinite`].
    pub fn distance(&self, quaternions: ArrayView3<'_, f32>) -> Result<Array1<f32>> {
        Ok(self.network.distance(self.encode(quaternions)?.view()))
    }

    /// Features of the joints, the input of the distance, `[poses, 21 * 6]`; see [`Nrdf::distance`].
    ///
    /// # Errors
    /// As [`Nrdf::distance`].
    pub fn encode(&self, quaternions: ArrayView3<'_, f32>) -> Result<Array2<f32>> {
        let joints = self.network.joints();
        if quaternions.dim().1 != joints || quaternions.dim().2 != 4 {
            return Err(Error::shape("quaternions", format!("(N, {joints}, 4)"), quaternions.shape()));
        }
        check_finite("quaternions", &quaternions)?;
        Ok(self.network.encode(quaternions))
    }

    /// The distance of each pose of a motion; see [`Nrdf::pose_quality`].
    ///
    /// # Errors
    /// As [`Nrdf::pose_quality`].
    pub fn pose_distances(&self, pose: ArrayView3<'_, f32>, rows: PoseRows) -> Result<Array1<f32>> {
        let (frames, joints) = (pose.dim().0, self.network.joints());
        let first = usize::from(rows == PoseRows::BodyJoints);
        if frames == 0 || pose.dim().1 < joints + first || pose.dim().2 != 3 {
            return Err(Error::shape("pose", format!("(T, {}, 3) or more joints", joints + first), pose.shape()));
        }
        check_finite("pose", &pose)?;
        let mut quaternions = Array3::zeros((frames, joints, 4));
        for ((t, j), mut row) in ndarray::indices((frames, joints)).into_iter().zip(quaternions.rows_mut()) {
            let v = |c: usize| pose[[t, first + j, c]];
            let q = quaternion_from_axis_angle(Vec3::new(v(0), v(1), v(2)));
            row.assign(&Array1::from(q.to_vec()));
        }
        self.distance(quaternions.view())
    }

    /// The score `Pose_Quality`: 10 times the mean distance of the poses; lower is better.
    ///
    /// # Shapes
    /// - pose: `[frames, 24, 3]`, axis-angle in radians, the root first, as SMPL counts its joints
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::NonFinite`].
    pub fn pose_quality(&self, pose: ArrayView3<'_, f32>, rows: PoseRows) -> Result<f64> {
        let distances = self.pose_distances(pose, rows)?;
        Ok(10.0 * distances.iter().map(|d| f64::from(*d)).sum::<f64>() / distances.len() as f64)
    }
}

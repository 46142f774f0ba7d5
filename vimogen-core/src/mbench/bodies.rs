//! Files for measuring bodies.

use std::path::PathBuf;

use super::nrdf::{Nrdf, PoseRows};
use super::pose::PoseScorer;
use crate::body::BodyModel;
use crate::error::Result;

/// Files for measuring bodies. All are licensed and supplied by the user. Each has a built-in substitute except the network of
/// `Pose_Quality`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BodyFiles {
    /// A SMPL body, such as `SMPL_NEUTRAL.pkl`; without it the neutral body.
    pub body: Option<PathBuf>,
    /// Folder of the priors for fitting, `gmm_08.pkl` and `neutral_smpl_mean_params.h5`.
    pub priors: Option<PathBuf>,
    /// Folder of an NRDF model, which `Pose_Quality` needs.
    pub nrdf: Option<PathBuf>,
    /// Gives NRDF the 21 body joints of its training instead of the rows of the release.
    pub body_joints: bool,
}

impl BodyFiles {
    /// Loads the files.
    ///
    /// # Errors
    /// Those of reading the files.
    pub fn load(&self) -> Result<PoseScorer> {
        let body = self.body.as_ref().map_or_else(|| Ok(BodyModel::neutral().clone()), BodyModel::load)?;
        let scorer = PoseScorer::new(body, self.priors.as_deref())?;
        let rows = if self.body_joints { PoseRows::BodyJoints } else { PoseRows::FromRoot };
        Ok(match &self.nrdf {
            Some(folder) => scorer.with_nrdf(Nrdf::from_folder(folder)?, rows),
            None => scorer,
        })
    }

    /// Names of the files, for reports.
    pub fn about(&self) -> String {
        let name = |path: &Option<PathBuf>, without: &str| match path {
            Some(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            None => without.to_string(),
        };
        let rows = if self.body_joints { ", its rows the 21 body joints" } else { "" };
        let [body, priors, nrdf] = [(&self.body, "neutral"), (&self.priors, "built in"), (&self.nrdf, "none")]
            .map(|(path, without)| name(path, without));
        format!("body {body}, priors {priors}, NRDF {nrdf}{rows}")
    }
}

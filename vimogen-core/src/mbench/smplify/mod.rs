//! SMPLify: a body's pose and shape from its joints, as MBench's pose dimensions need it (Bogo et al., 2016, fitted to
//! 3D joints).
//!
//! Each frame is an independent problem with 85 unknowns. The release solves all frames of a clip as one problem by many
//! iterations of L-BFGS with automatic derivatives; here the joints' derivatives are analytic, and each frame takes damped
//! Gauss-Newton steps until convergence.

mod chain;
mod loss;
mod mean;
mod minimise;
mod parameters;
mod prior;

use std::path::Path;

pub use chain::{JointModel, SHAPES, SMPL_JOINTS};
use glam::DVec3;
pub use loss::{Loss, PRESERVE_WEIGHT, TORSO, Target, TorsoLoss, robust};
pub use mean::MeanParameters;
use minimise::minimise;
use ndarray::{Array2, Array3, ArrayView3};
pub use parameters::Parameters;
use parameters::{BODY, COUNT, TRANSLATION};
pub use prior::{GaussianMixture, angle_prior};
use rayon::prelude::*;

use crate::body::BodyModel;
use crate::error::{Error, Result, check_finite};
use crate::motion::layout::JOINTS;
use crate::process::with_pool;
use crate::progress::{OnProgress, Stage, report};

/// Frames per progress report: enough to keep many cores busy, a fraction of a second for one.
const FRAMES_A_REPORT: usize = 64;

/// Fits a body to joints.
#[derive(Debug, Clone)]
pub struct Smplify {
    body: JointModel,
    mean: MeanParameters,
    prior: GaussianMixture,
    builtin: bool,
}

/// A fitted motion.
#[derive(Debug, Clone)]
pub struct Fit {
    /// Axis-angle vectors of SMPL's 24 joints, `(T, 24, 3)`, radians.
    pub pose: Array3<f32>,
    /// Shapes, `(T, 10)`.
    pub betas: Array2<f32>,
    /// Translations of the model, `(T, 3)`, metres.
    pub translation: Array2<f32>,
    /// The fitted joints with their translation, `(T, 24, 3)`, metres.
    pub joints: Array3<f32>,
    /// The loss of each frame, without the term for the distance from the first pose.
    pub losses: Vec<f64>,
    /// Mean distance between the 22 joints and their targets, metres.
    pub mean_joint_error: f64,
}

impl Smplify {
    /// Fits a body from a mean pose and shape, with a prior; `None` selects the built-in ones.
    pub fn new(body: JointModel, mean: Option<MeanParameters>, prior: Option<GaussianMixture>) -> Self {
        let builtin = mean.is_none() || prior.is_none();
        let mean = mean.unwrap_or_else(MeanParameters::builtin);
        let prior = prior.unwrap_or_else(|| GaussianMixture::builtin(mean.parameters().body_pose()));
        Self { body, mean, prior, builtin }
    }

    /// Fits with `gmm_08.pkl` and `neutral_smpl_mean_params.h5` of a folder; a missing file is replaced by the built-in prior.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such folder; those of [`GaussianMixture::load`] and [`MeanParameters::load`].
    pub fn from_folder(body: &BodyModel, folder: Option<&Path>) -> Result<Self> {
        if let Some(missing) = folder.filter(|folder| !folder.is_dir()) {
            return Err(Error::NotFound { what: "folder of priors".into(), path: missing.into() });
        }
        let file = |name: &str| folder.map(|folder| folder.join(name)).filter(|path| path.exists());
        let mean = file("neutral_smpl_mean_params.h5").map(MeanParameters::load).transpose()?;
        let prior = file("gmm_08.pkl").map(GaussianMixture::load).transpose()?;
        Ok(Self::new(JointModel::new(body), mean, prior))
    }

    /// Whether the prior or the start is built in, which reports state next to the score.
    pub fn is_builtin(&self) -> bool {
        self.builtin
    }

    /// Fits every frame, in parallel: orientation and translation first, by hips and shoulders, then everything.
    ///
    /// # Shapes
    /// - joints: `[frames, 22, 3]`, metres, y up
    ///
    /// # Errors
    /// [`Error::Shape`] unless `joints` is `(T, 22, 3)` with `T >= 1`; [`Error::NonFinite`]; [`Error::Cancelled`].
    pub fn fit(&self, joints: ArrayView3<'_, f32>, on_progress: &mut OnProgress<'_>) -> Result<Fit> {
        match joints.dim() {
            (1.., JOINTS, 3) => check_finite("joints", &joints)?,
            _ => return Err(Error::shape("joints", "(T, 22, 3) with T >= 1", joints.shape())),
        }
        let targets: Vec<Target> = joints
            .outer_iter()
            .map(|frame| {
                let at = |j: usize| DVec3::from_array(std::array::from_fn(|c| f64::from(frame[[j, c]])));
                Target { joints: std::array::from_fn(at), confidence: [1.0; JOINTS] }
            })
            .collect();
        let mut fitted: Vec<Parameters> = Vec::with_capacity(targets.len());
        for group in targets.chunks(FRAMES_A_REPORT) {
            with_pool(|| fitted.par_extend(group.par_iter().map(|target| self.fit_frame(target))))?;
            report(on_progress, Stage::Fit, fitted.len(), targets.len())?;
        }
        Ok(self.gather(&targets, &fitted))
    }

    /// Fits one frame: from the mean pose, then from the centre of each Gaussian of the prior, since the one nearest to the
    /// mean is not always the best; the lowest loss wins.
    pub fn fit_frame(&self, target: &Target) -> Parameters {
        let mut x = self.mean.parameters().clone();
        let estimate = TorsoLoss::estimate(&self.body, target, &x);
        x.0[TRANSLATION..].copy_from_slice(&estimate.to_array());
        const PLACE: [usize; 6] = [0, 1, 2, TRANSLATION, TRANSLATION + 1, TRANSLATION + 2];
        let x = minimise(&TorsoLoss { body: &self.body, target, estimate }, x, &PLACE);
        let everything: [usize; COUNT] = std::array::from_fn(|i| i);
        let loss = self.loss(target, PRESERVE_WEIGHT);
        let mut best = minimise(&loss, x, &everything);
        let mut least = loss.value(&best);
        for centre in self.prior.centres() {
            let mut start = best.clone();
            start.0[BODY].copy_from_slice(centre);
            let found = minimise(&loss, start, &everything);
            let value = loss.value(&found);
            if value < least {
                (best, least) = (found, value);
            }
        }
        best
    }

    fn loss<'a>(&'a self, target: &'a Target, preserve_weight: f64) -> Loss<'a> {
        let preserve = self.mean.parameters().body_pose();
        Loss { body: &self.body, prior: &self.prior, target, preserve, preserve_weight }
    }

    fn gather(&self, targets: &[Target], fitted: &[Parameters]) -> Fit {
        let posed: Vec<_> = fitted.iter().map(|x| self.body.pose(x).joints).collect();
        let distance = |(target, joints): (&Target, &[DVec3; SMPL_JOINTS])| {
            target.joints.iter().zip(joints).map(|(a, b)| a.distance(*b)).sum::<f64>()
        };
        let frames = fitted.len();
        let number = |t: usize, i: usize| fitted[t].0[i] as f32;
        Fit {
            pose: Array3::from_shape_fn((frames, SMPL_JOINTS, 3), |(t, j, c)| number(t, 3 * j + c)),
            betas: Array2::from_shape_fn((frames, SHAPES), |(t, k)| number(t, parameters::BETAS + k)),
            translation: Array2::from_shape_fn((frames, 3), |(t, c)| number(t, TRANSLATION + c)),
            joints: Array3::from_shape_fn((frames, SMPL_JOINTS, 3), |(t, j, c)| posed[t][j][c] as f32),
            losses: targets.iter().zip(fitted).map(|(target, x)| self.loss(target, 0.0).value(x)).collect(),
            mean_joint_error: targets.iter().zip(&posed).map(distance).sum::<f64>() / (frames * JOINTS) as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::progress::{Progress, ignore};

    /// Joints of the neutral body in poses that drift.
    fn moving(frames: usize) -> Array3<f32> {
        let body = JointModel::new(BodyModel::neutral());
        let mut joints = Array3::zeros((frames, JOINTS, 3));
        for t in 0..frames {
            let phase = |i: usize| 0.25 * (0.4 * t as f64 + 1.3 * i as f64).sin();
            let mut x = MeanParameters::builtin().parameters().clone();
            x.0.iter_mut().enumerate().take(72).for_each(|(i, v)| *v += phase(i));
            x.0[TRANSLATION] = 0.1 * t as f64;
            let posed = body.pose(&x);
            for (j, c) in ndarray::indices((JOINTS, 3)) {
                joints[[t, j, c]] = posed.joints[j][c] as f32;
            }
        }
        joints
    }

    #[test]
    fn joints_of_a_body_are_found_again_to_a_centimetre() {
        let joints = moving(4);
        let fit =
            Smplify::new(JointModel::new(BodyModel::neutral()), None, None).fit(joints.view(), &mut ignore).unwrap();
        assert_eq!((fit.pose.dim(), fit.betas.dim()), ((4, 24, 3), (4, 10)));
        assert!(fit.mean_joint_error < 0.01, "{}", fit.mean_joint_error);
        assert!(fit.pose.iter().chain(&fit.joints).all(|v| v.is_finite()));
        assert!(fit.translation[[3, 0]] > fit.translation[[0, 0]] + 0.2);
    }

    #[test]
    fn a_frame_is_fitted_alike_whatever_clip_it_is_in_and_wherever_it_stands() {
        let joints = moving(3);
        let smplify = Smplify::new(JointModel::new(BodyModel::neutral()), None, None);
        let all = smplify.fit(joints.view(), &mut ignore).unwrap();
        let last = smplify.fit(joints.slice(ndarray::s![2.., .., ..]), &mut ignore).unwrap();
        assert_eq!(all.pose.index_axis(ndarray::Axis(0), 2), last.pose.index_axis(ndarray::Axis(0), 0));
        let raised = smplify.fit((&joints + 1.0).view(), &mut ignore).unwrap();
        let close = raised.pose.iter().zip(&all.pose).all(|(a, b)| (a - b).abs() < 1e-3);
        assert!(close, "raising the joints raises the body and changes nothing else");
    }

    #[test]
    fn the_gaussian_that_a_pose_belongs_to_is_found_from_any_start() {
        // Two narrow Gaussians, at the start and far from it; the target is at the far one.
        let builtin = MeanParameters::builtin();
        let near = builtin.parameters().body_pose();
        let far: Vec<f64> = near.iter().enumerate().map(|(i, v)| v + 0.7 * (i as f64 * 2.1).sin()).collect();
        let mut covars = vec![0.0; 2 * 69 * 69];
        (0..2).flat_map(|g| (0..69).map(move |i| g * 69 * 69 + 70 * i)).for_each(|at| covars[at] = 1e-4);
        let prior = GaussianMixture::new(&[near, &far].concat(), &covars, &[0.5, 0.5]).unwrap();
        let body = JointModel::new(BodyModel::neutral());
        let mut truth = builtin.parameters().clone();
        truth.0[BODY].copy_from_slice(&far);
        let joints = body.pose(&truth).joints;
        let target = Target { joints: std::array::from_fn(|j| joints[j]), confidence: [1.0; JOINTS] };
        let found = Smplify::new(body, None, Some(prior.clone())).fit_frame(&target);
        assert_eq!(prior.cost(found.body_pose()).1, 1);
    }

    #[test]
    fn bodies_that_face_any_way_are_fitted() {
        let joints = moving(1);
        let smplify = Smplify::new(JointModel::new(BodyModel::neutral()), None, None);
        for degrees in [0.0f32, 90.0, 179.0, 270.0] {
            let (sin, cos) = degrees.to_radians().sin_cos();
            let mut turned = joints.clone();
            for mut p in turned.rows_mut() {
                (p[0], p[2]) = (cos * p[0] + sin * p[2], cos * p[2] - sin * p[0]);
            }
            let error = smplify.fit(turned.view(), &mut ignore).unwrap().mean_joint_error;
            assert!(error < 0.01, "{degrees} degrees: {error}");
        }
    }

    #[test]
    fn a_folder_without_the_published_files_means_the_built_in_ones() {
        let (body, folder) = (BodyModel::neutral(), tempfile::tempdir().unwrap());
        let smplify = Smplify::from_folder(body, Some(folder.path())).unwrap();
        assert!(smplify.is_builtin());
        assert!(matches!(Smplify::from_folder(body, Some(Path::new("none"))), Err(Error::NotFound { .. })));
        std::fs::write(folder.path().join("gmm_08.pkl"), b"broken").unwrap();
        assert!(Smplify::from_folder(body, Some(folder.path())).is_err());
    }

    #[test]
    fn frames_are_reported_and_fitting_can_be_stopped() {
        let smplify = Smplify::new(JointModel::new(BodyModel::neutral()), None, None);
        let joints = Array3::zeros((FRAMES_A_REPORT + 1, 22, 3));
        let mut steps = Vec::new();
        let mut note = |progress: Progress| {
            steps.push((progress.stage, progress.step, progress.total));
            ControlFlow::Continue(())
        };
        smplify.fit(joints.view(), &mut note).unwrap();
        assert_eq!(steps, [(Stage::Fit, 64, 65), (Stage::Fit, 65, 65)]);
        let stopped = smplify.fit(joints.view(), &mut |_| ControlFlow::Break(()));
        assert!(matches!(stopped, Err(Error::Cancelled)));
    }

    #[test]
    fn wrong_joints_are_errors() {
        let smplify = Smplify::new(JointModel::new(BodyModel::neutral()), None, None);
        assert!(matches!(smplify.fit(Array3::zeros((0, 22, 3)).view(), &mut ignore), Err(Error::Shape { .. })));
        assert!(matches!(smplify.fit(Array3::zeros((1, 24, 3)).view(), &mut ignore), Err(Error::Shape { .. })));
        let nan = Array3::from_elem((1, 22, 3), f32::NAN);
        assert!(matches!(smplify.fit(nan.view(), &mut ignore), Err(Error::NonFinite { .. })));
    }

    #[test]
    fn joints_that_no_body_has_give_finite_poses() {
        let smplify = Smplify::new(JointModel::new(BodyModel::neutral()), None, None);
        let scattered = |scale: f32| Array3::from_shape_fn((1, 22, 3), |(_, j, c)| scale * ((7 * j + c) as f32).sin());
        for scale in [0.0, 1e-20, 1e3, 1e30] {
            let fit = smplify.fit(scattered(scale).view(), &mut ignore).unwrap();
            assert!(fit.pose.iter().all(|v| v.is_finite()), "joints scattered by {scale} m");
        }
    }
}

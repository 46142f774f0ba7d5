//! The objective of SMPLify: distances of joints, and priors of pose and shape.

use glam::DVec3;
use nalgebra::{DMatrix, DVector};

use super::chain::{JointModel, Posed};
use super::parameters::{BETAS, BODY, COUNT, Parameters, TRANSLATION};
use super::prior::{GaussianMixture, angle_prior, angle_prior_derivatives};
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::joint::{LEFT_HIP, LEFT_SHOULDER, RIGHT_HIP, RIGHT_SHOULDER};

/// Distance at which [`robust`] levels off, metres.
const SIGMA: f64 = 100.0;
const JOINT_WEIGHT: f64 = 600.0 * 600.0;
const POSE_PRIOR_WEIGHT: f64 = (4.78 * 1.5) * (4.78 * 1.5);
const ANGLE_PRIOR_WEIGHT: f64 = 15.2 * 15.2;
const SHAPE_WEIGHT: f64 = 5.0 * 5.0;
/// Weight of the distance from the first pose during fitting; not part of the reported loss.
pub const PRESERVE_WEIGHT: f64 = 5.0;
/// Weight of the distance from the estimated translation, in the torso's loss.
const DEPTH_WEIGHT: f64 = 100.0 * 100.0;
/// The joints that determine orientation and translation.
pub const TORSO: [usize; 4] = [RIGHT_HIP, LEFT_HIP, RIGHT_SHOULDER, LEFT_SHOULDER];

/// The Geman-McClure error `s^2 x^2 / (s^2 + x^2)` of a distance.
pub fn robust(x: f64, sigma: f64) -> f64 {
    let (xx, ss) = (x * x, sigma * sigma);
    ss * xx / (ss + xx)
}

/// The derivative of [`robust`] by `x^2`: the weight of a squared distance.
fn robust_weight(x: f64) -> f64 {
    let q = SIGMA * SIGMA / (SIGMA * SIGMA + x * x);
    q * q
}

/// Target joints of a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The 22 joints, metres.
    pub joints: [DVec3; JOINTS],
    /// Weight of each joint, normally 1.
    pub confidence: [f64; JOINTS],
}

/// The loss of a frame.
#[derive(Debug)]
pub struct Loss<'a> {
    /// The body.
    pub body: &'a JointModel,
    /// Prior of the pose.
    pub prior: &'a GaussianMixture,
    /// Target joints.
    pub target: &'a Target,
    /// The body pose of the first fit.
    pub preserve: &'a [f64],
    /// Weight of the distance from that pose.
    pub preserve_weight: f64,
}

/// A loss as a quadratic around a point: value, slope, and a positive definite second derivative.
pub(super) struct Quadratic {
    pub gradient: DVector<f64>,
    pub hessian: DMatrix<f64>,
}

impl Loss<'_> {
    /// The loss: `600^2 sum conf^2 GM(joint - target) + (4.78 * 1.5)^2 prior + 15.2^2 angle prior + 5^2 |betas|^2 +
    /// w^2 |pose - preserved pose|^2`, where GM is [`robust`] of each coordinate with a sigma of 100.
    pub fn value(&self, x: &Parameters) -> f64 {
        let joints = self.body.pose(x).joints;
        let error = |j: usize| {
            let off = (joints[j] - self.target.joints[j]).to_array();
            self.target.confidence[j].powi(2) * off.map(|d| robust(d, SIGMA)).iter().sum::<f64>()
        };
        let preserved = x.body_pose().iter().zip(self.preserve).map(|(p, q)| (p - q).powi(2)).sum::<f64>();
        JOINT_WEIGHT * (0..JOINTS).map(error).sum::<f64>()
            + POSE_PRIOR_WEIGHT * self.prior.cost(x.body_pose()).0
            + ANGLE_PRIOR_WEIGHT * angle_prior(x.body_pose()).iter().sum::<f64>()
            + SHAPE_WEIGHT * x.betas().iter().map(|b| b * b).sum::<f64>()
            + self.preserve_weight.powi(2) * preserved
    }

    /// The derivative of [`Loss::value`] by the 85 parameters.
    pub fn gradient(&self, x: &Parameters) -> Vec<f64> {
        self.quadratic(x).gradient.as_slice().to_vec()
    }

    /// The loss around `x`. The second derivative omits the curvature of the joints' paths (Gauss-Newton).
    pub(super) fn quadratic(&self, x: &Parameters) -> Quadratic {
        let mut q = Quadratic { gradient: DVector::zeros(COUNT), hessian: DMatrix::zeros(COUNT, COUNT) };
        let posed = self.body.pose(x);
        for j in 0..JOINTS {
            let off = posed.joints[j] - self.target.joints[j];
            let weight = 2.0 * JOINT_WEIGHT * self.target.confidence[j].powi(2);
            q.add_joint(&posed, j, off, weight * DVec3::from_array(off.to_array().map(robust_weight)));
        }
        self.add_priors(x, &mut q);
        q
    }

    fn add_priors(&self, x: &Parameters, q: &mut Quadratic) {
        let pose = x.body_pose();
        let chosen = self.prior.cost(pose).1;
        for (i, slope) in self.prior.gradient(pose, chosen).into_iter().enumerate() {
            q.gradient[BODY.start + i] += POSE_PRIOR_WEIGHT * slope;
        }
        let mut block = q.hessian.view_mut((BODY.start, BODY.start), (pose.len(), pose.len()));
        block += self.prior.precision(chosen) * POSE_PRIOR_WEIGHT;
        for (entry, slope, curve) in angle_prior_derivatives(pose) {
            q.add_diagonal(BODY.start + entry, ANGLE_PRIOR_WEIGHT * slope, ANGLE_PRIOR_WEIGHT * curve);
        }
        for (i, beta) in x.betas().iter().enumerate() {
            q.add_diagonal(BETAS + i, 2.0 * SHAPE_WEIGHT * beta, 2.0 * SHAPE_WEIGHT);
        }
        let weight = 2.0 * self.preserve_weight.powi(2);
        for (i, (p, kept)) in pose.iter().zip(self.preserve).enumerate() {
            q.add_diagonal(BODY.start + i, weight * (p - kept), weight);
        }
    }
}

impl Quadratic {
    /// Adds `0.5 w (joint - target)^2`; `off` is the difference, `w` the weight of each coordinate.
    fn add_joint(&mut self, posed: &Posed, joint: usize, off: DVec3, weight: DVec3) {
        let mut columns = [(0, DVec3::ZERO); COUNT];
        let mut count = 0;
        posed.derivatives(joint, |column, d| {
            columns[count] = (column, d);
            count += 1;
        });
        let columns = &columns[..count];
        for (i, (a, da)) in columns.iter().enumerate() {
            let weighted = weight * *da;
            self.gradient[*a] += weighted.dot(off);
            for (b, db) in &columns[i..] {
                let product = weighted.dot(*db);
                self.hessian[(*a, *b)] += product;
                if a != b {
                    self.hessian[(*b, *a)] += product;
                }
            }
        }
    }

    fn add_diagonal(&mut self, i: usize, slope: f64, curve: f64) {
        self.gradient[i] += slope;
        self.hessian[(i, i)] += curve;
    }
}

/// The loss of the first step, for orientation and translation: squared distances of hips and shoulders, and
/// `100^2 |translation - estimate|^2`, counted once per joint, as the release does.
#[derive(Debug)]
pub struct TorsoLoss<'a> {
    /// The body.
    pub body: &'a JointModel,
    /// Target joints.
    pub target: &'a Target,
    /// The estimated translation, metres.
    pub estimate: DVec3,
}

impl TorsoLoss<'_> {
    /// The mean difference of hips and shoulders between a target and the body at `x` without its translation.
    pub fn estimate(body: &JointModel, target: &Target, x: &Parameters) -> DVec3 {
        let joints = body.pose(x).joints;
        let off = |sum: DVec3, j: &usize| sum + target.joints[*j] - (joints[*j] - x.translation());
        TORSO.iter().fold(DVec3::ZERO, off) / TORSO.len() as f64
    }

    /// The loss.
    pub fn value(&self, x: &Parameters) -> f64 {
        let joints = self.body.pose(x).joints;
        let distances: f64 = TORSO.iter().map(|j| joints[*j].distance_squared(self.target.joints[*j])).sum();
        distances + TORSO.len() as f64 * DEPTH_WEIGHT * x.translation().distance_squared(self.estimate)
    }

    /// The derivative of [`TorsoLoss::value`] by the 85 parameters, of which orientation and translation are fitted.
    pub fn gradient(&self, x: &Parameters) -> Vec<f64> {
        self.quadratic(x).gradient.as_slice().to_vec()
    }

    pub(super) fn quadratic(&self, x: &Parameters) -> Quadratic {
        let mut q = Quadratic { gradient: DVector::zeros(COUNT), hessian: DMatrix::zeros(COUNT, COUNT) };
        let posed = self.body.pose(x);
        for j in TORSO {
            q.add_joint(&posed, j, posed.joints[j] - self.target.joints[j], DVec3::splat(2.0));
        }
        let weight = 2.0 * TORSO.len() as f64 * DEPTH_WEIGHT;
        for (c, off) in (x.translation() - self.estimate).to_array().into_iter().enumerate() {
            q.add_diagonal(TRANSLATION + c, weight * off, weight);
        }
        q
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::BodyModel;

    fn target(body: &JointModel) -> Target {
        let joints = body.pose(&Parameters::ZERO).joints;
        let moved = |j: usize| joints[j] + DVec3::new(0.1, -0.2, 0.05) * (j as f64).sin();
        Target { joints: std::array::from_fn(moved), confidence: std::array::from_fn(|j| 1.0 + 0.1 * j as f64) }
    }

    fn somewhere() -> Parameters {
        Parameters(std::array::from_fn(|i| 0.3 * (i as f64 * 2.3).sin()))
    }

    #[track_caller]
    fn check(value: impl Fn(&Parameters) -> f64, gradient: &[f64]) {
        let h = 1e-6;
        for (i, slope) in gradient.iter().enumerate() {
            let at = |by: f64| {
                let mut x = somewhere();
                x.0[i] += by;
                value(&x)
            };
            let numeric = (at(h) - at(-h)) / (2.0 * h);
            assert!((numeric - slope).abs() <= 1e-6 * slope.abs().max(1e3), "parameter {i}: {numeric} {slope}");
        }
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        let body = JointModel::new(BodyModel::neutral());
        let (target, mean) = (target(&body), [0.1; 69]);
        let prior = GaussianMixture::builtin(&mean);
        let loss = Loss { body: &body, prior: &prior, target: &target, preserve: &mean, preserve_weight: 5.0 };
        check(|x| loss.value(x), &loss.gradient(&somewhere()));
        let torso = TorsoLoss { body: &body, target: &target, estimate: DVec3::new(0.1, 0.2, 0.3) };
        check(|x| torso.value(x), &torso.gradient(&somewhere()));
    }

    #[test]
    fn the_robust_error_is_a_square_near_zero_and_levels_off() {
        assert!((robust(0.01, 100.0) - 1e-4).abs() < 1e-11);
        assert!(robust(1e6, 1.0) < 1.0 && robust(1e6, 1.0) > 0.999);
    }
}

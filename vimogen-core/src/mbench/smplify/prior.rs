//! Prior of body poses: a mixture of Gaussians, and a penalty on elbows and knees that bend backwards.

use std::path::Path;

use nalgebra::{Cholesky, DMatrix, DVector};

use crate::error::{Error, Result};
use crate::format::pickle::{self, PLAIN_GLOBALS, numpy};
use crate::format::{DType, RawTensor, read_bounded};

/// Values of a body pose: 23 axis-angle vectors.
pub const POSE: usize = 69;
/// Maximum number of Gaussians in a file.
const MAX_GAUSSIANS: usize = 256;
/// Maximum file size, bytes: 256 Gaussians in f64.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// Elbows and knees (entry of the body pose, sign): the direction in which each does not bend.
const HINGES: [(usize, f64); 4] = [(52, 1.0), (55, -1.0), (9, -1.0), (12, -1.0)];

/// The squared exponentials of the four hinges, and for each its entry of the pose and its first and second derivative.
pub fn angle_prior(body_pose: &[f64]) -> [f64; 4] {
    HINGES.map(|(entry, sign)| (2.0 * sign * body_pose[entry]).exp())
}

/// Entry of the pose, first and second derivative of each term of [`angle_prior`].
pub(super) fn angle_prior_derivatives(body_pose: &[f64]) -> [(usize, f64, f64); 4] {
    HINGES.map(|(entry, sign)| {
        let value = (2.0 * sign * body_pose[entry]).exp();
        (entry, 2.0 * sign * value, 4.0 * value)
    })
}

/// The likelihood of a body pose as SMPLify (Bogo et al., 2016) measures it: the smallest, over the Gaussians of a
/// mixture, of `0.5 d^T P d - log w`, where d is the distance from the mean and P the inverse covariance.
#[derive(Debug, Clone)]
pub struct GaussianMixture {
    gaussians: Vec<Gaussian>,
}

#[derive(Debug, Clone)]
struct Gaussian {
    mean: DVector<f64>,
    precision: DMatrix<f64>,
    log_weight: f64,
}

impl GaussianMixture {
    /// Reads `gmm_08.pkl`: a pickled dict of `means` (n, 69), `covars` (n, 69, 69) and `weights` (n).
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Io`], [`Error::TooLarge`]; [`Error::Format`] for other contents.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = read_bounded(path, MAX_FILE_BYTES)?;
        Self::parse(&bytes).map_err(|e| e.with_path(path))
    }

    fn parse(bytes: &[u8]) -> Result<Self> {
        let file = pickle::parse(bytes, &[PLAIN_GLOBALS, numpy::NUMPY_GLOBALS])?;
        let entries = file.root().entries().ok_or_else(|| bad("it is no dict"))?;
        let array = |name: &str, axes: &[usize]| {
            let found = entries.iter().find(|[key, _]| key.as_str() == Some(name));
            let tensor = found.map(|[_, value]| numpy::array(*value)).transpose()?.flatten();
            let tensor = tensor.ok_or_else(|| bad(format!("it has no array {name:?}")))?;
            match tensor.shape() {
                [n @ 1..=MAX_GAUSSIANS, rest @ ..] if rest == axes => Ok((*n, doubles(&tensor, name)?)),
                got => Err(bad(format!("{name:?} has the shape {got:?}, not (n, {axes:?})"))),
            }
        };
        let (n, means) = array("means", &[POSE])?;
        let (m, covars) = array("covars", &[POSE, POSE])?;
        let (k, weights) = array("weights", &[])?;
        if n != m || n != k {
            return Err(bad(format!("it has {n} means, {m} covariances and {k} weights")));
        }
        Self::new(&means, &covars, &weights)
    }

    /// A mixture from its means, covariances and weights, one after the other.
    ///
    /// The weight of a Gaussian is `w / ((2 pi)^(69/2) sqrt(det C) / min sqrt(det C))`, rounded to f32 before its
    /// logarithm, as the release does: in the published mixture one weight underflows to 0, so that this Gaussian is
    /// never chosen, and four are subnormal.
    pub(super) fn new(means: &[f64], covars: &[f64], weights: &[f64]) -> Result<Self> {
        let mut parts = Vec::new();
        for (mean, covar) in means.chunks_exact(POSE).zip(covars.chunks_exact(POSE * POSE)) {
            let matrix = DMatrix::from_row_slice(POSE, POSE, covar);
            let factor = Cholesky::new(matrix).ok_or_else(|| bad("a covariance is not positive definite"))?;
            let half_log_det: f64 = factor.l_dirty().diagonal().iter().map(|d| d.ln()).sum();
            parts.push((DVector::from_row_slice(mean), factor.inverse(), half_log_det));
        }
        let least = parts.iter().map(|(_, _, log)| *log).fold(f64::INFINITY, f64::min);
        let norm = (2.0 * std::f64::consts::PI).powf(POSE as f64 / 2.0);
        let gaussians = parts.into_iter().zip(weights).map(|((mean, precision, half_log_det), weight)| {
            let rounded = (weight / (norm * (half_log_det - least).exp())) as f32;
            Gaussian { mean, precision, log_weight: f64::from(rounded).ln() }
        });
        let mixture = Self { gaussians: gaussians.collect() };
        let usable =
            |g: &Gaussian| g.log_weight.is_finite() && g.mean.iter().chain(&g.precision).all(|v| v.is_finite());
        let broken = |g: &Gaussian| g.log_weight.is_nan() || g.mean.iter().chain(&g.precision).any(|v| !v.is_finite());
        if mixture.gaussians.iter().any(broken) || !mixture.gaussians.iter().any(usable) {
            return Err(bad("its Gaussians hold numbers that are not finite, or all their weights are 0"));
        }
        Ok(mixture)
    }

    /// The built-in prior: one Gaussian around a mean pose, independent in all angles, with round standard deviations of this
    /// project's own (radians), larger for hips and shoulders than for the spine, the feet and the hands.
    pub(super) fn builtin(mean: &[f64]) -> Self {
        // Of joints 1 to 23, as SMPL counts them.
        const DEVIATIONS: [f64; 23] = [
            0.5, 0.5, 0.2, 0.6, 0.6, 0.15, 0.25, 0.25, 0.1, 0.15, 0.15, 0.25, 0.2, 0.2, 0.25, 0.6, 0.6, 0.7, 0.7, 0.3,
            0.3, 0.15, 0.15,
        ];
        let precisions = DEVIATIONS.iter().flat_map(|d| [1.0 / (d * d); 3]);
        let precision = DMatrix::from_diagonal(&DVector::from_iterator(POSE, precisions));
        Self { gaussians: vec![Gaussian { mean: DVector::from_row_slice(mean), precision, log_weight: 0.0 }] }
    }

    /// The mean pose of each Gaussian that can be chosen.
    pub(super) fn centres(&self) -> impl Iterator<Item = &[f64]> {
        self.gaussians.iter().filter(|g| g.log_weight.is_finite()).map(|g| g.mean.as_slice())
    }

    /// The logarithm of each Gaussian's weight, minus infinity where it underflows.
    pub fn log_weights(&self) -> Vec<f64> {
        self.gaussians.iter().map(|g| g.log_weight).collect()
    }

    /// The cost of a pose, and the index of its Gaussian.
    ///
    /// # Shapes
    /// - body_pose: `[69]`, radians
    pub fn cost(&self, body_pose: &[f64]) -> (f64, usize) {
        let mut best = (f64::INFINITY, 0);
        for (i, g) in self.gaussians.iter().enumerate().filter(|(_, g)| g.log_weight.is_finite()) {
            let d = DVector::from_row_slice(body_pose) - &g.mean;
            let value = 0.5 * d.dot(&(&g.precision * &d)) - g.log_weight;
            if value < best.0 {
                best = (value, i);
            }
        }
        best
    }

    /// The derivative of the cost at a pose whose Gaussian is `chosen`.
    pub fn gradient(&self, body_pose: &[f64], chosen: usize) -> Vec<f64> {
        let g = &self.gaussians[chosen];
        (&g.precision * (DVector::from_row_slice(body_pose) - &g.mean)).as_slice().to_vec()
    }

    /// The second derivative of the cost where the Gaussian is `chosen`: symmetric, 69 x 69.
    pub(super) fn precision(&self, chosen: usize) -> &DMatrix<f64> {
        &self.gaussians[chosen].precision
    }
}

/// The elements of an f64 or f32 array.
fn doubles(tensor: &RawTensor, name: &str) -> Result<Vec<f64>> {
    match tensor.dtype() {
        DType::F64 => Ok(tensor.bytes().as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect()),
        DType::F32 => Ok(tensor.to_f32().into_iter().map(f64::from).collect()),
        other => Err(bad(format!("{name:?} holds {other:?}, not floating point numbers"))),
    }
}

fn bad(reason: impl Into<String>) -> Error {
    Error::format("pose prior", reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_gaussian_is_chosen_and_its_slope_is_that_of_the_cost() {
        let mut means = vec![0.0; 2 * POSE];
        means[POSE..].fill(1.0);
        let mut covars = vec![0.0; 2 * POSE * POSE];
        for (i, at) in (0..2).flat_map(|g| (0..POSE).map(move |i| (i, g * POSE * POSE + i * (POSE + 1)))) {
            covars[at] = 0.5 + 0.01 * i as f64;
        }
        let prior = GaussianMixture::new(&means, &covars, &[0.5, 0.5]).unwrap();
        let pose = [0.8; POSE];
        let (cost, chosen) = prior.cost(&pose);
        assert_eq!((chosen, prior.cost(&[0.2; POSE]).1), (1, 0));
        let slope = prior.gradient(&pose, chosen);
        let mut moved = pose;
        moved[7] += 1e-6;
        assert!(((prior.cost(&moved).0 - cost) / 1e-6 - slope[7]).abs() < 1e-4);
    }

    #[test]
    fn broken_mixtures_are_errors() {
        let flat = vec![0.0; POSE * POSE];
        let text = GaussianMixture::new(&[0.0; POSE], &flat, &[1.0]).unwrap_err().to_string();
        assert!(text.contains("positive definite"), "{text}");
        let mut unit = flat;
        unit.iter_mut().step_by(POSE + 1).for_each(|v| *v = 1.0);
        assert!(GaussianMixture::new(&[0.0; POSE], &unit, &[1.0]).is_ok());
        assert!(GaussianMixture::new(&[f64::NAN; POSE], &unit, &[1.0]).is_err());
        assert!(GaussianMixture::new(&[0.0; POSE], &unit, &[0.0]).is_err());
        assert!(GaussianMixture::parse(b"no pickle").is_err());
    }
}

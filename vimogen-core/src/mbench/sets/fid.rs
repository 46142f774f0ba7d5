//! The Fréchet distance of two sets of features, each modelled as a normal distribution.

use nalgebra::{DMatrix, DVector, SymmetricEigen};
use ndarray::ArrayView2;

use super::check;
use crate::error::{Error, Result};

/// Maximum number of features: two matrices of this size are diagonalised.
const MAX_FEATURES: usize = 2048;

/// Fréchet inception distance: `|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))` of the means and the sample covariances
/// (divided by n - 1).
///
/// The trace of the root is that of `(S C2 S)^(1/2)`, S = `C1^(1/2)`, which is symmetric: its eigenvalues are real, unlike
/// those of a general matrix root, which get small imaginary parts.
///
/// # Shapes
/// - `a`, `b`: `[motions, features]`, at least two rows
///
/// # Errors
/// [`Error::Shape`] for fewer than two rows, more than 2048 or unequal features, [`Error::NonFinite`].
pub fn fid(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>) -> Result<f64> {
    for (name, rows) in [("generated", a), ("real", b)] {
        check(name, rows)?;
        if rows.nrows() < 2 || rows.ncols() > MAX_FEATURES || rows.ncols() != a.ncols() {
            return Err(Error::shape(name, format!("(N >= 2, {})", a.ncols().min(MAX_FEATURES)), rows.shape()));
        }
    }
    let ((mean_a, cov_a), (mean_b, cov_b)) = (moments(a), moments(b));
    let root = root(cov_a.clone());
    let middle = &root * &cov_b * &root;
    // Rounding makes it slightly asymmetric.
    let middle = (&middle + middle.transpose()) * 0.5;
    let cross: f64 = middle.symmetric_eigenvalues().iter().map(|value| value.max(0.0).sqrt()).sum();
    let distance = (mean_a - mean_b).norm_squared() + cov_a.trace() + cov_b.trace() - 2.0 * cross;
    Ok(distance.max(0.0))
}

/// Mean and sample covariance.
fn moments(rows: ArrayView2<'_, f32>) -> (DVector<f64>, DMatrix<f64>) {
    let (n, d) = rows.dim();
    let data = DMatrix::from_fn(n, d, |row, column| f64::from(rows[[row, column]]));
    let mean = data.row_mean().transpose();
    let centred = DMatrix::from_fn(n, d, |row, column| data[(row, column)] - mean[column]);
    let covariance = centred.tr_mul(&centred) / (n - 1) as f64;
    (mean, covariance)
}

/// The symmetric root of a covariance.
fn root(covariance: DMatrix<f64>) -> DMatrix<f64> {
    let SymmetricEigen { eigenvectors, eigenvalues } = covariance.symmetric_eigen();
    let roots = eigenvalues.map(|value| value.max(0.0).sqrt());
    &eigenvectors * DMatrix::from_diagonal(&roots) * eigenvectors.transpose()
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use ndarray::Array2;

    use super::*;

    /// Features that a script in another language can repeat exactly.
    fn features(rows: usize, columns: usize, salt: usize) -> Array2<f32> {
        let wave = |n: usize, c: usize| ((n * 37 + c * 101 + salt * 13) % 97) as f32 / 97.0;
        Array2::from_shape_fn((rows, columns), |(n, c)| wave(n, c) + 0.1 * wave(n, c + 1) * (c + salt) as f32)
    }

    #[test]
    fn normal_distributions_with_equal_axes_have_a_closed_form() {
        // Points at +-s on each axis have the covariance 2 s^2 / (2 d - 1) times the identity.
        let points = |s: f32, shift: f32| {
            Array2::from_shape_fn((6, 3), |(n, c)| {
                shift + if n / 2 == c { if n % 2 == 0 { s } else { -s } } else { 0.0 }
            })
        };
        let got = fid(points(1.0, 0.0).view(), points(3.0, 2.0).view()).unwrap();
        let std = |s: f64| (2.0 * s * s / 5.0).sqrt();
        assert_relative_eq!(got, 3.0 * 4.0 + 3.0 * (std(1.0) - std(3.0)).powi(2), epsilon = 1e-6);
    }

    #[test]
    fn the_distance_is_that_of_scipy() {
        // numpy.cov and scipy.linalg.sqrtm of the same features in float64.
        let first = fid(features(60, 8, 1).view(), features(80, 8, 5).view()).unwrap();
        assert_relative_eq!(first, 0.417_070_046_512, max_relative = 1e-6);
        // Fewer motions than features: singular covariances.
        let second = fid(features(10, 24, 1).view(), features(12, 24, 3).view()).unwrap();
        assert_relative_eq!(second, 2.071_037_3, max_relative = 1e-5);
    }

    #[test]
    fn a_set_is_no_distance_from_itself_and_both_ways_are_one() {
        let (a, b) = (features(40, 12, 2), features(50, 12, 7));
        assert!(fid(a.view(), a.view()).unwrap() < 1e-9);
        let (there, back) = (fid(a.view(), b.view()).unwrap(), fid(b.view(), a.view()).unwrap());
        assert_relative_eq!(there, back, max_relative = 1e-9);
    }

    #[test]
    fn sets_without_a_covariance_are_errors() {
        let good = features(5, 4, 1);
        assert!(matches!(fid(good.view(), features(1, 4, 1).view()), Err(Error::Shape { .. })));
        assert!(matches!(fid(good.view(), features(5, 3, 1).view()), Err(Error::Shape { .. })));
    }
}

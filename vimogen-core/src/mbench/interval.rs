//! 95 % confidence intervals of means over motions and of shares of motions.

use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::aggregate::Share;

/// Resamples of the bootstrap.
const RESAMPLES: usize = 2000;
/// The standard normal quantile of 97.5 %.
pub(super) const Z: f64 = 1.959_963_984_540_054;

/// Interval of a mean by the percentile bootstrap (Efron 1979), for any distribution, with a fixed seed. `None` for fewer than
/// two values or a value that is not finite.
pub fn of_mean(values: &[f32]) -> Option<(f64, f64)> {
    if values.len() < 2 || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let mut rng = ChaCha12Rng::seed_from_u64(0);
    let mut draw = || f64::from(values[rng.random_range(0..values.len())]);
    let mut means: Vec<f64> =
        (0..RESAMPLES).map(|_| values.iter().map(|_| draw()).sum::<f64>() / values.len() as f64).collect();
    means.sort_by(f64::total_cmp);
    Some((means[RESAMPLES / 40], means[RESAMPLES - 1 - RESAMPLES / 40]))
}

/// Interval of a share (Wilson 1927), valid also near 0 and 1. `None` for no motions.
pub fn of_share(share: &Share) -> Option<(f64, f64)> {
    if share.total == 0 {
        return None;
    }
    let n = share.total as f64;
    let middle = (share.accuracy + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let spread = (share.accuracy * (1.0 - share.accuracy) / n + Z * Z / (4.0 * n * n)).sqrt() * Z / (1.0 + Z * Z / n);
    Some((middle - spread, middle + spread))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_mean_is_that_of_the_normal_distribution_for_many_values() {
        let values: Vec<f32> = (0..400).map(|i| ((i * 37 % 400) as f32 / 400.0).powi(2)).collect();
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / 400.0;
        let std = (values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / 400.0).sqrt();
        let (low, high) = of_mean(&values).unwrap();
        let want = Z * std / 20.0;
        assert!(((mean - low) / want - 1.0).abs() < 0.1 && ((high - mean) / want - 1.0).abs() < 0.1, "{low} {high}");
        assert_eq!(of_mean(&values), of_mean(&values));
        assert_eq!(of_mean(&[1.0]), None);
        assert_eq!(of_mean(&[1.0, f32::NAN]), None);
    }

    #[test]
    fn the_interval_of_a_share_is_wilson_s() {
        // scipy.stats.binomtest(10, 20).proportion_ci(method="wilson"), and of 0 in 10.
        let (low, high) = of_share(&Share { accuracy: 0.5, correct: 10, total: 20 }).unwrap();
        assert!((low - 0.299_298).abs() < 1e-5 && (high - 0.700_702).abs() < 1e-5, "{low} {high}");
        let (low, high) = of_share(&Share { accuracy: 0.0, correct: 0, total: 10 }).unwrap();
        assert!(low.abs() < 1e-9 && (high - 0.277_533).abs() < 1e-5, "{low} {high}");
    }
}

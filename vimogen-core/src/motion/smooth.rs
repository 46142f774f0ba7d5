//! Gaussian smoothing over time
//! ([method, section 1](https://github.com/vimogen/vimogen/blob/main/docs/method.md#1-motion-representation), *Smoothing of generated motion*).

use ndarray::{Array2, ArrayView2, Axis, s};

use crate::error::{Error, Result, check_finite};

/// Taps the release smooths with.
pub const KERNEL_SIZE: usize = 5;
/// Standard deviation the release smooths with, frames.
pub const SIGMA: f32 = 1.0;

/// Maximum number of taps, far more than any clip has frames.
const MAX_TAPS: usize = 1 << 16;

/// The `size` weights `exp(-i^2 / (2 sigma^2))`, centred, of sum 1.
///
/// # Errors
/// [`Error::InvalidArgument`] unless `size` is odd and below 65536, and `sigma` is finite and above 0.
pub fn gaussian_kernel(size: usize, sigma: f32) -> Result<Vec<f32>> {
    if size.is_multiple_of(2) || size > MAX_TAPS {
        return Err(Error::invalid("kernel_size", format!("{size} is not an odd number from 1 to {MAX_TAPS}")));
    }
    if !(sigma.is_finite() && sigma > 0.0) {
        return Err(Error::invalid("sigma", format!("{sigma} is not a finite number above 0")));
    }
    let (half, sigma) = ((size / 2) as f64, f64::from(sigma));
    let weights: Vec<f64> = (0..size).map(|i| (-0.5 * ((i as f64 - half) / sigma).powi(2)).exp()).collect();
    let sum: f64 = weights.iter().sum();
    Ok(weights.iter().map(|w| (w / sum) as f32).collect())
}

/// Correlates each channel with a Gaussian over time; the first and last `(kernel_size - 1) / 2` frames stay as they
/// were, so that clips of fewer than `kernel_size` frames do not change at all.
///
/// # Shapes
/// - features: `[frames, channels]`
/// - output: the same
///
/// # Errors
/// As [`gaussian_kernel`]; [`Error::NonFinite`].
pub fn smooth(features: ArrayView2<'_, f32>, kernel_size: usize, sigma: f32) -> Result<Array2<f32>> {
    let kernel = gaussian_kernel(kernel_size, sigma)?;
    check_finite("features", &features)?;
    let mut out = features.to_owned();
    for (start, mut row) in out.axis_iter_mut(Axis(0)).skip(kernel_size / 2).enumerate() {
        if start + kernel_size > features.nrows() {
            break;
        }
        row.fill(0.0);
        for (weight, frame) in kernel.iter().zip(features.slice(s![start..start + kernel_size, ..]).rows()) {
            row.scaled_add(*weight, &frame);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_clip_does_not_change() {
        let x = Array2::from_elem((12, 2), 3.5f32);
        let y = smooth(x.view(), 5, 1.0).unwrap();
        assert!(y.iter().all(|v| (v - 3.5).abs() < 1e-6));
    }

    #[test]
    fn short_clips_and_the_ends_of_long_ones_are_untouched() {
        let x = Array2::from_shape_fn((9, 1), |(t, _)| (t * t) as f32);
        let y = smooth(x.view(), 5, 1.0).unwrap();
        for t in [0, 1, 7, 8] {
            assert_eq!(x[[t, 0]], y[[t, 0]]);
        }
        assert_ne!(x[[4, 0]], y[[4, 0]]);
        let short = x.slice(s![..4, ..]);
        assert_eq!(smooth(short, 5, 1.0).unwrap(), short);
    }

    #[test]
    fn bad_kernels_are_refused() {
        let x = Array2::zeros((3, 1));
        for (size, sigma) in [(0, 1.0), (4, 1.0), (usize::MAX, 1.0), (5, 0.0), (5, f32::NAN), (5, f32::INFINITY)] {
            assert!(smooth(x.view(), size, sigma).is_err(), "{size} {sigma}");
        }
    }

    #[test]
    fn one_value_that_is_not_finite_is_named_instead_of_spread_over_its_neighbours() {
        let mut x = Array2::zeros((9, 2));
        x[[4, 1]] = f32::NAN;
        let text = smooth(x.view(), 5, 1.0).unwrap_err().to_string();
        assert!(text.contains("features") && text.contains("[4, 1]"), "{text}");
        let text = crate::motion::resample::resample(x.view(), 16.0, 20.0).unwrap_err().to_string();
        assert!(text.contains("features") && text.contains("[4, 1]"), "{text}");
        let wide = Array2::from_shape_fn((2, 276), |(t, c)| if (t, c) == (1, 3) { f32::NAN } else { 0.0 });
        assert!(crate::motion::clip::reference_channels(wide.view()).unwrap_err().to_string().contains("[1, 3]"));
        assert!(crate::motion::clip::mbench_joints(wide.view()).unwrap_err().to_string().contains("[1, 3]"));
    }
}

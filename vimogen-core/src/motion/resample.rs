//! Change of frame rate by linear interpolation with aligned end points
//! ([method, section 1](https://github.com/vimogen/vimogen/blob/main/docs/method.md#1-motion-representation), *Resampling*).

use ndarray::{Array2, ArrayView2};

use crate::error::{Error, Result, check_finite};

/// Frame rate of the video models' motions that MBench uses as references.
pub const REFERENCE_FPS: f32 = 16.0;
/// Maximum length of a clip that is resampled or edited.
pub(crate) const MAX_FRAMES: usize = 1 << 20;

/// Checks that a frame rate is above 0 and at most 1000 frames per second.
///
/// # Errors
/// [`Error::InvalidArgument`] naming `name`.
pub fn check_fps(name: &'static str, fps: f32) -> Result<()> {
    if fps.is_finite() && fps > 0.0 && fps <= 1000.0 {
        return Ok(());
    }
    Err(Error::invalid(name, format!("{fps} frames per second, expected a number above 0 and at most 1000")))
}

/// Frames after a change of frame rate: `floor(frames * to / from)`, and at least 1.
///
/// # Errors
/// [`Error::InvalidArgument`] for rates outside (0, 1000] or a result of more than 2^20 frames.
pub fn resampled_len(frames: usize, from_fps: f32, to_fps: f32) -> Result<usize> {
    check_fps("from_fps", from_fps)?;
    check_fps("to_fps", to_fps)?;
    let exact = (frames as f64 * f64::from(to_fps) / f64::from(from_fps)).floor();
    if exact > MAX_FRAMES as f64 {
        let reason = format!("{frames} frames at {from_fps} fps would be {exact} at {to_fps} fps, over {MAX_FRAMES}");
        return Err(Error::invalid("from_fps", reason));
    }
    Ok((exact as usize).max(1))
}

/// Resamples a clip: output frame i is the input at position `i (T - 1) / (T' - 1)`, and frame 0 if `T' = 1`.
///
/// # Shapes
/// - features: `[frames, channels]`, at least one frame
/// - output: `[frames', channels]`, see [`resampled_len`]
///
/// # Errors
/// As [`resampled_len`]; [`Error::Shape`] for a clip without frames; [`Error::NonFinite`].
pub fn resample(features: ArrayView2<'_, f32>, from_fps: f32, to_fps: f32) -> Result<Array2<f32>> {
    resample_head(features, from_fps, to_fps, usize::MAX)
}

/// The first `most` frames of [`resample`]'s output, without making the others.
pub(crate) fn resample_head(
    features: ArrayView2<'_, f32>,
    from_fps: f32,
    to_fps: f32,
    most: usize,
) -> Result<Array2<f32>> {
    let frames = features.nrows();
    if frames == 0 {
        return Err(Error::shape("features", "(T, channels) with T >= 1", features.shape()));
    }
    let out_frames = resampled_len(frames, from_fps, to_fps)?;
    check_finite("features", &features)?;
    let mut out = Array2::zeros((out_frames.min(most), features.ncols()));
    for (i, mut row) in out.rows_mut().into_iter().enumerate() {
        let position = (i * (frames - 1)) as f64 / (out_frames - 1).max(1) as f64;
        let before = (position as usize).min(frames - 1);
        let after = (before + 1).min(frames - 1);
        let weight = (position - before as f64) as f32;
        ndarray::Zip::from(&mut row)
            .and(features.row(before))
            .and(features.row(after))
            .for_each(|y, a, b| *y = (1.0 - weight) * a + weight * b);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_kept_and_a_line_stays_a_line() {
        let x = Array2::from_shape_fn((17, 2), |(t, c)| (t + c) as f32);
        let y = resample(x.view(), 16.0, 20.0).unwrap();
        assert_eq!(y.nrows(), 21);
        assert_eq!((y[[0, 0]], y[[20, 1]]), (0.0, 17.0));
        assert!(y.column(0).iter().enumerate().all(|(i, v)| (v - 0.8 * i as f32).abs() < 1e-5));
    }

    #[test]
    fn the_same_rate_changes_nothing() {
        let x = Array2::from_shape_fn((13, 3), |(t, c)| ((t * 7 + c) as f32).sin());
        assert_eq!(resample(x.view(), 20.0, 20.0).unwrap(), x);
    }

    #[test]
    fn the_head_of_a_resampled_clip_is_the_clip_s_own() {
        let x = Array2::from_shape_fn((13, 3), |(t, c)| ((t * 7 + c) as f32).sin());
        let whole = resample(x.view(), 16.0, 20.0).unwrap();
        assert_eq!(resample_head(x.view(), 16.0, 20.0, 5).unwrap(), whole.slice(ndarray::s![..5, ..]));
        assert_eq!(resample_head(x.view(), 16.0, 20.0, 50).unwrap(), whole);
    }

    #[test]
    fn impossible_rates_are_errors() {
        let x = Array2::zeros((100, 1));
        for (from, to) in [(0.0, 20.0), (16.0, -1.0), (f32::NAN, 20.0), (1e-30, 20.0), (0.001, 1000.0), (16.0, 1e9)] {
            assert!(resample(x.view(), from, to).is_err(), "{from} {to}");
        }
        assert!(resample(Array2::zeros((0, 1)).view(), 16.0, 20.0).is_err());
        assert_eq!(resample(Array2::zeros((1, 1)).view(), 20.0, 16.0).unwrap().nrows(), 1);
    }
}

//! A motion clip: 276 features a frame and a frame rate.

use std::ops::Range;

use ndarray::{Array2, Array3, ArrayView2, Axis, concatenate, s};

use super::codec::{DecodeMode, SmplMotion, check_features, decode};
use super::layout::{FEATURES, REFERENCE_RANGES};
use super::resample::{check_fps, resample};
use crate::error::{Error, Result, check_finite};

/// A clip of T >= 1 frames in the 276-feature representation (see [`crate::motion::layout`]), not normalised.
#[derive(Debug, Clone, PartialEq)]
pub struct Motion {
    features: Array2<f32>,
    fps: f32,
}

impl Motion {
    /// A clip from its features.
    ///
    /// # Shapes
    /// - features: `[frames, 276]`, metres and metres per frame, z up
    ///
    /// # Errors
    /// [`Error::Shape`] unless `features` is `(T, 276)` with `T >= 1`, [`Error::NonFinite`], and
    /// [`Error::InvalidArgument`] for an `fps` outside (0, 1000].
    pub fn from_features(features: Array2<f32>, fps: f32) -> Result<Self> {
        check_features(&features.view())?;
        check_finite("features", &features.view())?;
        check_fps("fps", fps)?;
        Ok(Self { features, fps })
    }

    /// Number of frames.
    #[allow(clippy::len_without_is_empty, reason = "a clip has at least one frame")]
    pub fn len(&self) -> usize {
        self.features.nrows()
    }

    /// Frames per second.
    pub fn fps(&self) -> f32 {
        self.fps
    }

    /// Length in seconds.
    pub fn duration(&self) -> f32 {
        self.len() as f32 / self.fps
    }

    /// The features, `(T, 276)`.
    pub fn features(&self) -> ArrayView2<'_, f32> {
        self.features.view()
    }

    /// The features, taken out.
    pub fn into_features(self) -> Array2<f32> {
        self.features
    }

    /// Joint positions, `(T, 22, 3)`, metres, z up: frame 0 and the sums of the stored velocities.
    pub fn joints(&self) -> Array3<f32> {
        self.smpl().joints
    }

    /// SMPL parameters and joints, decoded by [`DecodeMode::Velocity`].
    pub fn smpl(&self) -> SmplMotion {
        let decoded = decode(self.features.view(), DecodeMode::Velocity);
        decoded.unwrap_or_else(|_| unreachable!("the features were checked when the clip was made"))
    }

    /// Joints as MBench reads them, y up; see [`mbench_joints`].
    pub fn mbench_joints(&self) -> Array3<f32> {
        to_mbench_axes(self.joints())
    }

    /// The channels that condition a generation on this clip, not normalised, `(T, 138)`.
    pub fn reference(&self) -> Array2<f32> {
        pick_reference(self.features.view())
    }

    /// The features interpolated to another frame rate; steps stay those of the old rate, as upstream. To play or save
    /// a clip at another rate use [`Motion::at_rate`].
    ///
    /// # Errors
    /// As [`resample`].
    pub fn resampled(&self, fps: f32) -> Result<Self> {
        Ok(Self { features: resample(self.features.view(), self.fps, fps)?, fps })
    }

    /// The same frames, played at another rate.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for an `fps` outside (0, 1000].
    pub fn with_fps(self, fps: f32) -> Result<Self> {
        check_fps("fps", fps)?;
        Ok(Self { fps, ..self })
    }

    /// The frames in `range`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for an empty range or one beyond the clip.
    pub fn slice(&self, range: Range<usize>) -> Result<Self> {
        if range.is_empty() || range.end > self.len() {
            return Err(Error::invalid("range", format!("{range:?} of a clip of {} frames", self.len())));
        }
        Ok(Self { features: self.features.slice(s![range, ..]).to_owned(), fps: self.fps })
    }
}

/// The channels of a reference motion, 0..126 and 258..270, of plain or normalised features.
///
/// # Shapes
/// - features: `[frames, 276]`
/// - output: `[frames, 138]`
///
/// # Errors
/// [`Error::Shape`] for another number of channels.
pub fn reference_channels(features: ArrayView2<'_, f32>) -> Result<Array2<f32>> {
    match features.ncols() {
        FEATURES => Ok(pick_reference(features)),
        _ => Err(Error::shape("features", "(T, 276)", features.shape())),
    }
}

fn pick_reference(features: ArrayView2<'_, f32>) -> Array2<f32> {
    let parts = REFERENCE_RANGES.map(|range| features.slice_move(s![.., range]));
    let joined = concatenate(Axis(1), &parts);
    joined.unwrap_or_else(|_| unreachable!("both parts have the rows of features"))
}

/// Joints as MBench reads them: decoded by velocity, then `(x, y, z) -> (-x, z, y)`, which makes y up.
///
/// # Shapes
/// - features: `[frames, 276]`
/// - output: `[frames, 22, 3]`, metres
///
/// # Errors
/// [`Error::Shape`] unless `features` is `(T, 276)` with `T >= 1`.
pub fn mbench_joints(features: ArrayView2<'_, f32>) -> Result<Array3<f32>> {
    Ok(to_mbench_axes(decode(features, DecodeMode::Velocity)?.joints))
}

fn to_mbench_axes(mut joints: Array3<f32>) -> Array3<f32> {
    for mut p in joints.rows_mut() {
        (p[0], p[1], p[2]) = (-p[0], p[2], p[1]);
    }
    joints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(frames: usize) -> Motion {
        let features = Array2::from_shape_fn((frames, FEATURES), |(t, c)| ((t * 31 + c * 7) as f32 * 0.1).sin());
        Motion::from_features(features, 20.0).unwrap()
    }

    #[test]
    fn bad_features_are_refused_by_name() {
        assert!(Motion::from_features(Array2::zeros((4, 275)), 20.0).is_err());
        assert!(Motion::from_features(Array2::zeros((0, 276)), 20.0).is_err());
        assert!(Motion::from_features(Array2::zeros((4, 276)), 0.0).is_err());
        let mut nan = Array2::zeros((4, 276));
        nan[[2, 5]] = f32::NAN;
        let text = Motion::from_features(nan, 20.0).unwrap_err().to_string();
        assert!(text.contains("[2, 5]"), "{text}");
    }

    #[test]
    fn reference_keeps_body_and_root_rotation() {
        let m = clip(5);
        let r = m.reference();
        assert_eq!(r.shape(), [5, 138]);
        assert_eq!(r.slice(s![.., ..126]), m.features().slice(s![.., ..126]));
        assert_eq!(r.slice(s![.., 126..]), m.features().slice(s![.., 258..270]));
    }

    #[test]
    fn slices_and_resampling_keep_the_frame_rate_straight() {
        let m = clip(16);
        let part = m.slice(4..9).unwrap();
        assert_eq!((part.len(), part.fps()), (5, 20.0));
        assert!(m.slice(4..17).is_err() && m.slice(4..4).is_err());
        let fast = m.resampled(30.0).unwrap();
        assert_eq!((fast.len(), fast.fps()), (24, 30.0));
        assert!((fast.duration() - m.duration()).abs() < 1e-6);
    }
}

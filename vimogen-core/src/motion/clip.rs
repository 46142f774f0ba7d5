//! A motion clip: 276 features per frame and a frame rate.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use ndarray::{Array2, Array3, ArrayView2, ArrayView3, Axis, concatenate, s};

use super::axes::swap_joints;
use super::codec::{DecodeMode, SmplMotion, check_features, decode, decode_checked, decode_joints, decode_rotations};
use super::joint::PELVIS;
use super::layout::{FEATURES, REFERENCE_RANGES};
use super::meta::MotionMeta;
use super::origin::MotionSource;
use super::resample::{check_fps, resample};
use crate::error::{Error, Result, check_finite};

/// A clip of T >= 1 frames in the 276-feature representation (see [`crate::motion::layout`]), not normalised.
///
/// It does not change once made. Decoded forms (joints, SMPL parameters, quaternions) are made when first asked for, then
/// kept; clones share them.
#[derive(Debug, Clone)]
pub struct Motion {
    features: Array2<f32>,
    fps: f32,
    decoded: Arc<Decoded>,
    source: Option<Arc<MotionSource>>,
    meta: Option<Arc<MotionMeta>>,
}

/// The decoded forms of a clip that have been asked for.
#[derive(Debug, Default)]
struct Decoded {
    joints: OnceLock<Array3<f32>>,
    smpl: OnceLock<SmplMotion>,
    rotations: OnceLock<Array3<f32>>,
    roots: OnceLock<Array2<f32>>,
}

impl PartialEq for Motion {
    fn eq(&self, other: &Self) -> bool {
        self.features == other.features && self.fps == other.fps
    }
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
        check_fps("fps", fps)?;
        Ok(Self::of_checked(features, fps))
    }

    fn of_checked(features: Array2<f32>, fps: f32) -> Self {
        Self { features, fps, decoded: Arc::default(), source: None, meta: None }
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

    /// The reader's report on the clip's file; `None` for clips that were made otherwise, or changed.
    pub fn source(&self) -> Option<&MotionSource> {
        self.source.as_deref()
    }

    /// Sets what is known of the clip's file, such as after a clip was sent to another process.
    pub fn with_source(self, source: MotionSource) -> Self {
        Self { source: Some(Arc::new(source)), ..self }
    }

    /// How the clip was made; `None` for clips that were not generated, or changed beyond cutting and another rate.
    pub fn meta(&self) -> Option<&MotionMeta> {
        self.meta.as_deref()
    }

    /// Sets how the clip was made.
    pub fn with_meta(self, meta: MotionMeta) -> Self {
        Self { meta: Some(Arc::new(meta)), ..self }
    }

    /// This clip as a change of `before`, from which it takes its origin.
    pub(crate) fn changed(self, before: &Self, change: impl Into<String>) -> Self {
        self.after(before.meta(), change)
    }

    fn after(self, meta: Option<&MotionMeta>, change: impl Into<String>) -> Self {
        let Some(mut meta) = meta.cloned() else { return self };
        meta.changes.push(change.into());
        self.with_meta(meta)
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
    pub fn joints(&self) -> ArrayView3<'_, f32> {
        if let Some(smpl) = self.decoded.smpl.get() {
            return smpl.joints.view();
        }
        self.decoded.joints.get_or_init(|| decode_joints(self.features.view())).view()
    }

    /// SMPL parameters and joints, decoded by [`DecodeMode::Velocity`]: the axis-angle view of the clip.
    pub fn smpl(&self) -> &SmplMotion {
        // The features were checked when the clip was made.
        self.decoded.smpl.get_or_init(|| decode_checked(self.features.view(), DecodeMode::Velocity))
    }

    /// Rotations of the joints as unit quaternions `[w, x, y, z]`, `(T, 22, 4)`, without jumps of sign from frame to
    /// frame; what they are relative to, see [`Pose::rotations`](crate::motion::Pose::rotations).
    pub fn local_rotations(&self) -> ArrayView3<'_, f32> {
        self.decoded.rotations.get_or_init(|| decode_rotations(self.features.view())).view()
    }

    /// Positions of the pelvis, `(T, 3)`, metres, z up.
    pub fn root_positions(&self) -> ArrayView2<'_, f32> {
        self.decoded.roots.get_or_init(|| self.joints().index_axis(Axis(1), PELVIS).to_owned()).view()
    }

    /// Joints as MBench reads them, y up; see [`mbench_joints`].
    pub fn mbench_joints(&self) -> Array3<f32> {
        swap_joints(self.joints().to_owned())
    }

    /// The channels that condition a generation on this clip, not normalised, `(T, 138)`.
    pub fn reference(&self) -> Array2<f32> {
        pick_reference(self.features.view())
    }

    /// The clip at another frame rate as the release resamples references: the features are interpolated as they are, and
    /// their steps stay those of the old rate. To play or save a clip at another rate use [`Motion::resample`].
    ///
    /// # Errors
    /// As [`resample`].
    pub fn resample_reference(&self, fps: f32) -> Result<Self> {
        Ok(Self::of_checked(resample(self.features.view(), self.fps, fps)?, fps))
    }

    /// The same frames, played at another rate, which the clip's source then states as given.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for an `fps` outside (0, 1000].
    pub fn with_fps(self, fps: f32) -> Result<Self> {
        check_fps("fps", fps)?;
        let given = |source: Arc<MotionSource>| Arc::new(MotionSource { rate: "given".into(), ..(*source).clone() });
        let (meta, before) = (self.meta.clone(), self.fps);
        let played = Self { fps, source: self.source.map(given), ..self };
        Ok(if fps == before { played } else { played.after(meta.as_deref(), format!("played at {fps} fps")) })
    }

    /// The frames in `range`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for an empty range or one beyond the clip.
    pub fn slice(&self, range: Range<usize>) -> Result<Self> {
        if range.is_empty() || range.end > self.len() {
            return Err(Error::invalid("range", format!("{range:?} of a clip of {} frames", self.len())));
        }
        let change = format!("cut to frames {} to {}", range.start, range.end - 1);
        Ok(Self::of_checked(self.features.slice(s![range, ..]).to_owned(), self.fps).changed(self, change))
    }
}

/// The channels of a reference motion, 0..126 and 258..270, of plain or normalised features.
///
/// # Shapes
/// - features: `[frames, 276]`
/// - output: `[frames, 138]`
///
/// # Errors
/// [`Error::Shape`] for another number of channels; [`Error::NonFinite`].
pub fn reference_channels(features: ArrayView2<'_, f32>) -> Result<Array2<f32>> {
    if features.ncols() != FEATURES {
        return Err(Error::shape("features", "(T, 276)", features.shape()));
    }
    check_finite("features", &features)?;
    Ok(pick_reference(features))
}

fn pick_reference(features: ArrayView2<'_, f32>) -> Array2<f32> {
    let parts = REFERENCE_RANGES.map(|range| features.slice_move(s![.., range]));
    let joined = concatenate(Axis(1), &parts);
    joined.unwrap_or_else(|_| unreachable!("both parts have the rows of features"))
}

/// Joints as MBench reads them: decoded by velocity, then with y up, see [`crate::motion::axes`].
///
/// # Shapes
/// - features: `[frames, 276]`
/// - output: `[frames, 22, 3]`, metres
///
/// # Errors
/// [`Error::Shape`] unless `features` is `(T, 276)` with `T >= 1`; [`Error::NonFinite`].
pub fn mbench_joints(features: ArrayView2<'_, f32>) -> Result<Array3<f32>> {
    Ok(swap_joints(decode(features, DecodeMode::Velocity)?.joints))
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
    fn decoded_forms_are_made_once_and_shared_by_clones() {
        let m = clip(5);
        let twin = m.clone().with_fps(30.0).unwrap();
        assert_eq!(m.joints().as_ptr(), twin.joints().as_ptr());
        assert_eq!(m.local_rotations().as_ptr(), twin.local_rotations().as_ptr());
        let lent = m.joints();
        assert_eq!(lent, m.smpl().joints);
        assert_eq!(m.root_positions(), lent.slice(s![.., 0, ..]));
        assert_ne!(m.slice(1..3).unwrap().joints().as_ptr(), lent.as_ptr());
    }

    #[test]
    fn the_source_stays_with_all_frames_and_goes_with_a_change_of_them() {
        let source = MotionSource { kind: "BVH".into(), rate: "file".into(), ..MotionSource::default() };
        let m = clip(5).with_source(source.clone());
        assert_eq!((m.source(), m.clone().source()), (Some(&source), Some(&source)));
        let played = m.clone().with_fps(30.0).unwrap();
        assert_eq!(played.source().map(|source| (source.kind.as_str(), source.rate.as_str())), Some(("BVH", "given")));
        assert!(m.slice(1..3).unwrap().source().is_none() && m.resample_reference(30.0).unwrap().source().is_none());
        assert!(clip(5).source().is_none());
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
        let fast = m.resample_reference(30.0).unwrap();
        assert_eq!((fast.len(), fast.fps()), (24, 30.0));
        assert!((fast.duration() - m.duration()).abs() < 1e-6);
    }
}

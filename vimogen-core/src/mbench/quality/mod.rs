//! The five dimensions of joints (arXiv 2510.26794): smoothness, feet and ground.
//!
//! The release writes its joint files with y up and still measures heights along axis 2: [`UpAxis::Z`] gives the published
//! values on such files, and true heights on joints with z up, such as [`crate::motion::codec::decode`] returns.

mod floating;
mod ground;
mod smoothness;

use std::cell::OnceCell;

use ndarray::ArrayView3;

pub use floating::angle_between;

use super::contact::contacts;
use super::dimension::{Dimension, Input};
use super::frames::Frames;
pub use super::frames::UpAxis;
use crate::error::{Error, Result};
use smoothness::{Smoothness, smoothness};

/// Joints of a motion, checked once, and intermediate results that several dimensions share.
pub struct CheckedJoints<'a> {
    frames: Frames<'a>,
    up_axis: UpAxis,
    contacts: OnceCell<Vec<[bool; 2]>>,
    smoothness: OnceCell<Smoothness>,
}

impl<'a> CheckedJoints<'a> {
    /// Checks shape and values. `up_axis` is the axis of height.
    ///
    /// # Shapes
    /// - joints: `[frames, 22, 3]`, metres
    ///
    /// # Errors
    /// [`Error::Shape`] unless `joints` is `(T, 22, 3)` with `T >= 1`; [`Error::NonFinite`].
    pub fn new(joints: ArrayView3<'a, f32>, up_axis: UpAxis) -> Result<Self> {
        let frames = Frames::new(joints)?;
        Ok(Self { frames, up_axis, contacts: OnceCell::new(), smoothness: OnceCell::new() })
    }

    /// Number of frames.
    #[allow(clippy::len_without_is_empty, reason = "there is at least one frame")]
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    fn contacts(&self) -> &[[bool; 2]] {
        self.contacts.get_or_init(|| contacts(&self.frames, self.up_axis))
    }

    fn smoothness(&self) -> &Smoothness {
        self.smoothness.get_or_init(|| smoothness(&self.frames))
    }
}

impl Dimension {
    /// Measures joints.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a dimension with another [`Input`], for [`Dimension::FootFloating`] of a single
    /// frame, and for coordinates so large that the value overflows. [`Dimension::JitterDegree`] of fewer than three frames
    /// and [`Dimension::DynamicDegree`] of a single frame are NaN, as in the release.
    pub fn measure(self, joints: &CheckedJoints<'_>) -> Result<f32> {
        let value = match self {
            Self::JitterDegree => joints.smoothness().jitter,
            Self::DynamicDegree => joints.smoothness().dynamic,
            Self::GroundPenetration => ground::penetration(&joints.frames, joints.up_axis),
            Self::FootFloating => floating::floating(&joints.frames, joints.contacts())?,
            Self::FootSliding => ground::sliding(&joints.frames, joints.up_axis, joints.contacts()),
            _ => return Err(Error::invalid("dimensions", format!("{self} is not measured on joints"))),
        };
        if value.is_infinite() || value.is_nan() && joints.frames.len() > 2 {
            return Err(Error::invalid("joints", format!("their coordinates are so large that {self} overflows")));
        }
        Ok(value)
    }
}

/// All dimensions of joints of one motion.
#[derive(Debug, Clone, PartialEq)]
pub struct Quality(Vec<(Dimension, f32)>);

impl Quality {
    /// Measures a motion.
    ///
    /// # Shapes
    /// - joints: `[frames, 22, 3]`, metres
    ///
    /// # Errors
    /// [`Error::Shape`] unless `joints` is `(T, 22, 3)` with `T >= 1`; [`Error::NonFinite`]; [`Error::InvalidArgument`] for a
    /// single frame.
    pub fn measure(joints: ArrayView3<'_, f32>, up_axis: UpAxis) -> Result<Self> {
        let joints = CheckedJoints::new(joints, up_axis)?;
        Dimension::of(Input::Joints).map(|dimension| Ok((dimension, dimension.measure(&joints)?))).collect()
    }

    /// The value of a dimension; NaN if it has another [`Input`].
    pub fn get(&self, dimension: Dimension) -> f32 {
        self.0.iter().find(|(known, _)| *known == dimension).map_or(f32::NAN, |(_, value)| *value)
    }

    /// Names as in MBench's files, and values.
    pub fn named(&self) -> Vec<(&'static str, f32)> {
        self.0.iter().map(|(dimension, value)| (dimension.name(), *value)).collect()
    }
}

impl FromIterator<(Dimension, f32)> for Quality {
    fn from_iter<I: IntoIterator<Item = (Dimension, f32)>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;
    use crate::motion::layout::JOINTS;

    /// A slow walk of the whole body along (1, 0.5, 0).
    fn glide() -> Array3<f32> {
        Array3::from_shape_fn((12, JOINTS, 3), |(t, j, c)| 0.1 * j as f32 + 0.03 * t as f32 * [1.0, 0.5, 0.0][c])
    }

    #[test]
    fn the_up_axis_follows_a_permutation_of_the_coordinates() {
        let mut zup = glide();
        zup.mapv_inplace(|v| v - 1.2);
        let yup = zup.view().permuted_axes([0, 1, 2]).select(ndarray::Axis(2), &[0, 2, 1]);
        let a = Quality::measure(zup.view(), UpAxis::Z).unwrap();
        let b = Quality::measure(yup.view(), UpAxis::Y).unwrap();
        assert!(a.get(Dimension::GroundPenetration) > 0.0 && a.get(Dimension::FootSliding) > 0.0, "{a:?}");
        for ((name, x), (_, y)) in a.named().iter().zip(b.named()) {
            assert!((x - y).abs() < 1e-6, "{name}: {x} {y}");
        }
    }

    #[test]
    fn a_transposed_view_gives_the_same_values_as_a_contiguous_array() {
        let joints = glide();
        let by_joint = joints.view().permuted_axes([1, 0, 2]).as_standard_layout().into_owned();
        let view = by_joint.view().permuted_axes([1, 0, 2]);
        assert!(view.to_slice().is_none());
        assert_eq!(Quality::measure(view, UpAxis::Z).unwrap(), Quality::measure(joints.view(), UpAxis::Z).unwrap());
    }

    #[test]
    fn wrong_shapes_axes_and_dimensions_are_errors() {
        for shape in [(0, 22, 3), (5, 21, 3), (5, 22, 2)] {
            let joints = Array3::zeros(shape);
            assert!(matches!(CheckedJoints::new(joints.view(), UpAxis::Z), Err(Error::Shape { .. })), "{shape:?}");
        }
        assert!(UpAxis::from_index(3).is_err());
        assert_eq!(UpAxis::from_index(2).unwrap(), UpAxis::default());
        let joints = glide();
        let joints = CheckedJoints::new(joints.view(), UpAxis::Z).unwrap();
        assert!(Dimension::PoseQuality.measure(&joints).unwrap_err().to_string().contains("Pose_Quality"));
    }

    #[test]
    fn joints_that_are_not_finite_are_no_score_in_any_dimension() {
        for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for index in [[0, 0, 0], [5, 10, 2], [11, 21, 1]] {
                let mut joints = glide();
                joints[index] = broken;
                let Err(Error::NonFinite { name, index: found }) =
                    CheckedJoints::new(joints.view(), UpAxis::Z).map(|_| ())
                else {
                    panic!("{broken} at {index:?} was taken")
                };
                assert_eq!((name.as_str(), found), ("joints", index.to_vec()));
                assert!(super::super::contact::foot_contact(joints.view(), UpAxis::Z).is_err());
            }
        }
    }

    #[test]
    fn coordinates_whose_differences_overflow_are_no_score() {
        let mut joints = glide();
        joints.slice_mut(ndarray::s![..;2, .., ..]).fill(-3e38);
        joints.slice_mut(ndarray::s![1..;2, .., ..]).fill(3e38);
        let joints = CheckedJoints::new(joints.view(), UpAxis::Z).unwrap();
        for dimension in [Dimension::JitterDegree, Dimension::DynamicDegree] {
            let text = dimension.measure(&joints).unwrap_err().to_string();
            assert!(text.contains(dimension.name()) && text.contains("so large"), "{text}");
        }
    }

    #[test]
    fn one_frame_is_an_error_that_says_so() {
        let text = Quality::measure(Array3::zeros((1, 22, 3)).view(), UpAxis::Z).unwrap_err().to_string();
        assert!(text.contains("at least 2 frames"), "{text}");
    }
}

//! The five motion quality metrics of MBench (arXiv 2510.26794), on joint positions.
//!
//! All take joints `(T, 22, 3)` in metres; speeds are per frame, whatever the frame rate, as in the release. For all but
//! [`dynamic_degree`] lower is better. The release writes its joint files with y up and still measures heights along
//! axis 2: [`UpAxis::Z`] gives the published numbers on such files, and true heights on joints with z up, such as
//! [`crate::motion::codec::decode`] returns.

mod floating;
mod ground;
mod smoothness;

use ndarray::ArrayView3;

pub use floating::{angle_between, foot_floating};
pub use ground::{foot_sliding, ground_penetration};
pub use smoothness::{dynamic_degree, jitter_degree};

use super::contact::contacts;
use super::frames::Frames;
pub use super::frames::UpAxis;
use crate::error::Result;
use smoothness::{Smoothness, smoothness};

/// All five metrics of one motion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// See [`jitter_degree`].
    pub jitter_degree: f32,
    /// See [`dynamic_degree`].
    pub dynamic_degree: f32,
    /// See [`ground_penetration`].
    pub ground_penetration: f32,
    /// See [`foot_floating`].
    pub foot_floating: f32,
    /// See [`foot_sliding`].
    pub foot_sliding: f32,
}

impl Quality {
    /// Measures a motion.
    ///
    /// # Shapes
    /// - joints: `[frames, 22, 3]`, metres
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) unless `joints` is `(T, 22, 3)` with `T >= 1`;
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for one frame.
    pub fn measure(joints: ArrayView3<'_, f32>, up_axis: UpAxis) -> Result<Self> {
        let frames = Frames::new(joints)?;
        let contact = contacts(&frames, up_axis);
        let Smoothness { jitter, dynamic } = smoothness(&frames);
        Ok(Self {
            jitter_degree: jitter,
            dynamic_degree: dynamic,
            ground_penetration: ground::penetration(&frames, up_axis),
            foot_floating: floating::floating(&frames, &contact)?,
            foot_sliding: ground::sliding(&frames, up_axis, &contact),
        })
    }

    /// Names as MBench writes them, and values.
    pub fn named(&self) -> [(&'static str, f32); 5] {
        [
            ("Jitter_Degree", self.jitter_degree),
            ("Dynamic_Degree", self.dynamic_degree),
            ("Ground_Penetration", self.ground_penetration),
            ("Foot_Floating", self.foot_floating),
            ("Foot_Sliding", self.foot_sliding),
        ]
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;
    use crate::error::Error;
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
        assert!(a.ground_penetration > 0.0 && a.foot_sliding > 0.0, "{a:?}");
        for ((name, x), (_, y)) in a.named().iter().zip(b.named()) {
            assert!((x - y).abs() < 1e-6, "{name}: {x} {y}");
        }
    }

    #[test]
    fn a_transposed_view_gives_the_same_numbers_as_a_contiguous_array() {
        let joints = glide();
        let by_joint = joints.view().permuted_axes([1, 0, 2]).as_standard_layout().into_owned();
        let view = by_joint.view().permuted_axes([1, 0, 2]);
        assert!(view.to_slice().is_none());
        assert_eq!(Quality::measure(view, UpAxis::Z).unwrap(), Quality::measure(joints.view(), UpAxis::Z).unwrap());
    }

    #[test]
    fn wrong_shapes_and_axes_are_errors() {
        for shape in [(0, 22, 3), (5, 21, 3), (5, 22, 2)] {
            let joints = Array3::zeros(shape);
            assert!(matches!(jitter_degree(joints.view()), Err(Error::Shape { .. })), "{shape:?}");
            assert!(matches!(foot_floating(joints.view(), UpAxis::Z), Err(Error::Shape { .. })), "{shape:?}");
        }
        assert!(UpAxis::from_index(3).is_err());
        assert_eq!(UpAxis::from_index(2).unwrap(), UpAxis::default());
    }
}

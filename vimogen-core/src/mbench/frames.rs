//! Joint arrays, checked once, and the axis that is height.

use std::borrow::Cow;

use glam::Vec3;
use ndarray::ArrayView3;

use crate::declare::named_enum;
use crate::error::{Error, Result, check_finite};
use crate::motion::layout::JOINTS;

named_enum! {
    /// Height axis of joints.
    pub enum UpAxis("up_axis", default Z) {
        /// Axis 0.
        X = "x",
        /// Axis 1.
        Y = "y",
        /// Axis 2, which the release always uses.
        Z = "z",
    }
}

impl UpAxis {
    /// The axis with this index.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless `axis` is 0, 1 or 2.
    pub fn from_index(axis: usize) -> Result<Self> {
        match axis {
            0 => Ok(Self::X),
            1 => Ok(Self::Y),
            2 => Ok(Self::Z),
            other => Err(Error::invalid("up_axis", format!("{other} is not an axis, use 0 (x), 1 (y) or 2 (z)"))),
        }
    }

    /// Index of the axis.
    pub fn index(self) -> usize {
        self as usize
    }

    /// The height of a point.
    pub(super) fn height(self, p: Vec3) -> f32 {
        match self {
            Self::X => p.x,
            Self::Y => p.y,
            Self::Z => p.z,
        }
    }
}

/// Checked joints, 22 points per frame; borrowed if the array is contiguous.
pub(super) struct Frames<'a>(Cow<'a, [f32]>);

impl<'a> Frames<'a> {
    /// Checks the shape, and that all coordinates are finite: comparisons with NaN are false, so a metric that counts
    /// faults would find none.
    pub fn new(joints: ArrayView3<'a, f32>) -> Result<Self> {
        match joints.shape() {
            [t, JOINTS, 3] if *t > 0 => check_finite("joints", &joints)?,
            got => return Err(Error::shape("joints", "(T, 22, 3) with T >= 1", got)),
        }
        Ok(Self(match joints.to_slice() {
            Some(contiguous) => Cow::Borrowed(contiguous),
            None => Cow::Owned(joints.iter().copied().collect()),
        }))
    }

    /// Number of frames.
    pub fn len(&self) -> usize {
        self.0.len() / (3 * JOINTS)
    }

    /// All joints of a frame.
    pub fn row(&self, t: usize) -> &[[f32; 3]; JOINTS] {
        &self.0.as_chunks().0.as_chunks().0[t]
    }

    /// A joint of a frame.
    pub fn at(&self, t: usize, joint: usize) -> Vec3 {
        Vec3::from_slice(&self.0[3 * (JOINTS * t + joint)..])
    }

    /// The step of a joint from frame `t` to the next; the last frame repeats the step before it.
    ///
    /// Needs at least two frames.
    pub fn step(&self, t: usize, joint: usize) -> Vec3 {
        let t = t.min(self.len() - 2);
        self.at(t + 1, joint) - self.at(t, joint)
    }
}

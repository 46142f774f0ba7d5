//! The fitted parameters of a frame.

use glam::DVec3;

/// Parameters per frame: orientation 3, body pose 69, shape 10, translation 3.
pub const COUNT: usize = 85;
/// Range of the body pose: 23 axis-angle vectors.
pub const BODY: std::ops::Range<usize> = 3..72;
/// Start of the shape.
pub const BETAS: usize = 72;
/// Start of the translation.
pub const TRANSLATION: usize = 82;

/// Pose, shape and translation of one frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters(pub [f64; COUNT]);

impl Parameters {
    /// The rest pose at the origin.
    pub const ZERO: Self = Self([0.0; COUNT]);

    /// Parameters from their parts.
    ///
    /// # Shapes
    /// - orient: `[3]`, axis-angle, radians
    /// - body_pose: `[69]`, 23 axis-angle vectors
    /// - betas: `[10]`
    /// - translation: `[3]`, metres
    pub fn new(orient: &[f64; 3], body_pose: &[f64; 69], betas: &[f64; 10], translation: &[f64; 3]) -> Self {
        let mut x = Self::ZERO;
        x.0[..3].copy_from_slice(orient);
        x.0[BODY].copy_from_slice(body_pose);
        x.0[BETAS..TRANSLATION].copy_from_slice(betas);
        x.0[TRANSLATION..].copy_from_slice(translation);
        x
    }

    /// The axis-angle vector of joint 0 to 23, radians.
    pub fn rotation(&self, joint: usize) -> DVec3 {
        DVec3::from_slice(&self.0[3 * joint..3 * joint + 3])
    }

    /// The body pose, 69 values, radians.
    pub fn body_pose(&self) -> &[f64] {
        &self.0[BODY]
    }

    /// The 10 shape components.
    pub fn betas(&self) -> &[f64] {
        &self.0[BETAS..TRANSLATION]
    }

    /// The translation, metres.
    pub fn translation(&self) -> DVec3 {
        DVec3::from_slice(&self.0[TRANSLATION..])
    }
}

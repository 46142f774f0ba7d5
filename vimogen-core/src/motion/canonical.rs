//! Canonical placement: every clip starts at the origin and faces one way
//! ([method, section 1](https://github.com/vimogen/vimogen/blob/main/docs/method.md#1-motion-representation), *Canonicalise*).

use glam::{Mat3, Vec3};
use ndarray::{Array2, ArrayView3, ArrayViewMut2, ArrayViewMut3};

use super::clip::Motion;
use super::codec::{DecodeMode, SmplMotion, decode, encode, vec3, write_at};
use super::layout::JOINTS;
use super::rotation::{axis_angle_from_matrix, matrix_from_axis_angle};
use super::skeleton::joint::{LEFT_HIP, PELVIS, RIGHT_HIP};
use crate::error::{Error, Result};

/// Pelvis of the resting SMPL-X body, metres: `transl` is relative to it, so rotations of a clip turn about it.
pub const SMPLX_ROOT: Vec3 = Vec3::new(0.003_123_255, -0.351_407_44, 0.012_036_549);

/// A clip in canonical placement and how it got there.
#[derive(Debug, Clone, PartialEq)]
pub struct Canonical {
    /// The 276 features, `(T - 1, 276)`.
    pub features: Array2<f32>,
    /// The same clip as SMPL parameters and joints; all T frames.
    pub smpl: SmplMotion,
    /// The rotation that was applied; its rows are the clip's right, forward and up axes.
    pub r_inv: Mat3,
    /// The shift that was added after the rotation, metres.
    pub delta: Vec3,
}

/// The rotation that makes frame 0 face the canonical way: its rows are x (right hip minus left hip, level), y = z x x
/// and z = up.
///
/// # Shapes
/// - joints: `[frames, 22, 3]`, metres, z up; only the hips of frame 0 are read
///
/// # Errors
/// [`Error::Shape`] for another shape or no frame, [`Error::InvalidArgument`] if one hip is straight above the other.
pub fn facing(joints: ArrayView3<'_, f32>) -> Result<Mat3> {
    if joints.shape()[0] == 0 || joints.shape()[1..] != [JOINTS, 3] {
        return Err(Error::shape("joints", "(T, 22, 3) with T >= 1", joints.shape()));
    }
    let hip = |j: usize| Vec3::new(joints[[0, j, 0]], joints[[0, j, 1]], 0.0);
    let across = hip(RIGHT_HIP) - hip(LEFT_HIP);
    let width = across.length();
    if width.is_nan() || width <= 1e-12 {
        return Err(Error::invalid("joints", "the hips of frame 0 are straight above each other: no facing direction"));
    }
    let x = across / width;
    let y = Vec3::Z.cross(x);
    let y = y / y.length();
    Ok(Mat3::from_cols(x, y, Vec3::Z).transpose())
}

/// Turns a clip's root by `rotation`: orientation `R <- M R`, translation about the resting pelvis,
/// `t <- M (t + r) - r` with `r =` [`SMPLX_ROOT`].
///
/// # Shapes
/// - global_orient: `[frames, 3]`, axis-angle, radians
/// - transl: `[frames, 3]`, metres
pub fn apply_rotation(rotation: Mat3, mut global_orient: ArrayViewMut2<'_, f32>, mut transl: ArrayViewMut2<'_, f32>) {
    for row in global_orient.rows_mut() {
        let turned = rotation * matrix_from_axis_angle(vec3(row.view(), 0));
        write_at(row, 0, &axis_angle_from_matrix(turned).to_array());
    }
    for row in transl.rows_mut() {
        let turned = rotation * (vec3(row.view(), 0) + SMPLX_ROOT) - SMPLX_ROOT;
        write_at(row, 0, &turned.to_array());
    }
}

/// Turns joint positions about the origin.
///
/// # Shapes
/// - joints: `[frames, joints, 3]`
pub fn rotate_joints(rotation: Mat3, mut joints: ArrayViewMut3<'_, f32>) {
    for p in joints.rows_mut() {
        let turned = rotation * vec3(p.view(), 0);
        write_at(p, 0, &turned.to_array());
    }
}

/// The shift that brings the pelvis of frame 0 to the origin, or with `set_floor` the lowest joint of all frames to
/// height 0.
fn shift_to_origin(joints: ArrayView3<'_, f32>, set_floor: bool) -> Vec3 {
    let pelvis = Vec3::from_array([0, 1, 2].map(|c| joints[[0, PELVIS, c]]));
    let lowest = joints.rows().into_iter().map(|p| p[2]).fold(f32::INFINITY, f32::min);
    if set_floor { -pelvis.with_z(lowest) } else { -pelvis }
}

/// Places a clip canonically and encodes it.
///
/// # Shapes
/// - motion: T >= 2 frames, metres and radians, z up
/// - output features: `[frames - 1, 276]`
///
/// # Errors
/// As [`facing`] and [`encode`].
pub fn canonicalize(motion: &SmplMotion, set_floor: bool) -> Result<Canonical> {
    motion.check()?;
    let r_inv = facing(motion.joints.view())?;
    let mut smpl = motion.clone();
    apply_rotation(r_inv, smpl.global_orient.view_mut(), smpl.transl.view_mut());
    rotate_joints(r_inv, smpl.joints.view_mut());
    let delta = shift_to_origin(smpl.joints.view(), set_floor);
    let delta_row = ndarray::arr1(&delta.to_array());
    smpl.joints += &delta_row;
    smpl.transl += &delta_row;
    Ok(Canonical { features: encode(&smpl)?, smpl, r_inv, delta })
}

impl Motion {
    /// The clip in canonical placement, as models are trained on and references are read: it starts at the origin, faces
    /// +y, and its lowest joint is at height 0.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if one hip is straight above the other in frame 0: no facing direction.
    pub fn canonical(&self) -> Result<Self> {
        let smpl = decode(self.features(), DecodeMode::EqualLength)?;
        let placed = Self::from_features(canonicalize(&smpl, true)?.features, self.fps())?;
        Ok(placed.changed(self, "placed at the origin"))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array3, s};

    use super::*;

    fn clip() -> SmplMotion {
        let at = |t: usize, j: usize| (t as f32 * 0.31 + j as f32 * 0.7).sin();
        SmplMotion {
            global_orient: Array2::from_shape_fn((6, 3), |(t, c)| at(t, c)),
            body_pose: Array2::from_shape_fn((6, 63), |(t, c)| 0.4 * at(t, c)),
            transl: Array2::from_shape_fn((6, 3), |(t, c)| 2.0 + at(t, c + 5)),
            joints: Array3::from_shape_fn((6, 22, 3), |(t, j, c)| 1.0 + at(t, 3 * j + c)),
        }
    }

    #[test]
    fn a_canonical_clip_starts_at_the_origin_with_level_hips_along_x() {
        let c = canonicalize(&clip(), false).unwrap();
        assert!(c.smpl.joints.slice(s![0, 0, ..]).iter().all(|v| v.abs() < 1e-6));
        let hips = [0, 1].map(|axis| c.smpl.joints[[0, RIGHT_HIP, axis]] - c.smpl.joints[[0, LEFT_HIP, axis]]);
        assert!(hips[0] > 0.0 && hips[1].abs() < 1e-6, "{hips:?}");
    }

    #[test]
    fn set_floor_puts_the_lowest_joint_at_height_zero() {
        let c = canonicalize(&clip(), true).unwrap();
        let lowest = c.smpl.joints.slice(s![.., .., 2]).iter().copied().fold(f32::INFINITY, f32::min);
        assert!(lowest.abs() < 1e-6, "{lowest}");
    }

    #[test]
    fn a_clip_is_placed_again_with_all_its_frames() {
        let clip = Motion::from_features(encode(&clip()).unwrap(), 30.0).unwrap();
        let placed = clip.canonical().unwrap();
        assert_eq!((placed.len(), placed.fps()), (5, 30.0));
        let joints = placed.joints();
        assert!(joints[[0, PELVIS, 0]].abs() < 1e-6 && joints[[0, PELVIS, 1]].abs() < 1e-6);
        let again = placed.canonical().unwrap();
        assert!((&again.joints() - &joints).iter().all(|d| d.abs() < 1e-4));
    }

    #[test]
    fn hips_above_each_other_are_an_error_and_not_nan() {
        let mut joints = Array3::zeros((1, 22, 3));
        joints[[0, 1, 2]] = 1.0;
        assert!(facing(joints.view()).is_err());
        assert!(facing(Array3::zeros((0, 22, 3)).view()).is_err());
    }
}

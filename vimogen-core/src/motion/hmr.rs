//! Import of motion recovered from video
//! ([method, section 1](https://github.com/vimogen/vimogen/blob/main/docs/method.md#1-motion-representation), *HMR import*): camera frame, y down and z forward.

use glam::{Mat3, Vec3};
use ndarray::{Array2, ArrayView2};

use super::canonical::{Canonical, apply_rotation, canonicalize, rotate_joints};
use super::codec::{DecodeMode, decode, write_at};
use super::rotation::{matrix_from_rows, rot6d_from_matrix};
use crate::error::{Error, Result, check_finite};

/// From the camera frame (y down, z forward) to z up.
const CAMERA_TO_Z_UP: [f32; 9] = [-1.0, 0.0, 0.0, 0.0, 0.0, -1.0, 0.0, -1.0, 0.0];
/// Orientation of the recording camera in the z-up frame.
const CAMERA: [f32; 9] = [1.0, 0.0, 0.0, 0.0, 0.0, -1.0, 0.0, 1.0, 0.0];

/// A clip recovered from video, in canonical placement.
#[derive(Debug, Clone, PartialEq)]
pub struct HmrMotion {
    /// The clip; `T + 1` frames and `T` rows of features for `T` rows given.
    pub canonical: Canonical,
    /// The camera, the same in every row: Rot6D and translation, `(T, 9)`.
    pub extrinsic: Array2<f32>,
    /// Camera matrix in pixels, passed through, or the identity.
    pub intrinsic: [[f32; 3]; 3],
}

/// Camera matrix `[[f, 0, w/2], [0, f, h/2], [0, 0, 1]]`, all in pixels.
///
/// # Errors
/// [`Error::InvalidArgument`] unless all three are finite and above 0.
pub fn intrinsic(focal_length: f32, width: f32, height: f32) -> Result<[[f32; 3]; 3]> {
    for (name, value) in [("focal_length", focal_length), ("width", width), ("height", height)] {
        if !(value.is_finite() && value > 0.0) {
            return Err(Error::invalid(name, format!("{value} pixels, expected a finite number above 0")));
        }
    }
    Ok([[focal_length, 0.0, width / 2.0], [0.0, focal_length, height / 2.0], [0.0, 0.0, 1.0]])
}

/// Turns a clip in the camera frame upright and places it canonically: decode (one frame longer), rotate by
/// `[[-1,0,0],[0,0,-1],[0,-1,0]]`, [`canonicalize`].
///
/// # Shapes
/// - features: `[frames, 276]`, encoded from SMPL-X parameters in the camera frame
/// - intrinsic: pixels; `None` gives the identity
///
/// # Errors
/// [`Error::Shape`], [`Error::NonFinite`], and [`Error::InvalidArgument`] if the body's facing is undefined in frame 0.
pub fn process_hmr(
    features: ArrayView2<'_, f32>,
    intrinsic: Option<[[f32; 3]; 3]>,
    set_floor: bool,
) -> Result<HmrMotion> {
    check_finite("features", &features)?;
    let mut smpl = decode(features, DecodeMode::EqualLength)?;
    let upright = matrix_from_rows(CAMERA_TO_Z_UP);
    apply_rotation(upright, smpl.global_orient.view_mut(), smpl.transl.view_mut());
    rotate_joints(upright, smpl.joints.view_mut());
    let canonical = canonicalize(&smpl, set_floor)?;
    let extrinsic = extrinsic(canonical.r_inv, canonical.delta, features.nrows());
    let intrinsic = intrinsic.unwrap_or(Mat3::IDENTITY.to_cols_array_2d());
    Ok(HmrMotion { canonical, extrinsic, intrinsic })
}

/// Rot6D of `R_inv E`, then `(c_x, c_z, -c_y)` with `c = -delta R_inv`, in each of `rows` rows.
fn extrinsic(r_inv: Mat3, delta: Vec3, rows: usize) -> Array2<f32> {
    let rotation = rot6d_from_matrix(r_inv * matrix_from_rows(CAMERA));
    // A row vector times a matrix is the transposed matrix times the column.
    let c = -(r_inv.transpose() * delta);
    let mut out = Array2::zeros((rows, 9));
    for mut row in out.rows_mut() {
        write_at(row.view_mut(), 0, &rotation);
        write_at(row.view_mut(), 6, &[c.x, c.z, -c.y]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_camera_the_intrinsic_is_the_identity_and_bad_ones_are_refused() {
        let features = Array2::from_shape_fn((4, 276), |(t, c)| ((t * 5 + c * 3) as f32).sin());
        let hmr = process_hmr(features.view(), None, true).unwrap();
        assert_eq!(hmr.intrinsic, [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
        assert_eq!((hmr.canonical.features.nrows(), hmr.extrinsic.shape()), (4, &[4, 9][..]));
        assert!(intrinsic(0.0, 640.0, 480.0).is_err() && intrinsic(500.0, f32::NAN, 480.0).is_err());
        assert_eq!(intrinsic(500.0, 640.0, 480.0).unwrap()[0], [500.0, 0.0, 320.0]);
    }
}

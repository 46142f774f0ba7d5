//! Rotations: axis-angle, matrices, quaternions and the two Rot6D forms, with the release's rounding behaviour.
//!
//! All rotations act on column vectors; angles are radians; quaternions are `[w, x, y, z]`. Two unrelated families
//! exist upstream
//! ([method, section 1](https://github.com/vimogen/vimogen/blob/main/docs/method.md#1-motion-representation), golden `rotations`): the *motion* family makes and reads the 276 features and
//! fills the module; the *mbench* family, in [`rows`], serves SMPLify and the body models. Their Rot6D forms differ:
//! columns against rows.
//!
//! Three functions make a matrix of an axis-angle vector, each with the rounding of the code it reproduces:
//!
//! | function | reproduces | difference |
//! |---|---|---|
//! | [`matrix_from_axis_angle`] | the features | the axis is `v / (angle + 1e-6)`; linear for small angles |
//! | [`rows::matrix_from_axis_angle_by_quaternion`] | SMPLify | through a quaternion |
//! | [`rows::matrix_from_axis_angle_smplx`] | the body models | 1e-8 is added to each component for the angle |

use glam::{Mat3, Quat, Vec3};

/// Below this squared angle [`matrix_from_axis_angle`] is `I + [v]x`.
const SMALL_ANGLE_SQUARED: f32 = 1e-6;
/// Smallest divisor of a normalisation, as in `torch.nn.functional.normalize`.
const NORM_FLOOR: f32 = 1e-12;

/// The cross-product matrix `[v]x`.
fn skew(v: Vec3) -> Mat3 {
    Mat3::from_cols(Vec3::new(0.0, v.z, -v.y), Vec3::new(-v.z, 0.0, v.x), Vec3::new(v.y, -v.x, 0.0))
}

/// `v / max(|v|, 1e-12)`.
#[inline(always)]
fn normalize_clamped(v: Vec3) -> Vec3 {
    v / v.length().max(NORM_FLOOR)
}

/// A 3x3 matrix from its entries, row by row.
pub fn matrix_from_rows(m: [f32; 9]) -> Mat3 {
    Mat3::from_cols_array(&m).transpose()
}

/// The entries of a 3x3 matrix, row by row.
pub fn matrix_to_rows(m: Mat3) -> [f32; 9] {
    m.transpose().to_cols_array()
}

/// Rotation matrix of an axis-angle vector.
///
/// With `s = v.v`: if `s > 1e-6`, Rodrigues with the axis `v / (sqrt(s) + 1e-6)`, else `I + [v]x`. The matrix is
/// orthonormal only to `1e-6 / angle`: published features were made this way, so parity keeps it.
pub fn matrix_from_axis_angle(v: Vec3) -> Mat3 {
    let squared = v.length_squared();
    if squared <= SMALL_ANGLE_SQUARED || squared.is_nan() {
        return Mat3::IDENTITY + skew(v);
    }
    let angle = squared.sqrt();
    let axis = v / (angle + 1e-6);
    let (sin, cos) = angle.sin_cos();
    let outer = Mat3::from_cols(axis * axis.x, axis * axis.y, axis * axis.z);
    Mat3::IDENTITY * cos + outer * (1.0 - cos) + skew(axis) * sin
}

/// Quaternion `[w, x, y, z]` of a rotation matrix, by the largest of the four trace cases.
///
/// A matrix that is not a rotation may give NaN.
// Without branches, so that a loop over many matrices is vectorised (`rotation_simd`).
#[inline(always)]
pub fn quaternion_from_matrix(m: Mat3) -> [f32; 4] {
    let ([r00, r10, r20], [r01, r11, r21], [r02, r12, r22]) =
        (m.x_axis.to_array(), m.y_axis.to_array(), m.z_axis.to_array());
    let (flat, x, z) = (r22 < 1e-6, r00 > r11, r00 < -r11);
    let case = |of_x: f32, of_y: f32, of_z: f32, of_w: f32| {
        let low = if x { of_x } else { of_y };
        let high = if z { of_z } else { of_w };
        if flat { low } else { high }
    };
    let (tx, ty) = (1.0 + r00 - r11 - r22, 1.0 - r00 + r11 - r22);
    let (tz, tw) = (1.0 - r00 - r11 + r22, 1.0 + r00 + r11 + r22);
    let (a, b, c) = (r21 - r12, r02 - r20, r10 - r01);
    let (d, e, f) = (r10 + r01, r02 + r20, r21 + r12);
    let divisor = 2.0 * case(tx, ty, tz, tw).sqrt();
    [case(a, b, c, tw), case(tx, d, e, a), case(d, ty, f, b), case(e, f, tz, c)].map(|v| v / divisor)
}

/// Axis-angle of a quaternion of any norm; `w < 0` gives the short way round, so the angle is at most pi.
pub fn axis_angle_from_quaternion(q: [f32; 4]) -> Vec3 {
    axis_angle_by(q, f32::atan2)
}

/// [`axis_angle_from_quaternion`] with a way to compute the arctangent of `y / x` for `y, x >= 0`.
#[inline(always)]
pub(super) fn axis_angle_by([w, x, y, z]: [f32; 4], arctangent: impl Fn(f32, f32) -> f32) -> Vec3 {
    let squared = x * x + y * y + z * z;
    let sin = squared.sqrt();
    let angle = 2.0 * arctangent(sin, w.abs());
    let angle = if w < 0.0 { -angle } else { angle };
    Vec3::new(x, y, z) * if squared > 0.0 { angle / sin } else { 2.0 }
}

/// Unit quaternion `[w, x, y, z]` of an axis-angle vector.
pub fn quaternion_from_axis_angle(v: Vec3) -> [f32; 4] {
    let squared = v.length_squared();
    let angle = squared.sqrt();
    if squared > 0.0 {
        let k = (0.5 * angle).sin() / angle;
        [(0.5 * angle).cos(), v.x * k, v.y * k, v.z * k]
    } else {
        [1.0, 0.5 * v.x, 0.5 * v.y, 0.5 * v.z]
    }
}

/// glam's quaternion of `[w, x, y, z]`.
pub fn quat_from_wxyz([w, x, y, z]: [f32; 4]) -> Quat {
    Quat::from_xyzw(x, y, z, w)
}

/// `[w, x, y, z]` of glam's quaternion.
pub fn wxyz_from_quat(q: Quat) -> [f32; 4] {
    [q.w, q.x, q.y, q.z]
}

/// The same rotation by the quaternion, `q` or `-q`, that is nearer to `before`: a sequence without jumps of sign.
pub fn continued(q: Quat, before: Quat) -> Quat {
    if q.dot(before) < 0.0 { -q } else { q }
}

/// Axis-angle of a rotation matrix, through a quaternion. NaN components become 0.
///
/// Within rounding of pi the sign of the vector is decided by rounding.
pub fn axis_angle_from_matrix(m: Mat3) -> Vec3 {
    zero_for_nan(axis_angle_from_quaternion(quaternion_from_matrix(m)))
}

/// The vector with 0 in the place of NaN.
#[inline(always)]
pub(super) fn zero_for_nan(v: Vec3) -> Vec3 {
    Vec3::from_array(v.to_array().map(|x| if x.is_nan() { 0.0 } else { x }))
}

/// Rot6D of a matrix: its first two *columns*, flattened row by row, `[r00, r01, r10, r11, r20, r21]`.
pub fn rot6d_from_matrix(m: Mat3) -> [f32; 6] {
    let (a, b) = (m.x_axis, m.y_axis);
    [a.x, b.x, a.y, b.y, a.z, b.z]
}

/// Matrix of a Rot6D (columns, flattened row by row) by Gram-Schmidt; norms are clamped below at 1e-12.
#[inline(always)]
pub fn matrix_from_rot6d(d: [f32; 6]) -> Mat3 {
    let (a1, a2) = (Vec3::new(d[0], d[2], d[4]), Vec3::new(d[1], d[3], d[5]));
    let b1 = normalize_clamped(a1);
    let b2 = normalize_clamped(a2 - b1 * b1.dot(a2));
    Mat3::from_cols(b1, b2, b1.cross(b2))
}

/// Rot6D of an axis-angle vector.
pub fn rot6d_from_axis_angle(v: Vec3) -> [f32; 6] {
    rot6d_from_matrix(matrix_from_axis_angle(v))
}

/// Axis-angle of a Rot6D.
pub fn axis_angle_from_rot6d(d: [f32; 6]) -> Vec3 {
    axis_angle_from_matrix(matrix_from_rot6d(d))
}

/// Rot6D of a quaternion `[w, x, y, z]`, through axis-angle as upstream.
pub fn rot6d_from_quaternion(q: [f32; 4]) -> [f32; 6] {
    rot6d_from_axis_angle(axis_angle_from_quaternion(q))
}

/// Quaternion `[w, x, y, z]` of a Rot6D, through axis-angle as upstream.
pub fn quaternion_from_rot6d(d: [f32; 6]) -> [f32; 4] {
    quaternion_from_axis_angle(axis_angle_from_rot6d(d))
}

/// The mbench family: pytorch3d-style conversions whose Rot6D is the first two *rows* of the matrix.
pub mod rows {
    use glam::{Mat3, Vec3};

    use super::{NORM_FLOOR, matrix_from_rows, skew};

    /// Quaternion `[w, x, y, z]`; below an angle of 1e-6, `sin(a/2)/a` is replaced by its series `1/2 - a^2/48`.
    pub fn quaternion_from_axis_angle(v: Vec3) -> [f32; 4] {
        let angle = v.length();
        let half = 0.5 * angle;
        let k = if angle < 1e-6 { 0.5 - angle * angle / 48.0 } else { half.sin() / angle };
        [half.cos(), v.x * k, v.y * k, v.z * k]
    }

    /// Rotation matrix of a quaternion `[w, x, y, z]` of any norm.
    pub fn matrix_from_quaternion([w, x, y, z]: [f32; 4]) -> Mat3 {
        let s = 2.0 / (w * w + x * x + y * y + z * z);
        matrix_from_rows([
            1.0 - s * (y * y + z * z),
            s * (x * y - z * w),
            s * (x * z + y * w),
            s * (x * y + z * w),
            1.0 - s * (x * x + z * z),
            s * (y * z - x * w),
            s * (x * z - y * w),
            s * (y * z + x * w),
            1.0 - s * (x * x + y * y),
        ])
    }

    /// Rotation matrix of an axis-angle vector, through a quaternion.
    pub fn matrix_from_axis_angle_by_quaternion(v: Vec3) -> Mat3 {
        matrix_from_quaternion(quaternion_from_axis_angle(v))
    }

    /// The first two rows of a matrix, `[r00, r01, r02, r10, r11, r12]`.
    pub fn rot6d_from_matrix(m: Mat3) -> [f32; 6] {
        let (a, b) = (m.row(0), m.row(1));
        [a.x, a.y, a.z, b.x, b.y, b.z]
    }

    /// Matrix of a row-wise Rot6D by Gram-Schmidt on the rows.
    pub fn matrix_from_rot6d(d: [f32; 6]) -> Mat3 {
        let normalize = |v: Vec3| v / v.length().max(NORM_FLOOR);
        let (a1, a2) = (Vec3::new(d[0], d[1], d[2]), Vec3::new(d[3], d[4], d[5]));
        let b1 = normalize(a1);
        let b2 = normalize(a2 - b1 * b1.dot(a2));
        Mat3::from_cols(b1, b2, b1.cross(b2)).transpose()
    }

    /// The body models' own Rodrigues: angle `|v + 1e-8|` (added to each component), axis `v / angle`.
    pub fn matrix_from_axis_angle_smplx(v: Vec3) -> Mat3 {
        let angle = (v + Vec3::splat(1e-8)).length();
        let k = skew(v / angle);
        let (sin, cos) = angle.sin_cos();
        Mat3::IDENTITY + k * sin + k * k * (1.0 - cos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_agree_away_from_pi() {
        for v in [Vec3::new(0.3, -0.8, 1.1), Vec3::new(-2.0, 0.4, 0.9), Vec3::new(0.01, 0.0, 0.0)] {
            let via_matrix = axis_angle_from_matrix(matrix_from_axis_angle(v));
            let via_quaternion = axis_angle_from_quaternion(quaternion_from_axis_angle(v));
            let other_family = rows::matrix_from_axis_angle_by_quaternion(v);
            assert!(via_matrix.abs_diff_eq(v, 2e-4) && via_quaternion.abs_diff_eq(v, 2e-6), "{v} {via_matrix}");
            assert!(matrix_from_axis_angle(v).abs_diff_eq(other_family, 2e-4), "{v}");
        }
    }

    #[test]
    fn rot6d_orders_are_columns_and_rows() {
        let m = matrix_from_rows([0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        assert_eq!(rot6d_from_matrix(m), [0.0, -1.0, 1.0, 0.0, 0.0, 0.0]);
        assert_eq!(rows::rot6d_from_matrix(m), [0.0, -1.0, 0.0, 1.0, 0.0, 0.0]);
        assert_eq!(matrix_from_rot6d(rot6d_from_matrix(m)), m);
        assert_eq!(rows::matrix_from_rot6d(rows::rot6d_from_matrix(m)), m);
    }

    #[test]
    fn nan_becomes_zero_rotation() {
        assert_eq!(axis_angle_from_rot6d([f32::NAN; 6]), Vec3::ZERO);
    }
}

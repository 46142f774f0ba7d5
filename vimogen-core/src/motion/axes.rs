//! The two conventions for "up": z in vimogen's world, y in BVH, glTF and MBench.
//!
//! `(x, y, z) -> (-x, z, y)` goes from one to the other, in both directions. A person who faces +y in the z-up world
//! faces +z in the y-up world, with the left side at +x: the axes of SMPL's rest pose.

use std::ops::Neg;

use glam::{Mat3, Vec3};
use ndarray::Array3;

/// The swap as a rotation, by half a turn about `(0, 1, 1)`; its own inverse.
pub const SWAP: Mat3 = Mat3::from_cols(Vec3::new(-1.0, 0.0, 0.0), Vec3::new(0.0, 0.0, 1.0), Vec3::new(0.0, 1.0, 0.0));

/// `(-x, z, y)` of a point `(x, y, z)`: from z up to y up, and back.
pub fn swap_up<T: Neg<Output = T>>(point: impl Into<[T; 3]>) -> [T; 3] {
    let [x, y, z] = point.into();
    [-x, z, y]
}

/// [`swap_up`] of all joints, `[frames, joints, 3]`.
pub(crate) fn swap_joints(mut joints: Array3<f32>) -> Array3<f32> {
    for mut point in joints.rows_mut() {
        [point[0], point[1], point[2]] = swap_up([point[0], point[1], point[2]]);
    }
    joints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_swap_is_a_rotation_and_its_own_inverse() {
        let p = Vec3::new(1.0, 2.0, 3.0);
        assert_eq!(swap_up(p), [-1.0, 3.0, 2.0]);
        assert_eq!(swap_up(swap_up::<f32>(p)), p.to_array());
        assert_eq!(SWAP * p, Vec3::from(swap_up(p)));
        assert_eq!(SWAP.determinant(), 1.0);
    }
}

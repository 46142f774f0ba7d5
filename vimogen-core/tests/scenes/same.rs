use glam::{DQuat, DVec3};
use ndarray::Array2;
use vimogen_core::Motion;

/// Asserts that all joints are within a millimetre and all rotations within 0.1 degree.
#[track_caller]
pub fn assert_same(got: &Motion, want: &Motion) {
    assert_eq!((got.len(), got.fps()), (want.len(), want.fps()));
    assert_close(got, want, 1e-3, 0.1);
}

#[track_caller]
pub fn assert_close(got: &Motion, want: &Motion, metres: f32, degrees: f64) {
    assert_positions(got, want, metres);
    let (a, b) = (got.smpl(), want.smpl());
    let turn = |x: &Array2<f32>, t: usize, j: usize| {
        DQuat::from_scaled_axis(DVec3::from_array(std::array::from_fn(|c| f64::from(x[[t, 3 * j + c]]))))
    };
    for t in 0..got.len() {
        let root = [(0, &a.global_orient, &b.global_orient, 0)].into_iter();
        for (joint, x, y, j) in root.chain((0..21).map(|j| (j + 1, &a.body_pose, &b.body_pose, j))) {
            let angle = 2.0 * (turn(x, t, j).inverse() * turn(y, t, j)).xyz().length().min(1.0).asin();
            assert!(angle.to_degrees() < degrees, "frame {t}, joint {joint}: {} degrees", angle.to_degrees());
        }
    }
}

#[track_caller]
pub fn assert_positions(got: &Motion, want: &Motion, metres: f32) {
    assert_eq!(got.len(), want.len());
    let far = (&got.smpl().joints - &want.smpl().joints).iter().fold(0.0f32, |m, d| m.max(d.abs()));
    assert!(far < metres, "joints are {far} m apart");
}

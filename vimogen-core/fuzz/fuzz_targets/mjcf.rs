#![no_main]

use std::sync::LazyLock;

use vimogen_core::Motion;
use vimogen_core::glam::{Quat, Vec3};
use vimogen_core::io::Robot;
use vimogen_core::motion::Pose;

/// A clip of a few frames.
static CLIP: LazyLock<Motion> = LazyLock::new(|| {
    let pose = |t: usize| Pose {
        root: Vec3::new(0.0, 0.05 * t as f32, 0.95),
        rotations: std::array::from_fn(|j| Quat::from_rotation_x(0.02 * (t * j) as f32)),
    };
    let poses: Vec<Pose> = (0..3).map(pose).collect();
    Motion::from_poses(&poses, 20.0).expect("poses are finite")
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(robot) = Robot::from_bytes(bytes.to_vec(), None) else { return };
    robot.bodies(&robot.initial()).expect("the model's own values can be posed");
    if let Ok(done) = robot.retarget(&CLIP) {
        assert_eq!(done.report().violations, 0, "limits hold for any robot");
    }
});

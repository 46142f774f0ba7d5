//! Editing clips without a network: joining, turning, looping, bending to a path, mixing bodies.
//!
//! Every operation is a method of [`Motion`] and returns one consistent clip: its joints are the forward kinematics of its
//! rotations, and its steps are the differences of its positions. Features cannot be edited as plain arrays, because a
//! frame holds positions in the world together with the steps to the next frame.

mod cut;
mod cycle;
mod decay;
pub(crate) mod heading;
mod join;
mod mix;
pub(crate) mod path;
mod place;
mod seam;
mod timing;

pub use cycle::Loop;
pub use join::{JoinOptions, Joined};
pub use mix::UPPER_BODY;
pub use seam::{Jump, Seam};

use crate::body::{NEUTRAL, Track};
use crate::error::{Error, Result};
use crate::motion::resample::MAX_FRAMES;
use crate::motion::{Motion, Pose};

impl Motion {
    /// A clip from poses, on the skeleton of the neutral body. The last pose is held.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] without poses, for values that are not finite and for an `fps` outside (0, 1000].
    pub fn from_poses(poses: &[Pose], fps: f32) -> Result<Self> {
        let Some(last) = poses.last() else { return Err(Error::invalid("poses", "there are none")) };
        let finite =
            |pose: &Pose| pose.root.is_finite() && pose.rotations.iter().all(|q| q.is_finite() && q.length() > 1e-6);
        if let Some(t) = poses.iter().position(|pose| !finite(pose)) {
            return Err(Error::invalid("poses", format!("pose {t} is not finite, or has a rotation of length 0")));
        }
        let unit = |pose: &Pose| Pose { root: pose.root, rotations: pose.rotations.map(|q| q.normalize()) };
        let poses = poses.iter().chain([last]).map(unit).collect();
        Track::new(NEUTRAL, poses, fps).to_motion()
    }
}

/// Checks a number of seconds.
fn check_seconds(name: &'static str, seconds: f64) -> Result<()> {
    if (0.0..=3600.0).contains(&seconds) {
        return Ok(());
    }
    Err(Error::invalid(name, format!("{seconds:?} seconds, expected 0 to 3600")))
}

/// Checks the length of a clip that is to be made, before it takes memory.
fn check_frames(name: &'static str, frames: usize) -> Result<()> {
    if frames <= MAX_FRAMES {
        return Ok(());
    }
    Err(Error::invalid(name, format!("the clip would have {frames} frames, at most {MAX_FRAMES}")))
}

#[cfg(test)]
pub(crate) mod tests {
    use glam::{Quat, Vec3};

    use super::*;
    use crate::body::REST_TO_WORLD;
    use crate::motion::layout::JOINTS;
    use crate::motion::skeleton::joint::{LEFT_ANKLE, LEFT_ELBOW, LEFT_HIP, LEFT_KNEE, LEFT_SHOULDER};

    /// A walk of the neutral skeleton along +y, 1 m/s, a stride of 24 frames at 20 frames per second.
    pub(super) fn stroll(frames: usize) -> Motion {
        Track::new(NEUTRAL, strides(frames + 1), 20.0).to_motion().unwrap()
    }

    /// The poses of [`stroll`].
    pub(crate) fn strides(frames: usize) -> Vec<Pose> {
        (0..frames).map(|t| stride(t as f32 / 24.0, t as f32 / 20.0)).collect()
    }

    fn stride(phase: f32, y: f32) -> Pose {
        let mut rotations = [Quat::IDENTITY; JOINTS];
        rotations[0] = Quat::from_mat3(&REST_TO_WORLD);
        for (side, sign) in [(0, 1.0f32), (1, -1.0)] {
            let swing = sign * (std::f32::consts::TAU * phase).sin();
            let lift = (sign * (std::f32::consts::TAU * phase).cos()).max(0.0);
            rotations[LEFT_HIP + side] = Quat::from_rotation_x(-0.4 * swing - 0.3 * lift);
            rotations[LEFT_KNEE + side] = Quat::from_rotation_x(0.7 * lift);
            rotations[LEFT_ANKLE + side] = Quat::from_rotation_x(0.4 * swing - 0.4 * lift);
            rotations[LEFT_SHOULDER + side] = Quat::from_rotation_z(-1.2 * sign) * Quat::from_rotation_y(0.3 * swing);
            rotations[LEFT_ELBOW + side] = Quat::from_rotation_y(-0.3 * sign);
        }
        Pose { root: Vec3::new(0.0, y, 0.93), rotations }
    }

    /// Maximum difference of a joint coordinate, metres.
    pub(super) fn far(a: &Motion, b: &Motion) -> f32 {
        (&a.joints() - &b.joints()).iter().fold(0.0, |m: f32, d| m.max(d.abs()))
    }

    #[test]
    fn poses_become_a_clip_that_has_them() {
        let poses: Vec<Pose> = (0..30).map(|t| stride(t as f32 / 24.0, t as f32 / 20.0)).collect();
        let clip = Motion::from_poses(&poses, 30.0).unwrap();
        assert_eq!((clip.len(), clip.fps()), (30, 30.0));
        for (t, pose) in poses.iter().enumerate() {
            let got = clip.pose_at(t as f64 / 30.0);
            assert!(got.root.abs_diff_eq(pose.root, 1e-4));
            assert!((0..JOINTS).all(|j| got.rotations[j].angle_between(pose.rotations[j]) < 2e-3), "frame {t}");
        }
        assert!(clip.kinematic_error().max < 1e-4);
        let bad = |pose: Pose| Motion::from_poses(&[poses[0], pose], 30.0).unwrap_err().to_string();
        assert!(bad(Pose { root: Vec3::NAN, ..poses[1] }).contains("pose 1"));
        assert!(
            bad(Pose { rotations: [Quat::from_xyzw(0.0, 0.0, 0.0, 0.0); JOINTS], ..poses[1] }).contains("length 0")
        );
        assert!(Motion::from_poses(&[], 30.0).is_err());
    }
}

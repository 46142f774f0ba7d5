//! Parts of one movement on the rest of another.

use glam::Quat;

use super::heading::heading;
use crate::body::Track;
use crate::error::{Error, Result};
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::joint;
use crate::motion::skeleton::joint::{
    LEFT_ELBOW, LEFT_SHOULDER, LEFT_WRIST, RIGHT_ELBOW, RIGHT_SHOULDER, RIGHT_WRIST, SPINE1, SPINE2, SPINE3,
};
use crate::motion::{Motion, Pose, Skeleton};

/// The joints above the pelvis: spine, neck, head and arms.
pub const UPPER_BODY: [usize; 13] = [
    SPINE1,
    SPINE2,
    SPINE3,
    joint::NECK,
    joint::LEFT_COLLAR,
    joint::RIGHT_COLLAR,
    joint::HEAD,
    LEFT_SHOULDER,
    RIGHT_SHOULDER,
    LEFT_ELBOW,
    RIGHT_ELBOW,
    LEFT_WRIST,
    RIGHT_WRIST,
];

impl Motion {
    /// The clip with the upper body of `other`, see [`Motion::with_joints_of`].
    ///
    /// # Errors
    /// As [`Motion::with_joints_of`].
    pub fn with_upper_body(&self, other: &Self) -> Result<Self> {
        self.with_joints_of(other, &UPPER_BODY)
    }

    /// The clip with the rotations of the given joints from `other`, frame by frame, at the frame rate of this clip; path
    /// and all other joints are its own. If `other` is shorter, its last pose is held.
    ///
    /// Rotations are relative to the parent, except that of the lowest spine joint: it keeps its lean in the world,
    /// relative to the heading, so that a trunk that is upright in `other` is upright on a pelvis that leans.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for the pelvis, or a joint above 21.
    pub fn with_joints_of(&self, other: &Self, joints: &[usize]) -> Result<Self> {
        if let Some(j) = joints.iter().find(|j| !(1..JOINTS).contains(*j)) {
            return Err(Error::invalid("joints", format!("{j} is not a joint from 1 to {}", JOINTS - 1)));
        }
        let mut track = Track::of(self)?;
        let other = Track::of(&other.resample(self.fps())?)?;
        for t in 0..track.poses.len() {
            let (own, theirs) = (track.poses[t], other.poses[t.min(other.poses.len() - 1)]);
            let rotations = &mut track.poses[t].rotations;
            joints.iter().for_each(|&j| rotations[j] = theirs.rotations[j]);
            if joints.contains(&SPINE1) {
                let level = level(&track.skeleton, &own).inverse() * own.rotations[0];
                let their_level = self::level(&other.skeleton, &theirs).inverse() * theirs.rotations[0];
                rotations[SPINE1] = (level.inverse() * their_level * theirs.rotations[SPINE1]).normalize();
            }
        }
        track.to_motion()
    }
}

/// The heading of a pose as a rotation about the vertical; that of its pelvis alone if it has none.
fn level(skeleton: &Skeleton, pose: &Pose) -> Quat {
    let facing = heading(&skeleton.fk(pose.root, pose.rotations).1);
    facing.map_or(pose.rotations[0], Quat::from_rotation_z)
}

#[cfg(test)]
mod tests {
    use glam::Vec3;

    use super::super::tests::stroll;
    use super::*;
    use crate::motion::skeleton::joint::{LEFT_ANKLE, PELVIS};

    #[test]
    fn the_upper_body_is_another_s_and_the_legs_stay() {
        let walk = stroll(60);
        let mut track = Track::of(&walk.slice(0..20).unwrap().turned(77.0).unwrap()).unwrap();
        for pose in &mut track.poses {
            pose.rotations[LEFT_SHOULDER] = Quat::from_rotation_z(1.2);
            pose.rotations[0] *= Quat::from_rotation_x(0.3);
        }
        let raised = track.to_motion().unwrap();
        let mixed = walk.with_upper_body(&raised).unwrap();
        assert_eq!(mixed.len(), 60);
        let at = |m: &Motion, t: usize, j: usize| m.smpl().joint(t, j) - m.smpl().joint(t, PELVIS);
        for t in [0, 10, 40] {
            assert!(at(&mixed, t, LEFT_ANKLE).abs_diff_eq(at(&walk, t, LEFT_ANKLE), 1e-3));
            assert!(mixed.smpl().joint(t, 0).abs_diff_eq(walk.smpl().joint(t, 0), 1e-3));
        }
        // The trunk leans as it did on its own legs, in the heading of these.
        let lean = |m: &Motion, t: usize| at(m, t, joint::NECK).normalize_or_zero().z;
        assert!((lean(&mixed, 10) - lean(&raised, 10)).abs() < 0.02, "{} {}", lean(&mixed, 10), lean(&raised, 10));
        assert!(at(&mixed, 10, LEFT_WRIST).dot(Vec3::Z) > at(&walk, 10, LEFT_WRIST).z + 0.3);
        assert!(walk.with_joints_of(&raised, &[0]).is_err() && walk.with_joints_of(&raised, &[22]).is_err());
    }
}

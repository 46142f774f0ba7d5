//! Positions that follow from rotations, and feet that stay where they stand.
//!
//! A network predicts rotations, joint positions and steps separately, and they disagree slightly.
//! [`Motion::kinematic_error`] measures by how much; [`Motion::refit`] keeps the rotations and the summed steps of the root,
//! and places the joints by forward kinematics on the clip's own bones. [`crate::body::Reconcile`] is the counterpart for
//! models that ask for it: it weighs all channels against each other.

use super::track::Track;
use crate::error::Result;
use crate::motion::layout::JOINTS;
use crate::motion::{Motion, Skeleton};

/// Distance between the joints of a clip and the forward kinematics of its rotations, metres; 0 if they agree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KinematicError {
    /// Mean over frames and joints.
    pub mean: f32,
    /// Maximum over frames and joints.
    pub max: f32,
}

impl Motion {
    /// Compares the summed joint steps with forward kinematics of the rotations on the clip's own mean bones.
    pub fn kinematic_error(&self) -> KinematicError {
        let smpl = self.smpl();
        let skeleton = Skeleton::fit_offsets(smpl, smpl.len()).as_f32();
        let (mut sum, mut max) = (0.0f64, 0.0f32);
        for t in 0..smpl.len() {
            let pose = smpl.pose(t);
            let (_, positions) = skeleton.fk(pose.root, pose.rotations);
            for (j, position) in positions.iter().enumerate() {
                let distance = position.distance(smpl.joint(t, j));
                sum += f64::from(distance);
                max = max.max(distance);
            }
        }
        // A maximum passes over NaN, a sum does not.
        let max = if sum.is_nan() { f32::NAN } else { max };
        KinematicError { mean: (sum / (smpl.len() * JOINTS) as f64) as f32, max }
    }

    /// The clip with joints by forward kinematics from its rotations, and the root from the sums of its steps; each bone
    /// has its mean direction and length of the clip. With `lock_feet`, a foot that touches the ground stays in place and
    /// above the ground: hip and knee follow by inverse kinematics, and the foot keeps its orientation.
    ///
    /// # Errors
    /// [`Error::NonFinite`](crate::Error::NonFinite) for a clip whose sums of steps overflow.
    pub fn refit(&self, lock_feet: bool) -> Result<Self> {
        let mut track = Track::of(self)?;
        if lock_feet {
            track.lock_feet(|_| 1.0);
        }
        let change = if lock_feet { "refitted, with feet locked" } else { "refitted" };
        Ok(track.to_motion()?.changed(self, change))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use glam::{Quat, Vec3};

    use super::*;
    use crate::body::{NEUTRAL, REST_TO_WORLD, SMPLX_ROOT};
    use crate::motion::codec::{SmplMotion, encode, write_at};
    use crate::motion::skeleton::joint as names;

    /// A body of the neutral skeleton that walks on the spot forwards: one foot stands while the other swings, and the
    /// standing one slides back and forth by up to `slide` metres.
    pub(in crate::body) fn march(frames: usize, slide: f32) -> Motion {
        let mut smpl = SmplMotion::zeros(frames + 1);
        for t in 0..=frames {
            let phase = std::f32::consts::TAU * t as f32 / 24.0;
            let mut rotations = [Quat::IDENTITY; JOINTS];
            rotations[0] = Quat::from_mat3(&REST_TO_WORLD);
            for (side, sign) in [(0, 1.0f32), (1, -1.0)] {
                let lift = (sign * phase.sin()).max(0.0) * 0.9;
                rotations[names::LEFT_HIP + side] = Quat::from_rotation_x(-lift);
                rotations[names::LEFT_KNEE + side] = Quat::from_rotation_x(2.0 * lift);
                rotations[names::LEFT_ANKLE + side] = Quat::from_rotation_x(-lift);
            }
            let pelvis = Vec3::new(slide * (0.8 * t as f32).sin(), 0.0, 0.95);
            write_at(smpl.transl.row_mut(t), 0, &(pelvis - SMPLX_ROOT).to_array());
            smpl.set_rotations(t, &rotations);
            smpl.set_joints(t, &NEUTRAL.fk(pelvis, rotations).1);
        }
        Motion::from_features(encode(&smpl).unwrap(), 20.0).unwrap()
    }

    fn largest(a: &Motion, b: &Motion) -> f32 {
        (&a.joints() - &b.joints()).iter().fold(0.0, |m: f32, d| m.max(d.abs()))
    }

    #[test]
    fn a_clip_that_agrees_with_itself_has_no_error_and_stays() {
        let clip = march(48, 0.0);
        let error = clip.kinematic_error();
        assert!(error.max < 1e-4 && error.mean <= error.max, "{error:?}");
        assert!(largest(&clip.refit(false).unwrap(), &clip) < 1e-4);
    }

    #[test]
    fn joints_that_disagree_with_the_rotations_are_reported_and_put_back() {
        let clip = march(48, 0.0);
        let mut features = clip.features().to_owned();
        // Every other frame the left wrist steps 2 cm aside.
        let column = crate::motion::layout::VELOCITIES.start + 3 * names::LEFT_WRIST;
        features
            .column_mut(column)
            .iter_mut()
            .enumerate()
            .for_each(|(t, v)| *v += if t % 2 == 0 { 0.02 } else { -0.02 });
        let spoilt = Motion::from_features(features, 20.0).unwrap();
        let before = spoilt.kinematic_error();
        assert!((0.005..0.03).contains(&before.max), "{before:?}");
        let after = spoilt.refit(false).unwrap();
        assert!(after.kinematic_error().max < 1e-4, "{:?}", after.kinematic_error());
        assert!((&after.smpl().body_pose - &spoilt.smpl().body_pose).iter().all(|d| d.abs() < 1e-4));
        assert_eq!((after.len(), after.fps()), (48, 20.0));
    }

    #[test]
    fn a_single_frame_passes() {
        let one = march(10, 0.0).slice(0..1).unwrap();
        assert_eq!(one.refit(true).unwrap().len(), 1);
    }
}

//! Rotations for joint positions: a pose of the neutral body whose bones point as those of the positions.
//!
//! Directions of bones determine all rotations but the twist about a bone. Pelvis and chest take theirs from two
//! directions; the spine between them shares the twist; upper arms and thighs turn so that elbows and knees bend as
//! hinges; all other joints turn the shortest way from their parents.

use glam::{DMat3, DQuat, DVec3};
use ndarray::ArrayView3;

use super::{REST_OFFSETS, SMPLX_ROOT};
use crate::error::{Error, Result, check_finite};
use crate::motion::codec::{SmplMotion, write_at};
use crate::motion::joint::{
    HEAD, LEFT_ANKLE, LEFT_COLLAR, LEFT_ELBOW, LEFT_FOOT, LEFT_HIP, LEFT_KNEE, LEFT_SHOULDER, LEFT_WRIST, NECK, PELVIS,
    RIGHT_ANKLE, RIGHT_COLLAR, RIGHT_ELBOW, RIGHT_FOOT, RIGHT_HIP, RIGHT_KNEE, RIGHT_SHOULDER, RIGHT_WRIST, SPINE1,
    SPINE2, SPINE3,
};
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::PARENTS;

/// Upper joint, hinge, end, and the axis about which the hinge bends in the rest pose.
const LIMBS: [(usize, usize, usize, DVec3); 4] = [
    (LEFT_HIP, LEFT_KNEE, LEFT_ANKLE, DVec3::X),
    (RIGHT_HIP, RIGHT_KNEE, RIGHT_ANKLE, DVec3::X),
    (LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST, DVec3::NEG_Y),
    (RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST, DVec3::Y),
];
/// Sine of the bend below which a hinge says nothing of the twist above it, and from which it alone decides.
const BEND: (f64, f64) = (0.1, 0.4);

/// The clip of these joints: positions as given, rotations of the neutral body.
///
/// # Shapes
/// - joints: `[frames, 22, 3]`, metres, z up
///
/// # Errors
/// [`Error::Shape`], [`Error::NonFinite`].
pub fn fit_joints(joints: ArrayView3<'_, f32>) -> Result<SmplMotion> {
    let (frames, count, axes) = joints.dim();
    if frames == 0 || (count, axes) != (JOINTS, 3) {
        return Err(Error::shape("joints", "(T, 22, 3) with T >= 1", joints.shape()));
    }
    check_finite("joints", &joints)?;
    let mut smpl = SmplMotion::zeros(frames);
    smpl.joints.assign(&joints);
    let mut before = [DQuat::IDENTITY; JOINTS];
    for t in 0..frames {
        let places = std::array::from_fn(|j| smpl.joint(t, j).as_dvec3());
        let turns = Fit { places: &places, before: &before }.turns();
        let local = |j: usize| PARENTS[j].map_or(turns[j], |p| turns[p].inverse() * turns[j]);
        smpl.set_rotations(t, &std::array::from_fn(|j| local(j).normalize().as_quat()));
        write_at(smpl.transl.row_mut(t), 0, &(places[PELVIS].as_vec3() - SMPLX_ROOT).to_array());
        before = turns;
    }
    Ok(smpl)
}

/// One frame.
struct Fit<'a> {
    places: &'a [DVec3; JOINTS],
    /// World rotations of the frame before, for bones without a length.
    before: &'a [DQuat; JOINTS],
}

impl Fit<'_> {
    /// World rotations of all joints.
    fn turns(&self) -> [DQuat; JOINTS] {
        let mut turns = *self.before;
        let across = (rest(LEFT_HIP) - rest(RIGHT_HIP), self.places[LEFT_HIP] - self.places[RIGHT_HIP]);
        turns[PELVIS] = self.by_two(PELVIS, across, (rest(SPINE1), self.bone(SPINE1)));
        let across = (rest(LEFT_COLLAR) - rest(RIGHT_COLLAR), self.places[LEFT_COLLAR] - self.places[RIGHT_COLLAR]);
        turns[SPINE3] = self.by_two(SPINE3, (rest(NECK), self.bone(NECK)), across);
        for (joint, child, share) in [(SPINE1, SPINE2, 1.0 / 3.0), (SPINE2, SPINE3, 2.0 / 3.0)] {
            let between = turns[PELVIS].slerp(turns[SPINE3], share);
            turns[joint] = self.swung(between, child);
        }
        for (joint, parent, child) in
            [(NECK, SPINE3, HEAD), (LEFT_COLLAR, SPINE3, LEFT_SHOULDER), (RIGHT_COLLAR, SPINE3, RIGHT_SHOULDER)]
        {
            turns[joint] = self.swung(turns[parent], child);
        }
        turns[HEAD] = turns[NECK];
        for (upper, hinge, end, axis) in LIMBS {
            let above = PARENTS[upper].map_or(DQuat::IDENTITY, |parent| turns[parent]);
            turns[upper] = self.limb(above, upper, hinge, end, axis);
            turns[hinge] = self.swung(turns[upper], end);
            turns[end] = turns[hinge];
        }
        for (ankle, foot) in [(LEFT_ANKLE, LEFT_FOOT), (RIGHT_ANKLE, RIGHT_FOOT)] {
            turns[ankle] = self.swung(turns[ankle], foot);
            turns[foot] = turns[ankle];
        }
        turns
    }

    /// From the parent to the joint.
    fn bone(&self, joint: usize) -> DVec3 {
        self.places[joint] - PARENTS[joint].map_or(DVec3::ZERO, |parent| self.places[parent])
    }

    /// The rotation that takes the first rest direction to its place, and the second as near to it as it can be.
    fn by_two(&self, joint: usize, first: (DVec3, DVec3), second: (DVec3, DVec3)) -> DQuat {
        let turn = axes(first.0, second.0).zip(axes(first.1, second.1));
        turn.map_or(self.before[joint], |(rest, now)| DQuat::from_mat3(&(now * rest.transpose())))
    }

    /// `turn` with the shortest rotation that makes the bone to `child` point as it does.
    fn swung(&self, turn: DQuat, child: usize) -> DQuat {
        match (rest(child).try_normalize(), self.bone(child).try_normalize()) {
            (Some(rest), Some(now)) => DQuat::from_rotation_arc(turn * rest, now) * turn,
            _ => turn,
        }
    }

    /// The upper joint of a limb, below `above`: twisted as the bend of its hinge says.
    fn limb(&self, above: DQuat, upper: usize, hinge: usize, end: usize, axis: DVec3) -> DQuat {
        let swung = self.swung(above, hinge);
        let (Some(bone), Some(lower)) = (self.bone(hinge).try_normalize(), self.bone(end).try_normalize()) else {
            return swung;
        };
        let bend = bone.cross(lower);
        let weight = ((bend.length() - BEND.0) / (BEND.1 - BEND.0)).clamp(0.0, 1.0);
        let weight = weight * weight * (3.0 - 2.0 * weight);
        let wanted = (swung * axis).lerp(bend.normalize_or_zero(), weight);
        let turn = axes(rest(hinge), axis).zip(axes(bone, wanted));
        turn.map_or(self.before[upper], |(rest, now)| DQuat::from_mat3(&(now * rest.transpose())))
    }
}

fn rest(joint: usize) -> DVec3 {
    REST_OFFSETS[joint].as_dvec3()
}

/// Right-handed axes: the first along `first`, the third across both; `None` if the two do not span a plane.
fn axes(first: DVec3, second: DVec3) -> Option<DMat3> {
    let x = first.try_normalize()?;
    let z = x.cross(second.try_normalize()?);
    let z = z.try_normalize().filter(|_| z.length() > 1e-6)?;
    Some(DMat3::from_cols(x, z.cross(x), z))
}

#[cfg(test)]
mod tests {
    use glam::{Quat, Vec3};
    use ndarray::Array3;

    use super::*;
    use crate::body::{NEUTRAL, REST_TO_WORLD};

    /// Limbs that bend as limbs do, a turning trunk, all joints moving.
    fn clip(frames: usize) -> SmplMotion {
        let mut clip = SmplMotion::zeros(frames);
        for t in 0..frames {
            let wave = |k: f32| (0.23 * t as f32 + k).sin();
            let mut local: [Quat; JOINTS] =
                std::array::from_fn(|j| Quat::from_scaled_axis(0.3 * Vec3::new(wave(j as f32), wave(2.0), wave(5.0))));
            local[PELVIS] = Quat::from_rotation_z(0.1 * t as f32) * Quat::from_mat3(&REST_TO_WORLD);
            for (hinge, axis) in
                [(LEFT_KNEE, Vec3::X), (RIGHT_KNEE, Vec3::X), (LEFT_ELBOW, Vec3::NEG_Y), (RIGHT_ELBOW, Vec3::Y)]
            {
                local[hinge] = Quat::from_axis_angle(axis, 0.8 + 0.7 * wave(hinge as f32));
            }
            clip.set_rotations(t, &local);
            clip.set_joints(t, &NEUTRAL.fk(Vec3::new(0.02 * t as f32, 0.0, 0.95), local).1);
        }
        clip
    }

    #[test]
    fn the_fitted_pose_has_the_joints_to_a_centimetre() {
        let clip = clip(80);
        let fitted = fit_joints(clip.joints.view()).unwrap();
        for t in 0..80 {
            let (turns, places) = NEUTRAL.fk(clip.joint(t, 0), fitted.rotations(t));
            let (wanted, _) = NEUTRAL.fk(clip.joint(t, 0), clip.rotations(t));
            for (j, place) in places.iter().enumerate() {
                let off = place.distance(clip.joint(t, j));
                assert!(off < 0.01, "frame {t}, joint {j}: {off} m");
            }
            // Where elbows and knees bend, the twist of the limb above them is found too.
            for (joint, hinge) in [(LEFT_HIP, LEFT_KNEE), (RIGHT_HIP, RIGHT_KNEE), (RIGHT_SHOULDER, RIGHT_ELBOW)] {
                let (bend, off) = (clip.axis_angle(t, hinge).length(), turns[joint].angle_between(wanted[joint]));
                assert!(bend < 0.5 || off < 0.02, "frame {t}, joint {joint}: {off} rad");
            }
        }
    }

    #[test]
    fn joints_in_one_place_are_no_reason_for_nan() {
        let fitted = fit_joints(Array3::zeros((3, JOINTS, 3)).view()).unwrap();
        assert!(fitted.body_pose.iter().chain(&fitted.global_orient).all(|v| v.is_finite()));
        assert!(fit_joints(Array3::zeros((0, JOINTS, 3)).view()).is_err());
        assert!(fit_joints(Array3::from_elem((1, JOINTS, 3), f32::NAN).view()).is_err());
    }
}

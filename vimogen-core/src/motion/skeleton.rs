//! The 22-joint skeleton, which is SMPL's without the hands, and forward kinematics.

use std::ops::{Add, Mul};

use glam::{DVec3, Vec3};

use super::codec::SmplMotion;
pub use super::joint::{self, JOINT_NAMES, PARENTS};
use super::layout::JOINTS;

/// Joints as a tree: the parent of each, and its offset from the parent at rest, metres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Skeleton<V = Vec3> {
    /// Parents come before their children; the root has none.
    pub parents: [Option<usize>; JOINTS],
    /// In the axes of the rest pose: x to the person's left, y up, z forward. The root's is not used.
    pub offsets: [V; JOINTS],
}

impl<V: Copy + Add<Output = V>> Skeleton<V> {
    /// A skeleton of [`PARENTS`] with these offsets.
    pub const fn new(offsets: [V; JOINTS]) -> Self {
        Self { parents: PARENTS, offsets }
    }

    /// Forward kinematics: orientations and positions of all joints in the world.
    ///
    /// `root` is the position of the pelvis; `local` the rotations relative to the parents, for the pelvis from the rest
    /// pose to the world, as quaternions or matrices.
    pub fn fk<R>(&self, root: V, local: [R; JOINTS]) -> ([R; JOINTS], [V; JOINTS])
    where
        R: Copy + Mul<R, Output = R> + Mul<V, Output = V>,
    {
        let (mut rotations, mut positions) = (local, self.offsets);
        positions[0] = root;
        chain_rotations(&self.parents, &mut rotations);
        chain_positions(&self.parents, &rotations, &mut positions);
        (rotations, positions)
    }
}

impl Skeleton<DVec3> {
    /// The skeleton that fits the first `frames` frames of a clip: each bone has its mean direction in its parent's
    /// frame, at its mean length.
    ///
    /// Exact when positions and rotations agree. The mean length keeps bones from shrinking when they do not.
    pub fn fit_offsets(motion: &SmplMotion, frames: usize) -> Self {
        let mut sums = [(DVec3::ZERO, 0.0); JOINTS];
        for t in 0..frames {
            let mut rotations = motion.rotations_f64(t);
            chain_rotations(&PARENTS, &mut rotations);
            let joint = |j: usize| motion.joint(t, j).as_dvec3();
            for (j, sum) in sums.iter_mut().enumerate() {
                if let Some(parent) = PARENTS[j] {
                    let bone = joint(j) - joint(parent);
                    sum.0 += rotations[parent].transpose() * bone;
                    sum.1 += bone.length();
                }
            }
        }
        Self::new(sums.map(|(direction, length)| direction.normalize_or_zero() * (length / frames as f64)))
    }

    /// The same in single precision.
    pub fn as_f32(&self) -> Skeleton {
        Skeleton { parents: self.parents, offsets: self.offsets.map(|offset| offset.as_vec3()) }
    }
}

/// Turns rotations relative to the parent into rotations relative to the world, in place, for a tree of any size whose
/// parents come before their children.
pub fn chain_rotations<R: Copy + Mul<Output = R>>(parents: &[Option<usize>], rotations: &mut [R]) {
    for (j, parent) in parents.iter().enumerate() {
        if let Some(parent) = parent {
            rotations[j] = rotations[*parent] * rotations[j];
        }
    }
}

/// Turns offsets from the parent into positions in the world, in place, by the world rotations of
/// [`chain_rotations`]; the root's offset is its position.
pub fn chain_positions<R, V>(parents: &[Option<usize>], rotations: &[R], positions: &mut [V])
where
    R: Copy + Mul<V, Output = V>,
    V: Copy + Add<Output = V>,
{
    for (j, parent) in parents.iter().enumerate() {
        if let Some(parent) = parent {
            positions[j] = positions[*parent] + rotations[*parent] * positions[j];
        }
    }
}

#[cfg(test)]
mod tests {
    use glam::{Mat3, Quat};

    use super::*;

    #[test]
    fn a_turned_joint_moves_its_descendants_and_nothing_else() {
        let skeleton = Skeleton::new([Vec3::Y; JOINTS]);
        let mut local = [Quat::IDENTITY; JOINTS];
        local[joint::LEFT_KNEE] = Quat::from_rotation_x(1.0);
        let (turned, bent) = skeleton.fk(Vec3::X, local);
        let (_, rest) = skeleton.fk(Vec3::X, [Mat3::IDENTITY; JOINTS]);
        for j in 0..JOINTS {
            let below = [joint::LEFT_ANKLE, joint::LEFT_FOOT].contains(&j);
            assert_eq!(bent[j].distance(rest[j]) > 1e-4, below, "joint {j}");
            assert_eq!(turned[j] != Quat::IDENTITY, below || j == joint::LEFT_KNEE, "joint {j}");
        }
        assert_eq!((bent[0], bent[joint::LEFT_HIP]), (Vec3::X, Vec3::X + Vec3::Y));
    }

    #[test]
    fn the_fitted_skeleton_is_the_one_that_posed_the_clip() {
        let skeleton = Skeleton::new(std::array::from_fn(|j| Vec3::new((j as f32).sin(), 0.3, (j as f32).cos()) * 0.2));
        let mut clip = SmplMotion::zeros(5);
        for t in 0..5 {
            let turn = |j: usize| Quat::from_scaled_axis(Vec3::new((t + j) as f32, 0.4, -0.2).clamp_length_max(2.5));
            let rotations = std::array::from_fn(turn);
            clip.set_rotations(t, &rotations);
            clip.set_joints(t, &skeleton.fk(Vec3::splat(0.1 * t as f32), rotations).1);
        }
        let fitted = Skeleton::fit_offsets(&clip, 5).as_f32();
        for j in 1..JOINTS {
            assert!(fitted.offsets[j].abs_diff_eq(skeleton.offsets[j], 1e-5), "joint {j}");
        }
    }

    #[test]
    fn parents_come_before_their_children() {
        for (child, parent) in PARENTS.iter().enumerate() {
            assert!(parent.is_none_or(|p| p < child), "{}", JOINT_NAMES[child]);
        }
    }

    #[test]
    fn sides_are_mirrored_by_name() {
        for (i, name) in JOINT_NAMES.iter().enumerate() {
            if let Some(rest) = name.strip_prefix("left_") {
                assert_eq!(JOINT_NAMES[i + 1], format!("right_{rest}"));
            }
        }
    }
}

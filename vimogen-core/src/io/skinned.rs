//! A clip on a skinned body, as files for other programs hold it: y up, facing +z, metres, soles on y = 0 at rest.
//!
//! With y up a clip that starts facing +y in vimogen's world faces +z, and its left is +x. The rest pose is a T that stands
//! on the ground, since many viewers show it, and frame the picture by it.

use glam::{Quat, Vec3};

use super::joint_names::JointNames;
use crate::body::{BodyKind, BodyModel, top4_weights, vertex_normals};
use crate::error::{Result, check_finite};
use crate::motion::Motion;
use crate::motion::axes::{SWAP, swap_up};
use crate::motion::layout::JOINTS;
use crate::motion::rotation::quat_from_wxyz;

/// Fingers of SMPL-X in the order of its joints, three joints each.
const FINGERS: [&str; 5] = ["Index", "Middle", "Pinky", "Ring", "Thumb"];

/// A body, its rest pose and its motion.
pub(super) struct Skinned<'a> {
    pub motion: &'a Motion,
    pub body: &'a BodyModel,
    pub names: Vec<String>,
    /// Place of each joint at rest.
    pub rest: Vec<Vec3>,
    /// Height by which the body's own rest pose is lifted.
    lift: f32,
}

impl<'a> Skinned<'a> {
    /// # Errors
    /// [`Error::NonFinite`](crate::Error::NonFinite) for a clip whose decoded values overflow.
    pub(super) fn new(motion: &'a Motion, body: &'a BodyModel, names: JointNames) -> Result<Self> {
        check_finite("joints", &motion.joints())?;
        check_finite("rotations", &motion.local_rotations())?;
        let lift = -body.rest_vertices().as_chunks::<3>().0.iter().map(|p| p[1]).fold(f32::INFINITY, f32::min);
        let joints = body.rest_joints().as_chunks::<3>().0.iter();
        let rest: Vec<Vec3> = joints.map(|p| Vec3::from_array(*p) + Vec3::Y * lift).collect();
        let names = (0..rest.len()).map(|joint| joint_name(body.kind(), joint, names)).collect();
        Ok(Self { motion, body, names, rest, lift })
    }

    /// Parent of a joint.
    pub(super) fn parent(&self, joint: usize) -> Option<usize> {
        self.body.parents()[joint]
    }

    /// Children of a joint.
    pub(super) fn children(&self, joint: usize) -> Vec<usize> {
        (0..self.rest.len()).filter(|child| self.parent(*child) == Some(joint)).collect()
    }

    /// Place of a joint at rest relative to its parent.
    pub(super) fn offset(&self, joint: usize) -> Vec3 {
        self.rest[joint] - self.parent(joint).map_or(Vec3::ZERO, |parent| self.rest[parent])
    }

    /// Places of the pelvis: where the rest pelvis of the body goes with the translation of the clip.
    pub(super) fn roots(&self) -> Vec<Vec3> {
        let rest = self.rest[0] - Vec3::Y * self.lift;
        let rows = self.motion.smpl().transl.rows().into_iter();
        rows.map(|p| Vec3::from_array(swap_up(Vec3::new(p[0], p[1], p[2]) + rest))).collect()
    }

    /// Unit rotations of a joint relative to its parent, of the pelvis to the world, without jumps of sign. Joints beyond
    /// those of a motion, such as fingers, do not move.
    pub(super) fn turns(&self, joint: usize) -> Vec<Quat> {
        if joint >= JOINTS {
            return vec![Quat::from_scaled_axis(self.body.resting_turn(joint)); self.motion.len()];
        }
        let to_y_up = if joint == 0 { Quat::from_mat3(&SWAP) } else { Quat::IDENTITY };
        let rotations = self.motion.local_rotations();
        let turn = |t: usize| to_y_up * quat_from_wxyz(std::array::from_fn(|c| rotations[[t, joint, c]]));
        (0..self.motion.len()).map(|t| turn(t).normalize()).collect()
    }

    /// Vertices at rest.
    pub(super) fn vertices(&self) -> Vec<[f32; 3]> {
        let points = self.body.rest_vertices().as_chunks::<3>().0.iter();
        points.map(|p| [p[0], p[1] + self.lift, p[2]]).collect()
    }

    /// Unit normals of the vertices at rest.
    pub(super) fn normals(&self) -> Vec<[f32; 3]> {
        let points = self.body.rest_vertices().as_chunks::<3>().0.iter();
        let points: Vec<Vec3> = points.map(|p| Vec3::from_array(*p)).collect();
        let faces = self.body.faces();
        let faces = faces.rows().into_iter().map(|face| [face[0], face[1], face[2]]);
        let normals = vertex_normals(&points, faces);
        normals.iter().map(|n| if *n == Vec3::ZERO { Vec3::Y } else { *n }.to_array()).collect()
    }

    /// The four largest weights of each vertex, with their joints.
    pub(super) fn weights(&self) -> Vec<[(u16, f32); 4]> {
        self.body.weights().iter().map(|weights| top4_weights(weights)).collect()
    }
}

/// Joints beyond the 22 of a motion by number: hands and face are at rest.
fn joint_name(kind: BodyKind, joint: usize, names: JointNames) -> String {
    if joint < JOINTS {
        return names.of(joint);
    }
    let (own, mixamo) = match (kind, joint) {
        (BodyKind::Smplx, 22) => ("jaw".into(), "Jaw".into()),
        (BodyKind::Smplx, 25..40) => (format!("left_hand_{}", joint - 25), finger("Left", joint - 25)),
        (BodyKind::Smplx, 40..) => (format!("right_hand_{}", joint - 40), finger("Right", joint - 40)),
        (BodyKind::Smpl, 22) => ("left_hand".into(), finger("Left", 3)),
        (BodyKind::Smpl, _) => ("right_hand".into(), finger("Right", 3)),
        (_, 23) => ("left_eye".into(), "LeftEye".into()),
        _ => ("right_eye".into(), "RightEye".into()),
    };
    if names == JointNames::Smpl { own } else { names.prefixed(&mixamo) }
}

/// Mixamo's name of a joint of a hand.
fn finger(side: &str, joint: usize) -> String {
    let name = FINGERS.get(joint / 3).copied().unwrap_or("Thumb");
    format!("{side}Hand{name}{}", joint % 3 + 1)
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::error::Error;
    use crate::motion::FileFormat;
    use crate::motion::layout::FEATURES;

    #[test]
    fn a_clip_that_overflows_is_refused_before_anything_is_written() {
        // Steps whose sums are infinite.
        let motion = Motion::from_features(Array2::from_elem((4, FEATURES), 3e38), 20.0).unwrap();
        let folder = tempfile::tempdir().unwrap();
        for format in [FileFormat::Glb, FileFormat::Vrma, FileFormat::Fbx, FileFormat::Usda, FileFormat::Usdz] {
            let path = folder.path().join(format!("a.{}", format.extensions()[0]));
            assert!(matches!(motion.save(&path), Err(Error::NonFinite { .. })), "{format:?}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_body_stands_on_the_ground_and_has_its_names() {
        let motion = Motion::from_features(Array2::zeros((1, FEATURES)), 20.0).unwrap();
        let clip = Skinned::new(&motion, BodyModel::neutral(), JointNames::MixamoRig).unwrap();
        let lowest = clip.vertices().iter().map(|p| p[1]).fold(f32::INFINITY, f32::min);
        assert!(lowest.abs() < 1e-6 && clip.rest[0].y > 0.9);
        assert_eq!((clip.names[0].as_str(), clip.names[20].as_str()), ("mixamorigHips", "mixamorigLeftHand"));
        assert_eq!(joint_name(BodyKind::Smplx, 25, JointNames::Mixamo), "mixamorig:LeftHandIndex1");
        assert_eq!(joint_name(BodyKind::Smplx, 54, JointNames::MixamoPlain), "RightHandThumb3");
        assert_eq!(joint_name(BodyKind::Smpl, 23, JointNames::Smpl), "right_hand");
    }
}

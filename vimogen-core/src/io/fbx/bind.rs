//! The rest pose of an FBX skeleton.

use glam::{DAffine3, DMat3, DQuat, DVec3};
use ufbx::{Matrix, Node, Quat, RotationOrder, SceneRoot, Transform, Vec3};

use super::curves::{affine, index};
use crate::io::scene::rest::fill;
use crate::io::scene::tree::Tree;

/// Transforms of the joints to the world at rest: those that meshes were bound in, then those of bind poses. A file
/// without both has the pose of all animated angles at zero, if its joints have angles of their own (PreRotation, as
/// rigs of Maya and Mixamo do), or else the present one.
///
/// Also says whether that is the present one.
pub(super) fn rest(scene: &SceneRoot, tree: &Tree, joints: &[usize]) -> (Vec<DAffine3>, bool) {
    let mut rest: Vec<Option<DAffine3>> = vec![None; scene.nodes.len()];
    let clusters = scene.skin_clusters.iter();
    let bound = clusters.filter_map(|c| Some((index(&c.bone_node.as_ref()?.element), matrix(&c.bind_to_world)?)));
    let poses = scene.poses.iter().filter(|pose| pose.is_bind_pose).flat_map(|pose| pose.bone_poses.iter());
    let posed = poses.filter_map(|pose| Some((index(&pose.bone_node.element), matrix(&pose.bone_to_world)?)));
    for (node, place) in bound.chain(posed) {
        rest[node].get_or_insert(place);
    }
    if joints.iter().all(|joint| rest[*joint].is_none()) {
        zero(scene, tree, joints, &mut rest);
    }
    let present = joints.iter().all(|joint| rest[*joint].is_none());
    (fill(tree, joints, rest), present)
}

fn zero(scene: &SceneRoot, tree: &Tree, joints: &[usize], rest: &mut [Option<DAffine3>]) {
    let turned = joints.iter().filter(|joint| own_angles(&scene.nodes[**joint]).is_some()).count();
    if 2 * turned < joints.len() {
        return;
    }
    for joint in joints {
        let node = &scene.nodes[*joint];
        let rotation = own_angles(node).unwrap_or_default();
        let local = affine(&Transform { rotation, ..node.local_transform });
        let above = tree.parents[*joint].map(|parent| rest[parent].unwrap_or(tree.world[parent]));
        rest[*joint] = Some(above.map_or(local, |above| above * local));
    }
}

/// Rotation of a node whose animated angles are zero, if it has any.
fn own_angles(node: &Node) -> Option<Quat> {
    let angles = |name: &str| {
        let angles = ufbx::find_prop(&node.element.props, name)?.value_vec4;
        let any = angles.x != 0.0 || angles.y != 0.0 || angles.z != 0.0;
        any.then(|| ufbx::euler_to_quat(Vec3 { x: angles.x, y: angles.y, z: angles.z }, RotationOrder::Xyz))
    };
    let (pre, post) = (angles("PreRotation"), angles("PostRotation"));
    if !node.use_rotation_space || (pre.is_none() && post.is_none()) {
        return None;
    }
    let turn = |q: Option<Quat>| q.map_or(DQuat::IDENTITY, |q| DQuat::from_xyzw(q.x, q.y, q.z, q.w));
    let both = turn(pre) * turn(post).inverse();
    Some(Quat { x: both.x, y: both.y, z: both.z, w: both.w })
}

fn matrix(m: &Matrix) -> Option<DAffine3> {
    let matrix3 = DMat3::from_cols(
        DVec3::new(m.m00, m.m10, m.m20),
        DVec3::new(m.m01, m.m11, m.m21),
        DVec3::new(m.m02, m.m12, m.m22),
    );
    let place = DAffine3 { matrix3, translation: DVec3::new(m.m03, m.m13, m.m23) };
    (place.is_finite() && matrix3.determinant().abs() > 1e-18).then_some(place)
}

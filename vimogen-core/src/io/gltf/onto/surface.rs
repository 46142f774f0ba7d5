//! The lowest point of a character's surface.

use glam::{DAffine3, DMat4, DVec3};

use super::super::accessor::Accessors;
use super::super::json::{Document, Few};
use super::super::skeletons::Skeleton;

/// Skins and parts of meshes that are looked at.
const LOOKS: usize = 256;

/// The meshes of a document and the bounds of its accessors.
#[derive(Debug, serde::Deserialize)]
struct Bounds {
    #[serde(default)]
    meshes: Few<Mesh, 65_536>,
    #[serde(default)]
    accessors: Vec<Bound>,
}

#[derive(Debug, serde::Deserialize)]
struct Mesh {
    #[serde(default)]
    primitives: Few<Primitive, 65_536>,
}

#[derive(Debug, serde::Deserialize)]
struct Primitive {
    attributes: Attributes,
}

#[derive(Debug, serde::Deserialize)]
struct Attributes {
    #[serde(rename = "POSITION")]
    position: Option<usize>,
}

#[derive(Debug, serde::Deserialize)]
struct Bound {
    #[serde(default)]
    min: Few<f64, 16>,
    #[serde(default)]
    max: Few<f64, 16>,
}

/// Height of the lowest corner of the boxes around the surface of a body at rest; `None` where the file does not say.
///
/// `rest` has the place of each joint of `skeleton` in the world at rest.
pub(super) fn lowest(
    text: &str,
    document: &Document,
    skeleton: &Skeleton,
    rest: &[DAffine3],
    accessors: &Accessors<'_>,
) -> Option<f64> {
    let bounds: Bounds = serde_json::from_str(text).ok()?;
    let mut low = f64::INFINITY;
    for skin in skeleton.skins.iter().take(LOOKS) {
        let Some(to_world) = mesh_to_world(document, *skin, skeleton, rest, accessors) else { continue };
        let nodes = document.nodes.0.iter().filter(|node| node.skin.is_some_and(|own| own as usize == *skin));
        let meshes = nodes.filter_map(|node| bounds.meshes.0.get(node.mesh? as usize)).take(LOOKS);
        let parts = meshes.flat_map(|mesh| mesh.primitives.0.iter().take(LOOKS));
        for bound in parts.filter_map(|part| bounds.accessors.get(part.attributes.position?)) {
            if let (&[x, y, z], &[u, v, w]) = (bound.min.0.as_slice(), bound.max.0.as_slice()) {
                let corner = |n: usize| {
                    let pick = |bit: usize, a: f64, b: f64| if n >> bit & 1 == 0 { a } else { b };
                    to_world.transform_point3(DVec3::new(pick(0, x, u), pick(1, y, v), pick(2, z, w))).y
                };
                low = (0..8).map(corner).fold(low, f64::min);
            }
        }
    }
    low.is_finite().then_some(low)
}

/// From the axes of a skin's mesh to the world at rest, by its first joint.
fn mesh_to_world(
    document: &Document,
    skin: usize,
    skeleton: &Skeleton,
    rest: &[DAffine3],
    accessors: &Accessors<'_>,
) -> Option<DAffine3> {
    let skin = &document.skins.0[skin];
    let matrices = accessors.rows(skin.inverse_bind_matrices?).ok()?;
    let first = *skin.joints.0.first()? as usize;
    let joint = skeleton.joints.iter().position(|node| *node == first)?;
    if matrices.width != 16 || matrices.len() == 0 {
        return None;
    }
    let to_world = rest[joint] * DAffine3::from_mat4(DMat4::from_cols_array(&matrices.row::<16>(0)));
    to_world.is_finite().then_some(to_world)
}

//! The surface of a character at rest: the points of its feet, and how far down it goes.

use glam::{DAffine3, DMat4, DVec3};

use super::super::accessor::Accessors;
use super::super::json::{Document, Few};
use super::super::skeletons::Skeleton;
use crate::character::{Armature, Foot};

/// Skins and parts of meshes that are looked at.
const LOOKS: usize = 256;
/// Directions in which the outermost points of a foot are kept, about the vertical and down to it.
const AROUND: usize = 16;
const DOWN: usize = 7;

/// The meshes of a document and the bounds of its accessors.
#[derive(Debug, serde::Deserialize)]
struct Meshes {
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
    #[serde(rename = "JOINTS_0")]
    joints: Option<usize>,
    #[serde(rename = "WEIGHTS_0")]
    weights: Option<usize>,
}

#[derive(Debug, serde::Deserialize)]
struct Bound {
    #[serde(default)]
    min: Few<f64, 16>,
    #[serde(default)]
    max: Few<f64, 16>,
}

/// A body at rest and the file it is from.
pub(super) struct Body<'a> {
    pub document: &'a Document,
    pub skeleton: &'a Skeleton,
    /// Place of each joint in the world.
    pub rest: &'a [DAffine3],
    pub accessors: &'a Accessors<'a>,
    /// Which foot each node of the document belongs to.
    pub feet: &'a [Option<Foot>],
    /// Places of the joints that turn [`Foot::ALL`].
    pub joints: [Option<DVec3>; 4],
}

/// Finds the points of the feet and the lowest point of the surface; data that cannot be read, such as compressed meshes, are
/// passed over.
pub(super) fn measure(text: &str, body: &Body<'_>, armature: &mut Armature) {
    let Ok(all) = serde_json::from_str::<Meshes>(text) else { return };
    let mut low = f64::INFINITY;
    let mut hulls: Vec<(Foot, Hull)> = Foot::ALL.map(|foot| (foot, Hull::new())).into();
    for skin in body.skeleton.skins.iter().take(LOOKS) {
        let Some(to_world) = body.mesh_to_world(*skin) else { continue };
        let nodes = body.document.nodes.0.iter().filter(|node| node.skin.is_some_and(|own| own as usize == *skin));
        let meshes = nodes.filter_map(|node| all.meshes.0.get(node.mesh? as usize)).take(LOOKS);
        for part in meshes.flat_map(|mesh| mesh.primitives.0.iter().take(LOOKS)) {
            let bound = part.attributes.position.and_then(|position| all.accessors.get(position));
            low = bound.map_or(low, |bound| bound.lowest(&to_world).min(low));
            body.gather(*skin, &part.attributes, &to_world, &mut hulls);
        }
    }
    let ankles = Foot::ALL.iter().zip(body.joints).filter(|(foot, _)| !foot.toes);
    let ankle = ankles.filter_map(|(_, place)| Some(place?.y)).fold(f64::INFINITY, f64::min);
    armature.low = Some(low - ankle).filter(|low| low.is_finite());
    for ((foot, hull), joint) in hulls.into_iter().zip(body.joints) {
        let Some(joint) = joint else { continue };
        armature.soles.extend(hull.points().map(|point| (foot, point - joint)));
    }
}

impl Bound {
    /// Height of the lowest corner of the box.
    fn lowest(&self, to_world: &DAffine3) -> f64 {
        let (&[x, y, z], &[u, v, w]) = (&self.min.0[..], &self.max.0[..]) else { return f64::INFINITY };
        let corner = |n: usize| {
            let pick = |bit: usize, a: f64, b: f64| if n >> bit & 1 == 0 { a } else { b };
            to_world.transform_point3(DVec3::new(pick(0, x, u), pick(1, y, v), pick(2, z, w))).y
        };
        (0..8).map(corner).fold(f64::INFINITY, f64::min)
    }
}

impl Body<'_> {
    /// From the axes of a skin's mesh to the world at rest, by its first joint.
    fn mesh_to_world(&self, skin: usize) -> Option<DAffine3> {
        let skin = &self.document.skins.0[skin];
        let matrices = self.accessors.rows(skin.inverse_bind_matrices?).ok()?;
        let first = *skin.joints.0.first()? as usize;
        let joint = self.skeleton.joints.iter().position(|node| *node == first)?;
        if matrices.width != 16 || matrices.len() == 0 {
            return None;
        }
        let to_world = self.rest[joint] * DAffine3::from_mat4(DMat4::from_cols_array(&matrices.row::<16>(0)));
        to_world.is_finite().then_some(to_world)
    }

    /// Adds the vertices of a part of a mesh that hang on the feet more than on other joints.
    fn gather(&self, skin: usize, part: &Attributes, to_world: &DAffine3, hulls: &mut [(Foot, Hull)]) {
        // Without a buffer view the values are those of a compression, and zeros here.
        let stored = |index: &usize| self.document.accessors.get(*index).is_some_and(|own| own.buffer_view.is_some());
        let rows = |index: Option<usize>| self.accessors.rows(index.filter(stored)?).ok();
        let (Some(places), Some(joints), Some(weights)) = (rows(part.position), rows(part.joints), rows(part.weights))
        else {
            return;
        };
        if places.width != 3 || joints.width != 4 || weights.width != 4 {
            return;
        }
        let own = &self.document.skins.0[skin].joints.0;
        for n in 0..places.len().min(joints.len()).min(weights.len()) {
            let (joint, weight) = (joints.row::<4>(n), weights.row::<4>(n));
            let most = (0..4).max_by(|a, b| weight[*a].total_cmp(&weight[*b])).unwrap_or(0);
            let node = own.get(joint[most] as usize).map(|node| *node as usize);
            let foot = node.and_then(|node| *self.feet.get(node)?);
            if let Some((_, hull)) = foot.and_then(|foot| hulls.iter_mut().find(|(own, _)| *own == foot)) {
                hull.add(to_world.transform_point3(DVec3::from_array(places.row::<3>(n))));
            }
        }
    }
}

/// The outermost points of a set in many directions that do not point up.
struct Hull(Vec<(DVec3, Option<(f64, DVec3)>)>);

impl Hull {
    fn new() -> Self {
        let direction = |n: usize| {
            let around = std::f64::consts::TAU * (n % AROUND) as f64 / AROUND as f64;
            let down = std::f64::consts::FRAC_PI_2 * (n / AROUND) as f64 / (DOWN - 1) as f64;
            DVec3::new(down.cos() * around.cos(), -down.sin(), down.cos() * around.sin())
        };
        Self((0..AROUND * DOWN).map(|n| (direction(n), None)).collect())
    }

    fn add(&mut self, point: DVec3) {
        if !point.is_finite() {
            return;
        }
        for (direction, most) in &mut self.0 {
            let reach = direction.dot(point);
            if most.is_none_or(|(own, _)| reach > own) {
                *most = Some((reach, point));
            }
        }
    }

    fn points(self) -> impl Iterator<Item = DVec3> {
        let mut points: Vec<DVec3> = self.0.into_iter().filter_map(|(_, most)| Some(most?.1)).collect();
        points.dedup();
        points.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outermost_points_of_a_foot_are_kept() {
        let mut hull = Hull::new();
        for x in -10..=10 {
            for y in 0..=5 {
                hull.add(DVec3::new(f64::from(x), f64::from(y), 0.2 * f64::from(x * y)));
            }
        }
        hull.add(DVec3::splat(f64::NAN));
        let points: Vec<DVec3> = hull.points().collect();
        assert!(points.len() <= AROUND * DOWN && points.iter().any(|point| point.y == 0.0 && point.x == 10.0));
        assert!(points.contains(&DVec3::new(-10.0, 0.0, 0.0)) && points.iter().all(|point| point.x.abs() == 10.0));
    }
}

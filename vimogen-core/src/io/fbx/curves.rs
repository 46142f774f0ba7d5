//! Animation curves of nodes, as ufbx evaluates them.

use std::fmt;
use std::sync::Arc;

use glam::{DAffine3, DQuat, DVec3};
use ufbx::{AnimCurve, AnimStack, Element, ElementType, SceneRoot, Transform};

use crate::io::scene::animated::Curves;

/// Properties that place a node.
const PLACES: [&str; 3] = ["Lcl Translation", "Lcl Rotation", "Lcl Scaling"];

/// The transforms of one stack.
pub(super) struct FbxCurves {
    pub scene: Arc<SceneRoot>,
    pub stack: usize,
}

impl fmt::Debug for FbxCurves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FbxCurves").field("stack", &self.stack).finish_non_exhaustive()
    }
}

impl Curves for FbxCurves {
    fn local(&self, node: usize, time: f64) -> DAffine3 {
        let anim = &self.scene.anim_stacks[self.stack].anim;
        affine(&self.scene.nodes[node].evaluate_transform(anim, time))
    }
}

/// Index of a node in the scene.
pub(super) fn index(element: &Element) -> usize {
    element.typed_id as usize
}

pub(super) fn affine(transform: &Transform) -> DAffine3 {
    let Transform { translation: t, rotation: r, scale: s } = transform;
    let place = DAffine3::from_scale_rotation_translation(
        DVec3::new(s.x, s.y, s.z),
        DQuat::from_xyzw(r.x, r.y, r.z, r.w),
        DVec3::new(t.x, t.y, t.z),
    );
    if place.is_finite() { place } else { DAffine3::IDENTITY }
}

/// Nodes that a stack places, with the curves.
pub(super) fn changes(stack: &AnimStack) -> impl Iterator<Item = (usize, &AnimCurve)> {
    let props = stack.layers.iter().flat_map(|layer| layer.anim_props.iter());
    let places =
        props.filter(|prop| prop.element.type_ == ElementType::Node && PLACES.contains(&prop.prop_name.as_ref()));
    places.flat_map(|prop| {
        let curves = prop.anim_value.curves.iter().flatten();
        curves.map(|curve| (index(&prop.element), curve.as_ref()))
    })
}

/// Times of the keys of some nodes, seconds.
pub(super) fn times(stack: &AnimStack, needed: &[bool]) -> Vec<f64> {
    let curves = changes(stack).filter(|(node, _)| needed[*node]);
    let mut times: Vec<f64> = Vec::new();
    for (_, curve) in curves {
        times.extend(curve.keyframes.iter().map(|key| key.time).filter(|time| time.is_finite()));
        // Most curves have the same times.
        if times.len() > 1 << 20 {
            unique(&mut times);
        }
    }
    unique(&mut times);
    times
}

fn unique(times: &mut Vec<f64>) {
    times.sort_by(f64::total_cmp);
    times.dedup();
}

//! The built-in body as a skinned mesh: rounded cones about the bones of the neutral skeleton, blended into one closed
//! surface. Proportions are this project's own.
//!
//! The surface is made once, in a pose with spread legs so that the thighs do not melt into each other, and taken back
//! to the rest pose by the inverse of its skinning.

use std::array::from_fn;
use std::sync::OnceLock;

use glam::{Mat3, Mat3A, Vec3, Vec3A};
use ndarray::{Array1, Array2};

use super::model::{BodyKind, BodyModel};
use super::{REST_OFFSETS, SMPLX_ROOT, forward, surface};
use crate::motion::layout::{BODY_JOINTS, JOINTS};
use crate::motion::skeleton::PARENTS;
use crate::motion::skeleton::joint::{
    HEAD, LEFT_ANKLE, LEFT_COLLAR, LEFT_ELBOW, LEFT_FOOT, LEFT_HIP, LEFT_KNEE, LEFT_SHOULDER, LEFT_WRIST, NECK, PELVIS,
    RIGHT_ANKLE, RIGHT_COLLAR, RIGHT_ELBOW, RIGHT_FOOT, RIGHT_HIP, RIGHT_KNEE, RIGHT_SHOULDER, RIGHT_WRIST, SPINE1,
    SPINE2, SPINE3,
};

/// Side of the cells that the surface is made of, metres.
const CELL: f32 = 0.028;
/// How far cones reach over into each other, metres.
const BLEND: f32 = 0.010;
/// How fast the share of a bone falls with the distance from its cone, metres.
const FALLOFF: f32 = 0.010;
/// Smaller shares of a bone in a vertex are left out.
const LEAST_SHARE: f32 = 0.03;
/// glTF and game engines take this many bones a vertex.
const MOST_BONES: usize = 4;
/// How far the legs are spread while the surface is made, radians.
const SPREAD: f32 = 0.4;

/// A cone with round ends that moves with a joint; its ends lie at joints, shifted in the rest pose.
struct Cone {
    joint: usize,
    from: (usize, Vec3),
    to: (usize, Vec3),
    radii: [f32; 2],
}

const fn bone(joint: usize, from: usize, to: usize, radii: [f32; 2]) -> Cone {
    Cone { joint, from: (from, Vec3::ZERO), to: (to, Vec3::ZERO), radii }
}

const fn beyond(joint: usize, from: [f32; 3], to: [f32; 3], radii: [f32; 2]) -> Cone {
    Cone { joint, from: (joint, Vec3::from_array(from)), to: (joint, Vec3::from_array(to)), radii }
}

const HEEL: [f32; 3] = [0.0, -0.046, -0.035];

#[rustfmt::skip]
const CONES: [Cone; 30] = [
    bone(PELVIS, LEFT_HIP, RIGHT_HIP, [0.092, 0.092]),
    bone(PELVIS, PELVIS, SPINE1, [0.104, 0.102]),
    bone(SPINE1, SPINE1, SPINE2, [0.100, 0.106]),
    bone(SPINE2, SPINE2, SPINE3, [0.106, 0.108]),
    bone(SPINE3, SPINE3, LEFT_COLLAR, [0.102, 0.082]),
    bone(SPINE3, SPINE3, RIGHT_COLLAR, [0.102, 0.082]),
    bone(SPINE3, SPINE3, NECK, [0.100, 0.056]),
    bone(NECK, NECK, HEAD, [0.050, 0.048]),
    beyond(HEAD, [0.0, 0.000, -0.010], [0.0, 0.052, 0.000], [0.048, 0.060]),
    beyond(HEAD, [0.0, 0.046, 0.028], [0.0, 0.115, -0.016], [0.066, 0.092]),
    bone(LEFT_COLLAR, LEFT_COLLAR, LEFT_SHOULDER, [0.068, 0.058]),
    bone(LEFT_SHOULDER, LEFT_SHOULDER, LEFT_ELBOW, [0.056, 0.041]),
    bone(LEFT_ELBOW, LEFT_ELBOW, LEFT_WRIST, [0.042, 0.029]),
    beyond(LEFT_WRIST, [0.0; 3], [0.070, 0.0, 0.0], [0.030, 0.034]),
    beyond(LEFT_WRIST, [0.070, 0.0, 0.0], [0.150, -0.010, 0.0], [0.034, 0.024]),
    bone(RIGHT_COLLAR, RIGHT_COLLAR, RIGHT_SHOULDER, [0.068, 0.058]),
    bone(RIGHT_SHOULDER, RIGHT_SHOULDER, RIGHT_ELBOW, [0.056, 0.041]),
    bone(RIGHT_ELBOW, RIGHT_ELBOW, RIGHT_WRIST, [0.042, 0.029]),
    beyond(RIGHT_WRIST, [0.0; 3], [-0.070, 0.0, 0.0], [0.030, 0.034]),
    beyond(RIGHT_WRIST, [-0.070, 0.0, 0.0], [-0.150, -0.010, 0.0], [0.034, 0.024]),
    bone(LEFT_HIP, LEFT_HIP, LEFT_KNEE, [0.084, 0.056]),
    bone(LEFT_KNEE, LEFT_KNEE, LEFT_ANKLE, [0.056, 0.038]),
    beyond(LEFT_ANKLE, [0.0; 3], HEEL, [0.038, 0.034]),
    Cone { joint: LEFT_ANKLE, from: (LEFT_ANKLE, Vec3::from_array(HEEL)), to: (LEFT_FOOT, Vec3::ZERO), radii: [0.034, 0.034] },
    beyond(LEFT_FOOT, [0.0; 3], [0.006, 0.004, 0.060], [0.034, 0.026]),
    bone(RIGHT_HIP, RIGHT_HIP, RIGHT_KNEE, [0.084, 0.056]),
    bone(RIGHT_KNEE, RIGHT_KNEE, RIGHT_ANKLE, [0.056, 0.038]),
    beyond(RIGHT_ANKLE, [0.0; 3], HEEL, [0.038, 0.034]),
    Cone { joint: RIGHT_ANKLE, from: (RIGHT_ANKLE, Vec3::from_array(HEEL)), to: (RIGHT_FOOT, Vec3::ZERO), radii: [0.034, 0.034] },
    beyond(RIGHT_FOOT, [0.0; 3], [-0.006, 0.004, 0.060], [0.034, 0.026]),
];

/// The built-in body, made when first asked for.
pub(super) fn body() -> BodyModel {
    static BODY: OnceLock<BodyModel> = OnceLock::new();
    BODY.get_or_init(build).clone()
}

/// A cone in the pose in which the surface is made.
struct Placed {
    joint: usize,
    from: Vec3,
    along: Vec3,
    radii: [f32; 2],
}

impl Placed {
    /// Distance to the surface, negative inside; exact where both radii are the same.
    fn distance(&self, p: Vec3) -> f32 {
        let share = ((p - self.from).dot(self.along) / self.along.length_squared().max(1e-12)).clamp(0.0, 1.0);
        (p - self.from - self.along * share).length() - (self.radii[0] + share * (self.radii[1] - self.radii[0]))
    }
}

/// Orientations and positions of the joints with spread legs, the pelvis at the origin.
fn spread() -> ([Mat3; JOINTS], [Vec3; JOINTS]) {
    let mut local = [Mat3::IDENTITY; BODY_JOINTS];
    local[LEFT_HIP - 1] = Mat3::from_rotation_z(SPREAD);
    local[RIGHT_HIP - 1] = Mat3::from_rotation_z(-SPREAD);
    forward(Vec3::ZERO, Mat3::IDENTITY, &local)
}

fn build() -> BodyModel {
    let (turns, places) = spread();
    let end = |joint: usize, (at, shift): (usize, Vec3)| places[at] + turns[joint] * shift;
    let cones = CONES.map(|c| {
        let from = end(c.joint, c.from);
        Placed { joint: c.joint, from, along: end(c.joint, c.to) - from, radii: c.radii }
    });
    let ends = cones.iter().flat_map(|c| [c.from, c.from + c.along]);
    let (low, high) = ends.fold((Vec3::MAX, Vec3::MIN), |(low, high), p| (low.min(p), high.max(p)));
    let (points, faces) = surface::of(|p| blended(&cones, p), low - 0.2, high + 0.2, CELL);
    let weights: Vec<_> = points.iter().map(|p| shares(&cones, *p)).collect();
    let rest = rest_joints();
    let template = points.iter().zip(&weights).flat_map(|(p, weights)| {
        let bones = weights.iter().map(|(joint, weight)| (usize::from(*joint), *weight));
        let (turn, shift) = bones.fold((Mat3A::ZERO, Vec3A::ZERO), |(turn, shift), (j, weight)| {
            let bone = places[j] - turns[j] * rest[j];
            (turn + Mat3A::from(turns[j]) * weight, shift + Vec3A::from(bone) * weight)
        });
        (Vec3::from(turn.inverse() * (Vec3A::from(*p) - shift)) + SMPLX_ROOT).to_array()
    });
    let template: Array1<f32> = template.collect();
    let joints = rest.iter().flat_map(|j| (*j + SMPLX_ROOT).to_array()).collect();
    let faces = Array2::from_shape_fn((faces.len(), 3), |(f, corner)| faces[f][corner]);
    BodyModel::plain(BodyKind::Neutral, template, faces, PARENTS.to_vec(), joints, weights)
}

fn rest_joints() -> [Vec3; JOINTS] {
    let mut places = [Vec3::ZERO; JOINTS];
    for (j, parent) in PARENTS.iter().enumerate() {
        places[j] = REST_OFFSETS[j] + parent.map_or(Vec3::ZERO, |p| places[p]);
    }
    places
}

/// A smooth minimum of the distances to all cones.
fn blended(cones: &[Placed], p: Vec3) -> f32 {
    let distances: [f32; CONES.len()] = from_fn(|i| cones[i].distance(p));
    let least = distances.iter().copied().fold(f32::INFINITY, f32::min);
    least - BLEND * distances.iter().map(|d| ((least - d) / BLEND).exp()).sum::<f32>().ln()
}

/// The joints that a point follows, the nearest most, and their shares.
fn shares(cones: &[Placed], p: Vec3) -> Vec<(u16, f32)> {
    let mut nearest = [f32::INFINITY; JOINTS];
    cones.iter().for_each(|c| nearest[c.joint] = nearest[c.joint].min(c.distance(p)));
    let least = nearest.iter().copied().fold(f32::INFINITY, f32::min);
    let mut all: Vec<(u16, f32)> =
        nearest.iter().enumerate().map(|(j, d)| (j as u16, ((least - d) / FALLOFF).exp())).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    all.truncate(MOST_BONES);
    all.retain(|(_, share)| *share > LEAST_SHARE);
    let total: f32 = all.iter().map(|(_, share)| share).sum();
    all.iter().map(|(joint, share)| (*joint, share / total)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn the_surface_is_closed_and_faces_outwards() {
        let body = body();
        let mut edges: HashMap<(u32, u32), i32> = HashMap::new();
        let point = |v: u32| Vec3::from_slice(&body.rest_vertices()[3 * v as usize..][..3]);
        let mut volume = 0.0;
        for face in body.faces().rows() {
            let [a, b, c] = [face[0], face[1], face[2]];
            for (from, to) in [(a, b), (b, c), (c, a)] {
                *edges.entry((from.min(to), from.max(to))).or_default() += if from < to { 1 } else { -1 };
            }
            volume += point(a).dot(point(b).cross(point(c))) / 6.0;
        }
        assert!(edges.values().all(|balance| *balance == 0), "an edge has a triangle on one side only");
        // Of a person of 1.70 m, litres.
        assert!((0.04..0.08).contains(&volume), "{volume}");
        assert!((1000..4000).contains(&body.num_vertices()), "{}", body.num_vertices());
    }

    #[test]
    fn the_body_stands_where_its_joints_are_and_is_as_tall_as_a_person() {
        let body = body();
        let height =
            |v: &[f32]| (v.iter().skip(1).step_by(3)).fold((f32::MAX, f32::MIN), |(a, b), y| (a.min(*y), b.max(*y)));
        let (low, high) = height(body.rest_vertices());
        assert!((1.6..1.8).contains(&(high - low)), "{low} {high}");
        let toe = body.rest_joints()[3 * LEFT_FOOT + 1];
        assert!((0.02..0.05).contains(&(toe - low)), "the sole is below the ball of the foot: {toe} {low}");
    }

    #[test]
    fn shares_are_few_and_add_up_and_no_limb_follows_another() {
        for weights in body().weights() {
            assert!(weights.len() <= MOST_BONES);
            assert!((weights.iter().map(|w| w.1).sum::<f32>() - 1.0).abs() < 1e-5);
            let has = |joint: usize| weights.iter().any(|w| usize::from(w.0) == joint);
            assert!(!has(LEFT_KNEE) || !has(RIGHT_KNEE));
            assert!(!has(LEFT_WRIST) || !has(LEFT_HIP));
        }
    }
}

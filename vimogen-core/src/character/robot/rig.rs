//! A robot measured: its joints as a figure of ours, and the points of its bodies that follow a clip.

use glam::{DMat3, DQuat, DVec3};

use super::model::{Model, Posed, Shape};
use super::names::{self, Bodies};
use crate::character::{Armature, Foot, Node};
use crate::error::{Error, Result};
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::joint::{
    LEFT_ANKLE, LEFT_ELBOW, LEFT_FOOT, LEFT_HIP, LEFT_KNEE, LEFT_SHOULDER, LEFT_WRIST, PELVIS, RIGHT_ANKLE,
    RIGHT_ELBOW, RIGHT_HIP, RIGHT_SHOULDER, RIGHT_WRIST, SPINE3,
};
use crate::motion::skeleton::{JOINT_NAMES, PARENTS};

/// From MuJoCo's world (z up, a robot faces x) to that of armatures (y up, a figure faces z).
pub(super) const UP: DMat3 = DMat3::from_cols(DVec3::Z, DVec3::X, DVec3::Y);
/// Length of a foot whose surface is not known, in legs, ahead of its ankle and behind it.
const SOLE: [f64; 2] = [0.2, -0.08];

/// A robot's measures in the pose in which its model is written.
#[derive(Debug)]
pub(crate) struct Rig {
    pub armature: Armature,
    pub bodies: Bodies,
    /// Places of our joints on the robot, as a body and a point of it.
    pub points: [Option<(usize, DVec3)>; JOINTS],
    /// Rotations of the bodies of our joints.
    pub rest: [DQuat; JOINTS],
    /// Points of each foot with a radius, in the axes of its body.
    pub soles: [Vec<Shape>; 2],
    /// Length of an arm from shoulder to wrist, metres.
    pub arm: f64,
    /// Joint whose six values are the place of the robot.
    pub root: usize,
    pub doubts: Vec<String>,
}

impl Rig {
    /// Measures a robot.
    ///
    /// # Errors
    /// Those of [`names::find`], and [`Error::Format`] for a robot without a free joint, that lies, or without hips.
    pub(crate) fn new(model: &Model, given: Option<&std::collections::BTreeMap<String, String>>) -> Result<Self> {
        let bodies = names::find(model, given)?;
        let root = free_joint(model, &bodies)?;
        let posed = model.posed(&model.initial());
        let points = points(model, &bodies, &posed);
        let at = |joint: usize| points[joint].map(|(body, point)| posed.point(body, point));
        let rest = bodies.map(|body| body.map_or(DQuat::IDENTITY, |body| posed.turns[body]));
        let axes = axes(&at)?;
        let mut doubts = model.doubts.clone();
        let soles = soles(model, &bodies, &posed, axes, &at, &mut doubts);
        let reach = |side: usize| {
            let [shoulder, elbow, wrist] = [LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST].map(|joint| at(joint + side));
            shoulder
                .zip(elbow)
                .zip(wrist)
                .map(|((shoulder, elbow), wrist)| shoulder.distance(elbow) + elbow.distance(wrist))
        };
        let arm = reach(0).or(reach(1)).unwrap_or(0.0);
        let armature = armature(model, &bodies, &posed, axes, &at, &soles);
        Ok(Self { armature, bodies, points, rest, soles, arm, root, doubts })
    }

    /// Height of the lowest point of a foot.
    pub(super) fn sole(&self, posed: &Posed, side: usize) -> f64 {
        let Some(foot) = self.bodies[LEFT_ANKLE + side] else { return f64::INFINITY };
        let points = self.soles[side].iter().flat_map(|shape| shape.points.iter().map(|point| (*point, shape.radius)));
        points.map(|(point, radius)| posed.point(foot, point).z - radius).fold(f64::INFINITY, f64::min)
    }

    /// Height of the lowest solid of the robot.
    pub(super) fn low(&self, model: &Model, posed: &Posed) -> f64 {
        let root = model.joints[self.root].body;
        model.lowest(posed, |body, shape| shape.solid && model.is_below(body, root))
    }
}

/// The free joint above the pelvis.
fn free_joint(model: &Model, bodies: &Bodies) -> Result<usize> {
    use super::model::JointKind::Free;
    let pelvis = bodies[PELVIS].unwrap_or(0);
    let of = |body: usize| model.bodies[body].joints.clone().find(|joint| model.joints[*joint].kind == Free);
    model.path_up(pelvis).find_map(of).ok_or_else(|| {
        let name = &model.bodies[pelvis].name;
        let reason =
            format!("the robot of body {name:?} is fixed to the world; give its outermost body a <freejoint/>");
        Error::format("MuJoCo model", reason)
    })
}

/// Places of our joints: knees, elbows and ankles at their hinges, hips, shoulders and wrists at the middle one of their
/// hinges.
fn points(model: &Model, bodies: &Bodies, posed: &Posed) -> [Option<(usize, DVec3)>; JOINTS] {
    let local = |body: usize, place: DVec3| (body, posed.turns[body].inverse() * (place - posed.places[body]));
    let hinge = |joint: usize, body: usize| local(body, posed.anchors[joint]);
    let first = |body: usize| model.bodies[body].joints.clone().next();
    // A point of the body above a hinge, unless another hinge of the same body comes before it.
    let above = |joint: usize| {
        let body = model.joints[joint].body;
        let parent = model.bodies[body].parent.unwrap_or(body);
        hinge(joint, if first(body) == Some(joint) { parent } else { body })
    };
    let mut points = bodies.map(|body| body.map(|body| (body, DVec3::ZERO)));
    for side in 0..2 {
        for (limb, bend, trunk) in [(LEFT_HIP, LEFT_KNEE, PELVIS), (LEFT_SHOULDER, LEFT_ELBOW, SPINE3)] {
            let (Some(bend), Some(trunk)) = (bodies[bend + side], bodies[trunk]) else { continue };
            points[bend_of(limb) + side] = Some(first(bend).map_or((bend, DVec3::ZERO), |joint| hinge(joint, bend)));
            if points[limb + side].is_none() {
                let mut joints = model.joints_down(trunk, bend);
                joints.retain(|joint| model.joints[*joint].body != bend);
                let upper = model.bodies[bend].parent.unwrap_or(bend);
                points[limb + side] =
                    Some(joints.get(joints.len() / 2).map_or((upper, DVec3::ZERO), |joint| above(*joint)));
            } else if let Some(joint) = bodies[limb + side].and_then(first) {
                points[limb + side] = Some(above(joint));
            }
        }
        if let Some(foot) = bodies[LEFT_ANKLE + side]
            && let Some(joint) = model.bodies[foot].joints.clone().next_back()
        {
            points[LEFT_ANKLE + side] = Some(hinge(joint, foot));
        }
        let Some(elbow) = bodies[LEFT_ELBOW + side] else { continue };
        points[LEFT_WRIST + side] = match bodies[LEFT_WRIST + side] {
            Some(wrist) => {
                let joints = model.joints_down(elbow, wrist);
                Some(joints.get(joints.len() / 2).map_or((wrist, DVec3::ZERO), |joint| above(*joint)))
            }
            None => forearm_end(model, elbow).map(|point| (elbow, point)),
        };
    }
    points
}

/// Knee or elbow of a hip or shoulder.
fn bend_of(limb: usize) -> usize {
    if limb == LEFT_HIP { LEFT_KNEE } else { LEFT_ELBOW }
}

/// The end of a forearm without a wrist: its farthest point, or twice as far as its centre of mass.
fn forearm_end(model: &Model, elbow: usize) -> Option<DVec3> {
    let body = &model.bodies[elbow];
    let points = body.shapes.iter().flat_map(|shape| &shape.points).copied();
    let far = points.max_by(|a, b| a.length_squared().total_cmp(&b.length_squared()));
    far.or(body.centre.map(|centre| 2.0 * centre)).filter(|point| point.length() > 1e-3)
}

/// Directions of the body: left from right to left hip and shoulder, up along z.
fn axes(at: &impl Fn(usize) -> Option<DVec3>) -> Result<DMat3> {
    let across = |left: usize, right: usize| at(left).zip(at(right)).map_or(DVec3::ZERO, |(left, right)| left - right);
    let left = across(LEFT_HIP, RIGHT_HIP) + across(LEFT_SHOULDER, RIGHT_SHOULDER);
    let left = left.with_z(0.0).try_normalize().ok_or_else(|| {
        Error::format("MuJoCo model", "left and right hips and shoulders are at one place, so that it faces nowhere")
    })?;
    let stands = [LEFT_ANKLE, RIGHT_ANKLE].iter().all(|ankle| {
        let hip = at(*ankle - LEFT_ANKLE + LEFT_HIP);
        hip.zip(at(*ankle)).is_some_and(|(hip, ankle)| hip.z - ankle.z > 0.3 * hip.distance(ankle))
    });
    if !stands {
        let reason = "it does not stand in the pose in which it is written (z up, all joints at 0), so that its rest \
                      pose cannot be measured";
        return Err(Error::format("MuJoCo model", reason));
    }
    Ok(DMat3::from_cols(left, DVec3::Z, left.cross(DVec3::Z)))
}

/// Points of the feet: those of their solids, or a sole below the ankle where the model has none.
fn soles(
    model: &Model,
    bodies: &Bodies,
    posed: &Posed,
    axes: DMat3,
    at: &impl Fn(usize) -> Option<DVec3>,
    doubts: &mut Vec<String>,
) -> [Vec<Shape>; 2] {
    let leg = at(LEFT_HIP).zip(at(LEFT_ANKLE)).map_or(1.0, |(hip, ankle)| hip.distance(ankle));
    let mut guessed = false;
    let soles = [0, 1].map(|side| {
        let Some((foot, ankle)) = bodies[LEFT_ANKLE + side].zip(at(LEFT_ANKLE + side)) else { return Vec::new() };
        let shapes = &model.bodies[foot].shapes;
        let solid: Vec<Shape> = shapes.iter().filter(|shape| shape.solid).cloned().collect();
        let known = if solid.is_empty() { shapes.clone() } else { solid };
        if !known.is_empty() {
            return known;
        }
        guessed = true;
        let ground = if ((0.015 * leg)..(0.4 * leg)).contains(&ankle.z) { 0.0 } else { ankle.z - 0.1 * leg };
        let point = |ahead: f64| {
            let place = ankle.with_z(ground) + axes.z_axis * (ahead * leg);
            posed.turns[foot].inverse() * (place - posed.places[foot])
        };
        vec![Shape { points: SOLE.map(point).to_vec(), radius: 0.0, solid: false }]
    });
    if guessed {
        doubts.push(
            "the feet have no spheres, capsules, boxes, cylinders or ellipsoids; their soles are taken to be at the height \
             of the ground in the pose in which the model is written"
                .into(),
        );
    }
    soles
}

/// The robot as a figure: a node for each of our joints that it has.
fn armature(
    model: &Model,
    bodies: &Bodies,
    posed: &Posed,
    axes: DMat3,
    at: &impl Fn(usize) -> Option<DVec3>,
    soles: &[Vec<Shape>; 2],
) -> Armature {
    let mut nodes: Vec<Node> = Vec::new();
    let mut map = [None; JOINTS];
    let mut worlds: Vec<(DVec3, DQuat)> = Vec::new();
    let up = DQuat::from_mat3(&UP);
    for joint in 0..JOINTS {
        let Some(place) = at(joint).map(|place| UP * place) else { continue };
        let turn = bodies[joint].map_or(DQuat::IDENTITY, |body| (up * posed.turns[body]).normalize());
        let above = std::iter::successors(PARENTS[joint], |joint| PARENTS[*joint]).find_map(|joint| map[joint]);
        let (from, before) = above.map_or((DVec3::ZERO, DQuat::IDENTITY), |node: usize| worlds[node]);
        map[joint] = Some(nodes.len());
        worlds.push((place, turn));
        nodes.push(Node {
            index: nodes.len(),
            name: bodies[joint].map_or(JOINT_NAMES[joint].to_string(), |body| model.bodies[body].name.clone()),
            parent: above,
            translation: before.inverse() * (place - from),
            rotation: (before.inverse() * turn).normalize(),
            scale: DVec3::ONE,
            rest: Some(turn),
        });
    }
    let axes = UP * axes;
    Armature { nodes, map, axes, turns: turns(axes, at), low: None, soles: feet(bodies, posed, at, soles) }
}

/// From our rest pose to each joint at rest. Forearms turn from the upper arm, so that palms face the body in a robot whose
/// arms hang, and each other when its elbows are bent.
fn turns(axes: DMat3, at: &impl Fn(usize) -> Option<DVec3>) -> [DMat3; JOINTS] {
    let mut turns = [axes; JOINTS];
    for (shoulder, elbow, side) in [(LEFT_SHOULDER, LEFT_ELBOW, 1.0), (RIGHT_SHOULDER, RIGHT_ELBOW, -1.0)] {
        let bone = at(shoulder).zip(at(elbow)).and_then(|(from, to)| (UP * (to - from)).try_normalize());
        if let Some(bone) = bone {
            turns[elbow] = DMat3::from_quat(DQuat::from_rotation_arc(axes.x_axis * side, bone)) * axes;
        }
    }
    turns
}

/// Lowest points of the feet in the directions of the world, from the ankles.
fn feet(
    bodies: &Bodies,
    posed: &Posed,
    at: &impl Fn(usize) -> Option<DVec3>,
    soles: &[Vec<Shape>; 2],
) -> Vec<(Foot, DVec3)> {
    let mut points = Vec::new();
    for (side, shapes) in soles.iter().enumerate() {
        let Some((foot, ankle)) = bodies[LEFT_ANKLE + side].zip(at(LEFT_ANKLE + side)) else { continue };
        for shape in shapes {
            let low = |point: &DVec3| UP * (posed.point(foot, *point) - DVec3::Z * shape.radius - ankle);
            points.extend(shape.points.iter().map(|point| (Foot { side, toes: false }, low(point))));
        }
    }
    points
}

/// Our joints that a robot does not have; feet, collars and the rest of the trunk are not missed.
pub(super) fn missing(points: &[Option<(usize, DVec3)>; JOINTS], bodies: &Bodies) -> Vec<String> {
    let wanted = [LEFT_WRIST, RIGHT_WRIST, crate::motion::skeleton::joint::HEAD, LEFT_FOOT, LEFT_FOOT + 1];
    let lacks = |joint: &usize| points[*joint].is_none() && bodies[*joint].is_none();
    wanted.into_iter().filter(lacks).map(|joint| JOINT_NAMES[joint].to_string()).collect()
}

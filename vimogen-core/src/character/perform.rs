//! A clip as keys of a character's nodes.

use glam::{DMat3, DQuat, DVec3, Quat, Vec3};

use super::armature::{Armature, Placed};
use super::chain::Roles;
use super::feet::{self, Stood};
use super::fit::Fit;
use super::report::{Measured, RetargetReport};
use super::role::Role;
use crate::body::Track;
use crate::error::{Error, Result};
use crate::motion::axes::SWAP;
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::joint::PELVIS;
use crate::motion::{Motion, Pose};

/// An animation of a character: a key per frame.
#[derive(Debug)]
pub(crate) struct Keys {
    pub fps: f32,
    pub frames: usize,
    /// Nodes that turn.
    pub turns: Vec<NodeKeys<4>>,
    /// Nodes that move.
    pub moves: Vec<NodeKeys<3>>,
}

/// Keys of a node of the file, relative to its parent: unit quaternions (x, y, z, w), or translations.
#[derive(Debug)]
pub(crate) struct NodeKeys<const N: usize> {
    pub node: usize,
    pub keys: Vec<[f32; N]>,
}

/// A clip on a character: its keys, and how well they agree with the clip. With `plant`, standing feet do not slide.
///
/// # Errors
/// [`Error::Format`] for a character without the length of a leg or that is scaled to nothing;
/// [`Error::NonFinite`] for a clip whose sums overflow; [`Error::InvalidArgument`] for a clip whose body has no legs.
pub(crate) fn perform(armature: &Armature, motion: &Motion, plant: bool) -> Result<(Keys, RetargetReport)> {
    let mut track = Track::following(motion, None)?;
    track.poses.truncate(motion.len());
    let mut roles = Roles::new(armature);
    let rest = armature.at_rest(|node| roles.moves(node));
    let fit = Fit::new(armature, rest, &track.skeleton)?;
    roles.twists.iter_mut().for_each(|twist| twist.settle(armature, &fit.rest));
    let stood = feet::stand(&fit, &track.skeleton, &track.poses, track.fps, plant);
    let stage = Stage::new(armature, &fit, &stood)?;
    let mut keys = stage.empty(&roles, motion);
    let mut measured = Measured::new(armature, &fit, &stood);
    let mut placed = Vec::with_capacity(armature.nodes.len());
    for (pose, own) in stood.poses.iter().zip(&track.poses) {
        stage.frame(&mut roles, pose, &mut placed, &mut keys);
        let (_, places) = track.skeleton.fk(own.root, own.rotations);
        let places = places.map(|place| stage.world * place.as_dvec3());
        measured.frame(&placed, &places);
    }
    Ok((keys, measured.report(armature, &roles, motion)))
}

/// Where a clip is performed.
pub(super) struct Stage<'a> {
    armature: &'a Armature,
    fit: &'a Fit,
    /// From the world of clips to that of the character, without its size.
    world: DMat3,
    /// Where the origin of the clip is in the world of the character.
    origin: DVec3,
    pelvis: usize,
    floor: f64,
}

impl<'a> Stage<'a> {
    pub(super) fn new(armature: &'a Armature, fit: &'a Fit, stood: &Stood) -> Result<Self> {
        let pelvis = armature.map[PELVIS].ok_or_else(|| Error::format("character", "it has no pelvis"))?;
        for node in armature.path_up(pelvis) {
            let size = armature.nodes[node].scale;
            if size.min_element().abs() < 1e-9 || !size.is_finite() {
                let reason = format!("node {:?} above its hips is scaled by {size}", armature.nodes[node].name);
                return Err(Error::format("character", reason));
            }
        }
        let place = fit.rest[pelvis].place();
        let origin = DVec3::new(place.x, fit.ground, place.z);
        let world = heading(armature.axes) * SWAP.as_dmat3();
        Ok(Self { armature, fit, world, origin, pelvis, floor: f64::from(stood.floor) })
    }

    fn empty(&self, roles: &Roles, motion: &Motion) -> Keys {
        let index = |node: usize| self.armature.nodes[node].index;
        let moving = |node: &usize| *node == self.pelvis || roles.hang.contains(node);
        let nodes = 0..self.armature.nodes.len();
        let turning = nodes.clone().filter(|node| roles.moves(*node));
        let empty = |node| NodeKeys { node: index(node), keys: Vec::with_capacity(motion.len()) };
        let turns = turning.map(empty).collect();
        let moves = nodes.filter(moving).map(|node| NodeKeys { node: index(node), keys: Vec::new() }).collect();
        Keys { fps: motion.fps(), frames: motion.len(), turns, moves }
    }

    /// Adds the keys of a pose, which has the places `placed`.
    fn frame(&self, roles: &mut Roles, pose: &Pose, placed: &mut Vec<Placed>, keys: &mut Keys) {
        let turns = self.turns(pose);
        roles.twists.iter_mut().for_each(|twist| twist.follow(&turns));
        let hips = self.place(pose.root);
        let rest = |node: usize| self.fit.rest[node];
        let (mut turning, mut moving) = (keys.turns.iter_mut(), keys.moves.iter_mut());
        self.armature.pose(placed, |n, above| {
            let node = &self.armature.nodes[n];
            let mut local = (node.rotation, node.translation);
            if let Some(role) = roles.of[n] {
                local.0 = (above.turn.inverse() * role.turn(roles, &turns) * rest(n).turn).normalize();
                if let Some(keys) = turning.next() {
                    keys.turn(local.0);
                }
            }
            if n == self.pelvis || roles.hang.contains(&n) {
                let from_hips = turns[PELVIS] * (rest(n).place() - rest(self.pelvis).place());
                local.1 = above.affine.inverse().transform_point3(hips + from_hips);
                if let Some(keys) = moving.next() {
                    keys.keys.push(local.1.as_vec3().to_array());
                }
            }
            local
        });
    }

    /// A place of the clip in the world of the character.
    fn place(&self, place: Vec3) -> DVec3 {
        self.origin + self.world * (place.as_dvec3() - DVec3::Z * self.floor) * self.fit.scale
    }

    /// Places of our joints in the world of the character.
    pub(super) fn places(&self, pose: &Pose) -> [DVec3; JOINTS] {
        let (_, places) = self.fit.skeleton.fk(pose.root, pose.rotations);
        places.map(|place| self.place(place))
    }

    /// Turns of our joints from the rest of the character, in its world.
    pub(super) fn turns(&self, pose: &Pose) -> [DQuat; JOINTS] {
        let (turns, _) = self.fit.skeleton.fk(pose.root, pose.rotations);
        let exact = |turn: Quat| DMat3::from_quat(turn.as_dquat().normalize());
        std::array::from_fn(|joint| {
            DQuat::from_mat3(&(self.world * exact(turns[joint]) * self.fit.turns[joint].transpose())).normalize()
        })
    }
}

impl Role {
    fn turn(self, roles: &Roles, turns: &[DQuat; JOINTS]) -> DQuat {
        match self {
            Self::Joint(joint) => turns[joint],
            Self::Between(from, to, share) => turns[from].slerp(turns[to], share),
            Self::Twist(twist, share) => roles.twists[twist].turn(turns, share),
        }
    }
}

impl NodeKeys<4> {
    /// Adds a rotation, as the quaternion next to the last.
    fn turn(&mut self, turn: DQuat) {
        let key = turn.as_quat().normalize();
        let away = self.keys.last().is_some_and(|last| Quat::from_array(*last).dot(key) < 0.0);
        self.keys.push(if away { -key } else { key }.to_array());
    }
}

/// The part of a stance that is about the vertical.
fn heading(axes: DMat3) -> DMat3 {
    let level = |v: DVec3| DVec3::new(v.x, 0.0, v.z);
    let side = level(axes.x_axis);
    let left = if side.length() > 0.3 { side } else { DVec3::Y.cross(level(axes.z_axis)) };
    let left = left.try_normalize().unwrap_or(DVec3::X);
    DMat3::from_cols(left, DVec3::Y, left.cross(DVec3::Y))
}

//! From a skeleton of another program to a clip: upright, in metres, with rotations from SMPL's T pose.

use glam::{DMat3, DQuat, DVec3};
use ndarray::{Array, Dimension};
use rayon::prelude::*;

use super::names::Found;
use super::subject::{Place, Subject};
use super::{Rig, figure, gate, heap, names, unit, world};
use crate::body::{REST_OFFSETS, SMPLX_ROOT};
use crate::error::{Error, Result};
use crate::io::LoadOptions;
use crate::motion::codec::{SmplMotion, encode};
use crate::motion::layout::{BODY_JOINTS, JOINTS};
use crate::motion::resample::check_fps;
use crate::motion::rotation::{axis_angle_from_quaternion, wxyz_from_quat};
use crate::motion::skeleton::PARENTS;
use crate::motion::skeleton::joint::{HEAD, LEFT_FOOT, NECK, PELVIS, RIGHT_FOOT, SPINE1, SPINE2, SPINE3};
use crate::motion::{Motion, MotionSource};

/// Minimum number of frames that one task writes.
const FRAMES: usize = 64;
/// Joints from the pelvis to the head.
const SPINE: [usize; 6] = [PELVIS, SPINE1, SPINE2, SPINE3, NECK, HEAD];

/// Bend of the lower back, radians, that the pelvis of SMPL has not to follow: of CMU's rigs it bends at the pelvis.
const LOIN: f64 = 0.1;

/// The clip of `rig`.
///
/// # Errors
/// [`Error::Format`] for missing joints (by name), no rate or more than 1000 frames per second, and joints of no body.
pub(in crate::io) fn to_motion(rig: &dyn Rig, options: &LoadOptions<'_>) -> Result<Motion> {
    let Found { how, map, warnings } = names::find(rig, options)?;
    let (fps, rate) = rate(rig, options)?;
    let mut subject = Subject::new(rig, &map);
    let found = rig.found();
    let size = unit::Size { stature: subject.stature(), leg: subject.leg() };
    let unit = unit::find(size, options.unit, found.unit);
    let figure = figure::find(&subject);
    let world = world::find(&subject, figure.as_ref(), options.up, found.up);
    let turns = match figure {
        Some(figure) => {
            subject.toes = figure.toes(subject.toes);
            figure.turns(&subject, how.ends_with("SMPL"))
        }
        None => heap::turns_by_first_frame(&subject, rig).unwrap_or_else(|| heap::turns(&subject)),
    };
    let plan = Plan {
        joints: std::array::from_fn(|joint| Step::new(&subject, rig, joint, (turns[joint], figure.is_some()))),
        world: world.turn,
        metres: unit.metres,
        bone: size.stature / gate::STATURE,
    };
    let smpl = plan.write(rig);
    let mut doubts = gate::check(rig.format(), &smpl.joints.view(), fps)?;
    // One sentence about an axis is enough.
    doubts.retain(|doubt| world.warning.is_none() || !doubt.contains("up="));
    let all = [found.warnings.clone(), warnings].into_iter().flatten().chain(world.warning).chain(unit.warning);
    let source = MotionSource {
        kind: format!("{}, {how}", rig.format()),
        up: Some(world.up),
        unit: unit.unit,
        rate,
        warnings: all.chain(doubts).collect(),
        ..found
    };
    Ok(Motion::from_features(encode(&smpl)?, fps)?.with_source(source))
}

/// Frames per second, and where they are from.
fn rate(rig: &dyn Rig, options: &LoadOptions<'_>) -> Result<(f32, String)> {
    if let Some(fps) = options.fps {
        check_fps("fps", fps)?;
        return Ok((fps, "given".into()));
    }
    let missing = || Error::format(rig.format(), "it has no frame rate; fps= gives it");
    let fps = rig.fps().ok_or_else(missing)?;
    let fps = fps as f32;
    check_fps("fps", fps).map_err(|e| Error::format(rig.format(), e.to_string()))?;
    let origin = rig.found().rate;
    Ok((fps, if origin.is_empty() { "file".into() } else { origin }))
}

/// How one of our joints follows from those of the file.
struct Step {
    /// Joint of the file whose rotation it has.
    source: usize,
    /// Rotation from our rest pose to the axes of that joint.
    turn: DMat3,
    place: At,
    /// How its bone follows that of the file, if the file bends it on the way.
    swing: Option<Swing>,
}

/// The turn of a bone after one of the file that bends between its ends.
struct Swing {
    /// Joint of the file to which the bone goes.
    end: usize,
    /// Direction of the bone in the axes of its joint.
    bone: DVec3,
    /// Whether it goes half the way only, from [`LOIN`] on: the pelvis also carries the legs.
    half: bool,
}

/// Where one of our joints is.
enum At {
    /// At `source`.
    Joint,
    /// From `source`, in its axes.
    Offset(DVec3),
    /// Between two joints of the file, at this share of the way.
    Between(usize, usize, f64),
    /// At our offset from the joint above, in the size of the body.
    Ours(usize),
}

impl Step {
    fn new(subject: &Subject<'_>, rig: &dyn Rig, joint: usize, (turn, stands): (DMat3, bool)) -> Self {
        let above = |joint: &usize| PARENTS[*joint];
        let known = std::iter::successors(Some(joint), above).find(|joint| subject.map[*joint].is_some());
        let known = known.unwrap_or(PELVIS);
        let source = subject.map[known].unwrap_or(0);
        let unturned = rig.joints()[source].rest.0.transpose();
        Self {
            source,
            turn: unturned * turn,
            place: Self::place(subject, joint, known, unturned),
            swing: Swing::new(subject, joint, unturned, (turn, stands)),
        }
    }

    fn place(subject: &Subject<'_>, joint: usize, known: usize, unturned: DMat3) -> At {
        if joint == known {
            return At::Joint;
        }
        if let (LEFT_FOOT | RIGHT_FOOT, Some(toe)) =
            (joint, subject.toes.get(joint.wrapping_sub(LEFT_FOOT)).copied().flatten())
        {
            return At::Offset(unturned * toe);
        }
        let ours = PARENTS[joint].map_or(At::Joint, At::Ours);
        let Some(at) = SPINE.iter().position(|spine| *spine == joint) else { return ours };
        let length =
            |joints: &[usize]| joints.iter().map(|joint| f64::from(REST_OFFSETS[*joint].length())).sum::<f64>();
        let below = SPINE.iter().position(|spine| *spine == known).unwrap_or(0);
        let next = SPINE[at..].iter().find_map(|joint| subject.map[*joint].map(|next| (*joint, next)));
        match (next, subject.map[known]) {
            (Some((end, next)), Some(from)) => {
                let end = SPINE.iter().position(|spine| *spine == end).unwrap_or(at);
                At::Between(from, next, length(&SPINE[below + 1..=at]) / length(&SPINE[below + 1..=end]))
            }
            _ => ours,
        }
    }
}

impl Swing {
    fn new(subject: &Subject<'_>, joint: usize, unturned: DMat3, (turn, stands): (DMat3, bool)) -> Option<Self> {
        let (end, ours) = subject.bone(joint)?;
        let half = joint == PELVIS;
        let bone = if stands && !half { subject.rest(end)? - subject.rest(joint)? } else { turn * ours };
        let bends = SPINE.contains(&joint) && subject.bends(joint, end);
        bends.then_some(Self { end: subject.map[end]?, bone: unturned * bone.normalize_or_zero(), half })
    }

    fn turn(&self, from: DVec3, to: DVec3) -> DMat3 {
        let Some(axis) = from.cross(to).try_normalize() else { return DMat3::IDENTITY };
        let angle = from.angle_between(to);
        DMat3::from_axis_angle(axis, if self.half { 0.5 * (angle - LOIN).max(0.0) } else { angle })
    }
}

/// How frames are written.
struct Plan {
    joints: [Step; JOINTS],
    /// Rotation from the axes of the file to ours.
    world: DMat3,
    /// Metres per unit of the file.
    metres: f64,
    /// Size of the body in the unit of the file, for offsets of the neutral body.
    bone: f64,
}

impl Plan {
    /// All frames, and the last once more: its steps lead to itself.
    fn write(&self, rig: &dyn Rig) -> SmplMotion {
        let frames = rig.frames();
        let mut smpl = SmplMotion::zeros(frames + 1);
        let (orient, pose) = (vectors::<1, _>(&mut smpl.global_orient), vectors::<BODY_JOINTS, _>(&mut smpl.body_pose));
        let (transl, joints) = (vectors::<1, _>(&mut smpl.transl), vectors::<JOINTS, _>(&mut smpl.joints));
        let rows = orient.into_par_iter().zip(pose).zip(transl).zip(joints).with_min_len(FRAMES).enumerate();
        let buffer = || vec![(DMat3::IDENTITY, DVec3::ZERO); rig.joints().len()];
        rows.for_each_init(buffer, |world, (t, (((orient, pose), transl), joints))| {
            rig.world(t.min(frames.saturating_sub(1)), world);
            let (turns, places) = self.pose(world);
            orient[0] = vector(self.world * turns[PELVIS]);
            for (joint, slot) in (1..).zip(pose) {
                *slot = vector(PARENTS[joint].map_or(DMat3::IDENTITY, |above| turns[above].transpose()) * turns[joint]);
            }
            let place = |place: DVec3| (self.world * place * self.metres).as_vec3();
            *joints = places.map(|joint| place(joint).to_array());
            transl[0] = (place(places[PELVIS]) - SMPLX_ROOT).to_array();
        });
        smpl
    }

    /// Our joints in a frame, in the axes of the file: rotations from our rest pose, and positions.
    fn pose(&self, world: &[Place]) -> ([DMat3; JOINTS], [DVec3; JOINTS]) {
        let (mut turns, mut places) = ([DMat3::IDENTITY; JOINTS], [DVec3::ZERO; JOINTS]);
        for (joint, step) in self.joints.iter().enumerate() {
            let (turn, place) = world[step.source];
            turns[joint] = turn * step.turn;
            places[joint] = match step.place {
                At::Joint => place,
                At::Offset(offset) => place + turn * offset,
                At::Between(from, to, share) => world[from].1.lerp(world[to].1, share),
                At::Ours(above) => places[above] + turns[above] * REST_OFFSETS[joint].as_dvec3() * self.bone,
            };
            if let Some(swing) = &step.swing {
                let to = (world[swing.end].1 - place).normalize_or_zero();
                turns[joint] = swing.turn(turn * swing.bone, to) * turns[joint];
            }
        }
        (turns, places)
    }
}

/// The rows of an array as `N` vectors each.
fn vectors<const N: usize, D: Dimension>(array: &mut Array<f32, D>) -> &mut [[[f32; 3]; N]] {
    array.as_slice_mut().unwrap_or_default().as_chunks_mut().0.as_chunks_mut().0
}

/// A rotation as axis-angle.
fn vector(turn: DMat3) -> [f32; 3] {
    axis_angle_from_quaternion(wxyz_from_quat(DQuat::from_mat3(&turn).normalize().as_quat())).to_array()
}

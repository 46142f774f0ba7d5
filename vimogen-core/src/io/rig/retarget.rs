//! From a skeleton of another program to a clip: upright, in metres, with rotations from SMPL's T pose.

use glam::{DMat3, DVec3, Vec3};
use ndarray::{Array2, ArrayView3, ShapeBuilder};
use rayon::prelude::*;

use super::names::Found;
use super::subject::{Place, Subject};
use super::{Rig, figure, gate, heap, names, unit, world};
use crate::body::{REST_OFFSETS, SMPLX_ROOT};
use crate::error::{Error, Result};
use crate::io::LoadOptions;
use crate::motion::layout::{
    BODY_JOINTS, BODY_ROT6D, FEATURES, JOINTS, POSITIONS, ROOT_ROT6D, ROOT_STEP6D, TRANSL, TRANSL_STEP, VELOCITIES,
};
use crate::motion::resample::check_fps;
use crate::motion::rotation::rot6d_from_matrix;
use crate::motion::skeleton::PARENTS;
use crate::motion::skeleton::joint::{HEAD, LEFT_FOOT, NECK, PELVIS, RIGHT_FOOT, SPINE1, SPINE2, SPINE3};
use crate::motion::{Motion, MotionSource};

/// Number of frames that one task writes.
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
    let features = plan.features(rig);
    let mut doubts = gate::check(rig.format(), &joints(&features), fps)?;
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
    Ok(Motion::from_features(features, fps)?.with_source(source))
}

/// The joints in features, `[frames, 22, 3]`.
fn joints(features: &Array2<f32>) -> ArrayView3<'_, f32> {
    let shape = (features.nrows(), JOINTS, 3).strides((FEATURES, 3, 1));
    let values = features.as_slice().and_then(|values| values.get(POSITIONS.start..)).unwrap_or_default();
    ArrayView3::from_shape(shape, values).expect("features have the joints of each frame")
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
    /// The features of all frames; the steps of the last one are zero.
    fn features(&self, rig: &dyn Rig) -> Array2<f32> {
        let mut features = Array2::zeros((rig.frames(), FEATURES));
        let rows: &mut [[f32; FEATURES]] = features.as_slice_mut().unwrap_or_default().as_chunks_mut().0;
        let last = rows.len().saturating_sub(1);
        rows.par_chunks_mut(FRAMES).enumerate().for_each(|(part, rows)| {
            let mut world = vec![(DMat3::IDENTITY, DVec3::ZERO); rig.joints().len()];
            let mut frame = |t: usize| {
                rig.world(t.min(last), &mut world);
                self.frame(&world)
            };
            let mut next = frame(part * FRAMES);
            for (i, row) in rows.iter_mut().enumerate() {
                let now = std::mem::replace(&mut next, frame(part * FRAMES + i + 1));
                now.write(&next, row);
            }
        });
        features
    }

    /// Our joints in a frame, in our axes.
    fn frame(&self, world: &[Place]) -> Frame {
        let (turns, places) = self.pose(world);
        let local = |joint: usize| {
            let above = PARENTS[joint].map_or(DMat3::IDENTITY, |above| turns[above].transpose());
            rot6d(above * turns[joint])
        };
        let world = self.world * self.metres;
        Frame {
            locals: std::array::from_fn(|i| local(i + 1)),
            joints: places.map(|place| (world * place).as_vec3().to_array()),
            root: self.world * turns[PELVIS],
        }
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

/// A frame of the clip, metres, z up.
struct Frame {
    /// Rotations of the body's joints relative to those above.
    locals: [[f32; 6]; BODY_JOINTS],
    joints: [[f32; 3]; JOINTS],
    root: DMat3,
}

impl Frame {
    /// Writes the features of this frame, which `next` follows.
    fn write(&self, next: &Self, row: &mut [f32; FEATURES]) {
        let transl = |frame: &Self| Vec3::from_array(frame.joints[PELVIS]) - SMPLX_ROOT;
        let (now, then) = (self.joints.as_flattened(), next.joints.as_flattened());
        row[BODY_ROT6D].copy_from_slice(self.locals.as_flattened());
        row[POSITIONS].copy_from_slice(now);
        for ((step, now), then) in row[VELOCITIES].iter_mut().zip(now).zip(then) {
            *step = then - now;
        }
        row[ROOT_ROT6D].copy_from_slice(&rot6d(self.root));
        row[ROOT_STEP6D].copy_from_slice(&rot6d(next.root * self.root.transpose()));
        row[TRANSL].copy_from_slice(&transl(self).to_array());
        row[TRANSL_STEP].copy_from_slice(&(transl(next) - transl(self)).to_array());
    }
}

/// Rot6D of a rotation.
fn rot6d(turn: DMat3) -> [f32; 6] {
    rot6d_from_matrix(turn.as_mat3())
}

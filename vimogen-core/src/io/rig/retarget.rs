//! From a skeleton of another program to a clip: other rest poses converted to a T pose, lengths to metres.

use glam::{DMat3, DQuat, DVec3};

use crate::body::{REST_OFFSETS, SHIN, SMPLX_ROOT, THIGH};
use crate::error::{Error, Result};
use crate::motion::axes::{SWAP, swap_up};
use crate::motion::codec::{SmplMotion, write_at};
use crate::motion::layout::JOINTS;
use crate::motion::resample::check_fps;
use crate::motion::skeleton::PARENTS;
use crate::motion::skeleton::joint::{
    LEFT_ANKLE, LEFT_HIP, LEFT_KNEE, LEFT_SHOULDER, LEFT_WRIST, PELVIS, RIGHT_ANKLE, RIGHT_ELBOW, RIGHT_HIP, RIGHT_KNEE,
};
use crate::motion::{Motion, MotionSource};

use super::names::{self, Found, Map};
use super::{Rig, RigJoint};
use crate::io::LoadOptions;

/// Minimum angle, radians, between a rest bone and SMPL's that counts as another rest pose; smaller ones are another body.
const OTHER_REST: f64 = 0.35;
/// Length of human legs from hip to ankle, metres; others are scaled to the neutral body's.
const LEGS: std::ops::Range<f64> = 0.3..1.5;
/// The clip of `rig`: y up, a figure at rest that faces +z.
///
/// # Errors
/// [`Error::Format`] for missing joints (by name) and more than 1000 frames per second.
pub(in crate::io) fn to_motion(rig: &dyn Rig, options: &LoadOptions<'_>) -> Result<Motion> {
    let Found { how, map, warnings } = names::find(rig, options)?;
    let rest = corrections(rig.joints(), &map);
    let scale = scale(rig.joints(), &map);
    let frames = rig.frames();
    let mut smpl = SmplMotion::zeros(frames);
    let mut world = vec![(DMat3::IDENTITY, DVec3::ZERO); rig.joints().len()];
    for t in 0..frames {
        rig.world(t, &mut world);
        write_frame(&mut smpl, t, &world, &map, &rest, scale);
    }
    let (fps, rate) = rate(rig, options)?;
    let found = rig.found();
    let warnings = [found.warnings.clone(), warnings].concat();
    let source = MotionSource { kind: format!("{}, {how}", rig.format()), rate, warnings, ..found };
    Ok(crate::io::clip_of_all_frames(&smpl, fps)?.with_source(source))
}

/// Frames per second, and where they are from.
fn rate(rig: &dyn Rig, options: &LoadOptions<'_>) -> Result<(f32, String)> {
    if let Some(fps) = options.fps {
        check_fps("fps", fps)?;
        return Ok((fps, "given".into()));
    }
    let fps = rig.fps().ok_or_else(|| Error::format(rig.format(), "it has no frame rate"))?;
    let fps = fps as f32;
    check_fps("fps", fps).map_err(|e| Error::format(rig.format(), e.to_string()))?;
    let origin = rig.found().rate;
    Ok((fps, if origin.is_empty() { "file".into() } else { origin }))
}

/// The joint at the far end of a limb's bone; the other joints keep their rotations as they are.
fn far_end(joint: usize) -> Option<usize> {
    match joint {
        LEFT_HIP..=RIGHT_HIP | LEFT_KNEE..=RIGHT_KNEE => Some(joint + 3),
        LEFT_SHOULDER..=RIGHT_ELBOW => Some(joint + 2),
        _ => None,
    }
}

/// For each joint the rotation from SMPL's rest bone to the file's, where they are far apart.
fn corrections(joints: &[RigJoint], map: &Map) -> [DMat3; JOINTS] {
    let place = |joint: usize| joints[joint].rest.1;
    let mut out = [DMat3::IDENTITY; JOINTS];
    for joint in 0..JOINTS {
        let end = far_end(joint);
        let bone = end.and_then(|end| Some(place(map[end]?) - place(map[joint]?)));
        let theirs = bone.and_then(DVec3::try_normalize);
        let ours = end.map(|end| REST_OFFSETS[end].as_dvec3().normalize_or_zero());
        if let Some((ours, theirs)) = ours.zip(theirs) {
            let far = ours.angle_between(theirs) > OTHER_REST;
            out[joint] = if far { DMat3::from_quat(DQuat::from_rotation_arc(ours, theirs)) } else { DMat3::IDENTITY };
        } else if joint >= LEFT_WRIST {
            // Hands go on as their forearms do.
            out[joint] = out[joint - 2];
        }
    }
    out
}

/// Metres per unit of the file.
fn scale(joints: &[RigJoint], map: &Map) -> f64 {
    let length = |joint: usize| {
        map[joint].map_or(0.0, |j| {
            let above = joints[j].parent.map_or(DVec3::ZERO, |p| joints[p].rest.1);
            (joints[j].rest.1 - above).length()
        })
    };
    let leg = 0.5 * [LEFT_KNEE, LEFT_ANKLE, RIGHT_KNEE, RIGHT_ANKLE].into_iter().map(length).sum::<f64>();
    [1.0, 0.01].into_iter().find(|scale| LEGS.contains(&(leg * scale))).unwrap_or_else(|| {
        let ours = f64::from(THIGH + SHIN);
        if leg > 1e-9 { ours / leg } else { 1.0 }
    })
}

fn write_frame(
    smpl: &mut SmplMotion,
    t: usize,
    world: &[(DMat3, DVec3)],
    map: &Map,
    rest: &[DMat3; JOINTS],
    scale: f64,
) {
    let turn_up = SWAP.as_dmat3();
    let z_up = |p: DVec3| DVec3::from(swap_up::<f64>(p));
    let mut turns = [DMat3::IDENTITY; JOINTS];
    let mut places = [DVec3::ZERO; JOINTS];
    for j in 0..JOINTS {
        (turns[j], places[j]) = match (map[j], PARENTS[j]) {
            (Some(joint), _) => (turn_up * world[joint].0 * rest[j], z_up(world[joint].1 * scale)),
            // A joint that the file lacks does not bend and has the offset of the neutral body.
            (None, Some(p)) => (turns[p], places[p] + turns[p] * REST_OFFSETS[j].as_dvec3()),
            (None, None) => (turn_up, DVec3::ZERO),
        };
    }
    let local = |j: usize| PARENTS[j].map_or(turns[j], |p| turns[p].transpose() * turns[j]);
    smpl.set_rotations(t, &std::array::from_fn(|j| DQuat::from_mat3(&local(j)).normalize().as_quat()));
    smpl.set_joints(t, &places.map(|place| place.as_vec3()));
    write_at(smpl.transl.row_mut(t), 0, &(places[PELVIS].as_vec3() - SMPLX_ROOT).to_array());
}

//! BVH skeletons of other programs as clips: joints by name, other rest poses converted to a T pose.

use std::path::Path;

use glam::{DMat3, DQuat, DVec3};

use crate::body::{REST_OFFSETS, SHIN, SMPLX_ROOT, THIGH};
use crate::error::{Error, Result};
use crate::motion::Motion;
use crate::motion::axes::{SWAP, swap_up};
use crate::motion::codec::{SmplMotion, write_at};
use crate::motion::layout::JOINTS;
use crate::motion::resample::check_fps;
use crate::motion::skeleton::joint::{
    LEFT_ANKLE, LEFT_ELBOW, LEFT_HIP, LEFT_KNEE, LEFT_SHOULDER, LEFT_WRIST, NECK, PELVIS, RIGHT_ANKLE, RIGHT_ELBOW,
    RIGHT_HIP, RIGHT_KNEE, RIGHT_SHOULDER, SPINE1, SPINE2, SPINE3,
};
use crate::motion::skeleton::{JOINT_NAMES, PARENTS};

use super::{Bvh, MIXAMO_NAMES};

/// Minimum angle, radians, between a rest bone and SMPL's that counts as another rest pose; smaller ones are another body.
const OTHER_REST: f64 = 0.35;
/// Length of human legs from hip to ankle, metres; others are scaled to the neutral body's.
const LEGS: std::ops::Range<f64> = 0.3..1.5;
/// Required joints.
const NEEDED: [usize; 12] = [
    PELVIS,
    LEFT_HIP,
    RIGHT_HIP,
    LEFT_KNEE,
    RIGHT_KNEE,
    LEFT_ANKLE,
    RIGHT_ANKLE,
    NECK,
    LEFT_SHOULDER,
    RIGHT_SHOULDER,
    LEFT_ELBOW,
    RIGHT_ELBOW,
];

/// Reads a clip from a BVH file: y up, a figure at rest that faces +z.
///
/// Joints are found by the names of SMPL or of Mixamo and MotionBuilder, without a prefix up to `:`; there may be any
/// number of spine joints between hips and neck. Where a limb at rest points another way than in SMPL's T pose, its rotation is
/// corrected for it. Lengths are metres or centimetres, whichever gives a leg of human length; a body of neither is
/// scaled. All frames are kept; the last one's steps are zero.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Io`], [`Error::TooLarge`], [`Error::Format`] for damaged files, missing joints (by
/// name), and more than 1000 frames per second.
pub fn load(path: impl AsRef<Path>) -> Result<Motion> {
    let path = path.as_ref();
    Bvh::open(path).and_then(|file| to_motion(&file)).map_err(|e| e.with_path(path))
}

/// The clip of a parsed file; see [`load`].
///
/// # Errors
/// As [`load`].
pub fn to_motion(file: &Bvh) -> Result<Motion> {
    let map = mapped(file)?;
    let rest = corrections(file, &map);
    let scale = scale(file, &map);
    let frames = file.len();
    let mut smpl = SmplMotion::zeros(frames);
    for t in 0..frames {
        write_frame(&mut smpl, t, &file.world(t), &map, &rest, scale);
    }
    let fps = 1.0 / file.frame_time();
    // Files write the frame time with few digits: 0.033333 is 30 frames per second.
    let fps = if (fps - fps.round()).abs() < 1e-3 * fps { fps.round() } else { fps } as f32;
    check_fps("fps", fps).map_err(|e| Error::format("BVH", e.to_string()))?;
    crate::io::clip_of_all_frames(&smpl, fps)
}

/// The joint of the file for each of ours, where it has one.
type Map = [Option<usize>; JOINTS];

/// A name without prefix, case and separators.
fn plain(name: &str) -> String {
    let name = name.rsplit(':').next().unwrap_or(name);
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn mapped(file: &Bvh) -> Result<Map> {
    let names: Vec<String> = file.joints().iter().map(|j| plain(&j.name)).collect();
    let find = |wanted: &[&str; JOINTS]| -> Map {
        std::array::from_fn(|j| names.iter().position(|name| *name == plain(wanted[j])))
    };
    let count = |map: &Map| NEEDED.iter().filter(|j| map[**j].is_some()).count();
    let [smpl, mixamo] = [find(&JOINT_NAMES), find(&MIXAMO_NAMES)];
    let (mut map, wanted) = if count(&smpl) >= count(&mixamo) { (smpl, JOINT_NAMES) } else { (mixamo, MIXAMO_NAMES) };
    let missing: Vec<&str> = NEEDED.iter().filter(|j| map[**j].is_none()).map(|j| wanted[*j]).collect();
    if !missing.is_empty() {
        let reason = format!("it has no joint named {}; names of SMPL and of Mixamo are known", missing.join(", "));
        return Err(Error::format("BVH", reason));
    }
    spine(file, &mut map);
    Ok(map)
}

/// The spine by its place: the joints between pelvis and neck, the first, the middle and the last if there are more.
fn spine(file: &Bvh, map: &mut Map) {
    let mut chain = Vec::new();
    let mut at = map[NECK].and_then(|neck| file.joints()[neck].parent);
    while let Some(joint) = at.filter(|joint| Some(*joint) != map[PELVIS]) {
        chain.push(joint);
        at = file.joints()[joint].parent;
    }
    chain.reverse();
    let last = chain.len().checked_sub(1);
    map[SPINE1] = chain.first().copied().filter(|_| chain.len() >= 2);
    map[SPINE2] = chain.get(chain.len() / 2).copied().filter(|_| chain.len() >= 3);
    map[SPINE3] = last.map(|last| chain[last]);
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
fn corrections(file: &Bvh, map: &Map) -> [DMat3; JOINTS] {
    let mut places: Vec<DVec3> = Vec::with_capacity(file.joints().len());
    for joint in file.joints() {
        places.push(joint.offset + joint.parent.map_or(DVec3::ZERO, |p| places[p]));
    }
    let mut out = [DMat3::IDENTITY; JOINTS];
    for joint in 0..JOINTS {
        let end = far_end(joint);
        let bone = end.and_then(|end| Some(places[map[end]?] - places[map[joint]?]));
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
fn scale(file: &Bvh, map: &Map) -> f64 {
    let length = |joint: usize| map[joint].map_or(0.0, |j| file.joints()[j].offset.length());
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

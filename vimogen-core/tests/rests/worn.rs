//! How a clip is worn by the neutral body, and how far two clips are apart.

use glam::{DMat3, DQuat, DVec3};
use vimogen_core::body::NEUTRAL;
use vimogen_core::motion::Motion;
use vimogen_core::motion::codec::SmplMotion;
use vimogen_core::motion::skeleton::PARENTS;

/// Ends of the limbs' bones, of which body and file have the same directions.
pub const LIMBS: [usize; 10] = [4, 5, 7, 8, 10, 11, 18, 19, 20, 21];
/// Ends of the bones of spine and neck.
pub const TRUNK: [usize; 5] = [3, 6, 9, 12, 15];

/// Angles in degrees, over frames.
#[derive(Debug, Clone, Copy, Default)]
pub struct Angles {
    pub median: f64,
    pub p95: f64,
    pub worst: f64,
}

impl Angles {
    pub fn of(mut degrees: Vec<f64>) -> Self {
        degrees.sort_by(f64::total_cmp);
        let at = |share: f64| degrees.get((share * (degrees.len().max(1) - 1) as f64) as usize).copied().unwrap_or(0.0);
        Self { median: at(0.5), p95: at(0.95), worst: at(1.0) }
    }
}

pub fn place(smpl: &SmplMotion, t: usize, joint: usize) -> DVec3 {
    DVec3::from_array(std::array::from_fn(|c| f64::from(smpl.joints[[t, joint, c]])))
}

/// World rotations and the pelvis of each frame, y up.
pub fn poses(motion: &Motion) -> Vec<([DMat3; 22], DVec3)> {
    let swap = vimogen_core::motion::axes::SWAP.as_dmat3();
    let pose = |t: usize| {
        let mut turns = locals(motion.smpl(), t);
        turns[0] = swap * turns[0];
        vimogen_core::motion::skeleton::chain_rotations(&PARENTS, &mut turns);
        (turns, swap * place(motion.smpl(), t, 0))
    };
    (0..motion.len()).map(pose).collect()
}

/// Rotations relative to the parents, of the pelvis to the world.
fn locals(smpl: &SmplMotion, t: usize) -> [DMat3; 22] {
    std::array::from_fn(|joint| {
        let value = |c: usize| match joint {
            0 => smpl.global_orient[[t, c]],
            _ => smpl.body_pose[[t, 3 * (joint - 1) + c]],
        };
        DMat3::from_quat(DQuat::from_scaled_axis(DVec3::from_array(std::array::from_fn(|c| f64::from(value(c))))))
    })
}

/// Per joint, the angle between the bone that ends there on the neutral body and that of the clip.
pub fn worn_frames(motion: &Motion) -> [Vec<f64>; 22] {
    let smpl = motion.smpl();
    let mut out: [Vec<f64>; 22] = Default::default();
    for t in 0..motion.len() {
        let joints = body(motion, t);
        for joint in 1..22 {
            let parent = PARENTS[joint].expect("parent");
            let ours = joints[joint] - joints[parent];
            let theirs = place(smpl, t, joint) - place(smpl, t, parent);
            if theirs.length() > 1e-3 {
                out[joint].push(ours.angle_between(theirs).to_degrees());
            }
        }
    }
    out
}

pub fn worn(motion: &Motion) -> [Angles; 22] {
    worn_frames(motion).map(Angles::of)
}

/// Joints of the neutral body in frame `t`, with the pelvis at the origin.
fn body(motion: &Motion, t: usize) -> [DVec3; 22] {
    let locals = locals(motion.smpl(), t).map(|turn| DQuat::from_mat3(&turn).as_quat());
    NEUTRAL.fk(glam::Vec3::ZERO, locals).1.map(|joint| joint.as_dvec3())
}

/// Per joint, the angle between the bones that end there on the neutral body in two clips.
pub fn bones_apart(one: &Motion, other: &Motion) -> [Angles; 22] {
    let mut out: [Vec<f64>; 22] = Default::default();
    for t in 0..one.len() {
        let (a, b) = (body(one, t), body(other, t));
        for joint in 1..22 {
            let parent = PARENTS[joint].expect("parent");
            out[joint].push((a[joint] - a[parent]).angle_between(b[joint] - b[parent]).to_degrees());
        }
    }
    out.map(Angles::of)
}

/// Per joint, the angle between its rotations, relative to the parent, in two clips.
pub fn turned_frames(one: &Motion, other: &Motion) -> [Vec<f64>; 22] {
    let mut out: [Vec<f64>; 22] = Default::default();
    for t in 0..one.len().min(other.len()) {
        let (a, b) = (locals(one.smpl(), t), locals(other.smpl(), t));
        for joint in 0..22 {
            let turn = DQuat::from_mat3(&(a[joint].transpose() * b[joint])).normalize();
            out[joint].push(2.0 * turn.xyz().length().min(1.0).asin().to_degrees());
        }
    }
    out
}

pub fn turned_apart(one: &Motion, other: &Motion) -> [Angles; 22] {
    turned_frames(one, other).map(Angles::of)
}

/// Maximum distance between joints, along an axis, metres.
pub fn joints_apart(one: &Motion, other: &Motion) -> f64 {
    assert_eq!(one.len(), other.len());
    let pairs = one.smpl().joints.iter().zip(&other.smpl().joints);
    pairs.map(|(a, b)| f64::from((a - b).abs())).fold(0.0, f64::max)
}

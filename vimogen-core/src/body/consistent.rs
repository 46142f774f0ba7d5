//! One motion out of a clip whose rotations, positions and steps disagree, and feet that stay where they stand.
//!
//! A network predicts rotations, joint positions and steps separately. [`residual`] says how far apart they are;
//! [`consistent`] keeps the rotations and the summed steps of the root, and puts the joints where a skeleton with the
//! clip's own bones has them. [`crate::body::Reconcile`] is its counterpart for models that ask for it: there all numbers
//! are weighed against each other, here one set of them decides.

use glam::{Mat3, Vec3};
use ndarray::ArrayView1;

use super::feet;
use crate::error::Result;
use crate::motion::Motion;
use crate::motion::codec::{DecodeMode, SmplMotion, decode, encode, put, vec3};
use crate::motion::layout::{BODY_JOINTS, JOINTS};
use crate::motion::rotation::{axis_angle_from_matrix, rows::matrix_from_axis_angle};
use crate::motion::skeleton::PARENTS;

/// How far the joints of a clip are from where its rotations put them, metres; 0 for a clip that agrees with itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Residual {
    /// Mean over frames and joints.
    pub mean: f32,
    /// The largest.
    pub max: f32,
}

/// Compares the summed joint steps of a clip with forward kinematics of its rotations on its own mean bones.
pub fn residual(motion: &Motion) -> Residual {
    let smpl = motion.smpl();
    let rig = Rig::of(&smpl, smpl.len());
    let (mut sum, mut max) = (0.0f64, 0.0f32);
    for t in 0..smpl.len() {
        let (_, places) = rig.forward(&Frame::of(&smpl, t));
        for (j, place) in places.iter().enumerate() {
            let distance = place.distance(joint(&smpl, t, j));
            sum += f64::from(distance);
            max = max.max(distance);
        }
    }
    Residual { mean: (sum / (smpl.len() * JOINTS) as f64) as f32, max }
}

/// The clip with joints by forward kinematics from its rotations and the root from the sums of its steps; bones have
/// their mean directions and lengths of the clip. With `lock_feet`, a foot that touches the ground stays where it is and
/// does not sink in: hip and knee follow by inverse kinematics, its own orientation stays.
///
/// # Errors
/// [`Error::NonFinite`](crate::Error::NonFinite) for a clip whose sums of steps overflow.
pub fn consistent(motion: &Motion, lock_feet: bool) -> Result<Motion> {
    // One frame more than the clip has: a step leads to the next frame, also from the last. Its body pose is that of the
    // last frame, and its joints are not, so that it says nothing about the bones.
    let mut smpl = decode(motion.features(), DecodeMode::EqualLength)?;
    let rig = Rig::of(&smpl, motion.len());
    let mut frames: Vec<Frame> = (0..smpl.len()).map(|t| Frame::of(&smpl, t)).collect();
    if lock_feet {
        feet::lock(&rig, &mut frames, motion.fps());
    }
    let root = mean((0..motion.len()).map(|t| joint(&smpl, t, 0) - vec3(smpl.transl.row(t), 0)));
    for (t, frame) in frames.iter().enumerate() {
        let (_, places) = rig.forward(frame);
        put(smpl.transl.row_mut(t), 0, &(frame.pelvis - root).to_array());
        put(smpl.global_orient.row_mut(t), 0, &axis_angle_from_matrix(frame.orient).to_array());
        for (j, local) in frame.local.iter().enumerate() {
            put(smpl.body_pose.row_mut(t), 3 * j, &axis_angle_from_matrix(*local).to_array());
        }
        for (j, place) in places.iter().enumerate() {
            (0..3).for_each(|c| smpl.joints[[t, j, c]] = place[c]);
        }
    }
    Motion::from_features(encode(&smpl)?, motion.fps())
}

/// A pose: pelvis position, its orientation, rotations of the other joints relative to their parents.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) pelvis: Vec3,
    pub(super) orient: Mat3,
    pub(super) local: [Mat3; BODY_JOINTS],
}

impl Frame {
    fn of(smpl: &SmplMotion, t: usize) -> Self {
        let rotation = |row: ArrayView1<'_, f32>, j: usize| matrix_from_axis_angle(vec3(row, 3 * j));
        Self {
            pelvis: joint(smpl, t, 0),
            orient: rotation(smpl.global_orient.row(t), 0),
            local: std::array::from_fn(|j| rotation(smpl.body_pose.row(t), j)),
        }
    }
}

/// Offsets of the joints from their parents at rest.
pub(super) struct Rig {
    offsets: [Vec3; JOINTS],
}

impl Rig {
    /// The bones of the first `frames` of a clip: mean directions as their parents see them, at their mean lengths.
    fn of(smpl: &SmplMotion, frames: usize) -> Self {
        let mut sums = [(Vec3::ZERO, 0.0); JOINTS];
        for t in 0..frames {
            let turns = turns(&Frame::of(smpl, t));
            for j in 1..JOINTS {
                let parent = PARENTS[j].unwrap_or(0);
                let bone = joint(smpl, t, j) - joint(smpl, t, parent);
                sums[j].0 += turns[parent].transpose() * bone;
                sums[j].1 += bone.length();
            }
        }
        let count = frames as f32;
        Self { offsets: sums.map(|(direction, length)| direction.normalize_or_zero() * (length / count)) }
    }

    /// Global orientations and places of all joints.
    pub(super) fn forward(&self, frame: &Frame) -> ([Mat3; JOINTS], [Vec3; JOINTS]) {
        let turns = turns(frame);
        let mut places = [frame.pelvis; JOINTS];
        for j in 1..JOINTS {
            let parent = PARENTS[j].unwrap_or(0);
            places[j] = places[parent] + turns[parent] * self.offsets[j];
        }
        (turns, places)
    }
}

fn turns(frame: &Frame) -> [Mat3; JOINTS] {
    let mut turns = [frame.orient; JOINTS];
    for j in 1..JOINTS {
        turns[j] = turns[PARENTS[j].unwrap_or(0)] * frame.local[j - 1];
    }
    turns
}

fn joint(smpl: &SmplMotion, t: usize, j: usize) -> Vec3 {
    Vec3::new(smpl.joints[[t, j, 0]], smpl.joints[[t, j, 1]], smpl.joints[[t, j, 2]])
}

fn mean(points: impl ExactSizeIterator<Item = Vec3>) -> Vec3 {
    let count = points.len() as f32;
    points.sum::<Vec3>() / count
}

#[cfg(test)]
pub(super) mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::body::{REST_TO_WORLD, SMPLX_ROOT, forward};
    use crate::motion::skeleton::joint as names;

    /// A body of the neutral skeleton that walks on the spot forwards: one foot stands while the other swings, and the
    /// standing one slides back and forth by up to `slide` metres.
    pub(in crate::body) fn march(frames: usize, slide: f32) -> Motion {
        let mut smpl = SmplMotion {
            global_orient: Array2::zeros((frames + 1, 3)),
            body_pose: Array2::zeros((frames + 1, 63)),
            transl: Array2::zeros((frames + 1, 3)),
            joints: ndarray::Array3::zeros((frames + 1, JOINTS, 3)),
        };
        for t in 0..=frames {
            let phase = std::f32::consts::TAU * t as f32 / 24.0;
            let mut local = [Mat3::IDENTITY; BODY_JOINTS];
            for (side, sign) in [(0, 1.0f32), (1, -1.0)] {
                let lift = (sign * phase.sin()).max(0.0) * 0.9;
                local[names::LEFT_HIP + side - 1] = Mat3::from_rotation_x(-lift);
                local[names::LEFT_KNEE + side - 1] = Mat3::from_rotation_x(2.0 * lift);
                local[names::LEFT_ANKLE + side - 1] = Mat3::from_rotation_x(-lift);
            }
            let pelvis = Vec3::new(slide * (0.8 * t as f32).sin(), 0.0, 0.95);
            let (_, places) = forward(pelvis, REST_TO_WORLD, &local);
            put(smpl.global_orient.row_mut(t), 0, &axis_angle_from_matrix(REST_TO_WORLD).to_array());
            put(smpl.transl.row_mut(t), 0, &(pelvis - SMPLX_ROOT).to_array());
            for (j, m) in local.iter().enumerate() {
                put(smpl.body_pose.row_mut(t), 3 * j, &axis_angle_from_matrix(*m).to_array());
            }
            places.iter().enumerate().for_each(|(j, p)| (0..3).for_each(|c| smpl.joints[[t, j, c]] = p[c]));
        }
        Motion::from_features(encode(&smpl).unwrap(), 20.0).unwrap()
    }

    fn largest(a: &Motion, b: &Motion) -> f32 {
        (&a.joints() - &b.joints()).iter().fold(0.0, |m: f32, d| m.max(d.abs()))
    }

    #[test]
    fn a_clip_that_agrees_with_itself_has_no_residual_and_stays() {
        let clip = march(48, 0.0);
        let residual = residual(&clip);
        assert!(residual.max < 1e-4 && residual.mean <= residual.max, "{residual:?}");
        assert!(largest(&consistent(&clip, false).unwrap(), &clip) < 1e-4);
    }

    #[test]
    fn joints_that_disagree_with_the_rotations_are_reported_and_put_back() {
        let clip = march(48, 0.0);
        let mut features = clip.features().to_owned();
        // Every other frame the left wrist steps 2 cm aside.
        let column = crate::motion::layout::VELOCITIES.start + 3 * names::LEFT_WRIST;
        features
            .column_mut(column)
            .iter_mut()
            .enumerate()
            .for_each(|(t, v)| *v += if t % 2 == 0 { 0.02 } else { -0.02 });
        let spoilt = Motion::from_features(features, 20.0).unwrap();
        let before = residual(&spoilt);
        assert!((0.005..0.03).contains(&before.max), "{before:?}");
        let after = consistent(&spoilt, false).unwrap();
        assert!(residual(&after).max < 1e-4, "{:?}", residual(&after));
        assert!((&after.smpl().body_pose - &spoilt.smpl().body_pose).iter().all(|d| d.abs() < 1e-4));
        assert_eq!((after.len(), after.fps()), (48, 20.0));
    }

    #[test]
    fn a_single_frame_passes() {
        let one = march(10, 0.0).slice(0..1).unwrap();
        assert_eq!(consistent(&one, true).unwrap().len(), 1);
    }
}

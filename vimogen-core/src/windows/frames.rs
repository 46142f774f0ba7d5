//! Frames of a clip as poses and joints: the form in which windows are moved and averaged.

use std::ops::Range;

use glam::{Mat3, Vec2, Vec3};
use ndarray::{Array2, ArrayView2};

use crate::body::NEUTRAL;
use crate::edit::heading::Move;
use crate::error::Result;
use crate::motion::Pose;
use crate::motion::codec::{DecodeMode, SmplMotion, decode, encode, vec3, write_at};
use crate::motion::layout::{BODY_ROT6D, JOINTS, POSITIONS, ROOT_ROT6D, ROOT_STEP6D, TRANSL, TRANSL_STEP, VELOCITIES};
use crate::motion::rotation::{rot6d_from_matrix, rot6d_from_quaternion, wxyz_from_quat};

/// One frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Frame {
    pub pose: Pose,
    /// Positions of the joints, metres; they may differ from those of the pose.
    pub joints: [Vec3; JOINTS],
}

/// Consecutive frames.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Frames {
    pub frames: Vec<Frame>,
    /// Pelvis minus SMPL's `transl`, metres.
    pub root: Vec3,
}

impl Frame {
    /// A pose of the neutral skeleton.
    #[cfg(test)]
    pub(crate) fn of_pose(pose: Pose) -> Self {
        Self { pose, joints: NEUTRAL.fk(pose.root, pose.rotations).1 }
    }

    /// The same frame elsewhere.
    pub(crate) fn moved(&self, by: &Move) -> Self {
        Self { pose: by.pose(&self.pose), joints: self.joints.map(|joint| by.point(joint)) }
    }

    /// The frame between this one (`share` 0) and `other` (1). Joints keep their mean distance from those of the poses.
    pub(crate) fn toward(&self, other: &Self, share: f32) -> Self {
        let pose = Pose {
            root: self.pose.root.lerp(other.pose.root, share),
            rotations: std::array::from_fn(|j| {
                let (a, b) = (self.pose.rotations[j], other.pose.rotations[j]);
                a.slerp(b, share).normalize()
            }),
        };
        let rigid = |pose: &Pose| NEUTRAL.fk(pose.root, pose.rotations).1;
        let (a, b, between) = (rigid(&self.pose), rigid(&other.pose), rigid(&pose));
        let apart = |j: usize| (self.joints[j] - a[j]).lerp(other.joints[j] - b[j], share);
        Self { pose, joints: std::array::from_fn(|j| between[j] + apart(j)) }
    }
}

impl Frames {
    /// Of features that are not normalised, `[frames, 276]`.
    pub(crate) fn of(features: ArrayView2<'_, f32>) -> Result<Self> {
        let clip = decode(features, DecodeMode::Plain)?;
        let frame = |t: usize| Frame { pose: clip.pose(t), joints: std::array::from_fn(|j| clip.joint(t, j)) };
        let root = |t: usize| clip.joint(t, 0) - vec3(clip.transl.row(t), 0);
        let frames = 0..clip.len();
        Ok(Self {
            root: frames.clone().map(root).sum::<Vec3>() / clip.len() as f32,
            frames: frames.map(frame).collect(),
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.frames.len()
    }

    /// Writes the frames of `range` into features, and the steps that lead to and from them; the steps of the last frame
    /// of the features stay.
    pub(crate) fn write(&self, range: Range<usize>, before: &Self, features: &mut Array2<f32>) {
        for t in range.clone() {
            let (frame, mut row) = (&self.frames[t], features.row_mut(t));
            for (j, rotation) in frame.pose.rotations.iter().enumerate().skip(1) {
                let start = BODY_ROT6D.start + 6 * (j - 1);
                write_at(row.view_mut(), start, &rot6d_from_quaternion(wxyz_from_quat(*rotation)));
            }
            write_at(row.view_mut(), ROOT_ROT6D.start, &rot6d_from_matrix(self.facing(t)));
            write_at(row.view_mut(), POSITIONS.start, &flat(&frame.joints));
            let moved = frame.pose.root - before.frames[t].pose.root;
            (0..3).for_each(|c| row[TRANSL.start + c] += moved[c]);
        }
        for t in range.start.saturating_sub(1)..range.end.min(self.len() - 1) {
            let transl: [f32; 3] =
                std::array::from_fn(|c| features[[t + 1, TRANSL.start + c]] - features[[t, TRANSL.start + c]]);
            let (now, next) = (&self.frames[t].joints, &self.frames[t + 1].joints);
            let mut row = features.row_mut(t);
            write_at(row.view_mut(), VELOCITIES.start, &flat(&std::array::from_fn(|j| next[j] - now[j])));
            let turn = self.facing(t + 1) * self.facing(t).transpose();
            write_at(row.view_mut(), ROOT_STEP6D.start, &rot6d_from_matrix(turn));
            write_at(row.view_mut(), TRANSL_STEP.start, &transl);
        }
    }

    fn facing(&self, t: usize) -> Mat3 {
        Mat3::from_quat(self.frames[t].pose.rotations[0])
    }

    /// The features, `[frames, 276]`; the last step is repeated.
    ///
    /// # Errors
    /// [`Error::NonFinite`](crate::Error::NonFinite) for frames that are not finite.
    pub(crate) fn features(&self) -> Result<Array2<f32>> {
        let end = self.len() - 1;
        let step = self.frames[end].pose.root - self.frames[end.saturating_sub(1)].pose.root;
        let beyond = self.frames[end].moved(&Move::IDENTITY.then_shift(step));
        let mut smpl = SmplMotion::zeros(self.len() + 1);
        for (t, frame) in self.frames.iter().chain([&beyond]).enumerate() {
            write_at(smpl.transl.row_mut(t), 0, &(frame.pose.root - self.root).to_array());
            smpl.set_rotations(t, &frame.pose.rotations);
            smpl.set_joints(t, &frame.joints);
        }
        encode(&smpl)
    }
}

/// The move on the ground that brings `frames` nearest to `onto`, frame by frame with a weight each: the least sum of
/// squared distances of the joints.
pub(crate) fn fit(frames: &[Frame], onto: &[Frame], weights: &[f32]) -> Move {
    let total = weights.iter().sum::<f32>() * JOINTS as f32;
    let mean = |frames: &[Frame]| -> Vec2 {
        let sum = |frame: &Frame| frame.joints.iter().map(|p| p.truncate()).sum::<Vec2>();
        frames.iter().zip(weights).map(|(frame, w)| sum(frame) * *w).sum::<Vec2>() / total
    };
    let (from, to) = (mean(frames), mean(onto));
    let (mut along, mut across) = (0.0f64, 0.0f64);
    for ((a, b), w) in frames.iter().zip(onto).zip(weights) {
        for (a, b) in a.joints.iter().zip(&b.joints) {
            let (a, b) = (a.truncate() - from, b.truncate() - to);
            along += f64::from(w * a.dot(b));
            across += f64::from(w * a.perp_dot(b));
        }
    }
    Move::about(across.atan2(along) as f32, from).then_shift((to - from).extend(0.0))
}

fn flat(points: &[Vec3; JOINTS]) -> [f32; 3 * JOINTS] {
    std::array::from_fn(|i| points[i / 3][i % 3])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::tests::strides;

    fn walk(frames: usize) -> Frames {
        let frames = strides(frames).into_iter().map(Frame::of_pose).collect();
        Frames { frames, root: crate::body::SMPLX_ROOT }
    }

    #[test]
    fn features_become_frames_and_come_back() {
        let walk = walk(30);
        let features = walk.features().unwrap();
        let back = Frames::of(features.view()).unwrap();
        for (a, b) in walk.frames.iter().zip(&back.frames) {
            assert!((0..JOINTS).all(|j| a.joints[j].abs_diff_eq(b.joints[j], 1e-5)));
            assert!((0..JOINTS).all(|j| a.pose.rotations[j].angle_between(b.pose.rotations[j]) < 2e-3));
        }
        assert!(back.root.abs_diff_eq(walk.root, 1e-5));
    }

    #[test]
    fn a_move_on_the_ground_is_found_again() {
        let walk = walk(20);
        let there = Move::about(2.5, Vec2::new(1.0, -3.0)).then_shift(Vec3::new(0.5, 2.0, 0.0));
        let moved: Vec<Frame> = walk.frames.iter().map(|frame| frame.moved(&there)).collect();
        let found = fit(&walk.frames, &moved, &[1.0; 20]);
        for (a, b) in walk.frames.iter().zip(&moved) {
            assert!((0..JOINTS).all(|j| a.moved(&found).joints[j].abs_diff_eq(b.joints[j], 1e-4)));
        }
    }

    #[test]
    fn changed_frames_are_written_with_the_steps_around_them() {
        let before = walk(20);
        let mut after = before.clone();
        let aside = Move::IDENTITY.then_shift(Vec3::X);
        after.frames[8..12].iter_mut().for_each(|frame| *frame = frame.moved(&aside));
        let mut features = before.features().unwrap();
        after.write(8..12, &before, &mut features);
        let whole = after.features().unwrap();
        let far = (&features - &whole).iter().fold(0.0, |m: f32, d| m.max(d.abs()));
        assert!(far < 1e-4, "{far}");
    }

    #[test]
    fn half_way_between_two_frames_bones_keep_their_length() {
        let walk = walk(20);
        let between = walk.frames[2].toward(&walk.frames[14], 0.5);
        for (j, parent) in NEUTRAL.parents.iter().enumerate() {
            let Some(parent) = parent else { continue };
            let length = between.joints[j].distance(between.joints[*parent]);
            assert!((length - NEUTRAL.offsets[j].length()).abs() < 1e-4, "joint {j}");
        }
    }
}

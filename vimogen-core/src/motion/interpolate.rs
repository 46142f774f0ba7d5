//! Interpolation between the frames of a clip: its pose at any time, and the clip at another frame rate.

use glam::Vec3;
use ndarray::{ArrayView2, ArrayView3};

use super::clip::Motion;
use super::codec::{DecodeMode, SmplMotion, decode, encode, vec3, write_at};
use super::layout::JOINTS;
use super::pose::Pose;
use super::resample::resampled_len;
use super::rotation::quat_from_wxyz;
use super::skeleton::Skeleton;
use crate::error::Result;

impl Motion {
    /// The pose `seconds` after the first frame, interpolated along the short arc; before the first frame the first
    /// pose, after the last frame the last. NaN counts as 0.
    ///
    /// ```
    /// use vimogen_core::{GenerateOptions, Pipeline};
    /// let options = GenerateOptions::default().with_num_frames(20).with_num_inference_steps(2);
    /// let motion = Pipeline::builtin()?.generate("a person waves", &options)?;
    /// let pose = motion.pose_at(0.51); // between two frames
    /// assert_eq!(pose.rotations.len(), 22);
    /// # Ok::<(), vimogen_core::Error>(())
    /// ```
    pub fn pose_at(&self, seconds: f64) -> Pose {
        let position = Position::new(seconds * f64::from(self.fps()), self.len());
        position.pose(&self.pose(position.before), &self.pose(position.after))
    }

    /// The pose of frame `t`.
    fn pose(&self, t: usize) -> Pose {
        let (rotations, roots): (ArrayView3<'_, f32>, ArrayView2<'_, f32>) =
            (self.local_rotations(), self.root_positions());
        Pose {
            root: Vec3::from_array(std::array::from_fn(|c| roots[[t, c]])),
            rotations: std::array::from_fn(|j| quat_from_wxyz(std::array::from_fn(|c| rotations[[t, j, c]]))),
        }
    }

    /// The same movement at another frame rate, of the same duration and speed in metres per second: rotations are
    /// interpolated along the short arc, the root linearly. Joints follow by forward kinematics, so bones keep their
    /// length; their difference from it is interpolated linearly.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a rate outside (0, 1000] or more than 2^20 frames.
    pub fn resample(&self, fps: f32) -> Result<Self> {
        let frames = resampled_len(self.len(), self.fps(), fps)?;
        if fps == self.fps() {
            return Ok(self.clone());
        }
        // One frame more than the clip has: a step leads to the next frame, also from the last.
        let source = decode(self.features(), DecodeMode::EqualLength)?;
        let skeleton = Skeleton::fit_offsets(&source, self.len()).as_f32();
        let poses: Vec<Pose> = (0..source.len()).map(|t| source.pose(t)).collect();
        let rests: Vec<[Vec3; JOINTS]> = (0..self.len()).map(|t| rest(&source, t, &skeleton, &poses[t])).collect();
        let mut out = SmplMotion::zeros(frames + 1);
        for i in 0..=frames {
            let position = Position::new(i as f64 * f64::from(self.fps()) / f64::from(fps), source.len());
            let pose = position.pose(&poses[position.before], &poses[position.after]);
            out.set_rotations(i, &pose.rotations);
            let (_, places) = skeleton.fk(pose.root, pose.rotations);
            // The pose after the last frame repeats a body pose: it has the rest of that frame.
            let rest = |j: usize| position.lerp(|t| rests[t.min(self.len() - 1)][j]);
            out.set_joints(i, &std::array::from_fn(|j| places[j] + rest(j)));
            let transl = position.lerp(|t| vec3(source.transl.row(t), 0));
            write_at(out.transl.row_mut(i), 0, &transl.to_array());
        }
        Ok(Self::from_features(encode(&out)?, fps)?.changed(self, format!("resampled to {fps} fps")))
    }
}

/// A place between two frames.
#[derive(Clone, Copy)]
struct Position {
    before: usize,
    after: usize,
    weight: f32,
}

impl Position {
    /// `at` in frames, kept within the clip.
    fn new(at: f64, frames: usize) -> Self {
        let last = frames - 1;
        // `max` before `min`: it takes NaN to 0.
        let at = at.max(0.0).min(last as f64);
        let before = at as usize;
        Self { before, after: (before + 1).min(last), weight: (at - before as f64) as f32 }
    }

    fn pose(self, before: &Pose, after: &Pose) -> Pose {
        let slerp = |j: usize| before.rotations[j].slerp(after.rotations[j], self.weight).normalize();
        Pose { root: before.root.lerp(after.root, self.weight), rotations: std::array::from_fn(slerp) }
    }

    fn lerp(self, point: impl Fn(usize) -> Vec3) -> Vec3 {
        point(self.before).lerp(point(self.after), self.weight)
    }
}

/// Difference between the joints of a frame and the forward kinematics of its pose.
fn rest(motion: &SmplMotion, t: usize, skeleton: &Skeleton, pose: &Pose) -> [Vec3; JOINTS] {
    let (_, places) = skeleton.fk(pose.root, pose.rotations);
    std::array::from_fn(|j| motion.joint(t, j) - places[j])
}

#[cfg(test)]
mod tests {
    use super::*;
    use glam::Mat3;

    /// Turns, bends and moves on, 20 frames per second. Positions and rotations need not agree.
    fn walk(frames: usize) -> Motion {
        let mut smpl = SmplMotion::zeros(frames + 1);
        for t in 0..=frames {
            let time = t as f32 / 20.0;
            let orient = Vec3::new(0.1, 0.2, 0.9) * (1.0 + 2.5 * time);
            let pelvis = Vec3::new(0.2 * time, 1.3 * time, 0.9 + 0.05 * (3.0 * time).sin());
            let pose = |j: usize| Vec3::new((2.0 * time + j as f32).sin(), 0.2, -0.1) * 0.8;
            let joint = |j: usize| pelvis + Vec3::new((time + j as f32).cos(), 0.0, 0.1 * j as f32) * j.min(1) as f32;
            (0..3).for_each(|c| smpl.global_orient[[t, c]] = orient[c]);
            (0..3).for_each(|c| smpl.transl[[t, c]] = pelvis[c]);
            (0..63).for_each(|i| smpl.body_pose[[t, i]] = pose(i / 3)[i % 3]);
            (0..66).for_each(|i| smpl.joints[[t, i / 3, i % 3]] = joint(i / 3)[i % 3]);
        }
        Motion::from_features(encode(&smpl).unwrap(), 20.0).unwrap()
    }

    #[test]
    fn quaternions_are_the_rotations_of_the_clip_without_jumps_of_sign() {
        let motion = walk(60);
        let smpl = motion.smpl();
        assert_eq!(motion.local_rotations().dim(), (60, 22, 4));
        for t in 0..60 {
            let (pose, decoded) = (motion.pose(t), smpl.rotations(t));
            for (j, rotation) in pose.rotations.iter().enumerate() {
                assert!((rotation.length() - 1.0).abs() < 1e-5);
                assert!(Mat3::from_quat(*rotation).abs_diff_eq(Mat3::from_quat(decoded[j]), 1e-5));
                let before = motion.pose(t.saturating_sub(1)).rotations[j];
                assert!(rotation.dot(before) > 0.9, "frame {t}, joint {j}");
            }
        }
        // The root turns by more than a whole turn, so that its axis-angle vectors, all below pi, do jump.
        let jump = (1..60).any(|t| smpl.rotations(t)[0].dot(smpl.rotations(t - 1)[0]) < 0.0);
        assert!(jump, "the test no longer covers a change of sign");
        assert_eq!(motion.pose(7).root, smpl.joint(7, 0));
    }

    #[test]
    fn poses_between_frames_are_halfway_and_beyond_the_ends_they_stay() {
        let motion = walk(10);
        let at_frame = |t: usize| motion.pose_at(t as f64 / 20.0);
        assert_eq!(at_frame(3).root, motion.pose(3).root);
        let (a, b, half) = (at_frame(3), at_frame(4), motion.pose_at(3.5 / 20.0));
        for j in 0..JOINTS {
            let (a, b, half) = (a.rotations[j], b.rotations[j], half.rotations[j]);
            assert!((a.angle_between(half) - b.angle_between(half)).abs() < 1e-3);
            assert!(a.angle_between(half) <= a.angle_between(b));
        }
        assert_eq!(motion.pose_at(-1.0), at_frame(0));
        assert_eq!(motion.pose_at(f64::NAN), at_frame(0));
        assert_eq!((motion.pose_at(1e9), motion.pose_at(f64::INFINITY)), (at_frame(9), at_frame(9)));
    }

    #[test]
    fn bones_keep_their_length_at_another_rate() {
        let skeleton = Skeleton::new(std::array::from_fn(|j| Vec3::new((j as f32).sin(), 0.3, (j as f32).cos()) * 0.2));
        let mut smpl = walk(24).smpl().clone();
        for t in 0..smpl.len() {
            let pose = smpl.pose(t);
            smpl.set_joints(t, &skeleton.fk(pose.root, pose.rotations).1);
        }
        let other = Motion::from_features(encode(&smpl).unwrap(), 20.0).unwrap().resample(60.0).unwrap();
        let other = other.smpl();
        for t in 0..other.len() {
            for (j, parent) in skeleton.parents.iter().enumerate().filter_map(|(j, p)| Some((j, (*p)?))) {
                let length = other.joint(t, j).distance(other.joint(t, parent));
                assert!((length - skeleton.offsets[j].length()).abs() < 1e-4, "frame {t}, joint {j}");
            }
        }
    }

    #[test]
    fn another_rate_keeps_the_speed_in_metres_per_second() {
        let motion = walk(40);
        for fps in [60.0, 30.0, 7.0] {
            let other = motion.resample(fps).unwrap();
            assert_eq!((other.len(), other.fps()), ((40.0 * fps / 20.0) as usize, fps));
            let (a, b) = (motion.smpl(), other.smpl());
            for i in 0..other.len() {
                let at = i as f64 * 20.0 / f64::from(fps);
                let position = Position::new(at, 40);
                if at <= 39.0 {
                    for (joint, near) in [(0, 1e-3), (15, 2e-2)] {
                        let (want, got) = (position.lerp(|t| a.joint(t, joint)), b.joint(i, joint));
                        assert!(want.abs_diff_eq(got, near), "{fps} fps, frame {i}, joint {joint}: {want} {got}");
                    }
                }
            }
        }
        let round = motion.resample(60.0).unwrap().resample(20.0).unwrap();
        assert!(round.joints().iter().zip(motion.joints()).all(|(a, b)| (a - b).abs() < 1e-3));
        assert_eq!(motion.resample(20.0).unwrap(), motion);
        assert!(motion.resample(0.0).is_err() && motion.resample(f32::NAN).is_err());
    }
}

//! A clip as poses for a rig: unit quaternions of the joints and the place of the root, at any moment.

use glam::{Quat, Vec3};
use ndarray::{Array2, Array3, ArrayView2, ArrayView3, Axis, s};

use super::clip::Motion;
use super::codec::{DecodeMode, SmplMotion, decode, encode};
use super::layout::JOINTS;
use super::resample::resampled_len;
use super::rotation::{axis_angle_from_quaternion, quaternion_from_axis_angle};
use crate::error::Result;

/// The pose of one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pose {
    /// Unit quaternions `[w, x, y, z]`; see [`Poses::rotations`].
    pub rotations: [[f32; 4]; JOINTS],
    /// Position of the pelvis in the world, metres, z up.
    pub root: [f32; 3],
}

/// The poses of a clip of `T >= 1` frames, decoded by velocity as [`Motion::joints`].
///
/// ```
/// use vimogen_core::{GenerateOptions, Pipeline};
/// let options = GenerateOptions::default().with_num_frames(20).with_num_inference_steps(2);
/// let poses = Pipeline::builtin()?.generate("a person waves", &options)?.poses();
/// let pose = poses.at(0.51); // seconds: between two frames
/// assert_eq!(pose.rotations.len(), 22);
/// # Ok::<(), vimogen_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Poses {
    rotations: Array3<f32>,
    roots: Array2<f32>,
    fps: f32,
}

impl Poses {
    /// Unit quaternions `[w, x, y, z]`, `(T, 22, 4)`, without jumps of sign from frame to frame.
    ///
    /// Those of the 21 body joints are relative to their parents. The pelvis' takes the rest pose (SMPL's: x to the
    /// person's left, y up, z forward) to the world, where z is up.
    pub fn rotations(&self) -> ArrayView3<'_, f32> {
        self.rotations.view()
    }

    /// Positions of the pelvis, `(T, 3)`, metres, z up.
    pub fn roots(&self) -> ArrayView2<'_, f32> {
        self.roots.view()
    }

    /// The pose at a moment, interpolated along the short arc; before the first frame the first, after the last the
    /// last. A moment that is not a number counts as 0.
    pub fn at(&self, seconds: f64) -> Pose {
        let position = Position::new(seconds * f64::from(self.fps), self.roots.nrows());
        let root = |t: usize| Vec3::from_array(std::array::from_fn(|c| self.roots[[t, c]]));
        let turn = |t: usize, j: usize| quat(std::array::from_fn(|c| self.rotations[[t, j, c]]));
        Pose {
            rotations: std::array::from_fn(|j| wxyz(position.turn(|t| turn(t, j)))),
            root: position.point(root).to_array(),
        }
    }
}

impl Motion {
    /// The clip as quaternions and root positions, for a rig.
    pub fn poses(&self) -> Poses {
        let smpl = self.smpl();
        let frames = smpl.len();
        let mut rotations = Array3::zeros((frames, JOINTS, 4));
        for j in 0..JOINTS {
            let mut before = Quat::IDENTITY;
            for t in 0..frames {
                let q = local(&smpl, t, j);
                before = if q.dot(before) < 0.0 { -q } else { q };
                rotations.slice_mut(s![t, j, ..]).assign(&ndarray::arr1(&wxyz(before)));
            }
        }
        let roots = smpl.joints.index_axis(Axis(1), 0).to_owned();
        Poses { rotations, roots, fps: self.fps() }
    }

    /// The same movement at another frame rate, to be played or saved: of the same duration and speed in metres per
    /// second. Rotations go along the short arc, positions in lines.
    ///
    /// It differs from [`Motion::resampled`], which interpolates the features as they are: their steps are those of
    /// the old rate, which is right for the channels of a reference and wrong for a clip that is played.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a rate outside (0, 1000] or more than 2^20 frames.
    pub fn at_rate(&self, fps: f32) -> Result<Self> {
        let frames = resampled_len(self.len(), self.fps(), fps)?;
        if fps == self.fps() {
            return Ok(self.clone());
        }
        // One frame more than the clip has: a step leads to the next frame, also from the last.
        let source = decode(self.features(), DecodeMode::EqualLength)?;
        let mut out = SmplMotion {
            global_orient: Array2::zeros((frames + 1, 3)),
            body_pose: Array2::zeros((frames + 1, 3 * (JOINTS - 1))),
            transl: Array2::zeros((frames + 1, 3)),
            joints: Array3::zeros((frames + 1, JOINTS, 3)),
        };
        for i in 0..=frames {
            let position = Position::new(i as f64 * f64::from(self.fps()) / f64::from(fps), source.len());
            write_frame(&source, position, &mut out, i);
        }
        Self::from_features(encode(&out)?, fps)
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

    fn turn(self, of: impl Fn(usize) -> Quat) -> Quat {
        of(self.before).slerp(of(self.after), self.weight).normalize()
    }

    fn point(self, of: impl Fn(usize) -> Vec3) -> Vec3 {
        of(self.before).lerp(of(self.after), self.weight)
    }
}

/// Frame `i` of `out` is `source` at `position`.
fn write_frame(source: &SmplMotion, position: Position, out: &mut SmplMotion, i: usize) {
    for j in 0..JOINTS {
        let turn = position.turn(|t| local(source, t, j));
        let vector = axis_angle_from_quaternion(wxyz(turn)).to_array();
        let mut row = if j == 0 { out.global_orient.row_mut(i) } else { out.body_pose.row_mut(i) };
        let start = 3 * j.saturating_sub(1);
        (0..3).for_each(|c| row[start + c] = vector[c]);
        let point = position.point(|t| Vec3::from_array(std::array::from_fn(|c| source.joints[[t, j, c]])));
        (0..3).for_each(|c| out.joints[[i, j, c]] = point[c]);
    }
    let transl = position.point(|t| Vec3::from_array(std::array::from_fn(|c| source.transl[[t, c]])));
    (0..3).for_each(|c| out.transl[[i, c]] = transl[c]);
}

/// The rotation of a joint relative to its parent, of the pelvis to the world.
fn local(smpl: &SmplMotion, t: usize, joint: usize) -> Quat {
    let (row, start) = match joint {
        0 => (smpl.global_orient.row(t), 0),
        _ => (smpl.body_pose.row(t), 3 * (joint - 1)),
    };
    quat(quaternion_from_axis_angle(Vec3::from_array(std::array::from_fn(|c| row[start + c]))))
}

/// Ours start with w, glam's end with it.
fn quat([w, x, y, z]: [f32; 4]) -> Quat {
    Quat::from_xyzw(x, y, z, w)
}

fn wxyz(q: Quat) -> [f32; 4] {
    [q.w, q.x, q.y, q.z]
}

#[cfg(test)]
mod tests {
    use super::*;
    use glam::Mat3;

    /// Turns, bends and moves on, 20 frames per second. Positions and rotations need not agree.
    fn walk(frames: usize) -> Motion {
        let mut smpl = SmplMotion {
            global_orient: Array2::zeros((frames + 1, 3)),
            body_pose: Array2::zeros((frames + 1, 63)),
            transl: Array2::zeros((frames + 1, 3)),
            joints: Array3::zeros((frames + 1, JOINTS, 3)),
        };
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
        let (poses, smpl) = (motion.poses(), motion.smpl());
        assert_eq!(poses.rotations().dim(), (60, 22, 4));
        let at = |t: usize, j: usize| quat(std::array::from_fn(|c| poses.rotations()[[t, j, c]]));
        for t in 0..60 {
            for j in 0..JOINTS {
                assert!((at(t, j).length() - 1.0).abs() < 1e-5);
                assert!(Mat3::from_quat(at(t, j)).abs_diff_eq(Mat3::from_quat(local(&smpl, t, j)), 1e-5));
                assert!(t == 0 || at(t, j).dot(at(t - 1, j)) > 0.9, "frame {t}, joint {j}");
            }
        }
        // The root turns by more than a whole turn, so that its axis-angle vectors, all below pi, do jump.
        let jump = (1..60).any(|t| local(&smpl, t, 0).dot(local(&smpl, t - 1, 0)) < 0.0);
        assert!(jump, "the test no longer covers a change of sign");
        assert_eq!(poses.roots()[[7, 1]], motion.joints()[[7, 0, 1]]);
    }

    #[test]
    fn poses_between_frames_lie_between_them_and_beyond_the_ends_they_stay() {
        let poses = walk(10).poses();
        let row = |t: usize| poses.at(t as f64 / 20.0);
        assert_eq!(row(3).root.to_vec(), poses.roots().row(3).to_vec());
        let (a, b, half) = (row(3), row(4), poses.at(3.5 / 20.0));
        for j in 0..JOINTS {
            let (a, b, half) = (quat(a.rotations[j]), quat(b.rotations[j]), quat(half.rotations[j]));
            assert!((a.angle_between(half) - b.angle_between(half)).abs() < 1e-3);
            assert!(a.angle_between(half) <= a.angle_between(b));
        }
        assert_eq!(poses.at(-1.0), row(0));
        assert_eq!(poses.at(f64::NAN), row(0));
        assert_eq!((poses.at(1e9), poses.at(f64::INFINITY)), (row(9), row(9)));
    }

    #[test]
    fn another_rate_keeps_the_speed_in_metres_per_second() {
        let motion = walk(40);
        for fps in [60.0, 30.0, 7.0] {
            let other = motion.at_rate(fps).unwrap();
            assert_eq!((other.len(), other.fps()), ((40.0 * fps / 20.0) as usize, fps));
            let (a, b) = (motion.joints(), other.joints());
            for i in 0..other.len() {
                let at = i as f64 * 20.0 / f64::from(fps);
                let position = Position::new(at, 40);
                if at <= 39.0 {
                    let want = position.point(|t| Vec3::from_array(std::array::from_fn(|c| a[[t, 15, c]])));
                    let got = Vec3::from_array(std::array::from_fn(|c| b[[i, 15, c]]));
                    assert!(want.abs_diff_eq(got, 1e-3), "{fps} fps, frame {i}: {want} {got}");
                }
            }
        }
        let round = motion.at_rate(60.0).unwrap().at_rate(20.0).unwrap();
        assert!(round.joints().iter().zip(motion.joints()).all(|(a, b)| (a - b).abs() < 1e-3));
        assert_eq!(motion.at_rate(20.0).unwrap(), motion);
        assert!(motion.at_rate(0.0).is_err() && motion.at_rate(f32::NAN).is_err());
    }
}

//! A clip seen from the body: positions relative to where it began, and to where the body is.

use glam::{Mat3, Vec2, Vec3};
use ndarray::ArrayView3;

use super::{LEFT, RIGHT, TOE_HEIGHT};
use vimogen_core::motion::layout::{FPS, JOINTS};
use vimogen_core::motion::skeleton::joint;

/// Joints of a window of a clip: the pelvis begins above the origin, facing +y; standing toes are at their usual
/// height.
#[derive(Debug, Clone)]
pub struct Track {
    frames: Vec<[Vec3; JOINTS]>,
    /// Heading of the hips in each frame, radians to the left since the first frame, unwrapped.
    pub yaw: Vec<f32>,
}

impl Track {
    /// From joints `(T, 22, 3)`, T at least 1, all finite.
    pub fn new(joints: ArrayView3<'_, f32>) -> Self {
        let read =
            |t: usize| std::array::from_fn(|j| Vec3::new(joints[[t, j, 0]], joints[[t, j, 1]], joints[[t, j, 2]]));
        let mut frames: Vec<[Vec3; JOINTS]> = (0..joints.shape()[0]).map(read).collect();
        let rise = Vec3::Z * (TOE_HEIGHT - floor(&frames));
        frames.iter_mut().flatten().for_each(|p| *p += rise);
        let yaw = headings(&frames);
        Self { frames, yaw }.restarted()
    }

    /// The frames from share `from` to share `to` of the clip, with its own beginning.
    pub fn window(&self, from: f32, to: f32) -> Self {
        let at = |share: f32| ((share * self.len() as f32) as usize).min(self.len());
        let range = at(from)..at(to);
        Self { frames: self.frames[range.clone()].to_vec(), yaw: self.yaw[range].to_vec() }.restarted()
    }

    fn restarted(mut self) -> Self {
        let (Some(first), Some(yaw)) = (self.frames.first(), self.yaw.first().copied()) else { return self };
        let origin = first[joint::PELVIS].truncate().extend(0.0);
        let turn = Mat3::from_rotation_z(-yaw);
        self.frames.iter_mut().flatten().for_each(|p| *p = turn * (*p - origin));
        self.yaw.iter_mut().for_each(|y| *y -= yaw);
        self
    }

    /// The frames `range`, with their own beginning.
    pub fn part(&self, range: std::ops::Range<usize>) -> Self {
        Self { frames: self.frames[range.clone()].to_vec(), yaw: self.yaw[range].to_vec() }.restarted()
    }

    /// The clip seen in a mirror that swaps left and right.
    pub fn mirrored(&self) -> Self {
        let twin = |j: usize| match j {
            joint::LEFT_HIP | joint::LEFT_KNEE | joint::LEFT_ANKLE | joint::LEFT_FOOT | joint::LEFT_COLLAR => j + 1,
            joint::LEFT_SHOULDER | joint::LEFT_ELBOW | joint::LEFT_WRIST => j + 1,
            joint::RIGHT_HIP | joint::RIGHT_KNEE | joint::RIGHT_ANKLE | joint::RIGHT_FOOT | joint::RIGHT_COLLAR => {
                j - 1
            }
            joint::RIGHT_SHOULDER | joint::RIGHT_ELBOW | joint::RIGHT_WRIST => j - 1,
            _ => j,
        };
        let flip = |frame: &[Vec3; JOINTS]| std::array::from_fn(|j| frame[twin(j)] * Vec3::new(-1.0, 1.0, 1.0));
        Self { frames: self.frames.iter().map(flip).collect(), yaw: self.yaw.iter().map(|y| -y).collect() }
    }

    /// Number of frames.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Seconds.
    pub fn seconds(&self) -> f32 {
        self.len() as f32 / FPS
    }

    /// Joint `j` in frame `t`.
    pub fn at(&self, t: usize, j: usize) -> Vec3 {
        self.frames[t][j]
    }

    /// Joint `j` in frame `t` from above the pelvis, x to the right, y ahead, z above the floor.
    pub fn local(&self, t: usize, j: usize) -> Vec3 {
        let pelvis = self.frames[t][joint::PELVIS].truncate().extend(0.0);
        Mat3::from_rotation_z(-self.yaw[t]) * (self.frames[t][j] - pelvis)
    }

    /// `f` of every frame.
    pub fn series(&self, f: impl Fn(usize) -> f32) -> Vec<f32> {
        (0..self.len()).map(f).collect()
    }

    /// Pelvis in the last frame, seen from above: x to the right, y ahead of the first frame's heading.
    pub fn end(&self) -> Vec2 {
        self.at(self.len() - 1, joint::PELVIS).truncate()
    }

    /// The farthest the pelvis is from where it began, horizontally.
    pub fn farthest(&self) -> f32 {
        max(&self.series(|t| self.at(t, joint::PELVIS).truncate().length()))
    }

    /// Mean velocity of the pelvis over the last 60% of the frames, metres per second, in the first frame's heading.
    pub fn cruise(&self) -> Vec2 {
        let from = (0.4 * self.len() as f32) as usize;
        let way = self.end() - self.at(from, joint::PELVIS).truncate();
        way * FPS / (self.len() - 1 - from).max(1) as f32
    }

    /// Degrees turned to the left by the end.
    pub fn turned(&self) -> f32 {
        self.yaw.last().copied().unwrap_or(0.0).to_degrees()
    }

    /// Height of the pelvis in every frame.
    pub fn pelvis(&self) -> Vec<f32> {
        self.series(|t| self.at(t, joint::PELVIS).z)
    }

    /// Height of a toe in every frame.
    pub fn toe(&self, foot: usize) -> Vec<f32> {
        self.series(|t| self.at(t, joint::LEFT_FOOT + foot).z)
    }

    /// Height of the lower toe in every frame.
    pub fn both_toes(&self) -> Vec<f32> {
        let (left, right) = (self.toe(LEFT), self.toe(RIGHT));
        left.iter().zip(&right).map(|(l, r)| l.min(*r)).collect()
    }

    /// Wrist relative to its shoulder: x outwards from the body, y ahead, z up.
    pub fn wrist(&self, t: usize, arm: usize) -> Vec3 {
        let reach = self.local(t, joint::LEFT_WRIST + arm) - self.local(t, joint::LEFT_SHOULDER + arm);
        if arm == LEFT { reach * Vec3::new(-1.0, 1.0, 1.0) } else { reach }
    }
}

/// The level of standing toes: the lower toe's tenth percentile over time.
fn floor(frames: &[[Vec3; JOINTS]]) -> f32 {
    let mut lowest: Vec<f32> = frames.iter().map(|f| f[joint::LEFT_FOOT].z.min(f[joint::RIGHT_FOOT].z)).collect();
    lowest.sort_by(f32::total_cmp);
    lowest[lowest.len() / 10]
}

fn headings(frames: &[[Vec3; JOINTS]]) -> Vec<f32> {
    let mut out: Vec<f32> = Vec::with_capacity(frames.len());
    for frame in frames {
        let across = frame[joint::RIGHT_HIP] - frame[joint::LEFT_HIP];
        let raw = across.y.atan2(across.x);
        let last = out.last().copied().unwrap_or(0.0);
        let turns = ((last - raw) / std::f32::consts::TAU).round();
        out.push(raw + turns * std::f32::consts::TAU);
    }
    out
}

/// Maximum.
pub fn max(values: &[f32]) -> f32 {
    values.iter().copied().fold(f32::NEG_INFINITY, f32::max)
}

/// Minimum.
pub fn min(values: &[f32]) -> f32 {
    values.iter().copied().fold(f32::INFINITY, f32::min)
}

/// Share of values for which `f` holds.
pub fn share(values: &[f32], f: impl Fn(f32) -> bool) -> f32 {
    values.iter().filter(|v| f(**v)).count() as f32 / values.len().max(1) as f32
}

/// How often the values rise above `high` after having been below `low`.
pub fn peaks(values: &[f32], low: f32, high: f32) -> usize {
    let (mut count, mut armed) = (0, true);
    for v in values {
        if armed && *v > high {
            (count, armed) = (count + 1, false);
        } else if *v < low {
            armed = true;
        }
    }
    count
}

/// How often the values turn round after having moved by at least `least`.
pub fn reversals(values: &[f32], least: f32) -> usize {
    let Some(first) = values.first().copied() else { return 0 };
    let (mut low, mut high, mut rising, mut count) = (first, first, None, 0);
    for v in values {
        low = low.min(*v);
        high = high.max(*v);
        let turned = match rising {
            None => (*v - low > least).then_some(true).or((high - *v > least).then_some(false)),
            Some(true) => (high - *v > least).then_some(false),
            Some(false) => (*v - low > least).then_some(true),
        };
        if let Some(now) = turned {
            count += usize::from(rising.is_some());
            rising = Some(now);
            (low, high) = (*v, *v);
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_and_reversals_count_swings_and_not_noise() {
        let wave: Vec<f32> = (0..100).map(|t| (t as f32 * 0.25).sin() + 0.01 * (t % 2) as f32).collect();
        assert_eq!(peaks(&wave, -0.5, 0.5), 4);
        assert_eq!(reversals(&wave, 0.5), 8);
        assert_eq!(reversals(&[1.0; 10], 0.1), 0);
    }
}

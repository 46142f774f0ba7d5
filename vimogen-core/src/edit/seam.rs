//! How much a join shows, against what the clips do by themselves.

use std::ops::Range;

use crate::body::Track;
use crate::error::Result;
use crate::motion::Motion;
use crate::motion::layout::JOINTS;

/// A quantity at a join and elsewhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Jump {
    /// Maximum within the join.
    pub seam: f32,
    /// 99th percentile of the joined clips.
    pub usual: f32,
    /// Maximum of the joined clips.
    pub max: f32,
}

impl Jump {
    /// The join against the maximum of the clips, or `least` if that is larger.
    fn excess(&self, least: f32) -> f32 {
        self.seam / self.max.max(least)
    }
}

/// A join of two clips and how much it shows.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Seam {
    /// Frame of the joined clip at which the second clip takes over.
    pub frame: usize,
    /// Frames of the first clip that were left out at its end.
    pub dropped_before: usize,
    /// Frames of the second clip that were left out at its start.
    pub dropped_after: usize,
    /// Length of the blend, seconds.
    pub blend: f32,
    /// Frames per second of the joined clip.
    pub fps: f32,
    /// Step of a joint from frame to frame, metres.
    pub position: Jump,
    /// Change of the velocity of a joint from frame to frame, metres per second.
    pub velocity: Jump,
    /// Turn of a joint from frame to frame, degrees.
    pub angle: Jump,
}

impl Seam {
    /// The join against the maxima of the clips, the largest of the three ratios: above 1, something happens in it that
    /// happens nowhere else. A clip that hardly moves counts as one in which a joint goes at 1 m/s, gains 10 m/s per second
    /// and turns by 120 degrees per second.
    pub fn excess(&self) -> f32 {
        let fps = self.fps;
        let of = [(self.position, 1.0 / fps), (self.velocity, 10.0 / fps), (self.angle, 120.0 / fps)];
        of.into_iter().map(|(jump, least)| jump.excess(least)).fold(0.0, f32::max)
    }
}

impl Seam {
    /// The joins of a motion that was not put together of clips: at each of `frames`, in order, what happens within
    /// `reach` frames, against the rest of the motion from the join before to the next.
    ///
    /// # Errors
    /// Those of decoding.
    pub(crate) fn measured(motion: &Motion, frames: &[usize], reach: usize) -> Result<Vec<Self>> {
        let track = Track::of(motion)?;
        let changes = Changes::of(&track, 1..motion.len()).0;
        let near = |t: usize, join: usize| t.abs_diff(join) <= reach;
        let seam = |(i, join): (usize, &usize)| {
            let start = i.checked_sub(1).map_or(0, |i| frames[i]);
            let end = frames.get(i + 1).map_or(motion.len(), |next| (*next).min(motion.len()));
            let (inside, outside): (Vec<_>, Vec<_>) =
                (start.max(1)..end).map(|t| (t, changes[t - 1])).partition(|(t, _)| near(*t, *join));
            let outside = outside.into_iter().filter(|(t, _)| !frames.iter().any(|other| near(*t, *other)));
            let inside = Changes(inside.into_iter().map(|(_, change)| change).collect());
            let usual = Changes(outside.map(|(_, change)| change).collect());
            let [position, velocity, angle] = jumps(&inside, &usual);
            let (fps, blend) = (track.fps, 2.0 * reach as f32 / track.fps);
            Self { frame: *join, dropped_before: 0, dropped_after: 0, blend, fps, position, velocity, angle }
        };
        Ok(frames.iter().enumerate().map(seam).collect())
    }
}

/// Maxima of a frame over all joints: step, change of velocity, turn.
#[derive(Debug, Clone, Default)]
pub(super) struct Changes(Vec<[f32; 3]>);

impl Changes {
    pub(super) fn of(track: &Track, frames: Range<usize>) -> Self {
        let joints: Vec<_> = track.poses.iter().map(|pose| track.skeleton.fk(pose.root, pose.rotations).1).collect();
        let largest = |f: &dyn Fn(usize) -> f32| (0..JOINTS).map(f).fold(0.0, f32::max);
        let change = |t: usize| {
            let (step, turn) = (
                largest(&|j| joints[t][j].distance(joints[t - 1][j])),
                largest(&|j| track.poses[t].rotations[j].angle_between(track.poses[t - 1].rotations[j])),
            );
            let bend = |j: usize| (joints[t][j] - 2.0 * joints[t - 1][j] + joints[t - 2][j]).length();
            let bend = if t >= 2 { largest(&bend) } else { 0.0 };
            [step, bend * track.fps, turn.to_degrees()]
        };
        Self(frames.filter(|t| (1..joints.len()).contains(t)).map(change).collect())
    }

    pub(super) fn join(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    fn sorted(&self, quantity: usize) -> Vec<f32> {
        let mut values: Vec<f32> = self.0.iter().map(|change| change[quantity]).collect();
        values.sort_by(f32::total_cmp);
        values
    }
}

/// The three quantities of a join against those of the clips.
pub(super) fn jumps(seam: &Changes, usual: &Changes) -> [Jump; 3] {
    std::array::from_fn(|quantity| {
        let (seam, usual) = (seam.sorted(quantity), usual.sorted(quantity));
        let at = |values: &[f32], share: f32| {
            let position = (share * values.len().saturating_sub(1) as f32).round() as usize;
            values.get(position).copied().unwrap_or_default()
        };
        Jump { seam: at(&seam, 1.0), usual: at(&usual, 0.99), max: at(&usual, 1.0) }
    })
}

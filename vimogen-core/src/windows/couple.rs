//! The guide that makes overlapping windows agree.

use ndarray::Array2;
use rayon::prelude::*;

use super::frames::{Frame, Frames, fit};
use crate::body::Reconcile;
use crate::edit::heading::Move;
use crate::error::{Error, Result};
use crate::motion::Stats;
use crate::sample::{Guide, GuidedClip};

/// A window among others.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Window {
    /// Its first frame on the timeline.
    pub start: usize,
    /// Number of its frames.
    pub len: usize,
    /// Weights of this window against the one before, for its first frames; empty if it shares none.
    pub weights: Vec<f32>,
}

/// Weights from 0 to 1 over `len` frames, with level ends.
pub(crate) fn ramp(len: usize) -> Vec<f32> {
    let share = |t: usize| (t as f32 + 0.5) / len as f32;
    (0..len).map(share).map(|s| s * s * (3.0 - 2.0 * s)).collect()
}

/// Makes the estimates of windows agree in the frames they share. The clips of the generation are the windows in order.
pub(crate) struct Coupling<'a> {
    pub windows: &'a [Window],
    /// Frames that are finished and that the first window shares; they stay as they are.
    pub before: Option<&'a [Frame]>,
    pub stats: &'a Stats,
    /// Makes each estimate agree with itself first: averages of contradictory channels contradict each other more.
    pub reconcile: Reconcile,
    /// The last estimates, in the coordinates of each window.
    estimates: Vec<Frames>,
    /// From the coordinates of each window to those of the one before.
    places: Vec<Move>,
}

impl<'a> Coupling<'a> {
    pub(crate) fn new(
        windows: &'a [Window],
        before: Option<&'a [Frame]>,
        stats: &'a Stats,
        reconcile: Reconcile,
    ) -> Self {
        Self { windows, before, stats, reconcile, estimates: vec![], places: vec![] }
    }

    /// The frames of the timeline from the start of the first window to the end of the last, in the world of the frames
    /// before, or of the first window.
    pub(crate) fn joined(self) -> Result<Frames> {
        let Some(first) = self.estimates.first() else { return Err(Error::internal("no window was sampled")) };
        let root = first.root;
        let mut frames: Vec<Frame> = Vec::new();
        let mut place = Move::IDENTITY;
        let offset = self.windows[0].start;
        for (i, (window, estimate)) in self.windows.iter().zip(&self.estimates).enumerate() {
            place = self.places[i].then(&place);
            frames.truncate(window.start - offset);
            frames.extend(estimate.frames.iter().map(|frame| frame.moved(&place)));
        }
        Ok(Frames { frames, root })
    }

    /// Averages the frames that window `i` shares with the one before; returns how many of its own changed.
    fn couple(&self, i: usize, estimates: &mut [Frames], place: &mut Move) {
        let weights = &self.windows[i].weights;
        let (earlier, later) = estimates.split_at_mut(i);
        let own = &mut later[0].frames[..weights.len()];
        let shared: Vec<Frame> = match (i, self.before) {
            (0, Some(before)) => before.to_vec(),
            (0, None) => return,
            _ => {
                let from = self.windows[i].start - self.windows[i - 1].start;
                earlier[i - 1].frames[from..from + weights.len()].to_vec()
            }
        };
        // Where one window hardly counts its place does not matter.
        let share = |w: &f32| w * (1.0 - w) + 0.02;
        *place = fit(own, &shared, &weights.iter().map(share).collect::<Vec<_>>());
        let back = place.inverse();
        let mixed: Vec<Frame> =
            std::iter::zip(&shared, own.iter()).zip(weights).map(|((a, b), w)| a.toward(&b.moved(place), *w)).collect();
        own.iter_mut().zip(&mixed).for_each(|(own, frame)| *own = frame.moved(&back));
        if i > 0 {
            let from = self.windows[i].start - self.windows[i - 1].start;
            earlier[i - 1].frames[from..from + weights.len()].copy_from_slice(&mixed);
        }
    }
}

impl Guide for Coupling<'_> {
    fn guide(&mut self, _: f64, clips: &mut [GuidedClip<'_>]) -> Result<()> {
        let consistent = |clip: &GuidedClip<'_>| -> Result<(Array2<f32>, Frames)> {
            let features = self.reconcile.apply(self.stats.denormalize(clip.clean.view())?.view())?;
            let frames = Frames::of(features.view())?;
            Ok((features, frames))
        };
        let read: Vec<_> = clips.par_iter().map(consistent).collect::<Result<_>>()?;
        let (mut features, before): (Vec<_>, Vec<_>) = read.into_iter().unzip();
        let mut estimates = before.clone();
        let mut places = vec![Move::IDENTITY; clips.len()];
        for (i, place) in places.iter_mut().enumerate() {
            self.couple(i, &mut estimates, place);
        }
        let write = |((clip, features), (now, was)): ((&mut GuidedClip<'_>, &mut Array2<f32>), (&Frames, &Frames))| {
            now.write(0..now.len(), was, features);
            clip.clean.assign(&self.stats.normalize(features.view())?);
            Ok(())
        };
        clips
            .par_iter_mut()
            .zip(&mut features)
            .zip(estimates.par_iter().zip(&before))
            .map(write)
            .collect::<Result<Vec<()>>>()?;
        (self.estimates, self.places) = (estimates, places);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use glam::Vec3;
    use ndarray::Array1;

    use super::*;
    use crate::edit::tests::strides;
    use crate::motion::layout::FEATURES;

    fn stats() -> Stats {
        Stats::new(Array1::zeros(FEATURES), Array1::ones(FEATURES)).unwrap()
    }

    fn walk(frames: usize) -> Frames {
        let frames = strides(frames).into_iter().map(Frame::of_pose).collect();
        Frames { frames, root: crate::body::SMPLX_ROOT }
    }

    const RECONCILE: Reconcile = Reconcile { root_trust: 0.01, joint_trust: 0.1 };

    fn coupled(before: Option<&[Frame]>, windows: &[Window], clips: &mut [Array2<f32>]) -> Frames {
        let stats = stats();
        let mut coupling = Coupling::new(windows, before, &stats, RECONCILE);
        let mut clips: Vec<_> =
            clips.iter_mut().enumerate().map(|(index, clip)| GuidedClip { index, clean: clip.view_mut() }).collect();
        coupling.guide(0.5, &mut clips).unwrap();
        coupling.joined().unwrap()
    }

    #[test]
    fn windows_of_one_walk_at_the_origin_are_put_together_again() {
        let walk = walk(100);
        let there = Move::about(1.0, glam::Vec2::ZERO).then_shift(Vec3::new(3.0, 1.0, 0.0));
        let tail = Frames { frames: walk.frames[40..].iter().map(|f| f.moved(&there)).collect(), ..walk.clone() };
        let head = Frames { frames: walk.frames[..60].to_vec(), ..walk.clone() };
        let windows = [Window { start: 0, len: 60, weights: vec![] }, Window { start: 40, len: 60, weights: ramp(20) }];
        let joined = coupled(None, &windows, &mut [head.features().unwrap(), tail.features().unwrap()]);
        assert_eq!(joined.len(), 100);
        for (t, (a, b)) in joined.frames.iter().zip(&walk.frames).enumerate() {
            assert!(a.joints.iter().zip(&b.joints).all(|(a, b)| a.distance(*b) < 5e-3), "frame {t}");
        }
    }

    #[test]
    fn both_windows_get_the_same_frames_and_finished_ones_stay() {
        let (walk, still) = (walk(80), walk(1).frames[0]);
        let other = Frames { frames: vec![still; 60], ..walk.clone() };
        let windows =
            [Window { start: 30, len: 50, weights: vec![0.0; 10] }, Window { start: 60, len: 60, weights: ramp(20) }];
        let head = Frames { frames: walk.frames[30..].to_vec(), ..walk.clone() };
        let mut clips = [head.features().unwrap(), other.features().unwrap()];
        let before: Vec<Frame> = walk.frames[5..15].to_vec();
        let joined = coupled(Some(&before), &windows, &mut clips);
        for (a, b) in joined.frames.iter().zip(&before) {
            assert!(a.pose.root.abs_diff_eq(b.pose.root, 1e-4));
        }
        let turns = |clip: &Array2<f32>, rows: std::ops::Range<usize>| clip.slice(ndarray::s![rows, ..126]).to_owned();
        let far = (&turns(&clips[0], 30..50) - &turns(&clips[1], 0..20)).iter().fold(0.0, |m: f32, d| m.max(d.abs()));
        assert!(far < 1e-5, "{far}");
    }
}

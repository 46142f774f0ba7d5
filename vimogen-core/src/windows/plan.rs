//! Which window covers which frames.

use super::couple::{Window, ramp};

/// Lengths of clips that a model makes well, frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lengths {
    pub min: usize,
    pub max: usize,
    /// Frames that neighbouring windows share.
    pub overlap: usize,
}

/// Frames of one prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub prompt: usize,
    pub frames: usize,
}

/// A window and its prompt.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Planned {
    pub window: Window,
    pub prompt: usize,
}

impl Lengths {
    /// Of a model that was trained on clips of `min` to `max` frames, at `fps`: windows share a second, or a third of the
    /// shortest clip.
    pub(crate) fn new((min, max): (usize, usize), fps: f32) -> Self {
        let overlap = (fps.round() as usize).min(min / 3).clamp(2, max / 2);
        Self { min, max, overlap }
    }
}

/// Windows over stretches that follow each other. A stretch that is longer than a window is divided evenly. Windows share
/// [`Lengths::overlap`] frames around the end of a stretch, more if one had to be lengthened to `min`; the last one may go
/// beyond the end.
pub(crate) fn plan(stretches: &[Stretch], lengths: Lengths) -> Vec<Planned> {
    let Lengths { min, max, overlap } = lengths;
    let mut cells = Vec::new();
    let mut end = 0;
    for stretch in stretches.iter().filter(|stretch| stretch.frames > 0) {
        let parts = stretch.frames.div_ceil(max - overlap);
        let at = |part: usize| end + stretch.frames * part / parts;
        cells.extend((0..parts).map(|part| (at(part)..at(part + 1), stretch.prompt)));
        end += stretch.frames;
    }
    let last = cells.len().saturating_sub(1);
    let mut planned: Vec<Planned> = Vec::with_capacity(cells.len());
    let mut covered = 0;
    for (i, (cell, prompt)) in cells.into_iter().enumerate() {
        let start = cell.start.saturating_sub(if i == 0 { 0 } else { overlap / 2 });
        let end = cell.end + if i == last { 0 } else { overlap - overlap / 2 };
        let shared = if i == 0 { 0 } else { covered - start };
        // A window takes over all that the one before covers: its weight stays 1 after the ramp.
        let len = (end - start).max(min).max(shared);
        let mut weights = ramp(shared.min(overlap));
        weights.resize(shared, 1.0);
        covered = start + len;
        planned.push(Planned { window: Window { start, len, weights }, prompt });
    }
    planned
}

#[cfg(test)]
mod tests {
    use super::*;

    const NANO: (usize, usize) = (60, 120);

    fn planned(frames: &[usize]) -> Vec<Planned> {
        let stretches: Vec<_> =
            frames.iter().enumerate().map(|(prompt, frames)| Stretch { prompt, frames: *frames }).collect();
        plan(&stretches, Lengths::new(NANO, 20.0))
    }

    fn shape(planned: &[Planned]) -> Vec<(usize, usize, usize, usize)> {
        planned.iter().map(|p| (p.prompt, p.window.start, p.window.len, p.window.weights.len())).collect()
    }

    #[test]
    fn prompts_meet_in_the_middle_of_what_their_windows_share() {
        assert_eq!(shape(&planned(&[80, 60, 100])), [(0, 0, 90, 0), (1, 70, 80, 20), (2, 130, 110, 20)]);
    }

    #[test]
    fn a_long_stretch_is_divided_evenly_and_all_lengths_are_the_model_s() {
        let windows = planned(&[600]);
        assert_eq!(windows.len(), 6);
        for (i, p) in windows.iter().enumerate() {
            assert!((60..=120).contains(&p.window.len), "{p:?}");
            assert_eq!(p.window.weights.len(), if i == 0 { 0 } else { 20 });
        }
        assert!(windows.last().is_some_and(|p| p.window.start + p.window.len >= 600));
    }

    #[test]
    fn every_frame_is_covered_whatever_the_lengths() {
        for frames in [vec![5, 3, 200], vec![1], vec![30, 10, 10, 40], vec![119, 0, 121], vec![2; 40]] {
            let windows = planned(&frames);
            let mut covered = 0;
            for p in &windows {
                assert!(p.window.start <= covered && p.window.len <= 160, "{frames:?} {p:?}");
                assert_eq!(p.window.weights.len(), covered - p.window.start, "{frames:?}");
                covered = p.window.start + p.window.len;
            }
            assert!(covered >= frames.iter().sum(), "{frames:?}");
        }
        assert!(planned(&[]).is_empty());
    }
}

//! The frame rate of an animation whose keys have seconds only.

/// Rates that programs use, the usual ones first.
const USUAL: [f64; 17] = [
    30.0,
    24.0,
    60.0,
    25.0,
    120.0,
    20.0,
    50.0,
    100.0,
    30_000.0 / 1001.0,
    24_000.0 / 1001.0,
    60_000.0 / 1001.0,
    120_000.0 / 1001.0,
    48.0,
    90.0,
    240.0,
    72.0,
    200.0,
];
/// Rate without a sign of another.
const DEFAULT: f64 = 30.0;
/// Lowest rate that counts as one; slower keys are poses of a slower hand, between which the curve is sampled.
const SLOWEST: f64 = 19.5;
const FASTEST: f64 = 1000.0;

/// Frames per second from the times of all keys, and whether they agree with it.
pub(super) fn rate(times: &[f64]) -> (f64, bool) {
    let times = from_zero(times);
    if times.len() < 2 {
        return (DEFAULT, true);
    }
    if let Some(fps) = dense_of(&times) {
        return (fps, true);
    }
    let mut steps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    steps.sort_by(f64::total_cmp);
    if steps[0].recip() < SLOWEST {
        return USUAL.into_iter().find(|fps| fits(&times, *fps)).map_or((DEFAULT, false), |fps| (fps, true));
    }
    // Keys of an uneven clock: the rate of most steps.
    let median = steps[steps.len() / 2].recip();
    let near = USUAL.into_iter().min_by(|a, b| (a / median).ln().abs().total_cmp(&(b / median).ln().abs()));
    (near.filter(|fps| (fps / median - 1.0).abs() < 0.15).unwrap_or(DEFAULT), false)
}

/// Frames per second of keys that are one frame apart somewhere; `None` for keys that are too few to tell.
pub(super) fn dense(times: &[f64]) -> Option<f64> {
    dense_of(&from_zero(times))
}

/// Each time once, sorted, from the first.
pub(super) fn from_zero(times: &[f64]) -> Vec<f64> {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times.dedup_by(|a, b| (*a - *b).abs() < 1e-4);
    let first = times.first().copied().unwrap_or(0.0);
    times.iter_mut().for_each(|t| *t -= first);
    times
}

fn dense_of(times: &[f64]) -> Option<f64> {
    let steps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let shortest = steps.iter().copied().min_by(f64::total_cmp)?;
    // The mean of the steps that are one frame: single steps are rounded.
    let single: Vec<f64> = steps.into_iter().filter(|step| *step < 1.1 * shortest).collect();
    let found = single.len() as f64 / single.iter().sum::<f64>();
    if !(SLOWEST..=FASTEST).contains(&found) {
        return None;
    }
    let near = USUAL.into_iter().filter(|fps| (fps / found - 1.0).abs() < 0.02 && fits(times, *fps));
    let best = near.min_by(|a, b| misfit(times, *a).total_cmp(&misfit(times, *b)));
    best.or_else(|| Some(found).filter(|fps| fits(times, *fps)))
}

/// Distance of the times from whole frames, in frames.
fn misfit(times: &[f64], fps: f64) -> f64 {
    times.iter().map(|t| (t * fps - (t * fps).round()).abs()).fold(0.0, f64::max)
}

/// Whether all times, counted from the first, are at whole frames.
pub(super) fn fits(times: &[f64], fps: f64) -> bool {
    misfit(times, fps) < 0.05
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(fps: f64, frames: impl IntoIterator<Item = u32>) -> Vec<f64> {
        // As written in files.
        frames.into_iter().map(|n| f64::from((f64::from(n) / fps) as f32)).collect()
    }

    #[test]
    fn keys_at_every_frame_tell_the_rate_also_a_fractional_or_an_odd_one() {
        for fps in [20.0, 24.0, 25.0, 30.0, 33.3333, 50.0, 60.0, 120.0, 24_000.0 / 1001.0, 30_000.0 / 1001.0] {
            for frames in [0..80, 100..5000] {
                let (found, sure) = rate(&keys(fps, frames.clone()));
                assert!(sure && (found / fps - 1.0).abs() < 2e-6, "{fps}, {frames:?}: {found}");
            }
        }
    }

    #[test]
    fn sparse_keys_tell_the_rate_whose_frames_they_are() {
        assert_eq!(rate(&keys(24.0, [0, 5, 6, 13, 40])), (24.0, true));
        assert_eq!(rate(&keys(24.0, [0, 5, 16, 40])), (24.0, true));
        assert_eq!(rate(&keys(60.0, [0, 11, 40])), (60.0, true));
        assert_eq!(rate(&[0.0, 2.0]), (30.0, true));
        assert_eq!(rate(&[1.5]), (30.0, true));
    }

    #[test]
    fn keys_of_no_clock_are_sampled_at_the_nearest_usual_rate() {
        let uneven: Vec<f64> = (0..90).map(|n| f64::from(n) / 60.0 + 0.003 * f64::from(n * n % 7)).collect();
        assert_eq!(rate(&uneven), (60.0, false));
        assert_eq!(rate(&[0.0, 0.377, 0.9113, 2.417]), (30.0, false));
    }
}

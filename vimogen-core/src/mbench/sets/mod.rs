//! Metrics of sets of motions, as papers report them in addition to MBench, over features `(N, d)` of the user's evaluator: one
//! row per motion or text.
//!
//! Definitions: FID, Heusel et al. 2017 (arXiv 1706.08500); the others, Guo et al., "Generating Diverse and Natural 3D
//! Human Motions from Text", CVPR 2022, section 5. All arithmetic is in f64. [`SetProtocol`] chooses between these draws and
//! those of the evaluations on HumanML3D.

mod fid;
mod protocol;

use ndarray::{ArrayView1, ArrayView2, ArrayView3};
use rand::{Rng, RngExt as _, SeedableRng};
use rand_chacha::ChaCha12Rng;
use serde::Serialize;

pub use fid::fid;
pub use protocol::SetProtocol;

use super::interval::Z;
use crate::error::{Error, Result, check_finite};

/// Maximum number of features per row.
const MAX_FEATURES: usize = 4096;
/// Number of candidate motions per text.
pub const POOL: usize = 32;
/// Number of pairs for diversity.
pub const PAIRS: usize = 300;
/// Number of pairs of motions per text for multimodality.
pub const PAIRS_OF_ONE_TEXT: usize = 10;

/// A repeated measurement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Repeated {
    /// Mean over the repetitions.
    pub mean: f64,
    /// Half the width of the 95 % confidence interval of the mean, `1.96 std / sqrt(n)`; 0 for one repetition.
    pub interval: f64,
    /// Repetitions.
    pub repetitions: usize,
}

/// Repeats a measurement with one generator, and returns the mean and its confidence interval.
///
/// # Errors
/// [`Error::InvalidArgument`] unless there are 1 to 10,000 repetitions, and those of `measure`.
pub fn repeated(
    repetitions: usize,
    seed: u64,
    mut measure: impl FnMut(&mut ChaCha12Rng) -> Result<f64>,
) -> Result<Repeated> {
    if !(1..=10_000).contains(&repetitions) {
        return Err(Error::invalid("repetitions", format!("{repetitions}, expected 1 to 10000")));
    }
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    let values = (0..repetitions).map(|_| measure(&mut rng)).collect::<Result<Vec<f64>>>()?;
    let n = repetitions as f64;
    let mean = values.iter().sum::<f64>() / n;
    let std = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt();
    Ok(Repeated { mean, interval: if repetitions == 1 { 0.0 } else { Z * std / n.sqrt() }, repetitions })
}

/// Share of texts whose own motion is among the `k` nearest of [`POOL`] motions, for `k` = 1 to 3. The pools are drawn
/// at random; the rows of an incomplete pool are left out, as usual.
///
/// # Shapes
/// - `text`, `motion`: `[pairs, features]`, row i of one belonging to row i of the other
///
/// # Errors
/// [`Error::Shape`] for unequal shapes or fewer than 32 pairs, [`Error::NonFinite`].
pub fn r_precision(text: ArrayView2<'_, f32>, motion: ArrayView2<'_, f32>, rng: &mut impl Rng) -> Result<[f64; 3]> {
    check_pairs(text, motion)?;
    if text.nrows() < POOL {
        return Err(Error::shape("text", format!("({POOL} or more, d)"), text.shape()));
    }
    let order = permutation(text.nrows(), rng);
    let mut found = [0usize; 3];
    let pools = order.chunks_exact(POOL);
    let total = pools.len() * POOL;
    for pool in pools {
        for own in pool {
            let distance = |other: &usize| distance(text.row(*own), motion.row(*other));
            let mine = distance(own);
            // Ties are shared, so that the order of constant features gives no advantage.
            let nearer = pool.iter().filter(|other| *other != own && distance(other) <= mine).count();
            (nearer..3).for_each(|k| found[k] += 1);
        }
    }
    Ok(found.map(|count| count as f64 / total as f64))
}

/// Mean distance of a motion from its text.
///
/// # Errors
/// [`Error::Shape`] for unequal shapes or no pairs, [`Error::NonFinite`].
pub fn mm_dist(text: ArrayView2<'_, f32>, motion: ArrayView2<'_, f32>) -> Result<f64> {
    check_pairs(text, motion)?;
    let sum: f64 = text.rows().into_iter().zip(motion.rows()).map(|(t, m)| distance(t, m)).sum();
    Ok(sum / text.nrows() as f64)
}

/// Mean distance of `pairs` random pairs of motions; no motion is in two pairs.
///
/// # Shapes
/// - `motion`: `[motions, features]`
///
/// # Errors
/// [`Error::Shape`] for fewer than two motions per pair, [`Error::InvalidArgument`] for no pairs, [`Error::NonFinite`].
pub fn diversity(motion: ArrayView2<'_, f32>, pairs: usize, rng: &mut impl Rng) -> Result<f64> {
    check("motion", motion)?;
    if pairs == 0 {
        return Err(Error::invalid("pairs", "0, expected 1 or more"));
    }
    if motion.nrows() / 2 < pairs {
        return Err(Error::shape("motion", format!("({} or more, d)", pairs.saturating_mul(2)), motion.shape()));
    }
    let order = permutation(motion.nrows(), rng);
    let sum: f64 = (0..pairs).map(|i| distance(motion.row(order[2 * i]), motion.row(order[2 * i + 1]))).sum();
    Ok(sum / pairs as f64)
}

/// Mean distance of motions of one text, over `pairs` pairs of each text.
///
/// # Shapes
/// - `motion`: `[texts, motions of a text, features]`
///
/// # Errors
/// As [`diversity`].
pub fn multimodality(motion: ArrayView3<'_, f32>, pairs: usize, rng: &mut impl Rng) -> Result<f64> {
    if motion.shape()[0] == 0 {
        return Err(Error::shape("motion", "(texts >= 1, repeats, d)", motion.shape()));
    }
    let of_texts = motion.outer_iter().map(|of_text| diversity(of_text, pairs, rng)).collect::<Result<Vec<f64>>>()?;
    Ok(of_texts.iter().sum::<f64>() / of_texts.len() as f64)
}

fn check(name: &str, rows: ArrayView2<'_, f32>) -> Result<()> {
    if rows.nrows() == 0 || !(1..=MAX_FEATURES).contains(&rows.ncols()) {
        return Err(Error::shape(name, format!("(N >= 1, d) with d in 1 to {MAX_FEATURES}"), rows.shape()));
    }
    check_finite(name, &rows)
}

fn check_pairs(text: ArrayView2<'_, f32>, motion: ArrayView2<'_, f32>) -> Result<()> {
    check("text", text)?;
    check("motion", motion)?;
    if text.dim() == motion.dim() {
        Ok(())
    } else {
        Err(Error::shape("motion", format!("as text, {:?}", text.dim()), motion.shape()))
    }
}

fn distance(a: ArrayView1<'_, f32>, b: ArrayView1<'_, f32>) -> f64 {
    a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>().sqrt()
}

/// `0..count` in random order (Fisher and Yates).
fn permutation(count: usize, rng: &mut impl Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        order.swap(last, rng.random_range(0..=last));
    }
    order
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use ndarray::{Array2, Array3, Axis};

    use super::*;

    fn rng() -> ChaCha12Rng {
        ChaCha12Rng::seed_from_u64(3)
    }

    /// Rows that are far from one another.
    fn apart(rows: usize) -> Array2<f32> {
        Array2::from_shape_fn((rows, 4), |(n, c)| if c == n % 4 { n as f32 + 1.0 } else { 0.0 })
    }

    #[test]
    fn a_text_finds_its_own_motion_or_one_in_thirty_two_by_chance() {
        let motions = apart(100);
        assert_eq!(r_precision(motions.view(), motions.view(), &mut rng()).unwrap(), [1.0; 3]);
        let same = Array2::ones((64, 4));
        assert_eq!(r_precision(same.view(), same.view(), &mut rng()).unwrap(), [0.0; 3], "equal ones are no find");
        let text = Array2::from_shape_fn((3200, 3), |(n, c)| ((n * 7919 + c * 104_729) as f32).sin());
        let other = Array2::from_shape_fn((3200, 3), |(n, c)| ((n * 6101 + c * 15_485) as f32).cos());
        let chance = r_precision(text.view(), other.view(), &mut rng()).unwrap();
        for (k, share) in chance.into_iter().enumerate() {
            let want = (k + 1) as f64 / 32.0;
            // Four standard deviations of a share of 3200 draws.
            assert!((share - want).abs() < 4.0 * (want / 3200.0).sqrt(), "{k}: {share} {want}");
        }
    }

    #[test]
    fn distances_have_their_closed_forms() {
        let text = Array2::zeros((5, 3));
        let motion = Array2::from_shape_fn((5, 3), |(n, c)| if c == 0 { n as f32 } else { 0.0 });
        assert_relative_eq!(mm_dist(text.view(), motion.view()).unwrap(), 2.0);
        // Two clusters of even size at a distance of 10: pairs across them are n / (2 n - 1) of all, here 300 of 599.
        let clusters = Array2::from_shape_fn((600, 1), |(n, _)| if n % 2 == 0 { 0.0 } else { 10.0 });
        let many = repeated(200, 1, |rng| diversity(clusters.view(), 300, rng)).unwrap();
        let want = 10.0 * 300.0 / 599.0;
        assert!((many.mean - want).abs() < 2.5 * many.interval, "{many:?} {want}");
        assert!(many.interval > 0.0 && many.interval < 0.05, "{many:?}");
        let texts = Array3::from_shape_fn((3, 20, 1), |(text, n, _)| text as f32 * 1000.0 + (n % 2) as f32 * 4.0);
        let of_one = repeated(200, 1, |rng| multimodality(texts.view(), 10, rng)).unwrap();
        let want = 4.0 * 10.0 / 19.0;
        assert!((of_one.mean - want).abs() < 2.5 * of_one.interval, "{of_one:?} {want}");
        let same = texts.index_axis(Axis(1), 0).insert_axis(Axis(1)).broadcast((3, 20, 1)).unwrap().to_owned();
        assert_eq!(multimodality(same.view(), 10, &mut rng()).unwrap(), 0.0);
    }

    #[test]
    fn the_interval_is_that_of_the_mean_over_repetitions() {
        let mut values = [1.0, 3.0, 5.0, 7.0].into_iter();
        let got = repeated(4, 0, |_| Ok(values.next().unwrap())).unwrap();
        assert_relative_eq!(got.mean, 4.0);
        assert_relative_eq!(got.interval, 1.959_964 * 5f64.sqrt() / 2.0, epsilon = 1e-5);
        assert_eq!(repeated(1, 0, |_| Ok(2.0)).unwrap().interval, 0.0);
    }

    #[test]
    fn what_cannot_be_measured_is_an_error() {
        let (few, many) = (apart(31), apart(64));
        assert!(matches!(r_precision(few.view(), few.view(), &mut rng()), Err(Error::Shape { .. })));
        assert!(matches!(mm_dist(few.view(), many.view()), Err(Error::Shape { .. })));
        assert!(matches!(diversity(many.view(), 33, &mut rng()), Err(Error::Shape { .. })));
        assert!(matches!(diversity(many.view(), 0, &mut rng()), Err(Error::InvalidArgument { .. })));
        assert!(matches!(diversity(Array2::zeros((4, 0)).view(), 1, &mut rng()), Err(Error::Shape { .. })));
        let mut broken = many.clone();
        broken[[3, 2]] = f32::NAN;
        assert!(matches!(mm_dist(many.view(), broken.view()), Err(Error::NonFinite { .. })));
        assert!(repeated(0, 0, |_| Ok(0.0)).is_err());
    }
}

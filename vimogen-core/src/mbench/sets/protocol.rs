//! Conventions of drawing pools and pairs.

use ndarray::{ArrayView2, ArrayView3, Axis};
use rand::Rng;

use super::{POOL, check, check_pairs, distance, permutation};
use crate::declare::named_enum;
use crate::error::{Error, Result};

named_enum! {
    /// How pools and pairs are drawn for the metrics of sets.
    ///
    /// Both follow Guo et al., "Generating Diverse and Natural 3D Human Motions from Text", CVPR 2022, section 5: pools of
    /// 32 texts and motions for R-precision, two random subsets of 300 motions for diversity and of 10 motions of each text for
    /// multimodality. They differ where the paper leaves a choice. Scores compare with published ones only under the
    /// conventions of these.
    pub enum SetProtocol("protocol", default Unbiased) {
        /// Pairs without repetition: no motion is in two pairs, so none is compared with itself. A tie counts against a
        /// text. MM-Dist is the mean over all pairs.
        Unbiased = "unbiased",
        /// As evaluations on HumanML3D are usually run. The two subsets are drawn independently of each other: a motion may be
        /// in both, also opposite itself, which lowers diversity by a factor of `1 - 1 / N`. All texts share the draws of
        /// multimodality. There must be more motions than pairs. Ties are resolved by the order in the batch. MM-Dist is the
        /// mean over the batches of 32 that a shuffled pass fills, so it varies with the repetition.
        HumanMl3d = "humanml3d",
    }
}

impl SetProtocol {
    /// R-precision, see [`r_precision`](super::r_precision).
    ///
    /// # Errors
    /// As [`r_precision`](super::r_precision).
    pub fn r_precision(
        self,
        text: ArrayView2<'_, f32>,
        motion: ArrayView2<'_, f32>,
        rng: &mut impl Rng,
    ) -> Result<[f64; 3]> {
        match self {
            Self::Unbiased => super::r_precision(text, motion, rng),
            Self::HumanMl3d => {
                let mut found = [0usize; 3];
                let rows = batches(text, motion, rng, |batch| {
                    for place in 0..POOL {
                        (rank(text, motion, batch, place)..3).for_each(|k| found[k] += 1);
                    }
                })?;
                Ok(found.map(|count| count as f64 / rows as f64))
            }
        }
    }

    /// Mean distance of a motion from its text, see [`mm_dist`](super::mm_dist).
    ///
    /// # Errors
    /// As [`mm_dist`](super::mm_dist); [`Error::Shape`] for fewer than 32 pairs in batches.
    pub fn mm_dist(self, text: ArrayView2<'_, f32>, motion: ArrayView2<'_, f32>, rng: &mut impl Rng) -> Result<f64> {
        match self {
            Self::Unbiased => super::mm_dist(text, motion),
            Self::HumanMl3d => {
                let mut sum = 0.0;
                let rows = batches(text, motion, rng, |batch| {
                    sum += batch.iter().map(|i| distance(text.row(*i), motion.row(*i))).sum::<f64>();
                })?;
                Ok(sum / rows as f64)
            }
        }
    }

    /// Mean distance of `pairs` pairs of motions, see [`diversity`](super::diversity).
    ///
    /// # Errors
    /// As [`diversity`](super::diversity).
    pub fn diversity(self, motion: ArrayView2<'_, f32>, pairs: usize, rng: &mut impl Rng) -> Result<f64> {
        match self {
            Self::Unbiased => super::diversity(motion, pairs, rng),
            Self::HumanMl3d => {
                check("motion", motion)?;
                let drawn = subsets(motion.nrows(), pairs, motion.shape(), rng)?;
                Ok(mean_distance(motion, &drawn))
            }
        }
    }

    /// Mean distance of motions of one text, see [`multimodality`](super::multimodality).
    ///
    /// # Errors
    /// As [`multimodality`](super::multimodality).
    pub fn multimodality(self, motion: ArrayView3<'_, f32>, pairs: usize, rng: &mut impl Rng) -> Result<f64> {
        if self == Self::Unbiased || motion.shape()[0] == 0 {
            return super::multimodality(motion, pairs, rng);
        }
        motion.outer_iter().try_for_each(|of_text| check("motion", of_text))?;
        let drawn = subsets(motion.len_of(Axis(1)), pairs, motion.shape(), rng)?;
        let sum: f64 = motion.outer_iter().map(|of_text| mean_distance(of_text, &drawn)).sum();
        Ok(sum / motion.len_of(Axis(0)) as f64)
    }
}

/// Calls `visit` with the rows of each batch of [`POOL`] of a shuffled pass; the rest of the pass is left out. Gives the number
/// of rows visited.
fn batches(
    text: ArrayView2<'_, f32>,
    motion: ArrayView2<'_, f32>,
    rng: &mut impl Rng,
    mut visit: impl FnMut(&[usize]),
) -> Result<usize> {
    check_pairs(text, motion)?;
    if text.nrows() < POOL {
        return Err(Error::shape("text", format!("({POOL} or more, d)"), text.shape()));
    }
    let order = permutation(text.nrows(), rng);
    order.chunks_exact(POOL).for_each(&mut visit);
    Ok(text.nrows() / POOL * POOL)
}

/// Place of a text's own motion among those of the batch, from 0; of equal distances the first in the batch is nearer.
fn rank(text: ArrayView2<'_, f32>, motion: ArrayView2<'_, f32>, batch: &[usize], place: usize) -> usize {
    let distance = |other: usize| distance(text.row(batch[place]), motion.row(batch[other]));
    let mine = distance(place);
    (0..batch.len()).filter(|other| distance(*other) < mine || *other < place && distance(*other) == mine).count()
}

/// Two random subsets of `pairs` of `count` rows each, independent of each other.
fn subsets(count: usize, pairs: usize, shape: &[usize], rng: &mut impl Rng) -> Result<[Vec<usize>; 2]> {
    if pairs == 0 {
        return Err(Error::invalid("pairs", "0, expected 1 or more"));
    }
    if count <= pairs {
        let reason =
            format!("the protocol humanml3d draws {pairs} pairs from more than {pairs} motions, got {shape:?}");
        return Err(Error::invalid("pairs", reason));
    }
    Ok([(); 2].map(|()| permutation(count, rng)[..pairs].to_vec()))
}

fn mean_distance(motion: ArrayView2<'_, f32>, [first, second]: &[Vec<usize>; 2]) -> f64 {
    let sum: f64 = first.iter().zip(second).map(|(a, b)| distance(motion.row(*a), motion.row(*b))).sum();
    sum / first.len() as f64
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use ndarray::{Array2, Array3};
    use rand::SeedableRng;
    use rand_chacha::ChaCha12Rng;

    use super::super::repeated;
    use super::*;

    fn rng() -> ChaCha12Rng {
        ChaCha12Rng::seed_from_u64(5)
    }

    #[test]
    fn independent_subsets_meet_and_lower_the_distance_as_the_formula_says() {
        // Two clusters at a distance of 10. Without repetition n / (2 n - 1) of the pairs are across them, here 200 of 399;
        // independent draws give exactly a half.
        let clusters = Array2::from_shape_fn((400, 1), |(n, _)| if n % 2 == 0 { 0.0 } else { 10.0 });
        let mean = |protocol: SetProtocol| {
            let got = repeated(400, 1, |rng| protocol.diversity(clusters.view(), 200, rng)).unwrap();
            (got.mean, got.interval)
        };
        let (humanml, interval) = mean(SetProtocol::HumanMl3d);
        assert!((humanml - 5.0).abs() < 2.5 * interval && interval < 0.04, "{humanml} {interval}");
        let (unbiased, interval) = mean(SetProtocol::Unbiased);
        assert!((unbiased - 10.0 * 200.0 / 399.0).abs() < 2.5 * interval, "{unbiased} {interval}");
        // All apart by 1: a motion opposite itself is the only distance of 0, once in `count` pairs.
        let apart = Array2::from_shape_fn((20, 20), |(n, c)| if n == c { 0.5f32.sqrt() } else { 0.0 });
        let got = repeated(4000, 2, |rng| SetProtocol::HumanMl3d.diversity(apart.view(), 10, rng)).unwrap();
        assert!((got.mean - (1.0 - 1.0 / 20.0)).abs() < 2.5 * got.interval, "{got:?}");
        assert_relative_eq!(
            SetProtocol::Unbiased.diversity(apart.view(), 10, &mut rng()).unwrap(),
            1.0,
            epsilon = 1e-6
        );
    }

    #[test]
    fn all_texts_share_the_draws_of_multimodality() {
        let one = Array2::from_shape_fn((30, 2), |(n, c)| ((n * 37 + c * 11) % 17) as f32);
        let texts = Array3::from_shape_fn((3, 30, 2), |(text, n, c)| one[[n, c]] * (text + 1) as f32);
        let of_one = SetProtocol::HumanMl3d.diversity(one.view(), 10, &mut rng()).unwrap();
        let of_all = SetProtocol::HumanMl3d.multimodality(texts.view(), 10, &mut rng()).unwrap();
        assert_relative_eq!(of_all, 2.0 * of_one, epsilon = 1e-9);
        let unbiased = SetProtocol::Unbiased.multimodality(texts.view(), 10, &mut rng()).unwrap();
        assert_eq!(unbiased, super::super::multimodality(texts.view(), 10, &mut rng()).unwrap());
    }

    #[test]
    fn batches_leave_out_the_rest_of_a_pass_and_ties_keep_their_order() {
        // Row n is n away from its text: the mean depends on which 32 of 40 rows a pass visits.
        let text = Array2::<f32>::zeros((40, 1));
        let motion = Array2::from_shape_fn((40, 1), |(n, _)| n as f32);
        let got = repeated(400, 3, |rng| SetProtocol::HumanMl3d.mm_dist(text.view(), motion.view(), rng)).unwrap();
        assert!((got.mean - 19.5).abs() < 2.5 * got.interval && got.interval > 0.0, "{got:?}");
        assert_relative_eq!(SetProtocol::Unbiased.mm_dist(text.view(), motion.view(), &mut rng()).unwrap(), 19.5);
        // Equal motions: the first three of each batch are found, as a stable sort finds them.
        let same = Array2::ones((64, 4));
        let top = SetProtocol::HumanMl3d.r_precision(same.view(), same.view(), &mut rng()).unwrap();
        assert_eq!(top, [1.0 / 32.0, 2.0 / 32.0, 3.0 / 32.0]);
        let own = Array2::from_shape_fn((100, 4), |(n, c)| if c == n % 4 { n as f32 + 1.0 } else { 0.0 });
        assert_eq!(SetProtocol::HumanMl3d.r_precision(own.view(), own.view(), &mut rng()).unwrap(), [1.0; 3]);
    }

    #[test]
    fn too_few_motions_are_an_error_that_names_the_protocol() {
        let motions = Array2::ones((300, 2));
        let text = SetProtocol::HumanMl3d.diversity(motions.view(), 300, &mut rng()).unwrap_err().to_string();
        assert!(text.contains("humanml3d") && text.contains("more than 300"), "{text}");
        assert!(SetProtocol::HumanMl3d.diversity(motions.view(), 0, &mut rng()).is_err());
        let texts = Array3::ones((2, 10, 2));
        assert!(SetProtocol::HumanMl3d.multimodality(texts.view(), 10, &mut rng()).is_err());
        let few = Array2::ones((31, 2));
        assert!(SetProtocol::HumanMl3d.mm_dist(few.view(), few.view(), &mut rng()).is_err());
        let mut broken = motions.clone();
        broken[[1, 1]] = f32::NAN;
        assert!(matches!(SetProtocol::HumanMl3d.diversity(broken.view(), 9, &mut rng()), Err(Error::NonFinite { .. })));
    }
}

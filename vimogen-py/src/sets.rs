//! `vimogen.mbench`: metrics of sets of motions.

use pyo3::prelude::*;
use vimogen_core::declare::DEFAULT_SEED;
use vimogen_core::mbench::sets::{self, Repeated, SetProtocol, repeated};

use crate::args::{Floats, as_2d, as_3d, owned};
use crate::error::OrRaise;
use crate::run::interruptible;

/// Mean and half the 95 % confidence interval.
type Figure = (f64, f64);

fn figure(repeated: Repeated) -> Figure {
    (repeated.mean, repeated.interval)
}

/// Frechet inception distance of features (N, d) and (M, d).
#[pyfunction]
pub fn fid(py: Python<'_>, generated: Floats<'_>, real: Floats<'_>) -> PyResult<f64> {
    let (a, b) = (owned(as_2d(&generated, "generated")?), owned(as_2d(&real, "real")?));
    interruptible(py, move || sets::fid(a.view(), b.view()))
}

/// A figure that is drawn by one protocol only.
#[derive(IntoPyObject)]
pub enum MaybeDrawn {
    Exact(f64),
    Drawn(Figure),
}

fn named(py: Python<'_>, protocol: &str) -> PyResult<SetProtocol> {
    protocol.parse().or_raise(py)
}

/// Mean distance of texts (N, d) from their motions (N, d); with ``protocol="humanml3d"``, whose batches are drawn, a (mean,
/// interval) pair.
#[pyfunction]
#[pyo3(signature = (text, motion, *, protocol="unbiased", repetitions=20, seed=DEFAULT_SEED))]
pub fn mm_dist(
    py: Python<'_>,
    text: Floats<'_>,
    motion: Floats<'_>,
    protocol: &str,
    repetitions: usize,
    seed: u64,
) -> PyResult<MaybeDrawn> {
    let (text, motion) = (owned(as_2d(&text, "text")?), owned(as_2d(&motion, "motion")?));
    let protocol = named(py, protocol)?;
    interruptible(py, move || {
        if protocol == SetProtocol::Unbiased {
            return sets::mm_dist(text.view(), motion.view()).map(MaybeDrawn::Exact);
        }
        let drawn = repeated(repetitions, seed, |rng| protocol.mm_dist(text.view(), motion.view(), rng));
        drawn.map(|drawn| MaybeDrawn::Drawn(figure(drawn)))
    })
}

/// Share of texts (N, d) whose motion (N, d) is among the nearest 1, 2 and 3 of 32: each a (mean, interval) pair.
#[pyfunction]
#[pyo3(signature = (text, motion, *, protocol="unbiased", repetitions=20, seed=DEFAULT_SEED))]
pub fn r_precision(
    py: Python<'_>,
    text: Floats<'_>,
    motion: Floats<'_>,
    protocol: &str,
    repetitions: usize,
    seed: u64,
) -> PyResult<Vec<Figure>> {
    let (text, motion) = (owned(as_2d(&text, "text")?), owned(as_2d(&motion, "motion")?));
    let protocol = named(py, protocol)?;
    interruptible(py, move || {
        // The same seed draws the same pools for each of the three.
        let top =
            |k: usize| repeated(repetitions, seed, |rng| Ok(protocol.r_precision(text.view(), motion.view(), rng)?[k]));
        (0..3).map(|k| top(k).map(figure)).collect()
    })
}

/// Mean distance of pairs of motions (N, d): a (mean, interval) pair. `pairs` is 300 by default, the seed 42.
#[pyfunction]
#[pyo3(signature = (motion, *, pairs=sets::PAIRS, protocol="unbiased", repetitions=20, seed=DEFAULT_SEED))]
pub fn diversity(
    py: Python<'_>,
    motion: Floats<'_>,
    pairs: usize,
    protocol: &str,
    repetitions: usize,
    seed: u64,
) -> PyResult<Figure> {
    let motion = owned(as_2d(&motion, "motion")?);
    let protocol = named(py, protocol)?;
    interruptible(py, move || {
        repeated(repetitions, seed, |rng| protocol.diversity(motion.view(), pairs, rng)).map(figure)
    })
}

/// Mean distance of pairs of motions of one text, (texts, motions, d): a (mean, interval) pair. `pairs` is 10 by default,
/// the seed 42.
#[pyfunction]
#[pyo3(signature = (motion, *, pairs=sets::PAIRS_OF_ONE_TEXT, protocol="unbiased", repetitions=20, seed=DEFAULT_SEED))]
pub fn multimodality(
    py: Python<'_>,
    motion: Floats<'_>,
    pairs: usize,
    protocol: &str,
    repetitions: usize,
    seed: u64,
) -> PyResult<Figure> {
    let motion = owned(as_3d(&motion, "motion")?);
    let protocol = named(py, protocol)?;
    interruptible(py, move || {
        repeated(repetitions, seed, |rng| protocol.multimodality(motion.view(), pairs, rng)).map(figure)
    })
}

//! The row of each word, from its vector, spelling, neighbours and position.

use super::config::RowConfig;
use super::hash::hash_word;
use super::vectors::WordVectors;
use ndarray::{Array2, ArrayViewMut1, s};
use std::ops::Range;

/// Words after which the next action of a sentence begins.
const CLAUSE_WORDS: [&str; 8] =
    ["then", "next", "afterwards", "afterward", "finally", "subsequently", "before", "followed"];

/// Ratio of neighbouring position frequencies: 6 frequencies span wavelengths of 2 pi to about 50 words.
const FREQUENCY_RATIO: f64 = 0.66;

/// Columns of the parts of a row, for training that masks some of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowColumns {
    /// The word's own vector.
    pub own_static: Range<usize>,
    /// The word's own hashed spelling.
    pub own_hash: Range<usize>,
    /// Vector of the previous word.
    pub previous_static: Range<usize>,
    /// Hashed spelling of the previous word.
    pub previous_hash: Range<usize>,
    /// Vector of the next word.
    pub next_static: Range<usize>,
    /// Hashed spelling of the next word.
    pub next_hash: Range<usize>,
    /// Sines and cosines of the position, in pairs.
    pub position: Range<usize>,
    /// One-hot index of the action.
    pub clause: Range<usize>,
}

impl RowConfig {
    /// The columns of each part, in order, without gaps.
    pub fn columns(&self) -> RowColumns {
        let mut end = 0usize;
        let mut take = |width: usize| {
            let start = end;
            end = end.saturating_add(width);
            start..end
        };
        RowColumns {
            own_static: take(self.static_dim),
            own_hash: take(self.hash_dim),
            previous_static: take(self.context_static_dim),
            previous_hash: take(self.context_hash_dim),
            next_static: take(self.context_static_dim),
            next_hash: take(self.context_hash_dim),
            position: take(self.position_dim),
            clause: take(self.clause_dim),
        }
    }
}

/// One row per word. Every part is scaled to about unit variance per column (times `hash_scale` for hashes); missing parts
/// (no vector, no neighbour) are zero.
///
/// # Shapes
///
/// - output: `[words, config.dim()]`
pub(super) fn build_rows(config: &RowConfig, vectors: Option<&WordVectors>, words: &[String]) -> Array2<f32> {
    let columns = config.columns();
    let mut rows = Array2::zeros((words.len(), config.dim()));
    let mut clause = 0;
    for (i, word) in words.iter().enumerate() {
        clause += usize::from(i > 0 && CLAUSE_WORDS.contains(&word.as_str()));
        let mut row = rows.row_mut(i);
        let mut put = |word: Option<&String>, meaning: &Range<usize>, spelling: &Range<usize>| {
            let Some(word) = word else { return };
            put_static(vectors, word, row.slice_mut(s![meaning.clone()]));
            put_hash(config.hash_scale, word, row.slice_mut(s![spelling.clone()]));
        };
        put(Some(word), &columns.own_static, &columns.own_hash);
        put(i.checked_sub(1).and_then(|p| words.get(p)), &columns.previous_static, &columns.previous_hash);
        put(words.get(i + 1), &columns.next_static, &columns.next_hash);
        put_position(i, row.slice_mut(s![columns.position.clone()]));
        if config.clause_dim > 0 {
            row[columns.clause.start + clause.min(config.clause_dim - 1)] = (config.clause_dim as f32).sqrt();
        }
    }
    rows
}

/// Leading entries of the word's vector; a whole vector has unit length, so times sqrt(full width) its columns have unit variance.
fn put_static(vectors: Option<&WordVectors>, word: &str, mut out: ArrayViewMut1<'_, f32>) {
    let Some((vector, scale)) = vectors.and_then(|v| v.get(word)) else { return };
    let scale = scale * (vector.len() as f32).sqrt();
    out.iter_mut().zip(vector).for_each(|(o, v)| *o = f32::from(*v) * scale);
}

fn put_hash(scale: f32, word: &str, mut out: ArrayViewMut1<'_, f32>) {
    let mut hashed = vec![0.0; out.len()];
    hash_word(word, &mut hashed);
    let scale = scale * (hashed.len() as f32).sqrt();
    out.iter_mut().zip(hashed).for_each(|(o, v)| *o = v * scale);
}

/// Pairs `sqrt(2) (sin i f, cos i f)` with `f = 1, r, r^2, ...`.
fn put_position(i: usize, mut out: ArrayViewMut1<'_, f32>) {
    let mut frequency = 1.0f64;
    for pair in 0..out.len() / 2 {
        let (sin, cos) = sin_cos_multiple(frequency, i);
        out[2 * pair] = (std::f64::consts::SQRT_2 * sin) as f32;
        out[2 * pair + 1] = (std::f64::consts::SQRT_2 * cos) as f32;
        frequency *= FREQUENCY_RATIO;
    }
}

/// Sine and cosine of `n * angle` for `0 <= angle <= 1`: a Taylor series, then n rotations. Only sums and products, which are
/// exact to the bit on every platform; the `sin` of the system library is not.
fn sin_cos_multiple(angle: f64, n: usize) -> (f64, f64) {
    let (mut sin, mut cos, mut term) = (0.0, 0.0, 1.0);
    for k in 0..24 {
        let sign = if k % 4 < 2 { term } else { -term };
        *(if k % 2 == 0 { &mut cos } else { &mut sin }) += sign;
        term *= angle / f64::from(k + 1);
    }
    (0..n).fold((0.0, 1.0), |(s, c), _| (s * cos + c * sin, c * cos - s * sin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_follow_each_other_without_gaps() {
        let config = RowConfig::default();
        let c = config.columns();
        let parts = [
            &c.own_static,
            &c.own_hash,
            &c.previous_static,
            &c.previous_hash,
            &c.next_static,
            &c.next_hash,
            &c.position,
        ];
        assert_eq!(c.own_static.start, 0);
        for pair in parts.windows(2) {
            assert_eq!(pair[0].end, pair[1].start);
        }
        assert_eq!((c.position.end, c.clause.end), (c.clause.start, config.dim()));
    }

    #[test]
    fn positions_are_the_sines_they_claim_to_be() {
        for (angle, n) in [(1.0, 0), (1.0, 1), (0.66, 7), (0.66f64.powi(5), 31), (1.0, 4095)] {
            let (sin, cos) = sin_cos_multiple(angle, n);
            let expected = (angle * n as f64).sin_cos();
            assert!((sin - expected.0).abs() < 1e-11 && (cos - expected.1).abs() < 1e-11, "{angle} {n}");
        }
    }

    #[test]
    fn every_column_has_about_unit_variance_and_hashes_their_scale() {
        let words: Vec<String> = (0..400).map(|i| format!("word{}x", i * 7919)).collect();
        let config = RowConfig { max_words: 400, ..RowConfig::default() };
        let rows = build_rows(&config, None, &words);
        let power = |r: Range<usize>| rows.slice(s![1..399, r]).iter().map(|v| v * v).sum::<f32>() / 398.0;
        let c = config.columns();
        assert!((power(c.own_hash.clone()) / 64.0 - 0.25).abs() < 1e-3);
        assert!((power(c.next_hash.clone()) / 24.0 - 0.25).abs() < 1e-3);
        assert!((power(c.position.clone()) / 12.0 - 1.0).abs() < 1e-3);
        assert!((power(c.clause.clone()) / 4.0 - 1.0).abs() < 1e-3);
    }

    #[test]
    fn then_starts_the_next_action_and_the_last_one_saturates() {
        let config = RowConfig::default();
        let words: Vec<String> = "hops then waves next bows then sits then kneels".split(' ').map(Into::into).collect();
        let rows = build_rows(&config, None, &words);
        let clause = |i: usize| rows.row(i).slice(s![config.columns().clause]).iter().position(|v| *v > 0.0);
        assert_eq!([0, 1, 2, 4, 6, 8].map(clause), [Some(0), Some(1), Some(1), Some(2), Some(3), Some(3)]);
    }
}

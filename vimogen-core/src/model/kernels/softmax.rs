//! Softmax of the rows of attention scores, and its derivative.

use super::simd::{exp, simd, sum};

simd! {
    fn softmax_rows(scores: &mut [f32], len: usize) {
        for row in scores.chunks_exact_mut(len) {
            let mut highest = f32::NEG_INFINITY;
            for x in row.iter() {
                highest = if *x > highest { *x } else { highest };
            }
            for x in row.iter_mut() {
                *x = exp(*x - highest);
            }
            let inverse = sum(len, |i| row[i]).recip();
            for x in row.iter_mut() {
                *x *= inverse;
            }
        }
    }

    /// `dscores = p * (dscores - sum(dscores * p))`, row by row.
    fn softmax_rows_backward(dscores: &mut [f32], p: &[f32], len: usize) {
        for (d, p) in dscores.chunks_exact_mut(len).zip(p.chunks_exact(len)) {
            let dot = sum(len, |i| d[i] * p[i]);
            for (d, p) in d.iter_mut().zip(p) {
                *d = p * (*d - dot);
            }
        }
    }
}

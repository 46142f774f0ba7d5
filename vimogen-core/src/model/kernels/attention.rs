//! Attention over heads stored side by side in `[batch, tokens, dim]`: no copies to split and join them, and only
//! the valid keys are touched. One task per sample and head.

use gemm::Parallelism;
use rayon::prelude::*;

use super::linear::heads::{Head, attend, has_tiles};
use super::softmax::{softmax_rows, softmax_rows_backward};

/// Sizes of a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    pub batch: usize,
    pub queries: usize,
    pub keys: usize,
    pub dim: usize,
    pub heads: usize,
}

impl Sizes {
    fn head_dim(&self) -> usize {
        self.dim / self.heads
    }

    fn scale(&self) -> f32 {
        (self.head_dim() as f32).sqrt().recip()
    }
}

/// A matrix in a larger buffer: start, rows, columns and strides.
#[derive(Clone, Copy)]
struct View<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> View<'a> {
    fn new(data: &'a [f32], rows: usize, cols: usize, row_stride: usize) -> Self {
        Self { data, rows, cols, row_stride, col_stride: 1 }
    }

    fn transposed(self) -> Self {
        Self { rows: self.cols, cols: self.rows, row_stride: self.col_stride, col_stride: self.row_stride, ..self }
    }

    /// Whether all elements are inside the buffer.
    fn fits(&self) -> bool {
        let last = (self.rows - 1) * self.row_stride + (self.cols - 1) * self.col_stride;
        last < self.data.len()
    }
}

/// `out[rows, cols] = factor * a b`, rows of `out` are `row_stride` apart.
fn product(out: *mut f32, row_stride: usize, a: View<'_>, b: View<'_>, factor: f32) {
    assert!(a.cols == b.rows && a.fits() && b.fits());
    // SAFETY: the inputs were checked to be inside their buffers; every caller's `out` has `a.rows` rows of `b.cols`
    // values `row_stride` apart that no other task touches.
    unsafe {
        gemm::gemm(
            a.rows,
            b.cols,
            a.cols,
            out,
            1,
            row_stride as isize,
            false,
            a.data.as_ptr(),
            a.col_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.col_stride as isize,
            b.row_stride as isize,
            0.0,
            factor,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

/// A pointer that tasks share; each writes its own head's columns.
#[derive(Clone, Copy)]
struct Shared(*mut f32);
// SAFETY: tasks write disjoint elements, see `each_head`.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// The first element of a head of a sample.
    fn at(self, offset: usize) -> *mut f32 {
        // SAFETY: callers pass the offset of a head inside the buffer.
        unsafe { self.0.add(offset) }
    }
}

/// Runs `f(sample, first column)` for each sample and head in parallel.
fn each_head(s: Sizes, f: impl Fn(usize, usize) + Sync) {
    (0..s.batch * s.heads).into_par_iter().for_each(|i| f(i / s.heads, i % s.heads * s.head_dim()));
}

/// Softmax of `scale * q k^T` for one head over `len` keys: `[queries, len]`.
fn probabilities(q: View<'_>, k: View<'_>) -> Vec<f32> {
    let len = k.rows;
    let mut scores = vec![0.0f32; q.rows * len];
    product(scores.as_mut_ptr(), len, q, k.transposed(), (q.cols as f32).sqrt().recip());
    softmax_rows(&mut scores, len);
    scores
}

/// The head's part of a `[batch, tokens, dim]` buffer.
fn head(data: &[f32], sample: usize, tokens: usize, valid: usize, column: usize, s: Sizes) -> View<'_> {
    View::new(&data[sample * tokens * s.dim + column..], valid, s.head_dim(), s.dim)
}

/// `out = softmax(q k^T / sqrt(head_dim)) v`; sample `i` sees its first `lengths[i]` keys, none gives
/// the zeros that `out` must hold.
pub(super) fn forward(out: &mut [f32], q: &[f32], k: &[f32], v: &[f32], lengths: &[usize], s: Sizes) {
    let to = Shared(out.as_mut_ptr());
    let tiles = has_tiles();
    each_head(s, |sample, column| {
        let len = lengths[sample].min(s.keys);
        if len == 0 {
            return;
        }
        let at = sample * s.queries * s.dim + column;
        let (q, k, v) = (
            head(q, sample, s.queries, s.queries, column, s),
            head(k, sample, s.keys, len, column, s),
            head(v, sample, s.keys, len, column, s),
        );
        if tiles {
            let head = Head {
                q: q.data,
                k: k.data,
                v: v.data,
                queries: s.queries,
                keys: len,
                width: s.head_dim(),
                stride: s.dim,
            };
            return attend(head, |row, column, numbers| {
                // SAFETY: a part of a row of this head, which no other task touches.
                unsafe { std::slice::from_raw_parts_mut(to.at(at + row * s.dim + column), numbers.len()) }
                    .copy_from_slice(numbers);
            });
        }
        let scores = probabilities(q, k);
        product(to.at(at), s.dim, View::new(&scores, s.queries, len, len), v, 1.0);
    });
}

/// Gradients of [`forward`] with respect to q, k and v; the probabilities are computed again.
pub(super) fn backward(
    q: &[f32],
    k: &[f32],
    v: &[f32],
    grad: &[f32],
    lengths: &[usize],
    s: Sizes,
) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let (mut dq, mut dk, mut dv) = (vec![0.0f32; q.len()], vec![0.0f32; k.len()], vec![0.0f32; v.len()]);
    let (to_q, to_k, to_v) = (Shared(dq.as_mut_ptr()), Shared(dk.as_mut_ptr()), Shared(dv.as_mut_ptr()));
    each_head(s, |sample, column| {
        let len = lengths[sample].min(s.keys);
        if len == 0 {
            return;
        }
        let queries = |data| head(data, sample, s.queries, s.queries, column, s);
        let keys = |data| head(data, sample, s.keys, len, column, s);
        let (at_q, at_k) = (sample * s.queries * s.dim + column, sample * s.keys * s.dim + column);
        let p = probabilities(queries(q), keys(k));
        let p_view = View::new(&p, s.queries, len, len);
        product(to_v.at(at_k), s.dim, p_view.transposed(), queries(grad), 1.0);
        let mut dscores = vec![0.0f32; s.queries * len];
        product(dscores.as_mut_ptr(), len, queries(grad), keys(v).transposed(), 1.0);
        softmax_rows_backward(&mut dscores, &p, len);
        let ds = View::new(&dscores, s.queries, len, len);
        product(to_q.at(at_q), s.dim, ds, keys(k), s.scale());
        product(to_k.at(at_k), s.dim, ds.transposed(), queries(q), s.scale());
    });
    (dq, dk, dv)
}

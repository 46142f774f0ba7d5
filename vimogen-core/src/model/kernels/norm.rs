//! Layer norm with scale and shift, RMS norm and gated residual, each in one pass.
//!
//! `x` is `[batch, tokens, dim]`; scale, shift and gate are `[batch or 1, dim]`, one row per sample or one for all.

use rayon::prelude::*;

use super::simd::{simd, sum};

/// Sizes of a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    pub tokens: usize,
    pub dim: usize,
    /// Whether scale, shift and gate have a single row.
    pub shared: bool,
}

impl Sizes {
    /// The parameter row of token row `row`.
    #[inline(always)]
    fn of<'a>(&self, params: &'a [f32], row: usize) -> &'a [f32] {
        let sample = if self.shared { 0 } else { row / self.tokens };
        &params[sample * self.dim..(sample + 1) * self.dim]
    }

    /// Sums the per-sample gradient rows into one if the parameter is shared.
    fn gather(&self, partial: Vec<f32>) -> Vec<f32> {
        if !self.shared {
            return partial;
        }
        let mut total = vec![0.0; self.dim];
        for row in partial.chunks_exact(self.dim) {
            total.iter_mut().zip(row).for_each(|(t, r)| *t += r);
        }
        total
    }
}

/// Token rows per parallel task.
const ROWS: usize = 16;

/// Runs `f(row number, output row)` over all token rows in parallel.
fn each_row(out: &mut [f32], dim: usize, f: impl Fn(usize, &mut [f32]) + Sync) {
    out.par_chunks_mut(ROWS * dim).enumerate().for_each(|(task, rows)| {
        for (i, row) in rows.chunks_exact_mut(dim).enumerate() {
            f(task * ROWS + i, row);
        }
    });
}

/// `LN(x) * scale + shift`
pub(super) fn layer(out: &mut [f32], x: &[f32], scale: &[f32], shift: &[f32], eps: f32, s: Sizes) {
    each_row(out, s.dim, |row, out| {
        let x = &x[row * s.dim..(row + 1) * s.dim];
        layer_row(out, x, s.of(scale, row), s.of(shift, row), eps);
    });
}

/// `w x / sqrt(mean(x^2) + eps)`
pub(super) fn rms(out: &mut [f32], x: &[f32], weight: &[f32], eps: f32, s: Sizes) {
    each_row(out, s.dim, |row, out| rms_row(out, &x[row * s.dim..(row + 1) * s.dim], weight, eps));
}

/// `x + y * gate`
pub(super) fn gated(out: &mut [f32], x: &[f32], y: &[f32], gate: &[f32], s: Sizes) {
    each_row(out, s.dim, |row, out| {
        let range = row * s.dim..(row + 1) * s.dim;
        gated_row(out, &x[range.clone()], &y[range], s.of(gate, row));
    });
}

/// Gradients of [`layer`] with respect to x, scale and shift.
pub(super) fn layer_backward(
    x: &[f32],
    scale: &[f32],
    grad: &[f32],
    eps: f32,
    s: Sizes,
) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let samples = x.len() / (s.tokens * s.dim);
    let (mut dx, mut dscale, mut dshift) = (vec![0.0; x.len()], vec![0.0; samples * s.dim], vec![0.0; samples * s.dim]);
    let span = s.tokens * s.dim;
    let outputs = dx.par_chunks_mut(span).zip(dscale.par_chunks_mut(s.dim)).zip(dshift.par_chunks_mut(s.dim));
    outputs.enumerate().for_each(|(sample, ((dx, dscale), dshift))| {
        for (token, dx) in dx.chunks_exact_mut(s.dim).enumerate() {
            let row = sample * s.tokens + token;
            let range = row * s.dim..(row + 1) * s.dim;
            layer_row_backward(dx, dscale, dshift, &x[range.clone()], s.of(scale, row), &grad[range], eps);
        }
    });
    (dx, s.gather(dscale), s.gather(dshift))
}

/// Gradients of [`rms`] with respect to x and weight.
pub(super) fn rms_backward(x: &[f32], weight: &[f32], grad: &[f32], eps: f32, s: Sizes) -> (Vec<f32>, Vec<f32>) {
    let span = s.tokens * s.dim;
    let (mut dx, mut dweight) = (vec![0.0; x.len()], vec![0.0; x.len() / s.tokens]);
    let outputs = dx.par_chunks_mut(span).zip(dweight.par_chunks_mut(s.dim));
    outputs.enumerate().for_each(|(sample, (dx, dweight))| {
        for (token, dx) in dx.chunks_exact_mut(s.dim).enumerate() {
            let row = sample * s.tokens + token;
            let range = row * s.dim..(row + 1) * s.dim;
            rms_row_backward(dx, dweight, &x[range.clone()], weight, &grad[range], eps);
        }
    });
    (dx, Sizes { shared: true, ..s }.gather(dweight))
}

/// Gradients of [`gated`] with respect to y and gate; that of x is `grad` itself.
pub(super) fn gated_backward(y: &[f32], gate: &[f32], grad: &[f32], s: Sizes) -> (Vec<f32>, Vec<f32>) {
    let span = s.tokens * s.dim;
    let (mut dy, mut dgate) = (vec![0.0; y.len()], vec![0.0; y.len() / s.tokens]);
    let outputs = dy.par_chunks_mut(span).zip(dgate.par_chunks_mut(s.dim));
    outputs.enumerate().for_each(|(sample, (dy, dgate))| {
        for (token, dy) in dy.chunks_exact_mut(s.dim).enumerate() {
            let row = sample * s.tokens + token;
            let range = row * s.dim..(row + 1) * s.dim;
            gated_row_backward(dy, dgate, &y[range.clone()], s.of(gate, row), &grad[range]);
        }
    });
    (dy, s.gather(dgate))
}

/// Mean and `1 / sqrt(variance + eps)` of a row.
#[inline(always)]
fn moments(x: &[f32], eps: f32) -> (f32, f32) {
    let n = x.len() as f32;
    let mean = sum(x.len(), |i| x[i]) / n;
    let variance = sum(x.len(), |i| (x[i] - mean) * (x[i] - mean)) / n;
    (mean, (variance + eps).sqrt().recip())
}

simd! {
    fn layer_row(out: &mut [f32], x: &[f32], scale: &[f32], shift: &[f32], eps: f32) {
        let n = out.len();
        let (x, scale, shift) = (&x[..n], &scale[..n], &shift[..n]);
        let (mean, inverse) = moments(x, eps);
        for i in 0..n {
            out[i] = (x[i] - mean) * inverse * scale[i] + shift[i];
        }
    }

    fn layer_row_backward(
        dx: &mut [f32],
        dscale: &mut [f32],
        dshift: &mut [f32],
        x: &[f32],
        scale: &[f32],
        grad: &[f32],
        eps: f32,
    ) {
        let n = dx.len();
        let (x, scale, grad) = (&x[..n], &scale[..n], &grad[..n]);
        let (dscale, dshift) = (&mut dscale[..n], &mut dshift[..n]);
        let (mean, inverse) = moments(x, eps);
        // With n = (x - mean) * inverse and h = grad * scale: dx = (h - mean(h) - n * mean(h n)) * inverse.
        let mean_h = sum(n, |i| grad[i] * scale[i]) / n as f32;
        let mean_hn = sum(n, |i| grad[i] * scale[i] * (x[i] - mean) * inverse) / n as f32;
        for i in 0..n {
            let normal = (x[i] - mean) * inverse;
            dx[i] = (grad[i] * scale[i] - mean_h - normal * mean_hn) * inverse;
            dscale[i] += grad[i] * normal;
            dshift[i] += grad[i];
        }
    }

    fn rms_row(out: &mut [f32], x: &[f32], weight: &[f32], eps: f32) {
        let n = out.len();
        let (x, weight) = (&x[..n], &weight[..n]);
        let inverse = (sum(n, |i| x[i] * x[i]) / n as f32 + eps).sqrt().recip();
        for i in 0..n {
            out[i] = x[i] * inverse * weight[i];
        }
    }

    fn rms_row_backward(dx: &mut [f32], dweight: &mut [f32], x: &[f32], weight: &[f32], grad: &[f32], eps: f32) {
        let n = dx.len();
        let (x, weight, grad, dweight) = (&x[..n], &weight[..n], &grad[..n], &mut dweight[..n]);
        let inverse = (sum(n, |i| x[i] * x[i]) / n as f32 + eps).sqrt().recip();
        // With h = grad * weight: dx = (h - x * inverse^2 * mean(h x)) * inverse.
        let k = sum(n, |i| grad[i] * weight[i] * x[i]) / n as f32 * inverse * inverse;
        for i in 0..n {
            dx[i] = (grad[i] * weight[i] - x[i] * k) * inverse;
            dweight[i] += grad[i] * x[i] * inverse;
        }
    }

    fn gated_row(out: &mut [f32], x: &[f32], y: &[f32], gate: &[f32]) {
        let n = out.len();
        let (x, y, gate) = (&x[..n], &y[..n], &gate[..n]);
        for i in 0..n {
            out[i] = x[i] + y[i] * gate[i];
        }
    }

    fn gated_row_backward(dy: &mut [f32], dgate: &mut [f32], y: &[f32], gate: &[f32], grad: &[f32]) {
        let n = dy.len();
        let (y, gate, grad, dgate) = (&y[..n], &gate[..n], &grad[..n], &mut dgate[..n]);
        for i in 0..n {
            dy[i] = grad[i] * gate[i];
            dgate[i] += grad[i] * y[i];
        }
    }
}

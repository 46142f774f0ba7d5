//! Attention of one head with the tiles of the linear layers: for inference, from AVX2 on.

use std::cell::RefCell;

use super::super::cpu::Level;
use super::super::simd::simd;
use super::super::softmax::softmax_rows;
use super::rows::Element;
use super::tile::{self, Tile};
use super::{GROUP, PANEL};

/// One head of one sample: rows of `width` values, `stride` apart.
#[derive(Clone, Copy)]
pub(crate) struct Head<'a> {
    /// `[queries]` rows, from the first value of the head on.
    pub q: &'a [f32],
    /// `[keys]` rows.
    pub k: &'a [f32],
    /// `[keys]` rows.
    pub v: &'a [f32],
    pub queries: usize,
    /// At least 1.
    pub keys: usize,
    pub width: usize,
    pub stride: usize,
}

/// Keys and values in the order of the tiles, and what is computed from them for a group of queries.
#[derive(Default)]
struct Buffers {
    /// `[panel of keys][width][32]`
    keys: Vec<f32>,
    /// `[panel of width][keys][32]`
    values: Vec<f32>,
    /// `[width][12]`
    queries: Vec<f32>,
    /// `[12][keys]`
    scores: Vec<f32>,
    /// `[keys][12]`
    shares: Vec<f32>,
}

thread_local!(static BUFFERS: RefCell<Buffers> = RefCell::default());

/// Whether [`attend`] is faster than products of whole matrices.
pub(crate) fn has_tiles() -> bool {
    Level::current() >= Level::Avx2
}

/// Calls `sink(row, first column, numbers)` for pieces of `softmax(q k^T / sqrt(width)) v`.
pub(crate) fn attend(head: Head<'_>, mut sink: impl FnMut(usize, usize, &[f32])) {
    let tile = tile::singles(Level::current());
    BUFFERS.with_borrow_mut(|buffers| {
        buffers.load(head);
        for start in (0..head.queries).step_by(GROUP) {
            let rows = GROUP.min(head.queries - start);
            buffers.score(head, start, rows, tile);
            buffers.mix(head, rows, tile, |row, column, numbers| sink(start + row, column, numbers));
        }
    });
}

impl Buffers {
    /// Brings keys and values into the order of the tiles.
    fn load(&mut self, head: Head<'_>) {
        let Head { keys, width, stride, .. } = head;
        self.keys.resize(keys.div_ceil(PANEL) * width * PANEL, 0.0);
        for (panel, to) in self.keys.chunks_exact_mut(width * PANEL).enumerate() {
            let from = &head.k[panel * PANEL * stride..];
            transpose(to, from, PANEL.min(keys - panel * PANEL), width, stride);
        }
        self.values.resize(width.div_ceil(PANEL) * keys * PANEL, 0.0);
        for (panel, to) in self.values.chunks_exact_mut(keys * PANEL).enumerate() {
            let columns = PANEL.min(width - panel * PANEL);
            for (key, to) in to.chunks_exact_mut(PANEL).enumerate() {
                to[..columns].copy_from_slice(&head.v[key * stride + panel * PANEL..][..columns]);
            }
        }
    }

    /// Softmax of the scores of a group of queries.
    fn score(&mut self, head: Head<'_>, start: usize, rows: usize, tile: Tile<f32>) {
        let Head { keys, width, stride, .. } = head;
        self.queries.resize(width * GROUP, 0.0);
        let last = (start + rows - 1) * stride + width;
        f32::pack(&mut self.queries, &head.q[start * stride..last], stride, width, false);
        self.scores.resize(GROUP * keys, 0.0);
        let scale = (width as f32).sqrt().recip();
        for (panel, b) in self.keys.chunks_exact(width * PANEL).enumerate() {
            let mut c = [0.0f32; GROUP * PANEL];
            // SAFETY: `queries` has `width` times 12 values, `b` `width` times 32, `c` 12 times 32; the tile was chosen
            // for a level that the CPU has.
            unsafe { tile(rows, width, self.queries.as_ptr(), b.as_ptr(), c.as_mut_ptr(), true) };
            let columns = PANEL.min(keys - panel * PANEL);
            for (scores, c) in self.scores.chunks_exact_mut(keys).zip(c.chunks_exact(PANEL)).take(rows) {
                let scores = &mut scores[panel * PANEL..][..columns];
                scores.iter_mut().zip(c).for_each(|(to, c)| *to = c * scale);
            }
        }
        softmax_rows(&mut self.scores[..rows * keys], keys);
    }

    /// The values, each with its share.
    fn mix(&mut self, head: Head<'_>, rows: usize, tile: Tile<f32>, mut sink: impl FnMut(usize, usize, &[f32])) {
        let Head { keys, width, .. } = head;
        self.shares.resize(keys * GROUP, 0.0);
        f32::pack(&mut self.shares, &self.scores[..rows * keys], keys, keys, false);
        for (panel, b) in self.values.chunks_exact(keys * PANEL).enumerate() {
            let mut c = [0.0f32; GROUP * PANEL];
            // SAFETY: `shares` has `keys` times 12 values, `b` `keys` times 32, `c` 12 times 32; the tile was chosen for a
            // level that the CPU has.
            unsafe { tile(rows, keys, self.shares.as_ptr(), b.as_ptr(), c.as_mut_ptr(), true) };
            let columns = PANEL.min(width - panel * PANEL);
            for (row, c) in c.chunks_exact(PANEL).take(rows).enumerate() {
                sink(row, panel * PANEL, &c[..columns]);
            }
        }
    }
}

simd! {
    /// `to[i][row] = from[row * stride + i]` for `rows` rows of `width` values; `to` is `[width][32]`.
    fn transpose(to: &mut [f32], from: &[f32], rows: usize, width: usize, stride: usize) {
        const CHUNK: usize = 16;
        for start in (0..width).step_by(CHUNK) {
            let n = CHUNK.min(width - start);
            let to = &mut to[start * PANEL..(start + n) * PANEL];
            for row in 0..rows {
                let from = &from[row * stride + start..][..n];
                for (i, from) in from.iter().enumerate() {
                    to[i * PANEL + row] = *from;
                }
            }
        }
    }
}

//! Rows of 8 bits times weights of 8 bits, for CPUs that sum such products as integers.
//!
//! ```text
//! weights  panels of 32 outputs, each [in / 4][32] quads of codes + 128, and [in / 128][32] scales
//! rows     groups of 12 rows, each [in / 4][12] quads of codes, and [in / 128][12] scales and corrections
//! ```
//!
//! 128 inputs, a run, share a scale in each row and in each output, so that an outlier among the inputs coarsens only its
//! neighbours. The instruction multiplies unsigned bytes by signed ones: weights have 128 added, and a correction of each
//! row and run takes it away again.

use std::cell::RefCell;

use rayon::prelude::*;

use super::super::cpu::Level;
use super::super::simd::simd;
use super::left::Left;
use super::pack::{Packed, Store};
use super::tile::{self, QuadTile};
use super::{GROUP, OFFSET, PANEL, RUN, STEPS};

/// Runs of a panel that are multiplied with all rows of a task before the next ones: a part of the second-level cache.
const STRETCH: usize = 28;
/// `x + MAGIC - MAGIC` is the nearest integer, which is then in the low bits of the sum.
const MAGIC: f32 = 12_582_912.0;

/// Codes, scales and corrections of a group of rows.
#[derive(Default)]
struct Group {
    /// `[in / 4][12]`
    codes: Vec<u32>,
    /// `[in / 128][12]`
    scales: Vec<f32>,
    /// `[in / 128][12]`
    corrections: Vec<i32>,
}

/// Rows in 8 bits.
pub(super) struct QuadRows {
    rows: usize,
    inputs: usize,
    groups: Vec<Group>,
    tile: QuadTile,
}

thread_local!(static SPARE: RefCell<Vec<Group>> = const { RefCell::new(vec![]) });

impl QuadRows {
    /// The rows of `x`, `[rows, inputs]`.
    pub(super) fn new(x: &[f32], rows: usize, inputs: usize, level: Level) -> Self {
        assert_eq!(x.len(), rows * inputs, "rows of x");
        let mut groups = SPARE.take();
        groups.resize_with(rows.div_ceil(GROUP), Group::default);
        groups.par_iter_mut().zip(x.par_chunks(GROUP * inputs)).for_each(|(group, x)| {
            group.codes.resize(inputs.div_ceil(4) * GROUP, 0);
            group.scales.resize(inputs.div_ceil(RUN) * GROUP, 0.0);
            group.corrections.resize(inputs.div_ceil(RUN) * GROUP, 0);
            for (slot, row) in x.chunks(inputs).enumerate() {
                for (run, numbers) in row.chunks(RUN).enumerate() {
                    let mut codes = [0u32; STEPS];
                    let (mut scale, mut correction) = (0.0, 0);
                    encode(numbers, &mut codes, &mut scale, &mut correction);
                    group.scales[run * GROUP + slot] = scale;
                    group.corrections[run * GROUP + slot] = correction;
                    let places = group.codes[run * STEPS * GROUP..].chunks_exact_mut(GROUP);
                    places.zip(codes).for_each(|(place, code)| place[slot] = code);
                }
            }
        });
        Self { rows, inputs, groups, tile: tile::quads(level) }
    }
}

impl Drop for QuadRows {
    fn drop(&mut self) {
        /// Bytes of codes that are worth keeping for the next rows.
        const LARGEST: usize = 16 << 20;
        if self.rows * self.inputs <= LARGEST {
            SPARE.set(std::mem::take(&mut self.groups));
        }
    }
}

impl Left for QuadRows {
    fn rows(&self) -> usize {
        self.rows
    }

    fn fits(&self, weights: &Packed) -> bool {
        weights.inputs == self.inputs && matches!(weights.store, Store::Quads(_))
    }

    fn multiply(&self, c: &mut [f32], weights: &Packed, panel: usize, group: usize) {
        let Store::Quads(quads) = &weights.store else { unreachable!("`fits` was asked") };
        let (length, runs) = (self.inputs.div_ceil(4), self.inputs.div_ceil(RUN));
        let codes = &quads.codes[panel * length * PANEL..][..length * PANEL];
        let scales = &quads.scales[panel * runs * PANEL..][..runs * PANEL];
        for first in (0..runs).step_by(STRETCH) {
            let end = runs.min(first + STRETCH);
            let (from, to) = (first * STEPS, length.min(end * STEPS));
            let b = (&codes[from * PANEL..to * PANEL], &scales[first * PANEL..end * PANEL]);
            for (c, left) in c.chunks_mut(GROUP * PANEL).zip(&self.groups[group..]) {
                let a = &left.codes[from * GROUP..to * GROUP];
                let (of, correct) =
                    (&left.scales[first * GROUP..end * GROUP], &left.corrections[first * GROUP..end * GROUP]);
                // SAFETY: `a` and `b` have `to - from` steps, their scales and corrections as many runs as those begin; the
                // tile was chosen for a level that the CPU has.
                unsafe { (self.tile)(c, to - from, (a, of, correct), b, first == 0) };
            }
        }
    }
}

simd! {
    /// Codes of up to 128 numbers, zeros beyond. A number that is not finite makes the scale NaN.
    fn encode(numbers: &[f32], codes: &mut [u32; STEPS], scale: &mut f32, correction: &mut i32) {
        let mut all = [0.0f32; RUN];
        all[..numbers.len()].copy_from_slice(numbers);
        let mut most = [0.0f32; 16];
        // 0 times a number that is not finite is NaN.
        let mut defects = [0.0f32; 16];
        for lanes in all.as_chunks::<16>().0 {
            for ((most, defect), x) in most.iter_mut().zip(&mut defects).zip(lanes) {
                *most = if x.abs() > *most { x.abs() } else { *most };
                *defect += x * 0.0;
            }
        }
        let (most, defects) = most.iter().zip(&defects).fold((0.0f32, 0.0f32), |(a, b), (x, y)| (a.max(*x), b + y));
        *scale = most / 127.0 + defects;
        let inverse = if most > 0.0 { 127.0 / most } else { 0.0 };
        let mut bytes = [0u8; RUN];
        let mut sum = 0i32;
        for (byte, x) in bytes.iter_mut().zip(&all) {
            let code = (x * inverse + MAGIC).to_bits().wrapping_sub(MAGIC.to_bits()).cast_signed();
            *byte = code as u8;
            sum = sum.wrapping_add(code);
        }
        for (code, bytes) in codes.iter_mut().zip(bytes.as_chunks::<4>().0) {
            *code = u32::from_le_bytes(*bytes);
        }
        *correction = sum.wrapping_mul(-OFFSET);
    }
}

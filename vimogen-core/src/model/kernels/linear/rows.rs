//! Rows of activations in the order of the product.

use rayon::prelude::*;

use super::GROUP;

/// What the product multiplies: single f32 numbers, or pairs of bf16 numbers in a `u32`, the even one in the low half.
pub(super) trait Element: Copy + Default + Send + Sync + 'static {
    /// Inputs in one element.
    const WIDTH: usize;

    /// An element of two neighbouring inputs: one f32 stays (`odd` is not used), two are rounded to bf16.
    fn make(even: f32, odd: f32) -> Self;
}

impl Element for f32 {
    const WIDTH: usize = 1;

    #[inline(always)]
    fn make(even: f32, _: f32) -> Self {
        even
    }
}

impl Element for u32 {
    const WIDTH: usize = 2;

    #[inline(always)]
    fn make(even: f32, odd: f32) -> Self {
        round(even) >> 16 | round(odd) & 0xffff_0000
    }
}

/// The bits of `x` with those of the nearest bf16 in the upper half, ties to even; NaN stays NaN.
#[inline(always)]
pub(super) fn round(x: f32) -> u32 {
    let bits = x.to_bits();
    let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1));
    if x.is_nan() { bits | 0x0040_0000 } else { rounded }
}

/// `x` rounded to bf16.
#[inline(always)]
fn rounded(x: f32) -> f32 {
    f32::from_bits(round(x) & 0xffff_0000)
}

/// Rows in groups of 12: `[group][elements][12]`, the last group filled up with zeros.
pub(super) struct Rows<E> {
    pub rows: usize,
    /// Elements of a row.
    pub length: usize,
    pub data: Vec<E>,
}

impl<E: Element> Rows<E> {
    /// Rows of zeros; `inputs` is padded to a whole pair, as in the weights.
    pub fn zeros(rows: usize, inputs: usize) -> Self {
        let length = 2 * inputs.div_ceil(2) / E::WIDTH;
        Self { rows, length, data: vec![E::default(); rows.div_ceil(GROUP) * length * GROUP] }
    }

    /// The rows of `x`, `[rows, inputs]`; `to_bf16` rounds numbers that stay f32.
    pub fn new(x: &[f32], rows: usize, inputs: usize, to_bf16: bool) -> Self {
        assert_eq!(x.len(), rows * inputs, "rows of x");
        let mut out = Self::zeros(rows, inputs);
        let size = out.length * GROUP;
        out.data.par_chunks_mut(size.max(1)).enumerate().for_each(|(group, to)| {
            for (slot, row) in x.chunks_exact(inputs.max(1)).skip(group * GROUP).take(GROUP).enumerate() {
                write(to, slot, row, to_bf16);
            }
        });
        out
    }

    /// Groups of rows.
    pub fn groups(&self) -> usize {
        self.rows.div_ceil(GROUP)
    }
}

/// Writes consecutive numbers of a row to its slot of a group.
#[inline(always)]
pub(super) fn write<E: Element>(group: &mut [E], slot: usize, row: &[f32], to_bf16: bool) {
    let places = group[slot..].iter_mut().step_by(GROUP);
    for (place, numbers) in places.zip(row.chunks(E::WIDTH)) {
        let (even, odd) = (numbers[0], numbers.get(1).copied().unwrap_or(0.0));
        *place = E::make(if to_bf16 { rounded(even) } else { even }, odd);
    }
}

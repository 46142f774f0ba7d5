//! Linear layers that are trained in bf16. Neither side of their products is known beforehand, so both are brought into the
//! order of the product each time:
//!
//! ```text
//! y  = x W + b     over the columns of x and the rows of W
//! dx = dy W^T      over the columns of dy and the columns of W
//! dW = x^T dy      over the rows of x and the rows of dy
//! ```

use half::bf16;
use rayon::prelude::*;

use super::super::cpu::Level;
use super::pack::{Packed, Store};
use super::product::{Kind, Output, linear_of};
use super::rows::{Element, Number, Rows};
use super::{GROUP, PANEL};

/// The axis of a matrix that a product sums over.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Over {
    Rows,
    Columns,
}

/// One side of a product: a matrix in memory row by row.
#[derive(Clone, Copy)]
pub(super) struct Side<'a, T> {
    pub numbers: &'a [T],
    pub columns: usize,
    pub over: Over,
}

impl<T: Number> Side<'_, T> {
    fn rows(&self) -> usize {
        self.numbers.len() / self.columns
    }

    /// Terms per sum, and sums along the other axis.
    fn sizes(&self) -> (usize, usize) {
        match self.over {
            Over::Columns => (self.columns, self.rows()),
            Over::Rows => (self.rows(), self.columns),
        }
    }

    /// As the rows of a product.
    fn left<E: Element>(&self) -> Rows<E> {
        let (length, count) = self.sizes();
        let mut out = Rows::<E>::room(count, length);
        let groups = out.data.par_chunks_mut(out.length * GROUP).take(count.div_ceil(GROUP));
        groups.enumerate().for_each(|(i, to)| self.put::<E, GROUP>(to, i * GROUP));
        out
    }

    /// As the weights of a product, without a bias.
    fn right(&self) -> Packed {
        let (inputs, outputs) = self.sizes();
        let length = inputs.div_ceil(2) * PANEL;
        let mut pairs = vec![0u32; outputs.div_ceil(PANEL) * length];
        pairs.par_chunks_mut(length).enumerate().for_each(|(i, to)| self.put::<u32, PANEL>(to, i * PANEL));
        let bias = vec![0.0; outputs.next_multiple_of(PANEL)];
        Packed { inputs, outputs, store: Store::Bf16(pairs), bias }
    }

    /// Writes `W` rows or columns, from `first` on, to a group.
    fn put<E: Element, const W: usize>(&self, to: &mut [E], first: usize) {
        let columns = self.columns;
        match self.over {
            Over::Columns => {
                let rows = self.numbers[first * columns..].chunks_exact(columns).take(W);
                rows.enumerate().for_each(|(slot, row)| E::put_row::<W>(to, slot, row));
            }
            Over::Rows => {
                let range = first..columns.min(first + W);
                let pairs = to.chunks_exact_mut(2 * W / E::WIDTH);
                for (pair, rows) in pairs.zip(self.numbers.chunks(2 * columns)) {
                    let (even, odd) = rows.split_at(columns);
                    E::put_pair::<W>(pair, &even[range.clone()], odd.get(range.clone()).unwrap_or_default());
                }
            }
        }
    }
}

/// The product of two sides, plus `bias` for each column.
///
/// # Shapes
/// - output: `[sums of left, sums of right]`
pub(super) fn product<O: Output>(
    left: Side<'_, impl Number>,
    right: Side<'_, impl Number>,
    bias: Option<&[f32]>,
    level: Level,
) -> Vec<O> {
    let mut right = right.right();
    if let Some(bias) = bias {
        right = right.with_bias(bias);
    }
    match Kind::of(&right, level) {
        Kind::Pairs(tile) => linear_of(&left.left::<u32>(), &[&right], tile),
        Kind::Singles(tile, _) => linear_of(&left.left::<f32>(), &[&right], tile),
        Kind::Quads => unreachable!("the right side was packed in bf16"),
    }
}

/// The sum of the rows of a matrix, in f32.
pub(super) fn sum_rows(numbers: &[bf16], columns: usize) -> Vec<f32> {
    let mut sums = vec![0.0f32; columns];
    for row in numbers.chunks_exact(columns) {
        for (sum, number) in sums.iter_mut().zip(row) {
            *sum += f32::from_bits(number.bits() << 16);
        }
    }
    sums
}

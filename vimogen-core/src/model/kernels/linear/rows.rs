//! Rows of activations in the order of the product.

use std::cell::RefCell;
use std::thread::LocalKey;

use half::bf16;
use rayon::prelude::*;

use super::super::simd::simd;
use super::GROUP;

/// Numbers that are multiplied as bf16.
pub(super) trait Number: Copy + Sync {
    /// The bits of the nearest bf16, in the lower half.
    fn bits(self) -> u32;
}

impl Number for bf16 {
    #[inline(always)]
    fn bits(self) -> u32 {
        self.to_bits().into()
    }
}

impl Number for f32 {
    #[inline(always)]
    fn bits(self) -> u32 {
        round(self) >> 16
    }
}

/// An operand of the product: one f32 value, or a pair of bf16 values in a `u32`, the even one in the low half.
pub(super) trait Element: Copy + Default + Send + Sync + 'static {
    /// Inputs in one element.
    const WIDTH: usize;

    /// Writes `width` values of each row, rows `stride` apart, to a group; `to_bf16` rounds values that stay f32.
    fn pack(group: &mut [Self], rows: &[f32], stride: usize, width: usize, to_bf16: bool);

    /// Writes a row to slot `slot` of a group of `W`.
    fn put_row<const W: usize>(group: &mut [Self], slot: usize, row: &[impl Number]);

    /// Writes values of two neighbouring rows, of which the second may be missing, to the first slots of a pair of a group
    /// of `W`.
    fn put_pair<const W: usize>(pair: &mut [Self], even: &[impl Number], odd: &[impl Number]);

    /// Buffers of this thread that were used before.
    fn spare() -> &'static LocalKey<RefCell<Vec<Vec<Self>>>>;
}

impl Element for f32 {
    const WIDTH: usize = 1;

    fn pack(group: &mut [f32], rows: &[f32], stride: usize, width: usize, to_bf16: bool) {
        match to_bf16 {
            true => pack_rounded(group, rows, stride, width),
            false => pack_singles(group, rows, stride, width),
        }
    }

    fn put_row<const W: usize>(group: &mut [f32], slot: usize, row: &[impl Number]) {
        for (place, number) in group.as_chunks_mut::<W>().0.iter_mut().zip(row) {
            place[slot] = f32::from_bits(number.bits() << 16);
        }
    }

    fn put_pair<const W: usize>(pair: &mut [f32], even: &[impl Number], odd: &[impl Number]) {
        let (first, second) = pair.split_at_mut(W);
        first.iter_mut().zip(even).for_each(|(to, even)| *to = f32::from_bits(even.bits() << 16));
        match odd.is_empty() {
            true => second.fill(0.0),
            false => second.iter_mut().zip(odd).for_each(|(to, odd)| *to = f32::from_bits(odd.bits() << 16)),
        }
    }

    fn spare() -> &'static LocalKey<RefCell<Vec<Vec<f32>>>> {
        thread_local!(static SPARE: RefCell<Vec<Vec<f32>>> = const { RefCell::new(vec![]) });
        &SPARE
    }
}

impl Element for u32 {
    const WIDTH: usize = 2;

    fn pack(group: &mut [u32], rows: &[f32], stride: usize, width: usize, _: bool) {
        pack_pairs(group, rows, stride, width);
    }

    fn put_row<const W: usize>(group: &mut [u32], slot: usize, row: &[impl Number]) {
        let (pairs, last) = row.as_chunks::<2>();
        let (places, _) = group.as_chunks_mut::<W>();
        for (place, [even, odd]) in places.iter_mut().zip(pairs) {
            place[slot] = even.bits() | odd.bits() << 16;
        }
        if let ([last], Some(place)) = (last, places.get_mut(pairs.len())) {
            place[slot] = last.bits();
        }
    }

    fn put_pair<const W: usize>(pair: &mut [u32], even: &[impl Number], odd: &[impl Number]) {
        if let (Ok(pair), Some(even), Some(odd)) = (pair.try_into(), even.as_array::<W>(), odd.as_array::<W>()) {
            let pair: &mut [u32; W] = pair;
            for i in 0..W {
                pair[i] = even[i].bits() | odd[i].bits() << 16;
            }
            return;
        }
        let odd = odd.iter().map(|odd| odd.bits() << 16).chain(std::iter::repeat(0));
        pair.iter_mut().zip(even).zip(odd).for_each(|((to, even), odd)| *to = even.bits() | odd);
    }

    fn spare() -> &'static LocalKey<RefCell<Vec<Vec<u32>>>> {
        thread_local!(static SPARE: RefCell<Vec<Vec<u32>>> = const { RefCell::new(vec![]) });
        &SPARE
    }
}

/// The bits of `x` with those of the nearest bf16 in the upper half, ties to even; NaN stays NaN.
#[inline(always)]
pub(super) fn round(x: f32) -> u32 {
    let bits = x.to_bits();
    let rounded = bits.wrapping_add(0x7fff + ((bits >> 16) & 1));
    if x.is_nan() { bits | 0x0040_0000 } else { rounded }
}

/// Elements that are made at once, in a loop that vectorises.
const CHUNK: usize = 16;

/// Fills every slot of a group: elements `make(even, odd)` of `width` values of each row.
#[inline(always)]
fn pack_with<E: Element>(
    group: &mut [E],
    rows: &[f32],
    stride: usize,
    width: usize,
    make: impl Fn(&[f32], usize) -> E,
) {
    for (slot, row) in rows.chunks(stride).enumerate() {
        let whole = width / (CHUNK * E::WIDTH) * CHUNK;
        for start in (0..whole).step_by(CHUNK) {
            let numbers = &row[start * E::WIDTH..(start + CHUNK) * E::WIDTH];
            let mut made = [E::default(); CHUNK];
            for (i, made) in made.iter_mut().enumerate() {
                *made = make(numbers, i);
            }
            let places = &mut group[start * GROUP..(start + CHUNK) * GROUP];
            for (i, made) in made.into_iter().enumerate() {
                places[i * GROUP + slot] = made;
            }
        }
        let rest = &row[whole * E::WIDTH..width];
        for (i, numbers) in rest.chunks(E::WIDTH).enumerate() {
            let pair = [numbers[0], numbers.get(1).copied().unwrap_or(0.0)];
            group[(whole + i) * GROUP + slot] = make(&pair, 0);
        }
    }
}

simd! {
    fn pack_pairs(group: &mut [u32], rows: &[f32], stride: usize, width: usize) {
        pack_with(group, rows, stride, width, |numbers, i| {
            (round(numbers[2 * i]) >> 16) | (round(numbers[2 * i + 1]) & 0xffff_0000)
        });
    }

    fn pack_rounded(group: &mut [f32], rows: &[f32], stride: usize, width: usize) {
        pack_with(group, rows, stride, width, |numbers, i| f32::from_bits(round(numbers[i]) & 0xffff_0000));
    }

    fn pack_singles(group: &mut [f32], rows: &[f32], stride: usize, width: usize) {
        pack_with(group, rows, stride, width, |numbers, i| numbers[i]);
    }
}

/// Rows in groups of 12: `[group][elements][12]`. Slots of the last group that have no row are never used, nor what
/// follows the last group.
pub(super) struct Rows<E: Element> {
    pub rows: usize,
    /// Elements of a row.
    pub length: usize,
    pub data: Vec<E>,
}

impl<E: Element> Rows<E> {
    /// Room for rows to be packed; `inputs` is padded to a whole pair, as in the weights, by a zero.
    pub fn room(rows: usize, inputs: usize) -> Self {
        let length = 2 * inputs.div_ceil(2) / E::WIDTH;
        let mut data = E::spare().with_borrow_mut(Vec::pop).unwrap_or_default();
        let groups = rows.div_ceil(GROUP);
        if data.len() < groups * length * GROUP {
            data.resize(groups * length * GROUP, E::default());
        }
        if inputs < length * E::WIDTH {
            for group in data.chunks_exact_mut(length * GROUP).take(groups) {
                group[(length - 1) * GROUP..].fill(E::default());
            }
        }
        Self { rows, length, data }
    }

    /// The rows of `x`, `[rows, inputs]`; `to_bf16` rounds values that stay f32.
    pub fn new(x: &[f32], rows: usize, inputs: usize, to_bf16: bool) -> Self {
        assert_eq!(x.len(), rows * inputs, "rows of x");
        let mut out = Self::room(rows, inputs);
        let groups = out.data.par_chunks_mut(out.length * GROUP);
        groups.zip(x.par_chunks(GROUP * inputs)).for_each(|(to, x)| E::pack(to, x, inputs, inputs, to_bf16));
        out
    }
}

/// The buffer serves the next rows: every step of a generation needs the same sizes.
impl<E: Element> Drop for Rows<E> {
    fn drop(&mut self) {
        /// Two layers hold two buffers at a time.
        const MOST: usize = 2;
        /// Bytes of a buffer that is worth keeping.
        const LARGEST: usize = 16 << 20;
        let data = std::mem::take(&mut self.data);
        E::spare().with_borrow_mut(|spare| {
            if spare.len() < MOST && size_of_val(&data[..]) <= LARGEST {
                spare.push(data);
            }
        });
    }
}

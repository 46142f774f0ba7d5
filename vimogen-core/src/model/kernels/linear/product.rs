//! Rows times packed weights.

use std::cell::RefCell;

use half::bf16;
use rayon::prelude::*;

use super::super::cpu::Level;
use super::super::gelu::gate;
use super::super::simd::simd;
use super::left::Left;
use super::pack::{Packed, Store};
use super::quads::QuadRows;
use super::rows::{Element, Rows, round};
use super::tile::{self, Tile};
use super::{GROUP, PANEL};

/// Minimum number of tasks per thread.
const TASKS: usize = 8;
/// Maximum number of row groups per task: its rows and one stretch of a panel stay in the second-level cache.
const GROUPS: usize = 20;
/// Bytes of a panel that are multiplied with all rows of a task before the next ones.
const STRETCH: usize = 112 << 10;

/// `x weights[i] + bias[i]`: the products of the same rows with several weights of one shape.
///
/// # Shapes
/// - x: `[rows, inputs]`
/// - output: `[weights, rows, outputs]`
pub(super) fn linear(x: &[f32], rows: usize, weights: &[&Packed], level: Level) -> Vec<f32> {
    let Some(first) = weights.first() else { return vec![] };
    let inputs = first.inputs;
    match Kind::of(first, level) {
        Kind::Pairs(tile) => linear_of(&Rows::<u32>::new(x, rows, inputs, false), weights, tile),
        Kind::Singles(tile, to_bf16) => linear_of(&Rows::<f32>::new(x, rows, inputs, to_bf16), weights, tile),
        Kind::Quads => outputs_of(&QuadRows::new(x, rows, inputs, level), weights),
    }
}

/// `gelu(x first + bias) second + bias`; what is between the layers never leaves the order of the product.
///
/// # Shapes
/// - x: `[rows, inputs of first]`
/// - output: `[rows, outputs of second]`
pub(super) fn mlp(x: &[f32], rows: usize, first: &Packed, second: &Packed, level: Level) -> Vec<f32> {
    assert_eq!(first.outputs, second.inputs, "layers that fit each other");
    let inputs = first.inputs;
    match Kind::of(first, level) {
        Kind::Pairs(tile) => {
            let hidden = hidden(&Rows::<u32>::new(x, rows, inputs, false), first, tile, false);
            linear_of(&hidden, &[second], tile)
        }
        Kind::Singles(tile, to_bf16) => {
            let hidden = hidden(&Rows::<f32>::new(x, rows, inputs, to_bf16), first, tile, to_bf16);
            linear_of(&hidden, &[second], tile)
        }
        Kind::Quads => {
            let mut hidden: Vec<f32> = outputs_of(&QuadRows::new(x, rows, inputs, level), &[first]);
            hidden.par_chunks_mut(first.outputs * GROUP).for_each(gelu);
            linear(&hidden, rows, &[second], level)
        }
    }
}

/// Type of a product's values.
pub(super) trait Output: Copy + Send {
    /// Calls `f` with the values of a tile.
    fn of(c: &[f32], f: impl FnOnce(&[Self]));
}

impl Output for f32 {
    fn of(c: &[f32], f: impl FnOnce(&[f32])) {
        f(c);
    }
}

impl Output for bf16 {
    fn of(c: &[f32], f: impl FnOnce(&[bf16])) {
        let mut to = [bf16::ZERO; GROUPS * GROUP * PANEL];
        let to = &mut to[..c.len()];
        narrow(to, c);
        f(to);
    }
}

/// `x weights[i] + bias[i]` of rows that are in the order of the product: `[weights, rows, outputs]`.
pub(super) fn linear_of<E: Unpack, O: Output>(x: &Rows<E>, weights: &[&Packed], tile: Tile<E>) -> Vec<O> {
    outputs_of(&Tiled { rows: x, tile }, weights)
}

/// As [`linear_of`].
fn outputs_of<O: Output>(x: &impl Left, weights: &[&Packed]) -> Vec<O> {
    let (rows, outputs) = (x.rows(), weights[0].outputs);
    let same = |w: &&Packed| w.outputs == outputs && x.fits(w);
    assert!(weights.iter().all(same), "weights of one shape, which the rows fit");
    let size = weights.len() * rows * outputs;
    let mut out = Vec::with_capacity(size);
    let to = Shared(out.as_mut_ptr());
    product(x, weights, |task, c| {
        let columns = PANEL.min(outputs - task.panel * PANEL);
        O::of(c, |c| {
            for (i, c) in c.chunks_exact(PANEL).enumerate() {
                let at = (task.weight * rows + task.group * GROUP + i) * outputs + task.panel * PANEL;
                // SAFETY: rows and columns of this task alone, inside the output.
                unsafe { std::ptr::copy_nonoverlapping(c.as_ptr(), to.at(at), columns) };
            }
        });
    });
    // SAFETY: every task has written its rows and columns, which together are all.
    unsafe { out.set_len(size) };
    out
}

/// `gelu(x weights + bias)` in the order of the product.
fn hidden<E: Unpack>(x: &Rows<E>, weights: &Packed, tile: Tile<E>, to_bf16: bool) -> Rows<E> {
    let mut hidden = Rows::<E>::room(x.rows, weights.outputs);
    let length = hidden.length;
    let to = Shared(hidden.data.as_mut_ptr());
    product(&Tiled { rows: x, tile }, &[weights], |task, c| {
        gelu(c);
        // The last panel may be wider than the layer.
        let columns = PANEL.min(weights.outputs - task.panel * PANEL);
        let elements = columns.div_ceil(E::WIDTH);
        for (i, c) in c.chunks(GROUP * PANEL).enumerate() {
            let at = ((task.group + i) * length + task.panel * PANEL / E::WIDTH) * GROUP;
            // SAFETY: elements of this task's groups and panel alone, inside the hidden rows, which are initialised.
            let group = unsafe { std::slice::from_raw_parts_mut(to.at(at), elements * GROUP) };
            E::pack(group, c, PANEL, columns, to_bf16);
        }
    });
    hidden
}

/// How rows are multiplied with weights.
pub(super) enum Kind {
    Pairs(Tile<u32>),
    /// And whether rows are rounded to bf16.
    Singles(Tile<f32>, bool),
    /// Rows of 8 bits.
    Quads,
}

struct Tiled<'a, E: Unpack> {
    rows: &'a Rows<E>,
    tile: Tile<E>,
}

impl Kind {
    pub(super) fn of(weights: &Packed, level: Level) -> Self {
        assert!(level <= Level::detect(), "the CPU has no {}", level.name());
        if matches!(weights.store, Store::Quads(_)) {
            return Self::Quads;
        }
        let exact = matches!(weights.store, Store::F32(_));
        match tile::pairs(level) {
            Some(tile) if !exact => Self::Pairs(tile),
            _ => Self::Singles(tile::singles(level), !exact),
        }
    }
}

/// A panel of one of the weights times some groups of rows.
struct Task {
    weight: usize,
    panel: usize,
    /// The first group.
    group: usize,
}

/// A pointer that tasks share; each writes its own elements.
struct Shared<T>(*mut T);
// SAFETY: tasks write disjoint elements.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    fn at(&self, offset: usize) -> *mut T {
        // SAFETY: callers pass the offset of an element inside the buffer.
        unsafe { self.0.add(offset) }
    }
}

/// Elements into which weights can be unpacked.
pub(super) trait Unpack: Element {
    /// Elements `start ..` of a panel in the order of the product: in place, or brought into `scratch`.
    fn panel<'a>(weights: &'a Packed, panel: usize, start: usize, scratch: &'a mut [Self]) -> &'a [Self];

    /// The scratch of this thread.
    fn scratch() -> &'static std::thread::LocalKey<RefCell<Vec<Self>>>;
}

/// The part `start .. start + length` of a panel whose rows have 32 entries.
fn part<T>(all: &[T], panel: usize, of: usize, start: usize, length: usize) -> &[T] {
    let from = (panel * of + start) * PANEL;
    &all[from..from + length * PANEL]
}

impl Unpack for f32 {
    fn panel<'a>(weights: &'a Packed, panel: usize, start: usize, scratch: &'a mut [f32]) -> &'a [f32] {
        let (pairs, length) = (weights.pairs(), scratch.len() / PANEL);
        match &weights.store {
            Store::F32(values) => return part(values, panel, 2 * pairs, start, length),
            Store::Bf16(values) => widen_pairs(scratch, part(values, panel, pairs, start / 2, length / 2)),
            Store::Int8 { codes, .. } => widen_codes(scratch, part(codes, panel, 2 * pairs, start, length)),
            Store::Quads(_) => unreachable!("they have rows of their own"),
        }
        scratch
    }

    fn scratch() -> &'static std::thread::LocalKey<RefCell<Vec<f32>>> {
        thread_local!(static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(vec![]) });
        &SCRATCH
    }
}

impl Unpack for u32 {
    fn panel<'a>(weights: &'a Packed, panel: usize, start: usize, scratch: &'a mut [u32]) -> &'a [u32] {
        let (pairs, length) = (weights.pairs(), scratch.len() / PANEL);
        match &weights.store {
            Store::Bf16(values) => return part(values, panel, pairs, start, length),
            Store::Int8 { codes, .. } => pair_codes(scratch, part(codes, panel, 2 * pairs, 2 * start, 2 * length)),
            Store::F32(_) | Store::Quads(_) => unreachable!("they have rows of their own"),
        }
        scratch
    }

    fn scratch() -> &'static std::thread::LocalKey<RefCell<Vec<u32>>> {
        thread_local!(static SCRATCH: RefCell<Vec<u32>> = const { RefCell::new(vec![]) });
        &SCRATCH
    }
}

/// Calls `sink(task, sums)` with the finished `[rows of the task][32]` values of every task, in parallel.
fn product(x: &impl Left, weights: &[&Packed], sink: impl Fn(&Task, &mut [f32]) + Sync) {
    let panels = weights[0].panels();
    // Narrow layers have few panels: then tasks take fewer rows, so that every thread finds some. No sum changes by it.
    let wanted = (TASKS * rayon::current_num_threads()).div_ceil(weights.len() * panels);
    let all = x.rows().div_ceil(GROUP);
    let groups = all.div_ceil(wanted).clamp(1, GROUPS);
    let strips = all.div_ceil(groups);
    (0..weights.len() * panels * strips).into_par_iter().for_each(|i| {
        let task = Task { weight: i / strips / panels, panel: i / strips % panels, group: i % strips * groups };
        let mut c = [0.0f32; GROUPS * GROUP * PANEL];
        let rows = (x.rows() - task.group * GROUP).min(groups * GROUP);
        let c = &mut c[..rows * PANEL];
        x.multiply(c, weights[task.weight], task.panel, task.group);
        finish(c, weights[task.weight], task.panel);
        sink(&task, c);
    });
}

impl<E: Unpack> Left for Tiled<'_, E> {
    fn rows(&self) -> usize {
        self.rows.rows
    }

    fn fits(&self, weights: &Packed) -> bool {
        2 * weights.pairs() == self.rows.length * E::WIDTH
    }

    fn multiply(&self, c: &mut [f32], weights: &Packed, panel: usize, group: usize) {
        let (x, most) = (self.rows, STRETCH / size_of::<E>() / PANEL);
        E::scratch().with_borrow_mut(|scratch| {
            scratch.resize(most * PANEL, E::default());
            for start in (0..x.length).step_by(most) {
                let steps = most.min(x.length - start);
                let b = E::panel(weights, panel, start, &mut scratch[..steps * PANEL]);
                for (i, c) in c.chunks_mut(GROUP * PANEL).enumerate() {
                    let a = ((group + i) * x.length + start) * GROUP;
                    let (a, rows) = (&x.data[a..a + steps * GROUP], c.len() / PANEL);
                    // SAFETY: `a` has `steps` times 12 elements, `b` `steps` times 32, `c` `rows` times 32; the tile was
                    // chosen for a level that the CPU has.
                    unsafe { (self.tile)(rows, steps, a.as_ptr(), b.as_ptr(), c.as_mut_ptr(), start == 0) };
                }
            }
        });
    }
}

/// Applies scales, if there are any, and adds the bias.
fn finish(c: &mut [f32], weights: &Packed, panel: usize) {
    let bias = &weights.bias.as_chunks::<PANEL>().0[panel];
    match &weights.store {
        Store::Int8 { scales, .. } => scale_and_add(c, &scales.as_chunks::<PANEL>().0[panel], bias),
        _ => add(c, bias),
    }
}

// Rows as arrays: loops of a known length become plain vectors.

simd! {
    fn add(c: &mut [f32], bias: &[f32; PANEL]) {
        for c in c.as_chunks_mut::<PANEL>().0 {
            for (c, bias) in c.iter_mut().zip(bias) {
                *c += bias;
            }
        }
    }

    fn scale_and_add(c: &mut [f32], scales: &[f32; PANEL], bias: &[f32; PANEL]) {
        for c in c.as_chunks_mut::<PANEL>().0 {
            for ((c, scale), bias) in c.iter_mut().zip(scales).zip(bias) {
                *c = *c * scale + bias;
            }
        }
    }

    fn gelu(c: &mut [f32]) {
        for c in c {
            *c *= gate(*c);
        }
    }

    /// `[steps / 2][32]` pairs to `[steps][32]` values.
    fn widen_pairs(to: &mut [f32], from: &[u32]) {
        let to = to.as_chunks_mut::<PANEL>().0.as_chunks_mut::<2>().0;
        for ([even, odd], pairs) in to.iter_mut().zip(from.as_chunks::<PANEL>().0) {
            for (even, pair) in even.iter_mut().zip(pairs) {
                *even = f32::from_bits(pair << 16);
            }
            for (odd, pair) in odd.iter_mut().zip(pairs) {
                *odd = f32::from_bits(pair & 0xffff_0000);
            }
        }
    }

    fn narrow(to: &mut [bf16], from: &[f32]) {
        for (to, from) in to.iter_mut().zip(from) {
            *to = bf16::from_bits((round(*from) >> 16) as u16);
        }
    }

    fn widen_codes(to: &mut [f32], from: &[i8]) {
        for (to, from) in to.iter_mut().zip(from) {
            *to = f32::from(*from);
        }
    }

    /// `[steps][2][32]` codes to `[steps][32]` pairs of bf16, which hold every code exactly.
    fn pair_codes(to: &mut [u32], from: &[i8]) {
        let from = from.as_chunks::<PANEL>().0.as_chunks::<2>().0;
        for (to, [even, odd]) in to.as_chunks_mut::<PANEL>().0.iter_mut().zip(from) {
            for ((to, even), odd) in to.iter_mut().zip(even).zip(odd) {
                *to = (f32::from(*even).to_bits() >> 16) | f32::from(*odd).to_bits();
            }
        }
    }
}

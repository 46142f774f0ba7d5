//! Linear layers: weights brought into the order in which the product reads them; for inference once, when they are
//! loaded, and in training in bf16 each time (`trained`).
//!
//! ```text
//! weights  [out, in] on disk -> panels of 32 outputs, each [in / 2][32] pairs of bf16 (or codes of 8 bits, or f32)
//! rows     [rows, in] f32    -> groups of 12 rows, each [in / 2][12] pairs of bf16 (or [in][12] f32)
//! product  a task is a panel times some groups: a tile of 12 x 32 sums stays in registers
//! ```
//!
//! With weights of 16 or 8 bits the rows are rounded to bf16 at every [`Level`](super::cpu::Level), products are exact
//! and sums are f32, so that levels differ in nothing but the rounding of sums. With f32 weights nothing is rounded. Where
//! the CPU sums products of bytes, rows that meet weights of 8 bits are rounded to 8 bits too (`quads`).
//! Each number of the output is summed by one task in one order: the result does not depend on threads.

pub(super) mod heads;
mod left;
mod op;
mod pack;
mod product;
mod quads;
mod rows;
#[cfg(test)]
mod tests;
mod tile;
#[cfg(feature = "train")]
mod trained;
#[cfg(feature = "train")]
mod trained_op;

pub(crate) use op::{linear, mlp};
pub(crate) use pack::Packed;
#[cfg(feature = "train")]
pub(crate) use trained_op::{is_trained_in_bf16, linear as trained};

/// Whether weights of 8 bits meet rows of 8 bits on this CPU.
pub(crate) fn has_quads() -> bool {
    tile::has_quads(super::cpu::Level::current())
}

/// Outputs of a panel.
const PANEL: usize = 32;
/// Rows of a group.
const GROUP: usize = 12;
/// Inputs that share a scale in 8 bits.
const RUN: usize = 128;
/// Quads of a run.
const STEPS: usize = RUN / 4;
/// Added to the codes of weights in quads.
const OFFSET: i32 = 128;

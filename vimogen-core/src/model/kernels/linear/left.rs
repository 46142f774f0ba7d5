//! The left side of a product.

use super::pack::Packed;

/// Rows in the order of the product, and how they are multiplied.
pub(super) trait Left: Sync {
    fn rows(&self) -> usize;

    /// Whether such weights can be multiplied.
    fn fits(&self, weights: &Packed) -> bool;

    /// The sums of a panel with the groups of rows from `group` on: `[rows][32]`.
    fn multiply(&self, c: &mut [f32], weights: &Packed, panel: usize, group: usize);
}

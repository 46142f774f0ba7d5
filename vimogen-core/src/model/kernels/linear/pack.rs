//! Weights in the order of the product.

use half::bf16;
use rayon::prelude::*;

use super::super::cpu::Level;
use super::PANEL;

/// How the weights of a packed model are kept. Sums are in f32 with all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// 4 bytes a weight, exact.
    F32,
    /// 2 bytes a weight; activations are rounded to bf16 before they are multiplied.
    Bf16,
    /// 1 byte a weight and a scale for each output: `weight = scale * code`, codes in -127..=127. Activations as with
    /// bf16.
    Int8,
}

impl Precision {
    /// Whether f32 weights are worth packing: without vectors of 256 bits Burn's own product is faster.
    pub(crate) fn packs_f32() -> bool {
        Level::current() >= Level::Avx2
    }
}

/// Weights of a linear layer in the order of the product, and its bias.
pub(crate) struct Packed {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) store: Store,
    /// One number for each output, zeros up to whole panels.
    pub(super) bias: Vec<f32>,
}

/// Panels one after the other; inputs and outputs are padded with zeros to whole pairs and panels.
pub(super) enum Store {
    /// `[panel][in][32]`
    F32(Vec<f32>),
    /// `[panel][in / 2][32]`, the even input of a pair in the low half.
    Bf16(Vec<u32>),
    /// `[panel][in / 2][2][32]` and a scale for each output.
    Int8 { codes: Vec<i8>, scales: Vec<f32> },
}

impl std::fmt::Debug for Packed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packed").field("inputs", &self.inputs).field("outputs", &self.outputs).finish_non_exhaustive()
    }
}

impl Packed {
    /// Packs the matrix with the elements `at(output, input)`, with a bias of zeros.
    pub(crate) fn new(
        inputs: usize,
        outputs: usize,
        precision: Precision,
        at: impl Fn(usize, usize) -> f32 + Sync,
    ) -> Self {
        let at = |output: usize, input: usize| match output < outputs && input < inputs {
            true => at(output, input),
            false => 0.0,
        };
        let (pairs, panels) = (inputs.div_ceil(2), outputs.div_ceil(PANEL));
        let store = match precision {
            Precision::F32 => Store::F32(panelled(panels, 2 * pairs, |panel, k, to: &mut [f32]| {
                for (j, to) in to.iter_mut().enumerate() {
                    *to = at(panel * PANEL + j, k);
                }
            })),
            Precision::Bf16 => Store::Bf16(panelled(panels, pairs, |panel, pair, to: &mut [u32]| {
                let half = |j, k| u32::from(bf16::from_f32(at(panel * PANEL + j, k)).to_bits());
                for (j, to) in to.iter_mut().enumerate() {
                    *to = half(j, 2 * pair) | (half(j, 2 * pair + 1) << 16);
                }
            })),
            Precision::Int8 => {
                let largest = |row| (0..inputs).fold(0.0f32, |most, k| most.max(at(row, k).abs()));
                let scales: Vec<f32> = (0..panels * PANEL).into_par_iter().map(|row| largest(row) / 127.0).collect();
                let codes = panelled(panels, 2 * pairs, |panel, k, to: &mut [i8]| {
                    for (j, to) in to.iter_mut().enumerate() {
                        let row = panel * PANEL + j;
                        *to = if scales[row] > 0.0 { (at(row, k) / scales[row]).round() as i8 } else { 0 };
                    }
                });
                Store::Int8 { codes, scales }
            }
        };
        Self { inputs, outputs, store, bias: vec![0.0; panels * PANEL] }
    }

    /// The same weights with this bias, one number for each output.
    pub(crate) fn with_bias(mut self, bias: &[f32]) -> Self {
        assert_eq!(bias.len(), self.outputs, "one number for each output");
        self.bias[..bias.len()].copy_from_slice(bias);
        self
    }

    /// `[inputs, outputs]`
    pub(crate) fn shape(&self) -> [usize; 2] {
        [self.inputs, self.outputs]
    }

    pub(super) fn pairs(&self) -> usize {
        self.inputs.div_ceil(2)
    }

    pub(super) fn panels(&self) -> usize {
        self.outputs.div_ceil(PANEL)
    }

    /// Bytes of the weights.
    pub(crate) fn bytes(&self) -> usize {
        match &self.store {
            Store::F32(values) => size_of_val(&values[..]),
            Store::Bf16(values) => size_of_val(&values[..]),
            Store::Int8 { codes, scales } => codes.len() + size_of_val(&scales[..]),
        }
    }

    /// The weight of an output and an input.
    fn weight(&self, output: usize, input: usize) -> f32 {
        let (panel, j) = (output / PANEL, output % PANEL);
        let at = |k: usize, length: usize| (panel * length + k) * PANEL + j;
        match &self.store {
            Store::F32(values) => values[at(input, 2 * self.pairs())],
            Store::Bf16(values) => {
                let pair = values[at(input / 2, self.pairs())];
                f32::from_bits(if input % 2 == 0 { pair << 16 } else { pair & 0xffff_0000 })
            }
            Store::Int8 { codes, scales } => f32::from(codes[at(input, 2 * self.pairs())]) * scales[output],
        }
    }

    /// The weights as an `[inputs, outputs]` matrix: what was packed, rounded as it was.
    pub(crate) fn unpack(&self) -> Vec<f32> {
        let mut out = vec![0.0; self.inputs * self.outputs];
        out.par_chunks_mut(self.outputs).enumerate().for_each(|(input, row)| {
            for (output, to) in row.iter_mut().enumerate() {
                *to = self.weight(output, input);
            }
        });
        out
    }
}

/// `[panels][length][32]` elements, filled in parallel by `fill(panel, position, 32 elements)`.
fn panelled<T: Copy + Default + Send>(
    panels: usize,
    length: usize,
    fill: impl Fn(usize, usize, &mut [T]) + Sync,
) -> Vec<T> {
    let mut out = vec![T::default(); panels * length * PANEL];
    out.par_chunks_mut((length * PANEL).max(1)).enumerate().for_each(|(panel, out)| {
        for (k, to) in out.chunks_exact_mut(PANEL).enumerate() {
            fill(panel, k, to);
        }
    });
    out
}

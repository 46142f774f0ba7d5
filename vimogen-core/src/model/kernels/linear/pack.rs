//! Weights in the order of the product.

use rayon::prelude::*;

use super::super::cpu::Level;
use super::rows::round;
use super::tile;
use super::{OFFSET, PANEL, RUN};
use crate::model::WeightDtype;

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
    /// Codes that are multiplied with rows of 8 bits.
    Quads(Quads),
}

/// Codes and scales of weights.
pub(super) struct Quads {
    /// `[panel][in / 4][32]`
    pub codes: Vec<u32>,
    /// `[panel][in / 128][32]`
    pub scales: Vec<f32>,
}

impl Quads {
    /// The weight of an output and an input, of `inputs`.
    pub(super) fn weight(&self, inputs: usize, output: usize, input: usize) -> f32 {
        let (panel, j) = (output / PANEL, output % PANEL);
        let word = self.codes[(panel * inputs.div_ceil(4) + input / 4) * PANEL + j];
        let code = i32::from(word.to_le_bytes()[input % 4]) - OFFSET;
        code as f32 * self.scales[(panel * inputs.div_ceil(RUN) + input / RUN) * PANEL + j]
    }
}

impl std::fmt::Debug for Packed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packed").field("inputs", &self.inputs).field("outputs", &self.outputs).finish_non_exhaustive()
    }
}

impl Packed {
    /// How the weights are kept.
    pub(crate) fn dtype(&self) -> WeightDtype {
        match self.store {
            Store::F32(_) => WeightDtype::F32,
            Store::Bf16(_) => WeightDtype::Bf16,
            Store::Int8 { .. } | Store::Quads(_) => WeightDtype::Int8,
        }
    }

    /// Packs a matrix, with a bias of zeros. `read(output, input, to)` reads the weights of an output from an input on.
    pub(crate) fn new(
        inputs: usize,
        outputs: usize,
        dtype: WeightDtype,
        read: impl Fn(usize, usize, &mut [f32]) + Sync,
    ) -> Self {
        Self::for_level(inputs, outputs, dtype, Level::current(), read)
    }

    /// [`Packed::new`] for a CPU of a level.
    pub(super) fn for_level(
        inputs: usize,
        outputs: usize,
        dtype: WeightDtype,
        level: Level,
        read: impl Fn(usize, usize, &mut [f32]) + Sync,
    ) -> Self {
        let source = Source { inputs, outputs, read };
        let panels = outputs.div_ceil(PANEL);
        let store = match dtype {
            WeightDtype::F32 => Store::F32(source.singles(panels)),
            WeightDtype::Bf16 => Store::Bf16(source.pairs(panels)),
            WeightDtype::Int8 if tile::has_quads(level) => Store::Quads(source.quads(panels)),
            WeightDtype::Int8 => {
                let (codes, scales) = source.codes(panels);
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
            Store::Quads(Quads { codes, scales }) => size_of_val(&codes[..]) + size_of_val(&scales[..]),
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
                f32::from_bits(if input.is_multiple_of(2) { pair << 16 } else { pair & 0xffff_0000 })
            }
            Store::Int8 { codes, scales } => f32::from(codes[at(input, 2 * self.pairs())]) * scales[output],
            Store::Quads(quads) => quads.weight(self.inputs, output, input),
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

/// Inputs that are read at once: whole cache lines of every type of float.
const CHUNK: usize = 64;

/// A matrix that is read by rows, one for each output.
struct Source<F> {
    inputs: usize,
    outputs: usize,
    read: F,
}

impl<F: Fn(usize, usize, &mut [f32]) + Sync> Source<F> {
    /// Calls `put(output within the panel, first input, numbers)` for all weights of a panel, in an order that stays in the
    /// cache on both sides. `numbers` are padded with zeros to a whole pair.
    fn each(&self, panel: usize, mut put: impl FnMut(usize, usize, &[f32])) {
        for start in (0..self.inputs).step_by(CHUNK) {
            let n = CHUNK.min(self.inputs - start);
            for j in 0..PANEL.min(self.outputs - panel * PANEL) {
                let mut numbers = [0.0f32; CHUNK];
                (self.read)(panel * PANEL + j, start, &mut numbers[..n]);
                put(j, start, &numbers[..n.next_multiple_of(2)]);
            }
        }
    }

    fn length(&self) -> usize {
        self.inputs.next_multiple_of(2)
    }

    fn singles(&self, panels: usize) -> Vec<f32> {
        panelled(panels, self.length(), |panel, to| {
            self.each(panel, |j, start, numbers| {
                for (to, number) in to[start * PANEL..].chunks_exact_mut(PANEL).zip(numbers) {
                    to[j] = *number;
                }
            });
        })
    }

    fn pairs(&self, panels: usize) -> Vec<u32> {
        panelled(panels, self.length() / 2, |panel, to| {
            self.each(panel, |j, start, numbers| {
                let places = to[start / 2 * PANEL..].chunks_exact_mut(PANEL);
                for (to, [even, odd]) in places.zip(numbers.as_chunks::<2>().0) {
                    to[j] = (round(*even) >> 16) | (round(*odd) & 0xffff_0000);
                }
            });
        })
    }

    /// Codes and scales.
    fn codes(&self, panels: usize) -> (Vec<i8>, Vec<f32>) {
        let scales: Vec<f32> = (0..panels).into_par_iter().flat_map_iter(|panel| self.scales(panel)).collect();
        let codes = panelled(panels, self.length(), |panel, to: &mut [i8]| {
            let scales = &scales[panel * PANEL..];
            self.each(panel, |j, start, numbers| {
                let inverse = if scales[j] > 0.0 { scales[j].recip() } else { 0.0 };
                for (to, number) in to[start * PANEL..].chunks_exact_mut(PANEL).zip(numbers) {
                    to[j] = (number * inverse).round() as i8;
                }
            });
        });
        (codes, scales)
    }

    /// Codes and scales of 8 bits that are multiplied with rows of 8 bits.
    fn quads(&self, panels: usize) -> Quads {
        let runs = self.inputs.div_ceil(RUN);
        let scales = panelled(panels, runs, |panel, to: &mut [f32]| {
            self.each(panel, |j, start, numbers| {
                let scale = &mut to[start / RUN * PANEL + j];
                *scale = numbers.iter().fold(*scale, |most, number| most.max(number.abs() / 127.0));
            });
        });
        let codes = panelled(panels, self.inputs.div_ceil(4), |panel, to: &mut [u32]| {
            self.each(panel, |j, start, numbers| {
                let scale = scales[(panel * runs + start / RUN) * PANEL + j];
                let inverse = if scale > 0.0 { scale.recip() } else { 0.0 };
                for (to, numbers) in to[start / 4 * PANEL..].chunks_exact_mut(PANEL).zip(numbers.chunks(4)) {
                    let mut bytes = [OFFSET as u8; 4];
                    for (byte, number) in bytes.iter_mut().zip(numbers) {
                        *byte = ((number * inverse).round() as i32 + OFFSET) as u8;
                    }
                    to[j] = u32::from_le_bytes(bytes);
                }
            });
        });
        Quads { codes, scales }
    }

    /// The scale of each output of a panel: its largest weight becomes 127.
    fn scales(&self, panel: usize) -> [f32; PANEL] {
        let mut scales = [0.0f32; PANEL];
        self.each(panel, |j, _, numbers| {
            scales[j] = numbers.iter().fold(scales[j], |most, number| most.max(number.abs() / 127.0));
        });
        scales
    }
}

/// `[panels][length][32]` elements, filled in parallel by `fill(panel, its elements)`.
fn panelled<T: Copy + Default + Send>(panels: usize, length: usize, fill: impl Fn(usize, &mut [T]) + Sync) -> Vec<T> {
    let mut out = vec![T::default(); panels * length * PANEL];
    out.par_chunks_mut(length * PANEL).enumerate().for_each(|(panel, to)| fill(panel, to));
    out
}

//! A block of the encoder on tensors: attention over each text, then the gated feed-forward part.

use std::ops::Range;

use burn::tensor::activation::softmax;
use burn::tensor::{DType, Tensor};

use super::buckets;
use super::matrix::Matrix;
use super::weights::{BlockWeights, Linear, Umt5Config};
use crate::model::host::upload_values;
use crate::model::kernels;

/// Epsilon of every norm.
const EPS: f64 = 1e-6;

/// Texts that are computed together, concatenated in one matrix without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packed {
    texts: Vec<Text>,
}

/// One text among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    /// Its rows.
    pub rows: Range<usize>,
    /// Number of leading rows that are attended to.
    pub keys: usize,
}

impl Packed {
    /// `(rows, keys)` of each text, 1 <= keys <= rows.
    pub(super) fn new(sizes: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut start = 0;
        let texts = sizes.into_iter().map(|(rows, keys)| {
            start += rows;
            Text { rows: start - rows..start, keys }
        });
        Self { texts: texts.collect() }
    }

    pub(super) fn texts(&self) -> &[Text] {
        &self.texts
    }

    /// Maximum rows and maximum keys.
    fn longest(&self) -> (usize, usize) {
        let most = |f: fn(&Text) -> usize| self.texts.iter().map(f).max().unwrap_or(1);
        (most(|text| text.rows.len()), most(|text| text.keys))
    }
}

/// `weight * x / sqrt(mean(x^2) + 1e-6)`, in f32 regardless of the type of `x`.
///
/// # Shapes
/// - x, output: `[rows, dim]`
pub(super) fn rms_norm(x: Tensor<2>, weight: &[f32]) -> Tensor<2> {
    let (dtype, device) = (x.dtype(), x.device());
    let weight = upload_values(weight.to_vec(), [1, 1, weight.len()], &device);
    let y = kernels::rms_norm(x.cast(DType::F32).unsqueeze_dim::<3>(0), weight, EPS);
    y.squeeze_dim::<2>(0).cast(dtype)
}

/// One block.
///
/// # Shapes
/// - x, output: `[rows, dim]`
pub(super) fn block(x: Tensor<2>, weights: &BlockWeights, config: &Umt5Config, packed: &Packed) -> Tensor<2> {
    let x = x.clone() + attention(x, weights, config, packed);
    x.clone() + ffn(x, weights)
}

/// Output of the feed-forward part: `Down(Up(x) * gelu(Gate(x)))` of the normed input.
///
/// # Shapes
/// - x, output: `[rows, dim]`
pub(super) fn ffn(x: Tensor<2>, weights: &BlockWeights) -> Tensor<2> {
    let x = rms_norm(x, &weights.norm2);
    let dtype = x.dtype();
    let [gate, up] = Matrix::apply_all([Linear::Gate, Linear::Up].map(|which| weights.matrix(which)), x);
    // In f32 regardless of the type: a cube and an exponential in bf16 would lose the precision of the products.
    let gate = kernels::gelu(gate.cast(DType::F32)).cast(dtype);
    weights.matrix(Linear::Down).apply(up * gate)
}

/// Output of the attention: without scaling, each head with a bias by relative position; the softmax is in f32.
///
/// # Shapes
/// - x, output: `[rows, dim]`
pub(super) fn attention(x: Tensor<2>, weights: &BlockWeights, config: &Umt5Config, packed: &Packed) -> Tensor<2> {
    let x = rms_norm(x, &weights.norm1);
    let (heads, width) = (config.heads, config.attention_dim);
    let (queries, keys) = packed.longest();
    let device = x.device();
    // The bias depends on key minus query: that of a shorter text is a corner of it.
    let bias = upload_values(buckets::bias(&weights.positions, heads, queries, keys), [heads, queries, keys], &device);
    let [q, k, v] =
        Matrix::apply_all([Linear::Query, Linear::Key, Linear::Value].map(|which| weights.matrix(which)), x);
    let head = |all: &Tensor<2>, rows: Range<usize>| -> Tensor<3> {
        let n = rows.len();
        all.clone().slice([rows, 0..width]).reshape([n, heads, width / heads]).swap_dims(0, 1)
    };
    let mixed = packed.texts.iter().map(|Text { rows, keys }| {
        let (queries, valid) = (rows.len(), rows.start..rows.start + keys);
        let (q, k, v) = (head(&q, rows.clone()), head(&k, valid.clone()), head(&v, valid));
        let dtype = q.dtype();
        let bias = bias.clone().slice([0..heads, 0..queries, 0..*keys]);
        let scores = softmax(q.matmul(k.swap_dims(1, 2)).cast(DType::F32) + bias, 2);
        scores.cast(dtype).matmul(v).swap_dims(0, 1).reshape([queries, width])
    });
    weights.matrix(Linear::Output).apply(Tensor::cat(mixed.collect(), 0))
}

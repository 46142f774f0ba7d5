//! Multi-head attention with normalised queries and keys. Neither rotary embeddings nor a causal mask are used.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::config::DitConfig;
use super::kernels;
use super::layers::{Linear, RmsNorm, project};
use super::probe;

/// Keys and values of one attention layer.
#[derive(Debug, Clone)]
pub struct KeyValue {
    /// `[batch, tokens, dim]`, normalised
    keys: Tensor<3>,
    /// `[batch, tokens, dim]`
    values: Tensor<3>,
}

/// `o(softmax(q k^T / sqrt(head_dim)) v)`, with q and k normalised over the whole width before the heads are split.
#[derive(Module, Debug)]
pub struct Attention {
    /// Query projection.
    pub q: Linear,
    /// Key projection.
    pub k: Linear,
    /// Value projection.
    pub v: Linear,
    /// Output projection.
    pub o: Linear,
    /// Norm of the queries.
    pub norm_q: RmsNorm,
    /// Norm of the keys.
    pub norm_k: RmsNorm,
    heads: usize,
}

impl Attention {
    pub(crate) fn new(config: &DitConfig, device: &Device) -> Self {
        let linear = || Linear::new(config.dim, config.dim, device);
        let norm = || RmsNorm::new(config.dim, config.eps, device);
        let (q, k, v, o) = (linear(), linear(), linear(), linear());
        Self { q, k, v, o, norm_q: norm(), norm_k: norm(), heads: config.num_heads }
    }

    pub(super) fn layers(&mut self) -> [&mut Linear; 4] {
        [&mut self.q, &mut self.k, &mut self.v, &mut self.o]
    }

    /// Keys and values of a source; text sources are projected once per generation.
    pub fn key_value(&self, source: Tensor<3>) -> KeyValue {
        let keys = self.norm_k.forward(self.k.forward_block(source.clone()));
        KeyValue { keys, values: self.v.forward_block(source) }
    }

    /// Attends from `x` to the first `lengths[i]` keys of each sample's source.
    ///
    /// A sample without any valid key gets zeros before the output projection.
    ///
    /// # Shapes
    ///
    /// - x, output: `[batch, tokens, dim]`
    pub fn forward(&self, x: Tensor<3>, source: KeyValue, lengths: &[usize]) -> Tensor<3> {
        self.attend(self.q.forward_block(x), source, lengths)
    }

    /// Attends from `x` to itself.
    pub fn attend_self(&self, x: Tensor<3>, lengths: &[usize]) -> Tensor<3> {
        let [queries, keys, values] = project(x, [&self.q, &self.k, &self.v]);
        self.attend(queries, KeyValue { keys: self.norm_k.forward(keys), values }, lengths)
    }

    /// [`Attention::forward`] with queries that are projected already.
    fn attend(&self, queries: Tensor<3>, source: KeyValue, lengths: &[usize]) -> Tensor<3> {
        let queries = self.norm_q.forward(queries);
        probe::value("norm_q", &queries);
        self.o.forward_block(kernels::attention(queries, source.keys, source.values, lengths, self.heads))
    }
}

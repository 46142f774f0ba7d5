//! Multi-head attention with normalised queries and keys. There is no rotary embedding and no causal mask.

use burn::module::Module;
use burn::tensor::module::attention;
use burn::tensor::ops::AttentionModuleOptions;
use burn::tensor::{Bool, Device, Int, Tensor};

use super::config::DitConfig;
use super::layers::{Linear, RmsNorm};
use super::probe;

/// Keys and values of one attention layer, split into heads.
#[derive(Debug, Clone)]
pub struct KeyValue {
    /// `[batch, heads, tokens, head_dim]`
    keys: Tensor<4>,
    /// `[batch, heads, tokens, head_dim]`
    values: Tensor<4>,
}

/// Which keys each sample may attend to: its first `len`.
#[derive(Debug, Clone, Default)]
pub struct KeyMask(Option<Tensor<4, Bool>>);

impl KeyMask {
    /// A mask for samples of the given lengths, padded to `tokens`.
    pub fn new(lengths: &[usize], tokens: usize, device: &Device) -> Self {
        if lengths.iter().all(|len| *len >= tokens) {
            return Self(None);
        }
        let batch = lengths.len();
        let lengths: Vec<i32> = lengths.iter().map(|len| *len as i32).collect();
        let lengths = Tensor::<1, Int>::from_ints(lengths.as_slice(), device).reshape([batch, 1, 1, 1]);
        let index = Tensor::<1, Int>::arange(0..tokens as i64, device).reshape([1, 1, 1, tokens]);
        let hidden = index.expand([batch, 1, 1, tokens]).greater_equal(lengths.expand([batch, 1, 1, tokens]));
        Self(Some(hidden))
    }

    /// The burn mask: true is hidden.
    fn expand(&self, batch: usize, heads: usize, queries: usize) -> Option<Tensor<4, Bool>> {
        self.0.as_ref().map(|mask| {
            let [_, _, _, keys] = mask.dims();
            mask.clone().expand([batch, heads, queries, keys])
        })
    }
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

    /// # Shapes
    ///
    /// - x: `[batch, tokens, dim]`
    /// - output: `[batch, heads, tokens, head_dim]`
    fn split_heads(&self, x: Tensor<3>) -> Tensor<4> {
        let [batch, tokens, dim] = x.dims();
        x.reshape([batch, tokens, self.heads, dim / self.heads]).swap_dims(1, 2)
    }

    /// Keys and values of a source; text sources are projected once per generation.
    pub fn key_value(&self, source: Tensor<3>) -> KeyValue {
        let keys = self.norm_k.forward(self.k.forward(source.clone()));
        KeyValue { keys: self.split_heads(keys), values: self.split_heads(self.v.forward(source)) }
    }

    /// Attends from `x` to `source`.
    ///
    /// A sample without any valid key gets zeros before the output projection.
    ///
    /// # Shapes
    ///
    /// - x, output: `[batch, tokens, dim]`
    pub fn forward(&self, x: Tensor<3>, source: KeyValue, mask: &KeyMask) -> Tensor<3> {
        let [batch, tokens, dim] = x.dims();
        let queries = self.norm_q.forward(self.q.forward(x));
        probe::value("norm_q", &queries);
        let mask = mask.expand(batch, self.heads, tokens);
        let options = AttentionModuleOptions::default();
        let y = attention(self.split_heads(queries), source.keys, source.values, mask, None, options);
        self.o.forward(y.swap_dims(1, 2).reshape([batch, tokens, dim]))
    }

    /// Attends from `x` to itself.
    pub fn attend_self(&self, x: Tensor<3>, mask: &KeyMask) -> Tensor<3> {
        let source = self.key_value(x.clone());
        self.forward(x, source, mask)
    }
}

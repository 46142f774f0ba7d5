//! The encoder's weights in a file, with the names of the release or of `transformers`, read by block or row.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::matrix::Matrix;
use crate::error::{Error, Result};
use crate::format::{TensorInfo, TensorSource};

/// Bounds of sizes that come from a file.
const MAX_LAYERS: usize = 256;
const MAX_WIDTH: usize = 1 << 16;
const MAX_VOCAB: usize = 1 << 22;
const MAX_BUCKETS: usize = 1 << 12;

/// Sizes of an encoder, from the shapes of its weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Umt5Config {
    /// Rows of the embedding.
    pub vocab: usize,
    /// Width of a token.
    pub dim: usize,
    /// Width of queries, keys and values, all heads together.
    pub attention_dim: usize,
    /// Heads.
    pub heads: usize,
    /// Width of the feed-forward part.
    pub ffn_dim: usize,
    /// Blocks.
    pub layers: usize,
    /// Buckets of relative positions.
    pub buckets: usize,
}

/// The seven matrices of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Linear {
    Query,
    Key,
    Value,
    Output,
    Gate,
    Up,
    Down,
}

pub(super) const LINEARS: [Linear; 7] =
    [Linear::Query, Linear::Key, Linear::Value, Linear::Output, Linear::Gate, Linear::Up, Linear::Down];

/// The three small arrays of a block.
#[derive(Debug, Clone, Copy)]
enum Small {
    Norm1,
    Norm2,
    Positions,
}

/// Naming scheme of the tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `blocks.0.attn.q.weight`: Wan's and with it the release's.
    Release,
    /// `encoder.block.0.layer.0.SelfAttention.q.weight`.
    Transformers,
}

impl Style {
    fn linear(self, block: usize, which: Linear) -> String {
        match self {
            Self::Release => {
                let part = match which {
                    Linear::Query => "attn.q",
                    Linear::Key => "attn.k",
                    Linear::Value => "attn.v",
                    Linear::Output => "attn.o",
                    Linear::Gate => "ffn.gate.0",
                    Linear::Up => "ffn.fc1",
                    Linear::Down => "ffn.fc2",
                };
                format!("blocks.{block}.{part}.weight")
            }
            Self::Transformers => {
                let part = match which {
                    Linear::Query => "0.SelfAttention.q",
                    Linear::Key => "0.SelfAttention.k",
                    Linear::Value => "0.SelfAttention.v",
                    Linear::Output => "0.SelfAttention.o",
                    Linear::Gate => "1.DenseReluDense.wi_0",
                    Linear::Up => "1.DenseReluDense.wi_1",
                    Linear::Down => "1.DenseReluDense.wo",
                };
                format!("encoder.block.{block}.layer.{part}.weight")
            }
        }
    }

    fn small(self, block: usize, which: Small) -> String {
        match (self, which) {
            (Self::Release, Small::Norm1) => format!("blocks.{block}.norm1.weight"),
            (Self::Release, Small::Norm2) => format!("blocks.{block}.norm2.weight"),
            (Self::Release, Small::Positions) => format!("blocks.{block}.pos_embedding.embedding.weight"),
            (Self::Transformers, Small::Norm1) => format!("encoder.block.{block}.layer.0.layer_norm.weight"),
            (Self::Transformers, Small::Norm2) => format!("encoder.block.{block}.layer.1.layer_norm.weight"),
            (Self::Transformers, Small::Positions) => {
                format!("encoder.block.{block}.layer.0.SelfAttention.relative_attention_bias.weight")
            }
        }
    }

    fn norm(self) -> &'static str {
        match self {
            Self::Release => "norm.weight",
            Self::Transformers => "encoder.final_layer_norm.weight",
        }
    }
}

/// Names of the embedding, which identify the naming scheme.
const EMBEDDINGS: [(&str, Style); 3] = [
    ("token_embedding.weight", Style::Release),
    ("shared.weight", Style::Transformers),
    ("encoder.embed_tokens.weight", Style::Transformers),
];

/// Parts of a complete `transformers` model other than its encoder.
const BESIDE: [&str; 4] = ["decoder.", "lm_head.", "encoder.embed_tokens.", "shared."];

/// An open encoder: all names and shapes are checked, no values are read.
pub(super) struct Weights {
    source: Box<dyn TensorSource>,
    style: Style,
    /// Prefix of every name.
    prefix: String,
    embedding: String,
    config: Umt5Config,
}

/// The weights of one block.
pub(super) struct BlockWeights {
    /// `[dim]`
    pub norm1: Vec<f32>,
    /// `[dim]`
    pub norm2: Vec<f32>,
    /// `[buckets, heads]`
    pub positions: Vec<f32>,
    /// By [`Linear`].
    matrices: Vec<Matrix>,
}

impl BlockWeights {
    pub(super) fn matrix(&self, which: Linear) -> &Matrix {
        &self.matrices[which as usize]
    }

    /// The block with its matrices converted.
    pub(super) fn try_map(self, f: impl FnMut(Matrix) -> Result<Matrix>) -> Result<Self> {
        Ok(Self { matrices: self.matrices.into_iter().map(f).collect::<Result<_>>()?, ..self })
    }
}

impl Weights {
    /// # Errors
    /// [`Error::Weights`] naming what is missing, of another shape or not known, [`Error::TooLarge`].
    pub(super) fn new(source: Box<dyn TensorSource>) -> Result<Self> {
        let names: BTreeSet<String> = source.names().into_iter().collect();
        let (embedding, prefix, style) = landmark(&names)?;
        let config = sizes(source.as_ref(), &names, &embedding, &prefix, style)?;
        let weights = Self { source, style, prefix, embedding, config };
        weights.check(&names)?;
        Ok(weights)
    }

    pub(super) fn config(&self) -> &Umt5Config {
        &self.config
    }

    pub(super) fn source(&self) -> &dyn TensorSource {
        self.source.as_ref()
    }

    /// Bytes of all blocks in the file.
    pub(super) fn block_bytes(&self) -> u64 {
        let bytes = |name: &str| self.source.info(name).ok().and_then(|i| i.bytes_within(name, u64::MAX).ok());
        self.expected().iter().filter_map(|(name, _)| bytes(name)).map(|n| n as u64).sum()
    }

    fn named(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// All tensors but the embedding, with the shapes they must have.
    fn expected(&self) -> Vec<(String, Vec<usize>)> {
        let c = &self.config;
        let mut all = vec![(self.named(self.style.norm()), vec![c.dim])];
        for block in 0..c.layers {
            for (which, shape) in
                [(Small::Norm1, vec![c.dim]), (Small::Norm2, vec![c.dim]), (Small::Positions, vec![c.buckets, c.heads])]
            {
                all.push((self.named(&self.style.small(block, which)), shape));
            }
            for which in LINEARS {
                all.push((self.named(&self.style.linear(block, which)), shape_of(c, which).to_vec()));
            }
        }
        all
    }

    fn check(&self, names: &BTreeSet<String>) -> Result<()> {
        let expected = self.expected();
        let mut faults = Vec::new();
        for (name, shape) in &expected {
            match self.source.info(name) {
                Err(_) => faults.push(format!("missing {name}")),
                Ok(info) if info.shape != *shape => {
                    faults.push(format!("{name} has the shape {:?}, expected {shape:?}", info.shape))
                }
                Ok(info) if !info.dtype.is_float() => faults.push(format!("{name} holds {:?}", info.dtype)),
                Ok(_) => {}
            }
        }
        let known: BTreeSet<&str> = expected.iter().map(|(name, _)| name.as_str()).chain([&*self.embedding]).collect();
        for name in names.iter().filter(|name| !known.contains(name.as_str())) {
            let bare = name.strip_prefix(&self.prefix).unwrap_or(name);
            if self.style == Style::Release || !BESIDE.iter().any(|beside| bare.starts_with(beside)) {
                faults.push(format!("{name} is not known"));
            }
        }
        if faults.is_empty() {
            Ok(())
        } else {
            let (count, first) = (faults.len(), faults.iter().take(20).cloned().collect::<Vec<_>>().join("; "));
            Err(Error::Weights { reason: format!("{count} faults of a UMT5 encoder: {first}") })
        }
    }

    /// The embedding's rows of these tokens, `[tokens, dim]`; no other rows are read.
    pub(super) fn rows(&self, ids: impl Iterator<Item = u32>) -> Result<Vec<f32>> {
        let info = self.source.info(&self.embedding)?;
        let bytes = self.source.bytes(&self.embedding)?;
        let row = self.config.dim * info.dtype.size();
        let mut out = Vec::new();
        for id in ids {
            let start = id as usize * row;
            let part = bytes.get(start..start + row).ok_or_else(|| {
                let reason = format!("token {id} is beyond the {} rows of the embedding", self.config.vocab);
                Error::config("tokenizer.json", format!("{reason}; it belongs to another model"))
            })?;
            out.extend(info.dtype.to_f32(part));
        }
        if matches!(bytes, Cow::Borrowed(_)) {
            self.source.release(&self.embedding);
        }
        Ok(out)
    }

    /// The weight of the last norm, `[dim]`.
    pub(super) fn final_norm(&self) -> Result<Vec<f32>> {
        self.source.read_f32(&self.named(self.style.norm()))
    }

    /// Reads a block.
    pub(super) fn block(&self, block: usize) -> Result<BlockWeights> {
        let small = |which| self.source.read_f32(&self.named(&self.style.small(block, which)));
        let read = |which| self.source.read(&self.named(&self.style.linear(block, which))).map(Matrix::Stored);
        Ok(BlockWeights {
            norm1: small(Small::Norm1)?,
            norm2: small(Small::Norm2)?,
            positions: small(Small::Positions)?,
            matrices: LINEARS.into_iter().map(read).collect::<Result<_>>()?,
        })
    }
}

/// `[out, in]`
fn shape_of(c: &Umt5Config, which: Linear) -> [usize; 2] {
    match which {
        Linear::Query | Linear::Key | Linear::Value => [c.attention_dim, c.dim],
        Linear::Output => [c.dim, c.attention_dim],
        Linear::Gate | Linear::Up => [c.ffn_dim, c.dim],
        Linear::Down => [c.dim, c.ffn_dim],
    }
}

/// The embedding's name, the prefix of every name, and the naming scheme.
fn landmark(names: &BTreeSet<String>) -> Result<(String, String, Style)> {
    let found = EMBEDDINGS.iter().find_map(|(landmark, style)| {
        let name =
            names.iter().find(|name| name.strip_suffix(landmark).is_some_and(|p| p.is_empty() || p.ends_with('.')));
        name.map(|name| (name.clone(), name[..name.len() - landmark.len()].to_string(), *style))
    });
    found.ok_or_else(|| {
        let reason = "it has neither token_embedding.weight nor shared.weight: this is not a UMT5 encoder".into();
        Error::Weights { reason }
    })
}

fn sizes(
    source: &dyn TensorSource,
    names: &BTreeSet<String>,
    embedding: &str,
    prefix: &str,
    style: Style,
) -> Result<Umt5Config> {
    let two = |name: String| -> Result<[usize; 2]> {
        let missing = || Error::Weights { reason: format!("missing {name}, a matrix of a UMT5 encoder") };
        let TensorInfo { shape, .. } = source.info(&name).map_err(|_| missing())?;
        shape.try_into().map_err(|_| missing())
    };
    let layers = (0..=MAX_LAYERS).take_while(|i| names.contains(&format!("{prefix}{}", style.small(*i, Small::Norm1))));
    let [vocab, dim] = two(embedding.to_string())?;
    let [attention_dim, _] = two(format!("{prefix}{}", style.linear(0, Linear::Query)))?;
    let [ffn_dim, _] = two(format!("{prefix}{}", style.linear(0, Linear::Up)))?;
    let [buckets, heads] = two(format!("{prefix}{}", style.small(0, Small::Positions)))?;
    let config = Umt5Config { vocab, dim, attention_dim, heads, ffn_dim, layers: layers.count(), buckets };
    let bounded = (1..=MAX_VOCAB).contains(&vocab)
        && [dim, attention_dim, ffn_dim, heads].iter().all(|n| (1..=MAX_WIDTH).contains(n))
        && (4..=MAX_BUCKETS).contains(&buckets)
        && config.layers <= MAX_LAYERS
        && attention_dim % heads == 0;
    if bounded {
        Ok(config)
    } else {
        Err(Error::Weights { reason: format!("the sizes {config:?} are not those of an encoder") })
    }
}

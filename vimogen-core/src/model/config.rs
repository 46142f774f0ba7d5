//! Sizes and variants of the transformer.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::motion::layout::{BODY_ROT6D, FEATURES, REFERENCE_FEATURES};

/// Maximum padded length of a batch, in frames: the rows of the release's position table.
pub const MAX_POSITIONS: usize = 5000;
/// Maximum number of rows of an encoded prompt; the release cuts prompts at 512.
pub const MAX_TEXT_ROWS: usize = 4096;
/// Maximum width of a layer; bounds memory before anything is allocated.
const MAX_WIDTH: usize = 32_768;
const MAX_LAYERS: usize = 512;

fn default_eps() -> f64 {
    1e-6
}
fn default_text_len() -> usize {
    226
}

/// Configuration of a [`crate::model::Dit`].
///
/// ```
/// use vimogen_core::model::DitConfig;
/// let config = DitConfig::vimogen_1_3b();
/// assert_eq!((config.dim, config.num_layers, config.reference), (1536, 30, true));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DitConfig {
    /// Width D.
    pub dim: usize,
    /// Width of the feed-forward layers.
    pub ffn_dim: usize,
    /// Number of timestep features, even.
    pub freq_dim: usize,
    /// Attention heads; must divide `dim`.
    pub num_heads: usize,
    /// Main blocks. The reference encoder has half as many.
    pub num_layers: usize,
    /// Width of the text encoder's rows.
    pub text_dim: usize,
    /// Prompts are padded with zero rows to this many; the padding takes part in the attention.
    #[serde(default = "default_text_len")]
    pub text_len: usize,
    /// Whether the model has the reference-motion path (TM2M) or is text-only (T2M).
    #[serde(default)]
    pub reference: bool,
    /// Whether the output has separate heads for local and global channels (T2M only).
    #[serde(default)]
    pub split_head: bool,
    /// Epsilon of all norms.
    #[serde(default = "default_eps")]
    pub eps: f64,
}

impl DitConfig {
    /// The released TM2M model: Wan2.1-T2V-1.3B's sizes with a reference path, 2.26 billion parameters.
    pub fn vimogen_1_3b() -> Self {
        Self {
            dim: 1536,
            ffn_dim: 8960,
            freq_dim: 256,
            num_heads: 12,
            num_layers: 30,
            text_dim: 4096,
            text_len: default_text_len(),
            reference: true,
            split_head: false,
            eps: default_eps(),
        }
    }

    /// A half-width, 12-layer TM2M model for benchmarks and medium-sized training.
    pub fn small() -> Self {
        Self { dim: 768, ffn_dim: 3072, num_heads: 12, num_layers: 12, ..Self::vimogen_1_3b() }
    }

    /// Numbers per frame in and out.
    pub const fn features(&self) -> usize {
        FEATURES
    }

    /// Numbers per frame of the reference motion.
    pub const fn reference_features(&self) -> usize {
        REFERENCE_FEATURES
    }

    /// Channels of the local head of a split-head model: the body's rotations.
    pub const fn local_features(&self) -> usize {
        BODY_ROT6D.end
    }

    /// Width of an attention head.
    pub fn head_dim(&self) -> usize {
        self.dim / self.num_heads
    }

    /// Checks the configuration.
    ///
    /// # Errors
    /// [`Error::Config`] naming the field: a size that is zero or beyond the limits, heads that do not divide the
    /// width, an odd number of frequencies, or a split head on a model with a reference path.
    pub fn check(&self) -> Result<()> {
        let sizes = [
            ("dim", self.dim, MAX_WIDTH),
            ("ffn_dim", self.ffn_dim, 8 * MAX_WIDTH),
            ("freq_dim", self.freq_dim, MAX_WIDTH),
            ("num_heads", self.num_heads, MAX_WIDTH),
            ("num_layers", self.num_layers, MAX_LAYERS),
            ("text_dim", self.text_dim, MAX_WIDTH),
            ("text_len", self.text_len, MAX_TEXT_ROWS),
        ];
        for (field, value, max) in sizes {
            if value == 0 || value > max {
                return Err(Error::config(field, format!("{value} is not in 1..={max}")));
            }
        }
        if !self.dim.is_multiple_of(self.num_heads) || !self.dim.is_multiple_of(2) {
            return Err(Error::config("num_heads", format!("dim {} must be even and divisible by it", self.dim)));
        }
        if !self.freq_dim.is_multiple_of(2) {
            return Err(Error::config("freq_dim", format!("{} is odd", self.freq_dim)));
        }
        if self.split_head && self.reference {
            return Err(Error::config("split_head", "exists for text-only models; set reference to false"));
        }
        if !(self.eps > 0.0 && self.eps < 1.0) {
            return Err(Error::config("eps", format!("{} is not in (0, 1)", self.eps)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_configurations_are_named() {
        for (field, config) in [
            ("dim", DitConfig { dim: 0, ..DitConfig::small() }),
            ("num_heads", DitConfig { num_heads: 7, ..DitConfig::small() }),
            ("freq_dim", DitConfig { freq_dim: 31, ..DitConfig::small() }),
            ("num_layers", DitConfig { num_layers: 1 << 40, ..DitConfig::small() }),
            ("split_head", DitConfig { split_head: true, ..DitConfig::small() }),
        ] {
            let text = config.check().unwrap_err().to_string();
            assert!(text.contains(field), "{text}");
        }
        DitConfig::vimogen_1_3b().check().unwrap();
    }
}

//! UMT5, the text encoder of the release: 24 blocks of width 4096, 11.4 GB, on a machine with little memory.
//!
//! A text is cleaned ([`clean`]), cut into SentencePiece pieces ([`Tokenizer`]) and encoded ([`Umt5Encoder`]). Only the
//! embedding rows of its tokens are read, and the blocks are streamed if they do not all fit ([`EncoderMemory`]). Texts that
//! are encoded together share one matrix without padding.
//!
//! A block: `x += Attention(RMS(x))`, `x += Down(Up(RMS(x)) * gelu(Gate(RMS(x))))`, without biases; at the end one more RMS
//! norm. The attention is not scaled; each block has its own bias by relative position
//! ([`relative_position_bucket`]). Golden topic `umt5`.

mod block;
mod buckets;
mod clean;
mod encoder;
mod entities;
mod files;
mod fingerprint;
mod matrix;
mod memory;
mod mojibake;
mod options;
mod residency;
mod tokenizer;
mod weights;

pub use buckets::relative_position_bucket;
pub use clean::clean;
pub use encoder::{MAX_TOKENS, Umt5Encoder};
pub use options::{EncoderDtype, EncoderMemory, Umt5Options};
pub use tokenizer::Tokenizer;
pub use weights::Umt5Config;

use super::cache;

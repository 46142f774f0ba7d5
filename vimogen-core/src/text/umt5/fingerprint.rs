//! Fingerprint of an encoder's files.

use sha2::{Digest, Sha256};

use super::options::EncoderDtype;
use super::weights::Weights;
use crate::error::Result;

/// Bytes of a tensor that are hashed, at its start and in its middle.
const SAMPLE: usize = 64;

/// Hash of the tokeniser, of the sizes, and of a sample of every tensor: hashing all 11 GB would take longer than encoding a
/// prompt.
pub(super) fn fingerprint(weights: &Weights, tokenizer: &[u8], dtype: EncoderDtype) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(format!("umt5-1 {dtype:?} {:?}", weights.config()));
    hash.update(Sha256::digest(tokenizer));
    let source = weights.source();
    for name in source.names() {
        let info = source.info(&name)?;
        let bytes = source.bytes(&name)?;
        hash.update(format!("{name} {info:?}"));
        hash.update(&bytes[..SAMPLE.min(bytes.len())]);
        let middle = bytes.len() / 2;
        hash.update(&bytes[middle..(middle + SAMPLE).min(bytes.len())]);
    }
    Ok(hash.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect())
}

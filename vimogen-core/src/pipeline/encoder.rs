//! The text encoder of a model directory.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;

use crate::error::{Error, Result};
use crate::text::{TextEncoder, TextEncoderConfig, WordVectors};
use crate::weights::ModelDir;

/// An encoder, or why there is none.
type Found = (Option<Arc<dyn TextEncoder>>, Option<String>);

/// The text encoder that a directory's `config.json` names, or the release's if its files are in the directory.
pub(super) fn of(dir: &ModelDir, device: &Device) -> Result<Found> {
    let Some(json) = &dir.config().text_encoder else {
        return dir.folder().map_or(Ok((None, None)), |folder| beside(folder, device));
    };
    let config: TextEncoderConfig =
        serde_json::from_value(json.clone()).map_err(|e| Error::config("text_encoder", e.to_string()))?;
    if let TextEncoderConfig::Umt5(place) = &config {
        // A model that is compiled in has no folder, hence no further files.
        return umt5(&place.folder(dir.folder().unwrap_or(Path::new("")))?, device);
    }
    let words = dir.words().map(WordVectors::from_bytes).transpose()?;
    let encoder = config.build(words.map(Arc::new))?.with_known(dir.prompts().cloned().map(Arc::new));
    Ok((Some(Arc::new(encoder)), None))
}

/// The release's encoder in a folder. Without its files the model still takes encoded prompts.
#[cfg(feature = "umt5")]
fn umt5(folder: &Path, device: &Device) -> Result<Found> {
    use crate::text::umt5::{Umt5Encoder, Umt5Options};
    match Umt5Encoder::open(folder, &Umt5Options::default().with_device(device.clone())) {
        Ok(encoder) => Ok((Some(Arc::new(encoder)), None)),
        Err(Error::NoTextEncoder { reason }) => Ok((None, Some(reason))),
        Err(other) => Err(other),
    }
}

#[cfg(not(feature = "umt5"))]
fn umt5(_: &Path, _: &Device) -> Result<Found> {
    Ok((
        None,
        Some("its text encoder is UMT5, which this build lacks; build vimogen-core with the feature umt5".into()),
    ))
}

/// Wan2.1's folder holds its text encoder next to the network.
fn beside(folder: &Path, device: &Device) -> Result<Found> {
    match folder.join(RELEASE_WEIGHTS).is_file() {
        true => umt5(folder, device),
        false => Ok((None, None)),
    }
}

const RELEASE_WEIGHTS: &str = "models_t5_umt5-xxl-enc-bf16.pth";

/// The remedy where no encoder is named.
pub(super) fn none_named(text_dim: usize) -> String {
    format!(
        "its config.json names no text encoder, and the release's is not in the folder: download {RELEASE_WEIGHTS} (11.4 GB) \
         and google/umt5-xxl/tokenizer.json of Wan-AI/Wan2.1-T2V-1.3B with `vimogen download umt5 FOLDER` and pass \
         text_encoder=FOLDER, or encode the prompt elsewhere and pass prompt_embeds, (rows, {text_dim})"
    )
}

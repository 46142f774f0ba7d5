//! Lookup of an encoder's files.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::format::{TensorSource, open_tensors};

/// The release's weights.
const WEIGHTS: &str = "models_t5_umt5-xxl-enc-bf16.pth";
/// The release's tokeniser, next to the weights.
const TOKENIZER: &str = "google/umt5-xxl/tokenizer.json";

/// Names of weight files in a folder, in order of preference.
const WEIGHT_FILES: [&str; 4] = [WEIGHTS, "model.safetensors.index.json", "model.safetensors", "pytorch_model.bin"];
/// Subfolders of the weights; the second is that of `diffusers`.
const WEIGHT_FOLDERS: [&str; 2] = ["", "text_encoder"];
/// Paths of tokenisers from the folder of the weights, in order of preference.
const TOKENIZER_FILES: [&str; 4] =
    ["tokenizer.json", TOKENIZER, "tokenizer/tokenizer.json", "../tokenizer/tokenizer.json"];

/// The two files of an encoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Files {
    pub weights: PathBuf,
    pub tokenizer: PathBuf,
}

impl Files {
    /// Finds the files in a folder, or next to a weight file.
    pub(super) fn find(path: &Path) -> Result<Self> {
        let weights = if path.is_file() {
            path.to_path_buf()
        } else {
            Self::weights(path).ok_or_else(|| missing(path, "weights", &WEIGHT_FILES))?
        };
        let folder = weights.parent().unwrap_or(Path::new(""));
        let tokenizer = TOKENIZER_FILES.iter().map(|name| folder.join(name)).find(|path| path.is_file());
        let tokenizer = tokenizer.ok_or_else(|| missing(folder, "tokeniser", &TOKENIZER_FILES))?;
        Ok(Self { weights, tokenizer })
    }

    fn weights(folder: &Path) -> Option<PathBuf> {
        let places = WEIGHT_FOLDERS.iter().flat_map(|below| WEIGHT_FILES.map(|name| folder.join(below).join(name)));
        places.into_iter().find(|path| path.is_file())
    }

    pub(super) fn open(&self) -> Result<Box<dyn TensorSource>> {
        open_tensors(&self.weights)
    }
}

fn missing(folder: &Path, what: &str, names: &[&str]) -> Error {
    let reason = format!("no {what} of its text encoder in {folder:?} (looked for {}); {}", names.join(", "), remedy());
    Error::NoTextEncoder { reason }
}

/// Remedy for missing files.
fn remedy() -> String {
    format!(
        "download {WEIGHTS} (11.4 GB) and {TOKENIZER} of Wan-AI/Wan2.1-T2V-1.3B with `vimogen download umt5 FOLDER` and \
         pass text_encoder=FOLDER, or encode the prompt elsewhere and pass prompt_embeds, which works without them"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_layouts_of_the_release_of_transformers_and_of_diffusers_are_found() {
        for (weights, tokenizer) in [
            (WEIGHTS, TOKENIZER),
            ("model.safetensors", "tokenizer.json"),
            ("text_encoder/model.safetensors.index.json", "tokenizer/tokenizer.json"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let at = |name: &str| {
                let path = folder.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, "").unwrap();
                path
            };
            assert!(Files::find(folder.path()).unwrap_err().to_string().contains(WEIGHTS));
            let weights = at(weights);
            let text = Files::find(folder.path()).unwrap_err().to_string();
            assert!(text.contains(TOKENIZER) && text.contains("prompt_embeds"), "{text}");
            let tokenizer = at(tokenizer);
            let found = Files::find(folder.path()).unwrap();
            assert_eq!(found.weights, weights);
            assert_eq!(found.tokenizer.canonicalize().unwrap(), tokenizer.canonicalize().unwrap());
            assert_eq!(Files::find(&weights).unwrap(), found);
        }
    }
}

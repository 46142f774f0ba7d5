//! Values per frame of a checkpoint: another layout is refused by name before anything is read.

use std::collections::BTreeSet;

use super::mapping::common_prefix;
use crate::error::{Error, Result};
use crate::format::TensorSource;
use crate::motion::layout::{FEATURES, REFERENCE_FEATURES};

/// Checks the values per frame of the motions and of the references of a checkpoint.
///
/// # Errors
/// [`Error::Weights`] naming the widths for a checkpoint of another layout, such as an extension with hands; those of the
/// source.
pub(super) fn check(source: &dyn TensorSource) -> Result<()> {
    let names: BTreeSet<String> = source.names().into_iter().collect();
    let prefix = common_prefix(&names);
    let width = |layer: &str| -> Result<Option<usize>> {
        let name = format!("{prefix}{layer}.weight");
        let shape = if names.contains(&name) { source.info(&name)?.shape } else { vec![] };
        Ok(match shape[..] {
            [_, inputs] => Some(inputs),
            _ => None,
        })
    };
    let (motion, reference) = (width("motion_embedding")?, width("ref_motion_embedding")?);
    if motion.is_none_or(|width| width == FEATURES) && reference.is_none_or(|width| width == REFERENCE_FEATURES) {
        return Ok(());
    }
    let values = |width: Option<usize>| width.map_or_else(|| "none".into(), |width| width.to_string());
    let reason = format!(
        "its motions have {} values per frame and its references {}; the layout of ViMoGen has {FEATURES} and \
         {REFERENCE_FEATURES}, and no other one, such as an extension with hands, is read",
        values(motion),
        values(reference)
    );
    Err(Error::Weights { reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{DType, RawTensor, safetensors::SafetensorsFile};
    use crate::model::DitConfig;
    use crate::weights::{LoadOptions, ModelDir, load_file};

    /// A checkpoint whose first layers have these numbers of inputs.
    fn checkpoint(folder: &std::path::Path, motion: usize, reference: usize) -> std::path::PathBuf {
        let layer = |inputs: usize| RawTensor::new(DType::F32, vec![4, inputs], vec![0; 16 * inputs]).unwrap();
        let (motion, reference, time) = (layer(motion), layer(reference), layer(2));
        let tensors = [
            ("model.motion_embedding.weight", &motion),
            ("model.ref_motion_embedding.weight", &reference),
            ("model.time_embedding.0.weight", &time),
        ];
        let path = folder.join("model.safetensors");
        crate::format::safetensors::save(&path, &tensors, &[]).unwrap();
        path
    }

    #[test]
    fn a_checkpoint_with_hands_is_refused_with_its_widths() {
        let folder = tempfile::tempdir().unwrap();
        let path = checkpoint(folder.path(), 456, 318);
        let named = |error: Error| {
            let text = error.to_string();
            assert!(matches!(error, Error::Weights { .. }), "{text}");
            assert!(["456", "318", "276", "138", "hands"].iter().all(|part| text.contains(part)), "{text}");
        };
        named(check(&SafetensorsFile::open(&path).unwrap()).unwrap_err());
        let device = burn::tensor::Device::flex();
        let config = DitConfig { num_layers: 2, dim: 4, num_heads: 1, ..DitConfig::small() };
        named(load_file(&path, &config, &LoadOptions::default(), &device).unwrap_err());
        // A whole directory of the native layout, with statistics of that width too.
        let json = serde_json::json!({ "architecture": "vimogen-tm2m", "dit": DitConfig::small() });
        std::fs::write(folder.path().join("config.json"), json.to_string()).unwrap();
        named(ModelDir::open(folder.path()).err().unwrap());
        check(&SafetensorsFile::open(checkpoint(folder.path(), 276, 138)).unwrap()).unwrap();
        assert!(check(&SafetensorsFile::open(checkpoint(folder.path(), 276, 318)).unwrap()).is_err());
    }
}

//! `config.json` of a model directory.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::mapping::common_prefix;
use crate::body::{Finish, Reconcile};
use crate::declare::defaults;
use crate::error::{Error, Result};
use crate::format::TensorSource;
use crate::model::DitConfig;
use crate::model::config::MAX_POSITIONS;
use crate::motion::layout::FPS;
use crate::motion::resample::check_fps;

/// Conditions of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Architecture {
    /// Text, or a reference motion.
    #[serde(rename = "vimogen-tm2m")]
    TextAndMotion,
    /// Text.
    #[serde(rename = "vimogen-t2m")]
    Text,
}

/// The native `config.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Conditions; must agree with `dit.reference`.
    pub architecture: Architecture,
    /// Sizes of the network.
    pub dit: DitConfig,
    /// Frames per second of the motions.
    #[serde(default = "default_fps")]
    pub fps: f32,
    /// The text encoder's settings, with its `kind`; `null` for a model of encoded prompts only.
    #[serde(default)]
    pub text_encoder: Option<Value>,
    /// Recommended sampling, which the caller can override.
    #[serde(default)]
    pub generation: GenerationDefaults,
    /// Further information, such as the training settings. Not interpreted.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub notes: Map<String, Value>,
}

defaults! {
    /// Recommended sampling of a model; the default is that of the release.
    #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct GenerationDefaults {
        /// Guidance scale: weight of the prompt against the empty prompt, 0..=100.
        guidance_scale: f32 = 5.0;
        /// Level of the schedule at which sampling starts, above 0 and at most 1.
        strength: f64 = 0.7;
        /// Reconciliation of the redundant channels of generated features. `None`, as in the release, leaves them unchanged.
        #[serde(skip_serializing_if = "Option::is_none")]
        reconcile: Option<Reconcile> = None;
        /// Finish of generated motions.
        #[serde(skip_serializing_if = "is_raw")]
        finish: Finish = Finish::Raw;
        /// Minimum and maximum length of the clips that the model was trained on, frames. Longer motions are made of
        /// windows of these lengths. `None`, as in the release: every motion is made at once.
        #[serde(skip_serializing_if = "Option::is_none")]
        frames: Option<(usize, usize)> = None;
    }
}

/// Width from which a network counts as one of the release's size.
const LARGE: usize = 1024;
/// Guidance of small networks, as the built-in model has it. More makes them exaggerate.
const SMALL_GUIDANCE: f32 = 1.5;

impl GenerationDefaults {
    /// The defaults that fit a training recipe.
    ///
    /// - `from_pure_noise`: whether the loss counts at pure noise. If not, as with the release's weights of noise levels,
    ///   sampling has to start below: strength 0.7 instead of 1.
    /// - `null_text`: share of captions replaced by the empty prompt. Without any, a model cannot be guided: scale 1.
    /// - A network narrower than 1024 has guidance 1.5 instead of 5, and its channels, which disagree more than those of
    ///   a large one, are reconciled as the built-in model's and finished with feet that stand.
    pub fn for_recipe(dit: &DitConfig, from_pure_noise: bool, null_text: f64) -> Self {
        let small = dit.dim < LARGE;
        let release = Self::default();
        Self {
            guidance_scale: match small {
                _ if null_text <= 0.0 => 1.0,
                true => SMALL_GUIDANCE,
                false => release.guidance_scale,
            },
            strength: if from_pure_noise { 1.0 } else { release.strength },
            reconcile: small.then_some(Reconcile { root_trust: 0.01, joint_trust: 0.1 }),
            finish: if small { Finish::Feet } else { release.finish },
            frames: None,
        }
    }
}

fn is_raw(finish: &Finish) -> bool {
    *finish == Finish::Raw
}

impl GenerationDefaults {
    fn check(&self) -> Result<()> {
        if !(0.0..=100.0).contains(&self.guidance_scale) {
            return Err(Error::config(
                "generation.guidance_scale",
                format!("{} is not in 0..=100", self.guidance_scale),
            ));
        }
        if !(self.strength > 0.0 && self.strength <= 1.0) {
            return Err(Error::config("generation.strength", format!("{} is not in 0..=1, above 0", self.strength)));
        }
        if let Some((min, max)) = self.frames
            && !(8 <= min && min <= max && max <= MAX_POSITIONS)
        {
            let reason = format!("[{min}, {max}] is not a minimum and a maximum within 8..={MAX_POSITIONS}");
            return Err(Error::config("generation.frames", reason));
        }
        let reconcile = self.reconcile.map_or(Ok(()), |reconcile| reconcile.check());
        reconcile.map_err(|e| Error::config("generation.reconcile", e.to_string()))?;
        Ok(())
    }
}

fn default_fps() -> f32 {
    FPS
}

impl ModelConfig {
    /// A configuration at 20 frames per second without text encoder.
    pub fn new(dit: DitConfig) -> Self {
        let architecture = if dit.reference { Architecture::TextAndMotion } else { Architecture::Text };
        let generation = GenerationDefaults::default();
        Self { architecture, dit, fps: default_fps(), text_encoder: None, generation, notes: Map::new() }
    }

    /// The same model without its reference path.
    pub fn text_only(mut self) -> Self {
        self.dit.reference = false;
        self.architecture = Architecture::Text;
        self
    }

    /// Checks the configuration.
    ///
    /// # Errors
    /// [`Error::Config`] naming the field.
    pub fn check(&self) -> Result<()> {
        self.dit.check()?;
        self.generation.check()?;
        check_fps("fps", self.fps).map_err(|e| Error::config("fps", e.to_string()))?;
        if (self.architecture == Architecture::TextAndMotion) != self.dit.reference {
            let reason = format!("{:?} does not agree with reference: {}", self.architecture, self.dit.reference);
            return Err(Error::config("architecture", reason));
        }
        Ok(())
    }
}

/// The relevant part of Wan2.1's `config.json`, next to the release's weights. Its `in_dim`, `out_dim` and `text_len` are those
/// of the video model and not used.
#[derive(Debug, Deserialize)]
struct WanConfig {
    dim: usize,
    ffn_dim: usize,
    freq_dim: usize,
    num_heads: usize,
    num_layers: usize,
    #[serde(default)]
    eps: Option<f64>,
}

/// The configuration of a release: sizes from Wan's `config.json`, the rest from the names and shapes of the weights.
pub(super) fn from_wan(json: Value, source: &dyn TensorSource, text_len: usize) -> Result<ModelConfig> {
    let wan: WanConfig = serde_json::from_value(json).map_err(|e| Error::config("config.json", e.to_string()))?;
    let names = source.names();
    let has = |part: &str| names.iter().any(|name| name.contains(part));
    let landmark = format!("{}text_embedding.0.weight", common_prefix(&names));
    let shape = if names.contains(&landmark) { source.info(&landmark)?.shape } else { vec![] };
    let [_, text_dim] = shape[..] else {
        let reason = format!("{landmark}, a matrix, is missing: this is not a checkpoint of ViMoGen");
        return Err(Error::Weights { reason });
    };
    let config = ModelConfig::new(DitConfig {
        dim: wan.dim,
        ffn_dim: wan.ffn_dim,
        freq_dim: wan.freq_dim,
        num_heads: wan.num_heads,
        num_layers: wan.num_layers,
        text_dim,
        text_len,
        reference: has("ref_motion_embedding"),
        split_head: has("local_motion_head"),
        eps: wan.eps.unwrap_or(DitConfig::vimogen_1_3b().eps),
    });
    config.check()?;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_survives_json_and_mistakes_are_named() {
        let config = ModelConfig::new(DitConfig::small());
        let json = serde_json::to_string(&config).unwrap();
        assert!(json.contains("vimogen-tm2m"), "{json}");
        assert_eq!(serde_json::from_str::<ModelConfig>(&json).unwrap(), config);
        assert!(serde_json::from_str::<ModelConfig>(&json.replace("\"fps\"", "\"fsp\"")).is_err());
        for (name, edit) in [
            ("fps", (|c| c.fps = 0.0) as fn(&mut ModelConfig)),
            ("fps", |c| c.fps = f32::NAN),
            ("guidance_scale", |c| c.generation.guidance_scale = f32::NAN),
            ("frames", |c| c.generation.frames = Some((90, 60))),
            ("frames", |c| c.generation.frames = Some((0, 60))),
            ("root_trust", |c| c.generation.reconcile = Some(Reconcile { root_trust: 2.0, joint_trust: 0.1 })),
            ("strength", |c| c.generation.strength = 0.0),
            ("architecture", |c| c.architecture = Architecture::Text),
            ("dim", |c| c.dit.dim = usize::MAX),
        ] {
            let mut config = config.clone();
            edit(&mut config);
            let text = config.check().unwrap_err().to_string();
            assert!(text.contains(name), "{text}");
        }
        config.text_only().check().unwrap();
    }
}

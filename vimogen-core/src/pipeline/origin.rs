//! How the motions of a pipeline were made.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::long::PART_SECONDS;
use super::{Part, Pipeline, Request, Source};
use crate::body::Finish;
use crate::declare::OptionSet;
use crate::motion::{Motion, MotionMeta};
use crate::sample::options::GenerateOptions;
use crate::weights::WeightDtype;

/// The model as [`MotionMeta`] names it: no paths of the user's machine.
#[derive(Debug, Clone, Default)]
pub(super) struct Origin {
    pub model: String,
    /// Settings of loading on which motions depend, unless they are the defaults.
    pub load: BTreeMap<String, Value>,
}

impl Origin {
    pub(super) fn new(folder: Option<&Path>, dtype: WeightDtype, lora: Option<&Path>) -> Self {
        let name = |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let mut load = BTreeMap::new();
        if dtype != WeightDtype::default() {
            load.insert("dtype".into(), dtype.to_string().into());
        }
        if let Some(lora) = lora {
            load.insert("lora".into(), name(lora).into());
        }
        Self { model: folder.map_or_else(|| "built-in".into(), name), load }
    }
}

impl Pipeline {
    /// How a motion of a request was made.
    pub(super) fn meta(&self, request: &Request, options: &GenerateOptions, motion: &Motion) -> MotionMeta {
        let (prompt, from) = match &request.source {
            Source::Prompt(prompt) => (prompt.sentence().map(str::to_string), request.init.as_ref().map(|_| "motion")),
            Source::Reference(_) => (None, Some("reference")),
        };
        let seed = request.seed.unwrap_or(options.seed);
        MotionMeta { prompt, from: from.map(str::to_string), ..self.meta_of(seed, options, motion) }
    }

    /// How a sequence was made.
    pub(super) fn meta_of_parts(&self, parts: &[Part], options: &GenerateOptions, motion: &Motion) -> MotionMeta {
        let named = |part: &Part| Some((part.prompt.sentence()?.to_string(), part.seconds.unwrap_or(PART_SECONDS)));
        let parts = parts.iter().map(named).collect::<Option<Vec<_>>>().unwrap_or_default();
        MotionMeta { parts, ..self.meta_of(options.seed, options, motion) }
    }

    /// Model, seed and options, with the values that the model decides.
    pub(super) fn meta_of(&self, seed: u64, options: &GenerateOptions, motion: &Motion) -> MotionMeta {
        let mut all = options.clone();
        all.num_frames = Some(motion.len());
        all.finish = Some(options.finish.unwrap_or(self.config.generation.finish));
        all.sampler = options.sampler.for_model(&self.config.generation);
        let named = all.settings().into_iter().filter(|(name, _)| *name != "seed");
        let mut options: BTreeMap<String, Value> =
            named.map(|(name, value)| (name.to_string(), value.to_json())).collect();
        options.extend(self.made_by.load.clone());
        MotionMeta {
            seed: Some(seed),
            model: self.made_by.model.clone(),
            version: env!("CARGO_PKG_VERSION").into(),
            options,
            ..MotionMeta::default()
        }
    }

    /// The origin of a motion that was sampled raw and finished by another room.
    pub(crate) fn finished_meta(&self, sampled: &Motion, finish: Option<Finish>) -> Option<MotionMeta> {
        let mut meta = sampled.meta()?.clone();
        let finish = finish.unwrap_or(self.config.generation.finish);
        meta.options.insert("finish".into(), finish.to_string().into());
        Some(meta)
    }
}

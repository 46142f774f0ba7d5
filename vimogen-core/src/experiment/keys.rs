//! The sections of an experiment file, the keys of each, and those that have no meaning here.

use serde::de::value::Error as NoValue;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserializer, forward_to_deserialize_any};
use serde_json::{Map, Value};

use super::sections::{
    DatasetKeys, ExperimentKeys, LoaderKeys, ModelKeys, ModelPathKeys, ParallelKeys, PrecisionKeys, SolverKeys,
};
use crate::data::Corruption;
use crate::error::{Error, Result};
use crate::model::DitConfig;
use crate::train::TrainConfig;

/// Minimum similarity of an unknown name to a known one that is suggested.
const ALIKE: f64 = 0.7;

/// A section, its keys, and the release's keys that are ignored, each with the reason.
pub struct Section {
    pub name: &'static str,
    keys: fn() -> Vec<&'static str>,
    ignored: &'static [(&'static str, &'static str)],
}

/// Other names of keys: the section, the name, the key.
///
/// `examples/tm2m_train.yaml` has the first two, the golden topic `ref_corruption` the others.
const ALIASES: [(&str, &str, &str); 5] = [
    ("solver", "max_steps", "num_steps"),
    ("precision", "mixed_precision", "compute"),
    ("ref_motion_corruption", "corrupt_rate_range", "corrupt_rate"),
    ("ref_motion_corruption", "noise_scale_range", "noise_scale"),
    ("ref_motion_corruption", "replace_noise_rate_range", "replace_noise_rate"),
];

/// Training options in the section `experiment`.
pub const IN_EXPERIMENT: [&str; 3] = ["seed", "log_every", "checkpoint_every"];

/// Training options that other keys set: `dataloader.batch_size` with `solver.global_batch`, and the sections `precision`
/// and `parallel`.
const SET_ELSEWHERE: [&str; 6] =
    ["batch_size", "accumulation", "precision", "parameters", "checkpoint_activations", "shard_optimizer"];

const ELSEWHERE: &str = "captions come encoded";
const LOADER: &str = "of PyTorch's loader";
const ONLY_WAN: &str = "of the video model";
const TRACKER: &str = "curves go to TensorBoard files, CSV and SVG";
const LAUNCHER: &str = "the launcher sets the number of processes";
const SHARING: &str = "how processes share the work is chosen when they are started";

/// All sections.
pub const SECTIONS: [Section; 9] = [
    Section {
        name: "experiment",
        keys: || [fields::<ExperimentKeys>(), &IN_EXPERIMENT].concat(),
        ignored: &[("wandb", TRACKER), ("project", TRACKER), ("description", "a remark"), ("tags", "a remark")],
    },
    Section {
        name: "model_path",
        keys: || fields::<ModelPathKeys>().to_vec(),
        ignored: &[("t5", ELSEWHERE), ("text_encoder", ELSEWHERE), ("tokenizer", ELSEWHERE), ("vae", ONLY_WAN)],
    },
    Section {
        name: "model",
        keys: || [fields::<DitConfig>(), fields::<ModelKeys>()].concat(),
        ignored: &[
            ("model_type", ONLY_WAN),
            ("patch_size", ONLY_WAN),
            ("window_size", ONLY_WAN),
            ("qk_norm", "always on"),
            ("cross_attn_norm", "always on"),
        ],
    },
    Section {
        name: "solver",
        keys: || {
            let elsewhere = |field: &&str| SET_ELSEWHERE.contains(field) || IN_EXPERIMENT.contains(field);
            let options = fields::<TrainConfig>().iter().copied().filter(|field| !elsewhere(field));
            options.chain(fields::<SolverKeys>().iter().copied()).collect()
        },
        ignored: &[],
    },
    Section { name: "precision", keys: || fields::<PrecisionKeys>().to_vec(), ignored: &[] },
    Section {
        name: "parallel",
        keys: || fields::<ParallelKeys>().to_vec(),
        ignored: &[
            ("strategy", SHARING),
            ("sharding_strategy", SHARING),
            ("fsdp", SHARING),
            ("num_nodes", LAUNCHER),
            ("num_gpus", LAUNCHER),
        ],
    },
    Section {
        name: "dataloader",
        keys: || fields::<LoaderKeys>().to_vec(),
        ignored: &[
            ("pin_memory", LOADER),
            ("persistent_workers", LOADER),
            ("drop_last", "batches run across epochs"),
            ("shuffle", "each epoch has an order of its own"),
        ],
    },
    Section { name: "dataset", keys: || fields::<DatasetKeys>().to_vec(), ignored: &[] },
    Section { name: "ref_motion_corruption", keys: || fields::<Corruption>().to_vec(), ignored: &[] },
];

impl Section {
    /// The section's keys, without their other names.
    pub fn own_keys(&self) -> Vec<&'static str> {
        let keys = (self.keys)().into_iter();
        keys.filter(|key| self.own_name(key) == *key).collect()
    }

    /// The key of a name.
    pub fn own_name<'a>(&self, name: &'a str) -> &'a str {
        let alias = ALIASES.iter().find(|(section, alias, _)| *section == self.name && *alias == name);
        alias.map_or(name, |(.., key)| key)
    }

    /// All names of a key.
    pub fn names_of<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        let aliases = ALIASES.iter().filter(move |(section, _, own)| *section == self.name && *own == key);
        std::iter::once(key).chain(aliases.map(|(_, alias, _)| *alias))
    }

    fn has(&self, name: &str) -> bool {
        (self.keys)().contains(&self.own_name(name))
    }

    /// The error of an unknown key: another section's, misspelt, or neither.
    fn unknown(&self, key: &str) -> Error {
        let field = format!("{}.{key}", self.name);
        if let Some(other) = SECTIONS.iter().find(|other| other.has(key)) {
            return Error::config(field, format!("unknown key; did you mean {}.{key}?", other.name));
        }
        Error::config(field, unknown("key", key, &self.own_keys()))
    }
}

/// The keys of a file under their own names, by section; and the ignored ones, with the reason.
pub fn sort(file: Map<String, Value>) -> Result<(Map<String, Value>, Vec<String>)> {
    let (mut sorted, mut ignored) = (Map::new(), vec![]);
    for (name, value) in file {
        let section = section(&name)?;
        let value = match (value, section.name) {
            (Value::Object(keys), _) => keys,
            (Value::Null, _) => Map::new(),
            // A path alone is the base checkpoint.
            (Value::String(path), "model_path") => Map::from_iter([("base".into(), Value::String(path))]),
            _ => return Err(Error::config(section.name, "it must be a section of keys")),
        };
        let mut keys = Map::new();
        for (key, value) in value {
            if let Some((_, reason)) = section.ignored.iter().find(|(name, _)| *name == key) {
                ignored.push(format!("{}.{key} ({reason})", section.name));
                continue;
            }
            if !section.has(&key) {
                return Err(section.unknown(&key));
            }
            // A key without a value is left out.
            let own = section.own_name(&key);
            if !value.is_null() && keys.insert(own.into(), value).is_some() {
                return Err(Error::config(format!("{}.{key}", section.name), format!("it is {own}, given twice")));
            }
        }
        sorted.insert(section.name.into(), Value::Object(keys));
    }
    Ok((sorted, ignored))
}

/// The section of a name.
pub fn section(name: &str) -> Result<&'static Section> {
    let found = SECTIONS.iter().find(|section| section.name == name);
    found.ok_or_else(|| Error::config(name, unknown("section", name, &SECTIONS.each_ref().map(|section| section.name))))
}

fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    let alike = |other: &&&str| (strsim::jaro_winkler(name, other) * 1e6) as u64;
    match known.iter().max_by_key(alike).filter(|best| strsim::jaro_winkler(name, best) > ALIKE) {
        Some(nearest) => format!("unknown {what}; did you mean {nearest}?"),
        None => format!("unknown {what}; there are {}", known.join(", ")),
    }
}

/// The fields of a struct as serde reads them, in their order.
pub fn fields<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut names = Fields(&[]);
    // Always an error: only the names are of interest.
    let _ = T::deserialize(&mut names);
    names.0
}

/// Deserializer that notes the fields of a struct.
struct Fields(&'static [&'static str]);

impl<'de> Deserializer<'de> for &mut Fields {
    type Error = NoValue;

    fn deserialize_any<V: serde::de::Visitor<'de>>(self, _: V) -> std::result::Result<V::Value, NoValue> {
        Err(NoValue::custom("there is no value"))
    }

    fn deserialize_struct<V: serde::de::Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> std::result::Result<V::Value, NoValue> {
        self.0 = fields;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct
        seq tuple tuple_struct map enum identifier ignored_any
    }
}

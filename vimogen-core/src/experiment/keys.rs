//! The sections and keys of an experiment file: which are used, under which other names, and which mean nothing here.

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// How like a known name an unknown one must be to be suggested.
const ALIKE: f64 = 0.7;

/// A section: its name, the keys that are used (each name followed by its other names), and those that are not, with the
/// reason.
pub struct Section {
    pub name: &'static str,
    pub used: &'static [&'static [&'static str]],
    pub ignored: &'static [(&'static str, &'static str)],
}

const ELSEWHERE: &str = "captions come encoded";
const LOADER: &str = "of PyTorch's loader";
const ONLY_WAN: &str = "of the video model";
const TRACKER: &str = "curves go to TensorBoard files, CSV and SVG";

/// All sections.
pub const SECTIONS: [Section; 9] = [
    Section {
        name: "experiment",
        used: &[
            &["name", "exp_name"],
            &["output_dir", "out_dir", "output"],
            &["seed"],
            &["log_every", "log_interval"],
            &["checkpoint_every", "save_every", "checkpoint_interval", "save_interval"],
            &["visualize_every", "visualize_interval"],
            &["visualize_clips"],
            &["keep_checkpoints"],
        ],
        ignored: &[("wandb", TRACKER), ("project", TRACKER), ("description", "a remark"), ("tags", "a remark")],
    },
    Section {
        name: "model_path",
        used: &[
            &["base", "wan", "wan_path", "pretrained", "dit"],
            &["weights", "checkpoint", "resume"],
            &["config", "model_config"],
            &["null_context", "context_null", "context_null_padded"],
        ],
        ignored: &[("t5", ELSEWHERE), ("text_encoder", ELSEWHERE), ("tokenizer", ELSEWHERE), ("vae", ONLY_WAN)],
    },
    Section {
        name: "model",
        used: &[
            &["dim"],
            &["ffn_dim"],
            &["freq_dim"],
            &["num_heads"],
            &["num_layers"],
            &["text_dim"],
            &["text_len"],
            &["reference"],
            &["split_head"],
            &["eps"],
            &["in_dim"],
            &["out_dim"],
            &["ref_motion_dim"],
            &["generation"],
        ],
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
        used: &[
            &["num_steps", "max_steps", "total_steps", "steps"],
            &["lr", "learning_rate"],
            &["betas"],
            &["eps"],
            &["weight_decay"],
            &["warmup_steps", "warmup"],
            &["lr_schedule"],
            &["loss_weighting"],
            &["grad_clip", "max_grad_norm", "clip_grad", "gradient_clip"],
            &["ema_decay", "ema"],
            &["ema_warmup"],
            &["micro_batches"],
            &["global_batch", "global_batch_size"],
            &["trainable_modules"],
            &["lora"],
            &["optimizer", "type"],
        ],
        ignored: &[],
    },
    Section {
        name: "precision",
        used: &[&["compute", "mixed_precision", "dtype"], &["parameters"], &["reduce", "reduce_dtype", "grad_reduce"]],
        ignored: &[],
    },
    Section {
        name: "parallel",
        used: &[&["activation_checkpointing", "gradient_checkpointing"], &["shard_optimizer"]],
        ignored: &[
            ("strategy", "how processes share the work is chosen when they are started"),
            ("sharding_strategy", "how processes share the work is chosen when they are started"),
            ("fsdp", "how processes share the work is chosen when they are started"),
            ("num_nodes", "how many processes there are is chosen when they are started"),
            ("num_gpus", "how many processes there are is chosen when they are started"),
        ],
    },
    Section {
        name: "dataloader",
        used: &[&["batch_size"], &["num_workers", "workers"], &["prefetch", "prefetch_factor"]],
        ignored: &[
            ("pin_memory", LOADER),
            ("persistent_workers", LOADER),
            ("drop_last", "batches run across epochs"),
            ("shuffle", "each epoch has an order of its own"),
        ],
    },
    Section {
        name: "dataset",
        used: &[
            &["json", "json_path", "json_paths", "meta", "meta_path", "meta_paths"],
            &["duplicate_meta"],
            &["root", "data_root", "motion_root"],
            &["mean", "mean_path"],
            &["std", "std_path"],
            &["text_key"],
            &["min_frames", "min_length"],
            &["max_frames", "max_length"],
            &["text"],
            &["text_mocap"],
            &["null_text"],
            &["max_bad_fraction"],
            &["captions"],
            &["procedural"],
        ],
        ignored: &[],
    },
    Section {
        name: "ref_motion_corruption",
        used: &[
            &["enable"],
            &["corrupt_rate", "corrupt_rate_range"],
            &["noise_scale", "noise_scale_range"],
            &["replace_noise_rate", "replace_noise_rate_range"],
            &["dropout_rate"],
            &["temporal_dropout_rate"],
            &["jitter_strength"],
        ],
        ignored: &[],
    },
];

/// The keys of a file under their own names, by section; and what is ignored, with the reason.
pub fn sort(file: Map<String, Value>) -> Result<(Map<String, Value>, Vec<String>)> {
    let (mut sorted, mut ignored) = (Map::new(), vec![]);
    for (name, value) in file {
        let section = section(&name)?;
        let value = match (value, section.name) {
            (Value::Object(keys), _) => keys,
            (Value::Null, _) => Map::new(),
            // A path alone is what training starts from.
            (Value::String(path), "model_path") => Map::from_iter([("base".into(), Value::String(path))]),
            _ => return Err(Error::config(section.name, "it must be a section of keys")),
        };
        let mut keys = Map::new();
        for (key, value) in value {
            match own_name(section, &key)? {
                Ok(own) => {
                    if keys.insert(own.into(), value).is_some() {
                        return Err(Error::config(
                            format!("{}.{key}", section.name),
                            format!("it is {own}, given twice"),
                        ));
                    }
                }
                Err(reason) => ignored.push(format!("{}.{key} ({reason})", section.name)),
            }
        }
        sorted.insert(section.name.into(), Value::Object(keys));
    }
    Ok((sorted, ignored))
}

/// The section of a name.
pub fn section(name: &str) -> Result<&'static Section> {
    SECTIONS.iter().find(|section| section.name == name).ok_or_else(|| {
        let names = SECTIONS.map(|section| section.name);
        Error::config(name, unknown("section", name, &names, &names.join(", ")))
    })
}

/// The own name of a key that is used; or why it is ignored.
fn own_name(section: &'static Section, key: &str) -> Result<std::result::Result<&'static str, &'static str>> {
    if let Some(names) = section.used.iter().find(|names| names.contains(&key)) {
        return Ok(Ok(names[0]));
    }
    if let Some((_, reason)) = section.ignored.iter().find(|(name, _)| *name == key) {
        return Ok(Err(reason));
    }
    let field = format!("{}.{key}", section.name);
    let elsewhere = SECTIONS.iter().find(|other| other.used.iter().any(|names| names.contains(&key)));
    if let Some(other) = elsewhere {
        return Err(Error::config(field, format!("unknown key; did you mean {}.{key}?", other.name)));
    }
    let known: Vec<&str> = section.used.iter().flat_map(|names| names.iter().copied()).collect();
    let own: Vec<&str> = section.used.iter().map(|names| names[0]).collect();
    Err(Error::config(field, unknown("key", key, &known, &own.join(", "))))
}

fn unknown(what: &str, name: &str, known: &[&'static str], all: &str) -> String {
    let alike = |other: &&&str| (strsim::jaro_winkler(name, other) * 1e6) as u64;
    match known.iter().max_by_key(alike).filter(|best| strsim::jaro_winkler(name, best) > ALIKE) {
        Some(nearest) => format!("unknown {what}; did you mean {nearest}?"),
        None => format!("unknown {what}; there are {all}"),
    }
}

//! Weights: checkpoint names, strict loading with a report, saving, model directories.

mod config;
mod convert;
mod dir;
#[cfg(feature = "network")]
pub mod download;
mod eight_bits;
mod file;
pub mod load;
mod lora;
pub mod mapping;
pub mod report;
pub mod save;
mod widths;

pub use crate::model::WeightDtype;
pub use config::{Architecture, GenerationDefaults, ModelConfig};
#[cfg(feature = "train")]
pub(crate) use convert::save_prompts;
pub use convert::{NativeParts, save_native};
pub(crate) use dir::prompts_of;
pub use dir::{Layout, ModelDir};
pub use file::{load_file, open};
pub use load::{LoadOptions, inspect, load};
#[cfg(feature = "train")]
pub(crate) use lora::save_lora;
pub use lora::{ADAPTER_FILE, merge_lora};
pub use report::Report;
pub use save::{save, state_dict};

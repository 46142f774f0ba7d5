//! Data sets: clips from files, batches, reference corruption, procedural captioned motion.

pub mod batch;
pub mod captioned;
#[cfg(test)]
mod clip_tests;
pub mod corruption;
pub mod dataset;
mod encode;
pub mod loader;
pub mod manifest;
mod motion_file;
pub mod pack;
pub mod prepare;
pub mod procedural;
mod repertoire;
pub mod synth_loader;

pub use captioned::{CaptionedClips, CaptionedFolder, MixedLoader};
pub use corruption::Corruption;
pub use dataset::{Captions, ClipDataset, Sampling};
pub use encode::{EncodeJob, EncodeReport, encode_manifest};
pub use loader::{Batches, ClipLoader, Prefetch};
pub use manifest::Manifest;
pub use synth_loader::{ConditionMix, ProceduralLoader};

//! Data sets: batches, reference corruption, procedural captioned motion.

pub mod batch;
pub mod synth;
pub mod synth_loader;

pub use synth_loader::{Mix, SynthLoader};

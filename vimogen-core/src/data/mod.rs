//! Data sets: batches, reference corruption, procedural captioned motion.

pub mod batch;
pub mod corruption;
pub mod synth;
pub mod synth_loader;

pub use corruption::Corruption;
pub use synth_loader::{Mix, SynthLoader};

//! Data sets: batches, reference corruption, procedural captioned motion.

pub mod batch;
pub mod synth;

//! MBench motion quality, measured on joint positions.

pub mod aggregate;
pub mod benchmark;
pub mod contact;
pub mod dimension;
mod frames;
pub mod gate;
pub mod generate;
pub mod info;
mod interval;
mod ordered;
pub mod organize;
pub mod prompts;
pub mod quality;
#[cfg(feature = "render")]
pub mod report;
mod runner;
pub mod sets;
pub mod vlm;

pub use runner::{DIMENSIONS, Report, evaluate};

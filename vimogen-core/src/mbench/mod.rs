//! MBench (arXiv 2510.26794): nine dimensions of a motion, the benchmark over a folder, and metrics of whole sets.

pub mod aggregate;
pub mod benchmark;
pub mod bodies;
pub mod contact;
pub mod dimension;
mod frames;
pub mod gate;
#[cfg(feature = "model")]
pub mod generate;
pub mod info;
mod interval;
pub mod nrdf;
mod ordered;
pub mod organize;
pub mod penetration;
pub mod pose;
pub mod prompts;
pub mod quality;
#[cfg(feature = "render")]
pub mod report;
mod runner;
pub mod sets;
pub mod smplify;
pub mod vlm;

pub use runner::{DIMENSIONS, Report, evaluate};

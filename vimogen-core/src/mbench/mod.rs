//! MBench (arXiv 2510.26794): nine dimensions of a motion, scores of a folder, and metrics of sets.

pub mod aggregate;
pub mod benchmark;
pub mod bodies;
mod choose;
pub mod contact;
pub mod dimension;
mod frames;
pub mod gate;
#[cfg(feature = "model")]
pub mod generate;
pub mod info;
mod interval;
mod motion_files;
pub mod nrdf;
mod ordered;
pub mod organize;
mod organized;
pub mod outcome;
mod parallel;
pub mod penetration;
pub mod pose;
pub mod prompts;
pub mod quality;
#[cfg(feature = "render")]
pub mod report;
pub mod sets;
pub mod smplify;
pub mod vlm;

pub use benchmark::{EvaluateOptions, Results, evaluate};
pub use choose::best_first;
pub use dimension::Dimension;

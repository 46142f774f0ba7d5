//! MBench motion quality, measured on joint positions.

pub mod aggregate;
pub mod contact;
mod frames;
pub mod nrdf;
pub mod penetration;
pub mod pose;
pub mod quality;
mod runner;
pub mod smplify;

pub use runner::{DIMENSIONS, Report, evaluate};

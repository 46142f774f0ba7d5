//! Flow matching: schedule, solvers, noise, guidance, sampler.

pub mod flow;
mod guidance;
mod noise;
pub mod options;
mod sampler;
mod solver;
#[cfg(test)]
mod tests;

pub use flow::{Schedule, ScheduleConfig};
pub use noise::noise;
pub use options::{GenerateOptions, MAX_STEPS, Preset, SamplerOptions, Smoothing};
pub use sampler::{MAX_FRAMES, SampleInputs, Sampler};
pub use solver::Solver;

//! Flow matching: schedule, solvers, noise, guidance, sampler.

pub mod flow;
mod guidance;
mod noise;
mod sampler;
mod solver;
#[cfg(test)]
mod tests;

pub use flow::{Schedule, ScheduleConfig};
pub use noise::noise;
pub use sampler::{MAX_FRAMES, MAX_STEPS, SampleInputs, Sampler, SamplerOptions, Smoothing};
pub use solver::Solver;

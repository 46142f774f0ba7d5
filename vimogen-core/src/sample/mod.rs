//! Flow matching: schedule, noise, guidance, sampler.

pub mod flow;
mod guidance;
mod noise;
mod sampler;
#[cfg(test)]
mod tests;

pub use flow::{Schedule, ScheduleConfig};
pub use noise::noise;
pub use sampler::{MAX_FRAMES, MAX_STEPS, SampleInputs, Sampler, SamplerOptions, Smoothing};

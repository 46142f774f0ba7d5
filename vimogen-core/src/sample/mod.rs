//! Flow matching: schedule, solvers, noise, guidance, sampler.

pub mod flow;
mod flow_edit;
mod guidance;
mod guide;
mod noise;
pub mod options;
mod sampler;
mod solver;
#[cfg(test)]
mod tests;

pub use flow::{Schedule, ScheduleConfig};
pub use guide::{FinishedClip, Guide, GuidedClip};
pub(crate) use guide::{Renumbered, reborrow};
pub use noise::noise;
pub use options::{GenerateOptions, MAX_STEPS, Preset, SamplerOptions, Smoothing};
pub use sampler::Sampler;
pub use solver::Solver;

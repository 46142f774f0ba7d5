//! Flow matching: schedule, noise, guidance, sampler.

pub mod flow;

pub use flow::{Schedule, ScheduleConfig};

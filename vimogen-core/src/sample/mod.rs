//! Flow matching: schedule, noise, guidance, sampler.

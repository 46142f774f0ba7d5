//! MBench motion quality.

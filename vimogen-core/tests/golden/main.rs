//! Golden tests: results of the released PyTorch system, `tests/golden` at the repository root.
//!
//! One binary for all topics, so that Burn is linked once.
#![cfg(feature = "full")]
#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what a test measured or skipped")]

mod body_model;
mod bvh;
mod collate;
mod common;
mod dit;
mod exchange;
mod export;
mod formats;
mod levels;
mod motion_rep;
mod nrdf;
mod picture;
mod precision;
mod quality;
mod ref_corruption;
mod render;
mod rotations;
mod sampler;
mod scheduler;
mod signal;
mod smplify;
mod training;
mod umt5;
mod vlm;
mod weights;

//! Golden tests: numbers of the released PyTorch system, `tests/golden` at the repository root.
//!
//! One binary for all topics, so that Burn is linked once.

mod bvh;
mod common;
mod quality;
mod render;
mod rotations;

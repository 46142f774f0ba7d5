//! Procedural captioned motion on the built-in skeleton.
//!
//! A clip is a pure function of a seed and a number: a caption, its script and its motion (z up, metres, 20 frames per
//! second, floor at z = 0, starting at the origin and facing +y).

pub mod acts;
mod curve;
mod families;
mod gait;
mod pelvis;
mod rig;
mod rng;
mod spec;

pub use acts::{Scene, Scenes};
pub use spec::{Pace, Side, Split, words};

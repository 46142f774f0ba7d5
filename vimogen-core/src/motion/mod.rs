//! Motion representation: 276 numbers a frame, on a 22-joint skeleton. No tensors, plain `f32` arrays.

pub mod canonical;
pub mod clip;
pub mod codec;
pub mod hmr;
mod io;
mod lanes;
pub mod layout;
pub mod poses;
pub mod resample;
pub mod rotation;
pub mod skeleton;
pub mod smooth;
pub mod stats;

pub use clip::Motion;
pub use poses::{Pose, Poses};
pub use stats::Stats;

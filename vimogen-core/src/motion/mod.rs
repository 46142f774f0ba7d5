//! Motion representation: 276 numbers a frame, on a 22-joint skeleton. No tensors, plain `f32` arrays.

pub mod canonical;
pub mod clip;
pub mod codec;
mod file_format;
pub mod hmr;
mod lanes;
pub mod layout;
pub mod poses;
pub mod resample;
pub mod rotation;
pub mod skeleton;
pub mod smooth;
pub mod stats;

pub use clip::Motion;
pub use file_format::FileFormat;
pub use poses::{Pose, Poses};
pub use stats::Stats;

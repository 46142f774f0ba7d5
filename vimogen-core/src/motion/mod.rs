//! Motion representation: 276 numbers a frame, on a 22-joint skeleton. No tensors, plain `f32` arrays.

pub mod codec;
pub mod layout;
pub mod rotation;
pub mod skeleton;

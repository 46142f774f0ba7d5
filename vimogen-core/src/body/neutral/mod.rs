//! The built-in neutral body: its skeleton and its mesh.

mod mesh;
mod skeleton;

pub use skeleton::{NEUTRAL, REST_OFFSETS, REST_TO_WORLD, SHIN, THIGH};

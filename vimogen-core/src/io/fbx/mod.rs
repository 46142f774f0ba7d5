//! FBX files as clips, through the library ufbx; binary and text, as from Mixamo, MotionBuilder, Maya and Blender.

mod bind;
mod curves;
mod read;

pub use read::{from_bytes, load, load_with};

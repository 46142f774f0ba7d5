//! BVH, the text format for skeletal animation of Blender, Maya, MotionBuilder and game engines.

mod parse;
pub mod retarget;
mod write;

pub use parse::{Bvh, Joint};
pub use write::{BvhOptions, MIXAMO_NAMES, Names, Unit, save, to_string};

//! BVH, the text format for skeletal animation of Blender, Maya, MotionBuilder and game engines.

mod parse;
mod read;
mod write;

pub use parse::{Bvh, Joint};
pub use read::{load, load_with};
pub use write::{BvhOptions, JointNames, MIXAMO_NAMES, save, to_string};

//! BVH, the text format for skeletal animation of Blender, Maya, MotionBuilder and game engines.

mod angle;
mod frames;
mod hierarchy;
mod joint;
pub(in crate::io) mod nodes;
mod parse;
mod person;
mod rate;
mod read;
mod write;

pub use crate::io::joint_names::{JointNames, MIXAMO_NAMES};
pub use joint::Joint;
pub use parse::Bvh;
pub use read::{load, load_with};
pub use write::{BvhOptions, save, to_string};

#[cfg(test)]
mod tests;

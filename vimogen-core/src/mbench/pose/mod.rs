//! MBench's two pose dimensions, on fitted bodies or on the rotations of a motion.

mod clip;
mod scorer;

pub use clip::{PoseClip, PoseOrigin};
pub use scorer::PoseScorer;

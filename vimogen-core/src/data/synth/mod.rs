//! Procedural captioned motion on the built-in skeleton.

mod compose;
mod curve;
mod families;
mod gait;
mod rig;
mod spec;

pub use compose::{Manner, clip};
pub use spec::{ActionSpec, Family, Pace, Part, Side};

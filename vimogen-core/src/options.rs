//! Options of a generation.

pub(crate) use crate::sample::options::check_frames;
pub use crate::sample::options::{DEFAULT_FRAMES, GenerateOptions, MAX_FRAMES, MIN_FRAMES, Preset};

//! Options of a caller: how a model is loaded, and how a motion is generated.

use crate::device::DeviceSpec;
pub(crate) use crate::sample::options::check_frames;
pub use crate::sample::options::{DEFAULT_FRAMES, GenerateOptions, MAX_FRAMES, MIN_FRAMES, Preset};
use crate::weights::WeightDtype;

/// Options of loading a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LoadConfig {
    /// Device that computes.
    pub device: DeviceSpec,
    /// Type of the weights in memory; sums are in f32 with all of them.
    pub dtype: WeightDtype,
    /// Leave out the reference path, a third of the model: its weights are never read.
    pub text_only: bool,
}

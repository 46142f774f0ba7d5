//! vimogen turns a sentence, or a sentence and a reference motion, into 3D human motion.

#![warn(missing_docs)]

pub mod body;
#[cfg(feature = "train")]
pub mod data;
pub mod device;
pub mod error;
pub mod export;
pub mod format;
#[cfg(feature = "mbench")]
pub mod mbench;
pub mod model;
pub mod motion;
pub mod options;
pub mod pipeline;
pub mod progress;
#[cfg(feature = "render")]
pub mod render;
pub mod sample;
pub mod text;
#[cfg(feature = "train")]
pub mod train;
pub mod weights;

pub use burn::tensor::Device;
pub use device::DeviceSpec;
pub use error::{Error, ErrorCode, Result};
pub use model::{Dit, DitConfig};
pub use motion::Motion;
pub use options::{GenerateOptions, LoadConfig};
pub use pipeline::{Pipeline, Prompt, Request};
pub use progress::{Progress, Stage};
pub use sample::Sampler;
pub use text::TextEncoder;
pub use weights::WeightDtype;

//! vimogen turns a sentence, or a sentence and a reference motion, into 3D human motion.

#![warn(missing_docs)]

pub mod body;
#[cfg(feature = "train")]
pub mod data;
pub mod error;
pub mod export;
pub mod format;
#[cfg(feature = "mbench")]
pub mod mbench;
pub mod model;
pub mod motion;
pub mod progress;
#[cfg(feature = "render")]
pub mod render;
pub mod sample;
pub mod text;
#[cfg(feature = "train")]
pub mod train;
pub mod weights;

pub use error::{Error, ErrorCode, Result};

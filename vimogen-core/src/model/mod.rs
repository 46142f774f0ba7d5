//! The diffusion transformer: noisy motion, a timestep and a condition in; the velocity of the flow out.
//!
//! Read [`dit`] first, then [`block`]; everything else is a leaf. Field names follow the names in released checkpoints.

pub mod arrays;
pub mod attention;
pub mod block;
pub mod clips;
pub mod config;
pub mod dit;
pub mod embed;
pub mod head;
pub(crate) mod host;
pub mod init;
pub mod kernels;
pub mod layers;
pub(crate) mod named;
mod pack;
mod packed;
pub mod probe;
#[cfg(feature = "train")]
pub(crate) mod segments;
mod weight_dtype;

pub use clips::{ClipBatch, Condition};
pub use config::DitConfig;
pub use dit::{Dit, Prepared};
pub(crate) use kernels::linear::Packed;
pub(crate) use packed::PackedWeights;
pub use weight_dtype::WeightDtype;

//! The diffusion transformer: noisy motion, a timestep and a condition in; the velocity of the flow out.
//!
//! Read [`dit`] first, then [`block`]; everything else is a leaf. Field names follow the names in released checkpoints.

pub mod attention;
pub mod block;
pub mod config;
pub mod dit;
pub mod embed;
pub mod head;
pub mod host;
pub mod init;
pub mod kernels;
pub mod layers;
pub(crate) mod named;
mod packed;
pub mod probe;
pub(crate) mod rows;
#[cfg(feature = "train")]
pub(crate) mod segments;

pub use config::DitConfig;
pub use dit::{Conditions, Dit, Prepared};
pub use host::DitInputs;
pub(crate) use kernels::linear::Packed;
pub(crate) use packed::PackedWeights;
pub use packed::Precision;

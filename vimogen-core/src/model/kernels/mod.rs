//! Fused CPU kernels behind portable fallbacks.

mod gelu;

pub use gelu::gelu;

//! Constraints on a generation: poses, places of hands and feet, way points, paths, frames that are kept, loops.
//!
//! No training and no gradient is needed, so they work with any checkpoint. At each step the network's estimate of the
//! finished motion is made to agree with itself and projected onto the constraints ([`project`](self)): the correction that
//! meets them exactly and is smallest in a metric of time, in which neighbouring frames move together. After sampling the
//! clip is projected once more on its skeleton, limbs reach their targets by inverse kinematics, and standing feet are
//! locked ([`Pipeline::generate_constrained`](crate::Pipeline::generate_constrained)).
//!
//! The method is that of projecting the clean estimate (arXiv 2602.22742): `c + K A^T (A K A^T)^-1 (y - A c)` for
//! constraints `A c = y`, here on rotations and the root, with kernels over time as the metric.

#[cfg(any(feature = "model", test))]
mod change;
mod check;
mod constraints;
#[cfg(feature = "model")]
mod generate;
mod json;
#[cfg(any(feature = "model", test))]
mod kernel;
mod kimodo;
#[cfg(any(feature = "model", test))]
mod project;
#[cfg(any(feature = "model", test))]
mod reach;
#[cfg(any(feature = "model", test))]
mod route;

pub use constraints::{Constraint, Constraints};
#[cfg(feature = "model")]
pub use generate::{Constrained, Met};

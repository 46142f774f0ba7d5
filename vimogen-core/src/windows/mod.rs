//! Long motions from a model of short clips: overlapping windows that are sampled together.
//!
//! A model knows clips of a few seconds that start at the origin. A long motion is a row of windows. Each window has its own
//! place and heading, and shares frames with the window before. At each step of the sampler both estimates of the shared
//! frames are brought to one place, averaged with weights that go from one window to the next, and given back to both
//! ([`Coupling`]), so that the model itself makes the seams. This is the averaging of MultiDiffusion (arXiv 2302.08113) and
//! DiffCollage (arXiv 2303.17076), here on poses: features hold positions in the world and cannot be averaged as numbers.

mod couple;
mod frames;
mod plan;
mod plant;
mod rhythm;
mod steer;

pub(crate) use couple::{Coupling, Window, ramp};
pub(crate) use frames::{Frame, Frames};
pub(crate) use plan::{Lengths, Planned, Stretch, plan};
pub(crate) use plant::plant;
pub(crate) use rhythm::period;
pub(crate) use steer::{Aim, REACHED, steer};

//! Scenes of nodes, as in glTF and FBX: which nodes are the joints of a body, where they are at rest, which of several
//! animations is read, and the [`Rig`](super::rig::Rig) of one.

pub(in crate::io) mod animated;
pub(in crate::io) mod bodies;
pub(in crate::io) mod choice;
pub(in crate::io) mod clock;
mod rate;
pub(in crate::io) mod rest;
pub(in crate::io) mod takes;
pub(in crate::io) mod tree;

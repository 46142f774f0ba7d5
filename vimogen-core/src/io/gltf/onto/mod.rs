//! Clips on a character of the user: a skinned glTF file or a VRM avatar, which gets an animation and stays as it is
//! otherwise.
//!
//! The JSON text is spliced ([`splice`]): new items are inserted and few values replaced, so that
//! digits, order, extensions and unknown content stay byte for byte.

mod armature;
mod character;
mod containers;
mod edit;
mod preset;
mod splice;
mod surface;
#[cfg(test)]
mod tests;

pub use character::{Character, RetargetOptions};

//! FBX: animations of human skeletons are read through the library ufbx (feature `fbx`; binary and text, as from Mixamo,
//! MotionBuilder, Maya and Blender), and a skinned mesh with its animation is written as binary.

#[cfg(feature = "fbx")]
mod bind;
#[cfg(feature = "fbx")]
mod curves;
mod node;
mod objects;
mod property;
#[cfg(feature = "fbx")]
mod read;
mod write;

#[cfg(feature = "fbx")]
pub use read::{from_bytes, load, load_with};
pub use write::{FbxOptions, save, to_bytes};

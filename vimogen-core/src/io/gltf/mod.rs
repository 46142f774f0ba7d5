//! glTF 2.0, for Blender, Unity, Unreal, three.js and others: a skinned mesh and its animation are written as one
//! `.glb` file, and animations of human skeletons are read from `.glb`, `.gltf`, `.vrm` and `.vrma`.

mod accessor;
mod bind;
mod build;
mod container;
mod extras;
mod humanoid;
mod json;
mod nodes;
mod onto;
mod read;
mod skeletons;
mod tracks;
mod vrma;
mod write;

pub use onto::{Character, RetargetOptions};
pub use read::{from_bytes, load, load_with};
pub use vrma::{HumanBones, save_vrma, vrma_to_bytes};
pub use write::{save, save_with, to_bytes};

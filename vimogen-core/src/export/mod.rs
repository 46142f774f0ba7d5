//! Files for other programs: BVH for animation tools, npz in the layout of AMASS for SMPL-X tools.

pub mod bvh;
pub mod npz;

use std::path::Path;

use crate::error::Result;
use crate::format::extension;
use crate::motion::clip::Motion;

/// Writes a motion in the format that the extension names.
///
/// - `.bvh`: [`bvh::save`], centimetres, rest offsets of the clip
/// - `.npz`: [`npz::save`], also read back by [`Motion::load`]
/// - `.npy`, `.pt`, `.pth`: the features alone, [`Motion::save`]
///
/// # Errors
/// [`crate::Error::InvalidArgument`] for another extension, and those of the writers.
pub fn save(path: impl AsRef<Path>, motion: &Motion) -> Result<()> {
    let path = path.as_ref();
    match extension(path).as_str() {
        "bvh" => bvh::save(path, &motion.smpl(), motion.fps(), &bvh::BvhOptions::default()),
        "npz" => npz::save(path, motion),
        _ => motion.save(path),
    }
}

//! Files for other programs: BVH for animation tools, npz in the layout of AMASS for SMPL-X tools.

pub mod bvh;
pub mod npz;

#[cfg(feature = "render")]
use std::io::Write as _;
use std::path::Path;

use crate::error::{Error, Result};
use crate::format::extension;
#[cfg(feature = "render")]
use crate::format::write_atomic;
use crate::motion::clip::Motion;
#[cfg(feature = "render")]
use crate::render::{html, svg::strip_svg};

/// Writes a motion in the format that the extension names.
///
/// - `.bvh`: [`bvh::save`], centimetres, rest offsets of the clip
/// - `.npz`: [`npz::save`], also read back by [`Motion::load`]
/// - `.npy`, `.pt`, `.pth`: the features alone, [`Motion::save`]
/// - `.html`: a player, `.svg`: a strip of eight poses; with the feature `render`
///
/// # Errors
/// [`Error::InvalidArgument`] for another extension, and those of the writers.
pub fn save(path: impl AsRef<Path>, motion: &Motion) -> Result<()> {
    let path = path.as_ref();
    match extension(path).as_str() {
        "bvh" => bvh::save(path, &motion.smpl(), motion.fps(), &bvh::BvhOptions::default()),
        "npz" => npz::save(path, motion),
        #[cfg(feature = "render")]
        "html" => {
            let joints = motion.joints();
            html::save(path, &[html::Clip { joints: joints.view(), fps: motion.fps(), title: "", metrics: &[] }])
        }
        #[cfg(feature = "render")]
        "svg" => {
            let strip = strip_svg(motion.joints().view(), motion.fps(), 8)?;
            write_atomic(path, |w| w.write_all(strip.as_bytes()))
        }
        "npy" | "pt" | "pth" => motion.save(path),
        other => {
            let reason = format!("{other:?} is none of bvh, npz, npy, pt, html, svg, path: {path:?}");
            Err(Error::invalid("file extension", reason))
        }
    }
}

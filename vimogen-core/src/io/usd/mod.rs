//! USD as text (`.usda`), alone or in a package (`.usdz`): a skinned mesh, a UsdSkel skeleton and its animation, for Omniverse,
//! Houdini, Maya, Unreal, Blender and Apple's programs.
//!
//! Axes are y up, facing +z, as in [glTF](crate::io::gltf). The bind and rest pose is a T that stands on y = 0. Time codes are
//! frames, from 0. Lengths are metres unless another unit is chosen; `metersPerUnit` says which.

mod text;

use std::io::Write;
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::body::BodyModel;
use crate::error::{Error, Result};
use crate::format::write_atomic;
use crate::io::joint_names::JointNames;
use crate::io::skinned::Skinned;
use crate::motion::{LengthUnit, Motion};

/// Alignment of the files in a package, bytes.
const ALIGNMENT: u16 = 64;

/// Options of a USD file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UsdOptions {
    /// Unit of length.
    pub unit: LengthUnit,
    /// Names of the joints; USD has no colon in them.
    pub names: JointNames,
}

impl Default for UsdOptions {
    fn default() -> Self {
        Self { unit: LengthUnit::Metres, names: JointNames::Smpl }
    }
}

/// Writes the clip as an animation of `body` in a `.usda` file.
///
/// # Errors
/// Those of [`to_string`], [`Error::NotFound`] if the folder does not exist, [`Error::Io`].
pub fn save_usda(path: impl AsRef<Path>, motion: &Motion, body: &BodyModel, options: &UsdOptions) -> Result<()> {
    let text = to_string(motion, body, options)?;
    write_atomic(path, |w| w.write_all(text.as_bytes()))
}

/// Writes [`to_string`] as the only file of a `.usdz` package.
///
/// # Errors
/// As [`save_usda`].
pub fn save_usdz(path: impl AsRef<Path>, motion: &Motion, body: &BodyModel, options: &UsdOptions) -> Result<()> {
    let text = to_string(motion, body, options)?;
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).with_alignment(ALIGNMENT);
    write_atomic(path, |w| {
        let mut zip = ZipWriter::new(w);
        zip.start_file("motion.usda", stored)?;
        zip.write_all(text.as_bytes())?;
        zip.finish()?;
        Ok(())
    })
}

/// The text of the file.
///
/// # Errors
/// [`Error::InvalidArgument`] for joint names with a colon, [`Error::NonFinite`] for a clip whose decoded values overflow.
pub fn to_string(motion: &Motion, body: &BodyModel, options: &UsdOptions) -> Result<String> {
    if options.names == JointNames::Mixamo {
        let reason = "USD allows no colon in the name of a joint; choose mixamorig or mixamo-plain";
        return Err(Error::invalid("joint_names", reason));
    }
    let clip = Skinned::new(motion, body, options.names)?;
    Ok(text::layer(&clip, options.unit))
}

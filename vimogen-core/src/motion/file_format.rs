//! Formats of motion files, by extension. Readers and writers are in [`crate::io`].

use std::path::Path;

use crate::error::{Error, Result};
use crate::format::{extension, unknown_extension};

/// Capabilities of a format.
struct Traits {
    extensions: &'static [&'static str],
    description: &'static str,
    reads: bool,
    writes: bool,
    lossless: bool,
    picture: bool,
}

const WRITTEN: Traits =
    Traits { extensions: &[], description: "", reads: false, writes: true, lossless: false, picture: false };
const READ: Traits = Traits { reads: true, writes: false, ..WRITTEN };
const BOTH: Traits = Traits { reads: true, ..WRITTEN };
const LOSSLESS: Traits = Traits { lossless: true, ..BOTH };
const PICTURE: Traits = Traits { picture: true, ..WRITTEN };

/// Declares the formats, in the order of messages and tables: capabilities, extensions, and the content of the file.
macro_rules! formats {
    ($($(#[$about:meta])* $Name:ident: $traits:ident, $extensions:expr, $description:literal;)+) => {
        /// Format of a motion file, chosen by the file's extension.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum FileFormat {
            $($(#[$about])* $Name,)+
        }

        impl FileFormat {
            /// All formats, in the order of messages and tables.
            pub const ALL: [Self; [$(Self::$Name),+].len()] = [$(Self::$Name),+];

            const fn traits(self) -> Traits {
                match self {
                    $(Self::$Name => Traits { extensions: &$extensions, description: $description, ..$traits },)+
                }
            }
        }
    };
}

formats! {
    /// NumPy archive in the layout of AMASS, with the features.
    Npz: LOSSLESS, ["npz"], "layout of AMASS and SMPL-X, the 276 features, joints; z up, metres, radians";
    /// Features as a NumPy array.
    Npy: LOSSLESS, ["npy"], "the 276 features, at 20 fps only; results of TRAM, MDM, Motion-X, HumanML3D";
    /// Features as a PyTorch file.
    Torch: LOSSLESS, ["pt", "pth"], "the 276 features, as in the release's files; results of GVHMR";
    /// Pickle of a program that recovers or generates motion.
    Pickle: READ, ["pkl", "pickle", "joblib"],
        "results of programs that recover or collect motion: WHAM, PromptHMR, PHALP, GLAMR, AIST++";
    /// Skeleton and rotations as BVH text.
    Bvh: BOTH, ["bvh"], "skeleton and rotations; y up, faces +z, centimetres or metres";
    /// Motion of a skeleton in an ASF file, as in CMU's database.
    Amc: READ, ["amc"], "motion of a skeleton in an `.asf` file next to it, as in CMU's database";
    /// Skinned mesh and animation as binary glTF.
    Glb: BOTH, ["glb"], "glTF 2.0: skinned mesh, 22 named joints, one animation; y up, faces +z, metres";
    /// glTF as text, and avatars of VRM.
    Gltf: READ, ["gltf", "vrm"], "animations of human skeletons in glTF as text, and in VRM avatars";
    /// Animation for avatars of VRM.
    Vrma: BOTH, ["vrma"], "VRM animation: humanoid bones and hips, for avatars of any proportions; y up, metres";
    /// Skinned mesh and animation as FBX.
    Fbx: BOTH, ["fbx"], "FBX 7.4: skinned mesh, 22 named joints, one take; y up, faces +z, centimetres; read as from Mixamo";
    /// Skinned mesh and animation as USD text.
    Usda: WRITTEN, ["usda"], "USD: skinned mesh, UsdSkel skeleton and animation; y up, faces +z, metres";
    /// Skinned mesh and animation as a USD package.
    Usdz: WRITTEN, ["usdz"], "the same as `.usda` in one package";
    /// Table of joint positions.
    Csv: WRITTEN, ["csv"], "table of joint positions, one row per frame; z up, metres";
    /// Player as an HTML page.
    Html: PICTURE, ["html"], "player that needs no network";
    /// Strip of poses.
    Svg: PICTURE, ["svg"], "strip of eight poses";
    /// Video.
    Mp4: PICTURE, ["mp4"], "video, H.264";
    /// Looping picture.
    Gif: PICTURE, ["gif"], "looping picture";
    /// Contact sheet.
    Png: PICTURE, ["png"], "contact sheet of eight moments";
}

impl FileFormat {
    /// Extensions in lower case, without the dot; the usual one first.
    pub fn extensions(self) -> &'static [&'static str] {
        self.traits().extensions
    }

    /// Content of the file in one line, with axes and units.
    pub fn description(self) -> &'static str {
        self.traits().description
    }

    /// Whether [`Motion::load`](crate::Motion::load) of this build reads the format.
    pub fn reads(self) -> bool {
        self.traits().reads && self.missing_feature(true).is_none()
    }

    /// Whether [`Motion::save`](crate::Motion::save) of this build writes the format.
    pub fn writes(self) -> bool {
        self.traits().writes && self.missing_feature(false).is_none()
    }

    /// Whether a saved motion is read back with the same features.
    pub fn is_lossless(self) -> bool {
        self.traits().lossless
    }

    /// Whether the file is to be looked at: a page, a drawing or a video.
    pub fn is_picture(self) -> bool {
        self.traits().picture
    }

    /// The cargo feature that this build lacks to read or write the format.
    fn missing_feature(self, reading: bool) -> Option<&'static str> {
        match self {
            _ if self.is_picture() && !cfg!(feature = "render") => Some("render"),
            Self::Mp4 if !cfg!(feature = "video") => Some("video"),
            Self::Fbx if reading && !cfg!(feature = "fbx") => Some("fbx"),
            _ => None,
        }
    }

    /// # Errors
    /// [`Error::InvalidArgument`] if this build cannot read or write the format.
    pub(crate) fn check_build(self, reading: bool) -> Result<()> {
        self.missing_feature(reading).map_or(Ok(()), |feature| {
            let reason = format!("{} files need the cargo feature `{feature}`", self.extensions()[0]);
            Err(Error::invalid("file extension", reason))
        })
    }

    /// # Errors
    /// [`Error::InvalidArgument`] if the format is only read, or if this build cannot write it.
    pub(crate) fn check_writes(self) -> Result<()> {
        if !self.traits().writes {
            let reason = format!("{} files are read, not written", self.extensions()[0]);
            return Err(Error::invalid("file extension", reason));
        }
        self.check_build(false)
    }

    /// The format of a file that is to be read.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if no format that is read has the extension, or if this build cannot read it.
    pub fn to_read(path: impl AsRef<Path>) -> Result<Self> {
        let format = Self::find(path.as_ref(), |format| format.traits().reads)?;
        format.check_build(true).map(|()| format)
    }

    /// The format of a file that is to be written.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if no format that is written has the extension.
    pub fn to_write(path: impl AsRef<Path>) -> Result<Self> {
        Self::find(path.as_ref(), |format| format.traits().writes)
    }

    fn find(path: &Path, allowed: fn(Self) -> bool) -> Result<Self> {
        let extension = extension(path);
        let formats = || Self::ALL.into_iter().filter(|format| allowed(*format));
        let found = formats().find(|format| format.extensions().contains(&extension.as_str()));
        found.ok_or_else(|| unknown_extension(path, formats().flat_map(Self::extensions).copied()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_extension_names_one_format() {
        let mut all: Vec<&str> = FileFormat::ALL.into_iter().flat_map(FileFormat::extensions).copied().collect();
        for format in FileFormat::ALL {
            for extension in format.extensions() {
                let path = format!("walk.{}", extension.to_uppercase());
                assert_eq!(FileFormat::to_read(&path).ok(), format.reads().then_some(format), "{path}");
                assert_eq!(FileFormat::to_write(&path).ok(), format.traits().writes.then_some(format), "{path}");
                assert_eq!(format.check_writes().is_ok(), format.writes(), "{path}");
            }
        }
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]), "{all:?}");
    }

    #[test]
    fn errors_list_the_formats_that_would_do() {
        let read = FileFormat::to_read("walk.csv").unwrap_err().to_string();
        let known =
            "\"csv\" is none of npz, npy, pt, pth, pkl, pickle, joblib, bvh, amc, glb, gltf, vrm, vrma, fbx, path:";
        assert!(read.contains(known), "{read}");
        let written = FileFormat::to_write("walk").unwrap_err().to_string();
        assert!(written.contains("glb, vrma, fbx, usda, usdz, csv, html"), "{written}");
        let read_only = FileFormat::Gltf.check_writes().unwrap_err().to_string();
        assert!(read_only.contains("gltf files are read, not written"), "{read_only}");
    }
}

//! Formats of motion files, by extension. Readers and writers are in [`crate::io`].

use std::path::Path;

use crate::error::{Error, Result};
use crate::format::{extension, unknown_extension};

/// Format of a motion file, chosen by the file's extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileFormat {
    /// NumPy archive in the layout of AMASS, with the features.
    Npz,
    /// Features as a NumPy array.
    Npy,
    /// Features as a PyTorch file.
    Torch,
    /// Pickle of a program that recovers or generates motion.
    Pickle,
    /// Skeleton and rotations as BVH text.
    Bvh,
    /// Motion of a skeleton in an ASF file, as in CMU's database.
    Amc,
    /// Skinned mesh and animation as binary glTF.
    Glb,
    /// glTF as text, and avatars and animations of VRM.
    Gltf,
    /// Skeleton and animation as FBX.
    Fbx,
    /// Table of joint positions.
    Csv,
    /// Player as an HTML page.
    Html,
    /// Strip of poses.
    Svg,
    /// Video.
    Mp4,
    /// Looping picture.
    Gif,
    /// Contact sheet.
    Png,
}

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
const LOSSLESS: Traits = Traits { reads: true, lossless: true, ..WRITTEN };
const PICTURE: Traits = Traits { picture: true, ..WRITTEN };

impl FileFormat {
    /// All formats, in the order of messages and tables.
    pub const ALL: [Self; 15] = [
        Self::Npz,
        Self::Npy,
        Self::Torch,
        Self::Pickle,
        Self::Bvh,
        Self::Amc,
        Self::Glb,
        Self::Gltf,
        Self::Fbx,
        Self::Csv,
        Self::Html,
        Self::Svg,
        Self::Mp4,
        Self::Gif,
        Self::Png,
    ];

    const fn traits(self) -> Traits {
        match self {
            Self::Npz => Traits {
                extensions: &["npz"],
                description: "layout of AMASS and SMPL-X, the 276 features, joints; z up, metres, radians",
                ..LOSSLESS
            },
            Self::Npy => Traits {
                extensions: &["npy"],
                description: "the 276 features, at 20 fps only; results of TRAM, MDM, Motion-X, HumanML3D",
                ..LOSSLESS
            },
            Self::Torch => Traits {
                extensions: &["pt", "pth"],
                description: "the 276 features, as in the release's files; results of GVHMR",
                ..LOSSLESS
            },
            Self::Pickle => Traits {
                extensions: &["pkl", "pickle", "joblib"],
                description: "results of programs that recover or collect motion: WHAM, PromptHMR, PHALP, GLAMR, AIST++",
                ..READ
            },
            Self::Bvh => Traits {
                extensions: &["bvh"],
                description: "skeleton and rotations; y up, faces +z, centimetres or metres",
                reads: true,
                ..WRITTEN
            },
            Self::Amc => Traits {
                extensions: &["amc"],
                description: "motion of a skeleton in an `.asf` file next to it, as in CMU's database",
                ..READ
            },
            Self::Glb => Traits {
                extensions: &["glb"],
                description: "glTF 2.0: skinned mesh, 22 named joints, one animation; y up, faces +z, metres",
                reads: true,
                ..WRITTEN
            },
            Self::Gltf => Traits {
                extensions: &["gltf", "vrm", "vrma"],
                description: "animations of human skeletons in glTF as text, VRM avatars and VRM animations",
                ..READ
            },
            Self::Fbx => Traits {
                extensions: &["fbx"],
                description: "animations of human skeletons, as downloaded from Mixamo",
                ..READ
            },
            Self::Csv => Traits {
                extensions: &["csv"],
                description: "table of joint positions, one row per frame; z up, metres",
                ..WRITTEN
            },
            Self::Html => Traits { extensions: &["html"], description: "player that needs no network", ..PICTURE },
            Self::Svg => Traits { extensions: &["svg"], description: "strip of eight poses", ..PICTURE },
            Self::Mp4 => Traits { extensions: &["mp4"], description: "video, H.264", ..PICTURE },
            Self::Gif => Traits { extensions: &["gif"], description: "looping picture", ..PICTURE },
            Self::Png => Traits { extensions: &["png"], description: "contact sheet of eight moments", ..PICTURE },
        }
    }

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
        self.traits().reads && self.missing_feature().is_none()
    }

    /// Whether [`Motion::save`](crate::Motion::save) of this build writes the format.
    pub fn writes(self) -> bool {
        self.traits().writes && self.missing_feature().is_none()
    }

    /// Whether a saved motion is read back with the same features.
    pub fn is_lossless(self) -> bool {
        self.traits().lossless
    }

    /// Whether the file is to be looked at: a page, a drawing or a video.
    pub fn is_picture(self) -> bool {
        self.traits().picture
    }

    /// The cargo feature that this build lacks for the format.
    fn missing_feature(self) -> Option<&'static str> {
        match self {
            _ if self.is_picture() && !cfg!(feature = "render") => Some("render"),
            Self::Mp4 if !cfg!(feature = "video") => Some("video"),
            Self::Fbx if !cfg!(feature = "fbx") => Some("fbx"),
            _ => None,
        }
    }

    /// # Errors
    /// [`Error::InvalidArgument`] if this build cannot read or write the format.
    pub(crate) fn check_build(self) -> Result<()> {
        self.missing_feature().map_or(Ok(()), |feature| {
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
        self.check_build()
    }

    /// The format of a file that is to be read.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if no format that is read has the extension, or if this build cannot read it.
    pub fn to_read(path: impl AsRef<Path>) -> Result<Self> {
        let format = Self::find(path.as_ref(), |format| format.traits().reads)?;
        format.check_build().map(|()| format)
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
        assert!(written.contains("glb, csv, html"), "{written}");
        let read_only = FileFormat::Gltf.check_writes().unwrap_err().to_string();
        assert!(read_only.contains("gltf files are read, not written"), "{read_only}");
    }
}

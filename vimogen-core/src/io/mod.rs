//! Motion files: [`Motion::load`] and [`Motion::save`], and the formats behind them.
//!
//! The extension chooses the [`FileFormat`]. Each format has a module with its reader and its writer, for callers that
//! need more than a [`Motion`].

pub mod amass;
pub mod asf;
pub mod bvh;
pub mod csv;
pub mod fbx;
mod features;
pub mod gltf;
mod joint_map;
mod joint_names;
mod mjcf;
mod options;
#[cfg(feature = "render")]
pub mod picture;
mod results;
mod rig;
mod scene;
mod skinned;
mod text;
pub mod usd;

use std::path::Path;

use ndarray::{Array, Axis, RemoveAxis};

use bvh::BvhOptions;
use fbx::FbxOptions;
use usd::UsdOptions;

use crate::body::BodyModel;
pub use crate::character::{BoneAngle, RetargetReport};
use crate::error::{Error, Result, check_finite};
use crate::format::npy;
use crate::motion::LengthUnit;
use crate::motion::codec::{SmplMotion, encode};
pub use crate::motion::{FileFormat, Motion};
use crate::progress::{OnProgress, ignore};
pub use gltf::{Character, RetargetOptions};
pub use joint_map::{JointMap, load_joint_map, parse_joint_map};
pub use joint_names::{JointNames, MIXAMO_NAMES};
pub use mjcf::{Robot, RobotLayout, RobotMotion, RobotOptions, RobotReport};
pub use options::{LoadOptions, SaveOptions};

impl Motion {
    /// Reads a clip in the format that the extension names:
    ///
    /// - `.npz`, `.npy`, `.pt`, `.pth`, `.pkl`, `.pickle`, `.joblib`: recognised by their content. Features (T, 276) as an
    ///   array, or as `motion` or `features`; of 426 columns, as in the release's samples, the first 276 are kept. The
    ///   layout of AMASS, see [`amass::load`]. Results of programs that recover or generate motion, as they write them:
    ///   GVHMR, WHAM, TRAM, PromptHMR, PHALP, ROMP, GLAMR, HY-Motion, Kimodo, MDM and more
    /// - a folder: a file for each frame, as SMPLer-X writes them
    /// - `.bvh`: see [`bvh::load`]; `.amc`: see [`asf::load`]
    /// - `.glb`, `.gltf`, `.vrm`, `.vrma`: see [`gltf::load`]; `.fbx` (feature `fbx`): see `fbx::load`
    ///
    /// [`Motion::source`] says what was found: program, axes, rate, persons, and doubts.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Io`],
    /// [`Error::InvalidArgument`] for another extension, for a file that needs an option
    /// (such as its rate), [`Error::Format`] for damaged or hostile files and other layouts,
    /// [`Error::Shape`], [`Error::NonFinite`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Self::load_with(path, &LoadOptions::default())
    }

    /// [`Motion::load`] with options.
    ///
    /// # Errors
    /// As [`Motion::load`], and [`Error::InvalidArgument`] for an impossible rate and
    /// for names of joints that are not ours.
    pub fn load_with(path: impl AsRef<Path>, options: &LoadOptions<'_>) -> Result<Self> {
        let path = path.as_ref();
        options.names.map_or(Ok(()), joint_map::check_joint_map)?;
        if path.is_dir() {
            return results::load(path, options);
        }
        // Of a file that is missing its ending says nothing.
        let format = FileFormat::to_read(path).map_err(|e| if path.exists() { e } else { missing(path) })?;
        let motion = match format {
            FileFormat::Npz | FileFormat::Npy | FileFormat::Torch | FileFormat::Pickle => results::load(path, options),
            FileFormat::Bvh => bvh::load_with(path, options),
            FileFormat::Amc => asf::load_with(path, options),
            FileFormat::Glb | FileFormat::Gltf | FileFormat::Vrma => gltf::load_with(path, options),
            #[cfg(feature = "fbx")]
            FileFormat::Fbx => fbx::load_with(path, options),
            other => unreachable!("{other:?} is not read"),
        };
        let motion = motion.map_err(|e| e.with_path(path))?;
        match options.fps {
            None => Ok(motion),
            Some(fps) => motion.with_fps(fps),
        }
    }

    /// Writes the clip in the format that the extension names:
    ///
    /// - `.npz`: the layout of AMASS and the features, see [`amass::save`]; [`Motion::load`] reads the same clip back
    /// - `.npy`: features; `.pt`, `.pth`: features, with the rate if it is not 20
    /// - `.bvh`: skeleton and rotations, see [`bvh::save`]; `.glb`: skinned mesh and animation, see [`gltf::save`]
    /// - `.fbx`, `.usda`, `.usdz`: skinned mesh and animation, see [`fbx::save`], [`usd::save_usda`]; `.vrma`: animation of
    ///   VRM avatars, see [`gltf::save_vrma`]
    /// - `.csv`: table of joint positions, see [`csv::save`]
    /// - `.html`: player with a caption and MBench's quality metrics; `.svg`: strip of eight poses; `.mp4`, `.gif`,
    ///   `.png`: pictures by the default camera (feature `render`)
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for another extension, or a rate other than 20 in
    /// `.npy`, which cannot hold one, or joint names and units that the format cannot hold;
    /// [`Error::NotFound`] if the folder does not exist,
    /// [`Error::Io`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.save_with(path, &SaveOptions::default())
    }

    /// [`Motion::save`] with options.
    ///
    /// # Errors
    /// As [`Motion::save`].
    pub fn save_with(&self, path: impl AsRef<Path>, options: &SaveOptions<'_>) -> Result<()> {
        self.save_reporting(path, options, &mut ignore)
    }

    /// [`Motion::save_with`] that reports each picture of a film.
    ///
    /// # Errors
    /// As [`Motion::save`]; [`Error::Cancelled`] if `on_progress` breaks.
    pub fn save_reporting(
        &self,
        path: impl AsRef<Path>,
        options: &SaveOptions<'_>,
        on_progress: &mut OnProgress<'_>,
    ) -> Result<()> {
        let path = path.as_ref();
        self.write_format(FileFormat::to_write(path)?, path, options, on_progress)
    }

    /// Writes the clip in the given format, regardless of the extension.
    ///
    /// # Errors
    /// As [`Motion::save`].
    pub fn save_as(&self, format: FileFormat, path: impl AsRef<Path>, options: &SaveOptions<'_>) -> Result<()> {
        self.write_format(format, path.as_ref(), options, &mut ignore)
    }

    #[cfg_attr(not(feature = "render"), allow(unused_variables, reason = "only films take long"))]
    fn write_format(
        &self,
        format: FileFormat,
        path: &Path,
        options: &SaveOptions<'_>,
        on_progress: &mut OnProgress<'_>,
    ) -> Result<()> {
        format.check_writes()?;
        options.check(format)?;
        let (names, body) = (options.names.unwrap_or_default(), options.body.unwrap_or(BodyModel::neutral()));
        let usd = UsdOptions { names, unit: options.unit.unwrap_or(LengthUnit::Metres) };
        match format {
            FileFormat::Npz => amass::save(path, self),
            FileFormat::Npy => features::save_npy(path, self),
            FileFormat::Torch => features::save_torch(path, self),
            FileFormat::Bvh => {
                let options = BvhOptions { names, unit: options.unit.unwrap_or_default(), rest: None };
                bvh::save(path, self.smpl(), self.fps(), &options)
            }
            FileFormat::Glb => gltf::save_with(path, self, body, names),
            FileFormat::Vrma => gltf::save_vrma(path, self, options.bones.unwrap_or_default()),
            FileFormat::Fbx => {
                let options = FbxOptions { names, unit: options.unit.unwrap_or_default() };
                fbx::save(path, self, body, &options)
            }
            FileFormat::Usda => usd::save_usda(path, self, body, &usd),
            FileFormat::Usdz => usd::save_usdz(path, self, body, &usd),
            FileFormat::Csv => csv::save(path, self),
            #[cfg(feature = "render")]
            FileFormat::Html => picture::save_html(path, self, options.title),
            #[cfg(feature = "render")]
            FileFormat::Svg => picture::save_svg(path, self),
            #[cfg(feature = "render")]
            FileFormat::Mp4 | FileFormat::Gif | FileFormat::Png => {
                picture::save_film(path, self, options.body, on_progress)
            }
            other => unreachable!("{other:?} was refused above"),
        }
    }

    /// Writes the joint positions as MBench reads them: a `.npy` array (T, 22, 3), metres, y up.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the folder does not exist, [`Error::Io`].
    pub fn save_mbench_joints(&self, path: impl AsRef<Path>) -> Result<()> {
        check_finite("joints", &self.joints())?;
        npy::save_f32(path, self.mbench_joints().view().into_dyn())
    }
}

fn missing(path: &Path) -> Error {
    Error::NotFound { what: "file or folder".into(), path: path.into() }
}

/// A clip of all frames of `smpl`: the last frame's steps lead to itself.
fn clip_of_all_frames(smpl: &SmplMotion, fps: f32) -> Result<Motion> {
    let longer = SmplMotion {
        global_orient: with_last_row_twice(&smpl.global_orient),
        body_pose: with_last_row_twice(&smpl.body_pose),
        transl: with_last_row_twice(&smpl.transl),
        joints: with_last_row_twice(&smpl.joints),
    };
    Motion::from_features(encode(&longer)?, fps)
}

fn with_last_row_twice<D: RemoveAxis>(array: &Array<f32, D>) -> Array<f32, D> {
    let rows: Vec<usize> = (0..array.len_of(Axis(0))).collect();
    array.select(Axis(0), &[&rows[..], &rows[rows.len().saturating_sub(1)..]].concat())
}

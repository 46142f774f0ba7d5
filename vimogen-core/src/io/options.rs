//! Options of reading and writing.

use std::collections::BTreeMap;

use super::gltf::HumanBones;
use super::joint_names::JointNames;
use crate::body::BodyModel;
use crate::declare::defaults;
use crate::error::{Error, Result};
use crate::motion::{FileFormat, LengthUnit, UpAxis};

defaults! {
    /// Options of [`Motion::load_with`](crate::Motion::load_with). Open options are found in the file, and reported by
    /// [`Motion::source`](crate::Motion::source).
    #[derive(Debug, Clone, Copy)]
    #[non_exhaustive]
    pub struct LoadOptions<'a> {
        /// Body from which a clip of SMPL parameters gets its joints, with the clip's shape; `None`: the neutral body.
        /// Files of other formats hold joint positions.
        body, with_body(into): Option<&'a BodyModel> = None;
        /// Frames per second; `None`: the rate of the file, or the one that its program always writes.
        fps, with_fps(into): Option<f32> = None;
        /// Axis of the file that points up.
        up, with_up(into): Option<UpAxis> = None;
        /// Unit of length of the file.
        unit, with_unit(into): Option<LengthUnit> = None;
        /// The person to read from a file of several, by name or number.
        person, with_person(into): Option<&'a str> = None;
        /// Names of the file's joints by ours ([`JOINT_NAMES`](crate::motion::skeleton::JOINT_NAMES)), for rigs that are
        /// not recognised.
        names, with_names(into): Option<&'a BTreeMap<String, String>> = None;
        /// Whether a body is fitted to files that hold joint positions without rotations.
        fit_joints, with_fit_joints: bool = false;
    }
}

defaults! {
    /// Options of [`Motion::save_with`](crate::Motion::save_with). A format ignores the body and the title of others; it
    /// refuses joint names and units that it cannot hold.
    #[derive(Debug, Clone, Copy)]
    #[non_exhaustive]
    pub struct SaveOptions<'a> {
        /// Body of formats with a mesh and of pictures; `None`: the neutral body.
        body, with_body(into): Option<&'a BodyModel> = None;
        /// Caption of the player (`.html`). Any text: it is escaped. Empty: the prompt of the clip.
        title, with_title: &'a str = "";
        /// Names of the joints in formats with a skeleton; `None`: SMPL's.
        names, with_names(into): Option<JointNames> = None;
        /// Unit of length; `None`: the usual one of the format.
        unit, with_unit(into): Option<LengthUnit> = None;
        /// Bones of `.vrma`; `None`: all.
        bones, with_bones(into): Option<HumanBones> = None;
    }
}

impl SaveOptions<'_> {
    /// # Errors
    /// [`Error::InvalidArgument`] for joint names or a unit that the format cannot hold.
    pub(super) fn check(&self, format: FileFormat) -> Result<()> {
        let ending = format.extensions()[0];
        let listed = |able: fn(FileFormat) -> bool| {
            let formats = FileFormat::ALL.into_iter().filter(|format| format.writes() && able(*format));
            formats.map(|format| format.extensions()[0]).collect::<Vec<_>>().join(", ")
        };
        if self.names.is_some() && !has_names(format) {
            let reason =
                format!("{ending} files have joint names of their own; they can be chosen for {}", listed(has_names));
            return Err(Error::invalid("joint_names", reason));
        }
        if self.bones.is_some() && format != FileFormat::Vrma {
            return Err(Error::invalid("bones", format!("{ending} files have no choice of bones; vrma files have")));
        }
        match self.unit {
            Some(_) if format.is_picture() => {
                Err(Error::invalid("unit", format!("{ending} files have no unit; {} have", listed(has_units))))
            }
            Some(unit) if !has_units(format) && unit != LengthUnit::Metres => {
                let reason = format!("{ending} files are in metres; a unit can be chosen for {}", listed(has_units));
                Err(Error::invalid("unit", reason))
            }
            _ => Ok(()),
        }
    }
}

/// Whether the joint names of a file can be chosen.
fn has_names(format: FileFormat) -> bool {
    matches!(format, FileFormat::Bvh | FileFormat::Glb | FileFormat::Fbx | FileFormat::Usda | FileFormat::Usdz)
}

/// Whether the unit of a file can be chosen.
fn has_units(format: FileFormat) -> bool {
    matches!(format, FileFormat::Bvh | FileFormat::Fbx | FileFormat::Usda | FileFormat::Usdz)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_units_that_a_format_cannot_hold_are_refused_with_those_that_can() {
        let names = SaveOptions::default().with_names(JointNames::Mixamo);
        let metres = SaveOptions::default().with_unit(LengthUnit::Metres);
        let inches = SaveOptions::default().with_unit(LengthUnit::Inches);
        let reason = |options: &SaveOptions<'_>, format| options.check(format).unwrap_err().to_string();
        assert!(names.check(FileFormat::Bvh).is_ok() && names.check(FileFormat::Glb).is_ok());
        assert!(reason(&names, FileFormat::Npz).contains("npz files have joint names of their own"));
        assert!(
            reason(&names, FileFormat::Csv).contains("chosen for bvh, glb, fbx, usda, usdz"),
            "{}",
            reason(&names, FileFormat::Csv)
        );
        assert!(inches.check(FileFormat::Bvh).is_ok() && metres.check(FileFormat::Glb).is_ok());
        assert!(reason(&inches, FileFormat::Glb).contains("glb files are in metres"));
        let bones = SaveOptions::default().with_bones(HumanBones::Required);
        assert!(bones.check(FileFormat::Vrma).is_ok() && reason(&bones, FileFormat::Glb).contains("vrma files have"));
        assert!(reason(&inches, FileFormat::Npz).contains("chosen for bvh"));
        assert!(reason(&metres, FileFormat::Svg).contains("no unit"));
        for format in FileFormat::ALL.into_iter().filter(|format| format.writes()) {
            assert!(SaveOptions::default().check(format).is_ok(), "{format:?}");
        }
    }
}

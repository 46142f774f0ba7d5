//! A character that clips are put onto.

use std::path::{Path, PathBuf};

use super::super::container::{Container, MAX_FILE, bad};
use super::armature::{self, Read, folder_of};
use super::containers::Parts;
use super::edit::{Clip, Form, animated, free_name, other_ending};
use super::preset;
use crate::character::{Armature, RetargetReport, perform};
use crate::declare::defaults;
use crate::error::{Error, Result};
use crate::format::{extension, read_bounded, write_atomic};
use crate::io::JointMap;
use crate::io::bvh::nodes;
use crate::motion::Motion;
use crate::motion::skeleton::joint::PELVIS;
use crate::progress::check_stop;

defaults! {
    /// Options of [`Motion::retarget_with`] and [`Character::add_with`].
    #[derive(Debug, Clone, Copy)]
    #[non_exhaustive]
    pub struct RetargetOptions<'a> {
        /// Name of the animation. One that the file has already gets a number after it.
        name, with_name: &'a str = "motion";
        /// Whether standing feet are kept in place on the ground by inverse kinematics of the legs.
        plant, with_plant: bool = true;
        /// Names of the character's joints by ours ([`JOINT_NAMES`](crate::motion::skeleton::JOINT_NAMES)), for characters
        /// that are not recognised.
        names, with_names(into): Option<&'a JointMap> = None;
    }
}

/// Maximum number of values of all clips of a character, so that a file stays below its limits.
const MAX_VALUES: usize = 1 << 28;

/// A character from a skinned `.glb`, `.gltf` or `.vrm` file, to which clips are added as animations.
///
/// The skeleton is recognised by VRM's `humanoid`, by the joint names of known rigs, or by its shape. Its rest pose is
/// that of the inverse bind matrices: a T, an A or any other. [`Character::save`] writes the same file with the animations
/// after its own; meshes, materials, extensions and all that is not known stay byte for byte.
///
/// ```no_run
/// use vimogen_core::Motion;
/// use vimogen_core::io::Character;
///
/// let mut hero = Character::open("hero.glb")?;
/// for clip in ["walk", "wave"] {
///     let report = hero.add(&Motion::load(format!("{clip}.npz"))?, clip)?;
///     println!("{clip}: feet slide by {:.1} mm", 1000.0 * report.slide);
/// }
/// hero.save("hero-animated.glb")?;
/// # Ok::<(), vimogen_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Character {
    parts: Parts,
    folder: Option<PathBuf>,
    read: Read,
    /// Whether it is a skeleton of ours, whose bones have the axes of the world.
    is_preset: bool,
    clips: Vec<Clip>,
    reports: Vec<RetargetReport>,
    values: usize,
}

impl std::fmt::Debug for Clip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clip").field("name", &self.name).field("frames", &self.keys.frames).finish()
    }
}

impl Character {
    /// Reads a character.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Io`], [`Error::TooLarge`] beyond 1 GiB; [`Error::Format`] for another format, damaged
    /// files, a file without a skeleton, and skeletons that are not a human's, with the joints that are missing.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, &RetargetOptions::default())
    }

    /// [`Character::open`], with the names of the joints that `options` give.
    ///
    /// # Errors
    /// As [`Character::open`], and [`Error::InvalidArgument`] for names that the file or we do not have.
    pub fn open_with(path: impl AsRef<Path>, options: &RetargetOptions<'_>) -> Result<Self> {
        let path = path.as_ref();
        let ending = extension(path);
        if !["glb", "gltf", "vrm"].contains(&ending.as_str()) {
            let remedy = match ending.as_str() {
                "xml" => "a MuJoCo model is a robot, io::Robot (retarget_robot in Python, vimogen retarget --robot)",
                _ => "convert it, for example in Blender",
            };
            let reason = format!("a character is a .glb, .gltf or .vrm file, not {ending:?}; {remedy}");
            return Err(bad(reason).with_path(path));
        }
        let bytes = read_bounded(path, MAX_FILE)?;
        Self::new(bytes, Some(folder_of(path).into()), options.names).map_err(|e| e.with_path(path))
    }

    /// A character from the bytes of a file that needs no others.
    ///
    /// # Errors
    /// As [`Character::open_with`].
    pub fn from_bytes(bytes: Vec<u8>, options: &RetargetOptions<'_>) -> Result<Self> {
        Self::new(bytes, None, options.names)
    }

    /// A skeleton without a surface in the proportions of the built-in body, with the joint names of a well-known rig. It is
    /// written as `.bvh`, too.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for another name than those of [`Character::presets`].
    pub fn preset(name: &str) -> Result<Self> {
        let bytes = preset::find(name)?.glb()?;
        Ok(Self { is_preset: true, ..Self::new(bytes, None, None)? })
    }

    /// Names of the presets: `"mixamo"`, `"unreal"` (Manny and Quinn), `"unity"` (Humanoid), `"vrm"`, `"godot"`, `"rigify"`,
    /// `"makehuman"` (also Anny), `"soma"`, `"cmu"`.
    pub fn presets() -> impl Iterator<Item = &'static str> {
        preset::names()
    }

    fn new(bytes: Vec<u8>, folder: Option<PathBuf>, names: Option<&JointMap>) -> Result<Self> {
        let parts = Parts::new(bytes)?;
        let file = Container::parse(&parts.bytes, folder.as_deref())?;
        let read = armature::read(&file, parts.text(), names)?;
        drop(file);
        Ok(Self { parts, folder, read, is_preset: false, clips: Vec::new(), reports: Vec::new(), values: 0 })
    }

    /// How the skeleton was recognised: `"joint names of Mixamo"`.
    pub fn how(&self) -> &str {
        &self.read.how
    }

    /// The reports of the clips that were added, in their order.
    pub fn reports(&self) -> &[RetargetReport] {
        &self.reports
    }

    /// Adds a clip as an animation of this name, with its feet on the ground.
    ///
    /// # Errors
    /// As [`Character::add_with`].
    pub fn add(&mut self, motion: &Motion, name: &str) -> Result<&RetargetReport> {
        self.add_with(motion, &RetargetOptions::default().with_name(name))
    }

    /// Adds a clip as an animation.
    ///
    /// # Errors
    /// [`Error::Format`] for a character whose legs have no length, [`Error::NonFinite`] for a clip whose sums overflow,
    /// [`Error::TooLarge`] for more clips than a file holds, [`Error::Cancelled`] if the work was stopped.
    pub fn add_with(&mut self, motion: &Motion, options: &RetargetOptions<'_>) -> Result<&RetargetReport> {
        let armature: &Armature = &self.read.armature;
        let values = self.values.saturating_add(motion.len().saturating_mul(4 * armature.nodes.len()));
        if values > MAX_VALUES {
            let (needed, limit) = (4 * values as u64, 4 * MAX_VALUES as u64);
            return Err(Error::TooLarge { what: "the clips of a character".into(), needed, limit });
        }
        let (keys, report) = perform(armature, motion, options.plant)?;
        let file = Container::parse(&self.parts.bytes, self.folder.as_deref())?;
        let name = free_name(&file, &self.clips, options.name);
        let warnings = self.read.warnings.clone();
        check_stop()?;
        self.reports.push(RetargetReport { clip: name.clone(), how: self.read.how.clone(), warnings, ..report });
        self.clips.push(Clip { name, keys });
        self.values = values;
        Ok(self.reports.last().expect("a report was added"))
    }

    /// Writes the character with its animations as `.glb`, `.vrm` or `.gltf`. A `.glb` stays one file; a `.gltf` in its own
    /// folder refers to its files as before, and has them within elsewhere.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] without a clip, [`Error::NotFound`] if the folder does not exist, [`Error::Io`],
    /// [`Error::Format`] for another ending and for missing buffers, [`Error::TooLarge`] beyond the 4 GiB of the format.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let glb = match extension(path).as_str() {
            "glb" | "vrm" => true,
            "gltf" => false,
            "bvh" if self.is_preset => return self.save_bvh(path),
            other => return Err(other_ending(other).with_path(path)),
        };
        let same = self.folder.as_deref().is_none_or(
            |own| matches!((own.canonicalize(), folder_of(path).canonicalize()), (Ok(own), Ok(new)) if own == new),
        );
        let whole = !same || (glb && !self.parts.is_glb());
        let bytes = self.written(Form { glb, whole })?;
        write_atomic(path, |w| std::io::Write::write_all(w, &bytes))
    }

    /// Writes a preset with its only clip as BVH.
    fn save_bvh(&self, path: &Path) -> Result<()> {
        let [clip] = &self.clips[..] else {
            let reason = format!("a .bvh file holds one clip, not {}; write .glb", self.clips.len());
            return Err(Error::invalid("character", reason));
        };
        let armature = &self.read.armature;
        let hips = armature.map[PELVIS].ok_or_else(|| Error::internal("a preset without a pelvis"))?;
        let text = nodes::to_string(armature, hips, &clip.keys);
        write_atomic(path, |w| std::io::Write::write_all(w, text.as_bytes()))
    }

    /// The bytes of the file with its animations, in its own container.
    ///
    /// # Errors
    /// As [`Character::save`].
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.written(Form { glb: self.parts.is_glb(), whole: false })
    }

    fn written(&self, form: Form) -> Result<Vec<u8>> {
        if self.clips.is_empty() {
            return Err(Error::invalid("character", "it has no clip yet; add one before it is saved"));
        }
        let file = Container::parse(&self.parts.bytes, self.folder.as_deref())?;
        animated(&self.parts, &file, &self.clips, form)
    }
}

impl Motion {
    /// The clip on a character of your own, a skinned `.glb`, `.gltf` or `.vrm` file: [`Character::save`] writes the same
    /// file with the animation.
    ///
    /// ```no_run
    /// let walk = vimogen_core::Motion::load("walk.npz")?;
    /// walk.retarget("hero.glb")?.save("hero-walk.glb")?;
    /// # Ok::<(), vimogen_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Character::open`] and [`Character::add_with`].
    pub fn retarget(&self, character: impl AsRef<Path>) -> Result<Character> {
        self.retarget_with(character, &RetargetOptions::default())
    }

    /// [`Motion::retarget`] with options.
    ///
    /// # Errors
    /// Those of [`Character::open_with`] and [`Character::add_with`].
    pub fn retarget_with(&self, character: impl AsRef<Path>, options: &RetargetOptions<'_>) -> Result<Character> {
        let mut character = Character::open_with(character, options)?;
        character.add_with(self, options)?;
        Ok(character)
    }
}

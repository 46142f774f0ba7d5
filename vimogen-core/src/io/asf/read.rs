//! ASF and AMC as clips.

use std::path::Path;

use glam::{DMat3, DVec3};

use super::motion::Frames;
use super::pair::skeleton_of;
use super::skeleton::{Bone, Freedom, Skeleton, rotation};
use crate::error::Result;
use crate::format::read_bounded;
use crate::io::LoadOptions;
use crate::io::rig::{Rig, RigJoint, retarget};
use crate::motion::{LengthUnit, Motion, MotionSource};

const MAX_SKELETON: u64 = 1 << 22;
const MAX_MOTION: u64 = 1 << 29;
/// Frames per second of CMU's captures; the files do not say.
const CMU_RATE: f64 = 120.0;

/// A skeleton (ASF) and a motion of it (AMC).
#[derive(Debug, Clone, PartialEq)]
pub struct AsfAmc {
    skeleton: Skeleton,
    frames: Frames,
    joints: Vec<RigJoint>,
    /// Radians per unit of angle of the motion.
    angle: f64,
}

/// Reads a clip from an AMC file and the ASF file next to it: of the same name (`walk.asf`), of the subject's (`07.asf` for
/// `07_01.amc`), or the only one of the folder.
///
/// A length factor as in CMU's files (0.45) makes lengths inches. Limits of joints are not looked at. Files seldom have a
/// rate: CMU's 120 frames per second are assumed, and [`Motion::source`] says so.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound), [`Error::Io`](crate::Error::Io),
/// [`Error::TooLarge`](crate::Error::TooLarge), [`Error::Format`](crate::Error::Format) for a missing skeleton and damaged
/// files, naming the line.
pub fn load(path: impl AsRef<Path>) -> Result<Motion> {
    load_with(path, &LoadOptions::default())
}

/// [`load`] with options.
///
/// # Errors
/// As [`load`].
pub fn load_with(path: impl AsRef<Path>, options: &LoadOptions<'_>) -> Result<Motion> {
    let path = path.as_ref();
    let amc = read_bounded(path, MAX_MOTION)?;
    let asf = skeleton_of(path).map_err(|e| e.with_path(path))?;
    let skeleton = read_bounded(&asf, MAX_SKELETON)?;
    let skeleton = Skeleton::from_bytes(&skeleton).map_err(|e| e.with_path(&asf))?;
    let file = AsfAmc::new(skeleton, &amc).map_err(|e| e.with_path(path))?;
    drop(amc);
    file.to_motion(options).map_err(|e| e.with_path(path))
}

impl AsfAmc {
    /// Reads the bytes of both files.
    ///
    /// # Errors
    /// As [`load`].
    pub fn from_bytes(asf: &[u8], amc: &[u8]) -> Result<Self> {
        Self::new(Skeleton::from_bytes(asf)?, amc)
    }

    fn new(skeleton: Skeleton, amc: &[u8]) -> Result<Self> {
        let frames = Frames::from_bytes(amc, &skeleton)?;
        let joints = rig_joints(&skeleton);
        let angle = if frames.radians.unwrap_or(skeleton.radians) { 1.0 } else { 1f64.to_radians() };
        Ok(Self { skeleton, frames, joints, angle })
    }

    /// The clip; see [`load`].
    ///
    /// # Errors
    /// As [`load`].
    pub fn to_motion(&self, options: &LoadOptions<'_>) -> Result<Motion> {
        retarget::to_motion(self, options)
    }

    /// Rotation relative to the parent, and translation, of a bone in a frame.
    fn local(&self, frame: usize, bone: usize) -> (DMat3, DVec3) {
        let Bone { axes, order, freedoms, .. } = &self.skeleton.bones[bone];
        let (mut angles, mut shift) = (DVec3::ZERO, DVec3::ZERO);
        for (freedom, value) in freedoms.iter().zip(self.frames.values(frame, bone)) {
            let value = f64::from(*value);
            match freedom {
                Freedom::Rotation(axis) => angles[*axis] = value * self.angle,
                Freedom::Translation(axis) => shift[*axis] = value / self.skeleton.length,
                Freedom::Length => {}
            }
        }
        (*axes * rotation(*order, angles) * axes.transpose(), shift)
    }
}

impl Rig for AsfAmc {
    fn format(&self) -> &'static str {
        "AMC"
    }

    fn joints(&self) -> &[RigJoint] {
        &self.joints
    }

    fn frames(&self) -> usize {
        self.frames.len
    }

    fn fps(&self) -> Option<f64> {
        Some(self.frames.fps.unwrap_or(CMU_RATE))
    }

    fn found(&self) -> MotionSource {
        let rate = if self.frames.fps.is_some() { "" } else { "120, the rate of CMU's captures" };
        // A file in its own unit (factor 1) does not say which.
        let unit = (self.skeleton.length != 1.0).then_some(LengthUnit::Inches);
        MotionSource { rate: rate.into(), unit, ..MotionSource::default() }
    }

    fn world(&self, frame: usize, out: &mut [(DMat3, DVec3)]) {
        for (j, bone) in self.skeleton.bones.iter().enumerate() {
            let (turn, shift) = self.local(frame, j);
            out[j] = match bone.parent {
                None => (turn, shift),
                Some(parent) => {
                    let (above, start) = out[parent];
                    (above * turn, start + above * (self.skeleton.bones[parent].reach / self.skeleton.length + shift))
                }
            };
        }
    }
}

/// The joint at the start of each bone. Lengths are in inches where the file has a factor.
fn rig_joints(skeleton: &Skeleton) -> Vec<RigJoint> {
    let mut joints: Vec<RigJoint> = Vec::with_capacity(skeleton.bones.len());
    let reach = |bone: &Bone| bone.reach / skeleton.length;
    for (j, bone) in skeleton.bones.iter().enumerate() {
        let place = bone.parent.map_or(DVec3::ZERO, |p| joints[p].rest.1 + reach(&skeleton.bones[p]));
        let is_leaf = !skeleton.bones.iter().any(|other| other.parent == Some(j));
        let end = (is_leaf && bone.reach != DVec3::ZERO).then(|| reach(bone));
        joints.push(RigJoint { name: bone.name.clone(), parent: bone.parent, rest: (DMat3::IDENTITY, place), end });
    }
    joints
}

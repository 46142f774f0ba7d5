//! BVH files as clips.

use std::path::Path;

use glam::{DMat3, DVec3};

use super::Bvh;
use crate::error::Result;
use crate::io::LoadOptions;
use crate::io::rig::{Rig, RigJoint, retarget};
use crate::motion::{Motion, MotionSource};

/// Reads a clip from a BVH file: y up, a figure at rest that faces +z.
///
/// Joints are found by the names of SMPL or of Mixamo and MotionBuilder, without a prefix up to `:`; there may be any
/// number of spine joints between hips and neck. Where a limb at rest points another way than in SMPL's T pose, its
/// rotation is corrected for it. Lengths are metres or centimetres, whichever gives a leg of human length; a body of
/// neither is scaled. All frames are kept; the last one's steps are zero.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound), [`Error::Io`](crate::Error::Io),
/// [`Error::TooLarge`](crate::Error::TooLarge), [`Error::Format`](crate::Error::Format) for damaged files, missing
/// joints (by name), and more than 1000 frames per second.
pub fn load(path: impl AsRef<Path>) -> Result<Motion> {
    load_with(path, &LoadOptions::default())
}

/// [`load`] with options.
///
/// # Errors
/// As [`load`].
pub fn load_with(path: impl AsRef<Path>, options: &LoadOptions<'_>) -> Result<Motion> {
    let path = path.as_ref();
    Bvh::open(path).and_then(|file| file.to_motion(options)).map_err(|e| e.with_path(path))
}

impl Bvh {
    /// The clip of a parsed file; see [`load`].
    ///
    /// # Errors
    /// As [`load`].
    pub fn to_motion(&self, options: &LoadOptions<'_>) -> Result<Motion> {
        retarget::to_motion(&BvhRig { file: self, joints: rig_joints(self) }, options)
    }
}

struct BvhRig<'a> {
    file: &'a Bvh,
    joints: Vec<RigJoint>,
}

impl Rig for BvhRig<'_> {
    fn format(&self) -> &'static str {
        "BVH"
    }

    fn joints(&self) -> &[RigJoint] {
        &self.joints
    }

    fn frames(&self) -> usize {
        self.file.len()
    }

    fn fps(&self) -> Option<f64> {
        self.file.fps()
    }

    fn found(&self) -> MotionSource {
        MotionSource { warnings: self.file.doubt().map(String::from).into_iter().collect(), ..MotionSource::default() }
    }

    fn world(&self, frame: usize, out: &mut [(DMat3, DVec3)]) {
        self.file.write_world(frame, 0..self.joints.len(), out);
    }
}

fn rig_joints(file: &Bvh) -> Vec<RigJoint> {
    let mut joints: Vec<RigJoint> = Vec::with_capacity(file.joints().len());
    for joint in file.joints() {
        let above = joint.parent.map_or(DVec3::ZERO, |parent| joints[parent].rest.1);
        let rest = (DMat3::IDENTITY, above + joint.offset);
        joints.push(RigJoint { name: joint.name.clone(), parent: joint.parent, rest, end: joint.end });
    }
    joints
}

//! BVH files as clips.

use std::path::Path;

use glam::{DMat3, DVec3};

use super::Bvh;
use super::person::{Person, persons};
use crate::error::Result;
use crate::io::LoadOptions;
use crate::io::rig::{Rig, RigJoint, names, retarget};
use crate::motion::{Motion, MotionSource};

/// Reads a clip from a BVH file.
///
/// The grammar is that of files in the wild: comments, any encoding and line end, glued headers, End Sites with a name,
/// with channels or missing, several roots, roots around the hips, channels in any order and on any joint, decimal
/// commas. A whole position on a joint replaces its offset; where all are 0, they shift it.
///
/// Joints are found by the set of their names, for the rigs of SMPL, Mixamo, MotionBuilder, LaFAN1, CMU, Biovision,
/// Xsens, Perception Neuron, Rokoko, OptiTrack, mocopi, iPi Soft, Bandai-Namco, SOMA, Unity, VRM, Unreal, 3ds Max,
/// Character Creator, Daz, Rigify, MakeHuman and MHR, in any spelling of the sides and with any prefix; otherwise by the
/// shape of the skeleton. Names of Biovision, Perception Neuron, Rokoko, OptiTrack, mocopi, iPi Soft, VRoid and
/// MikuMikuDance were not compared with a file or a list, and a warning says so. [`LoadOptions::names`] says what is not
/// found. Of several persons the first human is read, or
/// [`LoadOptions::person`].
///
/// The clip is upright and in metres, and its rotations start from SMPL's T pose, for any axes, unit and rest
/// pose: [`Motion::source`] reports what was found, and [`LoadOptions`] overrides it.
///
/// The frame rate is the one that the digits of the frame time mean. All frames are kept; the last one's steps are zero.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound), [`Error::Io`](crate::Error::Io),
/// [`Error::TooLarge`](crate::Error::TooLarge), [`Error::Format`](crate::Error::Format) for damaged files, naming the
/// line, for hands, animals and props, and for a file without a frame rate, unless [`LoadOptions::fps`] is set;
/// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a person or joint that the file does not have.
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
        retarget::to_motion(&rig(self, options)?, options)
    }
}

/// The rig of the person to read.
fn rig<'a>(file: &'a Bvh, options: &LoadOptions<'_>) -> Result<BvhRig<'a>> {
    let mut people = persons(file, |person| names::find(&BvhRig::new(file, person), options).is_ok());
    let doubts = file.doubt().map(String::from).into_iter().chain(unreadable_names(file));
    let mut found = MotionSource { warnings: doubts.collect(), ..Default::default() };
    if people.len() == 1 && options.person.is_none() {
        return Ok(BvhRig { found, ..BvhRig::new(file, &people.remove(0)) });
    }
    let names: Vec<String> = people.iter().map(|person| person.name.clone()).collect();
    let asked = options.person.map(|person| super::person::asked(&names, person)).transpose()?;
    let mut rigs: Vec<BvhRig<'a>> = people.iter().map(|person| BvhRig::new(file, person)).collect();
    let human: Vec<usize> = (0..rigs.len()).filter(|i| names::find(&rigs[*i], options).is_ok()).collect();
    // Without any human, the first root says why.
    let read = asked.or(human.first().copied()).unwrap_or(0);
    found.person = Some(names[read].clone());
    found.persons = human.iter().map(|i| names[*i].clone()).collect();
    if asked.is_none() && human.len() > 1 {
        let (count, all) = (human.len(), found.persons.join(", "));
        found.warnings.push(format!("the file holds {count} persons: {all}; the first is read, `person` chooses"));
    }
    Ok(BvhRig { found, ..rigs.swap_remove(read) })
}

/// A doubt about names that are in no encoding of Unicode.
fn unreadable_names(file: &Bvh) -> Option<String> {
    let lossy = |joint: &&super::Joint| joint.name.contains(char::REPLACEMENT_CHARACTER);
    let name = &file.joints().iter().find(lossy)?.name;
    Some(format!(
        "joint names such as {name:?} are not UTF-8 or UTF-16, and their other characters are lost; `names` takes them as \
         they are shown, or save the file as UTF-8: iconv -f SHIFT_JIS -t UTF-8"
    ))
}

struct BvhRig<'a> {
    file: &'a Bvh,
    /// The joints of the file, each with the place of the one above it in this list.
    order: Vec<(usize, Option<usize>)>,
    joints: Vec<RigJoint>,
    found: MotionSource,
}

impl<'a> BvhRig<'a> {
    fn new(file: &'a Bvh, person: &Person) -> Self {
        let place = |joint: usize| person.joints.binary_search(&joint).ok();
        let above = |joint: usize| file.joints()[joint].parent.and_then(place);
        let order: Vec<_> = person.joints.iter().map(|joint| (*joint, above(*joint))).collect();
        let joints = rig_joints(file, &order);
        Self { file, order, joints, found: MotionSource::default() }
    }
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
        self.found.clone()
    }

    fn world(&self, frame: usize, out: &mut [(DMat3, DVec3)]) {
        self.file.write_world(frame, self.order.iter().copied(), out);
    }
}

fn rig_joints(file: &Bvh, order: &[(usize, Option<usize>)]) -> Vec<RigJoint> {
    let mut joints: Vec<RigJoint> = Vec::with_capacity(order.len());
    for (joint, parent) in order {
        let joint = &file.joints()[*joint];
        let above = parent.map_or(DVec3::ZERO, |parent| joints[parent].rest.1);
        let rest = (DMat3::IDENTITY, above + joint.offset);
        joints.push(RigJoint { name: joint.name.clone(), parent: *parent, rest, end: joint.end });
    }
    joints
}

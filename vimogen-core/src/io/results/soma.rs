//! Joints with rotations of SOMA's skeleton, as Kimodo writes them: a rig whose rest pose follows from both.

use glam::{DMat3, DQuat, DVec3};
use ndarray::Array2;

use super::bad;
use super::fps::Rate;
use super::parts::same_frames;
use crate::error::{Error, Result, check_finite};
use crate::format::tree::Array;
use crate::io::LoadOptions;
use crate::io::features::MAX_FRAMES;
use crate::io::rig::{Rig, RigJoint, retarget};
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::PARENTS;
use crate::motion::skeleton::joint::{HEAD, NECK};
use crate::motion::{LengthUnit, Motion, MotionSource, UpAxis};

/// SOMA's names of our joints.
const NAMES: [&str; JOINTS] = [
    "Hips",
    "LeftLeg",
    "RightLeg",
    "Spine1",
    "LeftShin",
    "RightShin",
    "Spine2",
    "LeftFoot",
    "RightFoot",
    "Chest",
    "LeftToeBase",
    "RightToeBase",
    "Neck1",
    "LeftShoulder",
    "RightShoulder",
    "Head",
    "LeftArm",
    "RightArm",
    "LeftForeArm",
    "RightForeArm",
    "LeftHand",
    "RightHand",
];
/// Joints of the rig: ours, and the second of the neck, which comes before the head.
const COUNT: usize = JOINTS + 1;

/// A clip of SOMA's skeleton: those of its joints that are ours, and the second of the neck.
pub(super) struct Soma {
    joints: Vec<RigJoint>,
    /// World rotation and position of each joint, frame by frame.
    frames: Vec<[(DMat3, DVec3); COUNT]>,
    found: MotionSource,
    fps: f64,
}

impl Soma {
    /// Joints from positions `(T, J, 3)` and world rotations `(T, 3 J)`, axis-angle: ours at `places` of the J, and the
    /// upper joint of the neck.
    pub(super) fn new(
        positions: &Array<'_>,
        turns: &Array2<f32>,
        places: &[usize; JOINTS],
        upper_neck: usize,
    ) -> Result<Self> {
        let wrong = || Error::shape("posed_joints", "(T, J, 3)", positions.shape());
        let ([frames @ 1..=MAX_FRAMES, count, 3] | [1, frames @ 1..=MAX_FRAMES, count, 3]) = *positions.shape() else {
            return Err(wrong());
        };
        same_frames(&[("posed_joints", frames), ("global_rot_mats", turns.nrows())])?;
        let values = positions.to_f32()?;
        check_finite("posed_joints", &ndarray::ArrayView1::from(&values))?;
        if values.len() != frames * count * 3 || turns.ncols() != 3 * count {
            return Err(bad("its posed_joints and global_rot_mats have different numbers of joints"));
        }
        let source = |joint: usize| if joint < JOINTS { places[joint] } else { upper_neck };
        let place = |t: usize, joint: usize| {
            let at = |c: usize| f64::from(values[(t * count + source(joint)) * 3 + c]);
            DVec3::new(at(0), at(1), at(2))
        };
        let turn = |t: usize, joint: usize| {
            let at = |c: usize| f64::from(turns[[t, 3 * source(joint) + c]]);
            DMat3::from_quat(DQuat::from_scaled_axis(DVec3::new(at(0), at(1), at(2))))
        };
        let order = order();
        let frames: Vec<_> = (0..frames).map(|t| order.map(|joint| (turn(t, joint), place(t, joint)))).collect();
        Ok(Self { joints: at_rest(&frames), frames, found: MotionSource::default(), fps: 0.0 })
    }

    /// The clip of the library.
    pub(super) fn into_motion(mut self, rate: Rate, options: &LoadOptions<'_>) -> Result<Motion> {
        let (fps, rate, said) = rate.choose(options, "Kimodo")?;
        self.fps = f64::from(fps);
        self.found = MotionSource {
            up: Some(UpAxis::Y),
            unit: Some(LengthUnit::Metres),
            rate,
            warnings: said.into_iter().collect(),
            ..MotionSource::default()
        };
        retarget::to_motion(&self, options)
    }
}

/// Our joints in the order of the rig, [`JOINTS`] for the upper joint of the neck.
fn order() -> [usize; COUNT] {
    std::array::from_fn(|i| match i {
        0..=NECK => i,
        13 => JOINTS,
        _ => i - 1,
    })
}

/// The joints without rotations: each where it is on average, seen from the one above.
fn at_rest(frames: &[[(DMat3, DVec3); COUNT]]) -> Vec<RigJoint> {
    let order = order();
    let index = |joint: usize| order.iter().position(|other| *other == joint);
    let mut joints: Vec<RigJoint> = Vec::with_capacity(COUNT);
    for (i, joint) in order.into_iter().enumerate() {
        let parent = match joint {
            JOINTS => index(NECK),
            HEAD => index(JOINTS),
            _ => PARENTS[joint].and_then(index),
        };
        let name = NAMES.get(joint).unwrap_or(&"Neck2").to_string();
        let bone = |above: usize| {
            let bones = frames.iter().map(|frame| frame[above].0.transpose() * (frame[i].1 - frame[above].1));
            bones.sum::<DVec3>() / frames.len() as f64
        };
        let rest = parent.map_or(DVec3::ZERO, |above| joints[above].rest.1 + bone(above));
        joints.push(RigJoint { name, parent, rest: (DMat3::IDENTITY, rest), end: None });
    }
    joints
}

impl Rig for Soma {
    fn format(&self) -> &'static str {
        "Kimodo"
    }

    fn joints(&self) -> &[RigJoint] {
        &self.joints
    }

    fn frames(&self) -> usize {
        self.frames.len()
    }

    fn fps(&self) -> Option<f64> {
        Some(self.fps)
    }

    fn world(&self, frame: usize, out: &mut [(DMat3, DVec3)]) {
        out.copy_from_slice(&self.frames[frame]);
    }

    fn found(&self) -> MotionSource {
        self.found.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{RawTensor, npz};
    use crate::motion::rotation::quat_from_wxyz;
    use ndarray::{Array3, Array4, ArrayD};
    use std::path::Path;

    /// Writes a clip as the 30 joints of SOMA, y up.
    fn kimodo(path: &Path, clip: &Motion) {
        let places = super::super::kimodo::SOMA_30;
        let joints = clip.mbench_joints();
        let local = clip.local_rotations();
        let to_y_up = crate::motion::axes::SWAP.transpose().as_dmat3();
        let frames = clip.len();
        let mut turns = Array4::zeros((frames, 30, 3, 3));
        let mut positions = Array3::zeros((frames, 30, 3));
        for t in 0..frames {
            let mut world = [DMat3::IDENTITY; JOINTS];
            for j in 0..JOINTS {
                let q = quat_from_wxyz(std::array::from_fn(|c| local[[t, j, c]])).as_dquat();
                let above = PARENTS[j].map_or(to_y_up, |above| world[above]);
                world[j] = above * DMat3::from_quat(q);
                for (r, c) in (0..3).flat_map(|r| (0..3).map(move |c| (r, c))) {
                    turns[[t, places[j], r, c]] = world[j].col(c)[r] as f32;
                }
                (0..3).for_each(|c| positions[[t, places[j], c]] = joints[[t, j, c]]);
            }
            let neck = places[NECK];
            for c in 0..3 {
                let between = 0.5 * (positions[[t, neck, c]] + positions[[t, places[HEAD], c]]);
                positions[[t, 5, c]] = between;
                (0..3).for_each(|r| turns[[t, 5, r, c]] = turns[[t, neck, r, c]]);
            }
        }
        for t in 0..frames {
            for j in (0..30).filter(|j| *j != 5 && !places.contains(j)) {
                (0..3).for_each(|c| turns[[t, j, c, c]] = 1.0);
            }
        }
        let tensor = |array: ArrayD<f32>| RawTensor::from_f32(array.view());
        let (positions, turns) = (tensor(positions.into_dyn()), tensor(turns.into_dyn()));
        npz::save(path, &[("posed_joints", &positions), ("global_rot_mats", &turns)]).unwrap();
    }

    #[test]
    fn rotations_of_soma_are_read_without_a_fit() {
        let walk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/formats/bvh/walk.bvh");
        let clip = Motion::load(walk).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("walk.npz");
        kimodo(&path, &clip);
        let read = Motion::load(&path).unwrap();
        let source = read.source().unwrap();
        assert_eq!((read.fps(), source.kind.as_str()), (30.0, "Kimodo, joint names of SOMA"));
        assert_eq!((source.up, source.rate.as_str()), (Some(UpAxis::Y), "Kimodo, which always writes 30"));
        let apart = |a: ndarray::ArrayView3<'_, f32>, b: ndarray::ArrayView3<'_, f32>| {
            (&a - &b).iter().fold(0f32, |most, d| most.max(d.abs()))
        };
        assert!(apart(read.joints(), clip.joints()) < 1e-3);
        let turned = apart(read.local_rotations(), clip.local_rotations());
        assert!(turned < 0.02, "{turned}");
    }
}

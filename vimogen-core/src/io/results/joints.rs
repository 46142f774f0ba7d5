//! Joints without rotations: refused with the remedy, or fitted when asked.

use glam::Vec3;
use ndarray::Array3;

use super::clip::onto_floor;
use super::fps::Rate;
use super::persons::Chosen;
use super::{bad, up};
use crate::body::fit_joints;
use crate::error::{Error, Result, check_finite};
use crate::format::tree::Array;
use crate::io::features::MAX_FRAMES;
use crate::io::rig::gate;
use crate::io::{LoadOptions, clip_of_all_frames};
use crate::motion::joint::{HEAD, PELVIS};
use crate::motion::layout::JOINTS;
use crate::motion::{Motion, MotionSource, UpAxis};

/// Joint positions as a file has them, y up.
#[derive(Debug)]
pub(super) struct JointClip {
    pub(super) kind: String,
    /// `(T, 22, 3)`, metres.
    pub(super) joints: Array3<f32>,
    pub(super) rate: Rate,
    /// Whether the layout has rotations too, of another skeleton: it is read without being asked.
    pub(super) rotations: bool,
    pub(super) persons: Chosen,
}

impl JointClip {
    /// The clip with rotations of the neutral body.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] that says how to have rotations fitted, if that was not asked.
    pub(super) fn into_motion(self, options: &LoadOptions<'_>) -> Result<Motion> {
        if !options.fit_joints && !self.rotations {
            let reason = format!(
                "the file ({}) holds joint positions without rotations; fit_joints=True (--fit) fits a body to them",
                self.kind
            );
            return Err(Error::invalid("file", reason));
        }
        let (fps, rate, said) = self.rate.choose(options, &self.kind)?;
        let bodies: Vec<Vec3> = self
            .joints
            .outer_iter()
            .map(|frame| {
                let place = |j: usize| Vec3::new(frame[[j, 0]], frame[[j, 1]], frame[[j, 2]]);
                place(HEAD) - place(PELVIS)
            })
            .collect();
        let (axis, doubt) = up::find(&bodies, options.up, Some(UpAxis::Y), UpAxis::Y);
        let turn = up::to_z_up(axis);
        let mut joints = self.joints;
        for mut place in joints.rows_mut() {
            let turned = turn * Vec3::new(place[0], place[1], place[2]);
            place.iter_mut().zip(turned.to_array()).for_each(|(slot, v)| *slot = v);
        }
        let mut smpl = fit_joints(joints.view())?;
        let floor = onto_floor(&mut smpl);
        let fitted =
            "rotations were fitted to the joints: twists of head, hands and straight limbs are not in the file";
        let doubts = gate::check("motion", &smpl.joints.view(), fps)?;
        let warnings = [Some(fitted.to_string()), said, doubt, floor, self.persons.warning];
        let source = MotionSource {
            kind: self.kind,
            up: Some(axis),
            unit: Some(crate::motion::LengthUnit::Metres),
            rate,
            person: self.persons.names.get(self.persons.index).cloned(),
            persons: self.persons.names,
            warnings: warnings.into_iter().flatten().chain(doubts).collect(),
        };
        Ok(clip_of_all_frames(&smpl, fps)?.with_source(source))
    }
}

/// The joints of an array `(T, J, 3)`, picked by their place in it; an axis of length 1 in front is left out.
pub(super) fn pick(array: &Array<'_>, places: &[usize; JOINTS]) -> Result<Array3<f32>> {
    let wrong = || Error::shape("joints", "(T, J, 3)", array.shape());
    let ([frames, count, 3] | [1, frames, count, 3]) = *array.shape() else { return Err(wrong()) };
    if !(1..=MAX_FRAMES).contains(&frames) || places.iter().any(|place| *place >= count) {
        return Err(wrong());
    }
    let values = array.to_f32()?;
    if values.len() != frames * count * 3 {
        return Err(bad("its joints are cut off"));
    }
    let joints = Array3::from_shape_fn((frames, JOINTS, 3), |(t, j, c)| values[(t * count + places[j]) * 3 + c]);
    check_finite("joints", &joints.view())?;
    Ok(joints)
}

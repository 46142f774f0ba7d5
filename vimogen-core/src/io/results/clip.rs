//! A clip of SMPL's parameters as a file has it, and what becomes of it here.

use glam::{Mat3, Quat, Vec3};
use ndarray::{Array2, Array3, ArrayViewMut1};

use super::fps::Rate;
use super::persons::Chosen;
use super::{parts, up};
use crate::body::{BodyKind, BodyModel, BodyParams, SMPLX_ROOT, motion_joints};
use crate::error::Result;
use crate::io::rig::gate;
use crate::io::{LoadOptions, clip_of_all_frames};
use crate::motion::canonical::canonicalize;
use crate::motion::codec::SmplMotion;
use crate::motion::joint::{SPINE1, SPINE2, SPINE3};
use crate::motion::layout::JOINTS;
use crate::motion::rotation::{axis_angle_from_quaternion, wxyz_from_quat};
use crate::motion::{Motion, MotionSource, UpAxis, floor_of};

/// Pelvis of the resting SMPL body of mean shape, metres.
pub(super) const SMPL_ROOT: Vec3 = Vec3::new(-0.002, -0.223, 0.028);

/// The axes of a file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum World {
    /// A world in which this axis points up, with its ground at height 0.
    Placed(UpAxis),
    /// A world in which this axis points up, whose ground may be anywhere.
    Up(UpAxis),
    /// The frame of a camera: x right, y down, z forward.
    Camera,
    /// The layout does not say: the motion does.
    Unsaid,
}

/// Point of the body that a translation places.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Origin {
    /// SMPL's body, whose pelvis rests next to it.
    Smpl,
    /// SMPL-X's body.
    Smplx,
    /// The pelvis.
    Pelvis,
}

/// A clip of SMPL's parameters as a file has it.
#[derive(Debug, Clone)]
pub(super) struct SmplClip {
    /// Program, and layout if it has several.
    pub(super) kind: String,
    /// Rotations of the 22 joints relative to their parents, axis-angle, `(T, 66)`.
    pub(super) pose: Array2<f32>,
    /// `(T, 3)`, metres.
    pub(super) translation: Array2<f32>,
    pub(super) origin: Origin,
    pub(super) world: World,
    pub(super) rate: Rate,
    /// Shape; empty if there is none.
    pub(super) betas: Vec<f32>,
    pub(super) persons: Chosen,
    pub(super) warnings: Vec<String>,
}

/// The clip upright, before it is encoded.
pub(super) struct Upright {
    pub(super) smpl: SmplMotion,
    pub(super) axis: UpAxis,
    pub(super) warnings: Vec<String>,
}

impl SmplClip {
    pub(super) fn new(kind: impl Into<String>, pose: Array2<f32>, translation: Array2<f32>) -> Result<Self> {
        parts::same_frames(&[("pose", pose.nrows()), ("translation", translation.nrows())])?;
        Ok(Self {
            kind: kind.into(),
            // Rows are read as slices.
            pose: pose.as_standard_layout().into_owned(),
            translation: translation.as_standard_layout().into_owned(),
            origin: Origin::Smplx,
            world: World::Unsaid,
            rate: Rate::Unknown,
            betas: Vec::new(),
            persons: Chosen::default(),
            warnings: Vec::new(),
        })
    }

    /// Fills the frames in which the person was not seen, by the number of each frame.
    pub(super) fn filled(mut self, frames: Option<Vec<i64>>) -> Self {
        if let Some(frames) = frames {
            let (pose, translation, said) = super::fill::gaps(&frames, self.pose, self.translation);
            (self.pose, self.translation) = (pose, translation);
            self.warnings.extend(said);
        }
        self
    }

    /// The clip of the library.
    ///
    /// # Errors
    /// An error that asks for the rate, if the file has none.
    pub(super) fn into_motion(self, options: &LoadOptions<'_>) -> Result<Motion> {
        let (fps, rate, said) = self.rate.choose(options, &self.kind)?;
        let Upright { mut smpl, axis, warnings } = self.upright(options)?;
        self.give_joints(&mut smpl, options.body)?;
        let mut warnings: Vec<String> = self.warnings.iter().cloned().chain(said).chain(warnings).collect();
        warnings.extend(self.persons.warning.clone());
        if axis == UpAxis::MinusY && matches!(self.world, World::Camera | World::Unsaid) {
            warnings.push(
                "the parameters are those of a camera's view: the camera was taken as level, and the clip starts at the \
                 origin, faces +y and stands on its lowest joint"
                    .into(),
            );
            // A body whose hips are above each other has no facing direction; it stays as it lies.
            if smpl.len() > 1
                && let Ok(placed) = canonicalize(&smpl, true)
            {
                smpl = placed.smpl;
            }
        } else if !matches!(self.world, World::Placed(_)) {
            warnings.extend(onto_floor(&mut smpl));
        }
        warnings.extend(gate::check("motion", &smpl.joints.view(), fps)?);
        let source = MotionSource {
            kind: self.kind,
            up: Some(axis),
            unit: Some(crate::motion::LengthUnit::Metres),
            rate,
            person: self.persons.names.get(self.persons.index).cloned(),
            persons: self.persons.names,
            warnings,
        };
        Ok(clip_of_all_frames(&smpl, fps)?.with_source(source))
    }

    /// The clip with z up, about the pelvis; joints are still zero.
    pub(super) fn upright(&self, options: &LoadOptions<'_>) -> Result<Upright> {
        let bodies: Vec<Vec3> =
            self.pose.rows().into_iter().map(|row| chest_up(row.as_slice().unwrap_or(&[]))).collect();
        let (declared, usual) = match self.world {
            World::Placed(axis) | World::Up(axis) => (Some(axis), axis),
            World::Camera => (Some(UpAxis::MinusY), UpAxis::MinusY),
            World::Unsaid => (None, UpAxis::MinusY),
        };
        let (axis, said) = up::find(&bodies, options.up, declared, usual);
        let smpl = self.turned(up::to_z_up(axis), options.body);
        Ok(Upright { smpl, axis, warnings: said.into_iter().collect() })
    }

    /// The clip turned about the pelvis.
    pub(super) fn turned(&self, turn: Mat3, body: Option<&BodyModel>) -> SmplMotion {
        let mut smpl = SmplMotion::zeros(self.pose.nrows());
        smpl.body_pose.assign(&self.pose.slice(ndarray::s![.., 3..]));
        smpl.transl.assign(&self.translation);
        smpl.global_orient.assign(&self.pose.slice(ndarray::s![.., ..3]));
        let (from, to) = self.roots(body);
        if turn == Mat3::IDENTITY && from == to {
            return smpl;
        }
        let rotation = Quat::from_mat3(&turn);
        for row in smpl.global_orient.rows_mut() {
            edit(row, |v| axis_angle_from_quaternion(wxyz_from_quat(rotation * Quat::from_scaled_axis(v))));
        }
        for row in smpl.transl.rows_mut() {
            edit(row, |v| turn * (v + from) - to);
        }
        smpl
    }

    /// Pelvis relative to the translation, in the file and here.
    fn roots(&self, body: Option<&BodyModel>) -> (Vec3, Vec3) {
        let given = body.filter(|body| body.kind() != BodyKind::Neutral);
        let of_given = given.and_then(|body| rest_pelvis(body, &self.betas));
        let fits = |kind: BodyKind| given.filter(|body| body.kind() == kind).and(of_given);
        match self.origin {
            Origin::Pelvis => (Vec3::ZERO, of_given.unwrap_or(SMPLX_ROOT)),
            Origin::Smpl => [fits(BodyKind::Smpl).unwrap_or(SMPL_ROOT); 2].into(),
            Origin::Smplx => [fits(BodyKind::Smplx).unwrap_or(SMPLX_ROOT); 2].into(),
        }
    }

    /// Joints of the body in the poses of the clip.
    fn give_joints(&self, smpl: &mut SmplMotion, body: Option<&BodyModel>) -> Result<()> {
        let body = body.unwrap_or(BodyModel::neutral());
        let mut params = body.params(smpl)?;
        params.betas = shape(body, &self.betas);
        smpl.joints = motion_joints(body.joints(&params)?.view());
        Ok(())
    }
}

/// The components that a body uses, one row for all frames; the neutral body has none.
fn shape(body: &BodyModel, betas: &[f32]) -> Array2<f32> {
    let count = if body.kind() == BodyKind::Neutral { 0 } else { betas.len().min(body.num_betas()) };
    let rows = usize::from(count > 0);
    Array2::from_shape_fn((rows, count), |(_, i)| betas[i])
}

/// Pelvis of a resting body of this shape.
fn rest_pelvis(body: &BodyModel, betas: &[f32]) -> Option<Vec3> {
    let rest = SmplMotion::zeros(1);
    let params = BodyParams { betas: shape(body, betas), ..body.params(&rest).ok()? };
    let joints: Array3<f32> = body.joints(&params).ok()?;
    Some(Vec3::from_array(std::array::from_fn(|c| joints[[0, 0, c]])))
}

/// The upward direction of the chest in the axes of the file.
fn chest_up(pose: &[f32]) -> Vec3 {
    let turn = |joint: usize| {
        let v = pose.get(3 * joint..).and_then(<[f32]>::first_chunk::<3>).copied().unwrap_or_default();
        Quat::from_scaled_axis(Vec3::from(v))
    };
    turn(0) * turn(SPINE1) * turn(SPINE2) * turn(SPINE3) * Vec3::Y
}

fn edit(mut row: ArrayViewMut1<'_, f32>, change: impl FnOnce(Vec3) -> Vec3) {
    let changed = change(Vec3::new(row[0], row[1], row[2]));
    row.iter_mut().zip(changed.to_array()).for_each(|(slot, v)| *slot = v);
}

/// Puts the lowest joint on the floor if it is far from it.
pub(super) fn onto_floor(smpl: &mut SmplMotion) -> Option<String> {
    let heights = smpl.joints.rows().into_iter().map(|joint| joint[2]);
    let low = heights.fold(f32::INFINITY, f32::min);
    let floor = if low.is_finite() { floor_of(low, 1.0) } else { 0.0 };
    if floor == 0.0 {
        return None;
    }
    smpl.joints.slice_mut(ndarray::s![.., .., 2]).map_inplace(|z| *z -= floor);
    smpl.transl.slice_mut(ndarray::s![.., 2]).map_inplace(|z| *z -= floor);
    Some(format!("the lowest joint was at {floor:.2} m and stands on the floor now"))
}

/// Number of joints of SMPL, SMPL-H and SMPL-X.
pub(super) const POSES: [usize; 4] = [24, 52, 55, JOINTS];

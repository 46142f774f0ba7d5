//! Joint values of a robot over time, and their files.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glam::{DQuat, DVec3};
use ndarray::{Array2, ArrayView2, Axis};
use serde_json::json;

use super::layout::RobotLayout;
use super::{RobotReport, pickle, turn_of};
use crate::character::{JointKind, RobotModel, RobotPosed};
use crate::error::{Error, Result};
use crate::format::{DType, RawTensor, extension, npz, unknown_extension, write_atomic};
use crate::motion::Motion;

/// Joint values of a robot that follow a clip.
#[derive(Debug, Clone)]
pub struct RobotMotion {
    model: Arc<RobotModel>,
    /// The free joint of the robot.
    root: usize,
    qpos: Array2<f64>,
    fps: f32,
    prompt: Option<String>,
    report: RobotReport,
}

impl RobotMotion {
    pub(super) fn new(
        model: Arc<RobotModel>,
        root: usize,
        qpos: Array2<f64>,
        motion: &Motion,
        report: RobotReport,
    ) -> Self {
        let prompt = motion.meta().and_then(|meta| meta.prompt.clone());
        Self { model, root, qpos, fps: motion.fps(), prompt, report }
    }

    /// MuJoCo's `qpos`, `(frames, nq)`: for a robot alone the root's place in metres (3) and its unit quaternion w, x, y, z (4),
    /// then a value per joint, radians or metres. z up; a clip that begins facing ahead faces along the robot's own front, x.
    pub fn qpos(&self) -> ArrayView2<'_, f64> {
        self.qpos.view()
    }

    /// Frames per second.
    pub fn fps(&self) -> f32 {
        self.fps
    }

    /// Number of frames.
    #[allow(clippy::len_without_is_empty, reason = "a clip has at least one frame")]
    pub fn len(&self) -> usize {
        self.qpos.nrows()
    }

    /// Names of the joints without free joints, in the order of `qpos`.
    pub fn joint_names(&self) -> Vec<String> {
        let joints = self.model.joints.iter().filter(|joint| joint.kind != JointKind::Free);
        joints.map(|joint| joint.name.clone()).collect()
    }

    /// How well the robot follows the clip.
    pub fn report(&self) -> &RobotReport {
        &self.report
    }

    /// Writes a file by its extension:
    ///
    /// - `.csv`: a row per frame in a [`RobotLayout`] (MuJoCo's without one), and next to it, as `walk.csv.json`, which layout
    ///   it is, frames per second, and names and units of the columns
    /// - `.npz`: `qpos`, `fps`, `joint_names`, and the arrays that AMP-style readers take: `dof_names`, `dof_positions`,
    ///   `dof_velocities`, `body_names`, `body_positions`, `body_rotations` (w, x, y, z), `body_linear_velocities`,
    ///   `body_angular_velocities`
    /// - `.pkl`: GMR's dict of `fps`, `root_pos`, `root_rot` (x, y, z, w), `dof_pos`
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for another extension, a layout of a file other than `.csv`, and a model with joints that the
    /// layout cannot hold; [`Error::NotFound`] if the folder does not exist, [`Error::Io`].
    pub fn save(&self, path: impl AsRef<Path>, layout: Option<RobotLayout>) -> Result<()> {
        let path = path.as_ref();
        let ending = extension(path);
        if let Some(layout) = layout.filter(|_| ending != "csv") {
            return Err(Error::invalid("layout", format!("{layout} is a layout of .csv, not of .{ending}")));
        }
        match ending.as_str() {
            "csv" => self.save_csv(path, layout.unwrap_or_default()),
            "npz" => self.save_npz(path),
            "pkl" => {
                self.check_alone("GMR's dict")?;
                write_atomic(path, |w| w.write_all(&pickle::gmr(self.qpos.view(), f64::from(self.fps))))
            }
            _ => Err(unknown_extension(path, ["csv", "npz", "pkl"])),
        }
    }

    /// # Errors
    /// [`Error::InvalidArgument`] unless the values are a root and one value per joint.
    fn check_alone(&self, what: &str) -> Result<()> {
        let scalar = |kind: JointKind| matches!(kind, JointKind::Hinge | JointKind::Slide);
        let others = self.model.joints.iter().enumerate().filter(|(j, _)| *j != self.root);
        let odd = others.clone().find(|(_, joint)| !scalar(joint.kind));
        if self.model.joints[self.root].at == 0 && odd.is_none() {
            return Ok(());
        }
        let name = odd.map_or(&self.model.joints[0].name, |(_, joint)| &joint.name);
        let reason = format!(
            "{what} holds a root and one value per joint, and the model has joint {name:?}; use the layout mujoco or .npz"
        );
        Err(Error::invalid("layout", reason))
    }

    fn save_csv(&self, path: &Path, layout: RobotLayout) -> Result<()> {
        if layout != RobotLayout::MuJoCo {
            self.check_alone(&format!("the layout {layout}"))?;
        }
        let names = self.joint_names();
        let alone = self.check_alone("").is_ok();
        write_atomic(path, |w| {
            layout.head(w, &names)?;
            self.qpos.axis_iter(Axis(0)).enumerate().try_for_each(|(t, row)| layout.row(w, t, row))
        })?;
        let [length, angle, rotation] = layout.conventions();
        let note = json!({
            "layout": layout.name(),
            "robot": self.model.name,
            "fps": self.fps,
            "frames": self.len(),
            "columns": if alone { layout.columns(&names) } else { self.value_names() },
            "length": length,
            "angle": angle,
            "root_rotation": rotation,
            "up": "z",
            "prompt": self.prompt,
            "generator": concat!("vimogen ", env!("CARGO_PKG_VERSION")),
        });
        let text = serde_json::to_string_pretty(&note).map_err(Error::internal)?;
        write_atomic(note_path(path), |w| w.write_all(text.as_bytes()))
    }

    /// Names of all values of `qpos`, for models with more than a robot.
    fn value_names(&self) -> Vec<String> {
        let parts = |kind: JointKind| -> &[&str] {
            match kind {
                JointKind::Free => &["_x", "_y", "_z", "_qw", "_qx", "_qy", "_qz"],
                JointKind::Ball => &["_qw", "_qx", "_qy", "_qz"],
                JointKind::Slide | JointKind::Hinge => &[""],
            }
        };
        let of = |joint: &crate::character::Joint| {
            parts(joint.kind).iter().map(|part| format!("{}{part}", joint.name)).collect::<Vec<_>>()
        };
        self.model.joints.iter().flat_map(of).collect()
    }

    fn save_npz(&self, path: &Path) -> Result<()> {
        let seconds = 1.0 / f64::from(self.fps);
        let dofs: Vec<usize> = {
            let joints = self.model.joints.iter();
            joints
                .filter(|joint| matches!(joint.kind, JointKind::Hinge | JointKind::Slide))
                .map(|joint| joint.at)
                .collect()
        };
        let positions = self.qpos.select(Axis(1), &dofs);
        let (places, turns) = self.bodies();
        let frames = self.len();
        let bodies = self.model.bodies.len() - 1;
        let between = |t: usize| (t.saturating_sub(1), (t + 1).min(frames - 1));
        let span = |t: usize| (between(t).1 - between(t).0).max(1) as f64 * seconds;
        let speeds = (0..frames).flat_map(|t| {
            let (from, to) = between(t);
            (&positions.row(to) - &positions.row(from)).mapv(|step| step / span(t))
        });
        let linear = (0..frames * bodies).flat_map(|k| {
            let (t, b) = (k / bodies, k % bodies);
            let (from, to) = between(t);
            ((places[to * bodies + b] - places[from * bodies + b]) / span(t)).to_array()
        });
        let angular = (0..frames * bodies).flat_map(|k| {
            let (t, b) = (k / bodies, k % bodies);
            let (from, to) = between(t);
            let turn = turns[to * bodies + b] * turns[from * bodies + b].inverse();
            (if turn.w < 0.0 { -turn } else { turn }.to_scaled_axis() / span(t)).to_array()
        });
        let quaternions = turns.iter().flat_map(|turn| [turn.w, turn.x, turn.y, turn.z]);
        let arrays = [
            ("qpos", doubles(&[frames, self.model.width], self.qpos.iter().copied())?),
            ("fps", doubles(&[], std::iter::once(f64::from(self.fps)))?),
            ("dof_positions", singles(&[frames, dofs.len()], positions.iter().copied())?),
            ("dof_velocities", singles(&[frames, dofs.len()], speeds)?),
            ("body_positions", singles(&[frames, bodies, 3], places.iter().flat_map(DVec3::to_array))?),
            ("body_rotations", singles(&[frames, bodies, 4], quaternions)?),
            ("body_linear_velocities", singles(&[frames, bodies, 3], linear)?),
            ("body_angular_velocities", singles(&[frames, bodies, 3], angular)?),
        ];
        let arrays: Vec<(&str, &RawTensor)> = arrays.iter().map(|(name, array)| (*name, array)).collect();
        let scalar = |joint: &&crate::character::Joint| matches!(joint.kind, JointKind::Hinge | JointKind::Slide);
        let dof_names: Vec<String> = self.model.joints.iter().filter(scalar).map(|joint| joint.name.clone()).collect();
        let body_names: Vec<String> = self.model.bodies[1..].iter().map(|body| body.name.clone()).collect();
        let joint_names = self.joint_names();
        let mut texts = vec![("robot", self.model.name.as_str())];
        texts.extend(self.prompt.as_deref().map(|prompt| ("prompt", prompt)));
        let lists = [("joint_names", &joint_names[..]), ("dof_names", &dof_names), ("body_names", &body_names)];
        npz::save_all(path, &arrays, &texts, &lists)
    }

    /// Places and rotations of all bodies but the world, frame by frame.
    fn bodies(&self) -> (Vec<DVec3>, Vec<DQuat>) {
        let (mut places, mut turns) = (Vec::new(), Vec::new());
        let mut posed = RobotPosed::default();
        for row in self.qpos.axis_iter(Axis(0)) {
            self.model.pose(&row.to_vec(), &mut posed);
            places.extend_from_slice(&posed.places[1..]);
            turns.extend_from_slice(&posed.turns[1..]);
        }
        (places, turns)
    }

    /// Place and rotation of the root in a frame.
    pub fn root(&self, frame: usize) -> Option<([f64; 3], [f64; 4])> {
        let at = self.model.joints[self.root].at;
        let row = self.qpos.rows().into_iter().nth(frame)?.to_vec();
        let turn = turn_of(&row[at + 3..]);
        Some(([row[at], row[at + 1], row[at + 2]], [turn.w, turn.x, turn.y, turn.z]))
    }
}

/// The file that says what a table holds: `walk.csv.json`.
fn note_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".json");
    name.into()
}

fn doubles(shape: &[usize], values: impl Iterator<Item = f64>) -> Result<RawTensor> {
    RawTensor::new(DType::F64, shape.to_vec(), values.flat_map(f64::to_le_bytes).collect())
}

fn singles(shape: &[usize], values: impl Iterator<Item = f64>) -> Result<RawTensor> {
    RawTensor::new(DType::F32, shape.to_vec(), values.flat_map(|value| (value as f32).to_le_bytes()).collect())
}

//! Clips on a robot: a MuJoCo model (MJCF) of the user, whose joint values follow the clip.
//!
//! The model is read by MuJoCo's rules: defaults and their classes, all orientations, frames, includes. Meshes are not read: soles
//! and depth come from spheres, capsules, boxes, cylinders and ellipsoids.

mod compile;
mod defaults;
mod layout;
mod pickle;
mod recording;
mod tree;
mod values;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use ndarray::Array2;

pub use crate::character::RobotReport;
use crate::character::{Rig, RobotModel, follow, turn_of};
use crate::declare::defaults;
use crate::error::{Error, Result};
use crate::format::{extension, read_bounded};
use crate::io::JointMap;
use crate::motion::Motion;
pub use layout::RobotLayout;
pub use recording::RobotMotion;

/// Maximum size of the first file of a model, bytes.
const MAX_FILE: u64 = 8 << 20;

defaults! {
    /// Options of [`Robot::retarget_with`].
    #[derive(Debug, Clone, Copy)]
    #[non_exhaustive]
    pub struct RobotOptions {
        /// Whether standing feet are kept in place on the ground, and everything above it.
        plant, with_plant: bool = true;
        /// Highest speed of a joint, radians or metres per second. The root has no limit. A model has no such limits itself.
        velocity, with_velocity: f64 = 20.0;
    }
}

/// A humanoid robot from a MuJoCo model, such as the Unitree G1 of the public menagerie.
///
/// Its bodies are recognised by their names; it stands at rest in the pose in which the model is written, upright with z up.
///
/// ```no_run
/// use vimogen_core::Motion;
/// use vimogen_core::io::{Robot, RobotLayout};
///
/// let robot = Robot::open("g1.xml")?;
/// let walk = robot.retarget(&Motion::load("walk.npz")?)?;
/// assert_eq!(walk.report().violations, 0);
/// walk.save("walk.csv", Some(RobotLayout::MuJoCo))?;
/// # Ok::<(), vimogen_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Robot {
    model: Arc<RobotModel>,
    rig: Rig,
}

impl Robot {
    /// Reads a model.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Io`], [`Error::TooLarge`] beyond 8 MiB with includes; [`Error::Format`] for another format,
    /// damaged or hostile files, elements that only MuJoCo's compiler understands, robots that are fixed to the world or lie,
    /// and bodies that are not recognised, with the joints that are missing.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, None)
    }

    /// [`Robot::open`] with the names of the robot's bodies by our joints, for robots that are not recognised.
    ///
    /// # Errors
    /// As [`Robot::open`], and [`Error::InvalidArgument`] for names that the model or a robot does not have.
    pub fn open_with(path: impl AsRef<Path>, names: Option<&JointMap>) -> Result<Self> {
        let path = path.as_ref();
        if extension(path) != "xml" {
            let reason = format!("a robot is a MuJoCo model, .xml, not {:?}", extension(path));
            return Err(bad(reason).with_path(path));
        }
        let bytes = read_bounded(path, MAX_FILE)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self::new(bytes, Some(folder), names).map_err(|e| e.with_path(path))
    }

    /// A robot from the bytes of a model that includes no other files.
    ///
    /// # Errors
    /// As [`Robot::open_with`].
    pub fn from_bytes(bytes: Vec<u8>, names: Option<&JointMap>) -> Result<Self> {
        Self::new(bytes, None, names)
    }

    fn new(bytes: Vec<u8>, folder: Option<&Path>, names: Option<&JointMap>) -> Result<Self> {
        let text = String::from_utf8(bytes).map_err(|_| bad("it is not UTF-8"))?;
        let model = compile::compile(&tree::read(&text, folder)?)?;
        let rig = Rig::new(&model, names)?;
        Ok(Self { model: Arc::new(model), rig })
    }

    /// Name of the model.
    pub fn name(&self) -> &str {
        &self.model.name
    }

    /// Number of values of `qpos`, MuJoCo's `nq`.
    pub fn width(&self) -> usize {
        self.model.width
    }

    /// Names of the bodies without the world, in MuJoCo's order.
    pub fn body_names(&self) -> Vec<String> {
        self.model.bodies.iter().skip(1).map(|body| body.name.clone()).collect()
    }

    /// The joint values in which the model is written, MuJoCo's `qpos0`.
    pub fn initial(&self) -> Vec<f64> {
        self.model.initial()
    }

    /// Places of the bodies in the world and their unit quaternions (w, x, y, z), without the world: MuJoCo's `xpos` and `xquat`.
    ///
    /// # Errors
    /// [`Error::Shape`] unless `qpos` has [`Robot::width`] values, [`Error::NonFinite`].
    pub fn bodies(&self, qpos: &[f64]) -> Result<Vec<([f64; 3], [f64; 4])>> {
        if qpos.len() != self.model.width {
            return Err(Error::shape("qpos", format!("({},)", self.model.width), &[qpos.len()]));
        }
        if let Some(index) = qpos.iter().position(|value| !value.is_finite()) {
            return Err(Error::NonFinite { name: "qpos".into(), index: vec![index] });
        }
        let posed = self.model.posed(qpos);
        let bodies = posed.places.iter().zip(&posed.turns).skip(1);
        Ok(bodies.map(|(place, turn)| (place.to_array(), [turn.w, turn.x, turn.y, turn.z])).collect())
    }

    /// The joint values that follow a clip, a row per frame at its rate.
    ///
    /// # Errors
    /// As [`Robot::retarget_with`].
    pub fn retarget(&self, motion: &Motion) -> Result<RobotMotion> {
        self.retarget_with(motion, &RobotOptions::default())
    }

    /// [`Robot::retarget`] with options.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a velocity that is not above 0, [`Error::Format`] for a robot without legs of some length,
    /// [`Error::NonFinite`] for a clip whose sums overflow.
    pub fn retarget_with(&self, motion: &Motion, options: &RobotOptions) -> Result<RobotMotion> {
        if options.velocity.is_nan() || options.velocity <= 0.0 {
            return Err(Error::invalid(
                "velocity",
                format!("{} radians per second; it must be above 0", options.velocity),
            ));
        }
        let (rows, report) = follow(&self.model, &self.rig, motion, options.plant, options.velocity)?;
        let values: Vec<f64> = rows.into_iter().flatten().collect();
        let qpos = Array2::from_shape_vec((motion.len(), self.model.width), values).map_err(Error::internal)?;
        Ok(RobotMotion::new(Arc::clone(&self.model), self.rig.root, qpos, motion, report))
    }
}

/// An error of a model.
fn bad(reason: impl Into<String>) -> Error {
    Error::format("MuJoCo model", reason.into())
}

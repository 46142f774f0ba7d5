//! `vimogen.Robot` and `vimogen.RobotMotion`.

use std::path::PathBuf;

use numpy::ndarray::{Array2, Array3};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArray3, PyReadonlyArray2, ToPyArray};
use pyo3::prelude::*;
use vimogen_core::io::{Robot as Core, RobotLayout, RobotMotion as CoreMotion, RobotOptions};

use crate::args::to_python;
use crate::error::OrRaise;
use crate::motion::Motion;
use crate::reading::joint_map;
use crate::run::detached;

/// Places and rotations of bodies.
type Placed<'py> = (Bound<'py, PyArray3<f64>>, Bound<'py, PyArray3<f64>>);

/// Humanoid robot of your own, whose joints follow motions.
///
/// A MuJoCo model (``.xml``), such as the Unitree G1 of the public menagerie. Bodies are recognised by their names. The model
/// stands, with z up, in the pose in which it is written, and its outermost body has a free joint.
///
/// Parameters
/// ----------
/// path : str or os.PathLike
///     The model. Files that it includes lie in its folder or below; meshes are not read.
/// names : dict, str or os.PathLike, optional
///     Names of the robot's bodies by our joints, such as ``{"left_knee": "link_4"}``, or a JSON file of them, for a robot
///     that is not recognised.
///
/// Examples
/// --------
/// >>> import vimogen
/// >>> robot = vimogen.Robot("g1.xml")  # doctest: +SKIP
/// >>> walk = robot.retarget(vimogen.Motion.load("walk.npz").resample(30))  # doctest: +SKIP
/// >>> walk.qpos.shape, walk.report["violations"]  # doctest: +SKIP
/// ((90, 36), 0)
/// >>> walk.save("walk.csv", layout="lafan1")  # doctest: +SKIP
#[pyclass(frozen, module = "vimogen", name = "Robot")]
pub struct Robot {
    core: Core,
}

impl Robot {
    /// Reads a robot.
    pub fn open(py: Python<'_>, path: PathBuf, names: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let names = names.map(joint_map).transpose()?;
        Ok(Self { core: detached(py, || Core::open_with(path, names.as_ref()))? })
    }

    /// Joint values that follow a motion.
    pub fn follow(&self, py: Python<'_>, motion: &Motion, plant: bool, velocity: f64) -> PyResult<RobotMotion> {
        let options = RobotOptions::default().with_plant(plant).with_velocity(velocity);
        let motion = motion.core().clone();
        Ok(RobotMotion { core: detached(py, || self.core.retarget_with(&motion, &options))? })
    }
}

#[pymethods]
impl Robot {
    #[new]
    #[pyo3(signature = (path, *, names=None))]
    fn new(py: Python<'_>, path: PathBuf, names: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        Self::open(py, path, names)
    }

    /// Solve for the joint values that follow a motion, frame by frame at its rate.
    ///
    /// Places and rotations of pelvis, chest, limbs, hands and feet follow the motion at the robot's size, under the limits
    /// of its joints; standing feet stay where they stand.
    ///
    /// Parameters
    /// ----------
    /// motion : Motion
    ///     Any rate; ``motion.resample(30)`` first for readers that take 30 frames per second.
    /// plant : bool
    ///     Keep standing feet in place on the ground, and everything above it.
    /// velocity : float
    ///     Highest speed of a joint, radians or metres per second. The root has no limit.
    ///
    /// Returns
    /// -------
    /// RobotMotion
    #[pyo3(signature = (motion, *, plant=true, velocity=20.0))]
    fn retarget(&self, py: Python<'_>, motion: PyRef<'_, Motion>, plant: bool, velocity: f64) -> PyResult<RobotMotion> {
        self.follow(py, &motion, plant, velocity)
    }

    /// Place the bodies by forward kinematics, as MuJoCo's ``xpos`` and ``xquat`` without the world.
    ///
    /// Parameters
    /// ----------
    /// qpos : ndarray, (T, nq)
    ///     Joint values.
    ///
    /// Returns
    /// -------
    /// positions : ndarray, (T, bodies, 3)
    ///     Metres, z up.
    /// rotations : ndarray, (T, bodies, 4)
    ///     Unit quaternions w, x, y, z.
    fn bodies<'py>(&self, py: Python<'py>, qpos: PyReadonlyArray2<'_, f64>) -> PyResult<Placed<'py>> {
        let rows: Vec<Vec<f64>> = qpos.as_array().rows().into_iter().map(|row| row.to_vec()).collect();
        let placed =
            detached(py, || rows.iter().map(|row| self.core.bodies(row)).collect::<vimogen_core::Result<Vec<_>>>())?;
        let count = self.core.body_names().len();
        let places = Array3::from_shape_fn((placed.len(), count, 3), |(t, b, k)| placed[t][b].0[k]);
        let turns = Array3::from_shape_fn((placed.len(), count, 4), |(t, b, k)| placed[t][b].1[k]);
        Ok((places.into_pyarray(py), turns.into_pyarray(py)))
    }

    /// Name of the model.
    #[getter]
    fn name(&self) -> &str {
        self.core.name()
    }

    /// Names of the bodies without the world, in MuJoCo's order.
    #[getter]
    fn body_names(&self) -> Vec<String> {
        self.core.body_names()
    }

    /// The joint values in which the model is written, MuJoCo's ``qpos0``.
    #[getter]
    fn initial<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.core.initial().into_pyarray(py)
    }

    fn __repr__(&self) -> String {
        format!("Robot({:?}, bodies={}, nq={})", self.core.name(), self.core.body_names().len(), self.core.width())
    }
}

/// Joint values of a robot that follow a motion, made by :meth:`Robot.retarget` and :meth:`Motion.retarget_robot`.
#[pyclass(frozen, module = "vimogen", name = "RobotMotion")]
pub struct RobotMotion {
    core: CoreMotion,
}

impl RobotMotion {
    /// Writes a file.
    pub fn write(&self, py: Python<'_>, path: PathBuf, layout: Option<&str>) -> PyResult<()> {
        let layout: Option<RobotLayout> = layout.map(str::parse).transpose().or_raise(py)?;
        detached(py, || self.core.save(&path, layout))
    }
}

#[pymethods]
impl RobotMotion {
    /// Write the joint values.
    ///
    /// Parameters
    /// ----------
    /// path : str or os.PathLike
    ///     ``.csv``, with a note of its columns, units and rate next to it as ``walk.csv.json``; ``.npz`` (``qpos``, ``fps``,
    ///     ``joint_names``, and the arrays of AMP-style readers); ``.pkl`` (GMR's dict).
    /// layout : {"mujoco", "lafan1", "bones-seed"}, optional
    ///     Of ``.csv``. None: ``"mujoco"``.
    #[pyo3(signature = (path, layout=None))]
    fn save(&self, py: Python<'_>, path: PathBuf, layout: Option<&str>) -> PyResult<()> {
        self.write(py, path, layout)
    }

    /// MuJoCo's ``qpos``, (T, nq): place of the root in metres, its unit quaternion w, x, y, z, then a value per joint,
    /// radians or metres. z up.
    #[getter]
    fn qpos<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray2<f64>> {
        let qpos: Array2<f64> = self.core.qpos().to_owned();
        qpos.to_pyarray(py)
    }

    /// Frames per second.
    #[getter]
    fn fps(&self) -> f32 {
        self.core.fps()
    }

    /// Names of the joints in the order of ``qpos``, without the root.
    #[getter]
    fn joint_names(&self) -> Vec<String> {
        self.core.joint_names()
    }

    /// How well the robot follows the motion: ``frames``, ``fps``, ``bodies`` (pairs of our joint and the robot's body),
    /// ``missing``, ``scale`` of steps and legs, ``arm_scale``, ``violations`` of joint ranges (0), ``at_limits`` (share of
    /// values), ``max_velocity`` and ``fastest`` joint, ``at_speed`` (share), ``mean_error``, ``max_error`` and ``errors`` of
    /// places in metres, ``angles`` of the limbs (degrees), ``slide`` and ``float`` of standing feet, ``stands``,
    /// ``penetration`` (metres), ``warnings``.
    #[getter]
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, self.core.report())
    }

    fn __len__(&self) -> usize {
        self.core.len()
    }

    fn __repr__(&self) -> String {
        format!("RobotMotion(frames={}, nq={}, fps={})", self.core.len(), self.core.qpos().ncols(), self.core.fps())
    }
}

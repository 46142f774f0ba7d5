//! `vimogen.Motion`.

use std::path::PathBuf;

use ndarray::{ArrayBase, Data, Dimension};
use numpy::{PyArray, PyArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PySlice, PyTuple};
use vimogen_core::edit::JoinOptions;
use vimogen_core::error::check_finite;
use vimogen_core::io::gltf::HumanBones;
use vimogen_core::io::{JointNames, SaveOptions, picture};
use vimogen_core::mbench::quality::{Quality, UpAxis};
use vimogen_core::motion::{FileFormat, LengthUnit};
use vimogen_core::{Motion as Core, Result};

use crate::args::{Floats, as_2d, as_3d, owned, to_python};
use crate::body::Body;
use crate::character::Character;
use crate::edit;
use crate::error::OrRaise;
use crate::reading::{ReadingArguments, source};
use crate::render::{RenderArguments, render};
use crate::robot::{Robot, RobotMotion};
use crate::run::interruptible;

/// Immutable clip of T frames: 276 values per frame and a frame rate.
///
/// Arrays are read-only views of the clip's own memory: nothing is copied. To change values, make a copy with
/// ``numpy.array(motion.joints)``.
///
/// Parameters
/// ----------
/// features : array_like, (T, 276)
///     Metres and metres per frame, z up, not normalised.
/// fps : float
///     Frames per second.
///
/// Examples
/// --------
/// >>> import numpy as np, vimogen
/// >>> motion = vimogen.Motion(np.zeros((40, 276)), fps=20)
/// >>> len(motion), motion.duration
/// (40, 2.0)
/// >>> motion[10:30]
/// Motion(frames=20, fps=20, seconds=1.00)
#[pyclass(frozen, module = "vimogen", name = "Motion")]
pub struct Motion {
    core: Core,
}

impl Motion {
    /// The core's clip.
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// The clip that an edit makes of this one.
    fn edited(&self, py: Python<'_>, edit: impl FnOnce(Core) -> Result<Core> + Send + 'static) -> PyResult<Self> {
        let core = self.core.clone();
        Ok(interruptible(py, move || edit(core))?.into())
    }
}

impl From<Core> for Motion {
    fn from(core: Core) -> Self {
        Self { core }
    }
}

/// A class or function and its arguments.
type Pickled<'py> = (Bound<'py, PyAny>, Bound<'py, PyTuple>);

/// A read-only NumPy array of an array that lives in `motion`.
fn view<'py, D: Dimension>(
    motion: &Bound<'py, Motion>,
    array: &ArrayBase<impl Data<Elem = f32>, D>,
) -> Bound<'py, PyArray<f32, D>> {
    // SAFETY: `array` is memory of `motion`, a frozen object that never moves or changes it and that the NumPy array
    // keeps alive as its base; nobody writes to it, since the array is made read-only before anyone sees it, for good,
    // as it does not own its data.
    let view = unsafe { PyArray::borrow_from_array(array, motion.clone().into_any()) };
    view.readwrite().make_nonwriteable();
    view
}

#[pymethods]
impl Motion {
    #[new]
    #[pyo3(signature = (features, fps=20.0))]
    fn new(py: Python<'_>, features: Floats<'_>, fps: f32) -> PyResult<Self> {
        Ok(Core::from_features(owned(as_2d(&features, "features")?), fps).or_raise(py)?.into())
    }

    /// Read a clip from ``.npz`` (ours, or in the layout of AMASS), ``.npy``, ``.pt``, ``.pth``, ``.pkl``, ``.pickle``,
    /// ``.joblib``, ``.bvh``, ``.amc``, ``.glb``, ``.gltf``, ``.vrm``, ``.vrma`` or ``.fbx``.
    ///
    /// Format, up axis and unit are found in the file, see :attr:`source`; doubts are warnings of
    /// the class ``MotionWarning``. The other arguments override what was found.
    ///
    /// Parameters
    /// ----------
    /// path : str or os.PathLike
    ///     A file of another program, a tensor or dict as the release saves it, or what :meth:`save` wrote.
    /// fps : float, optional
    ///     Frame rate. None: the file's, or that of the program that wrote it, or 20 for features without a rate.
    /// body : Body, optional
    ///     Body that gives a clip of SMPL parameters its joints, with the clip's own shape. None: the neutral body.
    /// up : {"y", "z", "x", "-y", "-z", "-x"}, optional
    ///     Axis of the file that points up.
    /// unit : {"cm", "m", "mm", "dm", "in", "ft"}, optional
    ///     Unit of length of the file.
    /// person : str or int, optional
    ///     The person to read from a file of several.
    /// names : dict, str or os.PathLike, optional
    ///     Names of the file's joints by ours, such as ``{"pelvis": "Hips"}``, or a JSON file of them, for a skeleton that
    ///     is not recognised.
    /// fit_joints : bool
    ///     Fit a body to a file of joint positions without rotations.
    #[staticmethod]
    #[pyo3(signature = (path, *, fps=None, body=None, up=None, unit=None, person=None, names=None, fit_joints=false))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn load<'py>(
        py: Python<'py>,
        path: PathBuf,
        fps: Option<f32>,
        body: Option<PyRef<'py, Body>>,
        up: Option<&str>,
        unit: Option<&str>,
        person: Option<&Bound<'py, PyAny>>,
        names: Option<&Bound<'py, PyAny>>,
        fit_joints: bool,
    ) -> PyResult<Self> {
        let arguments = ReadingArguments { fps, body, up, unit, person, names, fit_joints };
        Ok(arguments.load(py, &path)?.into())
    }

    /// The reader's report on the clip's file: a dict of ``kind`` (format, program), ``up`` and ``unit`` of the file,
    /// ``rate`` (origin of the frame rate), ``person``, ``persons`` and ``warnings``. None for a clip that was made
    /// otherwise, or changed.
    #[getter]
    fn source<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        source(py, &self.core)
    }

    /// How the clip was made: a dict of ``prompt``, ``seed``, ``model``, ``version``, ``options`` and, where they apply,
    /// ``parts``, ``from``, ``constraints`` and ``changes``. None for a clip that was not generated, or changed beyond
    /// cutting, another rate and refitting. Files in ``.npz``, ``.glb`` and some other formats keep it.
    #[getter]
    fn meta<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.core.meta().map(|meta| to_python(py, meta)).transpose()
    }

    /// Write the clip in the format that the extension names.
    ///
    /// ``.npz`` in the layout of AMASS, with the features (:meth:`load` reads the same clip back), ``.npy``, ``.pt`` and
    /// ``.pth`` for the features alone, ``.bvh``, ``.glb``, ``.fbx``, ``.usda`` and ``.usdz`` for Blender and engines,
    /// ``.vrma`` for VRM avatars, ``.csv`` for a table of joints,
    /// ``.html`` for a player that needs no network, ``.svg`` for a strip of poses, ``.mp4``, ``.gif`` and ``.png`` as
    /// :meth:`render` draws them. ``vimogen.file_formats()`` lists the formats.
    ///
    /// Parameters
    /// ----------
    /// path : str or os.PathLike
    ///     The file. It is replaced as a whole or not at all.
    /// title : str
    ///     Caption of the player. Empty: the clip's prompt.
    /// body : Body, optional
    ///     Body in formats with a mesh and in pictures. None: the neutral body.
    /// joint_names : {"smpl", "mixamo", "mixamorig", "mixamo-plain"}, optional
    ///     Names of the joints in formats with a skeleton. None: SMPL's. Mixamo's names have the prefix ``mixamorig:``,
    ///     ``mixamorig`` (for three.js, which binds no BVH joint whose name has a colon) or none.
    /// unit : {"cm", "m", "mm", "dm", "in", "ft"}, optional
    ///     Unit of length. None: the usual one of the format, centimetres in a ``.bvh`` file. A format that cannot hold the
    ///     names or the unit refuses them.
    /// bones : {"all", "required"}, optional
    ///     Bones in a ``.vrma`` file. None: all; ``"required"``: the 15 that every avatar has, with the bend of the spine in one.
    #[pyo3(signature = (path, *, title="", body=None, joint_names=None, unit=None, bones=None))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn save(
        &self,
        py: Python<'_>,
        path: PathBuf,
        title: &str,
        body: Option<PyRef<'_, Body>>,
        joint_names: Option<&str>,
        unit: Option<&str>,
        bones: Option<&str>,
    ) -> PyResult<()> {
        let bones: Option<HumanBones> = bones.map(str::parse).transpose().or_raise(py)?;
        let names: Option<JointNames> = joint_names.map(str::parse).transpose().or_raise(py)?;
        let unit: Option<LengthUnit> = unit.map(str::parse).transpose().or_raise(py)?;
        let (core, body, title) = (self.core.clone(), body.map(|body| body.shared()), title.to_owned());
        interruptible(py, move || {
            let options = SaveOptions::default().with_title(&title).with_body(body.as_deref());
            core.save_with(path, &options.with_names(names).with_unit(unit).with_bones(bones))
        })
    }

    /// Write the joint positions as MBench reads them: a ``.npy`` array (T, 22, 3), metres, y up.
    ///
    /// Parameters
    /// ----------
    /// path : str or os.PathLike
    ///     The file.
    fn save_mbench_joints(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let core = self.core.clone();
        interruptible(py, move || core.save_mbench_joints(path))
    }

    /// Put the motion onto a character of your own, see :class:`Character`.
    ///
    /// Parameters
    /// ----------
    /// character : str or os.PathLike
    ///     A skinned ``.glb``, ``.gltf`` or ``.vrm`` file.
    /// out : str or os.PathLike, optional
    ///     Where the character with the animation is written: ``.glb``, ``.vrm`` or ``.gltf``. None: nothing is written.
    /// name : str
    ///     Name of the animation.
    /// plant : bool
    ///     Keep standing feet in place on the ground, by inverse kinematics of the legs.
    /// names : dict, str or os.PathLike, optional
    ///     Names of the character's joints by ours, for a skeleton that is not recognised.
    ///
    /// Returns
    /// -------
    /// Character
    ///     With the motion as its animation, the report in ``reports[0]``.
    #[pyo3(signature = (character, out=None, *, name="motion", plant=true, names=None))]
    fn retarget(
        slf: PyRef<'_, Self>,
        py: Python<'_>,
        character: PathBuf,
        out: Option<PathBuf>,
        name: &str,
        plant: bool,
        names: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Character> {
        let character = Character::open(py, character, names)?;
        character.add(py, slf, name, plant)?;
        out.map_or(Ok(()), |out| character.save(py, out))?;
        Ok(character)
    }

    /// Put the motion onto a robot of your own, see :class:`Robot`.
    ///
    /// Parameters
    /// ----------
    /// robot : str or os.PathLike
    ///     A MuJoCo model, ``.xml``.
    /// out : str or os.PathLike, optional
    ///     Where the joint values are written: ``.csv``, ``.npz`` or ``.pkl``. None: nothing is written.
    /// layout : {"mujoco", "lafan1", "bones-seed"}, optional
    ///     Of ``.csv``. None: ``"mujoco"``.
    /// plant : bool
    ///     Keep standing feet in place on the ground, and everything above it.
    /// velocity : float
    ///     Highest speed of a joint, radians or metres per second.
    /// names : dict, str or os.PathLike, optional
    ///     Names of the robot's bodies by our joints, for a robot that is not recognised.
    ///
    /// Returns
    /// -------
    /// RobotMotion
    #[pyo3(signature = (robot, out=None, *, layout=None, plant=true, velocity=20.0, names=None))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn retarget_robot(
        slf: PyRef<'_, Self>,
        py: Python<'_>,
        robot: PathBuf,
        out: Option<PathBuf>,
        layout: Option<&str>,
        plant: bool,
        velocity: f64,
        names: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<RobotMotion> {
        let done = Robot::open(py, robot, names)?.follow(py, &slf, plant, velocity)?;
        out.map_or(Ok(()), |out| done.write(py, out, layout))?;
        Ok(done)
    }

    /// Draw a body that performs the motion. No GPU and no display are needed.
    ///
    /// ``.mp4`` is H.264 as browsers play it, ``.gif`` loops, ``.png`` is a contact sheet of 8 moments (of a clip of one
    /// frame, ``motion[40:41]``, its picture); a name without extension is a folder with one PNG per frame.
    ///
    /// Parameters
    /// ----------
    /// path : str or os.PathLike
    ///     The file or folder.
    /// size : (int, int), optional
    ///     Width and height in pixels, 16 to 4096; for ``.mp4`` even. By default 960 x 960, for depth 384 x 384, and that
    ///     of an overlay's files.
    /// fps : float, optional
    ///     Pictures per second. None: the motion's frame rate.
    /// view : {"auto", "path", "follow", "mbench"}
    ///     A camera that stands still and sees the whole path, or one that follows the body; ``"auto"`` follows a path of more
    ///     than 2 m, ``"mbench"`` is that of MBench's videos, regardless of the angles.
    /// yaw, pitch : float
    ///     Direction of the camera in degrees, from the front of the body to its right, and its downward angle.
    /// style : {"lit", "depth", "plain"}
    ///     A lit body on the ground, its sides tinted; depth in shades of grey, white is near; a lit body in one colour.
    /// body : Body, optional
    ///     Body that performs the motion. None: the neutral body.
    /// figure : bool
    ///     Draw a mannequin at the joint positions instead of a skinned body, which follows the rotations.
    /// overlay : str or os.PathLike, optional
    ///     A folder of PNG files, such as the frames of a video, over which the pictures are laid at 50 %.
    /// callback : callable, optional
    ///     ``callback("render", picture, pictures)`` after each picture. Returning False stops.
    #[pyo3(signature = (
        path, *, size=None, fps=None, view="auto", yaw=35.0, pitch=12.0, style="lit", body=None, figure=false,
        overlay=None, callback=None
    ))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn render(
        &self,
        py: Python<'_>,
        path: PathBuf,
        size: Option<(usize, usize)>,
        fps: Option<f32>,
        view: &str,
        yaw: f32,
        pitch: f32,
        style: &str,
        body: Option<PyRef<'_, Body>>,
        figure: bool,
        overlay: Option<PathBuf>,
        callback: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let arguments = RenderArguments { size, fps, view, yaw, pitch, style, figure, overlay, callback };
        render(py, &self.core, path, body, arguments)
    }

    /// The features, (T, 276).
    #[getter]
    fn features<'py>(slf: &Bound<'py, Self>) -> Bound<'py, PyArray<f32, ndarray::Ix2>> {
        view(slf, &slf.get().core.features())
    }

    /// Joint positions, (T, 22, 3), metres, z up.
    #[getter]
    fn joints<'py>(slf: &Bound<'py, Self>) -> Bound<'py, PyArray<f32, ndarray::Ix3>> {
        view(slf, &slf.get().core.joints())
    }

    /// Frames per second.
    #[getter]
    fn fps(&self) -> f32 {
        self.core.fps()
    }

    /// Length in seconds.
    #[getter]
    fn duration(&self) -> f32 {
        self.core.duration()
    }

    /// SMPL parameters: a dict of ``global_orient`` (T, 3), ``body_pose`` (T, 63), ``transl`` (T, 3) and ``joints``
    /// (T, 22, 3); axis-angle in radians, metres, z up.
    fn smpl<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyDict>> {
        let smpl = slf.get().core.smpl();
        let dict = PyDict::new(slf.py());
        dict.set_item("global_orient", view(slf, &smpl.global_orient))?;
        dict.set_item("body_pose", view(slf, &smpl.body_pose))?;
        dict.set_item("transl", view(slf, &smpl.transl))?;
        dict.set_item("joints", view(slf, &smpl.joints))?;
        Ok(dict)
    }

    /// The same movement at another frame rate, to be played or saved.
    fn resample(&self, py: Python<'_>, fps: f32) -> PyResult<Self> {
        self.edited(py, move |clip| clip.resample(fps))
    }

    /// The clip at another frame rate as the release resamples references: features are interpolated as they are, and
    /// their steps stay those of the old rate.
    fn resample_reference(&self, py: Python<'_>, fps: f32) -> PyResult<Self> {
        self.edited(py, move |clip| clip.resample_reference(fps))
    }

    /// The same frames, played at another rate.
    fn with_fps(&self, py: Python<'_>, fps: f32) -> PyResult<Self> {
        Ok(self.core.clone().with_fps(fps).or_raise(py)?.into())
    }

    /// Distance between the joints and forward kinematics of the rotations, metres: a dict of ``mean`` and ``max``.
    fn kinematic_error<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let core = self.core.clone();
        let error = interruptible(py, move || {
            check_finite("joints", &core.joints())?;
            Ok(core.kinematic_error())
        })?;
        let dict = PyDict::new(py);
        dict.set_item("mean", error.mean)?;
        dict.set_item("max", error.max)?;
        Ok(dict)
    }

    /// The clip with joints that follow from its rotations and root from its steps: of a generated motion these disagree
    /// slightly, see :meth:`kinematic_error`.
    ///
    /// Parameters
    /// ----------
    /// lock_feet : bool
    ///     Keep standing feet in place and above the ground, by inverse kinematics of the legs.
    #[pyo3(signature = (*, lock_feet=false))]
    fn refit(&self, py: Python<'_>, lock_feet: bool) -> PyResult<Self> {
        self.edited(py, move |clip| clip.refit(lock_feet))
    }

    /// The clip in canonical placement, that of references: at the origin, facing +y, on the ground.
    fn canonical(&self, py: Python<'_>) -> PyResult<Self> {
        self.edited(py, move |clip| clip.canonical())
    }

    /// A clip from poses, on the skeleton of the neutral body.
    ///
    /// Parameters
    /// ----------
    /// rotations : array_like
    ///     Quaternions w, x, y, z, (T, 22, 4), relative to the parents; the pelvis' takes SMPL's rest pose to the world.
    /// roots : array_like
    ///     Positions of the pelvis, (T, 3), metres, z up.
    /// fps : float
    ///     Frames per second.
    #[staticmethod]
    #[pyo3(signature = (rotations, roots, fps=20.0))]
    fn from_poses(py: Python<'_>, rotations: Floats<'_>, roots: Floats<'_>, fps: f32) -> PyResult<Self> {
        let poses = edit::poses(as_3d(&rotations, "rotations")?, as_2d(&roots, "roots")?).or_raise(py)?;
        Ok(interruptible(py, move || Core::from_poses(&poses, fps))?.into())
    }

    /// The clip, then another, which starts where this one ends and faces the same way.
    ///
    /// Parameters
    /// ----------
    /// other : Motion
    ///     Any rate and place.
    /// blend : float
    ///     Seconds in which it takes over. Poses that are far apart take up to six times as long.
    #[pyo3(signature = (other, blend=0.3))]
    fn then(&self, py: Python<'_>, other: PyRef<'_, Self>, blend: f64) -> PyResult<Self> {
        let other = other.core.clone();
        self.edited(py, move |clip| clip.then(&other, blend))
    }

    /// Clips one after another, and how much each join shows.
    ///
    /// Each join is cut where both clips are most alike.
    ///
    /// Parameters
    /// ----------
    /// clips : sequence of Motion
    ///     The first gives frame rate, place and bones.
    /// blend : float
    ///     Seconds in which a clip takes over.
    /// window : float
    ///     Seconds at the ends of the clips in which the best cut is sought.
    /// lock_feet : bool
    ///     Keep standing feet in place around a join.
    ///
    /// Returns
    /// -------
    /// (Motion, list of dict)
    ///     Of each join: ``frame``, ``dropped_before``, ``dropped_after``, ``blend`` (seconds), ``excess`` (above 1: something
    ///     moves faster in it than in both clips), and ``position`` (m), ``velocity`` (m/s) and ``angle`` (degrees) per frame
    ///     as dicts of ``seam``, ``usual`` and ``max``.
    #[staticmethod]
    #[pyo3(signature = (clips, *, blend=0.3, window=0.5, lock_feet=true))]
    fn join<'py>(
        py: Python<'py>,
        clips: Vec<PyRef<'_, Self>>,
        blend: f64,
        window: f64,
        lock_feet: bool,
    ) -> PyResult<(Self, Vec<Bound<'py, PyDict>>)> {
        let options = JoinOptions::default().with_blend(blend).with_window(window).with_lock_feet(lock_feet);
        let clips: Vec<Core> = clips.iter().map(|clip| clip.core.clone()).collect();
        let joined = interruptible(py, move || Core::join(&clips, &options))?;
        let seams = joined.seams.iter().map(|seam| edit::seam(py, seam)).collect::<PyResult<_>>()?;
        Ok((joined.motion.into(), seams))
    }

    /// One round of the clip as a loop: pose and velocity at its end are those of its start, while place and heading go on.
    ///
    /// Parameters
    /// ----------
    /// blend : float
    ///     Seconds after the start in which the rest of the difference fades.
    #[pyo3(name = "loop", signature = (blend=0.3))]
    fn looped(&self, py: Python<'_>, blend: f64) -> PyResult<Self> {
        self.edited(py, move |clip| Ok(clip.looped(blend)?.motion))
    }

    /// The clip as a loop, see :meth:`loop`, played several times; it travels on.
    #[pyo3(signature = (times, blend=0.3))]
    fn repeated(&self, py: Python<'_>, times: usize, blend: f64) -> PyResult<Self> {
        self.edited(py, move |clip| clip.repeated(times, blend))
    }

    /// The clip, then its last pose for some seconds more.
    fn hold(&self, py: Python<'_>, seconds: f64) -> PyResult<Self> {
        self.edited(py, move |clip| clip.hold(seconds))
    }

    /// The clip turned about the vertical through its start, degrees counterclockwise from above: 90 turns to the left.
    fn turned(&self, py: Python<'_>, degrees: f32) -> PyResult<Self> {
        self.edited(py, move |clip| clip.turned(degrees))
    }

    /// The clip shifted on the ground, metres: x to the right and y forward in the world.
    fn moved(&self, py: Python<'_>, x: f32, y: f32) -> PyResult<Self> {
        self.edited(py, move |clip| clip.moved(x, y))
    }

    /// The clip with left and right exchanged, mirrored along its first heading.
    fn mirrored(&self, py: Python<'_>) -> PyResult<Self> {
        self.edited(py, move |clip| clip.mirrored())
    }

    /// The clip between two times, seconds from its first frame. ``end=None``: to its end.
    #[pyo3(signature = (start=0.0, end=None))]
    fn trimmed(&self, py: Python<'_>, start: f64, end: Option<f64>) -> PyResult<Self> {
        Ok(self.core.trimmed(start, end).or_raise(py)?.into())
    }

    /// The same movement faster or slower at the same frame rate: 2 halves the duration.
    fn retimed(&self, py: Python<'_>, factor: f32) -> PyResult<Self> {
        self.edited(py, move |clip| clip.retimed(factor))
    }

    /// The clip without shaking: a Gaussian mean over time, of this standard deviation in seconds.
    #[pyo3(signature = (seconds=0.05))]
    fn smoothed(&self, py: Python<'_>, seconds: f32) -> PyResult<Self> {
        self.edited(py, move |clip| clip.smoothed(seconds))
    }

    /// The clip bent to a path on the ground. The person keeps their heading relative to it, and standing feet stay in place.
    ///
    /// Parameters
    /// ----------
    /// path : array_like
    ///     Points (N, 2), metres, x to the right and y forward; the clip starts at the first and ends at the last. The length
    ///     may be 0.6 to 1.6 times that of the clip's own path.
    fn along(&self, py: Python<'_>, path: Floats<'_>) -> PyResult<Self> {
        let path = edit::points(as_2d(&path, "path")?).or_raise(py)?;
        self.edited(py, move |clip| clip.along(&path))
    }

    /// The clip with the upper body of another: spine, neck, head and arms, frame by frame.
    fn with_upper_body(&self, py: Python<'_>, other: PyRef<'_, Self>) -> PyResult<Self> {
        let other = other.core.clone();
        self.edited(py, move |clip| clip.with_upper_body(&other))
    }

    /// The clip with the rotations of some joints from another, frame by frame; a shorter one holds its last pose.
    ///
    /// Parameters
    /// ----------
    /// other : Motion
    ///     Gives the rotations.
    /// joints : sequence of str
    ///     Names such as ``"left_shoulder"``; the pelvis is none of them.
    fn with_joints_of(&self, py: Python<'_>, other: PyRef<'_, Self>, joints: Vec<String>) -> PyResult<Self> {
        let (other, joints) = (other.core.clone(), edit::joints(&joints).or_raise(py)?);
        self.edited(py, move |clip| clip.with_joints_of(&other, &joints))
    }

    /// MBench's motion-quality metrics of the clip, by name; for all but ``Dynamic_Degree`` lower is better.
    #[pyo3(signature = (up_axis=2))]
    fn quality<'py>(&self, py: Python<'py>, up_axis: usize) -> PyResult<Bound<'py, PyDict>> {
        let up = UpAxis::from_index(up_axis).or_raise(py)?;
        let core = self.core.clone();
        let quality = interruptible(py, move || Quality::measure(core.joints(), up))?;
        let dict = PyDict::new(py);
        quality.named().iter().try_for_each(|(name, value)| dict.set_item(name, value))?;
        Ok(dict)
    }

    /// The player as one page of HTML that needs no network.
    #[pyo3(signature = (title=""))]
    fn to_html(&self, py: Python<'_>, title: &str) -> PyResult<String> {
        let (core, title) = (self.core.clone(), title.to_owned());
        interruptible(py, move || picture::player(&[(&core, &title)]))
    }

    /// The player, inline in a notebook.
    fn _repr_html_(&self, py: Python<'_>) -> PyResult<String> {
        let page = self.to_html(py, "")?.replace('&', "&amp;").replace('"', "&quot;");
        Ok(format!(
            "<iframe title=\"motion, {} frames\" srcdoc=\"{page}\" sandbox=\"allow-scripts\" \
             style=\"width:100%;height:480px;border:0\"></iframe>",
            self.core.len()
        ))
    }

    fn __len__(&self) -> usize {
        self.core.len()
    }

    fn __repr__(&self) -> String {
        let core = &self.core;
        format!("Motion(frames={}, fps={}, seconds={:.2})", core.len(), core.fps(), core.duration())
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().core == self.core)
    }

    fn __getitem__(&self, py: Python<'_>, index: &Bound<'_, PyAny>) -> PyResult<Self> {
        let slice = index.cast::<PySlice>().map_err(|_| {
            PyTypeError::new_err("a Motion is cut by slices, motion[10:30]; for one frame use motion.joints[10]")
        })?;
        let range = slice.indices(self.core.len() as isize)?;
        if range.step != 1 {
            return Err(PyValueError::new_err(
                "the step of a slice must be 1; use motion.resample(fps) to skip frames",
            ));
        }
        let start = range.start as usize;
        Ok(self.core.slice(start..start + range.slicelength).or_raise(py)?.into())
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Pickled<'py>> {
        let (py, core) = (slf.py(), &slf.get().core);
        let arguments = (Self::features(slf), core.fps());
        let (source, meta) = (source(py, core)?, core.meta().map(|meta| meta.to_json()));
        if source.is_none() && meta.is_none() {
            return Ok((slf.get_type().into_any(), arguments.into_pyobject(py)?));
        }
        let plain = slf.get_type().call1(arguments)?;
        let restore = py.import("vimogen._vimogen")?.getattr("restore_motion")?;
        Ok((restore, (plain, source, meta).into_pyobject(py)?))
    }

    /// The features, for NumPy.
    #[pyo3(signature = (dtype=None, copy=None))]
    fn __array__<'py>(
        slf: &Bound<'py, Self>,
        dtype: Option<Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let view = Self::features(slf).into_any();
        let view = match dtype {
            None => view,
            Some(dtype) => {
                let options = PyDict::new(slf.py());
                options.set_item("copy", false)?;
                let cast = view.call_method("astype", (dtype,), Some(&options))?;
                if copy == Some(false) && !cast.is(&view) {
                    return Err(PyValueError::new_err("another dtype than float32 needs a copy"));
                }
                cast
            }
        };
        if copy == Some(true) { view.call_method0("copy") } else { Ok(view) }
    }

    /// A copy of the features, for PyTorch and others: ``torch.from_dlpack(motion)``.
    #[pyo3(signature = (**options))]
    fn __dlpack__<'py>(slf: &Bound<'py, Self>, options: Option<&Bound<'py, PyDict>>) -> PyResult<Bound<'py, PyAny>> {
        Self::features(slf).call_method0("copy")?.call_method("__dlpack__", (), options)
    }

    /// The processor.
    fn __dlpack_device__(&self) -> (i32, i32) {
        (1, 0)
    }
}

/// The formats of motion files.
///
/// Returns
/// -------
/// list of dict
///     ``extensions`` (tuple of str, without the dot), ``description``, ``reads``, ``writes``, ``lossless`` (saved and
///     loaded, a motion has the same features), ``picture`` (a page, a drawing or a video).
///
/// Examples
/// --------
/// >>> import vimogen
/// >>> [f["extensions"][0] for f in vimogen.file_formats() if f["reads"]]
/// ['npz', 'npy', 'pt', 'pkl', 'bvh', 'amc', 'glb', 'gltf', 'vrma', 'fbx']
#[pyfunction]
pub fn file_formats(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    let entry = |format: FileFormat| {
        let dict = PyDict::new(py);
        dict.set_item("extensions", PyTuple::new(py, format.extensions())?)?;
        dict.set_item("description", format.description())?;
        dict.set_item("reads", format.reads())?;
        dict.set_item("writes", format.writes())?;
        dict.set_item("lossless", format.is_lossless())?;
        dict.set_item("picture", format.is_picture())?;
        Ok(dict)
    };
    FileFormat::ALL.into_iter().map(entry).collect()
}

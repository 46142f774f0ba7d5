//! `vimogen.Character`.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use pyo3::prelude::*;
use vimogen_core::io::{Character as Core, JointMap, RetargetOptions};

use crate::args::to_python;
use crate::error::OrRaise;
use crate::motion::Motion;
use crate::reading::joint_map;
use crate::run::interruptible;

/// Skinned character of your own, onto which motions are put as animations.
///
/// A ``.glb``, ``.gltf`` or ``.vrm`` file (VRM 0 and 1). Its joints are found by VRM's names, by those of known rigs (Mixamo,
/// Unreal, Unity, Rigify and others) or by the shape of the skeleton; its rest pose may be a T, an A or any other. Meshes,
/// materials and everything else in the file stay byte for byte.
///
/// Parameters
/// ----------
/// path : str or os.PathLike
///     The file.
/// names : dict, str or os.PathLike, optional
///     Names of the file's joints by ours, such as ``{"pelvis": "Hips"}``, or a JSON file of them, for a skeleton that is
///     not recognised.
///
/// Examples
/// --------
/// >>> import vimogen
/// >>> hero = vimogen.Character("hero.glb")  # doctest: +SKIP
/// >>> hero.add(vimogen.Motion.load("walk.npz"), "walk")["slide"]  # doctest: +SKIP
/// 0.0004
/// >>> hero.save("hero-walk.glb")  # doctest: +SKIP
#[pyclass(frozen, module = "vimogen", name = "Character")]
pub struct Character {
    core: Arc<Mutex<Core>>,
}

impl Character {
    /// Reads a character.
    pub fn open(py: Python<'_>, path: PathBuf, names: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let names: Option<JointMap> = names.map(joint_map).transpose()?;
        let open = move || Core::open_with(path, &RetargetOptions::default().with_names(names.as_ref()));
        Ok(Self { core: Arc::new(Mutex::new(interruptible(py, open)?)) })
    }

    fn with<T: Send + 'static>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Core) -> vimogen_core::Result<T> + Send + 'static,
    ) -> PyResult<T> {
        let core = self.core.clone();
        // A call that panicked or was stopped changed nothing: clips are added last.
        interruptible(py, move || work(&mut core.lock().unwrap_or_else(|poisoned| poisoned.into_inner())))
    }
}

#[pymethods]
impl Character {
    #[new]
    #[pyo3(signature = (path, *, names=None))]
    fn new(py: Python<'_>, path: PathBuf, names: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        Self::open(py, path, names)
    }

    /// A skeleton without a surface in the proportions of the neutral body, with the joint names of a well-known rig.
    ///
    /// Parameters
    /// ----------
    /// name : str
    ///     One of :meth:`presets`.
    #[staticmethod]
    fn preset(py: Python<'_>, name: &str) -> PyResult<Self> {
        Ok(Self { core: Arc::new(Mutex::new(Core::preset(name).or_raise(py)?)) })
    }

    /// Names of the presets: ``"mixamo"``, ``"unreal"``, ``"unity"``, ``"vrm"``, ``"godot"``, ``"rigify"``, ``"makehuman"``,
    /// ``"soma"`` and ``"cmu"``.
    #[staticmethod]
    fn presets() -> Vec<&'static str> {
        Core::presets().collect()
    }

    /// Add a motion as an animation.
    ///
    /// Bones point as the motion's do, the hips move by the length of the legs, and standing feet stay where they stand.
    /// Fingers, face and other bones stay at rest.
    ///
    /// Parameters
    /// ----------
    /// motion : Motion
    ///     Any rate.
    /// name : str
    ///     Name of the animation. One that the file has already gets a number after it.
    /// plant : bool
    ///     Keep standing feet in place on the ground, by inverse kinematics of the legs.
    ///
    /// Returns
    /// -------
    /// dict
    ///     ``clip`` (the name), ``frames``, ``fps``, ``how`` the joints were found, ``bones`` (pairs of our joint and the
    ///     character's bone), ``missing`` joints, ``twist`` bones, ``arms`` (degrees below the horizontal at rest),
    ///     ``scale`` (of steps), ``angles`` of the limbs against the motion (``joint``, ``median``, ``max``, degrees),
    ///     ``slide`` and ``height`` (farthest that a standing foot moves, in the character's unit), ``stands``,
    ///     ``warnings``.
    #[pyo3(signature = (motion, name="motion", *, plant=true))]
    pub fn add<'py>(
        &self,
        py: Python<'py>,
        motion: PyRef<'py, Motion>,
        name: &str,
        plant: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (core, name) = (motion.core().clone(), name.to_owned());
        let report = self.with(py, move |character| {
            let options = RetargetOptions::default().with_name(&name).with_plant(plant);
            character.add_with(&core, &options).cloned()
        })?;
        to_python(py, &report)
    }

    /// Write the character with its animations.
    ///
    /// Parameters
    /// ----------
    /// path : str or os.PathLike
    ///     ``.glb``, ``.vrm`` or ``.gltf``, and ``.bvh`` for a preset with one motion. The file is replaced as a whole or not at all.
    pub fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        self.with(py, move |character| character.save(&path))
    }

    /// How the joints were found: ``"joint names of Mixamo"``.
    #[getter]
    fn how(&self, py: Python<'_>) -> PyResult<String> {
        self.with(py, |character| Ok(character.how().to_string()))
    }

    /// The reports of the motions that were added, as :meth:`add` returns them.
    #[getter]
    fn reports<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let reports = self.with(py, |character| Ok(character.reports().to_vec()))?;
        to_python(py, &reports)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        self.with(py, |character| Ok(format!("Character(clips={}, {:?})", character.reports().len(), character.how())))
    }
}

//! `vimogen.Body`: the neutral body, SMPL and SMPL-X.

use std::path::PathBuf;
use std::sync::Arc;

use numpy::{IntoPyArray, PyArray2, PyArray3};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use vimogen_core::body::BodyModel;
use vimogen_core::body::hmr::HmrParams;
use vimogen_core::io::LoadOptions;

use crate::error::OrRaise;
use crate::motion::Motion;
use crate::reading::person_name;
use crate::run::interruptible;

/// Skinned body that performs motions.
///
/// Parameters
/// ----------
/// path : str or os.PathLike, optional
///     ``SMPLX_NEUTRAL.npz``, ``SMPL_NEUTRAL.pkl`` or another file of SMPL or SMPL-X, which are licensed and not included.
///     None: the built-in neutral body.
///
/// Examples
/// --------
/// >>> import vimogen
/// >>> body = vimogen.Body()
/// >>> body.kind, body.num_joints
/// ('neutral', 22)
#[pyclass(frozen, module = "vimogen", name = "Body")]
pub struct Body {
    core: Arc<BodyModel>,
}

impl Body {
    /// The core's body.
    pub fn core(&self) -> &BodyModel {
        &self.core
    }

    /// The core's body, shared.
    pub fn shared(&self) -> Arc<BodyModel> {
        self.core.clone()
    }
}

#[pymethods]
impl Body {
    #[new]
    #[pyo3(signature = (path=None))]
    fn new(py: Python<'_>, path: Option<PathBuf>) -> PyResult<Self> {
        let load = || path.map_or_else(|| Ok(BodyModel::neutral().clone()), BodyModel::load);
        Ok(Self { core: Arc::new(interruptible(py, load)?) })
    }

    /// ``"neutral"``, ``"smpl"`` or ``"smplx"``.
    #[getter]
    fn kind(&self) -> &'static str {
        self.core.kind().name()
    }

    /// Number of joints J: 22, 24 or 55.
    #[getter]
    fn num_joints(&self) -> usize {
        self.core.num_joints()
    }

    /// Triangles, (F, 3): indices of vertices, counter-clockwise seen from outside.
    #[getter]
    fn faces<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray2<u32>> {
        self.core.faces().to_owned().into_pyarray(py)
    }

    /// Vertices of the mean body in the poses of a motion, (T, V, 3), metres, z up.
    fn vertices<'py>(&self, py: Python<'py>, motion: PyRef<'py, Motion>) -> PyResult<Bound<'py, PyArray3<f32>>> {
        let (body, motion) = (self.core.clone(), motion.core().clone());
        Ok(interruptible(py, move || body.vertices(motion.smpl()))?.into_pyarray(py))
    }

    /// Joints of the mean body in the poses of a motion, (T, J, 3), metres, z up.
    fn joints<'py>(&self, py: Python<'py>, motion: PyRef<'py, Motion>) -> PyResult<Bound<'py, PyArray3<f32>>> {
        let (body, motion) = (self.core.clone(), motion.core().clone());
        Ok(interruptible(py, move || body.joints(&body.params(motion.smpl())?))?.into_pyarray(py))
    }

    /// Points of the face on the surface of the mean body in the poses of a motion, (T, 51, 3) of SMPL-X, else (T, 0, 3).
    fn landmarks<'py>(&self, py: Python<'py>, motion: PyRef<'py, Motion>) -> PyResult<Bound<'py, PyArray3<f32>>> {
        let (body, motion) = (self.core.clone(), motion.core().clone());
        Ok(interruptible(py, move || body.landmarks(body.vertices(motion.smpl())?.view()))?.into_pyarray(py))
    }

    fn __repr__(&self) -> String {
        format!("Body(kind={:?}, vertices={}, joints={})", self.kind(), self.core.num_vertices(), self.num_joints())
    }
}

/// Read motion recovered from video with its camera: SMPL-X parameters in the frame of the camera.
///
/// Parameters
/// ----------
/// path : str or os.PathLike
///     A dict in ``.pt``, ``.npz`` or ``.pkl`` of ``global_orient`` (T, 3), ``body_pose`` (T, 63), ``transl`` (T, 3) and
///     optionally ``focal_length``, ``width``, ``height`` in pixels and ``fps``, as scalars or one value per frame; or a
///     file of a program that recovers motion, as :meth:`Motion.load` reads it.
/// body : Body, optional
///     SMPL-X, for which such parameters are made. None: the neutral body.
/// save : str or os.PathLike, optional
///     A ``.pt`` or ``.npz`` file for the clip and its camera.
/// fps, up, person
///     As for :meth:`Motion.load`. A file without a rate has 20 frames per second.
///
/// Returns
/// -------
/// dict
///     ``motion``: a :class:`Motion` of T - 1 frames, upright, on the floor, facing +y; ``extrinsic`` (T - 1, 9): Rot6D and
///     translation of the camera; ``intrinsic`` (3, 3).
#[pyfunction]
#[pyo3(signature = (path, body=None, *, save=None, fps=None, up=None, person=None))]
#[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
pub fn load_hmr<'py>(
    py: Python<'py>,
    path: PathBuf,
    body: Option<PyRef<'py, Body>>,
    save: Option<PathBuf>,
    fps: Option<f32>,
    up: Option<&str>,
    person: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let body = body.map(|body| body.shared());
    let (up, person) = (up.map(str::parse).transpose().or_raise(py)?, person.map(person_name).transpose()?);
    let (recovered, motion) = interruptible(py, move || {
        let options = LoadOptions::default().with_fps(fps).with_up(up).with_person(person.as_deref());
        let params = HmrParams::load_with(path, &options)?;
        let recovered = params.to_motion(body.as_deref().unwrap_or(BodyModel::neutral()))?;
        if let Some(file) = save {
            recovered.save(file, params.fps)?;
        }
        let motion = recovered.motion(params.fps)?;
        Ok((recovered, motion))
    })?;
    let dict = PyDict::new(py);
    dict.set_item("motion", Bound::new(py, Motion::from(motion))?)?;
    dict.set_item("extrinsic", recovered.extrinsic.into_pyarray(py))?;
    dict.set_item("intrinsic", ndarray::arr2(&recovered.intrinsic).into_pyarray(py))?;
    Ok(dict)
}

//! `vimogen.mbench`: bodies fitted to joints, and the pose dimensions.

use std::path::PathBuf;
use std::sync::Arc;

use ndarray::Ix2;
use numpy::{AllowTypeChange, IntoPyArray, PyArray1, PyArrayLikeDyn};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use vimogen_core::Error;
use vimogen_core::body::BodyModel;
use vimogen_core::mbench::nrdf::{self, PoseRows};
use vimogen_core::mbench::pose::{self, PoseClip};
use vimogen_core::mbench::{penetration, smplify as fitting};

use crate::args::{Floats, as_3d, owned};
use crate::body::Body;
use crate::error::raise;
use crate::run::{interruptible, with_progress};

/// Share of a body's surface that intersects itself: pairs of triangles that touch and share no vertex, in percent of
/// the triangles, mean over the frames. Lower is better.
///
/// Parameters
/// ----------
/// vertices : array_like
///     (T, V, 3), such as :meth:`vimogen.Body.vertices` gives.
/// faces : array_like
///     (F, 3), indices of vertices, such as :attr:`vimogen.Body.faces`.
#[pyfunction]
pub fn body_penetration(vertices: Floats<'_>, faces: PyArrayLikeDyn<'_, u32, AllowTypeChange>) -> PyResult<f64> {
    let py = vertices.py();
    let view = faces.as_array();
    let shape = view.shape().to_vec();
    let faces = view.into_dimensionality::<Ix2>().map_err(|_| raise(py, &Error::shape("faces", "(F, 3)", &shape)))?;
    let (vertices, faces) = (owned(as_3d(&vertices, "vertices")?), owned_indices(faces));
    interruptible(py, move || penetration::body_penetration(vertices.view(), faces.view()))
}

fn owned_indices(view: ndarray::ArrayView2<'_, u32>) -> ndarray::Array2<u32> {
    view.as_standard_layout().into_owned()
}

/// Fit a body to joints, frame by frame, as MBench does before it measures poses.
///
/// Parameters
/// ----------
/// joints : array_like
///     (T, 22, 3), metres, y up, such as :func:`vimogen.motion.mbench_joints` gives.
/// body : Body, optional
///     SMPL, as in the release. None: the neutral body.
/// priors : str or os.PathLike, optional
///     Folder with ``gmm_08.pkl`` and ``neutral_smpl_mean_params.h5``; built-in ones replace missing files.
/// callback : callable, optional
///     ``callback("fit", frame, frames)``; False stops with :class:`vimogen.CancelledError`.
///
/// Returns
/// -------
/// dict
///     ``pose`` (T, 24, 3) axis-angle, ``betas`` (T, 10), ``transl`` (T, 3), ``joints`` (T, 24, 3), ``loss`` (T),
///     ``mean_joint_error`` in metres, and ``builtin_priors``: whether a built-in prior or start was used.
#[pyfunction]
#[pyo3(signature = (joints, body=None, priors=None, *, callback=None))]
pub fn smplify<'py>(
    py: Python<'py>,
    joints: Floats<'py>,
    body: Option<PyRef<'py, Body>>,
    priors: Option<PathBuf>,
    callback: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let body = body.as_ref().map_or(BodyModel::neutral(), |body| body.core()).clone();
    let joints = owned(as_3d(&joints, "joints")?);
    let (fit, builtin) = with_progress(py, callback, |on_progress| {
        let smplify = fitting::Smplify::from_folder(&body, priors.as_deref())?;
        Ok((smplify.fit(joints.view(), on_progress)?, smplify.is_builtin()))
    })?;
    let dict = PyDict::new(py);
    dict.set_item("pose", fit.pose.into_pyarray(py))?;
    dict.set_item("betas", fit.betas.into_pyarray(py))?;
    dict.set_item("transl", fit.translation.into_pyarray(py))?;
    dict.set_item("joints", fit.joints.into_pyarray(py))?;
    dict.set_item("loss", fit.losses.into_pyarray(py))?;
    dict.set_item("mean_joint_error", fit.mean_joint_error)?;
    dict.set_item("builtin_priors", builtin)?;
    Ok(dict)
}

fn rows(body_joints: bool) -> PoseRows {
    if body_joints { PoseRows::BodyJoints } else { PoseRows::FromRoot }
}

/// Neural distance field of poses: the distance of a pose from plausible ones.
///
/// Parameters
/// ----------
/// path : str or os.PathLike
///     Folder of NRDF with ``config.yaml`` and ``checkpoints/checkpoint_epoch_best.tar``.
#[pyclass(frozen, module = "vimogen.mbench", name = "Nrdf")]
pub struct Nrdf {
    core: Arc<nrdf::Nrdf>,
}

#[pymethods]
impl Nrdf {
    #[new]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        Ok(Self { core: Arc::new(interruptible(py, move || nrdf::Nrdf::from_folder(path))?) })
    }

    /// Distances (N,) of poses given as quaternions (N, 21, 4), w first; 0 for a plausible pose.
    fn distance<'py>(&self, py: Python<'py>, quaternions: Floats<'py>) -> PyResult<Bound<'py, PyArray1<f32>>> {
        let (core, quaternions) = (self.core.clone(), owned(as_3d(&quaternions, "quaternions")?));
        Ok(interruptible(py, move || core.distance(quaternions.view()))?.into_pyarray(py))
    }

    /// Ten times the mean distance of poses (T, 24, 3), axis-angle. Lower is better.
    ///
    /// The release feeds rows 0 to 20, the root among them; ``body_joints=True`` feeds the 21 body joints.
    #[pyo3(signature = (pose, *, body_joints=false))]
    fn pose_quality(&self, py: Python<'_>, pose: Floats<'_>, body_joints: bool) -> PyResult<f64> {
        let (core, pose) = (self.core.clone(), owned(as_3d(&pose, "pose")?));
        interruptible(py, move || core.pose_quality(pose.view(), rows(body_joints)))
    }
}

/// Scorer of files in MBench's pose dimensions, which also writes the fitted files of the release.
///
/// Parameters
/// ----------
/// body : Body, optional
///     SMPL, as in the release. None: the neutral body.
/// priors : str or os.PathLike, optional
///     As for :func:`smplify`.
/// nrdf : Nrdf, optional
///     Needed for ``Pose_Quality``.
/// body_joints : bool
///     As for :meth:`Nrdf.pose_quality`.
/// always_fit : bool
///     Also fit motions whose features hold rotations, as the release does; by default the rotations are used.
#[pyclass(frozen, module = "vimogen.mbench", name = "PoseScorer")]
pub struct PoseScorer {
    core: Arc<pose::PoseScorer>,
}

#[pymethods]
impl PoseScorer {
    #[new]
    #[pyo3(signature = (body=None, priors=None, nrdf=None, *, body_joints=false, always_fit=false))]
    fn new(
        py: Python<'_>,
        body: Option<PyRef<'_, Body>>,
        priors: Option<PathBuf>,
        nrdf: Option<PyRef<'_, Nrdf>>,
        body_joints: bool,
        always_fit: bool,
    ) -> PyResult<Self> {
        let body = body.as_ref().map_or(BodyModel::neutral(), |body| body.core()).clone();
        let network = nrdf.map(|nrdf| nrdf::Nrdf::clone(&nrdf.core));
        let open = move || pose::PoseScorer::new(body, priors.as_deref());
        let core = interruptible(py, open)?.with_always_fit(always_fit);
        let core = network.into_iter().fold(core, |core, nrdf| core.with_nrdf(nrdf, rows(body_joints)));
        Ok(Self { core: Arc::new(core) })
    }

    /// ``Body_Penetration``, with a network ``Pose_Quality``, and ``origin`` of a file: a fitted ``.pt``, joints
    /// (T, 22, 3) in ``.npy`` or ``.pt``, or a motion. ``origin`` names the source of the poses: ``file``, ``features``,
    /// ``fitted``, or ``fitted-builtin`` without the published priors.
    fn score<'py>(&self, py: Python<'py>, path: PathBuf) -> PyResult<Bound<'py, PyDict>> {
        let core = self.core.clone();
        let (origin, penetration, quality) = interruptible(py, move || {
            let clip = core.open(path)?;
            Ok((clip.origin, core.body_penetration(&clip)?, core.pose_quality(&clip)?))
        })?;
        let dict = PyDict::new(py);
        dict.set_item("Body_Penetration", penetration)?;
        if let Some(quality) = quality {
            dict.set_item("Pose_Quality", quality)?;
        }
        dict.set_item("origin", origin.name())?;
        Ok(dict)
    }

    /// Write the body of a file as a ``.pt`` of ``pose`` (T, 24, 3), ``joints`` (T, 22, 3) and ``vertices`` (T, V, 3);
    /// gives ``origin``.
    fn write(&self, py: Python<'_>, source: PathBuf, target: PathBuf) -> PyResult<&'static str> {
        let core = self.core.clone();
        interruptible(py, move || {
            let clip: PoseClip = core.open(source)?;
            clip.save(target)?;
            Ok(clip.origin.name())
        })
    }
}

//! `vimogen.motion`: functions of the 276 features.

use ndarray::{ArrayView2, ArrayView3};
use numpy::{IntoPyArray, PyArray2, PyArray3, ToPyArray};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use vimogen_core::motion::canonical::{self, Canonical};
use vimogen_core::motion::codec::{self, SmplMotion, SmplView};
use vimogen_core::motion::{clip, hmr, resample as resampling, rotation, smooth as smoothing};
use vimogen_core::{Error, Result};

use crate::args::{Floats, as_2d, as_3d, owned};
use crate::error::{OrRaise, raise};
use crate::run::interruptible;

fn smpl(
    global_orient: &Floats<'_>,
    body_pose: &Floats<'_>,
    transl: &Floats<'_>,
    joints: &Floats<'_>,
) -> PyResult<SmplMotion> {
    Ok(SmplMotion {
        global_orient: owned(as_2d(global_orient, "global_orient")?),
        body_pose: owned(as_2d(body_pose, "body_pose")?),
        transl: owned(as_2d(transl, "transl")?),
        joints: owned(as_3d(joints, "joints")?),
    })
}

fn put_smpl(dict: &Bound<'_, PyDict>, smpl: SmplMotion) -> PyResult<()> {
    let py = dict.py();
    dict.set_item("global_orient", smpl.global_orient.into_pyarray(py))?;
    dict.set_item("body_pose", smpl.body_pose.into_pyarray(py))?;
    dict.set_item("transl", smpl.transl.into_pyarray(py))?;
    dict.set_item("joints", smpl.joints.into_pyarray(py))
}

fn put_canonical(dict: &Bound<'_, PyDict>, canonical: Canonical) -> PyResult<()> {
    let py = dict.py();
    let r_inv = rotation::matrix_to_rows(canonical.r_inv);
    dict.set_item("motion", canonical.features.into_pyarray(py))?;
    dict.set_item("r_inv", r_inv.to_pyarray(py).call_method1("reshape", ((3, 3),))?)?;
    dict.set_item("delta_transl", canonical.delta.to_array().to_pyarray(py))?;
    put_smpl(dict, canonical.smpl)
}

/// Encode N frames of SMPL parameters as features, (N - 1, 276): a step needs the next frame.
///
/// Parameters
/// ----------
/// global_orient : array_like, (N, 3)
///     Root orientation, axis-angle, radians.
/// body_pose : array_like, (N, 63)
///     Rotations of the 21 body joints relative to their parents, axis-angle.
/// transl : array_like, (N, 3)
///     Root translation, metres, z up.
/// joints : array_like, (N, 22, 3)
///     Joint positions, metres.
#[pyfunction]
pub fn encode<'py>(
    py: Python<'py>,
    global_orient: Floats<'py>,
    body_pose: Floats<'py>,
    transl: Floats<'py>,
    joints: Floats<'py>,
) -> PyResult<Bound<'py, PyArray2<f32>>> {
    let smpl = SmplView {
        global_orient: as_2d(&global_orient, "global_orient")?,
        body_pose: as_2d(&body_pose, "body_pose")?,
        transl: as_2d(&transl, "transl")?,
        joints: as_3d(&joints, "joints")?,
    };
    Ok(codec::encode_view(&smpl).or_raise(py)?.into_pyarray(py))
}

/// Decode features (T, 276) into a dict of ``global_orient``, ``body_pose``, ``transl`` and ``joints``.
///
/// Parameters
/// ----------
/// features : array_like, (T, 276)
///     Not normalised.
/// mode : str
///     ``"plain"``: root and joints as stored. ``"velocity"``: frame 0 and the sums of the stored steps, as generation and
///     MBench do. ``"equal_length"``: the same with the last step applied too, T + 1 frames.
#[pyfunction]
#[pyo3(signature = (features, mode="velocity"))]
pub fn decode<'py>(py: Python<'py>, features: Floats<'py>, mode: &str) -> PyResult<Bound<'py, PyDict>> {
    let mode = mode.parse().or_raise(py)?;
    let dict = PyDict::new(py);
    put_smpl(&dict, codec::decode(as_2d(&features, "features")?, mode).or_raise(py)?)?;
    Ok(dict)
}

/// Place a clip at the origin, facing the canonical way.
///
/// Parameters as in :func:`encode`; with `set_floor` the lowest joint of the clip comes to height 0, else the pelvis of
/// frame 0.
///
/// Returns
/// -------
/// dict
///     ``motion`` (N - 1, 276), the placed ``global_orient``, ``body_pose``, ``transl`` and ``joints``, the rotation
///     ``r_inv`` (3, 3) and the shift ``delta_transl`` (3,).
#[pyfunction]
#[pyo3(signature = (global_orient, body_pose, transl, joints, set_floor=false))]
pub fn canonicalize<'py>(
    py: Python<'py>,
    global_orient: Floats<'py>,
    body_pose: Floats<'py>,
    transl: Floats<'py>,
    joints: Floats<'py>,
    set_floor: bool,
) -> PyResult<Bound<'py, PyDict>> {
    let smpl = smpl(&global_orient, &body_pose, &transl, &joints)?;
    let dict = PyDict::new(py);
    put_canonical(&dict, canonical::canonicalize(&smpl, set_floor).or_raise(py)?)?;
    Ok(dict)
}

/// Import motion recovered from video (camera frame, y down, z forward): turn it upright and place it canonically.
///
/// Parameters
/// ----------
/// features : array_like, (T, 276)
///     Encoded from SMPL-X parameters in the camera frame.
/// intrinsic : array_like, (3, 3), optional
///     Camera matrix, pixels. None: the identity.
/// set_floor : bool
///     Bring the lowest joint to height 0.
///
/// Returns
/// -------
/// dict
///     As of :func:`canonicalize`, and the camera's ``extrinsic`` (T, 9) and ``intrinsic`` (3, 3).
#[pyfunction]
#[pyo3(signature = (features, intrinsic=None, set_floor=true))]
pub fn from_hmr<'py>(
    py: Python<'py>,
    features: Floats<'py>,
    intrinsic: Option<Floats<'py>>,
    set_floor: bool,
) -> PyResult<Bound<'py, PyDict>> {
    let intrinsic = intrinsic.as_ref().map(camera).transpose()?;
    let out = hmr::process_hmr(as_2d(&features, "features")?, intrinsic, set_floor).or_raise(py)?;
    let dict = PyDict::new(py);
    dict.set_item("extrinsic", out.extrinsic.into_pyarray(py))?;
    dict.set_item("intrinsic", ndarray::arr2(&out.intrinsic).into_pyarray(py))?;
    put_canonical(&dict, out.canonical)?;
    Ok(dict)
}

fn camera(matrix: &Floats<'_>) -> PyResult<[[f32; 3]; 3]> {
    let m = as_2d(matrix, "intrinsic")?;
    match m.dim() {
        (3, 3) => Ok(std::array::from_fn(|r| std::array::from_fn(|c| m[[r, c]]))),
        _ => Err(raise(matrix.py(), &Error::shape("intrinsic", "(3, 3)", m.shape()))),
    }
}

/// A function of two-dimensional features.
fn features_to<'py>(
    py: Python<'py>,
    features: &Floats<'py>,
    f: impl FnOnce(ArrayView2<'_, f32>) -> Result<ndarray::Array2<f32>> + Send + 'static,
) -> PyResult<Bound<'py, PyArray2<f32>>> {
    let features = owned(as_2d(features, "features")?);
    Ok(interruptible(py, move || f(features.view()))?.into_pyarray(py))
}

/// Smooth each channel of (T, C) over time with a Gaussian; the first and last frames stay as they are.
#[pyfunction]
#[pyo3(signature = (features, kernel_size=5, sigma=1.0))]
pub fn smooth<'py>(
    py: Python<'py>,
    features: Floats<'py>,
    kernel_size: usize,
    sigma: f32,
) -> PyResult<Bound<'py, PyArray2<f32>>> {
    features_to(py, &features, move |x| smoothing::smooth(x, kernel_size, sigma))
}

/// Bring features (T, 276) from one frame rate to another by linear interpolation.
#[pyfunction]
pub fn resample<'py>(
    py: Python<'py>,
    features: Floats<'py>,
    from_fps: f32,
    to_fps: f32,
) -> PyResult<Bound<'py, PyArray2<f32>>> {
    features_to(py, &features, move |x| resampling::resample(x, from_fps, to_fps))
}

/// Reference channels (T, 138) of features (T, 276).
#[pyfunction]
pub fn reference_channels<'py>(py: Python<'py>, features: Floats<'py>) -> PyResult<Bound<'py, PyArray2<f32>>> {
    features_to(py, &features, clip::reference_channels)
}

/// Joints (T, 22, 3) of features (T, 276) as MBench reads them, y up.
#[pyfunction]
pub fn mbench_joints<'py>(py: Python<'py>, features: Floats<'py>) -> PyResult<Bound<'py, PyArray3<f32>>> {
    Ok(clip::mbench_joints(as_2d(&features, "features")?).or_raise(py)?.into_pyarray(py))
}

/// A metric of joints.
pub(crate) fn joints_to<T>(joints: &Floats<'_>, f: impl FnOnce(ArrayView3<'_, f32>) -> Result<T>) -> PyResult<T> {
    f(as_3d(joints, "joints")?).or_raise(joints.py())
}

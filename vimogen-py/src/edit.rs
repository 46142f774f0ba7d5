//! Arguments and results of the edits of a motion.

use ndarray::{ArrayView2, ArrayView3};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use vimogen_core::edit::{Jump, Seam};
use vimogen_core::glam::Vec3;
use vimogen_core::motion::Pose;
use vimogen_core::motion::layout::JOINTS;
use vimogen_core::motion::rotation::quat_from_wxyz;
use vimogen_core::motion::skeleton::JOINT_NAMES;
use vimogen_core::{Error, Result};

/// Poses of quaternions (T, 22, 4) and pelvis positions (T, 3).
pub fn poses(rotations: ArrayView3<'_, f32>, roots: ArrayView2<'_, f32>) -> Result<Vec<Pose>> {
    if rotations.shape()[1..] != [JOINTS, 4] {
        return Err(Error::shape("rotations", "(T, 22, 4)", rotations.shape()));
    }
    let frames = rotations.shape()[0];
    if roots.shape() != [frames, 3] {
        return Err(Error::shape("roots", format!("({frames}, 3), the frames of rotations"), roots.shape()));
    }
    let pose = |t: usize| Pose {
        root: Vec3::from_array(std::array::from_fn(|c| roots[[t, c]])),
        rotations: std::array::from_fn(|j| quat_from_wxyz(std::array::from_fn(|c| rotations[[t, j, c]]))),
    };
    Ok((0..frames).map(pose).collect())
}

/// Points (N, 2) on the ground.
pub fn points(path: ArrayView2<'_, f32>) -> Result<Vec<[f32; 2]>> {
    if path.ncols() != 2 {
        return Err(Error::shape("path", "(N, 2)", path.shape()));
    }
    Ok(path.rows().into_iter().map(|row| [row[0], row[1]]).collect())
}

/// Joints by name.
pub fn joints(names: &[String]) -> Result<Vec<usize>> {
    let joint = |name: &String| {
        let found = JOINT_NAMES.iter().position(|known| known == name);
        found.ok_or_else(|| Error::invalid("joints", format!("{name:?} is not one of {}", JOINT_NAMES[1..].join(", "))))
    };
    names.iter().map(joint).collect()
}

/// A join as a dict.
pub fn seam<'py>(py: Python<'py>, seam: &Seam) -> PyResult<Bound<'py, PyDict>> {
    let jump = |jump: Jump| -> PyResult<_> {
        let dict = PyDict::new(py);
        dict.set_item("seam", jump.seam)?;
        dict.set_item("usual", jump.usual)?;
        dict.set_item("max", jump.max)?;
        Ok(dict)
    };
    let dict = PyDict::new(py);
    dict.set_item("frame", seam.frame)?;
    dict.set_item("dropped_before", seam.dropped_before)?;
    dict.set_item("dropped_after", seam.dropped_after)?;
    dict.set_item("blend", seam.blend)?;
    dict.set_item("excess", seam.excess())?;
    dict.set_item("position", jump(seam.position)?)?;
    dict.set_item("velocity", jump(seam.velocity)?)?;
    dict.set_item("angle", jump(seam.angle)?)?;
    Ok(dict)
}

//! `vimogen.mbench`: the motion-quality metrics.

use pyo3::prelude::*;
use vimogen_core::mbench::Dimension;
use vimogen_core::mbench::quality::{CheckedJoints, UpAxis};

use crate::args::Floats;
use crate::error::OrRaise;
use crate::represent::joints_to;

fn measure(dimension: Dimension, joints: &Floats<'_>, up_axis: usize) -> PyResult<f32> {
    let up = UpAxis::from_index(up_axis).or_raise(joints.py())?;
    joints_to(joints, |joints| dimension.measure(&CheckedJoints::new(joints, up)?))
}

/// Mean acceleration of the joints (T, 22, 3), in metres per frame squared. Lower is better.
#[pyfunction]
pub fn jitter_degree(joints: Floats<'_>) -> PyResult<f32> {
    measure(Dimension::JitterDegree, &joints, 2)
}

/// Movement of the joints (T, 22, 3) in metres per frame. Higher is more.
#[pyfunction]
pub fn dynamic_degree(joints: Floats<'_>) -> PyResult<f32> {
    measure(Dimension::DynamicDegree, &joints, 2)
}

/// Depth of joints (T, 22, 3) below the ground. Lower is better.
#[pyfunction]
#[pyo3(signature = (joints, up_axis=2))]
pub fn ground_penetration(joints: Floats<'_>, up_axis: usize) -> PyResult<f32> {
    measure(Dimension::GroundPenetration, &joints, up_axis)
}

/// Share of frames in which feet of joints (T, 22, 3) float. Lower is better.
#[pyfunction]
#[pyo3(signature = (joints, up_axis=2))]
pub fn foot_floating(joints: Floats<'_>, up_axis: usize) -> PyResult<f32> {
    measure(Dimension::FootFloating, &joints, up_axis)
}

/// Distance that planted feet of joints (T, 22, 3) slide. Lower is better.
#[pyfunction]
#[pyo3(signature = (joints, up_axis=2))]
pub fn foot_sliding(joints: Floats<'_>, up_axis: usize) -> PyResult<f32> {
    measure(Dimension::FootSliding, &joints, up_axis)
}

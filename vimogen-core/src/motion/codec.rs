//! SMPL parameters and joints to the 276 features and back.

use glam::{Mat3, Vec3};
use ndarray::{Array2, Array3, ArrayView1, ArrayView2, s};

use super::layout::{
    BODY_JOINTS, BODY_ROT6D, FEATURES, JOINTS, POSITIONS, ROOT_ROT6D, ROOT_STEP6D, TRANSL, TRANSL_STEP, VELOCITIES,
};
use super::rotation::{
    axis_angle_from_matrix, axis_angle_from_rot6d, matrix_from_axis_angle, matrix_from_rot6d, rot6d_from_axis_angle,
    rot6d_from_matrix,
};
use crate::error::{Error, Result};

/// A clip as SMPL parameters with its joints; T frames, z up, metres and radians.
#[derive(Debug, Clone, PartialEq)]
pub struct SmplMotion {
    /// Root orientation, axis-angle, `(T, 3)`.
    pub global_orient: Array2<f32>,
    /// Rotations of the 21 body joints relative to their parents, axis-angle, `(T, 63)`.
    pub body_pose: Array2<f32>,
    /// Root translation (SMPL `transl`), `(T, 3)`.
    pub transl: Array2<f32>,
    /// Joint positions, `(T, 22, 3)`.
    pub joints: Array3<f32>,
}

impl SmplMotion {
    /// Number of frames.
    pub fn len(&self) -> usize {
        self.joints.shape()[0]
    }

    /// Whether there is no frame.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Checks that the four arrays have the same number of frames and the documented widths.
    ///
    /// # Errors
    /// [`Error::Shape`] naming the array at fault.
    pub fn check(&self) -> Result<()> {
        let t = self.len();
        let wrong = |name: &str, expected: String, got: &[usize]| Err(Error::shape(name, expected, got));
        if self.joints.shape() != [t, JOINTS, 3] {
            return wrong("joints", "(T, 22, 3)".into(), self.joints.shape());
        }
        for (name, array, width) in
            [("global_orient", &self.global_orient, 3), ("body_pose", &self.body_pose, 63), ("transl", &self.transl, 3)]
        {
            if array.shape() != [t, width] {
                return wrong(name, format!("({t}, {width}), the frames of joints"), array.shape());
            }
        }
        Ok(())
    }
}

/// How [`decode`] reads the root and the joints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DecodeMode {
    /// As stored, frame by frame.
    Plain,
    /// Frame 0 as stored, then the sums of the stored steps: what inference output and MBench use.
    #[default]
    Velocity,
    /// As [`DecodeMode::Velocity`] with the last step applied too: one frame longer, the last body pose repeated.
    EqualLength,
}

/// The three numbers at `start` of a row.
pub(crate) fn vec3(row: ArrayView1<'_, f32>, start: usize) -> Vec3 {
    Vec3::new(row[start], row[start + 1], row[start + 2])
}

/// The six numbers at `start` of a row.
pub(crate) fn six(row: ArrayView1<'_, f32>, start: usize) -> [f32; 6] {
    std::array::from_fn(|i| row[start + i])
}

/// Writes `values` into `row` from `start` on.
pub(crate) fn put(mut row: ndarray::ArrayViewMut1<'_, f32>, start: usize, values: &[f32]) {
    for (i, v) in values.iter().enumerate() {
        row[start + i] = *v;
    }
}

/// Checks that `features` is `(T, 276)` with at least one frame.
pub(crate) fn check_features(features: &ArrayView2<'_, f32>) -> Result<()> {
    match features.shape() {
        [t, FEATURES] if *t > 0 => Ok(()),
        got => Err(Error::shape("features", "(T, 276) with T >= 1", got)),
    }
}

/// Encodes N frames as N - 1 rows of 276 features, since the steps need the next frame.
///
/// # Shapes
/// - output: `[frames - 1, 276]`, layout in [`crate::motion::layout`]
///
/// # Errors
/// [`Error::Shape`] for arrays that do not fit together, [`Error::InvalidArgument`] for fewer than two frames.
pub fn encode(motion: &SmplMotion) -> Result<Array2<f32>> {
    motion.check()?;
    let n = motion.len();
    if n < 2 {
        return Err(Error::invalid("frames", format!("{n} frames cannot be encoded, at least 2 are needed")));
    }
    let roots: Vec<Mat3> =
        motion.global_orient.rows().into_iter().map(|r| matrix_from_axis_angle(vec3(r, 0))).collect();
    let mut features = Array2::zeros((n - 1, FEATURES));
    for t in 0..n - 1 {
        let mut row = features.row_mut(t);
        for j in 0..BODY_JOINTS {
            let local = rot6d_from_axis_angle(vec3(motion.body_pose.row(t), 3 * j));
            put(row.view_mut(), BODY_ROT6D.start + 6 * j, &local);
        }
        for j in 0..JOINTS {
            for c in 0..3 {
                let (now, next) = (motion.joints[[t, j, c]], motion.joints[[t + 1, j, c]]);
                row[POSITIONS.start + 3 * j + c] = now;
                row[VELOCITIES.start + 3 * j + c] = next - now;
            }
        }
        put(row.view_mut(), ROOT_ROT6D.start, &rot6d_from_matrix(roots[t]));
        put(row.view_mut(), ROOT_STEP6D.start, &rot6d_from_matrix(roots[t + 1] * roots[t].transpose()));
        let (now, next) = (vec3(motion.transl.row(t), 0), vec3(motion.transl.row(t + 1), 0));
        put(row.view_mut(), TRANSL.start, &now.to_array());
        put(row.view_mut(), TRANSL_STEP.start, &(next - now).to_array());
    }
    Ok(features)
}

/// Decodes 276 features into SMPL parameters and joints.
///
/// # Shapes
/// - features: `[frames, 276]`
/// - output: `frames` frames, or `frames + 1` for [`DecodeMode::EqualLength`]
///
/// # Errors
/// [`Error::Shape`] unless `features` is `(T, 276)` with `T >= 1`.
pub fn decode(features: ArrayView2<'_, f32>, mode: DecodeMode) -> Result<SmplMotion> {
    check_features(&features)?;
    let rows = features.nrows();
    let frames = rows + usize::from(mode == DecodeMode::EqualLength);
    let mut out = SmplMotion {
        global_orient: Array2::zeros((frames, 3)),
        body_pose: Array2::zeros((frames, 3 * BODY_JOINTS)),
        transl: Array2::zeros((frames, 3)),
        joints: Array3::zeros((frames, JOINTS, 3)),
    };
    for t in 0..frames {
        let row = features.row(t.min(rows - 1));
        for j in 0..BODY_JOINTS {
            let local = axis_angle_from_rot6d(six(row, BODY_ROT6D.start + 6 * j));
            put(out.body_pose.row_mut(t), 3 * j, &local.to_array());
        }
    }
    match mode {
        DecodeMode::Plain => read_root(features, &mut out),
        DecodeMode::Velocity | DecodeMode::EqualLength => integrate_root(features, &mut out),
    }
    Ok(out)
}

/// Root and joints as stored.
fn read_root(features: ArrayView2<'_, f32>, out: &mut SmplMotion) {
    for (t, row) in features.rows().into_iter().enumerate() {
        let orient = axis_angle_from_rot6d(six(row, ROOT_ROT6D.start));
        put(out.global_orient.row_mut(t), 0, &orient.to_array());
        out.transl.row_mut(t).assign(&row.slice(s![TRANSL]));
        for (i, p) in out.joints.index_axis_mut(ndarray::Axis(0), t).iter_mut().enumerate() {
            *p = row[POSITIONS.start + i];
        }
    }
}

/// Root and joints of frame 0 as stored, then running sums of the stored steps.
fn integrate_root(features: ArrayView2<'_, f32>, out: &mut SmplMotion) {
    let first = features.row(0);
    let mut root = matrix_from_rot6d(six(first, ROOT_ROT6D.start));
    let mut transl: Vec<f32> = first.slice(s![TRANSL]).to_vec();
    let mut joints: Vec<f32> = first.slice(s![POSITIONS]).to_vec();
    for t in 0..out.len() {
        if t > 0 {
            let step = features.row(t - 1);
            root = matrix_from_rot6d(six(step, ROOT_STEP6D.start)) * root;
            transl.iter_mut().zip(step.slice(s![TRANSL_STEP])).for_each(|(x, v)| *x += v);
            joints.iter_mut().zip(step.slice(s![VELOCITIES])).for_each(|(x, v)| *x += v);
        }
        put(out.global_orient.row_mut(t), 0, &axis_angle_from_matrix(root).to_array());
        put(out.transl.row_mut(t), 0, &transl);
        out.joints.index_axis_mut(ndarray::Axis(0), t).iter_mut().zip(&joints).for_each(|(p, v)| *p = *v);
    }
}

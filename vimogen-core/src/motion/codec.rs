//! SMPL parameters and joints to the 276 features and back.

use std::ops::Range;

use glam::{Mat3, Vec3};
use ndarray::{Array2, Array3, ArrayView, ArrayView1, ArrayView2, ArrayView3, CowArray, Dimension};

use super::lanes::{axis_angles_from_matrices, axis_angles_from_rot6d, matrices_from_rot6d};
use super::layout::{
    BODY_JOINTS, BODY_ROT6D, FEATURES, JOINTS, POSITIONS, ROOT_ROT6D, ROOT_STEP6D, TRANSL, TRANSL_STEP, VELOCITIES,
};
use super::rotation::{matrix_from_axis_angle, matrix_from_rot6d, rot6d_from_axis_angle, rot6d_from_matrix};
use crate::declare::named_enum;
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

    /// The same numbers, borrowed.
    pub fn view(&self) -> SmplView<'_> {
        SmplView {
            global_orient: self.global_orient.view(),
            body_pose: self.body_pose.view(),
            transl: self.transl.view(),
            joints: self.joints.view(),
        }
    }

    /// Checks that the four arrays have the same number of frames and the documented widths.
    ///
    /// # Errors
    /// [`Error::Shape`] naming the array at fault.
    pub fn check(&self) -> Result<()> {
        self.view().check()
    }
}

/// A [`SmplMotion`] whose numbers lie elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct SmplView<'a> {
    /// As [`SmplMotion::global_orient`].
    pub global_orient: ArrayView2<'a, f32>,
    /// As [`SmplMotion::body_pose`].
    pub body_pose: ArrayView2<'a, f32>,
    /// As [`SmplMotion::transl`].
    pub transl: ArrayView2<'a, f32>,
    /// As [`SmplMotion::joints`].
    pub joints: ArrayView3<'a, f32>,
}

impl SmplView<'_> {
    /// Number of frames.
    fn len(&self) -> usize {
        self.joints.shape()[0]
    }

    fn check(&self) -> Result<()> {
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

named_enum! {
    /// Reading of the root and the joints by [`decode`].
    pub enum DecodeMode("mode", default Velocity) {
        /// As stored, frame by frame.
        Plain = "plain",
        /// Frame 0 as stored, then the sums of the stored steps: what inference output and MBench use.
        Velocity = "velocity",
        /// As `velocity` with the last step applied too: one frame longer, the last body pose repeated.
        EqualLength = "equal_length",
    }
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
    encode_view(&motion.view())
}

/// [`encode`] of numbers that lie elsewhere.
///
/// # Errors
/// As [`encode`].
pub fn encode_view(motion: &SmplView<'_>) -> Result<Array2<f32>> {
    motion.check()?;
    let n = motion.len();
    if n < 2 {
        return Err(Error::invalid("frames", format!("{n} frames cannot be encoded, at least 2 are needed")));
    }
    let [orient, pose, transl] = [motion.global_orient, motion.body_pose, motion.transl].map(in_rows);
    let joints = in_rows(motion.joints);
    let roots: Vec<Mat3> =
        chunks::<3, _>(&orient).iter().map(|v| matrix_from_axis_angle(Vec3::from_array(*v))).collect();
    let (pose, transl, joints) = (chunks::<{ 3 * BODY_JOINTS }, _>(&pose), chunks::<3, _>(&transl), chunks(&joints));
    let mut features = Vec::with_capacity((n - 1) * FEATURES);
    for t in 0..n - 1 {
        let (now, next): (&[f32; 3 * JOINTS], &[f32; 3 * JOINTS]) = (&joints[t], &joints[t + 1]);
        let locals = pose[t].as_chunks().0.iter().map(|v| rot6d_from_axis_angle(Vec3::from_array(*v)));
        // In the order of the layout.
        locals.for_each(|local| features.extend_from_slice(&local));
        features.extend_from_slice(now);
        features.extend(std::iter::zip(next, now).map(|(next, now)| next - now));
        features.extend_from_slice(&rot6d_from_matrix(roots[t]));
        features.extend_from_slice(&rot6d_from_matrix(roots[t + 1] * roots[t].transpose()));
        features.extend_from_slice(&transl[t]);
        features.extend(std::iter::zip(&transl[t + 1], &transl[t]).map(|(next, now)| next - now));
    }
    Ok(rows(features, n - 1, FEATURES))
}

/// The numbers with those of a frame in a row.
fn in_rows<D: Dimension>(numbers: ArrayView<'_, f32, D>) -> CowArray<'_, f32, D> {
    match numbers.is_standard_layout() {
        true => numbers.into(),
        false => numbers.as_standard_layout().into_owned().into(),
    }
}

/// The numbers of each frame.
fn chunks<'a, const N: usize, D: Dimension>(numbers: &'a CowArray<'_, f32, D>) -> &'a [[f32; N]] {
    numbers.as_slice().unwrap_or_else(|| unreachable!("the numbers lie in rows")).as_chunks().0
}

/// `numbers` as a matrix.
fn rows(numbers: Vec<f32>, rows: usize, columns: usize) -> Array2<f32> {
    Array2::from_shape_vec((rows, columns), numbers).unwrap_or_else(|_| unreachable!("each row has {columns} numbers"))
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
    let features = in_rows(features);
    let features: &[Frame] = chunks(&features);
    let frames = features.len() + usize::from(mode == DecodeMode::EqualLength);
    let mut out = Decoded {
        global_orient: vec![0.0; 3 * frames],
        body_pose: vec![0.0; 3 * BODY_JOINTS * frames],
        transl: Vec::with_capacity(3 * frames),
        joints: Vec::with_capacity(3 * JOINTS * frames),
    };
    // The last body pose once more, if there are more frames than features.
    let held = features.iter().chain(features.last()).take(frames);
    let locals = held.flat_map(|frame| frame[BODY_ROT6D].as_chunks().0);
    axis_angles_from_rot6d(locals, out.body_pose.as_chunks_mut().0.iter_mut());
    match mode {
        DecodeMode::Plain => out.read_root(features),
        DecodeMode::Velocity | DecodeMode::EqualLength => out.integrate_root(features, frames),
    }
    Ok(out.into_motion(frames))
}

/// The features of a frame.
type Frame = [f32; FEATURES];

/// Some of the features of a frame.
fn of<const N: usize>(frame: &Frame, range: Range<usize>) -> &[f32; N] {
    frame[range].first_chunk().unwrap_or_else(|| unreachable!("the layout has {N} numbers there"))
}

/// The numbers of an [`SmplMotion`], frame by frame.
struct Decoded {
    global_orient: Vec<f32>,
    body_pose: Vec<f32>,
    transl: Vec<f32>,
    joints: Vec<f32>,
}

impl Decoded {
    /// Root and joints as stored.
    fn read_root(&mut self, features: &[Frame]) {
        let orient = features.iter().map(|frame| of(frame, ROOT_ROT6D));
        axis_angles_from_rot6d(orient, self.global_orient.as_chunks_mut().0.iter_mut());
        for frame in features {
            self.transl.extend_from_slice(&frame[TRANSL]);
            self.joints.extend_from_slice(&frame[POSITIONS]);
        }
    }

    /// Root and joints of frame 0 as stored, then running sums of the stored steps.
    fn integrate_root(&mut self, features: &[Frame], frames: usize) {
        let steps = &features[..frames - 1];
        let mut roots = vec![[0.0; 9]; frames];
        roots[0] = matrix_from_rot6d(*of(&features[0], ROOT_ROT6D)).to_cols_array();
        matrices_from_rot6d(steps.iter().map(|frame| of(frame, ROOT_STEP6D)), roots[1..].iter_mut());
        let mut root = Mat3::from_cols_array(&roots[0]);
        for step in &mut roots[1..] {
            root = Mat3::from_cols_array(step) * root;
            *step = root.to_cols_array();
        }
        axis_angles_from_matrices(roots.iter(), self.global_orient.as_chunks_mut().0.iter_mut());
        let (mut transl, mut joints) = (*of::<3>(&features[0], TRANSL), *of::<{ 3 * JOINTS }>(&features[0], POSITIONS));
        self.transl.extend_from_slice(&transl);
        self.joints.extend_from_slice(&joints);
        for frame in steps {
            std::iter::zip(&mut transl, of::<3>(frame, TRANSL_STEP)).for_each(|(x, v)| *x += v);
            std::iter::zip(&mut joints, of::<{ 3 * JOINTS }>(frame, VELOCITIES)).for_each(|(x, v)| *x += v);
            self.transl.extend_from_slice(&transl);
            self.joints.extend_from_slice(&joints);
        }
    }

    fn into_motion(self, frames: usize) -> SmplMotion {
        let joints = Array3::from_shape_vec((frames, JOINTS, 3), self.joints);
        SmplMotion {
            global_orient: rows(self.global_orient, frames, 3),
            body_pose: rows(self.body_pose, frames, 3 * BODY_JOINTS),
            transl: rows(self.transl, frames, 3),
            joints: joints.unwrap_or_else(|_| unreachable!("each frame has {JOINTS} joints")),
        }
    }
}

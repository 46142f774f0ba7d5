//! SMPL parameters and joints to the 276 features and back.

use std::ops::Range;

use glam::{DMat3, DQuat, DVec3, Mat3, Quat, Vec3};
use ndarray::{
    Array, Array2, Array3, ArrayView, ArrayView1, ArrayView2, ArrayView3, Axis, CowArray, Dimension, StrideShape, s,
};

use super::joint::PELVIS;
use super::layout::{
    BODY_JOINTS, BODY_ROT6D, FEATURES, JOINTS, POSITIONS, ROOT_ROT6D, ROOT_STEP6D, TRANSL, TRANSL_STEP, VELOCITIES,
};
use super::pose::Pose;
use super::rotation::{
    axis_angle_from_quaternion, continued, matrix_from_axis_angle, matrix_from_rot6d, quat_from_wxyz,
    quaternion_from_axis_angle, quaternion_from_matrix, rot6d_from_axis_angle, rot6d_from_matrix, wxyz_from_quat,
};
use super::rotation_simd::{
    axis_angles_from_matrices, axis_angles_from_rot6d, matrices_from_rot6d, quaternions_from_rot6d,
};
use crate::declare::named_enum;
use crate::error::{Error, Result, check_finite};

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
    /// A clip of `frames` frames in which all values are 0.
    pub fn zeros(frames: usize) -> Self {
        Self {
            global_orient: Array2::zeros((frames, 3)),
            body_pose: Array2::zeros((frames, 3 * BODY_JOINTS)),
            transl: Array2::zeros((frames, 3)),
            joints: Array3::zeros((frames, JOINTS, 3)),
        }
    }

    /// Number of frames.
    pub fn len(&self) -> usize {
        self.joints.shape()[0]
    }

    /// Whether there is no frame.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A copy of the frames in `range`, which are in the clip.
    #[cfg(feature = "render")]
    pub(crate) fn slice(&self, range: Range<usize>) -> Self {
        let (start, end) = (range.start, range.end);
        Self {
            global_orient: self.global_orient.slice(s![start..end, ..]).to_owned(),
            body_pose: self.body_pose.slice(s![start..end, ..]).to_owned(),
            transl: self.transl.slice(s![start..end, ..]).to_owned(),
            joints: self.joints.slice(s![start..end, .., ..]).to_owned(),
        }
    }

    /// The same arrays, borrowed.
    pub fn view(&self) -> SmplView<'_> {
        SmplView {
            global_orient: self.global_orient.view(),
            body_pose: self.body_pose.view(),
            transl: self.transl.view(),
            joints: self.joints.view(),
        }
    }

    /// Checks that the four arrays have the same number of frames and the documented widths, and that all values are finite.
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::NonFinite`] naming the array at fault.
    pub fn check(&self) -> Result<()> {
        self.view().check()
    }

    /// Position of a joint.
    pub(crate) fn joint(&self, t: usize, joint: usize) -> Vec3 {
        Vec3::from_array(std::array::from_fn(|c| self.joints[[t, joint, c]]))
    }

    /// Axis-angle vector of a joint relative to its parent, of the pelvis to the world.
    pub(crate) fn axis_angle(&self, t: usize, joint: usize) -> Vec3 {
        match joint {
            0 => vec3(self.global_orient.row(t), 0),
            _ => vec3(self.body_pose.row(t), 3 * (joint - 1)),
        }
    }

    /// Rotations of the joints relative to their parents, of the pelvis to the world.
    pub(crate) fn rotations(&self, t: usize) -> [Quat; JOINTS] {
        std::array::from_fn(|j| quat_from_wxyz(quaternion_from_axis_angle(self.axis_angle(t, j))))
    }

    /// The pose of frame `t`.
    pub(crate) fn pose(&self, t: usize) -> Pose {
        Pose { root: self.joint(t, PELVIS), rotations: self.rotations(t) }
    }

    /// [`SmplMotion::rotations`] as matrices in double precision.
    pub(crate) fn rotations_f64(&self, t: usize) -> [DMat3; JOINTS] {
        let vector = |j: usize| -> DVec3 { self.axis_angle(t, j).as_dvec3() };
        std::array::from_fn(|j| DMat3::from_quat(DQuat::from_scaled_axis(vector(j))))
    }

    /// Writes what [`SmplMotion::rotations`] reads.
    pub(crate) fn set_rotations(&mut self, t: usize, rotations: &[Quat; JOINTS]) {
        for (j, rotation) in rotations.iter().enumerate() {
            let vector = axis_angle_from_quaternion(wxyz_from_quat(*rotation)).to_array();
            match j {
                0 => write_at(self.global_orient.row_mut(t), 0, &vector),
                _ => write_at(self.body_pose.row_mut(t), 3 * (j - 1), &vector),
            }
        }
    }

    /// Writes the positions of all joints.
    pub(crate) fn set_joints(&mut self, t: usize, positions: &[Vec3; JOINTS]) {
        for (mut row, position) in self.joints.index_axis_mut(Axis(0), t).rows_mut().into_iter().zip(positions) {
            row.iter_mut().zip(position.to_array()).for_each(|(slot, value)| *slot = value);
        }
    }
}

/// A [`SmplMotion`] of borrowed arrays.
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
            check_finite(name, array)?;
        }
        check_finite("joints", &self.joints)
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

/// The vector at `start` of a row.
pub(crate) fn vec3(row: ArrayView1<'_, f32>, start: usize) -> Vec3 {
    Vec3::new(row[start], row[start + 1], row[start + 2])
}

/// The Rot6D at `start` of a row.
pub(crate) fn rot6d_at(row: ArrayView1<'_, f32>, start: usize) -> [f32; 6] {
    std::array::from_fn(|i| row[start + i])
}

/// Writes `values` into `row` from `start` on.
pub(crate) fn write_at(mut row: ndarray::ArrayViewMut1<'_, f32>, start: usize, values: &[f32]) {
    for (i, v) in values.iter().enumerate() {
        row[start + i] = *v;
    }
}

/// Checks that `features` is `(T, 276)` with at least one frame, and that all values are finite.
pub(crate) fn check_features(features: &ArrayView2<'_, f32>) -> Result<()> {
    match features.shape() {
        [t, FEATURES] if *t > 0 => check_finite("features", features),
        got => Err(Error::shape("features", "(T, 276) with T >= 1", got)),
    }
}

/// Encodes N frames as N - 1 rows of 276 features, since the steps need the next frame.
///
/// # Shapes
/// - output: `[frames - 1, 276]`, layout in [`crate::motion::layout`]
///
/// # Errors
/// [`Error::Shape`] for arrays that do not fit together, [`Error::NonFinite`], [`Error::InvalidArgument`] for fewer than two
/// frames.
pub fn encode(motion: &SmplMotion) -> Result<Array2<f32>> {
    encode_view(&motion.view())
}

/// [`encode`] of borrowed arrays.
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
    Ok(shaped(features, (n - 1, FEATURES)))
}

/// The array in row-major order, copied only if it is in another.
fn in_rows<D: Dimension>(array: ArrayView<'_, f32, D>) -> CowArray<'_, f32, D> {
    if array.is_standard_layout() { array.into() } else { array.as_standard_layout().into_owned().into() }
}

/// The `N` values of each frame.
fn chunks<'a, const N: usize, D: Dimension>(array: &'a CowArray<'_, f32, D>) -> &'a [[f32; N]] {
    array.as_slice().unwrap_or_else(|| unreachable!("the array is in row-major order")).as_chunks().0
}

/// `values` as an array of `shape`.
fn shaped<D: Dimension>(values: Vec<f32>, shape: impl Into<StrideShape<D>>) -> Array<f32, D> {
    Array::from_shape_vec(shape, values).unwrap_or_else(|_| unreachable!("the shape has as many values"))
}

/// Decodes 276 features into SMPL parameters and joints.
///
/// # Shapes
/// - features: `[frames, 276]`
/// - output: `frames` frames, or `frames + 1` for [`DecodeMode::EqualLength`]
///
/// # Errors
/// [`Error::Shape`] unless `features` is `(T, 276)` with `T >= 1`; [`Error::NonFinite`].
pub fn decode(features: ArrayView2<'_, f32>, mode: DecodeMode) -> Result<SmplMotion> {
    check_features(&features)?;
    Ok(decode_checked(features, mode))
}

/// [`decode`] of features that were checked before.
pub(super) fn decode_checked(features: ArrayView2<'_, f32>, mode: DecodeMode) -> SmplMotion {
    let features = in_rows(features);
    let features: &[Frame] = chunks(&features);
    let frames = features.len() + usize::from(mode == DecodeMode::EqualLength);
    // The last body pose is repeated if there are more frames than features.
    let held = features.iter().chain(features.last()).take(frames);
    let locals = held.flat_map(|frame| frame[BODY_ROT6D].as_chunks().0);
    let (mut orient, mut pose) = (vec![0.0; 3 * frames], vec![0.0; 3 * BODY_JOINTS * frames]);
    axis_angles_from_rot6d(locals, pose.as_chunks_mut().0.iter_mut());
    let vectors = orient.as_chunks_mut().0.iter_mut();
    let (transl, joints) = if mode == DecodeMode::Plain {
        axis_angles_from_rot6d(features.iter().map(|frame| values_in(frame, ROOT_ROT6D)), vectors);
        (stored(features, TRANSL), stored(features, POSITIONS))
    } else {
        axis_angles_from_matrices(summed_roots(features, frames).iter(), vectors);
        (
            summed::<3>(features, frames, TRANSL, TRANSL_STEP),
            summed::<{ 3 * JOINTS }>(features, frames, POSITIONS, VELOCITIES),
        )
    };
    SmplMotion {
        global_orient: shaped(orient, (frames, 3)),
        body_pose: shaped(pose, (frames, 3 * BODY_JOINTS)),
        transl: shaped(transl, (frames, 3)),
        joints: shaped(joints, (frames, JOINTS, 3)),
    }
}

/// The joints of [`decode`] by [`DecodeMode::Velocity`].
pub(super) fn decode_joints(features: ArrayView2<'_, f32>) -> Array3<f32> {
    let features = in_rows(features);
    let features: &[Frame] = chunks(&features);
    let joints = summed::<{ 3 * JOINTS }>(features, features.len(), POSITIONS, VELOCITIES);
    shaped(joints, (features.len(), JOINTS, 3))
}

/// The rotations of [`decode`] by [`DecodeMode::Velocity`] as unit quaternions `[w, x, y, z]`, `[frames, 22, 4]`, the
/// pelvis first, without jumps of sign from frame to frame. Values that are not a rotation become the identity.
pub(super) fn decode_rotations(features: ArrayView2<'_, f32>) -> Array3<f32> {
    let features = in_rows(features);
    let features: &[Frame] = chunks(&features);
    let mut rotations = vec![[[0.0; 4]; JOINTS]; features.len()];
    let locals = features.iter().flat_map(|frame| frame[BODY_ROT6D].as_chunks().0);
    quaternions_from_rot6d(locals, rotations.iter_mut().flat_map(|frame| &mut frame[1..]));
    for (frame, root) in rotations.iter_mut().zip(summed_roots(features, features.len())) {
        frame[0] = quaternion_from_matrix(Mat3::from_cols_array(&root));
    }
    let mut before = [Quat::IDENTITY; JOINTS];
    for frame in &mut rotations {
        for (rotation, before) in frame.iter_mut().zip(&mut before) {
            let unit = quat_from_wxyz(*rotation).normalize();
            *before = continued(if unit.is_finite() { unit } else { Quat::IDENTITY }, *before);
            *rotation = wxyz_from_quat(*before);
        }
    }
    shaped(rotations.into_flattened().into_flattened(), (features.len(), JOINTS, 4))
}

/// The features of a frame.
type Frame = [f32; FEATURES];

/// Some of the features of a frame.
fn values_in<const N: usize>(frame: &Frame, range: Range<usize>) -> &[f32; N] {
    frame[range].first_chunk().unwrap_or_else(|| unreachable!("the range has {N} features"))
}

/// A range of features, frame by frame.
fn stored(features: &[Frame], range: Range<usize>) -> Vec<f32> {
    features.iter().flat_map(|frame| &frame[range.clone()]).copied().collect()
}

/// A range of features of frame 0 as stored, then the running sums of their steps.
fn summed<const N: usize>(features: &[Frame], frames: usize, range: Range<usize>, step: Range<usize>) -> Vec<f32> {
    let mut out = Vec::with_capacity(N * frames);
    let mut sums = *values_in::<N>(&features[0], range);
    out.extend_from_slice(&sums);
    for frame in &features[..frames - 1] {
        std::iter::zip(&mut sums, values_in::<N>(frame, step.clone())).for_each(|(x, v)| *x += v);
        out.extend_from_slice(&sums);
    }
    out
}

/// Matrices, in columns, of the root: frame 0 as stored, then the running products of the steps.
fn summed_roots(features: &[Frame], frames: usize) -> Vec<[f32; 9]> {
    let steps = features[..frames - 1].iter().map(|frame| values_in(frame, ROOT_STEP6D));
    let mut roots = vec![[0.0; 9]; frames];
    let mut root = matrix_from_rot6d(*values_in(&features[0], ROOT_ROT6D));
    roots[0] = root.to_cols_array();
    matrices_from_rot6d(steps, roots[1..].iter_mut());
    for step in &mut roots[1..] {
        root = Mat3::from_cols_array(step) * root;
        *step = root.to_cols_array();
    }
    roots
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Vectors of up to 3 radians, so that no rotation is near half a turn, where its vector has two signs.
    fn axis_angles(count: usize) -> impl Strategy<Value = Vec<f32>> {
        let vector = (prop::array::uniform3(-1.0f32..1.0), 0.0f32..3.0);
        let scaled = |(axis, angle): ([f32; 3], f32)| (Vec3::from(axis).normalize_or_zero() * angle).to_array();
        prop::collection::vec(vector.prop_map(scaled), count).prop_map(|vectors| vectors.into_flattened())
    }

    fn clips() -> impl Strategy<Value = SmplMotion> {
        (2usize..6).prop_flat_map(|frames| {
            let places = |count: usize| prop::collection::vec(-2.0f32..2.0, count);
            let arrays = (axis_angles(frames), axis_angles(21 * frames), places(3 * frames), places(66 * frames));
            arrays.prop_map(move |(orient, pose, transl, joints)| SmplMotion {
                global_orient: shaped(orient, (frames, 3)),
                body_pose: shaped(pose, (frames, 63)),
                transl: shaped(transl, (frames, 3)),
                joints: shaped(joints, (frames, 22, 3)),
            })
        })
    }

    fn near<D: Dimension>(a: &Array<f32, D>, b: &Array<f32, D>) -> bool {
        a.dim() == b.dim() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 2e-4)
    }

    #[test]
    fn values_that_are_not_finite_are_named_and_not_encoded_or_decoded() {
        let named = |error: Error| match error {
            Error::NonFinite { name, index } => (name, index),
            other => panic!("{other}"),
        };
        let broken = |change: &dyn Fn(&mut SmplMotion)| {
            let mut clip = SmplMotion::zeros(4);
            change(&mut clip);
            named(encode(&clip).unwrap_err())
        };
        assert_eq!(broken(&|c| c.global_orient[[1, 2]] = f32::NAN), ("global_orient".into(), vec![1, 2]));
        assert_eq!(broken(&|c| c.body_pose[[3, 62]] = f32::INFINITY), ("body_pose".into(), vec![3, 62]));
        assert_eq!(broken(&|c| c.transl[[0, 0]] = f32::NAN), ("transl".into(), vec![0, 0]));
        assert_eq!(broken(&|c| c.joints[[2, 21, 1]] = f32::NAN), ("joints".into(), vec![2, 21, 1]));
        let mut features = Array2::zeros((3, FEATURES));
        features[[2, 275]] = f32::NAN;
        for mode in [DecodeMode::Plain, DecodeMode::Velocity, DecodeMode::EqualLength] {
            assert_eq!(named(decode(features.view(), mode).unwrap_err()), ("features".into(), vec![2, 275]));
        }
    }

    proptest! {
        #[test]
        fn decoding_an_encoded_clip_gives_it_back(clip in clips()) {
            let got = decode(encode(&clip).unwrap().view(), DecodeMode::EqualLength).unwrap();
            prop_assert!(near(&got.global_orient, &clip.global_orient), "{:?} {:?}", got.global_orient, clip.global_orient);
            prop_assert!(near(&got.transl, &clip.transl) && near(&got.joints, &clip.joints));
            // The last body pose is not stored.
            let poses = |motion: &SmplMotion| motion.body_pose.slice(ndarray::s![..-1, ..]).to_owned();
            prop_assert!(near(&poses(&got), &poses(&clip)), "{:?} {:?}", got.body_pose, clip.body_pose);
        }

        #[test]
        fn all_forms_of_a_clip_are_one_pose(clip in clips()) {
            let features = encode(&clip).unwrap();
            let smpl = decode(features.view(), DecodeMode::Velocity).unwrap();
            prop_assert_eq!(&smpl.joints, &decode_joints(features.view()));
            let quaternions = decode_rotations(features.view());
            for t in 0..smpl.len() {
                for (j, want) in smpl.rotations(t).into_iter().enumerate() {
                    let got = quat_from_wxyz(std::array::from_fn(|c| quaternions[[t, j, c]]));
                    prop_assert!(got.dot(want).abs() > 1.0 - 1e-5, "frame {}, joint {}: {} {}", t, j, got, want);
                }
            }
        }
    }
}

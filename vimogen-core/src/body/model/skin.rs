//! The forward pass: blend shapes as matrix products over blocks of vertices, then linear blend skinning.

use glam::{Mat3, Mat3A, Vec3, Vec3A};
use ndarray::{Array1, Array2, Array3, ArrayView2, ArrayViewMut3, Axis, s};
use rayon::prelude::*;

use super::{BodyModel, BodyParams, Posed};
use crate::error::Result;
use crate::motion::rotation::matrix_from_rows;
use crate::motion::rotation::rows::matrix_from_axis_angle_smplx;
use crate::motion::skeleton::{chain_positions, chain_rotations};
use crate::process::with_pool;

/// Vertices per block, whose blend shapes stay in the cache.
const BLOCK: usize = 256;

/// Rotation matrices of all joints in all frames, `T J`; `mean` is added to each frame's pose.
pub(super) fn rotations(pose: &Array2<f32>, mean: &Array1<f32>) -> Vec<Mat3> {
    let vector = |row: ndarray::ArrayView1<'_, f32>, i: usize| {
        Vec3::from_array(std::array::from_fn(|c| row[3 * i + c] + mean[3 * i + c]))
    };
    let joints = mean.len() / 3;
    let frame = |row| (0..joints).map(move |j| matrix_from_axis_angle_smplx(vector(row, j)));
    pose.rows().into_iter().flat_map(frame).collect()
}

/// The same from their entries, `(T, 9 J)`.
pub(super) fn matrices(entries: ArrayView2<'_, f32>) -> Vec<Mat3> {
    let matrix =
        |row: ndarray::ArrayView1<'_, f32>, j: usize| matrix_from_rows(std::array::from_fn(|i| row[9 * j + i]));
    let joints = entries.ncols() / 9;
    entries.rows().into_iter().flat_map(|row| (0..joints).map(move |j| matrix(row, j))).collect()
}

/// Rotation and shift that take a rest vertex along with a joint.
#[derive(Clone, Copy)]
pub(super) struct Bone {
    turn: Mat3A,
    shift: Vec3A,
}

impl BodyModel {
    pub(super) fn posed(&self, rotations: Vec<Mat3>, params: &BodyParams, frames: usize) -> Result<Posed> {
        let shape = self.shape_coefficients(params, frames);
        let pose = self.pose_coefficients(&rotations, frames);
        let (bones, joints) = self.bones(&rotations, &shape, params, frames);
        let mut vertices = Array3::zeros((frames, self.num_vertices(), 3));
        let blocks: Vec<_> = vertices.axis_chunks_iter_mut(Axis(1), BLOCK).enumerate().collect();
        with_pool(|| {
            blocks.into_par_iter().for_each(|(i, out)| self.pose_block(i * BLOCK, out, &shape, &pose, &bones));
        })?;
        Ok(Posed { vertices, joints })
    }

    /// Shape and expression side by side, one row for all frames or one per frame.
    pub(super) fn shape_coefficients(&self, params: &BodyParams, frames: usize) -> Array2<f32> {
        let (betas, expression) = (&params.betas, &params.expression);
        let rows = if betas.nrows() > 1 || expression.nrows() > 1 { frames } else { 1 };
        let mut out = Array2::zeros((rows, self.shapedirs.ncols()));
        for (start, part) in [(0, betas), (self.num_betas, expression)] {
            if !part.is_empty() {
                let mut place = out.slice_mut(s![.., start..start + part.ncols()]);
                let row = |t: usize| part.row(if part.nrows() == 1 { 0 } else { t });
                place.rows_mut().into_iter().enumerate().for_each(|(t, mut to)| to.assign(&row(t)));
            }
        }
        out
    }

    /// `R - I` of all joints but the root, row by row, `(T, 9 (J - 1))`, or no column if no blend shape needs them.
    pub(super) fn pose_coefficients(&self, rotations: &[Mat3], frames: usize) -> Array2<f32> {
        let joints = self.num_joints();
        Array2::from_shape_fn((frames, self.posedirs.ncols()), |(t, i)| {
            let (joint, row, column) = (1 + i / 9, i % 9 / 3, i % 3);
            let entry = rotations[t * joints + joint].col(column)[row];
            if row == column { entry - 1.0 } else { entry }
        })
    }

    /// Transforms of the joints from rest to each frame, `T J`, and the posed joints.
    pub(super) fn bones(
        &self,
        rotations: &[Mat3],
        shape: &Array2<f32>,
        params: &BodyParams,
        frames: usize,
    ) -> (Vec<Bone>, Array3<f32>) {
        let count = self.num_joints();
        let rest = shape.dot(&self.joint_dirs.t()) + &self.joints;
        let mut bones = Vec::with_capacity(frames * count);
        let (mut turns, mut places) = (vec![Mat3A::ZERO; count], vec![Vec3A::ZERO; count]);
        let mut joints = Array3::zeros((frames, count, 3));
        for t in 0..frames {
            let row = rest.row(if rest.nrows() == 1 { 0 } else { t });
            let rest = |j: usize| Vec3A::new(row[3 * j], row[3 * j + 1], row[3 * j + 2]);
            let transl = Vec3A::from_array(std::array::from_fn(|c| params.transl[[t, c]]));
            for (j, parent) in self.parents.iter().enumerate() {
                turns[j] = Mat3A::from(rotations[t * count + j]);
                places[j] = parent.map_or(rest(j), |p| rest(j) - rest(p));
            }
            chain_rotations(&self.parents, &mut turns);
            chain_positions(&self.parents, &turns, &mut places);
            for (j, (turn, place)) in turns.iter().zip(&places).enumerate() {
                bones.push(Bone { turn: *turn, shift: *place - *turn * rest(j) + transl });
                (0..3).for_each(|c| joints[[t, j, c]] = (*place + transl)[c]);
            }
        }
        (bones, joints)
    }

    /// All frames of the vertices from `start` on.
    fn pose_block(
        &self,
        start: usize,
        mut out: ArrayViewMut3<'_, f32>,
        shape: &Array2<f32>,
        pose: &Array2<f32>,
        bones: &[Bone],
    ) {
        let len = out.shape()[1];
        let rows = 3 * start..3 * (start + len);
        let mut base = self.template.slice(s![rows.clone()]).to_owned();
        let moving = add_blend(&mut base, self.shapedirs.slice(s![rows.clone(), ..]), shape);
        let bending = add_blend(&mut base, self.posedirs.slice(s![rows, ..]), pose);
        for (t, mut frame) in out.outer_iter_mut().enumerate() {
            let mut rest = base.clone();
            [&moving, &bending].into_iter().flatten().for_each(|part| rest += &part.row(t));
            let bones = &bones[t * self.num_joints()..][..self.num_joints()];
            for (v, mut place) in frame.rows_mut().into_iter().enumerate() {
                let at = Vec3A::new(rest[3 * v], rest[3 * v + 1], rest[3 * v + 2]);
                let posed = skinned(at, &self.weights[start + v], bones);
                (0..3).for_each(|c| place[c] = posed[c]);
            }
        }
    }
}

/// A rest vertex in the mean of the transforms of its joints.
fn skinned(at: Vec3A, weights: &[(u16, f32)], bones: &[Bone]) -> Vec3A {
    let mut turn = Mat3A::ZERO;
    let mut shift = Vec3A::ZERO;
    for (joint, weight) in weights {
        let bone = &bones[usize::from(*joint)];
        turn += bone.turn * *weight;
        shift += bone.shift * *weight;
    }
    turn * at + shift
}

/// Adds the blend shapes whose coefficients are the same in all frames to `base`; returns the others, `(T, 3 V)`.
///
/// Of a body motion face and hands rest: more than half of SMPL-X's pose blend shapes are one vector for all frames.
fn add_blend(base: &mut Array1<f32>, dirs: ArrayView2<'_, f32>, coefficients: &Array2<f32>) -> Option<Array2<f32>> {
    let (rows, columns) = coefficients.dim();
    if rows == 0 || columns == 0 {
        return None;
    }
    let first = coefficients.row(0);
    let varies = |i: &usize| coefficients.column(*i).iter().any(|c| *c != first[*i]);
    let active = (0..columns).rev().find(varies).map_or(0, |i| i + 1);
    *base += &dirs.slice(s![.., active..]).dot(&first.slice(s![active..]));
    let moving = coefficients.slice(s![.., ..active]);
    (active > 0).then(|| moving.dot(&dirs.slice(s![.., ..active]).t()))
}

//! Body models from their files: `.npz` and `.pkl`.

use std::path::Path;

use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate, s};

use super::fields::{bad, read, shape};
use super::{BodyKind, BodyModel, COMPONENTS, landmarks};
use crate::error::{Error, Result};
use crate::format::npz::NpzFile;
use crate::format::pickle::PickleFile;
use crate::format::{TensorSource, extension};

/// Maximum number of vertices and of triangles; SMPL-X has 10,475 and 20,908.
const MAX_ELEMENTS: usize = 1 << 18;
/// Maximum number of blend shapes; SMPL-X has 400.
const MAX_SHAPES: usize = 1 << 10;
/// Number of shape components in the large files of SMPL-X, and of shape and expression together.
const LARGE_SHAPE: [usize; 2] = [300, 400];

impl BodyModel {
    /// Reads SMPL or SMPL-X from `.npz` (`SMPLX_NEUTRAL.npz`) or `.pkl` (`SMPL_NEUTRAL.pkl`, also of Python 2 with
    /// chumpy), told apart by their 24 or 55 joints. Nothing in a pickle is executed.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Io`], [`Error::TooLarge`], [`Error::InvalidArgument`] for another extension,
    /// [`Error::Format`] for other files; the message names what is missing.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        match extension(path).as_str() {
            "npz" => Self::from_source(&NpzFile::open(path)?),
            "pkl" => Self::from_source(&PickleFile::open(path)?),
            other => {
                let reason = format!("{other:?} is none of npz, pkl, the formats of body models: {path:?}");
                Err(Error::invalid("file extension", reason))
            }
        }
        .map_err(|e| e.with_path(path))
    }

    /// Reads a body model from named arrays, as [`BodyModel::load`] does.
    ///
    /// # Errors
    /// As [`BodyModel::load`].
    pub fn from_source(source: &dyn TensorSource) -> Result<Self> {
        let [vertices, _] = shape(source, "v_template", [MAX_ELEMENTS, 3])?;
        let [count, _] = shape(source, "J_regressor", [64, MAX_ELEMENTS])?;
        let kind = match count {
            24 => BodyKind::Smpl,
            55 => BodyKind::Smplx,
            52 => return Err(bad("52 joints are SMPL-H, which is not read; SMPL and SMPL-X are")),
            other => return Err(bad(format!("it has {other} joints; SMPL has 24 and SMPL-X 55"))),
        };
        let template = read(source, "v_template", &[vertices, 3])?;
        let shape_space = shape(source, "shapedirs", [MAX_ELEMENTS, 3, MAX_SHAPES])?[2];
        let all = matrix(read(source, "shapedirs", &[vertices, 3, shape_space])?, 3 * vertices)?;
        let (shapedirs, num_betas) = components(all.view(), kind)?;
        let pose_space = 9 * (count - 1);
        let posedirs = matrix(read(source, "posedirs", &[vertices, 3, pose_space])?, 3 * vertices)?;
        let regressor = matrix(read(source, "J_regressor", &[count, vertices])?, count)?;
        let template = Array1::from(template);
        let joints = regressed(&regressor, &matrix(template.to_vec(), 3 * vertices)?);
        let joint_dirs = regressed(&regressor, &shapedirs);
        let weights = weights(&matrix(read(source, "weights", &[vertices, count])?, vertices)?);
        let faces = faces(source, vertices)?;
        Ok(Self {
            kind,
            template,
            landmarks: landmarks::read_all(source, faces.nrows())?,
            faces,
            parents: parents(source, count)?,
            joints: joints.column(0).to_owned(),
            shapedirs,
            joint_dirs,
            num_betas,
            posedirs,
            weights,
            mean_pose: mean_pose(source, kind)?,
        })
    }
}

fn matrix(values: Vec<f32>, rows: usize) -> Result<Array2<f32>> {
    let columns = values.len() / rows.max(1);
    Array2::from_shape_vec((rows, columns), values).map_err(Error::internal)
}

/// The shape components that are used, followed by those of expression, and the number of the former.
fn components(all: ArrayView2<'_, f32>, kind: BodyKind) -> Result<(Array2<f32>, usize)> {
    let shape = all.ncols().min(COMPONENTS);
    let start = match all.ncols() {
        n if n >= LARGE_SHAPE[1] => LARGE_SHAPE[0],
        n => n.min(COMPONENTS),
    };
    let end = match kind {
        BodyKind::Smplx => (start + COMPONENTS).min(all.ncols()),
        _ => start,
    };
    let both = concatenate(Axis(1), &[all.slice(s![.., ..shape]), all.slice(s![.., start..end])]);
    Ok((both.map_err(Error::internal)?, shape))
}

/// Joints `(3 J, n)` of vertices `(3 V, n)`, summed in f64.
fn regressed(regressor: &Array2<f32>, vertices: &Array2<f32>) -> Array2<f32> {
    let (joints, columns) = (regressor.nrows(), vertices.ncols());
    let mut out = Array2::<f64>::zeros((3 * joints, columns));
    for ((joint, vertex), weight) in regressor.indexed_iter().filter(|(_, weight)| **weight != 0.0) {
        for axis in 0..3 {
            let from = vertices.row(3 * vertex + axis);
            let mut to = out.row_mut(3 * joint + axis);
            to.iter_mut().zip(from).for_each(|(to, from)| *to += f64::from(*weight) * f64::from(*from));
        }
    }
    out.mapv(|x| x as f32)
}

fn weights(dense: &Array2<f32>) -> Vec<Vec<(u16, f32)>> {
    let entries = |row: ndarray::ArrayView1<'_, f32>| {
        row.iter().enumerate().filter(|(_, w)| **w != 0.0).map(|(j, w)| (j as u16, *w)).collect()
    };
    dense.rows().into_iter().map(entries).collect()
}

/// Whole numbers up to 2^24 are exact in f32, and vertices are fewer.
fn faces(source: &dyn TensorSource, vertices: usize) -> Result<Array2<u32>> {
    let [count, _] = shape(source, "f", [MAX_ELEMENTS, 3])?;
    let values = read(source, "f", &[count, 3])?;
    if values.iter().any(|v| *v < 0.0 || *v >= vertices as f32) {
        return Err(bad(format!("a triangle has a corner that is none of the {vertices} vertices")));
    }
    Ok(matrix(values, count)?.mapv(|v| v as u32))
}

/// The first row of `kintree_table`; the root's parent is -1, or 2^32 - 1 where the table is unsigned.
fn parents(source: &dyn TensorSource, count: usize) -> Result<Vec<Option<usize>>> {
    let values = read(source, "kintree_table", &[2, count])?;
    let parent = |(joint, value): (usize, &f32)| match joint {
        0 => Ok(None),
        _ if *value >= 0.0 && *value < joint as f32 => Ok(Some(*value as usize)),
        _ => Err(bad(format!("the parent of joint {joint} does not come before it"))),
    };
    values[..count].iter().enumerate().map(parent).collect()
}

/// The hands of SMPL-X at rest (`flat_hand_mean` False of the `smplx` package); zero elsewhere.
fn mean_pose(source: &dyn TensorSource, kind: BodyKind) -> Result<Array1<f32>> {
    let mut pose = Array1::zeros(3 * kind.joints());
    if kind == BodyKind::Smplx {
        for (name, start) in [("hands_meanl", 3 * 25), ("hands_meanr", 3 * 40)] {
            pose.slice_mut(s![start..start + 45]).assign(&Array1::from(read(source, name, &[45])?));
        }
    }
    Ok(pose)
}

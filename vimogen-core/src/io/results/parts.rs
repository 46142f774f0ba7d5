//! Arrays of parameters, in the shapes in which programs write them.

use glam::{Mat3, Quat};
use ndarray::Array2;

use super::bad;
use crate::error::{Error, Result, check_finite};
use crate::format::tree::Value;
use crate::io::features::MAX_FRAMES;
use crate::motion::layout::JOINTS;
use crate::motion::rotation::{axis_angle_from_quaternion, wxyz_from_quat};

/// A value of a dict.
///
/// # Errors
/// [`Error::Format`] that says why the value was not read, or what the dict has instead.
pub(super) fn need<'v, 'a>(tree: &'v Value<'a>, key: &str) -> Result<&'v Value<'a>> {
    match tree.get(key) {
        Some(Value::Unknown(reason)) => Err(bad(format!("its entry {key:?} cannot be read: {reason}"))),
        Some(value) => Ok(value),
        None => Err(bad(format!("it has no {key:?}, it is {}", tree.summary()))),
    }
}

/// Rotations of `(T, 3 K)`, `(T, K, 3)` or, as matrices, `(T, K, 3, 3)`, for one of the numbers of joints `counts`; axes of
/// length 1 in front are left out. The first `keep` joints are kept.
///
/// # Shapes
/// - output: `[frames, 3 keep]`, axis-angle
pub(super) fn rotations(tree: &Value<'_>, key: &str, counts: &[usize], keep: usize) -> Result<Array2<f32>> {
    let value = need(tree, key)?;
    let shape = value.shape().ok_or_else(|| bad(format!("its entry {key:?} is no array")))?;
    let wrong = || Error::shape(key, expected(counts), shape);
    let (frames, count, matrices) = counts.iter().find_map(|count| fit(shape, *count)).ok_or_else(wrong)?;
    if !(1..=MAX_FRAMES).contains(&frames) {
        return Err(wrong());
    }
    let values = value.array().ok_or_else(wrong)?.to_f32()?;
    check_finite(key, &ndarray::ArrayView1::from(&values))?;
    let width = count * if matrices { 9 } else { 3 };
    if values.len() != frames * width {
        return Err(wrong());
    }
    let mut out = Array2::zeros((frames, 3 * keep));
    for (mut row, values) in out.rows_mut().into_iter().zip(values.chunks_exact(width)) {
        if matrices {
            for (slot, m) in row.iter_mut().collect::<Vec<_>>().chunks_mut(3).zip(values.as_chunks::<9>().0) {
                slot.iter_mut().zip(axis_angle(m)).for_each(|(slot, v)| **slot = v);
            }
        } else {
            row.iter_mut().zip(values).for_each(|(slot, v)| *slot = *v);
        }
    }
    Ok(out)
}

fn expected(counts: &[usize]) -> String {
    let each: Vec<String> = counts.iter().map(|k| format!("(T, {}) or (T, {k}, 3, 3)", 3 * k)).collect();
    each.join(", or ")
}

/// Frames, joints, and whether the rotations are matrices, if the shape has so many joints.
fn fit(shape: &[usize], count: usize) -> Option<(usize, usize, bool)> {
    let frames = |front: &[usize]| {
        let mut long = front.iter().filter(|d| **d != 1);
        let frames = long.next().copied().unwrap_or(1);
        long.next().is_none().then_some(frames)
    };
    let found = match shape {
        [front @ .., k, 3, 3] if *k == count => (frames(front), true),
        [front @ .., 3, 3] if count == 1 && !front.is_empty() => (frames(front), true),
        [front @ .., width] if *width == 3 * count => (frames(front), false),
        [front @ .., k, 3] if *k == count => (frames(front), false),
        _ => return None,
    };
    Some((found.0?, count, found.1))
}

/// Axis-angle of a matrix written row by row.
fn axis_angle(m: &[f32; 9]) -> [f32; 3] {
    let turn = Quat::from_mat3(&Mat3::from_cols_array(m).transpose()).normalize();
    if turn.is_finite() { axis_angle_from_quaternion(wxyz_from_quat(turn)).to_array() } else { [0.0; 3] }
}

/// Vectors `(T, 3)`, or `(T, 1, 3)`; axes of length 1 in front are left out.
pub(super) fn vectors(tree: &Value<'_>, key: &str) -> Result<Array2<f32>> {
    let value = need(tree, key)?;
    let shape = value.shape().ok_or_else(|| bad(format!("its entry {key:?} is no array")))?;
    let wrong = || Error::shape(key, "(T, 3)", shape);
    let Some((frames @ 1..=MAX_FRAMES, _, false)) = fit(shape, 1) else { return Err(wrong()) };
    let values = value.array().ok_or_else(wrong)?.to_f32()?;
    check_finite(key, &ndarray::ArrayView1::from(&values))?;
    Array2::from_shape_vec((frames, 3), values).map_err(|_| wrong())
}

/// Root and body `(T, 66)` of `orient` and `body`, two arrays.
pub(super) fn root_and_body(tree: &Value<'_>, orient: &str, body: &str) -> Result<Array2<f32>> {
    let root = rotations(tree, orient, &[1], 1)?;
    let body_pose = rotations(tree, body, &[21, 23], JOINTS - 1)?;
    same_frames(&[(orient, root.nrows()), (body, body_pose.nrows())])?;
    ndarray::concatenate(ndarray::Axis(1), &[root.view(), body_pose.view()]).map_err(|e| bad(e.to_string()))
}

/// Checks that arrays have the same number of frames.
pub(super) fn same_frames(arrays: &[(&str, usize)]) -> Result<()> {
    match arrays.windows(2).find(|pair| pair[0].1 != pair[1].1) {
        None => Ok(()),
        Some(pair) => Err(bad(format!(
            "its {} has {} frames and its {} {}; one row per frame is needed in both",
            pair[0].0, pair[0].1, pair[1].0, pair[1].1
        ))),
    }
}

/// Shape of the body: `(n,)`, or `(T, n)`, of which the first row is used. Arrays of other shapes are ignored.
pub(super) fn betas(tree: &Value<'_>, key: &str) -> Vec<f32> {
    let Some(array) = tree.get(key).and_then(Value::array) else { return Vec::new() };
    let width = match array.shape() {
        [n @ 1..=400] => *n,
        [1..=MAX_FRAMES, n @ 1..=400] => *n,
        [1, 1..=MAX_FRAMES, n @ 1..=400] => *n,
        _ => return Vec::new(),
    };
    let values = array.to_f32().unwrap_or_default();
    let first = values.get(..width).unwrap_or_default();
    if first.iter().all(|v| v.is_finite()) { first.to_vec() } else { Vec::new() }
}

/// Whole numbers, one per frame.
pub(super) fn indices(tree: &Value<'_>, key: &str) -> Option<Vec<i64>> {
    let value = tree.get(key)?;
    if !value.items().is_empty() {
        return value.items().iter().map(|item| item.number().map(|n| n as i64)).collect();
    }
    let array = value.array().filter(|array| array.shape().len() == 1)?;
    let tensor = array.read().ok()?;
    Some(match tensor.dtype() {
        crate::format::DType::I64 => tensor.bytes().as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b)).collect(),
        _ => tensor.to_f32().iter().map(|v| *v as i64).collect(),
    })
}

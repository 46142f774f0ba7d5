//! The player with a mesh: motions on the built-in body.
//!
//! The page holds the body's surface once, and the rotation and position of every joint in each frame; its script does the
//! skinning. Users' body files are licensed and therefore not embedded in pages that may be passed on.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use glam::{Quat, Vec3};
use serde_json::{Value, json};

use super::camera::bounds;
use super::html::{Clip, Page, check_size, clip_json, grid, quantised};
use super::mesh_sequence::side_of;
use crate::body::{BodyModel, top4_weights};
use crate::error::{Error, Result};
use crate::format::write_atomic;
use crate::motion::Motion;
use crate::motion::skeleton::{JOINT_NAMES, chain_rotations};

/// Joints per vertex.
const BONES: usize = 4;

/// A motion to show on the built-in body.
#[derive(Debug, Clone, Copy)]
pub struct SkinnedClip<'a> {
    /// The motion.
    pub motion: &'a Motion,
    /// Caption, such as the prompt. Any text: it is escaped.
    pub title: &'a str,
    /// Values shown below the caption.
    pub metrics: &'a [(&'a str, f32)],
}

/// A page that plays motions on the built-in body, side by side or one at a time.
///
/// # Errors
/// As [`super::html::html`].
pub fn html(clips: &[SkinnedClip<'_>]) -> Result<String> {
    Ok(prepared(clips)?.to_text())
}

fn prepared(clips: &[SkinnedClip<'_>]) -> Result<Page> {
    check_size(clips.iter().map(|clip| clip.motion.len()))?;
    let body = BodyModel::neutral();
    let json = clips.iter().map(|clip| skinned_json(clip, body)).collect::<Result<_>>()?;
    Ok(Page::new(clips[0].title, json, mesh_json(body)?))
}

/// Writes [`html`] to a file.
///
/// # Errors
/// Those of [`html`], [`Error::NotFound`] if the folder does not exist, [`Error::Io`].
pub fn save(path: impl AsRef<Path>, clips: &[SkinnedClip<'_>]) -> Result<()> {
    let page = prepared(clips)?;
    write_atomic(path, |w| page.write(w))
}

fn skinned_json(clip: &SkinnedClip<'_>, body: &BodyModel) -> Result<Value> {
    let smpl = clip.motion.smpl();
    let (title, metrics, fps) = (clip.title, clip.metrics, clip.motion.fps());
    let mut json = clip_json(&Clip { joints: smpl.joints.view(), fps, title, metrics })?;
    let params = body.params(smpl)?;
    let joints = body.joints(&params)?;
    let places: Vec<Vec3> = joints.rows().into_iter().map(|p| Vec3::new(p[0], p[1], p[2])).collect();
    let (low, high) = bounds(places.iter().copied());
    let (centre, step) = grid(low, high);
    let mut bytes = Vec::with_capacity(places.len() * 14);
    for (pose, places) in params.pose.rows().into_iter().zip(places.chunks(body.num_joints())) {
        let vectors = pose.as_slice().unwrap_or_default().as_chunks::<3>().0;
        let mut turns: Vec<Quat> = vectors.iter().map(|v| Quat::from_scaled_axis(Vec3::from_array(*v))).collect();
        chain_rotations(body.parents(), &mut turns);
        for (turn, place) in turns.iter().zip(places) {
            let stored = turn.normalize().to_array().map(|v| (v * f32::from(i16::MAX)).round() as i16);
            bytes.extend(stored.into_iter().flat_map(i16::to_le_bytes));
            bytes.extend(quantised(*place, centre, step));
        }
    }
    if let Some(meta) = clip.motion.meta() {
        json["meta"] = json!(meta);
    }
    json["pose"] = json!({ "centre": centre.to_array(), "step": step, "data": BASE64.encode(&bytes) });
    Ok(json)
}

/// The surface of a body whose right half mirrors its left: the left half, from which the script makes the other.
fn mesh_json(body: &BodyModel) -> Result<Value> {
    let axis = body.rest_joints()[0];
    let rest = &body.rest_vertices().as_chunks::<3>().0[..left_half(body, axis)];
    let from_axis = |v: &[f32; 3]| Vec3::from_array(*v) - Vec3::X * axis;
    let furthest = rest.iter().map(|v| from_axis(v).abs().max_element()).fold(0f32, f32::max);
    let (_, step) = grid(Vec3::splat(-furthest), Vec3::splat(furthest));
    let vertices: Vec<u8> = rest.iter().flat_map(|v| quantised(from_axis(v), Vec3::ZERO, step)).collect();
    let faces: Vec<u16> = left_faces(body, rest.len())?.into_iter().flatten().collect();
    let faces: Vec<u8> = faces.into_iter().flat_map(u16::to_le_bytes).collect();
    Ok(json!({
        "step": step,
        "axis": axis,
        "vertices": BASE64.encode(&vertices),
        "faces": BASE64.encode(&faces),
        "bones": BASE64.encode(body.weights()[..rest.len()].iter().flat_map(|weights| bones(weights)).collect::<Vec<_>>()),
        "joints": body.rest_joints().as_chunks::<3>().0,
        "images": (0..body.num_joints()).map(mirrored).collect::<Vec<_>>(),
        "sides": (0..body.num_joints()).map(|joint| side_of(joint) as u8).collect::<Vec<_>>(),
    }))
}

/// Number of vertices of the left half, which come first, those of the midline included.
fn left_half(body: &BodyModel, axis: f32) -> usize {
    let rest = body.rest_vertices().as_chunks::<3>().0;
    let midline = rest.iter().filter(|v| (v[0] - axis).abs() < 1e-6).count();
    (rest.len() + midline) / 2
}

/// Triangles of the left half.
fn left_faces(body: &BodyModel, half: usize) -> Result<Vec<[u16; 3]>> {
    let small =
        |v: u32| u16::try_from(v).map_err(|_| Error::Internal { reason: "a body of over 65536 vertices".into() });
    let faces = body.faces();
    let left = faces.rows().into_iter().filter(|face| face.iter().all(|v| (*v as usize) < half));
    left.map(|face| Ok([small(face[0])?, small(face[1])?, small(face[2])?])).collect()
}

/// The joint of the other side.
fn mirrored(joint: usize) -> usize {
    let name = JOINT_NAMES.get(joint).map_or("", |name| *name);
    let other = match name.split_once('_') {
        Some(("left", part)) => format!("right_{part}"),
        Some(("right", part)) => format!("left_{part}"),
        _ => return joint,
    };
    JOINT_NAMES.iter().position(|name| *name == other).unwrap_or(joint)
}

/// The four joints with the largest weights, then their weights as integers with a sum of 255.
fn bones(weights: &[(u16, f32)]) -> [u8; 2 * BONES] {
    let mut out = [0; 2 * BONES];
    for (i, (joint, weight)) in top4_weights(weights).into_iter().enumerate() {
        out[i] = joint as u8;
        out[BONES + i] = (weight * 255.0).round() as u8;
    }
    // The largest weight makes up for rounding.
    let others: u8 = out[BONES + 1..].iter().sum();
    out[BONES] = 255 - others;
    out
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn shares_of_a_vertex_add_up_to_255() {
        assert_eq!(bones(&[(3, 1.0)]), [3, 0, 0, 0, 255, 0, 0, 0]);
        let got = bones(&[(1, 0.1), (2, 0.4), (5, 0.3), (7, 0.15), (9, 0.05)]);
        assert_eq!(got[..4], [2, 5, 7, 1]);
        assert_eq!(got[4..].iter().map(|v| u32::from(*v)).sum::<u32>(), 255);
    }

    /// The page holds the left half only; the vertices of the other come after it, in the same order.
    #[test]
    fn the_right_half_of_the_body_is_the_image_of_the_left() {
        let body = BodyModel::neutral();
        let (axis, rest) = (body.rest_joints()[0], body.rest_vertices().as_chunks::<3>().0);
        let half = left_half(body, axis);
        let mut images: Vec<usize> = (0..half).collect();
        let aside = (0..half).filter(|v| (rest[*v][0] - axis).abs() >= 1e-6);
        let right: Vec<usize> = aside.collect();
        right.iter().enumerate().for_each(|(i, v)| images[*v] = half + i);
        assert_eq!(half + right.len(), body.num_vertices());
        for v in right {
            let image = rest[images[v]];
            let off = [2.0 * axis - rest[v][0] - image[0], rest[v][1] - image[1], rest[v][2] - image[2]];
            assert!(off.iter().all(|d| d.abs() < 1e-5), "vertex {v}: {off:?}");
            let joints = body.weights()[v].iter().map(|(joint, share)| (mirrored((*joint).into()) as u16, *share));
            assert_eq!(joints.collect::<Vec<_>>(), body.weights()[images[v]], "vertex {v}");
        }
        let turned = |face: [usize; 3]| {
            let least = (0..3).min_by_key(|i| face[*i]).unwrap();
            [face[least], face[(least + 1) % 3], face[(least + 2) % 3]]
        };
        let left: Vec<[usize; 3]> = left_faces(body, half).unwrap().iter().map(|f| f.map(usize::from)).collect();
        let made = left.iter().flat_map(|f| [turned(*f), turned([images[f[2]], images[f[1]], images[f[0]]])]);
        let faces = body.faces();
        let stored = faces.rows().into_iter().map(|f| turned([f[0], f[1], f[2]].map(|v| v as usize)));
        let sorted = |mut faces: Vec<[usize; 3]>| {
            faces.sort_unstable();
            faces
        };
        assert_eq!(sorted(made.collect()), sorted(stored.collect()));
    }

    #[test]
    fn a_page_with_a_body_is_small_and_needs_no_network() {
        let features = Array2::from_shape_fn((3, 276), |(t, c)| ((t * 31 + c * 7) as f32 * 0.1).sin());
        let motion = Motion::from_features(features, 20.0).unwrap();
        let clip = SkinnedClip { motion: &motion, title: "</script>", metrics: &[("Jitter_Degree", 0.1)] };
        let page = html(&[clip, clip]).unwrap();
        assert!(page.len() < 200_000, "{} bytes", page.len());
        assert_eq!(page.matches("\"pose\"").count(), 2);
        for word in ["http:", "https:", "src=", "@import", "url(", "fetch("] {
            assert!(!page.contains(word), "{word}");
        }
        assert!(html(&[]).is_err());
    }
}

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
use crate::motion::skeleton::chain_rotations;

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

fn mesh_json(body: &BodyModel) -> Result<Value> {
    let rest = body.rest_vertices().as_chunks::<3>().0;
    let furthest = body.rest_vertices().iter().fold(0f32, |m, v| m.max(v.abs()));
    let (_, step) = grid(Vec3::splat(-furthest), Vec3::splat(furthest));
    let vertices: Vec<u8> = rest.iter().flat_map(|v| quantised(Vec3::from_array(*v), Vec3::ZERO, step)).collect();
    let small =
        |v: &u32| u16::try_from(*v).map_err(|_| Error::Internal { reason: "a body of over 65536 vertices".into() });
    let faces = body.faces().iter().map(small).collect::<Result<Vec<u16>>>()?;
    let faces: Vec<u8> = faces.into_iter().flat_map(u16::to_le_bytes).collect();
    Ok(json!({
        "step": step,
        "vertices": BASE64.encode(&vertices),
        "faces": BASE64.encode(&faces),
        "bones": BASE64.encode(body.weights().iter().flat_map(|weights| bones(weights)).collect::<Vec<_>>()),
        "joints": body.rest_joints().as_chunks::<3>().0,
        "sides": (0..body.num_joints()).map(|joint| side_of(joint) as u8).collect::<Vec<_>>(),
    }))
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

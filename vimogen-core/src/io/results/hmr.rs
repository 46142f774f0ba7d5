//! Motion recovered from video, as parameters in the frame of a camera.

use std::path::Path;

use super::{Found, Value, bad, find, up};
use crate::body::hmr::HmrParams;
use crate::error::Result;
use crate::format::tree::with_tree;
use crate::format::{extension, unknown_extension};
use crate::io::LoadOptions;
use crate::motion::UpAxis;
use crate::motion::hmr::intrinsic;
use crate::motion::layout::FPS;

const IDENTITY: [[f32; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
const EXTENSIONS: [&str; 7] = ["pt", "pth", "npz", "npy", "pkl", "pickle", "joblib"];

impl HmrParams {
    /// Reads the results of a program that recovers motion from video, as [`Motion::load`](crate::Motion::load) does, or a
    /// dict of `global_orient`, `body_pose` and `transl`, from `.pt`, `.npz`, `.npy` or `.pkl`. Parameters of a world are
    /// turned into the frame of a level camera at its origin.
    ///
    /// `focal_length`, `width` and `height`, all three or none, and `fps` may be scalars or have one entry per frame, of
    /// which the first is used; `K_fullimg` of GVHMR is read too.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound), [`Error::Io`](crate::Error::Io),
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for another extension or an impossible camera,
    /// [`Error::Format`](crate::Error::Format) for damaged or hostile files and missing entries,
    /// [`Error::Shape`](crate::Error::Shape), [`Error::NonFinite`](crate::Error::NonFinite).
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Self::load_with(path, &LoadOptions::default())
    }

    /// [`HmrParams::load`] with a rate, an axis that points up, or one of several persons.
    ///
    /// # Errors
    /// As [`HmrParams::load`].
    pub fn load_with(path: impl AsRef<Path>, options: &LoadOptions<'_>) -> Result<Self> {
        let path = path.as_ref();
        if !EXTENSIONS.contains(&extension(path).as_str()) {
            return Err(unknown_extension(path, EXTENSIONS));
        }
        with_tree(path, |tree| params(tree, options)).map_err(|e| e.with_path(path))
    }
}

fn params(tree: &Value<'_>, options: &LoadOptions<'_>) -> Result<HmrParams> {
    for key in ["global_orient", "body_pose", "transl"] {
        // A dict of such parameters that lacks one is not to be taken for something else.
        if tree.has(&["body_pose"]) || tree.has(&["global_orient"]) {
            super::parts::need(tree, key)?;
        }
    }
    let Found::Smpl(clip) = find(tree, options)? else {
        return Err(bad("it holds features or joints and not the parameters of a body: load it as a motion"));
    };
    let intrinsic = camera(tree)?;
    // A rate that nobody knows is that of the representation, as ever.
    let fps = clip.rate.choose(options, &clip.kind).map_or(FPS, |(fps, ..)| fps);
    let upright = clip.upright(options)?;
    let (smpl, axis) = (upright.smpl, upright.axis);
    if axis == UpAxis::MinusY {
        let body_pose = smpl.body_pose;
        let global_orient = clip.pose.slice(ndarray::s![.., ..3]).to_owned();
        return Ok(HmrParams { global_orient, body_pose, transl: clip.translation.clone(), intrinsic, fps });
    }
    // From the file's world to z up, and from there to the camera, whose turn back is its transpose.
    let turn = up::to_z_up(UpAxis::MinusY).transpose() * up::to_z_up(axis);
    let smpl = clip.turned(turn, None);
    Ok(HmrParams { global_orient: smpl.global_orient, body_pose: smpl.body_pose, transl: smpl.transl, intrinsic, fps })
}

/// The camera matrix, or the identity.
fn camera(tree: &Value<'_>) -> Result<[[f32; 3]; 3]> {
    let number = |name: &str| -> Option<f32> {
        let value = tree.get(name)?;
        value.number().map(|n| n as f32).or_else(|| value.array()?.to_f32().ok()?.first().copied())
    };
    match (number("focal_length"), number("width"), number("height")) {
        (Some(focal), Some(width), Some(height)) => return intrinsic(focal, width, height),
        (None, None, None) => {}
        _ => return Err(bad("it has a part of a camera only; focal_length, width and height belong together")),
    }
    let values = tree.get("K_fullimg").and_then(Value::array).filter(|k| k.shape().ends_with(&[3, 3]));
    let values = values.and_then(|k| k.to_f32().ok()).filter(|k| k.iter().take(9).all(|v| v.is_finite()));
    let matrix = values.and_then(|k| Some(*k.first_chunk::<9>()?));
    Ok(matrix.map_or(IDENTITY, |k| [[k[0], k[1], k[2]], [k[3], k[4], k[5]], [k[6], k[7], k[8]]]))
}

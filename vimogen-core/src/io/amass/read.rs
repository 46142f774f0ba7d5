//! Reading npz files in the layout of AMASS.

use std::path::Path;

use crate::body::BodyModel;
use crate::error::Result;
use crate::format::tree::with_tree;
use crate::io::{LoadOptions, results};
use crate::motion::Motion;

/// Reads a clip from an npz file in the layout of AMASS: `poses` (T, 72, 156 or 165; or (T, K, 3)), or `root_orient` and
/// `pose_body`; `trans` (T, 3), metres, z up, or y up where the body stands along y; `mocap_frame_rate` or
/// `mocap_framerate`. The rotations of hands and face are left out.
///
/// Joint positions are those of `body` with the file's `betas`; the neutral body has no betas. All frames are kept; the
/// steps of the last frame are zero.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound), [`Error::Io`](crate::Error::Io), [`Error::Format`](crate::Error::Format)
/// for damaged files, missing arrays and files of a shape alone, [`Error::InvalidArgument`](crate::Error::InvalidArgument)
/// without a rate, [`Error::Shape`](crate::Error::Shape), [`Error::NonFinite`](crate::Error::NonFinite).
pub fn load(path: impl AsRef<Path>, body: &BodyModel) -> Result<Motion> {
    with_tree(path.as_ref(), |tree| results::read_amass(tree, &LoadOptions::default().with_body(body)))
}

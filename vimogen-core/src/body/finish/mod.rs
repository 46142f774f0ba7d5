//! Finishing a clip: one skeleton, feet that stand where they stand, nothing below the ground.
//!
//! Four steps. Rotations follow the joint positions ([`follow`]). Stands of each foot are found ([`contact`]). The path of
//! each foot is replaced by the one that bends least differently and rests while the foot stands ([`curve`]); its height
//! follows from the surface of the built-in body ([`sole`]). Hip and knee follow by inverse kinematics, and the pelvis is
//! raised or lowered smoothly so that legs reach.

mod contact;
mod curve;
mod follow;
mod plant;
mod sole;

use super::Track;
use crate::declare::named_enum;
use crate::error::Result;
use crate::motion::{Motion, Skeleton};
pub(crate) use curve::Curve;
pub(crate) use plant::{Binding, Stands, body_low, lift, plant, plant_as, standing};
pub(crate) use sole::{Posed as JointPlaces, Soles, worn};

named_enum! {
    /// Finish of a generated motion.
    pub enum Finish("finish", default Raw) {
        /// The values as sampled: joints, rotations and steps of a frame disagree slightly, and feet slide.
        Raw = "raw",
        /// One skeleton whose joints are those of its rotations; standing feet stand, and nothing is below the ground.
        Feet = "feet",
    }
}

impl Track {
    /// The clip on `skeleton` (its own without one), with rotations that follow its joint positions.
    ///
    /// # Errors
    /// Those of [`crate::motion::codec::decode`].
    pub(crate) fn following(motion: &Motion, skeleton: Option<&Skeleton>) -> Result<Self> {
        let (mut track, places) = Self::with_places(motion)?;
        if let Some(skeleton) = skeleton {
            track = Self::new(*skeleton, track.poses, track.fps);
        }
        for (pose, places) in track.poses.iter_mut().zip(&places) {
            *pose = follow::follow(&track.skeleton, pose, places);
        }
        Ok(track)
    }
}

/// The finished clip: see the module.
///
/// # Errors
/// [`Error::NonFinite`](crate::Error::NonFinite) for a clip whose sums of steps overflow.
pub(crate) fn finish(motion: &Motion, skeleton: Option<&Skeleton>) -> Result<Motion> {
    let mut track = Track::following(motion, skeleton)?;
    plant(&track.skeleton, &mut track.poses, track.fps, None, &Binding::none);
    track.to_motion()
}

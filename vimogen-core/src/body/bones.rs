//! The same movement on the bones of the neutral body.

use super::neutral::{NEUTRAL, SHIN, THIGH};
use super::track::Track;
use crate::error::Result;
use crate::motion::skeleton::joint;
use crate::motion::{Motion, Skeleton};

/// Ratio of lengths that counts as a body of its own, not as the rounding of a file.
const RATIOS: std::ops::RangeInclusive<f32> = 0.05..=20.0;

impl Motion {
    /// The clip on the neutral body: joint rotations stay, the path of the pelvis is scaled by the length of the legs, so
    /// that steps fit the new legs.
    ///
    /// # Errors
    /// [`Error::NonFinite`](crate::Error::NonFinite) for a clip whose sums of steps overflow.
    pub fn on_neutral_bones(&self) -> Result<Self> {
        let mut track = Track::of(self)?;
        let scale = (THIGH + SHIN) / legs(&track.skeleton);
        // A clip without legs keeps its size.
        let scale = if RATIOS.contains(&scale) { scale } else { 1.0 };
        track.poses.iter_mut().for_each(|pose| pose.root *= scale);
        Track::new(NEUTRAL, track.poses, track.fps).to_motion()
    }
}

/// Mean length of the legs from hip to ankle, metres.
fn legs(skeleton: &Skeleton) -> f32 {
    let bones = [joint::LEFT_KNEE, joint::RIGHT_KNEE, joint::LEFT_ANKLE, joint::RIGHT_ANKLE];
    bones.iter().map(|bone| skeleton.offsets[*bone].length()).sum::<f32>() / 2.0
}

#[cfg(test)]
mod tests {
    use super::super::refit::tests::march;
    use super::*;

    #[test]
    fn a_small_person_takes_the_steps_of_the_neutral_body() {
        let clip = march(30, 0.02);
        let mut small = Track::of(&clip).unwrap();
        small.skeleton.offsets.iter_mut().for_each(|offset| *offset *= 0.5);
        small.poses.iter_mut().for_each(|pose| pose.root *= 0.5);
        let back = small.to_motion().unwrap().on_neutral_bones().unwrap();
        let far = (&back.joints() - &clip.joints()).iter().fold(0.0f32, |far, d| far.max(d.abs()));
        assert!(far < 1e-3, "{far}");
        assert_eq!((back.len(), back.fps()), (clip.len(), clip.fps()));
    }
}

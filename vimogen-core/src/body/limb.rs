//! Arms and legs: moving a hand or a foot by turning the two joints above it.

use glam::{Quat, Vec3};

use crate::motion::skeleton::joint::{
    LEFT_ANKLE, LEFT_ELBOW, LEFT_HIP, LEFT_KNEE, LEFT_SHOULDER, LEFT_WRIST, RIGHT_ANKLE, RIGHT_ELBOW, RIGHT_HIP,
    RIGHT_KNEE, RIGHT_SHOULDER, RIGHT_WRIST,
};
use crate::motion::{Pose, Skeleton};

/// Maximum stretch of a limb as a share of its length.
const REACH: f32 = 0.999;

/// Two bones that end in a hand or a foot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Limb {
    /// Hip or shoulder.
    pub upper: usize,
    /// Knee or elbow.
    pub middle: usize,
    /// Ankle or wrist.
    pub end: usize,
    /// Axis about which a straight limb bends, in the axes of the upper bone.
    hinge: Vec3,
}

impl Limb {
    pub(crate) const LEFT_LEG: Self = Self { upper: LEFT_HIP, middle: LEFT_KNEE, end: LEFT_ANKLE, hinge: Vec3::X };
    pub(crate) const RIGHT_LEG: Self = Self { upper: RIGHT_HIP, middle: RIGHT_KNEE, end: RIGHT_ANKLE, hinge: Vec3::X };
    pub(crate) const LEFT_ARM: Self =
        Self { upper: LEFT_SHOULDER, middle: LEFT_ELBOW, end: LEFT_WRIST, hinge: Vec3::NEG_Y };
    pub(crate) const RIGHT_ARM: Self =
        Self { upper: RIGHT_SHOULDER, middle: RIGHT_ELBOW, end: RIGHT_WRIST, hinge: Vec3::Y };

    /// All four.
    pub(crate) const ALL: [Self; 4] = [Self::LEFT_LEG, Self::RIGHT_LEG, Self::LEFT_ARM, Self::RIGHT_ARM];

    /// Turns hip and knee, or shoulder and elbow, so that the end moves by `pull`, or as far as it reaches. Hand and foot
    /// keep their orientation in the world.
    pub(crate) fn pull(&self, skeleton: &Skeleton, pose: &mut Pose, pull: Vec3) {
        let (turns, places) = skeleton.fk(pose.root, pose.rotations);
        let (thigh, shin) = (places[self.middle] - places[self.upper], places[self.end] - places[self.middle]);
        let target = places[self.end] + pull - places[self.upper];
        let (a, b) = (thigh.length(), shin.length());
        if a < 1e-3 || b < 1e-3 || target.length() < 1e-3 {
            return;
        }
        let distance = target.length().clamp((a - b).abs() + 1e-3, REACH * (a + b));
        let bent = |d: f32| ((a * a + b * b - d * d) / (2.0 * a * b)).clamp(-1.0, 1.0).acos();
        // The limb's own hinge where it is bent, the anatomical one where it is all but straight.
        let side = turns[self.upper] * self.hinge;
        let hinge = thigh.cross(shin);
        let hinge = if hinge.length() > 0.02 * a * b { hinge.normalize_or(side) } else { side };
        // A smaller angle within the middle joint turns the lower bone on about the hinge.
        let middle_turn = Quat::from_axis_angle(hinge, bent((thigh + shin).length()) - bent(distance));
        let limb = thigh + middle_turn * shin;
        let Some((from, to)) = limb.try_normalize().zip(target.try_normalize()) else { return };
        let upper_turn = Quat::from_rotation_arc(from, to);
        let upper_now = (upper_turn * turns[self.upper]).normalize();
        let middle_now = (upper_turn * middle_turn * turns[self.middle]).normalize();
        let above = skeleton.parents[self.upper].map_or(Quat::IDENTITY, |parent| turns[parent]);
        pose.rotations[self.upper] = above.inverse() * upper_now;
        pose.rotations[self.middle] = upper_now.inverse() * middle_now;
        pose.rotations[self.end] = middle_now.inverse() * turns[self.end];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::NEUTRAL;
    use crate::motion::layout::JOINTS;

    #[test]
    fn hands_and_feet_go_where_they_are_pulled() {
        for limb in Limb::ALL {
            let mut pose = Pose { root: Vec3::Z, rotations: [Quat::IDENTITY; JOINTS] };
            let before = NEUTRAL.fk(pose.root, pose.rotations);
            let inward = (before.1[limb.upper] - before.1[limb.end]) * 0.3 + Vec3::new(0.02, 0.05, 0.1);
            limb.pull(&NEUTRAL, &mut pose, inward);
            let after = NEUTRAL.fk(pose.root, pose.rotations);
            let want = before.1[limb.end] + inward;
            assert!(after.1[limb.end].distance(want) < 1e-3, "{limb:?}: {} {want}", after.1[limb.end]);
            assert!(after.0[limb.end].angle_between(before.0[limb.end]) < 1e-3);
            // Knees bend backwards, elbows forwards.
            let bend = after.1[limb.middle].z - 0.5 * (after.1[limb.upper].z + after.1[limb.end].z);
            assert!(if limb.upper < 3 { bend > 0.0 } else { bend < 0.0 }, "{limb:?}: {bend}");
            // Beyond reach the limb is stretched towards the target.
            limb.pull(&NEUTRAL, &mut pose, Vec3::Z * 3.0);
            let (_, places) = NEUTRAL.fk(pose.root, pose.rotations);
            let length = NEUTRAL.offsets[limb.middle].length() + NEUTRAL.offsets[limb.end].length();
            assert!(places[limb.end].distance(places[limb.upper]) > 0.99 * length);
        }
    }
}

//! Whether a clip that was read can be the motion of a human: warnings that name the option which may mend it.

use glam::DVec3;
use ndarray::ArrayView3;

use super::up::quantile;
use crate::body::REST_OFFSETS;
use crate::error::{Error, Result, all_finite};
use crate::motion::skeleton::joint::{
    HEAD, LEFT_ANKLE, LEFT_ELBOW, LEFT_FOOT, LEFT_HIP, LEFT_KNEE, LEFT_WRIST, NECK, PELVIS, RIGHT_ANKLE, RIGHT_ELBOW,
    RIGHT_FOOT, RIGHT_HIP, RIGHT_KNEE, RIGHT_WRIST, SPINE1, SPINE2, SPINE3,
};
use crate::motion::skeleton::{JOINT_NAMES, PARENTS};

/// Stature of the neutral body, metres.
pub(super) const STATURE: f64 = 1.70;
/// Statures of adults, metres.
pub(in crate::io) const ADULTS: std::ops::Range<f64> = 1.2..2.3;
/// Speed of the pelvis that no human reaches, metres per second.
const FASTEST: f64 = 12.0;
/// Change of a limb's length, relative to its median, that no bone has.
const STRETCH: f64 = 0.05;
/// Maximum number of frames of which poses are looked at.
const SAMPLES: usize = 128;
/// The joints at the far ends of limbs.
const LIMBS: [usize; 8] =
    [LEFT_KNEE, RIGHT_KNEE, LEFT_ANKLE, RIGHT_ANKLE, LEFT_ELBOW, RIGHT_ELBOW, LEFT_WRIST, RIGHT_WRIST];

/// Doubts about a clip, one sentence each; each names the option that may mend it.
///
/// # Shapes
/// - `joints`: `[frames, 22, 3]`, metres, z up
///
/// # Errors
/// [`Error::Format`] naming `format` for joints that no body has: not finite, or all in one place.
pub(in crate::io) fn check(format: &'static str, joints: &ArrayView3<'_, f32>, fps: f32) -> Result<Vec<String>> {
    if joints.outer_iter().any(|frame| !all_finite(&frame)) {
        return Err(Error::format(format, "it has joints at places that are not finite numbers"));
    }
    let clip = Clip { joints };
    let stature = clip.stature();
    if stature < 1e-6 {
        return Err(Error::format(format, "all its joints are in one place"));
    }
    let found = [tall(stature), clip.upright(), clip.mirrored(), clip.speed(fps), clip.stretch()];
    Ok(found.into_iter().flatten().collect())
}

/// Stature, from legs and trunk in the proportions of the neutral body; without a neck, from the legs.
///
/// `length` gives the length of the bone that ends at a joint, 0 for a joint that is missing.
pub(in crate::io) fn stature(length: impl Fn(usize) -> f64) -> f64 {
    let trunk = if length(NECK) > 0.0 { 1.0 } else { 0.0 };
    let size = |length: &dyn Fn(usize) -> f64| {
        let legs = [LEFT_KNEE, LEFT_ANKLE, RIGHT_KNEE, RIGHT_ANKLE].into_iter().map(length).sum::<f64>();
        0.5 * legs + trunk * [SPINE1, SPINE2, SPINE3, NECK].into_iter().map(length).sum::<f64>()
    };
    let ours = size(&|joint| f64::from(REST_OFFSETS[joint].length()));
    STATURE * size(&length) / ours
}

fn tall(stature: f64) -> Option<String> {
    let doubt = format!("the body is {stature:.2} m tall, people are 1.2 to 2.3 m; unit= gives the unit of the file");
    (!ADULTS.contains(&stature)).then_some(doubt)
}

struct Clip<'a> {
    joints: &'a ArrayView3<'a, f32>,
}

impl Clip<'_> {
    fn at(&self, t: usize, joint: usize) -> DVec3 {
        DVec3::from_array(std::array::from_fn(|c| f64::from(self.joints[[t, joint, c]])))
    }

    fn frames(&self) -> usize {
        self.joints.shape()[0]
    }

    /// Frames spread over the clip.
    fn samples(&self) -> impl Iterator<Item = usize> + Clone {
        (0..self.frames()).step_by(self.frames().div_ceil(SAMPLES).max(1))
    }

    fn bone(&self, t: usize, joint: usize) -> f64 {
        PARENTS[joint].map_or(0.0, |parent| self.at(t, joint).distance(self.at(t, parent)))
    }

    fn median(&self, value: impl Fn(usize) -> f64) -> f64 {
        quantile(&mut self.samples().map(value).collect::<Vec<_>>(), 0.5)
    }

    fn stature(&self) -> f64 {
        stature(|joint| self.median(|t| self.bone(t, joint)))
    }

    /// Whether head and trunk are above the pelvis in the frames in which the legs are stretched.
    fn upright(&self) -> Option<String> {
        let leg = self.median(|t| self.bone(t, LEFT_KNEE) + self.bone(t, LEFT_ANKLE));
        let stands = |t: &usize| {
            let legs = [(LEFT_HIP, LEFT_ANKLE), (RIGHT_HIP, RIGHT_ANKLE)];
            legs.into_iter().any(|(hip, ankle)| self.at(*t, hip).distance(self.at(*t, ankle)) > 0.85 * leg)
        };
        let rise = |t: usize| (self.at(t, HEAD) - self.at(t, PELVIS)).normalize_or_zero().z;
        let rises: Vec<f64> = self.samples().filter(stands).map(rise).collect();
        let share = |low: &dyn Fn(f64) -> bool| {
            100.0 * rises.iter().filter(|rise| low(**rise)).count() as f64 / rises.len().max(1) as f64
        };
        let (below, level) = (share(&|rise| rise < 0.0), share(&|rise| rise.abs() < 0.5));
        if below > 50.0 {
            Some(format!(
                "the head is below the pelvis in {below:.0} % of the frames with straight legs; up= turns the clip"
            ))
        } else if level > 80.0 {
            Some(format!("the body lies in {level:.0} % of the frames with straight legs; up= turns the clip"))
        } else {
            None
        }
    }

    /// Whether knees and feet point backwards for someone whose left is at the joints that are named left.
    fn mirrored(&self) -> Option<String> {
        let (mut ahead, mut all) = (0, 0);
        for t in self.samples() {
            let left = self.at(t, LEFT_HIP) - self.at(t, RIGHT_HIP);
            let front = left.cross(self.at(t, NECK) - self.at(t, PELVIS)).normalize_or_zero();
            for (hip, knee, ankle, foot) in
                [(LEFT_HIP, LEFT_KNEE, LEFT_ANKLE, LEFT_FOOT), (RIGHT_HIP, RIGHT_KNEE, RIGHT_ANKLE, RIGHT_FOOT)]
            {
                let [hip, knee, ankle, foot] = [hip, knee, ankle, foot].map(|joint| self.at(t, joint));
                let toes = (foot - ankle).normalize_or_zero().dot(front);
                let bend = (knee - hip).normalize_or_zero() - (ankle - knee).normalize_or_zero();
                // Straight knees and feet on their toes have no direction.
                for points in [toes, bend.dot(front)].into_iter().filter(|points| points.abs() > 0.25) {
                    all += 1;
                    ahead += usize::from(points > 0.0);
                }
            }
        }
        let doubt = "knees and feet point backwards: left and right are exchanged, or the axes are mirrored; names= \
                     says which joint is which";
        (all > 0 && 4 * ahead < all).then(|| doubt.into())
    }

    fn speed(&self, fps: f32) -> Option<String> {
        let speed = |t: usize| self.at(t, PELVIS).distance(self.at(t - 1, PELVIS)) * f64::from(fps);
        let (t, top) = (1..self.frames()).map(|t| (t, speed(t))).max_by(|a, b| a.1.total_cmp(&b.1))?;
        let doubt =
            format!("the pelvis moves at {top:.0} m/s in frame {t}, people at up to 12; fps= or unit= may mend it");
        (top > FASTEST).then_some(doubt)
    }

    fn stretch(&self) -> Option<String> {
        let change = |joint: usize| {
            let mut lengths: Vec<f64> = self.samples().map(|t| self.bone(t, joint)).collect();
            let (low, high) = (quantile(&mut lengths, 0.02), quantile(&mut lengths, 0.98));
            (high - low) / quantile(&mut lengths, 0.5).max(f64::MIN_POSITIVE)
        };
        let worst = LIMBS.into_iter().map(|joint| (joint, change(joint))).max_by(|a, b| a.1.total_cmp(&b.1))?;
        let (joint, percent) = (JOINT_NAMES[worst.0], 100.0 * worst.1);
        let doubt =
            format!("the bone to {joint} changes its length by {percent:.0} %; names= says which joint is which");
        (worst.1 > STRETCH).then_some(doubt)
    }
}

#[cfg(test)]
mod tests {
    use glam::{Quat, Vec3};
    use ndarray::Array3;

    use super::*;
    use crate::body::{NEUTRAL, REST_TO_WORLD};
    use crate::motion::layout::JOINTS;

    /// A clip of the neutral body that walks ahead at 1 m/s, knees bent a little, at 20 frames per second.
    fn walk(scale: f32, turn: Quat) -> Array3<f32> {
        let mut local = [Quat::IDENTITY; JOINTS];
        local[PELVIS] = Quat::from_mat3(&REST_TO_WORLD);
        local[LEFT_KNEE] = Quat::from_rotation_x(0.5);
        Array3::from_shape_fn((40, JOINTS, 3), |(t, j, c)| {
            let root = Vec3::new(0.0, 0.05 * t as f32, 0.95);
            (turn * NEUTRAL.fk(root, local).1[j] * scale)[c]
        })
    }

    fn doubts(joints: &Array3<f32>, fps: f32) -> Vec<String> {
        check("BVH", &joints.view(), fps).unwrap()
    }

    #[track_caller]
    fn assert_doubts(joints: &Array3<f32>, fps: f32, options: &[&str]) {
        let doubts = doubts(joints, fps);
        assert_eq!(doubts.len(), options.len(), "{doubts:?}");
        for (doubt, option) in doubts.iter().zip(options) {
            assert!(doubt.contains(option), "{option}: {doubt}");
        }
    }

    #[test]
    fn a_walk_passes_the_gate() {
        assert_doubts(&walk(1.0, Quat::IDENTITY), 20.0, &[]);
        assert!((Clip { joints: &walk(1.0, Quat::IDENTITY).view() }.stature() - STATURE).abs() < 1e-3);
    }

    #[test]
    fn sizes_rates_and_axes_of_no_human_are_named_with_the_option_that_mends_them() {
        assert_doubts(&walk(0.4, Quat::IDENTITY), 20.0, &["unit="]);
        assert_doubts(&walk(1.0, Quat::IDENTITY), 2000.0, &["fps="]);
        assert_doubts(&walk(1.0, Quat::from_rotation_x(std::f32::consts::PI)), 20.0, &["up="]);
        assert_doubts(&walk(1.0, Quat::from_rotation_x(std::f32::consts::FRAC_PI_2)), 20.0, &["up="]);
    }

    #[test]
    fn mirrored_axes_and_exchanged_sides_are_named() {
        let mut mirrored = walk(1.0, Quat::IDENTITY);
        mirrored.slice_mut(ndarray::s![.., .., 0]).mapv_inplace(|x| -x);
        assert_doubts(&mirrored, 20.0, &["names="]);
    }

    #[test]
    fn a_limb_that_stretches_is_named() {
        let mut stretched = walk(1.0, Quat::IDENTITY);
        (0..40).for_each(|t| stretched[[t, LEFT_WRIST, 0]] += 0.003 * t as f32);
        let doubts = doubts(&stretched, 20.0);
        assert!(doubts.len() == 1 && doubts[0].contains("left_wrist"), "{doubts:?}");
    }

    #[test]
    fn what_cannot_be_a_body_is_refused() {
        assert!(
            check("BVH", &Array3::zeros((3, JOINTS, 3)).view(), 20.0).unwrap_err().to_string().contains("one place")
        );
        let mut joints = walk(1.0, Quat::IDENTITY);
        joints[[3, 4, 1]] = f32::NAN;
        assert!(check("BVH", &joints.view(), 20.0).unwrap_err().to_string().contains("finite"));
    }
}

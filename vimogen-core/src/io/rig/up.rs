//! Which axis of a file points up, from the way its body moves.

use glam::{DMat3, DVec3};
use ndarray::ArrayView3;

use crate::motion::UpAxis;
use crate::motion::axes::SWAP;
use crate::motion::skeleton::joint::{LEFT_ANKLE, LEFT_KNEE, NECK, PELVIS, RIGHT_ANKLE};

/// All axes that may point up, the usual ones first.
pub(in crate::io) const AXES: [UpAxis; 6] =
    [UpAxis::Y, UpAxis::Z, UpAxis::X, UpAxis::MinusY, UpAxis::MinusZ, UpAxis::MinusX];
/// Minimum cosine of the angle between the body and the axis for which a frame counts.
const ALONG: f64 = 0.72;
/// Minimum share of the frames that leaves no doubt.
const SURE: f64 = 0.6;
/// Maximum number of frames that are looked at.
const SAMPLES: usize = 512;
/// Change of the lowest joint's height, in leg lengths, that halves the trust in a floor.
const FLOOR: f64 = 0.15;

/// Evidence of a motion for the axis that points up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::io) struct UpVote {
    /// The axis that most likely points up.
    pub axis: UpAxis,
    /// Share of the frames in which the body, from its ankles to its neck, points along that axis.
    pub share: f64,
    /// Whether the frames agree, and the body does not crawl or climb along the axis.
    pub sure: bool,
}

/// The unit vector of an axis.
pub(in crate::io) fn vector(axis: UpAxis) -> DVec3 {
    match axis {
        UpAxis::X => DVec3::X,
        UpAxis::Y => DVec3::Y,
        UpAxis::Z => DVec3::Z,
        UpAxis::MinusX => DVec3::NEG_X,
        UpAxis::MinusY => DVec3::NEG_Y,
        UpAxis::MinusZ => DVec3::NEG_Z,
    }
}

/// The direction that a figure usually faces in files with this axis up
/// (+z in BVH and glTF, -y in Blender, towards the camera in its frame).
pub(in crate::io) fn usual_front(up: UpAxis) -> DVec3 {
    match up {
        UpAxis::Y => DVec3::Z,
        UpAxis::Z => DVec3::NEG_Y,
        UpAxis::X | UpAxis::MinusX => DVec3::Y,
        UpAxis::MinusY => DVec3::NEG_Z,
        UpAxis::MinusZ => DVec3::Y,
    }
}

/// Rotation from the axes of a figure (x left, y up, z ahead) to those of a file in which it faces `front`.
pub(in crate::io) fn figure(up: UpAxis, front: DVec3) -> DMat3 {
    let up = vector(up);
    DMat3::from_cols(up.cross(front), up, front)
}

/// Rotation from the axes of a file to vimogen's world, for a file whose figures have their usual front.
pub(in crate::io) fn to_world(up: UpAxis) -> DMat3 {
    SWAP.as_dmat3() * figure(up, usual_front(up)).transpose()
}

/// The axis that points up in a motion: the one along which the body stands in most frames and, where frames disagree,
/// the one along which the lowest joint stays at its height. `None` without a finite frame.
///
/// # Shapes
/// - `joints`: `[frames, 22, 3]`, in the axes and the unit of the file
pub(in crate::io) fn from_motion(joints: &ArrayView3<'_, f32>) -> Option<UpVote> {
    let mut tally = Tally::default();
    let step = joints.shape()[0].div_ceil(SAMPLES).max(1);
    for t in (0..joints.shape()[0]).step_by(step) {
        let at = |j: usize| DVec3::from_array(std::array::from_fn(|c| f64::from(joints[[t, j, c]])));
        tally.add(at, joints.shape()[1]);
    }
    tally.vote()
}

/// The frames of a motion, axis by axis.
#[derive(Default)]
struct Tally {
    frames: usize,
    /// Frames in which the body stands along each axis.
    along: [usize; 6],
    /// Height of the lowest joint along each axis.
    lowest: [Vec<f64>; 6],
    shins: Vec<f64>,
}

impl Tally {
    fn add(&mut self, at: impl Fn(usize) -> DVec3, joints: usize) {
        let ankles = 0.5 * (at(LEFT_ANKLE) + at(RIGHT_ANKLE));
        let (trunk, legs) = (at(NECK) - at(PELVIS), at(PELVIS) - ankles);
        // Trunk and legs count alike: who sits or bows is upright still.
        let body = (trunk.normalize_or_zero() + legs.normalize_or_zero()).normalize_or_zero();
        if !(0..joints).all(|j| at(j).is_finite()) || body == DVec3::ZERO {
            return;
        }
        self.frames += 1;
        self.shins.push(at(LEFT_KNEE).distance(at(LEFT_ANKLE)));
        for (i, axis) in AXES.map(vector).into_iter().enumerate() {
            self.along[i] += usize::from(body.dot(axis) > ALONG);
            self.lowest[i].push((0..joints).map(|j| at(j).dot(axis)).fold(f64::INFINITY, f64::min));
        }
    }

    fn vote(mut self) -> Option<UpVote> {
        if self.frames == 0 {
            return None;
        }
        let leg = 2.0 * quantile(&mut self.shins, 0.5).max(f64::MIN_POSITIVE);
        let share = self.along.map(|count| count as f64 / self.frames as f64);
        let floor = self.lowest.map(|mut heights| {
            let spread = quantile(&mut heights, 0.9) - quantile(&mut heights, 0.1);
            1.0 / (1.0 + (spread / leg / FLOOR).powi(2))
        });
        let best = (0..6).fold(0, |best, i| {
            let score = |i: usize| share[i] + 0.5 * floor[i];
            if score(i) > score(best) { i } else { best }
        });
        // A body that moves along itself and keeps its height along another axis crawls or swims; or it climbs.
        let crawls = floor[best] < 0.3 && floor.iter().any(|floor| *floor > 0.8);
        Some(UpVote { axis: AXES[best], share: share[best], sure: share[best] >= SURE && !crawls })
    }
}

/// Quantile of `values` at `share`.
pub(super) fn quantile(values: &mut [f64], share: f64) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let at = (share * (values.len() - 1) as f64).round() as usize;
    *values.select_nth_unstable_by(at, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use glam::{Quat, Vec3};
    use ndarray::Array3;

    use super::*;
    use crate::body::NEUTRAL;
    use crate::motion::layout::JOINTS;

    /// The neutral body, y up, with its joints turned by `pose`; it moves along z.
    fn clip(pose: impl Fn(usize) -> [Quat; JOINTS]) -> Array3<f32> {
        Array3::from_shape_fn((40, JOINTS, 3), |(t, j, c)| {
            NEUTRAL.fk(Vec3::new(0.0, 0.9, 0.03 * t as f32), pose(t)).1[j][c]
        })
    }

    fn standing(_: usize) -> [Quat; JOINTS] {
        [Quat::IDENTITY; JOINTS]
    }

    /// `clip` in the axes of a file in which `up` is up.
    fn in_axes(clip: &Array3<f32>, up: UpAxis) -> Array3<f32> {
        let turn = figure(up, usual_front(up));
        Array3::from_shape_fn(clip.raw_dim(), |(t, j, c)| {
            let place = DVec3::from_array(std::array::from_fn(|c| f64::from(clip[[t, j, c]])));
            (turn * place)[c] as f32
        })
    }

    #[test]
    fn a_standing_body_points_up_along_any_axis() {
        for up in AXES {
            let vote = from_motion(&in_axes(&clip(standing), up).view()).unwrap();
            assert_eq!((vote.axis, vote.share, vote.sure), (up, 1.0, true));
            let turn = to_world(up);
            assert!((turn * vector(up)).abs_diff_eq(DVec3::Z, 1e-12) && (turn.determinant() - 1.0).abs() < 1e-12);
            assert!((turn * usual_front(up)).abs_diff_eq(DVec3::Y, 1e-12), "{up}");
        }
    }

    #[test]
    fn where_frames_disagree_the_floor_decides_and_doubt_stays() {
        // The body is level in half of the frames, and moves along z.
        let falling = |t: usize| {
            let mut pose = standing(t);
            pose[PELVIS] = Quat::from_rotation_x(if t.is_multiple_of(2) { 0.0 } else { std::f32::consts::FRAC_PI_2 });
            pose
        };
        let mut falling = clip(falling);
        for t in 0..40 {
            let lowest = (0..JOINTS).map(|j| falling[[t, j, 1]]).fold(f32::INFINITY, f32::min);
            (0..JOINTS).for_each(|j| falling[[t, j, 1]] -= lowest);
        }
        for up in AXES {
            let vote = from_motion(&in_axes(&falling, up).view()).unwrap();
            assert_eq!((vote.axis, vote.sure), (up, false));
        }
    }

    #[test]
    fn a_body_that_moves_along_itself_leaves_doubt() {
        let crawling = |t: usize| {
            let mut pose = standing(t);
            pose[PELVIS] = Quat::from_rotation_x(std::f32::consts::FRAC_PI_2);
            pose
        };
        assert!(!from_motion(&clip(crawling).view()).unwrap().sure);
    }

    #[test]
    fn frames_that_are_not_finite_do_not_count() {
        let mut joints = clip(standing);
        joints[[0, 3, 1]] = f32::NAN;
        assert_eq!(from_motion(&joints.view()).unwrap().share, 1.0);
        assert_eq!(from_motion(&Array3::from_elem((3, JOINTS, 3), f32::NAN).view()), None);
        assert_eq!(from_motion(&Array3::zeros((0, JOINTS, 3)).view()), None);
    }
}

//! Bending a clip to a path on the ground.

use glam::{Quat, Vec2};

use super::heading::heading;
use crate::body::Track;
use crate::error::{Error, Result};
use crate::motion::smooth::gaussian_kernel;
use crate::motion::{Motion, Pose, Skeleton};

/// Time over which the sway of a walk is averaged out of its path, seconds.
const SWAY: f32 = 0.3;
/// Distance over which corners of a path are rounded, metres.
const CORNER: f32 = 0.2;
/// Distance between the points of a path after rounding, metres.
const STEP: f32 = 0.02;
/// Maximum length of a path, metres.
const LONGEST: f32 = 1e4;
/// Speed below which a clip stays where it is, metres per second.
const STANDING: f32 = 0.15;
/// Stretch of the clip's own path that still looks like the same gait.
const STRETCH: std::ops::RangeInclusive<f32> = 0.6..=1.6;

impl Motion {
    /// The clip along a path: points on the ground, metres, x to the right and y forward, of which the first is where the
    /// clip starts. The person keeps their heading relative to the path: who walks backwards walks backwards along it.
    /// Corners are rounded, and standing feet are kept in place. The steps are stretched so that the clip ends where the
    /// path does.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for fewer than two points, for points that are not finite, for a clip that stays in
    /// place, and for a path whose length is not 0.6 to 1.6 times that of the clip's own: repeat, trim or retime the clip
    /// first.
    pub fn along(&self, path: &[[f32; 2]]) -> Result<Self> {
        let path = Curve::rounded(path)?;
        let mut track = Track::of(self)?;
        let own = OwnPath::of(&track.poses, &track.skeleton, track.fps);
        let (ours, length) = (own.length(), path.length());
        if ours < 0.1 {
            return Err(Error::invalid("motion", "it stays in place, so there is no path to bend"));
        }
        let stretch = length / ours;
        if !STRETCH.contains(&stretch) {
            let reason = format!(
                "it is {length:.2} m long, and the clip walks {ours:.2} m; a factor from {} to {} is possible: repeat, trim \
                 or retime the clip first",
                STRETCH.start(),
                STRETCH.end()
            );
            return Err(Error::invalid("path", reason));
        }
        for (t, pose) in track.poses.iter_mut().enumerate() {
            let (place, direction) = path.at(own.distances[t] * stretch);
            let turn = Quat::from_rotation_z(direction - own.directions[t]);
            let aside = turn * (pose.root.truncate() - own.places[t]).extend(pose.root.z);
            pose.root = aside + place.extend(0.0);
            pose.rotations[0] = (turn * pose.rotations[0]).normalize();
        }
        track.lock_feet(|_| 1.0);
        track.to_motion()
    }
}

/// The path that a clip takes by itself.
pub(crate) struct OwnPath {
    /// The root without the sway of the body.
    pub places: Vec<Vec2>,
    /// Distance covered so far, metres.
    pub distances: Vec<f32>,
    /// Direction of travel, radians; while the clip stands, that before or after.
    pub directions: Vec<f32>,
}

impl OwnPath {
    pub fn of(poses: &[Pose], skeleton: &Skeleton, fps: f32) -> Self {
        let roots: Vec<Vec2> = poses.iter().map(|pose| pose.root.truncate()).collect();
        let places = smooth(&roots, SWAY * fps);
        let distances = distances(&places);
        let step = |t: usize| places[(t + 1).min(places.len() - 1)] - places[t.saturating_sub(1)];
        let known: Vec<Option<f32>> = (0..places.len())
            .map(|t| Some(step(t)).filter(|step| step.length() * 0.5 * fps > STANDING).map(Vec2::to_angle))
            .collect();
        let facing = |pose: &Pose| heading(&skeleton.fk(pose.root, pose.rotations).1);
        let first = known.iter().flatten().next().copied().or_else(|| facing(&poses[0])).unwrap_or_default();
        let mut direction = first;
        let directions = known.into_iter().map(|next| {
            direction = next.unwrap_or(direction);
            direction
        });
        Self { distances, directions: directions.collect(), places }
    }

    /// Length of the whole path, metres.
    pub fn length(&self) -> f32 {
        self.distances[self.distances.len() - 1]
    }
}

/// A path of points about [`STEP`] apart.
#[derive(Debug, Clone)]
pub(crate) struct Curve {
    points: Vec<Vec2>,
    distances: Vec<f32>,
}

impl Curve {
    /// A path with its corners rounded.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for points that are not finite and a path without length.
    pub fn rounded(path: &[[f32; 2]]) -> Result<Self> {
        let bad = |reason: String| Err(Error::invalid("path", reason));
        let corners: Vec<Vec2> = path.iter().map(|point| Vec2::from_array(*point)).collect();
        if let Some(i) = corners.iter().position(|point| !point.is_finite()) {
            return bad(format!("point {i} is not finite"));
        }
        let length: f32 = corners.windows(2).map(|pair| pair[0].distance(pair[1])).sum();
        if !(0.1..LONGEST).contains(&length) {
            return bad(format!("{} points, {length} m long, expected 0.1 to {LONGEST} m", corners.len()));
        }
        let mut points = vec![corners[0]];
        for pair in corners.windows(2) {
            let steps = (pair[0].distance(pair[1]) / STEP).ceil() as usize;
            points.extend((1..=steps).map(|i| pair[0].lerp(pair[1], i as f32 / steps as f32)));
        }
        let points = smooth(&points, CORNER / STEP);
        Ok(Self { distances: distances(&points), points })
    }

    /// Length, metres.
    pub fn length(&self) -> f32 {
        self.distances[self.distances.len() - 1]
    }

    /// Place and direction after a distance.
    pub fn at(&self, distance: f32) -> (Vec2, f32) {
        let after = self.distances.partition_point(|d| *d < distance).clamp(1, self.points.len() - 1);
        let (a, b) = (self.points[after - 1], self.points[after]);
        let share =
            (distance - self.distances[after - 1]) / (self.distances[after] - self.distances[after - 1]).max(1e-6);
        (a.lerp(b, share.clamp(0.0, 1.0)), (b - a).to_angle())
    }
}

/// Lengths of the path up to each point.
fn distances(points: &[Vec2]) -> Vec<f32> {
    let mut sum = 0.0;
    let steps = points.windows(2).map(|pair| {
        sum += pair[0].distance(pair[1]);
        sum
    });
    std::iter::once(0.0).chain(steps.collect::<Vec<_>>()).collect()
}

/// Gaussian mean over `sigma` points that keeps both ends: beyond them the path is continued by its point reflection.
fn smooth(points: &[Vec2], sigma: f32) -> Vec<Vec2> {
    let last = points.len() - 1;
    let sigma = sigma.min(last as f32 / 3.0);
    let Ok(weights) = gaussian_kernel(2 * (3.0 * sigma).ceil() as usize + 1, sigma) else { return points.to_vec() };
    let half = (weights.len() / 2) as isize;
    let at = |i: isize| match usize::try_from(i) {
        Err(_) => 2.0 * points[0] - points[i.unsigned_abs().min(last)],
        Ok(i) if i > last => 2.0 * points[last] - points[(2 * last).saturating_sub(i)],
        Ok(i) => points[i],
    };
    let mean = |t: usize| weights.iter().zip(-half..).map(|(w, i)| at(t as isize + i) * *w).sum();
    (0..points.len()).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::stroll;
    use super::*;
    use crate::motion::skeleton::joint::PELVIS;

    fn root(motion: &Motion, t: usize) -> Vec2 {
        motion.smpl().joint(t, PELVIS).truncate()
    }

    #[test]
    fn a_walk_follows_a_corner_and_faces_along_it() {
        let clip = stroll(100);
        let bent = clip.along(&[[1.0, 1.0], [1.0, 3.5], [3.5, 3.5]]).unwrap();
        assert_eq!(bent.len(), 100);
        assert!(root(&bent, 0).distance(Vec2::new(1.0, 1.0)) < 0.05);
        let end = Track::of(&bent).unwrap().poses[100].root.truncate();
        assert!(end.distance(Vec2::new(3.5, 3.5)) < 0.1, "{end}");
        let facing = |t: usize| {
            let joints = bent.smpl();
            heading(&std::array::from_fn(|j| joints.joint(t, j))).unwrap().to_degrees()
        };
        assert!((facing(20) - 90.0).abs() < 5.0 && facing(85).abs() < 5.0, "{} {}", facing(20), facing(85));
        assert!(bent.kinematic_error().max < 1e-3);
    }

    #[test]
    fn its_own_path_leaves_a_walk_where_it_is() {
        let clip = stroll(60);
        let same = clip.along(&[[0.0, 0.0], [0.0, 3.0]]).unwrap();
        for t in [0, 30, 59] {
            assert!(root(&same, t).distance(root(&clip, t)) < 0.05, "frame {t}");
        }
    }

    #[test]
    fn impossible_paths_are_named() {
        let clip = stroll(60);
        let reason = |path: &[[f32; 2]]| clip.along(path).unwrap_err().to_string();
        assert!(
            reason(&[[0.0, 0.0], [0.0, 30.0]]).contains("the clip walks 3.0"),
            "{}",
            reason(&[[0.0, 0.0], [0.0, 30.0]])
        );
        assert!(reason(&[[0.0, 0.0], [f32::NAN, 3.0]]).contains("point 1"));
        assert!(reason(&[[0.0, 0.0]]).contains("1 points") && reason(&[]).contains("0 points"));
        assert!(reason(&[[0.0, 0.0], [1e30, 0.0]]).contains("10000"));
        let still = clip.slice(5..6).unwrap().hold(2.0).unwrap();
        assert!(still.along(&[[0.0, 0.0], [0.0, 3.0]]).unwrap_err().to_string().contains("stays in place"));
    }
}

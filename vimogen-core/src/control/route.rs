//! Bending a clip to a path on the ground, and turning it.

use glam::{Quat, Vec2};

use super::kernel::Spread;
use crate::edit::heading::heading;
use crate::edit::path::{Curve, OwnPath};
use crate::error::Result;
use crate::motion::smooth::gaussian_kernel;
use crate::motion::{Pose, Skeleton};

/// Share of a path's length that a clip has to travel by itself to set the pace.
const TRAVEL: f32 = 0.5;
/// Length over which a change of direction along a path is spread, frames.
const TURNING: f32 = 8.0;

/// A path prepared for clips of one length.
#[derive(Debug, Clone)]
pub(super) struct Route {
    curve: Curve,
    spread: Spread,
    /// Direction that the person faces against that of the path, radians.
    facing: Option<f32>,
}

impl Route {
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a path without length.
    pub(super) fn new(points: &[[f32; 2]], degrees: Option<f32>, frames: usize) -> Result<Self> {
        let rows = (0..frames).map(|t| vec![(t, 1.0)]).collect();
        let spread = Spread::of_places(rows, frames);
        Ok(Self { curve: Curve::rounded(points)?, spread, facing: degrees.map(f32::to_radians) })
    }

    /// Bends a clip to the path, each frame at the same share of the way.
    pub(super) fn follow(&self, poses: &mut [Pose], skeleton: &Skeleton, fps: f32) {
        let own = OwnPath::of(poses, skeleton, fps);
        let aims: Vec<(Vec2, f32)> =
            pace(&own, self.curve.length()).into_iter().map(|way| self.curve.at(way)).collect();
        let turn = |t: usize| match self.facing {
            None => aims[t].1 - own.directions[t],
            Some(facing) => {
                let now = heading(&skeleton.fk(poses[t].root, poses[t].rotations).1);
                aims[t].1 + facing - now.unwrap_or(own.directions[t])
            }
        };
        let turns = smooth((0..poses.len()).map(|t| Vec2::from_angle(turn(t))).collect());
        let bend = smooth((0..poses.len()).map(|t| Vec2::from_angle(aims[t].1 - own.directions[t])).collect());
        let change: Vec<Vec2> = (0..poses.len())
            .map(|t| {
                // The sway of the body stays, in the new direction.
                let sway = bend[t].rotate(poses[t].root.truncate() - own.places[t]);
                aims[t].0 + sway - poses[t].root.truncate()
            })
            .collect();
        for (t, pose) in poses.iter_mut().enumerate() {
            let moved: Vec2 = self.spread.at(t).iter().zip(&change).map(|(w, d)| *d * *w).sum();
            pose.root += moved.extend(0.0);
            pose.rotations[0] = (Quat::from_rotation_z(turns[t].to_angle()) * pose.rotations[0]).normalize();
        }
    }

    /// Mean distance of the root from the path, without the sway of the body, metres.
    pub(super) fn distance(&self, poses: &[Pose], skeleton: &Skeleton, fps: f32) -> f32 {
        let own = OwnPath::of(poses, skeleton, fps);
        let way = pace(&own, self.curve.length());
        let off = |t: usize| self.curve.at(way[t]).0.distance(own.places[t]);
        (0..poses.len()).map(off).sum::<f32>() / poses.len() as f32
    }
}

/// Distance along a path of the given length in each frame: at the clip's own pace, or at a constant one as far as the clip
/// does not travel.
fn pace(own: &OwnPath, length: f32) -> Vec<f32> {
    let last = (own.distances.len() - 1).max(1) as f32;
    let constant = (TRAVEL * length - own.length()).max(0.0);
    let way = |(t, distance): (usize, &f32)| distance + constant * t as f32 / last;
    own.distances.iter().enumerate().map(way).map(|way| way * length / (own.length() + constant)).collect()
}

/// Directions averaged over time.
fn smooth(directions: Vec<Vec2>) -> Vec<Vec2> {
    let Ok(weights) = gaussian_kernel(2 * (2.5 * TURNING) as usize + 1, TURNING) else { return directions };
    let half = weights.len() / 2;
    let at = |i: usize| directions[i.saturating_sub(half).min(directions.len() - 1)];
    let mean = |t: usize| weights.iter().enumerate().map(|(i, w)| at(t + i) * *w).sum::<Vec2>();
    (0..directions.len()).map(|t| mean(t).try_normalize().unwrap_or(directions[t])).collect()
}

/// Directions to face at frames.
#[derive(Debug, Clone)]
pub(super) struct Headings {
    /// Radians from +x towards +y.
    wanted: Vec<f32>,
    spread: Spread,
}

impl Headings {
    /// Of frames and directions, radians.
    pub(super) fn new(wanted: &[(usize, f32)], frames: usize) -> Self {
        let rows = wanted.iter().map(|(t, _)| vec![(*t, 1.0)]).collect();
        Self { wanted: wanted.iter().map(|w| w.1).collect(), spread: Spread::of_places(rows, frames) }
    }

    /// Turns the clip so that it faces the directions, and walks on the way that it faces.
    pub(super) fn project(&self, poses: &mut [Pose], skeleton: &Skeleton) {
        let facing = |pose: &Pose| heading(&skeleton.fk(pose.root, pose.rotations).1);
        let change = |(row, wanted): (&Vec<(usize, f64)>, &f32)| {
            let now = row.first().and_then(|(t, _)| facing(&poses[*t]));
            // The shorter way round.
            now.map_or(0.0, |now| Vec2::from_angle(wanted - now).to_angle())
        };
        let changes: Vec<f32> = self.spread.rows().iter().zip(&self.wanted).map(change).collect();
        let turns: Vec<f32> =
            (0..poses.len()).map(|t| self.spread.at(t).iter().zip(&changes).map(|(w, d)| w * d).sum()).collect();
        let roots: Vec<Vec2> = poses.iter().map(|pose| pose.root.truncate()).collect();
        let mut place = roots[0];
        for (t, pose) in poses.iter_mut().enumerate() {
            if t > 0 {
                let middle = 0.5 * (turns[t] + turns[t - 1]);
                place += Vec2::from_angle(middle).rotate(roots[t] - roots[t - 1]);
            }
            pose.root = place.extend(pose.root.z);
            pose.rotations[0] = (Quat::from_rotation_z(turns[t]) * pose.rotations[0]).normalize();
        }
    }

    /// Mean angle between the directions and those that the clip faces, radians.
    pub(super) fn off(facing: f32, degrees: f32) -> f32 {
        Vec2::from_angle(facing - radians(degrees)).to_angle().abs()
    }
}

/// A heading in degrees, 0 towards +y, as an angle from +x.
pub(super) fn radians(degrees: f32) -> f32 {
    degrees.to_radians() + std::f32::consts::FRAC_PI_2
}

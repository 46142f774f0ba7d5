//! A clip as joint values of a robot.

use glam::{DQuat, DVec3};

use super::aim::Aims;
use super::model::{Model, Posed};
use super::report::{Measured, RobotReport};
use super::rig::Rig;
use super::solve::Solver;
use crate::body::{Curve, Track};
use crate::error::{Error, Result};
use crate::motion::Motion;
use crate::motion::skeleton::joint::PELVIS;

/// Maximum number of values that are solved for; arms, legs, trunk and neck of a robot are 30 to 60.
const MAX_SIZE: usize = 200;
/// Frames per second at which a curve's stiffness is 1.
const RATE: f64 = 20.0;
/// Stiffness of the height, and weight that draws it back to that of the solution.
const STIFF: (f64, f64) = (30.0, 1e-3);
/// Depth below the ground up to which the curve of heights is smooth, metres. The rest is lifted frame by frame.
const DEPTH: f64 = 5e-4;

/// A clip on a robot: a row of joint values for each frame, and how well they agree with the clip. `speed` limits all
/// joints but the root, radians or metres per second. With `plant`, standing feet stand and nothing is below the ground.
///
/// # Errors
/// [`Error::Format`] for a robot whose legs have no length or with too many joints; [`Error::NonFinite`] for a clip whose sums
/// overflow.
pub(crate) fn follow(
    model: &Model,
    rig: &Rig,
    motion: &Motion,
    plant: bool,
    speed: f64,
) -> Result<(Vec<Vec<f64>>, RobotReport)> {
    let mut track = Track::following(motion, None)?;
    track.poses.truncate(motion.len());
    let aims = Aims::new(model, rig, &track, plant)?;
    let tasks = |t: usize| aims.tasks(model, rig, t);
    let mut bodies: Vec<usize> = tasks(0).iter().map(|task| task.body).collect();
    bodies.sort_unstable();
    bodies.dedup();
    let mut solver = Solver::new(model, rig.root, &bodies, speed);
    if solver.size() > MAX_SIZE {
        let reason = format!("{} values move its arms, legs, trunk and head, the limit is {MAX_SIZE}", solver.size());
        return Err(Error::format("MuJoCo model", reason));
    }
    let seconds = 1.0 / f64::from(motion.fps());
    let start = start(model, rig, &aims);
    let mut rows: Vec<Vec<f64>> = (0..motion.len()).map(|t| solver.frame(&tasks(t), seconds, start)).collect();
    if let Some((t, row)) = rows.iter().enumerate().find(|(_, row)| row.iter().any(|value| !value.is_finite())) {
        let index = row.iter().position(|value| !value.is_finite()).unwrap_or(0);
        return Err(Error::NonFinite { name: "qpos".into(), index: vec![t, index] });
    }
    if plant {
        replant(model, rig, &aims, &mut rows, f64::from(motion.fps()));
    }
    let mut measured = Measured::new(model, rig, &aims, speed).at(motion.fps());
    let mut posed = Posed::default();
    for (t, row) in rows.iter().enumerate() {
        model.pose(row, &mut posed);
        measured.frame(t, row, &posed);
    }
    let report = measured.report(motion);
    Ok((rows, report))
}

/// The free joint, and where it puts the root so that the pelvis is in its place of the first frame.
fn start(model: &Model, rig: &Rig, aims: &Aims) -> (usize, DVec3, DQuat) {
    let rest = model.posed(&model.initial());
    let (body, point) = rig.points[PELVIS].unwrap_or((0, DVec3::ZERO));
    let root = model.joints[rig.root].body;
    let aim = &aims.frames[0];
    let turn = (aim.turns[PELVIS] * rest.turns[body].inverse()).normalize();
    let place = aim.places[PELVIS] + turn * (rest.places[root] - rest.point(body, point));
    (rig.root, place, (turn * rest.turns[root]).normalize())
}

/// Raises the root so that standing soles are on the ground and nothing is below it.
fn replant(model: &Model, rig: &Rig, aims: &Aims, rows: &mut [Vec<f64>], fps: f64) {
    let height = model.joints[rig.root].at + 2;
    let mut curve = Curve::new(rows.len(), STIFF.0 * (fps / RATE).powi(3), STIFF.1);
    let mut posed = Posed::default();
    let mut lowest = Vec::with_capacity(rows.len());
    for (t, row) in rows.iter().enumerate() {
        model.pose(row, &mut posed);
        let soles = [0, 1].map(|side| rig.sole(&posed, side));
        for (side, sole) in soles.into_iter().enumerate() {
            if aims.frames[t].stands[side] && sole.is_finite() {
                curve.place(t, -sole, 1.0);
            }
        }
        lowest.push(-rig.low(model, &posed).min(soles[0]).min(soles[1]));
    }
    for ((row, rise), lowest) in rows.iter_mut().zip(curve.solve_above(&lowest, DEPTH)).zip(lowest) {
        row[height] += if lowest.is_finite() { rise.max(lowest) } else { rise };
    }
}

//! Inverse kinematics: joint values whose bodies are where they should be, within limits.
//!
//! Each frame is a nonlinear least-squares problem, solved by Levenberg-Marquardt steps with analytic derivatives. Limits of
//! joints and of their speed are bounds of each step, so that no value is ever beyond them.

use glam::{DQuat, DVec3};

use super::linear::bounded;
use super::model::{JointKind, Model, Posed, put_turn, turn_of};

/// Distance that is kept from the ends of ranges, so that values stay within them when they are written with 8 decimals.
const EDGE: f64 = 1e-6;
/// Weight of the pose in which the model is written, which decides where nothing else does.
const POSTURE: f64 = 2e-4;
/// Weight of going on as in the frames before.
const SMOOTH: f64 = 2e-3;
/// Maximum step of a value: metres or radians.
const STEP: f64 = 0.5;
/// Maximum steps in a frame, and in the first.
const STEPS: [usize; 2] = [12, 80];
/// Share of the cost that a step must gain for another to follow.
const GAIN: f64 = 1e-4;

/// Where a body should be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Task {
    pub body: usize,
    /// Point of the body, in its axes, with its place in the world and a weight per square metre.
    pub point: DVec3,
    pub place: Option<(DVec3, f64)>,
    /// Rotation of the body with a weight per square radian.
    pub turn: Option<(DQuat, f64)>,
}

/// A joint that the solver moves.
#[derive(Debug, Clone, Copy)]
struct Moved {
    joint: usize,
    kind: JointKind,
    /// First column of the derivatives.
    column: usize,
    /// First index in `qpos`.
    at: usize,
}

/// A sum of squares with its derivatives.
#[derive(Debug, Clone, Default)]
struct Sum {
    cost: f64,
    /// `J' W J`, symmetric.
    h: Vec<f64>,
    /// `-J' W e`.
    g: Vec<f64>,
}

/// The solver of a robot.
#[derive(Debug)]
pub(super) struct Solver<'a> {
    model: &'a Model,
    moved: Vec<Moved>,
    /// For each body the moved joints above it.
    chains: Vec<Vec<usize>>,
    columns: usize,
    /// Values of the model as it is written.
    initial: Vec<f64>,
    /// The last frame and the one before it.
    last: Option<Vec<f64>>,
    before: Option<Vec<f64>>,
    posed: Posed,
    /// Radians or metres per second.
    speed: f64,
}

impl<'a> Solver<'a> {
    /// A solver that moves `root` and the joints above `bodies`.
    pub(super) fn new(model: &'a Model, root: usize, bodies: &[usize], speed: f64) -> Self {
        let top = model.joints[root].body;
        let mut joints: Vec<usize> = bodies.iter().flat_map(|body| model.joints_down(top, *body)).collect();
        joints.push(root);
        joints.sort_unstable();
        joints.dedup();
        let mut columns = 0;
        let mut moved = Vec::with_capacity(joints.len());
        for joint in joints {
            let (kind, at) = (model.joints[joint].kind, model.joints[joint].at);
            moved.push(Moved { joint, kind, column: columns, at });
            columns += match kind {
                JointKind::Free => 6,
                JointKind::Ball => 3,
                JointKind::Slide | JointKind::Hinge => 1,
            };
        }
        let above = |body: usize| {
            let is = |moved: &Moved| model.is_below(body, model.joints[moved.joint].body);
            moved.iter().enumerate().filter(|(_, moved)| is(moved)).map(|(k, _)| k).collect()
        };
        let chains = (0..model.bodies.len()).map(|b| if bodies.contains(&b) { above(b) } else { Vec::new() }).collect();
        let mut initial = model.initial();
        for joint in &model.joints {
            if let (JointKind::Hinge | JointKind::Slide, Some(range)) = (joint.kind, joint.range) {
                let [low, high] = inner(range);
                initial[joint.at] = initial[joint.at].clamp(low, high);
            }
        }
        Self { model, moved, chains, columns, initial, last: None, before: None, posed: Posed::default(), speed }
    }

    /// Number of values that are solved for.
    pub(super) fn size(&self) -> usize {
        self.columns
    }

    /// The values of the next frame, `seconds` after the last. The first starts with the root at `start`.
    pub(super) fn frame(&mut self, tasks: &[Task], seconds: f64, start: (usize, DVec3, DQuat)) -> Vec<f64> {
        let mut q = self.last.clone().unwrap_or_else(|| {
            let mut q = self.initial.clone();
            let at = self.model.joints[start.0].at;
            q[at..at + 3].copy_from_slice(&start.1.to_array());
            put_turn(&mut q[at + 3..at + 7], start.2);
            q
        });
        let aim = self.going_on(&q);
        let reach = self.speed * seconds;
        let mut now = self.sum(&q, tasks, &aim);
        let mut damping = 1e-6;
        for _ in 0..STEPS[usize::from(self.last.is_none())] {
            let (low, high) = self.bounds(&q, reach);
            for c in 0..self.columns {
                now.h[c * self.columns + c] += damping;
            }
            let step = bounded(&now.h, &now.g, &low, &high);
            for c in 0..self.columns {
                now.h[c * self.columns + c] -= damping;
            }
            let trial = self.moved_by(&q, &step, reach);
            let next = self.sum(&trial, tasks, &aim);
            if next.cost < now.cost {
                let gain = now.cost - next.cost;
                (q, now) = (trial, next);
                damping = (damping / 3.0).max(1e-9);
                if gain < GAIN * now.cost {
                    break;
                }
            } else {
                damping = (damping * 10.0).max(1e-5);
                if damping > 10.0 {
                    break;
                }
            }
        }
        self.before = self.last.replace(q.clone());
        q
    }

    /// Values that go on as the last two frames did.
    fn going_on(&self, q: &[f64]) -> Vec<f64> {
        match &self.before {
            Some(before) => q.iter().zip(before).map(|(now, before)| 2.0 * now - before).collect(),
            None => q.to_vec(),
        }
    }

    /// Bounds of the next step.
    fn bounds(&self, q: &[f64], reach: f64) -> (Vec<f64>, Vec<f64>) {
        let (mut low, mut high) = (vec![-STEP; self.columns], vec![STEP; self.columns]);
        for moved in &self.moved {
            if !matches!(moved.kind, JointKind::Hinge | JointKind::Slide) {
                continue;
            }
            let mut ends = self.model.joints[moved.joint].range.map_or([f64::NEG_INFINITY, f64::INFINITY], inner);
            if let Some(last) = &self.last {
                // The last value is within the range, so the rest is not empty.
                ends = [ends[0].max(last[moved.at] - reach), ends[1].min(last[moved.at] + reach)];
            }
            let value = q[moved.at];
            low[moved.column] = (ends[0] - value).clamp(-STEP, 0.0);
            high[moved.column] = (ends[1] - value).clamp(0.0, STEP);
        }
        (low, high)
    }

    /// The values after a step.
    fn moved_by(&self, q: &[f64], step: &[f64], reach: f64) -> Vec<f64> {
        let mut q = q.to_vec();
        for moved in &self.moved {
            let (at, c) = (moved.at, moved.column);
            match moved.kind {
                JointKind::Free => {
                    (0..3).for_each(|k| q[at + k] += step[c + k]);
                    let turn = DQuat::from_scaled_axis(DVec3::from_slice(&step[c + 3..])) * turn_of(&q[at + 3..]);
                    put_turn(&mut q[at + 3..at + 7], turn.normalize());
                }
                JointKind::Ball => {
                    let turn = turn_of(&q[at..]) * DQuat::from_scaled_axis(DVec3::from_slice(&step[c..]));
                    put_turn(&mut q[at..at + 4], self.ball(moved, turn.normalize(), reach));
                }
                JointKind::Slide | JointKind::Hinge => q[at] += step[c],
            }
        }
        q
    }

    /// The rotation of a ball joint within its range and its speed.
    fn ball(&self, moved: &Moved, turn: DQuat, reach: f64) -> DQuat {
        let within = |turn: DQuat, most: f64| {
            let vector = log(turn);
            DQuat::from_scaled_axis(vector.clamp_length_max(most.max(0.0)))
        };
        let limited = match self.model.joints[moved.joint].range {
            Some([_, most]) => within(turn, most - EDGE),
            None => turn,
        };
        match &self.last {
            // Both ends are within the cone of the range, and so is the way between them.
            Some(last) => {
                let last = turn_of(&last[moved.at..]);
                (last * within(last.inverse() * limited, reach)).normalize()
            }
            None => limited,
        }
    }

    /// The cost of some values and its derivatives.
    fn sum(&mut self, q: &[f64], tasks: &[Task], aim: &[f64]) -> Sum {
        let n = self.columns;
        let mut sum = Sum { cost: 0.0, h: vec![0.0; n * n], g: vec![0.0; n] };
        self.model.pose(q, &mut self.posed);
        let mut rows: Vec<(usize, DVec3)> = Vec::with_capacity(n);
        for task in tasks {
            if let Some((place, weight)) = task.place {
                let point = self.posed.point(task.body, task.point);
                self.derivatives(task.body, Some(point), &mut rows);
                sum.add(&rows, place - point, weight);
            }
            if let Some((turn, weight)) = task.turn {
                self.derivatives(task.body, None, &mut rows);
                sum.add(&rows, log(turn * self.posed.turns[task.body].inverse()), weight);
            }
        }
        self.habits(q, aim, &mut sum);
        for i in 0..n {
            for j in 0..i {
                sum.h[j * n + i] = sum.h[i * n + j];
            }
        }
        sum
    }

    /// Derivatives of a point, or of the rotation, of a body by the values of the joints above it.
    fn derivatives(&self, body: usize, point: Option<DVec3>, rows: &mut Vec<(usize, DVec3)>) {
        rows.clear();
        let about = |axis: DVec3, anchor: DVec3| point.map_or(axis, |point| axis.cross(point - anchor));
        for moved in self.chains[body].iter().map(|k| &self.moved[*k]) {
            let (joint, column) = (moved.joint, moved.column);
            let anchor = self.posed.anchors[joint];
            match moved.kind {
                JointKind::Free => {
                    if point.is_some() {
                        rows.extend(DVec3::AXES.into_iter().enumerate().map(|(k, axis)| (column + k, axis)));
                    }
                    let turns = DVec3::AXES.into_iter().enumerate();
                    rows.extend(turns.map(|(k, axis)| (column + 3 + k, about(axis, anchor))));
                }
                JointKind::Ball => {
                    let axes = DVec3::AXES.map(|axis| self.posed.after[joint] * axis).into_iter().enumerate();
                    rows.extend(axes.map(|(k, axis)| (column + k, about(axis, anchor))));
                }
                JointKind::Slide => {
                    if point.is_some() {
                        rows.push((column, self.posed.axes[joint]));
                    }
                }
                JointKind::Hinge => rows.push((column, about(self.posed.axes[joint], anchor))),
            }
        }
    }

    /// Adds the weak wishes of each joint: to be as the model is written, and to go on as before.
    fn habits(&self, q: &[f64], aim: &[f64], sum: &mut Sum) {
        let n = self.columns;
        for moved in &self.moved {
            let (at, c) = (moved.at, moved.column);
            match moved.kind {
                JointKind::Free => (0..6).for_each(|k| sum.h[(c + k) * n + c + k] += 1e-9),
                JointKind::Ball => {
                    let vector = log(turn_of(&q[at..]));
                    sum.cost += POSTURE * vector.length_squared();
                    for (k, value) in vector.to_array().into_iter().enumerate() {
                        sum.h[(c + k) * n + c + k] += POSTURE;
                        sum.g[c + k] += POSTURE * value;
                    }
                }
                JointKind::Slide | JointKind::Hinge => {
                    for (wish, weight) in [(self.initial[at], POSTURE), (aim[at], SMOOTH)] {
                        let error = q[at] - wish;
                        sum.cost += weight * error * error;
                        sum.h[c * n + c] += weight;
                        sum.g[c] += weight * error;
                    }
                }
            }
        }
    }
}

impl Sum {
    /// Adds `weight |error - J step|^2`; rows are the columns of `J` that are not 0, in ascending order.
    fn add(&mut self, rows: &[(usize, DVec3)], error: DVec3, weight: f64) {
        let n = self.g.len();
        self.cost += weight * error.length_squared();
        for (i, (row, a)) in rows.iter().enumerate() {
            let a = *a * weight;
            self.g[*row] -= a.dot(error);
            let line = &mut self.h[row * n..row * n + row + 1];
            for (column, b) in &rows[..=i] {
                line[*column] += a.dot(*b);
            }
        }
    }
}

/// A range without its edges.
fn inner([low, high]: [f64; 2]) -> [f64; 2] {
    if high - low > 2.0 * EDGE { [low + EDGE, high - EDGE] } else { [0.5 * (low + high); 2] }
}

/// The rotation vector of a rotation, at most half a turn.
pub(super) fn log(turn: DQuat) -> DVec3 {
    let turn = if turn.w < 0.0 { -turn } else { turn };
    let sine = turn.xyz().length();
    if sine < 1e-12 { 2.0 * turn.xyz() } else { turn.xyz() * (2.0 * sine.atan2(turn.w) / sine) }
}

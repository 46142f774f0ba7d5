//! Ways of getting about: walking, running, marching, stepping sideways.

use std::f32::consts::PI;

use glam::{Vec2, Vec3};

use super::{LEAD, Performance, Setting};
use crate::data::procedural::curve::{mix, ramp, ramp_integral};
use crate::data::procedural::gait::{Plan, Rhythm, Style};
use crate::data::procedural::rig::{Arm, LEFT, Pose, Print, RIGHT, STAND};
use crate::data::procedural::spec::{Family, Pace, Part};

/// Parameters of a gait; metres, seconds, radians.
#[derive(Debug, Clone, Copy)]
struct Gait {
    /// Distance from foot print to foot print, negative backwards.
    step: f32,
    /// Seconds a step.
    period: f32,
    /// Seconds a foot is in the air.
    swing: f32,
    /// Radius of the path to the right, 0 for straight.
    radius: f32,
    style: Style,
    /// Half the rise and fall of the pelvis.
    bob: f32,
    /// When in a step the pelvis is highest, as a share of it.
    high: f32,
    /// How much lower than standing.
    low: f32,
    /// Sideways shift of the pelvis.
    sway: f32,
    /// Half the turn of the pelvis in a step; the chest turns against it.
    twist: f32,
    /// Swing of the arms.
    arms: f32,
    /// Bend of the elbows.
    bend: f32,
    /// Forward lean.
    lean: f32,
}

const WALK: Gait = Gait {
    step: 0.56,
    period: 0.6,
    swing: 0.52,
    radius: 0.0,
    style: Style { clearance: 0.065, heel: 0.55, heel_lead: 0.28 },
    bob: 0.012,
    high: 0.4,
    low: 0.022,
    sway: 0.018,
    twist: 0.07,
    arms: 0.32,
    bend: 0.35,
    lean: 0.03,
};

const RUN: Gait = Gait {
    step: 0.88,
    period: 0.45,
    swing: 0.56,
    style: Style { clearance: 0.16, heel: 0.85, heel_lead: 0.16 },
    bob: 0.026,
    high: 0.05,
    low: 0.05,
    sway: 0.008,
    twist: 0.10,
    arms: 0.45,
    bend: 1.45,
    lean: 0.14,
    ..WALK
};

const BACKWARD: Gait = Gait {
    step: -0.42,
    style: Style { clearance: 0.07, heel: 0.25, heel_lead: 0.2 },
    arms: 0.2,
    twist: -0.05,
    lean: -0.01,
    ..WALK
};

const MARCH: Gait = Gait {
    step: 0.0,
    swing: 0.52,
    style: Style { clearance: 0.26, heel: 0.5, heel_lead: 0.1 },
    bob: 0.0,
    low: 0.01,
    twist: 0.02,
    arms: 0.45,
    bend: 0.9,
    sway: 0.03,
    lean: 0.0,
    ..WALK
};

impl Gait {
    fn of(part: &Part, s: &Setting) -> Self {
        let base = match part.family {
            Family::Run => RUN,
            Family::WalkBackward => BACKWARD,
            Family::March => MARCH,
            Family::WalkCircle => Self { radius: 0.95, ..WALK },
            _ => WALK,
        };
        let (stretch, hurry) = match part.pace {
            Pace::Slow => (0.8, 0.75),
            Pace::Normal => (1.0, 1.0),
            Pace::Fast => (1.2, 1.2),
        };
        let slower = 1.0 / hurry;
        Self {
            step: base.step * stretch * s.amp,
            period: base.period * slower,
            swing: base.swing * slower,
            arms: base.arms * stretch * s.amp,
            ..base
        }
    }

    /// Position and heading after `distance` along the path.
    fn along(&self, distance: f32) -> (Vec2, f32) {
        if self.radius == 0.0 {
            return (Vec2::new(0.0, distance), 0.0);
        }
        let turn = distance / self.radius;
        (self.radius * Vec2::new(1.0 - turn.cos(), turn.sin()), -turn)
    }
}

/// Speed up from the first lift, and down to the last landing if the gait stops: the gate of everything that swings.
#[derive(Debug, Clone, Copy)]
struct Motor {
    start: f32,
    stop: Option<f32>,
    rise: f32,
}

impl Motor {
    /// Share of the full speed at `t`.
    fn speed(&self, t: f32) -> f32 {
        ramp(t, self.start, self.start + self.rise) - self.stop.map_or(0.0, |e| ramp(t, e - self.rise, e))
    }

    /// Seconds' worth of full speed covered by `t`.
    fn covered(&self, t: f32) -> f32 {
        let whole = ramp_integral(t, self.start, self.start + self.rise);
        whole - self.stop.map_or(0.0, |e| ramp_integral(t, e - self.rise, e))
    }
}

/// Walking forward, backward or in a circle, running, marching.
pub fn gait(part: &Part, s: &Setting) -> Performance {
    let gait = Gait::of(part, s);
    let open = Rhythm { start: LEAD, period: gait.period, swing: gait.swing, first: LEFT, count: 0 };
    let rhythm = open.until(s.end.unwrap_or(s.length + 2.0));
    let motor = Motor { start: LEAD, stop: s.end.map(|_| rhythm.end()), rise: 1.6 * gait.period };
    let speed = gait.step / gait.period;
    // Prints are a little behind the body: the heel rises under a trailing leg and lengthens it.
    let behind = 0.04 * gait.step / 0.6;
    let root = move |t: f32| gait.along(speed * motor.covered(t));
    let prints = move |t: f32| gait.along(speed * motor.covered(t) - behind * motor.speed(t));
    let plan = Plan::under(rhythm, gait.style, s.end.is_some(), &prints);
    Box::new(move |t| {
        let (at, yaw) = root(t);
        let mut pose = Pose { yaw, ..plan.pose(t) };
        swing_body(&mut pose, &gait, (t - rhythm.start) / gait.period, motor.speed(t));
        pose.pelvis += at.extend(0.0);
        pose
    })
}

/// Pelvis, chest and arms at `phase` (in steps, the left foot swings in even ones), `gate` from standing to full.
fn swing_body(pose: &mut Pose, gait: &Gait, phase: f32, gate: f32) {
    let turning = Vec2::from_angle(pose.yaw);
    let sway = turning.rotate(Vec2::new(gate * gait.sway * (PI * (phase - 0.4)).cos(), 0.0));
    let bob = gait.bob * (2.0 * PI * (phase - gait.high)).cos() - gait.low;
    pose.pelvis = sway.extend(STAND + gate * bob);
    let stride = gate * (PI * (phase - 0.9)).cos();
    pose.tilt = Vec3::new(0.3 * gait.lean * gate, -gait.twist * stride, 0.0);
    pose.spine += Vec3::new(gait.lean * gate, 1.8 * gait.twist * stride, 0.0);
    for (arm, sign) in [(LEFT, -1.0), (RIGHT, 1.0)] {
        let forward = sign * gait.arms * stride * gait.step.signum();
        let arm = &mut pose.arms[arm];
        arm.bend = mix(arm.bend, gait.bend, gate) + 0.35 * forward;
        arm.flex += forward + gate * 0.04;
    }
}

/// Stepping to the right: the right foot leads, the left one closes.
pub fn sidestep(part: &Part, s: &Setting) -> Performance {
    let period = 0.5 / s.rate(part);
    let stride = 0.36 * s.amp;
    let open = Rhythm { start: LEAD, period, swing: 0.86 * period, first: RIGHT, count: 0 };
    let mut rhythm = open.until(s.end.unwrap_or(s.length + 2.0));
    rhythm.count -= rhythm.count % 2;
    let style = Style { clearance: 0.07, heel: 0.2, heel_lead: 0.1 };
    let place = |k: usize| Print::home(rhythm.foot(k), Vec2::new((k / 2 + 1) as f32 * stride, 0.0), 0.0);
    let plan = Plan::placed(rhythm, style, &place);
    let motor = Motor { start: LEAD, stop: s.end.map(|_| rhythm.end()), rise: 1.2 * period };
    let far = (rhythm.count / 2) as f32 * stride;
    let speed = s.end.map_or(0.5 * stride / period, |_| far / motor.covered(rhythm.end()));
    Box::new(move |t| {
        let mut pose = plan.pose(t);
        pose.pelvis.x = speed * motor.covered(t);
        pose.pelvis.z -= 0.02 * motor.speed(t);
        pose.swing_arms(Arm::deg(6.0, 14.0, 15.0, 25.0), motor.speed(t));
        pose
    })
}

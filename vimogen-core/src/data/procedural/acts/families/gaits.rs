//! Ways of getting about on foot prints: walking, running and their relatives.

use std::f32::consts::PI;

use glam::{Vec2, Vec3};

use super::*;
use crate::data::procedural::curve::{ease, mix, ramp, ramp_integral};
use crate::data::procedural::gait::{Plan, Rhythm, Style};
use crate::data::procedural::rig::{LEFT, Pose, Print, RIGHT, STAND};

/// Parameters of a gait; metres, seconds, radians.
#[derive(Debug, Clone, Copy)]
pub struct Gait {
    /// Distance from foot print to foot print, negative backwards.
    pub step: f32,
    /// Seconds a step.
    pub period: f32,
    /// Share of a step that a foot is in the air.
    pub swing: f32,
    /// Shape of a swing.
    pub style: Style,
    /// Half the rise and fall of the pelvis.
    pub bob: f32,
    /// When in a step the pelvis is highest, as a share of it.
    pub high: f32,
    /// How much lower than standing.
    pub low: f32,
    /// Sideways shift of the pelvis.
    pub sway: f32,
    /// Half the turn of the pelvis in a step; the chest turns against it.
    pub twist: f32,
    /// Drop of the pelvis on the side of the swinging leg.
    pub drop: f32,
    /// Swing of the arms.
    pub arms: f32,
    /// Bend of the elbows.
    pub bend: f32,
    /// Forward lean.
    pub lean: f32,
}

/// Speed, cadence, arm swing of recorded walks: 0.9 m/s, 104 steps per minute.
const WALK: Gait = Gait {
    step: 0.56,
    period: 0.575,
    swing: 0.86,
    style: Style { clearance: 0.070, heel: 0.62, heel_lead: 0.26 },
    bob: 0.018,
    high: 0.4,
    low: 0.032,
    sway: 0.022,
    twist: 0.09,
    drop: 0.05,
    arms: 0.36,
    bend: 0.42,
    lean: 0.04,
};

/// Real runs: 3.4 m/s.
const RUN: Gait = Gait {
    step: 1.22,
    period: 0.365,
    swing: 1.30,
    style: Style { clearance: 0.24, heel: 1.35, heel_lead: 0.10 },
    bob: 0.034,
    high: 0.05,
    low: 0.075,
    sway: 0.010,
    twist: 0.16,
    drop: 0.07,
    arms: 0.62,
    bend: 1.45,
    lean: 0.17,
};

/// Longest step of any gait, metres.
const LONGEST: f32 = 1.9;
/// How far the body of a runner travels over a foot that stands, metres.
const CONTACT: f32 = 0.88;

impl Gait {
    /// The gait in a manner.
    fn by(self, m: &Manner) -> Self {
        // Faster people take longer steps as well as more of them.
        let hurry = m.tempo.powf(0.55);
        let lengthen = m.tempo.powf(0.45) * m.stride * m.person.amp.powf(0.5);
        let step = (self.step * lengthen).clamp(-LONGEST, LONGEST);
        // A running foot leaves the floor before the body is out of its reach.
        let runs = self.swing > 1.0;
        let swing = if runs { self.swing.max(2.0 - CONTACT / step.abs()) } else { self.swing };
        Self {
            step,
            swing,
            period: self.period / hurry,
            arms: self.arms * m.swing * m.tempo.powf(0.3),
            bob: self.bob * m.bounce,
            sway: self.sway * (0.9 + 1.0 * m.person.dice[5]),
            ..self
        }
    }
}

/// Speed up from the first lift and down to the last landing, if there is one.
#[derive(Debug, Clone, Copy)]
pub struct Motor {
    start: f32,
    stop: Option<f32>,
    rise: f32,
}

impl Motor {
    /// Share of the full speed at `t`.
    pub fn speed(&self, t: f32) -> f32 {
        ramp(t, self.start, self.start + self.rise) - self.stop.map_or(0.0, |e| ramp(t, e - self.rise, e))
    }

    /// Seconds' worth of full speed covered by `t`.
    pub fn covered(&self, t: f32) -> f32 {
        let whole = ramp_integral(t, self.start, self.start + self.rise);
        whole - self.stop.map_or(0.0, |e| ramp_integral(t, e - self.rise, e))
    }
}

/// A moment of a gait.
pub struct Moment {
    /// In steps since the first lift; the left foot swings in even ones.
    pub phase: f32,
    /// Share of the full speed.
    pub gate: f32,
    /// Seconds.
    pub time: f32,
}

/// Position and heading after a distance.
type Path = Box<dyn Fn(f32) -> (Vec2, f32)>;
/// Changes the figure of a moment.
type Touch = Box<dyn Fn(&mut Figure, &Moment)>;

const START: f32 = 0.15;

/// Minimum time of a gait, seconds.
const LEAST: f32 = 1.7;

/// A gait along a path, with changes.
fn travel(gait: Gait, cue: &Cue<'_>, path: Path, touch: Touch) -> Take {
    let gait = gait.by(&cue.manner);
    let room = cue.room.max(LEAST.max(START + 4.2 * gait.period));
    let swing = gait.swing * gait.period;
    let first = if cue.die(7) < 0.5 { LEFT } else { RIGHT };
    let open = Rhythm { start: START, period: gait.period, swing, first, count: 0 };
    let rhythm = open.until(if cue.returns { room } else { room + 2.0 });
    let motor = Motor { start: START, stop: cue.returns.then(|| rhythm.end()), rise: 1.6 * gait.period };
    let speed = gait.step / gait.period;
    let behind = 0.04 * gait.step / 0.6;
    let prints = |t: f32| path(speed * motor.covered(t) - behind * motor.speed(t));
    let plan = Plan::under(rhythm, gait.style, cue.returns, &prints);
    let (lopsided, length) = (cue.manner.person.lopsided, room.max(rhythm.end().min(room + 0.2)));
    let offset = if first == LEFT { 0.0 } else { 1.0 };
    let at = move |t: f32| {
        let t = t.min(length);
        let (place, yaw) = path(speed * motor.covered(t));
        let mut figure = Figure::of(Pose { yaw, ..plan.pose(t) });
        let moment = Moment { phase: (t - rhythm.start) / gait.period + offset, gate: motor.speed(t), time: t };
        swing_body(&mut figure, &gait, &moment, lopsided);
        figure.pose.pelvis += place.extend(0.0);
        touch(&mut figure, &moment);
        figure
    };
    Take { length, at: Box::new(at) }
}

/// Pelvis, chest and arms of a moment.
fn swing_body(figure: &mut Figure, gait: &Gait, moment: &Moment, lopsided: f32) {
    let Moment { phase, gate, .. } = *moment;
    let pose = &mut figure.pose;
    let turning = Vec2::from_angle(pose.yaw);
    let aside = (PI * (phase - 0.4)).cos();
    let sway = turning.rotate(Vec2::new(gate * gait.sway * aside, 0.0));
    let bob = gait.bob * (2.0 * PI * (phase - gait.high)).cos() - gait.low;
    pose.pelvis = sway.extend(STAND + gate * bob);
    let stride = gate * (PI * (phase - 0.9)).cos();
    pose.tilt = Vec3::new(0.3 * gait.lean * gate, -gait.twist * stride, gate * gait.drop * aside);
    pose.spine += Vec3::new(gait.lean * gate, 1.8 * gait.twist * stride, -1.1 * gate * gait.drop * aside);
    // The trunk nods with every step, and the head stays level.
    let nod = gate * 0.022 * (2.0 * PI * (phase - 0.1)).cos();
    pose.spine.x += nod;
    // Landing shakes the body for a moment.
    let since = (phase - gait.swing.min(1.0)).rem_euclid(1.0) * gait.period;
    let jolt = gate * (-since / 0.07).exp() * (2.0 * PI * 4.5 * since).sin();
    pose.pelvis.z -= 0.010 * jolt;
    pose.spine.x += 0.030 * jolt;
    pose.head.x += 0.035 * jolt;
    pose.head += Vec3::new(-0.8 * nod, -0.7 * gait.twist * stride, 0.0);
    for (limb, sign) in [(LEFT, -1.0), (RIGHT, 1.0)] {
        let own = (0.5 * sign * lopsided).exp();
        // Arms lag the legs a little.
        let late = gate * (PI * (phase - 0.98)).cos();
        let forward = sign * gait.arms * late * gait.step.signum() * own;
        let arm = &mut pose.arms[limb];
        arm.bend = mix(arm.bend, gait.bend, gate) + (0.45 * forward).max(-0.25);
        arm.flex += forward + gate * 0.05;
        arm.twist += gate * 0.12 + 0.25 * forward.max(0.0);
        arm.bend += 0.06 * jolt;
    }
}

fn straight() -> Path {
    Box::new(|d| (Vec2::new(0.0, d), 0.0))
}

fn nothing() -> Touch {
    Box::new(|_, _| {})
}

/// Walking forward, straight or a little aside.
pub fn walk(cue: &Cue<'_>) -> Take {
    travel(WALK, cue, straight(), nothing())
}

/// Running; slow runs are jogs.
pub fn run(cue: &Cue<'_>) -> Take {
    travel(Gait { step: RUN.step * cue.pick(0, 0.86, 1.16), ..RUN }, cue, straight(), nothing())
}

const BACKWARD: Gait = Gait {
    step: -0.44,
    style: Style { clearance: 0.07, heel: 0.25, heel_lead: 0.2 },
    arms: 0.22,
    twist: -0.05,
    lean: 0.0,
    ..WALK
};

/// Walking backward.
pub fn backward(cue: &Cue<'_>) -> Take {
    travel(BACKWARD, cue, straight(), nothing())
}

/// Running backward.
pub fn run_backward(cue: &Cue<'_>) -> Take {
    let gait = Gait {
        step: -0.60,
        period: 0.36,
        swing: 1.34,
        style: Style { clearance: 0.20, heel: 0.5, heel_lead: 0.1 },
        arms: 0.4,
        bend: 1.3,
        lean: 0.12,
        low: 0.06,
        bob: 0.025,
        high: 0.05,
        twist: -0.06,
        ..WALK
    };
    travel(gait, cue, straight(), nothing())
}

/// Walking in a circle to the right.
pub fn circle(cue: &Cue<'_>) -> Take {
    let radius = cue.pick(0, 0.75, 1.3);
    let path = move |d: f32| {
        let turn = d / radius;
        (radius * Vec2::new(1.0 - turn.cos(), turn.sin()), -turn)
    };
    let touch = |f: &mut Figure, m: &Moment| {
        f.pose.tilt.z += 0.05 * m.gate;
        f.pose.head.y -= 0.2 * m.gate;
    };
    travel(WALK, cue, Box::new(path), Box::new(touch))
}

/// Walking forward and to the right without turning.
pub fn diagonal(cue: &Cue<'_>) -> Take {
    let way = Vec2::from_angle(cue.pick(0, 0.9, 1.15));
    let touch = |f: &mut Figure, m: &Moment| f.pose.head.y -= 0.25 * m.gate;
    travel(Gait { step: 0.5, ..WALK }, cue, Box::new(move |d| (way * d, 0.0)), Box::new(touch))
}

/// Walking forward, turning around, walking back.
pub fn and_return(cue: &Cue<'_>) -> Take {
    let cue = Cue { room: cue.room.max(4.0), ..*cue };
    let gait = WALK.by(&cue.manner);
    let (radius, whole) = (0.3, gait.step / gait.period * (cue.room - START - 1.0));
    let arc = PI * radius;
    let out = (0.5 * (whole - arc)).max(0.4);
    let path = move |d: f32| {
        let turn = ((d - out) / radius).clamp(0.0, PI);
        let back = (d - out - arc).max(0.0);
        let at = Vec2::new(radius * (1.0 - turn.cos()), d.min(out) + radius * turn.sin() - back);
        // The feet keep small circles, the body turns evenly.
        (at, -PI * ease((d - out + 0.15) / (arc + 0.3)))
    };
    travel(WALK, &cue, Box::new(path), nothing())
}

/// Walking heel to toe on a line or a beam, arms out.
pub fn line(cue: &Cue<'_>) -> Take {
    let gait = Gait { step: 0.27, period: 0.85, swing: 0.7, arms: 0.0, sway: 0.05, twist: 0.03, low: 0.02, ..WALK };
    let mut take = travel(gait, cue, straight(), nothing());
    let wobble = cue.pick(1, 0.5, 1.2);
    let at = std::mem::replace(&mut take.at, Box::new(|_| Figure::default()));
    take.at = Box::new(move |t| {
        let mut f = at(t);
        let w = ease(t / 0.7);
        // One foot in front of the other.
        for (foot, side) in [(LEFT, -1.0), (RIGHT, 1.0)] {
            f.pose.legs[foot].toe.x -= side * 0.095 * w;
            f.pose.legs[foot].yaw *= 1.0 - w;
        }
        let sway = wobble * ((2.3 * t).sin() + 0.6 * (3.7 * t + 1.0).sin()) * w;
        f.pose.tilt.z += 0.03 * sway;
        f.pose.spine.z -= 0.07 * sway;
        for (arm, side) in [(LEFT, -1.0), (RIGHT, 1.0)] {
            let out = crate::data::procedural::rig::Arm::deg(4.0, 80.0 + side * 9.0 * sway, 10.0, 14.0);
            f.pose.arms[arm] = f.pose.arms[arm].toward(out, w);
        }
        f.pose.head.x += 0.32 * w;
        f
    });
    take
}

/// Marching in place with high knees.
pub fn march(cue: &Cue<'_>) -> Take {
    let gait = Gait {
        step: 0.0,
        period: 0.55,
        swing: 0.88,
        style: Style { clearance: 0.27, heel: 0.5, heel_lead: 0.1 },
        bob: 0.006,
        low: 0.012,
        twist: 0.03,
        arms: 0.55,
        bend: 0.9,
        sway: 0.03,
        lean: 0.0,
        ..WALK
    };
    // Arms swing forward as in walking ahead.
    travel(gait, cue, Box::new(|_| (Vec2::ZERO, 0.0)), nothing())
}

/// Walking on the toes.
pub fn tiptoe(cue: &Cue<'_>) -> Take {
    let gait = Gait {
        step: 0.36,
        period: 0.5,
        swing: 0.82,
        style: Style { clearance: 0.06, heel: 0.2, heel_lead: 0.1 },
        arms: 0.08,
        bend: 0.75,
        bob: 0.008,
        low: 0.0,
        ..WALK
    };
    let touch = |f: &mut Figure, m: &Moment| {
        let up = ease(m.time / 0.4);
        for leg in &mut f.pose.legs {
            leg.pitch = mix(leg.pitch, 0.62 + 0.3 * leg.pitch, up);
        }
        f.pose.pelvis.z += 0.062 * up;
        for arm in &mut f.pose.arms {
            arm.abd += 0.28 * up;
        }
    };
    travel(gait, cue, straight(), Box::new(touch))
}

/// Sneaking: low, slow, knees high, hands before the chest, looking about.
pub fn sneak(cue: &Cue<'_>) -> Take {
    let gait = Gait {
        step: 0.42,
        period: 0.95,
        swing: 0.80,
        style: Style { clearance: 0.19, heel: 0.5, heel_lead: 0.2 },
        arms: 0.12,
        bend: 1.55,
        bob: 0.014,
        low: 0.14,
        lean: 0.36,
        sway: 0.035,
        ..WALK
    };
    let gaze = cue.pick(2, 0.7, 1.1);
    let touch = move |f: &mut Figure, m: &Moment| {
        f.pose.head.x -= 0.38 * m.gate;
        f.pose.head.y += 0.5 * m.gate * (gaze * m.time).sin();
        for (limb, sign) in [(LEFT, -1.0), (RIGHT, 1.0)] {
            let arm = &mut f.pose.arms[limb];
            arm.flex += m.gate * (0.65 + sign * 0.2 * (PI * (m.phase - 0.9)).cos());
            f.wrist[limb].x -= 0.5 * m.gate;
        }
    };
    travel(gait, cue, straight(), Box::new(touch))
}

/// Limping: the right leg hurts, is kept stiff and bears weight briefly.
pub fn limp(cue: &Cue<'_>) -> Take {
    let gait = Gait { step: 0.36, period: 0.66, swing: 0.80, arms: 0.2, sway: 0.02, bob: 0.008, lean: 0.10, ..WALK };
    let hurt = cue.pick(0, 0.75, 1.15);
    let touch = move |f: &mut Figure, m: &Moment| {
        // The left foot swings, so the right one bears, in even steps: sink and lean onto it.
        let bears = m.gate * hurt * (0.5 + 0.5 * (PI * (m.phase - 0.45)).cos()).powf(1.5);
        f.pose.pelvis.z -= 0.075 * bears;
        f.pose.tilt.z += 0.10 * bears;
        f.pose.spine.z += 0.16 * bears;
        f.pose.spine.x += 0.12 * bears;
        f.pose.arms[LEFT].abd += 0.35 * bears;
    };
    let mut take = travel(gait, cue, straight(), Box::new(touch));
    // The step off the hurt leg is hurried: time runs unevenly within a stride.
    let (period, first) = (2.0 * gait.by(&cue.manner).period, if cue.die(7) < 0.5 { 0.0 } else { 0.5 });
    let at = std::mem::replace(&mut take.at, Box::new(|_| Figure::default()));
    take.at = Box::new(move |t| {
        let stride = (t - START) / period + first;
        let gate = ease((t - START) / period);
        let warped = t + gate * 0.085 * period * ((2.0 * PI * (stride - 0.02)).cos() - 1.0) * 0.8;
        at(warped.max(0.0))
    });
    take
}

/// Staggering as a drunk does.
pub fn stagger(cue: &Cue<'_>) -> Take {
    let gait = Gait {
        step: 0.36,
        period: 0.62,
        swing: 0.78,
        style: Style { clearance: 0.06, heel: 0.4, heel_lead: 0.2 },
        arms: 0.2,
        bend: 0.5,
        sway: 0.05,
        lean: 0.16,
        ..WALK
    };
    let (a, b, c) = (cue.pick(0, 0.0, 6.0), cue.pick(1, 0.0, 6.0), cue.pick(2, 0.8, 1.2));
    let path = move |d: f32| {
        let fade = ease(d / 0.6);
        let x = 0.20 * c * ((2.6 * d + a).sin() - a.sin()) + 0.07 * ((5.3 * d + b).sin() - b.sin());
        let yaw = -0.36 * c * ((2.6 * d + a).cos()) * fade;
        (Vec2::new(x * fade, d), yaw)
    };
    let touch = move |f: &mut Figure, m: &Moment| {
        let (slow, fast) = ((1.7 * m.time + a).sin(), (2.9 * m.time + b).sin());
        f.pose.tilt.z += 0.07 * m.gate * slow;
        f.pose.spine.z += 0.20 * m.gate * (slow + 0.5 * fast);
        f.pose.spine.x += 0.15 * m.gate * fast;
        f.pose.head.z += 0.22 * m.gate * slow;
        f.pose.head.x += 0.2 * m.gate;
        f.pose.pelvis.z -= 0.02 * m.gate;
        f.pose.arms[LEFT].abd += m.gate * (0.3 + 0.3 * slow);
        f.pose.arms[RIGHT].abd += m.gate * (0.3 - 0.3 * fast);
    };
    travel(gait, cue, Box::new(path), Box::new(touch))
}

/// Carrying a box in front of the body.
pub fn carry(cue: &Cue<'_>) -> Take {
    let (wide, high) = (cue.pick(0, 0.14, 0.22), cue.pick(1, -0.34, -0.18));
    let gait = Gait { step: 0.46, period: 0.62, arms: 0.0, lean: -0.05, twist: 0.04, ..WALK };
    let touch = move |f: &mut Figure, m: &Moment| {
        f.hands(wide, 0.34, high + 0.01 * (2.0 * PI * m.phase).sin());
        f.elbow = [0.15; 2];
        f.wrist = [Vec2::new(-0.2, 0.9); 2];
    };
    travel(gait, cue, straight(), Box::new(touch))
}

/// A gait for pushing, its hands against something at height `high` over the shoulders.
pub fn pushing(cue: &Cue<'_>, high: f32) -> Take {
    let gait = Gait { step: 0.36, period: 0.8, swing: 0.74, arms: 0.0, lean: 0.42, low: 0.10, twist: 0.05, ..WALK };
    let touch = move |f: &mut Figure, m: &Moment| {
        f.pose.tilt.x += 0.16 * m.gate;
        f.pose.head.x -= 0.35 * m.gate;
        f.hands(0.17, 0.44, high + 0.2 * m.gate);
        f.elbow = [0.3; 2];
        f.wrist = [Vec2::new(-1.0, 0.0); 2];
    };
    travel(gait, cue, straight(), Box::new(touch))
}

/// A gait for pulling, backward.
pub fn pulling(cue: &Cue<'_>, high: f32) -> Take {
    let gait = Gait { step: -0.32, period: 0.8, swing: 0.74, lean: -0.2, low: 0.11, arms: 0.0, ..BACKWARD };
    let touch = move |f: &mut Figure, m: &Moment| {
        f.pose.tilt.x -= 0.12 * m.gate;
        f.pose.head.x += 0.2 * m.gate;
        f.hands(0.09, 0.40 + 0.05 * (2.0 * PI * m.phase).sin(), high - 0.12 * m.gate);
        f.elbow = [0.1; 2];
        f.wrist = [Vec2::new(0.5, 0.8); 2];
    };
    travel(gait, cue, straight(), Box::new(touch))
}

/// Stepping to the right, again and again.
pub fn sidestep(cue: &Cue<'_>) -> Take {
    let m = &cue.manner;
    let period = 0.5 / m.tempo;
    let stride = 0.38 * m.stride * m.amp;
    let room = cue.room.max(START + 4.0 * period + 0.1);
    let open = Rhythm { start: START, period, swing: 0.86 * period, first: RIGHT, count: 0 };
    let mut rhythm = open.until(if cue.returns { room } else { room + 2.0 });
    rhythm.count -= rhythm.count % 2;
    let style = Style { clearance: 0.07, heel: 0.25, heel_lead: 0.1 };
    let place = |k: usize| Print::home(rhythm.foot(k), Vec2::new((k / 2 + 1) as f32 * stride, 0.0), 0.0);
    let plan = Plan::placed(rhythm, style, &place);
    let motor = Motor { start: START, stop: cue.returns.then(|| rhythm.end()), rise: 1.2 * period };
    let far = (rhythm.count / 2) as f32 * stride;
    let speed = if cue.returns { far / motor.covered(rhythm.end()) } else { 0.5 * stride / period };
    let at = move |t: f32| {
        let mut f = Figure::of(plan.pose(t));
        let (gate, phase) = (motor.speed(t), (t - START) / period);
        f.pose.pelvis.x = speed * motor.covered(t);
        f.pose.pelvis.z -= gate * (0.025 - 0.015 * (2.0 * PI * phase).cos());
        f.pose.tilt.z -= 0.04 * gate * (PI * phase).cos();
        f.pose.head.y -= 0.3 * gate;
        for arm in &mut f.pose.arms {
            *arm = arm.toward(crate::data::procedural::rig::Arm::deg(8.0, 16.0, 18.0, 30.0), gate);
            arm.abd += 0.06 * gate * (PI * phase).sin();
        }
        f
    };
    Take { length: room, at: Box::new(at) }
}

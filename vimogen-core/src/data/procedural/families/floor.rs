//! Movements towards the ground on planted feet.

use glam::Vec2;

use super::{LEAD, Performance, Setting};
use crate::data::procedural::curve::{mix, pulse, ramp};
use crate::data::procedural::gait::{Plan, Rhythm, Style};
use crate::data::procedural::rig::{Arm, LEFT, Pose, Print, RIGHT};
use crate::data::procedural::spec::{Family, Part};

/// A pose on planted feet and how long it takes; metres, seconds, degrees.
#[derive(Debug, Clone, Copy)]
struct Low {
    down: f32,
    back: f32,
    tilt: f32,
    spine: f32,
    head: f32,
    heel: f32,
    arm: Arm,
    /// Going down, staying, coming up; staying for good if 0.
    times: [f32; 3],
}

const SQUAT: Low = Low {
    down: 0.42,
    back: 0.16,
    tilt: 22.0,
    spine: 12.0,
    head: -15.0,
    heel: 0.0,
    arm: Arm::deg(88.0, 6.0, 0.0, 10.0),
    times: [0.9, 0.15, 0.85],
};

const CROUCH: Low = Low {
    down: 0.50,
    back: 0.12,
    tilt: 25.0,
    spine: 38.0,
    head: -25.0,
    heel: 20.0,
    arm: Arm::deg(55.0, 12.0, 40.0, 70.0),
    times: [1.0, 0.0, 0.7],
};

const SIT: Low = Low {
    down: 0.44,
    back: 0.40,
    tilt: -4.0,
    spine: 10.0,
    head: -2.0,
    heel: 0.0,
    arm: Arm::deg(22.0, 8.0, 12.0, 55.0),
    times: [1.3, 0.0, 0.8],
};

const BEND: Low = Low {
    down: 0.16,
    back: 0.15,
    tilt: 68.0,
    spine: 60.0,
    head: 10.0,
    heel: 0.0,
    arm: Arm::deg(118.0, 4.0, 5.0, 4.0),
    times: [1.0, 0.35, 1.0],
};

const BOW: Low = Low {
    down: 0.01,
    back: 0.08,
    tilt: 24.0,
    spine: 28.0,
    head: 14.0,
    heel: 0.0,
    arm: Arm::deg(18.0, 8.0, 15.0, 12.0),
    times: [0.8, 0.4, 0.8],
};

fn low(family: Family) -> Low {
    match family {
        Family::Squat => SQUAT,
        Family::Crouch => CROUCH,
        Family::SitDown => SIT,
        Family::BendDown => BEND,
        _ => BOW,
    }
}

/// Squatting, crouching, sitting down, bowing, bending to the ground.
pub fn lower(part: &Part, s: &Setting) -> Performance {
    let low = low(part.family);
    let [go, stay, back] = low.times;
    let rate = s.rate(part);
    let weight: Box<dyn Fn(f32) -> f32> = if stay == 0.0 {
        Box::new(s.hold(s.fit(2.0 * go / rate) * 0.5))
    } else {
        let count = f32::from(part.count.max(1));
        let whole = go + stay + back;
        let clock = s.clock(count * whole, rate);
        Box::new(move |t| {
            let all = clock(t).clamp(0.0, count * whole);
            let u = all - (all / whole).floor().min(count - 1.0) * whole;
            pulse(u, [0.0, go, go + stay, whole])
        })
    };
    let amp = mix(1.0, s.amp, 0.6);
    Box::new(move |t| lowered(&low, amp, weight(t)))
}

fn lowered(low: &Low, amp: f32, w: f32) -> Pose {
    let mut pose = Pose::default();
    pose.pelvis.z -= low.down * amp * w;
    pose.pelvis.y -= low.back * w;
    pose.tilt.x += (low.tilt * amp * w).to_radians();
    pose.spine.x += (low.spine * amp * w).to_radians();
    pose.head.x += (low.head * w).to_radians();
    for leg in &mut pose.legs {
        leg.pitch = (low.heel * w).to_radians();
    }
    pose.swing_arms(low.arm, w);
    pose
}

/// Going down on the right knee, and staying there.
pub fn kneel(part: &Part, s: &Setting) -> Performance {
    let rate = s.rate(part);
    let step = 0.55 / rate;
    let (down, stop) = (LEAD + 0.35 / rate, s.end.unwrap_or(f32::MAX));
    let up = stop - 0.75;
    // The right foot steps back onto its toes; for a following movement it returns.
    let style = Style { clearance: 0.06, heel: 0.0, heel_lead: 0.1 };
    let home = Print::home(RIGHT, Vec2::ZERO, 0.0);
    let behind = Print { ankle: home.ankle - Vec2::new(0.0, 0.40), yaw: 0.0 };
    let out = Rhythm { start: LEAD, period: step, swing: step, first: RIGHT, count: 1 };
    let mut plan = Plan::placed(out, style, &|_| behind);
    let back = Rhythm { start: up + 0.15, swing: 0.55, ..out };
    if s.end.is_some() {
        plan.steps.extend(Plan::placed(back, style, &|_| home).steps);
    }
    Box::new(move |t| {
        let w = ramp(t, down, down + 1.0 / rate) - ramp(t, up, stop);
        let mut pose = plan.pose(t);
        let toes = ramp(t, LEAD, down + 0.7 / rate) - ramp(t, up, stop - 0.1);
        pose.legs[RIGHT].pitch = 1.25 * toes;
        pose.pelvis.z -= 0.44 * w;
        pose.pelvis.y -= 0.05 * w;
        pose.spine.x += 0.08 * w;
        pose.swing_arms(Arm::deg(20.0, 8.0, 20.0, 45.0), w);
        pose
    })
}

/// A lunge with the right leg forward and back to standing.
pub fn lunge(s: &Setting) -> Performance {
    let clock = s.clock(2.5, s.tempo);
    let far = 0.62 * s.amp;
    let style = Style { clearance: 0.08, heel: 0.3, heel_lead: 0.1 };
    let rhythm = Rhythm { start: 0.0, period: 1.75, swing: 0.6, first: RIGHT, count: 1 };
    let home = Print::home(RIGHT, Vec2::ZERO, 0.0);
    let ahead = Print { ankle: home.ankle + Vec2::new(0.0, far), yaw: home.yaw };
    let mut plan = Plan::placed(rhythm, style, &|_| ahead);
    let back = Rhythm { start: rhythm.period, ..rhythm };
    plan.steps.extend(Plan::placed(back, style, &|_| home).steps);
    Box::new(move |t| {
        let u = clock(t);
        let w = pulse(u, [0.1, 1.05, 1.35, 2.35]);
        let mut pose = plan.pose(t);
        pose.pelvis.y += 0.5 * far * w;
        pose.pelvis.z -= 0.26 * w;
        pose.legs[LEFT].pitch = 0.75 * w;
        pose.spine.x += 0.08 * w;
        pose.swing_arms(Arm::deg(10.0, 22.0, 10.0, 35.0), w);
        pose
    })
}

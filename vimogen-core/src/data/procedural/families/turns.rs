//! Turning in place, by small steps.

use glam::Vec2;

use super::{LEAD, Performance, Setting};
use crate::data::procedural::curve::ramp;
use crate::data::procedural::gait::{Plan, Rhythm, Style};
use crate::data::procedural::rig::{Arm, Pose, RIGHT};
use crate::data::procedural::spec::{Family, Part};

/// Turning to the right by the part's degrees, or once around.
pub fn turn(part: &Part, s: &Setting) -> Performance {
    let degrees = if part.family == Family::Spin { 360 } else { part.degrees };
    let (count, usual) = match degrees {
        0..=90 => (4, 0.40),
        91..=180 => (6, 0.36),
        _ => (10, 0.32),
    };
    let swing = 0.86;
    let natural = usual / s.rate(part) * (count as f32 - 1.0 + swing);
    let period = s.fit(natural) / (count as f32 - 1.0 + swing);
    let rhythm = Rhythm { start: LEAD, period, swing: swing * period, first: RIGHT, count };
    let angle = -f32::from(degrees).to_radians();
    let yaw = move |t: f32| angle * ramp(t, LEAD, rhythm.end());
    let style = Style { clearance: 0.07, heel: 0.3, heel_lead: 0.12 };
    let plan = Plan::under(rhythm, style, true, &|t| (Vec2::ZERO, yaw(t)));
    Box::new(move |t| {
        let gate = ramp(t, LEAD, LEAD + 0.4) - ramp(t, rhythm.end() - 0.4, rhythm.end());
        let phase = (t - LEAD) / period;
        let mut pose = Pose { yaw: yaw(t), ..plan.pose(t) };
        let sway = -0.02 * gate * (std::f32::consts::PI * (phase - 0.4)).cos();
        pose.pelvis += Vec2::from_angle(pose.yaw).rotate(Vec2::new(sway, 0.0)).extend(-0.015 * gate);
        pose.spine.y -= 0.15 * gate;
        pose.head.y -= 0.25 * gate;
        pose.swing_arms(Arm::deg(4.0, 16.0, 15.0, 24.0), gate);
        pose
    })
}

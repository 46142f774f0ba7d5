//! Movements of arms, head and chest above a standing body.

use std::f32::consts::PI;

use super::{LEAD, Performance, Setting};
use crate::data::procedural::curve::{pulse, ramp};
use crate::data::procedural::rig::{Arm, LEFT, Pose, RIGHT};
use crate::data::procedural::spec::{Family, Part, Side};

/// The arms a part uses; parts without a side use both.
fn arms_of(part: &Part) -> &'static [usize] {
    match part.side {
        None | Some(Side::Both) => &[LEFT, RIGHT],
        _ => &[RIGHT],
    }
}

/// Waving with the right hand or both, until the end.
pub fn wave(part: &Part, s: &Setting) -> Performance {
    let (hold, amp, arms) = (s.hold(0.7), s.amp, arms_of(part));
    Box::new(move |t| {
        let mut pose = Pose::default();
        let w = hold(t);
        let swing = (2.0 * PI * (t - LEAD - 0.45) / 0.6).sin() * ramp(t, LEAD + 0.35, LEAD + 0.9);
        for &arm in arms {
            let bend = 78.0 + 26.0 * amp * swing;
            pose.arms[arm] = pose.arms[arm].toward(Arm::deg(8.0, 82.0, -78.0, bend), w);
        }
        pose
    })
}

/// Clapping in front of the chest, until the end.
pub fn clap(s: &Setting) -> Performance {
    let (hold, amp) = (s.hold(0.6), s.amp);
    Box::new(move |t| {
        let mut pose = Pose::default();
        let w = hold(t);
        let apart = 0.5 - 0.5 * (2.0 * PI * (t - LEAD - 0.5) / 0.6).cos();
        pose.swing_arms(Arm::deg(46.0, 11.0 + 10.0 * apart, 54.0 - 42.0 * amp * apart, 72.0), w);
        pose
    })
}

/// Taking an arm pose and keeping it.
pub fn held(part: &Part, s: &Setting) -> Performance {
    let (hold, arms, amp) = (s.hold(0.9), arms_of(part), s.amp);
    let target = match part.family {
        Family::RaiseArms => Arm::deg(160.0 + 60.0 * (amp - 1.0), 8.0, 0.0, 12.0),
        Family::ArmsOut => Arm::deg(0.0, 86.0 + 40.0 * (amp - 1.0), 0.0, 8.0),
        Family::HandsOnHips => Arm::deg(-22.0, 42.0, 62.0, 92.0),
        Family::CrossArms => Arm::deg(30.0, 4.0, 72.0, 98.0),
        Family::Salute => Arm::deg(70.0, 32.0, -4.0, 130.0),
        _ => Arm::deg(86.0 + 40.0 * (amp - 1.0), 2.0, 0.0, 6.0),
    };
    Box::new(move |t| {
        let mut pose = Pose::default();
        let w = hold(t);
        for &arm in arms {
            pose.arms[arm] = pose.arms[arm].toward(target, w);
        }
        pose
    })
}

/// Drinking from something in the right hand.
pub fn drink(s: &Setting) -> Performance {
    let clock = s.clock(3.0, s.tempo);
    Box::new(move |t| {
        let u = clock(t);
        let (w, sip) = (pulse(u, [0.0, 0.9, 2.1, 3.0]), pulse(u, [0.8, 1.3, 1.7, 2.2]));
        let mut pose = Pose::default();
        pose.arms[RIGHT] = pose.arms[RIGHT].toward(Arm::deg(60.0 + 8.0 * sip, 8.0, 42.0, 124.0), w);
        pose.head.x -= 0.35 * sip;
        pose.spine.x -= 0.08 * sip;
        pose
    })
}

/// Leaning to the right with the left arm overhead.
pub fn side_stretch(s: &Setting) -> Performance {
    let (clock, amp) = (s.clock(2.9, s.tempo), s.amp);
    Box::new(move |t| {
        let u = clock(t);
        let (arm, lean) = (pulse(u, [0.0, 0.9, 2.0, 2.9]), pulse(u, [0.35, 1.25, 1.65, 2.55]));
        let mut pose = Pose::default();
        pose.arms[LEFT] = pose.arms[LEFT].toward(Arm::deg(0.0, 158.0, 0.0, 22.0), arm);
        pose.spine.z += 0.58 * amp * lean;
        pose.tilt.z += 0.10 * amp * lean;
        pose.head.z += 0.12 * lean;
        pose.pelvis.x -= 0.06 * lean;
        pose
    })
}

/// Nodding or shaking the head, until the end.
pub fn head(part: &Part, s: &Setting) -> Performance {
    let (hold, amp, nod) = (s.hold(0.5), s.amp, part.family == Family::Nod);
    Box::new(move |t| {
        let mut pose = Pose::default();
        let w = hold(t) * amp;
        if nod {
            let down = 0.5 - 0.5 * (2.0 * PI * (t - LEAD) / 0.8).cos();
            pose.head.x += 0.75 * w * down;
            pose.spine.x += 0.05 * w * down;
        } else {
            let turn = (2.0 * PI * (t - LEAD) / 1.0).sin();
            pose.head.y += 0.95 * w * turn;
            pose.spine.y += 0.06 * w * turn;
        }
        pose
    })
}

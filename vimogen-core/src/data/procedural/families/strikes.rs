//! Punching and throwing.

use super::{Performance, Setting};
use crate::data::procedural::curve::{pulse, ramp};
use crate::data::procedural::rig::{Arm, LEFT, Pose, RIGHT};
use crate::data::procedural::spec::Part;

/// Punching with the right fist, once or several times, from a guard.
pub fn punch(part: &Part, s: &Setting) -> Performance {
    let count = f32::from(part.count.max(1));
    let (one, guard) = (0.85, 0.5);
    let whole = guard + count * one + 0.55;
    let (clock, amp) = (s.clock(whole, s.tempo), s.amp);
    Box::new(move |t| {
        let u = clock(t);
        let up = pulse(u, [0.0, guard, whole - 0.55, whole]);
        let v = (u - guard).clamp(0.0, count * one);
        let v = v - (v / one).floor().min(count - 1.0) * one;
        let hit = pulse(v, [0.05, 0.36, 0.46, 0.85]);
        let mut pose = Pose::default();
        let fists = Arm::deg(32.0, 14.0, 18.0, 122.0);
        pose.arms[LEFT] = pose.arms[LEFT].toward(fists, up);
        pose.arms[RIGHT] = pose.arms[RIGHT].toward(fists, up).toward(Arm::deg(88.0, 2.0, 8.0, 8.0), hit);
        pose.spine.y += 0.42 * amp * hit - 0.12 * (up - hit).max(0.0);
        pose.tilt.y += 0.12 * amp * hit;
        pose.spine.x += 0.08 * hit;
        pose.pelvis.y += 0.05 * hit;
        pose.pelvis.z -= 0.025 * up;
        pose.legs[RIGHT].pitch = 0.3 * hit;
        pose
    })
}

/// An overarm throw with the right hand.
pub fn throw(s: &Setting) -> Performance {
    let (clock, amp) = (s.clock(2.2, s.tempo), s.amp);
    Box::new(move |t| {
        let u = clock(t);
        let cocked = ramp(u, 0.0, 0.8);
        let thrown = ramp(u, 0.85, 1.25);
        let done = ramp(u, 1.3, 2.2);
        let mut pose = Pose::default();
        pose.arms[RIGHT] = pose.arms[RIGHT]
            .toward(Arm::deg(-8.0, 88.0, -72.0, 100.0), cocked)
            .toward(Arm::deg(68.0, 8.0, 10.0, 14.0), thrown)
            .toward(Arm::HANG, done);
        pose.arms[LEFT] = pose.arms[LEFT].toward(Arm::deg(52.0, 14.0, 10.0, 22.0), cocked * (1.0 - thrown));
        pose.spine.y += amp * (-0.45 * cocked + 0.85 * thrown - 0.40 * done);
        pose.tilt.y += amp * (-0.15 * cocked + 0.30 * thrown - 0.15 * done);
        pose.spine.x += -0.10 * cocked + 0.32 * thrown - 0.22 * done;
        pose.pelvis.y += -0.05 * cocked + 0.11 * thrown - 0.06 * done;
        pose
    })
}

//! Movements on one leg.

use super::{Performance, Setting};
use crate::data::procedural::curve::{pulse, ramp};
use crate::data::procedural::rig::{Arm, FreeLeg, LEFT, Pose, RIGHT};
use crate::data::procedural::spec::Part;

/// Kicking forward with the right leg, once or several times.
pub fn kick(part: &Part, s: &Setting) -> Performance {
    let count = f32::from(part.count.max(1));
    let one = 1.45;
    let (clock, amp) = (s.clock(count * one + 0.15, s.tempo), s.amp);
    Box::new(move |t| {
        let all = clock(t);
        let shift = pulse(all, [0.0, 0.4, count * one - 0.25, count * one + 0.15]);
        let v = all.clamp(0.0, count * one);
        let v = v - (v / one).floor().min(count - 1.0) * one;
        let free = pulse(v, [0.08, 0.42, 1.05, 1.42]);
        let out = pulse(v, [0.38, 0.72, 0.76, 1.12]);
        let mut pose = Pose::default();
        pose.pelvis.x -= 0.075 * shift;
        pose.pelvis.z -= 0.012 * shift;
        pose.legs[RIGHT].free = free;
        pose.legs[RIGHT].swing =
            FreeLeg::deg(58.0, 2.0, 82.0, -14.0).toward(FreeLeg::deg(82.0 * amp, 2.0, 8.0, 25.0), out);
        pose.tilt.x -= 0.16 * out;
        pose.spine.x += 0.06 * out;
        pose.arms[LEFT] = pose.arms[LEFT].toward(Arm::deg(38.0, 18.0, 20.0, 70.0), shift);
        pose.arms[RIGHT] = pose.arms[RIGHT].toward(Arm::deg(-5.0, 26.0, 10.0, 55.0), shift);
        pose
    })
}

/// Standing on the left leg with the right knee raised, until the end.
pub fn balance(s: &Setting) -> Performance {
    let (hold, amp) = (s.hold(0.9), s.amp);
    Box::new(move |t| {
        let w = hold(t);
        let mut pose = Pose::default();
        pose.pelvis.x -= 0.08 * ramp(w, 0.0, 0.7);
        pose.pelvis.z -= 0.008 * w;
        pose.legs[RIGHT].free = w;
        pose.legs[RIGHT].swing = FreeLeg::deg(78.0 * amp, 3.0, 84.0, -10.0);
        pose.spine.z += 0.04 * w;
        pose.swing_arms(Arm::deg(8.0, 32.0, 10.0, 22.0), w);
        pose
    })
}

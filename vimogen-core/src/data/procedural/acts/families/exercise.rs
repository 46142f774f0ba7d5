//! Exercises.

use std::f32::consts::PI;

use super::*;
use crate::data::procedural::rig::{Arm, LEFT, RIGHT};
use glam::Vec2;

/// Jumping jacks, as many as asked for.
pub fn jacks(cue: &Cue<'_>) -> Take {
    let tempo = cue.manner.tempo.clamp(0.85, 1.25);
    let one = 1.5 / tempo;
    let room = cue.room.max(2.0 * one + LEAD);
    let count = cue.act.count.map_or(((room - LEAD) / one).floor().max(2.0), f32::from);
    // A tenth more than whole rounds: the first generation counts those that fit.
    let natural = LEAD + 1.5 * (count + 0.05);
    let inner = earlier(Family::JumpingJacks, cue, 1, natural, Some(natural));
    let length = LEAD + one * count + 0.1;
    Take { length, at: Box::new(move |t| (inner.at)(LEAD + (t - LEAD).max(0.0) * tempo)) }
}

/// Skipping rope: small jumps, the hands turn the rope.
pub fn rope(cue: &Cue<'_>) -> Take {
    let period = 0.46 / cue.manner.tempo.clamp(0.85, 1.25);
    let room = cue.room.max(2.4);
    let count = ((room - 0.9) / period).floor().max(3.0);
    let high = 0.075 * cue.manner.amp;
    let at = move |t: f32| {
        let u = ((t - 0.5) / period).clamp(0.0, count);
        let w = crate::data::procedural::curve::ramp(t, 0.0, 0.5)
            - crate::data::procedural::curve::ramp(t, 0.5 + count * period, 0.9 + count * period);
        let part = u.fract();
        let mut f = Figure::default();
        // On the floor for 45% of a round, dipping, then in the air.
        let air = if part < 0.45 { 0.0 } else { (PI * (part - 0.45) / 0.55).sin() };
        let dip = if part < 0.45 { (PI * part / 0.45).sin() } else { 0.0 };
        let on = if u > 0.0 && u < count { 1.0 } else { 0.0 };
        f.pose.pelvis.z += on * (high * air - 0.045 * dip) + 0.015 * w * on;
        for leg in &mut f.pose.legs {
            leg.toe.z += on * high * air;
            leg.pitch = (0.28 + 0.25 * air) * w;
            leg.toe.x *= 1.0 - 0.35 * w;
        }
        let turn = 2.0 * PI * u;
        for arm in &mut f.pose.arms {
            *arm = arm.toward(Arm::deg(14.0 + 9.0 * turn.sin(), 30.0 + 7.0 * turn.cos(), -20.0, 68.0), w);
        }
        f.wrist = [Vec2::new(0.5 * turn.sin(), 0.5 * turn.cos()) * w; 2];
        f
    };
    Take { length: room.max(0.9 + count * period), at: Box::new(at) }
}

/// Stretching the whole body with both arms overhead, fingers linked.
pub fn stretch(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    k.to(0.7, |f| f.hands(0.05, 0.26, -0.20));
    k.to(0.9, |f| {
        f.hands(0.05, 0.05, 0.50);
        f.head(-14.0, 0.0, 0.0);
        f.spine(-12.0, 0.0, 0.0);
        f.wrist = [Vec2::new(-0.9, 0.0); 2];
        f.pose.pelvis.y += 0.03;
        f.pose.pelvis.z += 0.045;
        f.pose.legs.iter_mut().for_each(|l| l.pitch = 0.4);
    });
    k.hold(cue.pick(0, 0.5, 1.2));
    k.to(0.7, |f| {
        f.both(0.0, 95.0, 0.0, 12.0);
        f.pose.pelvis.z = 0.955;
        f.pose.legs.iter_mut().for_each(|l| l.pitch = 0.0);
        f.head(0.0, 0.0, 0.0);
        f.spine(0.0, 0.0, 0.0);
        f.wrist = [Vec2::ZERO; 2];
    });
    k.stand(0.6);
    k.play()
}

/// A plank on straight arms; `low` from 0, arms straight, to 1, the chest above the floor.
fn plank_pose(f: &mut Figure, low: f32) {
    let slope = (17.0 - 15.5 * low).to_radians();
    for leg in &mut f.pose.legs {
        leg.pitch = 1.35;
        leg.free = 0.0;
    }
    let (ankle_y, ankle_z) = (f.pose.legs[LEFT].ankle(LEFT).y, f.pose.legs[LEFT].ankle(LEFT).z);
    let far = 0.885;
    f.pose.pelvis.y = ankle_y + far * slope.cos();
    f.pose.pelvis.z = ankle_z + far * slope.sin() - 0.01 + 0.02 * low;
    f.tilt(90.0 - slope.to_degrees(), 0.0, 0.0);
    f.spine(-2.0, 0.0, 0.0);
    f.head(-12.0, 0.0, 0.0);
    let y = ankle_y + 1.30;
    f.touch(LEFT, -0.24, y, 0.045);
    f.touch(RIGHT, 0.24, y, 0.045);
    f.elbow = [0.55; 2];
    f.wrist = [Vec2::new(-1.2, 0.0); 2];
}

/// Push-ups, as many as asked for.
pub fn push_up(cue: &Cue<'_>) -> Take {
    let mut start = Figure::default();
    plank_pose(&mut start, 0.0);
    let mut k = Keys::from(start, cue.manner.tempo);
    k.hold(0.25);
    for _ in 0..cue.cycles(1.4, 0.4, 1) {
        k.to(0.65, |f| plank_pose(f, 1.0));
        k.hold(0.08);
        k.to(0.57, |f| plank_pose(f, 0.0));
        k.hold(0.1);
    }
    k.hold(0.15);
    k.play()
}

/// Holding a plank.
pub fn plank(cue: &Cue<'_>) -> Take {
    let mut start = Figure::default();
    plank_pose(&mut start, 0.0);
    let mut k = Keys::from(start, 1.0);
    let half = 0.5 * cue.room.max(1.6);
    k.to(half, |f| f.pose.pelvis.z -= 0.015);
    k.to(half, |f| f.pose.pelvis.z += 0.015);
    k.play()
}

/// Lying on the back, knees up, hands at the head; `up` from 0 to 1, sitting.
fn sit_up_pose(f: &mut Figure, up: f32) {
    f.pose.pelvis.y = -0.46;
    f.tilt(-88.0 + 62.0 * up, 0.0, 0.0);
    f.spine(4.0 + 40.0 * up, 0.0, 0.0);
    f.head(10.0 + 8.0 * up, 0.0, 0.0);
    f.hands(0.135, 0.03, 0.17);
    f.elbow = [1.1; 2];
    f.rest();
}

/// Sit-ups, as many as asked for.
pub fn sit_up(cue: &Cue<'_>) -> Take {
    let mut start = Figure::default();
    sit_up_pose(&mut start, 0.0);
    let mut k = Keys::from(start, cue.manner.tempo);
    k.hold(0.2);
    for _ in 0..cue.cycles(1.7, 0.35, 1) {
        k.to(0.42, |f| sit_up_pose(f, 0.5));
        k.to(0.38, |f| sit_up_pose(f, 1.0));
        k.hold(0.08);
        k.to(0.36, |f| sit_up_pose(f, 0.5));
        k.to(0.40, |f| sit_up_pose(f, 0.0));
        k.hold(0.06);
    }
    k.hold(0.15);
    k.play()
}

/// Burpees: down to a plank, back, a jump.
pub fn burpee(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    let crouch = |f: &mut Figure| {
        *f = Figure::default();
        f.pose.pelvis.z = 0.42;
        f.pose.pelvis.y = -0.08;
        f.tilt(48.0, 0.0, 0.0);
        f.spine(44.0, 0.0, 0.0);
        f.head(-30.0, 0.0, 0.0);
        f.pose.legs.iter_mut().for_each(|l| l.pitch = 0.7);
        f.touch(LEFT, -0.24, 0.42, 0.045);
        f.touch(RIGHT, 0.24, 0.42, 0.045);
        f.wrist = [Vec2::new(-1.1, 0.0); 2];
    };
    // The plank with its hands where the crouch has them.
    let mut plank = Figure::default();
    plank_pose(&mut plank, 0.0);
    let back = plank.world[RIGHT].at.y - 0.42;
    let plank = plank.moved(Vec2::new(0.0, -back), 0.0);
    for _ in 0..cue.count() {
        k.to(0.55, crouch);
        let air = |f: &mut Figure| {
            f.pose.pelvis.z = 0.52;
            f.pose.pelvis.y = 0.5 * (plank.pose.pelvis.y - 0.08);
            f.tilt(66.0, 0.0, 0.0);
            f.spine(16.0, 0.0, 0.0);
            for (leg, there) in f.pose.legs.iter_mut().zip(plank.pose.legs) {
                leg.toe.y = 0.5 * (leg.toe.y + there.toe.y) + 0.02;
                leg.toe.z = 0.12;
                leg.pitch = 1.2;
            }
        };
        k.to(0.18, air);
        k.to(0.17, |f| *f = plank);
        k.hold(0.2);
        k.to(0.18, |f| {
            crouch(f);
            air(f);
        });
        k.to(0.18, crouch);
        k.to(0.30, |f| {
            *f = Figure::default();
            f.pose.pelvis.z = 0.98;
            f.both(130.0, 12.0, 0.0, 20.0);
            f.pose.legs.iter_mut().for_each(|l| l.pitch = 0.6);
        });
        k.to(0.17, |f| {
            f.pose.pelvis.z += 0.15;
            f.both(165.0, 12.0, 0.0, 12.0);
            f.pose.legs.iter_mut().for_each(|l| l.toe.z += 0.15);
        });
        k.to(0.17, |f| {
            f.pose.pelvis.z -= 0.15;
            f.both(120.0, 14.0, 0.0, 20.0);
            f.pose.legs.iter_mut().for_each(|l| l.toe.z -= 0.15);
        });
        k.to(0.2, |f| {
            f.pose.pelvis.z = 0.86;
            f.tilt(8.0, 0.0, 0.0);
            f.both(40.0, 14.0, 0.0, 30.0);
            f.pose.legs.iter_mut().for_each(|l| l.pitch = 0.0);
        });
    }
    k.stand(0.4);
    k.play()
}

/// Circling both straight arms.
pub fn arm_circles(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    let (out, deep) = (cue.pick(0, 0.37, 0.46), cue.pick(1, 0.18, 0.28));
    let at = |k: &mut Keys, seconds: f32, turn: f32| {
        let (s, c) = (2.0 * PI * turn).sin_cos();
        k.to(seconds, |f| {
            f.hands(0.175 + out, 0.05 + deep * s, deep * c);
            f.elbow = [0.2; 2];
        });
    };
    at(&mut k, 0.7, 0.0);
    for _ in 0..cue.cycles(1.0, 1.4, 2) {
        (1..=8).for_each(|i| at(&mut k, 0.125, i as f32 / 8.0));
    }
    k.stand(0.7);
    k.play()
}

//! Movements that leave the ground.

use super::{LEAD, Performance, Setting};
use crate::data::procedural::curve::{Spline, ease, mix, pulse, ramp};
use crate::data::procedural::rig::{Arm, FreeLeg, LEFT, Pose, RIGHT};
use crate::data::procedural::spec::{Family, Part};

const GRAVITY: f32 = 9.81;

/// Height above the take-off point `t` seconds after it, 0 outside the flight.
fn ballistic(t: f32, flight: f32) -> f32 {
    (0.5 * GRAVITY * t * (flight - t)).max(0.0)
}

/// One jump from both feet; seconds and metres.
#[derive(Debug, Clone, Copy)]
struct Leap {
    dip: f32,
    depth: f32,
    push: f32,
    flight: f32,
    absorb: f32,
    rise: f32,
    /// Pelvis above standing at take-off: on the toes.
    tall: f32,
}

impl Leap {
    fn of(height: f32) -> Self {
        let flight = (8.0 * height / GRAVITY).sqrt();
        Self { dip: 0.36, depth: 0.24, push: 0.22, flight, absorb: 0.22, rise: 0.36, tall: 0.045 }
    }

    fn takeoff(&self) -> f32 {
        self.dip + self.push
    }

    fn landing(&self) -> f32 {
        self.takeoff() + self.flight
    }

    fn duration(&self) -> f32 {
        self.landing() + self.absorb + self.rise
    }

    /// Pelvis height relative to standing.
    fn pelvis(&self) -> impl Fn(f32) -> f32 + 'static {
        let leap = *self;
        let speed = 0.5 * GRAVITY * leap.flight;
        let up = Spline(vec![(0.0, 0.0, 0.0), (leap.dip, -leap.depth, 0.0), (leap.takeoff(), leap.tall, speed)]);
        let down = Spline(vec![
            (leap.landing(), leap.tall, -speed),
            (leap.landing() + leap.absorb, -0.8 * leap.depth, 0.0),
            (leap.duration(), 0.0, 0.0),
        ]);
        move |t| match t {
            t if t < leap.takeoff() => up.at(t),
            t if t < leap.landing() => leap.tall + ballistic(t - leap.takeoff(), leap.flight),
            t => down.at(t),
        }
    }
}

/// Jumping up, once or several times, or once forward.
pub fn jump(part: &Part, s: &Setting) -> Performance {
    let forward = part.family == Family::JumpForward;
    let leap = Leap::of(if forward { 0.16 } else { 0.22 } * s.amp);
    let far = if forward { 0.75 * s.amp } else { 0.0 };
    let count = f32::from(part.count.max(1));
    let (pelvis, whole) = (leap.pelvis(), leap.duration());
    let clock = s.clock(whole * count, s.tempo);
    Box::new(move |t| {
        let all = clock(t).clamp(0.0, whole * count);
        let turn = (all / whole).floor().min(count - 1.0);
        let u = all - turn * whole;
        let mut pose = Pose::default();
        pose.pelvis.z += pelvis(u);
        let air = ballistic(u - leap.takeoff(), leap.flight);
        let flown = ((u - leap.takeoff()) / leap.flight).clamp(0.0, 1.0);
        pose.pelvis.y += far * (ramp(u, 0.3 * leap.dip, leap.landing() + leap.absorb) * 0.4 + 0.6 * flown);
        for leg in &mut pose.legs {
            leg.toe.z += air;
            leg.toe.y += far * mix(flown, ease(flown), 0.5);
            let push = ramp(u, leap.dip, leap.takeoff());
            leg.pitch = 0.6 * (push - ramp(u, leap.landing() - 0.08, leap.landing() + 0.14));
        }
        let dip = pulse(u, [0.0, leap.dip, leap.dip, leap.takeoff()])
            + 0.7 * pulse(u, [leap.landing() - 0.05, leap.landing() + leap.absorb, whole - leap.rise, whole]);
        pose.spine.x += 0.35 * dip;
        pose.tilt.x += 0.2 * dip;
        let up = pulse(u, [leap.dip - 0.05, leap.takeoff() + 0.08, leap.landing() - 0.1, leap.landing() + leap.absorb]);
        pose.swing_arms(Arm::deg(-32.0, 12.0, 10.0, 25.0), dip);
        pose.swing_arms(Arm::deg(85.0, 14.0, 0.0, 30.0), up);
        pose
    })
}

/// Pelvis height relative to standing of hopping with `period`, of which `flight` is spent in the air.
fn bouncing(period: f32, flight: f32) -> impl Fn(f32) -> f32 + Copy {
    let contact = period - flight;
    let speed = 0.5 * GRAVITY * flight;
    move |t: f32| {
        let u = t.rem_euclid(period);
        // Contact: a parabola that meets the flight with its speed, both ways.
        if u < contact { -speed * u * (contact - u) / contact } else { ballistic(u - contact, flight) }
    }
}

/// Hopping on the right leg.
pub fn hop(s: &Setting) -> Performance {
    let (period, flight) = (0.5, 0.22 * s.amp.sqrt());
    let ready = LEAD + 0.55;
    let stop = s.end.map_or(f32::MAX, |e| ready + ((e - 0.6 - ready) / period).floor().max(1.0) * period);
    let bounce = bouncing(period, flight);
    let lifted = move |t: f32| ramp(t, LEAD, LEAD + 0.45) - ramp(t, stop + 0.1, stop + 0.55);
    Box::new(move |t| {
        let mut pose = Pose::default();
        let u = t - ready;
        let on = u > 0.0 && t < stop;
        let height = if on { bounce(u) } else { 0.0 };
        let w = lifted(t);
        pose.pelvis.z += height - 0.02 * w;
        pose.pelvis.x += 0.075 * w;
        let air = height.max(0.0);
        pose.legs[RIGHT].toe.z += air;
        pose.legs[RIGHT].pitch = 0.3 * ease(air / 0.05);
        pose.legs[LEFT].free = w;
        // The knee leads, so that the toes leave the ground upwards.
        pose.legs[LEFT].swing = FreeLeg::deg(42.0, 2.0, 72.0, -12.0).toward(FreeLeg::deg(22.0, 2.0, 85.0, 0.0), w * w);
        pose.spine.z -= 0.05 * w;
        pose.spine.x += 0.08 * w;
        pose.swing_arms(Arm::deg(18.0, 28.0, 10.0, 60.0), w);
        pose
    })
}

/// Jumping jacks.
pub fn jacks(s: &Setting) -> Performance {
    let (half, flight) = (0.75, 0.2);
    let bounce = bouncing(half, flight);
    let cycles = s.end.map_or(f32::MAX, |e| ((e - LEAD) / (2.0 * half)).floor().max(1.0));
    let spread = 0.24 * s.amp;
    Box::new(move |t| {
        let u = (t - LEAD).clamp(0.0, cycles * 2.0 * half);
        let mut pose = Pose::default();
        let gate = ramp(u, 0.0, 0.2);
        let height = bounce(u) * if u < 0.2 { gate } else { 1.0 };
        pose.pelvis.z += height;
        // Feet move while they are in the air, arms all the time.
        let (index, part) = ((u / half).floor(), u.rem_euclid(half));
        let flown = ease((part - (half - flight)) / flight);
        let open = if index as i64 % 2 == 0 { flown } else { 1.0 - flown };
        for (leg, side) in pose.legs.iter_mut().zip([-1.0, 1.0]) {
            leg.toe.x += side * spread * open;
            leg.toe.z += height.max(0.0);
            leg.pitch = 0.4 * ease(height.max(0.0) / 0.04);
        }
        let wave = gate * (0.5 - 0.5 * (std::f32::consts::PI * (u + 0.1) / half).cos());
        pose.swing_arms(Arm::deg(0.0, 150.0, 0.0, 20.0), wave);
        pose
    })
}

//! Steps of their own kind: turns, hops, skipping, stairs, the moonwalk.

use std::f32::consts::PI;

use glam::Vec2;

use super::*;
use crate::data::procedural::curve::{ease, mix, ramp};
use crate::data::procedural::gait::{Plan, Rhythm, Step, Style};
use crate::data::procedural::rig::{FreeLeg, LEFT, Print, RIGHT};

const START: f32 = 0.15;

/// Turning to the right by small steps.
pub fn turn(cue: &Cue<'_>) -> Take {
    turning(Family::Turn, cue, f32::from(cue.act.degrees))
}

/// Turning once around, as often as asked for.
pub fn spin(cue: &Cue<'_>) -> Take {
    turning(Family::Spin, cue, 360.0).times(cue.count())
}

fn turning(family: Family, cue: &Cue<'_>, degrees: f32) -> Take {
    let steps = match degrees as u16 {
        0..=90 => 0.40 * 3.86,
        91..=180 => 0.36 * 5.86,
        _ => 0.32 * 9.86,
    };
    let natural = steps / cue.manner.tempo + LEAD + 0.1;
    let mut take = earlier(family, cue, 1, natural, None);
    let (at, swing) = (std::mem::replace(&mut take.at, Box::new(|_| Figure::default())), cue.pick(2, 0.3, 1.0));
    take.at = Box::new(move |t| {
        let mut f = at(t);
        let gate = ramp(t, LEAD, LEAD + 0.4) - ramp(t, natural - 0.5, natural);
        // Arms drag behind the turn.
        f.pose.arms[LEFT].flex += 0.25 * swing * gate;
        f.pose.arms[RIGHT].flex -= 0.22 * swing * gate;
        f
    });
    take
}

/// Hopping on the right leg, as often as asked for.
pub fn hop(cue: &Cue<'_>) -> Take {
    let Some(count) = cue.act.count else { return earlier_open(Family::Hop, cue, 2.2) };
    // The first generation hops until an end: ready at 0.8 s, 0.5 s a hop, 0.6 s to put the foot down.
    let length = LEAD + 0.55 + 0.5 * f32::from(count) + 0.02 + 0.6;
    earlier(Family::Hop, cue, 1, length, Some(length))
}

/// Skipping: step and hop, left and right.
pub fn skip(cue: &Cue<'_>) -> Take {
    let m = &cue.manner;
    let unit = 0.60 / m.tempo;
    let (stride, hop) = (0.50 * m.stride, 0.26 * m.stride);
    let room = cue.room.max(START + 4.0 * unit);
    let count = ((room - START - if cue.returns { 0.6 } else { 0.0 }) / unit).floor().max(3.0) as usize;
    let count = if cue.returns { count } else { count + 3 };
    let speed = (stride + hop) / unit;
    let mut steps = vec![];
    let home = |foot: usize, y: f32| Print::home(foot, Vec2::new(0.0, y), 0.0);
    for n in 0..=count {
        let (foot, begin) = (if n % 2 == 0 { RIGHT } else { LEFT }, START + n as f32 * unit);
        let at = speed * n as f32 * unit;
        // The other leg swings through while this one lands, stands and hops.
        let end = n == count;
        let lands = if end { at } else { at + 0.5 * stride };
        steps.push(Step {
            foot,
            lift: begin - 0.80 * unit,
            land: begin,
            to: home(foot, if n == 0 { 0.0 } else { lands }),
        });
        if !end {
            steps.push(Step {
                foot,
                lift: begin + 0.40 * unit,
                land: begin + 0.74 * unit,
                to: home(foot, at + 0.5 * stride + hop),
            });
        }
        if end {
            let other = LEFT + RIGHT - foot;
            steps.push(Step { foot: other, lift: begin + 0.1, land: begin + 0.5, to: home(other, at) });
        }
    }
    steps.retain(|s| s.lift >= START);
    steps.sort_by(|a, b| a.lift.total_cmp(&b.lift));
    let plan = Plan { steps, style: Style { clearance: 0.13, heel: 0.7, heel_lead: 0.12 } };
    let stop = START + count as f32 * unit;
    let at = move |t: f32| {
        let mut f = Figure::of(plan.pose(t));
        let gate = ramp(t, START, START + 0.5 * unit) - ramp(t, stop - 0.2, stop + 0.4);
        let u = ((t - START) / unit).clamp(0.0, count as f32);
        let (round, part) = (u.floor(), u.fract());
        f.pose.pelvis.y = speed * unit * u;
        // Up with the hop, down into the step.
        let fly = (PI * ((part - 0.36) / 0.42).clamp(0.0, 1.0)).sin();
        f.pose.pelvis.z += gate * (0.115 * fly - 0.055 * (1.0 - fly));
        let free = if round as i64 % 2 == 0 { LEFT } else { RIGHT };
        let knee = (PI * ((part - 0.15) / 0.75).clamp(0.0, 1.0)).sin() * gate;
        f.pose.legs[free].free = knee.min(1.0);
        f.pose.legs[free].swing = FreeLeg::deg(72.0, 2.0, 84.0, 15.0);
        f.pose.legs[LEFT + RIGHT - free].pitch += 0.4 * fly * gate;
        for (limb, sign) in [(LEFT, -1.0), (RIGHT, 1.0)] {
            let ahead = if free == LEFT { sign } else { -sign };
            let arm = &mut f.pose.arms[limb];
            arm.flex += gate * (0.75 * ahead * knee + 0.1);
            arm.bend = mix(arm.bend, 0.8, gate);
        }
        f.pose.spine.x += 0.06 * gate;
        f
    };
    Take { length: if cue.returns { stop + 0.5 } else { room }, at: Box::new(at) }
}

/// The moonwalk: one foot glides back flat while the other stands on its toes.
pub fn moonwalk(cue: &Cue<'_>) -> Take {
    let period = 0.62 / cue.manner.tempo;
    let glide = 0.34 * cue.manner.stride;
    let room = cue.room.max(START + 4.0 * period + 0.3);
    let count = ((room - START - 0.2) / period).floor();
    let at = move |t: f32| {
        let u = ((t - START) / period).clamp(0.0, count);
        let (round, part) = (u.floor().min(count - 1.0), (u - u.floor().min(count - 1.0)).min(1.0));
        let gate = ramp(t, 0.0, 0.3) - ramp(t, START + count * period - 0.1, START + count * period + 0.3);
        let mut f = Figure::default();
        let slide = ease(part);
        for foot in [LEFT, RIGHT] {
            // Each foot glides in every second round, by twice what the body does; the first and last go half way.
            let mine = |n: f32| (n as i64 % 2 == 0) == (foot == LEFT);
            let mut back = 0.0;
            for n in 0..count as i64 {
                let n = n as f32;
                let far = if n == 0.0 || n == count - 1.0 { 0.5 * glide } else { glide };
                if mine(n) {
                    back += far
                        * if n < round {
                            1.0
                        } else if n == round {
                            slide
                        } else {
                            0.0
                        };
                }
            }
            f.pose.legs[foot].toe.y -= back;
            let on_toes = if mine(round) { 1.0 - ease(part * 3.0) } else { ease(part * 3.0) };
            f.pose.legs[foot].pitch = 0.85 * on_toes * gate;
        }
        f.pose.pelvis.y =
            0.5 * (f.pose.legs[LEFT].toe.y + f.pose.legs[RIGHT].toe.y) - Figure::default().pose.legs[LEFT].toe.y;
        f.pose.pelvis.z -= 0.045 * gate;
        f.pose.spine.x += 0.10 * gate;
        f.pose.head.x += 0.08 * gate * (2.0 * PI * u).sin();
        for (limb, sign) in [(LEFT, 1.0), (RIGHT, -1.0)] {
            let arm = &mut f.pose.arms[limb];
            arm.flex += gate * 0.32 * sign * (PI * (u - 0.2)).cos();
            arm.bend = mix(arm.bend, 0.55, gate);
        }
        f
    };
    Take { length: room, at: Box::new(at) }
}

/// Climbing stairs.
pub fn climb(cue: &Cue<'_>) -> Take {
    stairs(cue, 1.0)
}

/// Going down stairs.
pub fn descend(cue: &Cue<'_>) -> Take {
    stairs(cue, -1.0)
}

fn stairs(cue: &Cue<'_>, up: f32) -> Take {
    let m = &cue.manner;
    let period = 0.66 / m.tempo.powf(0.8);
    let (rise, tread) = (up * cue.pick(0, 0.155, 0.185), cue.pick(1, 0.26, 0.30));
    let room = cue.room.max(START + 3.4 * period);
    let swing = 0.80 * period;
    let open = Rhythm { start: START, period, swing, first: RIGHT, count: 0 };
    let rhythm = open.until(if cue.returns { room } else { room + 2.0 });
    let shown = if cue.returns { rhythm.count } else { ((room - START) / period).ceil() as usize };
    let last = rhythm.count - 1;
    // The last step closes next to the one before.
    let stair = move |k: usize| if k == last { last } else { k + 1 } as f32;
    let place = |k: usize| Print::home(rhythm.foot(k), Vec2::new(0.0, tread * stair(k)), 0.0);
    let style = Style { clearance: 0.05, heel: if up > 0.0 { 0.35 } else { 0.75 }, heel_lead: 0.28 };
    let plan = Plan::placed(rhythm, style, &place);
    // The lowest stair of those shown is the floor.
    let base = if up > 0.0 { 0.0 } else { -rise * shown as f32 };
    let height = move |foot: usize, t: f32| {
        let mut level = base;
        for k in (0..rhythm.count).filter(|k| rhythm.foot(*k) == foot) {
            let to = base + rise * stair(k);
            if t < rhythm.lift(k) {
                return level;
            }
            if t < rhythm.land(k) {
                let u = (t - rhythm.lift(k)) / swing;
                // Up early, down late: the toe clears the edge.
                let w = if up > 0.0 { ease(u * 1.7) } else { ease(u * 1.7 - 0.7) };
                return mix(level, to, w);
            }
            level = to;
        }
        level
    };
    let total = stair(last);
    let at = move |t: f32| {
        let t = t.min(room.max(rhythm.end()));
        let mut f = Figure::of(plan.pose(t));
        for foot in [LEFT, RIGHT] {
            f.pose.legs[foot].toe.z += height(foot, t);
        }
        let u = (t - START - 0.35 * period) / period;
        let gate = ease((t - START) / 0.4);
        // The body follows a little behind the foot that has landed.
        let way = (u.max(0.0) - 0.12 * (2.0 * PI * u.max(0.0)).sin() / PI).min(total);
        f.pose.pelvis.y = tread * (way - 0.1 * gate).max(0.0).min(total);
        let lag = if up > 0.0 { 0.75 } else { 0.15 };
        f.pose.pelvis.z +=
            base + rise * (way - lag * gate * (1.0 - ramp(u, total - 1.0, total + 0.4))).clamp(-0.2, total) - 0.015;
        f.pose.pelvis.x += 0.025 * gate * (PI * u).sin();
        let lean = if up > 0.0 { 0.17 } else { 0.04 };
        f.pose.spine.x += lean * gate;
        f.pose.head.x += gate * if up > 0.0 { 0.12 } else { 0.34 };
        let stride = (PI * (u + 0.45)).cos();
        for (limb, sign) in [(LEFT, -1.0), (RIGHT, 1.0)] {
            f.pose.arms[limb].flex -= gate * 0.24 * sign * stride;
            f.pose.arms[limb].bend = mix(f.pose.arms[limb].bend, 0.55, gate);
        }
        f
    };
    let length = if cue.returns { rhythm.end() } else { room };
    Take { length, at: Box::new(at) }
}

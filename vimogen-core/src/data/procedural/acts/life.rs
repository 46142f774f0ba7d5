//! Restlessness of people: head, trunk, wrists and weight wander, eyes glance, the head leads turns, wrists lag.
//!
//! Sizes are fitted to real clips (docs/src/concepts/procedural.md has the table).

use std::f32::consts::TAU;

use glam::Vec2;

use super::figure::Figure;
use crate::data::procedural::curve::ease;
use crate::data::procedural::rig::{LEFT, RIGHT};
use crate::data::procedural::rng::Rng;
use crate::motion::layout::FPS;

/// A slow random curve: three sines of drawn frequency and phase.
#[derive(Debug, Clone, Copy)]
struct Wander([(f32, f32, f32); 3]);

impl Wander {
    /// A curve of standard deviation `size` between `slow` and `fast` cycles per second.
    fn draw(size: f32, slow: f32, fast: f32, rng: &mut Rng) -> Self {
        Self([0.0, 1.0, 2.0].map(|i| {
            let share = (i + rng.unit()) / 3.0;
            let frequency = slow * (fast / slow).powf(share);
            (size * 0.82, TAU * frequency, rng.range(0.0, TAU))
        }))
    }

    fn at(&self, t: f32) -> f32 {
        self.0.iter().map(|(size, rate, phase)| size * (rate * t + phase).sin()).sum()
    }
}

/// A look to the side and back.
#[derive(Debug, Clone, Copy)]
struct Glance {
    from: f32,
    to: f32,
    yaw: f32,
    pitch: f32,
}

/// The restlessness of one clip.
pub struct Life {
    head: [Wander; 3],
    spine: [Wander; 3],
    weight: [Wander; 3],
    arms: [[Wander; 4]; 2],
    wrists: [[Wander; 2]; 2],
    glances: Vec<Glance>,
    grain: f32,
    noise: Vec<[f32; 12]>,
}

/// Shares of liveliness that a movement leaves free.
#[derive(Debug, Clone, Copy)]
pub struct Freedom {
    /// Head and glances.
    pub head: f32,
    /// Trunk, weight and arms.
    pub body: f32,
}

impl Life {
    /// Draws the restlessness of `frames` frames.
    pub fn draw(frames: usize, rng: &mut Rng) -> Self {
        let d = std::f32::consts::PI / 180.0;
        let mood = rng.range(0.55, 1.45);
        let mut wander = |size: f32, slow: f32, fast: f32| Wander::draw(size * mood, slow, fast, rng);
        let head = [wander(6.0 * d, 0.12, 1.1), wander(8.5 * d, 0.1, 0.9), wander(4.5 * d, 0.15, 1.2)];
        let spine = [wander(3.6 * d, 0.12, 0.9), wander(5.0 * d, 0.12, 0.8), wander(3.0 * d, 0.15, 0.9)];
        let weight = [wander(0.011, 0.12, 0.5), wander(0.008, 0.15, 0.6), wander(0.004, 0.2, 0.8)];
        let arms = [(); 2].map(|()| [3.0, 2.0, 5.0, 6.0].map(|size| wander(size * d, 0.15, 1.0)));
        let wrists = [(); 2].map(|()| [4.0, 3.5].map(|size| wander(size * d, 0.2, 1.6)));
        let grain = rng.range(1.0, 4.0);
        let mut glances = vec![];
        let mut t = rng.range(-0.5, 4.0);
        while t < frames as f32 / FPS {
            let yaw = rng.range(0.2, 0.75) * if rng.chance(0.5) { 1.0 } else { -1.0 };
            let to = t + rng.range(0.5, 1.8);
            glances.push(Glance { from: t, to, yaw, pitch: rng.range(-0.15, 0.3) });
            t = to + rng.range(0.8, 5.0);
        }
        let mut last = [0.0; 12];
        let noise = (0..frames)
            .map(|_| {
                // Noise of capture: independent from frame to frame, a little smoothed.
                last = last.map(|x: f32| 0.35 * x + rng.range(-1.0, 1.0));
                last
            })
            .collect();
        Self { head, spine, weight, arms, wrists, glances, grain, noise }
    }

    /// Adds the restlessness of frame `t` to a figure.
    pub fn stir(&self, figure: &mut Figure, t: usize, free: Freedom) {
        let time = t as f32 / FPS;
        let n = self.noise.get(t).copied().unwrap_or([0.0; 12]).map(|x| x * self.grain);
        let pose = &mut figure.pose;
        let glance = |part: fn(&Glance) -> f32| -> f32 {
            let of = |g: &Glance| part(g) * (ease((time - g.from) / 0.35) - ease((time - g.to) / 0.45));
            self.glances.iter().map(of).sum()
        };
        let (yaw, pitch) = (glance(|g| g.yaw), glance(|g| g.pitch));
        pose.head.x += free.head * (self.head[0].at(time) + pitch) + 0.003 * n[0];
        pose.head.y += free.head * (self.head[1].at(time) + yaw) + 0.004 * n[1];
        pose.head.z += free.head * self.head[2].at(time) + 0.003 * n[2];
        pose.spine.x += free.body * self.spine[0].at(time) + 0.0012 * n[3];
        pose.spine.y += free.body * (self.spine[1].at(time) + 0.12 * free.head * yaw) + 0.0012 * n[4];
        pose.spine.z += free.body * self.spine[2].at(time) + 0.0012 * n[5];
        let grounded = free.body * (1.0 - 0.7 * pose.legs[LEFT].free.max(pose.legs[RIGHT].free));
        let aside = Vec2::from_angle(pose.yaw);
        let by = grounded * Vec2::new(self.weight[0].at(time), self.weight[1].at(time));
        pose.pelvis += aside.rotate(by).extend(grounded * 0.5 * (self.weight[2].at(time) - 0.004));
        pose.tilt.z += grounded * 1.2 * self.weight[0].at(time);
        for arm in [LEFT, RIGHT] {
            let w = &self.arms[arm];
            let a = &mut pose.arms[arm];
            a.flex += free.body * w[0].at(time) + 0.003 * n[6 + arm];
            a.abd += free.body * w[1].at(time).abs();
            a.twist += free.body * w[2].at(time);
            a.bend = (a.bend + free.body * w[3].at(time) + 0.004 * n[8 + arm]).max(0.03);
            let [flex, turn] = &self.wrists[arm];
            figure.wrist[arm] += Vec2::new(flex.at(time) + 0.01 * n[10 + arm], turn.at(time));
        }
    }
}

/// Lets the head lead the turns of the body, and wrists lag behind forearms.
pub fn follow_through(figures: &mut [Figure]) {
    let ahead = (0.35 * FPS) as usize;
    let n = figures.len();
    let yaws: Vec<f32> = figures.iter().map(|f| f.pose.yaw).collect();
    let bends: Vec<[f32; 2]> = figures.iter().map(|f| f.pose.arms.map(|a| a.bend + 0.6 * a.flex)).collect();
    for (t, figure) in figures.iter_mut().enumerate() {
        let (now, then) = (yaws[t], yaws[(t + ahead).min(n - 1)]);
        figure.pose.head.y += (0.55 * (then - now)).clamp(-0.6, 0.6);
        for arm in [LEFT, RIGHT] {
            let (before, after) = (bends[t.saturating_sub(1)][arm], bends[(t + 1).min(n - 1)][arm]);
            let speed = (after - before) * 0.5 * FPS;
            figure.wrist[arm].x += (-0.07 * speed).clamp(-0.5, 0.5);
        }
    }
}

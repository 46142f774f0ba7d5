//! How an act is carried out: size, tempo and posture from its pace, mood and size, and from chance.

use glam::Vec2;

use super::act::{Accent, Act, Mood, Size};
use super::figure::Figure;
use crate::data::procedural::Pace;
use crate::data::procedural::rng::Rng;

/// One person's way of moving; drawn once per clip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Person {
    /// Size of movements, about 1.
    pub amp: f32,
    /// Speed of movements, about 1.
    pub tempo: f32,
    /// Trunk forward, radians.
    pub lean: f32,
    /// Arms further from the body, radians.
    pub arms: f32,
    /// Bend of hanging elbows, radians.
    pub elbows: f32,
    /// Standing height below straight legs, metres.
    pub sink: f32,
    /// Left arm's swing relative to the right's, as a logarithm.
    pub lopsided: f32,
    /// Head forward, radians.
    pub head: f32,
    /// Numbers for the choices of a movement, in [0, 1).
    pub dice: [f32; 8],
}

impl Default for Person {
    /// The average person.
    fn default() -> Self {
        Self {
            amp: 1.0,
            tempo: 1.0,
            lean: 0.0,
            arms: 0.02,
            elbows: 0.25,
            sink: 0.012,
            lopsided: 0.0,
            head: 0.0,
            dice: [0.5; 8],
        }
    }
}

impl Person {
    /// Draws a person.
    pub fn draw(rng: &mut Rng) -> Self {
        Self {
            amp: rng.range(0.88, 1.12),
            tempo: rng.range(0.88, 1.14),
            lean: rng.range(-0.04, 0.12),
            arms: rng.range(-0.03, 0.09),
            elbows: rng.range(0.05, 0.55),
            sink: rng.range(0.004, 0.030),
            lopsided: rng.range(-0.6, 0.6),
            head: rng.range(-0.08, 0.16),
            dice: std::array::from_fn(|_| rng.unit()),
        }
    }
}

/// The way of one act.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// Size of the movement.
    pub amp: f32,
    /// Speed of the movement.
    pub tempo: f32,
    /// Length of steps relative to speed.
    pub stride: f32,
    /// Swing of the arms in a gait.
    pub swing: f32,
    /// Rise and fall in a gait.
    pub bounce: f32,
    /// The person.
    pub person: Person,
    posture: Posture,
}

/// Angles in degrees added to every frame of an act.
#[derive(Debug, Clone, Copy, Default)]
struct Posture {
    spine: f32,
    head: f32,
    out: f32,
    bend: f32,
    down: f32,
}

impl Manner {
    /// The manner of `act` by `person`.
    pub fn of(act: &Act, person: Person) -> Self {
        let mut m = Self {
            amp: person.amp,
            tempo: person.tempo,
            stride: 1.0,
            swing: person.amp,
            bounce: 1.0,
            person,
            posture: Posture::default(),
        };
        match act.pace {
            Pace::Slow => m.tempo *= 0.66,
            Pace::Normal => {}
            Pace::Fast => m.tempo *= 1.42,
        }
        match act.size {
            Size::Small => m.scale(0.68),
            Size::Normal => {}
            Size::Big => m.scale(1.3),
        }
        m.feel(act.mood);
        match act.accent {
            Accent::Plain => {}
            Accent::ArmsSwing => m.swing *= 2.1,
            Accent::ArmsStill => m.swing *= 0.06,
            Accent::HeadDown => {
                m.posture.head += 34.0;
                m.posture.spine += 6.0;
            }
            Accent::KneesBent => m.posture.down += 0.085,
        }
        m
    }

    fn scale(&mut self, by: f32) {
        self.amp *= by;
        self.stride *= by;
        self.swing *= by;
    }

    fn feel(&mut self, mood: Mood) {
        let (tempo, stride, swing, bounce, posture) = match mood {
            Mood::Plain => (1.0, 1.0, 1.0, 1.0, [0.0; 5]),
            Mood::Proud => (0.97, 1.08, 1.25, 1.1, [-9.0, -7.0, 5.0, 8.0, 0.0]),
            Mood::Sad => (0.72, 0.82, 0.45, 0.6, [16.0, 27.0, -3.0, 4.0, 0.012]),
            Mood::Happy => (1.1, 1.05, 1.35, 2.1, [-4.0, -7.0, 6.0, 22.0, 0.0]),
            Mood::Angry => (1.22, 1.1, 1.3, 1.3, [9.0, 5.0, 9.0, 36.0, 0.01]),
            Mood::Tired => (0.66, 0.76, 0.5, 0.7, [20.0, 20.0, -2.0, 2.0, 0.025]),
            Mood::Nervous => (1.12, 0.72, 0.4, 0.7, [7.0, 6.0, -5.0, 45.0, 0.015]),
            Mood::Careful => (0.62, 0.72, 0.45, 0.5, [7.0, 17.0, 8.0, 28.0, 0.025]),
            Mood::Old => (0.6, 0.58, 0.4, 0.6, [27.0, -4.0, 2.0, 38.0, 0.035]),
            Mood::Stiff => (0.9, 0.85, 0.35, 0.3, [-5.0, 0.0, 3.0, -6.0, -0.004]),
            Mood::Relaxed => (0.86, 0.98, 1.2, 1.3, [-3.0, 2.0, 2.0, 10.0, 0.008]),
        };
        self.tempo *= tempo;
        self.stride *= stride;
        self.swing *= swing;
        self.bounce *= bounce;
        let [spine, head, out, bend, down] = posture;
        self.posture = Posture { spine, head, out, bend, down };
    }

    /// Gives a figure the posture of person and mood; arms as far as they hang, height as far as the body stands.
    pub fn hold(&self, figure: &mut Figure) {
        let p = &self.posture;
        let upright = (1.0 - figure.pose.tilt.x.abs() / 0.9).clamp(0.0, 1.0);
        figure.pose.spine.x += (p.spine.to_radians() + self.person.lean) * upright;
        figure.pose.head.x += (p.head.to_radians() + self.person.head) * upright;
        figure.pose.pelvis.z -= (p.down + self.person.sink) * upright;
        for (limb, arm) in figure.pose.arms.iter_mut().enumerate() {
            let hangs = arm.abd.cos().max(0.0) * arm.flex.cos().max(0.0) * upright;
            let free = 1.0 - (figure.body[limb].pull + figure.world[limb].pull).clamp(0.0, 1.0);
            arm.abd += (p.out.to_radians() + self.person.arms) * hangs * free;
            arm.bend = (arm.bend + (p.bend.to_radians() + self.person.elbows) * hangs * free).max(0.03);
            figure.wrist[limb] += Vec2::new(0.12, 0.1) * hangs * free;
        }
    }
}

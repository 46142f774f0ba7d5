//! Footsteps: a plan of swings between foot prints, and the leg controls that follow from it.
//!
//! A planted foot does not move in the world while the body above it moves.

use glam::{Vec2, Vec3};

use super::curve::{ease, ramp};
use super::rig::{LEFT, Leg, Pose, Print, RIGHT};

/// Shape of a swing.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Height of the toe in mid-swing, metres.
    pub clearance: f32,
    /// Heel rise when the toe leaves the ground, radians.
    pub heel: f32,
    /// Seconds before the lift at which the heel begins to rise.
    pub heel_lead: f32,
}

/// One swing of one foot; times in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// [`LEFT`] or [`RIGHT`].
    pub foot: usize,
    /// Time at which the toe leaves the ground.
    pub lift: f32,
    /// Time at which the foot is flat again.
    pub land: f32,
    /// The print it lands on.
    pub to: Print,
}

/// The swings of a clip, in order of time, beginning from a standing body at the origin.
#[derive(Debug, Clone)]
pub struct Plan {
    /// All swings.
    pub steps: Vec<Step>,
    /// Their shape.
    pub style: Style,
}

/// Timing of the swings of a gait, in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Rhythm {
    /// First lift.
    pub start: f32,
    /// From lift to lift of the other foot.
    pub period: f32,
    /// From lift to landing of the same foot; above `period` both feet are in the air between steps.
    pub swing: f32,
    /// The foot that begins.
    pub first: usize,
    /// Number of swings.
    pub count: usize,
}

impl Rhythm {
    /// Number of swings that land by `end`, at least two.
    pub fn until(mut self, end: f32) -> Self {
        let room = (end - self.start - self.swing) / self.period;
        self.count = (room.floor().max(0.0) as usize + 1).max(2);
        self
    }

    /// When swing `k` lifts.
    pub fn lift(&self, k: usize) -> f32 {
        self.start + k as f32 * self.period
    }

    /// When swing `k` lands.
    pub fn land(&self, k: usize) -> f32 {
        self.lift(k) + self.swing
    }

    /// When the last swing lands.
    pub fn end(&self) -> f32 {
        self.land(self.count.saturating_sub(1))
    }

    /// The foot of swing `k`.
    pub fn foot(&self, k: usize) -> usize {
        if k.is_multiple_of(2) { self.first } else { LEFT + RIGHT - self.first }
    }

    /// Middle of the stance that follows swing `k`.
    pub fn mid_stance(&self, k: usize) -> f32 {
        self.land(k) + self.period - 0.5 * self.swing
    }
}

impl Plan {
    /// Prints under a body that follows `root` (position, heading): each foot is below its hip in mid-stance, and
    /// with `stops` the last step of each foot is below the body at rest.
    pub fn under(rhythm: Rhythm, style: Style, stops: bool, root: &dyn Fn(f32) -> (Vec2, f32)) -> Self {
        let resting = if stops { rhythm.count.saturating_sub(2) } else { usize::MAX };
        let place = |k: usize| {
            let when = if k >= resting { rhythm.end() + 10.0 } else { rhythm.mid_stance(k) };
            let (position, yaw) = root(when);
            Print::home(rhythm.foot(k), position, yaw)
        };
        Self::placed(rhythm, style, &place)
    }

    /// Prints given one by one.
    pub fn placed(rhythm: Rhythm, style: Style, place: &dyn Fn(usize) -> Print) -> Self {
        let step = |k| Step { foot: rhythm.foot(k), lift: rhythm.lift(k), land: rhythm.land(k), to: place(k) };
        Self { steps: (0..rhythm.count).map(step).collect(), style }
    }

    /// A standing body with its legs at time `t`.
    pub fn pose(&self, t: f32) -> Pose {
        Pose { legs: [LEFT, RIGHT].map(|foot| self.leg(foot, t)), ..Pose::default() }
    }

    /// The leg of `foot` at time `t`.
    fn leg(&self, foot: usize, t: f32) -> Leg {
        let mut from = Print::home(foot, Vec2::ZERO, 0.0).leg(foot);
        for step in self.steps.iter().filter(|s| s.foot == foot) {
            if t < step.lift {
                from.pitch = self.style.heel * ramp(t, step.lift - self.style.heel_lead, step.lift + 0.02);
                return from;
            }
            let to = step.to.leg(foot);
            if t < step.land {
                return self.swing(from, to, (t - step.lift) / (step.land - step.lift));
            }
            from = to;
        }
        from
    }

    fn swing(&self, from: Leg, to: Leg, u: f32) -> Leg {
        let along = ease(u);
        let height = self.style.clearance * (std::f32::consts::PI * u).sin().max(0.0).powf(1.3);
        let heel = self.style.heel * (1.0 - ease(u / 0.75)) * (1.0 + 0.6 * u);
        Leg {
            toe: from.toe.lerp(to.toe, along) + Vec3::Z * height,
            yaw: from.yaw + (to.yaw - from.yaw) * along,
            pitch: heel,
            ..to
        }
    }
}

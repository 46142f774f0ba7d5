//! The movements: from a [`Part`] to the controls of the rig at any time.

mod floor;
mod gestures;
mod jumps;
mod kicks;
mod strikes;
mod turns;
mod walks;

use super::curve::ramp;
use super::rig::Pose;
use super::spec::{Family, Pace, Part, Side};

/// Seconds of standing before every movement.
pub const LEAD: f32 = 0.25;

/// Controls over time, seconds.
pub type Performance = Box<dyn Fn(f32) -> Pose>;

/// Parameters of one execution, other than its part.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Duration in seconds.
    pub length: f32,
    /// Time of the return to standing, seconds; open if nothing follows.
    pub end: Option<f32>,
    /// Size of the movement relative to the usual one.
    pub amp: f32,
    /// Speed of the movement relative to the usual one.
    pub tempo: f32,
}

impl Setting {
    /// Speed at the pace of the part.
    fn rate(&self, part: &Part) -> f32 {
        let pace = match part.pace {
            Pace::Slow => 0.7,
            Pace::Normal => 1.0,
            Pace::Fast => 1.4,
        };
        self.tempo * pace
    }

    /// Weight of something taken up over `rise` seconds after the lead and kept until the end.
    fn hold(&self, rise: f32) -> impl Fn(f32) -> f32 + 'static {
        let end = self.end;
        move |t| ramp(t, LEAD, LEAD + rise) - end.map_or(0.0, |e| ramp(t, e - rise.min(0.7), e))
    }

    /// Duration of something that lasts `natural` seconds, shortened to fit before the end.
    fn fit(&self, natural: f32) -> f32 {
        self.end.map_or(natural, |e| natural.min(e - LEAD - 0.05).max(0.3))
    }

    /// Seconds of the movement itself, as though it had begun at 0 and taken `natural` seconds in all.
    fn clock(&self, natural: f32, rate: f32) -> impl Fn(f32) -> f32 + 'static {
        let scale = natural / self.fit(natural / rate);
        move |t| (t - LEAD) * scale
    }
}

/// The controls of `part`. Sided families are written for the right side and mirrored.
pub fn perform(part: &Part, setting: &Setting) -> Performance {
    let right = of_right_side(part, setting);
    match part.side {
        Some(Side::Left) => Box::new(move |t| right(t).mirrored()),
        _ => right,
    }
}

fn of_right_side(part: &Part, s: &Setting) -> Performance {
    use Family::*;
    match part.family {
        Stand => Box::new(|_| Pose::default()),
        WalkForward | WalkBackward | WalkCircle | Run | March => walks::gait(part, s),
        Sidestep => walks::sidestep(part, s),
        Jump | JumpForward => jumps::jump(part, s),
        Hop => jumps::hop(s),
        JumpingJacks => jumps::jacks(s),
        Squat | Crouch | SitDown | Bow | BendDown => floor::lower(part, s),
        Kneel => floor::kneel(part, s),
        Lunge => floor::lunge(s),
        Turn | Spin => turns::turn(part, s),
        Wave => gestures::wave(part, s),
        Clap => gestures::clap(s),
        RaiseArms | ArmsOut | HandsOnHips | CrossArms | Point | Salute => gestures::held(part, s),
        Drink => gestures::drink(s),
        SideStretch => gestures::side_stretch(s),
        Nod | ShakeHead => gestures::head(part, s),
        Punch => strikes::punch(part, s),
        Throw => strikes::throw(s),
        Kick => kicks::kick(part, s),
        Balance => kicks::balance(s),
    }
}

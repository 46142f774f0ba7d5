//! The movements: from an act to a [`Take`]. Kinds that have sides are written for the right side and mirrored.

mod acrobatics;
mod daily;
mod dances;
mod exercise;
mod fights;
mod floor;
mod gaits;
mod gestures;
mod heads;
mod music;
mod objects;
mod seats;
mod sports;
mod steps;
mod table;

pub use table::{Entry, Place, Use, entry};

use super::act::{Act, Kind};
use super::figure::Figure;
use super::keys::{Keys, Take};
use super::manner::Manner;
use crate::data::procedural::families::{LEAD, Setting, perform};
use crate::data::procedural::spec::{Family, Pace, Part, Side};

/// The circumstances of one act.
#[derive(Debug, Clone, Copy)]
pub struct Cue<'a> {
    /// The act to show.
    pub act: &'a Act,
    /// How it is done.
    pub manner: Manner,
    /// Seconds that it may take; only kinds that go on for any time look at it.
    pub room: f32,
    /// Whether something follows, for which the body must stand again.
    pub returns: bool,
}

impl Cue<'_> {
    /// Keys from standing, in the tempo of the manner.
    fn keys(&self) -> Keys {
        Keys::standing(self.manner.tempo)
    }

    /// A number in [0, 1) that differs from person to person.
    fn die(&self, i: usize) -> f32 {
        self.manner.person.dice[i % 8]
    }

    /// A number between `low` and `high` that differs from person to person.
    fn pick(&self, i: usize, low: f32, high: f32) -> f32 {
        low + (high - low) * self.die(i)
    }

    /// How often something of `one` seconds is done: as often as asked for, else as fits next to `other` seconds.
    fn cycles(&self, one: f32, other: f32, least: usize) -> usize {
        let fits = ((self.room * self.manner.tempo - other) / one).floor().max(0.0) as usize;
        self.act.count.map_or(fits.max(least), usize::from)
    }

    /// How often a movement of its own is repeated.
    fn count(&self) -> u8 {
        self.act.count.unwrap_or(1)
    }

    /// Seconds to hold something between `other` seconds, at least `least`.
    fn stay(&self, other: f32, least: f32) -> f32 {
        (self.room * self.manner.tempo - other).max(least)
    }
}

/// The movement that a cue asks for, on the side that it asks for.
pub fn take(cue: &Cue<'_>) -> Take {
    let take = (entry(cue.act.kind).build)(cue);
    if cue.act.side == Some(Side::Left) { take.mirrored() } else { take }
}

/// A movement of the first generation.
fn earlier(family: Family, cue: &Cue<'_>, count: u8, room: f32, end: Option<f32>) -> Take {
    let side = cue.act.side.map(|side| if side == Side::Left { Side::Right } else { side });
    let part = Part { family, side, pace: Pace::Normal, count, degrees: cue.act.degrees };
    let setting = Setting { length: room, end, amp: cue.manner.amp.clamp(0.7, 1.25), tempo: cue.manner.tempo };
    let at = perform(&part, &setting);
    Take { length: room, at: Box::new(move |t| Figure::of(at(t.clamp(0.0, room)))) }
}

/// One that lasts `natural` seconds and is done as often as asked for within one performance.
fn earlier_counted(family: Family, cue: &Cue<'_>, one: f32, other: f32) -> Take {
    let count = cue.count();
    let room = LEAD + (one * f32::from(count) + other) / cue.manner.tempo;
    earlier(family, cue, count, room, None)
}

/// One that is done once, and again from the beginning.
fn earlier_once(family: Family, cue: &Cue<'_>, natural: f32) -> Take {
    let room = LEAD + natural / cue.manner.tempo;
    earlier(family, cue, 1, room, None).times(cue.count())
}

/// One that goes on for any time.
fn earlier_open(family: Family, cue: &Cue<'_>, least: f32) -> Take {
    let least = if cue.returns { least + 0.6 } else { least };
    let room = cue.room.max(least / cue.manner.tempo.clamp(0.8, 1.2));
    earlier(family, cue, 1, room, cue.returns.then_some(room))
}

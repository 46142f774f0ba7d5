//! Random scripts: which kinds, how often, in which manner.
//!
//! A kind is drawn by a contest: each kind has a number from the seed, its own name and the clip's, and the smallest for
//! its weight wins. Kinds that are added later win some clips and leave all others as they are.

use super::act::{Accent, Act, Kind, Mood, Script, Size};
use super::families::{Entry, Place, Use, entry};
use super::hash::{hash, mix};
use crate::data::procedural::Pace;
use crate::data::procedural::rng::Rng;

/// The kind that wins the contest of a clip among those that `fits`.
pub fn contest(seed: u64, index: u64, salt: u64, fits: impl Fn(Kind, &Entry) -> bool) -> Kind {
    let number = |kind: Kind| {
        let own = mix(hash(&[kind.name()]) ^ mix(seed ^ mix(index ^ mix(salt.wrapping_add(1)))));
        // Exponential with the kind's weight as its rate.
        -(((own >> 11) as f64 + 0.5) / (1u64 << 53) as f64).ln() / f64::from(entry(kind).weight)
    };
    let all = Kind::ALL.into_iter().filter(|kind| fits(*kind, &entry(*kind)));
    all.min_by(|a, b| number(*a).total_cmp(&number(*b))).unwrap_or(Kind::Stand)
}

/// The script of attempt `attempt` at a clip.
pub fn script(seed: u64, index: u64, attempt: u64, frames: usize) -> (Script, Rng) {
    let salt = attempt * 16;
    let first = contest(seed, index, salt, |_, _| true);
    let mut rng = Rng::new(seed ^ hash(&[first.name()]), mix(index ^ (attempt << 48)));
    let properties = entry(first);
    let roll = rng.unit();
    let seconds = frames as f32 / 20.0;
    if roll < 0.16 && properties.uses == Use::Gait {
        let arms = contest(seed, index, salt + 1, |_, e| e.uses == Use::Arms);
        let legs = Act { seconds: None, count: None, ..act(first, seconds, false, &mut rng) };
        return (Script { acts: vec![legs], arms: Some(plain(arms, &mut rng)) }, rng);
    }
    let most = match frames {
        0..70 => 1,
        70..100 => 2,
        100..130 => 3,
        _ => 4,
    };
    let starts = |e: &Entry| matches!(e.place, Place::Anywhere | Place::First);
    if roll < 0.42 && most > 1 && starts(&properties) {
        let n = 2 + rng.below(most - 1);
        // Longer sequences are rarer.
        let n = if n > 2 && rng.chance(0.5) { n - 1 } else { n };
        let mut kinds = vec![first];
        while kinds.len() < n {
            let last = kinds.len() + 1 == n;
            let before = kinds.clone();
            kinds.push(contest(seed, index, salt + kinds.len() as u64, |kind, e| {
                let ends = e.place == Place::Anywhere || (last && e.place == Place::Last);
                ends && before.last() != Some(&kind) && kind != Kind::Stand
            }));
        }
        let acts = kinds.iter().map(|kind| act(*kind, seconds, true, &mut rng)).collect();
        return (Script { acts, arms: None }, rng);
    }
    (Script::one(act(first, seconds, false, &mut rng)), rng)
}

/// An act without ornaments.
pub fn plain(kind: Kind, rng: &mut Rng) -> Act {
    let sides = entry(kind).sides;
    Act::plain(kind, sides.get(rng.below(sides.len())).copied())
}

/// An act with pace, mood, size, accent, count or duration, as its kind allows.
fn act(kind: Kind, seconds: f32, shared: bool, rng: &mut Rng) -> Act {
    let e = entry(kind);
    let mut act = plain(kind, rng);
    if kind == Kind::Turn && rng.chance(0.5) {
        act.degrees = 180;
    }
    let ornate = if shared { 0.18 } else { 0.5 };
    if e.most > 1 && rng.chance(if shared { 0.25 } else { 0.55 }) {
        act.count = Some(1 + rng.below(usize::from(e.most)) as u8);
        return act;
    }
    if !rng.chance(ornate) {
        return act;
    }
    let walks = e.uses == Use::Gait && e.moods;
    match rng.below(10) {
        0..3 if e.paced => act.pace = if rng.chance(0.5) { Pace::Slow } else { Pace::Fast },
        3..7 if e.moods => act.mood = Mood::ALL[1 + rng.below(Mood::ALL.len() - 1)],
        7 if walks => act.size = if rng.chance(0.5) { Size::Small } else { Size::Big },
        8 if walks => act.accent = Accent::ALL[1 + rng.below(Accent::ALL.len() - 1)],
        9 if e.open && e.place == Place::Anywhere && seconds > 3.4 && !shared => {
            let most = ((seconds - 0.6) as u8).min(8);
            act.seconds = Some(2 + rng.below(usize::from(most.saturating_sub(1)).max(1)) as u8);
        }
        _ if e.paced && rng.chance(0.4) => act.pace = if rng.chance(0.5) { Pace::Slow } else { Pace::Fast },
        _ => {}
    }
    act
}

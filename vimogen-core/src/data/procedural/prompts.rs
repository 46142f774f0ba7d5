//! Prompts for evaluation: wordings held out of training, and verbs that training never uses.

use std::collections::BTreeSet;

use super::caption::{self, Split};
use super::draw::{ACCOMPANIED, ACCOMPANYING, SEQUENCED, plain};
use super::rng::Rng;
use super::spec::{ActionSpec, Family, Pace, Part, Side};
use crate::error::Result;

/// A sentence and its action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The sentence.
    pub text: String,
    /// The action.
    pub action: ActionSpec,
}

const SEED: u64 = 0x0076_696d_6f67_656e;

/// 100 prompts in wordings of [`Split::HeldOut`]: two of each family, 13 with paces, counts and both sides, 10 of two
/// movements in order, 5 of two at once. For clips of 5 seconds.
pub fn held_out_prompts() -> Vec<Prompt> {
    let mut rng = Rng::new(SEED, 0);
    let mut seen = BTreeSet::new();
    let singles = Family::ALL.into_iter().flat_map(|family| [single(family, 0), single(family, 1)]);
    let mut actions: Vec<ActionSpec> = singles.chain(ornate()).map(ActionSpec::One).collect();
    while actions.len() < 95 {
        let (a, b) = (SEQUENCED[rng.below(SEQUENCED.len())], SEQUENCED[rng.below(SEQUENCED.len())]);
        if a != b {
            actions.push(ActionSpec::Then(plain(a, &mut rng), plain(b, &mut rng)));
        }
    }
    while actions.len() < 100 {
        let legs = plain(ACCOMPANIED[rng.below(ACCOMPANIED.len())], &mut rng);
        actions.push(ActionSpec::While(legs, plain(ACCOMPANYING[rng.below(ACCOMPANYING.len())], &mut rng)));
    }
    actions.into_iter().map(|action| unlike(action, &mut seen, &mut rng)).collect()
}

/// A held-out wording that has not been used yet.
fn unlike(action: ActionSpec, seen: &mut BTreeSet<String>, rng: &mut Rng) -> Prompt {
    loop {
        let wording = caption::draw(&action, Split::HeldOut, rng);
        let text = caption::render(&action, &wording, rng);
        if seen.insert(text.clone()) {
            return Prompt { text, action };
        }
    }
}

/// The family once, usual pace; its first or second side.
fn single(family: Family, number: usize) -> Part {
    let side = family.sides().get(number).copied();
    let degrees = if family == Family::Turn { 90 } else { 0 };
    Part { family, side, pace: Pace::Normal, count: 1, degrees }
}

fn ornate() -> [Part; 13] {
    use Family::*;
    let paced = |family, side, pace| Part { pace, side, ..single(family, 0) };
    let counted = |family, count| Part { count, ..single(family, 1) };
    let around = |side| Part { degrees: 180, side: Some(side), ..single(Turn, 0) };
    [
        paced(WalkForward, None, Pace::Slow),
        paced(WalkForward, None, Pace::Fast),
        paced(WalkBackward, None, Pace::Slow),
        paced(Sidestep, Some(Side::Left), Pace::Fast),
        paced(Bow, None, Pace::Slow),
        around(Side::Left),
        around(Side::Right),
        single(Wave, 2),
        single(RaiseArms, 2),
        counted(Jump, 3),
        counted(Squat, 2),
        counted(Kick, 2),
        counted(Punch, 3),
    ]
}

/// 50 prompts whose verbs never occur in training.
pub fn unseen_verb_prompts() -> Vec<Prompt> {
    let lines = include_str!("../../../assets/procedural/unseen.txt").lines();
    let prompts = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(unseen);
    prompts.collect::<Result<_>>().expect("a test reads the prompts that are compiled in")
}

/// The prompt of a line `family: text` or `family side: text`.
fn unseen(line: &str) -> Result<Prompt> {
    let (action, text) = line.split_once(": ").unwrap_or_default();
    let (family, side) = action.split_once(' ').map_or((action, None), |(family, side)| (family, Some(side)));
    let side = side.map(str::parse).transpose()?;
    Ok(Prompt { text: text.into(), action: ActionSpec::One(Part { side, ..single(family.parse()?, 0) }) })
}

//! Prompts for evaluation, in wordings held out of training.

use std::collections::BTreeSet;

use super::act::{Act, Script};
use super::caption::{self, every_act};
use super::compose::fill;
use super::dataset::Scenes;
use super::families::entry;
use super::manner::Person;
use crate::data::procedural::Split;
use crate::data::procedural::rng::Rng;

/// A sentence, what it asks for, and a length that the movement fits into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldOut {
    /// The sentence.
    pub text: String,
    /// Its meaning.
    pub script: Script,
    /// Rows of features.
    pub frames: usize,
}

/// Number of prompts.
const PROMPTS: usize = 200;
const SEED: u64 = 0x6163_7473;

/// 200 prompts in wordings of [`Split::HeldOut`]: each kind with each of its sides, then counts, paces, moods, sequences and
/// arms over gaits as the data set draws them.
pub fn held_out_prompts() -> Vec<HeldOut> {
    let mut rng = Rng::new(SEED, 0);
    let (mut seen, mut out) = (BTreeSet::new(), vec![]);
    let mut kinds: Vec<Act> = every_act();
    // One side of each kind, in turn.
    kinds.retain(|act| {
        entry(act.kind).sides.len() < 2 || act.side == entry(act.kind).sides.get(act.kind as usize % 2).copied()
    });
    for act in kinds {
        let script = Script::one(act);
        let fits = |frames: &usize| fill(&script, frames + 1, Person::default()).is_some();
        let frames = [80, 100, 140, 180].into_iter().find(fits).unwrap_or(200);
        push(&mut out, &mut seen, script, frames, &mut rng);
    }
    let data = Scenes::new(SEED, Split::HeldOut);
    let mut index = 0;
    while out.len() < PROMPTS {
        let frames = data.frames(index);
        let script = data.caption(index, frames).1;
        index += 1;
        let act = script.acts[0];
        let plain = Act { degrees: act.degrees, ..Act::plain(act.kind, act.side) };
        if script != Script::one(plain) {
            push(&mut out, &mut seen, script, frames, &mut rng);
        }
    }
    out
}

/// Adds a wording that has not been used yet.
fn push(out: &mut Vec<HeldOut>, seen: &mut BTreeSet<String>, script: Script, frames: usize, rng: &mut Rng) {
    for _ in 0..100 {
        let text = caption::render(&script, &caption::draw(&script, Split::HeldOut, rng), rng);
        if seen.insert(text.clone()) {
            out.push(HeldOut { text, script, frames });
            return;
        }
    }
}

//! The prompts of the second generation, for notes on other prompts.

use std::collections::BTreeMap;

use super::caption::{every_act, phrase, vocabulary};
use super::families::entry;
use super::lexicon::{fits, is_reserved, patterns};
use super::verbs::Form;
use crate::text::{KnownPrompts, Movement};

/// Maximum number of acts in order.
const ACTS: usize = 4;

/// Phrases and words of training, as a model's `prompts.json` lists them.
pub fn known_prompts() -> KnownPrompts {
    let mut movements: BTreeMap<String, Movement> = BTreeMap::new();
    for act in every_act() {
        let usable = patterns(&act).iter().filter(|p| !is_reserved(p) && fits(&act, p) && !p.contains("<n>"));
        let phrases: Vec<String> =
            usable.map(|p| phrase(&act, p, Form::Base, "the", "").join(" ").replace(',', "")).collect();
        let movement = movements.entry(act.kind.to_string()).or_insert_with(|| Movement { count: 0, phrases: vec![] });
        movement.count = entry(act.kind).most;
        let new: Vec<String> = phrases.into_iter().filter(|phrase| !movement.phrases.contains(phrase)).collect();
        movement.phrases.extend(new);
    }
    KnownPrompts::new(ACTS, vocabulary().into_iter().collect(), movements)
}

//! The prompts of the procedural data set, for notes on other prompts.

use std::collections::BTreeMap;

use super::caption::{every_part, vocabulary};
use super::grammar::{Form, is_reserved, phrase, says_side};
use super::lexicon::patterns;
use crate::text::{KnownPrompts, Movement};

/// Phrases and words of training, as a model's `prompts.json` lists them.
pub fn known_prompts() -> KnownPrompts {
    let mut movements: BTreeMap<String, Movement> = BTreeMap::new();
    for part in every_part() {
        let indices = (0..patterns(&part).len()).filter(|i| !is_reserved(&part, *i) && says_side(&part, *i));
        let phrases: Vec<String> = indices.map(|i| phrase(&part, i, Form::Base, "the").join(" ")).collect();
        let movement =
            movements.entry(part.family.to_string()).or_insert_with(|| Movement { count: 0, phrases: vec![] });
        movement.count = part.family.most();
        let new: Vec<String> = phrases.into_iter().filter(|phrase| !movement.phrases.contains(phrase)).collect();
        movement.phrases.extend(new);
    }
    KnownPrompts::new(2, vocabulary().into_iter().collect(), movements)
}

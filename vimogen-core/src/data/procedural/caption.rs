//! Captions: sentences around the phrases of an action, and which of them training may see.

use std::collections::BTreeSet;

use super::grammar::{Form, SUBJECTS, is_reserved, phrase, says_side};
use super::lexicon::patterns;
use super::rng::Rng;
use super::spec::{ActionSpec, Family, Pace, Part, Side};

/// Which wordings are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// Wordings for training.
    Train,
    /// Wordings that training never sees: other combinations of the same words.
    HeldOut,
}

/// A sentence form: the words around `A`, the first phrase, and `B`, the second; `S` is the subject.
/// The letter before a phrase is its form: `b` base, `t` third person, `i` -ing.
type Frame = &'static str;

/// Sentences about one movement.
const ONE: &[Frame] = &["S tA", "S is iA", "S begins to bA", "bA", "S iA", "iA", "S can be seen iA"];
/// Sentences about two movements in order.
const THEN: &[Frame] = &[
    "S tA , then tB",
    "S tA and then tB",
    "S tA before iB",
    "S first tA , then tB",
    "bA , then bB",
    "S is iA and then iB",
    "after iA , S tB",
    "S tA and tB afterwards",
];
/// Sentences about two movements at once.
const WHILE: &[Frame] =
    &["S tA and tB", "S tA while iB", "S tB while iA", "S is iA and iB", "bA and bB", "S tA , iB", "iA while iB"];

/// The choices that make a sentence of an action, apart from its ornaments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wording {
    /// Index of the sentence form.
    frame: usize,
    /// Indices of the patterns.
    patterns: [usize; 2],
}

fn frames(action: &ActionSpec) -> &'static [Frame] {
    match action {
        ActionSpec::One(_) => ONE,
        ActionSpec::Then(..) => THEN,
        ActionSpec::While(..) => WHILE,
    }
}

/// The split a wording belongs to. Single movements: reserved patterns, and every seventh pair of pattern and sentence
/// form. Two movements: every fifth triple of families and sentence form, for all patterns.
pub fn split_of(action: &ActionSpec, wording: &Wording) -> Split {
    let parts = action.parts();
    let reserved = parts.iter().zip(wording.patterns).any(|(part, i)| is_reserved(part, i));
    let number = |part: &Part| part.family as usize;
    let held = match action {
        ActionSpec::One(a) => (wording.patterns[0] + 3 * wording.frame + number(a)) % 7 == 6,
        ActionSpec::Then(a, b) | ActionSpec::While(a, b) => {
            (7 * number(a) + 3 * number(b) + wording.frame).is_multiple_of(5)
        }
    };
    if reserved || held { Split::HeldOut } else { Split::Train }
}

/// Draws a wording of `action` that belongs to `split`.
pub fn draw(action: &ActionSpec, split: Split, rng: &mut Rng) -> Wording {
    let parts = action.parts();
    let single = parts.len() == 1;
    let mut wording = Wording { frame: 0, patterns: [0; 2] };
    // Every action has wordings of both splits (tested), so this ends after a few turns.
    for _ in 0..10_000 {
        wording.frame = rng.below(frames(action).len());
        for (slot, part) in wording.patterns.iter_mut().zip(&parts) {
            *slot = draw_pattern(part, split == Split::HeldOut && single, rng);
        }
        if split_of(action, &wording) == split {
            break;
        }
    }
    wording
}

/// A pattern that names the part's side; a reserved one half the time if `reserved`, else never.
fn draw_pattern(part: &Part, reserved: bool, rng: &mut Rng) -> usize {
    let wanted = reserved && rng.chance(0.5);
    let fits = |i: &usize| says_side(part, *i) && is_reserved(part, *i) == wanted;
    let all: Vec<usize> = (0..patterns(part).len()).filter(fits).collect();
    all[rng.below(all.len())]
}

/// The sentence of a wording, with drawn subject, possessive, adverbs and counts.
pub fn render(action: &ActionSpec, wording: &Wording, rng: &mut Rng) -> String {
    let (subject, possessive) = SUBJECTS[rng.below(SUBJECTS.len())];
    let frame = frames(action)[wording.frame];
    let possessive = if frame.contains('S') { possessive } else { "your" };
    let whose = if rng.chance(0.35) { possessive } else { "the" };
    let parts = action.parts();
    let mut words = Vec::new();
    for token in frame.split(' ') {
        match phrase_slot(token) {
            Some((form, slot)) => words.extend(said(&parts[slot], wording.patterns[slot], form, whose, rng)),
            None if token == "S" => words.push(subject.to_string()),
            None => words.push(token.to_string()),
        }
    }
    words.join(" ").replace(" ,", ",")
}

fn phrase_slot(token: &str) -> Option<(Form, usize)> {
    let form = match token.as_bytes() {
        [b'b', _] => Form::Base,
        [b't', _] => Form::Third,
        [b'i', _] => Form::Ing,
        _ => return None,
    };
    match token.as_bytes()[1] {
        b'A' => Some((form, 0)),
        b'B' => Some((form, 1)),
        _ => None,
    }
}

const SLOW: &[&str] = &["slowly", "at a slow pace"];
const FAST: &[&str] = &["quickly", "at a fast pace", "fast"];
const TWICE: &[&str] = &["twice", "two times"];
const THRICE: &[&str] = &["three times"];

/// A phrase with its pace and count.
fn said(part: &Part, index: usize, form: Form, whose: &str, rng: &mut Rng) -> Vec<String> {
    let mut words = phrase(part, index, form, whose);
    match part.count {
        2 => words.push(TWICE[rng.below(TWICE.len())].to_string()),
        3 => words.push(THRICE[rng.below(THRICE.len())].to_string()),
        _ => {}
    }
    let adverbs = match part.pace {
        Pace::Slow => SLOW,
        Pace::Normal => return words,
        Pace::Fast => FAST,
    };
    let adverb = adverbs[rng.below(adverbs.len())].to_string();
    let place = if adverb.ends_with("ly") && rng.chance(0.5) { 0 } else { words.len() };
    words.insert(place, adverb);
    words
}

/// The words of a caption: lower case, split at everything that is neither letter nor digit.
pub fn words(caption: &str) -> impl Iterator<Item = String> + '_ {
    caption.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase)
}

/// All words in captions of [`Split::Train`].
pub fn vocabulary() -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut add = |text: &str| out.extend(words(text));
    SUBJECTS.iter().for_each(|(subject, whose)| {
        add(subject);
        add(whose);
    });
    [SLOW, FAST, TWICE, THRICE, &["your"]].into_iter().flatten().for_each(|text| add(text));
    for frame in [ONE, THEN, WHILE].into_iter().flatten() {
        frame.split(' ').filter(|token| *token != "S" && phrase_slot(token).is_none()).for_each(&mut add);
    }
    for part in every_part() {
        for index in (0..patterns(&part).len()).filter(|i| !is_reserved(&part, *i)) {
            for form in Form::ALL {
                add(&phrase(&part, index, form, "the").join(" "));
            }
        }
    }
    out
}

/// Every family with every side and angle, at normal pace, once.
pub fn every_part() -> Vec<Part> {
    let mut out = Vec::new();
    for family in Family::ALL {
        let sides: Vec<Option<Side>> = match family.sides() {
            [] => vec![None],
            sides => sides.iter().copied().map(Some).collect(),
        };
        for side in sides {
            for degrees in if family == Family::Turn { [90, 180].as_slice() } else { &[0] } {
                out.push(Part { family, side, pace: Pace::Normal, count: 1, degrees: *degrees });
            }
        }
    }
    out
}

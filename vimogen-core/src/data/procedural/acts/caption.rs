//! Captions of scripts, and which of them training may see.

use std::collections::BTreeSet;

use super::act::{Accent, Act, Kind, Mood, Script, Size};
use super::families::entry;
use super::hash::hash;
use super::lexicon::{fits, is_reserved, patterns};
use super::verbs::{Form, inflect};
use crate::data::procedural::rng::Rng;
use crate::data::procedural::{Pace, Side, Split, words};

/// A sentence form: `A` to `D` are phrases, the letter before them their form (`b` base, `t` third person, `i` -ing,
/// `d` past), `S` the subject, `P` its pronoun.
type Frame = &'static str;

const ONE: &[Frame] = &[
    "S tA",
    "S tA",
    "S is iA",
    "S begins to bA",
    "bA",
    "S iA",
    "iA",
    "S can be seen iA",
    "S dA",
    "S was iA",
    "S starts iA",
    "show S iA",
    "S who tA",
    "make S bA",
    "there is S iA",
];
const TWO: &[Frame] = &[
    "S tA , then tB",
    "S tA and then tB",
    "S tA before iB",
    "S first tA , then tB",
    "bA , then bB",
    "S is iA and then iB",
    "after iA , S tB",
    "S tA and tB afterwards",
    "S tA . then P tB",
    "S tA , after that P tB",
    "S tA , next P tB",
    "S dA and then dB",
    "iA then iB",
    "S tA followed by iB",
];
const THREE: &[Frame] = &[
    "S tA , then tB , then tC",
    "S tA , then tB and finally tC",
    "S first tA , then tB , and then tC",
    "bA , then bB , then bC",
    "S tA . then P tB . finally P tC",
    "S dA , then dB and then dC",
    "iA , then iB , then iC",
    "S tA , after that P tB , and finally P tC",
];
const FOUR: &[Frame] = &[
    "S tA , then tB , then tC , then tD",
    "S tA , then tB , then tC and finally tD",
    "first S tA , then tB , next P tC and finally P tD",
    "bA , then bB , then bC , then bD",
    "S tA . then P tB . next P tC . finally P tD",
    "iA , then iB , then iC , then iD",
    "S tA , after that P tB , then tC and finally tD",
];
const WHILE: &[Frame] = &[
    "S tA and tB",
    "S tA while iB",
    "S tB while iA",
    "S is iA and iB",
    "bA and bB",
    "S tA , iB",
    "iA while iB",
    "while iA , S tB",
    "S is iA while iB",
    "S tA and tB at the same time",
    "S dA while iB",
];

/// A subject, its pronoun, its possessive.
const SUBJECTS: &[(&str, &str, &str)] = &[
    ("a person", "the person", "their"),
    ("a person", "the person", "their"),
    ("a person", "the person", "their"),
    ("someone", "the person", "their"),
    ("somebody", "the person", "their"),
    ("a man", "he", "his"),
    ("a woman", "she", "her"),
    ("the person", "the person", "their"),
    ("a human", "the person", "their"),
    ("the figure", "the figure", "the"),
    ("he", "he", "his"),
    ("she", "she", "her"),
    ("a character", "the character", "their"),
    ("the man", "he", "his"),
    ("the woman", "she", "her"),
    ("a guy", "he", "his"),
    ("a girl", "she", "her"),
    ("a boy", "he", "his"),
    ("person", "person", "their"),
    ("man", "he", "his"),
    ("a human figure", "the figure", "the"),
];

const BODY: &[&str] = &[
    "hand",
    "hands",
    "arm",
    "arms",
    "leg",
    "legs",
    "foot",
    "feet",
    "knee",
    "knees",
    "head",
    "hips",
    "waist",
    "toes",
    "chest",
    "fist",
    "fists",
    "forehead",
    "mouth",
    "body",
    "chin",
    "shoulders",
    "back",
    "belly",
    "stomach",
    "face",
    "palms",
    "eyes",
    "ear",
    "forearm",
    "shoulder",
    "shoes",
    "neck",
];

/// The choices that make a sentence, apart from its ornaments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    frame: Frame,
    /// A phrase for each act, arms last.
    phrases: Vec<&'static str>,
}

fn frames(script: &Script) -> &'static [Frame] {
    match (script.acts.len(), &script.arms) {
        (_, Some(_)) => WHILE,
        (1, None) => ONE,
        (2, None) => TWO,
        (3, None) => THREE,
        _ => FOUR,
    }
}

/// The split of a wording: by the texts of phrases and sentence form, so that added phrases change no other.
pub fn split_of(script: &Script, wording: &Wording) -> Split {
    let reserved = wording.phrases.iter().any(|phrase| is_reserved(phrase));
    let single = script.acts.len() == 1 && script.arms.is_none();
    let held = if single {
        hash(&[wording.phrases[0], wording.frame]).is_multiple_of(8)
    } else {
        let names: Vec<&str> = script.all().map(|act| act.kind.name()).chain([wording.frame]).collect();
        hash(&names).is_multiple_of(6)
    };
    if reserved || held { Split::HeldOut } else { Split::Train }
}

/// Draws a wording that belongs to `split`.
pub fn draw(script: &Script, split: Split, rng: &mut Rng) -> Wording {
    let mut last = None;
    // Nearly every script has wordings of both splits; the last one drawn serves if not.
    for _ in 0..200 {
        let frame = frames(script)[rng.below(frames(script).len())];
        let phrases = script.all().map(|act| draw_phrase(act, split, rng)).collect();
        let wording = Wording { frame, phrases };
        if split_of(script, &wording) == split {
            return wording;
        }
        last = Some(wording);
    }
    last.expect("200 wordings were drawn")
}

fn draw_phrase(act: &Act, split: Split, rng: &mut Rng) -> &'static str {
    let reserved = split == Split::HeldOut && rng.chance(0.5);
    let usable = |p: &&&str| fits(act, p) && (reserved || !is_reserved(p));
    let mut all: Vec<&str> = patterns(act).iter().filter(usable).copied().collect();
    // Counts are said in the phrase itself half of the time where it can be.
    let counted: Vec<&str> = all.iter().filter(|p| p.contains("<n>")).copied().collect();
    if !counted.is_empty() {
        let own = rng.chance(0.5);
        all.retain(|p| p.contains("<n>") == own);
    }
    all[rng.below(all.len())]
}

/// The sentence of a wording, with drawn subject, possessive and adverbs.
pub fn render(script: &Script, wording: &Wording, rng: &mut Rng) -> String {
    let (subject, pronoun, possessive) = SUBJECTS[rng.below(SUBJECTS.len())];
    let ordered = !wording.frame.contains('S');
    // "He" and "she" need a verb of their own.
    let verbless = wording.frame.split(' ').any(|token| ["show", "make", "there", "who"].contains(&token));
    let subject = match subject {
        "he" if verbless || wording.frame == "S iA" => "a man",
        "she" if verbless || wording.frame == "S iA" => "a woman",
        other => other,
    };
    let whose = if rng.chance(0.4) { if ordered { "your" } else { possessive } } else { "the" };
    let acts: Vec<&Act> = script.all().collect();
    // A mood can be an adjective of the subject when there is only one movement.
    let mood = acts[0].mood;
    let adjective = acts.len() == 1 && mood != Mood::Plain && subject.starts_with("a ") && !ordered && rng.chance(0.3);
    let subject = if adjective { with_adjective(subject, mood, rng) } else { subject.to_string() };
    let mut out: Vec<String> = vec![];
    for token in wording.frame.split(' ') {
        match token {
            "S" => out.push(subject.clone()),
            "P" => out.push(pronoun.into()),
            _ => match slot(token) {
                Some((form, i)) => {
                    out.extend(said(acts[i], wording.phrases[i], form, whose, adjective, rng));
                }
                None => out.push(token.into()),
            },
        }
    }
    out.join(" ").replace(" ,", ",").replace(" .", ".")
}

fn with_adjective(subject: &str, mood: Mood, rng: &mut Rng) -> String {
    let all = adjectives(mood);
    let adjective = all[rng.below(all.len())];
    let noun = subject.trim_start_matches("a ");
    let article = if adjective.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {adjective} {noun}")
}

fn slot(token: &str) -> Option<(Form, usize)> {
    let [form, slot] = token.as_bytes() else { return None };
    let form = match form {
        b'b' => Form::Base,
        b't' => Form::Third,
        b'i' => Form::Ing,
        b'd' => Form::Past,
        _ => return None,
    };
    (b'A'..=b'D').contains(slot).then(|| (form, usize::from(slot - b'A')))
}

/// The words of a phrase: verbs in `form`, slots filled in, "the" before parts of the body as `whose`.
pub fn phrase(act: &Act, pattern: &str, form: Form, whose: &str, number: &str) -> Vec<String> {
    let pattern = pattern.trim_start_matches('*');
    let words: Vec<String> = pattern.split(' ').map(|word| fill(word, act, form, number)).collect();
    let is_body = |i: usize| words.get(i).is_some_and(|w| BODY.contains(&w.trim_end_matches(',')));
    let is_side = |i: usize| words.get(i).is_some_and(|w| w == "left" || w == "right");
    let owned = |i: usize| words[i] == "the" && (is_body(i + 1) || (is_side(i + 1) && is_body(i + 2)));
    (0..words.len()).map(|i| if owned(i) { whose.to_string() } else { words[i].clone() }).collect()
}

fn fill(word: &str, act: &Act, form: Form, number: &str) -> String {
    let (word, comma) = word.strip_suffix(',').map_or((word, ""), |word| (word, ","));
    let left = act.side == Some(Side::Left);
    let text = match word {
        "<side>" => if left { "left" } else { "right" }.to_string(),
        "<other>" => if left { "right" } else { "left" }.to_string(),
        "<clock>" => if left { "counterclockwise" } else { "clockwise" }.to_string(),
        "<n>" => number.to_string(),
        _ => match word.strip_prefix('{').and_then(|w| w.strip_suffix('}')) {
            Some(verb) => inflect(verb, form),
            None => word.to_string(),
        },
    };
    text + comma
}

const NUMBERS: [&str; 11] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/// A number as a word or as digits.
fn number(n: u8, rng: &mut Rng) -> String {
    match NUMBERS.get(usize::from(n)) {
        Some(word) if rng.chance(0.65) => (*word).into(),
        _ => n.to_string(),
    }
}

fn times(n: u8, rng: &mut Rng) -> String {
    match n {
        1 => pick(&["once", "one time", "a single time"], rng).into(),
        2 if rng.chance(0.5) => "twice".into(),
        _ => format!("{} times{}", number(n, rng), if rng.chance(0.2) { " in a row" } else { "" }),
    }
}

fn pick<'a>(all: &[&'a str], rng: &mut Rng) -> &'a str {
    all[rng.below(all.len())]
}

/// A phrase with its count, pace, mood, size, accent and duration.
fn said(act: &Act, pattern: &str, form: Form, whose: &str, adjective: bool, rng: &mut Rng) -> Vec<String> {
    let count = number(act.count.unwrap_or(0), rng);
    let mut words = phrase(act, pattern, form, whose, &count);
    let front = |words: &mut Vec<String>, text: &str, rng: &mut Rng| {
        let single = text.ends_with("ly") && !text.contains(' ');
        let at = if single && rng.chance(0.4) { 0 } else { words.len() };
        words.insert(at, text.to_string());
    };
    if act.mood != Mood::Plain && !adjective {
        front(&mut words, pick(moods(act.mood), rng), rng);
    }
    match act.pace {
        Pace::Slow => front(&mut words, pick(SLOW, rng), rng),
        Pace::Normal => {}
        Pace::Fast => front(&mut words, pick(FAST, rng), rng),
    }
    match act.size {
        Size::Small => words.push(pick(SMALL, rng).into()),
        Size::Normal => {}
        Size::Big => words.push(pick(BIG, rng).into()),
    }
    if act.accent != Accent::Plain {
        let text = pick(accents(act.accent), rng);
        words.push(if whose == "the" { text.into() } else { text.replace("the ", &format!("{whose} ")) });
    }
    if let Some(n) = act.count.filter(|_| !pattern.contains("<n>")) {
        words.push(times(n, rng));
    }
    if let Some(n) = act.seconds {
        words.push(format!("for {} seconds", number(n, rng)));
    }
    words
}

const SLOW: &[&str] = &["slowly", "at a slow pace", "in slow motion", "very slowly", "slow"];
const FAST: &[&str] =
    &["quickly", "at a fast pace", "fast", "rapidly", "in a hurry", "hurriedly", "swiftly", "very fast"];
const SMALL: &[&str] = &["with small steps", "with short steps", "with tiny steps", "in small steps"];
const BIG: &[&str] =
    &["with big steps", "with long steps", "with long strides", "with large steps", "with giant steps"];

/// Adverbs of a mood.
fn moods(mood: Mood) -> &'static [&'static str] {
    match mood {
        Mood::Plain => &[""],
        Mood::Proud => &["proudly", "confidently", "with pride", "with the chest out", "like a king", "boldly"],
        Mood::Sad => &["sadly", "in a sad way", "dejectedly", "gloomily", "as if depressed", "unhappily"],
        Mood::Happy => &["happily", "cheerfully", "joyfully", "in a good mood", "in a happy way", "with joy"],
        Mood::Angry => &["angrily", "furiously", "in anger", "aggressively", "in an angry way", "in a rage"],
        Mood::Tired => &["wearily", "tiredly", "exhausted", "like a tired person", "sluggishly", "as if exhausted"],
        Mood::Nervous => &["nervously", "anxiously", "timidly", "shyly", "fearfully", "in a nervous way"],
        Mood::Careful => &["carefully", "cautiously", "with care", "very carefully", "gingerly", "in a careful way"],
        Mood::Old => &["like an old person", "like an old man", "like an elderly person", "like an old woman"],
        Mood::Stiff => &["stiffly", "rigidly", "in a stiff way", "woodenly", "with a stiff body"],
        Mood::Relaxed => &["casually", "in a relaxed way", "calmly", "leisurely", "at ease", "comfortably"],
    }
}

/// Adjectives of a mood.
fn adjectives(mood: Mood) -> &'static [&'static str] {
    match mood {
        Mood::Plain => &["plain"],
        Mood::Proud => &["proud", "confident"],
        Mood::Sad => &["sad", "depressed", "unhappy"],
        Mood::Happy => &["happy", "cheerful"],
        Mood::Angry => &["angry", "furious"],
        Mood::Tired => &["tired", "exhausted", "weary"],
        Mood::Nervous => &["nervous", "anxious", "shy"],
        Mood::Careful => &["careful", "cautious"],
        Mood::Old => &["old", "elderly"],
        Mood::Stiff => &["stiff"],
        Mood::Relaxed => &["relaxed", "calm"],
    }
}

fn accents(accent: Accent) -> &'static [&'static str] {
    match accent {
        Accent::Plain => &[""],
        Accent::ArmsSwing => &["swinging the arms", "swinging the arms widely", "with big arm swings"],
        Accent::ArmsStill => &["without moving the arms", "with the arms still", "keeping the arms still"],
        Accent::HeadDown => &["with the head down", "looking down", "with a lowered head"],
        Accent::KneesBent => &["with bent knees", "with the knees bent", "on bent knees"],
    }
}

/// All words in captions of [`Split::Train`].
pub fn vocabulary() -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut add = |text: &str| out.extend(words(text));
    SUBJECTS.iter().for_each(|(a, b, c)| [a, b, c].iter().for_each(|text| add(text)));
    [SLOW, FAST, SMALL, BIG, &NUMBERS[1..], &["your once twice times a single in row for seconds 1 2 3 4 5 6 7 8"]]
        .into_iter()
        .flatten()
        .for_each(|text| add(text));
    Mood::ALL.iter().filter(|m| **m != Mood::Plain).for_each(|m| {
        moods(*m).iter().chain(adjectives(*m)).for_each(|text| add(text));
    });
    Accent::ALL.iter().for_each(|a| accents(*a).iter().for_each(|text| add(text)));
    for frame in [ONE, TWO, THREE, FOUR, WHILE].into_iter().flatten() {
        frame.split(' ').filter(|t| !["S", "P"].contains(t) && slot(t).is_none()).for_each(&mut add);
    }
    for act in every_act() {
        for pattern in patterns(&act).iter().filter(|p| !is_reserved(p)) {
            for form in [Form::Base, Form::Third, Form::Ing, Form::Past] {
                add(&phrase(&act, pattern, form, "the", "two").join(" "));
            }
        }
    }
    out
}

/// Every kind with every side and angle, plain.
pub fn every_act() -> Vec<Act> {
    let mut out = Vec::new();
    for kind in Kind::ALL {
        let sides: Vec<Option<Side>> = match entry(kind).sides {
            [] => vec![None],
            sides => sides.iter().copied().map(Some).collect(),
        };
        for side in sides {
            out.push(Act::plain(kind, side));
            if kind == Kind::Turn {
                out.push(Act { degrees: 180, ..Act::plain(kind, side) });
            }
        }
    }
    out
}

//! From a pattern to words: inflection, slots, subjects.

use super::lexicon::patterns;
use super::spec::{Part, Side};

/// A form of a verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// walk
    Base,
    /// walks
    Third,
    /// walking
    Ing,
}

impl Form {
    /// All forms.
    pub const ALL: [Self; 3] = [Self::Base, Self::Third, Self::Ing];
}

/// Verbs that double their last letter before -ing.
const DOUBLING: &[&str] = &[
    "run", "hop", "squat", "sit", "clap", "step", "sidestep", "nod", "spin", "put", "get", "drop", "set", "jog", "hit",
];

/// Inflects a regular verb, `have`, or a verb in [`DOUBLING`].
pub fn inflect(verb: &str, form: Form) -> String {
    match form {
        Form::Base => verb.to_string(),
        Form::Third if verb == "have" => "has".to_string(),
        Form::Third if ["s", "x", "o", "sh", "ch"].iter().any(|end| verb.ends_with(end)) => format!("{verb}es"),
        Form::Third => format!("{verb}s"),
        Form::Ing => match verb.strip_suffix('e') {
            Some(stem) if !stem.ends_with('e') => format!("{stem}ing"),
            _ if DOUBLING.contains(&verb) => format!("{verb}{}ing", &verb[verb.len() - 1..]),
            _ => format!("{verb}ing"),
        },
    }
}

/// A subject with its possessive; the possessive of an order is "your".
pub const SUBJECTS: &[(&str, &str)] = &[
    ("a person", "their"),
    ("a person", "their"),
    ("someone", "their"),
    ("a man", "his"),
    ("a woman", "her"),
    ("the person", "their"),
    ("a human", "their"),
    ("the figure", "the"),
    ("he", "his"),
    ("she", "her"),
    ("a character", "their"),
    ("the man", "his"),
    ("the woman", "her"),
];

const BODY: &[&str] = &[
    "hand", "hands", "arm", "arms", "leg", "foot", "knee", "knees", "head", "hips", "waist", "toes", "chest", "fist",
    "forehead", "mouth", "body",
];

/// The words of pattern `index` for `part`: verbs in `form`, "the" before parts of the body as `whose`.
pub fn phrase(part: &Part, index: usize, form: Form, whose: &str) -> Vec<String> {
    let pattern = patterns(part)[index].trim_start_matches('*');
    let words: Vec<String> = pattern.split(' ').map(|word| fill(word, part, form)).collect();
    let is_body = |i: usize| words.get(i).is_some_and(|w| BODY.contains(&w.as_str()));
    let is_side = |i: usize| words.get(i).is_some_and(|w| w == "left" || w == "right");
    let owned = |i: usize| words[i] == "the" && (is_body(i + 1) || (is_side(i + 1) && is_body(i + 2)));
    (0..words.len()).map(|i| if owned(i) { whose.to_string() } else { words[i].clone() }).collect()
}

fn fill(word: &str, part: &Part, form: Form) -> String {
    let left = part.side == Some(Side::Left);
    match word {
        "<side>" => if left { "left" } else { "right" }.to_string(),
        "<other>" => if left { "right" } else { "left" }.to_string(),
        "<clock>" => if left { "counterclockwise" } else { "clockwise" }.to_string(),
        _ => match word.strip_prefix('{').and_then(|w| w.strip_suffix('}')) {
            Some(verb) => inflect(verb, form),
            None => word.to_string(),
        },
    }
}

/// Whether pattern `index` can express the side of `part`.
pub fn says_side(part: &Part, index: usize) -> bool {
    let sided = patterns(part)[index].contains('<');
    match part.side {
        Some(Side::Left) => sided,
        _ => true,
    }
}

/// Whether pattern `index` is kept out of training.
pub fn is_reserved(part: &Part, index: usize) -> bool {
    patterns(part)[index].starts_with('*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_inflect() {
        for (verb, third, ing) in [
            ("walk", "walks", "walking"),
            ("wave", "waves", "waving"),
            ("squat", "squats", "squatting"),
            ("go", "goes", "going"),
            ("punch", "punches", "punching"),
            ("box", "boxes", "boxing"),
            ("have", "has", "having"),
            ("raise", "raises", "raising"),
            ("agree", "agrees", "agreeing"),
        ] {
            assert_eq!((inflect(verb, Form::Third), inflect(verb, Form::Ing)), (third.into(), ing.into()));
        }
    }
}

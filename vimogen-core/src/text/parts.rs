//! Splits a prompt that tells several actions in order into one prompt per action.

mod verbs;

use verbs::{NOT_VERBS, VERBS};

/// Maximum number of parts of a prompt.
const MAX_PARTS: usize = 200;
/// Maximum number of times that an action is repeated.
const MAX_TIMES: usize = 20;
/// Maximum duration of a part, seconds.
const MAX_SECONDS: f64 = 3600.0;
/// Words that lead from one action to the next.
const THEN: [&str; 7] = ["then", "afterwards", "afterward", "finally", "subsequently", "next", "lastly"];
/// The acting person.
const PERSONS: [&str; 19] = [
    "person",
    "man",
    "woman",
    "human",
    "figure",
    "character",
    "someone",
    "somebody",
    "guy",
    "boy",
    "girl",
    "child",
    "dancer",
    "actor",
    "individual",
    "people",
    "player",
    "robot",
    "subject",
];
const PRONOUNS: [&str; 3] = ["he", "she", "it"];
const ARTICLES: [&str; 5] = ["a", "an", "the", "one", "this"];
const NUMBERS: [(&str, f64); 26] = [
    ("a", 1.0),
    ("an", 1.0),
    ("one", 1.0),
    ("two", 2.0),
    ("three", 3.0),
    ("four", 4.0),
    ("five", 5.0),
    ("six", 6.0),
    ("seven", 7.0),
    ("eight", 8.0),
    ("nine", 9.0),
    ("ten", 10.0),
    ("eleven", 11.0),
    ("twelve", 12.0),
    ("thirteen", 13.0),
    ("fourteen", 14.0),
    ("fifteen", 15.0),
    ("sixteen", 16.0),
    ("seventeen", 17.0),
    ("eighteen", 18.0),
    ("nineteen", 19.0),
    ("twenty", 20.0),
    ("thirty", 30.0),
    ("forty", 40.0),
    ("fifty", 50.0),
    ("sixty", 60.0),
];

/// One action of a prompt.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PromptPart {
    /// The prompt of this part.
    pub prompt: String,
    /// Duration in seconds, if the prompt says one.
    pub seconds: Option<f64>,
}

/// The actions of a prompt in order.
///
/// A new action begins at "then", "afterwards", "finally", "after that", "followed by", at a semicolon, a full stop or a new
/// line, and at "and" or a comma in front of a verb; "while" and "as" keep actions together. "for four seconds" and "for 2.5 s"
/// set the duration of a part, "twice" and "3 times" repeat it and share its duration. The person who acts in the first part
/// acts in the others too. A prompt without words has no part.
///
/// ```
/// use vimogen_core::text::split_prompt;
/// let parts = split_prompt("a person walks forward for four seconds, then turns left twice and sits down");
/// let prompts: Vec<_> = parts.iter().map(|part| part.prompt.as_str()).collect();
/// assert_eq!(prompts, ["a person walks forward", "a person turns left", "a person turns left", "a person sits down"]);
/// assert_eq!((parts[0].seconds, parts[3].seconds), (Some(4.0), None));
/// ```
pub fn split_prompt(prompt: &str) -> Vec<PromptPart> {
    let mut parts: Vec<PromptPart> = Vec::new();
    let mut person: Option<Vec<&str>> = None;
    for clause in clauses(&words(prompt)) {
        let (clause, seconds) = duration(clause);
        let (clause, times) = times(clause);
        let Some(first) = clause.first() else { continue };
        let own = subject(&clause);
        let clause = match (&person, own) {
            (None, own) => {
                person = Some(clause[..own].to_vec());
                clause
            }
            (Some(person), 0) => [person.as_slice(), &clause].concat(),
            (Some(person), own) if PRONOUNS.contains(&lower(first).as_str()) && !person.is_empty() => {
                [person.as_slice(), &clause[own..]].concat()
            }
            _ => clause,
        };
        let part =
            PromptPart { prompt: clause.join(" ").replace(" ,", ","), seconds: seconds.map(|s| s / times as f64) };
        parts.extend(std::iter::repeat_n(part, times));
        if parts.len() >= MAX_PARTS {
            parts.truncate(MAX_PARTS);
            break;
        }
    }
    parts
}

/// Words, and marks of punctuation as words of their own. A point or comma between digits belongs to a number.
fn words(prompt: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = None;
    let digit = |at: usize| prompt[at..].chars().next().is_some_and(|c| c.is_ascii_digit());
    for (at, c) in prompt.char_indices() {
        let end = at + c.len_utf8();
        let decimal =
            matches!(c, '.' | ',') && at > 0 && prompt.is_char_boundary(at - 1) && digit(at - 1) && digit(end);
        let mark = matches!(c, ',' | ';' | '.' | '!' | '\n') && !decimal;
        if mark || c.is_whitespace() {
            words.extend(start.take().map(|start| &prompt[start..at]));
        } else {
            start.get_or_insert(at);
        }
        if mark {
            words.push(&prompt[at..end]);
        }
    }
    words.extend(start.map(|start| &prompt[start..]));
    words
}

fn lower(word: &str) -> String {
    word.to_lowercase()
}

/// The words of each action.
fn clauses<'a>(words: &[&'a str]) -> Vec<Vec<&'a str>> {
    let mut clauses = vec![Vec::new()];
    let mut i = 0;
    while i < words.len() {
        let current = clauses.last().map_or(&[][..], Vec::as_slice);
        match boundary(words, i, current) {
            Some(skipped) => {
                i += skipped;
                clauses.push(Vec::new());
            }
            None => {
                let word = words[i];
                if let (Some(clause), false) = (clauses.last_mut(), matches!(word, ";" | "." | "!" | "\n")) {
                    // A comma stays inside a clause, at the word before it.
                    if word != "," || !clause.is_empty() {
                        clause.push(word);
                    }
                }
                i += 1;
            }
        }
    }
    for clause in &mut clauses {
        while clause.last().is_some_and(|word| *word == "," || lower(word) == "and") {
            clause.pop();
        }
    }
    clauses
}

/// Number of words between two actions if one ends before word `i`.
fn boundary(words: &[&str], i: usize, current: &[&str]) -> Option<usize> {
    let at = |k: usize| words.get(i + k).map_or(String::new(), |word| lower(word));
    let leads = |k: usize| match at(k).as_str() {
        // "next to" says where.
        "next" if at(k + 1) == "to" => 0,
        word if THEN.contains(&word) => 1,
        "after" if ["that", "this", "which"].contains(&at(k + 1).as_str()) => 2,
        "followed" if at(k + 1) == "by" => 2,
        _ => 0,
    };
    let mut k = 0;
    let mut strong = false;
    let mut weak = false;
    loop {
        match at(k).as_str() {
            ";" | "." | "!" | "\n" => (strong, k) = (true, k + 1),
            "," | "and" | "but" => (weak, k) = (true, k + 1),
            _ if leads(k) > 0 => (strong, k) = (true, k + leads(k)),
            _ => break,
        }
    }
    let gerunds = current.get(subject(current)).is_some_and(|word| lower(word).ends_with("ing"));
    (strong || weak && acts(&words[(i + k).min(words.len())..], gerunds)).then_some(k)
}

/// Whether words begin with an action: a verb, after a subject and adverbs.
fn acts(words: &[&str], gerunds: bool) -> bool {
    if subject(words) > 0 {
        return true;
    }
    let adverb =
        |word: &&&str| lower(word).ends_with("ly") || ["also", "again", "immediately"].contains(&lower(word).as_str());
    let Some(word) = words.iter().find(|word| !adverb(word)) else { return false };
    is_verb(&lower(word), gerunds)
}

fn is_verb(word: &str, gerunds: bool) -> bool {
    if NOT_VERBS.contains(&word) {
        return false;
    }
    if let Some(stem) = word.strip_suffix("ing") {
        let doubled = stem.len() > 2 && stem.as_bytes()[stem.len() - 1] == stem.as_bytes()[stem.len() - 2];
        let known = |stem: &str| VERBS.contains(&stem) || VERBS.contains(&format!("{stem}e").as_str());
        return gerunds && (known(stem) || doubled && stem.get(..stem.len() - 1).is_some_and(known));
    }
    let stems = [Some(word), word.strip_suffix('s'), word.strip_suffix("es")];
    let carried = word.strip_suffix("ies").map(|stem| format!("{stem}y"));
    stems.into_iter().flatten().chain(carried.as_deref()).any(|stem| VERBS.contains(&stem))
}

/// Number of words that name the acting person at the start of a clause, with "is" in front of a verb.
fn subject(words: &[&str]) -> usize {
    let at = |k: usize| words.get(k).map_or(String::new(), |word| lower(word));
    let end = if PRONOUNS.contains(&at(0).as_str()) || ["someone", "somebody", "they"].contains(&at(0).as_str()) {
        1
    } else if ARTICLES.contains(&at(0).as_str()) {
        match (1..4).find(|k| PERSONS.contains(&at(*k).as_str())) {
            Some(k) => k + 1,
            None => return 0,
        }
    } else {
        return 0;
    };
    if at(end) == "is" && at(end + 1).ends_with("ing") { end + 1 } else { end }
}

/// A number at the start of some words, and how many words it takes.
fn number(words: &[&str]) -> Option<(f64, usize)> {
    let at = |k: usize| words.get(k).map_or(String::new(), |word| lower(word));
    let skip = usize::from(["about", "around", "another", "exactly"].contains(&at(0).as_str()));
    let (first, second, third) = (at(skip), at(skip + 1), at(skip + 2));
    let of = |value: f64, taken: usize| {
        let half = at(skip + taken) == "and" && at(skip + taken + 1) == "a" && at(skip + taken + 2) == "half";
        Some(if half { (value + 0.5, skip + taken + 3) } else { (value, skip + taken) })
    };
    match (first.as_str(), second.as_str(), third.as_str()) {
        ("half", "a" | "an", _) => of(0.5, 2),
        ("a", "couple", "of") => of(2.0, 3),
        ("a", "few", _) => of(3.0, 2),
        _ => match NUMBERS.iter().find(|(word, _)| *word == first) {
            Some((_, value)) => of(*value, 1),
            None => first.replace(',', ".").parse().ok().filter(|n: &f64| n.is_finite()).and_then(|n| of(n, 1)),
        },
    }
}

/// Seconds of a unit.
fn unit(word: &str) -> Option<f64> {
    match word {
        "s" | "sec" | "secs" | "second" | "seconds" => Some(1.0),
        "min" | "mins" | "minute" | "minutes" => Some(60.0),
        _ => None,
    }
}

/// Takes "for four seconds" out of a clause.
fn duration(clause: Vec<&str>) -> (Vec<&str>, Option<f64>) {
    for i in (0..clause.len()).filter(|i| lower(clause[*i]) == "for") {
        let rest = &clause[i + 1..];
        let attached = || {
            let word = lower(rest.first()?);
            let digits = word.find(|c: char| c.is_alphabetic())?;
            Some((number(&[&word[..digits]])?.0 * unit(&word[digits..])?, 1))
        };
        let spaced = || {
            let (value, taken) = number(rest)?;
            Some((value * unit(&lower(rest.get(taken)?))?, taken + 1))
        };
        if let Some((seconds, taken)) = spaced().or_else(attached).filter(|(s, _)| *s > 0.0 && *s <= MAX_SECONDS) {
            return ([&clause[..i], &clause[i + 1 + taken..]].concat(), Some(seconds));
        }
    }
    (clause, None)
}

/// Takes "twice" or "3 times" out of a clause.
fn times(clause: Vec<&str>) -> (Vec<&str>, usize) {
    for i in 0..clause.len() {
        let counted = || {
            let (value, taken) = number(&clause[i..])?;
            let whole = value.fract() == 0.0 && (1.0..=MAX_TIMES as f64).contains(&value);
            (whole && lower(clause.get(i + taken)?) == "times").then_some((value as usize, taken + 1))
        };
        let found = match lower(clause[i]).as_str() {
            "once" => Some((1, 1)),
            "twice" => Some((2, 1)),
            "thrice" => Some((3, 1)),
            _ => counted(),
        };
        let Some((times, taken)) = found else { continue };
        let row = |words: &[&str]| words.len() >= 3 && words[..3].iter().map(|w| lower(w)).eq(["in", "a", "row"]);
        let rest = &clause[i + taken..];
        let rest = if row(rest) { &rest[3..] } else { rest };
        return ([&clause[..i], rest].concat(), times);
    }
    (clause, 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Parts as "prompt:seconds".
    fn split(prompt: &str) -> Vec<String> {
        let show = |part: PromptPart| part.seconds.map_or(part.prompt.clone(), |s| format!("{}:{s}", part.prompt));
        split_prompt(prompt).into_iter().map(show).collect()
    }

    #[test]
    fn durations_counts_and_connectors_are_taken_out() {
        assert_eq!(
            split("walks forward for four seconds, then turns left twice and sits down"),
            ["walks forward:4", "turns left", "turns left", "sits down"]
        );
        assert_eq!(split("jumps 3 times for 6 s; waves"), ["jumps:2", "jumps:2", "jumps:2", "waves"]);
        assert_eq!(split("runs for 2.5s. After that, stops."), ["runs:2.5", "stops"]);
        assert_eq!(split("stands for half a minute and then bows"), ["stands:30", "bows"]);
        assert_eq!(split("spins for one and a half seconds, finally kneels"), ["spins:1.5", "kneels"]);
        assert_eq!(split("waits for a couple of seconds, claps ten times in a row").len(), 11);
    }

    #[test]
    fn the_person_of_the_first_part_acts_in_all() {
        assert_eq!(
            split("A young man walks, then slowly sits down and he waves, followed by jumping"),
            ["A young man walks", "A young man slowly sits down", "A young man waves", "A young man jumping"]
        );
        assert_eq!(
            split("someone is running and turning, the woman bows"),
            ["someone is running", "someone is turning", "the woman bows"]
        );
    }

    #[test]
    fn what_happens_at_once_and_lists_of_things_stay_together() {
        for whole in [
            "a person walks forward while waving",
            "a person raises the left and right arm",
            "a person stretches arms and legs",
            "a person starts walking and waving",
            "a person stands next to a wall",
            "a person looks for a long time",
            "a person stands with hands on hips, feet apart",
            "a person jumps a thousand times",
        ] {
            assert_eq!(split(whole), [whole]);
        }
    }

    #[test]
    fn nothing_gives_nothing_and_many_are_bounded() {
        assert!(split(" , then ; and. ").is_empty() && split("").is_empty());
        assert_eq!(split_prompt(&"jumps 20 times, then ".repeat(1000)).len(), MAX_PARTS);
        assert_eq!(split("walks for 1e999 seconds"), ["walks for 1e999 seconds"]);
        assert_eq!(split("walks for 0 seconds"), ["walks for 0 seconds"]);
    }

    proptest! {
        #[test]
        fn any_text_is_split_without_panic_and_parts_have_words(text in "\\PC{0,80}") {
            for part in split_prompt(&text) {
                prop_assert!(!part.prompt.trim().is_empty());
            }
        }

        #[test]
        fn words_of_the_rules_in_any_order_are_split(
            text in "((for|and|a|half|twice|3|times|,|seconds|then|walks|person|is|2,5s|é) ?){0,20}"
        ) {
            for part in split_prompt(&text) {
                prop_assert!(!part.prompt.trim().is_empty() && part.seconds.is_none_or(|s| s > 0.0));
            }
        }
    }
}

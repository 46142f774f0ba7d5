//! Notes on a prompt: what a model is not likely to do, and what was read differently.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::known::{KnownPrompts, Near, carries_meaning};
use super::split::split_words;
use super::vectors::WordVectors;
use crate::declare::named_enum;

/// Cosine below which a word is unlike all words of training. Both limits were chosen on `tests/prompts/tuning.txt`.
const UNLIKE_WORD: f32 = 0.6;
/// Cosine below which a clause is unlike all phrases of training.
const UNLIKE_CLAUSE: f32 = 0.7;
/// Maximum number of words of a prompt that are looked at.
const MAX_WORDS: usize = 512;

named_enum! {
    /// Kind of a note on a prompt.
    pub enum NoteKind("kind") {
        /// A word was read as a known one, a letter away.
        Misspelt = "misspelt",
        /// A word has no meaning to the text encoder.
        UnknownWord = "unknown-word",
        /// Words, or a whole clause, are unlike those of training: the motion shows something else.
        Unfamiliar = "unfamiliar",
        /// The prompt has more movements than one motion shows.
        TooManyActions = "too-many-actions",
        /// A count is higher than those of training.
        Count = "count",
        /// A duration in the prompt is not followed.
        Duration = "duration",
        /// The prompt is longer than the text encoder reads.
        Truncated = "truncated",
    }
}

/// A note on a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The kind.
    pub kind: NoteKind,
    /// The words of the prompt that it concerns.
    pub words: String,
    /// Known wordings to try instead, best first.
    pub suggestions: Vec<String>,
    /// The note as a sentence.
    pub message: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Note {
    fn new(kind: NoteKind, words: impl Into<String>, suggestions: Vec<String>, message: String) -> Self {
        Self { kind, words: words.into(), suggestions, message }
    }
}

/// Judges prompts by the movements that a model was trained on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judge<'a> {
    pub known: &'a KnownPrompts,
    pub vectors: &'a WordVectors,
    /// Maximum number of words that the encoder reads.
    pub max_words: usize,
}

impl Judge<'_> {
    /// The prompt with misspelt words replaced.
    pub fn mended<'p>(&self, prompt: &'p str) -> Cow<'p, str> {
        let words = split_words(prompt, MAX_WORDS);
        if words.iter().all(|word| self.correction(word).is_none()) {
            return Cow::Borrowed(prompt);
        }
        Cow::Owned(words.iter().map(|word| self.correction(word).unwrap_or(word)).collect::<Vec<_>>().join(" "))
    }

    /// All notes on a prompt, in the order of its words.
    pub fn notes(&self, prompt: &str) -> Vec<Note> {
        let words = split_words(prompt, MAX_WORDS);
        let mut notes = Vec::new();
        let mut read = Vec::with_capacity(words.len());
        for word in &words {
            let mended = self.correction(word);
            notes.extend(mended.map(|mended| misspelt(word, mended)));
            read.push(mended.unwrap_or(word));
        }
        notes.extend(self.truncated(&words));
        read.truncate(self.max_words);
        let clauses = clauses(&read);
        notes.extend(clauses.iter().flat_map(|clause| self.clause(clause)));
        notes.extend(self.too_many(&clauses));
        notes
    }

    /// The known word that a misspelt one stands for. Short words are kept: too many words are a letter away.
    fn correction(&self, word: &str) -> Option<&str> {
        let letters = word.chars().count();
        if letters < 4 || !word.chars().all(char::is_alphabetic) || self.vectors.get(word).is_some() {
            return None;
        }
        let alike = |known: &&str| {
            // Swapped letters keep the length; a short word with another letter is another word.
            let swapped = known.chars().count() == letters && sorted(known) == sorted(word);
            (letters > 4 || swapped) && strsim::osa_distance(word, known) == 1
        };
        let first = |known: &&str| known.chars().next() != word.chars().next();
        self.known.known_words(self.vectors).filter(alike).min_by_key(first)
    }

    fn truncated(&self, words: &[String]) -> Option<Note> {
        let left = words.get(self.max_words..).filter(|left| !left.is_empty())?.join(" ");
        let message = format!("only the first {} words of the prompt are read; {left:?} is dropped", self.max_words);
        Some(Note::new(NoteKind::Truncated, left, vec![], message))
    }

    fn clause(&self, words: &[&str]) -> Vec<Note> {
        let mut notes = Vec::new();
        let timed = duration(words);
        notes.extend(timed.map(|(start, end)| not_timed(&words[start..end])));
        let (start, end) = timed.unwrap_or((0, 0));
        let words: Vec<&str> = [&words[..start], &words[end..]].concat();
        let telling: Vec<&str> = words.iter().copied().filter(|word| carries_meaning(word)).collect();
        let unknown = telling.iter().filter(|word| self.is_unknown(word));
        notes.extend(unknown.map(|word| self.unknown(word)));
        let near = self.known.nearest(&telling, self.vectors);
        notes.extend(self.unfamiliar(&telling, near));
        notes.extend(near.and_then(|near| self.count(&words, near)));
        notes
    }

    fn is_unknown(&self, word: &str) -> bool {
        let number = word.bytes().all(|b| b.is_ascii_digit());
        !number && self.vectors.get(word).is_none() && !self.known.has_word(word, self.vectors)
    }

    fn unknown(&self, word: &str) -> Note {
        let distance = |known: &&str| strsim::osa_distance(word, known);
        let mut near: Vec<&str> = self.known.known_words(self.vectors).filter(|known| distance(known) <= 2).collect();
        near.retain(|known| known.len() > 2);
        near.sort_by_key(distance);
        near.truncate(3);
        let hint = if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(", ")) };
        let message = format!("{word:?} has no meaning to this model{hint}");
        Note::new(NoteKind::UnknownWord, word, near.into_iter().map(str::to_string).collect(), message)
    }

    /// A note if words of a clause, or the clause as a whole, are unlike training.
    fn unfamiliar(&self, telling: &[&str], near: Option<Near<'_>>) -> Option<Note> {
        let near = near?;
        let unlike = |word: &&&str| self.known.familiarity(word, self.vectors).is_some_and(|c| c < UNLIKE_WORD);
        let mut words: Vec<&str> = telling.iter().filter(unlike).copied().collect();
        // "and rise", the rest of a phrase of training.
        let of_training = matches!(telling, [word] if self.known.has_word(word, self.vectors));
        if words.is_empty() && (of_training || near.cosine >= UNLIKE_CLAUSE) {
            return None;
        }
        if words.is_empty() {
            words = telling.to_vec();
        }
        let quoted = words.join(" ");
        let message = format!(
            "{quoted:?} is unlike the movements of this model; the nearest is {:?} ({})",
            near.phrase,
            near.movement.replace('_', " ")
        );
        Some(Note::new(NoteKind::Unfamiliar, quoted, vec![near.phrase.to_string()], message))
    }

    fn count(&self, words: &[&str], near: Near<'_>) -> Option<Note> {
        let (asked, number) = words.iter().enumerate().find_map(|(i, word)| {
            let next = words.get(i + 1).copied().unwrap_or("");
            let counted = !MEASURES.contains(&next);
            number(word).filter(|_| counted).map(|number| (*word, number))
        })?;
        let limit = self.known.movements.get(near.movement)?.count;
        let asked_of = near.movement.replace('_', " ");
        let message = match limit {
            _ if number <= u32::from(limit) => return None,
            1 => format!("{asked:?} is not counted: this model does not count the movement {asked_of:?}"),
            _ => format!("{asked:?} is not counted: this model counts the movement {asked_of:?} up to {limit}"),
        };
        Some(Note::new(NoteKind::Count, asked, vec![], message))
    }

    fn too_many(&self, clauses: &[Vec<&str>]) -> Option<Note> {
        let left = clauses.get(self.known.actions..).filter(|left| !left.is_empty())?;
        let left: Vec<String> = left.iter().map(|clause| clause.join(" ")).collect();
        let quoted = left.join(", ");
        let message = format!(
            "a motion shows at most {} movements, so {quoted:?} may be missing; generate it as a motion of its own and join both",
            self.known.actions
        );
        Some(Note::new(NoteKind::TooManyActions, quoted, vec![], message))
    }
}

fn sorted(word: &str) -> Vec<char> {
    let mut letters: Vec<char> = word.chars().collect();
    letters.sort_unstable();
    letters
}

fn misspelt(word: &str, mended: &str) -> Note {
    Note::new(NoteKind::Misspelt, word, vec![mended.to_string()], format!("{word:?} was read as {mended:?}"))
}

fn not_timed(words: &[&str]) -> Note {
    let quoted = words.join(" ");
    let message = format!("{quoted:?} does not set the length of the motion; pass the number of frames");
    Note::new(NoteKind::Duration, quoted, vec![], message)
}

/// Nouns that a number before them measures and does not count.
const MEASURES: &[&str] = &[
    "degree", "degrees", "second", "seconds", "minute", "minutes", "step", "steps", "meter", "meters", "metre",
    "metres", "foot", "feet", "hand", "hands", "arm", "arms", "leg", "legs", "knee", "knees", "side", "fist", "fists",
];

/// Words that separate the clauses of a prompt.
const SEPARATORS: &[&str] = &[",", "then", "and", "while", "before", "after", "afterwards"];

/// The parts of a prompt between commas and conjunctions that name a movement.
fn clauses<'a>(words: &[&'a str]) -> Vec<Vec<&'a str>> {
    let parts = words.split(|word| SEPARATORS.contains(word));
    parts.filter(|part| part.iter().any(|word| carries_meaning(word))).map(<[&str]>::to_vec).collect()
}

/// The words "for 3 seconds", as positions.
fn duration(words: &[&str]) -> Option<(usize, usize)> {
    let unit = words.iter().position(|word| word.starts_with("second") || word.starts_with("minute"))?;
    let start = unit.checked_sub(1).filter(|at| number(words[*at]).is_some() || words[*at] == "a")?;
    let start = start.checked_sub(1).filter(|at| words[*at] == "for").unwrap_or(start);
    Some((start, unit + 1))
}

/// A number word, digits, or "twice".
fn number(word: &str) -> Option<u32> {
    const NAMES: [&str; 11] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    match word {
        "once" => Some(1),
        "twice" => Some(2),
        "thrice" => Some(3),
        // A turn's angle.
        "90" | "180" | "360" => None,
        _ => word.parse().ok().or_else(|| NAMES.iter().position(|name| *name == word).map(|at| at as u32)),
    }
}

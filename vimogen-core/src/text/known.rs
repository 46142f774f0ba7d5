//! The movements that a model was trained on, and what in a prompt is outside of them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::split::split_words;
use super::vectors::WordVectors;
use crate::error::{Error, Result};

/// Maximum number of phrases and of words in a file.
const MAX_ENTRIES: usize = 100_000;

/// Maximum number of words of a caption that becomes a phrase.
const MAX_PHRASE: usize = 32;

/// A movement and ways to ask for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Movement {
    /// Maximum number of repetitions that a prompt can ask for; 1 where counting makes no sense.
    pub count: u8,
    /// Phrases of training, with verbs in their base form: "walk forward".
    pub phrases: Vec<String>,
}

/// The prompts that a model was trained on: the file `prompts.json` of its folder.
///
/// ```
/// use vimogen_core::text::KnownPrompts;
/// let text = r#"{"actions": 2, "words": ["jumps"], "movements": {"jump": {"count": 3, "phrases": ["jump up"]}}}"#;
/// let known = KnownPrompts::from_json(text.as_bytes())?;
/// assert_eq!(known.movements["jump"].phrases, ["jump up"]);
/// # Ok::<(), vimogen_core::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownPrompts {
    /// Maximum number of movements of one prompt.
    pub actions: usize,
    /// Words of the captions, beyond those of the phrases.
    pub words: Vec<String>,
    /// Movements by name.
    pub movements: BTreeMap<String, Movement>,
    #[serde(skip)]
    index: OnceLock<Index>,
}

impl PartialEq for KnownPrompts {
    fn eq(&self, other: &Self) -> bool {
        (self.actions, &self.words, &self.movements) == (other.actions, &other.words, &other.movements)
    }
}

/// A phrase near a part of a prompt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Near<'a> {
    pub movement: &'a str,
    pub phrase: &'a str,
    /// Cosine of the mean vectors of the words that carry meaning.
    pub cosine: f32,
}

/// Unit vectors of known words, and mean vectors of phrases, in the order of the movements.
#[derive(Debug, Clone)]
struct Index {
    words: Vec<(String, Vec<f32>)>,
    phrases: Vec<Vec<f32>>,
}

impl KnownPrompts {
    /// Movements, each with its phrases, and words that occur in captions next to them.
    pub fn new(actions: usize, words: Vec<String>, movements: BTreeMap<String, Movement>) -> Self {
        Self { actions, words, movements, index: OnceLock::new() }
    }

    /// Reads the JSON of `prompts.json`.
    ///
    /// # Errors
    /// [`Error::Format`] for other JSON, or more than 100,000 phrases or words.
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        let known: Self = serde_json::from_slice(bytes).map_err(|e| Error::format("prompts.json", e.to_string()))?;
        let phrases = known.movements.values().map(|movement| movement.phrases.len()).sum::<usize>();
        if phrases.max(known.words.len()) > MAX_ENTRIES {
            return Err(Error::format("prompts.json", format!("it has more than {MAX_ENTRIES} phrases or words")));
        }
        Ok(known)
    }

    /// These prompts and the captions of further training, as phrases of a movement of its own.
    #[must_use]
    pub fn with_captions(mut self, movement: &str, captions: &[String]) -> Self {
        let phrase = |caption: &String| split_words(caption, MAX_PHRASE).into_iter().filter(|word| word != ",");
        let mut phrases: Vec<String> = captions.iter().map(|c| phrase(c).collect::<Vec<_>>().join(" ")).collect();
        phrases.sort();
        phrases.dedup();
        phrases.retain(|phrase| !phrase.is_empty());
        let added = self.movements.entry(movement.into()).or_insert_with(|| Movement { count: 1, phrases: vec![] });
        added.phrases.extend(phrases);
        added.phrases.truncate(MAX_ENTRIES / 10);
        self.index = OnceLock::new();
        self
    }

    /// Whether training showed this word, in lower case.
    pub(super) fn has_word(&self, word: &str, vectors: &WordVectors) -> bool {
        self.index(vectors).words.binary_search_by(|(known, _)| known.as_str().cmp(word)).is_ok()
    }

    /// Known words, ascending.
    pub(super) fn known_words<'a>(&'a self, vectors: &WordVectors) -> impl Iterator<Item = &'a str> {
        self.index(vectors).words.iter().map(|(word, _)| word.as_str())
    }

    /// The largest cosine of a word's vector with that of a known word that carries meaning; `None` without a vector.
    pub(super) fn familiarity(&self, word: &str, vectors: &WordVectors) -> Option<f32> {
        let wanted = unit(word, vectors)?;
        let cosines = self.index(vectors).words.iter().map(|(_, known)| dot(&wanted, known));
        Some(cosines.fold(-1.0, f32::max))
    }

    /// The phrase nearest to these words; `None` if none of them has a vector.
    pub(super) fn nearest(&self, words: &[&str], vectors: &WordVectors) -> Option<Near<'_>> {
        let wanted = mean(words, vectors)?;
        let cosines = self.index(vectors).phrases.iter().map(|phrase| dot(&wanted, phrase));
        let named = self.movements.iter().flat_map(|(name, movement)| movement.phrases.iter().map(move |p| (name, p)));
        let all = named.zip(cosines).map(|((movement, phrase), cosine)| Near { movement, phrase, cosine });
        all.max_by(|a, b| a.cosine.total_cmp(&b.cosine))
    }

    fn index(&self, vectors: &WordVectors) -> &Index {
        self.index.get_or_init(|| {
            let phrases = || self.movements.values().flat_map(|movement| &movement.phrases);
            let words = phrases().flat_map(|phrase| phrase.split(' ')).chain(self.words.iter().map(String::as_str));
            let mut words: Vec<&str> = words.collect();
            words.sort_unstable();
            words.dedup();
            // Words without meaning get a zero vector: they are known, and near nothing.
            let vector =
                |word: &str| if carries_meaning(word) { unit(word, vectors) } else { None }.unwrap_or_default();
            let words = words.into_iter().map(|word| (word.to_string(), vector(word))).collect();
            let phrases = phrases().map(|phrase| {
                let words: Vec<&str> = phrase.split(' ').filter(|word| carries_meaning(word)).collect();
                mean(&words, vectors).unwrap_or_default()
            });
            Index { words, phrases: phrases.collect() }
        })
    }
}

/// Whether a word says something about a movement: no article, pronoun, preposition, subject, count or pace.
pub(super) fn carries_meaning(word: &str) -> bool {
    !PLAIN_WORDS.contains(&word) && word.chars().any(char::is_alphabetic)
}

/// Words of English sentences about motion that say nothing about the movement itself.
const PLAIN_WORDS: &[&str] = &[
    "a",
    "about",
    "across",
    "after",
    "afterwards",
    "again",
    "all",
    "along",
    "also",
    "an",
    "and",
    "another",
    "any",
    "are",
    "as",
    "at",
    "away",
    "be",
    "been",
    "before",
    "begin",
    "begins",
    "being",
    "both",
    "boy",
    "but",
    "by",
    "can",
    "child",
    "each",
    "eight",
    "fast",
    "few",
    "figure",
    "first",
    "five",
    "for",
    "four",
    "from",
    "front",
    "girl",
    "guy",
    "he",
    "her",
    "here",
    "him",
    "his",
    "how",
    "human",
    "i",
    "if",
    "in",
    "into",
    "is",
    "it",
    "its",
    "just",
    "kid",
    "lady",
    "like",
    "lot",
    "man",
    "many",
    "more",
    "most",
    "much",
    "my",
    "nine",
    "no",
    "not",
    "now",
    "of",
    "off",
    "on",
    "once",
    "one",
    "only",
    "onto",
    "or",
    "other",
    "our",
    "own",
    "pace",
    "people",
    "person",
    "please",
    "quickly",
    "quite",
    "really",
    "seen",
    "seven",
    "she",
    "side",
    "six",
    "slow",
    "slowly",
    "so",
    "some",
    "somebody",
    "someone",
    "something",
    "ten",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "three",
    "through",
    "time",
    "times",
    "to",
    "together",
    "top",
    "twice",
    "two",
    "very",
    "we",
    "what",
    "when",
    "where",
    "which",
    "while",
    "who",
    "with",
    "woman",
    "yes",
    "you",
    "your",
    "character",
];

/// A word's vector with length 1.
fn unit(word: &str, vectors: &WordVectors) -> Option<Vec<f32>> {
    let (codes, scale) = vectors.get(word)?;
    normalized(codes.iter().map(|code| f32::from(*code) * scale).collect())
}

/// Mean of the words' unit vectors with length 1; `None` if no word has a vector.
fn mean(words: &[&str], vectors: &WordVectors) -> Option<Vec<f32>> {
    let mut sum = vec![0.0; vectors.dim()];
    for vector in words.iter().filter_map(|word| unit(word, vectors)) {
        sum.iter_mut().zip(&vector).for_each(|(sum, v)| *sum += v);
    }
    normalized(sum)
}

fn normalized(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let length = dot(&vector, &vector).sqrt();
    vector.iter_mut().for_each(|v| *v /= length);
    (length > 0.0).then_some(vector)
}

/// The inner product; 0 with an empty vector.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

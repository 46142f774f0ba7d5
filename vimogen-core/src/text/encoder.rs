//! The encoder of the built-in model.

use super::config::RowConfig;
use super::hash::fnv1a;
use super::known::KnownPrompts;
use super::notes::{Judge, Note};
use super::rows::build_rows;
use super::split::split_words;
use super::{TextEncoder, TextEncoderConfig, WordVectors};
use crate::error::{Error, Result};
use ndarray::Array2;
use std::borrow::Cow;
use std::sync::Arc;

/// Version of the algorithm, part of the fingerprint: changed whenever the rows of a prompt change with the same settings and
/// word list.
const ALGORITHM: &str = "rows-1";

impl TextEncoderConfig {
    /// Builds the encoder. `vectors` are the model directory's word vectors; without them the compiled-in list is used.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if a width is zero, huge, or larger than the word vectors; [`Error::NoTextEncoder`] for
    /// [`Umt5`](Self::Umt5), which is opened from its files.
    pub fn build(&self, vectors: Option<Arc<WordVectors>>) -> Result<WordEncoder> {
        match self {
            Self::Hashing(rows) => WordEncoder::new(rows.clone(), None),
            Self::StaticWords(rows) => {
                let vectors = vectors.map_or_else(WordVectors::builtin, Ok)?;
                WordEncoder::new(rows.clone(), Some(vectors))
            }
            Self::Umt5(_) => {
                let reason = "its text encoder is UMT5, whose files are opened by themselves".into();
                Err(Error::NoTextEncoder { reason })
            }
        }
    }
}

/// Rows from word vectors, spelling, neighbours and position: the text encoder of the built-in model. Without vectors their
/// columns stay zero, so that the layout is the same.
#[derive(Debug, Clone)]
pub struct WordEncoder {
    config: RowConfig,
    vectors: Option<Arc<WordVectors>>,
    known: Option<Arc<KnownPrompts>>,
}

impl WordEncoder {
    /// An encoder with these widths, with or without word vectors.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] naming the field that is out of range or wider than the vectors.
    pub fn new(config: RowConfig, vectors: Option<Arc<WordVectors>>) -> Result<Self> {
        config.validate()?;
        let widest = config.static_dim.max(config.context_static_dim);
        if let Some(entries) = vectors.as_ref().map(|vectors| vectors.dim()).filter(|entries| widest > *entries) {
            let reason = format!("{widest} is more than the {entries} entries of the word vectors");
            return Err(Error::config("static_dim, context_static_dim", reason));
        }
        Ok(Self { config, vectors, known: None })
    }

    /// The encoder of the built-in model: default widths, compiled-in word vectors.
    ///
    /// # Errors
    ///
    /// [`Error::Format`] if the library was built with a damaged asset.
    pub fn builtin() -> Result<Self> {
        Self::new(RowConfig::default(), Some(WordVectors::builtin()?))
    }

    /// Adds the prompts that the model was trained on, for notes and misspelt words.
    #[must_use]
    pub fn with_known(mut self, known: Option<Arc<KnownPrompts>>) -> Self {
        self.known = known;
        self
    }

    fn judge(&self) -> Option<Judge<'_>> {
        let (known, vectors) = (self.known.as_deref()?, self.vectors.as_deref()?);
        Some(Judge { known, vectors, max_words: self.config.max_words })
    }

    /// The widths of the parts of a row.
    pub fn config(&self) -> &RowConfig {
        &self.config
    }
}

impl TextEncoder for WordEncoder {
    fn encode(&self, prompt: &str) -> Result<Array2<f32>> {
        let words = split_words(prompt, self.config.max_words);
        if words.is_empty() {
            let reason = "it holds no word; describe the motion, such as \"a person walks forward\"";
            return Err(Error::invalid("prompt", reason));
        }
        Ok(build_rows(&self.config, self.vectors.as_deref(), &words))
    }
    fn notes(&self, prompt: &str) -> Vec<Note> {
        self.judge().map_or_else(Vec::new, |judge| judge.notes(prompt))
    }
    fn mended<'a>(&self, prompt: &'a str) -> Cow<'a, str> {
        self.judge().map_or(Cow::Borrowed(prompt), |judge| judge.mended(prompt))
    }
    fn dim(&self) -> usize {
        self.config.dim()
    }
    fn max_words(&self) -> usize {
        self.config.max_words
    }
    fn name(&self) -> &str {
        if self.vectors.is_some() { "static-words" } else { "hashing" }
    }
    fn fingerprint(&self) -> String {
        let (config, vectors) = match &self.vectors {
            Some(vectors) => (TextEncoderConfig::StaticWords(self.config.clone()), vectors.hash()),
            None => (TextEncoderConfig::Hashing(self.config.clone()), 0),
        };
        let settings = serde_json::to_string(&config).unwrap_or_default();
        let text = format!("{ALGORITHM} {settings} {vectors:016x}");
        format!("{:016x}", fnv1a(text.bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, Axis};
    use proptest::prelude::*;

    fn hashing() -> WordEncoder {
        WordEncoder::new(RowConfig::default(), None).unwrap()
    }

    fn builtin() -> WordEncoder {
        WordEncoder::builtin().unwrap()
    }

    fn cosine(a: &Array1<f32>, b: &Array1<f32>) -> f32 {
        a.dot(b) / (a.dot(a) * b.dot(b)).sqrt().max(1e-12)
    }

    /// Cosine of the mean rows of two prompts.
    fn pooled(encoder: &dyn TextEncoder, a: &str, b: &str) -> f32 {
        let mean = |prompt: &str| encoder.encode(prompt).unwrap().mean_axis(Axis(0)).unwrap();
        cosine(&mean(a), &mean(b))
    }

    #[test]
    fn rows_are_the_same_on_every_platform() {
        let bits = |rows: Array2<f32>| fnv1a(rows.iter().flat_map(|v| v.to_bits().to_le_bytes()));
        let prompt = "A person strolls forward slowly, then waves with the left hand";
        assert_eq!(bits(hashing().encode(prompt).unwrap()), 0x321f_34f5_8b71_0578);
        assert_eq!(bits(builtin().encode(prompt).unwrap()), 0xf4b3_702a_0990_cc88);
    }

    #[test]
    fn a_row_per_word_with_the_announced_width() {
        for encoder in [&builtin() as &dyn TextEncoder, &hashing()] {
            let rows = encoder.encode("a person walks, then waves").unwrap();
            assert_eq!(rows.dim(), (6, encoder.dim()));
            assert!(rows.iter().all(|v| v.is_finite()));
        }
    }

    #[test]
    fn the_order_of_words_is_in_the_rows() {
        let (a, b) = ("walks then waves", "waves then walks");
        let (a, b) = (builtin().encode(a).unwrap(), builtin().encode(b).unwrap());
        let closest =
            |row: usize| (0..3).map(|i| (&a.row(row) - &b.row(i)).mapv(f32::abs).sum()).fold(f32::INFINITY, f32::min);
        assert!(closest(0) > 10.0 && closest(2) > 10.0, "a reordered sentence must not be a reordered set of rows");
    }

    #[test]
    fn left_and_right_stay_apart_and_reach_the_next_word() {
        let (left, right) = (builtin().encode("left hand").unwrap(), builtin().encode("right hand").unwrap());
        assert!(cosine(&left.row(0).to_owned(), &right.row(0).to_owned()) < 0.9);
        assert!(cosine(&left.row(1).to_owned(), &right.row(1).to_owned()) < 0.98);
    }

    #[test]
    fn unseen_synonyms_are_closer_than_other_verbs() {
        let triples = [
            ("strolls", "walks", "punches"),
            ("sprints", "runs", "bows"),
            ("leaps", "jumps", "claps"),
            ("ambles", "walks", "kicks"),
            ("hurls", "throws", "kneels"),
            ("twirls", "spins", "sits"),
            ("rotates", "turns", "waves"),
            ("crouches", "squats", "throws"),
        ];
        for (word, synonym, other) in triples {
            let sentence = |verb: &str| format!("a person {verb}");
            let near = pooled(&builtin(), &sentence(word), &sentence(synonym));
            let far = pooled(&builtin(), &sentence(word), &sentence(other));
            assert!(near > far, "{word}: {synonym} {near}, {other} {far}");
        }
    }

    #[test]
    fn an_unlisted_word_has_no_vector_but_a_spelling() {
        let rows = builtin().encode("zzyzxqu").unwrap();
        let columns = builtin().config().columns();
        assert!(columns.own_static.clone().all(|c| rows[[0, c]] == 0.0));
        assert!(columns.own_hash.clone().any(|c| rows[[0, c]] != 0.0));
    }

    #[test]
    fn prompts_without_words_are_refused_by_name() {
        for prompt in ["", "  \n\t", "...!?", "👋🏽 🕺", "'''"] {
            let error = builtin().encode(prompt).unwrap_err();
            assert_eq!(error.code(), crate::error::ErrorCode::InvalidArgument);
            assert!(error.to_string().contains("prompt"), "{error}");
        }
    }

    #[test]
    fn long_prompts_are_truncated_without_changing_what_is_kept() {
        let long = builtin().encode(&"a person walks forward and ".repeat(50_000)).unwrap();
        assert_eq!(long.nrows(), builtin().max_words());
        let short = builtin().encode("a person walks forward and").unwrap();
        assert_eq!(long.slice(ndarray::s![..4, ..]), short.slice(ndarray::s![..4, ..]));
    }

    #[test]
    fn fingerprints_tell_kinds_and_settings_apart() {
        let other = WordEncoder::new(RowConfig { hash_dim: 32, ..RowConfig::default() }, None).unwrap();
        let prints = [builtin().fingerprint(), hashing().fingerprint(), other.fingerprint()];
        assert!(prints.iter().all(|p| p.len() == 16));
        assert!(prints[0] != prints[1] && prints[1] != prints[2]);
        assert_eq!(builtin().fingerprint(), builtin().fingerprint());
    }

    #[test]
    fn widths_beyond_the_vectors_are_refused() {
        let config = RowConfig { static_dim: 65, ..RowConfig::default() };
        let error = WordEncoder::new(config, WordVectors::builtin().ok()).unwrap_err();
        assert!(error.to_string().contains("static_dim"), "{error}");
    }

    proptest! {
        #[test]
        fn any_text_gives_finite_rows_or_an_error(prompt in any::<String>()) {
            if let Ok(rows) = builtin().encode(&prompt) {
                prop_assert!(rows.nrows() >= 1 && rows.nrows() <= 32);
                prop_assert!(rows.iter().all(|v| v.is_finite() && v.abs() < 20.0));
            }
        }
    }
}

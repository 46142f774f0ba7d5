//! The word list: one small vector per English word, read from a safetensors file.

use crate::error::{Error, Result};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::hash::fnv1a;

/// Maximum file size, bytes.
const MAX_FILE_BYTES: usize = 16 << 20;

/// The list compiled into the library; its source and licence are in the model card.
static BUILTIN: &[u8] = include_bytes!("../../assets/nano/words.safetensors");

/// Sorted words with a vector of about unit length each, kept as int8.
#[derive(Debug)]
pub struct WordVectors {
    /// All words, ascending by bytes, joined by newlines.
    words: String,
    /// The bytes of each word in `words`.
    spans: Vec<Range<usize>>,
    vectors: Vec<i8>,
    scale: Vec<f32>,
    dim: usize,
    hash: u64,
}

impl WordVectors {
    /// The compiled-in list, read on first use (about a millisecond).
    ///
    /// # Errors
    ///
    /// [`Error::Format`] if the library was built with a damaged asset.
    pub fn builtin() -> Result<Arc<Self>> {
        static LIST: OnceLock<Arc<WordVectors>> = OnceLock::new();
        if let Some(list) = LIST.get() {
            return Ok(list.clone());
        }
        let list = Arc::new(Self::from_bytes(BUILTIN)?);
        Ok(LIST.get_or_init(|| list).clone())
    }

    /// Reads a safetensors file in memory with three tensors: `words` (u8: words in ascending byte order, joined by newlines), `vectors`
    /// (i8, `[words, dim]`) and `scale` (f32, `[words]`); a vector is its row times its scale.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] beyond 16 MB; [`Error::Format`] if a tensor is missing or of another type or shape, if the words
    /// are not ascending UTF-8, or if a scale is not finite.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_FILE_BYTES {
            let (needed, limit) = (bytes.len() as u64, MAX_FILE_BYTES as u64);
            return Err(Error::TooLarge { what: "list of word vectors".into(), needed, limit });
        }
        let file = SafeTensors::deserialize(bytes).map_err(|e| bad(e.to_string()))?;
        let words = tensor(&file, "words", Dtype::U8, 1)?;
        let vectors = tensor(&file, "vectors", Dtype::I8, 2)?;
        let scale = tensor(&file, "scale", Dtype::F32, 1)?;
        let (words, spans) = read_words(words.data())?;
        let (count, dim) = (vectors.shape()[0], vectors.shape()[1]);
        if spans.len() != count || scale.shape()[0] != count {
            let found = format!("{} words, {count} vectors, {} scales", spans.len(), scale.shape()[0]);
            return Err(bad(format!("the numbers of words, vectors and scales differ: {found}")));
        }
        let scale: Vec<f32> =
            scale.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        if let Some(at) = scale.iter().position(|s| !s.is_finite()) {
            return Err(bad(format!("the scale of word {at} is not a finite number")));
        }
        let vectors = vectors.data().iter().map(|b| *b as i8).collect();
        Ok(Self { words, spans, vectors, scale, dim, hash: fnv1a(bytes.iter().copied()) })
    }

    /// Number of words.
    pub fn len(&self) -> usize {
        self.scale.len()
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.scale.is_empty()
    }

    /// Entries per vector.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The vector of a word: int8 entries and the factor on them. A word that is not listed is looked up again without
    /// its ending (-'s, -s, -es, -ed, -ing; `hopping` -> `hop`, `waving` -> `wave`, `tries` -> `try`).
    pub fn get(&self, word: &str) -> Option<(&[i8], f32)> {
        let index = self.find(word).or_else(|| stems(word).iter().find_map(|stem| self.find(stem)))?;
        Some((&self.vectors[index * self.dim..][..self.dim], self.scale[index]))
    }

    /// Hash of the file's bytes.
    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    fn find(&self, word: &str) -> Option<usize> {
        self.spans.binary_search_by(|span| self.words[span.clone()].cmp(word)).ok()
    }
}

/// Candidates for a word without its English ending, best guess first.
fn stems(word: &str) -> Vec<String> {
    let word = word.strip_suffix("'s").unwrap_or(word);
    let mut out = vec![word.to_string()];
    let rules: [(&str, &[&str]); 6] =
        [("ies", &["y"]), ("ied", &["y"]), ("ing", &["", "e"]), ("ed", &["", "e"]), ("es", &["", "e"]), ("s", &[""])];
    for (ending, replacements) in rules {
        let Some(stem) = word.strip_suffix(ending).filter(|stem| stem.len() >= 2) else { continue };
        out.extend(replacements.iter().map(|r| format!("{stem}{r}")));
        let mut letters = stem.chars().rev();
        let last = letters.next();
        if last.is_some() && last == letters.next() {
            out.extend(last.and_then(|c| stem.strip_suffix(c)).map(str::to_string));
        }
    }
    out
}

fn tensor<'a>(file: &SafeTensors<'a>, name: &str, dtype: Dtype, rank: usize) -> Result<TensorView<'a>> {
    let view = file.tensor(name).map_err(|_| bad(format!("tensor {name:?} is missing")))?;
    if view.dtype() != dtype || view.shape().len() != rank {
        let found = format!("{:?} {:?}", view.dtype(), view.shape());
        return Err(bad(format!("tensor {name:?} must be {dtype:?} with {rank} axes, it is {found}")));
    }
    Ok(view)
}

/// The words, and the bytes of each.
fn read_words(bytes: &[u8]) -> Result<(String, Vec<Range<usize>>)> {
    let words = std::str::from_utf8(bytes).map_err(|e| bad(format!("the words are not UTF-8: {e}")))?;
    let (mut spans, mut start, mut previous) = (Vec::new(), 0, "");
    for word in words.split('\n').filter(|_| !words.is_empty()) {
        if word <= previous {
            return Err(bad(format!("the words must ascend, {word:?} follows {previous:?}")));
        }
        spans.push(start..start + word.len());
        (start, previous) = (start + word.len() + 1, word);
    }
    Ok((words.to_string(), spans))
}

fn bad(reason: impl Into<String>) -> Error {
    Error::format("word vectors (safetensors)", reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(words: &str, vectors: &[u8], shape: [usize; 2], scale: &[f32]) -> Vec<u8> {
        let scale_bytes: Vec<u8> = scale.iter().flat_map(|s| s.to_le_bytes()).collect();
        let views = [
            ("words", TensorView::new(Dtype::U8, vec![words.len()], words.as_bytes()).unwrap()),
            ("vectors", TensorView::new(Dtype::I8, shape.to_vec(), vectors).unwrap()),
            ("scale", TensorView::new(Dtype::F32, vec![scale.len()], &scale_bytes).unwrap()),
        ];
        safetensors::serialize(views, None).unwrap()
    }

    #[test]
    fn words_and_their_inflections_are_found() {
        let list = WordVectors::from_bytes(&file("hop\ntry\nwave", &[1, 2, 3, 4, 5, 0xff], [3, 2], &[0.5; 3])).unwrap();
        assert_eq!((list.len(), list.dim(), list.is_empty()), (3, 2, false));
        let wave: (&[i8], f32) = (&[5, -1], 0.5);
        for word in ["wave", "waves", "waved", "waving", "wave's"] {
            assert_eq!(list.get(word), Some(wave), "{word}");
        }
        let hop: (&[i8], f32) = (&[1, 2], 0.5);
        for word in ["hop", "hops", "hopped", "hopping"] {
            assert_eq!(list.get(word), Some(hop), "{word}");
        }
        assert!(list.get("tries").is_some() && list.get("tried").is_some());
        for word in ["", "s", "'s", "ing", "zzz", "ed", "éé", "ééing"] {
            assert_eq!(list.get(word), None, "{word}");
        }
    }

    #[test]
    fn damaged_lists_are_refused_with_a_reason() {
        let reason = |bytes: &[u8]| WordVectors::from_bytes(bytes).unwrap_err().to_string();
        assert!(reason(&file("b\na", &[0; 2], [2, 1], &[1.0; 2])).contains("ascend"));
        assert!(reason(&file("a\n\nb", &[0; 3], [3, 1], &[1.0; 3])).contains("ascend"));
        assert!(reason(&file("a", &[0; 2], [2, 1], &[1.0; 2])).contains("differ"));
        assert!(reason(&file("a\nb", &[0; 2], [2, 1], &[1.0, f32::NAN])).contains("finite"));
        assert!(reason(b"not a safetensors file").contains("word vectors"));
        assert!(reason(&u64::MAX.to_le_bytes()).contains("word vectors"));
        assert!(reason(&vec![0; MAX_FILE_BYTES + 1]).contains("limit"));
    }

    #[test]
    fn an_empty_list_is_valid_and_finds_nothing() {
        let list = WordVectors::from_bytes(&file("", &[], [0, 4], &[])).unwrap();
        assert!(list.is_empty() && list.get("walk").is_none());
    }

    proptest! {
        #[test]
        fn flipped_and_cut_bytes_never_panic(at in 0usize..400, value: u8, cut in 0usize..400) {
            let mut bytes = file("ab\ncd\nef", &[7; 12], [3, 4], &[1.0; 3]);
            let at = at % bytes.len();
            bytes[at] = value;
            bytes.truncate(bytes.len() - cut % bytes.len());
            if let Ok(list) = WordVectors::from_bytes(&bytes) {
                for span in &list.spans {
                    prop_assert!(list.get(&list.words[span.clone()]).is_some());
                }
            }
        }
    }
}

//! Text of motion files as people write it: encodings, comments, words with their lines, numbers.

mod encoding;
mod number;
mod words;

pub(in crate::io) use encoding::utf8;
pub(in crate::io) use words::{Words, quoted};

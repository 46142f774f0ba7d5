//! Words of a text and the lines they are on.

use std::borrow::Cow;

use super::number::leading_number;
use crate::error::{Error, Result};

/// Maximum absolute value of a number: squares of sums of them are finite in f32.
const MAX_NUMBER: f64 = 1e12;

/// A reader of words. Braces are words of their own; from `#` or `//` at the start of a word to the end of the line is
/// a comment.
#[derive(Debug, Clone)]
pub(in crate::io) struct Words<'a> {
    /// Name of the format, for errors.
    format: &'static str,
    bytes: &'a [u8],
    at: usize,
}

#[inline]
fn is_blank(byte: u8) -> bool {
    // Zeros and the end-of-file mark of DOS pad files of some programs.
    byte.is_ascii_whitespace() || matches!(byte, 0 | 0x0b | 0x1a)
}

#[inline]
fn is_brace(byte: u8) -> bool {
    matches!(byte, b'{' | b'}')
}

impl<'a> Words<'a> {
    /// The words of `bytes` ([`utf8`](super::utf8)).
    pub fn new(format: &'static str, bytes: &'a [u8]) -> Self {
        Self { format, bytes, at: 0 }
    }

    /// An error at the current line.
    pub fn bad(&self, reason: impl std::fmt::Display) -> Error {
        Error::format(self.format, format!("line {}: {reason}", self.line()))
    }

    /// Number of the current line, from 1. It is counted when it is asked for, since only errors do.
    pub fn line(&self) -> usize {
        let before = &self.bytes[..self.at];
        let ends = before.iter().enumerate().filter(|(i, byte)| match byte {
            b'\n' => true,
            b'\r' => before.get(i + 1).or(self.bytes.get(i + 1)) != Some(&b'\n'),
            _ => false,
        });
        ends.count() + 1
    }

    /// Bytes that are left.
    pub fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// Moves to the next word; whether there is none.
    pub fn at_end(&mut self) -> bool {
        self.skip_blanks();
        self.left() == 0
    }

    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Moves to the next word.
    pub fn skip_blanks(&mut self) {
        while let Some(byte) = self.byte() {
            if is_blank(byte) {
                self.at += 1;
            } else if self.at_comment() {
                self.skip_line();
            } else {
                break;
            }
        }
    }

    /// Moves to the next word of this line, or to the line's end; whether there is one.
    #[inline]
    pub fn skip_blanks_of_line(&mut self) -> bool {
        // Between numbers there is one blank almost always.
        if let Some([b' ' | b'\t', b'-' | b'.' | b'0'..=b'9']) = self.bytes.get(self.at..self.at + 2) {
            self.at += 1;
            return true;
        }
        while let Some(byte) = self.byte().filter(|byte| is_blank(*byte)) {
            if matches!(byte, b'\n' | b'\r') {
                return false;
            }
            self.at += 1;
        }
        if self.at_comment() {
            self.skip_line();
        }
        self.byte().is_some_and(|byte| !matches!(byte, b'\n' | b'\r'))
    }

    /// Whether a comment starts here, at the start of a word.
    fn at_comment(&self) -> bool {
        let starts = self.bytes[self.at..].starts_with(b"#") || self.bytes[self.at..].starts_with(b"//");
        starts && self.at.checked_sub(1).is_none_or(|i| is_blank(self.bytes[i]) || is_brace(self.bytes[i]))
    }

    /// Moves to the end of the line.
    pub fn skip_line(&mut self) {
        while self.byte().is_some_and(|byte| !matches!(byte, b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// The next word, without moving past it.
    pub fn peek(&mut self) -> Option<&'a [u8]> {
        self.skip_blanks();
        let rest = &self.bytes[self.at..];
        let len = match rest.first() {
            None => return None,
            Some(first) if is_brace(*first) => 1,
            Some(_) => rest.iter().position(|byte| is_blank(*byte) || is_brace(*byte)).unwrap_or(rest.len()),
        };
        Some(&rest[..len])
    }

    /// The next word.
    pub fn next(&mut self) -> Option<&'a [u8]> {
        let word = self.peek()?;
        self.at += word.len();
        Some(word)
    }

    /// The next word, or an error that names what should be here.
    pub fn need(&mut self, what: &str) -> Result<&'a [u8]> {
        self.next().ok_or_else(|| self.bad(format!("the file ends, expected {what}")))
    }

    /// Whether the next word is this one in any case, which is then passed.
    pub fn take(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|next| next.eq_ignore_ascii_case(word.as_bytes()));
        if found {
            self.at += word.len();
        }
        found
    }

    /// Passes this word, in any case.
    pub fn expect(&mut self, word: &str) -> Result<()> {
        if self.take(word) { Ok(()) } else { Err(self.unexpected(word)) }
    }

    /// An error at the next word, which should be another.
    pub fn unexpected(&mut self, what: &str) -> Error {
        match self.peek() {
            Some(word) => self.bad(format!("{}, expected {what}", quoted(word))),
            None => self.bad(format!("the file ends, expected {what}")),
        }
    }

    /// Passes the next word if it is a finite number below [`MAX_NUMBER`]. `None` leaves the place at the word.
    pub fn number(&mut self) -> Option<f64> {
        self.skip_blanks();
        self.number_here()
    }

    /// [`Words::number`] at a word that was found already.
    #[inline]
    pub fn number_here(&mut self) -> Option<f64> {
        let (value, len) = leading_number(&self.bytes[self.at..])?;
        let mut end = self.at + len;
        // "1.0, 2.0": the comma separates.
        if self.bytes.get(end) == Some(&b',') && self.bytes.get(end + 1).is_none_or(|byte| is_blank(*byte)) {
            end += 1;
        }
        let ends = self.bytes.get(end).is_none_or(|byte| is_blank(*byte) || is_brace(*byte));
        // The infinity of an overflow fails here too.
        if !ends || value.abs() >= MAX_NUMBER {
            return None;
        }
        self.at = end;
        Some(value)
    }

    /// The words up to an opening brace or the end of the line, as a name.
    pub fn name(&mut self) -> Cow<'a, str> {
        if !self.skip_blanks_of_line() {
            return Cow::Borrowed("");
        }
        let start = self.at;
        while let Some(byte) = self.byte() {
            let ends = matches!(byte, b'\n' | b'\r') || self.at_comment() || (is_brace(byte) && !self.is_second_byte());
            if ends {
                break;
            }
            self.at += 1;
        }
        String::from_utf8_lossy(self.bytes[start..self.at].trim_ascii())
    }

    /// Whether the brace here is the second byte of a character of Shift-JIS: it follows a first byte, and more of the
    /// name or the brace that opens the joint is still to come.
    fn is_second_byte(&self) -> bool {
        let first = |byte: &u8| matches!(byte, 0x81..=0x9f | 0xe0..=0xfc);
        let follows = self.at.checked_sub(1).is_some_and(|i| first(&self.bytes[i]));
        if !follows {
            return false;
        }
        let mut after = Self { at: self.at + 1, ..self.clone() };
        let same_line = after.skip_blanks_of_line();
        let next = after.peek().unwrap_or_default();
        let opened =
            ["OFFSET", "CHANNELS", "JOINT", "END", "}"].iter().any(|word| next.eq_ignore_ascii_case(word.as_bytes()));
        if same_line { !opened } else { next == b"{" }
    }

    /// Number of lines from here to the end that have words.
    pub fn lines_left(&mut self) -> usize {
        let mut lines = 0;
        while self.peek().is_some() {
            lines += 1;
            self.skip_line();
        }
        lines
    }
}

/// The start of a word in quotes, for errors.
pub(in crate::io) fn quoted(word: &[u8]) -> String {
    let text = String::from_utf8_lossy(&word[..word.len().min(80)]);
    format!("{:?}", text.chars().take(40).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<&str> {
        let mut words = Words::new("test", text.as_bytes());
        std::iter::from_fn(|| words.next()).map(|word| std::str::from_utf8(word).unwrap()).collect()
    }

    #[test]
    fn words_end_at_blanks_braces_and_comments() {
        assert_eq!(all("a{b} c#d #e\n//f\n g\0\x1a"), ["a", "{", "b", "}", "c#d", "g"]);
        assert_eq!(all(" \n "), Vec::<&str>::new());
    }

    #[test]
    fn lines_are_counted_with_any_line_end() {
        for text in ["a\nb\nc", "a\r\nb\r\nc", "a\rb\rc"] {
            let mut words = Words::new("test", text.as_bytes());
            words.next();
            words.next();
            assert_eq!(words.line(), 2, "{text:?}");
            words.next();
            assert_eq!(words.line(), 3, "{text:?}");
        }
    }

    #[test]
    fn names_end_at_a_brace_that_is_no_half_of_a_character() {
        let name = |bytes: &[u8]| Words::new("test", bytes).name().into_owned();
        assert_eq!(name(b"  Left Arm  #comment\n{"), "Left Arm");
        assert_eq!(name(b"Hips{OFFSET"), "Hips");
        assert_eq!(name(b"\x83\x7b\n{"), "\u{fffd}{");
        assert_eq!(name(b"\xe9{\nOFFSET"), "\u{fffd}");
        assert_eq!(name(b"\n{"), "");
    }

    #[test]
    fn a_number_takes_its_whole_word() {
        let number = |text: &str| Words::new("test", text.as_bytes()).number();
        assert_eq!(number(" 1.5, 2"), Some(1.5));
        assert_eq!(number("1,5 2"), Some(1.5));
        assert_eq!(number("3}"), Some(3.0));
        for text in ["-1.#IND", "nan", "1.0,2.0", "1e13", "1.5.2", "1,234.5", "inf"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}

//! Numbers and strings of pickles.

use std::borrow::Cow;

use super::{Node, bad};
use crate::error::Result;

/// Maximum length of a line of protocol 0; longer strings are written by other opcodes.
const MAX_LINE: usize = 1 << 26;

pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let end = self.position.checked_add(len).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| bad(format!("it ends within the value at byte {}", self.position)))?;
        let taken = &self.bytes[self.position..end];
        self.position = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// Bytes whose length comes first, in `N` bytes.
    fn sized<const N: usize>(&mut self) -> Result<&'a [u8]> {
        let mut len = [0; 8];
        len[..N].copy_from_slice(self.take(N)?);
        self.take(usize::try_from(u64::from_le_bytes(len)).unwrap_or(usize::MAX))
    }

    /// Bytes whose length comes first as a signed number.
    fn signed_sized(&mut self) -> Result<&'a [u8]> {
        let len = i32::from_le_bytes(self.array()?);
        self.take(usize::try_from(len).map_err(|_| bad("it has a string of negative length"))?)
    }

    /// Everything up to the next line break, which is skipped.
    pub(super) fn line(&mut self) -> Result<&'a [u8]> {
        let rest = &self.bytes[self.position..];
        let window = &rest[..rest.len().min(MAX_LINE)];
        let end = window.iter().position(|b| *b == b'\n').ok_or_else(|| bad("it ends within a line"))?;
        self.position += end + 1;
        Ok(&rest[..end])
    }

    /// A line of plain text.
    pub(super) fn text_line(&mut self) -> Result<Node<'a>> {
        text(self.line()?)
    }

    /// The value of an opcode that is followed by a number or a string; `None` for other opcodes.
    pub(super) fn literal(&mut self, op: u8) -> Result<Option<Node<'a>>> {
        Ok(Some(match op {
            b'N' => Node::None,
            0x88 => Node::Bool(true),
            0x89 => Node::Bool(false),
            b'I' => line_int(self.line()?)?,
            b'J' => Node::Int(i32::from_le_bytes(self.array()?).into()),
            b'K' => Node::Int(self.byte()?.into()),
            b'M' => Node::Int(u16::from_le_bytes(self.array()?).into()),
            b'L' => Node::Int(parse_line_int(self.line()?)?),
            0x8a => Node::Int(long(self.sized::<1>()?)?),
            0x8b => Node::Int(long(self.signed_sized()?)?),
            b'F' => Node::Float(line_float(self.line()?)?),
            b'G' => Node::Float(f64::from_be_bytes(self.array()?)),
            b'S' => Node::Bytes(Cow::Owned(unquote(self.line()?)?)),
            b'T' => Node::Bytes(Cow::Borrowed(self.signed_sized()?)),
            b'U' | b'C' => Node::Bytes(Cow::Borrowed(self.sized::<1>()?)),
            b'B' => Node::Bytes(Cow::Borrowed(self.sized::<4>()?)),
            0x8e | 0x96 => Node::Bytes(Cow::Borrowed(self.sized::<8>()?)),
            b'V' => Node::Text(Cow::Owned(unescape_unicode(self.line()?)?)),
            0x8c => text(self.sized::<1>()?)?,
            b'X' => text(self.sized::<4>()?)?,
            0x8d => text(self.sized::<8>()?)?,
            _ => return Ok(None),
        }))
    }
}

fn text(bytes: &[u8]) -> Result<Node<'_>> {
    std::str::from_utf8(bytes).map(|s| Node::Text(Cow::Borrowed(s))).map_err(|_| bad("it has a text that is not UTF-8"))
}

/// INT, which in protocol 0 is also how truth values are written.
fn line_int<'a>(line: &[u8]) -> Result<Node<'a>> {
    match line {
        b"00" => Ok(Node::Bool(false)),
        b"01" => Ok(Node::Bool(true)),
        _ => parse_line_int(line).map(Node::Int),
    }
}

/// A decimal integer, with Python 2's `L` at its end or not.
pub(super) fn parse_line_int(line: &[u8]) -> Result<i64> {
    let digits = std::str::from_utf8(line).ok().map(|s| s.trim_end_matches('L'));
    digits.and_then(|s| s.parse().ok()).ok_or_else(|| bad("it has an integer that is none or beyond 64 bits"))
}

fn line_float(line: &[u8]) -> Result<f64> {
    let digits = std::str::from_utf8(line).ok().map(str::trim);
    digits.and_then(|s| s.parse().ok()).ok_or_else(|| bad("it has a number that is none"))
}

/// A little-endian two's complement integer of any length up to 8 bytes.
fn long(bytes: &[u8]) -> Result<i64> {
    let negative = bytes.last().is_some_and(|b| b & 0x80 != 0);
    let mut out = [if negative { 0xff } else { 0 }; 8];
    out.get_mut(..bytes.len()).ok_or_else(|| bad("it has an integer beyond 64 bits"))?.copy_from_slice(bytes);
    Ok(i64::from_le_bytes(out))
}

/// The bytes of a quoted Python 2 string, `'a\x00\n'`.
fn unquote(line: &[u8]) -> Result<Vec<u8>> {
    let quote = line.first().copied().filter(|q| matches!(q, b'\'' | b'"'));
    let inner = match (quote, line) {
        (Some(q), [_, inner @ .., end]) if *end == q => inner,
        _ => return Err(bad("it has a string without quotes")),
    };
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'\\' {
            out.push(*first);
            continue;
        }
        let (escape, after) = rest.split_first().ok_or_else(|| bad("it has a string that ends with a backslash"))?;
        rest = after;
        out.push(match escape {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'\\' | b'\'' | b'"' => *escape,
            b'x' => {
                let (value, after) = hex(rest, 2)?;
                rest = after;
                value as u8
            }
            _ => return Err(bad("it has a string with an unknown escape")),
        });
    }
    Ok(out)
}

/// Text in Python's raw-unicode-escape: Latin-1 with `\uXXXX` and `\UXXXXXXXX`.
fn unescape_unicode(line: &[u8]) -> Result<String> {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((first, after)) = rest.split_first() {
        let digits = match (first, after.first()) {
            (b'\\', Some(b'u')) => 4,
            (b'\\', Some(b'U')) => 8,
            _ => {
                out.push(char::from(*first));
                rest = after;
                continue;
            }
        };
        let (value, after) = hex(&after[1..], digits)?;
        out.push(char::from_u32(value).ok_or_else(|| bad("it has a text with an impossible character"))?);
        rest = after;
    }
    Ok(out)
}

/// A hexadecimal number of `len` digits at the start of `bytes`, and what follows it.
fn hex(bytes: &[u8], len: usize) -> Result<(u32, &[u8])> {
    let broken = || bad("it has a broken escape");
    let (digits, rest) = bytes.split_at_checked(len).ok_or_else(broken)?;
    let digits = digits.iter().all(u8::is_ascii_hexdigit).then(|| std::str::from_utf8(digits).ok()).flatten();
    let value = digits.and_then(|d| u32::from_str_radix(d, 16).ok()).ok_or_else(broken)?;
    Ok((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_integers_are_signed() {
        for (bytes, want) in [(&[][..], 0), (&[0xff], -1), (&[0xff, 0], 255), (&[0, 0, 0, 0, 0, 0, 0, 0x80], i64::MIN)]
        {
            assert_eq!(long(bytes).unwrap(), want);
        }
        assert!(long(&[1; 9]).is_err());
    }

    #[test]
    fn escapes_are_undone_or_refused() {
        assert_eq!(unquote(br"'a\x00\n\'\\'").unwrap(), b"a\0\n'\\");
        assert_eq!(unescape_unicode(b"\\u00e9\xe9\\n").unwrap(), "éé\\n");
        for broken in [&b"'a"[..], b"'", b"", b"'\\x1'", b"'\\q'", b"'\\'"] {
            assert!(unquote(broken).is_err(), "{broken:?}");
        }
        assert!(unescape_unicode(b"\\ud800").is_err() && unescape_unicode(b"\\u+123").is_err());
    }
}

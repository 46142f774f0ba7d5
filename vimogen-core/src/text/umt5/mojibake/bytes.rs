//! Repairs of UTF-8 whose bytes went through a wrong character set and lost some on the way.

/// A set of bytes as inclusive ranges.
type Set = &'static [(u8, u8)];

const SPACE: Set = &[(b' ', b' ')];
const TAIL: Set = &[(0x80, 0xbf)];
/// Tail bytes other than the no-break space and 0x85, which both become whitespace.
const FIRM_TAIL: Set = &[(0x80, 0x84), (0x86, 0x9f), (0xa1, 0xbf)];
/// Where a tail byte was: the substitute of ASCII, or a question mark.
const LOST: Set = &[(0x1a, 0x1a), (b'?', b'?')];
const SUBSTITUTE_OR_TAIL: Set = &[(0x1a, 0x1a), (0x80, 0xbf)];
const LOST_OR_TAIL: Set = &[(0x1a, 0x1a), (b'?', b'?'), (0x80, 0xbf)];
const LEAD_OF_4: Set = &[(0xf0, 0xf4)];
const SURROGATE: Set = &[(0xed, 0xed)];
const HIGH: Set = &[(0xa0, 0xaf)];
const LOW: Set = &[(0xb0, 0xbf)];

/// Sequences with a space where a no-break space, 0xa0, was.
const ALTERED: [&[Set]; 6] = [
    &[&[(0xc2, 0xc3), (0xc5, 0xc5), (0xce, 0xce), (0xd0, 0xd0), (0xd9, 0xd9)], SPACE],
    &[&[(0xe2, 0xe3)], SPACE, FIRM_TAIL],
    &[&[(0xe0, 0xe3)], FIRM_TAIL, SPACE],
    &[&[(0xf0, 0xf0)], SPACE, TAIL, TAIL],
    &[&[(0xf0, 0xf0)], TAIL, SPACE, TAIL],
    &[&[(0xf0, 0xf0)], TAIL, TAIL, SPACE],
];

/// Sequences that lost a byte for good.
const LOSSY: [&[Set]; 10] = [
    &[&[(0xc2, 0xdf)], &[(0x1a, 0x1a)]],
    &[&[(0xc2, 0xc3)], &[(b'?', b'?')]],
    &[SURROGATE, HIGH, LOST, SURROGATE, LOW, LOST_OR_TAIL],
    &[SURROGATE, HIGH, LOST_OR_TAIL, SURROGATE, LOW, LOST],
    &[&[(0xe0, 0xef)], LOST, SUBSTITUTE_OR_TAIL],
    &[&[(0xe0, 0xef)], SUBSTITUTE_OR_TAIL, LOST],
    &[LEAD_OF_4, LOST, SUBSTITUTE_OR_TAIL, SUBSTITUTE_OR_TAIL],
    &[LEAD_OF_4, SUBSTITUTE_OR_TAIL, LOST, SUBSTITUTE_OR_TAIL],
    &[LEAD_OF_4, SUBSTITUTE_OR_TAIL, SUBSTITUTE_OR_TAIL, LOST],
    &[&[(0x1a, 0x1a)]],
];

/// Length of the first of the patterns that the bytes begin with.
fn matched(bytes: &[u8], patterns: &[&[Set]]) -> Option<usize> {
    let within = |byte: u8, set: Set| set.iter().any(|(low, high)| (*low..=*high).contains(&byte));
    let fits = |pattern: &&[Set]| {
        pattern.len() <= bytes.len() && pattern.iter().zip(bytes).all(|(set, byte)| within(*byte, set))
    };
    patterns.iter().copied().find(fits).map(<[Set]>::len)
}

/// Replaces each match of the patterns.
fn replace(bytes: &[u8], patterns: &[&[Set]], replacement: impl Fn(&[u8], &mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        let read = matched(rest, patterns);
        match read {
            Some(len) => replacement(&rest[..len], &mut out),
            None => out.push(*first),
        }
        rest = &rest[read.unwrap_or(1)..];
    }
    out
}

/// Brings back no-break spaces that became spaces. A lone `à` keeps a space behind it.
pub(super) fn restore_spaces(bytes: Vec<u8>) -> Vec<u8> {
    if !(0..bytes.len()).any(|at| matched(&bytes[at..], &ALTERED).is_some()) {
        return bytes;
    }
    replace(&keep_words(&bytes), &ALTERED, |found, out| {
        out.extend(found.iter().map(|byte| if *byte == b' ' { 0xa0 } else { *byte }));
    })
}

/// `Ã ` before a word is `à ` and its space, unless it begins one of the words that Romance languages spell so.
fn keep_words(bytes: &[u8]) -> Vec<u8> {
    const WORDS: [&[u8]; 5] = [b" ", b"quele", b"quela", b"quilo", b"s "];
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        match rest.strip_prefix(b"\xc3 ") {
            Some(after) if !WORDS.iter().any(|word| after.starts_with(word)) => {
                out.extend(b"\xc3\xa0 ");
                rest = after;
            }
            _ => {
                out.push(*first);
                rest = &rest[1..];
            }
        }
    }
    out
}

/// Puts U+FFFD for each sequence that lost a byte.
pub(super) fn replace_lossy(bytes: &[u8]) -> Vec<u8> {
    replace(bytes, &LOSSY, |_, out| out.extend("\u{fffd}".as_bytes()))
}

/// The text of UTF-8, also of its variants CESU-8 (surrogates of three bytes each) and Java's (0xc0 0x80 is a null).
pub(super) fn decode(bytes: &[u8]) -> Option<String> {
    const VARIANTS: [&[Set]; 2] = [&[&[(0xc0, 0xc0)], &[(0x80, 0x80)]], &[SURROGATE, HIGH, TAIL, SURROGATE, LOW, TAIL]];
    let plain = replace(bytes, &VARIANTS, |found, out| {
        let bits = |at: usize, mask: u8| found.get(at).map_or(0, |byte| u32::from(byte & mask));
        let pair = 0x10000 + (bits(1, 0x0f) << 16) + (bits(2, 0x3f) << 10) + (bits(4, 0x0f) << 6) + bits(5, 0x3f);
        let decoded = if found.len() == 2 { '\0' } else { char::from_u32(pair).unwrap_or('\u{fffd}') };
        out.extend(decoded.encode_utf8(&mut [0; 4]).as_bytes());
    });
    String::from_utf8(plain).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_of_utf_8_are_read() {
        assert_eq!(decode(b"a\xc0\x80b\xed\xa0\xbd\xed\xb8\x80"), Some("a\0b\u{1f600}".into()));
        assert_eq!(decode(b"\xed\xa0\xbd"), None);
        assert_eq!(decode(b"\xc0"), None);
    }

    #[test]
    fn spaces_come_back_where_a_no_break_space_was() {
        assert_eq!(restore_spaces(b"d\xc3\xa9j\xc3 vu".to_vec()), b"d\xc3\xa9j\xc3\xa0 vu");
        assert_eq!(restore_spaces(b"\xc3 quele".to_vec()), b"\xc3\xa0quele");
        assert_eq!(replace_lossy(b"\xe2\x80\x1a \xc3?"), "\u{fffd} \u{fffd}".as_bytes());
    }
}

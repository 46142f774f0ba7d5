//! Repair of text that was decoded with the wrong character set, by the published behaviour of ftfy 6.3.1: HTML references,
//! mojibake, control characters, ligatures, full-width forms, curled quotes, line breaks, terminal escapes, NFC.

mod badness;
mod bytes;
mod charset;

use unicode_normalization::UnicodeNormalization;

use super::entities::unescape_closed;
use badness::is_bad;
use charset::{CHARSETS, from_control};

/// Maximum length of a part that is repaired at once, in characters.
const MAX_PART: usize = 1_000_000;
/// Maximum number of passes over a part; each undoes one layer of damage, and text has a few.
const MAX_PASSES: usize = 64;

/// First characters that UTF-8 sequences of 2, 3 and 4 bytes begin with in the wrong character sets.
const LEADS: [&str; 3] = [
    "ÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßĀĂĆČĎĐĒĖĘĚĞĢĪİĶĹĻŁŃŅŇŌŐŘŚŞŠŢŪŮŰŲŹŻŽΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΪΫάέήίВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ",
    "àáâãäåæçèéêëìíîïāăąćčďēėęěģīįķĺļŕźΰαβγδεζηθικλμνξοабвгдежзийклмноп",
    "ðóđğšπσру",
];
/// Characters of the other bytes of a sequence, in addition to U+0080 to U+00BF.
const TAILS: &str = "ĄÆĽŁØŖŚŠŞŤŸŹŽŻŒąæƒľłøŗśšşťźžżœˆˇ˘˛˜˝΄΅ΆΈΉΊΌΎΏЁЂЃЄЅІЇЈЉЊЋЌЎЏёђѓєѕіїјљњћќўџҐґ†‡‰‹›€№™";
/// Those that are common in text as well, so that they may stand before a sequence.
const COMMON_TAILS: &str = " –—―‘’‚“”„•…";

/// Repairs a text, each line by itself.
pub(super) fn repair(text: &str) -> String {
    // From the first line with a tag on, the text is HTML: its references stay.
    let mut is_html = false;
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let mut rest = line;
        while !rest.is_empty() {
            let end = rest.char_indices().nth(MAX_PART).map_or(rest.len(), |(at, _)| at);
            let (part, after) = rest.split_at(end);
            is_html |= part.contains('<');
            out.push_str(&repair_part(part, is_html));
            rest = after;
        }
    }
    out
}

fn repair_part(part: &str, is_html: bool) -> String {
    let mut text = part.to_string();
    for _ in 0..MAX_PASSES {
        let before = text.clone();
        if !is_html {
            text = unescape_closed(&text).into_owned();
        }
        text = decode_again(text.chars().collect()).into_iter().collect();
        text = tidy(&text);
        if text == before {
            break;
        }
    }
    text
}

/// The repairs of single characters and of what they combine to.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{80}'..='\u{9f}' => out.push(from_control(c)),
            '\u{3000}' => out.push(' '),
            '\u{ff01}'..='\u{ffef}' => out.extend(std::iter::once(c).nfkc()),
            _ => match ligature(c) {
                Some(letters) => out.push_str(letters),
                None => out.push(c),
            },
        }
    }
    let out: String = out.chars().map(straight_quote).collect();
    let out = out.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    without_escapes(&out).chars().filter(|c| !is_removed(*c)).nfc().collect()
}

fn ligature(c: char) -> Option<&'static str> {
    Some(match c {
        'Ĳ' => "IJ",
        'ĳ' => "ij",
        'ŉ' => "ʼn",
        'Ǳ' => "DZ",
        'ǲ' => "Dz",
        'ǳ' => "dz",
        'Ǆ' => "DŽ",
        'ǅ' => "Dž",
        'ǆ' => "dž",
        'Ǉ' => "LJ",
        'ǈ' => "Lj",
        'ǉ' => "lj",
        'Ǌ' => "NJ",
        'ǋ' => "Nj",
        'ǌ' => "nj",
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        'ﬅ' => "ſt",
        'ﬆ' => "st",
        _ => return None,
    })
}

fn straight_quote(c: char) -> char {
    match c {
        '\u{2018}'..='\u{201b}' | 'ʼ' => '\'',
        '\u{201c}'..='\u{201f}' => '"',
        _ => c,
    }
}

/// Control characters and marks without a meaning in plain text.
fn is_removed(c: char) -> bool {
    matches!(c, '\0'..='\x08' | '\x0b' | '\x0e'..='\x1f' | '\x7f' | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffc}')
}

/// Without the sequences that colour text in a terminal, such as `ESC [ 31 m`.
fn without_escapes(text: &str) -> String {
    const START: &str = "\x1b[";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(START) {
        out.push_str(&rest[..at]);
        let body = rest[at + START.len()..].trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        rest = match body.strip_prefix(|c: char| c.is_ascii_alphabetic()) {
            Some(after) => after,
            None => {
                out.push_str(START);
                &rest[at + START.len()..]
            }
        };
    }
    out.push_str(rest);
    out
}

/// Undoes wrong decodings for as long as the text looks like one.
fn decode_again(mut text: Vec<char>) -> Vec<char> {
    for _ in 0..MAX_PASSES {
        match decode_once(&text) {
            Some(better) if better != text => text = better,
            _ => break,
        }
    }
    text
}

/// Undoes one wrong decoding of a text, or of parts of it.
fn decode_once(text: &[char]) -> Option<Vec<char>> {
    if !is_bad(text) {
        return None;
    }
    decode_whole(text).or_else(|| decode_parts(text)).or_else(|| Some(text.iter().copied().map(from_control).collect()))
}

/// The text of the bytes that one of the character sets has for the whole of `text`.
fn decode_whole(text: &[char]) -> Option<Vec<char>> {
    CHARSETS.iter().find_map(|set| {
        let mut encoded = set.encode(text)?;
        if set.loses_spaces {
            encoded = bytes::restore_spaces(encoded);
        }
        if set.is_windows {
            encoded = bytes::replace_lossy(&encoded);
        }
        bytes::decode(&encoded).map(|decoded| decoded.chars().collect())
    })
}

/// Decodes the parts that look like sequences of UTF-8 in a text that has other characters too.
fn decode_parts(text: &[char]) -> Option<Vec<char>> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let len = if at > 0 && is_firm_tail(text[at - 1]) { 0 } else { sequences(&text[at..]) };
        let part = &text[at..at + len.max(1)];
        if len > 0 && len < text.len() && is_bad(part) {
            out.extend(decode_again(part.to_vec()));
        } else {
            out.extend_from_slice(part);
        }
        at += part.len();
    }
    (out != text).then_some(out)
}

/// Number of characters of the sequences that the text begins with.
fn sequences(text: &[char]) -> usize {
    let mut len = 0;
    while let Some(next) = sequence(&text[len..]) {
        len += next;
    }
    len
}

fn sequence(text: &[char]) -> Option<usize> {
    let (first, rest) = text.split_first()?;
    let fits = |tails: usize| rest.len() >= tails && rest[..tails].iter().all(|c| is_tail(*c));
    (1..=3).find(|tails| LEADS[tails - 1].contains(*first) && fits(*tails)).map(|tails| tails + 1)
}

fn is_firm_tail(c: char) -> bool {
    ('\u{80}'..='\u{bf}').contains(&c) || TAILS.contains(c)
}

fn is_tail(c: char) -> bool {
    is_firm_tail(c) || COMMON_TAILS.contains(c)
}

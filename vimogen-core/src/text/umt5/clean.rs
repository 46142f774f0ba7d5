//! Preparation of a prompt before tokenising, as in the release.

use std::borrow::Cow;

/// Maximum length of an entity's name, in characters.
const MAX_NAME: usize = 32;

/// HTML's names that need no semicolon.
const LEGACY: &str = "AElig AMP Aacute Acirc Agrave Aring Atilde Auml COPY Ccedil ETH Eacute Ecirc Egrave Euml GT Iacute \
    Icirc Igrave Iuml LT Ntilde Oacute Ocirc Ograve Oslash Otilde Ouml QUOT REG THORN Uacute Ucirc Ugrave Uuml Yacute \
    aacute acirc acute aelig agrave amp aring atilde auml brvbar ccedil cedil cent copy curren deg divide eacute ecirc \
    egrave eth euml frac12 frac14 frac34 gt iacute icirc iexcl igrave iquest iuml laquo lt macr micro middot nbsp not \
    ntilde oacute ocirc ograve ordf ordm oslash otilde ouml para plusmn pound quot raquo reg sect shy sup1 sup2 sup3 \
    szlig thorn times uacute ucirc ugrave uml uuml yacute yen yuml";

/// Characters of the code points 128 to 159 in browsers: those of Windows-1252, where it has one.
const WINDOWS_1252: [u32; 32] = [
    0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d,
    0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,
    0x017e, 0x0178,
];

/// Repairs mojibake as `ftfy` does, resolves HTML entities twice, makes each run of whitespace one space and trims.
///
/// Golden topic `umt5`, `text_cleaning`.
///
/// ```
/// use vimogen_core::text::umt5::clean;
/// assert_eq!(clean("  the personâ€™s &amp;amp; dog\n walk "), "the person's & dog walk");
/// ```
pub fn clean(text: &str) -> String {
    let repaired = repair(text);
    let text = unescape(&unescape(&repaired)).into_owned();
    let mut out = String::with_capacity(text.len());
    for word in text.split(char::is_whitespace).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    // Python's strip() takes the four information separators for whitespace; the pattern \s above does not.
    out.trim_matches(|c: char| c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)).to_string()
}

/// Maximum length of a part that is repaired at once, in bytes.
const MAX_PART: usize = 1 << 16;
/// Placeholder of an ampersand that must stay: a private character, which no rule of the repair touches.
const AMPERSAND: char = '\u{f8ff}';

/// Repairs a text as `ftfy` does, line by line.
fn repair(text: &str) -> String {
    // A text with a tag is taken for HTML, whose references ftfy leaves alone; plsfix resolves them all the same.
    let mut is_html = false;
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        is_html |= line.contains('<');
        let line = without_escapes(line);
        let mut rest: &str = &line;
        while !rest.is_empty() {
            // plsfix cuts long lines itself, and panics if it hits the middle of a character.
            let (part, after) = rest.split_at(rest.floor_char_boundary(MAX_PART));
            if is_html && part.contains('&') {
                out.push_str(&plsfix::fix_text(&part.replace('&', AMPERSAND.encode_utf8(&mut [0; 4])), None))
            } else {
                out.push_str(&plsfix::fix_text(part, None))
            }
            rest = after;
        }
    }
    if is_html { out.replace(AMPERSAND, "&") } else { out }
}

/// Without the sequences that colour text in a terminal (`ESC [ 31 m`), which plsfix looks for and does not find.
fn without_escapes(text: &str) -> Cow<'_, str> {
    const START: &str = "\x1b[";
    if !text.contains(START) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(START) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let body = rest[START.len()..].trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        match body.strip_prefix(|c: char| c.is_ascii_alphabetic()) {
            Some(after) => rest = after,
            None => {
                out.push_str(START);
                rest = &rest[START.len()..];
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// HTML's character references, resolved as HTML 5 has it: names may lack their semicolon, and wrong code points are mended.
fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (read, value) = reference(&rest[1..]).unwrap_or((0, "&".into()));
        out.push_str(&value);
        rest = &rest[1 + read..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The reference at the start of `text`, which follows an ampersand: its length in bytes, and its value.
fn reference(text: &str) -> Option<(usize, Cow<'static, str>)> {
    match text.strip_prefix('#') {
        Some(number) => numeric(number).map(|(read, value)| (read + 1, value)),
        None => named(text),
    }
}

fn numeric(text: &str) -> Option<(usize, Cow<'static, str>)> {
    let (skipped, radix) = if text.starts_with(['x', 'X']) { (1, 16) } else { (0, 10) };
    let digits = text[skipped..].bytes().take_while(|b| char::from(*b).is_digit(radix)).count();
    if digits == 0 {
        return None;
    }
    // A number that does not fit is beyond Unicode as well.
    let number = u32::from_str_radix(&text[skipped..skipped + digits], radix).unwrap_or(u32::MAX);
    let end = skipped + digits;
    let read = end + usize::from(text[end..].starts_with(';'));
    Some((read, character(number).map_or(Cow::Borrowed(""), |c| Cow::Owned(c.to_string()))))
}

/// The character of a numeric reference; none for those that HTML forbids.
fn character(number: u32) -> Option<char> {
    match number {
        0 => Some('\u{fffd}'),
        0x80..=0x9f => char::from_u32(WINDOWS_1252[number as usize - 0x80]),
        0x1..=0x8 | 0xb | 0xe..=0x1f | 0x7f | 0xfdd0..=0xfdef => None,
        _ if number <= 0x10_ffff && number & 0xfffe == 0xfffe => None,
        _ => Some(char::from_u32(number).unwrap_or('\u{fffd}')),
    }
}

fn named(text: &str) -> Option<(usize, Cow<'static, str>)> {
    let stops = |c: char| matches!(c, '\t' | '\n' | '\x0c' | ' ' | '<' | '&' | '#' | ';');
    let end = text.char_indices().take(MAX_NAME).find(|(_, c)| stops(*c)).map(|(at, _)| at);
    let end = end.unwrap_or_else(|| text.char_indices().nth(MAX_NAME).map_or(text.len(), |(at, _)| at));
    let name = &text[..end];
    if text[end..].starts_with(';')
        && let Some(value) = entity(name)
    {
        return Some((end + 1, value.into()));
    }
    let prefix = LEGACY.split_ascii_whitespace().filter(|legacy| name.starts_with(legacy)).max_by_key(|l| l.len())?;
    entity(prefix).map(|value| (prefix.len(), value.into()))
}

fn entity(name: &str) -> Option<&'static str> {
    let table = &html_escape::NAMED_ENTITIES;
    table.binary_search_by_key(&name.as_bytes(), |(name, _)| name).ok().map(|at| table[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_and_numbers_are_resolved_as_browsers_do() {
        for (text, want) in [
            ("&lt;b&gt;", "<b>"),
            ("&ampx &amp", "&x &"),
            ("&notin; &notin &unknown; & &; &#; &#x;", "∉ ¬in &unknown; & &; &#; &#x;"),
            ("&#65;&#x42&#X43;", "ABC"),
            ("&#0;&#xD800;&#x110000;&#99999999999;", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
            ("&#128;&#x9F;&#129;", "€Ÿ\u{81}"),
            ("a&#1;b&#xFFFF;c&#x1FFFE;d", "abcd"),
            ("&NotEqualTilde;", "≂̸"),
        ] {
            assert_eq!(unescape(text), want, "{text}");
        }
    }

    #[test]
    fn references_stay_once_more_in_a_text_with_tags() {
        assert_eq!(clean("&amp;amp;amp;lt;"), "<");
        assert_eq!(clean("<b> &amp;amp;amp;lt;"), "<b> &amp;lt;");
        assert_eq!(clean("\x1b[1;31mred\x1b[0m \x1b[9"), "red [9");
    }

    #[test]
    fn a_long_line_is_not_cut_inside_a_character() {
        let text = "€".repeat(100_000);
        assert_eq!(clean(&text).len(), text.len());
    }

    proptest! {
        #[test]
        fn any_text_becomes_words_with_single_spaces(text in any::<String>()) {
            let text = clean(&text);
            prop_assert!(!text.contains("  ") && text.trim() == text);
        }
    }
}

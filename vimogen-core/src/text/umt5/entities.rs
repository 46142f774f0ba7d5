//! HTML's character references, such as `&amp;` and `&#39;`.

use std::borrow::Cow;

/// Maximum length of an entity name, in characters.
const MAX_NAME: usize = 32;

/// Names that need no semicolon.
const LEGACY: &str = "AElig AMP Aacute Acirc Agrave Aring Atilde Auml COPY Ccedil ETH Eacute Ecirc Egrave Euml GT Iacute \
    Icirc Igrave Iuml LT Ntilde Oacute Ocirc Ograve Oslash Otilde Ouml QUOT REG THORN Uacute Ucirc Ugrave Uuml Yacute \
    aacute acirc acute aelig agrave amp aring atilde auml brvbar ccedil cedil cent copy curren deg divide eacute ecirc \
    egrave eth euml frac12 frac14 frac34 gt iacute icirc iexcl igrave iquest iuml laquo lt macr micro middot nbsp not \
    ntilde oacute ocirc ograve ordf ordm oslash otilde ouml para plusmn pound quot raquo reg sect shy sup1 sup2 sup3 \
    szlig thorn times uacute ucirc ugrave uml uuml yacute yen yuml";

/// Characters of the references 128 to 159: those of Windows-1252, where it has one.
const WINDOWS_1252: [u32; 32] = [
    0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d,
    0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,
    0x017e, 0x0178,
];

/// Resolves references by the rules of HTML 5: names may lack their semicolon, and wrong numbers have replacements.
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    resolve(text, reference)
}

/// Replaces what `read` finds after an ampersand: its length in bytes, and its characters.
fn resolve<'a>(text: &'a str, read: impl Fn(&str) -> Option<(usize, Cow<'static, str>)>) -> Cow<'a, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (len, value) = read(rest).unwrap_or((0, "&".into()));
        out.push_str(&value);
        rest = &rest[len..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The reference at the start of `text`, which follows an ampersand: its length in bytes, and its characters.
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

/// Maximum length of a reference that [`unescape_closed`] resolves, without ampersand and semicolon.
const MAX_CLOSED: usize = 24;

/// Resolves references that end in a semicolon, those too whose name is in capitals (`&EACUTE;`), as ftfy does.
pub(super) fn unescape_closed(text: &str) -> Cow<'_, str> {
    resolve(text, closed)
}

/// As [`reference`], of a name or a number that a semicolon ends.
fn closed(text: &str) -> Option<(usize, Cow<'static, str>)> {
    let name = &text[..text.find(';')?];
    let letters = name.strip_prefix('#').unwrap_or(name);
    if letters.is_empty() || letters.len() > MAX_CLOSED || !letters.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    if name.starts_with('#') {
        return reference(text).filter(|(read, value)| *read == name.len() + 1 && value != ";");
    }
    let value = entity(name).map(Cow::Borrowed).or_else(|| capitals(name).map(Cow::Owned))?;
    Some((name.len() + 1, value))
}

/// The capital form of the entity whose name in small letters this is in capitals, if HTML does not know the name itself.
fn capitals(name: &str) -> Option<String> {
    let small = name.to_ascii_lowercase();
    let is_new = small.to_ascii_uppercase() == name && named(name).is_none();
    entity(&small).filter(|_| is_new).map(str::to_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn closed_references_may_be_in_capitals_and_must_be_whole() {
        for (text, want) in [
            ("&amp;amp; &eacute;&EACUTE;&Eacute; &HELLIP;", "&amp; éÉÉ …"),
            ("&ampx &amp &#65 &#65; &#x41g; &#59; &unknown;", "&ampx &amp &#65 A &#x41g; &#59; &unknown;"),
        ] {
            assert_eq!(unescape_closed(text), want, "{text}");
        }
    }
}

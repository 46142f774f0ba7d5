//! Whether a text looks like UTF-8 that was decoded as something else: pairs of characters that writers do not put side by
//! side and that such a mistake makes often. The kinds and pairs are those of ftfy 6.3.1.

/// Kinds of characters, a bit each.
mod kind {
    pub const COMMON: u16 = 1;
    pub const CONTROL: u16 = 1 << 1;
    pub const BAD: u16 = 1 << 2;
    pub const LAW: u16 = 1 << 3;
    pub const CURRENCY: u16 = 1 << 4;
    pub const OPENING: u16 = 1 << 5;
    pub const CLOSING: u16 = 1 << 6;
    pub const NUMERIC: u16 = 1 << 7;
    pub const KAOMOJI: u16 = 1 << 8;
    pub const UPPER_ACCENTED: u16 = 1 << 9;
    pub const LOWER_ACCENTED: u16 = 1 << 10;
    pub const UPPER: u16 = 1 << 11;
    pub const LOWER: u16 = 1 << 12;
    pub const BOX: u16 = 1 << 13;
    pub const ACCENTED: u16 = UPPER_ACCENTED | LOWER_ACCENTED;
    pub const QUOTE: u16 = OPENING | CLOSING;
}
use kind::{
    ACCENTED, BAD, BOX, CLOSING, COMMON, CONTROL, CURRENCY, KAOMOJI, LAW, LOWER, LOWER_ACCENTED, NUMERIC, OPENING,
    QUOTE, UPPER, UPPER_ACCENTED,
};

fn kind(c: char) -> u16 {
    match c {
        '\0'..='\x7f' => 0,
        '\u{80}'..='\u{9f}' => CONTROL,
        '\u{a0}' | '\u{ad}' | '·' | '´' | '–' | '—' | '―' | '…' | '’' => COMMON,
        '¦' | '¤' | '¨' | '¬' | '¯' | '¸' | 'ƒ' | 'ˆ' | 'ˇ' | '˘' | '˛' | '˜' | '†' | '‡' | '‰' | '⌐' | '◊'
        | '\u{fffd}' | 'ª' | 'º' => BAD,
        '¶' | '§' => LAW,
        '¢' | '£' | '¥' | '₧' | '€' => CURRENCY,
        '¡' | '«' | '¿' | '©' | '΄' | '΅' | '‘' | '‚' | '“' | '„' | '•' | '‹' | '\u{f8ff}' => OPENING,
        '®' | '»' | '˝' | '”' | '›' | '™' => CLOSING,
        '²' | '³' | '¹' | '±' | '¼' | '½' | '¾' | '×' | 'µ' | '÷' | '⁄' | '∂' | '∆' | '∏' | '∑' | '√' | '∞' | '∩'
        | '∫' | '≈' | '≠' | '≡' | '≤' | '≥' | '№' => NUMERIC,
        'Ò'..='Ö' | 'Ù'..='Û' | 'ò'..='ö' | 'ø'..='û' | 'Ő' | 'Ō' | 'Ū' | 'Ų' | '°' => KAOMOJI,
        'Ü' => KAOMOJI | UPPER_ACCENTED,
        'ü' => KAOMOJI | LOWER_ACCENTED,
        'À'..='Ñ' | 'Ø' | 'Ý' => UPPER_ACCENTED,
        'ß' | 'à'..='ñ' | 'ﬁ' | 'ﬂ' => LOWER_ACCENTED,
        'Þ' | 'Α'..='Ω' | 'Ά' | 'Έ' | 'Ή' | 'Ί' | 'Ό' | 'Ύ' | 'Ώ' | 'Ϊ' | 'Ϋ' | 'Ё'..='Я' => UPPER,
        'α'..='ω' | 'ά' | 'έ' | 'ή' | 'ί' | 'ΰ' | 'а'..='џ' => LOWER,
        '│' | '┌' | '┐' | '┘' | '├' | '┤' | '┬' | '┼' | '═'..='╬' | '▀' | '▄' | '█' | '▌' | '▐' | '░' | '▒' | '▓' => {
            BOX
        }
        _ if UPPER_EXTENDED.contains(c) => UPPER_ACCENTED,
        _ if LOWER_EXTENDED.contains(c) => LOWER_ACCENTED,
        _ => 0,
    }
}

const UPPER_EXTENDED: &str = "ĂĀĄĆČĎĐĘĚĒĖĞĢİĪĶĹĽŁĻŃŇŅŒŘŚŞŠŢŤŮŰŸŹŻŽҐ";
const LOWER_EXTENDED: &str = "ăąāćčďđęěēėğģįīķĺľłļœŕśşšťźżžґ";

/// A character and its kind.
type Seen = (char, u16);

/// Stands for a character beyond the end.
const END: Seen = (char::MAX, 0);

/// Whether a text is probably mojibake, at least in part.
pub(super) fn is_bad(text: &[char]) -> bool {
    let seen: Vec<Seen> = text.iter().map(|c| (*c, kind(*c))).collect();
    let after_start = matches!(text, ['Ã' | 'Â', ' ', ..]);
    after_start || (0..seen.len()).any(|at| is_bad_here(&seen[at..]))
}

/// Whether an improbable sequence begins with the first character.
fn is_bad_here(seen: &[Seen]) -> bool {
    let at = |i: usize| seen.get(i).copied().unwrap_or(END);
    seen[0].1 & CONTROL != 0 || bad_pair(at(0), at(1)) || bad_triple(at(0), at(1), at(2)) || bad_word(seen)
}

fn bad_pair((a, kind_a): Seen, (b, kind_b): Seen) -> bool {
    const NEXT_TO_BAD: u16 = ACCENTED | BOX | QUOTE | CURRENCY | NUMERIC | LAW;
    const PAIRS: [(u16, u16); 10] = [
        (NEXT_TO_BAD | BAD, BAD),
        (BAD, NEXT_TO_BAD),
        (LOWER_ACCENTED | LOWER | BOX | CLOSING | CURRENCY | NUMERIC, UPPER_ACCENTED),
        (BOX | CLOSING | CURRENCY | NUMERIC, LOWER_ACCENTED),
        (LOWER_ACCENTED | BOX | CLOSING, CURRENCY),
        (UPPER_ACCENTED | BOX, NUMERIC | LAW),
        (CURRENCY | NUMERIC | BOX, OPENING),
        (BOX, KAOMOJI),
        (ACCENTED | CURRENCY | NUMERIC | QUOTE | LAW, BOX),
        (BOX, CLOSING),
    ];
    PAIRS.iter().any(|(first, second)| kind_a & first != 0 && kind_b & second != 0)
        || bad_characters((a, kind_a), (b, kind_b))
}

/// Pairs of single characters, which decoders of a few sets make.
fn bad_characters((a, kind_a): Seen, (b, kind_b): Seen) -> bool {
    match (a, b) {
        (_, char::MAX) => false,
        ('Œ' | 'œ', _) => !b.is_ascii_alphabetic(),
        (_, '°') if kind_a & UPPER_ACCENTED != 0 => true,
        ('Â' | 'Ã' | 'Î' | 'Ð', _) => kind_b & QUOTE != 0 || "€œŠš¢£Ÿž\u{a0}\u{ad}®©°·»–—´".contains(b),
        ('×', '²' | '³') | ('в', 'Ђ') | ('ā', '€') => true,
        ('à', _) => "²µ¹¼½¾".contains(b),
        ('√', _) => "±∂†≠®™´≤≥¥µø".contains(b),
        ('≈', _) => "°¢".contains(b),
        _ => false,
    }
}

fn bad_triple((a, kind_a): Seen, (b, kind_b): Seen, (c, kind_c): Seen) -> bool {
    const TRIPLES: [(u16, u16, u16); 2] = [
        (ACCENTED | BOX | CURRENCY | CLOSING, OPENING, NUMERIC),
        (ACCENTED | CURRENCY | NUMERIC | BOX | LAW, CLOSING, OPENING),
    ];
    if TRIPLES.iter().any(|(x, y, z)| kind_a & x != 0 && kind_b & y != 0 && kind_c & z != 0) {
        return true;
    }
    let between = |more: &str| kind_b & (CONTROL | BAD | QUOTE | CURRENCY) != 0 || more.contains(b);
    match (a, b, c) {
        (_, _, char::MAX) => false,
        _ if a.is_ascii_alphabetic() && kind_b & (LOWER | UPPER) != 0 && kind_c & BAD != 0 => true,
        _ if is_space(a) && kind_b & UPPER_ACCENTED != 0 && kind_c & CURRENCY != 0 => true,
        _ if a.is_ascii_lowercase() && kind_b & UPPER_ACCENTED != 0 && kind_c & (OPENING | CURRENCY) != 0 => true,
        _ if kind_a & ACCENTED != 0 && kind_b & QUOTE != 0 && (c.is_alphanumeric() || c == '_') => true,
        (_, 'Ã' | 'Â', ' ') if a.is_ascii_lowercase() => true,
        (_, 'Â', _) if (a.is_ascii_lowercase() || ".,?!".contains(a) || kind_a & CLOSING != 0) => {
            c == ' ' || kind_c & QUOTE != 0
        }
        ('‚', 'Ä', _) => "ìîïòôúùû†°¢π".contains(c),
        ('‚', 'â' | 'ó', _) => "àä°ê".contains(c),
        ('β', '€', _) => "™\u{a0}Ά\u{ad}®°".contains(c),
        ('В' | 'Г' | 'Р' | 'С', _, 'В' | 'Г' | 'Р' | 'С') => between("°µ"),
        ('Β' | 'Γ' | 'Ξ' | 'Ο', _, 'Β' | 'Γ' | 'Ξ' | 'Ο') => between("°"),
        _ => false,
    }
}

/// Sequences of four characters and more.
fn bad_word(seen: &[Seen]) -> bool {
    let follows = |(c, kind): Seen| kind & (COMMON | CURRENCY | BAD | NUMERIC | OPENING) != 0 || "ŸŠ®°µ»".contains(c);
    match *seen {
        [('Ø' | 'Ù', _), first, ('Ø' | 'Ù', _), second, ..] => follows(first) && follows(second),
        [(a, _), (space, _), ('Ã' | 'Â', _), (' ', _), ..] => a.is_ascii_lowercase() && is_space(space),
        [('Г', _), ('ў', _), ('В', _), ('Ђ', _), ('В', _), (any, _), (next, _), ..] => {
            any != '\n' && (next.is_ascii_alphabetic() || next == ' ')
        }
        _ => false,
    }
}

/// Whitespace by Python's `\s`.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

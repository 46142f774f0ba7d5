//! Single-byte character sets that UTF-8 is decoded with by mistake.

use std::sync::LazyLock;

/// Byte of U+FFFD in the Windows sets: the substitute of ASCII.
const SUBSTITUTE: u8 = 0x1a;

/// A character set whose lower half is ASCII. Bytes that it leaves undefined are control characters, as in Latin-1.
pub(super) struct Charset {
    /// Whether a lost character, U+FFFD, has a byte.
    pub is_windows: bool,
    /// Whether a space may be a lost no-break space.
    pub loses_spaces: bool,
    /// The upper half, sorted by character.
    bytes: Vec<(char, u8)>,
}

impl Charset {
    fn new(upper: &str) -> Self {
        let mut bytes: Vec<_> = upper.chars().zip(0x80..=0xff).collect();
        bytes.sort_unstable();
        Self { is_windows: false, loses_spaces: true, bytes }
    }

    /// The bytes of a text, if each of its characters has one.
    pub fn encode(&self, text: &[char]) -> Option<Vec<u8>> {
        text.iter().map(|c| self.byte(*c)).collect()
    }

    fn byte(&self, c: char) -> Option<u8> {
        match c {
            '\u{1a}' => None,
            '\u{fffd}' if self.is_windows => Some(SUBSTITUTE),
            '\0'..='\x7f' => u8::try_from(c).ok(),
            _ => self.bytes.binary_search_by_key(&c, |(c, _)| *c).ok().map(|at| self.bytes[at].1),
        }
    }
}

/// All sets, in the order in which they are tried.
pub(super) static CHARSETS: LazyLock<Vec<Charset>> = LazyLock::new(|| {
    let latin_1: String = ('\u{80}'..='\u{ff}').collect();
    let controls: String = ('\u{80}'..='\u{9f}').collect();
    let windows = [WINDOWS_1252, WINDOWS_1251, WINDOWS_1250, WINDOWS_1253, WINDOWS_1254, WINDOWS_1257];
    let mut sets = vec![Charset::new(&latin_1)];
    sets.extend(windows.map(|upper| Charset { is_windows: true, ..Charset::new(upper) }));
    sets.push(Charset::new(&(controls + ISO_8859_2)));
    sets.push(Charset { loses_spaces: false, ..Charset::new(MACROMAN) });
    sets.push(Charset::new(CP437));
    sets
});

/// The character that Windows-1252 has in the place of a control character U+0080 to U+009F; others keep theirs.
pub(super) fn from_control(c: char) -> char {
    match c {
        '\u{80}'..='\u{9f}' => WINDOWS_1252.chars().nth(c as usize - 0x80).unwrap_or(c),
        _ => c,
    }
}

/// Western European.
const WINDOWS_1252: &str = "\
    €\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ\u{a0}¡¢£¤¥¦§¨©ª«¬\u{ad}®¯°±²³´µ¶·¸¹º»¼½¾¿À\
    ÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ";
/// Cyrillic.
const WINDOWS_1251: &str = "\
    ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—\u{98}™љ›њќћџ\u{a0}ЎўЈ¤Ґ¦§Ё©Є«¬\u{ad}®Ї°±Ііґµ¶·ё№є»јЅѕїАБВГДЕЖЗИЙКЛМНОПРСТУФ\
    ХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя";
/// Central European.
const WINDOWS_1250: &str = "\
    €\u{81}‚\u{83}„…†‡\u{88}‰Š‹ŚŤŽŹ\u{90}‘’“”•–—\u{98}™š›śťžź\u{a0}ˇ˘Ł¤Ą¦§¨©Ş«¬\u{ad}®Ż°±˛ł´µ¶·¸ąş»Ľ˝ľżŔ\
    ÁÂĂÄĹĆÇČÉĘËĚÍÎĎĐŃŇÓÔŐÖ×ŘŮÚŰÜÝŢßŕáâăäĺćçčéęëěíîďđńňóôőö÷řůúűüýţ˙";
/// Greek.
const WINDOWS_1253: &str = "\
    €\u{81}‚ƒ„…†‡\u{88}‰\u{8a}‹\u{8c}\u{8d}\u{8e}\u{8f}\u{90}‘’“”•–—\u{98}™\u{9a}›\u{9c}\u{9d}\u{9e}\
    \u{9f}\u{a0}΅Ά£¤¥¦§¨©ª«¬\u{ad}®―°±²³΄µ¶·ΈΉΊ»Ό½ΎΏΐΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡÒΣΤΥΦΧΨΩΪΫάέήίΰαβγδεζηθικλμνξοπρςσ\
    τυφχψωϊϋόύώÿ";
/// Turkish.
const WINDOWS_1254: &str = "\
    €\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}\u{8e}\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}\u{9e}Ÿ\u{a0}¡¢£¤¥¦§¨©ª«¬\u{ad}®¯°±²³´µ¶\
    ·¸¹º»¼½¾¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏĞÑÒÓÔÕÖ×ØÙÚÛÜİŞßàáâãäåæçèéêëìíîïğñòóôõö÷øùúûüışÿ";
/// Baltic.
const WINDOWS_1257: &str = "\
    €\u{81}‚\u{83}„…†‡\u{88}‰\u{8a}‹\u{8c}¨ˇ¸\u{90}‘’“”•–—\u{98}™\u{9a}›\u{9c}¯˛\u{9f}\u{a0}¡¢£¤¥¦§Ø©Ŗ«¬\
    \u{ad}®Æ°±²³´µ¶·ø¹ŗ»¼½¾æĄĮĀĆÄÅĘĒČÉŹĖĢĶĪĻŠŃŅÓŌÕÖ×ŲŁŚŪÜŻŽßąįāćäåęēčéźėģķīļšńņóōõö÷ųłśūüżž˙";
/// Central European, from 0xa0.
const ISO_8859_2: &str = "\
    \u{a0}Ą˘Ł¤ĽŚ§¨ŠŞŤŹ\u{ad}ŽŻ°ą˛ł´ľśˇ¸šşťź˝žżŔÁÂĂÄĹĆÇČÉĘËĚÍÎĎĐŃŇÓÔŐÖ×ŘŮÚŰÜÝŢßŕáâăäĺćçčéęëěíîďđńňóôőö÷řů\
    úűüýţ˙";
/// Western European, of Macintoshes.
const MACROMAN: &str = "\
    ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø¿¡¬√ƒ≈∆«»…\u{a0}ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›ﬁ\
    ﬂ‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\u{f8ff}ÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ";
/// IBM PC.
const CP437: &str = "\
    ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπ\
    ΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_has_128_different_characters_above_ascii() {
        assert_eq!(CHARSETS.len(), 10);
        for set in CHARSETS.iter() {
            assert_eq!(set.bytes.len(), 128);
            assert!(set.bytes.is_sorted_by(|a, b| a.0 < b.0), "a character has two bytes");
        }
    }

    #[test]
    fn a_text_has_bytes_only_if_each_character_has_one() {
        let encode = |set: usize, text: &str| CHARSETS[set].encode(&text.chars().collect::<Vec<_>>());
        assert_eq!(encode(1, "a\u{20ac}\u{81}"), Some(vec![b'a', 0x80, 0x81]));
        assert_eq!(encode(0, "\u{20ac}"), None);
        assert_eq!((encode(0, "\u{fffd}"), encode(1, "\u{fffd}")), (None, Some(vec![0x1a])));
    }
}

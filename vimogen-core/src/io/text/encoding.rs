//! Encodings of text files. Only names may be other than ASCII.

use std::borrow::Cow;

/// The bytes of a text in an encoding that has ASCII's bytes: UTF-16 becomes UTF-8, a byte order mark is left out. Text
/// of 8 bits per character (Shift-JIS, Latin-1) stays as it is; a name of it is read with replacement characters.
pub(in crate::io) fn utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    match bytes {
        [0xef, 0xbb, 0xbf, text @ ..] => Cow::Borrowed(text),
        [0xff, 0xfe, text @ ..] => Cow::Owned(from_utf16(text, u16::from_le_bytes)),
        [0xfe, 0xff, text @ ..] => Cow::Owned(from_utf16(text, u16::from_be_bytes)),
        // Without a mark, from the zeros of four ASCII characters.
        [a, 0, b, 0, ..] if *a != 0 && *b != 0 => Cow::Owned(from_utf16(bytes, u16::from_le_bytes)),
        [0, a, 0, b, ..] if *a != 0 && *b != 0 => Cow::Owned(from_utf16(bytes, u16::from_be_bytes)),
        _ => Cow::Borrowed(bytes),
    }
}

fn from_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Vec<u8> {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    // Almost all is ASCII: half the size.
    let mut text = String::with_capacity(bytes.len() / 2 + 16);
    text.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_the_same_in_every_encoding() {
        let text = "ROOT 人形 Hüfte";
        let units = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
        let with = |mark: &[u8], text: &[u8]| [mark, text].concat();
        let forms = [
            text.as_bytes().to_vec(),
            with(b"\xef\xbb\xbf", text.as_bytes()),
            with(b"\xff\xfe", &units(u16::to_le_bytes)),
            with(b"\xfe\xff", &units(u16::to_be_bytes)),
            units(u16::to_le_bytes),
            units(u16::to_be_bytes),
        ];
        for form in forms {
            assert_eq!(utf8(&form), text.as_bytes());
        }
        assert_eq!(utf8(b"R\xfcck"), &b"R\xfcck"[..]);
        assert_eq!(utf8(b"\xff\xfe\x00"), &b""[..]);
    }
}

//! Preparation of a prompt before it is tokenised, as in the release.

use super::entities::unescape;
use super::mojibake::repair;

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
    // Python's strip() removes the four information separators as whitespace; the pattern \s above does not match them.
    out.trim_matches(|c: char| c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

//! Splits a prompt into words.

/// Maximum length of a word in characters, so that text without spaces cannot make a huge word.
const MAX_WORD_CHARS: usize = 32;

/// The first `max_words` words of a prompt, in lower case.
///
/// A word is a run of letters and digits of any script; apostrophes inside it stay (`person's`), combining accents are
/// dropped. Any run of `, . ; : ! ?` between two words is one word `,`, because it separates the actions of a sentence.
/// Everything else (emoji, brackets, hyphens) separates words.
/// Words are truncated to 32 characters. Only the part of the prompt with these words is read.
pub fn split_words(prompt: &str, max_words: usize) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut pause = false;
    for c in prompt.chars().chain(std::iter::once(' ')) {
        match kind(c) {
            Kind::Letter => word.extend(c.to_lowercase()),
            Kind::Apostrophe => word.push('\''),
            Kind::Mark => {}
            Kind::Pause | Kind::Space => {
                finish(&mut word, &mut pause, &mut words);
                pause |= matches!(kind(c), Kind::Pause);
            }
        }
        if words.len() >= max_words {
            break;
        }
        if word.len() > 8 * MAX_WORD_CHARS {
            word.truncate(word.char_indices().nth(MAX_WORD_CHARS).map_or(word.len(), |(at, _)| at));
        }
    }
    words.truncate(max_words);
    words
}

/// Appends a finished word, and the pause before it, to the list.
fn finish(word: &mut String, pause: &mut bool, words: &mut Vec<String>) {
    let trimmed: String = word.trim_matches('\'').chars().take(MAX_WORD_CHARS).collect();
    word.clear();
    if trimmed.is_empty() {
        return;
    }
    if std::mem::take(pause) && !words.is_empty() {
        words.push(",".into());
    }
    words.push(trimmed);
}

enum Kind {
    Letter,
    Apostrophe,
    Mark,
    Pause,
    Space,
}

fn kind(c: char) -> Kind {
    match c {
        '\'' | '\u{2019}' | '\u{2bc}' => Kind::Apostrophe,
        '\u{300}'..='\u{36f}' => Kind::Mark,
        ',' | '.' | ';' | ':' | '!' | '?' | '\u{3001}' | '\u{3002}' | '\u{ff0c}' | '\u{ff01}' | '\u{ff1f}' => {
            Kind::Pause
        }
        c if c.is_alphanumeric() => Kind::Letter,
        _ => Kind::Space,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(prompt: &str) -> String {
        split_words(prompt, 24).join("|")
    }

    #[test]
    fn words_are_lower_case_and_a_run_of_punctuation_is_one_comma() {
        assert_eq!(split("A person WALKS forward,  then... waves!"), "a|person|walks|forward|,|then|,|waves");
        assert_eq!(split(", hops. "), "hops");
        assert_eq!(split("turns 90° to the left-hand side"), "turns|90|to|the|left|hand|side");
    }

    #[test]
    fn apostrophes_stay_inside_words_only() {
        assert_eq!(split("'the person\u{2019}s' arm ''"), "the|person's|arm");
    }

    #[test]
    fn other_scripts_and_emoji_are_words_and_gaps() {
        assert_eq!(split("Ein Käfer läuft 🏃‍♂️ weiter"), "ein|käfer|läuft|weiter");
        assert_eq!(split("cafe\u{301}"), "cafe");
        assert_eq!(split("一个人、走路。"), "一个人|,|走路");
        assert_eq!(split("👋🏽"), "");
    }

    #[test]
    fn long_prompts_and_long_words_are_cut() {
        assert_eq!(split_words(&"hop ".repeat(100_000), 24).len(), 24);
        assert_eq!(split_words("hop, hop, hop", 2), ["hop", ","]);
        assert_eq!(split_words(&"ß".repeat(1_000_000), 24), ["ß".repeat(32)]);
        assert_eq!(split_words(&"'".repeat(1_000_000), 24).len(), 0);
    }
}

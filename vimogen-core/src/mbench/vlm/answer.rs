//! Interpretation of a judge's answers. Golden `vlm` pins every rule, the odd ones included.

use serde_json::Value;

use crate::error::{Error, Result};

/// A judge's verdict on whether a reference motion matches its prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The judge's reasons: its `analysis`, of any JSON type, or the whole answer.
    pub analysis: Value,
    /// Whether the motion matches.
    pub matches: bool,
}

impl Verdict {
    /// Reads `{"analysis": .., "matches": ..}` leniently.
    ///
    /// The first of the whole text and the parts between triple backticks that is JSON decides. `matches` may be a
    /// truth value, one of the words true, yes, false and no, or a number, true unless zero; everything else does not match.
    /// Text without JSON matches if it has `"matches"` and `true` anywhere, as in the release.
    ///
    /// # Errors
    /// [`Error::Format`] for JSON that is not an object.
    pub fn read(raw: &str) -> Result<Self> {
        let text = raw.trim();
        let fenced = text.split("```").skip(1).step_by(2).map(without_label);
        let json = std::iter::once(text).chain(fenced).filter(|part| !part.trim().is_empty()).find_map(python_json);
        match json {
            Some(Value::Object(mut answer)) => Ok(Self {
                matches: answer.get("matches").is_some_and(is_true),
                analysis: answer.remove("analysis").unwrap_or_else(|| text.into()),
            }),
            Some(other) => {
                Err(Error::format("judge's answer", format!("JSON, but not an object: {}", shortened(&other))))
            }
            None => Ok(Self { matches: text.contains("\"matches\"") && text.contains("true"), analysis: text.into() }),
        }
    }
}

/// Removes the word `json` after the backticks.
fn without_label(part: &str) -> &str {
    let part = part.trim_start();
    match part.get(..4) {
        Some(label) if label.eq_ignore_ascii_case("json") => &part[4..],
        _ => part,
    }
}

/// Placeholder of NaN and the infinities, which Python's reader accepts.
const NOT_FINITE: &str = "\u{0}not finite";

/// JSON as Python reads it: with NaN, Infinity and -Infinity.
fn python_json(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().or_else(|| {
        let patched = with_quoted_constants(text)?;
        serde_json::from_str(&patched).ok()
    })
}

/// The text with Python's three constants as strings; `None` if there are none outside of strings.
fn with_quoted_constants(text: &str) -> Option<String> {
    let (mut out, mut rest, mut found) = (String::with_capacity(text.len() + 32), text, false);
    while let Some(c) = rest.chars().next() {
        if c == '"' {
            let end = string_end(rest);
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        } else if let Some(after) = ["NaN", "Infinity", "-Infinity"].iter().find_map(|word| rest.strip_prefix(word)) {
            out.push_str("\"\\u0000not finite\"");
            (rest, found) = (after, true);
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    found.then_some(out)
}

/// Length of the JSON string at the start of `text`, in bytes; the whole text if the string is not closed.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(is) => *is,
        Value::Number(number) => number.as_f64().is_none_or(|n| n != 0.0),
        Value::String(word) if word == NOT_FINITE => true,
        Value::String(word) => ["true", "yes"].contains(&word.trim().to_lowercase().as_str()),
        _ => false,
    }
}

fn shortened(value: &Value) -> String {
    value.to_string().chars().take(60).collect()
}

/// The motion that a judge chose from a list: the text after the first blank line, then after the first colon, without final
/// punctuation.
pub fn choice(answer: &str) -> &str {
    let answer = answer.trim();
    let answer = answer.split_once("\n\n").map_or(answer, |(_, after)| after);
    let answer = answer.split_once(':').map_or(answer, |(_, after)| after);
    answer.trim().trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '"'])
}

/// Whether the judge chose the right motion.
pub fn is_choice(answer: &str, prompt: &str) -> bool {
    choice(answer).to_lowercase() == prompt.to_lowercase()
}

/// A judge's decision: the text after the first `Answer:`, or all of it.
pub fn decision(answer: &str) -> &str {
    answer.split_once("Answer:").map_or(answer, |(_, after)| after).trim()
}

/// Whether the judge said yes, which "eyes" does too.
pub fn is_yes(answer: &str) -> bool {
    decision(answer).to_lowercase().contains("yes")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_answer_is_read(text in "[`{}\\[\\]\"\\\\a-zé:,.0-9NaIfity\n -]{0,80}|.*") {
            let fenced = format!("```json\n{text}\n```");
            for answer in [text.as_str(), fenced.as_str()] {
                if let Ok(verdict) = Verdict::read(answer) {
                    prop_assert!(!verdict.matches || !answer.trim().is_empty());
                }
                prop_assert!(answer.contains(choice(answer)) && answer.contains(decision(answer)));
            }
        }
    }

    #[test]
    fn constants_of_python_are_true_and_stay_text_within_strings() {
        for (raw, matches) in [
            (r#"{"matches": -Infinity}"#, true),
            (r#"{"analysis": "NaN \" NaN", "matches": NaN}"#, true),
            (r#"{"analysis": "NaN", "matches": false}"#, false),
            (r#"{"matches": "NaN"}"#, false),
        ] {
            let verdict = Verdict::read(raw).unwrap();
            assert_eq!(verdict.matches, matches, "{raw}");
            assert!(!verdict.analysis.to_string().contains("not finite"), "{verdict:?}");
        }
    }
}

//! Phrases for each movement, from `assets/procedural/phrases.txt`.
//!
//! Captions are drawn by position, so the order of the phrases is part of the built-in model's recipe.

use std::sync::OnceLock;

use super::spec::{Family, Part, Side};

/// Phrases of a movement.
type Phrases = Vec<&'static str>;

/// Phrases by family, and those of the family's second heading, if it has one.
struct Lexicon([[Phrases; 2]; Family::ALL.len()]);

/// The phrases of a movement; those that name no side fit the right side only.
pub fn patterns(part: &Part) -> &'static [&'static str] {
    static LEXICON: OnceLock<Lexicon> = OnceLock::new();
    let parsed = || Lexicon::parse(include_str!("../../../assets/procedural/phrases.txt"));
    let lexicon = LEXICON.get_or_init(|| parsed().expect("a test parses the phrases that are compiled in"));
    let second = match second_heading(part.family) {
        Some("around") => part.degrees > 90,
        Some(_) => part.side == Some(Side::Both),
        None => false,
    };
    &lexicon.0[part.family as usize][usize::from(second)]
}

/// The word after the family's name in its second heading.
fn second_heading(family: Family) -> Option<&'static str> {
    match family {
        Family::Wave | Family::RaiseArms => Some("both"),
        Family::Turn => Some("around"),
        _ => None,
    }
}

impl Lexicon {
    /// Reads lines of `[heading]`, phrases, `# comments` and nothing.
    ///
    /// # Errors
    /// The line, if it is none of these; the heading, if it is missing, unknown, repeated or has no phrase.
    fn parse(text: &'static str) -> Result<Self, String> {
        let mut lexicon = Self(std::array::from_fn(|_| Default::default()));
        let mut current = None;
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(heading) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                let place = place(heading).ok_or_else(|| format!("unknown heading {heading:?}"))?;
                if !lexicon.0[place.0][place.1].is_empty() {
                    return Err(format!("{heading:?} is there twice"));
                }
                current = Some(place);
            } else {
                let (family, heading) = current.ok_or_else(|| format!("{line:?} is below no heading"))?;
                check(line)?;
                lexicon.0[family][heading].push(line);
            }
        }
        for family in Family::ALL {
            let headings = 1 + usize::from(second_heading(family).is_some());
            if lexicon.0[family as usize][..headings].iter().any(Vec::is_empty) {
                return Err(format!("{family:?} has a heading without a phrase"));
            }
        }
        Ok(lexicon)
    }
}

/// The place of a heading such as `wave` or `wave both`.
fn place(heading: &str) -> Option<(usize, usize)> {
    let (name, second) = heading.split_once(' ').map_or((heading, None), |(name, second)| (name, Some(second)));
    let family = Family::ALL.into_iter().find(|family| family.name() == name)?;
    (second.is_none() || second == second_heading(family)).then_some((family as usize, usize::from(second.is_some())))
}

/// Checks the words of a phrase: lower case, `{verb}`, a known `<slot>`; one space between two.
fn check(phrase: &str) -> Result<(), String> {
    let plain = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let fits = |word: &str| {
        let verb = word.strip_prefix('{').and_then(|word| word.strip_suffix('}'));
        ["<side>", "<other>", "<clock>"].contains(&word) || plain(verb.unwrap_or(word))
    };
    let words = phrase.strip_prefix('*').unwrap_or(phrase);
    if words.split(' ').all(fits) { Ok(()) } else { Err(format!("{phrase:?} has a word of no known kind")) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::data::procedural::caption::every_part;

    #[test]
    fn every_movement_has_many_phrases_and_some_that_training_never_sees() {
        for part in every_part() {
            let reserved = patterns(&part).iter().filter(|p| p.starts_with('*')).count();
            assert!(reserved >= 2 && patterns(&part).len() - reserved >= 8, "{part:?}");
        }
    }

    #[test]
    fn no_two_movements_share_a_phrase() {
        let lists: BTreeSet<&[&str]> = every_part().iter().map(patterns).collect();
        let phrases: BTreeSet<&str> = lists.iter().flat_map(|list| list.iter().copied()).collect();
        assert_eq!(phrases.len(), lists.iter().map(|list| list.len()).sum::<usize>());
    }

    #[test]
    fn a_malformed_list_is_refused() {
        for (text, want) in [
            ("[stand]\n{stand} still\n", "WalkForward has a heading without a phrase"),
            ("{stand}\n", "below no heading"),
            ("[fly]\n", "unknown heading \"fly\""),
            ("[stand both]\n", "unknown heading"),
            ("[stand]\n{wait}\n[stand]\n", "twice"),
            ("[stand]\n{stand}  still\n", "no known kind"),
            ("[stand]\n{stand still\n", "no known kind"),
            ("[stand]\n{stand} to the <left>\n", "no known kind"),
        ] {
            let error = Lexicon::parse(text).err().unwrap();
            assert!(error.contains(want), "{text:?}: {error}");
        }
    }
}

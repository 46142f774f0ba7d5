//! Phrases of each kind, from `assets/procedural/acts.txt` and, for kinds of the first generation, its own list.

use std::sync::OnceLock;

use super::act::{Act, Kind};
use crate::data::procedural::lexicon::patterns as earlier;
use crate::data::procedural::{Family, Pace, Part, Side};

/// Phrases of every kind: the usual heading, and the one for both sides or for turning around.
struct Lexicon(Vec<[Vec<&'static str>; 2]>);

const TEXT: &str = include_str!("../../../../assets/procedural/acts.txt");

/// The phrases for an act.
pub fn patterns(act: &Act) -> &'static [&'static str] {
    static LEXICON: OnceLock<Lexicon> = OnceLock::new();
    let lexicon = LEXICON.get_or_init(|| Lexicon::parse(TEXT).expect("a test parses the phrases that are compiled in"));
    let second = match second_heading(act.kind) {
        Some("around") => act.degrees > 90,
        Some(_) => act.side == Some(Side::Both),
        None => false,
    };
    &lexicon.0[act.kind as usize][usize::from(second)]
}

fn second_heading(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Wave | Kind::RaiseArms | Kind::ReachUp | Kind::ReachForward => Some("both"),
        Kind::Turn => Some("around"),
        _ => None,
    }
}

impl Lexicon {
    /// Reads lines of `[heading]`, phrases, phrases to leave out, `# comments` and nothing.
    ///
    /// # Errors
    /// The line, if it is none of these; the kind that has no phrase.
    fn parse(text: &'static str) -> Result<Self, String> {
        let mut all: Vec<[Vec<&'static str>; 2]> = Kind::ALL.iter().map(|kind| first_generation(*kind)).collect();
        let mut current = None;
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(heading) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                current = Some(place(heading).ok_or_else(|| format!("unknown heading {heading:?}"))?);
                continue;
            }
            let (kind, heading) = current.ok_or_else(|| format!("{line:?} is below no heading"))?;
            let list = &mut all[kind][heading];
            match line.strip_prefix('-') {
                Some(gone) if list.contains(&gone) => list.retain(|phrase| *phrase != gone),
                Some(gone) => return Err(format!("{gone:?} is not there to leave out")),
                None => {
                    check(line)?;
                    list.push(line);
                }
            }
        }
        for (kind, lists) in Kind::ALL.iter().zip(&all) {
            let headings = 1 + usize::from(second_heading(*kind).is_some());
            if lists[..headings].iter().any(Vec::is_empty) {
                return Err(format!("{kind:?} has a heading without a phrase"));
            }
        }
        Ok(Self(all))
    }
}

/// The first generation's phrases of a kind.
fn first_generation(kind: Kind) -> [Vec<&'static str>; 2] {
    let Some(family) = Family::ALL.into_iter().find(|family| family.name() == kind.name()) else {
        return [vec![], vec![]];
    };
    let of = |side, degrees| earlier(&Part { family, side, pace: Pace::Normal, count: 1, degrees }).to_vec();
    let first = of(Some(Side::Right), 90);
    let second = if kind == Kind::Turn { of(Some(Side::Right), 180) } else { of(Some(Side::Both), 90) };
    let second = if second_heading(kind).is_some() { second } else { vec![] };
    [first, second]
}

/// The place of a heading such as `wave` or `wave both`.
fn place(heading: &str) -> Option<(usize, usize)> {
    let (name, second) = heading.split_once(' ').map_or((heading, None), |(name, second)| (name, Some(second)));
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name)?;
    (second.is_none() || second == second_heading(kind)).then_some((kind as usize, usize::from(second.is_some())))
}

/// Checks the words of a phrase: lower case, `{verb}`, a known `<slot>`; one space between two, commas after words.
fn check(phrase: &str) -> Result<(), String> {
    let plain = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let fits = |word: &str| {
        let word = word.strip_suffix(',').unwrap_or(word);
        let verb = word.strip_prefix('{').and_then(|word| word.strip_suffix('}'));
        ["<side>", "<other>", "<clock>", "<n>"].contains(&word) || plain(verb.unwrap_or(word))
    };
    let words = phrase.strip_prefix('*').unwrap_or(phrase);
    if words.split(' ').all(fits) { Ok(()) } else { Err(format!("{phrase:?} has a word of no known kind")) }
}

/// Whether a phrase can express the side of `act`, and its count if the phrase names one.
pub fn fits(act: &Act, phrase: &str) -> bool {
    let counts = phrase.contains("<n>");
    let sided = phrase.contains('<') && phrase.replace("<n>", "").contains('<');
    (sided || act.side != Some(Side::Left)) && (!counts || act.count.is_some_and(|n| n > 1))
}

/// Whether a phrase is kept out of training.
pub fn is_reserved(phrase: &str) -> bool {
    phrase.starts_with('*')
}

#[cfg(test)]
mod tests {
    use super::super::caption::every_act;
    use super::*;

    #[test]
    fn every_act_has_a_dozen_phrases_and_some_that_training_never_sees() {
        for act in every_act() {
            let usable = patterns(&act).iter().filter(|p| !p.contains("<n>"));
            let (held, shown): (Vec<&&str>, Vec<&&str>) = usable.partition(|p| is_reserved(p));
            assert!(held.len() >= 2 && held.len() + shown.len() >= 12, "{act:?}: {} {}", held.len(), shown.len());
            assert!(shown.iter().filter(|p| fits(&act, p)).count() >= 5, "{act:?}");
            assert!(held.iter().any(|p| fits(&act, p)), "{act:?}");
        }
    }

    #[test]
    fn no_two_kinds_share_a_phrase() {
        let mut seen = std::collections::BTreeMap::new();
        for act in every_act() {
            let heading = (act.kind, patterns(&act).as_ptr());
            for phrase in patterns(&act) {
                let before = seen.insert(phrase.trim_start_matches('*'), heading);
                assert!(before.is_none_or(|b| b == heading), "{phrase:?} of {act:?}");
            }
        }
    }

    #[test]
    fn a_malformed_list_is_refused() {
        for (text, want) in [
            ("[stand]\n{idle}\n", "WalkDiagonal has a heading without a phrase"),
            ("{stand}\n", "below no heading"),
            ("[fly]\n", "unknown heading \"fly\""),
            ("[stand both]\n", "unknown heading"),
            ("[stand]\n-{fly}\n", "not there to leave out"),
            ("[stand]\n{stand}  still\n", "no known kind"),
            ("[stand]\n{stand} to the <left>\n", "no known kind"),
        ] {
            let error = Lexicon::parse(text).err().unwrap();
            assert!(error.contains(want), "{text:?}: {error}");
        }
    }
}

//! Captions of mirrored motion.

/// Words after "right" with which it means "just": "right away".
const JUST: [&str; 18] = [
    "after", "angle", "angles", "at", "away", "before", "behind", "beside", "beneath", "here", "into", "next", "now",
    "off", "there", "through", "under", "where",
];
/// Words after "left" with which it is a form of "leave": "left behind".
const REMAINING: [&str; 5] = ["alone", "behind", "off", "over", "untouched"];
/// Words before "left" with which it is a form of "leave": "is left".
const LEAVING: [&str; 13] =
    ["is", "are", "was", "were", "be", "been", "being", "has", "have", "had", "having", "nothing", "what"];
/// Subjects that can leave something.
const SUBJECTS: [&str; 11] =
    ["person", "man", "woman", "someone", "somebody", "he", "she", "they", "who", "people", "one"];
const ARTICLES: [&str; 6] = ["a", "an", "the", "his", "her", "their"];
/// Pairs that change places.
const PAIRS: [(&str, &str); 6] = [
    ("left", "right"),
    ("lefts", "rights"),
    ("leftward", "rightward"),
    ("leftwards", "rightwards"),
    ("clockwise", "counterclockwise"),
    ("clockwise", "anticlockwise"),
];

/// The caption of the mirrored motion: left and right change places, and so do the directions of turning. Words that are
/// not sides stay: "left behind", "right away", "is left", "all right".
///
/// ```
/// use vimogen_core::data::captioned::mirrored_caption;
/// assert_eq!(mirrored_caption("turns left, then waves the right hand right away"), "turns right, then waves the left hand right away");
/// ```
pub fn mirrored_caption(caption: &str) -> String {
    let caption = caption.replace("counter-clockwise", "counterclockwise").replace("anti-clockwise", "anticlockwise");
    let parts = parts(&caption);
    let lower: Vec<String> = parts.iter().map(|part| part.to_lowercase()).collect();
    let words: Vec<usize> = (0..parts.len()).filter(|i| is_word(parts[*i])).collect();
    let mut out: Vec<String> = parts.iter().map(|part| part.to_string()).collect();
    for (place, i) in words.iter().enumerate() {
        let near = |offset: isize| {
            let at = place.checked_add_signed(offset).and_then(|at| words.get(at));
            at.map_or("", |at| lower[*at].as_str())
        };
        if let Some(other) = twin(&lower[*i])
            && is_side(&lower[*i], near)
        {
            out[*i] = cased(other, parts[*i]);
        }
    }
    out.concat()
}

/// Words and what is between them, in order.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = vec![];
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let letter = |c: char| c.is_alphabetic() || c == '\'';
        let end = rest.find(|c| letter(c) != letter(first)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        parts.push(part);
        rest = after;
    }
    parts
}

fn is_word(part: &str) -> bool {
    part.chars().next().is_some_and(char::is_alphabetic)
}

fn twin(word: &str) -> Option<&'static str> {
    let there = PAIRS.iter().find(|(a, _)| *a == word).map(|(_, b)| *b);
    there.or_else(|| PAIRS.iter().find(|(_, b)| *b == word).map(|(a, _)| *a))
}

/// Whether a word is a side here, by its neighbours: `near(-1)` is the word before.
fn is_side<'a>(word: &str, near: impl Fn(isize) -> &'a str) -> bool {
    let (before, after) = (near(-1), near(1));
    match word {
        "right" => {
            let just = JUST.contains(&after) && !(after == "away" && near(2) == "from");
            let in_front = after == "in" && near(2) == "front";
            !(just || in_front || ["all", "just", "exactly"].contains(&before))
        }
        "left" => {
            let leaves = SUBJECTS.contains(&before) && ARTICLES.contains(&after);
            let remains =
                REMAINING.contains(&after) || (LEAVING.contains(&before) && after != "of" && after != "handed");
            !(leaves || remains)
        }
        _ => true,
    }
}

/// `word` with the capital of the word that it replaces.
fn cased(word: &str, like: &str) -> String {
    let mut letters = like.chars();
    let first = letters.next().is_some_and(char::is_uppercase);
    if first && letters.next().is_some_and(char::is_uppercase) {
        return word.to_uppercase();
    }
    let mut chars = word.chars();
    match chars.next() {
        Some(c) if first => c.to_uppercase().chain(chars).collect(),
        _ => word.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_change_places() {
        for (caption, mirrored) in [
            ("a person waves the left hand", "a person waves the right hand"),
            ("Left foot first, then the right-hand side", "Right foot first, then the left-hand side"),
            ("turns clockwise", "turns counterclockwise"),
            ("turns counter-clockwise to the LEFT", "turns clockwise to the RIGHT"),
            ("sways leftwards and rightwards", "sways rightwards and leftwards"),
            ("steps right away from the wall", "steps left away from the wall"),
            ("stands with the arm left of the head", "stands with the arm right of the head"),
            ("a person is left handed", "a person is right handed"),
        ] {
            assert_eq!(mirrored_caption(caption), mirrored);
            let back = mirrored_caption(mirrored);
            assert_eq!(
                back.replace("counterclockwise", "counter-clockwise"),
                caption.replace("counterclockwise", "counter-clockwise")
            );
        }
    }

    #[test]
    fn words_that_are_not_sides_stay() {
        for caption in [
            "a bag is left behind",
            "sits down right away",
            "stops right in front of the door",
            "nothing is left",
            "a person left the room",
            "stands upright, all right",
            "bends the arm at a right angle",
            "picks up the leftover bread",
        ] {
            assert_eq!(mirrored_caption(caption), caption);
        }
    }
}

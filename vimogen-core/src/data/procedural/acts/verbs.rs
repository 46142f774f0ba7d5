//! Forms of English verbs.

/// A form of a verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// walk
    Base,
    /// walks
    Third,
    /// walking
    Ing,
    /// walked
    Past,
}

/// Verbs whose past is irregular.
const IRREGULAR: &[(&str, &str)] = &[
    ("beat", "beat"),
    ("bend", "bent"),
    ("catch", "caught"),
    ("come", "came"),
    ("creep", "crept"),
    ("cut", "cut"),
    ("do", "did"),
    ("draw", "drew"),
    ("drink", "drank"),
    ("drive", "drove"),
    ("fall", "fell"),
    ("feel", "felt"),
    ("fight", "fought"),
    ("get", "got"),
    ("give", "gave"),
    ("go", "went"),
    ("have", "had"),
    ("hit", "hit"),
    ("hold", "held"),
    ("keep", "kept"),
    ("kneel", "knelt"),
    ("lay", "laid"),
    ("lead", "led"),
    ("leap", "leapt"),
    ("leave", "left"),
    ("lie", "lay"),
    ("make", "made"),
    ("put", "put"),
    ("rise", "rose"),
    ("run", "ran"),
    ("say", "said"),
    ("set", "set"),
    ("shake", "shook"),
    ("shoot", "shot"),
    ("sit", "sat"),
    ("slide", "slid"),
    ("speak", "spoke"),
    ("spin", "spun"),
    ("spread", "spread"),
    ("spring", "sprang"),
    ("stand", "stood"),
    ("stick", "stuck"),
    ("strike", "struck"),
    ("sweep", "swept"),
    ("swim", "swam"),
    ("swing", "swung"),
    ("take", "took"),
    ("throw", "threw"),
    ("wake", "woke"),
    ("write", "wrote"),
];

/// Verbs that double their last letter.
const DOUBLING: &[&str] = &[
    "run", "hop", "squat", "sit", "clap", "step", "sidestep", "nod", "spin", "put", "get", "drop", "set", "jog", "hit",
    "skip", "grab", "drag", "tug", "rap", "tap", "mop", "drum", "strum", "shrug", "spar", "cut", "chop", "swim", "bat",
    "slip", "trip", "flip", "backflip", "jab", "pat", "scrub", "hug", "stop", "plan", "sip",
];

/// A verb's form.
pub fn inflect(verb: &str, form: Form) -> String {
    let stem = verb.strip_suffix('e').filter(|stem| !stem.ends_with('e'));
    let consonant_y = verb.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u']));
    let doubled = || format!("{verb}{}", &verb[verb.len() - 1..]);
    match form {
        Form::Base => verb.to_string(),
        Form::Third if verb == "have" => "has".into(),
        Form::Third => match consonant_y {
            Some(stem) => format!("{stem}ies"),
            None if ["s", "x", "o", "sh", "ch", "z"].iter().any(|end| verb.ends_with(end)) => format!("{verb}es"),
            None => format!("{verb}s"),
        },
        Form::Ing => match (verb.strip_suffix("ie"), stem) {
            (Some(stem), _) => format!("{stem}ying"),
            (_, Some(stem)) => format!("{stem}ing"),
            _ if DOUBLING.contains(&verb) => format!("{}ing", doubled()),
            _ => format!("{verb}ing"),
        },
        Form::Past => {
            if let Some((_, past)) = IRREGULAR.iter().find(|(base, _)| *base == verb) {
                return (*past).into();
            }
            match consonant_y {
                Some(stem) => format!("{stem}ied"),
                None if verb.ends_with('e') => format!("{verb}d"),
                None if DOUBLING.contains(&verb) => format!("{}ed", doubled()),
                None => format!("{verb}ed"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_inflect() {
        for (verb, third, ing, past) in [
            ("walk", "walks", "walking", "walked"),
            ("wave", "waves", "waving", "waved"),
            ("skip", "skips", "skipping", "skipped"),
            ("go", "goes", "going", "went"),
            ("punch", "punches", "punching", "punched"),
            ("have", "has", "having", "had"),
            ("carry", "carries", "carrying", "carried"),
            ("play", "plays", "playing", "played"),
            ("lie", "lies", "lying", "lay"),
            ("agree", "agrees", "agreeing", "agreed"),
            ("waltz", "waltzes", "waltzing", "waltzed"),
        ] {
            let forms = [Form::Third, Form::Ing, Form::Past].map(|form| inflect(verb, form));
            assert_eq!(forms, [third, ing, past]);
        }
    }
}

//! Spellings of joint names: side, prefix, separators and case apart from the name itself.

use std::collections::HashMap;

/// Share of the joints that have a prefix or suffix which belongs to the rig, not to the joint.
const SHARED: f64 = 0.7;
/// The same for a prefix of one letter (`b_root`), for which the rig needs some joints.
const LETTER: (f64, usize) = (0.95, 10);
/// Maximum length of such a prefix, characters.
const MAX_PREFIX: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Side {
    Left,
    Right,
}

/// A joint's name taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Label {
    pub side: Option<Side>,
    /// The name without side, prefix, separators and case.
    pub stem: String,
}

/// A name without namespace, separators and case: `"Armature|mixamorig:LeftArm"` is `"leftarm"`.
pub(super) fn plain(name: &str) -> String {
    own(name).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The name without namespace.
fn own(name: &str) -> &str {
    name.rsplit([':', '|']).next().unwrap_or(name)
}

/// Labels of the joints of a rig, with shared prefixes and suffixes.
pub(super) fn labels(names: &[&str]) -> Vec<Label> {
    let plains: Vec<String> = names.iter().map(|name| plain(name)).collect();
    let known: HashMap<&str, ()> = plains.iter().map(|name| (name.as_str(), ())).collect();
    let label = |(name, plain): (&&str, &String)| {
        by_words(own(name)).or_else(|| by_letter(plain, &known)).unwrap_or(Label { side: None, stem: plain.clone() })
    };
    names.iter().zip(&plains).map(label).collect()
}

/// Takes away what most stems start with (`mixamorig`, `Bip01 `) or end with (`_JNT`).
pub(super) fn without_shared_ends(labels: &[Label]) -> Vec<Label> {
    let backwards = |stem: &str| stem.chars().rev().collect::<String>();
    let stems: Vec<String> = labels.iter().map(|label| label.stem.clone()).collect();
    let stems = without_shared_start(&stems);
    let stems = without_shared_start(&stems.iter().map(|stem| backwards(stem)).collect::<Vec<_>>());
    labels.iter().zip(stems).map(|(label, stem)| Label { side: label.side, stem: backwards(&stem) }).collect()
}

fn without_shared_start(stems: &[String]) -> Vec<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for stem in stems {
        for (end, _) in stem.char_indices().take(MAX_PREFIX).skip(1) {
            *counts.entry(&stem[..end]).or_default() += 1;
        }
    }
    let enough = |start: &str, count: usize| {
        let (share, least) = if start.chars().nth(1).is_some() { (SHARED, 3) } else { LETTER };
        count >= least && count as f64 >= share * stems.len() as f64
    };
    let shared = counts.into_iter().filter(|(start, count)| enough(start, *count)).map(|(start, _)| start);
    let shared = shared.max_by_key(|start| start.len()).unwrap_or("").to_string();
    stems.iter().map(|stem| stem.strip_prefix(&shared).unwrap_or(stem).to_string()).collect()
}

/// A label by a word for the side: `Left`, `L`, `left...`, `...Right`, 左.
fn by_words(name: &str) -> Option<Label> {
    let mut words: Vec<String> = words(name);
    // The marks of the middle do not belong to the name.
    words.retain(|word| word != "c" && word != "m");
    let side = |word: &str| match word {
        "l" | "left" => Some(Side::Left),
        "r" | "right" => Some(Side::Right),
        _ => None,
    };
    if let Some(at) = words.iter().position(|word| side(word).is_some()) {
        let side = side(&words.remove(at));
        return Some(Label { side, stem: words.concat() });
    }
    let all = words.concat();
    for (word, side) in [("left", Side::Left), ("right", Side::Right), ("左", Side::Left), ("右", Side::Right)] {
        if let Some(stem) = all.strip_prefix(word).or_else(|| all.strip_suffix(word)) {
            return Some(Label { side: Some(side), stem: stem.to_string() });
        }
    }
    // Only where the mark of the middle was taken away; other names may have the letter of a side.
    (all != plain(name)).then_some(Label { side: None, stem: all })
}

/// A label by the letter of a side at the start or the end, where the joint of the other side exists: `lfemur`.
fn by_letter(plain: &str, known: &HashMap<&str, ()>) -> Option<Label> {
    for (letter, other, side) in [('l', 'r', Side::Left), ('r', 'l', Side::Right)] {
        if let Some(stem) = plain.strip_prefix(letter)
            && known.contains_key(format!("{other}{stem}").as_str())
        {
            return Some(Label { side: Some(side), stem: stem.to_string() });
        }
        if let Some(stem) = plain.strip_suffix(letter)
            && known.contains_key(format!("{stem}{other}").as_str())
        {
            return Some(Label { side: Some(side), stem: stem.to_string() });
        }
    }
    None
}

/// The words of a name, in lower case: they end at separators and before capitals (`lThighBend`, `LHip`).
fn words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (i, c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| chars[i]);
        let lower_after = chars.get(i + 1).is_some_and(|c| c.is_lowercase());
        let starts = c.is_uppercase() && before.is_some_and(|b| b.is_lowercase() || (b.is_uppercase() && lower_after));
        if starts || !c.is_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_found_in_every_spelling() {
        let label = |name: &str| {
            let names = [name, "lfemur", "rfemur", "thighl", "thighr", "LFArm", "RFArm", "lowerback"];
            let label = labels(&names).remove(0);
            (label.side, label.stem)
        };
        let (left, right) = (Some(Side::Left), Some(Side::Right));
        for (name, side, stem) in [
            ("mixamorig:LeftUpLeg", left, "upleg"),
            ("Armature|mixamorig:RightArm", right, "arm"),
            ("leftforearm", left, "forearm"),
            ("thigh.L", left, "thigh"),
            ("thigh_r", right, "thigh"),
            ("lThighBend", left, "thighbend"),
            ("LHip", left, "hip"),
            ("Bip01 L UpperArm", left, "bip01upperarm"),
            ("CC_Base_R_Thigh", right, "ccbasethigh"),
            ("J_Bip_C_Hips", None, "jbiphips"),
            ("J_Bip_L_UpperLeg", left, "jbipupperleg"),
            ("UpperLeg_L", left, "upperleg"),
            ("lfemur", left, "femur"),
            ("thighr", right, "thigh"),
            ("RFArm", right, "farm"),
            ("lowerback", None, "lowerback"),
            ("LowerLeg", None, "lowerleg"),
            ("Left Upper Arm", left, "upperarm"),
            ("hand_left", left, "hand"),
            ("左足", left, "足"),
            ("L5", None, "l5"),
            ("Hips", None, "hips"),
            ("", None, ""),
        ] {
            assert_eq!(label(name), (side, stem.to_string()), "{name}");
        }
    }

    #[test]
    fn what_most_names_share_is_no_part_of_them() {
        let stems = |names: &[&str]| -> Vec<String> {
            without_shared_ends(&labels(names)).into_iter().map(|label| label.stem).collect()
        };
        assert_eq!(
            stems(&["mixamorigHips", "mixamorigLeftArm", "mixamorigLeftHand", "Camera"]),
            ["hips", "arm", "hand", "camera"]
        );
        assert_eq!(stems(&["hips_JNT", "l_arm_JNT", "r_arm_JNT"]), ["hips", "arm", "arm"]);
        assert_eq!(stems(&["Hips", "Head", "Hand"]), ["hips", "head", "hand"]);
    }
}

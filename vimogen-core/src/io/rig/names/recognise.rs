//! Rigs by the set of their joint names.

use super::Map;
use super::spelling::{Label, Side, labels, plain, without_shared_ends};
use super::table::{ROWS, Row};
use super::tree::Tree;
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::joint::{
    HEAD, LEFT_ANKLE, LEFT_COLLAR, LEFT_ELBOW, LEFT_FOOT, LEFT_HIP, LEFT_KNEE, LEFT_SHOULDER, LEFT_WRIST, NECK, PELVIS,
};

const LEG: [usize; 4] = [LEFT_HIP, LEFT_KNEE, LEFT_ANKLE, LEFT_FOOT];
const ARM: [usize; 4] = [LEFT_COLLAR, LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST];

/// A row of the table and the joints that it finds.
pub(super) struct Match {
    pub row: &'static Row,
    pub map: Map,
    /// Number of joints, and of marks.
    score: (usize, usize),
}

/// The row that fits the names best, whether or not all that is needed is there.
pub(super) fn best_row(tree: &Tree<'_>) -> Match {
    let names = tree.names();
    let plains: Vec<String> = names.iter().map(|name| name.chars().filter(|c| c.is_alphanumeric()).collect()).collect();
    let plains: Vec<String> = plains.iter().map(|name: &String| name.to_lowercase()).collect();
    let whole = labels(&names);
    let short = without_shared_ends(&whole);
    let forms = if short == whole { vec![whole] } else { vec![whole, short] };
    let mut best: Option<Match> = None;
    for row in ROWS {
        let marks = row.marks.split('|').filter(|mark| !mark.is_empty());
        let marks = marks.filter(|mark| plains.iter().any(|name| name.contains(mark))).count();
        if !row.marks.is_empty() && marks == 0 {
            continue;
        }
        for labels in &forms {
            let map = find_all(row, labels, tree);
            let score = (map.iter().flatten().count(), marks);
            if best.as_ref().is_none_or(|best| score > best.score) {
                best = Some(Match { row, map, score });
            }
        }
    }
    best.expect("the table has rows without marks")
}

/// The joints of a row's names, as far as they hang together.
fn find_all(row: &Row, labels: &[Label], tree: &Tree<'_>) -> Map {
    let mut map: Map = [None; JOINTS];
    let find = |names: &str, side: Option<Side>, above: Option<usize>| {
        names.split('|').find_map(|name| {
            let is = |label: &Label| label.side == side && label.stem == name;
            let mut found = (0..labels.len()).filter(|j| is(&labels[*j]));
            found.find(|j| above.is_none_or(|above| *j != above && tree.is_below(*j, above)))
        })
    };
    for (joint, names) in [PELVIS, NECK, HEAD].into_iter().zip(row.centre) {
        map[joint] = find(names, None, None);
    }
    for (joints, names) in [(LEG, row.leg), (ARM, row.arm)] {
        for (side, offset) in [(Side::Left, 0), (Side::Right, 1)] {
            let mut above = None;
            for (joint, names) in joints.into_iter().zip(names) {
                let found = find(names, Some(side), above);
                map[joint + offset] = found;
                above = found.or(above);
            }
        }
    }
    map[PELVIS] = map[PELVIS].map(|pelvis| lowest_of_its_name(pelvis, &map, labels, tree));
    map
}

/// The pelvis or, where a joint around it has its name too (`Root` above `root`), the lowest of that name that both legs
/// hang on.
fn lowest_of_its_name(pelvis: usize, map: &Map, labels: &[Label], tree: &Tree<'_>) -> usize {
    let legs = map[LEFT_HIP].zip(map[LEFT_HIP + 1]);
    let Some(meeting) = legs.and_then(|(left, right)| tree.meeting(left, right)) else { return pelvis };
    let same = |joint: &usize| labels[*joint] == labels[pelvis];
    tree.path_up(meeting).take_while(|joint| *joint != pelvis).find(same).unwrap_or(pelvis)
}

/// The joint of this name: exactly, or but for spelling.
pub(super) fn joint_named(names: &[&str], name: &str) -> Option<usize> {
    let exact = names.iter().position(|other| *other == name);
    exact.or_else(|| names.iter().position(|other| plain(other) == plain(name) && !plain(name).is_empty()))
}

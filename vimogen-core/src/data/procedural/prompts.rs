//! Prompts for evaluation: wordings held out of training, and verbs that training never uses.

use std::collections::BTreeSet;

use super::caption::{self, Split};
use super::draw::{ACCOMPANIED, ACCOMPANYING, SEQUENCED, plain};
use super::rng::Rng;
use super::spec::{ActionSpec, Family, Pace, Part, Side};

/// A sentence and its action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The sentence.
    pub text: String,
    /// The action, as for [`check`](super::check).
    pub action: ActionSpec,
}

const SEED: u64 = 0x0076_696d_6f67_656e;

/// 100 prompts in wordings of [`Split::HeldOut`]: two of each family, 13 with paces, counts and both sides, 10 of two
/// movements in order, 5 of two at once. For clips of 5 seconds.
pub fn held_out_prompts() -> Vec<Prompt> {
    let mut rng = Rng::new(SEED, 0);
    let mut seen = BTreeSet::new();
    let singles = Family::ALL.into_iter().flat_map(|family| [single(family, 0), single(family, 1)]);
    let mut actions: Vec<ActionSpec> = singles.chain(ornate()).map(ActionSpec::One).collect();
    while actions.len() < 95 {
        let (a, b) = (SEQUENCED[rng.below(SEQUENCED.len())], SEQUENCED[rng.below(SEQUENCED.len())]);
        if a != b {
            actions.push(ActionSpec::Then(plain(a, &mut rng), plain(b, &mut rng)));
        }
    }
    while actions.len() < 100 {
        let legs = plain(ACCOMPANIED[rng.below(ACCOMPANIED.len())], &mut rng);
        actions.push(ActionSpec::While(legs, plain(ACCOMPANYING[rng.below(ACCOMPANYING.len())], &mut rng)));
    }
    actions.into_iter().map(|action| unlike(action, &mut seen, &mut rng)).collect()
}

/// A held-out wording that has not been used yet.
fn unlike(action: ActionSpec, seen: &mut BTreeSet<String>, rng: &mut Rng) -> Prompt {
    loop {
        let wording = caption::draw(&action, Split::HeldOut, rng);
        let text = caption::render(&action, &wording, rng);
        if seen.insert(text.clone()) {
            return Prompt { text, action };
        }
    }
}

/// The family once, usual pace; its first or second side.
fn single(family: Family, number: usize) -> Part {
    let side = family.sides().get(number).copied();
    let degrees = if family == Family::Turn { 90 } else { 0 };
    Part { family, side, pace: Pace::Normal, count: 1, degrees }
}

fn ornate() -> [Part; 13] {
    use Family::*;
    let paced = |family, side, pace| Part { pace, side, ..single(family, 0) };
    let counted = |family, count| Part { count, ..single(family, 1) };
    let around = |side| Part { degrees: 180, side: Some(side), ..single(Turn, 0) };
    [
        paced(WalkForward, None, Pace::Slow),
        paced(WalkForward, None, Pace::Fast),
        paced(WalkBackward, None, Pace::Slow),
        paced(Sidestep, Some(Side::Left), Pace::Fast),
        paced(Bow, None, Pace::Slow),
        around(Side::Left),
        around(Side::Right),
        single(Wave, 2),
        single(RaiseArms, 2),
        counted(Jump, 3),
        counted(Squat, 2),
        counted(Kick, 2),
        counted(Punch, 3),
    ]
}

/// 50 prompts whose verbs never occur in training.
pub fn unseen_verb_prompts() -> Vec<Prompt> {
    let prompt = |(text, family, side): &(&str, Family, Option<Side>)| Prompt {
        text: (*text).to_string(),
        action: ActionSpec::One(Part { side: *side, ..single(*family, 0) }),
    };
    UNSEEN.iter().map(prompt).collect()
}

const L: Option<Side> = Some(Side::Left);
const R: Option<Side> = Some(Side::Right);
const B: Option<Side> = Some(Side::Both);

const UNSEEN: &[(&str, Family, Option<Side>)] = &[
    ("a person strolls forward", Family::WalkForward, None),
    ("a man ambles ahead", Family::WalkForward, None),
    ("someone strides straight ahead", Family::WalkForward, None),
    ("a woman saunters forward", Family::WalkForward, None),
    ("a person wanders ahead", Family::WalkForward, None),
    ("a person advances on foot", Family::WalkForward, None),
    ("a man paces forward", Family::WalkForward, None),
    ("a person retreats backwards", Family::WalkBackward, None),
    ("someone reverses", Family::WalkBackward, None),
    ("a person sidles to the left", Family::Sidestep, L),
    ("a man shuffles sideways to the right", Family::Sidestep, R),
    ("a person strolls in a circle to the left", Family::WalkCircle, L),
    ("a person sprints forward", Family::Run, None),
    ("a woman dashes ahead", Family::Run, None),
    ("someone races straight ahead", Family::Run, None),
    ("a man trots forward", Family::Run, None),
    ("a person tramps in place", Family::March, None),
    ("a person leaps up", Family::Jump, None),
    ("a man springs into the air", Family::Jump, None),
    ("someone bounds forward with both feet", Family::JumpForward, None),
    ("a person leaps forward", Family::JumpForward, None),
    ("a woman bounces on the left leg", Family::Hop, L),
    ("a person ducks down low", Family::Crouch, None),
    ("someone huddles low to the ground", Family::Crouch, None),
    ("a man seats himself on a chair", Family::SitDown, None),
    ("a person settles onto a chair", Family::SitDown, None),
    ("a person sinks to one knee", Family::Kneel, None),
    ("a man genuflects on one knee", Family::Kneel, None),
    ("a person stoops down to the ground", Family::BendDown, None),
    ("someone grabs something from the ground", Family::BendDown, None),
    ("a person rotates 90 degrees to the left", Family::Turn, L),
    ("a woman pivots to the right", Family::Turn, R),
    ("a person twirls around to the right", Family::Spin, R),
    ("someone whirls around to the left", Family::Spin, L),
    ("a person greets with the right hand", Family::Wave, R),
    ("a man signals hello with the left hand", Family::Wave, L),
    ("a person elevates both arms", Family::RaiseArms, B),
    ("someone hoists the left arm above the head", Family::RaiseArms, L),
    ("a person extends the arms out to the sides", Family::ArmsOut, None),
    ("a man interlocks the arms over the chest", Family::CrossArms, None),
    ("a person applauds", Family::Clap, None),
    ("a person jabs with the right fist", Family::Punch, R),
    ("someone smacks forward with the left fist", Family::Punch, L),
    ("a man hurls a ball with the right hand", Family::Throw, R),
    ("a person tosses something with the left hand", Family::Throw, L),
    ("a person gestures straight ahead with the right arm", Family::Point, R),
    ("a person sips from a cup with the right hand", Family::Drink, R),
    ("a person boots a ball with the left foot", Family::Kick, L),
    ("someone bobs the head up and down", Family::Nod, None),
    ("a person swivels the head from side to side", Family::ShakeHead, None),
];

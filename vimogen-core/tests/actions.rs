//! Procedural clips show their actions, and `action_check` tells actions apart.
#![cfg(feature = "full")]

use ndarray::Array3;
use vimogen_core::data::procedural::{
    ActionSpec, Family, Pace, Part, ProceduralDataset, Side, Split, Variation, clip, held_out_prompts,
    unseen_verb_prompts,
};
use vimogen_core::motion::codec::SmplMotion;

#[path = "../examples/action_check/mod.rs"]
mod action_check;
use action_check::check;

/// Every family with every side and angle, at normal pace, once.
fn every_part() -> Vec<Part> {
    let sides = |family: Family| -> Vec<Option<Side>> {
        if family.sides().is_empty() { vec![None] } else { family.sides().iter().copied().map(Some).collect() }
    };
    let angles = |family: Family| if family == Family::Turn { [90, 180].as_slice() } else { &[0] };
    let part = |family, side, degrees| Part { family, side, pace: Pace::Normal, count: 1, degrees };
    let of = |family: Family| {
        sides(family)
            .into_iter()
            .flat_map(move |side| angles(family).iter().map(move |angle| part(family, side, *angle)))
    };
    Family::ALL.into_iter().flat_map(of).collect()
}

#[test]
fn every_clip_passes_its_own_check() {
    let data = ProceduralDataset::new(5, Split::Train);
    for sample in (0..500).map(|i| data.sample(i)) {
        let verdict = check(&sample.action, sample.motion.joints.view());
        assert!(verdict.is_ok(), "{} ({} frames): {verdict:?}", sample.caption, sample.motion.len());
    }
}

#[test]
fn the_checks_tell_families_and_sides_apart() {
    let parts = every_part();
    let clips: Vec<SmplMotion> = parts.iter().map(|p| clip(&ActionSpec::One(*p), 101, Variation::default())).collect();
    let mut confused = Vec::new();
    for (done, motion) in parts.iter().zip(&clips) {
        for asked in parts.iter().filter(|asked| *asked != done) {
            if check(&ActionSpec::One(*asked), motion.joints.view()).is_ok() {
                confused.push((done, asked));
            }
        }
    }
    assert!(confused.len() * 200 <= parts.len() * parts.len(), "{confused:?}");
    assert!(confused.iter().all(|(a, b)| a.family != b.family), "sides or angles confused: {confused:?}");
}

#[test]
fn the_order_of_a_sequence_matters_to_its_check() {
    let part = |family| Part { family, side: None, pace: Pace::Normal, count: 1, degrees: 0 };
    for (a, b) in [(Family::WalkForward, Family::SitDown), (Family::Jump, Family::Bow), (Family::Clap, Family::Squat)] {
        let motion = clip(&ActionSpec::Then(part(a), part(b)), 101, Variation::default());
        assert_eq!(check(&ActionSpec::Then(part(a), part(b)), motion.joints.view()), Ok(()));
        assert!(check(&ActionSpec::Then(part(b), part(a)), motion.joints.view()).is_err(), "{a:?} then {b:?}");
    }
}

#[test]
fn checks_refuse_what_they_cannot_judge() {
    let stand = ActionSpec::One(every_part()[0]);
    assert!(check(&stand, Array3::zeros((100, 21, 3)).view()).is_err());
    assert!(check(&stand, Array3::zeros((5, 22, 3)).view()).is_err());
    assert!(check(&stand, Array3::from_elem((100, 22, 3), f32::NAN).view()).is_err());
    assert!(check(&stand, Array3::zeros((100, 22, 3)).view()).is_err());
}

#[test]
fn prompts_for_evaluation_can_be_shown() {
    for prompt in held_out_prompts().into_iter().chain(unseen_verb_prompts()) {
        let motion = clip(&prompt.action, 101, Variation::default());
        assert_eq!(check(&prompt.action, motion.joints.view()), Ok(()), "{}", prompt.text);
    }
}

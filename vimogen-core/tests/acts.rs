//! Clips of the second generation of procedural motion pass their own checks, and others do not.
#![cfg(feature = "full")]

use vimogen_core::data::procedural::Split;
use vimogen_core::data::procedural::acts::{Act, Scenes, Script, entry, every_act, held_out_prompts, show};
use vimogen_core::motion::codec::SmplMotion;

#[path = "../examples/action_check/mod.rs"]
#[allow(dead_code, reason = "the first generation has a test of its own")]
mod action_check;
use action_check::acts::check_script;

/// Clips of an act by different people, counted ones among them.
fn clips(act: Act, people: u64) -> Vec<(Script, SmplMotion)> {
    let most = u64::from(entry(act.kind).most);
    let of = |i: u64| {
        let count = (most > 1 && i % 2 == 1).then(|| (1 + i / 2 % most) as u8);
        let script = Script::one(Act { count, ..act });
        let fits = |frames: &usize| show(&script, *frames, 100 * i + act.kind as u64);
        [81, 101, 141, 201].iter().find_map(fits).map(|motion| (script.clone(), motion))
    };
    (0..people).filter_map(of).collect()
}

#[test]
fn ninety_nine_clips_in_a_hundred_pass_their_own_check() {
    let (mut failed, mut total) = (vec![], 0);
    for (script, motion) in every_act().into_iter().flat_map(|act| clips(act, 4)) {
        total += 1;
        failed.extend(check_script(&script, motion.joints.view()).err());
    }
    assert!(failed.len() * 100 <= total, "{} of {total}: {failed:?}", failed.len());
}

#[test]
fn clips_of_the_data_set_pass_their_checks() {
    let data = Scenes::new(11, Split::Train);
    let (mut failed, n) = (vec![], 200);
    for scene in (0..n).map(|i| data.sample(i)) {
        failed.extend(check_script(&scene.script, scene.motion.joints.view()).err().map(|e| (scene.caption, e)));
    }
    assert!(failed.len() as u64 * 50 <= n, "{} of {n}: {failed:?}", failed.len());
}

#[test]
fn clips_of_other_acts_fail() {
    let acts = every_act();
    let (mut passed, mut total) = (vec![], 0);
    for (i, act) in acts.iter().enumerate() {
        for (_, motion) in clips(*act, 1) {
            // A different fifth of the acts for each.
            for asked in acts.iter().skip(i % 5).step_by(5).filter(|asked| asked.kind != act.kind) {
                total += 1;
                if check_script(&Script::one(*asked), motion.joints.view()).is_ok() {
                    passed.push((act.kind, asked.kind));
                }
            }
        }
    }
    assert!(passed.len() * 200 <= total, "{} of {total}: {passed:?}", passed.len());
}

#[test]
fn the_other_side_and_another_count_fail() {
    let (mut passed, mut total) = (vec![], 0);
    for act in every_act() {
        for (script, motion) in clips(act, 2) {
            let other = every_act().into_iter().find(|other| other.kind == act.kind && other.side != act.side);
            let count = script.acts[0].count.map(|count| Act { count: Some(count % 5 + 1), ..act });
            for asked in other.map(|other| Act { count: script.acts[0].count, ..other }).into_iter().chain(count) {
                total += 1;
                if check_script(&Script::one(asked), motion.joints.view()).is_ok() {
                    passed.push(asked);
                }
            }
        }
    }
    assert!(passed.len() * 12 <= total, "{} of {total}: {passed:?}", passed.len());
}

#[test]
fn held_out_prompts_can_be_shown() {
    let mut failed = vec![];
    for (i, prompt) in held_out_prompts().into_iter().enumerate() {
        let motion = show(&prompt.script, prompt.frames + 1, i as u64);
        let motion =
            motion.or_else(|| show(&prompt.script, 201, i as u64)).unwrap_or_else(|| panic!("{}", prompt.text));
        failed.extend(check_script(&prompt.script, motion.joints.view()).err().map(|e| (prompt.text, e)));
    }
    assert!(failed.len() <= 4, "{failed:?}");
}

//! Properties of the second generation as a whole.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use ndarray::Array3;

use super::caption::split_of;
use super::draw::contest;
use super::*;
use crate::body::REST_OFFSETS;
use crate::data::procedural::{Side, Split, words};
use crate::motion::codec::{SmplMotion, encode};
use crate::motion::skeleton::{PARENTS, joint};

fn point(joints: &Array3<f32>, t: usize, j: usize) -> glam::Vec3 {
    glam::Vec3::new(joints[[t, j, 0]], joints[[t, j, 1]], joints[[t, j, 2]])
}

/// A short clip of every kind.
fn shown() -> &'static [(Act, SmplMotion)] {
    static SHOWN: OnceLock<Vec<(Act, SmplMotion)>> = OnceLock::new();
    let of = |act: Act| {
        let fits = |frames: &usize| show(&Script::one(act), *frames, 3);
        let motion = [51, 101, 141, 201].iter().find_map(fits);
        (act, motion.unwrap_or_else(|| panic!("{act:?} fits into no clip")))
    };
    SHOWN.get_or_init(|| every_act().into_iter().filter(|act| act.side != Some(Side::Left)).map(of).collect())
}

#[test]
fn every_act_fits_into_a_clip_whose_bones_keep_their_length() {
    for (act, motion) in shown() {
        let joints = &motion.joints;
        for t in (0..motion.len()).step_by(7) {
            for (child, parent) in PARENTS.iter().enumerate().filter_map(|(c, p)| p.map(|p| (c, p))) {
                let length = point(joints, t, child).distance(point(joints, t, parent));
                assert!((length - REST_OFFSETS[child].length()).abs() < 1e-3, "{act:?} frame {t} joint {child}");
            }
        }
        assert_eq!(encode(motion).expect("valid clip").ncols(), 276, "{act:?}");
    }
}

#[test]
fn no_body_sinks_into_the_floor_or_jumps_from_frame_to_frame() {
    for (act, motion) in shown() {
        let joints = &motion.joints;
        for t in 0..motion.len() {
            let lowest = (0..22).map(|j| joints[[t, j, 2]]).fold(f32::MAX, f32::min);
            assert!(lowest > -0.03, "{act:?} sinks to {lowest} in frame {t}");
            if t > 0 {
                let fastest =
                    (0..22).map(|j| point(joints, t, j).distance(point(joints, t - 1, j))).fold(0.0, f32::max);
                assert!(fastest < 0.75, "{act:?} jumps {fastest} m in frame {t}");
            }
        }
    }
}

#[test]
fn clips_begin_at_the_origin_facing_plus_y() {
    for (act, motion) in shown() {
        let across = point(&motion.joints, 0, joint::RIGHT_HIP) - point(&motion.joints, 0, joint::LEFT_HIP);
        assert!(across.x > 0.1 && across.y.abs() < 1e-3, "{act:?}");
        assert!(point(&motion.joints, 0, 0).truncate().length() < 1e-4, "{act:?}");
    }
}

#[test]
fn a_scene_depends_on_seed_and_number_alone() {
    let (a, b) = (Scenes::new(1, Split::Train), Scenes::new(1, Split::Train));
    let _ = b.sample(3);
    for i in [0, 7, 1 << 40] {
        let (x, y) = (a.sample(i), b.sample(i));
        assert_eq!(a.caption(i, x.motion.len() - 1), (x.caption.clone(), x.script.clone()));
        assert_eq!((&x.caption, &x.script, &x.motion), (&y.caption, &y.script, &y.motion));
        assert!((41..=201).contains(&x.motion.len()));
    }
    assert_ne!(a.sample(0).caption, Scenes::new(2, Split::Train).sample(0).caption);
}

#[test]
fn a_kind_that_is_added_wins_some_clips_and_changes_no_other() {
    let mut changed = 0;
    for index in 0..2000 {
        let all = contest(5, index, 0, |_, _| true);
        let before = contest(5, index, 0, |kind, _| kind != Kind::Golf);
        assert!(all == before || all == Kind::Golf);
        changed += usize::from(all != before);
    }
    assert!((5..60).contains(&changed), "{changed}");
}

#[test]
fn captions_speak_the_vocabulary_and_never_a_held_out_wording() {
    let known = vocabulary();
    let held: BTreeSet<String> = held_out_prompts().into_iter().map(|p| p.text).collect();
    assert_eq!(held.len(), 200);
    let data = Scenes::new(9, Split::Train);
    for caption in (0..400).map(|i| data.caption(i, 60 + i as usize % 140).0) {
        let unknown: Vec<String> = words(&caption).filter(|w| !known.contains(w)).collect();
        assert!(unknown.is_empty(), "{caption:?}: {unknown:?}");
        assert!(!held.contains(&caption) && words(&caption).count() <= 32, "{caption:?}");
    }
}

#[test]
fn both_splits_have_wordings_of_every_act() {
    let mut rng = crate::data::procedural::rng::Rng::new(1, 1);
    for act in every_act() {
        let script = Script::one(act);
        for split in [Split::Train, Split::HeldOut] {
            let wording = caption::draw(&script, split, &mut rng);
            assert_eq!(split_of(&script, &wording), split, "{act:?}");
        }
    }
}

#[test]
fn scripts_travel_as_json() {
    let data = Scenes::new(4, Split::Train);
    for script in (0..50).map(|i| data.caption(i, 160).1) {
        let text = serde_json::to_string(&script).expect("plain data");
        assert_eq!(serde_json::from_str::<Script>(&text).expect("own output"), script, "{text}");
    }
}

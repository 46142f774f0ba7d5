//! Properties of the data set as a whole: what the motion is like, and that words, motion and checks agree.

use std::collections::BTreeSet;

use ndarray::{Array3, s};
use sha2::{Digest, Sha256};

use super::caption::every_part;
use super::rig::TOE_HEIGHT;
use super::*;
use crate::body::{REST_OFFSETS, SMPLX_ROOT};
use crate::motion::codec::encode;
use crate::motion::skeleton::{PARENTS, joint};

fn point(joints: &Array3<f32>, t: usize, j: usize) -> glam::Vec3 {
    glam::Vec3::new(joints[[t, j, 0]], joints[[t, j, 1]], joints[[t, j, 2]])
}

fn samples(n: u64) -> impl Iterator<Item = ProceduralSample> {
    let data = ProceduralDataset::new(5, Split::Train);
    (0..n).map(move |i| data.sample(i))
}

/// Mean size of the second differences, of positions and of positions relative to the pelvis (docs/method.md section 5).
fn jitter(joints: &Array3<f32>) -> f32 {
    let n = joints.shape()[0];
    let mean = |at: &dyn Fn(usize, usize) -> glam::Vec3| {
        let one = |t: usize, j: usize| (at(t + 1, j) - 2.0 * at(t, j) + at(t - 1, j)).length();
        (1..n - 1).flat_map(|t| (0..22).map(move |j| (t, j))).map(|(t, j)| one(t, j)).sum::<f32>()
            / (22 * (n - 2)) as f32
    };
    mean(&|t, j| point(joints, t, j)) + mean(&|t, j| point(joints, t, j) - point(joints, t, 0))
}

/// Horizontal speed of feet in contact (docs/method.md section 5).
fn sliding(joints: &Array3<f32>) -> f32 {
    let n = joints.shape()[0];
    let of = |j: usize| {
        let (mut sum, mut count) = (0.0, 0.0);
        for t in 0..n {
            let u = t.min(n - 2);
            let step = point(joints, u + 1, j) - point(joints, u, j);
            if step.length() < 0.01 || joints[[t, j, 2]] < 0.02 {
                (sum, count) = (sum + step.truncate().length(), count + 1.0);
            }
        }
        sum / (count + 1e-6)
    };
    0.5 * (of(joint::LEFT_FOOT) + of(joint::RIGHT_FOOT))
}

#[test]
fn a_sample_depends_on_seed_and_index_alone() {
    let (a, b) = (ProceduralDataset::new(1, Split::Train), ProceduralDataset::new(1, Split::Train));
    let _ = b.sample(3);
    for i in [0, 7, 1 << 40] {
        let (x, y) = (a.sample(i), b.sample(i));
        assert_eq!((&x.caption, &x.action, &x.motion), (&y.caption, &y.action, &y.motion));
    }
    assert_ne!(a.sample(0).caption, ProceduralDataset::new(2, Split::Train).sample(0).caption);
}

#[test]
fn captions_are_those_that_the_built_in_model_was_trained_on() {
    let data = ProceduralDataset::new(7, Split::Train);
    let mut hash = Sha256::new();
    (0..2000).for_each(|i| hash.update(format!("{}\n", data.caption(i).0)));
    let digest: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, "022f3c9fae182a776adab26dbdff07197254f09efb1603253757ff5746afec20");
}

/// [`fingerprint`] of the first clips of the built-in model's training.
const FINGERPRINTS: [f64; 16] = [
    4.54056, 0.59927, 3.87531, -0.51144, -4.29307, -2.17178, 1.99909, -5.30441, -8.13275, 0.77284, -4.47969, -6.70994,
    1.64719, -1.32087, 2.83161, -10.00327,
];

/// Sums of a clip's numbers with weights of both signs; the last bit of a sine differs between systems and levels of
/// optimisation.
fn fingerprint(motion: &SmplMotion) -> f64 {
    let all = motion.joints.iter().chain(&motion.body_pose).chain(&motion.transl);
    let weight = |i: usize| (i.wrapping_mul(2_654_435_761) % 1000) as f64 / 1000.0 - 0.5;
    all.enumerate().map(|(i, x)| weight(i) * f64::from(*x)).sum()
}

#[test]
fn clips_are_those_that_the_built_in_model_was_trained_on() {
    let data = ProceduralDataset::new(7, Split::Train);
    for (i, wanted) in FINGERPRINTS.into_iter().enumerate() {
        let found = fingerprint(&data.sample(i as u64).motion);
        assert!((found - wanted).abs() < 2e-3, "clip {i}: {found}, not {wanted}");
    }
}

#[test]
fn clips_have_the_length_asked_for_and_encode() {
    let data = ProceduralDataset::new(1, Split::Train);
    for (i, frames) in [(0, 60), (1, 77), (2, 120)] {
        let sample = data.sample_with_frames(i, frames);
        assert_eq!(encode(&sample.motion).expect("valid clip").shape(), [frames, 276]);
    }
    assert!(samples(300).all(|s| (61..=121).contains(&s.motion.len())));
}

#[test]
fn clips_begin_at_the_origin_facing_plus_y_standing() {
    for sample in samples(200) {
        let joints = &sample.motion.joints;
        let across = point(joints, 0, joint::RIGHT_HIP) - point(joints, 0, joint::LEFT_HIP);
        assert!(across.x > 0.1 && across.y.abs() < 1e-5, "{}", sample.caption);
        assert!(point(joints, 0, 0).truncate().length() < 1e-5, "{}", sample.caption);
        let transl = glam::Vec3::from_slice(&sample.motion.transl.row(0).to_vec());
        assert!((transl + SMPLX_ROOT).distance(point(joints, 0, 0)) < 1e-5);
    }
}

#[test]
fn bones_keep_their_length_and_joints_bend_the_right_way() {
    for sample in samples(100) {
        for t in 0..sample.motion.len() {
            for (child, parent) in PARENTS.iter().enumerate().filter_map(|(c, p)| p.map(|p| (c, p))) {
                let length = point(&sample.motion.joints, t, child).distance(point(&sample.motion.joints, t, parent));
                assert!((length - REST_OFFSETS[child].length()).abs() < 1e-4, "{} joint {child}", sample.caption);
            }
            let pose = sample.motion.body_pose.row(t);
            let angle = |j: usize, axis: usize| pose[3 * (j - 1) + axis];
            assert!(angle(joint::LEFT_KNEE, 0) > -1e-3 && angle(joint::RIGHT_KNEE, 0) > -1e-3, "{}", sample.caption);
            assert!(angle(joint::LEFT_ELBOW, 1) < 1e-3 && angle(joint::RIGHT_ELBOW, 1) > -1e-3, "{}", sample.caption);
        }
    }
}

#[test]
fn feet_stay_above_the_floor_and_stand_still_on_it() {
    for sample in samples(500) {
        let joints = &sample.motion.joints;
        let lowest = joints.slice(s![.., .., 2]).iter().copied().fold(f32::MAX, f32::min);
        assert!(lowest > -0.005, "{} sinks to {lowest}", sample.caption);
        for foot in [joint::LEFT_FOOT, joint::RIGHT_FOOT] {
            for t in 1..sample.motion.len() {
                let (a, b) = (point(joints, t - 1, foot), point(joints, t, foot));
                let grounded = a.z.max(b.z) < TOE_HEIGHT + 1e-4;
                assert!(!grounded || a.distance(b) < 1e-3, "{} slides in frame {t}: {a} {b}", sample.caption);
            }
        }
    }
}

#[test]
fn motion_is_smooth_and_feet_do_not_slide() {
    let (mut shaking, mut gliding, n) = (0.0, 0.0, 500);
    for sample in samples(n) {
        let (j, g) = (jitter(&sample.motion.joints), sliding(&sample.motion.joints));
        assert!(j < 0.050 && g < 0.003, "{}: jitter {j}, sliding {g}", sample.caption);
        (shaking, gliding) = (shaking + j / n as f32, gliding + g / n as f32);
    }
    assert!(shaking < 0.010 && gliding < 0.001, "mean jitter {shaking}, mean sliding {gliding}");
}

#[test]
fn training_speaks_its_vocabulary_and_never_a_held_out_sentence() {
    let known = vocabulary();
    let held: BTreeSet<String> = held_out_prompts().into_iter().map(|p| p.text).collect();
    let data = ProceduralDataset::new(9, Split::Train);
    let mut spoken = BTreeSet::new();
    for i in 0..20_000 {
        let caption = data.caption(i).0;
        spoken.extend(words(&caption));
        assert!(!held.contains(&caption), "{caption:?} is held out");
    }
    assert!(spoken.is_subset(&known), "{:?}", spoken.difference(&known).collect::<Vec<_>>());
    assert!(known.is_subset(&spoken), "never said: {:?}", known.difference(&spoken).collect::<Vec<_>>());
}

#[test]
fn held_out_prompts_recombine_known_words_over_all_families() {
    let prompts = held_out_prompts();
    let known = vocabulary();
    assert_eq!(prompts.iter().map(|p| &p.text).collect::<BTreeSet<_>>().len(), 100);
    for prompt in &prompts {
        assert!(words(&prompt.text).all(|w| known.contains(&w)), "{}", prompt.text);
    }
    let families: BTreeSet<Family> = prompts.iter().flat_map(|p| p.action.parts()).map(|p| p.family).collect();
    assert_eq!(families.len(), Family::ALL.len());
    assert_eq!(prompts.iter().filter(|p| !matches!(p.action, ActionSpec::One(_))).count(), 15);
}

#[test]
fn every_unseen_verb_prompt_has_a_word_that_training_lacks() {
    let (prompts, known) = (unseen_verb_prompts(), vocabulary());
    assert_eq!(prompts.iter().map(|p| &p.text).collect::<BTreeSet<_>>().len(), 50);
    for prompt in &prompts {
        assert!(words(&prompt.text).any(|w| !known.contains(&w)), "{}", prompt.text);
    }
}

#[test]
fn clips_too_short_for_their_action_are_still_finite() {
    for part in every_part() {
        let other = Part { family: Family::Jump, side: None, count: 200, ..part };
        for frames in [0, 1, 2, 3, 20] {
            for action in [ActionSpec::One(part), ActionSpec::Then(part, other), ActionSpec::While(other, part)] {
                let motion = clip(&action, frames, Variation::default());
                assert!(motion.len() == frames && motion.joints.iter().all(|x| x.is_finite()), "{action:?} {frames}");
            }
        }
    }
}

#[test]
fn actions_travel_as_json() {
    for sample in samples(50) {
        let text = serde_json::to_string(&sample.action).expect("plain data");
        assert_eq!(serde_json::from_str::<ActionSpec>(&text).expect("own output"), sample.action, "{text}");
    }
}

#[test]
fn the_built_in_model_lists_the_prompts_of_its_training() {
    let dir = crate::Pipeline::builtin_dir().unwrap();
    assert!(*dir.prompts().unwrap() == known_prompts(), "`make nano` writes assets/nano/prompts.json");
}

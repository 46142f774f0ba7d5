//! Golden `collate`: zero padding and masks, exactly.

use ndarray::{Array1, ArrayD, Axis, Ix1};
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use vimogen_core::data::Corruption;
use vimogen_core::data::batch::{Sample, collate, pad_stack};
use vimogen_core::model::Condition;
use vimogen_core::model::arrays::lengths_to_mask;

use crate::common::{Golden, assert_all_cases, assert_close};
use crate::dit::{lengths as lengths_of, two};

const BATCHES: [&str; 3] = ["mixed", "single", "with_none"];

fn golden() -> Golden {
    Golden::open("collate")
}

fn item_name(i: usize, field: &str) -> String {
    format!("item{i}.{field}")
}

/// Numbers of the items that a case has.
fn present(golden: &Golden, case: &str) -> Vec<usize> {
    (0..3).filter(|i| golden.has(&format!("{case}.input.item{i}.motion"))).collect()
}

/// The items of a case; each follows the text or the reference that its batch says.
fn items(golden: &Golden, case: &str) -> Vec<Sample> {
    let attend = golden.output(case, "attend_to_text_mask");
    let one = |(i, attend): (usize, &f32)| {
        let two = |field: &str| two(golden.input(case, &item_name(i, field)));
        let dims = golden.input(case, &item_name(i, "motion_dim_mask")).into_dimensionality::<Ix1>().expect("one axis");
        Sample {
            motion: two("motion"),
            text: two("prompt_emb"),
            reference: (*attend != 1.0).then(|| two("ref_motion")),
            channel_weights: dims,
        }
    };
    present(golden, case).into_iter().zip(&attend).map(one).collect()
}

#[test]
fn batches_match() {
    let golden = golden();
    let still = Corruption { enable: false, ..Corruption::default() };
    for case in BATCHES {
        let mut rng = ChaCha12Rng::seed_from_u64(0);
        let batch = collate(items(&golden, case), &still, &mut rng).expect("collate");
        golden.assert_within(case, "motion", batch.motion.view().into_dyn(), 0.0);
        golden.assert_within(case, "motion_dim_mask", batch.channel_weights.view().into_dyn(), 0.0);
        let lengths: Array1<f32> = batch.clips.frame_lengths().iter().map(|n| *n as f32).collect();
        golden.assert_within(case, "motion_length", lengths.view().into_dyn(), 0.0);
        let (texts, references) = (golden.output(case, "prompt_emb"), golden.output(case, "ref_motion"));
        let reference_lengths = lengths_of(&golden.output(case, "ref_motion_mask"));
        for (i, condition) in batch.clips.conditions().iter().enumerate() {
            match condition {
                Condition::Text(text) => assert_eq!(text.view().into_dyn(), texts.index_axis(Axis(0), i)),
                Condition::Reference { channels, length } => {
                    assert_eq!(channels.view().into_dyn(), references.index_axis(Axis(0), i));
                    assert_eq!(*length, reference_lengths[i]);
                }
            }
        }
    }
}

#[test]
fn arrays_and_masks_match() {
    let golden = golden();
    for case in BATCHES {
        let fields = ["motion_mean", "motion_std", "prompt_emb_null", "ref_motion_original"];
        let masked = [("motion", "motion_mask"), ("ref_motion", "ref_motion_mask"), ("prompt_emb", "prompt_emb_mask")];
        for (field, mask) in fields.map(|field| (field, "")).into_iter().chain(masked) {
            let arrays: Vec<ArrayD<f32>> =
                present(&golden, case).iter().map(|i| golden.input(case, &item_name(*i, field))).collect();
            let got = pad_stack(arrays.iter().map(|a| a.view())).expect("stack");
            golden.assert_within(case, field, got.view(), 0.0);
            if !mask.is_empty() {
                let lengths: Vec<usize> = arrays.iter().map(|a| a.shape()[0]).collect();
                golden.assert_within(case, mask, lengths_to_mask(&lengths, got.shape()[1]).view().into_dyn(), 0.0);
            }
        }
    }
}

#[test]
fn masks_and_two_ragged_axes_match() {
    let golden = golden();
    let lengths: Vec<usize> = golden.input("lengths_to_mask", "lengths").iter().map(|l| *l as usize).collect();
    let longest = lengths.iter().copied().max().unwrap();
    golden.assert_within("lengths_to_mask", "mask", lengths_to_mask(&lengths, longest).view().into_dyn(), 0.0);
    let case = "collate_two_ragged_axes";
    let (a, b) = (golden.input(case, "a0"), golden.input(case, "a1"));
    let got = pad_stack([a.view(), b.view()]).expect("stack");
    assert_close(case, got.view(), golden.output(case, "y").view(), 0.0);
}

#[test]
fn every_case_is_consumed() {
    assert_all_cases(&golden(), BATCHES.into_iter().chain(["lengths_to_mask", "collate_two_ragged_axes"]));
}

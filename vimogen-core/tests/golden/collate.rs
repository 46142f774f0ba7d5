//! Golden `collate`: zero padding and masks, exactly.

use ndarray::{Array1, ArrayD, Ix1, Ix2};
use vimogen_core::data::batch::{Sample, collate, lengths_to_mask, pad_stack};

use crate::common::{Golden, assert_all_cases, assert_close};

const BATCHES: [&str; 3] = ["mixed", "single", "with_none"];

fn golden() -> Golden {
    Golden::open("collate")
}

fn item_name(i: usize, field: &str) -> String {
    format!("item{i}.{field}")
}

/// The items of a case, `None` where the case has none.
fn items(golden: &Golden, case: &str) -> Vec<Option<Sample>> {
    let lengths = golden.case(case)["config"]["lengths (motion, ref, prompt)"].as_array().expect("lengths");
    // The masks of the items are an input that only their batch shows.
    let attend: Vec<f32> = golden.output(case, "attend_to_text_mask").iter().copied().collect();
    let mut attend = attend.into_iter();
    let one = |i: usize, attend: f32| {
        let two =
            |field: &str| golden.input(case, &item_name(i, field)).into_dimensionality::<Ix2>().expect("two axes");
        let dims = golden.input(case, &item_name(i, "motion_dim_mask")).into_dimensionality::<Ix1>().expect("one axis");
        Sample {
            motion: two("motion"),
            ref_motion: two("ref_motion"),
            prompt_embeds: two("prompt_emb"),
            motion_dim_mask: dims,
            attend_to_text: attend == 1.0,
        }
    };
    let present = lengths.iter().enumerate().map(|(i, l)| (!l.is_null()).then_some(i));
    present.map(|i| i.map(|i| one(i, attend.next().expect("an item")))).collect()
}

#[test]
fn batches_match() {
    let golden = golden();
    for case in BATCHES {
        let batch = collate(&items(&golden, case)).expect("collate");
        golden.assert_within(case, "motion", batch.motion.view().into_dyn(), 0.0);
        golden.assert_within(case, "motion_mask", batch.motion_mask.view().into_dyn(), 0.0);
        golden.assert_within(case, "prompt_emb", batch.prompt_embeds.view().into_dyn(), 0.0);
        golden.assert_within(case, "ref_motion", batch.ref_motion.view().into_dyn(), 0.0);
        golden.assert_within(case, "ref_motion_mask", batch.ref_motion_mask.view().into_dyn(), 0.0);
        golden.assert_within(case, "motion_dim_mask", batch.motion_dim_mask.view().into_dyn(), 0.0);
        let attend: Array1<f32> = batch.attend_to_text.iter().map(|a| f32::from(u8::from(*a))).collect();
        golden.assert_within(case, "attend_to_text_mask", attend.view().into_dyn(), 0.0);
        let lengths: Array1<f32> = batch.motion_mask.rows().into_iter().map(|row| row.sum()).collect();
        golden.assert_within(case, "motion_length", lengths.view().into_dyn(), 0.0);
    }
}

#[test]
fn arrays_that_training_does_not_need_are_padded_alike() {
    let golden = golden();
    for case in BATCHES {
        let present: Vec<usize> = (0..3).filter(|i| golden.has(&format!("{case}.input.item{i}.motion"))).collect();
        for field in ["motion_mean", "motion_std", "prompt_emb_null", "ref_motion_original", "prompt_emb"] {
            let arrays: Vec<ArrayD<f32>> = present.iter().map(|i| golden.input(case, &item_name(*i, field))).collect();
            let got = pad_stack(arrays.iter().map(|a| a.view())).expect("stack");
            golden.assert_within(case, field, got.view(), 0.0);
            if field == "prompt_emb" {
                let lengths: Vec<usize> = arrays.iter().map(|a| a.shape()[0]).collect();
                golden.assert_within(case, "prompt_emb_mask", lengths_to_mask(&lengths).view().into_dyn(), 0.0);
            }
        }
    }
}

#[test]
fn masks_and_two_ragged_axes_match() {
    let golden = golden();
    let lengths: Vec<usize> = golden.input("lengths_to_mask", "lengths").iter().map(|l| *l as usize).collect();
    golden.assert_within("lengths_to_mask", "mask", lengths_to_mask(&lengths).view().into_dyn(), 0.0);
    let case = "collate_two_ragged_axes";
    let (a, b) = (golden.input(case, "a0"), golden.input(case, "a1"));
    let got = pad_stack([a.view(), b.view()]).expect("stack");
    assert_close(case, got.view(), golden.output(case, "y").view(), 0.0);
}

#[test]
fn every_case_is_consumed() {
    assert_all_cases(&golden(), BATCHES.into_iter().chain(["lengths_to_mask", "collate_two_ragged_axes"]));
}

//! Golden `signal`: smoothing, resampling, normalisation, statistics.

use ndarray::{Array1, Array2, Ix1, Ix2, s};
use vimogen_core::motion::Stats;
use vimogen_core::motion::clip::reference_channels;
use vimogen_core::motion::layout::{BODY_ROT6D, FPS};
use vimogen_core::motion::resample::{REFERENCE_FPS, resample};
use vimogen_core::motion::smooth::{gaussian_kernel, smooth};
use vimogen_core::motion::stats::StatsBuilder;

use crate::common::{Golden, assert_all_cases, assert_close};

const SMOOTH_CASES: [&str; 8] = [
    "smooth_T40_k5",
    "smooth_T5_k5",
    "smooth_T4_k5",
    "smooth_T3_k5",
    "smooth_T1_k5",
    "smooth_T30_k3",
    "smooth_T30_k9",
    "smooth_T12_k1",
];
const ITEM_CASES: [&str; 6] =
    ["mbench_item_T80", "mbench_item_T17", "mbench_item_T16", "mbench_item_T5", "mbench_item_T2", "mbench_item_T1"];

fn golden() -> Golden {
    Golden::open("signal")
}

fn published_stats(golden: &Golden) -> Stats {
    let row = |name: &str| golden.tensor(name).into_dimensionality::<Ix1>().expect("one axis");
    Stats::new(row("stats.mean"), row("stats.std")).expect("stats")
}

fn two(array: ndarray::ArrayD<f32>) -> Array2<f32> {
    array.into_dimensionality::<Ix2>().expect("two axes")
}

/// The first `frames` frames of the real clip at 16 fps, brought to 20 fps and normalised.
fn normalised_reference(golden: &Golden, frames: usize) -> Array2<f32> {
    let clip = two(Golden::open("motion_rep").input("clip", "motion"));
    let resampled = resample(clip.slice(s![..frames, ..]), REFERENCE_FPS, FPS).expect("resample");
    published_stats(golden).normalize(resampled.view()).expect("normalize")
}

#[test]
fn smoothing_matches() {
    let golden = golden();
    for case in SMOOTH_CASES {
        let config = &golden.case(case)["config"];
        let size = config["kernel_size"].as_u64().expect("kernel_size") as usize;
        let sigma = config["sigma"].as_f64().expect("sigma") as f32;
        let kernel = Array1::from(gaussian_kernel(size, sigma).expect("kernel"));
        golden.assert_within(case, "kernel", kernel.view().into_dyn(), 1e-7);
        let got = smooth(two(golden.input(case, "x")).view(), size, sigma).expect("smooth");
        golden.assert_output(case, "y", got.view().into_dyn());
    }
}

#[test]
fn reference_items_match() {
    let golden = golden();
    for case in ITEM_CASES {
        let frames = |key: &str| golden.case(case)["config"][key].as_u64().expect("frames") as usize;
        let got = normalised_reference(&golden, frames("frames_in"));
        assert_eq!(got.nrows(), frames("frames_out"), "{case}");
        golden.assert_output(case, "motion_norm", got.view().into_dyn());
        let reference = format!("{case}.output.ref_motion");
        if golden.has(&reference) {
            let kept = reference_channels(got.view()).expect("reference");
            let atol = golden.atol(case, "motion_norm");
            assert_close(&reference, kept.view().into_dyn(), golden.tensor(&reference).view(), atol);
        }
    }
}

#[test]
fn items_without_reference_or_without_root_match() {
    let golden = golden();
    let none = published_stats(&golden).normalize(Array2::zeros((100, 276)).view()).expect("normalize");
    // -mean / std of the same f32 values: only the division rounds.
    golden.assert_within("mbench_item_text", "motion_norm_first2", none.slice(s![..2, ..]).into_dyn(), 1e-6);
    let local = normalised_reference(&golden, 17);
    let atol = golden.atol("mbench_item_T17", "motion_norm");
    golden.assert_within("mbench_item_local_only", "ref_motion", local.slice(s![.., BODY_ROT6D]).into_dyn(), atol);
}

#[test]
fn denormalising_matches() {
    let golden = golden();
    let x = two(golden.input("denormalise", "x"));
    let got = published_stats(&golden).denormalize(x.view()).expect("denormalize");
    golden.assert_within("denormalise", "y", got.view().into_dyn(), 1e-6);
}

#[test]
fn data_set_statistics_match() {
    let golden = golden();
    let mut builder = StatsBuilder::new(10);
    for clip in ["m0", "m1", "m2", "m3"] {
        builder.add(two(golden.input("dataset_stats", clip)).view()).expect("add");
    }
    let stats = builder.finish().expect("finish");
    golden.assert_output("dataset_stats", "mean", stats.mean().view().into_dyn());
    golden.assert_output("dataset_stats", "std", stats.std().view().into_dyn());
}

#[test]
fn every_case_is_consumed() {
    let others = ["mbench_item_text", "mbench_item_local_only", "denormalise", "dataset_stats"];
    assert_all_cases(&golden(), SMOOTH_CASES.into_iter().chain(ITEM_CASES).chain(others));
}
